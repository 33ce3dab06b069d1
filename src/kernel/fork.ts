/**
 * Making tasks: the idle task, a machine's first processes, and fork and clone. A program is a generator
 * function; a child is given its own, because a running generator cannot be copied.
 * Linux counterpart: kernel/fork.c.
 */

import type { Kernel } from './kernel.js';
import { do_exit } from './exit.js';
import { files_struct } from './fdtable.js';
import { wake_up_new_task } from './sched.js';
import { sighand_struct, signal_struct, sigpending } from './signal_types.js';
import { task_struct, type user_struct } from './task.js';
import { do_signal } from './signal_deliver.js';
import { run_ksoftirqd } from './softirq.js';
import type { Sleeps } from './point.js';

/** What a task runs in user mode: ends with its exit status. */
export type Program = () => Sleeps<number | void>;

/** The body of every task: signals that came before its first step, the program, exit. Sleeps as the program does. kernel/fork.c:ret_from_fork */
export function* task_main(k: Kernel, program: Program): Sleeps<number> {
  yield* do_signal(k, 0);
  const status = yield* program();
  yield* do_exit(k, ((status ?? 0) & 0xff) << 8);
  return 0;
}

/** A process that nobody forked: one of those a machine starts with. kernel/fork.c:copy_process */
export function spawn_process(k: Kernel, comm: string, program: Program, user: user_struct = k.user(0)): task_struct {
  if (k.preempt && k.softnet.ksoftirqd === null) {
    k.softnet.ksoftirqd = new_process(k, 'ksoftirqd/0', k.user(0));
    k.softnet.ksoftirqd.body = run_ksoftirqd(k);
    wake_up_new_task(k, k.softnet.ksoftirqd);
  }
  const task = new_process(k, comm, user);
  task.body = task_main(k, program);
  wake_up_new_task(k, task);
  return task;
}

function new_process(k: Kernel, comm: string, user: user_struct): task_struct {
  const pid = k.new_pid();
  const signal = new signal_struct(k.new_id(), pid);
  const task = new task_struct({
    pid,
    tgid: pid,
    comm,
    user,
    signal,
    sighand: new sighand_struct(k.new_id()),
    files: new files_struct(k.new_id()),
    pending: new sigpending(),
    leader: null,
  });
  signal.threads.push(task);
  k.tasks.set(pid, task);
  return task;
}
