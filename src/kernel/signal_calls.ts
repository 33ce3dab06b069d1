/**
 * The system calls of signals: actions, masks, sending, and waiting for signals. Actions hold functions, so they
 * travel as objects, not as bytes. Linux counterpart: kernel/signal.c. Alternate stacks are left out.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EFAULT, EINTR, EINVAL, EPERM, ERESTARTNOHAND, ESRCH } from './errno.js';
import { thread_group_leader } from './exit.js';
import { AT_SCHEDULE, type Sleeps } from './point.js';
import { schedule_hrtimeout, signal_pending } from './sched.js';
import {
  __set_current_blocked, do_send_sig_info, flush_sigqueue_mask, kill_ok, make_siginfo, recalc_sigpending, set_current_blocked,
  type SignalTarget, sig_task_ignored,
} from './signal.js';
import { dequeue_signal } from './signal_deliver.js';
import { type k_sigaction, SI_TKILL, SI_USER, type siginfo } from './signal_types.js';
import { _NSIG, sig_hi, sig_lo, SIGSET_SIZE, UNBLOCKABLE_LO } from './sigset.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, type task_struct } from './task.js';
import { get_timespec_ns } from './time.js';
import { get_user_u32, put_user_s64, put_user_u32, type user_ptr } from './uaccess.js';
import { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, SIGCHLD, SIGKILL, SIGSTOP } from './uapi.js';

/**
 * rt_sigaction(2). kernel/signal.c:do_sigaction
 * @param act what is to be done from now on, or null
 * @param oact filled with what was to be done, or null
 * @returns 0, -EINVAL (no such signal; SIGKILL and SIGSTOP cannot be handled; size is not 8)
 */
export function sys_rt_sigaction(k: Kernel, sig: number, act: k_sigaction | null, oact: k_sigaction | null, sigsetsize: number): number {
  if (sigsetsize !== SIGSET_SIZE || sig < 1 || sig > _NSIG || (act !== null && (sig === SIGKILL || sig === SIGSTOP))) return -EINVAL;
  const task = k.current;
  const { action } = task.sighand;
  if (oact !== null) Object.assign(oact, action[sig]!);
  if (act === null) return 0;
  const { sa_handler, sa_flags, sa_mask_lo, sa_mask_hi } = act;
  action[sig] = { sa_handler, sa_flags, sa_mask_lo: sa_mask_lo & ~UNBLOCKABLE_LO, sa_mask_hi };
  if (sig_task_ignored(task, sig)) {
    flush_sigqueue_mask(task.signal.shared_pending, sig_lo(sig), sig_hi(sig));
    for (const t of task.signal.threads) flush_sigqueue_mask(t.pending, sig_lo(sig), sig_hi(sig));
  }
  return 0;
}

/** Stores a set of signals; false when that faults. include/linux/uaccess.h:copy_to_user */
function put_sigset(to: user_ptr, lo: number, hi: number): boolean {
  return put_user_u32(to, 0, lo) && put_user_u32(to, 4, hi);
}

/** rt_sigprocmask(2). kernel/signal.c:rt_sigprocmask @returns 0, -EINVAL (`how`, size), -EFAULT */
export function sys_rt_sigprocmask(k: Kernel, how: number, nset: user_ptr, oset: user_ptr, sigsetsize: number): number {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const { blocked_lo, blocked_hi } = k.current;
  if (nset !== null) {
    const lo = get_user_u32(nset, 0);
    const hi = get_user_u32(nset, 4);
    if (lo === null || hi === null) return -EFAULT;
    if (how === SIG_BLOCK) set_current_blocked(k, blocked_lo | lo, blocked_hi | hi);
    else if (how === SIG_UNBLOCK) set_current_blocked(k, blocked_lo & ~lo, blocked_hi & ~hi);
    else if (how === SIG_SETMASK) set_current_blocked(k, lo, hi);
    else return -EINVAL;
  }
  return oset !== null && !put_sigset(oset, blocked_lo, blocked_hi) ? -EFAULT : 0;
}

/** rt_sigpending(2): blocked signals that wait. kernel/signal.c:rt_sigpending @returns 0, -EINVAL, -EFAULT */
export function sys_rt_sigpending(k: Kernel, uset: user_ptr, sigsetsize: number): number {
  if (sigsetsize > SIGSET_SIZE) return -EINVAL;
  const { pending, signal, blocked_lo, blocked_hi } = k.current;
  const lo = (pending.signal_lo | signal.shared_pending.signal_lo) & blocked_lo;
  const hi = (pending.signal_hi | signal.shared_pending.signal_hi) & blocked_hi;
  return put_sigset(uset, lo, hi) ? 0 : -EFAULT;
}

/** Sleeps until a signal is to be handled. kernel/signal.c:sigsuspend */
function* wait_for_signal(k: Kernel): Sleeps<void> {
  const task = k.current;
  while (!signal_pending(task)) {
    task.__state = TASK_INTERRUPTIBLE;
    yield AT_SCHEDULE;
  }
  task.__state = TASK_RUNNING;
}

/** pause(2). Sleeps until a handler has run. kernel/signal.c:pause @returns -EINTR */
export function* sys_pause(k: Kernel): Sleeps<number> {
  yield* wait_for_signal(k);
  return -ERESTARTNOHAND;
}

/** rt_sigsuspend(2): pause() under another mask. Sleeps until a handler has run. kernel/signal.c:rt_sigsuspend @returns -EINTR, -EINVAL, -EFAULT */
export function* sys_rt_sigsuspend(k: Kernel, unewset: user_ptr, sigsetsize: number): Sleeps<number> {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const lo = get_user_u32(unewset, 0);
  const hi = get_user_u32(unewset, 4);
  if (lo === null || hi === null) return -EFAULT;
  const task = k.current;
  task.saved_lo = task.blocked_lo;
  task.saved_hi = task.blocked_hi;
  set_current_blocked(k, lo, hi);
  yield* wait_for_signal(k);
  task.restore_sigmask = true;
  return -ERESTARTNOHAND;
}

/** Takes one of `these` signals, blocked or not. Sleeps until one comes or the time is over. kernel/signal.c:do_sigtimedwait @returns what came, -EAGAIN, -EINTR */
function* do_sigtimedwait(k: Kernel, these_lo: number, these_hi: number, timeoutNs: number): Sleeps<siginfo | number> {
  const task = k.current;
  const mask_lo = ~(these_lo & ~UNBLOCKABLE_LO);
  const mask_hi = ~these_hi;
  const now = dequeue_signal(k, mask_lo, mask_hi);
  if (now !== null) return now;
  if (timeoutNs === 0) return -EAGAIN;
  task.real_blocked_lo = task.blocked_lo;
  task.real_blocked_hi = task.blocked_hi;
  task.blocked_lo &= mask_lo;
  task.blocked_hi &= mask_hi;
  recalc_sigpending(k);
  task.__state = TASK_INTERRUPTIBLE;
  const timeout = yield* schedule_hrtimeout(k, k.clock.nowNs + timeoutNs, 'rt_sigtimedwait');
  task.__state = TASK_RUNNING;
  __set_current_blocked(k, task.real_blocked_lo, task.real_blocked_hi);
  task.real_blocked_lo = 0;
  task.real_blocked_hi = 0;
  return dequeue_signal(k, mask_lo, mask_hi) ?? (timeout === 0 ? -EAGAIN : -EINTR);
}

/** True when the last word of a siginfo holds the status of a child. kernel/signal.c:siginfo_layout */
export function is_chld_layout(info: siginfo): boolean {
  return info.si_signo === SIGCHLD && info.si_code > 0 && info.si_code <= 6;
}

/** Stores a siginfo of 128 bytes; false when that faults. kernel/signal.c:copy_siginfo_to_user */
export function copy_siginfo_to_user(to: user_ptr, info: siginfo): boolean {
  return put_user_u32(to, 0, info.si_signo) && put_user_u32(to, 4, 0) && put_user_u32(to, 8, info.si_code)
    && put_user_u32(to, 16, info.si_pid) && put_user_u32(to, 20, info.si_uid)
    && put_user_s64(to, 24, is_chld_layout(info) ? info.si_status : info.si_value);
}

/**
 * rt_sigtimedwait(2): takes a pending signal of the set instead of its handler. Sleeps until one comes.
 * kernel/signal.c:rt_sigtimedwait
 * @param uts how long at most; NULL: for ever
 * @returns the signal's number, -EAGAIN (time over), -EINTR (another signal was handled), -EINVAL, -EFAULT
 */
export function* sys_rt_sigtimedwait(k: Kernel, uthese: user_ptr, uinfo: user_ptr, uts: user_ptr, sigsetsize: number): Sleeps<number> {
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const lo = get_user_u32(uthese, 0);
  const hi = get_user_u32(uthese, 4);
  if (lo === null || hi === null) return -EFAULT;
  const timeoutNs = uts === null ? Infinity : get_timespec_ns(uts);
  if (timeoutNs < 0) return timeoutNs;
  const got = yield* do_sigtimedwait(k, lo, hi, timeoutNs);
  if (typeof got === 'number') return got;
  return uinfo !== null && !copy_siginfo_to_user(uinfo, got) ? -EFAULT : got.si_signo;
}

/** Checks and sends; signal 0 only checks. kernel/signal.c:group_send_sig_info, do_send_specific @returns 0, -EINVAL, -EPERM */
function checked_send(k: Kernel, task: task_struct, sig: number, info: siginfo, type: SignalTarget): number {
  if (sig < 0 || sig > _NSIG) return -EINVAL;
  if (!kill_ok(k, task, sig)) return -EPERM;
  return sig === 0 ? 0 : do_send_sig_info(k, sig, info, task, type);
}

/** Sends to every process that `chosen` names; one success is enough. kernel/signal.c:__kill_pgrp_info, kill_something_info */
function kill_many(k: Kernel, sig: number, chosen: (task: task_struct) => boolean): number {
  let ret = -ESRCH;
  let success = false;
  for (const task of k.tasks.values()) {
    if (!thread_group_leader(task) || !chosen(task)) continue;
    const err = checked_send(k, task, sig, make_siginfo(k, sig, SI_USER), 'process');
    if (err === 0) success = true;
    else ret = err;
  }
  return success ? 0 : ret;
}

/**
 * kill(2). kernel/signal.c:kill
 * @param pid > 0: that process; 0: the caller's process group; -1: all others; < -1: process group -pid
 * @param sig 0 only checks
 * @returns 0, -ESRCH, -EPERM, -EINVAL
 */
export function sys_kill(k: Kernel, pid: number, sig: number): number {
  const self = k.current;
  if (pid > 0) {
    const task = k.tasks.get(pid);
    return task === undefined ? -ESRCH : checked_send(k, task, sig, make_siginfo(k, sig, SI_USER), 'process');
  }
  if (pid === -0x80000000) return -ESRCH;
  if (pid === -1) return kill_many(k, sig, (task) => task.signal !== self.signal);
  const pgrp = pid === 0 ? self.signal.pgrp : -pid;
  return kill_many(k, sig, (task) => task.signal.pgrp === pgrp);
}

/** kernel/signal.c:do_tkill @param tgid 0: any */
function do_tkill(k: Kernel, tgid: number, pid: number, sig: number): number {
  const task = k.tasks.get(pid);
  if (task === undefined || (tgid > 0 && task.tgid !== tgid)) return -ESRCH;
  return checked_send(k, task, sig, make_siginfo(k, sig, SI_TKILL), 'thread');
}

/** tgkill(2): a signal for one thread. kernel/signal.c:tgkill @returns 0, -EINVAL, -ESRCH, -EPERM */
export function sys_tgkill(k: Kernel, tgid: number, pid: number, sig: number): number {
  return pid <= 0 || tgid <= 0 ? -EINVAL : do_tkill(k, tgid, pid, sig);
}

/** tkill(2). kernel/signal.c:tkill @returns 0, -EINVAL, -ESRCH, -EPERM */
export function sys_tkill(k: Kernel, pid: number, sig: number): number {
  return pid <= 0 ? -EINVAL : do_tkill(k, 0, pid, sig);
}

/**
 * rt_sigqueueinfo(2): kill() with a value. kernel/signal.c:rt_sigqueueinfo
 * @param uinfo a siginfo of 128 bytes; its si_code and si_value arrive, sender and number are filled in
 * @returns 0, -EFAULT, -EPERM (pretends to come from the kernel), -ESRCH, -EINVAL
 */
export function sys_rt_sigqueueinfo(k: Kernel, pid: number, sig: number, uinfo: user_ptr): number {
  const code = get_user_u32(uinfo, 8);
  const si_value = get_user_u32(uinfo, 24);
  if (code === null || si_value === null) return -EFAULT;
  if ((code >= 0 || code === SI_TKILL) && k.current.tgid !== pid) return -EPERM;
  const task = k.tasks.get(pid);
  return task === undefined ? -ESRCH : checked_send(k, task, sig, { ...make_siginfo(k, sig, code), si_value }, 'process');
}
