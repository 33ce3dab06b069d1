/**
 * A system call as a log tells it, its result, and the events that a log is made of. A call that was printed in one line
 * and one that was printed in two halves are the same here; only their lines differ.
 */

import type { FdValue, StructValue, Value } from './value.js';

/** One part of a note behind a result: `out [4]` has the label out, `[{fd=4, revents=POLLIN}]` and `SIGUSR1` have none. */
export interface NotePart {
  readonly label: string;
  readonly value: Value;
}

/**
 * What stands behind the `=`.
 * - value: a number, perhaps a descriptor
 * - error: `-1 EAGAIN (Resource temporarily unavailable)`
 * - restart: `? ERESTARTSYS (To be restarted if SA_RESTART is set)`
 * - none: `?`, the call never returned
 */
export interface Result {
  readonly kind: 'value' | 'error' | 'restart' | 'none';
  /** -1 for error and restart, 0 for none */
  readonly value: number | bigint;
  readonly base: 8 | 10 | 16;
  /** EAGAIN, ERESTARTSYS; '' for value and none */
  readonly errno: string;
  /** the words in the parentheses: the text of an error, the whole note of a value; `unavailable` */
  readonly text: string;
  /** the value as a descriptor, when strace says what it is */
  readonly fd: FdValue | null;
  /** the note taken apart when it is a list of values, [] when it is only words */
  readonly note: readonly NotePart[];
}

/** A system call. Filled in as the log is read: at first what its entry says, later what its exit says. */
export class Call {
  /** the thread that entered it; the exit may be printed under another id, see superseded */
  readonly pid: number;
  readonly name: string;
  readonly entryLine: number;
  /** nanoseconds since the first second of the log; null in a log without times */
  readonly entryNs: number | null;
  /** the arguments as far as they are known */
  args: Value[];
  /** every argument that will ever be printed is there */
  argsComplete: boolean;
  /** 0 as long as the exit has not been read */
  exitLine = 0;
  exitNs: number | null = null;
  durationNs: number | null = null;
  result: Result | null = null;
  /** the log says no more about this call: its exit was read, or its thread ended inside, or the log ended */
  settled = false;

  constructor(pid: number, name: string, entryLine: number, entryNs: number | null, args: Value[], argsComplete: boolean) {
    this.pid = pid;
    this.name = name;
    this.entryLine = entryLine;
    this.entryNs = entryNs;
    this.args = args;
    this.argsComplete = argsComplete;
  }
}

/** Where and when something stands in a log. */
export interface At {
  readonly line: number;
  /** the thread under whose id the line stands; 0 in a log without ids */
  readonly pid: number;
  /** nanoseconds since the first second of the log; null in a log without times */
  readonly timeNs: number | null;
}

/** A thread enters a call. With look-ahead, `call` is already complete, result and all. */
export interface EnterEvent extends At {
  readonly type: 'enter';
  readonly call: Call;
}

/** A call has come back; for a call printed in one line, an event of the same line right behind its entry. */
export interface ExitEvent extends At {
  readonly type: 'exit';
  readonly call: Call;
  readonly result: Result;
}

/** `--- SIGCHLD {...} ---`: a signal is delivered. */
export interface SignalEvent extends At {
  readonly type: 'signal';
  readonly signal: string;
  readonly info: StructValue;
}

/** `--- stopped by SIGSTOP ---`. */
export interface StopEvent extends At {
  readonly type: 'stop';
  readonly signal: string;
}

/** `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`: one of status and signal is null. */
export interface EndEvent extends At {
  readonly type: 'end';
  readonly status: number | null;
  readonly signal: string | null;
  readonly coreDumped: boolean;
}

/**
 * `+++ superseded by execve in pid 26 +++`: thread `by` has called execve, and goes on as the leader `pid`. The exit of
 * that execve comes under the leader's id; its call keeps the pid under which it was entered.
 */
export interface SupersededEvent extends At {
  readonly type: 'superseded';
  readonly by: number;
}

/** The last line was cut. Everything before it has been given; `column` is where reading it stopped. */
export interface TornEvent {
  readonly type: 'torn';
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly expected: string;
}

/** What a log says, in the order of its lines. */
export type LogEvent = EnterEvent | ExitEvent | SignalEvent | StopEvent | EndEvent | SupersededEvent | TornEvent;
