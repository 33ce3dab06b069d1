/**
 * The views of a whole run: which state the machine had at every row of its trace. A History looks at the machine after each row and
 * writes down what changed; every now and then it keeps the whole view. The state at any step is the kept view before it and the few changes
 * since, so that no step has to be run again, and the steps at which a part changed are found in a sorted list. What is kept grows with the
 * number of changes, 24 bytes each, and with one view, shared with its neighbours, in 256 rows.
 */

import { T_ENTER, T_LEAVE, type Trace } from '../kernel/trace.js';
import type { Kernel } from '../kernel/kernel.js';
import { type Change, changes } from './diff.js';
import { Inspector } from './inspector.js';
import { HostsOf } from './hostsOf.js';
import { Draft } from './patch.js';
import { TRACED } from './traced.js';
import { Stamp } from './stamp.js';
import type { MachineView } from './view.js';

/** Rows between two whole views. */
const KEYFRAME_ROWS = 256;
/** Views that were asked for and are kept for the next question. */
const CACHED_VIEWS = 64;

/** What the questions so far have cost, for tests: numbers that do not depend on the machine. */
export interface HistoryWork {
  /** changes that were applied to kept views */
  changes: number;
  /** rows that were read to know who is in which function */
  rows: number;
  /** entries of sorted lists that were looked at */
  looks: number;
  /** views that were made while the run went on; rows that change nothing need none */
  views: number;
}

/** The place of the first number in a sorted list that is greater than `value`. */
export function after(sorted: readonly number[], value: number, work?: HistoryWork): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (work !== undefined) work.looks++;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Everything that a machine was, row by row. */
export class History {
  readonly work: HistoryWork = { changes: 0, rows: 0, looks: 0, views: 0 };
  private readonly k: Kernel;
  private readonly trace: Trace;
  private readonly inspector: Inspector;
  private last: MachineView;
  private readonly keySteps: number[];
  private readonly keyViews: MachineView[] = [];
  /** the log of changes: which path, and its new value; `starts` says where a row's changes begin */
  private readonly starts: number[] = [];
  private readonly logPath: number[] = [];
  private readonly logValue: unknown[] = [];
  private readonly paths: string[] = [];
  private readonly idOf = new Map<string, number>();
  /** rows at which a path changed, by its number */
  private readonly stepsOf: number[][] = [];
  /** poll masks as far as they are known: inside a spinlock nobody can ask */
  private readonly masks = new Map<string, unknown>();
  private readonly cache = new Map<number, MachineView>();
  private readonly hosts = new HostsOf();
  /** null on a machine of several hosts: there every row is looked at in full */
  private readonly stamp: Stamp | null;
  /** the last view was taken inside a spinlock, without poll masks */
  private wasAtomic = false;
  private readonly families = new Map<string, { readonly seen: number; readonly columns: readonly (readonly number[])[] }>();

  private readonly most: number;

  /**
   * Begins to watch a machine that has a growing trace and has not moved yet.
   * @param most rows after which it stops to look: what is kept is bounded by that
   */
  constructor(k: Kernel, most = Infinity) {
    this.k = k;
    this.most = most;
    this.trace = k.trace!;
    this.stamp = k.world.hosts.length === 1 ? new Stamp(k) : null;
    this.inspector = new Inspector(k, this.stamp);
    this.last = this.inspector.view();
    this.keySteps = [this.trace.count - 1];
    this.keyViews.push(this.last);
    this.hosts.note(this.last, null);
    for (let step = 0; step < this.trace.count; step++) this.starts.push(0);
    this.trace.watcher = () => this.note();
  }

  /** Rows whose state is known. */
  get count(): number {
    return this.starts.length;
  }

  /** Stops watching: the machine goes on unseen. */
  stop(): void {
    this.trace.watcher = null;
  }

  private note(): void {
    const step = this.trace.count - 1;
    if (step >= this.most) return;
    this.starts.push(this.logPath.length);
    const atomic = this.isAtomic();
    const isKey = step - this.keySteps.at(-1)! >= KEYFRAME_ROWS && !atomic;
    if (this.stamp !== null && !this.stamp.changed() && !isKey && (atomic || !this.wasAtomic)) return;
    this.wasAtomic = atomic;
    this.work.views++;
    const view = this.inspector.view(isKey);
    for (const { path, after: value } of changes(this.last, view)) if (this.isNews(path, value)) this.log(step, path, value);
    if (view.hosts.length > 0) {
      this.hosts.note(view, this.last);
      for (const { path, after: value } of this.hosts.changes(this.last, view)) this.log(step, path, value);
    }
    this.last = view;
    if (!isKey) return;
    this.keySteps.push(step);
    this.keyViews.push(view);
  }

  /** The rows counted and the functions of a task are in the trace; a mask that cannot be asked for now is the one of before. */
  private isNews(path: string, value: unknown): boolean {
    if (path === 'traceStep' || path.endsWith('/stack')) return false;
    if (!path.startsWith('files/')) return true;
    if (!path.endsWith('/mask')) {
      if (value === undefined) this.masks.delete(`${path}/mask`);
      else if (path.split('/').length === 2) this.masks.set(`${path}/mask`, (value as { mask: unknown }).mask);
      return true;
    }
    if (this.wasAtomic || (this.masks.has(path) && this.masks.get(path) === value)) return false;
    this.masks.set(path, value);
    return true;
  }

  /** Somebody holds a spinlock: files cannot be asked what is ready. */
  private isAtomic(): boolean {
    return this.k.world.hosts.some((host) => host.spinlocks_held > 0);
  }

  private log(step: number, path: string, value: unknown): void {
    let id = this.idOf.get(path);
    if (id === undefined) {
      id = this.paths.length;
      this.idOf.set(path, id);
      this.paths.push(path);
      this.stepsOf.push([]);
    }
    this.logPath.push(id);
    this.logValue.push(value);
    const steps = this.stepsOf[id]!;
    if (steps.at(-1) !== step) steps.push(step);
  }

  /** The machine as it was when row `step` was written: immutable, and the same object when it is asked for again soon. */
  view(step: number): MachineView {
    const known = this.cache.get(step);
    if (known !== undefined) {
      this.cache.delete(step);
      this.cache.set(step, known);
      return known;
    }
    const view = this.build(step);
    this.cache.set(step, view);
    if (this.cache.size > CACHED_VIEWS) this.cache.delete(this.cache.keys().next().value!);
    return view;
  }

  private build(step: number): MachineView {
    const at = after(this.keySteps, step, this.work) - 1;
    let from = this.keySteps[at]!;
    let base = this.keyViews[at]!;
    for (const [cached, view] of this.cache) if (cached > from && cached < step) [from, base] = [cached, view];
    if (from === step) return base;
    const draft = new Draft(base);
    const end = step + 1 < this.starts.length ? this.starts[step + 1]! : this.logPath.length;
    for (let i = this.starts[from + 1]!; i < end; i++) {
      this.work.changes++;
      draft.put(this.paths[this.logPath[i]!]!, this.logValue[i]);
    }
    this.putStacks(draft, base, from, step);
    draft.put('traceStep', step + 1);
    if (draft.view.hosts.length > 0) this.hosts.putInto(draft, draft.view);
    return draft.finish();
  }

  /** Who is in which function: what was entered and left since the view. */
  private putStacks(draft: Draft, base: MachineView, from: number, step: number): void {
    const { trace } = this;
    const stacks = new Map<number, string[]>();
    for (let row = from + 1; row <= step; row++) {
      this.work.rows++;
      const kind = trace.kind(row);
      if (kind !== T_ENTER && kind !== T_LEAVE) continue;
      const pid = trace.task(row);
      let stack = stacks.get(pid);
      if (stack === undefined) stacks.set(pid, (stack = [...base.tasks.find((task) => task.pid === pid)?.stack ?? []]));
      if (kind === T_ENTER) stack.push(TRACED.get(trace.what(row))?.name ?? String(trace.what(row)));
      else stack.pop();
    }
    for (const [pid, stack] of stacks) if (draft.has('tasks', pid)) draft.put(`tasks/${pid}/stack`, Object.freeze(stack));
  }

  /** What row `step` changed: the marks of a picture. Functions entered and left are not among them: the row itself is that. */
  changesAt(step: number): Change[] {
    const end = step + 1 < this.starts.length ? this.starts[step + 1]! : this.logPath.length;
    if (step <= 0 || this.starts[step] === end) return [];
    const before = this.view(step - 1);
    const out: Change[] = [];
    for (let i = this.starts[step]!; i < end; i++) {
      const path = this.paths[this.logPath[i]!]!;
      out.push({ path, before: valueAt(before, path), after: this.logValue[i] });
    }
    return out;
  }

  /** The sorted lists of rows at which `path`, a part of it, or the whole it belongs to came, went or changed. */
  private columns(path: string): readonly (readonly number[])[] {
    const known = this.families.get(path);
    if (known?.seen === this.paths.length) return known.columns;
    const whole = path.split('/').slice(0, 2).join('/');
    const columns = this.stepsOf.filter((_, id) => {
      const name = this.paths[id]!;
      return name === path || name.startsWith(`${path}/`) || name === whole;
    });
    this.families.set(path, { seen: this.paths.length, columns });
    return columns;
  }

  /** The last row up to `step` (included) that changed a part; null: none did. @param path `eventpolls/4/rdllist`, `sockets/9` ... */
  lastChange(path: string, step: number): number | null {
    const found = this.columns(path).map((steps) => steps[after(steps, step, this.work) - 1] ?? -1);
    const last = Math.max(-1, ...found);
    return last < 0 ? null : last;
  }

  /** The first row behind `step` that changes a part; null: none does. */
  nextChange(path: string, step: number): number | null {
    const found = this.columns(path).map((steps) => steps[after(steps, step, this.work)] ?? Infinity);
    const next = Math.min(Infinity, ...found);
    return next === Infinity ? null : next;
  }

  /** Every path that ever changed: what can be watched. */
  changedPaths(): readonly string[] {
    return this.paths;
  }
}

/** What a path leads to in a view; undefined: nothing. */
export function valueAt(view: MachineView, path: string): unknown {
  return path.split('/').reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at.find((thing: { id?: unknown }) => String(thing.id) === part);
    return (at as Record<string, unknown> | undefined)?.[part];
  }, view);
}
