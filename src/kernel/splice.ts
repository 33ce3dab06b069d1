/**
 * Moving bytes between descriptors without a program's buffer: sendfile, splice, tee. Pages are copied here where Linux passes them
 * on; what can be seen is the same: counts, slots of pipes, who sleeps and who is woken. Linux counterparts: fs/splice.c,
 * fs/read_write.c. Left out: vmsplice, and files other than pipes, sockets and files with content.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EBADF, EFAULT, EINVAL, EPIPE, ERESTARTSYS, ESPIPE } from './errno.js';
import { fdget } from './fdtable.js';
import { type file, FMODE_READ, FMODE_WRITE } from './file.js';
import { mutex_lock, mutex_unlock } from './lock.js';
import { get_pipe_info, pipe_is_empty, pipe_is_full, pipe_readable, pipe_writable, type pipe_inode_info } from './pipe.js';
import type { Sleeps } from './point.js';
import { send_sig } from './signal.js';
import { signal_pending } from './sched.js';
import { TASK_INTERRUPTIBLE } from './task.js';
import { get_user_s64, iov_iter, put_user_s64, user_memory, type user_ptr } from './uaccess.js';
import { EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM, MAX_RW_COUNT, O_APPEND, O_NONBLOCK, PAGE_SIZE, SIGPIPE } from './uapi.js';
import { __wake_up_sync_key } from './wait.js';
import { wait_event_interruptible_exclusive } from './wait_event.js';

export const SPLICE_F_NONBLOCK = 0x02;
const SPLICE_F_ALL = 0x0f;
/** Slots of the pipe inside every sendfile(). fs/splice.c:splice_direct_to_actor */
const DIRECT_SLOTS = 16;

/** Writes all bytes or as many as the file takes. Sleeps as the file's write does. fs/splice.c:splice_to_socket, iter_file_splice_write */
function* write_bytes(k: Kernel, out: file, bytes: Uint8Array, n: number): Sleeps<number> {
  const might = out.f_op.write_iter!(k, out, iov_iter.over(new user_memory(bytes, n), n));
  return typeof might === 'number' ? might : yield* might;
}

/** Reads up to n bytes. Sleeps as the file's read does. fs/splice.c:vfs_splice_read */
function* read_bytes(k: Kernel, from: file, bytes: Uint8Array, n: number): Sleeps<number> {
  const might = from.f_op.read_iter!(k, from, iov_iter.over(new user_memory(bytes, n), n));
  return typeof might === 'number' ? might : yield* might;
}

/**
 * sendfile(2): 64 KiB at a time. Sleeps as the write does. fs/read_write.c:do_sendfile
 * @param offset where to read, moved on; NULL: the file's own position
 * @returns bytes, -EBADF, -EINVAL (the input has no position to read at), -ESPIPE, -EFAULT, and what the write says
 */
export function* sys_sendfile(k: Kernel, out_fd: number, in_fd: number, offset: user_ptr, count: number): Sleeps<number> {
  const pos = offset === null ? 0 : get_user_s64(offset, 0);
  if (pos === null) return -EFAULT;
  const from = fdget(k, in_fd);
  if (from === null || (from.f_mode & FMODE_READ) === 0) return -EBADF;
  if (offset !== null && from.f_op.llseek === 'none') return -ESPIPE;
  const out = fdget(k, out_fd);
  if (out === null || (out.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (from.f_op.read_iter === null || out.f_op.write_iter === null || from.f_op.llseek !== 'content' || (out.f_flags & O_APPEND) !== 0) return -EINVAL;
  const kept = from.f_pos;
  if (offset !== null) from.f_pos = pos;
  const bytes = new Uint8Array(DIRECT_SLOTS * PAGE_SIZE);
  let left = Math.min(count >>> 0, MAX_RW_COUNT);
  let done = 0;
  let ret = 0;
  while (left > 0) {
    const at = from.f_pos;
    const got = yield* read_bytes(k, from, bytes, Math.min(left, bytes.length));
    ret = got > 0 ? yield* write_bytes(k, out, bytes, got) : got;
    if (ret <= 0) {
      from.f_pos = at;
      break;
    }
    from.f_pos = at + ret;
    done += ret;
    left -= ret;
    if (ret < got) break;
  }
  if (offset !== null) {
    put_user_s64(offset, 0, from.f_pos);
    from.f_pos = kept;
  }
  return done > 0 ? done : ret;
}

/** Waits until a pipe can be read or written. Sleeps, unless `nonblock`. fs/splice.c:ipipe_prep, opipe_prep, wait_for_space @returns 0, -EAGAIN, -ERESTARTSYS */
function* wait_for_pipe(k: Kernel, pipe: pipe_inode_info, ready: (pipe: pipe_inode_info) => boolean, nonblock: boolean): Sleeps<number> {
  if (ready(pipe)) return 0;
  if (nonblock) return -EAGAIN;
  const head = ready === pipe_readable ? pipe.rd_wait : pipe.wr_wait;
  return (yield* wait_event_interruptible_exclusive(k, head, ready, pipe)) < 0 || signal_pending(k.current) ? -ERESTARTSYS : 0;
}

/** The bytes at the reading end, up to n, which stay there. fs/splice.c:splice_from_pipe_feed */
function peek_pipe(pipe: pipe_inode_info, n: number): Uint8Array {
  const bytes = new Uint8Array(n);
  let at = 0;
  for (let slot = pipe.tail; slot < pipe.head && at < n; slot++) {
    const { page, offset, len } = pipe.slot(slot);
    const part = Math.min(len, n - at);
    bytes.set(page!.subarray(offset, offset + part), at);
    at += part;
  }
  return bytes.subarray(0, at);
}

/** Takes n bytes off the reading end; writers are woken for the room. fs/splice.c:splice_from_pipe_feed, wakeup_pipe_writers */
function consume_pipe(k: Kernel, pipe: pipe_inode_info, n: number): void {
  for (let left = n; left > 0; ) {
    const buf = pipe.slot(pipe.tail);
    const part = Math.min(buf.len, left);
    buf.offset += part;
    buf.len -= part;
    left -= part;
    if (buf.len > 0) break;
    pipe.put_page(buf.page!);
    buf.page = null;
    pipe.tail++;
  }
  __wake_up_sync_key(k, pipe.wr_wait, TASK_INTERRUPTIBLE, EPOLLOUT | EPOLLWRNORM);
}

/** Puts bytes into free slots, a page each; readers are woken. fs/splice.c:splice_to_pipe, wakeup_pipe_readers */
function feed_pipe(k: Kernel, pipe: pipe_inode_info, bytes: Uint8Array, n: number): void {
  for (let at = 0; at < n && !pipe_is_full(pipe); at += PAGE_SIZE) {
    const buf = pipe.slot(pipe.head++);
    const part = bytes.subarray(at, Math.min(n, at + PAGE_SIZE));
    buf.page = pipe.get_page();
    buf.page.set(part);
    buf.offset = 0;
    buf.len = part.length;
    buf.flags = 0;
  }
  __wake_up_sync_key(k, pipe.rd_wait, TASK_INTERRUPTIBLE, EPOLLIN | EPOLLRDNORM);
}

/** From a pipe to another file: what is written is taken. Sleeps while the pipe is empty, and as the write does. fs/splice.c:do_splice_from */
function* splice_from_pipe(k: Kernel, pipe: pipe_inode_info, out: file, len: number, nonblock: boolean): Sleeps<number> {
  yield* mutex_lock(k, pipe.mutex);
  while (pipe_is_empty(pipe) && pipe.writers > 0) {
    mutex_unlock(k, pipe.mutex);
    const err = yield* wait_for_pipe(k, pipe, pipe_readable, nonblock);
    if (err < 0) return err;
    yield* mutex_lock(k, pipe.mutex);
  }
  const bytes = peek_pipe(pipe, len);
  const ret = bytes.length === 0 ? 0 : yield* write_bytes(k, out, bytes, bytes.length);
  if (ret > 0) consume_pipe(k, pipe, ret);
  mutex_unlock(k, pipe.mutex);
  return ret;
}

/** From another file into a pipe, as far as slots are free. Sleeps for room in the pipe, and as the read does. fs/splice.c:splice_file_to_pipe */
function* splice_to_pipe(k: Kernel, from: file, pipe: pipe_inode_info, len: number, nonblock: boolean): Sleeps<number> {
  const err = yield* wait_for_pipe(k, pipe, pipe_writable, nonblock);
  if (err < 0) return err;
  if (pipe.readers === 0) {
    send_sig(k, SIGPIPE, k.current);
    return -EPIPE;
  }
  const bytes = new Uint8Array(Math.min(len, (pipe.max_usage - (pipe.head - pipe.tail)) * PAGE_SIZE));
  const got = yield* read_bytes(k, from, bytes, bytes.length);
  if (got > 0) feed_pipe(k, pipe, bytes, got);
  return got;
}

/** From pipe to pipe. Sleeps while one is empty or the other full. fs/splice.c:splice_pipe_to_pipe, link_pipe */
function* splice_pipe_to_pipe(k: Kernel, from: pipe_inode_info, to: pipe_inode_info, len: number, nonblock: boolean, take: boolean): Sleeps<number> {
  const readable = yield* wait_for_pipe(k, from, pipe_readable, nonblock);
  if (readable < 0) return readable;
  const writable = yield* wait_for_pipe(k, to, pipe_writable, nonblock);
  if (writable < 0) return writable;
  if (to.readers === 0) {
    send_sig(k, SIGPIPE, k.current);
    return -EPIPE;
  }
  const bytes = peek_pipe(from, Math.min(len, (to.max_usage - (to.head - to.tail)) * PAGE_SIZE));
  if (bytes.length === 0) return 0;
  feed_pipe(k, to, bytes, bytes.length);
  if (take) consume_pipe(k, from, bytes.length);
  return bytes.length;
}

/**
 * splice(2): one of the two descriptors is a pipe. Sleeps for the pipe unless SPLICE_F_NONBLOCK, and as the other file does.
 * fs/splice.c:splice
 * @returns bytes, 0 at the end, -EBADF, -EINVAL (no pipe, flags), -ESPIPE (a position for a pipe), -EAGAIN, -EPIPE
 */
export function* sys_splice(k: Kernel, fd_in: number, off_in: user_ptr, fd_out: number, off_out: user_ptr, len: number, flags: number): Sleeps<number> {
  if (len === 0) return 0;
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const from = fdget(k, fd_in);
  const to = fdget(k, fd_out);
  if (from === null || to === null || (from.f_mode & FMODE_READ) === 0 || (to.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const ipipe = get_pipe_info(from);
  const opipe = get_pipe_info(to);
  if ((ipipe !== null && off_in !== null) || (opipe !== null && off_out !== null)) return -ESPIPE;
  const want = Math.min(len, MAX_RW_COUNT);
  const nonblock = (flags & SPLICE_F_NONBLOCK) !== 0;
  if (ipipe !== null && opipe !== null) {
    const any = nonblock || ((from.f_flags | to.f_flags) & O_NONBLOCK) !== 0;
    return ipipe === opipe ? -EINVAL : yield* splice_pipe_to_pipe(k, ipipe, opipe, want, any, true);
  }
  if (ipipe !== null) return to.f_op.write_iter === null ? -EINVAL : yield* splice_from_pipe(k, ipipe, to, want, nonblock || (from.f_flags & O_NONBLOCK) !== 0);
  if (opipe === null || from.f_op.read_iter === null) return -EINVAL;
  if (off_in !== null && from.f_op.llseek === 'none') return -EINVAL;
  return yield* splice_to_pipe(k, from, opipe, want, nonblock || (to.f_flags & O_NONBLOCK) !== 0);
}

/** tee(2): as splice between two pipes, and the bytes stay in the first. Sleeps as splice does. fs/splice.c:tee @returns bytes, -EBADF, -EINVAL, -EAGAIN */
export function* sys_tee(k: Kernel, fdin: number, fdout: number, len: number, flags: number): Sleeps<number> {
  if ((flags & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (len === 0) return 0;
  const from = fdget(k, fdin);
  const to = fdget(k, fdout);
  if (from === null || to === null || (from.f_mode & FMODE_READ) === 0 || (to.f_mode & FMODE_WRITE) === 0) return -EBADF;
  const ipipe = get_pipe_info(from);
  const opipe = get_pipe_info(to);
  if (ipipe === null || opipe === null || ipipe === opipe) return -EINVAL;
  const nonblock = (flags & SPLICE_F_NONBLOCK) !== 0 || ((from.f_flags | to.f_flags) & O_NONBLOCK) !== 0;
  return yield* splice_pipe_to_pipe(k, ipipe, opipe, len, nonblock, false);
}
