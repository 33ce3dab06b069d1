/**
 * A schedule as data: where it leaves the order "first come, first served", and for what. Between two of these places everything goes as on an
 * idle machine, so a short list is a simple schedule, and making it smaller makes it simpler.
 */

import type { ChoiceKind, Decisions } from '../scenario/index.js';

/** One place where the order is left. */
export interface Deviation {
  /** choices that are made first come, first served before this one */
  readonly after: number;
  /** which alternative is taken then, counted from 1; taken modulo the number of alternatives */
  readonly take: number;
}

/** A schedule. */
export class Schedule {
  readonly deviations: readonly Deviation[];

  constructor(deviations: readonly Deviation[]) {
    this.deviations = deviations;
  }

  /** A fresh source of choices for one run. */
  decisions(): Decisions {
    let next = 0;
    let left = this.deviations[0]?.after ?? Infinity;
    const { deviations } = this;
    return {
      choose(kind: ChoiceKind, n: number): number {
        if (kind === 'packet') return 0;
        if (left-- > 0) return 0;
        const { take } = deviations[next++]!;
        left = deviations[next]?.after ?? Infinity;
        return take % n;
      },
    };
  }

  /** In words. */
  toString(): string {
    if (this.deviations.length === 0) return 'first come, first served';
    let at = 0;
    return this.deviations.map(({ after, take }) => {
      at += after + 1;
      return `choice ${at}: alternative ${take}`;
    }).join(', ');
  }
}
