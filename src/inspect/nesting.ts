/**
 * How the rows of a trace nest: for each row the kernel function and the system call that enclose it in its task, and for each function and
 * call where it ends. One pass makes it, twelve bytes a row; a question is one look.
 */

import { T_ENTER, T_LEAVE, T_SYSCALL_ENTER, T_SYSCALL_EXIT, type Trace } from '../kernel/trace.js';
import { TRACED } from './traced.js';

/** The nesting of a growing trace, of its first `count` rows. */
export class Nesting {
  readonly trace: Trace;
  readonly count: number;
  private readonly parents: Int32Array;
  private readonly ends: Int32Array;
  private readonly calls: Int32Array;

  constructor(trace: Trace, count = trace.count) {
    this.trace = trace;
    this.count = count;
    this.parents = new Int32Array(count).fill(-1);
    this.ends = new Int32Array(count).fill(-1);
    this.calls = new Int32Array(count).fill(-1);
    const functions = new Map<number, number[]>();
    const calls = new Map<number, number[]>();
    for (let step = 0; step < count; step++) this.take(step, stackOf(functions, trace.task(step)), stackOf(calls, trace.task(step)));
  }

  private take(step: number, functions: number[], calls: number[]): void {
    const kind = this.trace.kind(step);
    if (kind === T_SYSCALL_ENTER) calls.push(step);
    this.calls[step] = calls.at(-1) ?? -1;
    this.parents[step] = functions.at(-1) ?? -1;
    if (kind === T_ENTER) functions.push(step);
    const closed = kind === T_LEAVE ? functions.pop() : kind === T_SYSCALL_EXIT ? calls.pop() : undefined;
    if (closed !== undefined) this.ends[closed] = step;
  }

  /** The step at which the function that encloses a row was entered; of a row of leaving, the function that is left. -1: none. */
  parent(step: number): number {
    return this.parents[step] ?? -1;
  }

  /** The step at which a function or system call that was entered here ends; -1: it never does. */
  end(step: number): number {
    return this.ends[step] ?? -1;
  }

  /** The step at which the system call that a row belongs to was entered; -1: it is not in one. */
  call(step: number): number {
    return this.calls[step] ?? -1;
  }

  /** The functions that enclose a row, innermost first, by the steps at which they were entered. */
  around(step: number): number[] {
    const chain: number[] = [];
    for (let at = this.parent(step); at >= 0; at = this.parent(at)) chain.push(at);
    return chain;
  }

  /** The name of the function that a row enters or leaves. */
  name(step: number): string {
    return TRACED.get(this.trace.what(step))?.name ?? `function ${this.trace.what(step)}`;
  }

  /** The nearest function of one of these names that encloses a row; -1: none. */
  inside(step: number, ...names: readonly string[]): number {
    for (let at = this.parent(step); at >= 0; at = this.parent(at)) if (names.includes(this.name(at))) return at;
    return -1;
  }
}

function stackOf(stacks: Map<number, number[]>, task: number): number[] {
  let stack = stacks.get(task);
  if (stack === undefined) stacks.set(task, (stack = []));
  return stack;
}
