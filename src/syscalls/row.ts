/**
 * What a system call is: one row with its number, name, how its arguments print, and its handler. The rows of
 * one area stand together in a file; table.ts joins them.
 */

import type { Program } from '../kernel/fork.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Might } from '../kernel/point.js';
import type { k_sigaction } from '../kernel/signal_types.js';
import type { user_memory } from '../kernel/uaccess.js';

/**
 * An argument of a system call: an integer or a pointer. Wide integers (u64) travel in user memory. What holds
 * pointers itself is an object: signal actions, arguments of clone3, argv; and a new task's program is a function.
 */
export type syscall_arg = number | user_memory | null | Program | k_sigaction | clone_args | readonly user_memory[];

/** The structure that clone3() takes; the pointers are to 4 bytes each. include/uapi/linux/sched.h:clone_args */
export interface clone_args {
  readonly flags: number;
  readonly pidfd?: user_memory;
  readonly child_tid?: user_memory;
  readonly parent_tid?: user_memory;
  readonly exit_signal?: number;
}

/** A finished or running call, as printers see it. `ret` is null while the call runs. */
export interface syscall_record {
  readonly row: syscall_row;
  readonly args: readonly syscall_arg[];
  readonly ret: number | null;
}

/** Prints one argument the way strace does. `out`: the kernel stores it, so strace shows it when the call returns. */
export interface arg_printer {
  (value: syscall_arg, call: syscall_record): string;
  readonly out?: boolean;
}

/** One row of the table. */
export interface syscall_row {
  /** number on x86-64; arch/x86/entry/syscalls/syscall_64.tbl */
  readonly nr: number;
  readonly name: string;
  /** one printer for each argument, in order */
  readonly args: readonly arg_printer[];
  /** what strace adds behind the result of a call that did not fail: ` (Timeout)`, ` (flags O_RDWR)` */
  readonly result?: (call: syscall_record) => string;
  /**
   * Answers at once, or gives back what may sleep. Arguments arrive as the program gave them; a handler casts
   * each to what it expects, as the kernel does.
   * @returns >= 0, or -errno
   */
  readonly handler: (k: Kernel, ...args: never[]) => Might<number>;
}
