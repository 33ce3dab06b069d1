/**
 * The tree of all choices of a scenario, walked depth first. A run follows the choices on the stack, and behind them takes the first
 * alternative everywhere; then the deepest choice with an alternative left is changed. Without reduction every alternative is taken.
 * With reduction (`reduction.ts`) only those are taken that a race asked for, and none that leads to a run like one that was made.
 */

import type { ChoiceKind } from '../kernel/decisions.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Story } from '../scenario/index.js';
import type { Reduction, Sleeper } from './reduction.js';
import { type Chooser, PRUNED } from './run.js';
import type { Touched } from './touched.js';

/** A choice on the way of the run. */
export class Node {
  readonly kind: ChoiceKind;
  /** number of alternatives */
  readonly n: number;
  /** pids of the tasks that can go on, in the order of the alternatives; null: not a choice of tasks */
  readonly pids: readonly number[] | null;
  /** alternatives that are taken or were, one bit each */
  done = 0;
  /** alternatives that are to be taken, those of `done` included */
  todo = 0;
  chosen = 0;
  /** departures from "first come" before this choice */
  readonly cost: number;
  /** alternative 0 goes on with the task that has the CPU */
  readonly standing: boolean;
  /** tasks that need not move first here; grows as alternatives are done with */
  sleep: readonly Sleeper[] = [];
  /** number of the move that the choice belongs to */
  move = 0;
  /** what the move behind the alternative that is taken touched; null: it was not made yet */
  touched: Touched | null = null;

  constructor(kind: ChoiceKind, n: number, pids: readonly number[] | null, cost: number, standing: boolean) {
    this.kind = kind;
    this.n = n;
    this.pids = pids;
    this.cost = cost;
    this.standing = standing;
  }

  /** What taking an alternative costs: 1 when a task that could go on is made to wait, a softirq is put off, or a packet suffers. */
  costOf(choice: number): number {
    if (choice === 0) return 0;
    return this.kind === 'softirq' || this.kind === 'packet' || (this.kind === 'task' && this.standing) ? 1 : 0;
  }
}

/** More alternatives than this are not kept apart. */
export const MAX_ALTERNATIVES = 30;

/** Which task each alternative of a choice is: the one that stands at a point first, if it may go on; then the run queue. */
export function alternatives(k: Kernel, n: number): readonly number[] {
  const pids = k.runqueue.map((task) => task.pid);
  return n > pids.length ? [k.world.active!.current.pid, ...pids] : pids;
}

/** All alternatives of `n`, one bit each. */
function allOf(n: number): number {
  return 2 ** n - 1;
}

/** One of several parts of a tree that together are the whole; the first one is 1. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

const WHOLE: Part = { index: 1, of: 1 };

/** A depth-first walk. */
export class Tree implements Chooser {
  readonly stack: Node[] = [];
  private depth = 0;
  private cost = 0;
  private k: Kernel | null = null;
  private readonly bound: number;
  private readonly putOff: number;
  private off = 0;
  private readonly part: Part;
  /** choices above this one are the same in all parts: every alternative of theirs is taken */
  private readonly crown: number;
  /** where the part of the tree begins that the run is in; -1: it is still in the crown */
  private rootAt = -1;
  private roots = 0;
  private foreign = false;
  private readonly reduction: Reduction | null;

  /**
   * @param bound departures that a run may have; Infinity: any number. With a reduction it must be Infinity
   * @param part the part of the tree that is walked
   * @param putOff softirqs that may be put off in a run. All moves that ask touch the network, so this bound agrees with a reduction
   */
  constructor(bound: number, putOff: number, reduction: Reduction | null, part: Part = WHOLE) {
    this.part = part;
    this.crown = part.of === 1 ? 0 : 3 + Math.ceil(Math.log2(part.of));
    this.bound = bound;
    this.putOff = putOff;
    this.reduction = reduction;
    reduction?.attach(this.stack);
  }

  begin(story: Story): void {
    this.k = story.machine.kernel;
    this.depth = 0;
    this.cost = 0;
    this.off = 0;
    this.foreign = false;
    this.reduction?.begin(this.k);
  }

  moved(): boolean {
    return this.reduction === null ? true : this.reduction.moved();
  }

  choose(kind: ChoiceKind, n: number): number {
    const at = this.depth++;
    const node = at < this.stack.length ? this.stack[at]! : this.open(kind, n, at);
    this.cost += node.costOf(node.chosen);
    if (kind === 'softirq' && node.chosen > 0) this.off++;
    this.reduction?.chosen(node);
    return node.chosen;
  }

  private open(kind: ChoiceKind, n: number, at: number): Node {
    const k = this.k!;
    const tasks = kind === 'task';
    const standing = tasks && n > k.runqueue.length;
    const wide = Math.min(n, MAX_ALTERNATIVES);
    const node = new Node(kind, wide, tasks && this.reduction !== null ? alternatives(k, n) : null, this.cost, standing);
    this.reduction?.opened(node);
    if (tasks && at >= this.crown && this.rootAt < 0) this.root(at);
    if (tasks && this.reduction !== null) {
      const first = this.reduction.first(node);
      if (first < 0) throw PRUNED;
      node.chosen = first;
      node.todo = at < this.crown ? allOf(wide) : 1 << first;
    } else {
      // an alternative costs at most one departure, and alternative 0 none
      const none = this.cost + node.costOf(1) > this.bound || (kind === 'softirq' && this.off >= this.putOff);
      node.todo = none ? 1 : allOf(wide);
    }
    node.done |= 1 << node.chosen;
    this.stack.push(node);
    return node;
  }

  /** A part of the tree begins here; parts are dealt out in turn. */
  private root(at: number): void {
    if (this.part.of === 1) return;
    this.foreign = this.roots++ % this.part.of !== this.part.index - 1;
    if (this.foreign) throw PRUNED;
    this.rootAt = at;
  }

  /** The run that was made belongs to another part: it does not count here. */
  get isForeign(): boolean {
    // a run that ends in the crown is a part by itself
    if (this.part.of > 1 && this.rootAt < 0 && !this.foreign) this.foreign = this.roots++ % this.part.of !== this.part.index - 1;
    return this.foreign;
  }

  /**
   * Changes the deepest choice that has an alternative left, and forgets what stood behind it.
   * @returns false: the tree is walked to its end
   */
  advance(): boolean {
    const { stack } = this;
    // choices that the run did not come to belong to a run that was cut short
    while (stack.length > 0) {
      // the part that began here is left
      if (stack.length <= this.rootAt) this.rootAt = -1;
      const node = stack[stack.length - 1]!;
      if (node.pids !== null) this.reduction!.leave(node);
      const left = node.todo & ~node.done;
      if (left !== 0) {
        const next = node.pids === null ? 31 - Math.clz32(left & -left) : this.reduction!.pick(node, left);
        if (next >= 0) {
          node.chosen = next;
          node.done |= 1 << next;
          return true;
        }
      }
      stack.pop();
    }
    return false;
  }

  /** Where the walk stands: for each choice of the stack, how many alternatives are left of how many. */
  get frontier(): number {
    let open = 0;
    for (const node of this.stack) {
      let left = node.todo & ~node.done;
      for (; left !== 0; left &= left - 1) open++;
    }
    return open;
  }

  /** The choices that lead to where the walk stands. */
  get choices(): number[] {
    return this.stack.map((node) => node.chosen);
  }
}

