/**
 * The structures that programs and kernel exchange in memory, as plain objects on this side: events of epoll, times,
 * signal sets, sets of descriptors. The layouts are those of x86-64.
 */

import { get_user_s64, get_user_u32, put_user_s64, put_user_u16, put_user_u32, user_memory } from '../kernel/uaccess.js';
import { EPOLL_EVENT_SIZE } from '../epoll/eventpoll.js';

/** What a program passes to epoll_ctl(): a mask, and data that comes back with each event. */
export interface EventArg {
  /** EPOLLIN, EPOLLOUT ..., EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE */
  readonly events: number;
  /** 64 bits that mean nothing to the kernel; epoll_ctl() uses the descriptor when it is left out */
  readonly data?: number | bigint;
}

/** One event of epoll_wait(). */
export interface EpollEvent {
  /** what is ready: EPOLLIN, EPOLLOUT, EPOLLHUP ... */
  readonly events: number;
  /** what epoll_ctl() was given; inexact above 2^53, where `u64` is exact */
  readonly data: number;
  readonly u64: bigint;
}

/** A point in time or a length of it, in nanoseconds; every call of the model that takes a timespec takes this. */
export type Nanoseconds = number;

/** struct epoll_event. */
export function epollEvent(event: EventArg, data: number | bigint): user_memory {
  const at = new user_memory(new Uint8Array(EPOLL_EVENT_SIZE));
  put_user_u32(at, 0, event.events | 0);
  if (typeof data === 'bigint') {
    put_user_u32(at, 4, Number(BigInt.asIntN(32, data)));
    put_user_u32(at, 8, Number(BigInt.asIntN(32, data >> 32n)));
  } else {
    put_user_s64(at, 4, data);
  }
  return at;
}

/** The first n events in an array of struct epoll_event. */
export function readEvents(from: user_memory | null, n: number): EpollEvent[] {
  const events: EpollEvent[] = [];
  for (let i = 0; i < n; i++) {
    const at = i * EPOLL_EVENT_SIZE;
    const low = get_user_u32(from, at + 4)! >>> 0;
    const high = get_user_u32(from, at + 8)! >>> 0;
    events.push(eventOf(get_user_u32(from, at)! >>> 0, low, high));
  }
  return events;
}

function eventOf(events: number, low: number, high: number): EpollEvent {
  const event = { events, data: high * 0x100000000 + low } as { events: number; data: number; u64: bigint };
  // not enumerable: an event is compared and printed by its mask and data
  Object.defineProperty(event, 'u64', { value: (BigInt(high) << 32n) | BigInt(low) });
  return event;
}

/** struct timespec; null: NULL. */
export function timespec(ns: Nanoseconds | null): user_memory | null {
  if (ns === null) return null;
  const at = new user_memory(new Uint8Array(16));
  put_user_s64(at, 0, Math.floor(ns / 1e9));
  put_user_s64(at, 8, ns - Math.floor(ns / 1e9) * 1e9);
  return at;
}

/** What a struct timespec says. */
export function readTimespec(from: user_memory | null, at = 0): Nanoseconds {
  return (get_user_s64(from, at) ?? 0) * 1e9 + (get_user_s64(from, at + 8) ?? 0);
}

/** struct timeval, microseconds. */
export function timeval(us: number | null): user_memory | null {
  if (us === null) return null;
  const at = new user_memory(new Uint8Array(16));
  put_user_s64(at, 0, Math.floor(us / 1e6));
  put_user_s64(at, 8, us - Math.floor(us / 1e6) * 1e6);
  return at;
}

/** What a struct timeval says, microseconds. */
export function readTimeval(from: user_memory | null): number {
  return (get_user_s64(from, 0) ?? 0) * 1e6 + (get_user_s64(from, 8) ?? 0);
}

/** struct itimerspec. */
export function itimerspec(valueNs: Nanoseconds, intervalNs: Nanoseconds): user_memory {
  const both = new Uint8Array(32);
  both.set(timespec(intervalNs)!.bytes, 0);
  both.set(timespec(valueNs)!.bytes, 16);
  return new user_memory(both);
}

/** sigset_t with these signals; null: NULL. */
export function sigset(signals: readonly number[] | null): user_memory | null {
  if (signals === null) return null;
  const at = new user_memory(new Uint8Array(8));
  for (const signal of signals) at.bytes[(signal - 1) >> 3] |= 1 << ((signal - 1) & 7);
  return at;
}

/** The signals of a sigset_t, ascending. */
export function readSigset(from: user_memory): number[] {
  const signals: number[] = [];
  for (let signal = 1; signal <= 64; signal++) if ((from.bytes[(signal - 1) >> 3]! & (1 << ((signal - 1) & 7))) !== 0) signals.push(signal);
  return signals;
}

/** fd_set with these descriptors, 1024 bits as FD_SETSIZE; null: NULL. */
export function fdset(fds: readonly number[] | null, size = 128): user_memory | null {
  if (fds === null) return null;
  const at = new user_memory(new Uint8Array(size));
  for (const fd of fds) at.bytes[fd >> 3] |= 1 << (fd & 7);
  return at;
}

/** The descriptors of an fd_set, ascending. */
export function readFdset(from: user_memory | null, n: number): number[] {
  const fds: number[] = [];
  for (let fd = 0; from !== null && fd < Math.min(n, from.bytes.length * 8); fd++) if ((from.bytes[fd >> 3]! & (1 << (fd & 7))) !== 0) fds.push(fd);
  return fds;
}

/** One entry of poll(): what is asked about a descriptor. */
export interface PollArg {
  /** negative: the entry is skipped */
  readonly fd: number;
  readonly events: number;
}

/** An array of struct pollfd. */
export function pollfds(entries: readonly PollArg[]): user_memory {
  const at = new user_memory(new Uint8Array(entries.length * 8));
  entries.forEach(({ fd, events }, i) => {
    put_user_u32(at, i * 8, fd);
    put_user_u16(at, i * 8 + 4, events);
  });
  return at;
}

/** What poll() stored for each entry. */
export function readRevents(from: user_memory, n: number): number[] {
  return Array.from({ length: n }, (_, i) => from.bytes[i * 8 + 6]! | (from.bytes[i * 8 + 7]! << 8));
}
