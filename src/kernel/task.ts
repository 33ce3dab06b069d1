/**
 * Tasks: what the scheduler runs. A thread is a task_struct; the threads of one process share a signal_struct,
 * and share or copy the table of files. Programs are generators that make system calls. The calls that make and
 * end tasks are in fork.ts and exit.ts. Linux counterpart: include/linux/sched.h, include/linux/sched/signal.h.
 */

import type { file } from './file.js';
import type { Kernel } from './kernel.js';
import { files_struct } from './fdtable.js';
import { pid_struct } from './pid.js';
import { sighand_struct, signal_struct, sigpending, type siginfo } from './signal_types.js';
import type { Sleeps } from './point.js';
import type { user_ptr } from './uaccess.js';

export const TASK_RUNNING = 0x0;
export const TASK_INTERRUPTIBLE = 0x1;
export const TASK_UNINTERRUPTIBLE = 0x2;
export const __TASK_STOPPED = 0x4;
export const EXIT_DEAD = 0x10;
export const EXIT_ZOMBIE = 0x20;
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_STOPPED = TASK_WAKEKILL | __TASK_STOPPED;

/** the task ends; it takes no signals any more. include/linux/sched.h */
export const PF_EXITING = 0x4;
/** the task is killed by a signal */
export const PF_SIGNALED = 0x400;

/** What is accounted to one user. include/linux/sched/user.h */
export class user_struct {
  readonly uid: number;
  /** items registered in epolls that this user created */
  epoll_watches = 0;

  constructor(uid: number) {
    this.uid = uid;
  }
}

/** Who follows a task as strace does: it is told of each signal before it is delivered. include/linux/ptrace.h */
export interface tracer {
  /** signals that the program ignores end waits too; false for one who only records the program's own calls */
  readonly sees_ignored: boolean;
  signal(task: task_struct, info: siginfo): void;
}

/** One thread. The body is null for the idle task only. */
export class task_struct {
  __state = TASK_RUNNING;
  /** on the run queue, or running */
  on_rq = false;
  /** the host it runs on; null until it can run */
  kernel: Kernel | null = null;
  /** changes only when a thread that is not the first calls execve() */
  pid: number;
  /** the number as an object; pidfds refer to it */
  thread_pid: pid_struct;
  /** pid of the process: that of its first thread */
  tgid: number;
  comm: string;
  user: user_struct;
  /** capabilities that checks of the model ask for; root has them all */
  capable: boolean;
  body: Sleeps<number> | null = null;

  /** shared by the threads of a process */
  signal: signal_struct;
  sighand: sighand_struct;
  files: files_struct;
  /** signals of this thread only */
  pending: sigpending;
  /** blocked signals, two words of 32 */
  blocked_lo = 0;
  blocked_hi = 0;
  /** the mask to put back when a temporary one (epoll_pwait, ppoll ...) ends */
  saved_lo = 0;
  saved_hi = 0;
  restore_sigmask = false;
  /** a signal that is not blocked may be pending: look before going to sleep or to user mode */
  sigpending_flag = false;
  /** what rt_sigtimedwait() waits for is unblocked meanwhile; the mask of before */
  real_blocked_lo = 0;
  real_blocked_hi = 0;
  /** JOBCTL_*: a group stop that this thread is to take part in */
  jobctl = 0;
  /** PF_* */
  flags = 0;
  /** what restart_syscall() goes on with after a stop without handler */
  restart: (() => Sleeps<number>) | null = null;

  /** the tracer; children have it too. Signals stop the task before they are delivered, and so does its end */
  ptrace: tracer | null = null;
  real_parent: task_struct | null = null;
  readonly children: task_struct[] = [];
  group_leader: task_struct;
  /** wait status */
  exit_code = 0;
  exit_state = 0;
  /** the signal that tells the parent of the end; 0 for none, -1 for threads */
  exit_signal = 0;
  /** the parent that sleeps in vfork() until this task runs another program or ends */
  vfork_parent: task_struct | null = null;
  /** where a zero is written when the task ends: CLONE_CHILD_CLEARTID */
  clear_child_tid: user_ptr = null;

  /** files pinned by the running system call, dropped at its end */
  readonly pins: file[] = [];
  /** files whose last reference was dropped in this task; released on the way to user mode */
  readonly task_works: file[] = [];
  /** system calls since the task last slept, for the time slice */
  slice = 0;
  /** what the last call came to whose way out delivered signals, restart codes included. arch/x86/include/asm/ptrace.h:pt_regs */
  ax = 0;
  /** the system call that runs, for views and printing: row number (-1 user mode) and arguments */
  syscall_nr = -1;
  syscall_args: readonly unknown[] = [];
  /** traced functions entered and not yet left */
  readonly trace_stack: number[] = [];
  /** exit status given by exit(), for those who look at the run */
  exited = false;

  constructor(init: TaskInit) {
    this.pid = init.pid;
    this.thread_pid = new pid_struct(init.pid);
    this.thread_pid.task = this;
    this.tgid = init.tgid;
    this.comm = init.comm;
    this.user = init.user;
    this.capable = init.user.uid === 0;
    this.signal = init.signal;
    this.sighand = init.sighand;
    this.files = init.files;
    this.pending = init.pending;
    this.group_leader = init.leader ?? this;
  }
}

/** Everything a task is made from. */
export interface TaskInit {
  pid: number;
  tgid: number;
  comm: string;
  user: user_struct;
  signal: signal_struct;
  sighand: sighand_struct;
  files: files_struct;
  pending: sigpending;
  leader: task_struct | null;
}

/** The task that has the CPU when nobody can run; interrupts of an idle machine run on its stack. kernel/sched/idle.c:do_idle */
export function idle_task(): task_struct {
  const signal = new signal_struct(0, 0);
  return new task_struct({
    pid: 0,
    tgid: 0,
    comm: 'swapper/0',
    user: new user_struct(0),
    signal,
    sighand: new sighand_struct(0),
    files: new files_struct(0),
    pending: new sigpending(),
    leader: null,
  });
}
