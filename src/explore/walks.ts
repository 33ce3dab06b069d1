/**
 * Sources of choices that make one run each and remember nothing of the runs before: a seeded random walk, priorities that change at a few
 * random moments (PCT), and a given list. Random walks find what is easy to reach; PCT finds a bug that needs d orderings with a
 * probability that can be stated.
 */

import type { ChoiceKind } from '../kernel/decisions.js';
import type { Kernel } from '../kernel/kernel.js';
import { Prng } from '../kernel/prng.js';
import type { Story } from '../scenario/index.js';
import type { Chooser } from './run.js';
import { alternatives } from './tree.js';

/** Every alternative of every choice is equally likely. */
export class RandomWalk implements Chooser {
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  begin(): void {}

  choose(_kind: ChoiceKind, n: number): number {
    return this.prng.below(n);
  }
}

/**
 * Probabilistic concurrency testing: each task gets a random priority, the highest one that can run goes on, and at d - 1 random moments
 * the one that would go on drops below all others. A bug of depth d is found in one run with a probability of at least
 * 1 / (n k^(d-1)), for n tasks and k choices a run. Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010
 */
export class PriorityWalk implements Chooser {
  private readonly prng: Prng;
  private readonly priorities = new Map<number, number>();
  private readonly changes: number[] = [];
  private asked = 0;
  private k: Kernel | null = null;

  /** @param depth d, 1 or more @param length k: choices of tasks in a run */
  constructor(seed: number, depth: number, length: number) {
    this.prng = new Prng(seed);
    for (let change = 1; change < depth; change++) this.changes.push(1 + this.prng.below(Math.max(1, length)));
  }

  begin(story: Story): void {
    this.k = story.machine.kernel;
  }

  /** How many choices of tasks were asked. */
  get length(): number {
    return this.asked;
  }

  /** How many tasks had a priority. */
  get tasks(): number {
    return this.priorities.size;
  }

  choose(kind: ChoiceKind, n: number): number {
    if (kind !== 'task') return this.prng.below(n);
    const pids = alternatives(this.k!, n);
    for (const pid of pids) if (!this.priorities.has(pid)) this.priorities.set(pid, this.changes.length + 1 + this.prng.next());
    this.asked++;
    this.changes.forEach((moment, index) => {
      if (moment === this.asked) this.priorities.set(pids[this.highest(pids)]!, this.changes.length - index);
    });
    return this.highest(pids);
  }

  private highest(pids: readonly number[]): number {
    let best = 0;
    for (let at = 1; at < pids.length; at++) if (this.priorities.get(pids[at]!)! > this.priorities.get(pids[best]!)!) best = at;
    return best;
  }
}

/** Follows a list of choices; behind its end the first alternative. Counts what the run departs from "first come". */
export class Listed implements Chooser {
  /** departures: a task that could go on was made to wait, a softirq was put off, a packet suffered */
  cost = 0;
  /** choices that are not 0 */
  deviations = 0;
  /** every choice that was made, and how many alternatives each had */
  readonly made: number[] = [];
  readonly widths: number[] = [];
  private readonly list: readonly number[];
  private k: Kernel | null = null;

  constructor(list: readonly number[]) {
    this.list = list;
  }

  begin(story: Story): void {
    this.k = story.machine.kernel;
  }

  choose(kind: ChoiceKind, n: number): number {
    const asked = this.list[this.made.length] ?? 0;
    const choice = asked < n ? asked : 0;
    this.made.push(choice);
    this.widths.push(n);
    if (choice === 0) return 0;
    this.deviations++;
    if (kind === 'softirq' || kind === 'packet' || (kind === 'task' && n > this.k!.runqueue.length)) this.cost++;
    return choice;
  }
}
