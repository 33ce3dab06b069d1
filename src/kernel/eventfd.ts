/**
 * eventfd: a 64-bit counter that a write adds to and a read takes. Every successful operation wakes whoever waits,
 * a write with EPOLLIN, a read with EPOLLOUT. The counter is held in two words of 32 bits, because a number of
 * JavaScript is exact only up to 2^53. Linux counterpart: fs/eventfd.c.
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EFAULT, EINVAL, ERESTARTSYS } from './errno.js';
import { install_new_file } from './fdtable.js';
import { file, type file_operations } from './file.js';
import { spin_lock, spin_unlock } from './lock.js';
import { point, type Might, type Sleeps } from './point.js';
import { poll_wait, type poll_table } from './poll_table.js';
import { TASK_NORMAL } from './task.js';
import { leave, traced } from './trace.js';
import type { iov_iter } from './uaccess.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, O_CLOEXEC, O_NONBLOCK, O_RDWR } from './uapi.js';
import { __wake_up_locked_key, wait_queue_head, waitqueue_active, wake_up_poll } from './wait.js';
import { wait_event_interruptible_locked_irq } from './wait_event.js';

export const EVENTFD_FUNCTIONS = traced(70, {
  do_eventfd: '-> int',
  eventfd_ctx_do_read: '',
  eventfd_poll: 'file:obj -> mask',
  eventfd_read: 'file:obj -> int',
  eventfd_release: 'file:obj -> int',
  eventfd_signal_mask: 'ctx:obj mask:mask',
  eventfd_write: 'file:obj -> int',
});
const F = EVENTFD_FUNCTIONS.id;

export const EFD_SEMAPHORE = 1;
export const EFD_CLOEXEC = O_CLOEXEC;
export const EFD_NONBLOCK = O_NONBLOCK;

const ALL_ONES = 0xffffffff;
const TWO_32 = 0x100000000;

const AT_READ_LOCK = point('eventfd_read', 'before the lock');
const AT_WRITE_LOCK = point('eventfd_write', 'before the lock');

/** fs/eventfd.c:eventfd_ctx */
export class eventfd_ctx {
  readonly id: number;
  readonly wqh: wait_queue_head;
  count_lo: number;  // guarded by wqh.lock
  count_hi = 0;      // guarded by wqh.lock
  readonly flags: number;
  /** where the eight bytes of one operation stand while they are copied */
  readonly ucnt = new Uint8Array(8);
  readonly words = new DataView(this.ucnt.buffer);

  constructor(k: Kernel, count: number, flags: number) {
    this.id = k.new_id();
    this.wqh = new wait_queue_head(this.id, 'wqh');
    this.count_lo = count >>> 0;
    this.flags = flags;
  }
}

/** A write that waits for room: the counter, and how much is to be added. */
interface pending_write {
  readonly ctx: eventfd_ctx;
  readonly lo: number;
  readonly hi: number;
}

function fits(ctx: eventfd_ctx, lo: number, hi: number): boolean {
  const low = ctx.count_lo + lo;
  const high = ctx.count_hi + hi + (low >= TWO_32 ? 1 : 0);
  return high < ALL_ONES || (high === ALL_ONES && low % TWO_32 !== ALL_ONES);
}

function pending_fits(write: pending_write): boolean {
  return fits(write.ctx, write.lo, write.hi);
}

function readable(ctx: eventfd_ctx): boolean {
  return ctx.count_lo !== 0 || ctx.count_hi !== 0;
}

/** Adds and wakes; the lock is held, and released here. fs/eventfd.c:eventfd_write */
function eventfd_add(k: Kernel, ctx: eventfd_ctx, lo: number, hi: number): number {
  const low = ctx.count_lo + lo;
  ctx.count_lo = low % TWO_32;
  ctx.count_hi += hi + (low >= TWO_32 ? 1 : 0);
  if (waitqueue_active(ctx.wqh)) __wake_up_locked_key(k, ctx.wqh, TASK_NORMAL, EPOLLIN);
  spin_unlock(k, ctx.wqh.lock);
  return 8;
}

/** The rest of a write that may sleep: for the lock's point, and until the sum fits. fs/eventfd.c:eventfd_write */
function* eventfd_write_slowly(k: Kernel, file: file, ctx: eventfd_ctx, lo: number, hi: number): Sleeps<number> {
  if (k.footprint !== null) k.footprint.looked();
  if (k.preempt) yield AT_WRITE_LOCK;
  spin_lock(k, ctx.wqh.lock);
  if (!fits(ctx, lo, hi)) {
    const err = (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : yield* wait_event_interruptible_locked_irq(k, ctx.wqh, pending_fits, { ctx, lo, hi });
    if (err < 0) {
      spin_unlock(k, ctx.wqh.lock);
      return leave(k, err);
    }
  }
  return leave(k, eventfd_add(k, ctx, lo, hi));
}

/**
 * Adds eight bytes' worth to the counter; it stays below 2^64 - 1. fs/eventfd.c:eventfd_write
 * @returns 8, -EINVAL (another size, or 2^64 - 1), -EFAULT, -EAGAIN, -ERESTARTSYS
 */
export function eventfd_write(k: Kernel, file: file, from: iov_iter): Might<number> {
  if (k.trace !== null) k.trace.enter(F.eventfd_write, file.id);
  const ctx = file.private_data as eventfd_ctx;
  if (from.count !== 8) return leave(k, -EINVAL);
  if (from.copy_from(ctx.ucnt, 0, 8) < 8) return leave(k, -EFAULT);
  const lo = ctx.words.getUint32(0, true);
  const hi = ctx.words.getUint32(4, true);
  if (lo === ALL_ONES && hi === ALL_ONES) return leave(k, -EINVAL);
  if (k.preempt) return eventfd_write_slowly(k, file, ctx, lo, hi);
  if (!fits(ctx, lo, hi)) return (file.f_flags & O_NONBLOCK) !== 0 ? leave(k, -EAGAIN) : eventfd_write_slowly(k, file, ctx, lo, hi);
  spin_lock(k, ctx.wqh.lock);
  return leave(k, eventfd_add(k, ctx, lo, hi));
}

/** Takes the counter, or 1 of it, into ucnt. fs/eventfd.c:eventfd_ctx_do_read */
function eventfd_ctx_do_read(k: Kernel, ctx: eventfd_ctx): void {
  if (k.trace !== null) k.trace.enter(F.eventfd_ctx_do_read);
  const one = (ctx.flags & EFD_SEMAPHORE) !== 0;
  ctx.words.setUint32(0, one ? 1 : ctx.count_lo, true);
  ctx.words.setUint32(4, one ? 0 : ctx.count_hi, true);
  if (!one) {
    ctx.count_lo = 0;
    ctx.count_hi = 0;
  } else if (ctx.count_lo > 0) {
    ctx.count_lo--;
  } else {
    ctx.count_lo = ALL_ONES;
    ctx.count_hi--;
  }
  leave(k, 0);
}

/** Takes, wakes and copies; the lock is held, and released here. fs/eventfd.c:eventfd_read */
function eventfd_take(k: Kernel, ctx: eventfd_ctx, to: iov_iter): number {
  eventfd_ctx_do_read(k, ctx);
  if (waitqueue_active(ctx.wqh)) __wake_up_locked_key(k, ctx.wqh, TASK_NORMAL, EPOLLOUT);
  spin_unlock(k, ctx.wqh.lock);
  return to.copy_to(ctx.ucnt, 0, 8) < 8 ? -EFAULT : 8;
}

/** The rest of a read that may sleep: for the lock's point, and until there is something. fs/eventfd.c:eventfd_read */
function* eventfd_read_slowly(k: Kernel, file: file, ctx: eventfd_ctx, to: iov_iter): Sleeps<number> {
  if (k.footprint !== null) k.footprint.looked();
  if (k.preempt) yield AT_READ_LOCK;
  spin_lock(k, ctx.wqh.lock);
  if (!readable(ctx)) {
    const err = (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : yield* wait_event_interruptible_locked_irq(k, ctx.wqh, readable, ctx);
    if (err < 0) {
      spin_unlock(k, ctx.wqh.lock);
      return leave(k, err === -EAGAIN ? err : -ERESTARTSYS);
    }
  }
  return leave(k, eventfd_take(k, ctx, to));
}

/**
 * Takes the counter (with EFD_SEMAPHORE: 1 of it) as eight bytes. fs/eventfd.c:eventfd_read
 * @returns 8, -EINVAL (room for fewer than 8), -EAGAIN, -EFAULT (the value is lost), -ERESTARTSYS
 */
export function eventfd_read(k: Kernel, file: file, to: iov_iter): Might<number> {
  if (k.trace !== null) k.trace.enter(F.eventfd_read, file.id);
  if (to.count < 8) return leave(k, -EINVAL);
  const ctx = file.private_data as eventfd_ctx;
  if (k.preempt) return eventfd_read_slowly(k, file, ctx, to);
  if (!readable(ctx)) return (file.f_flags & O_NONBLOCK) !== 0 ? leave(k, -EAGAIN) : eventfd_read_slowly(k, file, ctx, to);
  spin_lock(k, ctx.wqh.lock);
  return leave(k, eventfd_take(k, ctx, to));
}

/** IN: something to read; OUT: room for 1; ERR: the counter overflowed (only the kernel can do that). fs/eventfd.c:eventfd_poll */
export function eventfd_poll(k: Kernel, file: file, pt: poll_table | null): number {
  if (k.trace !== null) k.trace.enter(F.eventfd_poll, file.id);
  const ctx = file.private_data as eventfd_ctx;
  poll_wait(k, file, ctx.wqh, pt);
  const top = ctx.count_hi === ALL_ONES;
  let mask = 0;
  if (readable(ctx)) mask |= EPOLLIN;
  if (top && ctx.count_lo === ALL_ONES) mask |= EPOLLERR;
  if (!top || ctx.count_lo < ALL_ONES - 1) mask |= EPOLLOUT;
  return leave(k, mask);
}

/** Adds 1 on behalf of the kernel, from any context; the counter may reach 2^64 - 1. fs/eventfd.c:eventfd_signal_mask */
export function eventfd_signal_mask(k: Kernel, ctx: eventfd_ctx, mask: number): void {
  if (k.trace !== null) k.trace.enter(F.eventfd_signal_mask, ctx.id, mask);
  spin_lock(k, ctx.wqh.lock);
  if (ctx.count_lo < ALL_ONES) {
    ctx.count_lo++;
  } else if (ctx.count_hi < ALL_ONES) {
    ctx.count_lo = 0;
    ctx.count_hi++;
  }
  if (waitqueue_active(ctx.wqh)) __wake_up_locked_key(k, ctx.wqh, TASK_NORMAL, EPOLLIN | mask);
  spin_unlock(k, ctx.wqh.lock);
  leave(k, 0);
}

/** The last descriptor is closed: who still polls is told. fs/eventfd.c:eventfd_release */
function eventfd_release(k: Kernel, file: file): void {
  if (k.trace !== null) k.trace.enter(F.eventfd_release, file.id);
  wake_up_poll(k, (file.private_data as eventfd_ctx).wqh, EPOLLHUP);
  leave(k, 0);
}

/** fs/eventfd.c:eventfd_show_fdinfo */
function eventfd_show_fdinfo(_k: Kernel, file: file): string {
  const ctx = file.private_data as eventfd_ctx;
  const count = (BigInt(ctx.count_hi) << 32n) | BigInt(ctx.count_lo);
  return `eventfd-count: ${count.toString(16).padStart(16)}\neventfd-id: ${ctx.id}\neventfd-semaphore: ${ctx.flags & EFD_SEMAPHORE}\n`;
}

export const eventfd_fops: file_operations = {
  name: '[eventfd]',
  poll: eventfd_poll,
  read_iter: eventfd_read,
  write_iter: eventfd_write,
  write_segments: true,
  unlocked_ioctl: null,
  release: eventfd_release,
  show_fdinfo: eventfd_show_fdinfo,
  llseek: 'noop',
  object: (file) => file.id,
};

/**
 * Makes an eventfd. fs/eventfd.c:do_eventfd
 * @param count initial value, 32 bits
 * @param flags EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC
 * @returns the descriptor, -EINVAL, -EMFILE
 */
export function do_eventfd(k: Kernel, count: number, flags: number): number {
  if (k.trace !== null) k.trace.enter(F.do_eventfd);
  if ((flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC)) !== 0) return leave(k, -EINVAL);
  const make = (): file => new file(k, eventfd_fops, new eventfd_ctx(k, count, flags), O_RDWR | (flags & O_NONBLOCK));
  return leave(k, install_new_file(k, make, (flags & EFD_CLOEXEC) !== 0));
}
