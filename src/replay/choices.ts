/**
 * The orders that a log leaves open. A call acts somewhere between its two lines, and a task that was woken looks somewhere between that
 * and the line of its result. Without a choice a call acts at its first line, all at once, and a woken task looks at its last.
 * Nor does a log say where the ticks of the machine's clock fall between its times: timers of the network fire at ticks, four milliseconds apart.
 */

import { JIFFY_NS } from '../kernel/clock.js';

/**
 * One choice about the call entered in line `entry`: just before the event of line `before` it begins (`start`), or, woken, looks again
 * (`look`), or goes on from the point in the middle where others overtook it (`pause`). `ticks` is about the whole log: how far the machine's clock is ahead of the log's times. `late` puts
 * timers of the network off, from line `before` on until the call stands at a point in its middle.
 */
export interface Choice {
  readonly kind: 'start' | 'look' | 'pause' | 'ticks' | 'late';
  readonly entry: number;
  readonly before: number;
  /** for `pause` and `late`: how many points the call passes before the one where it stands; for `ticks`: parts of a tick; else 0 */
  readonly point: number;
}

/** Into so many parts a tick is divided when the place of the ticks is searched. */
const PARTS_OF_TICK = 16;

/** Other places of the ticks than `phaseNs`: those in the middle of what is not tried yet come first. */
export function ticksBeside(phaseNs: number): Choice[] {
  const places = Array.from({ length: PARTS_OF_TICK }, (_, part) => ((part & 1) << 3) | ((part & 2) << 1) | ((part & 4) >> 1) | ((part & 8) >> 3));
  return places.filter((part) => phaseOf(part) !== phaseNs).map((part): Choice => ({ kind: 'ticks', entry: 0, before: 0, point: part }));
}

function phaseOf(part: number): number {
  return (part * JIFFY_NS) / PARTS_OF_TICK;
}

/** The choices of one run. */
export class Choices {
  readonly list: readonly Choice[];
  /** the machine's clock is so much ahead of the log's times */
  readonly phaseNs: number;
  readonly #delayed = new Set<number>();
  readonly #paused = new Map<number, number>();
  readonly #late = new Map<number, number>();
  readonly #at = new Map<number, Choice[]>();

  constructor(list: readonly Choice[] = []) {
    this.list = list;
    this.phaseNs = phaseOf(list.find(({ kind }) => kind === 'ticks')?.point ?? 0);
    for (const choice of list) {
      if (choice.kind === 'start') this.#delayed.add(choice.entry);
      if (choice.kind === 'pause' || choice.kind === 'late') this.#paused.set(choice.entry, choice.point);
      if (choice.kind === 'late') this.#late.set(choice.before, choice.entry);
      const others = this.#at.get(choice.before);
      if (others === undefined) this.#at.set(choice.before, [choice]);
      else others.push(choice);
    }
  }

  /** The call entered in this line does not act at once. */
  isDelayed(entry: number): boolean {
    return this.#delayed.has(entry);
  }

  /** The point at which the call entered in this line is overtaken; -1: none. */
  pauseOf(entry: number): number {
    return this.#paused.get(entry) ?? -1;
  }

  /** The call in whose middle timers fire that are put off from this line on; 0: none. */
  lateFrom(line: number): number {
    return this.#late.get(line) ?? 0;
  }

  /** What is to be done before the event of this line. */
  at(line: number): readonly Choice[] {
    return this.#at.get(line) ?? [];
  }

  /** The same choices and some more; one of the same kind about the same call is replaced. */
  with(more: readonly Choice[]): Choices {
    const kept = this.list.filter(({ kind, entry }) => !more.some((choice) => choice.kind === kind && choice.entry === entry));
    return new Choices([...kept, ...more]);
  }
}
