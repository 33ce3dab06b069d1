/**
 * Delivering signals on the way to user mode: which one is next, what is done about it, stopping and dying, and
 * whether an interrupted call is made again. Handlers are functions of the program; a stack of them stands for the
 * frames on the user's stack. Linux counterparts: kernel/signal.c, arch/x86/kernel/signal.c.
 */

import type { Kernel } from './kernel.js';
import { EINTR, ERESTART_RESTARTBLOCK, ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from './errno.js';
import { do_group_exit } from './exit.js';
import { posixtimer_rearm_itimer } from './itimer.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import {
  __set_current_blocked, recalc_sigpending, restore_saved_sigmask, set_current_blocked, signal_set_stop_flags, signal_wake_up,
  task_clear_jobctl_pending, task_set_jobctl_pending,
} from './signal.js';
import { do_notify_parent_cldstop } from './signal_parent.js';
import {
  CLD_CONTINUED, CLD_STOPPED, JOBCTL_STOP_CONSUME, JOBCTL_STOP_DEQUEUED, JOBCTL_STOP_PENDING, JOBCTL_STOPPED, SIG_DFL, SIG_IGN,
  SIGNAL_CLD_CONTINUED, SIGNAL_CLD_MASK, SIGNAL_GROUP_EXIT, SIGNAL_STOP_STOPPED, type SignalHandler, type sigframe, type siginfo, type sigpending,
} from './signal_types.js';
import { next_signal, sig_hi, sig_kernel_ignore, sig_kernel_stop, sig_lo, sigdelset } from './sigset.js';
import { __TASK_STOPPED, PF_SIGNALED, TASK_RUNNING, TASK_STOPPED, type task_struct } from './task.js';
import { T_SIGNAL, T_SYSCALL_ENTER, T_SYSCALL_EXIT } from './trace.js';
import { SA_NODEFER, SA_RESETHAND, SA_RESTART, SIGALRM, SIGKILL } from './uapi.js';

const NR_rt_sigreturn = 15;

/** A traced task has a signal to take, and its tracer looks at it first. kernel/signal.c:ptrace_signal */
export const AT_SIGNAL_STOP = point('ptrace_signal', 'before a signal is delivered');

/** A signal that a handler of the program will take. include/linux/signal_types.h:ksignal */
interface ksignal {
  readonly info: siginfo;
  readonly handler: SignalHandler;
  readonly sa_flags: number;
  readonly mask_lo: number;
  readonly mask_hi: number;
}

/** A handler that is to run, and the mask that comes back after it. arch/x86/include/asm/sigframe.h:rt_sigframe */
interface rt_sigframe extends sigframe {
  readonly ksig: ksignal;
}

/** Takes the oldest entry of `sig` off a queue; the signal stays pending while there is another. kernel/signal.c:collect_signal */
function collect_signal(pending: sigpending, sig: number): siginfo {
  const { list } = pending;
  const at = list.findIndex((info) => info.si_signo === sig);
  if (at < 0) {
    sigdelset(pending, sig);
    return { si_signo: sig, si_code: 0, si_pid: 0, si_uid: 0, si_status: 0, si_value: 0 };
  }
  const [info] = list.splice(at, 1);
  if (!list.some((other) => other.si_signo === sig)) sigdelset(pending, sig);
  return info!;
}

/** Takes the next signal that is not in the mask, the thread's own before the process's; null if there is none. kernel/signal.c:dequeue_signal */
export function dequeue_signal(k: Kernel, mask_lo: number, mask_hi: number): siginfo | null {
  const task = k.current;
  const shared = task.signal.shared_pending;
  let info: siginfo | null = null;
  let sig = next_signal(task.pending, mask_lo, mask_hi);
  if (sig !== 0) {
    info = collect_signal(task.pending, sig);
  } else {
    sig = next_signal(shared, mask_lo, mask_hi);
    if (sig !== 0) info = collect_signal(shared, sig);
    if (sig === SIGALRM) posixtimer_rearm_itimer(k, task.signal);
  }
  recalc_sigpending(k);
  if (sig_kernel_stop(sig)) task.jobctl |= JOBCTL_STOP_DEQUEUED;
  return info;
}

/** The first thread of a stop asks the others to stop too; false when a SIGCONT came in between. kernel/signal.c:do_signal_stop */
function begin_group_stop(k: Kernel, sig: number): boolean {
  const task = k.current;
  const { signal } = task;
  if ((task.jobctl & JOBCTL_STOP_DEQUEUED) === 0 || (signal.flags & SIGNAL_GROUP_EXIT) !== 0 || signal.group_exec_task !== null) return false;
  if ((signal.flags & SIGNAL_STOP_STOPPED) === 0) signal.group_exit_code = sig;
  signal.group_stop_count = 0;
  if (task_set_jobctl_pending(task, sig)) signal.group_stop_count++;
  for (const t of signal.threads) {
    if (t === task || (t.__state & __TASK_STOPPED) !== 0 || !task_set_jobctl_pending(t, sig)) continue;
    signal.group_stop_count++;
    signal_wake_up(k, t, false);
  }
  return true;
}

/** One thread less to wait for; true when it was the last and the process is stopped now. kernel/signal.c:task_participate_group_stop */
export function task_participate_group_stop(task: task_struct): boolean {
  const { signal } = task;
  const consume = (task.jobctl & JOBCTL_STOP_CONSUME) !== 0;
  task_clear_jobctl_pending(task);
  if (!consume) return false;
  if (signal.group_stop_count > 0) signal.group_stop_count--;
  if (signal.group_stop_count > 0 || (signal.flags & SIGNAL_STOP_STOPPED) !== 0) return false;
  signal_set_stop_flags(signal, SIGNAL_STOP_STOPPED);
  return true;
}

/**
 * Stops the thread, and begins the stop of the process if none is on its way. Sleeps until SIGCONT or SIGKILL.
 * kernel/signal.c:do_signal_stop
 * @param sig the stop signal; 0 to join a stop that another thread began
 * @returns false: there is nothing to stop for
 */
function* do_signal_stop(k: Kernel, sig: number): Sleeps<boolean> {
  const task = k.current;
  if ((task.jobctl & JOBCTL_STOP_PENDING) === 0 && !begin_group_stop(k, sig)) return false;
  const notify = task_participate_group_stop(task);
  task.jobctl |= JOBCTL_STOPPED;
  task.__state = TASK_STOPPED;
  if (notify) do_notify_parent_cldstop(k, task, CLD_STOPPED);
  yield AT_SCHEDULE;
  task.__state = TASK_RUNNING;
  return true;
}

/** A stop or a continue that the parent has not been told of yet: the first thread that wakes tells it. kernel/signal.c:get_signal */
function report_continue(k: Kernel): void {
  const { signal } = k.current;
  if ((signal.flags & SIGNAL_CLD_MASK) === 0) return;
  const why = (signal.flags & SIGNAL_CLD_CONTINUED) !== 0 ? CLD_CONTINUED : CLD_STOPPED;
  signal.flags &= ~SIGNAL_CLD_MASK;
  do_notify_parent_cldstop(k, k.current, why);
}

/** The signal that is to be handled next; stops on the way and never returns from a fatal one. Sleeps while stopped. kernel/signal.c:get_signal */
function* get_signal(k: Kernel): Sleeps<ksignal | null> {
  const task = k.current;
  const { signal } = task;
  for (;;) {
    report_continue(k);
    if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0 || signal.group_exec_task !== null) {
      sigdelset(task.pending, SIGKILL);
      recalc_sigpending(k);
      return yield* die(k, SIGKILL);
    }
    if ((task.jobctl & JOBCTL_STOP_PENDING) !== 0 && (yield* do_signal_stop(k, 0))) continue;
    const info = dequeue_signal(k, task.blocked_lo, task.blocked_hi);
    if (info === null) return null;
    const sig = info.si_signo;
    if (task.ptrace !== null && sig !== SIGKILL) {
      task.ptrace.signal(task, info);
      yield AT_SIGNAL_STOP;
    }
    const action = task.sighand.action[sig]!;
    if (k.trace !== null) k.trace.emit(T_SIGNAL, sig, task.pid, 1, info.si_code, info.si_pid);
    if (action.sa_handler === SIG_IGN) continue;
    if (action.sa_handler !== SIG_DFL) {
      const handler = action.sa_handler as SignalHandler;
      if ((action.sa_flags & SA_RESETHAND) !== 0) action.sa_handler = SIG_DFL;
      return { info, handler, sa_flags: action.sa_flags, mask_lo: action.sa_mask_lo, mask_hi: action.sa_mask_hi };
    }
    if (sig_kernel_ignore(sig)) continue;
    if (sig_kernel_stop(sig)) yield* do_signal_stop(k, sig);
    else return yield* die(k, sig);
  }
}

/** The signal ends the whole process. Sleeps where exiting does, and never returns. kernel/signal.c:get_signal */
function* die(k: Kernel, sig: number): Sleeps<never> {
  k.current.flags |= PF_SIGNALED;
  return yield* do_group_exit(k, sig);
}

/** The handler's mask is in force while it runs; a temporary mask ends here. kernel/signal.c:signal_delivered */
function signal_delivered(k: Kernel, ksig: ksignal): rt_sigframe {
  const task = k.current;
  // sigmask_to_save(): the mask that was there before epoll_pwait and friends is the one that comes back
  const frame: rt_sigframe = task.restore_sigmask
    ? { ksig, uc_sigmask_lo: task.saved_lo, uc_sigmask_hi: task.saved_hi }
    : { ksig, uc_sigmask_lo: task.blocked_lo, uc_sigmask_hi: task.blocked_hi };
  task.restore_sigmask = false;
  const sig = ksig.info.si_signo;
  const self = (ksig.sa_flags & SA_NODEFER) === 0;
  set_current_blocked(k, task.blocked_lo | ksig.mask_lo | (self ? sig_lo(sig) : 0), task.blocked_hi | ksig.mask_hi | (self ? sig_hi(sig) : 0));
  return frame;
}

/** What an interrupted call comes to when a handler runs. arch/x86/kernel/signal.c:handle_signal */
function after_handler(ret: number, sa_flags: number): number {
  switch (ret) {
    case -ERESTART_RESTARTBLOCK:
    case -ERESTARTNOHAND:
      return -EINTR;
    case -ERESTARTSYS:
      return (sa_flags & SA_RESTART) !== 0 ? -ERESTARTNOINTR : -EINTR;
    default:
      return ret;
  }
}

/** What an interrupted call comes to when no handler ran. arch/x86/kernel/signal.c:arch_do_signal_or_restart */
function without_handler(ret: number): number {
  return ret === -ERESTARTNOHAND || ret === -ERESTARTSYS ? -ERESTARTNOINTR : ret;
}

/**
 * Delivers pending signals on the way to user mode: stops, continues or ends the task and runs handlers, the one of
 * the last signal first, since each is put on top of the one before. Sleeps while stopped and as handlers do.
 * arch/x86/kernel/signal.c:arch_do_signal_or_restart
 * @param ret what the system call returned, restart codes included
 * @returns what the program sees; -ERESTARTNOINTR: call again; -ERESTART_RESTARTBLOCK: go on with task.restart
 */
export function* do_signal(k: Kernel, ret: number): Sleeps<number> {
  const task = k.current;
  let ksig = yield* get_signal(k);
  if (ksig === null) {
    restore_saved_sigmask(k);
    return without_handler(ret);
  }
  const result = after_handler(ret, ksig.sa_flags);
  const frames: rt_sigframe[] = [];
  for (;;) {
    while (ksig !== null) {
      frames.push(signal_delivered(k, ksig));
      ksig = task.sigpending_flag ? yield* get_signal(k) : null;
    }
    const frame = frames.pop();
    if (frame === undefined) return result;
    yield* run_handler(k, frame, frames.length === 0 ? result : 0);
    ksig = task.sigpending_flag ? yield* get_signal(k) : null;
  }
}

/** Runs a handler and returns from it. Sleeps as the handler does. kernel/signal.c:rt_sigreturn */
function* run_handler(k: Kernel, frame: rt_sigframe, ret: number): Sleeps<void> {
  const { ksig } = frame;
  k.current.syscall_nr = -1;
  const running = ksig.handler(ksig.info.si_signo, ksig.info, ret, frame);
  if (typeof running === 'object') yield* running;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, NR_rt_sigreturn, frame.uc_sigmask_lo, frame.uc_sigmask_hi);
  __set_current_blocked(k, frame.uc_sigmask_lo, frame.uc_sigmask_hi);
  if (k.trace !== null) k.trace.emit(T_SYSCALL_EXIT, NR_rt_sigreturn, ret);
}
