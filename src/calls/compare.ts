/**
 * Holds a run of the model against a recording, call by call and on four levels, each on its own: results; the order
 * of the kernel functions entered; their nesting; the values they were called with and returned. A fifth, turns, is
 * the order in which threads ran. Functions are compared by class; small helpers (minor) only on request.
 */

import { functionClasses } from './functions.js';
import type { Call, LogEntry, Recording } from './record.js';

/** Which functions take part: those of epoll and poll; the wake-ups too; TCP too; everything, with small helpers. */
export type Profile = 'epoll' | 'wake' | 'tcp' | 'all';

const EPOLL = ['epoll', 'poll', 'sock.poll', 'eventfd', 'pipe'];
const WAKE = [...EPOLL, 'sock', 'wait', 'unix'];
const CLASSES: Readonly<Record<Profile, readonly string[]>> = { epoll: EPOLL, wake: WAKE, tcp: [...WAKE, 'tcp'], all: [...WAKE, 'tcp'] };

/** What a difference is about. */
export type Level = 'results' | 'order' | 'nesting' | 'values' | 'turns';

/** One way in which the model is not as recorded. `what` is the same text for the same cause in any scenario. */
export interface Difference {
  level: Level;
  scenario: string;
  seq: number;
  call: string;
  what: string;
}

/** An entry that takes part, with the compared functions that enclose it counted anew. */
export interface Entry {
  f: string;
  d: number;
  parent: string;
  i: number;
  in: Readonly<Record<string, unknown>>;
  ret: unknown;
  /** renamed by a rule for kernel versions: only its place is compared */
  renamed: boolean;
}

function takesPart(name: string, profile: Profile, minor: boolean): boolean {
  const known = functionClasses.get(name);
  return known !== undefined && CLASSES[profile].includes(known.class) && (minor || profile === 'all' || !known.minor);
}

/** Names of other kernel versions that mean the same; null: the entry is left out and its children move up. */
function inOneVersion(name: string, head: unknown, parents: readonly string[]): string | null {
  const parent = parents[parents.length - 1];
  if (name === 'ep_remove_safe') return 'ep_remove';
  if (name === 'ep_remove' && parent === 'eventpoll_release_file') return null;
  if (name === 'ep_call_nested') return null;
  if ((name === '__wake_up_sync' || name === '__wake_up_locked') && parents.includes('ep_poll_callback') && String(head).endsWith('.wq')) return '__wake_up';
  return name;
}

/** The entries of a log that take part in a comparison. */
export function comparable(log: readonly LogEntry[], profile: Profile, minor = false): Entry[] {
  const out: Entry[] = [];
  const stack: { d: number; f: string; counted: boolean }[] = [];
  for (const entry of log) {
    while (stack.length > 0 && stack[stack.length - 1]!.d >= entry.d) stack.pop();
    const parents = stack.filter((p) => p.counted).map((p) => p.f);
    const name = inOneVersion(entry.f, entry.in?.['head'], stack.map((p) => p.f));
    // How a page that is not there is waited for is no part of the recordings.
    const page = String(entry.in?.['head']).endsWith('.page');
    const counted = name !== null && !page && takesPart(name, profile, minor);
    if (counted) {
      out.push({ f: name, d: parents.length, parent: parents[parents.length - 1] ?? '-', i: entry.i, in: entry.in ?? {}, ret: entry.ret, renamed: name !== entry.f });
    }
    stack.push({ d: entry.d, f: name ?? entry.f, counted });
  }
  return out;
}

/** Pairs of places that stand for each other: the longest common subsequence of names. */
export function align(recorded: readonly Entry[], model: readonly Entry[]): [number, number][] {
  const width = model.length + 1;
  const best = new Int32Array((recorded.length + 1) * width);
  for (let a = recorded.length - 1; a >= 0; a--) {
    for (let b = model.length - 1; b >= 0; b--) {
      best[a * width + b] = recorded[a]!.f === model[b]!.f ? best[(a + 1) * width + b + 1]! + 1 : Math.max(best[(a + 1) * width + b]!, best[a * width + b + 1]!);
    }
  }
  const pairs: [number, number][] = [];
  for (let a = 0, b = 0; a < recorded.length && b < model.length;) {
    if (recorded[a]!.f === model[b]!.f) pairs.push([a++, b++]);
    else if (best[(a + 1) * width + b]! >= best[a * width + b + 1]!) a++;
    else b++;
  }
  return pairs;
}

/** A value in a form in which equal things are equal: masks as sorted names, and nothing, 0, null and false the same. */
export function canonical(value: unknown): string {
  if (value === undefined || value === null || value === false || value === 0 || value === '0' || value === '-') return '-';
  if (value === true) return '1';
  return String(value as string | number).split('|').sort().join('|');
}

/** Members whose value is not compared, by function. */
const NOT_COMPARED: Readonly<Record<string, readonly string[]>> = {};

/** Members of the recordings that the model shows in another way. */
export function member(entry: Entry, name: string): unknown {
  if (name in entry.in) return entry.in[name];
  // The epoll that is polled: the model shows its file, which the script calls by the same name.
  if (name === 'ep') return entry.in['file'];
  return undefined;
}

export function valueDifferences(recorded: Entry, model: Entry): string[] {
  const out: string[] = [];
  if (recorded.renamed || model.renamed) return out;
  for (const [name, value] of Object.entries(recorded.in)) {
    if (NOT_COMPARED[recorded.f]?.includes(name) === true) continue;
    const got = member(model, name);
    if (canonical(value) !== canonical(got)) out.push(`${recorded.f} ${name}: recorded ${shown(value)}, model ${name in model.in || got !== undefined ? shown(got) : 'does not show it'}`);
  }
  if (recorded.ret !== undefined && canonical(recorded.ret) !== canonical(model.ret)) {
    out.push(`${recorded.f} returns: recorded ${shown(recorded.ret)}, model ${shown(model.ret)}`);
  }
  return out;
}

const shown = (value: unknown): string => (value === undefined || value === null ? '-' : String(value as string | number | boolean));

const RESULTS = ['ret', 'errno', 'value', 'u64', 'blocked', 'returned_during', 'fds'] as const;

function resultDifferences(recorded: Call, model: Call): string[] {
  const out: string[] = [];
  const call = recorded.call.replace(/\(.*/, '');
  for (const name of RESULTS) {
    const [a, b] = [JSON.stringify(recorded[name]), JSON.stringify(model[name])];
    if (a !== b) out.push(`${call} ${name}: recorded ${shown(a)}, model ${shown(b)}`);
  }
  for (const name of ['events', 'revents', 'ready'] as const) {
    const text = (list: Call[typeof name]): string => (list ?? []).map((e) => (typeof e === 'string' ? e : Object.values(e).map(canonical).join(':'))).join(', ');
    const [a, b] = [text(recorded[name]), text(model[name])];
    if (a !== b) out.push(`${call} ${name}: recorded [${a}], model [${b}]`);
  }
  return out;
}

/** What one call is like, on the levels that look at functions. */
export interface CallResult {
  differences: Difference[];
  /** entries recorded, and how many of them the model has in their order */
  recorded: number;
  found: number;
  compared: boolean;
}

/** Compares one call. */
export function compareCall(scenario: string, recorded: Call, model: Call, profile: Profile, minor = false): CallResult {
  const differences: Difference[] = [];
  const note = (level: Level, what: string): void => {
    differences.push({ level, scenario, seq: recorded.seq!, call: recorded.call, what });
  };
  for (const what of resultDifferences(recorded, model)) note('results', what);
  const a = comparable(recorded.log, profile, minor);
  const b = comparable(model.log, profile, minor);
  const pairs = align(a, b);
  const inA = new Set(pairs.map(([x]) => x));
  const inB = new Set(pairs.map(([, y]) => y));
  a.forEach((entry, index) => inA.has(index) || note('order', `missing: ${entry.f} below ${entry.parent}`));
  b.forEach((entry, index) => inB.has(index) || note('order', `extra: ${entry.f} below ${entry.parent}`));
  for (const [x, y] of pairs) {
    const [left, right] = [a[x]!, b[y]!];
    if (left.d !== right.d && left.parent !== right.parent) note('nesting', `${left.f} below ${left.parent}: model below ${right.parent}`);
    else if (left.d !== right.d) note('nesting', `${left.f} below ${left.parent}: another depth`);
    for (const what of valueDifferences(left, right)) note('values', what);
  }
  return { differences, recorded: a.length, found: pairs.length, compared: a.length + b.length > 0 };
}

/** The order in which tasks ran, as a list of names. */
function turns(calls: readonly Call[], profile: Profile): string[] {
  const rows = calls.flatMap((call) => comparable(call.log, profile).map((entry) => ({ i: entry.i, task: call.task }))).sort((x, y) => x.i - y.i);
  return rows.map((row) => row.task).filter((task, index, all) => index === 0 || all[index - 1] !== task);
}

/** A whole scenario: calls that agree of calls compared, on each level. */
export interface ScenarioResult {
  scenario: string;
  compared: number;
  allEqual: number;
  recordedEntries: number;
  foundEntries: number;
  differences: Difference[];
}

/** Compares all calls of a scenario. A call that only one side made is a difference in results. */
export function compareScenario(recording: Recording, model: readonly Call[], profile: Profile = 'tcp', minor = false): ScenarioResult {
  const { scenario } = recording;
  const result: ScenarioResult = { scenario, compared: 0, allEqual: 0, recordedEntries: 0, foundEntries: 0, differences: [] };
  const recorded = recording.calls.filter((call) => call.seq !== null);
  for (const call of recorded) {
    const mine = model.find((c) => c.seq === call.seq);
    if (mine === undefined || mine.call !== call.call) {
      result.differences.push({ level: 'results', scenario, seq: call.seq!, call: call.call, what: `${call.call.replace(/\(.*/, '')}: the model did not make this call` });
      continue;
    }
    const one = compareCall(scenario, call, mine, profile, minor);
    result.differences.push(...one.differences);
    result.recordedEntries += one.recorded;
    result.foundEntries += one.found;
    if (!one.compared) continue;
    result.compared++;
    if (one.differences.length === 0) result.allEqual++;
  }
  for (const call of model.slice(recorded.length)) {
    result.differences.push({ level: 'results', scenario, seq: call.seq!, call: call.call, what: `${call.call.replace(/\(.*/, '')}: the recording has no such call` });
  }
  const [a, b] = [turns(recorded, profile), turns(model, profile)];
  if (a.length > 1 && a.join() !== b.join()) {
    result.differences.push({ level: 'turns', scenario, seq: 0, call: '', what: `turns: recorded ${a.join(' ')}, model ${b.join(' ')}` });
  }
  return result;
}
