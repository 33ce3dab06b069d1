/**
 * System calls of descriptors and files: read, write, close, dup, fcntl, ioctl ...: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import { EBADF, EBUSY, EFAULT, EINVAL, ENOTTY, ESPIPE } from '../kernel/errno.js';
import {
  alloc_fd, close_fd, do_dup2, fd_install, fd_is_open, fdget, fdget_raw, file_close_fd, type files_struct, get_unused_fd_flags, note_numbers, unshare_files,
} from '../kernel/fdtable.js';
import { filp_close, FMODE_PATH, FMODE_READ, FMODE_WRITE, get_file, type file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { getname, type inode, vfs_unlink } from '../kernel/namei.js';
import { content_llseek, O_LARGEFILE } from '../kernel/opaque.js';
import { do_mknodat, do_sys_open, O_EXCL, S_IFIFO, S_IFREG } from '../kernel/open.js';
import { get_pipe_info, pipe_set_size } from '../kernel/pipe.js';
import { point, type Might, type Sleeps } from '../kernel/point.js';
import { SPLICE_F_NONBLOCK, sys_sendfile, sys_splice, sys_tee } from '../kernel/splice.js';
import { access_ok, get_user_s64, get_user_u32, iov_iter, put_user_u32, user_iovec, type iov_segment, type user_ptr } from '../kernel/uaccess.js';
import {
  F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_GETPIPE_SZ, F_SETFD, F_SETFL, F_SETPIPE_SZ, FD_CLOEXEC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD,
  MAX_RW_COUNT, O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECT, O_DIRECTORY, O_NONBLOCK, O_PATH, O_TRUNC, PAGE_SIZE, TIOCOUTQ,
} from '../kernel/uapi.js';
import { bytesIn, bytesOut, bytesText, fd, flags, flagText, hex, int, oneOf, structure, uint } from './print.js';
import type { arg_printer, syscall_record, syscall_row } from './row.js';

/** Segments that one vector has at most. include/uapi/linux/uio.h:UIO_MAXIOV */
export const UIO_MAXIOV = 1024;
export const CLOSE_RANGE_UNSHARE = 2;
export const CLOSE_RANGE_CLOEXEC = 4;
const SEEK_MAX = 4;
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT;

const AT_SEGMENT = point('do_loop_readv_writev', 'between segments');

// reading and writing

/** The checks of a read. fs/read_write.c:vfs_read */
function vfs_read(k: Kernel, file: file, buf: user_ptr, count: number): Might<number> {
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_op.read_iter === null) return -EINVAL;
  if (!access_ok(buf)) return -EFAULT;
  if (count < 0) return -EINVAL;
  return file.f_op.read_iter(k, file, iov_iter.over(buf, Math.min(count, MAX_RW_COUNT)));
}

/** The checks of a write. fs/read_write.c:vfs_write */
function vfs_write(k: Kernel, file: file, buf: user_ptr, count: number): Might<number> {
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write_iter === null) return -EINVAL;
  if (!access_ok(buf)) return -EFAULT;
  if (count < 0) return -EINVAL;
  return file.f_op.write_iter(k, file, iov_iter.over(buf, Math.min(count, MAX_RW_COUNT)));
}

/** fs/read_write.c:read @returns bytes, 0 at the end, -EBADF, -EINVAL, -EFAULT, and what the file says */
function sys_read(k: Kernel, fd: number, buf: user_ptr, count: number): Might<number> {
  const file = fdget(k, fd);
  return file === null ? -EBADF : vfs_read(k, file, buf, count);
}

/** fs/read_write.c:write @returns bytes, -EBADF, -EINVAL, -EFAULT, and what the file says */
function sys_write(k: Kernel, fd: number, buf: user_ptr, count: number): Might<number> {
  const file = fdget(k, fd);
  return file === null ? -EBADF : vfs_write(k, file, buf, count);
}

/** The segments of a vector argument, at most MAX_RW_COUNT bytes. lib/iov_iter.c:import_iovec @returns the segments, -EINVAL, -EFAULT */
function import_iovec(vec: user_ptr, vlen: number): iov_segment[] | number {
  if (vlen < 0 || vlen > UIO_MAXIOV) return -EINVAL;
  if (vlen === 0) return [];
  if (!(vec instanceof user_iovec) || vec.segments.length < vlen) return -EFAULT;
  const segments: iov_segment[] = [];
  let left = MAX_RW_COUNT;
  for (let i = 0; i < vlen; i++) {
    const { base, len } = vec.segments[i]!;
    if (len < 0) return -EINVAL;
    if (!access_ok(base)) return -EFAULT;
    const part = Math.min(len, left);
    left -= part;
    segments.push({ base, len: part });
  }
  return segments;
}

/** One write for each segment, until one is short. Sleeps as the writes do. fs/read_write.c:do_loop_readv_writev */
function* do_loop_writev(k: Kernel, file: file, segments: readonly iov_segment[]): Sleeps<number> {
  let done = 0;
  for (const segment of segments) {
    if (k.preempt) yield AT_SEGMENT;
    const answer = file.f_op.write_iter!(k, file, iov_iter.over(segment.base, segment.len));
    const ret = typeof answer === 'number' ? answer : yield* answer;
    if (ret < 0) return done > 0 ? done : ret;
    done += ret;
    if (ret !== segment.len) break;
  }
  return done;
}

function vfs_readv(k: Kernel, file: file, vec: user_ptr, vlen: number): Might<number> {
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (file.f_op.read_iter === null) return -EINVAL;
  const segments = import_iovec(vec, vlen);
  if (typeof segments === 'number') return segments;
  const iter = iov_iter.vector(segments);
  return iter.count === 0 ? 0 : file.f_op.read_iter(k, file, iter);
}

function vfs_writev(k: Kernel, file: file, vec: user_ptr, vlen: number): Might<number> {
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (file.f_op.write_iter === null) return -EINVAL;
  const segments = import_iovec(vec, vlen);
  if (typeof segments === 'number') return segments;
  const iter = iov_iter.vector(segments);
  if (iter.count === 0) return 0;
  return file.f_op.write_segments === true ? do_loop_writev(k, file, segments) : file.f_op.write_iter(k, file, iter);
}

/** fs/read_write.c:readv @returns as read; -EINVAL also for more than 1024 segments */
function sys_readv(k: Kernel, fd: number, vec: user_ptr, vlen: number): Might<number> {
  const file = fdget(k, fd);
  return file === null ? -EBADF : vfs_readv(k, file, vec, vlen);
}

/** fs/read_write.c:writev @returns as write; -EINVAL also for more than 1024 segments */
function sys_writev(k: Kernel, fd: number, vec: user_ptr, vlen: number): Might<number> {
  const file = fdget(k, fd);
  return file === null ? -EBADF : vfs_writev(k, file, vec, vlen);
}

/** Does `transfer` at a position of its own. Files that know positions never sleep. fs/read_write.c:ksys_pread64 */
function at_position(k: Kernel, fd: number, pos: number, transfer: (file: file) => Might<number>): Might<number> {
  if (pos < 0) return -EINVAL;
  const file = fdget(k, fd);
  if (file === null) return -EBADF;
  if (file.f_op.llseek !== 'content' && file.f_op.llseek !== 'device') return -ESPIPE;
  const kept = file.f_pos;
  file.f_pos = pos;
  const ret = transfer(file);
  file.f_pos = kept;
  return ret;
}

/** fs/read_write.c:llseek @returns the position, -EBADF, -EINVAL, -ESPIPE */
function sys_lseek(k: Kernel, fd: number, offset: number, whence: number): number {
  const file = fdget(k, fd);
  if (file === null) return -EBADF;
  if (whence < 0 || whence > SEEK_MAX) return -EINVAL;
  if (file.f_op.llseek === 'none') return -ESPIPE;
  return file.f_op.llseek === 'content' ? content_llseek(file, offset, whence) : 0;
}

// descriptors

/** fs/file.c:close_range @returns 0, -EINVAL */
function sys_close_range(k: Kernel, first: number, last: number, how: number): number {
  const max = last >>> 0;
  if ((how & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) !== 0 || first >>> 0 > max) return -EINVAL;
  if ((how & CLOSE_RANGE_UNSHARE) !== 0) unshare_files(k);
  const { files } = k.current;
  for (let fd = first >>> 0; fd < files.fd.length && fd <= max; fd++) {
    if (files.at(fd) === null) continue;
    if ((how & CLOSE_RANGE_CLOEXEC) !== 0) files.close_on_exec.add(fd);
    else filp_close(k, file_close_fd(files, fd)!);
  }
  return 0;
}

/** Puts a file on the lowest free number from `from`. fs/fcntl.c:f_dupfd @returns the number, -EINVAL, -EMFILE */
function f_dupfd(k: Kernel, from: number, file: file, cloexec: boolean): number {
  if (from < 0 || from >= k.current.signal.rlim_nofile.cur) return -EINVAL;
  note_numbers(k);
  const fd = alloc_fd(k.current, from, cloexec);
  if (fd >= 0) fd_install(k, fd, get_file(file));
  return fd;
}

/** fs/file.c:dup @returns the number, -EBADF, -EMFILE */
function sys_dup(k: Kernel, oldfd: number): number {
  const file = fdget_raw(k, oldfd);
  if (file === null) return -EBADF;
  const fd = get_unused_fd_flags(k, false);
  if (fd >= 0) fd_install(k, fd, get_file(file));
  return fd;
}

/** Puts a file on a number of the caller's choice. fs/file.c:ksys_dup3 */
function ksys_dup3(k: Kernel, oldfd: number, newfd: number, cloexec: boolean): number {
  const task = k.current;
  if (newfd < 0 || newfd >= task.signal.rlim_nofile.cur) return -EBADF;
  const file = fdget_raw(k, oldfd);
  if (file === null) return -EBADF;
  // Another thread has reserved the number and is about to put a file there.
  if (task.files.at(newfd) === null && fd_is_open(task.files, newfd)) return -EBUSY;
  return do_dup2(k, file, newfd, cloexec);
}

/** fs/file.c:dup2 @returns newfd, -EBADF, -EBUSY */
function sys_dup2(k: Kernel, oldfd: number, newfd: number): number {
  if (oldfd === newfd) return fdget_raw(k, oldfd) === null ? -EBADF : oldfd;
  return ksys_dup3(k, oldfd, newfd, false);
}

/** fs/file.c:dup3 @returns newfd, -EINVAL (flags, or both the same), -EBADF, -EBUSY */
function sys_dup3(k: Kernel, oldfd: number, newfd: number, how: number): number {
  if ((how & ~O_CLOEXEC) !== 0 || oldfd === newfd) return -EINVAL;
  return ksys_dup3(k, oldfd, newfd, (how & O_CLOEXEC) !== 0);
}

/** Changes the flags that can be changed; O_DIRECT is for pipes. fs/fcntl.c:setfl @returns 0, -EINVAL */
function setfl(file: file, arg: number): number {
  if ((arg & O_DIRECT) !== 0 && get_pipe_info(file) === null) return -EINVAL;
  file.f_flags = (arg & SETFL_MASK) | (file.f_flags & ~SETFL_MASK);
  return 0;
}

function pipe_fcntl(k: Kernel, file: file, cmd: number, arg: number): Might<number> {
  const pipe = get_pipe_info(file);
  if (pipe === null) return -EBADF;
  return cmd === F_GETPIPE_SZ ? pipe.max_usage * PAGE_SIZE : pipe_set_size(k, pipe, arg);
}

function set_cloexec(files: files_struct, fd: number, on: boolean): number {
  if (on) files.close_on_exec.add(fd);
  else files.close_on_exec.delete(fd);
  return 0;
}

/** fs/fcntl.c:do_fcntl @returns what the command answers, -EBADF (O_PATH files know few commands), -EINVAL */
function sys_fcntl(k: Kernel, fd: number, cmd: number, arg: number): Might<number> {
  const file = fdget_raw(k, fd);
  if (file === null) return -EBADF;
  const { files } = k.current;
  switch (cmd) {
    case F_DUPFD: return f_dupfd(k, arg, file, false);
    case F_DUPFD_CLOEXEC: return f_dupfd(k, arg, file, true);
    case F_GETFD: return files.close_on_exec.has(fd) ? FD_CLOEXEC : 0;
    case F_SETFD: return set_cloexec(files, fd, (arg & FD_CLOEXEC) !== 0);
    case F_GETFL: return file.f_flags;
    default:
  }
  if ((file.f_mode & FMODE_PATH) !== 0) return -EBADF;
  if (cmd === F_SETFL) return setfl(file, arg);
  return cmd === F_GETPIPE_SZ || cmd === F_SETPIPE_SZ ? pipe_fcntl(k, file, cmd, arg) : -EINVAL;
}

/** fs/ioctl.c:do_vfs_ioctl @returns 0, -EBADF, -EFAULT, -ENOTTY, and what the file says */
function sys_ioctl(k: Kernel, fd: number, cmd: number, arg: user_ptr | number): Might<number> {
  const file = fdget(k, fd);
  if (file === null) return -EBADF;
  const { files } = k.current;
  if (cmd === FIOCLEX || cmd === FIONCLEX) return set_cloexec(files, fd, cmd === FIOCLEX);
  if (cmd === FIONBIO) {
    const on = typeof arg === 'object' ? get_user_u32(arg, 0) : null;
    if (on === null) return -EFAULT;
    file.f_flags = on !== 0 ? file.f_flags | O_NONBLOCK : file.f_flags & ~O_NONBLOCK;
    return 0;
  }
  if (cmd === FIONREAD && file.f_op.llseek === 'content' && file.f_op.write_iter !== null) {
    return typeof arg === 'object' && put_user_u32(arg, 0, (file.private_data as inode).size - file.f_pos) ? 0 : -EFAULT;
  }
  return file.f_op.unlocked_ioctl === null ? -ENOTTY : file.f_op.unlocked_ioctl(k, file, cmd, arg);
}

/** fs/namei.c:do_unlinkat @returns 0, -EFAULT, -ENOENT, -EISDIR */
function sys_unlink(k: Kernel, filename: user_ptr): number {
  const path = getname(filename);
  return typeof path === 'number' ? path : vfs_unlink(k, path);
}

// how arguments print

/** Flags of open(2) and F_GETFL by name; the access mode always has one. */
export function openFlagsText(value: number): string {
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][value & 3]!;
  const rest = value & ~3;
  const names = { O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK, O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_CLOEXEC, O_PATH };
  return rest === 0 ? access : `${access}|${flagText(rest, names)}`;
}

const open_flags: arg_printer = (value) => openFlagsText(Number(value));

/** A NUL-terminated string in quotes. */
export const path: arg_printer = structure((memory) => {
  const end = memory.bytes.indexOf(0);
  return bytesText(memory.bytes.subarray(0, end < 0 ? memory.bytes.length : end), Infinity);
});

/** A vector: what a write gave, or what a read filled; `[{iov_base="ab", iov_len=2}]`. */
export function iovec(when: 'in' | 'out'): arg_printer {
  return structure((memory, call) => {
    if (!(memory instanceof user_iovec)) return '0x7ffc0000';
    let left = when === 'out' ? Math.max(0, call.ret ?? 0) : Infinity;
    const texts = memory.segments.slice(0, Number(call.args[2])).map(({ base, len }) => {
      const shown = Math.min(len, left);
      left -= shown;
      return `{iov_base=${base === null ? 'NULL' : bytesText(base.bytes.subarray(0, shown))}, iov_len=${len}}`;
    });
    return `[${texts.join(', ')}]`;
  }, when);
}

const FCNTL_COMMANDS = { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ };
const IOCTL_COMMANDS = { FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TIOCOUTQ };

const fcntl_arg: arg_printer = (value, call) => {
  if (call.args[1] === F_SETFL) return openFlagsText(Number(value));
  return call.args[1] === F_SETFD ? flagText(Number(value), { FD_CLOEXEC }) : int(value, call);
};

function fcntl_result(call: syscall_record): string {
  if (call.args[1] === F_GETFL) return ` (flags ${openFlagsText(call.ret!)})`;
  return call.args[1] === F_GETFD && call.ret === FD_CLOEXEC ? ' (flags FD_CLOEXEC)' : '';
}

const ioctl_arg: arg_printer = structure((memory) => `[${get_user_u32(memory, 0)}]`);
const mode: arg_printer = (value) => `${Number(value) & S_IFIFO ? 'S_IFIFO|' : Number(value) & S_IFREG ? 'S_IFREG|' : ''}0${(Number(value) & 0o7777).toString(8)}`;
const offset: arg_printer = structure((memory) => `[${get_user_s64(memory, 0)}]`);
const splice_flags = flags({ SPLICE_F_MOVE: 1, SPLICE_F_NONBLOCK, SPLICE_F_MORE: 4, SPLICE_F_GIFT: 8 });
const dirfd: arg_printer = (value, call) => (value === -100 ? 'AT_FDCWD' : int(value, call));

export const file_rows: readonly syscall_row[] = [
  { nr: 0, name: 'read', args: [fd, bytesOut, uint], handler: sys_read },
  { nr: 1, name: 'write', args: [fd, bytesIn(2), uint], handler: sys_write },
  { nr: 2, name: 'open', args: [path, open_flags, mode], handler: (k: Kernel, name: user_ptr, how: number) => do_sys_open(k, name, how) },
  { nr: 3, name: 'close', args: [fd], handler: (k: Kernel, fd: number) => close_fd(k, fd) },
  { nr: 8, name: 'lseek', args: [fd, int, oneOf({ SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2 })], handler: sys_lseek },
  { nr: 16, name: 'ioctl', args: [fd, oneOf(IOCTL_COMMANDS), ioctl_arg], handler: sys_ioctl },
  {
    nr: 17, name: 'pread64', args: [fd, bytesOut, uint, int],
    handler: (k: Kernel, fd: number, buf: user_ptr, count: number, pos: number) => at_position(k, fd, pos, (file) => vfs_read(k, file, buf, count)),
  },
  {
    nr: 18, name: 'pwrite64', args: [fd, bytesIn(2), uint, int],
    handler: (k: Kernel, fd: number, buf: user_ptr, count: number, pos: number) => at_position(k, fd, pos, (file) => vfs_write(k, file, buf, count)),
  },
  { nr: 19, name: 'readv', args: [fd, iovec('out'), int], handler: sys_readv },
  { nr: 20, name: 'writev', args: [fd, iovec('in'), int], handler: sys_writev },
  { nr: 32, name: 'dup', args: [fd], handler: sys_dup },
  { nr: 33, name: 'dup2', args: [fd, fd], handler: sys_dup2 },
  { nr: 40, name: 'sendfile', args: [fd, fd, offset, uint], handler: sys_sendfile },
  { nr: 72, name: 'fcntl', args: [fd, oneOf(FCNTL_COMMANDS), fcntl_arg], result: fcntl_result, handler: sys_fcntl },
  { nr: 87, name: 'unlink', args: [path], handler: sys_unlink },
  { nr: 133, name: 'mknod', args: [path, mode, hex], handler: do_mknodat },
  {
    nr: 257, name: 'openat', args: [dirfd, path, open_flags, mode],
    handler: (k: Kernel, _dirfd: number, name: user_ptr, how: number) => do_sys_open(k, name, how),
  },
  { nr: 259, name: 'mknodat', args: [dirfd, path, mode, hex], handler: (k: Kernel, _dirfd: number, name: user_ptr, how: number) => do_mknodat(k, name, how) },
  { nr: 275, name: 'splice', args: [fd, offset, fd, offset, uint, splice_flags], handler: sys_splice },
  { nr: 276, name: 'tee', args: [fd, fd, uint, splice_flags], handler: sys_tee },
  { nr: 292, name: 'dup3', args: [fd, fd, flags({ O_CLOEXEC })], handler: sys_dup3 },
  {
    nr: 295, name: 'preadv', args: [fd, iovec('out'), int, int],
    handler: (k: Kernel, fd: number, vec: user_ptr, vlen: number, pos: number) => at_position(k, fd, pos, (file) => vfs_readv(k, file, vec, vlen)),
  },
  {
    nr: 296, name: 'pwritev', args: [fd, iovec('in'), int, int],
    handler: (k: Kernel, fd: number, vec: user_ptr, vlen: number, pos: number) => at_position(k, fd, pos, (file) => vfs_writev(k, file, vec, vlen)),
  },
  { nr: 436, name: 'close_range', args: [uint, uint, flags({ CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC })], handler: sys_close_range },
];

