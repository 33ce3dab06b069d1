/**
 * The search for differences: random programs, many at a time, on the real kernel and on the model. What differs again when it is asked
 * again is made as short as it can be.
 */

import { compareWithModel, programOf } from './differ.js';
import { generate, type Shape } from './generate.js';
import type { RealKernel } from './kernel.js';
import { shrink } from './shrink.js';

/** A difference: the program that shows it, as short as it was possible to make it. */
export interface Found {
  readonly seed: number;
  readonly tasks: boolean;
  readonly lines: readonly string[];
  /** an exception of the model, or the first call that differs */
  readonly what: string;
}

/** What was looked at. */
export interface Counts {
  programs: number;
  /** calls that both made and that were compared */
  calls: number;
  /** agreements under another order of tasks than that of waking */
  otherOrder: number;
  /** agreements when as much time passes as it did on the real kernel */
  realTime: number;
  /** Linux did not answer the same twice */
  unstable: number;
  /** the real kernel took too long */
  slow: number;
  different: number;
}

/** How to search. */
export interface SearchOptions {
  readonly seed: number;
  readonly programs: number;
  /** one task, several, or both: several in every fourth program */
  readonly shape: 'single' | 'tasks' | 'both';
  /** the search ends when so many differences were found */
  readonly differences: number;
  readonly until: number;
  readonly progress: (counts: Counts) => void;
  /** is told of each difference as it is found */
  readonly found: (one: Found) => void;
}

/** Programs that go to the real kernel at a time. */
const BATCH = 100;
/** How often Linux must answer alike before a difference counts. */
const AGAIN = 3;

const shapeOf = (shape: SearchOptions['shape'], index: number): Shape => ({ tasks: shape === 'tasks' || (shape === 'both' && index % 4 === 3) });

/** What is wrong with the model on these lines, as the real kernel answers them now; null: nothing. */
export function differenceIn(kernel: RealKernel, lines: readonly string[]): string | null {
  let program;
  try {
    program = programOf(lines);
  } catch {
    return null; // a name is missing: not a program
  }
  const [real] = kernel.run([program]);
  if (real === undefined || real === null) return null;
  try {
    const verdict = compareWithModel(program, real);
    return verdict.same ? null : `${verdict.model[verdict.at]?.call ?? real.calls[verdict.at]?.call}`;
  } catch (error) {
    return String((error as Error).stack);
  }
}

function examine(kernel: RealKernel, lines: readonly string[]): { lines: readonly string[]; what: string } | null {
  let what: string | null = null;
  for (let n = 0; n < AGAIN; n++) {
    what = differenceIn(kernel, lines);
    if (what === null) return null;
  }
  // a shorter program must show the difference twice, so that chance does not shorten it
  const short = shrink(lines, (some) => differenceIn(kernel, some) !== null && differenceIn(kernel, some) !== null);
  return { lines: short, what: differenceIn(kernel, short) ?? what! };
}

/** Runs programs until there are enough of them, of differences, or of seconds. */
export function search(kernel: RealKernel, options: SearchOptions): { counts: Counts; found: Found[] } {
  const counts: Counts = { programs: 0, calls: 0, otherOrder: 0, realTime: 0, unstable: 0, slow: 0, different: 0 };
  const found: Found[] = [];
  while (counts.programs < options.programs && found.length < options.differences && Date.now() < options.until) {
    const size = Math.min(BATCH, options.programs - counts.programs);
    const batch = Array.from({ length: size }, (_, index) => {
      const seed = options.seed + counts.programs + index;
      const shape = shapeOf(options.shape, seed);
      const lines = generate(seed, shape);
      return { seed, shape, lines, program: programOf(lines) };
    });
    const given = kernel.run(batch.map(({ program }) => program));
    for (const [index, { seed, shape, lines, program }] of batch.entries()) {
      counts.programs++;
      const real = given[index];
      if (real === null || real === undefined) {
        counts.slow++;
        continue;
      }
      try {
        const verdict = compareWithModel(program, real);
        counts.calls += verdict.model.length;
        if (verdict.otherOrder) counts.otherOrder++;
        if (verdict.realTime) counts.realTime++;
        if (verdict.same) continue;
      } catch {
        // looked at below: an exception of the model is a difference
      }
      const difference = examine(kernel, lines);
      if (difference === null) counts.unstable++;
      else if (found.length < options.differences) {
        counts.different++;
        found.push({ seed, tasks: shape.tasks, ...difference });
        options.found(found[found.length - 1]!);
      }
    }
    options.progress(counts);
  }
  return { counts, found };
}
