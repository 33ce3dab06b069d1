/**
 * The orders that a log leaves open. A call acts somewhere between its two lines, and a task that was woken looks somewhere between that
 * and the line of its result. Without a choice a call acts at its first line, and a woken task looks at its last.
 */

/** One choice: the call entered in line `entry` begins (`start`) or, woken, looks again (`look`) just before the event of line `before`. */
export interface Choice {
  readonly kind: 'start' | 'look';
  readonly entry: number;
  readonly before: number;
}

/** The choices of one run. */
export class Choices {
  readonly list: readonly Choice[];
  readonly #delayed = new Set<number>();
  readonly #at = new Map<number, Choice[]>();

  constructor(list: readonly Choice[] = []) {
    this.list = list;
    for (const choice of list) {
      if (choice.kind === 'start') this.#delayed.add(choice.entry);
      const others = this.#at.get(choice.before);
      if (others === undefined) this.#at.set(choice.before, [choice]);
      else others.push(choice);
    }
  }

  /** The call entered in this line does not act at once. */
  isDelayed(entry: number): boolean {
    return this.#delayed.has(entry);
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
