/**
 * The structures of signal handling: what is pending, what is to be done about each signal, and what the threads
 * of a process share. The functions that send and deliver are in signal.ts.
 * Linux counterpart: include/linux/signal_types.h, include/linux/sched/signal.h.
 */

import type { hrtimer } from './clock.js';
import type { Sleeps } from './point.js';
import { wait_queue_head } from './wait.js';
import type { task_struct } from './task.js';

/** What a signal carries. include/uapi/asm-generic/siginfo.h:siginfo_t */
export interface siginfo {
  si_signo: number;
  si_code: number;
  si_pid: number;
  si_uid: number;
  si_status: number;
  si_value: number;
}

/** Signals that wait for delivery, in the order in which they came; standard signals are queued once. */
export class sigpending {
  readonly list: siginfo[] = [];
  /** which signals are in the list, two words of 32: signal n is bit (n - 1) */
  signal_lo = 0;
  signal_hi = 0;
}

/** What comes back after a handler: the mask of before. arch/x86/include/asm/sigframe.h:rt_sigframe */
export interface sigframe {
  readonly uc_sigmask_lo: number;
  readonly uc_sigmask_hi: number;
}

/**
 * A handler of a program: runs in the task, on the way to user mode, and may make system calls. `ret` is what the
 * interrupted code will find in its result register, -ERESTARTNOINTR when its call is made again.
 */
export type SignalHandler = (signo: number, info: siginfo, ret: number, frame: sigframe) => Sleeps<void> | void;

/** A signal sent by a program / by a thread with tkill / by sigqueue / by a timer / by the kernel. include/uapi/asm-generic/siginfo.h */
export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TIMER = -2;
export const SI_TKILL = -6;
/** What became of a child: si_code of SIGCHLD. */
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

/** signal_struct.flags. include/linux/sched/signal.h */
export const SIGNAL_STOP_STOPPED = 0x1;
export const SIGNAL_STOP_CONTINUED = 0x2;
export const SIGNAL_GROUP_EXIT = 0x4;
export const SIGNAL_CLD_STOPPED = 0x10;
export const SIGNAL_CLD_CONTINUED = 0x20;
export const SIGNAL_CLD_MASK = SIGNAL_CLD_STOPPED | SIGNAL_CLD_CONTINUED;

/** task_struct.jobctl. include/linux/sched/jobctl.h */
export const JOBCTL_STOP_SIGMASK = 0xffff;
export const JOBCTL_STOP_DEQUEUED = 1 << 16;
export const JOBCTL_STOP_PENDING = 1 << 17;
export const JOBCTL_STOP_CONSUME = 1 << 18;
export const JOBCTL_STOPPED = 1 << 26;

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/** What is to be done about one signal. include/linux/signal_types.h:sigaction */
export interface k_sigaction {
  sa_handler: typeof SIG_DFL | typeof SIG_IGN | SignalHandler;
  sa_flags: number;
  sa_mask_lo: number;
  sa_mask_hi: number;
}

/** Signal actions, shared by threads (and by CLONE_SIGHAND). */
export class sighand_struct {
  count = 1;
  /** by signal number, 1 .. 64 */
  readonly action: k_sigaction[] = [];
  /** who waits for signals by signalfd; the owner in views is the process */
  readonly signalfd_wqh: wait_queue_head;

  constructor(id: number) {
    for (let sig = 0; sig <= 64; sig++) this.action.push({ sa_handler: SIG_DFL, sa_flags: 0, sa_mask_lo: 0, sa_mask_hi: 0 });
    this.signalfd_wqh = new wait_queue_head(id, 'signalfd_wqh');
  }
}

/** Resource limits a model program can see, soft and hard. */
export interface rlimit {
  cur: number;
  max: number;
}

/** What the threads of a process share. include/linux/sched/signal.h:signal_struct */
export class signal_struct {
  readonly id: number;
  readonly threads: task_struct[] = [];
  readonly shared_pending = new sigpending();
  /** who waits for children in wait4 */
  readonly wait_chldexit: wait_queue_head;
  readonly rlim_nofile: rlimit = { cur: 1024, max: 1048576 };
  /** SIGNAL_*: stopped, continued, dying */
  flags = 0;
  /** wait status of a dying process; the number of the stop signal of a stopped one that was not reported yet */
  group_exit_code = 0;
  /** threads that have not yet stopped while a group stop is on its way */
  group_stop_count = 0;
  /** threads that have not begun to exit */
  live = 1;
  /** the thread that took the last process-wide signal; the search for the next one starts with it */
  curr_target: task_struct | null = null;
  /** the thread whose execve() waits for the others to end */
  group_exec_task: task_struct | null = null;
  /** threads that it still waits for; -1: for the first thread */
  notify_count = 0;
  /** orphans among the descendants come to this process instead of the init of the machine */
  is_child_subreaper = false;
  /** ITIMER_REAL, and the interval after which it fires again */
  real_timer: hrtimer | null = null;
  it_real_incrNs = 0;
  /** process group and session */
  pgrp: number;
  session: number;

  constructor(id: number, pgrp: number) {
    this.id = id;
    this.wait_chldexit = new wait_queue_head(id, 'wait_chldexit');
    this.pgrp = pgrp;
    this.session = pgrp;
  }
}
