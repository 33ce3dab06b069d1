/**
 * Being told what happens on a machine while it happens: each system call as it begins and as it ends, each move, each end of a task.
 * Laws and recorders watch a run through this and need no trace. A machine that nobody watches pays one comparison a call.
 */

import type { Point } from '../kernel/point.js';
import type { Halt } from '../kernel/sched.js';
import type { task_struct } from '../kernel/task.js';
import type { syscall_arg, syscall_row } from '../syscalls/row.js';

/** How one move ended: at a point, or with nothing more to do. */
export type Step = Point | Halt;

/**
 * A system call of a program. One object stands for the call from its beginning to its end, so it can be the key of a map; what the kernel
 * stored is in the memory among its arguments. A call whose task is killed in the middle never ends.
 */
export interface CallEvent {
  readonly task: task_struct;
  readonly row: syscall_row;
  readonly args: readonly syscall_arg[];
  /** null: the call begins; else it has ended with this */
  readonly ret: number | null;
}

/** Who is told. It must change nothing. */
export interface Observer {
  /** a call begins or has ended; a program that returns begins exit_group, or exit in a thread that is not the first */
  called?(event: CallEvent): void;
  /** the machine made a move */
  moved?(step: Step): void;
  /** a task has ended; its descriptors are closed. @param signal the one that killed it; 0: it ended by itself */
  exited?(task: task_struct, signal: number): void;
  /** an expectation was looked at; what it is about is `call`, the last finished call of the program. @param held whether it holds */
  expected?(what: string, held: boolean, call: CallEvent | null): void;
}

/** Several observers as one. */
export class Observers implements Required<Observer> {
  private readonly all: Observer[] = [];

  add(observer: Observer): void {
    this.all.push(observer);
  }

  called(event: CallEvent): void {
    for (const observer of this.all) observer.called?.(event);
  }

  moved(step: Step): void {
    for (const observer of this.all) observer.moved?.(step);
  }

  exited(task: task_struct, signal: number): void {
    for (const observer of this.all) observer.exited?.(task, signal);
  }

  expected(what: string, held: boolean, call: CallEvent | null): void {
    for (const observer of this.all) observer.expected?.(what, held, call);
  }
}
