/**
 * The script language: one system call a line, in the order in which they happen. This file reads scripts and the recordings that hold
 * one; what a line means is in builders.ts, and runner.ts runs it on the model.
 */

import type { Recording } from './record.js';

/** One line of a script, read. */
export interface Line {
  readonly untilEagain: boolean;
  /** `main`, or the thread (or process) that makes the call */
  readonly thread: string;
  /** names that the results get */
  readonly vars: readonly string[];
  readonly name: string;
  readonly args: readonly string[];
  /** the call as the recordings write it */
  readonly text: string;
  /** number of the line, for messages; counts from 1 */
  readonly number: number;
}

/** A script, or a recording, that cannot be read: where, what was expected, what stands there. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';

  constructor(where: string, line: number, expected: string, found: string) {
    super(`${where}:${line}: expected ${expected}, found ${found}`);
  }
}

/** A script read: its title, its lines, and what it was read from. */
export interface Script {
  readonly where: string;
  readonly title: string;
  readonly lines: readonly Line[];
}

const LINE = /^(until_eagain:\s*)?(?:@(\w+)\s+)?(?:([a-zA-Z_]\w*(?:,\s*[a-zA-Z_]\w*)*)\s*=\s*)?(\w+)\((.*)\)$/;

/** Reads one line: `[until_eagain:] [@thread] [name[, name] =] call(arguments)`. */
export function parseLine(text: string, number = 1, where = 'script'): Line {
  const match = LINE.exec(text.trim());
  if (match === null) throw new ScriptError(where, number, '[until_eagain:] [@thread] [name[, name] =] call(arguments)', text.trim());
  const [, until, thread, vars, name, args] = match;
  return {
    untilEagain: until !== undefined,
    thread: thread ?? 'main',
    vars: vars === undefined ? [] : vars.split(',').map((v) => v.trim()),
    name: name!,
    args: args!.trim() === '' ? [] : args!.split(',').map((a) => a.trim()),
    text: `${name}(${args})`,
    number,
  };
}

/** Reads the lines of a script; the first one that begins with `#` is its title. */
export function parseScript(lines: readonly string[], where = 'script'): Script {
  const out: Line[] = [];
  let title = '';
  lines.forEach((text, index) => {
    const line = text.replace(/(^|\s)#.*$/, '').trim();
    if (text.startsWith('#') && title === '') title = text.replace(/^#\s*/, '');
    if (line !== '') out.push(parseLine(line, index + 1, where));
  });
  return { where, title, lines: out };
}

function json(text: string, where: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new ScriptError(where, number, 'a JSON object', text.slice(0, 60));
}

/** Reads a recording: a first line with the script, then one line a call. */
export function parseRecording(text: string, where: string): Recording {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const head = json(first, where, 1);
  if (!Array.isArray(head['script']) || head['script'].some((line) => typeof line !== 'string')) throw new ScriptError(where, 1, 'a first line with a member "script", a list of texts', first.slice(0, 60));
  const calls = rest.map((line, index) => {
    const call = json(line, where, index + 2);
    if (typeof call['call'] !== 'string') throw new ScriptError(where, index + 2, 'a call, with a member "call"', line.slice(0, 60));
    return { log: [], ...call };
  });
  return { scenario: where.replace(/^.*\//, '').replace(/\.jsonl$/, ''), also: {}, ...head, calls } as unknown as Recording;
}

/** A file of either kind: a recording (its first character is `{`), or a plain script. */
export interface ScriptFile {
  readonly script: Script;
  /** null: a plain script */
  readonly recording: Recording | null;
}

/** Reads a file of either kind. */
export function parseFile(text: string, where: string): ScriptFile {
  if (!text.startsWith('{')) {
    const script = parseScript(text.split('\n'), where);
    if (script.lines.length === 0) throw new ScriptError(where, 1, 'calls, one a line', 'none');
    return { script, recording: null };
  }
  const recording = parseRecording(text, where);
  return { script: parseScript(recording.script, `${where} (script)`), recording };
}
