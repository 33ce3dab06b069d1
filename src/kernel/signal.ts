/**
 * Signals: sending them to threads and processes, and the masks that hold them back. Delivery on the way to user
 * mode is in signal_deliver.ts, the system calls are in signal_calls.ts. Not modelled: ptrace, core files, the
 * limit of queued signals. Linux counterpart: kernel/signal.c.
 */

import type { Kernel } from './kernel.js';
import { EFAULT, EINVAL } from './errno.js';
import { try_to_wake_up } from './sched.js';
import {
  JOBCTL_STOP_CONSUME, JOBCTL_STOP_DEQUEUED, JOBCTL_STOP_PENDING, JOBCTL_STOP_SIGMASK, JOBCTL_STOPPED,
  SI_KERNEL, SI_USER, SIG_DFL, SIG_IGN, SIGNAL_CLD_CONTINUED, SIGNAL_CLD_STOPPED, SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED, type siginfo, type sigpending, type signal_struct,
} from './signal_types.js';
import {
  has_pending_signals, is_pending, sig_kernel_coredump, sig_kernel_ignore, sig_kernel_stop, SIG_KERNEL_STOP_MASK,
  sig_lo, sigaddset, sigismember, SIGSET_SIZE, UNBLOCKABLE_LO,
} from './sigset.js';
import { __TASK_STOPPED, PF_EXITING, TASK_INTERRUPTIBLE, TASK_WAKEKILL, type task_struct } from './task.js';
import { T_SIGNAL } from './trace.js';
import { get_user_u32, type user_ptr } from './uaccess.js';
import { SIGCONT, SIGKILL, SIGRTMIN } from './uapi.js';
import { wake_up, waitqueue_active } from './wait.js';

/** What a signal tells that the kernel sends. kernel/signal.c:prepare_kill_siginfo */
export function make_siginfo(k: Kernel, sig: number, code: number): siginfo {
  const from = code === SI_KERNEL ? k.idle : k.current;
  return { si_signo: sig, si_code: code, si_pid: from.tgid, si_uid: from.user.uid, si_status: 0, si_value: 0 };
}

/** A signal is sent to the whole process, or to one thread. include/linux/pid.h:pid_type */
export type SignalTarget = 'process' | 'thread';

/** True when the signal would do nothing. kernel/signal.c:sig_task_ignored */
export function sig_task_ignored(task: task_struct, sig: number): boolean {
  const handler = task.sighand.action[sig]!.sa_handler;
  return handler === SIG_IGN || (handler === SIG_DFL && sig_kernel_ignore(sig));
}

/** A blocked signal is never ignored at sending: the program may install a handler before it unblocks it. A tracer sees the ignored ones too. kernel/signal.c:sig_ignored */
function sig_ignored(task: task_struct, sig: number): boolean {
  if (sigismember(task.blocked_lo | task.real_blocked_lo, task.blocked_hi | task.real_blocked_hi, sig)) return false;
  if (task.ptrace !== null && task.ptrace.sees_ignored && sig !== SIGKILL) return false;
  return sig_task_ignored(task, sig);
}

/** Takes what `lo`, `hi` name off a queue. kernel/signal.c:flush_sigqueue_mask */
export function flush_sigqueue_mask(pending: sigpending, lo: number, hi: number): void {
  if (((pending.signal_lo & lo) | (pending.signal_hi & hi)) === 0) return;
  pending.signal_lo &= ~lo;
  pending.signal_hi &= ~hi;
  for (let at = pending.list.length - 1; at >= 0; at--) {
    if (sigismember(lo, hi, pending.list[at]!.si_signo)) pending.list.splice(at, 1);
  }
}

/** kernel/signal.c:task_clear_jobctl_pending */
export function task_clear_jobctl_pending(task: task_struct): void {
  task.jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED);
}

/** Asks a thread to take part in a group stop; false when it dies. kernel/signal.c:task_set_jobctl_pending */
export function task_set_jobctl_pending(task: task_struct, sig: number): boolean {
  if (is_pending(task.pending, SIGKILL) || (task.flags & PF_EXITING) !== 0) return false;
  task.jobctl = (task.jobctl & ~JOBCTL_STOP_SIGMASK) | sig | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
  return true;
}

/** A stop signal takes SIGCONT back. kernel/signal.c:prepare_signal */
function prepare_stop(signal: signal_struct): void {
  flush_sigqueue_mask(signal.shared_pending, sig_lo(SIGCONT), 0);
  for (const t of signal.threads) flush_sigqueue_mask(t.pending, sig_lo(SIGCONT), 0);
}

/** SIGCONT takes stop signals back and wakes stopped threads, blocked or ignored as it may be. kernel/signal.c:prepare_signal */
function prepare_continue(k: Kernel, signal: signal_struct): void {
  flush_sigqueue_mask(signal.shared_pending, SIG_KERNEL_STOP_MASK, 0);
  for (const t of signal.threads) {
    flush_sigqueue_mask(t.pending, SIG_KERNEL_STOP_MASK, 0);
    task_clear_jobctl_pending(t);
    t.jobctl &= ~JOBCTL_STOPPED;
    try_to_wake_up(k, t, __TASK_STOPPED);
  }
  let why = 0;
  if ((signal.flags & SIGNAL_STOP_STOPPED) !== 0) why = SIGNAL_CLD_CONTINUED;
  else if (signal.group_stop_count > 0) why = SIGNAL_CLD_STOPPED;
  if (why === 0) return;
  signal_set_stop_flags(signal, why | SIGNAL_STOP_CONTINUED);
  signal.group_stop_count = 0;
  signal.group_exit_code = 0;
}

/** include/linux/sched/signal.h:signal_set_stop_flags */
export function signal_set_stop_flags(signal: signal_struct, flags: number): void {
  const all = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED | SIGNAL_STOP_STOPPED | SIGNAL_STOP_CONTINUED;
  signal.flags = (signal.flags & ~all) | flags;
}

/** What sending does at once, before anything is queued; false when nothing is to be queued. kernel/signal.c:prepare_signal */
function prepare_signal(k: Kernel, sig: number, task: task_struct): boolean {
  const { signal } = task;
  if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0) return false;
  if (sig_kernel_stop(sig)) prepare_stop(signal);
  else if (sig === SIGCONT) prepare_continue(k, signal);
  return !sig_ignored(task, sig);
}

/** Lets a task look at its signals: ends an interruptible sleep, and a stop when the signal is fatal. kernel/signal.c:signal_wake_up */
export function signal_wake_up(k: Kernel, task: task_struct, fatal: boolean): void {
  if (fatal) task.jobctl &= ~JOBCTL_STOPPED;
  task.sigpending_flag = true;
  try_to_wake_up(k, task, fatal ? TASK_INTERRUPTIBLE | TASK_WAKEKILL : TASK_INTERRUPTIBLE);
}

/** True for a thread that would take this signal now. kernel/signal.c:wants_signal */
function wants_signal(k: Kernel, sig: number, task: task_struct): boolean {
  if (sigismember(task.blocked_lo, task.blocked_hi, sig) || (task.flags & PF_EXITING) !== 0) return false;
  if (sig === SIGKILL) return true;
  if ((task.__state & __TASK_STOPPED) !== 0) return false;
  return task === k.current || !task.sigpending_flag;
}

/** The thread of the process that takes the signal, beginning with the one that took the last; null if all block it. kernel/signal.c:complete_signal */
function find_target(k: Kernel, sig: number, task: task_struct, type: SignalTarget): task_struct | null {
  if (wants_signal(k, sig, task)) return task;
  const { signal } = task;
  if (type === 'thread' || signal.threads.length <= 1) return null;
  const { threads } = signal;
  const from = signal.curr_target === null ? 0 : Math.max(0, threads.indexOf(signal.curr_target));
  for (let i = 0; i < threads.length; i++) {
    const t = threads[(from + i) % threads.length]!;
    if (!wants_signal(k, sig, t)) continue;
    signal.curr_target = t;
    return t;
  }
  return null;
}

/** True when nothing but death can come of the signal. kernel/signal.c:sig_fatal */
function sig_fatal(task: task_struct, sig: number): boolean {
  return !sig_kernel_ignore(sig) && !sig_kernel_stop(sig) && task.sighand.action[sig]!.sa_handler === SIG_DFL;
}

/** Picks a thread for a queued signal and wakes it; a fatal one begins the end of all threads at once. kernel/signal.c:complete_signal */
function complete_signal(k: Kernel, sig: number, task: task_struct, type: SignalTarget): void {
  const t = find_target(k, sig, task, type);
  if (t === null) return;
  const { signal } = task;
  const fatal = sig_fatal(task, sig) && (signal.flags & SIGNAL_GROUP_EXIT) === 0
    && !sigismember(t.real_blocked_lo, t.real_blocked_hi, sig) && (sig === SIGKILL || task.ptrace === null);
  if (fatal && !sig_kernel_coredump(sig)) {
    signal.flags = SIGNAL_GROUP_EXIT;
    signal.group_exit_code = sig;
    signal.group_stop_count = 0;
    for (const thread of signal.threads) kill_thread(k, thread);
    return;
  }
  signal_wake_up(k, t, sig === SIGKILL);
}

/** Gives one thread of a dying process its SIGKILL. kernel/signal.c:complete_signal, zap_other_threads */
export function kill_thread(k: Kernel, thread: task_struct): void {
  task_clear_jobctl_pending(thread);
  sigaddset(thread.pending, SIGKILL);
  signal_wake_up(k, thread, true);
}

/** Tells the readers of signalfds, whether or not they asked for this signal. include/linux/signalfd.h:signalfd_notify */
function signalfd_notify(k: Kernel, task: task_struct): void {
  if (waitqueue_active(task.sighand.signalfd_wqh)) wake_up(k, task.sighand.signalfd_wqh);
}

/**
 * Queues a signal and picks who takes it. Ignored signals are dropped here; a standard signal that is pending
 * already is not queued again, and then nobody is told. kernel/signal.c:__send_signal_locked
 */
export function send_signal_locked(k: Kernel, sig: number, info: siginfo, task: task_struct, type: SignalTarget): void {
  if (k.footprint !== null) k.footprint.signals(task);
  if (!prepare_signal(k, sig, task)) return;
  const pending = type === 'process' ? task.signal.shared_pending : task.pending;
  if (sig < SIGRTMIN && is_pending(pending, sig)) return;
  if (sig !== SIGKILL) pending.list.push(info);
  if (k.trace !== null) k.trace.emit(T_SIGNAL, sig, task.pid, 0, info.si_code, info.si_pid);
  signalfd_notify(k, task);
  sigaddset(pending, sig);
  complete_signal(k, sig, task, type);
}

/** Sends a signal with its information; nothing happens to a task that is already reaped. kernel/signal.c:do_send_sig_info */
export function do_send_sig_info(k: Kernel, sig: number, info: siginfo, task: task_struct, type: SignalTarget): number {
  if (k.tasks.get(task.pid) === task) send_signal_locked(k, sig, info, task, type);
  return 0;
}

/** Sends a signal to one thread, as by kill(): SIGPIPE and friends. kernel/signal.c:send_sig */
export function send_sig(k: Kernel, sig: number, task: task_struct): number {
  return do_send_sig_info(k, sig, make_siginfo(k, sig, SI_USER), task, 'thread');
}

/** Sends a signal from the kernel itself to a whole process. kernel/signal.c:kill_pid_info (SEND_SIG_PRIV) */
export function send_group_sig_priv(k: Kernel, sig: number, task: task_struct): number {
  return do_send_sig_info(k, sig, make_siginfo(k, sig, SI_KERNEL), task, 'process');
}

/** Sets the flag of a task if something is to be done; true if so. kernel/signal.c:recalc_sigpending_tsk */
export function recalc_sigpending_tsk(task: task_struct): boolean {
  const pending = (task.jobctl & JOBCTL_STOP_PENDING) !== 0
    || has_pending_signals(task.pending, task.blocked_lo, task.blocked_hi)
    || has_pending_signals(task.signal.shared_pending, task.blocked_lo, task.blocked_hi);
  if (pending) task.sigpending_flag = true;
  return pending;
}

/** Computes the flag of the current task anew. kernel/signal.c:recalc_sigpending */
export function recalc_sigpending(k: Kernel): void {
  if (!recalc_sigpending_tsk(k.current)) k.current.sigpending_flag = false;
}

/** Signals for the process that this thread will not take any more: other threads are woken for them. kernel/signal.c:retarget_shared_pending */
export function retarget_shared_pending(k: Kernel, task: task_struct, which_lo: number, which_hi: number): void {
  let lo = task.signal.shared_pending.signal_lo & which_lo;
  let hi = task.signal.shared_pending.signal_hi & which_hi;
  for (const t of task.signal.threads) {
    if ((lo | hi) === 0) return;
    if (t === task || (t.flags & PF_EXITING) !== 0) continue;
    if (((lo & ~t.blocked_lo) | (hi & ~t.blocked_hi)) === 0) continue;
    lo &= t.blocked_lo;
    hi &= t.blocked_hi;
    if (!t.sigpending_flag) signal_wake_up(k, t, false);
  }
}

/** Replaces the mask of the current task as it is given. kernel/signal.c:__set_task_blocked */
export function __set_current_blocked(k: Kernel, lo: number, hi: number): void {
  const task = k.current;
  if (task.sigpending_flag && task.signal.threads.length > 1) {
    retarget_shared_pending(k, task, lo & ~task.blocked_lo, hi & ~task.blocked_hi);
  }
  task.blocked_lo = lo;
  task.blocked_hi = hi;
  recalc_sigpending(k);
}

/** Replaces the mask of the current task; SIGKILL and SIGSTOP cannot be blocked. kernel/signal.c:set_current_blocked */
export function set_current_blocked(k: Kernel, lo: number, hi: number): void {
  __set_current_blocked(k, lo & ~UNBLOCKABLE_LO, hi);
}

/**
 * Installs a mask for the length of one call and saves the old one; restore_saved_sigmask_unless() ends it.
 * kernel/signal.c:set_user_sigmask
 */
export function set_user_sigmask(k: Kernel, lo: number, hi: number): void {
  const task = k.current;
  task.restore_sigmask = true;
  task.saved_lo = task.blocked_lo;
  task.saved_hi = task.blocked_hi;
  set_current_blocked(k, lo, hi);
}

/**
 * set_user_sigmask() with the arguments of epoll_pwait, ppoll and pselect6: a NULL mask changes nothing, and then
 * the size is not looked at. kernel/signal.c:set_user_sigmask
 * @returns 0, -EINVAL (size is not 8) or -EFAULT
 */
export function set_user_sigmask_from(k: Kernel, umask: user_ptr, sigsetsize: number): number {
  if (umask === null) return 0;
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const lo = get_user_u32(umask, 0);
  const hi = get_user_u32(umask, 4);
  if (lo === null || hi === null) return -EFAULT;
  set_user_sigmask(k, lo, hi);
  return 0;
}

/** Puts the saved mask back, if there is one. include/linux/sched/signal.h:restore_saved_sigmask */
export function restore_saved_sigmask(k: Kernel): void {
  const task = k.current;
  if (!task.restore_sigmask) return;
  task.restore_sigmask = false;
  __set_current_blocked(k, task.saved_lo, task.saved_hi);
}

/**
 * Ends a temporary mask at the end of the call; an interrupted call keeps it until the handler has been set up.
 * include/linux/sched/signal.h:restore_saved_sigmask_unless
 */
export function restore_saved_sigmask_unless(k: Kernel, interrupted: boolean): void {
  if (!interrupted) restore_saved_sigmask(k);
}

/** May the current task send this signal to `task`? kernel/signal.c:check_kill_permission */
export function kill_ok(k: Kernel, task: task_struct, sig: number): boolean {
  const self = k.current;
  if (self.signal === task.signal || self.capable || self.user.uid === task.user.uid) return true;
  return sig === SIGCONT && self.signal.session === task.signal.session;
}
