/**
 * A run of a script as text: JSON lines in the form of the recordings, or, for people, each call with its result and under it the kernel
 * functions that were entered, indented as they were nested. A difference from a recording is shown side by side.
 */

import { align, comparable, compareCall, type Entry, member, type Profile, valueDifferences } from './compare.js';
import type { Call, LogEntry, Recording } from './record.js';

/** What prints red and green; plain text by default. */
export interface Colours {
  red(text: string): string;
  green(text: string): string;
  dim(text: string): string;
}

const PLAIN: Colours = { red: (text) => text, green: (text) => text, dim: (text) => text };

/** The kernel that the model is of. */
export const MODEL_KERNEL = 'epollsim, a model of Linux 6.18 x86-64';

/** A log entry as the recordings write it: no empty members. */
function compact({ i, d, f, in: args, ret }: LogEntry): LogEntry {
  const shown = Object.entries(args ?? {}).filter(([, value]) => value !== '-');
  return { i, d, f, ...(shown.length === 0 ? {} : { in: Object.fromEntries(shown) }), ...(ret === null || ret === undefined ? {} : { ret }) };
}

/** Calls with all entries of the run numbered from 1 in the order in which they were entered. */
export function numbered(calls: readonly Call[]): Call[] {
  const order = new Map(calls.flatMap((call) => call.log).sort((a, b) => a.i - b.i).map((entry, index) => [entry, index + 1]));
  return calls.map(({ log, ...call }) => ({ ...call, log: log.map((entry) => compact({ ...entry, i: order.get(entry)! })) }));
}

/** JSON lines: a first line about the run, then one line a call. */
export function linesOf(scenario: string, script: readonly string[], calls: readonly Call[]): string[] {
  return [{ scenario, kernel: MODEL_KERNEL, script }, ...numbered(calls)].map((line) => JSON.stringify(line));
}

const listText = (list: readonly (string | object)[]): string => list.map((each) => (typeof each === 'string' ? each : Object.values(each).join(':'))).join(', ');

/** What a call answered: `1 [s:EPOLLIN]`, `-1 EAGAIN`, `asleep`. */
export function answerText(call: Call): string {
  if (call.ret === undefined) return 'never returned';
  const parts = [call.errno === undefined ? String(call.ret) : `-1 ${call.errno}`];
  for (const list of [call.events, call.revents, call.ready]) if (list !== undefined && call.ret > 0) parts.push(`[${listText(list)}]`);
  if (call.fds !== undefined) parts.push(`[${call.fds.join(', ')}]`);
  if (call.value !== undefined) parts.push(`(${call.value})`);
  if (call.u64 !== undefined) parts.push(`(${call.u64})`);
  if (call.returned_during !== undefined) parts.push(`, slept until call ${call.returned_during}`);
  else if (call.blocked === true) parts.push(', slept');
  return parts.join(' ').replace(' ,', ',');
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value.replace(/E?POLL/g, '') : JSON.stringify(value));

function entryText({ d, f, in: args, ret }: Pick<LogEntry, 'd' | 'f' | 'in' | 'ret'>, indent: string): string {
  const shown = Object.entries(args ?? {}).filter(([, value]) => value !== undefined && value !== false && value !== '-' && value !== 0 && value !== '0');
  const inside = shown.map(([name, value]) => (value === true ? name : `${name}=${valueText(value)}`)).join(' ');
  return `${indent}${'  '.repeat(d)}${f}(${inside})${ret === null || ret === undefined ? '' : ` = ${valueText(ret)}`}`;
}

/** The calls of a run for people. */
export function graphText(calls: readonly Call[], colours: Colours = PLAIN): string {
  const lines: string[] = [];
  for (const call of calls) {
    const who = call.task === 'main' ? '' : `@${call.task} `;
    const name = call.var === undefined ? '' : `${call.var} = `;
    const head = call.seq === null ? `   after call ${call.after}, on no call's account` : `${call.seq}  ${who}${name}${call.call} -> ${answerText(call)}`;
    lines.push(head, ...call.log.map((entry) => colours.dim(entryText(entry, '      '))));
  }
  return `${lines.join('\n')}\n`;
}

const fit = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width));

/** Two columns: what was recorded, and what the model did. */
function sideBySide(recorded: readonly Entry[], model: readonly Entry[], width: number, colours: Colours): string[] {
  const half = Math.floor((width - 3) / 2);
  const show = (entry: Entry | undefined): string => (entry === undefined ? '' : entryText(entry, ''));
  const row = (a: Entry | undefined, b: Entry | undefined): string => {
    const both = a !== undefined && b !== undefined;
    const same = both && a.d === b.d && valueDifferences(a, b).length === 0;
    const mark = a === undefined ? '>' : b === undefined ? '<' : same ? ' ' : '|';
    // what the model alone shows is no difference
    const right = both ? { ...b, in: Object.fromEntries(Object.keys(a.in).map((name) => [name, member(b, name)])) } : b;
    const line = `${fit(show(a), half)} ${mark} ${fit(show(right), half)}`.trimEnd();
    return same ? line : colours.red(line);
  };
  const lines: string[] = [];
  let [x, y] = [0, 0];
  for (const [a, b] of [...align(recorded, model), [recorded.length, model.length] as const]) {
    while (x < a) lines.push(row(recorded[x++], undefined));
    while (y < b) lines.push(row(undefined, model[y++]));
    if (a < recorded.length) lines.push(row(recorded[x++], model[y++]));
  }
  return lines;
}

/** The first call of a recording that the model answers in another way, side by side; null: there is none. */
export function firstDifference(recording: Recording, model: readonly Call[], profile: Profile, width = 120, colours: Colours = PLAIN): string | null {
  for (const call of recording.calls) {
    if (call.seq === null) continue;
    const mine = model.find((one) => one.seq === call.seq);
    if (mine === undefined || mine.call !== call.call) {
      return `call ${call.seq}: recorded ${call.call}; the model ${mine === undefined ? 'made no such call' : `made ${mine.call}`}\n`;
    }
    const { differences } = compareCall(recording.scenario, call, mine, profile);
    if (differences.length === 0) continue;
    const lines = [
      `call ${call.seq}: ${call.call}`, ...differences.map(({ level, what }) => `  ${level}: ${what}`), '',
      `  recorded: ${answerText(call)}`, `  model:    ${answerText(mine)}`, '',
      ...sideBySide(comparable(call.log, profile), comparable(mine.log, profile), width, colours),
    ];
    return `${lines.join('\n')}\n`;
  }
  for (const mine of model) {
    if (mine.seq !== null && !recording.calls.some(({ seq }) => seq === mine.seq)) return `call ${mine.seq}: the model made ${mine.call}; nothing was recorded\n`;
  }
  return null;
}
