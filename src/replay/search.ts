/**
 * Finds an order of the tasks that gives the log, where the log leaves the order open. The first run takes every call at its first line; at
 * the first divergence other orders of the calls around it are tried, each by running the log again from the beginning, and one that goes
 * further is followed, depth first. Generators cannot be copied, so going back is running again.
 */

import { type Choice, Choices } from './choices.js';
import { candidates, type Crossroads } from './crossroads.js';
import type { LogEvent } from './call.js';
import { Engine } from './engine.js';
import { StraceError } from './error.js';
import { explainDivergences } from './explaining.js';
import type { LogReport } from './report.js';
import type { World } from './session.js';

export interface SearchOptions {
  readonly world?: World;
  /** events that all runs of the search together may take; 0: no search */
  readonly budget?: number;
  readonly progress?: (line: number) => void;
  /** told of an argument that cannot be read; the log ends there */
  readonly stop?: (error: StraceError) => void;
  /** is told under which order the report came about; who asks for it makes the run again and can ask it why, so the report does not explain */
  readonly chosen?: (choices: Choices) => void;
}

/** Events that all runs together may take. */
const BUDGET = 2_000_000;
/** A log with more events is not searched: it would have to be read again and again. */
const LARGEST = 50_000;
/** Divergences that no order explains, after which the search gives up: something else is wrong. */
const MOST_GIVEN_UP = 12;
/** Different answers at one line that are followed. */
const MOST_ANSWERS = 8;
/** Runs that one divergence is worth. */
const RUNS = 300;
const PROGRESS_EVENTS = 4096;

/** A set of choices, and where it leads: the first divergence at which orders are open and that is not given up. */
interface Node {
  readonly choices: Choices;
  readonly here: Crossroads | null;
}

/** A place from which the search goes on. */
class Fork {
  readonly node: Node;
  /** choices that are still to be tried: first the likely ones, then what these half solved, then the others */
  readonly likely: Choice[];
  readonly others: Choice[];
  /** sets of choices that changed the answer at the same line */
  readonly halves: Node[] = [];
  readonly answers: Set<string>;

  constructor(node: Node, answers = new Set([node.here!.answer])) {
    this.node = node;
    const { likely, others } = candidates(node.here!);
    this.likely = likely;
    this.others = others;
    this.answers = answers;
  }

  keepHalf(next: Node): void {
    const { answer } = next.here!;
    if (this.answers.has(answer) || this.answers.size > MOST_ANSWERS) return;
    this.answers.add(answer);
    this.halves.push(next);
  }
}

class Search {
  readonly #log: string;
  readonly #events: readonly LogEvent[];
  readonly #options: SearchOptions;
  readonly givenUp = new Set<number>();
  left: number;

  constructor(log: string, events: readonly LogEvent[], options: SearchOptions) {
    this.#log = log;
    this.#events = events;
    this.#options = options;
    this.left = options.budget ?? BUDGET;
  }

  /** Runs the log until its first divergence that counts. */
  explore(choices: Choices): Node {
    const engine = new Engine(this.#log, this.#options.world, choices, this.givenUp);
    let count = 0;
    try {
      for (const event of this.#events) {
        engine.take(event);
        count++;
        if (engine.crossroads !== null) break;
      }
    } catch (error) {
      if (!(error instanceof StraceError)) throw error;    // the first run has told of it
    }
    this.left -= count;
    return { choices, here: engine.crossroads };
  }

  /**
   * Depth first: the first choice that leads further is followed, and taken back when nothing leads on from there. A choice that changes
   * the answer and leads no further may be half of what is needed: it is followed when no other leads on.
   */
  furthest(root: Node): Node {
    let best = root;
    const path = [new Fork(root)];
    for (let runs = 0; runs < RUNS && this.left > 0 && path.length > 0; ) {
      const fork = path.at(-1)!;
      const { node } = fork;
      const half = fork.likely.length === 0 ? fork.halves.shift() : undefined;
      if (half !== undefined) {
        path.push(new Fork(half, fork.answers));
        continue;
      }
      const move = fork.likely.shift() ?? fork.others.shift();
      if (move === undefined) {
        path.pop();
        continue;
      }
      runs++;
      const next = this.explore(node.choices.with([move]));
      if (next.here === null) return next;
      if (next.here.line === node.here!.line) fork.keepHalf(next);
      if (next.here.line <= node.here!.line) continue;
      if (next.here.line > best.here!.line) {
        best = next;
        runs = 0;
      }
      path.push(new Fork(next));
    }
    return best;
  }
}

/** Replays a log under the first order that agrees, or that agrees furthest. */
export function searchReplay(log: string, events: Iterable<LogEvent>, options: SearchOptions = {}): LogReport {
  const kept: LogEvent[] = [];
  const first = replayOnce(log, keep(events, kept), new Choices(), options);
  if (first.crossroads === null || kept.length === 0 || options.budget === 0) {
    options.chosen?.(new Choices());
    return explained(first.report, log, kept, new Choices(), options);
  }
  const search = new Search(log, kept, options);
  let node: Node = { choices: new Choices(), here: first.crossroads };
  while (node.here !== null && search.left > 0 && search.givenUp.size < MOST_GIVEN_UP) {
    node = search.furthest(node);
    if (node.here === null) break;
    search.givenUp.add(node.here.line);
    node = search.explore(node.choices);
  }
  const { report } = replayOnce(log, kept, node.choices, options);
  report.choices = node.choices.list.length;
  const isBetter = report.divergences.length <= first.report.divergences.length;
  const choices = isBetter ? node.choices : new Choices();
  options.chosen?.(choices);
  return explained(isBetter ? report : first.report, log, kept, choices, options);
}

/** The report, with what is behind its first divergences. */
function explained(report: LogReport, log: string, kept: readonly LogEvent[], choices: Choices, { world, chosen }: SearchOptions): LogReport {
  if (report.divergences.length > 0 && kept.length > 0 && chosen === undefined) explainDivergences(report.divergences, log, kept, world, choices);
  return report;
}

/** Hands events on, and keeps them if the log is short enough to be searched. */
function* keep(events: Iterable<LogEvent>, kept: LogEvent[]): Generator<LogEvent, void, void> {
  let count = 0;
  for (const event of events) {
    if (++count <= LARGEST) kept.push(event);
    else kept.length = 0;
    yield event;
  }
}

function replayOnce(log: string, events: Iterable<LogEvent>, choices: Choices, options: SearchOptions): Engine {
  const engine = new Engine(log, options.world, choices);
  let count = 0;
  try {
    for (const event of events) {
      engine.take(event);
      if (++count % PROGRESS_EVENTS === 0 && event.type !== 'torn') options.progress?.(event.line);
    }
  } catch (error) {
    if (!(error instanceof StraceError) || options.stop === undefined) throw error;
    options.stop(error);
  }
  engine.finish();
  return engine;
}
