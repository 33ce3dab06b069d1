/**
 * signalfd: signals read as data. The descriptor has a mask and nothing else: whose signals it shows is decided anew
 * by each call, they are the caller's; and a poll registers on the caller's queue, which ends with the process.
 * Linux counterpart: fs/signalfd.c.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EBADF, EFAULT, EINVAL, ERESTARTSYS } from './errno.js';
import { fdget, install_new_file } from './fdtable.js';
import { file, type file_operations } from './file.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { poll_wait, type poll_table } from './poll_table.js';
import { signal_pending } from './sched.js';
import { is_chld_layout } from './signal_calls.js';
import { dequeue_signal } from './signal_deliver.js';
import type { siginfo } from './signal_types.js';
import { has_pending_signals, SIGSET_SIZE, UNBLOCKABLE_LO } from './sigset.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from './task.js';
import { get_user_u32, type iov_iter, type user_ptr } from './uaccess.js';
import { EPOLLIN, O_CLOEXEC, O_NONBLOCK, O_RDWR } from './uapi.js';
import { add_wait_queue, default_wake_function, remove_wait_queue, wait_queue_entry, wake_up } from './wait.js';

export const SFD_NONBLOCK = O_NONBLOCK;
export const SFD_CLOEXEC = O_CLOEXEC;
/** Bytes of one signal as it is read. include/uapi/linux/signalfd.h:signalfd_siginfo */
export const SIGNALFD_SIGINFO_SIZE = 128;

const AT_READ = point('signalfd_dequeue', 'before sighand->siglock');

/** The mask, inverted: what is not read. fs/signalfd.c:signalfd_ctx */
class signalfd_ctx {
  sigmask_lo: number;
  sigmask_hi: number;

  constructor(lo: number, hi: number) {
    this.sigmask_lo = ~(lo & ~UNBLOCKABLE_LO);
    this.sigmask_hi = ~hi;
  }
}

/** Readable when the caller has a signal of the mask pending. fs/signalfd.c:signalfd_poll */
function signalfd_poll(k: Kernel, file: file, pt: poll_table | null): number {
  const ctx = file.private_data as signalfd_ctx;
  const task = k.current;
  poll_wait(k, file, task.sighand.signalfd_wqh, pt);
  const ready = has_pending_signals(task.pending, ctx.sigmask_lo, ctx.sigmask_hi)
    || has_pending_signals(task.signal.shared_pending, ctx.sigmask_lo, ctx.sigmask_hi);
  return ready ? EPOLLIN : 0;
}

/** The next signal of the mask. Sleeps until there is one, unless `nonblock`. fs/signalfd.c:signalfd_dequeue @returns it, -EAGAIN, -ERESTARTSYS */
function* signalfd_dequeue(k: Kernel, ctx: signalfd_ctx, nonblock: boolean): Sleeps<siginfo | number> {
  if (k.preempt) yield AT_READ;
  const task = k.current;
  let info = dequeue_signal(k, ctx.sigmask_lo, ctx.sigmask_hi);
  if (info !== null) return info;
  if (nonblock) return -EAGAIN;
  const head = task.sighand.signalfd_wqh;
  const wait = new wait_queue_entry(task, default_wake_function);
  add_wait_queue(k, head, wait);
  for (;;) {
    task.__state = TASK_INTERRUPTIBLE;
    info = dequeue_signal(k, ctx.sigmask_lo, ctx.sigmask_hi);
    if (info !== null || signal_pending(task)) break;
    yield AT_SCHEDULE;
  }
  remove_wait_queue(k, head, wait);
  task.__state = TASK_RUNNING;
  return info ?? -ERESTARTSYS;
}

/** The 128 bytes of one signal. fs/signalfd.c:signalfd_copyinfo */
function signalfd_bytes(info: siginfo): Uint8Array {
  const bytes = new Uint8Array(SIGNALFD_SIGINFO_SIZE);
  const words = new DataView(bytes.buffer);
  words.setInt32(0, info.si_signo, true);
  words.setInt32(8, info.si_code, true);
  words.setInt32(12, info.si_pid, true);
  words.setInt32(16, info.si_uid, true);
  if (is_chld_layout(info)) words.setInt32(40, info.si_status, true);
  words.setInt32(44, is_chld_layout(info) ? 0 : info.si_value, true);
  words.setInt32(48, is_chld_layout(info) ? 0 : info.si_value, true);
  return bytes;
}

/** Reads signals of the caller, as many as there are and fit. Sleeps for the first. fs/signalfd.c:signalfd_read_iter @returns bytes, -EINVAL (less than 128), -EAGAIN, -EFAULT */
function* signalfd_read_iter(k: Kernel, file: file, to: iov_iter): Sleeps<number> {
  const ctx = file.private_data as signalfd_ctx;
  let count = Math.floor(to.count / SIGNALFD_SIGINFO_SIZE);
  if (count === 0) return -EINVAL;
  let nonblock = (file.f_flags & O_NONBLOCK) !== 0;
  let total = 0;
  for (; count > 0; count--) {
    const got = yield* signalfd_dequeue(k, ctx, nonblock);
    if (typeof got === 'number') return total > 0 ? total : got;
    if (to.copy_to(signalfd_bytes(got), 0, SIGNALFD_SIGINFO_SIZE) < SIGNALFD_SIGINFO_SIZE) return total > 0 ? total : -EFAULT;
    nonblock = true;
    total += SIGNALFD_SIGINFO_SIZE;
  }
  return total;
}

function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** fs/signalfd.c:signalfd_fops */
export const signalfd_fops: file_operations = {
  name: '[signalfd]',
  poll: signalfd_poll,
  read_iter: signalfd_read_iter,
  write_iter: null,
  unlocked_ioctl: null,
  release: null,
  show_fdinfo: (_k, file) => {
    const ctx = file.private_data as signalfd_ctx;
    return `sigmask:\t${word(~ctx.sigmask_hi)}${word(~ctx.sigmask_lo)}\n`;
  },
  llseek: 'noop',
  object: (file) => file.id,
};

/** Makes a signalfd, or gives one another mask, which wakes the readers. fs/signalfd.c:do_signalfd4 */
function do_signalfd4(k: Kernel, ufd: number, lo: number, hi: number, flags: number): number {
  if ((flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) !== 0) return -EINVAL;
  const ctx = new signalfd_ctx(lo, hi);
  if (ufd === -1) {
    return install_new_file(k, () => new file(k, signalfd_fops, ctx, O_RDWR | (flags & O_NONBLOCK), '[signalfd]'), (flags & SFD_CLOEXEC) !== 0);
  }
  const old = fdget(k, ufd);
  if (old === null) return -EBADF;
  if (old.f_op !== signalfd_fops) return -EINVAL;
  const old_ctx = old.private_data as signalfd_ctx;
  old_ctx.sigmask_lo = ctx.sigmask_lo;
  old_ctx.sigmask_hi = ctx.sigmask_hi;
  wake_up(k, k.current.sighand.signalfd_wqh);
  return ufd;
}

/**
 * signalfd4(2). fs/signalfd.c:signalfd4
 * @param ufd -1: a new one; else the one whose mask changes
 * @param flags SFD_CLOEXEC, SFD_NONBLOCK
 * @returns descriptor, -EINVAL (size, flags, not a signalfd), -EFAULT, -EBADF, -EMFILE
 */
export function sys_signalfd4(k: Kernel, ufd: number, user_mask: user_ptr, sizemask: number, flags: number): number {
  if (sizemask !== SIGSET_SIZE) return -EINVAL;
  const lo = get_user_u32(user_mask, 0);
  const hi = get_user_u32(user_mask, 4);
  if (lo === null || hi === null) return -EFAULT;
  return do_signalfd4(k, ufd, lo, hi, flags);
}

/** signalfd(2), before there were flags. fs/signalfd.c:signalfd @returns as signalfd4 */
export function sys_signalfd(k: Kernel, ufd: number, user_mask: user_ptr, sizemask: number): number {
  return sys_signalfd4(k, ufd, user_mask, sizemask, 0);
}
