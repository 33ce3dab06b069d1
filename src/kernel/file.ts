/**
 * Open files: struct file with its reference count, and the operations that each kind of file supplies. The last
 * reference releases the file; that may sleep, so it is done by close() itself or, for references dropped in
 * places that must not sleep, on the way to user mode. Linux counterparts: include/linux/fs.h, fs/file_table.c.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';
import type { Might, Sleeps } from './point.js';
import type { poll_table } from './poll_table.js';
import { leave, traced } from './trace.js';
import type { iov_iter, user_ptr } from './uaccess.js';
import { O_ACCMODE, O_PATH, O_RDONLY, O_WRONLY } from './uapi.js';

export const FILE_FUNCTIONS = traced(40, {
  __fput: 'file:obj',
  filp_close: 'file:obj -> int',
});
const F = FILE_FUNCTIONS.id;

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;
export const FMODE_PATH = 0x4000;

/** What a kind of file can do. A method that is null does not exist for it. include/linux/fs.h:file_operations */
export interface file_operations {
  /** how fdinfo, /proc/PID/fd and views name the kind: `[eventpoll]`, `pipe`, `socket` ... */
  readonly name: string;
  /** mask of what is ready; may sleep only for epoll files, which take a mutex. null: always ready, refused by epoll */
  readonly poll: ((k: Kernel, file: file, pt: poll_table | null) => Might<number>) | null;
  /** bytes read, or -errno */
  readonly read_iter: ((k: Kernel, file: file, to: iov_iter) => Might<number>) | null;
  /** bytes written, or -errno */
  readonly write_iter: ((k: Kernel, file: file, from: iov_iter) => Might<number>) | null;
  readonly unlocked_ioctl: ((k: Kernel, file: file, cmd: number, arg: user_ptr | number) => Might<number>) | null;
  /** called once, when the last reference is gone */
  readonly release: ((k: Kernel, file: file) => Might<void>) | null;
  /** extra lines of /proc/PID/fdinfo/N */
  readonly show_fdinfo: ((k: Kernel, file: file) => string) | null;
  /** lseek(): `none` gives ESPIPE; `noop` and `device` return 0; only `device` and `content` know pread() and pwrite() */
  readonly llseek: 'none' | 'noop' | 'device' | 'content';
  /** the kind has write() and no write_iter(): writev() is one write a segment */
  readonly write_segments?: true;
  /** what files on the same thing have in common: a number that no other thing has. For footprints; missing: unknown */
  readonly object?: (file: file) => number;
}

/** Where the items that watch a file hang; the item lists are epoll's own. */
export interface watched_by {
  /** number of items, for views and checks */
  readonly size: number;
}

/** An open file description. */
export class file {
  readonly id: number;
  readonly f_op: file_operations;
  f_count = 1;
  f_flags: number;
  f_mode: number;
  f_pos = 0;
  readonly private_data: unknown;
  /** the epoll items that watch this file; null when there are none. fs/eventpoll.c */
  f_ep: watched_by | null = null;
  /** path, or a name like `pipe:[12]` */
  readonly name: string;
  released = false;

  constructor(k: Kernel, f_op: file_operations, private_data: unknown, flags: number, name = f_op.name) {
    this.id = k.new_id();
    k.nr_files++;
    this.f_op = f_op;
    this.private_data = private_data;
    this.f_flags = flags & ~0o2000000;
    const access = flags & O_ACCMODE;
    this.f_mode = (flags & O_PATH) !== 0 ? FMODE_PATH : (access !== O_WRONLY ? FMODE_READ : 0) | (access !== O_RDONLY ? FMODE_WRITE : 0);
    this.name = name;
  }
}

/** Takes one more reference. include/linux/fs.h:get_file */
export function get_file(file: file): file {
  BUG_ON(file.f_count <= 0, 'file: a reference is taken to a file that is gone');
  file.f_count++;
  return file;
}

/** Takes a reference unless the last one is already gone. include/linux/fs.h:get_file_active */
export function get_file_active(file: file): boolean {
  if (file.f_count === 0) return false;
  file.f_count++;
  return true;
}

/** Drops a reference; a file whose last one this was is released on the task's way to user mode. fs/file_table.c:fput */
export function fput(k: Kernel, file: file): void {
  BUG_ON(file.f_count <= 0, 'file: more references dropped than taken');
  if (--file.f_count === 0) k.current.task_works.push(file);
}

/** Drops a reference and releases at once: what close() does. Sleeps where releasing does. fs/file_table.c:fput_close_sync */
export function* fput_close_sync(k: Kernel, file: file): Sleeps<void> {
  BUG_ON(file.f_count <= 0, 'file: more references dropped than taken');
  if (--file.f_count === 0) yield* __fput(k, file);
}

/** Frees a file whose opening failed: there is nothing to release. fs/file_table.c:file_free */
export function file_free(k: Kernel, file: file): void {
  file.f_count = 0;
  file.released = true;
  k.nr_files--;
}

/** Releases a file: epoll items first, then the file's own release. Sleeps for the epolls' mutexes. fs/file_table.c:__fput */
export function* __fput(k: Kernel, file: file): Sleeps<void> {
  if (k.footprint !== null) k.footprint.uses(file);
  if (k.trace !== null) k.trace.enter(F.__fput, file.id);
  BUG_ON(file.released, 'file: released twice');
  if (file.f_ep !== null) yield* k.eventpoll_release_file!(k, file);
  if (file.f_op.release !== null) {
    const done = file.f_op.release(k, file);
    if (typeof done === 'object') yield* done;
  }
  file.released = true;
  k.nr_files--;
  leave(k, 0);
}

/** Drops a descriptor's reference; the file is released on the task's way to user mode. fs/open.c:filp_close */
export function filp_close(k: Kernel, file: file): number {
  if (k.footprint !== null) k.footprint.uses(file);
  if (k.trace !== null) k.trace.enter(F.filp_close, file.id);
  fput(k, file);
  return leave(k, 0);
}

/** Drops a descriptor's reference and releases at once, as close() does. Sleeps where releasing does. fs/open.c:filp_flush, fs/file_table.c:fput_close_sync */
export function* filp_close_sync(k: Kernel, file: file): Sleeps<number> {
  if (k.footprint !== null) k.footprint.uses(file);
  if (k.trace !== null) k.trace.enter(F.filp_close, file.id);
  yield* fput_close_sync(k, file);
  return leave(k, 0);
}

/**
 * Releases the files whose last reference was dropped during the call, the one dropped last first: the list of
 * works is a stack. Sleeps where releasing does. kernel/task_work.c:task_work_run
 */
export function* task_work_run(k: Kernel): Sleeps<void> {
  const works = k.current.task_works;
  while (works.length > 0) {
    // what a release drops in turn comes after this batch
    const batch = works.splice(0);
    for (let at = batch.length - 1; at >= 0; at--) yield* __fput(k, batch[at]!);
  }
}
