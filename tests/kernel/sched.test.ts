/** One CPU: who runs next, where a task can lose it, and when time passes. */

import { Recorded, Recorder, Seeded } from '../../src/kernel/decisions.js';
import { Kernel, type KernelOptions, type PreemptMode } from '../../src/kernel/kernel.js';
import { AT_SCHEDULE, point, type Sleeps } from '../../src/kernel/point.js';
import { machine_step, sched_yield, schedule_hrtimeout, SLICE_SYSCALLS, StepBudgetExceeded, TICK_NS, try_to_wake_up } from '../../src/kernel/sched.js';
import { TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE, type task_struct } from '../../src/kernel/task.js';
import { machine, run, sys, task } from '../kit.js';

const AT_HERE = point('somewhere', 'here');
const AT_THERE = point('somewhere', 'there');

/** Two tasks that pass two points each; the order in which they did. */
function twoTasks(options: KernelOptions, listed: readonly string[] = []): string {
  const k = new Kernel(options);
  for (const name of listed) k.listed.add(name);
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    task(k, name, function* (): Sleeps<void> {
      log.push(`${name}1`);
      if (k.preempt) yield AT_HERE;
      log.push(`${name}2`);
      if (k.preempt) yield AT_THERE;
      log.push(`${name}3`);
    });
  }
  run(k);
  return log.join(' ');
}

/** Chooses the last alternative each time there is one. */
const last = { choose: (_kind: string, n: number): number => n - 1 };

test('in mode never a task runs until it sleeps', () => {
  expect(twoTasks({ preempt: 'never', decisions: last })).toBe('a1 a2 a3 b1 b2 b3');
});

test('in mode all every point is a choice, and the first alternative is to go on', () => {
  expect(twoTasks({ preempt: 'all' })).toBe('a1 a2 a3 b1 b2 b3');
  const orders = new Set<string>();
  for (let seed = 0; seed < 600; seed++) orders.add(twoTasks({ preempt: 'all', decisions: new Seeded(seed) }));
  // all the ways in which two sequences of three can be merged
  expect(orders.size).toBe(20);
});

test('in mode listed only the points that are named stop a task, by function and place or by function', () => {
  const orders = (listed: string[]): Set<string> => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 600; seed++) seen.add(twoTasks({ preempt: 'listed', decisions: new Seeded(seed) }, listed));
    return seen;
  };
  expect(orders(['elsewhere'])).toEqual(new Set(['a1 a2 a3 b1 b2 b3', 'b1 b2 b3 a1 a2 a3']));
  for (const order of orders(['somewhere:here'])) expect(order).toMatch(/(a2 a3.*b2 b3|b2 b3.*a2 a3)/);
  expect(orders(['somewhere']).size).toBe(20);
});

test('a run with recorded choices is the same run', () => {
  for (let seed = 0; seed < 20; seed++) {
    const recorder = new Recorder(new Seeded(seed));
    const order = twoTasks({ preempt: 'all', decisions: recorder });
    expect(twoTasks({ preempt: 'all', decisions: new Recorded(recorder.choices) })).toBe(order);
  }
});

function* nap(k: Kernel, ns: number): Sleeps<void> {
  k.current.__state = TASK_INTERRUPTIBLE;
  yield* schedule_hrtimeout(k, k.clock.nowNs + ns);
}

test('tasks run in the order in which they were woken', () => {
  const k = machine();
  const log: string[] = [];
  for (const [name, ns] of [['a', 30], ['b', 10], ['c', 20]] as const) {
    task(k, name, function* (): Sleeps<void> {
      yield* nap(k, ns);
      log.push(`${name} at ${k.clock.nowNs}`);
    });
  }
  expect(run(k)).toBe('finished');
  expect(log).toEqual(['b at 10', 'c at 20', 'a at 30']);
});

test('time passes only while nobody can run', () => {
  const k = machine();
  const at: number[] = [];
  task(k, 'sleeper', function* (): Sleeps<void> {
    yield* nap(k, 10);
    at.push(k.clock.nowNs);
  });
  task(k, 'worker', function* (): Sleeps<void> {
    for (let i = 0; i < 500; i++) yield* sys(k, 'epoll_wait', -1, null, 1, 0);
    at.push(k.clock.nowNs);
  });
  run(k);
  expect(at).toEqual([0, 10]);
});

test('a task that never sleeps gives way after its slice, and a tick of time passes', () => {
  const k = machine();
  const log: string[] = [];
  task(k, 'spinner', function* (): Sleeps<void> {
    for (let i = 0; i < 2 * SLICE_SYSCALLS; i++) yield* sys(k, 'epoll_wait', -1, null, 1, 0);
    log.push(`spinner at ${k.clock.nowNs}`);
  });
  task(k, 'other', function* (): Sleeps<void> {
    log.push(`other at ${k.clock.nowNs}`);
    if (k.preempt) yield AT_HERE;
  });
  run(k);
  expect(log).toEqual([`other at ${TICK_NS}`, `spinner at ${TICK_NS}`]);
});

test('sched_yield lets those go first who can run', () => {
  const k = machine();
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    task(k, name, function* (): Sleeps<void> {
      for (let i = 0; i < 2; i++) {
        log.push(name);
        yield* sched_yield(k);
      }
    });
  }
  run(k);
  expect(log.join('')).toBe('abab');
});

test('a wake-up only reaches a task that sleeps in a state that was meant, and only once', () => {
  const k = machine();
  const results: number[] = [];
  let sleeper: task_struct | null = null;
  task(k, 'sleeper', function* (): Sleeps<void> {
    sleeper = k.current;
    k.current.__state = TASK_UNINTERRUPTIBLE;
    yield AT_SCHEDULE;
  });
  task(k, 'waker', function* (): Sleeps<void> {
    for (const mask of [TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_NORMAL]) results.push(try_to_wake_up(k, sleeper!, mask));
    if (k.preempt) yield AT_HERE;
  });
  expect(run(k)).toBe('finished');
  expect(results).toEqual([0, 1, 0]);
});

test('schedule_hrtimeout says whether the timer or somebody else woke the task', () => {
  const k = machine();
  const results: number[] = [];
  let sleeper: task_struct | null = null;
  task(k, 'sleeper', function* (): Sleeps<void> {
    sleeper = k.current;
    for (const ns of [100, 1000]) {
      k.current.__state = TASK_INTERRUPTIBLE;
      results.push(yield* schedule_hrtimeout(k, k.clock.nowNs + ns), k.clock.nowNs);
    }
  });
  task(k, 'waker', function* (): Sleeps<void> {
    yield* nap(k, 500);
    try_to_wake_up(k, sleeper!, TASK_NORMAL);
  });
  run(k);
  expect(results).toEqual([0, 100, -4, 500]);
  expect(k.clock.heap).toEqual([]);
});

test('a machine whose tasks all sleep for ever is asleep, one without tasks is finished', () => {
  const k = machine();
  expect(machine_step(k)).toBe('finished');
  task(k, 'main', function* (): Sleeps<void> {
    k.current.__state = TASK_INTERRUPTIBLE;
    yield AT_SCHEDULE;
  });
  expect(run(k)).toBe('asleep');
  expect(machine_step(k)).toBe('asleep');
});

test('a program that never ends is stopped when the step budget is used up', () => {
  const modes: PreemptMode[] = ['never', 'all'];
  for (const preempt of modes) {
    const k = new Kernel({ preempt, stepBudget: 5000 });
    task(k, 'spinner', function* (): Sleeps<void> {
      for (;;) yield* sys(k, 'epoll_wait', -1, null, 1, 0);
    });
    expect(() => run(k)).toThrow(StepBudgetExceeded);
    expect(k.steps).toBeLessThanOrEqual(5001);
  }
});
