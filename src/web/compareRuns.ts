/**
 * Two runs side by side: where their calls part. Steps are the same in both up to the first row that differs; behind it a step number is only a
 * position.
 */

import type { Session } from '../debug/session.js';

/** Where two runs part. */
export interface Parting {
  /** the first row of the trace that differs; null: they are the same */
  readonly step: number | null;
  /** the first line of the logs that differs, and the step at which it is complete in each run; null: all lines are the same */
  readonly line: { readonly texts: readonly [string, string]; readonly steps: readonly [number, number] } | null;
}

const told = (text: string | undefined): string => text?.replace(/\s+/g, ' ') ?? 'no more calls';

/** Compares two runs from their beginning. */
export function partingOf(one: Session, other: Session): Parting {
  const shorter = Math.min(one.count, other.count);
  const same = (step: number): boolean => {
    const [a, b] = [one.run.trace.row(step), other.run.trace.row(step)];
    return a.every((value, at) => value === b[at]);
  };
  let step = 0;
  while (step < shorter && same(step)) step++;
  const [a, b] = [one.run.lines, other.run.lines];
  let line = 0;
  while (line < a.all.length && line < b.all.length && a.all[line]!.text === b.all[line]!.text && a.all[line]!.pid === b.all[line]!.pid) line++;
  const isSame = line === a.all.length && line === b.all.length;
  return {
    step: step === one.count && step === other.count ? null : step,
    line: isSame ? null : { texts: [told(a.all[line]?.text), told(b.all[line]?.text)], steps: [a.steps[line] ?? one.count - 1, b.steps[line] ?? other.count - 1] },
  };
}
