/**
 * A counterexample, made as small as it gets: fewest departures from "first come, first served" first (preemptions, softirqs put off, faults),
 * then fewest choices that are not the first one, then fewest moves. The same law must be broken by the small one as by the one found.
 */

import type { Violation } from './law.js';
import { type Run, runOnce, type Target } from './run.js';
import { nothingSeen, search, treeSource } from './search.js';
import { Tree } from './tree.js';
import { Listed } from './walks.js';

/** A run that breaks something, as plain data. */
export interface Counterexample {
  readonly violation: Violation;
  /** the run as one string, for `epollsim run --replay` */
  readonly recording: string;
  readonly choices: readonly number[];
  /** departures from "first come, first served": preemptions, softirqs put off, faults of packets */
  readonly departures: number;
  readonly moves: number;
  /** true: no run with fewer departures breaks this; false: none was found in the time there was */
  readonly fewest: boolean;
}

/** A run that was measured. */
interface Measured {
  readonly run: Run;
  readonly walk: Listed;
  readonly choices: readonly number[];
}

function measure(target: Target, list: readonly number[]): Measured {
  const walk = new Listed(list);
  const run = runOnce(target, walk);
  let length = walk.made.length;
  while (length > 0 && walk.made[length - 1] === 0) length--;
  return { run, walk, choices: walk.made.slice(0, length) };
}

/** Below 0: `a` is the smaller one. */
function compare(a: Measured, b: Measured): number {
  return a.walk.cost - b.walk.cost || a.walk.deviations - b.walk.deviations || a.run.moves - b.run.moves;
}

/** Takes out the choices that are not needed, the last one first, until none can be spared. */
function spare(target: Target, law: string, found: Measured): Measured {
  let best = found;
  for (let again = true; again; ) {
    again = false;
    for (let at = best.choices.length - 1; at >= 0; at--) {
      if (best.choices[at] === undefined || best.choices[at] === 0) continue;
      const tried = measure(target, best.choices.map((choice, index) => (index === at ? 0 : choice)));
      if (tried.run.violation?.law !== law || compare(tried, best) >= 0) continue;
      best = tried;
      again = true;
    }
  }
  return best;
}

/** Lines of the log that a message may refer to. */
const LOG_LINES = 100_000;

/** How many runs the search for fewer departures may make, in all. */
const RUNS = 20_000;

/** Looks among the runs with at most `bound` departures for the smallest one that breaks the law. */
function smallestWithin(target: Target, law: string, bound: number, runs: number): { best: Measured | null; made: number; complete: boolean } {
  const seen = nothingSeen();
  const tree = new Tree(bound, Infinity, null);
  let best: Measured | null = null;
  const source = treeSource(tree);
  const limits = { schedules: runs, untilMs: Infinity, clockMs: null, all: true, progress: null };
  const complete = search(target, {
    ...source,
    next: () => {
      // The run before is noted by now: is it a smaller one?
      if (seen.last !== null && seen.last.law === law) {
        const tried = measure(target, seen.last.choices);
        if (best === null || compare(tried, best) < 0) best = tried;
      }
      seen.last = null;
      return source.next();
    },
  }, limits, seen);
  return { best, made: seen.schedules, complete };
}

/** Makes a violation as small as it gets. @param choices a run that breaks `law` */
export function counterexampleOf(target: Target, law: string, choices: readonly number[]): Counterexample {
  let best = spare(target, law, measure(target, choices));
  let left = RUNS;
  let fewest = true;
  for (let bound = 0; bound < best.walk.cost + 1; bound++) {
    const { best: found, made, complete } = smallestWithin(target, law, bound, left);
    left -= made;
    if (found !== null) {
      if (compare(found, best) < 0) best = found;
      break;
    }
    if (!complete || left <= 0) {
      fewest = false;
      break;
    }
  }
  const { walk } = best;
  // once more with a log, for the line numbers in the message
  const run = runOnce(target, new Listed(best.choices), LOG_LINES);
  return {
    violation: run.violation!, recording: run.story.machine.recording, choices: best.choices, departures: walk.cost, moves: run.moves, fewest,
  };
}
