/**
 * The clock of a replay. Lines have times, and timers fire up to them; a log without times goes on to the next timer when
 * a call must end that only time can end. Linux is late with timers and never early, so a sleep that the log ends otherwise is
 * not ended by its own timer.
 */

import { clock_advance_to, hrtimer_start, type hrtimer, JIFFY_NS } from '../kernel/clock.js';
import { fatal_signal_pending, run_next } from '../kernel/sched.js';
import { sock_common } from '../socket/sock.js';
import { isTimeout } from './decodePoll.js';
import type { Call } from './call.js';
import { Plan } from './plan.js';
import type { Session } from './session.js';
import type { Thread } from './thread.js';

/** How much later than the line a timer may be in the model: calls round their times up in different ways. */
const TOLERANCE_NS = 10e6;
/** Times of strace -t are whole seconds: the line may be so much later than it says. */
const SECOND_NS = 1e9;

/**
 * How late a timer of the network may be. The CPU that does not keep the time sees each tick when the next one comes (measured with delayed
 * ACKs on two CPUs), and a softirq that programs of high priority push aside waits for the next call that lets softirqs run.
 */
const LATEST_NS = 2 * JIFFY_NS;
/** What a timer did may show so much later. */
const NEAR_NS = 50 * JIFFY_NS;

/** True when the log says that the call did not end by its own time. */
export function endsOtherwise(call: Call): boolean {
  const { result, name } = call;
  if (result === null || result.kind === 'none') return false;
  if (name.endsWith('nanosleep') || name === 'restart_syscall') return result.value !== 0;
  if (result.kind === 'value') return result.value !== 0 && !isTimeout(result);
  return result.errno !== 'EAGAIN' && result.errno !== 'ETIMEDOUT' && result.errno !== 'EINPROGRESS';
}

/** Moves the clock to the time of a line. @param lineNs null: the log has no times */
export function advanceTo(session: Session, line: number, lineNs: number | null): void {
  const { k } = session;
  if (lineNs === null) return;
  const timeNs = session.clockOf(lineNs);
  if (timeNs <= k.clock.nowNs) return;
  const first = k.clock.heap[0];
  if (first !== undefined && first.expiresNs <= timeNs) {
    run_next(k, null);
    timersOfNetwork(session, line, timeNs);
    for (const thread of session.threads.values()) {
      if (thread.where === 'call' && thread.call !== null && endsOtherwise(thread.call)) postpone(session, thread, timeNs);
    }
  }
  clock_advance_to(k, timeNs);
}

/** Timers of the network fire, or are put off until after this line. */
function timersOfNetwork(session: Session, line: number, timeNs: number): void {
  const due = session.k.clock.heap.filter(({ owner, expiresNs }) => owner instanceof sock_common && expiresNs <= timeNs);
  for (const timer of due) {
    if (session.late !== 0 && timer.expiresNs > timeNs - LATEST_NS) hrtimer_start(session.k, timer, timeNs + 1);
    else session.fired = { line, dueNs: timer.expiresNs };
  }
}

/** Where the ticks fall can matter: a timer of the network has fired shortly before, or is due within a tick or two. */
export function isNearTick({ k, fired }: Session): boolean {
  if (fired.line !== 0 && fired.dueNs > k.clock.nowNs - NEAR_NS) return true;
  return k.clock.heap.some(({ owner, expiresNs }) => owner instanceof sock_common && expiresNs < k.clock.nowNs + LATEST_NS);
}

/** The line from which timers of the network can have been put off until a call; 0: none fired shortly before. */
export function lateFrom(session: Session, { entryLine, entryNs, exitNs }: Call): number {
  const { fired } = session;
  if (entryNs === null || exitNs === null || fired.line === 0) return 0;
  if (fired.dueNs < session.clockOf(entryNs) - LATEST_NS || fired.dueNs > session.clockOf(exitNs)) return 0;
  return Math.min(fired.line, entryLine);
}

/** The timer of a thread's sleep fires after `timeNs`. */
function postpone({ k }: Session, { task }: Thread, timeNs: number): void {
  const late = k.clock.heap.filter((timer: hrtimer) => timer.owner === task && timer.expiresNs <= timeNs);
  for (const timer of late) hrtimer_start(k, timer, timeNs + 1);
}

/** Threads that were killed close what they have, although the log shows their end later. True when there were any. */
function endKilled({ threads }: Session): boolean {
  let any = false;
  for (const thread of threads.values()) {
    const { where, task } = thread;
    if (where === 'exiting' || where === 'dead' || !fatal_signal_pending(task)) continue;
    any = true;
    if (where === 'user') thread.go('signals');
    else thread.resume();
    if (thread.where === 'left') thread.resume();
  }
  return any;
}

/** The call of a thread must end now: its task goes on, if need be after the timers that can wake it. */
export function forward(session: Session, thread: Thread, timeNs: number | null): void {
  const { k } = session;
  const limit = timeNs === null ? Infinity : session.clockOf(timeNs) + (timeNs % 1e9 === 0 ? SECOND_NS : TOLERANCE_NS);
  for (;;) {
    thread.resume();
    if (thread.where === 'call' && endKilled(session)) thread.resume();
    if (thread.where !== 'call' || !(thread.plan instanceof Plan)) return;
    const next = k.clock.heap[0];
    if (next === undefined || next.expiresNs > limit) return;
    run_next(k, null);
    clock_advance_to(k, next.expiresNs);
  }
}
