/**
 * The system calls whose footprint is known: everything they touch is told of by the kernel functions that they go through (descriptors,
 * files, epolls, wake-ups). A call that is not named here counts as touching everything.
 */

import { syscall_by_name } from '../syscalls/table.js';

const NAMES: readonly string[] = [
  'read', 'write', 'readv', 'writev', 'close', 'dup', 'dup2', 'dup3', 'fcntl', 'ioctl',
  'pipe', 'pipe2', 'eventfd', 'eventfd2', 'timerfd_create', 'timerfd_settime', 'timerfd_gettime',
  'epoll_create', 'epoll_create1', 'epoll_ctl', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', 'pselect6',
  'socket', 'socketpair', 'connect', 'accept', 'accept4', 'listen', 'sendto', 'recvfrom', 'recvmsg', 'shutdown',
  'getsockname', 'getpeername', 'setsockopt', 'getsockopt',
  'clone', 'clone3', 'fork', 'vfork', 'exit', 'exit_group', 'wait4', 'waitid',
  'sched_yield', 'nanosleep', 'clock_nanosleep', 'clock_gettime', 'gettimeofday', 'getpid', 'gettid', 'getuid',
];

/** Their numbers. */
export const PRECISE_CALLS: ReadonlySet<number> = new Set(NAMES.map((name) => {
  const row = syscall_by_name.get(name);
  if (row === undefined) throw new Error(`no system call ${name}`);
  return row.nr;
}));
