/**
 * Descriptor tables: small numbers that stand for open files. New descriptors get the lowest free number; a table
 * is shared by threads and copied by fork. Linux counterparts: fs/file.c, include/linux/fdtable.h.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';
import { EBADF, EMFILE } from './errno.js';
import { filp_close, filp_close_sync, FMODE_PATH, fput, get_file, type file } from './file.js';
import type { Sleeps } from './point.js';
import type { task_struct } from './task.js';

/** Descriptors a fresh table has room for. include/linux/fdtable.h:NR_OPEN_DEFAULT */
export const NR_OPEN_DEFAULT = 64;

/** A slot that is reserved and not yet filled. */
const RESERVED: unique symbol = Symbol('reserved');
type slot = file | typeof RESERVED | null;

/** The table of a process. include/linux/fdtable.h:files_struct */
export class files_struct {
  readonly id: number;
  /** tasks that share the table */
  count = 1;
  readonly fd: slot[] = [];
  readonly close_on_exec = new Set<number>();
  /** every number below is taken */
  next_fd = 0;
  /** room of the table: FDSize of /proc/PID/status, what select() clamps to */
  max_fds = NR_OPEN_DEFAULT;

  constructor(id: number) {
    this.id = id;
  }

  /** The file behind a number, or null. */
  at(fd: number): file | null {
    const found = fd >= 0 && fd < this.fd.length ? this.fd[fd]! : null;
    return found === RESERVED ? null : found;
  }

  /** Open numbers in ascending order. */
  open(): number[] {
    const numbers: number[] = [];
    for (let fd = 0; fd < this.fd.length; fd++) if (this.at(fd) !== null) numbers.push(fd);
    return numbers;
  }
}

/** True when a number is taken: by a file, O_PATH included, or reserved for one. include/linux/fdtable.h:fd_is_open */
export function fd_is_open(files: files_struct, fd: number): boolean {
  return fd < files.fd.length && files.fd[fd] !== null;
}

/** Room for `nr` descriptors, in the steps in which Linux grows. fs/file.c:alloc_fdtable */
export function fdtable_size(nr: number): number {
  if (nr < NR_OPEN_DEFAULT) return NR_OPEN_DEFAULT;
  let size = 128;
  while (size <= nr) size *= 2;
  return size;
}

/** Reserves the lowest free number from `start`. fs/file.c:alloc_fd @returns the number, or -EMFILE */
export function alloc_fd(task: task_struct, start: number, cloexec: boolean): number {
  const { files } = task;
  const end = task.signal.rlim_nofile.cur;
  let fd = Math.max(start, files.next_fd);
  while (fd < files.fd.length && files.fd[fd] !== null) fd++;
  if (fd >= end) return -EMFILE;
  while (files.fd.length <= fd) files.fd.push(null);
  files.fd[fd] = RESERVED;
  files.max_fds = Math.max(files.max_fds, fdtable_size(fd));
  if (start <= files.next_fd) files.next_fd = fd + 1;
  if (cloexec) files.close_on_exec.add(fd);
  else files.close_on_exec.delete(fd);
  return fd;
}

/** A search is told that which numbers are free is looked at and changed. ours: see footprint.ts */
export function note_numbers(k: Kernel): void {
  if (k.footprint !== null) k.footprint.slot(k.current.files, -1, true);
}

/** Reserves the lowest free number. fs/file.c:get_unused_fd_flags @returns the number, or -EMFILE */
export function get_unused_fd_flags(k: Kernel, cloexec: boolean): number {
  note_numbers(k);
  return alloc_fd(k.current, 0, cloexec);
}

/** Gives a reserved number back. fs/file.c:put_unused_fd */
export function put_unused_fd(k: Kernel, fd: number): void {
  note_change(k, fd);
  const { files } = k.current;
  BUG_ON(files.fd[fd] !== RESERVED, 'fdtable: a number is given back that was not reserved');
  free_slot(files, fd);
}

function free_slot(files: files_struct, fd: number): void {
  files.fd[fd] = null;
  files.close_on_exec.delete(fd);
  if (fd < files.next_fd) files.next_fd = fd;
}

/** Puts a file on a reserved number; the number holds the caller's reference. fs/file.c:fd_install */
export function fd_install(k: Kernel, fd: number, file: file): void {
  const { files } = k.current;
  if (k.footprint !== null) k.footprint.slot(files, fd, true);
  BUG_ON(files.fd[fd] !== RESERVED, 'fdtable: a file is put on a number that was not reserved');
  files.fd[fd] = file;
}

/** Installs a new file on the lowest free number. fs/file.c:fd_install @returns the number, or -EMFILE (the file is then not installed) */
export function install_new_file(k: Kernel, make: () => file, cloexec: boolean): number {
  const fd = get_unused_fd_flags(k, cloexec);
  if (fd < 0) return fd;
  fd_install(k, fd, make());
  return fd;
}

/**
 * The file behind a number, pinned until the end of the system call when other threads could close it meanwhile.
 * O_PATH files do not count. include/linux/file.h:fdget
 * @returns null: EBADF
 */
export function fdget(k: Kernel, fd: number): file | null {
  const file = fdget_raw(k, fd);
  return file !== null && (file.f_mode & FMODE_PATH) !== 0 ? null : file;
}

/** A search is told which slot was looked at, and what the call works on. ours: see footprint.ts */
export function note_use(k: Kernel, fd: number, file: file | null): void {
  k.footprint!.slot(k.current.files, fd, false);
  if (file !== null) k.footprint!.uses(file);
}

/** As fdget, O_PATH files too. include/linux/file.h:fdget_raw */
export function fdget_raw(k: Kernel, fd: number): file | null {
  const task = k.current;
  const file = task.files.at(fd);
  if (k.footprint !== null) note_use(k, fd, file);
  if (file !== null && task.files.count > 1) {
    get_file(file);
    task.pins.push(file);
  }
  return file;
}

/** Drops what fdget pinned; called at the end of every system call. include/linux/file.h:fdput */
export function fdput_all(k: Kernel): void {
  const { pins } = k.current;
  while (pins.length > 0) fput(k, pins.pop()!);
}

/** Takes a file off its number. fs/file.c:file_close_fd @returns the file with the number's reference, or null */
export function file_close_fd(files: files_struct, fd: number): file | null {
  const file = files.at(fd);
  if (file === null) return null;
  free_slot(files, fd);
  return file;
}

/** A search is told that a number was taken or given back. ours: see footprint.ts */
function note_change(k: Kernel, fd: number): void {
  if (k.footprint === null) return;
  k.footprint.slot(k.current.files, fd, true);
  k.footprint.slot(k.current.files, -1, true);
}

/** close(2). Sleeps where releasing the file does. fs/open.c:close @returns 0 or -EBADF */
export function* close_fd(k: Kernel, fd: number): Sleeps<number> {
  note_change(k, fd);
  const file = file_close_fd(k.current.files, fd);
  return file === null ? -EBADF : yield* filp_close_sync(k, file);
}

/** Puts `file` on number `fd` exactly; what was there is released on the way to user mode. fs/file.c:do_dup2 */
export function do_dup2(k: Kernel, file: file, fd: number, cloexec: boolean): number {
  note_change(k, fd);
  const { files } = k.current;
  const tofree = files.at(fd);
  while (files.fd.length <= fd) files.fd.push(null);
  files.max_fds = Math.max(files.max_fds, fdtable_size(fd));
  files.fd[fd] = get_file(file);
  if (cloexec) files.close_on_exec.add(fd);
  else files.close_on_exec.delete(fd);
  if (tofree !== null) filp_close(k, tofree);
  return fd;
}

/** A copy of a table for a new process: same files, one more reference each. fs/file.c:dup_fd */
export function dup_fd(k: Kernel, from: files_struct): files_struct {
  const files = new files_struct(k.new_id());
  const open = from.open();
  for (const fd of open) {
    while (files.fd.length < fd) files.fd.push(null);
    files.fd.push(get_file(from.at(fd)!));
    if (from.close_on_exec.has(fd)) files.close_on_exec.add(fd);
  }
  files.max_fds = fdtable_size(open.length > 0 ? open[open.length - 1]! : 0);
  return files;
}

/** Drops everything that a table holds when its last task ends; the files are released as the task's works. fs/file.c:close_files */
export function put_files_struct(k: Kernel, files: files_struct): void {
  if (--files.count > 0) return;
  for (let fd = 0; fd < files.fd.length; fd++) {
    const file = file_close_fd(files, fd);
    if (file !== null) filp_close(k, file);
  }
}

/** Drops the descriptors that do not survive execve(). fs/file.c:do_close_on_exec */
export function do_close_on_exec(k: Kernel, files: files_struct): void {
  for (const fd of [...files.close_on_exec].sort((a, b) => a - b)) {
    const file = file_close_fd(files, fd);
    if (file !== null) filp_close(k, file);
  }
}

/** The current task gets a table of its own if it shares one. kernel/fork.c:unshare_fd, ksys_unshare */
export function unshare_files(k: Kernel): void {
  const task = k.current;
  if (task.files.count <= 1) return;
  const shared = task.files;
  task.files = dup_fd(k, shared);
  put_files_struct(k, shared);
}
