/**
 * User memory as system calls see it: bytes that may fault. A pointer argument is a user_memory, or null for
 * NULL. A copy that meets a byte behind the mapped part stops there, as at an unmapped page; a page can also be
 * absent for a while, so that a copy in a context that may sleep waits for it (userfaultfd).
 * Linux counterparts: include/linux/uaccess.h, lib/iov_iter.c.
 */

import type { Kernel } from './kernel.js';
import { autoremove_wake_function, finish_wait, prepare_to_wait, wait_queue_entry, wait_queue_head, wake_up_all } from './wait.js';
import { AT_SCHEDULE, type Sleeps } from './point.js';
import { TASK_UNINTERRUPTIBLE } from './task.js';


/** A page that is not there yet: copies at or behind `from` wait for it. */
export class absent_page {
  readonly from: number;
  present = false;
  readonly waiters: wait_queue_head;

  constructor(id: number, from: number) {
    this.from = from;
    this.waiters = new wait_queue_head(id, 'page');
  }
}

/** A range of user memory. */
export class user_memory {
  readonly bytes: Uint8Array;
  /** offset of the first byte that faults; default: the end of `bytes` */
  faultAt: number;
  /** the pointer is in the kernel's half of the address space: refused before any copy */
  readonly kernelSpace: boolean;
  absent: absent_page | null = null;

  constructor(bytes: Uint8Array, faultAt = bytes.length, kernelSpace = false) {
    this.bytes = bytes;
    this.faultAt = faultAt;
    this.kernelSpace = kernelSpace;
  }
}

/** A pointer argument: user memory, or NULL. */
export type user_ptr = user_memory | null;

/** A pointer into unmapped memory: every copy faults. ours: for programs that pass a bad pointer. */
export function bad_pointer(): user_memory {
  return new user_memory(new Uint8Array(0));
}

/** A pointer into kernel space: refused by the address range check. ours: for programs that pass one. */
export function kernel_pointer(): user_memory {
  return new user_memory(new Uint8Array(0), 0, true);
}

/** Address range check; NULL passes. arch/x86/include/asm/uaccess_64.h:access_ok */
export function access_ok(to: user_ptr): boolean {
  return to === null || !to.kernelSpace;
}

function reachable(p: user_ptr, at: number, n: number): number {
  if (p === null || p.kernelSpace) return 0;
  return Math.max(0, Math.min(n, p.faultAt - at));
}

/** Below this many bytes a loop is faster than making a view of the array. */
const SHORT_COPY = 64;

function copy_bytes(to: Uint8Array, toAt: number, from: Uint8Array, fromAt: number, n: number): void {
  if (n < SHORT_COPY) for (let i = 0; i < n; i++) to[toAt + i] = from[fromAt + i]!;
  else to.set(from.subarray(fromAt, fromAt + n), toAt);
}

/** Copies to user memory; returns how many bytes could NOT be copied. include/linux/uaccess.h:copy_to_user */
export function copy_to_user(to: user_ptr, at: number, from: Uint8Array, fromAt: number, n: number): number {
  const good = reachable(to, at, n);
  if (good > 0) copy_bytes(to!.bytes, at, from, fromAt, good);
  return n - good;
}

/** Copies from user memory; returns how many bytes could NOT be copied. include/linux/uaccess.h:copy_from_user */
export function copy_from_user(to: Uint8Array, toAt: number, from: user_ptr, at: number, n: number): number {
  const good = reachable(from, at, n);
  if (good > 0) copy_bytes(to, toAt, from!.bytes, at, good);
  return n - good;
}

/** Stores 32 bits; false when that faults. include/linux/uaccess.h:put_user */
export function put_user_u32(to: user_ptr, at: number, value: number): boolean {
  if (to === null || to.kernelSpace || at + 4 > to.faultAt) return false;
  const { bytes } = to;
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
  return true;
}

/** Loads 32 bits (signed), or null when that faults. include/linux/uaccess.h:get_user */
export function get_user_u32(from: user_ptr, at: number): number | null {
  if (from === null || from.kernelSpace || at + 4 > from.faultAt) return null;
  const { bytes } = from;
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Stores 16 bits; false when that faults. include/linux/uaccess.h:put_user */
export function put_user_u16(to: user_ptr, at: number, value: number): boolean {
  if (to === null || to.kernelSpace || at + 2 > to.faultAt) return false;
  to.bytes[at] = value;
  to.bytes[at + 1] = value >>> 8;
  return true;
}

/** Loads 64 bits as a number (exact up to 2^53 in both directions), or null on a fault. include/linux/uaccess.h:get_user */
export function get_user_s64(from: user_ptr, at: number): number | null {
  const lo = get_user_u32(from, at);
  const hi = get_user_u32(from, at + 4);
  if (lo === null || hi === null) return null;
  return hi * 0x100000000 + (lo >>> 0);
}

/** Stores a number as 64 bits, two's complement; false on a fault. include/linux/uaccess.h:put_user */
export function put_user_s64(to: user_ptr, at: number, value: number): boolean {
  const hi = Math.floor(value / 0x100000000);
  return put_user_u32(to, at, (value - hi * 0x100000000) | 0) && put_user_u32(to, at + 4, hi | 0);
}

/** Waits until an absent page that a copy at `at` would touch is there. Sleeps, uninterruptibly. mm/userfaultfd.c, fs/userfaultfd.c:handle_userfault */
export function* fault_in(k: Kernel, to: user_ptr, at: number): Sleeps<void> {
  if (to === null || to.absent === null) return;
  const page = to.absent;
  while (!page.present && at >= page.from) {
    const wait = new wait_queue_entry(k.current, autoremove_wake_function);
    prepare_to_wait(k, page.waiters, wait, TASK_UNINTERRUPTIBLE);
    yield AT_SCHEDULE;
    finish_wait(k, page.waiters, wait);
  }
}

/** True when a copy at `at` must call fault_in first. ours: keeps the generator off the usual path. */
export function is_absent(to: user_ptr, at: number): boolean {
  return to !== null && to.absent !== null && !to.absent.present && at >= to.absent.from;
}

/** Brings an absent page in and wakes who waits for it. fs/userfaultfd.c:wake_userfault */
export function page_present(k: Kernel, page: absent_page): void {
  page.present = true;
  wake_up_all(k, page.waiters);
}

/** One piece of a vector of user memory. */
export interface iov_segment {
  base: user_ptr;
  len: number;
}

/** The vector argument of readv() and writev(): it holds pointers, and so is an object here instead of bytes. include/uapi/linux/uio.h:iovec */
export class user_iovec extends user_memory {
  readonly segments: readonly iov_segment[];

  constructor(segments: readonly iov_segment[]) {
    super(new Uint8Array(0));
    this.segments = segments;
  }
}

/**
 * A cursor over user memory that a read fills or a write drains: one buffer or a vector of them.
 * `count` is what is left. include/linux/uio.h:iov_iter
 */
export class iov_iter {
  count: number;
  /** the segment under the cursor */
  private base: user_ptr;
  private len: number;
  private offset = 0;
  /** all segments; null when there is one */
  private readonly segments: readonly iov_segment[] | null;
  private index = 0;

  private constructor(base: user_ptr, len: number, segments: readonly iov_segment[] | null, count: number) {
    this.base = base;
    this.len = len;
    this.segments = segments;
    this.count = count;
  }

  /** A cursor over one buffer. include/linux/uio.h:import_ubuf */
  static over(base: user_ptr, len: number): iov_iter {
    return new iov_iter(base, len, null, len);
  }

  /** A cursor over a vector of buffers. lib/iov_iter.c:import_iovec */
  static vector(segments: readonly iov_segment[]): iov_iter {
    let count = 0;
    for (const segment of segments) count += segment.len;
    const first = segments[0];
    const iter = new iov_iter(first === undefined ? null : first.base, first === undefined ? 0 : first.len, segments, count);
    iter.pass(0); // over empty segments at the front
    return iter;
  }

  /** Copies up to n bytes to the user; returns how many were copied, fewer at a fault. lib/iov_iter.c:_copy_to_iter */
  copy_to(from: Uint8Array, fromAt: number, n: number): number {
    let done = 0;
    while (done < n && this.count > 0) {
      const part = Math.min(n - done, this.len - this.offset);
      const copied = part - copy_to_user(this.base, this.offset, from, fromAt + done, part);
      this.pass(copied);
      done += copied;
      if (copied < part) break;
    }
    return done;
  }

  /** Copies up to n bytes from the user; returns how many were copied, fewer at a fault. lib/iov_iter.c:_copy_from_iter */
  copy_from(to: Uint8Array, toAt: number, n: number): number {
    let done = 0;
    while (done < n && this.count > 0) {
      const part = Math.min(n - done, this.len - this.offset);
      const copied = part - copy_from_user(to, toAt + done, this.base, this.offset, part);
      this.pass(copied);
      done += copied;
      if (copied < part) break;
    }
    return done;
  }

  /** Passes over n bytes without copying. lib/iov_iter.c:iov_iter_advance */
  advance(n: number): void {
    let left = Math.min(n, this.count);
    while (left > 0) {
      const part = Math.min(left, this.len - this.offset);
      this.pass(part);
      left -= part;
    }
  }

  /** Goes back over the last n bytes. lib/iov_iter.c:iov_iter_revert */
  revert(n: number): void {
    let left = n;
    this.count += n;
    while (left > this.offset) {
      left -= this.offset;
      this.enter(this.index - 1);
      this.offset = this.len;
    }
    this.offset -= left;
  }

  private enter(index: number): void {
    const segment = this.segments![index]!;
    this.index = index;
    this.base = segment.base;
    this.len = segment.len;
    this.offset = 0;
  }

  /** Moves on within the segment, and to the next ones at its end. */
  private pass(n: number): void {
    this.offset += n;
    this.count -= n;
    while (this.offset === this.len && this.segments !== null && this.index + 1 < this.segments.length) this.enter(this.index + 1);
  }
}
