/**
 * Finds an order of the tasks that gives the log, where the log leaves the order open. The first run takes every call at its first line; at
 * the first divergence other orders of the calls around it are tried, each by running the log again from the beginning, and the first that
 * goes further is kept. Generators cannot be copied, so going back is running again.
 */

import { Choices } from './choices.js';
import { candidates, type Crossroads } from './crossroads.js';
import type { LogEvent } from './call.js';
import { Engine } from './engine.js';
import { StraceError } from './error.js';
import type { LogReport } from './report.js';
import type { World } from './session.js';

export interface SearchOptions {
  readonly world?: World;
  /** events that all runs together may take before the search gives up; 0: no search */
  readonly budget?: number;
  readonly progress?: (line: number) => void;
  /** told of an argument that cannot be read; the log ends there */
  readonly stop?: (error: StraceError) => void;
}

const BUDGET = 3_000_000;
/** Divergences that no order explains, after which the search gives up: something else is wrong. */
const MOST_GIVEN_UP = 12;
const PROGRESS_EVENTS = 4096;

/** One run of the log. */
interface Run {
  readonly report: LogReport;
  readonly events: number;
  /** the first divergence at which orders are open, and whose line is not given up */
  readonly crossroads: Crossroads | null;
}

function run(log: string, events: Iterable<LogEvent>, choices: Choices, options: SearchOptions, givenUp: ReadonlySet<number>): Run {
  const engine = new Engine(log, options.world, choices, givenUp);
  let count = 0;
  try {
    for (const event of events) {
      engine.take(event);
      if (++count % PROGRESS_EVENTS === 0) options.progress?.(event.line);
    }
  } catch (error) {
    if (!(error instanceof StraceError) || options.stop === undefined) throw error;
    options.stop(error);
  }
  return { report: engine.finish(), events: count, crossroads: engine.crossroads };
}

/** Replays a log under the first order that agrees, or that agrees furthest. */
export function searchReplay(log: string, events: () => Iterable<LogEvent>, options: SearchOptions = {}): LogReport {
  const givenUp = new Set<number>();
  let choices = new Choices();
  let best = run(log, events(), choices, options, givenUp);
  let left = (options.budget ?? BUDGET) - best.events;
  while (best.crossroads !== null && left > best.events && givenUp.size < MOST_GIVEN_UP) {
    const here = best.crossroads;
    let improved = false;
    for (const candidate of candidates(here)) {
      if (left < best.events) break;
      const next = choices.with(candidate);
      const other = run(log, events(), next, options, givenUp);
      left -= other.events;
      if (other.crossroads !== null && other.crossroads.line <= here.line) continue;
      if (other.report.divergences.length > best.report.divergences.length) continue;
      choices = next;
      best = other;
      improved = true;
      break;
    }
    if (improved) continue;
    givenUp.add(here.line);
    best = run(log, events(), choices, options, givenUp);
    left -= best.events;
  }
  best.report.choices = choices.list.length;
  return best.report;
}
