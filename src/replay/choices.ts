/**
 * The orders that a log leaves open. A call acts somewhere between its two lines, and a task that was woken looks somewhere between that
 * and the line of its result. Without a choice a call acts at its first line, all at once, and a woken task looks at its last.
 */

/**
 * One choice about the call entered in line `entry`: just before the event of line `before` it begins (`start`), or, woken, looks again
 * (`look`), or goes on from the point in the middle where others overtook it (`pause`).
 */
export interface Choice {
  readonly kind: 'start' | 'look' | 'pause';
  readonly entry: number;
  readonly before: number;
  /** for `pause`: how many points the call passes before the one where it stands; else 0 */
  readonly point: number;
}

/** The choices of one run. */
export class Choices {
  readonly list: readonly Choice[];
  readonly #delayed = new Set<number>();
  readonly #paused = new Map<number, number>();
  readonly #at = new Map<number, Choice[]>();

  constructor(list: readonly Choice[] = []) {
    this.list = list;
    for (const choice of list) {
      if (choice.kind === 'start') this.#delayed.add(choice.entry);
      if (choice.kind === 'pause') this.#paused.set(choice.entry, choice.point);
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
