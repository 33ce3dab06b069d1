/**
 * execve(): the process goes on with another program. The other threads end, descriptors marked close-on-exec are
 * closed, handlers go back to the default; mask, pending signals, pid and the other descriptors stay.
 * Linux counterpart: fs/exec.c. Files of programs, arguments and user ids are left out.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN } from './errno.js';
import { __cleanup_sighand, complete_vfork_done, release_task, thread_group_leader, zap_other_threads } from './exit.js';
import { do_close_on_exec, fdput_all, unshare_files } from './fdtable.js';
import { task_work_run } from './file.js';
import { task_main, type Program } from './fork.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { fatal_signal_pending } from './sched.js';
import { SIG_DFL, SIG_IGN, sighand_struct, SIGNAL_GROUP_EXIT } from './signal_types.js';
import { EXIT_DEAD, TASK_KILLABLE, TASK_RUNNING, type task_struct } from './task.js';
import { T_SYSCALL_EXIT } from './trace.js';
import { SIGCHLD } from './uapi.js';

const NR_execve = 59;
const AT_EXEC = point('begin_new_exec', 'the old program ends');

/** Takes the place of the first thread: its number, its parent, its rank among the siblings. fs/exec.c:de_thread, kernel/pid.c:exchange_tids */
function become_leader(k: Kernel, task: task_struct, leader: task_struct): void {
  const { pid, thread_pid } = task;
  task.pid = leader.pid;
  task.thread_pid = leader.thread_pid;
  leader.pid = pid;
  leader.thread_pid = thread_pid;
  task.thread_pid.task = task;
  leader.thread_pid.task = leader;
  k.tasks.set(task.pid, task);
  k.tasks.set(leader.pid, leader);
  const siblings = task.real_parent?.children;
  if (siblings !== undefined) siblings[siblings.indexOf(leader)] = task;
  task.group_leader = task;
  leader.group_leader = task;
  task.exit_signal = SIGCHLD;
  leader.exit_signal = -1;
  leader.exit_state = EXIT_DEAD;
  release_task(k, leader);
}

/**
 * Ends all other threads and becomes the first one. Sleeps until they are gone; only a fatal signal ends that.
 * fs/exec.c:de_thread
 * @returns 0, -EAGAIN (the process dies, or another thread was faster)
 */
function* de_thread(k: Kernel): Sleeps<number> {
  const task = k.current;
  const { signal } = task;
  if (signal.threads.length > 1) {
    if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0 || signal.group_exec_task !== null) return -EAGAIN;
    const leader = task.group_leader;
    signal.group_exec_task = task;
    signal.notify_count = zap_other_threads(k) - (thread_group_leader(task) ? 0 : 1);
    let killed = false;
    while (signal.notify_count > 0 && !killed) {
      task.__state = TASK_KILLABLE;
      yield AT_SCHEDULE;
      killed = fatal_signal_pending(task);
    }
    if (!killed && leader !== task) {
      signal.notify_count = -1;
      while (leader.exit_state === 0 && !killed) {
        task.__state = TASK_KILLABLE;
        yield AT_SCHEDULE;
        killed = fatal_signal_pending(task);
      }
      if (!killed) become_leader(k, task, leader);
    }
    task.__state = TASK_RUNNING;
    signal.group_exec_task = null;
    signal.notify_count = 0;
    if (killed) return -EAGAIN;
  }
  task.exit_signal = SIGCHLD;
  return 0;
}

/** Signal actions are the process's own from here on. fs/exec.c:unshare_sighand */
function unshare_sighand(k: Kernel, task: task_struct): void {
  const old = task.sighand;
  if (old.count <= 1) return;
  task.sighand = new sighand_struct(k.new_id());
  for (let sig = 1; sig < old.action.length; sig++) task.sighand.action[sig] = { ...old.action[sig]! };
  __cleanup_sighand(k, old);
}

/** Handlers of the old program are gone; what was ignored stays ignored. kernel/signal.c:flush_signal_handlers */
function flush_signal_handlers(task: task_struct): void {
  for (const action of task.sighand.action) {
    if (action.sa_handler !== SIG_IGN) action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    action.sa_mask_lo = 0;
    action.sa_mask_hi = 0;
  }
}

/** The new program's first steps: what the old one's call leaves to do on the way to user mode. Sleeps as files' release and the program do. fs/exec.c:start_thread */
function* exec_main(k: Kernel, program: Program): Sleeps<number> {
  const task = k.current;
  fdput_all(k);
  yield* task_work_run(k);
  task.syscall_nr = -1;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_EXIT, NR_execve, 0);
  return yield* task_main(k, program);
}

/**
 * execve(2): the process goes on with `program`; the caller's generator is dropped where it stands. Sleeps until
 * the other threads have ended; returns only when it fails. fs/exec.c:begin_new_exec
 * @param comm the new name of the process
 * @returns -EAGAIN
 */
export function* do_execve(k: Kernel, comm: string, program: Program): Sleeps<number> {
  const task = k.current;
  const refused = yield* de_thread(k);
  if (refused < 0) return refused;
  unshare_files(k);
  complete_vfork_done(k, task);
  unshare_sighand(k, task);
  do_close_on_exec(k, task.files);
  task.comm = comm;
  flush_signal_handlers(task);
  task.restart = null;
  task.clear_child_tid = null;
  task.trace_stack.length = 0;
  task.body = exec_main(k, program);
  yield AT_EXEC;
  throw new Error('a program ran on after execve');
}
