/**
 * Every nondeterminism of the machine is a choice asked of one Decisions object: which task runs, whether a
 * pending softirq runs now, what becomes of a packet, how a timer tie breaks. A run is (scenario,
 * decisions), and the same two give the same trace. Choices with one alternative are never asked.
 */

import { Prng } from './prng.js';

/** What is being chosen. The meaning of the alternatives is fixed for each kind; 0 is always what an idle Linux would do. */
export type ChoiceKind =
  /** which runnable task goes on: at a point 0 is the one that runs, after a sleep 0 is the first of the run queue */
  | 'task'
  /** a softirq was raised: 0 run it now, in the context of who raised it; 1 leave it to ksoftirqd */
  | 'softirq'
  /** a packet is put on a wire that is not perfect: 0 deliver; then what the wire can do to it of: lose, deliver twice, deliver late */
  | 'packet'
  /** several timers are due at the same instant: which fires next, in arming order */
  | 'timer';

/** Source of all choices of a run. */
export interface Decisions {
  /**
   * @param n number of alternatives, at least 2
   * @param odds how likely each alternative is, where that is known: a hint for random sources
   * @returns the one taken, 0 .. n - 1
   */
  choose(kind: ChoiceKind, n: number, odds?: readonly number[]): number;
}

/** Always the first alternative: what happens on an otherwise idle machine with one CPU. */
export class FirstCome implements Decisions {
  choose(): number {
    return 0;
  }
}

/** A seeded random walk over the alternatives. */
export class Seeded implements Decisions {
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  choose(kind: ChoiceKind, n: number, odds?: readonly number[]): number {
    if (kind !== 'packet') return this.prng.below(n);
    // Lost, doubled and late packets are faults, not schedules: they happen where a wire says how often.
    return odds === undefined ? 0 : this.draw(odds);
  }

  private draw(odds: readonly number[]): number {
    let left = (this.prng.below(1_000_000) / 1_000_000) * odds.reduce((sum, each) => sum + each, 0);
    for (let i = 0; i < odds.length - 1; i++) {
      left -= odds[i]!;
      if (left < 0) return i;
    }
    return odds.length - 1;
  }
}

/** Plays back a list of choices; behind its end, and where the list asks for what does not exist, the first alternative. */
export class Recorded implements Decisions {
  private position = 0;
  private readonly choices: readonly number[];

  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  choose(_kind: ChoiceKind, n: number): number {
    const choice = this.position < this.choices.length ? this.choices[this.position]! : 0;
    this.position++;
    return choice < n ? choice : 0;
  }
}

/** Wraps another source and keeps what it chose, to be played back by Recorded. */
export class Recorder implements Decisions {
  readonly choices: number[] = [];
  private readonly inner: Decisions;

  constructor(inner: Decisions) {
    this.inner = inner;
  }

  choose(kind: ChoiceKind, n: number, odds?: readonly number[]): number {
    const choice = this.inner.choose(kind, n, odds);
    this.choices.push(choice);
    return choice;
  }
}
