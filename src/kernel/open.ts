/**
 * open(2) and the calls that make names: from a path to an open file. Linux counterpart: fs/open.c, fs/namei.c.
 * Left out: permissions, and directories other than as things that can be opened.
 */

import type { Kernel } from './kernel.js';
import { EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENXIO } from './errno.js';
import { fd_install, get_unused_fd_flags, put_unused_fd } from './fdtable.js';
import { fifo_open } from './fifo.js';
import { file } from './file.js';
import { getname, type inode, path_lookup, vfs_mknod } from './namei.js';
import { dir_operations, full_fops, null_fops, O_LARGEFILE, shmem_file_operations, zero_fops } from './opaque.js';
import type { Sleeps } from './point.js';
import type { user_ptr } from './uaccess.js';
import { O_ACCMODE, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_TRUNC } from './uapi.js';

export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_NOFOLLOW = 0o400000;

export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFREG = 0o100000;

const NOT_KEPT = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC;

const OPERATIONS = {
  regular: shmem_file_operations, directory: dir_operations, null: null_fops, zero: zero_fops, full: full_fops,
} as const;

/** The inode that open() is about, created if asked for. fs/namei.c:lookup_open */
function lookup_open(k: Kernel, path: string, flags: number): inode | number {
  const found = path_lookup(k, path);
  if (found === null) return (flags & O_CREAT) === 0 ? -ENOENT : vfs_mknod(k, path, 'regular');
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -EEXIST;
  if ((flags & O_DIRECTORY) !== 0 && found.kind !== 'directory') return -ENOTDIR;
  if (found.kind === 'directory' && ((flags & O_ACCMODE) !== O_RDONLY || (flags & O_CREAT) !== 0)) return -EISDIR;
  return found;
}

/** Opens an inode. Sleeps for a FIFO's other side. fs/open.c:do_dentry_open @returns the file, or -errno */
function* do_dentry_open(k: Kernel, node: inode, path: string, flags: number): Sleeps<file | number> {
  const kept = (flags & ~NOT_KEPT) | O_LARGEFILE;
  if (node.kind === 'fifo') return yield* fifo_open(k, node, kept, path);
  if (node.kind === 'socket') return -ENXIO;
  if (node.kind === 'regular' && (flags & O_TRUNC) !== 0) node.size = 0;
  return new file(k, OPERATIONS[node.kind], node, kept, path);
}

/**
 * Opens a path on the lowest free descriptor. Sleeps for a FIFO's other side. fs/open.c:do_sys_openat2
 * @param filename NUL-terminated path
 * @returns the descriptor, -EFAULT, -EMFILE, -ENOENT, -EEXIST, -EISDIR, -ENOTDIR, -ENXIO, -ERESTARTSYS
 */
export function* do_sys_open(k: Kernel, filename: user_ptr, flags: number): Sleeps<number> {
  const path = getname(filename);
  if (typeof path === 'number') return path;
  const fd = get_unused_fd_flags(k, (flags & O_CLOEXEC) !== 0);
  if (fd < 0) return fd;
  const node = lookup_open(k, path, flags);
  let opened: file | number;
  if (typeof node === 'number') opened = node;
  else if ((flags & O_PATH) !== 0) opened = new file(k, shmem_file_operations, node, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), path);
  else opened = yield* do_dentry_open(k, node, path, flags);
  if (typeof opened === 'number') {
    put_unused_fd(k, fd);
    return opened;
  }
  fd_install(k, fd, opened);
  return fd;
}

/** Makes a named pipe or a regular file. fs/namei.c:do_mknodat @returns 0, -EINVAL (other kinds), -EFAULT, -EEXIST, -ENOENT, -ENOTDIR */
export function do_mknodat(k: Kernel, filename: user_ptr, mode: number): number {
  const kind = mode & S_IFMT;
  if (kind !== S_IFIFO && kind !== S_IFREG && kind !== 0) return -EINVAL;
  const path = getname(filename);
  if (typeof path === 'number') return path;
  const made = vfs_mknod(k, path, kind === S_IFIFO ? 'fifo' : 'regular');
  return typeof made === 'number' ? made : 0;
}
