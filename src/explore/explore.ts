/**
 * Exploring a scenario: many runs under different choices, each held to the laws, until one breaks something, all are made, or a limit is
 * reached. The report says what was found and, honestly, what was covered.
 */

import { asScenario, optionsOf, type Scenario, ScenarioError } from '../scenario/index.js';
import { counterexampleOf } from './counterexample.js';
import { lawsOf } from './law.js';
import { Reduction } from './reduction.js';
import type { Coverage, ExploreOptions, Mode, Report } from './report.js';
import { runOnce, type Target } from './run.js';
import { type Limits, nothingSeen, search, type Seen, type Source, treeSource, walkSource } from './search.js';
import { Tree } from './tree.js';
import { PriorityWalk, RandomWalk } from './walks.js';

/** Makes a target of a scenario and options. */
export function targetOf(scenario: Scenario, options: ExploreOptions): Target {
  return {
    scenario, settings: optionsOf(asScenario(scenario), options.options ?? {}), laws: options.laws ?? lawsOf(scenario),
    stepBudget: options.stepBudget ?? 20_000, maySleep: options.maySleep ?? lawsOf(scenario).length > 0,
  };
}

/** Softirqs that may be put off in a run, unless options say otherwise. */
export const SOFTIRQS = 1;

/** Whether the tree is walked with reduction. */
export function reduces(options: ExploreOptions): boolean {
  return options.reduce ?? options.preemptions === undefined;
}

/** The tree of a scenario, for `exhaustive`. */
export function treeOf(scenario: Scenario, options: ExploreOptions): Tree {
  return new Tree(options.preemptions ?? Infinity, options.softirqs ?? SOFTIRQS, reduces(options) ? new Reduction(scenario.shares ?? true) : null, options.part);
}

function limitsOf(options: ExploreOptions, mode: Mode): Limits {
  const clockMs = options.clockMs ?? null;
  return {
    schedules: options.schedules ?? (mode === 'exhaustive' ? Infinity : 10_000),
    untilMs: options.seconds === undefined || clockMs === null ? Infinity : clockMs() + options.seconds * 1000, clockMs,
    all: options.all === true, progress: options.progress ?? null,
  };
}

/** How long a run is and how many tasks it has, for the bound of PCT: the first run tells. */
function measurePct(target: Target, seed: number): { tasks: number; length: number } {
  const walk = new PriorityWalk(seed, 1, 1);
  runOnce(target, walk);
  return { tasks: Math.max(1, walk.tasks), length: Math.max(1, walk.length) };
}

function sourceOf(target: Target, options: ExploreOptions, mode: Mode): { source: Source; odds: string } {
  const part = options.part ?? { index: 1, of: 1 };
  const first = options.seed ?? 1;
  const seed = first + part.index - 1;
  if (mode === 'exhaustive') return { source: treeSource(treeOf(target.scenario, options)), odds: '' };
  if (mode === 'random') return { source: walkSource((each) => new RandomWalk(each), seed, part.of), odds: '' };
  const depth = options.depth ?? 3;
  const { tasks, length } = measurePct(target, first);
  const odds = `a bug that needs ${depth} orderings is found in one run with a probability of at least 1 / (n k^(d-1)) = 1 / ${tasks * length ** (depth - 1)}`
    + ` (n = ${tasks} tasks, k = ${length} choices of tasks in the first run, d = ${depth})`;
  return { source: walkSource((each) => new PriorityWalk(each, depth, length), seed, part.of), odds };
}

/** The bound of softirqs that are put off, in words. */
function softirqText(options: ExploreOptions): string {
  const softirqs = options.softirqs ?? SOFTIRQS;
  return softirqs === Infinity ? '' : ` in which at most ${softirqs} ${softirqs === 1 ? 'softirq is' : 'softirqs are'} left to ksoftirqd`;
}

/** What was covered, said in a sentence. */
export function coverageOf(options: ExploreOptions, seen: Seen, complete: boolean, odds: string): Coverage {
  const mode = options.mode ?? 'exhaustive';
  const reduced = mode === 'exhaustive' && reduces(options);
  const preemptions = mode === 'exhaustive' ? options.preemptions ?? null : null;
  const within = preemptions === null ? '' : ` with at most ${preemptions} departures from first come, first served`;
  let sentence: string;
  if (mode === 'exhaustive' && complete) {
    const which = options.part === undefined || options.part.of === 1 ? '' : ` of part ${options.part.index} of ${options.part.of}`;
    sentence = `every run${which}${within}${softirqText(options)} was made${reduced ? ', or differs from one that was only in the order of moves that touch nothing in common' : ''}`;
  } else if (mode === 'exhaustive') {
    sentence = `a part of the runs${within}, in depth-first order: the last choices of the runs were varied most`;
  } else {
    sentence = `${seen.schedules} runs at random; other runs exist${odds === '' ? '' : `; ${odds}`}`;
  }
  return { mode, complete: mode === 'exhaustive' && complete, reduced, preemptions, sentence };
}

/** Puts a report together. */
export function reportOf(target: Target, options: ExploreOptions, seen: Seen, complete: boolean, odds: string, seconds: number | null): Report {
  const { first } = seen;
  return {
    scenario: target.scenario.name, options: target.settings, laws: target.laws.map(({ name }) => name),
    schedules: seen.schedules, pruned: seen.pruned, moves: seen.moves, deepest: seen.deepest, seconds,
    coverage: coverageOf(options, seen, complete, odds), violations: seen.violations,
    counterexample: first === null ? null : counterexampleOf(target, first.law, first.choices),
  };
}

/** What a search saw, before the report: plain data, so that a worker can send it. */
export interface Searched {
  readonly seen: Seen;
  readonly complete: boolean;
  readonly odds: string;
}

/** A search that can be made piece by piece. */
export class Exploration {
  readonly target: Target;
  readonly seen = nothingSeen();
  readonly odds: string;
  /** nothing is left */
  complete = false;
  private readonly options: ExploreOptions;
  private readonly source: Source;
  private readonly limits: Limits;

  constructor(scenario: Scenario, options: ExploreOptions) {
    if (options.seconds !== undefined && options.clockMs === undefined) {
      throw new ScenarioError('explore: seconds needs clockMs, a function that tells the time: clockMs: () => performance.now()');
    }
    const mode = options.mode ?? 'exhaustive';
    this.target = targetOf(scenario, options);
    this.options = options;
    const { source, odds } = sourceOf(this.target, options, mode);
    this.source = source;
    this.odds = odds;
    this.limits = limitsOf(options, mode);
  }

  /** True when there is no reason to go on: nothing is left, something was found, or a limit is reached. */
  get over(): boolean {
    const { limits, seen, options } = this;
    return this.complete || (seen.first !== null && !limits.all) || seen.schedules >= limits.schedules
      || (options.clockMs !== undefined && options.clockMs() >= limits.untilMs);
  }

  /** Where it stands, in words. */
  get where(): string {
    return `depth ${this.source.depth()}, ${this.source.frontier()} alternatives known and left`;
  }

  /** Makes runs until it is over, or until an instant of `clockMs`. */
  go(untilMs = Infinity): void {
    this.complete = search(this.target, this.source, { ...this.limits, untilMs: Math.min(untilMs, this.limits.untilMs) }, this.seen);
  }
}

/**
 * Explores a scenario.
 * @returns a plain report; a counterexample in it is as small as it gets, and its recording is replayed by `replayScenario`
 */
export function explore(scenario: Scenario, options: ExploreOptions = {}): Report {
  const { clockMs } = options;
  const begun = clockMs?.() ?? 0;
  const exploration = new Exploration(scenario, options);
  exploration.go();
  const { target, seen, complete, odds } = exploration;
  return reportOf(target, options, seen, complete, odds, clockMs === undefined ? null : (clockMs() - begun) / 1000);
}
