/**
 * System calls of poll, ppoll, select and pselect6: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import type { syscall_row } from './row.js';

export const poll_rows: readonly syscall_row[] = [];
