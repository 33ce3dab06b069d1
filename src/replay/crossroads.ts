/**
 * A divergence where the log leaves the order of tasks open: what was under way, and the orders that are worth a try.
 */

import type { Choice } from './choices.js';

/** A call that was under way at a divergence, or shortly before it: the lines of its entry and exit, 0 when the log has none. */
export interface OpenCall {
  readonly entry: number;
  readonly exit: number;
  readonly asleep: boolean;
}

/** Where the first run went wrong, and what was open there. */
export interface Crossroads {
  readonly line: number;
  /** calls that were under way, the diverging one first, then those that came back a short while ago */
  readonly open: readonly OpenCall[];
  /** lines of the last events before the divergence, oldest first */
  readonly before: readonly number[];
}

/** The choices that may help, the most likely ones first. */
export function candidates({ line, open, before }: Crossroads): Choice[] {
  const moves: Choice[] = [];
  const lines = [...before, line];
  open.forEach(({ entry, asleep }, index) => {
    const looks = lines.filter((at) => at > entry && at <= line).reverse();
    // who slept and finds nothing now may have looked before another call took it away
    if (asleep || index === 0) for (const at of looks) moves.push({ kind: 'look', entry, before: at });
  });
  for (const { entry, exit } of open) {
    // a call of two lines may have acted later, up to its second line
    if (exit === 0 || exit > entry) for (const at of [line + 1, ...[...lines].reverse()]) if (at > entry && (exit === 0 || at <= exit)) moves.push({ kind: 'start', entry, before: at });
  }
  return moves;
}
