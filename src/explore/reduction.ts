/**
 * Which alternatives of the tree must be taken, so that every run that is left out is like one that was made: the same moves with
 * neighbours that do not touch the same objects changed round. Races between moves of a run ask for alternatives (source sets), and tasks
 * whose move was tried before sleep until something touches what they touch (sleep sets).
 * Abdulla, Aronis, Jonsson, Sagonas: Optimal Dynamic Partial Order Reduction, POPL 2014, algorithm 1. docs/decisions/0009-footprints.md
 */

import type { file } from '../kernel/file.js';
import type { files_struct } from '../kernel/fdtable.js';
import { follow_footprints, type Footprint, object_of, OBJECT_INET } from '../kernel/footprint.js';
import type { Kernel } from '../kernel/kernel.js';
import type { task_struct } from '../kernel/task.js';
import { PRECISE_CALLS } from './precise.js';
import { PRUNED } from './run.js';
import { Touched } from './touched.js';
import type { Node } from './tree.js';

/** A task whose next move was tried here before, and what that move touched. */
export interface Sleeper {
  readonly pid: number;
  readonly touched: Touched;
}

/** One move of a run. */
interface Move {
  readonly pid: number;
  /** the choice that gave the CPU to the task; null: nobody else could run */
  readonly node: Node | null;
  readonly touched: Touched;
  /** by place of a task: how many of its moves come before this one whatever is changed round, this one included */
  readonly clock: readonly number[];
  /** first move since the clock jumped: nothing changes places over a jump */
  readonly epoch: number;
  /** who slept before the move */
  readonly sleep: readonly Sleeper[];
}

/** Numbers of objects, tasks and slots do not meet. */
const object = (id: number): number => id * 4;
const taskObject = (pid: number): number => pid * 4 + 1;
const SLOTS = 2 ** 20;
const slotObject = (table: number, fd: number): number => (table * SLOTS + fd + 1) * 4 + 2;
/** the variables that programs share */
const VARIABLES = 3;
/** the numbers of processes */
const PIDS = 7;
const NOBODY: readonly Sleeper[] = [];

/** Follows a run from inside and decides what the tree has still to try. */
export class Reduction implements Footprint {
  private stack: readonly Node[] = [];
  private readonly shares: boolean;
  private made: Move[] = [];
  /** number of the move that is being made, and the first one that is not as in the run before */
  private now = 0;
  private fresh = 0;
  private touched = new Touched();
  private sleep: readonly Sleeper[] = NOBODY;
  private node: Node | null = null;
  private epoch = 0;
  private pid = 0;
  private state = 0;
  private hasMoved = false;
  private jumping = false;
  /** what the running call of each task works on; null: anything */
  private readonly used = new Map<number, number[] | null>();
  /** the process of a thread that ends beside others */
  private readonly ending = new Map<number, number>();
  /** what the descriptors of the call that began in this move led to, and whether it has done nothing else */
  private readonly found: number[] = [];
  private onlyLooked = false;
  /** the move that made a task able to run */
  private readonly wokenBy = new Map<number, number>();
  /** the task that lets others go first */
  private yielded: number | null = null;
  private readonly places = new Map<number, number>();

  /** @param shares programs of the scenario share variables that change */
  constructor(shares: boolean) {
    this.shares = shares;
  }

  attach(stack: readonly Node[]): void {
    this.stack = stack;
  }

  // ---- the run ----

  begin(k: Kernel): void {
    follow_footprints(k.world, this);
    const top = this.stack[this.stack.length - 1];
    this.fresh = top === undefined ? 0 : top.move;
    this.now = 0;
    this.sleep = NOBODY;
    this.node = null;
    this.hasMoved = false;
    this.jumping = false;
    this.yielded = null;
    this.used.clear();
    this.ending.clear();
    this.found.length = 0;
    this.onlyLooked = false;
    this.wokenBy.clear();
    if (this.fresh === 0) this.enter();
  }

  /** The first move that is new begins. */
  private enter(): void {
    const before = this.made[this.fresh];
    const top = this.stack[this.stack.length - 1];
    this.epoch = this.fresh === 0 ? 0 : this.made[this.fresh - 1]!.epoch;
    if (top !== undefined && top.pids !== null) this.sleep = top.sleep;
    else this.sleep = before === undefined ? NOBODY : before.sleep;
    this.made.length = this.fresh;
  }

  /** A choice was made, new or again. */
  chosen(node: Node): void {
    if (node.pids !== null) this.node = node;
  }

  /** A choice that no run came to before. */
  opened(node: Node): void {
    node.move = this.now;
  }

  /** The same for one of tasks. @returns the alternative to take; -1: all lead to runs like others */
  first(node: Node): number {
    node.sleep = this.sleep;
    return this.pick(node, 2 ** node.n - 1);
  }

  /** The machine has moved; false: what follows is like a run that was made. */
  moved(): boolean {
    if (!this.hasMoved) return true;
    this.hasMoved = false;
    if (this.now >= this.fresh) this.finish();
    this.now++;
    this.node = null;
    if (this.now === this.fresh) this.enter();
    return true;
  }

  // ---- footprints ----

  idle(): void {
    this.jumping = true;
  }

  moves(task: task_struct): void {
    const { pid } = task;
    if (this.jumping) {
      this.jumping = false;
      if (this.now >= this.fresh) {
        this.sleep = NOBODY;
        this.epoch = this.now;
      }
    }
    if (this.now >= this.fresh && this.sleep.length > 0 && this.sleep.some((sleeper) => sleeper.pid === pid)) throw PRUNED;
    this.touched = new Touched();
    this.hasMoved = true;
    this.pid = pid;
    this.state = task.__state;
    this.touched.reads(taskObject(pid));
    const objects = this.used.get(pid);
    if (objects === null) this.touched.everything = true;
    else if (objects !== undefined) for (const each of objects) this.touched.writes(each);
    const process = this.ending.get(pid);
    if (process !== undefined) this.touched.reads(process);
    if (task.pid < 0) this.touched.writes(object(OBJECT_INET));
    if (this.yielded !== null) {
      this.touched.everything = true;
      if (this.yielded !== pid) this.wokenBy.set(this.yielded, this.now);
      this.yielded = null;
    }
  }

  ended(task: task_struct, sleeps: boolean, yields: boolean): void {
    this.settle();
    if (sleeps || task.__state !== this.state) this.touched.writes(taskObject(task.pid));
    if (sleeps) this.wokenBy.delete(task.pid);
    if (!yields) return;
    this.touched.everything = true;
    this.yielded = task.pid;
  }

  call(nr: number): void {
    this.settle();
    this.ending.delete(this.pid);
    if (PRECISE_CALLS.has(nr)) this.used.set(this.pid, []);
    else this.everything();
    if (this.shares) this.touched.writes(VARIABLES);
  }

  exits(task: task_struct): void {
    const { signal, group_leader, real_parent } = task;
    const others = signal.threads.length > 1;
    this.used.set(this.pid, []);
    if (this.shares) this.touched.writes(VARIABLES);
    if (others && group_leader !== task && group_leader.exit_state === 0) {
      // one thread of several: threads may end in any order
      this.ending.set(this.pid, object(signal.id));
      this.touched.reads(object(signal.id));
    } else if (others || task.children.length > 0) {
      this.everything();
    } else {
      this.use(object(signal.id));
      if (real_parent !== null) this.use(object(real_parent.signal.id));
    }
  }

  starts(child: task_struct, from: task_struct): void {
    const { signal, real_parent, files } = child;
    this.touched.writes(PIDS);
    this.touched.writes(object(signal.id));
    if (real_parent !== null) this.touched.writes(object(real_parent.signal.id));
    if (files === from.files) return;
    // a copy of the table: every file in it has one more user
    if (from.files.count > 1) this.everything();
    for (const fd of files.open()) this.use(object(object_of(files.at(fd)!)));
  }

  signals(task: task_struct): void {
    if (this.jumping) return;
    for (const thread of task.signal.threads) this.touched.writes(taskObject(thread.pid));
    this.touched.writes(object(task.signal.id));
  }

  looked(): void {
    this.onlyLooked = true;
  }

  private use(id: number): void {
    if (this.jumping) return;
    this.touched.writes(id);
    this.remember(id);
  }

  /** The call works on an object until it ends. */
  private remember(id: number): void {
    const objects = this.used.get(this.pid);
    if (objects === undefined) this.used.set(this.pid, [id]);
    else if (objects !== null && !objects.includes(id)) objects.push(id);
  }

  uses(file: file): void {
    if (this.jumping) return;
    const id = object(object_of(file));
    this.found.push(id);
    this.remember(id);
  }

  /** What the call found by its descriptors was touched by now; or it was only looked up, if the call stops before it does anything. */
  private settle(): void {
    for (const id of this.found) {
      if (this.onlyLooked) this.touched.reads(id);
      else this.touched.writes(id);
    }
    this.found.length = 0;
    this.onlyLooked = false;
  }

  usesObject(id: number): void {
    this.use(object(id));
  }

  reads(file: file): void {
    if (!this.jumping) this.touched.reads(object(object_of(file)));
  }

  writes(id: number): void {
    if (!this.jumping) this.touched.writes(object(id));
  }

  slot(files: files_struct, fd: number, changes: boolean): void {
    const id = slotObject(files.id, fd);
    if (changes) this.touched.writes(id);
    else this.touched.reads(id);
  }

  wakes(task: task_struct, changed: boolean): void {
    if (this.jumping) {
      if (changed) this.wokenBy.delete(task.pid);
      return;
    }
    if (changed) {
      this.touched.writes(taskObject(task.pid));
      this.wokenBy.set(task.pid, this.now);
    } else {
      this.touched.reads(taskObject(task.pid));
    }
  }

  everything(): void {
    if (this.jumping) return;
    this.touched.everything = true;
    this.used.set(this.pid, null);
  }

  // ---- the search ----

  private place(pid: number): number {
    let place = this.places.get(pid);
    if (place === undefined) {
      place = this.places.size;
      this.places.set(pid, place);
    }
    return place;
  }

  /** Puts down the move that was made, asks for what its races need, and lets those sleep on whom it does not concern. */
  private finish(): void {
    const { touched, pid } = this;
    const clock = this.clockOf(pid, touched);
    const { node } = this;
    this.made.push({ pid, node, touched, clock, epoch: this.epoch, sleep: this.sleep });
    if (node !== null) {
      if (node.touched === null) node.touched = new Touched();
      node.touched.join(touched);
    }
    this.sleep = this.sleep.filter((sleeper) => sleeper.pid !== pid && !sleeper.touched.conflicts(touched));
  }

  /** What comes before the move now made, whatever is changed round. On the way every race of the move is looked at. */
  private clockOf(pid: number, touched: Touched): number[] {
    const { made } = this;
    const place = this.place(pid);
    const clock: number[] = [];
    const enabler = this.wokenBy.get(pid) ?? -1;
    for (let at = made.length - 1; at >= this.epoch; at--) {
      const move = made[at]!;
      const other = this.place(move.pid);
      if (isKnown(move.clock[other]!, clock[other])) continue;
      const own = move.pid === pid || at === enabler;
      if (!own && !move.touched.conflicts(touched)) continue;
      if (!own) this.race(at, pid);
      join(clock, move.clock);
    }
    clock[place] = (clock[place] ?? 0) + 1;
    return clock;
  }

  /**
   * Move `at` and the one now made by `pid` touch the same and could have come the other way round: the choice before `at` must also try
   * a task that can begin what led here without `at`.
   */
  private race(at: number, pid: number): void {
    const first = this.made[at]!;
    const { node } = first;
    if (node === null) return;
    const initials = this.initials(at, first, pid);
    if (node.sleep.some((sleeper) => initials.includes(sleeper.pid))) return;
    let bits = 0;
    node.pids!.forEach((each, index) => { if (initials.includes(each)) bits |= 1 << index; });
    // nobody of them could move there: then everybody has to be tried
    if (bits === 0) node.todo = 2 ** node.n - 1;
    else if ((node.todo & bits) === 0) node.todo |= bits & -bits;
  }

  /** Tasks that can begin what happened since move `at` and does not depend on it, together with the move now made by `pid`. */
  private initials(at: number, first: Move, pid: number): number[] {
    const { made, touched } = this;
    const place = this.place(first.pid);
    const count = first.clock[place]!;
    const rest: Move[] = [];
    const initials: number[] = [];
    for (let later = at + 1; later < made.length; later++) {
      const move = made[later]!;
      if (isKnown(count, move.clock[place])) continue;
      if (!initials.includes(move.pid) && rest.every((earlier) => !this.comesBefore(earlier, move))) initials.push(move.pid);
      rest.push(move);
    }
    const enabled = (this.wokenBy.get(pid) ?? -1) <= at;
    if (enabled && rest.every((earlier) => earlier.pid !== pid && !earlier.touched.conflicts(touched))) initials.push(pid);
    return initials;
  }

  private comesBefore(earlier: Move, later: Move): boolean {
    const place = this.place(earlier.pid);
    return isKnown(earlier.clock[place]!, later.clock[place]);
  }

  /** The alternative to take among those of `left`; those that would lead to runs like others are done with. -1: none */
  pick(node: Node, left: number): number {
    for (let at = 0; at < node.n; at++) {
      if ((left & (1 << at)) === 0) continue;
      if (!node.sleep.some(({ pid }) => pid === node.pids![at])) return at;
      node.done |= 1 << at;
    }
    return -1;
  }

  /** All runs behind the alternative that was taken are made: its task sleeps in what is tried next. */
  leave(node: Node): void {
    let touched = node.touched;
    node.touched = null;
    if (touched === null) {
      touched = new Touched();
      touched.everything = true;
    }
    node.sleep = [...node.sleep, { pid: node.pids![node.chosen]!, touched }];
  }
}

/** Is the move of a task with this count among those that a clock knows? */
function isKnown(count: number, known: number | undefined): boolean {
  return known !== undefined && count <= known;
}

/** A clock takes in what another one knows. */
function join(clock: number[], other: readonly number[]): void {
  for (let place = 0; place < other.length; place++) clock[place] = Math.max(clock[place] ?? 0, other[place] ?? 0);
}
