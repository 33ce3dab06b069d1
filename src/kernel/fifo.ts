/**
 * Named pipes: opening one side waits for the other, unless O_NONBLOCK. Once open they are pipes (pipe.ts).
 * Linux counterpart: fs/pipe.c.
 */

import type { Kernel } from './kernel.js';
import { ENXIO, ERESTARTSYS } from './errno.js';
import { file, file_free, FMODE_READ, FMODE_WRITE, type file_operations } from './file.js';
import { mutex_lock, mutex_unlock } from './lock.js';
import type { inode } from './namei.js';
import { pipe_file, pipe_inode_info, pipeanon_fops } from './pipe.js';
import { AT_SCHEDULE, type Sleeps } from './point.js';
import { signal_pending } from './sched.js';
import { TASK_INTERRUPTIBLE } from './task.js';
import { O_NONBLOCK } from './uapi.js';
import { __wake_up, autoremove_wake_function, finish_wait, prepare_to_wait, wait_queue_entry } from './wait.js';

export const pipefifo_fops: file_operations = { ...pipeanon_fops, name: 'fifo' };

/** Somebody opened the other side: those who wait for that look again. fs/pipe.c:wake_up_partner */
function wake_up_partner(k: Kernel, pipe: pipe_inode_info): void {
  __wake_up(k, pipe.rd_wait, TASK_INTERRUPTIBLE, 0, 0);
}

/** Sleeps until the other side is opened once more; the mutex is released meanwhile. fs/pipe.c:wait_for_partner @returns 0, or -ERESTARTSYS */
function* wait_for_partner(k: Kernel, pipe: pipe_inode_info, side: 'r_counter' | 'w_counter'): Sleeps<number> {
  const seen = pipe[side];
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  while (seen === pipe[side]) {
    prepare_to_wait(k, pipe.rd_wait, wait, TASK_INTERRUPTIBLE);
    mutex_unlock(k, pipe.mutex);
    yield AT_SCHEDULE;
    finish_wait(k, pipe.rd_wait, wait);
    yield* mutex_lock(k, pipe.mutex);
    if (signal_pending(k.current)) break;
  }
  return seen === pipe[side] ? -ERESTARTSYS : 0;
}

/** A reader. Sleeps until there is a writer, unless O_NONBLOCK. fs/pipe.c:fifo_open */
function* open_for_reading(k: Kernel, pipe: pipe_inode_info, nonblock: boolean): Sleeps<number> {
  pipe.r_counter++;
  if (pipe.readers++ === 0) wake_up_partner(k, pipe);
  if (pipe.writers > 0 || nonblock) return 0;
  const err = yield* wait_for_partner(k, pipe, 'w_counter');
  if (err < 0 && --pipe.readers === 0) __wake_up(k, pipe.wr_wait, TASK_INTERRUPTIBLE, 1, 0);
  return err;
}

/** A writer. Sleeps until there is a reader; with O_NONBLOCK it fails instead. fs/pipe.c:fifo_open */
function* open_for_writing(k: Kernel, pipe: pipe_inode_info, nonblock: boolean): Sleeps<number> {
  if (nonblock && pipe.readers === 0) return -ENXIO;
  pipe.w_counter++;
  if (pipe.writers++ === 0) wake_up_partner(k, pipe);
  if (pipe.readers > 0) return 0;
  const err = yield* wait_for_partner(k, pipe, 'r_counter');
  if (err < 0 && --pipe.writers === 0) __wake_up(k, pipe.rd_wait, TASK_INTERRUPTIBLE, 0, 0);
  return err;
}

function open_for_both(k: Kernel, pipe: pipe_inode_info): number {
  pipe.readers++;
  pipe.writers++;
  pipe.r_counter++;
  pipe.w_counter++;
  if (pipe.readers === 1 || pipe.writers === 1) wake_up_partner(k, pipe);
  return 0;
}

/**
 * Opens a named pipe. Sleeps until the other side is open too; not with O_NONBLOCK, and not for O_RDWR. fs/pipe.c:fifo_open
 * @param flags of open(2)
 * @returns the file, -ENXIO (O_WRONLY | O_NONBLOCK without reader), -ERESTARTSYS
 */
export function* fifo_open(k: Kernel, node: inode, flags: number, path: string): Sleeps<file | number> {
  const pipe = (node.i_pipe ??= new pipe_inode_info(k));
  pipe.files++;
  yield* mutex_lock(k, pipe.mutex);
  const nonblock = (flags & O_NONBLOCK) !== 0;
  // A reader that came before any writer does not see the hang-up of a writer that never was.
  const before_writers = nonblock && pipe.writers === 0 ? pipe.w_counter : -1;
  const gone = (): void => {
    if (node.i_pipe === pipe) node.i_pipe = null;
  };
  const opened = new file(k, pipefifo_fops, new pipe_file(pipe, before_writers, gone), flags, path);
  const mode = opened.f_mode & (FMODE_READ | FMODE_WRITE);
  let err = 0;
  if (mode === FMODE_READ) err = yield* open_for_reading(k, pipe, nonblock);
  else if (mode === FMODE_WRITE) err = yield* open_for_writing(k, pipe, nonblock);
  else err = open_for_both(k, pipe);
  mutex_unlock(k, pipe.mutex);
  if (err === 0) return opened;
  file_free(k, opened);
  if (--pipe.files === 0) gone();
  return err;
}
