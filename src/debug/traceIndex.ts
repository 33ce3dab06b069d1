/**
 * Where things are in a trace: entries of each kernel function, system calls with their results, task switches, each as a sorted list of
 * steps. One pass over the rows makes it; a question is a binary search.
 */

import { T_ENTER, T_LEAVE, T_SWITCH, T_SYSCALL_ENTER, T_SYSCALL_EXIT, type Trace } from '../kernel/trace.js';
import { after } from '../inspect/history.js';
import { TRACED } from '../inspect/traced.js';
import { sys_call_table } from '../syscalls/table.js';

/** One system call of a run. */
export interface CallSpan {
  readonly task: number;
  readonly name: string;
  /** the step at which it was entered */
  readonly from: number;
  /** the step at which it returned; null: it never did */
  to: number | null;
  /** >= 0, or -errno; null: it never returned */
  ret: number | null;
}

const CALL_NAMES: ReadonlyMap<number, string> = new Map(sys_call_table.map((row) => [row.nr, row.name]));

/** The steps of a run by what they are. */
export class TraceIndex {
  /** in the order of their entries */
  readonly calls: CallSpan[] = [];
  /** steps at which they were entered */
  private readonly callEntries: number[] = [];
  readonly switches: number[] = [];
  /** who has rows: pids, 0 for timers of the idle machine, negative numbers for ksoftirqd of each host */
  readonly pids = new Set<number>();
  /** entries of kernel functions by name */
  private readonly functions = new Map<string, number[]>();

  constructor(trace: Trace, count: number) {
    const open = new Map<number, CallSpan[]>();
    const entries = new Map<number, number[]>();
    for (let step = 0; step < count; step++) {
      const kind = trace.kind(step);
      if (kind === T_LEAVE) continue;
      this.pids.add(trace.task(step));
      if (kind === T_ENTER) {
        const fn = trace.what(step);
        const steps = entries.get(fn);
        if (steps === undefined) entries.set(fn, [step]);
        else steps.push(step);
      } else if (kind === T_SWITCH) this.switches.push(step);
      else if (kind === T_SYSCALL_ENTER) this.enter(trace, step, open);
      else if (kind === T_SYSCALL_EXIT) this.exit(trace, step, open);
    }
    for (const [fn, steps] of entries) this.functions.set(TRACED.get(fn)?.name ?? String(fn), steps);
  }

  private enter(trace: Trace, step: number, open: Map<number, CallSpan[]>): void {
    const task = trace.task(step);
    const nr = trace.what(step);
    const span: CallSpan = { task, name: CALL_NAMES.get(nr) ?? `syscall_${nr}`, from: step, to: null, ret: null };
    this.calls.push(span);
    this.callEntries.push(step);
    const stack = open.get(task);
    if (stack === undefined) open.set(task, [span]);
    else stack.push(span);
  }

  private exit(trace: Trace, step: number, open: Map<number, CallSpan[]>): void {
    const span = open.get(trace.task(step))?.pop();
    if (span === undefined) return;
    span.to = step;
    span.ret = trace.arg(step, 0);
  }

  /** Names of the functions that ran. */
  functionNames(): string[] {
    return [...this.functions.keys()].sort();
  }

  /** Steps at which a function was entered. */
  entriesOf(fn: string): readonly number[] {
    return this.functions.get(fn) ?? [];
  }

  /** The call that was entered at this step. */
  enteredAt(step: number): CallSpan | null {
    const at = after(this.callEntries, step) - 1;
    return this.callEntries[at] === step ? this.calls[at]! : null;
  }
}

/** The first of a sorted list behind a step; null: none. */
export function nextIn(sorted: readonly number[], step: number): number | null {
  return sorted[after(sorted, step)] ?? null;
}

/** The last of a sorted list before a step; null: none. */
export function previousIn(sorted: readonly number[], step: number): number | null {
  return sorted[after(sorted, step - 1) - 1] ?? null;
}
