/**
 * Breakpoints: where a run is to stop, forward or backward. Most are lists of steps that are known from the trace, so that the next one is
 * found by a binary search; a condition of one's own is tried step by step.
 */

import { errnoName } from '../kernel/errno.js';
import { T_SIGNAL } from '../kernel/trace.js';
import type { Branch } from './branch.js';
import { watchedPath } from './part.js';
import { type CallSpan, nextIn, previousIn } from './traceIndex.js';
import { predicate } from './predicate.js';
import type { Run } from './run.js';
import type { Fault, Place } from './source.js';

/** What a run can stop at. With `condition`, only where it holds: `errno == EAGAIN && pid == 2`; see predicate(). */
export type Breakpoint = Kind & { readonly condition?: string };

type Kind =
  /** a kernel function is entered: `ep_poll_callback` */
  | { readonly kind: 'function'; readonly name: string }
  /** a task stands at a named point and may lose the CPU; `where` left out: any point of the function */
  | { readonly kind: 'point'; readonly fn: string; readonly where?: string }
  /** a system call is entered; with `returns`, it returns */
  | { readonly kind: 'call'; readonly name: string; readonly returns?: boolean }
  /** a task gets the CPU */
  | { readonly kind: 'task'; readonly pid: number }
  /** a system call fails; with a name, `EAGAIN`, with that error */
  | { readonly kind: 'errno'; readonly name?: string }
  | { readonly kind: 'step'; readonly step: number }
  /** a system call is made from one of these places of the program, or lines of the log; a column of 0 is any */
  | { readonly kind: 'line'; readonly places: readonly Place[] }
  /** a signal becomes pending, or is delivered */
  | { readonly kind: 'signal'; readonly signo: number }
  /** an expectation does not hold, a law is broken, the model does not agree with the log; `of` left out: any */
  | { readonly kind: 'fault'; readonly of?: Fault['kind'] }
  /** a part of a view changes; see watchedPath() for the words */
  | { readonly kind: 'change'; readonly path: string }
  /** a condition of one's own, asked at every step until it holds */
  | { readonly kind: 'when'; readonly holds: (step: number) => boolean };

/** Finds the steps of one breakpoint. */
export interface Finder {
  /** the first step behind `step`; null: none */
  next(step: number): number | null;
  /** the last step before `step`; null: none */
  previous(step: number): number | null;
}

function finderOf(sorted: readonly number[]): Finder {
  return { next: (step) => nextIn(sorted, step), previous: (step) => previousIn(sorted, step) };
}

function byCondition(count: number, holds: (step: number) => boolean): Finder {
  return {
    next: (step) => {
      for (let at = step + 1; at < count; at++) if (holds(at)) return at;
      return null;
    },
    previous: (step) => {
      for (let at = step - 1; at >= 0; at--) if (holds(at)) return at;
      return null;
    },
  };
}

/** Only those steps at which a condition holds. */
function filtered(finder: Finder, holds: (step: number) => boolean): Finder {
  return {
    next: (step) => {
      let at = finder.next(step);
      while (at !== null && !holds(at)) at = finder.next(at);
      return at;
    },
    previous: (step) => {
      let at = finder.previous(step);
      while (at !== null && !holds(at)) at = finder.previous(at);
      return at;
    },
  };
}

function failed(call: CallSpan, name: string | undefined): boolean {
  return call.ret !== null && call.ret < 0 && call.ret >= -4095 && (name === undefined || errnoName(-call.ret) === name);
}

function callsOf(run: Run, name: string): readonly CallSpan[] {
  return run.found.calls.filter((call) => call.name === name);
}

/** The steps at which calls return, in order. */
function exitsOf(calls: readonly CallSpan[]): number[] {
  return calls.flatMap(({ to }) => (to === null ? [] : [to])).sort((a, b) => a - b);
}

/** The steps of a branch at which a breakpoint stops. Throws a DebugError for a watch or a condition that cannot be read. */
export function find(branch: Branch, breakpoint: Breakpoint): Finder {
  const finder = finderOfKind(branch.run, breakpoint);
  if (breakpoint.condition === undefined) return finder;
  const holds = predicate(breakpoint.condition);
  return filtered(finder, (step) => holds(branch, step));
}

function finderOfKind(run: Run, breakpoint: Kind): Finder {
  switch (breakpoint.kind) {
    case 'function': return finderOf(run.found.entriesOf(breakpoint.name));
    case 'point': {
      const { fn, where } = breakpoint;
      return finderOf(run.points.steps.filter((_, at) => run.points.all[at]!.fn === fn && (where === undefined || run.points.all[at]!.where === where)));
    }
    case 'call': {
      const calls = callsOf(run, breakpoint.name);
      return finderOf(breakpoint.returns === true ? exitsOf(calls) : calls.map(({ from }) => from));
    }
    case 'task': return finderOf(run.found.switches.filter((step) => run.trace.what(step) === breakpoint.pid));
    case 'errno': return finderOf(exitsOf(run.found.calls.filter((call) => failed(call, breakpoint.name))));
    case 'step': return finderOf([breakpoint.step]);
    case 'line': return finderOf(run.stepsAt(breakpoint.places));
    case 'signal': return byCondition(run.count, (step) => run.trace.kind(step) === T_SIGNAL && run.trace.what(step) === breakpoint.signo);
    case 'fault': return finderOf(run.faults.steps.filter((_, at) => breakpoint.of === undefined || run.faults.all[at]!.kind === breakpoint.of));
    case 'change': {
      const path = watchedPath(breakpoint.path);
      const { history } = run;
      return { next: (step) => history.nextChange(path, step), previous: (step) => history.lastChange(path, step - 1) };
    }
    case 'when': return byCondition(run.count, breakpoint.holds);
  }
}
