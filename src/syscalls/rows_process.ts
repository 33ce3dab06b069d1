/**
 * System calls of processes, signals and time: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import type { syscall_row } from './row.js';

export const process_rows: readonly syscall_row[] = [];
