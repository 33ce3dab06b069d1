/**
 * Descriptors that stand for processes: readable when the process has ended, hung up when it is reaped; a way to
 * send signals and to borrow its files. Linux counterparts: fs/pidfs.c, kernel/pid.c, kernel/fork.c. The ioctls
 * that ask about the process are left out.
 */

import type { Kernel } from './kernel.js';
import { EBADF, EINVAL, ENOENT, EPERM, ESRCH } from './errno.js';
import { delay_group_leader, thread_group_leader } from './exit.js';
import { fd_install, fdget, get_unused_fd_flags } from './fdtable.js';
import { file, get_file, type file_operations } from './file.js';
import type { pid_struct } from './pid.js';
import { poll_wait, type poll_table } from './poll_table.js';
import { do_send_sig_info, kill_ok, make_siginfo } from './signal.js';
import { SI_TKILL, SI_USER } from './signal_types.js';
import { _NSIG } from './sigset.js';
import { PF_EXITING, type task_struct } from './task.js';
import { EPOLLHUP, EPOLLIN, EPOLLRDNORM, O_NONBLOCK, O_RDWR } from './uapi.js';

export const PIDFD_NONBLOCK = O_NONBLOCK;
export const PIDFD_THREAD = 0o200;
export const PIDFD_SIGNAL_THREAD = 1;
export const PIDFD_SIGNAL_THREAD_GROUP = 2;
export const PIDFD_SIGNAL_PROCESS_GROUP = 4;
/** instead of a descriptor: the calling thread, its process. include/uapi/linux/pidfd.h */
export const PIDFD_SELF_THREAD = -10000;
export const PIDFD_SELF_THREAD_GROUP = -10001;

/** The end of the first thread does not count while others live. fs/pidfs.c:pidfd_poll */
function pidfd_poll(k: Kernel, file: file, pt: poll_table | null): number {
  const pid = file.private_data as pid_struct;
  poll_wait(k, file, pid.wait_pidfd, pt);
  const { task } = pid;
  if (task === null) return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
  const thread = (file.f_flags & PIDFD_THREAD) !== 0;
  return task.exit_state !== 0 && (thread || !delay_group_leader(task)) ? EPOLLIN | EPOLLRDNORM : 0;
}

/** fs/pidfs.c:pidfs_file_operations */
export const pidfs_file_operations: file_operations = {
  name: '[pidfd]',
  poll: pidfd_poll,
  read_iter: null,
  write_iter: null,
  unlocked_ioctl: null,
  release: null,
  show_fdinfo: (_k, file) => {
    const pid = file.private_data as pid_struct;
    return `Pid:\t${pid.task === null ? -1 : pid.nr}\nNSpid:\t${pid.task === null ? -1 : pid.nr}\n`;
  },
  llseek: 'none',
};

/** A new descriptor for a process, closed on exec. kernel/fork.c:pidfd_prepare @returns the number, -EMFILE */
export function pidfd_create(k: Kernel, pid: pid_struct, flags: number): number {
  const fd = get_unused_fd_flags(k, true);
  if (fd < 0) return fd;
  fd_install(k, fd, new file(k, pidfs_file_operations, pid, O_RDWR | flags, '[pidfd]'));
  return fd;
}

/** What a pidfd refers to; null: not a pidfd. kernel/pid.c:pidfd_get_pid */
export function pidfd_pid(k: Kernel, fd: number): { pid: pid_struct; nonblock: boolean; thread: boolean } | null {
  const self = k.current;
  if (fd === PIDFD_SELF_THREAD) return { pid: self.thread_pid, nonblock: false, thread: true };
  if (fd === PIDFD_SELF_THREAD_GROUP) return { pid: self.group_leader.thread_pid, nonblock: false, thread: false };
  const file = fdget(k, fd);
  if (file === null || file.f_op !== pidfs_file_operations) return null;
  const { f_flags } = file;
  return { pid: file.private_data as pid_struct, nonblock: (f_flags & O_NONBLOCK) !== 0, thread: (f_flags & PIDFD_THREAD) !== 0 };
}

/**
 * pidfd_open(2). kernel/pid.c:pidfd_open
 * @param pid a process, or with PIDFD_THREAD any thread
 * @returns descriptor, -EINVAL, -ESRCH, -ENOENT (a thread that is not the first), -EMFILE
 */
export function sys_pidfd_open(k: Kernel, pid: number, flags: number): number {
  if ((flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD)) !== 0 || pid <= 0) return -EINVAL;
  const task = k.tasks.get(pid);
  if (task === undefined) return -ESRCH;
  if ((flags & PIDFD_THREAD) === 0 && !thread_group_leader(task)) return -ENOENT;
  return pidfd_create(k, task.thread_pid, flags);
}

/** The signal goes to the thread, the process or the process group. kernel/signal.c:do_pidfd_send_signal */
function send_to_pid(k: Kernel, task: task_struct, sig: number, type: number): number {
  if (type === PIDFD_SIGNAL_PROCESS_GROUP) {
    for (const t of k.tasks.values()) {
      if (thread_group_leader(t) && t.signal.pgrp === task.signal.pgrp && sig !== 0) do_send_sig_info(k, sig, make_siginfo(k, sig, SI_USER), t, 'process');
    }
    return 0;
  }
  if (sig === 0) return 0;
  const thread = type === PIDFD_SIGNAL_THREAD;
  return do_send_sig_info(k, sig, make_siginfo(k, sig, thread ? SI_TKILL : SI_USER), task, thread ? 'thread' : 'process');
}

/**
 * pidfd_send_signal(2); the siginfo argument is taken as NULL. kernel/signal.c:pidfd_send_signal
 * @param flags 0 as the pidfd was opened, or one of PIDFD_SIGNAL_*
 * @returns 0, -EINVAL, -EBADF, -ESRCH (reaped), -EPERM
 */
export function sys_pidfd_send_signal(k: Kernel, pidfd: number, sig: number, _info: unknown, flags: number): number {
  if (flags !== 0 && flags !== PIDFD_SIGNAL_THREAD && flags !== PIDFD_SIGNAL_THREAD_GROUP && flags !== PIDFD_SIGNAL_PROCESS_GROUP) return -EINVAL;
  const found = pidfd_pid(k, pidfd);
  if (found === null) return -EBADF;
  const { task } = found.pid;
  if (task === null) return -ESRCH;
  if (sig < 0 || sig > _NSIG) return -EINVAL;
  if (!kill_ok(k, task, sig)) return -EPERM;
  const type = flags !== 0 ? flags : found.thread ? PIDFD_SIGNAL_THREAD : PIDFD_SIGNAL_THREAD_GROUP;
  return send_to_pid(k, task, sig, type);
}

/**
 * pidfd_getfd(2): a copy of a descriptor of another process, closed on exec. kernel/pid.c:pidfd_getfd
 * @returns descriptor, -EINVAL, -EBADF, -ESRCH (it ends or has ended), -EPERM, -EMFILE
 */
export function sys_pidfd_getfd(k: Kernel, pidfd: number, targetfd: number, flags: number): number {
  if (flags !== 0) return -EINVAL;
  const found = pidfd_pid(k, pidfd);
  if (found === null || pidfd < 0) return -EBADF;
  const { task } = found.pid;
  if (task === null || (task.flags & PF_EXITING) !== 0) return -ESRCH;
  if (!kill_ok(k, task, 0)) return -EPERM;
  const target = task.files.at(targetfd);
  if (target === null) return -EBADF;
  const fd = get_unused_fd_flags(k, true);
  if (fd < 0) return fd;
  fd_install(k, fd, get_file(target));
  return fd;
}
