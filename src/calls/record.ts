/**
 * What a run of a script leaves: one record a call, with its result and the kernel functions entered while it ran. Recordings of a real
 * kernel have the same form, so that the two can be compared.
 */

import type { GraphEntry } from '../inspect/trace.js';

/** A function entered during a call. `ret` is absent where it was not recorded. */
export type LogEntry = Pick<GraphEntry, 'i' | 'd' | 'f'> & { in?: Readonly<Record<string, unknown>>; ret?: unknown };

/** One call: its result, and the functions entered. */
export interface Call {
  /** number of the call, in the order in which they began; null: work on no call's account */
  seq: number | null;
  /** where `seq` is null: the last call begun before */
  after?: number;
  /** `main`, or the thread of the script */
  task: string;
  call: string;
  /** the name that its descriptor gets */
  var?: string;
  /** -1 with `errno`; absent: it never returned */
  ret?: number;
  errno?: string;
  /** the call slept; `returned_during` is the call that ran when it came back */
  blocked?: boolean;
  returned_during?: number;
  /** epoll_wait: label and mask of each event, in the order returned */
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
  readonly scenario: string;
  /** the script, its title first */
  readonly script: string[];
  readonly kernel?: string;
  /** does another Linux do the same? */
  readonly also: Readonly<Record<string, string>>;
  readonly calls: Call[];
}
