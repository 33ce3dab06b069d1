/**
 * What an exploration is asked for and what it answers, as plain data: it goes between threads, into files and into JSON as it is.
 */

import type { Counterexample } from './counterexample.js';
import type { Law } from './law.js';
import type { Part } from './tree.js';

/** How runs are chosen. */
export type Mode = 'exhaustive' | 'random' | 'pct';

/** What to explore, and how far. */
export interface ExploreOptions {
  /** options of the scenario: `{ trigger: 'ET' }` */
  readonly options?: Readonly<Record<string, string>>;
  /** what every run is held to; default: the laws that the scenario brings. Beside them always: its own expectations, endless sleep, endless runs, errors and broken invariants */
  readonly laws?: readonly Law[];
  /** default `exhaustive` */
  readonly mode?: Mode;
  /** exhaustive: leave out runs that are like others; default: yes, and no with a bound of preemptions */
  readonly reduce?: boolean;
  /** exhaustive: only runs with at most so many preemptions (softirqs put off and faults of packets count too); default: any number */
  readonly preemptions?: number;
  /** exhaustive: only runs in which at most so many softirqs are left to ksoftirqd; default 1 */
  readonly softirqs?: number;
  /** only this part of the runs; all parts together are the whole, whoever explores them */
  readonly part?: Part;
  /** random and pct: the first seed, default 1 */
  readonly seed?: number;
  /** pct: d, how many orderings the bug needs; default 3 */
  readonly depth?: number;
  /** runs to make at most; default: no limit, for random and pct 10,000 */
  readonly schedules?: number;
  /** seconds of `clockMs` to take at most; default: no limit */
  readonly seconds?: number;
  /** steps after which a run counts as endless; default 20,000 */
  readonly stepBudget?: number;
  /** a run may end with tasks asleep for ever; default: yes for a scenario that brings laws, else no */
  readonly maySleep?: boolean;
  /** goes on after the first counterexample and counts the others; default no */
  readonly all?: boolean;
  /** milliseconds of a clock, for `seconds`; this package reads none by itself */
  readonly clockMs?: () => number;
  /** is told now and then how it goes; false: stop here */
  readonly progress?: (progress: Progress) => boolean;
}

/** How far an exploration is. */
export interface Progress {
  readonly schedules: number;
  /** runs given up because they are like others */
  readonly pruned: number;
  readonly moves: number;
  /** choices of the last run, and alternatives that are known and not taken yet */
  readonly depth: number;
  readonly frontier: number;
}

/** What was covered, in numbers and in a sentence. */
export interface Coverage {
  readonly mode: Mode;
  /** nothing is left: within the bound, every run was made or is like one that was made */
  readonly complete: boolean;
  readonly reduced: boolean;
  /** null: none */
  readonly preemptions: number | null;
  readonly sentence: string;
}

/** The result of an exploration. */
export interface Report {
  readonly scenario: string;
  readonly options: Readonly<Record<string, string>>;
  readonly laws: readonly string[];
  readonly schedules: number;
  readonly pruned: number;
  readonly moves: number;
  /** longest run, in choices */
  readonly deepest: number;
  /** null: no clock was given */
  readonly seconds: number | null;
  readonly coverage: Coverage;
  /** runs that broke something, by the law they broke */
  readonly violations: Readonly<Record<string, number>>;
  /** the first one found, made as short as it gets; null: nothing was found */
  readonly counterexample: Counterexample | null;
}
