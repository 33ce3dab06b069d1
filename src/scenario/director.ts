/**
 * The choices of one machine: asked of a source, written down, and now and then made by hand when a test says who is to go on.
 */

import { FirstCome, Recorded, Seeded, type ChoiceKind, type Decisions } from '../kernel/decisions.js';

/** Writes down what is chosen, and takes the alternative that was asked for by hand. */
export class Director implements Decisions {
  /** every choice of the source and of the hand, in the order of asking */
  readonly choices: number[] = [];
  private readonly source: Decisions;
  private forced = -1;
  private written = true;

  constructor(source: Decisions) {
    this.source = source;
  }

  /**
   * The next choice of a task is this one.
   * @param written false: the choice is asked only because of the hand, so it is not one of the run's own
   */
  force(alternative: number, written: boolean): void {
    this.forced = alternative;
    this.written = written;
  }

  choose(kind: ChoiceKind, n: number, odds?: readonly number[]): number {
    if (kind === 'task' && this.forced >= 0) {
      const choice = Math.min(this.forced, n - 1);
      this.forced = -1;
      if (this.written) this.choices.push(choice);
      return choice;
    }
    const choice = this.source.choose(kind, n, odds);
    this.choices.push(choice);
    return choice;
  }
}

/** The source of choices that options ask for. */
export function sourceOf(decisions: Decisions | undefined, seed: number | undefined, recorded: readonly number[] | undefined): Decisions {
  if (recorded !== undefined) return new Recorded(recorded);
  if (decisions !== undefined) return decisions;
  return seed === undefined ? new FirstCome() : new Seeded(seed);
}
