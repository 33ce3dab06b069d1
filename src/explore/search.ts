/**
 * The loop of every exploration: take the choices of the next run, make it, note how it went, until one breaks something, none is left, or a
 * limit is reached.
 */

import { parseRecording } from '../scenario/index.js';
import type { Progress } from './report.js';
import { type Chooser, type Run, runOnce, type Target } from './run.js';
import type { Tree } from './tree.js';

/** A run that broke a law. */
export interface Broken {
  readonly law: string;
  readonly choices: readonly number[];
}

/** What the runs of a search told. */
export interface Seen {
  schedules: number;
  pruned: number;
  moves: number;
  deepest: number;
  violations: Record<string, number>;
  /** choices and law of the first violation */
  first: Broken | null;
  /** those of the last one */
  last: Broken | null;
}

/** Notes how a run went. */
export function note(seen: Seen, run: Run): void {
  seen.moves += run.moves;
  if (run.end === 'pruned') {
    seen.pruned++;
    return;
  }
  seen.schedules++;
  if (run.violation === null) return;
  const { law } = run.violation;
  seen.violations[law] = (seen.violations[law] ?? 0) + 1;
  seen.last = { law, choices: choicesOf(run) };
  seen.first ??= seen.last;
}

/** The choices of a run, in the order of asking. */
export function choicesOf(run: Run): readonly number[] {
  return parseRecording(run.story.machine.recording).choices;
}

export function nothingSeen(): Seen {
  return { schedules: 0, pruned: 0, moves: 0, deepest: 0, violations: {}, first: null, last: null };
}

/** Where the choices of the runs come from. */
export interface Source {
  /** the choices of the next run; null: none is left */
  next(): Chooser | null;
  /** the last run is one of another part of the search */
  foreign(): boolean;
  depth(): number;
  frontier(): number;
}

export function treeSource(tree: Tree): Source {
  let begun = false;
  return {
    next(): Chooser | null {
      if (begun && !tree.advance()) return null;
      begun = true;
      return tree;
    },
    foreign: () => tree.isForeign,
    depth: () => tree.stack.length,
    frontier: () => tree.frontier,
  };
}

export function walkSource(make: (seed: number) => Chooser, from: number, stride: number): Source {
  let seed = from - stride;
  return { next: () => make(seed += stride), foreign: () => false, depth: () => 0, frontier: () => 0 };
}

/** How often `progress` is called, in runs. */
const PROGRESS_EVERY = 64;

/** Makes runs until one breaks something, none is left, or a limit is reached. @returns true when none is left */
export function search(target: Target, source: Source, limits: Limits, seen: Seen): boolean {
  for (let made = 0; ; made++) {
    if (seen.schedules >= limits.schedules) return false;
    if (made % PROGRESS_EVERY === PROGRESS_EVERY - 1) {
      if (limits.clockMs !== null && limits.clockMs() >= limits.untilMs) return false;
      const told = { schedules: seen.schedules, pruned: seen.pruned, moves: seen.moves, depth: source.depth(), frontier: source.frontier() };
      if (limits.progress !== null && !limits.progress(told)) return false;
    }
    const chooser = source.next();
    if (chooser === null) return true;
    const run = runOnce(target, chooser);
    if (source.foreign()) continue;
    note(seen, run);
    seen.deepest = Math.max(seen.deepest, source.depth());
    if (seen.first !== null && !limits.all) return false;
  }
}

export interface Limits {
  readonly schedules: number;
  readonly untilMs: number;
  readonly clockMs: (() => number) | null;
  readonly all: boolean;
  readonly progress: ((progress: Progress) => boolean) | null;
}

/** Puts what another search saw to what this one saw. */
export function merge(seen: Seen, other: Seen): void {
  seen.schedules += other.schedules;
  seen.pruned += other.pruned;
  seen.moves += other.moves;
  seen.deepest = Math.max(seen.deepest, other.deepest);
  for (const [law, runs] of Object.entries(other.violations)) seen.violations[law] = (seen.violations[law] ?? 0) + runs;
  seen.first ??= other.first;
}
