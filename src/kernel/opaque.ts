/**
 * Files that have no poll method: regular files, directories, /dev/null, /dev/zero and /dev/full. poll and select
 * find them always ready, epoll refuses them. Linux counterparts: mm/shmem.c, mm/filemap.c, drivers/char/mem.c.
 * Left out: pages, disks, holes and seals; reading and writing never sleeps.
 */

import type { Kernel } from './kernel.js';
import { EFAULT, EINVAL, EISDIR, ENOSPC, ENXIO } from './errno.js';
import { file, type file_operations } from './file.js';
import { inode } from './namei.js';
import type { iov_iter } from './uaccess.js';
import { O_APPEND, O_RDWR, PAGE_SIZE } from './uapi.js';

/** Open flag that 64-bit programs always have. include/uapi/asm-generic/fcntl.h:O_LARGEFILE */
export const O_LARGEFILE = 0o100000;

const ZEROES: Uint8Array = new Uint8Array(PAGE_SIZE);

const SEEK_SET = 0;
const SEEK_CUR = 1;
const SEEK_END = 2;
const SEEK_DATA = 3;

/** Reads from the file's position on. mm/shmem.c:shmem_file_read_iter */
function content_read(_k: Kernel, file: file, to: iov_iter): number {
  const node = file.private_data as inode;
  const want = Math.max(0, Math.min(to.count, node.size - file.f_pos));
  const copied = to.copy_to(node.bytes, file.f_pos, want);
  file.f_pos += copied;
  return copied === 0 && want > 0 ? -EFAULT : copied;
}

/** Writes at the file's position, or at its end with O_APPEND. mm/filemap.c:generic_file_write_iter */
function content_write(_k: Kernel, file: file, from: iov_iter): number {
  const node = file.private_data as inode;
  const at = (file.f_flags & O_APPEND) !== 0 ? node.size : file.f_pos;
  const want = from.count;
  if (at + want > node.bytes.length) {
    const grown = new Uint8Array(Math.max(at + want, node.bytes.length * 2));
    grown.set(node.bytes.subarray(0, node.size));
    node.bytes = grown;
  }
  const copied = from.copy_from(node.bytes, at, want);
  if (copied > 0) {
    file.f_pos = at + copied;
    node.size = Math.max(node.size, file.f_pos);
  }
  return copied === 0 && want > 0 ? -EFAULT : copied;
}

/** drivers/char/mem.c:read_null */
function read_null(): number {
  return 0;
}

/** drivers/char/mem.c:write_null */
function write_null(_k: Kernel, _file: file, from: iov_iter): number {
  const { count } = from;
  from.advance(count);
  return count;
}

/** drivers/char/mem.c:read_iter_zero */
function read_iter_zero(_k: Kernel, _file: file, to: iov_iter): number {
  let done = 0;
  while (to.count > 0) {
    const part = Math.min(PAGE_SIZE, to.count);
    const copied = to.copy_to(ZEROES, 0, part);
    done += copied;
    if (copied < part) return done > 0 ? done : -EFAULT;
  }
  return done;
}

/** drivers/char/mem.c:write_full */
function write_full(): number {
  return -ENOSPC;
}

/** fs/libfs.c:generic_read_dir */
function generic_read_dir(): number {
  return -EISDIR;
}

const base: file_operations = {
  name: 'file',
  poll: null,
  read_iter: content_read,
  write_iter: content_write,
  unlocked_ioctl: null,
  release: null,
  show_fdinfo: null,
  llseek: 'content',
};

export const shmem_file_operations: file_operations = base;
export const dir_operations: file_operations = { ...base, name: 'directory', read_iter: generic_read_dir, write_iter: null };
export const null_fops: file_operations = { ...base, name: '/dev/null', read_iter: read_null, write_iter: write_null, llseek: 'device', object: (file) => file.id };
export const zero_fops: file_operations = { ...base, name: '/dev/zero', read_iter: read_iter_zero, write_iter: write_null, llseek: 'device' };
export const full_fops: file_operations = { ...base, name: '/dev/full', read_iter: read_iter_zero, write_iter: write_full, llseek: 'device' };

/** Moves the position of a file with content. mm/shmem.c:shmem_file_llseek @returns the new position, -EINVAL, -ENXIO */
export function content_llseek(file: file, offset: number, whence: number): number {
  const { size } = file.private_data as inode;
  let pos: number;
  if (whence === SEEK_SET) pos = offset;
  else if (whence === SEEK_CUR) pos = file.f_pos + offset;
  else if (whence === SEEK_END) pos = size + offset;
  else if (offset < 0 || offset >= size) return -ENXIO;
  else pos = whence === SEEK_DATA ? offset : size;
  if (pos < 0) return -EINVAL;
  file.f_pos = pos;
  return pos;
}

/** A file in memory that has no path. mm/memfd.c:memfd_create */
export function memfd_file(k: Kernel, name: string): file {
  return new file(k, shmem_file_operations, new inode('regular'), O_RDWR | O_LARGEFILE, `/memfd:${name} (deleted)`);
}
