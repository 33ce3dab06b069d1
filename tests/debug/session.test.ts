/**
 * A debug session: every step of a run at hand, forward and backward, to breakpoints and to changes, in branches.
 */

import { EPOLL_CTL_ADD, EPOLLIN, type Scenario, scenarioNamed, startScenario } from 'epollsim';
import { type Grain, recordingSource, scenarioSource, Session } from '../../src/debug/index.js';

const open = (name: string, options: Record<string, string> = {}, machine = {}): Session => new Session(scenarioSource(scenarioNamed(name)!, options, machine));

const race: Scenario = {
  name: 'race',
  title: 'Two writers and one reader.',
  about: 'Who writes first is a decision.',
  programs: () => ({
    *reader(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN });
      for (const letter of ['a', 'b']) yield* sys.fork(function* writer(sys) { yield* sys.write(w, letter); });
      yield* sys.epoll_wait(ep, 8, -1);
      yield* sys.msleep(1);
      yield* sys.read(r, 2);
    },
  }),
};

describe('positions', () => {
  test('a step is a row of the trace, and its state is that of the machine when the row was written', () => {
    const s = open('read-once');
    const { machine } = startScenario(scenarioNamed('read-once')!, {}, { trace: true });
    machine.run();
    expect(s.count).toBe(machine.kernel.trace!.count);
    s.goto(100);
    const state = s.state();
    expect(state.view.traceStep).toBe(101);
    expect(state.entry.step).toBe(100);
    expect(state.sentence).toBe(s.sentence(100));
    expect(() => s.goto(s.count)).toThrow(`there is no step ${s.count}; this run has the steps 0 to ${s.count - 1}`);
  });

  test('the state tells task, functions, call and the line of the program', () => {
    const s = open('read-once');
    const { step } = s.continue({ kind: 'function', name: 'ep_poll_callback' });
    const { frames, call, place, task, view } = s.state(step);
    expect(frames.map(({ fn }) => fn)).toEqual(view.tasks.find(({ name }) => name === task)!.stack);
    expect(call!.name).toBe('write');
    expect(place!.file).toMatch(/readOnce\.(ts|js)$/);
    expect(place!.line).toBeGreaterThan(10);
    const other = s.state(s.continue({ kind: 'call', name: 'epoll_wait' }).step);
    expect(other.place!.line).not.toBe(place!.line);
  });

  test('the log up to a step is the log of a run that stops there', () => {
    const s = open('echo');
    const { machine } = startScenario(scenarioNamed('echo')!);
    machine.run();
    expect(s.lines(s.count - 1).map(({ text }) => text)).toEqual(machine.log.lines.map(({ text }) => text));
    const half = s.lines(Math.floor(s.count / 2));
    expect(half.length).toBeGreaterThan(3);
    expect(half.length).toBeLessThan(machine.log.lines.length);
    const step = s.stepOfLine(half.at(-1)!.number)!;
    expect(s.lines(step)).toHaveLength(half.length);
    expect(s.lines(step - 1).length).toBeLessThan(half.length);
  });
});

describe('moves', () => {
  test.each(['event', 'function', 'call', 'task'] as const)('%s by %s forward to the end, and backward to the start', (grain: Grain) => {
    for (const name of ['during-scan', 'echo']) {
      const s = open(name);
      const seen: number[] = [0];
      while (s.step < s.count - 1) {
        const before = s.step;
        expect(s.forward(grain, 'into')).toBeGreaterThan(before);
        seen.push(s.step);
      }
      while (s.step > 0) {
        const before = s.step;
        expect(s.back(grain, 'into')).toBeLessThan(before);
      }
      if (grain === 'event') expect(seen).toHaveLength(s.count);
    }
  });

  test('over a function, into it, out of it, and back', () => {
    const s = open('read-once');
    const { step: write } = s.continue({ kind: 'function', name: 'pipe_write' });
    s.forward('function', 'over');
    expect(s.state().entry).toMatchObject({ kind: 'leave', name: 'pipe_write' });
    expect(s.back('function', 'over')).toBe(write);
    s.forward('function', 'into');
    expect(s.state().entry).toMatchObject({ kind: 'enter', name: '__wake_up_sync_key' });
    s.forward('function', 'out');
    expect(s.state().entry).toMatchObject({ kind: 'leave', name: '__wake_up_sync_key' });
    s.back('function', 'out');
    expect(s.step).toBe(write);
  });

  test('over a system call that sleeps: to its return, whatever others do meanwhile, and back to its entry', () => {
    const s = open('read-once');
    const waits = s.run.found.calls.filter(({ name, from, to, task }) => name === 'epoll_wait' && to !== null && s.run.found.calls.some((other) => other.task !== task && other.from > from && other.from < to));
    expect(waits.length).toBeGreaterThan(0);
    s.goto(waits[0]!.from);
    const there = s.state();
    expect(s.forward('call', 'over')).toBe(waits[0]!.to);
    expect(s.back('call', 'over')).toBe(waits[0]!.from);
    expect(s.state()).toEqual(there);
    s.forward('call', 'into');
    expect(s.state().call!.from).toBe(waits[0]!.from);
    expect(s.forward('call', 'out')).toBe(waits[0]!.to);
  });

  test('a task switch leads to another task', () => {
    const s = open('read-once');
    const before = s.state().task;
    s.forward('task');
    expect(s.state().entry.kind).toBe('switch');
    expect(s.state().task).not.toBe(before);
  });
});

describe('breakpoints', () => {
  test('functions, calls, errors, tasks, points, steps and conditions stop a run forward and backward at the same steps', () => {
    const s = open('during-scan', {}, { preempt: 'all' });
    const task = s.state(s.count - 40).pid;
    const all = [
      { kind: 'function', name: 'ep_item_poll' }, { kind: 'call', name: 'write' }, { kind: 'call', name: 'write', returns: true }, { kind: 'task', pid: task },
      { kind: 'point', fn: 'ep_send_events_proc', where: 'copy_to_user' }, { kind: 'point', fn: 'ep_send_events_proc' }, { kind: 'step', step: 77 }, { kind: 'when', holds: (step: number) => step % 50 === 3 },
      { kind: 'change', path: 'runqueue' },
    ] as const;
    for (const breakpoint of all) {
      const forward: number[] = [];
      s.goto(0);
      for (let stop = s.continue(breakpoint); stop.reached.length > 0; stop = s.continue(breakpoint)) forward.push(stop.step);
      const backward: number[] = [];
      s.goto(s.count - 1);
      for (let stop = s.reverse(breakpoint); stop.reached.length > 0; stop = s.reverse(breakpoint)) backward.unshift(stop.step);
      expect(forward.length).toBeGreaterThan(0);
      expect(backward.filter((step) => step > 0)).toEqual(forward.filter((step) => step < s.count - 1));
    }
    expect(s.continue().step).toBe(s.count - 1);
  });

  test('an errno stops where the call returns', () => {
    const s = open('dup-close');
    const stop = s.continue({ kind: 'errno', name: 'EBADF' });
    expect(s.state(stop.step).sentence).toBe('epoll_ctl fails with EBADF in main(1)');
    expect(s.continue({ kind: 'errno', name: 'ENOMEM' }).reached).toEqual([]);
  });

  test('several breakpoints: the nearest one stops, and tells its number', () => {
    const s = open('during-scan');
    const far = s.stopAt({ kind: 'function', name: 'ep_done_scan' });
    const near = s.stopAt({ kind: 'function', name: 'ep_insert' });
    expect(s.continue().reached).toEqual([near]);
    expect(s.remove(near)).toBe(true);
    expect(s.continue().reached).toEqual([far]);
    expect([...s.stops.keys()]).toEqual([far]);
    expect(() => s.stopAt({ kind: 'change', path: 'ep#' })).toThrow('expected OBJECT#ID.FIELD');
  });

  test('who changed it last, and who before: the ready list, an error, a buffer', () => {
    const s = open('during-scan', {}, {});
    const ep = s.viewAt(200).eventpolls[0]!.id;
    s.goto(s.count - 1);
    const changes: string[] = [];
    while (s.lastChange(`ep#${ep}.ovflist`) !== null) changes.unshift(s.sentence());
    expect(changes.filter((text) => text.startsWith('ep_poll_callback chained')).length).toBe(2);
    expect(s.nextChange(`ep#${ep}.rdllist`)).not.toBeNull();
    const r = open('reset');
    r.goto(r.count - 1);
    const sock = r.viewAt(r.continue({ kind: 'function', name: 'tcp_reset' }).step);
    expect(sock).toBeDefined();
    r.goto(0);
    const reset = r.continue({ kind: 'function', name: 'tcp_reset' }).step;
    const id = r.run.trace.arg(reset, 0);
    const step = r.nextChange(`sock#${id}.sk_err`)!;
    expect(r.state(step).changed.map(({ path, after }) => [path, after])).toContainEqual([`sockets/${id}/error`, 'ECONNRESET']);
  });
});

describe('branches', () => {
  test('a decision is made otherwise in a branch of its own, and the first future is still there', () => {
    const s = new Session(scenarioSource(race, {}, { preempt: 'all' }));
    const before = s.lines(s.count - 1).map(({ text }) => text);
    const at = s.decisions().findIndex(({ what }) => what.kind === 'task' && what.n > 2);
    const { step, what } = s.decisions()[at]!;
    const branch = s.fork(at, (what.taken + 1) % what.n);
    expect(s.branch).toBe(branch);
    expect(branch.parent!.id).toBe(0);
    expect(s.step).toBe(step);
    for (let row = 0; row < step; row++) expect(branch.run.trace.row(row)).toEqual(s.branches[0]!.run.trace.row(row));
    const difference = s.compare(0, 1);
    expect(difference.parts).toBeGreaterThanOrEqual(step);
    expect(difference.parts).toBeLessThan(s.count);
    s.switchTo(0);
    expect(s.lines(s.count - 1).map(({ text }) => text)).toEqual(before);
  });

  test('a branch of a branch, bookmarks in both, and the difference of two steps', () => {
    const s = new Session(scenarioSource(race, {}, { preempt: 'all' }));
    s.goto(50);
    s.bookmark('before');
    const open = s.decisions().findIndex(({ what }) => what.n > 1);
    s.fork(open, 1);
    const next = s.decisions().findIndex(({ what }, at) => at > open && what.n > 1);
    const third = s.fork(next, 1);
    expect(third.parent!.id).toBe(1);
    s.goto(s.count - 1);
    s.bookmark('end');
    expect(s.recall('before')).toBe(50);
    expect(s.branch.id).toBe(0);
    expect(s.recall('end')).toBe(third.count - 1);
    expect(s.difference(10, 50).length).toBeGreaterThan(0);
    expect(s.difference(50, 50)).toEqual([]);
    expect(() => s.fork(99_999, 0)).toThrow('there is no decision 99999');
    expect(() => s.fork(open, 77)).toThrow('has the alternatives 0 to');
  });

  test('a recording is a source: the same steps as the run that printed it', () => {
    const seeded = open('herd', {}, { seed: 5 });
    const { recording } = seeded.run;
    const again = new Session(recordingSource(recording!, scenarioNamed('herd')!));
    expect(again.count).toBe(seeded.count);
    for (const step of [0, 100, again.count - 1]) expect(again.state(step).view).toEqual(seeded.state(step).view);
  });
});

test('a program that throws leaves a session with all steps before it', () => {
  const broken: Scenario = { ...race, name: 'broken', programs: () => ({
    *main(sys) {
      yield* sys.pipe();
      throw new Error('oh');
    },
  }) };
  const s = new Session(scenarioSource(broken));
  expect(s.run.error!.message).toContain('oh');
  expect(s.count).toBeGreaterThan(3);
  expect(s.state(s.count - 1).view.pipes).toHaveLength(1);
});

test('a run that is longer than the session holds ends there, and says so', () => {
  const endless: Scenario = { ...race, name: 'endless', programs: () => ({
    *main(sys) {
      for (;;) yield* sys.sched_yield();
    },
  }) };
  const s = new Session(scenarioSource(endless), { maxSteps: 500 });
  expect(s.count).toBe(500);
  expect(s.run.end.halt).toContain('as much as this session holds');
  expect(s.state(499).task).toBe('main(1)');
});
