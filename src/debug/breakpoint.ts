/**
 * Breakpoints: where a run is to stop, forward or backward. Most are lists of steps that are known from the trace, so that the next one is
 * found by a binary search; a condition of one's own is tried step by step.
 */

import { errnoName } from '../kernel/errno.js';
import { DebugError } from './error.js';
import { type CallSpan, nextIn, previousIn } from './traceIndex.js';
import type { Run } from './run.js';

/** What a run can stop at. */
export type Breakpoint =
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

function byCondition(run: Run, holds: (step: number) => boolean): Finder {
  return {
    next: (step) => {
      for (let at = step + 1; at < run.count; at++) if (holds(at)) return at;
      return null;
    },
    previous: (step) => {
      for (let at = step - 1; at >= 0; at--) if (holds(at)) return at;
      return null;
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

/** Fields by the names of the kernel and of netstat, for those of the views. */
const FIELDS: Readonly<Record<string, string>> = {
  wq: 'wq/entries', poll_wait: 'pollWait/entries', sk_err: 'error', sk_state: 'state', sk_shutdown: 'shutdown', rcvbuf: 'rcv', sndbuf: 'snd', sk_receive_queue: 'rcv/bytes',
  sk_write_queue: 'snd/bytes', sk_rmem_alloc: 'rcv/used', sk_rcvbuf: 'rcv/limit', sk_wmem_queued: 'snd/used', sk_sndbuf: 'snd/limit', SOCK_NOSPACE: 'nospace',
  rd_wait: 'rdWait/entries', wr_wait: 'wrWait/entries', wqh: 'wqh/entries',
};

const LISTS: Readonly<Record<string, string>> = {
  ep: 'eventpolls', sock: 'sockets', pipe: 'pipes', item: 'items', file: 'files', task: 'tasks', eventfd: 'eventfds', timerfd: 'timerfds', table: 'tables',
};

/**
 * The path of a view that a watch means: `ep#4.rdllist`, `sock#9.sk_err`, `task#2.state`, `item#5.on`, or a path as it is, `sockets/9/rcv/bytes`.
 * Throws a DebugError for what cannot be a path.
 */
export function watchedPath(text: string): string {
  const found = /^(\w+)#(\d+)(?:\.([\w/.]+))?$/.exec(text);
  if (found === null) {
    if (/^[a-zA-Z]+(\/[\w:.-]+)*$/.test(text)) return text;
    throw new DebugError(`cannot watch ${JSON.stringify(text)}; expected OBJECT#ID.FIELD as ep#4.rdllist, or a path of a view as sockets/9/rcv/bytes`);
  }
  const [, kind = '', id = '', field] = found;
  const list = LISTS[kind];
  if (list === undefined) throw new DebugError(`cannot watch ${JSON.stringify(text)}: there is no ${kind}#; expected ${Object.keys(LISTS).map((name) => `${name}#`).join(', ')}`);
  return field === undefined ? `${list}/${id}` : `${list}/${id}/${FIELDS[field] ?? field.replaceAll('.', '/')}`;
}

/** The steps of a run at which a breakpoint stops. Throws a DebugError when it names what this run does not have. */
export function find(run: Run, breakpoint: Breakpoint): Finder {
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
    case 'change': {
      const path = watchedPath(breakpoint.path);
      const { history } = run;
      return { next: (step) => history.nextChange(path, step), previous: (step) => history.lastChange(path, step - 1) };
    }
    case 'when': return byCondition(run, breakpoint.holds);
  }
}
