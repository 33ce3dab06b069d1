/**
 * Conditions in words, for breakpoints: `errno == EAGAIN`, `fd == 5 && pid == 2`, `call == epoll_wait && ret > 1`, `ep#4.rdllist == []`. A condition is
 * asked of one step. It is comparisons joined by && and ||, of which && binds tighter; there are no brackets.
 */

import { errnoName } from '../kernel/errno.js';
import { valueAt } from '../inspect/history.js';
import { ViewLabels } from '../inspect/labels.js';
import { readTrace } from '../inspect/trace.js';
import type { MachineView } from '../inspect/view.js';
import type { Branch } from './branch.js';
import { DebugError } from './error.js';
import { functionAt } from './move.js';
import { watchedPath } from './part.js';

/** A condition that can be asked of any step of a branch. */
export type Predicate = (branch: Branch, step: number) => boolean;

interface At {
  readonly branch: Branch;
  readonly step: number;
  readonly view: () => MachineView;
}

/** What a name stands for at a step: no value, one, or several of which any may be meant. */
type Reader = (at: At) => readonly (string | number)[];

/** The call that a step belongs to. */
function callOf({ branch, step }: At): { readonly name: string; readonly to: number | null; readonly ret: number | null } | null {
  const from = branch.nesting.call(step);
  return from < 0 ? null : branch.found.enteredAt(from);
}

/** The result of the call that returns at this step. */
function returned(at: At): readonly number[] {
  const call = callOf(at);
  return call === null || call.ret === null || call.to !== at.step ? [] : [call.ret];
}

/** Descriptors that a row is about: those among its arguments, else those that its system call was given. */
function fdsOf({ branch, step, view }: At): number[] {
  const { trace } = branch.run;
  const [entry] = readTrace(trace, step, step + 1, new ViewLabels(view()));
  const named = Object.values(entry!.args).flatMap((value) => [...String(value).matchAll(/\bfd ([\d, ]+)/g)].flatMap(([, list]) => list!.split(',').map(Number)));
  if (named.length > 0) return named;
  const text = view().tasks.find(({ pid }) => pid === trace.task(step))?.call ?? '';
  const [, name = '', args = ''] = /^(\w+)\((.*)/.exec(text) ?? [];
  const places = name === 'epoll_ctl' ? [0, 2] : [0];
  return places.map((place) => args.split(/[,)]/)[place]!.trim()).filter((arg) => arg !== undefined && /^\d+/.test(arg)).map((arg) => Number.parseInt(arg, 10));
}

const NAMES: Readonly<Record<string, Reader>> = {
  errno: (at) => returned(at).filter((ret) => ret < 0 && ret >= -4095).map((ret) => errnoName(-ret)),
  ret: returned,
  fd: fdsOf,
  pid: ({ branch, step }) => [branch.run.trace.task(step)],
  task: ({ branch, step, view }) => view().tasks.filter(({ pid }) => pid === branch.run.trace.task(step)).flatMap(({ name, comm }) => [name, comm]),
  call: (at) => [callOf(at)?.name ?? ''],
  fn: ({ branch: { nesting }, step }) => (functionAt(nesting, step) < 0 ? [] : [nesting.name(functionAt(nesting, step))]),
  step: ({ step }) => [step],
};

/** The names that a condition may use, besides parts of the machine. */
export const PREDICATE_NAMES: readonly string[] = Object.keys(NAMES);

function readerOf(name: string, text: string): Reader {
  const known = NAMES[name];
  if (known !== undefined) return known;
  if (!/[#/]/.test(name)) throw new DebugError(`cannot understand ${JSON.stringify(name)} in the condition ${JSON.stringify(text)}; expected ${PREDICATE_NAMES.join(', ')}, or a part of the machine as ep#4.rdllist`);
  const path = watchedPath(name);
  return ({ view }) => {
    const part = valueAt(view(), path);
    return part === undefined ? [] : [typeof part === 'string' || typeof part === 'number' ? part : JSON.stringify(part)];
  };
}

const COMPARE: Readonly<Record<string, (a: string | number, b: string) => boolean>> = {
  '==': (a, b) => String(a) === b,
  '<': (a, b) => Number(a) < Number(b),
  '<=': (a, b) => Number(a) <= Number(b),
  '>': (a, b) => Number(a) > Number(b),
  '>=': (a, b) => Number(a) >= Number(b),
};

function comparison(part: string, text: string): (at: At) => boolean {
  const found = /^\s*([\w#/.:-]+)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$/.exec(part);
  if (found === null) throw new DebugError(`cannot understand the condition ${JSON.stringify(text)}; expected a comparison as errno == EAGAIN, or several joined by && and ||`);
  const [, name = '', operator = '', right = ''] = found;
  const reader = readerOf(name, text);
  const value = right.replace(/^(["'])(.*)\1$/, '$2');
  if (/[<>]/.test(operator) && Number.isNaN(Number(value))) throw new DebugError(`${JSON.stringify(value)} in the condition ${JSON.stringify(text)} is no number; expected one after ${operator}`);
  if (operator === '!=') return (at) => !reader(at).some((one) => String(one) === value);
  const holds = COMPARE[operator]!;
  return (at) => reader(at).some((one) => holds(one, value));
}

/** Reads a condition. Throws a DebugError that says what was expected. */
export function predicate(text: string): Predicate {
  const either = text.split('||').map((side) => side.split('&&').map((part) => comparison(part, text)));
  return (branch, step) => {
    const at: At = { branch, step, view: () => branch.run.history.view(step) };
    return either.some((all) => all.every((holds) => holds(at)));
  };
}
