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

/** A handler of a program: runs in the task, on the way to user mode, and may make system calls. */
export type SignalHandler = (signo: number, info: siginfo) => Sleeps<void> | void;

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
  /** set when the whole process is dying: the exit code in wait status format */
  group_exit_code: number | null = null;
  /** stopped by a stop signal and not yet continued */
  stopped = false;
  /** stop or continue not yet reported to the parent, as a wait status; null when there is none */
  stop_report: number | null = null;
  real_timer: hrtimer | null = null;
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
