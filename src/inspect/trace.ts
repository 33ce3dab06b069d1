/**
 * Reads the trace: rows of integers become entries with names, and the functions of one system call become a
 * nested list, as the function graph tracer of Linux shows them. Nothing here runs while the model runs.
 */

import type { Kernel } from '../kernel/kernel.js';
import {
  T_ENTER, T_EVENT, T_LEAVE, T_MARK, T_NEW, T_OVFLIST_ADD, T_OVFLIST_DEL, T_RBR_ERASE, T_RBR_INSERT, T_RDLLIST_ADD, T_RDLLIST_DEL, T_SEGMENT,
  T_SIGNAL, T_SK_STATE, T_SWITCH, T_SYSCALL_ENTER, T_SYSCALL_EXIT, T_TIMER, T_TXLIST, T_WAKE, T_WQ_ADD, T_WQ_DEL, type Trace,
} from '../kernel/trace.js';
import { sys_call_table } from '../syscalls/table.js';
import { epollMask, segmentText, stateText } from './names.js';
import { argsOf, type Labels, queueLabel, returnOf, TRACED, type TraceArgs, type TraceValue } from './traced.js';

/** What a trace entry tells of. */
export type TraceKind =
  | 'enter' | 'leave' | 'syscall' | 'sysret' | 'switch' | 'wake' | 'new' | 'rdllist' | 'ovflist' | 'txlist' | 'rbr' | 'queue' | 'event' | 'state'
  | 'segment' | 'mark' | 'signal' | 'timer' | 'other';

/** One row of the trace with names. */
export interface TraceEntry {
  /** number of the row since the start of the run: the step that views and debuggers count in */
  readonly step: number;
  /** pid of the task that had the CPU; 0: nobody, an interrupt of the idle machine */
  readonly task: number;
  readonly kind: TraceKind;
  /** function, system call, or what happened: `add`, `del` ... */
  readonly name: string;
  /** traced functions of this task that enclose the row */
  readonly depth: number;
  readonly args: TraceArgs;
  /** what a function or system call returned; null for everything else */
  readonly ret: TraceValue | null;
}

/** One function of a call, as in a function graph: number, depth, name, arguments, result. */
export interface GraphEntry {
  readonly i: number;
  readonly d: number;
  readonly f: string;
  readonly in: TraceArgs;
  readonly ret: TraceValue | null;
}

/** One system call in the trace. `to` is the row of its return, or null while it runs. */
export interface TracedCall {
  readonly task: number;
  readonly name: string;
  readonly from: number;
  readonly to: number | null;
  readonly ret: number | null;
}

/** The oldest row that a ring still holds. */
export function oldestStep(trace: Trace): number {
  return Math.max(0, trace.count - trace.capacity);
}

/** Labels that need no machine: `item#5`, `ep#4`, `task 2`. */
export const PLAIN_LABELS: Labels = {
  object: (id, kind) => `${({ sk: 'sock', obj: '', owner: '', file: 'file' } as Record<string, string>)[kind] ?? kind}#${id}`,
  task: (pid) => (pid === 0 ? 'idle' : `task ${pid}`),
};

/** Calls of programs by number, and the one that the C library makes behind a handler. arch/x86/entry/syscalls/syscall_64.tbl */
const CALL_NAMES: ReadonlyMap<number, string> = new Map([...sys_call_table.map((row) => [row.nr, row.name] as const), [15, 'rt_sigreturn']]);

function callName(nr: number): string {
  return CALL_NAMES.get(nr) ?? `syscall_${nr}`;
}

interface Read {
  readonly kind: TraceKind;
  readonly name: string;
  readonly args: TraceArgs;
  readonly ret: TraceValue | null;
}

function listMove(kind: TraceKind, name: string, row: readonly number[], labels: Labels): Read {
  return { kind, name, args: { item: labels.object(row[2]!, 'item'), ep: labels.object(row[3]!, 'ep'), value: row[4]! }, ret: null };
}

function read(row: readonly number[], labels: Labels): Read {
  const [, kind, what = 0, a = 0, b = 0, c = 0, d = 0, e = 0] = row;
  switch (kind) {
    case T_ENTER: case T_LEAVE: {
      const fn = TRACED.get(what);
      const name = fn?.name ?? `function ${what}`;
      if (kind === T_ENTER) return { kind: 'enter', name, args: fn === undefined ? {} : argsOf(fn, row.slice(3), labels), ret: null };
      return { kind: 'leave', name, args: {}, ret: fn === undefined ? a : returnOf(fn, a, labels) };
    }
    case T_SYSCALL_ENTER: return { kind: 'syscall', name: callName(what), args: {}, ret: null };
    case T_SYSCALL_EXIT: return { kind: 'sysret', name: callName(what), args: {}, ret: a };
    case T_SWITCH: return { kind: 'switch', name: 'switch', args: { to: labels.task(what), from: labels.task(a) }, ret: null };
    case T_WAKE: return { kind: 'wake', name: 'wake', args: { task: labels.task(what) }, ret: null };
    case T_NEW: return { kind: 'new', name: 'new', args: { object: labels.object(what, 'obj'), class: a, of: b }, ret: null };
    case T_RDLLIST_ADD: return listMove('rdllist', 'add', row, labels);
    case T_RDLLIST_DEL: return listMove('rdllist', 'del', row, labels);
    case T_OVFLIST_ADD: return listMove('ovflist', 'add', row, labels);
    case T_OVFLIST_DEL: return listMove('ovflist', 'del', row, labels);
    case T_TXLIST: return listMove('txlist', 'add', row, labels);
    case T_RBR_INSERT: return listMove('rbr', 'insert', row, labels);
    case T_RBR_ERASE: return listMove('rbr', 'erase', row, labels);
    case T_WQ_ADD: case T_WQ_DEL:
      return { kind: 'queue', name: kind === T_WQ_ADD ? 'add' : 'del', args: { head: queueLabel(what, labels), who: a, exclusive: b !== 0 }, ret: null };
    case T_EVENT: return { kind: 'event', name: 'event', args: { item: labels.object(what, 'item'), events: epollMask(a), index: b }, ret: null };
    case T_SK_STATE: return { kind: 'state', name: 'state', args: { sk: labels.object(what, 'sk'), from: stateText(a), to: stateText(b) }, ret: null };
    case T_SEGMENT:
      return { kind: 'segment', name: segmentText(a), args: { from: labels.object(what, 'sk'), seq: b >>> 0, ack: c >>> 0, length: d, window: e }, ret: null };
    case T_MARK: return { kind: 'mark', name: `mark ${what}`, args: {}, ret: null };
    case T_SIGNAL: return { kind: 'signal', name: 'signal', args: { signo: what, task: labels.task(a) }, ret: null };
    case T_TIMER: return { kind: 'timer', name: 'timer', args: { owner: what }, ret: null };
    default: return { kind: 'other', name: `row ${kind}`, args: { what, a, b, c }, ret: null };
  }
}

/**
 * The rows `from` to `to` (not included) with names; depths are right for calls that begin in the range.
 * @param to default: the end of the trace
 */
export function readTrace(trace: Trace, from = 0, to = trace.count, labels: Labels = PLAIN_LABELS): TraceEntry[] {
  const depths = new Map<number, number>();
  const entries: TraceEntry[] = [];
  for (let step = Math.max(from, oldestStep(trace)); step < Math.min(to, trace.count); step++) {
    const row = trace.row(step);
    const task = row[0]!;
    let depth = depths.get(task) ?? 0;
    if (row[1] === T_LEAVE) depths.set(task, (depth = Math.max(0, depth - 1)));
    entries.push({ step, task, depth, ...read(row, labels) });
    if (row[1] === T_ENTER) depths.set(task, depth + 1);
  }
  return entries;
}

/** The system calls that begin in the rows `from` to `to`, in that order. */
export function callsIn(trace: Trace, from = 0, to = trace.count): TracedCall[] {
  const calls: { task: number; name: string; from: number; to: number | null; ret: number | null }[] = [];
  const open = new Map<number, (typeof calls)[number][]>();
  for (let step = Math.max(from, oldestStep(trace)); step < Math.min(to, trace.count); step++) {
    const [task = 0, kind, what = 0, ret = 0] = trace.row(step);
    const stack = open.get(task) ?? [];
    open.set(task, stack);
    if (kind === T_SYSCALL_ENTER) {
      const call = { task, name: callName(what), from: step, to: null, ret: null };
      calls.push(call);
      stack.push(call);
    } else if (kind === T_SYSCALL_EXIT) {
      const call = stack.pop();
      if (call !== undefined) Object.assign(call, { to: step, ret });
    }
  }
  return calls;
}

/**
 * The functions of one task in the rows `from` to `to`, nested: what a function graph shows of a call.
 * @param task pid; rows of other tasks in between are left out
 */
export function functionGraph(k: Kernel, from: number, to: number, task: number, labels: Labels = PLAIN_LABELS): GraphEntry[] {
  const { trace } = k;
  if (trace === null) return [];
  const graph: { i: number; d: number; f: string; in: TraceArgs; ret: TraceValue | null }[] = [];
  const stack: (typeof graph)[number][] = [];
  for (let step = Math.max(from, oldestStep(trace)); step < Math.min(to, trace.count); step++) {
    const row = trace.row(step);
    if (row[0] !== task) continue;
    if (row[1] === T_ENTER) {
      const { name, args } = read(row, labels);
      const entry = { i: step, d: stack.length, f: name, in: args, ret: null };
      graph.push(entry);
      stack.push(entry);
    } else if (row[1] === T_LEAVE) {
      const entry = stack.pop();
      if (entry !== undefined) entry.ret = read(row, labels).ret;
    }
  }
  return graph;
}
