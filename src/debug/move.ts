/**
 * Moving through a run: from a step to the next or the one before, in events, kernel functions, system calls or task switches, over what is
 * called, into it, or out of it. A move never needs the machine: it reads the trace.
 */

import { T_ENTER, T_LEAVE, T_SYSCALL_ENTER, T_SYSCALL_EXIT } from '../kernel/trace.js';
import type { Nesting } from '../inspect/nesting.js';
import { nextIn, previousIn, type TraceIndex } from './traceIndex.js';

/** How far a move goes. `event`: one row of the trace, the finest. */
export type Grain = 'event' | 'function' | 'call' | 'task';
/** over: what is called from here runs unseen; into: to its first row; out: to the end of what encloses. */
export type Way = 'over' | 'into' | 'out';

/** What moves need to know of a run. */
export interface Ground {
  readonly nesting: Nesting;
  readonly found: TraceIndex;
  readonly count: number;
}

/** Looks from a step in one direction for a row of the same task; -1: there is none. */
function seek({ nesting, count }: Ground, from: number, by: 1 | -1, fits: (step: number) => boolean): number {
  const { trace } = nesting;
  const task = trace.task(from);
  for (let step = from + by; step >= 0 && step < count; step += by) if (trace.task(step) === task && fits(step)) return step;
  return -1;
}

/** The end of a function or call that has none is the end of the run. */
const ends = (ground: Ground, step: number): number => (step < 0 ? ground.count - 1 : step);

/** Rows at which functions and calls begin and end. */
const EDGES: ReadonlySet<number> = new Set([T_ENTER, T_LEAVE, T_SYSCALL_ENTER, T_SYSCALL_EXIT]);

/** The step at which the function was entered that a row is in: an entered one is its own, a left one is over. -1: none. */
export function functionAt(nesting: Nesting, step: number): number {
  const parent = nesting.parent(step);
  switch (nesting.trace.kind(step)) {
    case T_ENTER: return step;
    case T_LEAVE: return parent < 0 ? -1 : nesting.parent(parent);
    default: return parent;
  }
}

/** Where function by function a move from `step` leads. */
function byFunction(ground: Ground, step: number, way: Way): number {
  const { nesting, count } = ground;
  const { trace } = nesting;
  if (way === 'out') {
    const inside = functionAt(nesting, step);
    const call = nesting.call(step);
    return ends(ground, inside >= 0 ? nesting.end(inside) : call >= 0 && nesting.end(call) > step ? nesting.end(call) : -1);
  }
  if (way === 'over' && trace.kind(step) === T_ENTER) return ends(ground, nesting.end(step));
  const next = seek(ground, step, 1, way === 'into' ? (at) => trace.kind(at) === T_ENTER : (at) => EDGES.has(trace.kind(at)));
  return next < 0 ? count - 1 : next;
}

function byFunctionBack(ground: Ground, step: number, way: Way): number {
  const { nesting } = ground;
  const { trace } = nesting;
  const parent = nesting.parent(step);
  // of a row of leaving, the parent is the function that it leaves
  if (way === 'over' && trace.kind(step) === T_LEAVE && parent >= 0) return parent;
  if (way === 'out') {
    const inside = functionAt(nesting, step);
    const around = inside === step ? parent : inside;
    return Math.max(0, around >= 0 ? around : nesting.call(step));
  }
  return Math.max(0, seek(ground, step, -1, way === 'into' ? (at) => trace.kind(at) === T_LEAVE : (at) => EDGES.has(trace.kind(at))));
}

/** Where call by call a move from `step` leads: to the next entry or return of the task's calls. */
function byCall(ground: Ground, step: number, way: Way): number {
  const { nesting, count } = ground;
  const { trace } = nesting;
  const call = nesting.call(step);
  if (way === 'out' || (way === 'over' && trace.kind(step) === T_SYSCALL_ENTER)) {
    const end = call < 0 ? -1 : nesting.end(call);
    if (end > step || call >= 0) return end > step ? end : count - 1;
  }
  if (way === 'into' && trace.kind(step) === T_SYSCALL_ENTER) {
    const first = seek(ground, step, 1, () => true);
    return first < 0 ? count - 1 : first;
  }
  const next = seek(ground, step, 1, (at) => trace.kind(at) === T_SYSCALL_ENTER || (call >= 0 && nesting.end(call) === at));
  return next < 0 ? count - 1 : next;
}

function byCallBack(ground: Ground, step: number, way: Way): number {
  const { nesting } = ground;
  const { trace } = nesting;
  const call = nesting.call(step);
  if (way !== 'into' && call >= 0 && call < step) return call;
  if (way === 'into' && trace.kind(step) === T_SYSCALL_EXIT) return Math.max(0, seek(ground, step, -1, () => true));
  return Math.max(0, seek(ground, step, -1, (at) => trace.kind(at) === T_SYSCALL_EXIT || trace.kind(at) === T_SYSCALL_ENTER));
}

/** Where a move forward from `step` leads; the last step when nothing is left. */
export function forwardFrom(ground: Ground, step: number, grain: Grain, way: Way = 'over'): number {
  const last = ground.count - 1;
  if (step >= last) return last;
  switch (grain) {
    case 'event': return step + 1;
    case 'function': return byFunction(ground, step, way);
    case 'call': return byCall(ground, step, way);
    case 'task': return nextIn(ground.found.switches, step) ?? last;
  }
}

/** Where a move backward from `step` leads; the first step when nothing is before. */
export function backwardFrom(ground: Ground, step: number, grain: Grain, way: Way = 'over'): number {
  if (step <= 0) return 0;
  switch (grain) {
    case 'event': return step - 1;
    case 'function': return byFunctionBack(ground, step, way);
    case 'call': return byCallBack(ground, step, way);
    case 'task': return previousIn(ground.found.switches, step) ?? 0;
  }
}
