/**
 * The system call table: every call that a program of the model can make, by name and by number.
 * Linux counterpart: arch/x86/entry/syscalls/syscall_64.tbl.
 */

import type { syscall_row } from './row.js';
import { epoll_rows } from './rows_epoll.js';
import { file_rows } from './rows_file.js';
import { ipc_rows } from './rows_ipc.js';
import { net_rows } from './rows_net.js';
import { poll_rows } from './rows_poll.js';
import { process_rows } from './rows_process.js';

/** All rows, in order of their numbers. */
export const sys_call_table: readonly syscall_row[] = [
  ...file_rows, ...ipc_rows, ...poll_rows, ...epoll_rows, ...net_rows, ...process_rows,
].sort((a, b) => a.nr - b.nr);

/** Rows by name. */
export const syscall_by_name: ReadonlyMap<string, syscall_row> = new Map(sys_call_table.map((row) => [row.name, row]));
