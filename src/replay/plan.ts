/**
 * How a call of the log becomes a call of the model: its row of the system call table, its real arguments, and what is compared
 * beside the result. Files in args/ make plans, one area each; planOf in plans.ts finds the one for a call.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { syscall_arg, syscall_row } from '../syscalls/row.js';
import type { Call, Result } from './call.js';
import { intOf } from './decode.js';
import type { Value } from './value.js';
import { outsideOf, type outside_file } from './outside.js';
import type { Session } from './session.js';
import type { Thread } from './thread.js';

/** What differs when results are equal. */
export interface Mismatch {
  /** what it is about: `events`, `bytes`, `address` ... */
  readonly what: string;
  readonly linux: string;
  readonly model: string;
}

/** A call that the model makes. */
export class Plan {
  readonly row: syscall_row;
  readonly args: readonly syscall_arg[];
  /** looks at what the call stored; null: as in the log. Only asked when the results are equal */
  readonly outputs: ((ret: number, call: Call, result: Result) => Mismatch | null) | null;
  /** true when these two results are equal although the numbers differ */
  readonly same: ((model: number, linux: number) => boolean) | null;

  /**
   * tells outside files what the log says of their readiness: before a call of one line begins (isNow), before one of two lines begins (only
   * whether they have a poll method), and before one that still sleeps ends (isNow) */
  ready: ((result: Result, isNow: boolean) => void) | null = null;
  /** the call has a temporary signal mask that the log does not show */
  isMaskUnknown = false;

  constructor(
    row: syscall_row, args: readonly syscall_arg[], outputs: Plan['outputs'] = null, same: Plan['same'] = null,
  ) {
    this.row = row;
    this.args = args;
    this.outputs = outputs;
    this.same = same;
  }
}

/** A call that the model does not make, and why; a descriptor that it returned stands for something outside. */
export class Outside {
  readonly reason: string;
  /** what a new descriptor stands for; null when the call makes none */
  readonly makes: string | null;

  constructor(reason: string, makes: string | null = null) {
    this.reason = reason;
    this.makes = makes;
  }
}

/** Everything that a planner may look at. */
export interface PlanContext {
  readonly k: Kernel;
  readonly session: Session;
  readonly thread: Thread;
}

export type Planner = (at: PlanContext, call: Call, row: syscall_row) => Plan | Outside;

/** An argument of a call; NULL when the log does not show it. */
export function arg(call: Call, index: number): Value {
  return call.args[index] ?? { kind: 'null', comment: '' };
}

/** What a call is given when the log never shows it, because the call never returned. */
export const UNKNOWN_SIZE = 65536;

/** A number argument, or `otherwise` when the log never shows it. */
export function numberArg(call: Call, index: number, otherwise: number): number {
  const value = call.args[index];
  return value === undefined ? otherwise : intOf(value);
}

/** The outside file behind a descriptor, or null. */
export function outsideAt({ thread }: PlanContext, fd: number): outside_file | null {
  const file = thread.task.files.at(fd);
  return file === null ? null : outsideOf(file);
}

/** What a descriptor stands for outside the model, or null. */
export function opaqueKind(at: PlanContext, fd: number): string | null {
  return outsideAt(at, fd)?.kind ?? null;
}
