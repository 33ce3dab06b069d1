/**
 * The end of tasks: what a task holds is given back, its children get another parent, and it stays a zombie until
 * its parent has asked for it; wait4() itself is in child_wait.ts. Not modelled: tracers, and the signals for
 * stopped process groups that lose their session's shell. Linux counterpart: kernel/exit.c.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';
import { hrtimer_cancel } from './clock.js';
import { files_struct, put_files_struct } from './fdtable.js';
import { task_work_run } from './file.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { try_to_wake_up } from './sched.js';
import { flush_sigqueue_mask, kill_thread, retarget_shared_pending } from './signal.js';
import { task_participate_group_stop } from './signal_deliver.js';
import { do_notify_parent, do_notify_parent_cldstop } from './signal_parent.js';
import { CLD_STOPPED, JOBCTL_STOP_PENDING, type sighand_struct, SIGNAL_GROUP_EXIT } from './signal_types.js';
import { EXIT_DEAD, EXIT_ZOMBIE, PF_EXITING, TASK_DEAD, TASK_KILLABLE, TASK_NORMAL, type task_struct } from './task.js';
import { EPOLLHUP, EPOLLIN, EPOLLRDNORM, POLLFREE, SIGCHLD } from './uapi.js';
import { put_user_u32 } from './uaccess.js';
import { __wake_up, __wake_up_pollfree, waitqueue_active, wake_up_all } from './wait.js';

/** A traced task has given everything back; its tracer is told first. kernel/exit.c:exit_notify */
export const AT_EXIT_STOP = point('exit_notify', 'before the parent hears of the end');

/** True for the first thread of a process. include/linux/sched/signal.h:thread_group_leader */
export function thread_group_leader(task: task_struct): boolean {
  return task.group_leader === task;
}

/** True when the process has no other thread, dead or alive. include/linux/sched/signal.h:thread_group_empty */
export function thread_group_empty(task: task_struct): boolean {
  return task.signal.threads.length <= 1;
}

/** The first thread of a process has ended and others live: it waits for them. include/linux/sched/signal.h:delay_group_leader */
export function delay_group_leader(task: task_struct): boolean {
  return thread_group_leader(task) && !thread_group_empty(task);
}

/** A thread takes no more signals; what it leaves undone goes to the others. kernel/signal.c:exit_signals */
function exit_signals(k: Kernel, task: task_struct): void {
  const { signal } = task;
  task.flags |= PF_EXITING;
  if (thread_group_empty(task) || (signal.flags & SIGNAL_GROUP_EXIT) !== 0 || !task.sigpending_flag) return;
  retarget_shared_pending(k, task, ~task.blocked_lo, ~task.blocked_hi);
  if ((task.jobctl & JOBCTL_STOP_PENDING) !== 0 && task_participate_group_stop(task)) do_notify_parent_cldstop(k, task, CLD_STOPPED);
}

/** The parent that called vfork() goes on. kernel/fork.c:complete_vfork_done */
export function complete_vfork_done(k: Kernel, task: task_struct): void {
  const parent = task.vfork_parent;
  task.vfork_parent = null;
  if (parent !== null) try_to_wake_up(k, parent, TASK_KILLABLE);
}

/** Tells who polls a pidfd that the process has ended. kernel/signal.c:do_notify_pidfd */
function do_notify_pidfd(k: Kernel, task: task_struct): void {
  __wake_up(k, task.thread_pid.wait_pidfd, TASK_NORMAL, 0, EPOLLIN | EPOLLRDNORM);
}

/** do_notify_parent() of a process whose last thread has ended; pidfds are told first. kernel/signal.c:do_notify_parent */
function notify_end(k: Kernel, leader: task_struct): boolean {
  if (thread_group_empty(leader)) do_notify_pidfd(k, leader);
  return do_notify_parent(k, leader, leader.exit_signal);
}

/** Who gets the children: another thread of the process, a subreaper above it, or nobody, for the init of the machine is not in it. kernel/exit.c:find_new_reaper */
function find_new_reaper(father: task_struct): task_struct | null {
  const alive = (task: task_struct): boolean => (task.flags & PF_EXITING) === 0;
  const thread = father.signal.threads.find(alive);
  if (thread !== undefined) return thread;
  for (let reaper = father.real_parent; reaper !== null; reaper = reaper.real_parent) {
    if (!reaper.signal.is_child_subreaper) continue;
    const heir = reaper.signal.threads.find(alive);
    if (heir !== undefined) return heir;
  }
  return null;
}

/** Gives the children of a dying task another parent; zombies that nobody will ask for are put on `dead`. kernel/exit.c:forget_original_parent */
function forget_original_parent(k: Kernel, father: task_struct, dead: task_struct[]): void {
  if (father.children.length === 0) return;
  const reaper = find_new_reaper(father);
  for (const p of father.children.splice(0)) {
    for (const t of p.signal.threads) t.real_parent = reaper;
    if (reaper !== null) reaper.children.push(p);
    if (reaper !== null && reaper.signal === father.signal) continue;
    p.exit_signal = SIGCHLD;
    if (p.exit_state !== EXIT_ZOMBIE || p.ptrace !== null || !thread_group_empty(p) || !notify_end(k, p)) continue;
    p.exit_state = EXIT_DEAD;
    dead.push(p);
  }
}

/** Leaves a zombie and tells the parent, or goes at once if nobody wants to know. kernel/exit.c:exit_notify */
function exit_notify(k: Kernel, task: task_struct): void {
  const dead: task_struct[] = [];
  forget_original_parent(k, task, dead);
  task.exit_state = EXIT_ZOMBIE;
  let autoreap = true;
  if (thread_group_leader(task)) autoreap = thread_group_empty(task) && notify_end(k, task);
  else do_notify_pidfd(k, task);
  if (autoreap) {
    task.exit_state = EXIT_DEAD;
    dead.push(task);
  }
  if (task.signal.notify_count < 0) try_to_wake_up(k, task.signal.group_exec_task!, TASK_KILLABLE);
  for (const p of dead) release_task(k, p);
}

/** The last user of a table of signal actions is gone, and with it the queue of its signalfds. fs/signalfd.c:signalfd_cleanup, kernel/fork.c:__cleanup_sighand */
export function __cleanup_sighand(k: Kernel, sighand: sighand_struct): void {
  if (--sighand.count > 0) return;
  if (waitqueue_active(sighand.signalfd_wqh)) __wake_up_pollfree(k, sighand.signalfd_wqh, EPOLLHUP | POLLFREE);
}

/** Takes a dead task out of its process. kernel/exit.c:__exit_signal, __unhash_process */
function __exit_signal(k: Kernel, task: task_struct): void {
  const { signal } = task;
  if (signal.notify_count > 0 && --signal.notify_count === 0) try_to_wake_up(k, signal.group_exec_task!, TASK_KILLABLE);
  k.tasks.delete(task.pid);
  task.thread_pid.task = null;
  wake_up_all(k, task.thread_pid.wait_pidfd);
  const { threads } = signal;
  threads.splice(threads.indexOf(task), 1);
  if (signal.curr_target === task) signal.curr_target = threads[0] ?? null;
  const siblings = task.real_parent?.children;
  if (siblings !== undefined && siblings.includes(task)) siblings.splice(siblings.indexOf(task), 1);
  flush_sigqueue_mask(task.pending, -1, -1);
  __cleanup_sighand(k, task.sighand);
}

/** A task disappears: its number can be asked for no more. Its leader may follow. kernel/exit.c:release_task */
export function release_task(k: Kernel, task: task_struct): void {
  const leader = task.group_leader;
  __exit_signal(k, task);
  if (leader === task || !thread_group_empty(leader) || leader.exit_state !== EXIT_ZOMBIE) return;
  // the first thread ended before the others: now the process is dead, and the parent hears of it
  if ((leader.signal.flags & SIGNAL_GROUP_EXIT) !== 0) leader.exit_code = leader.signal.group_exit_code;
  if (notify_end(k, leader)) {
    leader.exit_state = EXIT_DEAD;
    release_task(k, leader);
  }
}

/** Ends the current task and never returns. Sleeps where closing its files does. kernel/exit.c:do_exit @param code wait status */
export function* do_exit(k: Kernel, code: number): Sleeps<never> {
  const task = k.current;
  const { signal } = task;
  exit_signals(k, task);
  if (k.footprint !== null) k.footprint.exits(task);
  const group_dead = --signal.live <= 0;
  if (group_dead) {
    if ((signal.flags & SIGNAL_GROUP_EXIT) === 0) {
      signal.flags = SIGNAL_GROUP_EXIT;
      signal.group_exit_code = code;
      signal.group_stop_count = 0;
    }
    if (signal.real_timer !== null) hrtimer_cancel(k, signal.real_timer);
  }
  task.exit_code = code;
  if (task.clear_child_tid !== null) put_user_u32(task.clear_child_tid, 0, 0);
  complete_vfork_done(k, task);
  put_files_struct(k, task.files);
  task.files = new files_struct(0);
  yield* task_work_run(k);
  if (task.ptrace !== null) {
    // the tracer and pidfds are told now, the parent when the tracer has let go of the task
    task.exit_state = EXIT_ZOMBIE;
    if (thread_group_leader(task) && thread_group_empty(task)) do_notify_pidfd(k, task);
    yield AT_EXIT_STOP;
    task.ptrace = null;
  }
  exit_notify(k, task);
  BUG_ON(k.spinlocks_held > 0, 'a task ends while it holds a spinlock');
  task.exited = true;
  task.restart = null;
  task.__state = TASK_DEAD;
  // never resumed: the program's generator is dropped as it stands, so that none of its finally blocks runs
  yield AT_SCHEDULE;
  throw new Error('a dead task ran');
}

/** Begins the end of the other threads of the current one. kernel/signal.c:zap_other_threads @returns how many there are */
export function zap_other_threads(k: Kernel): number {
  const task = k.current;
  let count = 0;
  task.signal.group_stop_count = 0;
  for (const t of task.signal.threads) {
    if (t === task) continue;
    count++;
    if (t.exit_state === 0) kill_thread(k, t);
  }
  return count;
}

/** Ends the whole process. Sleeps as do_exit does, and never returns. kernel/exit.c:do_group_exit @param code wait status */
export function* do_group_exit(k: Kernel, code: number): Sleeps<never> {
  const { signal } = k.current;
  let status = code;
  if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0) {
    status = signal.group_exit_code;
  } else if (signal.group_exec_task !== null) {
    status = 0;
  } else {
    signal.group_exit_code = code;
    signal.flags = SIGNAL_GROUP_EXIT;
    zap_other_threads(k);
  }
  return yield* do_exit(k, status);
}

/** exit(2): ends the calling thread. Sleeps as do_exit does, and never returns. kernel/exit.c:exit @param status 0 .. 255 */
export function sys_exit(k: Kernel, status: number): Sleeps<never> {
  return do_exit(k, (status & 0xff) << 8);
}

/** exit_group(2): ends the process. Sleeps as do_exit does, and never returns. kernel/exit.c:exit_group @param status 0 .. 255 */
export function sys_exit_group(k: Kernel, status: number): Sleeps<never> {
  return do_group_exit(k, (status & 0xff) << 8);
}
