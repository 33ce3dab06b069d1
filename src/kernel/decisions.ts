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
  /** a segment is put on the wire: 0 deliver; 1 lose; 2 deliver twice; 3 deliver after the next one */
  | 'packet'
  /** several timers are due at the same instant: which fires next, in arming order */
  | 'timer';

/** Source of all choices of a run. */
export interface Decisions {
  /** @param n number of alternatives, at least 2 @returns the one taken, 0 .. n - 1 */
  choose(kind: ChoiceKind, n: number): number;
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

  choose(kind: ChoiceKind, n: number): number {
    // Lost, doubled and swapped packets are faults, not schedules: a seed alone explores schedules.
    return kind === 'packet' ? 0 : this.prng.below(n);
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

  choose(kind: ChoiceKind, n: number): number {
    const choice = this.inner.choose(kind, n);
    this.choices.push(choice);
    return choice;
  }
}
