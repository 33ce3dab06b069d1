/**
 * Timers of the timer wheel: coarse, in ticks of 4 ms, cheap to move. Network timeouts use them. A timer fires at
 * the end of the wheel slot it falls into, so late by up to an eighth of its delay and never early; its function
 * runs in softirq context. Linux counterpart: kernel/time/timer.c; the slots themselves are left out.
 */

import type { Kernel } from './kernel.js';
import { hrtimer, hrtimer_active, hrtimer_cancel, hrtimer_start, HZ, JIFFY_NS } from './clock.js';
import { local_bh_disable, local_bh_enable } from './softirq.js';

/** Ticks since boot. include/linux/jiffies.h:jiffies */
export function jiffies(k: Kernel): number {
  return k.clock.jiffies;
}

/** Milliseconds as ticks, rounded up. include/linux/jiffies.h:msecs_to_jiffies */
export function msecs_to_jiffies(ms: number): number {
  return Math.ceil((ms * HZ) / 1000);
}

/** What a timer does, in softirq context: it must not sleep. A method's type, so that each timer may name its own kind of owner. */
export type timer_function = { run(k: Kernel, owner: unknown): void }['run'];

/** One timer of the wheel. include/linux/timer_types.h:timer_list */
export class timer_list {
  /** the tick after which it fires */
  expires = 0;
  readonly hr: hrtimer;

  /** @param fn called with the owner */
  constructor(name: string, owner: unknown, fn: timer_function) {
    this.hr = new hrtimer(name, owner, (k, timer) => {
      local_bh_disable(k);
      fn(k, timer.owner);
      local_bh_enable(k);
    });
  }
}

/** The tick at which a timer that is due after tick `expires` really fires: the end of its wheel slot. kernel/time/timer.c:calc_wheel_index */
export function wheel_expiry(now: number, expires: number): number {
  let slot = 1;
  while (slot < 1 << 24 && expires - now >= 63 * slot) slot *= 8;
  return slot === 1 ? expires + 1 : (Math.floor(expires / slot) + 1) * slot;
}

/** Arms a timer for an absolute tick, or moves it. kernel/time/timer.c:mod_timer */
export function mod_timer(k: Kernel, timer: timer_list, expires: number): void {
  if (timer.expires === expires && hrtimer_active(timer.hr)) return;
  timer.expires = expires;
  hrtimer_start(k, timer.hr, wheel_expiry(jiffies(k), expires) * JIFFY_NS);
}

/** Disarms. kernel/time/timer.c:timer_delete */
export function timer_delete(k: Kernel, timer: timer_list): void {
  hrtimer_cancel(k, timer.hr);
}

/** True while armed. include/linux/timer.h:timer_pending */
export function timer_pending(timer: timer_list): boolean {
  return hrtimer_active(timer.hr);
}
