/**
 * The virtual clock and its high-resolution timers. Time stands still while tasks run and jumps to the next
 * timer when the machine is idle; timers that are due together fire in the order in which they were armed,
 * unless a decision says otherwise. Linux counterpart: kernel/time/hrtimer.c.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';

export const NSEC_PER_USEC = 1_000;
export const NSEC_PER_MSEC = 1_000_000;
export const NSEC_PER_SEC = 1_000_000_000;
/** Ticks a second. include/asm-generic/param.h:HZ */
export const HZ = 250;
/** Nanoseconds of a tick. */
export const JIFFY_NS = NSEC_PER_SEC / HZ;

/** One timer. `expiresNs` is CLOCK_MONOTONIC; `position` is its place in the heap, -1 when it is not armed. */
export class hrtimer {
  expiresNs = 0;
  armedAs = 0;
  position = -1;
  /** the host that armed it, on which it fires */
  k: Kernel | null = null;
  /** what the timer is for, shown in views: `timerfd`, `epoll_wait` ... */
  readonly name: string;
  /** runs in interrupt context: it must not sleep */
  readonly function: (k: Kernel, timer: hrtimer) => void;
  /** the object that the timer belongs to */
  readonly owner: unknown;

  constructor(name: string, owner: unknown, fn: (k: Kernel, timer: hrtimer) => void) {
    this.name = name;
    this.owner = owner;
    this.function = fn;
  }
}

/** Now, and a binary heap of armed timers ordered by (expiry, arming order). */
export class Clock {
  /** CLOCK_MONOTONIC, nanoseconds since boot */
  nowNs = 0;
  /** ticks since boot; kept, because networking asks for it at every segment */
  jiffies = 0;
  /** microseconds and milliseconds since boot, modulo 2^32, kept for the same reason */
  us = 0;
  ms = 0;
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC */
  realtimeOffsetNs = 0;
  private armings = 0;
  readonly heap: hrtimer[] = [];

  /** The number of the next arming; it breaks ties between timers of one instant. */
  nextArming(): number {
    return ++this.armings;
  }
}

function before(a: hrtimer, b: hrtimer): boolean {
  return a.expiresNs < b.expiresNs || (a.expiresNs === b.expiresNs && a.armedAs < b.armedAs);
}

function place(heap: hrtimer[], timer: hrtimer, position: number): void {
  heap[position] = timer;
  timer.position = position;
}

function sift(heap: hrtimer[], timer: hrtimer, from: number): void {
  let at = from;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(timer, heap[parent]!)) break;
    place(heap, heap[parent]!, at);
    at = parent;
  }
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, timer)) break;
    place(heap, heap[child]!, at);
    at = child;
  }
  place(heap, timer, at);
}

/** Arms a timer for an absolute CLOCK_MONOTONIC instant (ns); an armed one is moved. kernel/time/hrtimer.c:hrtimer_start_range_ns */
export function hrtimer_start(k: Kernel, timer: hrtimer, expiresNs: number): void {
  hrtimer_cancel(k, timer);
  timer.k = k;
  timer.expiresNs = expiresNs;
  timer.armedAs = k.clock.nextArming();
  k.clock.heap.push(timer);
  sift(k.clock.heap, timer, k.clock.heap.length - 1);
}

/** Disarms; returns whether it was armed. kernel/time/hrtimer.c:hrtimer_cancel */
export function hrtimer_cancel(k: Kernel, timer: hrtimer): boolean {
  const at = timer.position;
  if (at < 0) return false;
  const heap = k.clock.heap;
  BUG_ON(heap[at] !== timer, 'clock: a timer is not where it says it is');
  const last = heap.pop()!;
  if (last !== timer) sift(heap, last, at);
  timer.position = -1;
  return true;
}

/** True while armed. include/linux/hrtimer.h:hrtimer_active */
export function hrtimer_active(timer: hrtimer): boolean {
  return timer.position >= 0;
}

/** Runs a timer's function on the host that armed it. kernel/time/hrtimer.c:__run_hrtimer */
function __run_hrtimer(k: Kernel, timer: hrtimer): void {
  const host = timer.k!;
  if (host !== k && k.trace !== null) k.trace.switch_to(host.current);
  timer.function(host, timer);
  if (host !== k && k.trace !== null) k.trace.switch_to(k.current);
}

/** Fires everything that is due now. Ties are a decision of kind `timer`. kernel/time/hrtimer.c:hrtimer_run_queues */
export function hrtimer_run_queues(k: Kernel): void {
  const heap = k.clock.heap;
  while (heap.length > 0 && heap[0]!.expiresNs <= k.clock.nowNs) {
    let timer = heap[0]!;
    if (k.preempt && heap.length > 1) {
      const tied = heap.filter((t) => t.expiresNs === timer.expiresNs).sort((a, b) => a.armedAs - b.armedAs);
      if (tied.length > 1) timer = tied[k.decisions.choose('timer', tied.length)]!;
    }
    hrtimer_cancel(k, timer);
    __run_hrtimer(k, timer);
  }
}

/** Sets the clock, never backwards. kernel/time/timekeeping.c:timekeeping_advance */
function set_clock(clock: Clock, ns: number): void {
  if (ns <= clock.nowNs) return;
  clock.nowNs = ns;
  clock.jiffies = Math.floor(ns / JIFFY_NS);
  clock.us = (ns / NSEC_PER_USEC) | 0;
  clock.ms = (ns / NSEC_PER_MSEC) | 0;
}

/** Moves the clock to `ns` (never backwards), firing timers on the way, each at its own instant. ours: virtual time. */
export function clock_advance_to(k: Kernel, ns: number): void {
  if (k.footprint !== null) k.footprint.everything();
  const { heap } = k.clock;
  while (heap.length > 0 && heap[0]!.expiresNs <= ns) {
    set_clock(k.clock, heap[0]!.expiresNs);
    hrtimer_run_queues(k);
  }
  set_clock(k.clock, ns);
}
