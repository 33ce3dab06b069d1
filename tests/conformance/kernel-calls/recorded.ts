/**
 * The recordings: scenarios of system calls as they ran on a real Linux 6.1, and for each call its result and the
 * kernel functions that were entered while it ran. Every file in data/ is one scenario: a first line about the
 * recording, then one line a call.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphEntry } from '../../../src/inspect/trace.js';

/** A function entered during a call. `ret` is absent where it was not recorded. */
export type LogEntry = Pick<GraphEntry, 'i' | 'd' | 'f'> & { in?: Readonly<Record<string, unknown>>; ret?: unknown };

/** One call, recorded or run on the model: its result, and the functions entered. */
export interface Call {
  seq: number | null;
  task: string;
  call: string;
  ret?: number;
  errno?: string;
  /** the call slept; `returned_during` is the call that ran when it came back */
  blocked?: boolean;
  returned_during?: number;
  events?: { data: string; events: string }[];
  revents?: { fd: string; revents: string }[];
  ready?: string[];
  value?: string;
  u64?: number;
  fds?: number[];
  log: LogEntry[];
}

/** One scenario, as recorded. */
export interface Recording {
  scenario: string;
  /** the script, its title first */
  script: string[];
  /** does Linux 6.12 do the same? */
  also: Readonly<Record<string, string>>;
  calls: Call[];
}

/** How one function takes part in comparisons. */
export interface FunctionClass {
  class: string;
  minor?: boolean;
}

const DATA = join(__dirname, 'data');

/** Names of all recorded scenarios. */
export const scenarios: readonly string[] = readdirSync(DATA).filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6)).sort();

/** One recording by name. */
export function recording(scenario: string): Recording {
  const [head, ...calls] = readFileSync(join(DATA, `${scenario}.jsonl`), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown);
  return { ...(head as Recording), calls: calls as Call[] };
}

/** The class of every recorded function. */
export const functions = JSON.parse(readFileSync(join(DATA, 'functions.json'), 'utf8')) as Readonly<Record<string, FunctionClass>>;
