/**
 * The interval timer of a process that sends SIGALRM: alarm() and setitimer(ITIMER_REAL). The timers that count
 * CPU time are not modelled. Linux counterparts: kernel/time/itimer.c, kernel/time/posix-timers.c.
 */

import type { Kernel } from './kernel.js';
import { hrtimer_active, hrtimer_start } from './clock.js';
import type { signal_struct } from './signal_types.js';

/** SIGALRM was taken: a periodic timer is set again, at a multiple of its interval. kernel/time/posix-timers.c:posixtimer_rearm_itimer */
export function posixtimer_rearm_itimer(k: Kernel, signal: signal_struct): void {
  const timer = signal.real_timer;
  const incr = signal.it_real_incrNs;
  if (timer === null || incr === 0 || hrtimer_active(timer)) return;
  const missed = Math.max(1, Math.floor((k.clock.nowNs - timer.expiresNs) / incr) + 1);
  hrtimer_start(k, timer, timer.expiresNs + missed * incr);
}
