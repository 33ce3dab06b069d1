/**
 * Times that come back from calls: what is left of a sleep, and readings of clocks. The log's own are adopted if they can be.
 */

import type { Call } from '../call.js';
import type { Mismatch, PlanContext } from '../plan.js';

/** Lines tell microseconds, sleeps are rounded up to ticks. */
const SLACK_NS = 5e6;
const SECOND_NS = 1e9;
/** Timers of a task may fire so much later, and what is left is counted to then. prctl(2), PR_SET_TIMERSLACK */
const TIMER_SLACK_NS = 50_000;

/** How long the call can have lasted at most. */
function longestNs({ entryNs, exitNs }: Call): number {
  if (entryNs === null || exitNs === null) return Infinity;
  // strace -t tells whole seconds
  return exitNs - entryNs + (entryNs % SECOND_NS === 0 && exitNs % SECOND_NS === 0 ? SECOND_NS : 0);
}

/** What is left of a time: not more than was given and the slack of timers, not less than the call can have used up. @param givenNs null: no limit was given */
export function leftMismatch({ session }: PlanContext, call: Call, givenNs: number | null, leftNs: number | null): Mismatch | null {
  if (leftNs === null) return null;
  session.adopt('time left');
  if (givenNs === null) return null;
  const least = Math.max(0, givenNs - longestNs(call) - SLACK_NS);
  if (leftNs >= least && leftNs <= givenNs + TIMER_SLACK_NS) return null;
  return { what: 'time left, outside what is possible', linux: `${leftNs} ns`, model: `${least} to ${givenNs} ns` };
}

/** Clocks that only go forward: CLOCK_MONOTONIC and those made of it. */
const FORWARD: ReadonlySet<number> = new Set([1, 4, 6, 7]);

/** A reading of a clock: not before one that was taken before the call began. */
export function readingMismatch({ session }: PlanContext, call: Call, clock: number, ns: number | null): Mismatch | null {
  if (ns === null) return null;
  session.adopt('clock reading');
  if (!FORWARD.has(clock)) return null;
  const last = session.readings.get(clock);
  if (last !== undefined && call.entryLine > last.line && ns < last.ns) {
    return { what: 'a clock that runs backwards', linux: `${ns} ns`, model: `at least ${last.ns} ns` };
  }
  if (last === undefined || ns > last.ns) session.readings.set(clock, { line: call.exitLine, ns });
  return null;
}
