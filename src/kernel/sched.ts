/**
 * The scheduler: one CPU, a run queue in order of waking, and a machine that goes one move at a time. A task
 * runs until it sleeps; at points, in the modes that stop there, a decision says who goes on. When nobody can
 * run, the clock jumps to the next timer. Linux counterpart: kernel/sched/core.c.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON, KernelBug } from './bug.js';
import { clock_advance_to, hrtimer, hrtimer_cancel, hrtimer_start, NSEC_PER_MSEC } from './clock.js';
import { AT_SCHEDULE, point, type Point, type Sleeps } from './point.js';
import { TASK_DEAD, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_WAKEKILL, type task_struct } from './task.js';
import { T_SWITCH, T_WAKE } from './trace.js';
import { EINTR } from './errno.js';

/** The task lets others go first: its time slice is over, or sched_yield(). kernel/sched/core.c:schedule */
export const AT_RESCHED: Point = point('schedule', 'time slice over');

/** System calls a task may make without sleeping before others run, and the tick of time that passes meanwhile. */
export const SLICE_SYSCALLS = 1000;
export const TICK_NS = 4 * NSEC_PER_MSEC;

/** True when a signal that is not blocked may be pending. include/linux/sched/signal.h:signal_pending */
export function signal_pending(task: task_struct): boolean {
  return task.sigpending_flag;
}

/** A signal that ends the task is pending. include/linux/sched/signal.h:fatal_signal_pending */
export function fatal_signal_pending(task: task_struct): boolean {
  return task.sigpending_flag && (task.pending.signal_lo & (1 << 8)) !== 0;
}

/** Makes a task runnable if it sleeps in a state of `mask`; 1 if so. kernel/sched/core.c:try_to_wake_up */
export function try_to_wake_up(k: Kernel, task: task_struct, mask: number): number {
  if (k.footprint !== null) k.footprint.wakes(task, (task.__state & mask) !== 0);
  if ((task.__state & mask) === 0) return 0;
  task.__state = TASK_RUNNING;
  k.stats.wakeups++;
  if (!task.on_rq) enqueue_task(k, task);
  if (k.trace !== null) k.trace.emit(T_WAKE, task.pid);
  return 1;
}

/** A new task becomes runnable. kernel/sched/core.c:wake_up_new_task */
export function wake_up_new_task(k: Kernel, task: task_struct): void {
  if (k.footprint !== null) k.footprint.wakes(task, true);
  task.__state = TASK_RUNNING;
  enqueue_task(k, task);
}

function enqueue_task(k: Kernel, task: task_struct): void {
  task.on_rq = true;
  task.kernel = k;
  k.runqueue.push(task);
}

/**
 * Sleeps until woken or until an absolute instant; the caller has set the task's state.
 * kernel/time/sleep_timeout.c:schedule_hrtimeout_range
 * @returns 0 when the timer fired, -EINTR when something else woke the task
 */
export function* schedule_hrtimeout(k: Kernel, expiresNs: number, name = 'timeout'): Sleeps<number> {
  const task = k.current;
  if (expiresNs === Infinity) {
    yield AT_SCHEDULE;
    return -EINTR;
  }
  let fired = false;
  const timer = new hrtimer(name, task, () => {
    fired = true;
    try_to_wake_up(k, task, TASK_INTERRUPTIBLE | 2);
  });
  hrtimer_start(k, timer, expiresNs);
  yield AT_SCHEDULE;
  hrtimer_cancel(k, timer);
  task.__state = TASK_RUNNING;
  return fired ? 0 : -EINTR;
}

/** Lets other runnable tasks go first; sleeps only in the sense of waiting for the CPU. kernel/sched/syscalls.c:yield */
export function* sched_yield(k: Kernel): Sleeps<number> {
  k.current.slice = 0;
  yield AT_RESCHED;
  return 0;
}

/** The machine can't go on: how it stands. */
export type Halt = 'finished' | 'asleep';

/** Gives the CPU to `task`, which may be one of another host: then this one is idle. kernel/sched/core.c:context_switch */
function context_switch(k: Kernel, task: task_struct): void {
  if (k.current === task) return;
  BUG_ON(k.spinlocks_held > 0, 'scheduling while atomic');
  const before = k.current.pid;
  const to = task.kernel ?? k;
  if (to !== k) {
    k.current = k.idle;
    k.world.active = to;
  }
  to.current = task;
  k.stats.switches++;
  if (k.trace === null) return;
  k.trace.switch_to(task);
  k.trace.emit(T_SWITCH, task.pid, before);
}

/** Takes the next task from the run queue, or idles to the next timer. kernel/sched/core.c:pick_next_task */
function pick_next_task(k: Kernel): boolean {
  const rq = k.runqueue;
  while (rq.length === 0) {
    context_switch(k, k.idle);
    if (k.footprint !== null) k.footprint.idle();
    const next = k.clock.heap[0];
    if (next === undefined) return false;
    clock_advance_to(k, Math.max(next.expiresNs, k.clock.nowNs));
  }
  const at = rq.length > 1 && k.preempt ? k.decisions.choose('task', rq.length) : 0;
  const [task] = rq.splice(at, 1);
  context_switch(k, task!);
  return true;
}

/** A task that still can run stood at a point when the machine stopped: who goes on now? */
function preempt(k: Kernel, task: task_struct, at: Point): void {
  const rq = k.runqueue;
  if (rq.length === 0) return;
  let next = 0;
  if (at === AT_RESCHED) next = 1 + (k.preempt && rq.length > 1 ? k.decisions.choose('task', rq.length) : 0);
  else if (k.preempt) next = k.decisions.choose('task', rq.length + 1);
  if (next === 0) return;
  const [other] = rq.splice(next - 1, 1);
  rq.push(task);
  context_switch(k, other!);
}

/** True when mode `listed` does not stop at this point. */
function passes(k: Kernel, at: Point): boolean {
  return k.mode === 'listed' && at !== AT_SCHEDULE && at !== AT_RESCHED && !k.listed.has(`${at.fn}:${at.where}`) && !k.listed.has(at.fn);
}

/** True when a sleeping state is cut short by a pending signal. kernel/sched/core.c:signal_pending_state */
function signal_pending_state(task: task_struct): boolean {
  if (!task.sigpending_flag) return false;
  if ((task.__state & TASK_INTERRUPTIBLE) !== 0) return true;
  return (task.__state & TASK_WAKEKILL) !== 0 && fatal_signal_pending(task);
}

/**
 * One move of the machine: the current task, or the next one, runs to its next point. kernel/sched/core.c:__schedule
 * @param host any host of the machine
 * @returns the point where the task stands now, or why the machine cannot move
 */
export function machine_step(host: Kernel): Point | Halt {
  const { world } = host;
  let k = world.active!;
  const stood = k.stopped_at;
  if (stood !== null) {
    k.stopped_at = null;
    preempt(k, k.current, stood);
    k = world.active!;
  }
  if (k.current === k.idle) {
    if (!pick_next_task(k)) return world.hosts.every((each) => each.tasks.size === 0) ? 'finished' : 'asleep';
    k = world.active!;
  }
  const task = k.current;
  if (k.footprint !== null) k.footprint.moves(task);
  let at: Point;
  do {
    k.stats.resumes++;
    if (++k.steps > k.stepBudget) throw new StepBudgetExceeded(k.stepBudget);
    const result = task.body!.next();
    BUG_ON(result.done === true, 'a task ended without do_exit');
    at = result.value as Point;
    if (k.spinlocks_held > 0) throw new KernelBug(`scheduling while atomic, at ${at.fn}: ${at.where}`);
  } while (passes(k, at) && k.stats.resumes !== world.stop_at_resume);
  if (k.footprint !== null) k.footprint.ended(task, task.__state !== TASK_RUNNING && at === AT_SCHEDULE, at === AT_RESCHED);
  if (task.__state !== TASK_RUNNING && at === AT_SCHEDULE) {
    if (signal_pending_state(task)) {
      task.__state = TASK_RUNNING;
    } else {
      task.on_rq = false;
      task.slice = 0;
      if (task.__state === TASK_DEAD) task.body = null;
      k.current = k.idle;
      if (k.trace !== null) k.trace.switch_to(k.idle);
      return at;
    }
  }
  k.stopped_at = at;
  return at;
}

/**
 * Says who has the CPU at the next move: a task that can run, or nobody (null), so that timers run on the idle task.
 * ours: a log gives the schedule; in Linux pick_next_task() decides alone
 * @returns false when the task cannot run
 */
export function run_next(k: Kernel, task: task_struct | null): boolean {
  const { current, runqueue } = k;
  if (task !== current) {
    const at = task === null ? -1 : runqueue.indexOf(task);
    if (task !== null && at < 0) return false;
    if (at >= 0) runqueue.splice(at, 1);
    if (current !== k.idle) runqueue.push(current);
    context_switch(k, task ?? k.idle);
  }
  k.stopped_at = null;
  return true;
}

/** A run took more steps than it may: a program that never ends, or never sleeps. */
export class StepBudgetExceeded extends Error {
  override readonly name = 'StepBudgetExceeded';

  readonly budget: number;

  constructor(budget: number) {
    super(`the run is stopped after ${budget} steps: a program neither ends nor sleeps`);
    this.budget = budget;
  }
}
