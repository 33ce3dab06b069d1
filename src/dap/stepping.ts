/**
 * What an editor calls a step, as a move of the session. In its program a task moves from system call to system call, in the kernel from function to
 * function; by instruction it is one row of the trace. A breakpoint on the way stops a move.
 */

import type { Grain, Session, Stop, Way } from '../debug/index.js';

/** How the session moved, and the breakpoints that stopped it on the way. */
export interface Moved {
  readonly stop: Stop | null;
}

/** How far a step goes for a task that stands at this step. */
export function grainAt(session: Session, granularity: string | undefined): Grain {
  if (granularity === 'instruction') return 'event';
  const { call, frames, step, pid } = session.state();
  if (call !== null) return step === call.from || step === call.to ? 'call' : 'function';
  if (pid > 0) return 'call';
  return frames.length > 0 ? 'function' : 'task';
}

/** Puts the position where another task stands, so that a move is that task's. */
function turnTo(session: Session, pid: number): void {
  const standing = session.standing(pid);
  if (standing !== null) session.goto(standing.step);
}

/** Moves a task forward, to the first breakpoint at most. */
export function stepForward(session: Session, pid: number, way: Way, granularity?: string): Moved {
  const before = session.step;
  turnTo(session, pid);
  const target = Math.max(before, session.forward(grainAt(session, granularity), way));
  session.goto(before);
  const stop = session.continue();
  if (stop.reached.length > 0 && stop.step < target) return { stop };
  session.goto(target);
  return { stop: null };
}

/** Moves a task backward, to the first breakpoint at most; a task that is not at work goes to the last thing it did. */
export function stepBackward(session: Session, pid: number, way: Way, granularity?: string): Moved {
  const before = session.step;
  const standing = session.standing(pid);
  let target = 0;
  if (standing !== null && standing.step < before) target = standing.step;
  else target = session.back(grainAt(session, granularity), way);
  session.goto(before);
  const stop = session.reverse();
  if (stop.reached.length > 0 && stop.step > target) return { stop };
  session.goto(target);
  return { stop: null };
}
