/**
 * The trace: what the kernel did, as rows of integers. Every traced function emits a row when it is entered and
 * one when it is left; list moves, wake-ups, state changes and task switches emit rows of their own. Nothing is
 * formatted here: names are joined when the trace is read. ours: Linux has ftrace and tracepoints.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';
import type { Sleeps } from './point.js';
import type { task_struct } from './task.js';

/** Integers in a row: kind and task in one, what (function id, system call number, object id), then six arguments. */
const ROW = 8;
/** Bits of a row's first integer that hold the task's pid; the kind stands above them. */
const PID_BITS = 22;
const PID_MASK = (1 << PID_BITS) - 1;

export const T_ENTER = 1;
export const T_LEAVE = 2;
export const T_SYSCALL_ENTER = 3;
export const T_SYSCALL_EXIT = 4;
/** a task got the CPU: a = task that had it before */
export const T_SWITCH = 5;
/** a task was made runnable: what = its pid */
export const T_WAKE = 6;
/** an object was created: what = id, a = class (OBJ_*), b = an id it belongs to */
export const T_NEW = 7;
/** list and tree moves: what = item id, a = the eventpoll's id, b = a position or mask */
export const T_RDLLIST_ADD = 10;
export const T_RDLLIST_DEL = 11;
export const T_OVFLIST_ADD = 12;
export const T_OVFLIST_DEL = 13;
export const T_TXLIST = 14;
export const T_RBR_INSERT = 15;
export const T_RBR_ERASE = 16;
/** wait queue moves: what = queue id, a = task or item id, b = 1 exclusive */
export const T_WQ_ADD = 17;
export const T_WQ_DEL = 18;
/** an event was copied to the user: what = item id, a = mask, b = index */
export const T_EVENT = 19;
/** a socket changed state: what = sock id, a = old, b = new */
export const T_SK_STATE = 20;
/** a segment was put on the wire: what = from sock id, a = flags, b = seq, c = ack, d = length, e = window */
export const T_SEGMENT = 21;
/** a branch that exists for a subtle reason was taken: what = mark id */
export const T_MARK = 22;
/** a signal was made pending / delivered: what = signal number, a = pid */
export const T_SIGNAL = 23;
/** a timer fired: what = owner id */
export const T_TIMER = 24;

/** How the arguments of one traced function are to be read. */
export interface traced_function {
  readonly id: number;
  readonly name: string;
  /** `name:kind` each; kinds: int, mask, item, ep, sk, wq, task, state, bits(a,b,c) */
  readonly args: readonly string[];
  /** kind of the return value: int, mask, bool, sk or none */
  readonly ret: string;
}

/** A table of traced functions: ids to emit, and how to read them. */
export interface traced_table<Name extends string> {
  readonly id: Readonly<Record<Name, number>>;
  readonly functions: readonly traced_function[];
}

/**
 * Declares traced functions with ids from `base` upwards. ours: see the head of the file.
 * @param specs function name -> `arg:kind arg:kind -> ret`; up to six arguments
 */
export function traced<Name extends string>(base: number, specs: Record<Name, string>): traced_table<Name> {
  const id = {} as Record<Name, number>;
  const functions = (Object.keys(specs) as Name[]).map((name, index): traced_function => {
    const [args = '', ret = 'none'] = specs[name].split('->');
    id[name] = base + index;
    return { id: base + index, name, args: args.split(' ').filter((arg) => arg !== ''), ret: ret.trim() };
  });
  return { id, functions };
}

/** A ring of rows, or, when `growing`, all rows of the run. */
export class Trace {
  private rows: Int32Array;
  /** rows emitted since the start; the oldest one still held is `max(0, count - capacity)` */
  count = 0;
  capacity: number;
  private readonly growing: boolean;
  /** the running task's pid, and the functions it is in */
  private pid = 0;
  private stack: number[] = [];
  /** is called after every row, in the middle of what the kernel does: it may look, and must change nothing; null: nobody */
  watcher: (() => void) | null = null;

  /** @param capacity rows, a power of two */
  constructor(k: Kernel, capacity: number, growing = false) {
    BUG_ON((capacity & (capacity - 1)) !== 0, 'trace: the capacity is a power of two');
    this.capacity = capacity;
    this.growing = growing;
    this.rows = new Int32Array(capacity * ROW);
    this.switch_to(k.current);
  }

  /** From here on rows are the work of `task`. */
  switch_to(task: task_struct): void {
    this.pid = task.pid & PID_MASK;
    this.stack = task.trace_stack;
  }

  emit(kind: number, what: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    if (this.growing && this.count === this.capacity) this.grow();
    const { rows } = this;
    const at = (this.count++ & (this.capacity - 1)) << 3;
    rows[at] = (kind << PID_BITS) | this.pid;
    rows[at + 1] = what;
    rows[at + 2] = a;
    rows[at + 3] = b;
    rows[at + 4] = c;
    rows[at + 5] = d;
    rows[at + 6] = e;
    rows[at + 7] = f;
    if (this.watcher !== null) this.watcher();
  }

  /** A function is entered; every enter is matched by one `leave` of the same task. */
  enter(fn: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    this.stack.push(fn);
    this.emit(T_ENTER, fn, a, b, c, d, e, f);
  }

  /** The function entered last by this task returns `ret`. */
  leave(ret: number): void {
    const fn = this.stack.pop();
    BUG_ON(fn === undefined, 'trace: a function is left that was not entered');
    if (this.growing && this.count === this.capacity) this.grow();
    const { rows } = this;
    const at = (this.count++ & (this.capacity - 1)) << 3;
    rows[at] = (T_LEAVE << PID_BITS) | this.pid;
    rows[at + 1] = fn!;
    rows[at + 2] = ret; // nobody reads the rest of such a row
    if (this.watcher !== null) this.watcher();
  }

  /** The row of a step that is still held: pid, kind, what, then the arguments. */
  row(step: number): number[] {
    const at = (step & (this.capacity - 1)) << 3;
    const first = this.rows[at]!;
    const kind = first >>> PID_BITS;
    const rest = [...this.rows.subarray(at + 1, at + ROW)];
    return [(first << (32 - PID_BITS)) >> (32 - PID_BITS), kind, ...(kind === T_LEAVE ? rest.fill(0, 2) : rest)];
  }

  /** The kind of a row that is still held: T_*. */
  kind(step: number): number {
    return this.rows[(step & (this.capacity - 1)) << 3]! >>> PID_BITS;
  }

  /** Pid of the task whose work a row is. */
  task(step: number): number {
    return (this.rows[(step & (this.capacity - 1)) << 3]! << (32 - PID_BITS)) >> (32 - PID_BITS);
  }

  /** What a row is about: function id, system call number, object id ... */
  what(step: number): number {
    return this.rows[((step & (this.capacity - 1)) << 3) + 1]!;
  }

  /** An argument of a row, 0 .. 5; of a T_LEAVE row only the first one, the result, has a meaning. */
  arg(step: number, index: number): number {
    return this.rows[((step & (this.capacity - 1)) << 3) + 2 + index]!;
  }

  private grow(): void {
    const rows = new Int32Array(this.rows.length * 2);
    rows.set(this.rows);
    this.rows = rows;
    this.capacity *= 2;
  }
}

/** What `rest` gives, noted as the return value of the innermost traced function. Sleeps as `rest` does. ours: see the head of the file. */
export function* leave_after(k: Kernel, rest: Sleeps<number>): Sleeps<number> {
  return leave(k, yield* rest);
}

/** Notes that the innermost traced function returns `ret`, and gives `ret` back. ours: see the head of the file. */
export function leave(k: Kernel, ret: number): number {
  if (k.trace !== null) k.trace.leave(ret);
  return ret;
}
