/**
 * Making tasks: a machine's first processes, fork, vfork, clone and unshare. A program is a generator function;
 * a child is given its own, because a running generator cannot be copied. Not modelled: namespaces, stacks, TLS.
 * Linux counterpart: kernel/fork.c.
 */

import type { Kernel } from './kernel.js';
import { EFAULT, EINVAL, EMFILE, ERESTARTNOINTR } from './errno.js';
import { do_exit, do_group_exit, thread_group_leader } from './exit.js';
import { dup_fd, fd_install, files_struct, get_unused_fd_flags, put_unused_fd, unshare_files } from './fdtable.js';
import { file } from './file.js';
import { pidfs_file_operations } from './pidfd.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { fatal_signal_pending, wake_up_new_task } from './sched.js';
import { recalc_sigpending } from './signal.js';
import { do_signal } from './signal_deliver.js';
import { sighand_struct, signal_struct, sigpending } from './signal_types.js';
import { run_ksoftirqd } from './softirq.js';
import { TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_RUNNING, task_struct, type user_struct } from './task.js';
import { T_SYSCALL_ENTER } from './trace.js';
import { put_user_u32, type user_ptr } from './uaccess.js';
import { O_RDWR, SIGCHLD } from './uapi.js';

export const CSIGNAL = 0xff;
export const CLONE_VM = 0x100;
export const CLONE_FS = 0x200;
export const CLONE_FILES = 0x400;
export const CLONE_SIGHAND = 0x800;
export const CLONE_PIDFD = 0x1000;
export const CLONE_VFORK = 0x4000;
export const CLONE_PARENT = 0x8000;
export const CLONE_THREAD = 0x10000;
export const CLONE_SYSVSEM = 0x40000;
export const CLONE_SETTLS = 0x80000;
export const CLONE_PARENT_SETTID = 0x100000;
export const CLONE_CHILD_CLEARTID = 0x200000;
export const CLONE_CHILD_SETTID = 0x1000000;

/** What pthread_create() asks for. */
export const CLONE_PTHREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

const NR_exit = 60;
const NR_exit_group = 231;
const AT_FORK = point('copy_process', 'the child is ready to run');

/** What a task runs in user mode: ends with its exit status. */
export type Program = () => Sleeps<number | void>;

/**
 * The body of every task: signals that came before its first step, the program, exit. The first thread's end is
 * the process's, as main() returns into exit(); another thread ends alone. Sleeps as the program does.
 * kernel/fork.c:ret_from_fork
 */
export function* task_main(k: Kernel, program: Program): Sleeps<number> {
  const task = k.current;
  if (task.sigpending_flag) yield* do_signal(k, 0);
  const status = ((yield* program()) ?? 0) & 0xff;
  const leader = thread_group_leader(task);
  if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, leader ? NR_exit_group : NR_exit, status);
  if (leader) yield* do_group_exit(k, status << 8);
  yield* do_exit(k, status << 8);
  return 0;
}

/** A process that nobody forked: one of those a machine starts with. kernel/fork.c:copy_process */
export function spawn_process(k: Kernel, comm: string, program: Program, user: user_struct = k.user(0)): task_struct {
  if (k.preempt && k.softnet.ksoftirqd === null) {
    // not one of the machine's processes: numbers of those are the same in every mode
    const ksoftirqd = new_process(k, -1 - k.world.hosts.indexOf(k), 'ksoftirqd/0', k.user(0));
    k.softnet.ksoftirqd = ksoftirqd;
    ksoftirqd.body = run_ksoftirqd(k);
    // it sleeps until packets are left to it
    ksoftirqd.__state = TASK_INTERRUPTIBLE;
  }
  const task = new_process(k, k.new_pid(), comm, user);
  k.tasks.set(task.pid, task);
  task.body = task_main(k, program);
  wake_up_new_task(k, task);
  return task;
}

/** A further thread of a process, made from outside. ours: a machine can start with threads. */
export function spawn_thread(k: Kernel, leader: task_struct, comm: string, program: Program): task_struct {
  const task = new_task(k, leader, CLONE_PTHREAD);
  task.comm = comm;
  task.body = task_main(k, program);
  wake_up_new_task(k, task);
  return task;
}

function new_process(k: Kernel, pid: number, comm: string, user: user_struct): task_struct {
  const signal = new signal_struct(k.new_id(), pid);
  const sighand = new sighand_struct(k.new_id());
  const files = new files_struct(k.new_id());
  const task = new task_struct({ pid, tgid: pid, comm, user, signal, sighand, files, pending: new sigpending(), leader: null });
  signal.threads.push(task);
  signal.curr_target = task;
  return task;
}

/** kernel/fork.c:copy_sighand */
function copy_sighand(k: Kernel, from: sighand_struct, flags: number): sighand_struct {
  if ((flags & CLONE_SIGHAND) !== 0) {
    from.count++;
    return from;
  }
  const sighand = new sighand_struct(k.new_id());
  for (let sig = 1; sig < from.action.length; sig++) sighand.action[sig] = { ...from.action[sig]! };
  return sighand;
}

/** Limits, process group and session are the parent's; timers and pending signals are not. kernel/fork.c:copy_signal */
function copy_signal(k: Kernel, from: signal_struct, pid: number): signal_struct {
  const signal = new signal_struct(k.new_id(), pid);
  signal.pgrp = from.pgrp;
  signal.session = from.session;
  signal.rlim_nofile.cur = from.rlim_nofile.cur;
  signal.rlim_nofile.max = from.rlim_nofile.max;
  return signal;
}

/** kernel/fork.c:copy_files */
function copy_files(k: Kernel, from: files_struct, flags: number): files_struct {
  if ((flags & CLONE_FILES) === 0) return dup_fd(k, from);
  from.count++;
  return from;
}

/** The copy of a task: what is shared, what is copied, who its parent is. kernel/fork.c:copy_process */
function new_task(k: Kernel, from: task_struct, flags: number): task_struct {
  const thread = (flags & CLONE_THREAD) !== 0;
  const pid = k.new_pid();
  const task = new task_struct({
    pid,
    tgid: thread ? from.tgid : pid,
    comm: from.comm,
    user: from.user,
    signal: thread ? from.signal : copy_signal(k, from.signal, pid),
    sighand: copy_sighand(k, from.sighand, flags),
    files: copy_files(k, from.files, flags),
    pending: new sigpending(),
    leader: thread ? from.group_leader : null,
  });
  task.capable = from.capable;
  task.ptrace = from.ptrace;
  task.blocked_lo = from.blocked_lo;
  task.blocked_hi = from.blocked_hi;
  task.signal.threads.push(task);
  if (thread) task.signal.live++;
  else task.signal.curr_target = task;
  task.real_parent = (flags & (CLONE_PARENT | CLONE_THREAD)) !== 0 ? from.real_parent : from;
  if (!thread && task.real_parent !== null) task.real_parent.children.push(task);
  k.tasks.set(pid, task);
  return task;
}

/** Everything that the calls of the fork family say. include/linux/sched/task.h:kernel_clone_args */
export interface kernel_clone_args {
  readonly flags: number;
  readonly exit_signal: number;
  /** where CLONE_PIDFD puts the descriptor */
  readonly pidfd: user_ptr;
  readonly parent_tid: user_ptr;
  readonly child_tid: user_ptr;
  readonly program: Program;
}

/** kernel/fork.c:copy_process @returns 0 or -EINVAL */
function check_clone_flags(args: kernel_clone_args): number {
  const { flags } = args;
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
  if ((flags & CLONE_PIDFD) !== 0 && (flags & CLONE_PARENT_SETTID) !== 0 && args.pidfd === args.parent_tid) return -EINVAL;
  return 0;
}

/** The parent sleeps until the child runs another program or ends; only a fatal signal wakes it before. kernel/fork.c:wait_for_vfork_done */
function* wait_for_vfork_done(k: Kernel, child: task_struct): Sleeps<void> {
  const task = k.current;
  while (child.vfork_parent !== null && !fatal_signal_pending(task)) {
    task.__state = TASK_KILLABLE;
    yield AT_SCHEDULE;
  }
  task.__state = TASK_RUNNING;
  child.vfork_parent = null;
}

/**
 * Makes a task and lets it run. Sleeps for vfork(). kernel/fork.c:kernel_clone
 * @returns the child's pid, -EINVAL, -EMFILE and -EFAULT (pidfd), -ERESTARTNOINTR (signals are to be handled first)
 */
export function* kernel_clone(k: Kernel, args: kernel_clone_args): Sleeps<number> {
  const { flags } = args;
  const refused = check_clone_flags(args);
  if (refused < 0) return refused;
  recalc_sigpending(k);
  if (k.current.sigpending_flag) return -ERESTARTNOINTR;
  let pidfd = -1;
  if ((flags & CLONE_PIDFD) !== 0) {
    pidfd = get_unused_fd_flags(k, true);
    if (pidfd < 0) return -EMFILE;
    if (!put_user_u32(args.pidfd, 0, pidfd)) {
      put_unused_fd(k, pidfd);
      return -EFAULT;
    }
  }
  const child = new_task(k, k.current, flags);
  if (k.footprint !== null) k.footprint.starts(child, k.current);
  child.exit_signal = (flags & CLONE_THREAD) !== 0 ? -1 : (flags & CLONE_PARENT) !== 0 ? k.current.group_leader.exit_signal : args.exit_signal;
  if (pidfd >= 0) fd_install(k, pidfd, new file(k, pidfs_file_operations, child.thread_pid, O_RDWR, '[pidfd]'));
  if ((flags & CLONE_PARENT_SETTID) !== 0) put_user_u32(args.parent_tid, 0, child.pid);
  // the child's own copy of memory is not modelled: only with shared memory are these writes to be seen
  if ((flags & CLONE_VM) !== 0 && (flags & CLONE_CHILD_SETTID) !== 0) put_user_u32(args.child_tid, 0, child.pid);
  if ((flags & CLONE_VM) !== 0 && (flags & CLONE_CHILD_CLEARTID) !== 0) child.clear_child_tid = args.child_tid;
  child.body = task_main(k, args.program);
  if ((flags & CLONE_VFORK) !== 0) child.vfork_parent = k.current;
  wake_up_new_task(k, child);
  if (k.preempt) yield AT_FORK;
  if ((flags & CLONE_VFORK) !== 0) yield* wait_for_vfork_done(k, child);
  return child.pid;
}

/** fork(2): a process with copies of everything. Sleeps only where it may be preempted. kernel/fork.c:fork @returns the child's pid, in the parent */
export function sys_fork(k: Kernel, program: Program): Sleeps<number> {
  return kernel_clone(k, { flags: 0, exit_signal: SIGCHLD, pidfd: null, parent_tid: null, child_tid: null, program });
}

/** vfork(2): the parent sleeps until the child calls execve() or ends. kernel/fork.c:vfork @returns the child's pid */
export function sys_vfork(k: Kernel, program: Program): Sleeps<number> {
  return kernel_clone(k, { flags: CLONE_VFORK | CLONE_VM, exit_signal: SIGCHLD, pidfd: null, parent_tid: null, child_tid: null, program });
}

/**
 * clone(2): `flags` say what is shared, its low byte which signal tells of the end. Sleeps as vfork() with
 * CLONE_VFORK. kernel/fork.c:clone
 * @param parent_tid where CLONE_PARENT_SETTID puts the pid, and CLONE_PIDFD the descriptor
 */
export function sys_clone(k: Kernel, flags: number, program: Program, parent_tid: user_ptr = null, child_tid: user_ptr = null): Sleeps<number> {
  return kernel_clone(k, { flags: flags & ~CSIGNAL, exit_signal: flags & CSIGNAL, pidfd: parent_tid, parent_tid, child_tid, program });
}

/** unshare(2), for the table of descriptors only. kernel/fork.c:ksys_unshare @returns 0, -EINVAL */
export function sys_unshare(k: Kernel, flags: number): number {
  if ((flags & ~(CLONE_FILES | CLONE_FS)) !== 0) return -EINVAL;
  if ((flags & CLONE_FILES) !== 0) unshare_files(k);
  return 0;
}
