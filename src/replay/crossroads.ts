/**
 * A divergence where the log leaves the order of tasks open: what was under way, and the orders that are worth a try.
 */

import { type Choice, ticksBeside } from './choices.js';

/** A call that was under way at a divergence, or shortly before it: the lines of its entry and exit, 0 when the log has none. */
export interface OpenCall {
  readonly entry: number;
  readonly exit: number;
  readonly asleep: boolean;
  /** the first of the last lines from which on timers of the network can have been put off until the call; 0: none fired */
  readonly lateFrom: number;
}

/** Where the first run went wrong, and what was open there. */
export interface Crossroads {
  readonly line: number;
  /** what the model answered there */
  readonly answer: string;
  /** calls that were under way, the diverging one first, then those that came back a short while ago */
  readonly open: readonly OpenCall[];
  /** lines of the last events before the divergence, oldest first */
  readonly before: readonly number[];
  /** where the ticks were, ns; null: the log has no times, or no timer of the network is near */
  readonly phaseNs: number | null;
}

/** Choices that may help, the most likely ones first: those that move a call to its end, and all others. */
export function candidates(here: Crossroads): { readonly likely: Choice[]; readonly others: Choice[] } {
  const starts = startsOf(here);
  const latest = new Map<number, Choice>();
  for (const choice of starts) if (!latest.has(choice.entry)) latest.set(choice.entry, choice);
  return {
    likely: [...looksOf(here), ...latest.values()],
    others: [...latesOf(here), ...(here.phaseNs === null ? [] : ticksBeside(here.phaseNs)), ...starts.filter((choice) => latest.get(choice.entry) !== choice), ...longAgo(here), ...pausesOf(here)],
  };
}

/** Who slept and finds nothing now may have looked before another call took it away. */
function looksOf({ line, open, before }: Crossroads): Choice[] {
  const lines = [...before, line].reverse();
  return open.flatMap(({ entry, asleep }, index): Choice[] =>
    (asleep || index === 0 ? lines.filter((at) => at > entry).map((at) => ({ kind: 'look', entry, before: at, point: 0 })) : []));
}

/** A call of two lines may have acted later, up to its second line. */
function startsOf({ line, open, before }: Crossroads): Choice[] {
  const lines = [line + 1, line, ...[...before].reverse()];
  return open.flatMap(({ entry, exit }): Choice[] =>
    (exit === 0 || exit > entry ? lines.filter((at) => at > entry && (exit === 0 || at <= exit)).map((at) => ({ kind: 'start', entry, before: at, point: 0 })) : []));
}

/** A call of two lines that came back before the last events may have acted at its end. */
function longAgo({ open, before }: Crossroads): Choice[] {
  const first = before[0] ?? 0;
  return open.filter(({ entry, exit }) => exit > entry && exit < first).reverse().map(({ entry, exit }) => ({ kind: 'start', entry, before: exit, point: 0 }));
}

/** Others may have overtaken a call in the middle: one that is under way, or one that came back last. */
function pausesOf({ line, open }: Crossroads): Choice[] {
  const end = ({ exit }: OpenCall): number => (exit === 0 ? Infinity : exit);
  const overtaken = open.filter(({ entry, exit }) => exit !== entry).sort((a, b) => end(b) - end(a)).slice(0, MOST_PAUSED);
  return overtaken.flatMap(({ entry, exit }) => POINTS.map((point): Choice => ({ kind: 'pause', entry, before: exit === 0 ? line : exit, point })));
}

/** Timers of the network that fired a short while ago may have done so in the middle of the call. */
function latesOf({ open }: Crossroads): Choice[] {
  const [{ entry, lateFrom } = { entry: 0, lateFrom: 0 }] = open;
  return lateFrom === 0 ? [] : POINTS.slice(0, FIRST_POINTS).map((point): Choice => ({ kind: 'late', entry, before: lateFrom, point }));
}

/** Points inside a call at which others may overtake it: as many as a small epoll_wait passes. */
const POINTS = Array.from({ length: 24 }, (_, point) => point);
/** Points among them that stand before a call has done its work. */
const FIRST_POINTS = 8;
/** Calls that are tried so. */
const MOST_PAUSED = 4;
