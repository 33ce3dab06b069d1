/**
 * Pipes: a ring of page buffers between readers and writers, with two wait queues. Small writes are merged into
 * the last page, O_DIRECT writes are packets, and "full" counts slots, not bytes. Named pipes are in fifo.ts.
 * Linux counterpart: fs/pipe.c. Left out: splice, watch queues, and the per-user account of pages.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM, EPIPE, ERESTARTSYS } from './errno.js';
import { alloc_fd, fd_install, note_numbers, put_unused_fd } from './fdtable.js';
import { file, FMODE_READ, FMODE_WRITE, type file_operations } from './file.js';
import { mutex, mutex_lock, mutex_trylock, mutex_unlock } from './lock.js';
import { point, type Might, type Sleeps } from './point.js';
import { poll_wait, type poll_table } from './poll_table.js';
import { signal_pending } from './sched.js';
import { send_sig } from './signal.js';
import { TASK_INTERRUPTIBLE } from './task.js';
import { leave, traced } from './trace.js';
import { put_user_u32, type iov_iter, type user_ptr } from './uaccess.js';
import {
  EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM, FIONREAD, O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY, PAGE_SIZE, SIGPIPE,
} from './uapi.js';
import { __wake_up, __wake_up_sync_key, wait_queue_head } from './wait.js';
import { wait_event_interruptible_exclusive } from './wait_event.js';

export const PIPE_FUNCTIONS = traced(60, {
  do_pipe2: '-> int',
  pipe_read: 'file:obj -> int',
  pipe_write: 'file:obj -> int',
  pipe_poll: 'file:obj -> mask',
  pipe_release: 'file:obj -> int',
});
const F = PIPE_FUNCTIONS.id;

/** Slots of a new pipe: 64 KiB of full pages. include/linux/pipe_fs_i.h:PIPE_DEF_BUFFERS */
export const PIPE_DEF_BUFFERS = 16;
/** What F_SETPIPE_SZ gives without privilege, bytes. fs/pipe.c:pipe_max_size */
export const PIPE_MAX_SIZE = 1048576;
/** Slots that one allocation of the kernel can hold at most. ours: 4 MiB in pieces of 40 bytes */
const SLOTS_MAX = Math.floor(4194304 / 40);

const PIPE_BUF_FLAG_PACKET = 0x08;
const PIPE_BUF_FLAG_CAN_MERGE = 0x10;

const RD_KEY = EPOLLIN | EPOLLRDNORM;
const WR_KEY = EPOLLOUT | EPOLLWRNORM;

/** A pass over the buffers ended because nothing is there: the caller sleeps. ours: Linux writes the loop out once. */
const WAIT = -100_000;

const AT_READ_COPY = point('pipe_read', 'copy_page_to_iter');
const AT_WRITE_COPY = point('pipe_write', 'copy_page_from_iter');

/** One slot: part of a page. include/linux/pipe_fs_i.h:pipe_buffer */
export class pipe_buffer {
  page: Uint8Array | null = null;
  offset = 0;
  len = 0;
  flags = 0;
}

/** A pipe. include/linux/pipe_fs_i.h:pipe_inode_info */
export class pipe_inode_info {
  readonly id: number;
  readonly mutex = new mutex('pipe->mutex');
  readonly rd_wait: wait_queue_head;
  readonly wr_wait: wait_queue_head;
  /** slots are taken at head and given back at tail; both only grow */
  head = 0;
  tail = 0;
  /** slots that may be used: the size of the ring */
  max_usage = PIPE_DEF_BUFFERS;
  bufs: pipe_buffer[] = [];
  /** somebody polled: every write wakes the readers, whether the pipe was empty or not */
  poll_usage = false;
  readers = 0;
  writers = 0;
  /** open files, for named pipes */
  files = 0;
  /** how often the pipe was opened for reading and for writing */
  r_counter = 0;
  w_counter = 0;
  /** pages to use again */
  private readonly tmp_page: Uint8Array[] = [];

  constructor(k: Kernel) {
    this.id = k.new_id();
    this.rd_wait = new wait_queue_head(this.id, 'rd_wait');
    this.wr_wait = new wait_queue_head(this.id, 'wr_wait');
    for (let i = 0; i < PIPE_DEF_BUFFERS; i++) this.bufs.push(new pipe_buffer());
  }

  /** The slot with number `at`. include/linux/pipe_fs_i.h:pipe_buf */
  slot(at: number): pipe_buffer {
    return this.bufs[at % this.bufs.length]!;
  }

  /** A page for a slot. fs/pipe.c:anon_pipe_get_page */
  get_page(): Uint8Array {
    return this.tmp_page.pop() ?? new Uint8Array(PAGE_SIZE);
  }

  /** Keeps a page for the next write; two at most. fs/pipe.c:anon_pipe_put_page */
  put_page(page: Uint8Array): void {
    if (this.tmp_page.length < 2) this.tmp_page.push(page);
  }
}

/** What a file of a pipe holds: the pipe, and how many writers there had been when a FIFO was opened. */
export class pipe_file {
  readonly pipe: pipe_inode_info;
  /** hang-up is not reported while pipe.w_counter is still this; -1: it always is */
  readonly f_pipe: number;
  /** called when the last file of a FIFO is closed; null: nobody wants to know */
  readonly gone: (() => void) | null;

  constructor(pipe: pipe_inode_info, f_pipe: number, gone: (() => void) | null) {
    this.pipe = pipe;
    this.f_pipe = f_pipe;
    this.gone = gone;
  }
}

/** include/linux/pipe_fs_i.h:pipe_is_empty */
export function pipe_is_empty(pipe: pipe_inode_info): boolean {
  return pipe.head === pipe.tail;
}

/** include/linux/pipe_fs_i.h:pipe_is_full */
export function pipe_is_full(pipe: pipe_inode_info): boolean {
  return pipe.head - pipe.tail >= pipe.max_usage;
}

/** A reader has something to do; read without the mutex. fs/pipe.c:pipe_readable */
export function pipe_readable(pipe: pipe_inode_info): boolean {
  return !pipe_is_empty(pipe) || pipe.writers === 0;
}

/** A writer has something to do; read without the mutex. fs/pipe.c:pipe_writable */
export function pipe_writable(pipe: pipe_inode_info): boolean {
  return !pipe_is_full(pipe) || pipe.readers === 0;
}

function pipe_of(file: file): pipe_inode_info {
  return (file.private_data as pipe_file).pipe;
}

/**
 * One pass of a read over the buffers, with the mutex held; releases it and wakes whom the pass concerns.
 * Writers are woken only if the pipe was full and a slot became free. fs/pipe.c:anon_pipe_read
 * @returns bytes read, 0 at the end, -errno, or WAIT
 */
function pipe_read_pass(k: Kernel, file: file, pipe: pipe_inode_info, to: iov_iter, waited: boolean): number {
  let ret = 0;
  let total_len = to.count;
  let wake_writer = false;
  while (!pipe_is_empty(pipe)) {
    const buf = pipe.slot(pipe.tail);
    const chars = Math.min(buf.len, total_len);
    if (to.copy_to(buf.page!, buf.offset, chars) < chars) {
      if (ret === 0) ret = -EFAULT;
      break;
    }
    ret += chars;
    buf.offset += chars;
    buf.len -= chars;
    if ((buf.flags & PIPE_BUF_FLAG_PACKET) !== 0) {
      // A packet is read once: what did not fit is gone, and the next packet is for the next read.
      total_len = chars;
      buf.len = 0;
    }
    if (buf.len === 0) {
      wake_writer ||= pipe_is_full(pipe);
      pipe.put_page(buf.page!);
      buf.page = null;
      pipe.tail++;
    }
    total_len -= chars;
    if (total_len === 0) break;
  }
  if (ret === 0 && pipe.writers > 0 && total_len > 0) {
    ret = (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : WAIT;
  }
  const wake_next_reader = waited && ret !== WAIT && !pipe_is_empty(pipe);
  mutex_unlock(k, pipe.mutex);
  if (wake_writer) __wake_up_sync_key(k, pipe.wr_wait, TASK_INTERRUPTIBLE, WR_KEY);
  if (wake_next_reader) __wake_up_sync_key(k, pipe.rd_wait, TASK_INTERRUPTIBLE, RD_KEY);
  return ret;
}

/** Reads, sleeping for the mutex and, unless O_NONBLOCK, while the pipe is empty and has writers. fs/pipe.c:anon_pipe_read */
function* pipe_read_slowly(k: Kernel, file: file, to: iov_iter, empty: boolean): Sleeps<number> {
  const pipe = pipe_of(file);
  let wait = empty;
  for (let waited = false; ; ) {
    if (wait) {
      if ((yield* wait_event_interruptible_exclusive(k, pipe.rd_wait, pipe_readable, pipe)) < 0) return leave(k, -ERESTARTSYS);
      waited = true;
    }
    yield* mutex_lock(k, pipe.mutex);
    if (k.preempt) yield AT_READ_COPY;
    const ret = pipe_read_pass(k, file, pipe, to, waited);
    if (ret !== WAIT) return leave(k, ret);
    wait = true;
  }
}

/**
 * Reads from a pipe: what is there, at least one byte unless there are no writers. fs/pipe.c:anon_pipe_read
 * @returns bytes, 0 at the end, -EAGAIN, -EFAULT, -ERESTARTSYS
 */
export function pipe_read(k: Kernel, file: file, to: iov_iter): Might<number> {
  if (k.trace !== null) k.trace.enter(F.pipe_read, file.id);
  if (to.count === 0) return leave(k, 0);
  const pipe = pipe_of(file);
  if (k.footprint !== null) k.footprint.looked();
  if (k.preempt || !mutex_trylock(k, pipe.mutex)) return pipe_read_slowly(k, file, to, false);
  const ret = pipe_read_pass(k, file, pipe, to, false);
  return ret === WAIT ? pipe_read_slowly(k, file, to, true) : leave(k, ret);
}

/** Puts the odd bytes of a write behind what the last page holds, if they fit. fs/pipe.c:anon_pipe_write @returns bytes, or -EFAULT */
function pipe_merge(pipe: pipe_inode_info, from: iov_iter): number {
  const chars = from.count & (PAGE_SIZE - 1);
  if (chars === 0 || pipe_is_empty(pipe)) return 0;
  const buf = pipe.slot(pipe.head - 1);
  const offset = buf.offset + buf.len;
  if ((buf.flags & PIPE_BUF_FLAG_CAN_MERGE) === 0 || offset + chars > PAGE_SIZE) return 0;
  if (from.copy_from(buf.page!, offset, chars) < chars) return -EFAULT;
  buf.len += chars;
  return chars;
}

/** Fills free slots until the user has no more, or no slot is free. fs/pipe.c:anon_pipe_write @returns false on a fault */
function pipe_fill(file: file, pipe: pipe_inode_info, from: iov_iter): boolean {
  while (from.count > 0 && !pipe_is_full(pipe)) {
    const page = pipe.get_page();
    const want = Math.min(PAGE_SIZE, from.count);
    const copied = from.copy_from(page, 0, want);
    if (copied < want) {
      pipe.put_page(page);
      return false;
    }
    const buf = pipe.slot(pipe.head++);
    buf.page = page;
    buf.offset = 0;
    buf.len = copied;
    buf.flags = (file.f_flags & O_DIRECT) !== 0 ? PIPE_BUF_FLAG_PACKET : PIPE_BUF_FLAG_CAN_MERGE;
  }
  return true;
}

/** The reader's end is closed. fs/pipe.c:anon_pipe_write */
function broken_pipe(k: Kernel): number {
  send_sig(k, SIGPIPE, k.current);
  return -EPIPE;
}

/**
 * One pass of a write, with the mutex held; releases it and wakes whom the pass concerns. Readers are woken if the
 * pipe was empty, or always once somebody has polled it, whatever became of the write. fs/pipe.c:anon_pipe_write
 * @param done bytes that earlier passes have written; -1: this is the first pass
 * @returns bytes written in all, -errno, or WAIT
 */
function pipe_write_pass(k: Kernel, file: file, pipe: pipe_inode_info, from: iov_iter, done: number): number {
  // A write that finds no readers at its start looks no further: it counts as one into a pipe that is not empty.
  const was_empty = pipe_is_empty(pipe) && (pipe.readers > 0 || done >= 0);
  let ret = Math.max(done, 0);
  let err = 0;
  if (pipe.readers === 0) {
    err = broken_pipe(k);
  } else {
    const merged = done < 0 ? pipe_merge(pipe, from) : 0;
    if (merged < 0) {
      err = merged;
    } else {
      ret += merged;
      const before = pipe.head;
      const left = from.count;
      const good = pipe_fill(file, pipe, from);
      ret += good ? left - from.count : (pipe.head - before) * PAGE_SIZE;
      if (!good) err = -EFAULT;
      else if (from.count > 0) err = (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : signal_pending(k.current) ? -ERESTARTSYS : WAIT;
    }
  }
  if (err === WAIT) {
    mutex_unlock(k, pipe.mutex);
    if (was_empty) __wake_up_sync_key(k, pipe.rd_wait, TASK_INTERRUPTIBLE, RD_KEY);
    return WAIT;
  }
  const wake_next_writer = done >= 0 && !pipe_is_full(pipe);
  mutex_unlock(k, pipe.mutex);
  if (was_empty || pipe.poll_usage) __wake_up_sync_key(k, pipe.rd_wait, TASK_INTERRUPTIBLE, RD_KEY);
  if (wake_next_writer) __wake_up_sync_key(k, pipe.wr_wait, TASK_INTERRUPTIBLE, WR_KEY);
  return ret > 0 ? ret : err;
}

/** Writes, sleeping for the mutex and, unless O_NONBLOCK, while no slot is free and there are readers. fs/pipe.c:anon_pipe_write */
function* pipe_write_slowly(k: Kernel, file: file, from: iov_iter, total: number, full: boolean): Sleeps<number> {
  const pipe = pipe_of(file);
  let wait = full;
  for (let waited = false; ; ) {
    if (wait) {
      // A signal ends this wait early; the next pass then finds it pending and says so.
      yield* wait_event_interruptible_exclusive(k, pipe.wr_wait, pipe_writable, pipe);
      waited = true;
    }
    yield* mutex_lock(k, pipe.mutex);
    if (k.preempt) yield AT_WRITE_COPY;
    const ret = pipe_write_pass(k, file, pipe, from, waited ? total - from.count : -1);
    if (ret !== WAIT) return leave(k, ret);
    wait = true;
  }
}

/**
 * Writes to a pipe. Up to PIPE_BUF (4096) bytes go in whole or not at all. fs/pipe.c:anon_pipe_write
 * @returns bytes, -EAGAIN, -EPIPE (and SIGPIPE), -EFAULT, -ERESTARTSYS
 */
export function pipe_write(k: Kernel, file: file, from: iov_iter): Might<number> {
  if (k.trace !== null) k.trace.enter(F.pipe_write, file.id);
  const total = from.count;
  if (total === 0) return leave(k, 0);
  const pipe = pipe_of(file);
  if (k.footprint !== null) k.footprint.looked();
  if (k.preempt || !mutex_trylock(k, pipe.mutex)) return pipe_write_slowly(k, file, from, total, false);
  const ret = pipe_write_pass(k, file, pipe, from, -1);
  return ret === WAIT ? pipe_write_slowly(k, file, from, total, true) : leave(k, ret);
}

/**
 * What is ready on an end of a pipe. The read end waits on rd_wait, the write end on wr_wait; from now on every
 * write wakes the readers, so that edge-triggered watchers miss none. fs/pipe.c:pipe_poll
 */
export function pipe_poll(k: Kernel, file: file, pt: poll_table | null): number {
  if (k.trace !== null) k.trace.enter(F.pipe_poll, file.id);
  const { pipe, f_pipe } = file.private_data as pipe_file;
  pipe.poll_usage = true;
  if ((file.f_mode & FMODE_READ) !== 0) poll_wait(k, file, pipe.rd_wait, pt);
  if ((file.f_mode & FMODE_WRITE) !== 0) poll_wait(k, file, pipe.wr_wait, pt);
  let mask = 0;
  if ((file.f_mode & FMODE_READ) !== 0) {
    if (!pipe_is_empty(pipe)) mask |= EPOLLIN | EPOLLRDNORM;
    if (pipe.writers === 0 && f_pipe !== pipe.w_counter) mask |= EPOLLHUP;
  }
  if ((file.f_mode & FMODE_WRITE) !== 0) {
    if (!pipe_is_full(pipe)) mask |= EPOLLOUT | EPOLLWRNORM;
    if (pipe.readers === 0) mask |= EPOLLERR;
  }
  return leave(k, mask);
}

/** Closes one end; the last of a side tells the other. Sleeps for the pipe's mutex. fs/pipe.c:pipe_release */
export function* pipe_release(k: Kernel, file: file): Sleeps<void> {
  if (k.trace !== null) k.trace.enter(F.pipe_release, file.id);
  const { pipe, gone } = file.private_data as pipe_file;
  yield* mutex_lock(k, pipe.mutex);
  if ((file.f_mode & FMODE_READ) !== 0) pipe.readers--;
  if ((file.f_mode & FMODE_WRITE) !== 0) pipe.writers--;
  if ((pipe.readers === 0) !== (pipe.writers === 0)) {
    __wake_up(k, pipe.rd_wait, TASK_INTERRUPTIBLE, 0, 0);
    __wake_up(k, pipe.wr_wait, TASK_INTERRUPTIBLE, 0, 0);
  }
  mutex_unlock(k, pipe.mutex);
  if (--pipe.files === 0 && gone !== null) gone();
  leave(k, 0);
}

/** Bytes in a pipe. fs/pipe.c:pipe_ioctl */
export function pipe_bytes(pipe: pipe_inode_info): number {
  let count = 0;
  for (let at = pipe.tail; at < pipe.head; at++) count += pipe.slot(at).len;
  return count;
}

/** FIONREAD: how many bytes can be read. Sleeps for the mutex. fs/pipe.c:pipe_ioctl @returns 0, -EFAULT, -ENOTTY */
function* pipe_ioctl(k: Kernel, file: file, cmd: number, arg: user_ptr | number): Sleeps<number> {
  if (cmd !== FIONREAD) return -ENOTTY;
  const pipe = pipe_of(file);
  yield* mutex_lock(k, pipe.mutex);
  const count = pipe_bytes(pipe);
  mutex_unlock(k, pipe.mutex);
  return typeof arg === 'object' && put_user_u32(arg, 0, count) ? 0 : -EFAULT;
}

export const pipeanon_fops: file_operations = {
  name: 'pipe',
  poll: pipe_poll,
  read_iter: pipe_read,
  write_iter: pipe_write,
  unlocked_ioctl: pipe_ioctl,
  release: pipe_release,
  show_fdinfo: null,
  llseek: 'none',
  object: (file) => pipe_of(file).id,
};

/** The pipe behind a file, or null when it is something else. fs/pipe.c:get_pipe_info */
export function get_pipe_info(file: file): pipe_inode_info | null {
  return file.private_data instanceof pipe_file ? file.private_data.pipe : null;
}

/** Bytes asked for, rounded up to a power of two of at least a page; 0: too many. fs/pipe.c:round_pipe_size */
export function round_pipe_size(size: number): number {
  if (size > 0x80000000) return 0;
  let rounded = PAGE_SIZE;
  while (rounded < size) rounded *= 2;
  return rounded;
}

/** Gives a pipe another ring; a writer who waits for room is woken. fs/pipe.c:pipe_resize_ring @returns 0, or -EBUSY: more is queued */
function pipe_resize_ring(k: Kernel, pipe: pipe_inode_info, nr_slots: number): number {
  const used = pipe.head - pipe.tail;
  if (nr_slots < used) return -EBUSY;
  const bufs: pipe_buffer[] = [];
  for (let at = pipe.tail; at < pipe.head; at++) bufs.push(pipe.slot(at));
  while (bufs.length < nr_slots) bufs.push(new pipe_buffer());
  pipe.bufs = bufs;
  pipe.tail = 0;
  pipe.head = used;
  pipe.max_usage = nr_slots;
  __wake_up(k, pipe.wr_wait, TASK_INTERRUPTIBLE, 1, 0);
  return 0;
}

/**
 * F_SETPIPE_SZ: changes the capacity. Sleeps for the mutex. fs/pipe.c:pipe_set_size
 * @param arg bytes
 * @returns the new capacity in bytes, -EINVAL, -EPERM, -ENOMEM, -EBUSY
 */
export function* pipe_set_size(k: Kernel, pipe: pipe_inode_info, arg: number): Sleeps<number> {
  yield* mutex_lock(k, pipe.mutex);
  const size = round_pipe_size(arg >>> 0);
  const nr_slots = size / PAGE_SIZE;
  let ret = 0;
  if (nr_slots === 0) ret = -EINVAL;
  else if (nr_slots > pipe.max_usage && size > PIPE_MAX_SIZE && !k.current.capable) ret = -EPERM;
  else if (nr_slots > SLOTS_MAX) ret = -ENOMEM;
  else ret = pipe_resize_ring(k, pipe, nr_slots);
  mutex_unlock(k, pipe.mutex);
  return ret < 0 ? ret : size;
}

/** The two files of a new pipe, reading end first. fs/pipe.c:create_pipe_files */
export function create_pipe_files(k: Kernel, flags: number): [file, file] {
  const pipe = new pipe_inode_info(k);
  pipe.readers = 1;
  pipe.writers = 1;
  pipe.r_counter = 1;
  pipe.w_counter = 1;
  pipe.files = 2;
  const name = `pipe:[${pipe.id}]`;
  const priv = new pipe_file(pipe, -1, null);
  const read = new file(k, pipeanon_fops, priv, O_RDONLY | (flags & O_NONBLOCK), name);
  const write = new file(k, pipeanon_fops, priv, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), name);
  return [read, write];
}

/**
 * Makes a pipe. fs/pipe.c:do_pipe2
 * @param fildes where the two descriptors are stored, reading end first
 * @param flags O_CLOEXEC, O_NONBLOCK, O_DIRECT
 * @returns 0, -EINVAL, -EMFILE, -EFAULT
 */
export function do_pipe2(k: Kernel, fildes: user_ptr, flags: number): number {
  if (k.trace !== null) k.trace.enter(F.do_pipe2);
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return leave(k, -EINVAL);
  const cloexec = (flags & O_CLOEXEC) !== 0;
  note_numbers(k);
  const fdr = alloc_fd(k.current, 0, cloexec);
  if (fdr < 0) return leave(k, fdr);
  const fdw = alloc_fd(k.current, 0, cloexec);
  if (fdw < 0 || !put_user_u32(fildes, 0, fdr) || !put_user_u32(fildes, 4, fdw)) {
    if (fdw >= 0) put_unused_fd(k, fdw);
    put_unused_fd(k, fdr);
    return leave(k, fdw < 0 ? fdw : -EFAULT);
  }
  const [read, write] = create_pipe_files(k, flags);
  fd_install(k, fdr, read);
  fd_install(k, fdw, write);
  return leave(k, 0);
}
