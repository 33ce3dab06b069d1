/**
 * The end of tasks: exit closes what the task holds and leaves a zombie until the parent has asked for it.
 * Linux counterpart: kernel/exit.c.
 */

import type { Kernel } from './kernel.js';
import { put_files_struct } from './fdtable.js';
import { task_work_run } from './file.js';
import { AT_SCHEDULE, type Sleeps } from './point.js';
import { kill_thread } from './signal.js';
import { SIGNAL_GROUP_EXIT } from './signal_types.js';
import { EXIT_DEAD, TASK_DEAD } from './task.js';

/** Ends the current task and never returns. Sleeps where closing its files does. kernel/exit.c:do_exit @param code wait status */
export function* do_exit(k: Kernel, code: number): Sleeps<never> {
  const task = k.current;
  task.exit_code = code;
  put_files_struct(k, task.files);
  yield* task_work_run(k);
  task.exit_state = EXIT_DEAD;
  k.tasks.delete(task.pid);
  task.__state = TASK_DEAD;
  yield AT_SCHEDULE;
  throw new Error('a dead task ran');
}

/** Ends the whole process. Sleeps as do_exit does, and never returns. kernel/exit.c:do_group_exit @param code wait status */
export function* do_group_exit(k: Kernel, code: number): Sleeps<never> {
  const task = k.current;
  const { signal } = task;
  let status = code;
  if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0) {
    status = signal.group_exit_code;
  } else if (signal.group_exec_task !== null) {
    status = 0;
  } else {
    signal.group_exit_code = code;
    signal.flags = SIGNAL_GROUP_EXIT;
    signal.group_stop_count = 0;
    for (const t of signal.threads) if (t !== task && t.exit_state === 0) kill_thread(k, t);
  }
  return yield* do_exit(k, status);
}
