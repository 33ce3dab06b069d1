/**
 * Sleeping and reading clocks: nanosleep, clock_nanosleep, clock_gettime, gettimeofday, sched_yield. A sleep cut short by a
 * stop goes on to the same instant. CLOCK_REALTIME is CLOCK_MONOTONIC plus an offset that nobody changes.
 * Linux counterparts: kernel/time/hrtimer.c, kernel/time/posix-timers.c, kernel/time/time.c.
 */

import type { Kernel } from './kernel.js';
import { NSEC_PER_SEC } from './clock.js';
import { EFAULT, EINVAL, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from './errno.js';
import type { Might, Sleeps } from './point.js';
import { schedule_hrtimeout, signal_pending } from './sched.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from './task.js';
import { get_user_s64, put_user_s64, type user_ptr } from './uaccess.js';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, TIMER_ABSTIME } from './uapi.js';

/** A 16-byte timespec; ns, or -EFAULT, -EINVAL as a number below 0. kernel/time/time.c:get_timespec64, timespec64_valid */
export function get_timespec_ns(from: user_ptr): number {
  const seconds = get_user_s64(from, 0);
  const nanoseconds = get_user_s64(from, 8);
  if (seconds === null || nanoseconds === null) return -EFAULT;
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= NSEC_PER_SEC) return -EINVAL;
  return seconds * NSEC_PER_SEC + nanoseconds;
}

/** Stores ns as a timespec; false when that faults. kernel/time/time.c:put_timespec64 */
export function put_timespec_ns(to: user_ptr, ns: number): boolean {
  const seconds = Math.floor(ns / NSEC_PER_SEC);
  return put_user_s64(to, 0, seconds) && put_user_s64(to, 8, ns - seconds * NSEC_PER_SEC);
}

/** CLOCK_MONOTONIC minus this clock, ns; null: no such clock. kernel/time/posix-timers.c:clockid_to_kclock */
export function clock_offset_ns(k: Kernel, clock: number): number | null {
  switch (clock) {
    case CLOCK_REALTIME:
    case 5: // CLOCK_REALTIME_COARSE
    case 11: // CLOCK_TAI
      return k.clock.realtimeOffsetNs;
    case CLOCK_MONOTONIC:
    case 4: // CLOCK_MONOTONIC_RAW
    case 6: // CLOCK_MONOTONIC_COARSE
    case CLOCK_BOOTTIME:
      return 0;
    default:
      return null;
  }
}

/** Sleeps until an instant of CLOCK_MONOTONIC, or a signal. kernel/time/hrtimer.c:do_nanosleep @returns true when the time has come */
function* do_nanosleep(k: Kernel, expiresNs: number): Sleeps<boolean> {
  const task = k.current;
  for (;;) {
    if (k.clock.nowNs >= expiresNs) return true;
    if (signal_pending(task)) return false;
    task.__state = TASK_INTERRUPTIBLE;
    const fired = (yield* schedule_hrtimeout(k, expiresNs, 'nanosleep')) === 0;
    task.__state = TASK_RUNNING;
    if (fired) return true;
  }
}

/** What is left is told to the program each time; a restart sleeps to the same instant. Sleeps as do_nanosleep. kernel/time/hrtimer.c:hrtimer_nanosleep_restart */
function* nanosleep_until(k: Kernel, expiresNs: number, rmtp: user_ptr): Sleeps<number> {
  if (yield* do_nanosleep(k, expiresNs)) return 0;
  if (rmtp !== null && !put_timespec_ns(rmtp, Math.max(0, expiresNs - k.clock.nowNs))) return -EFAULT;
  k.current.restart = () => nanosleep_until(k, expiresNs, rmtp);
  return -ERESTART_RESTARTBLOCK;
}

/** An absolute sleep: nothing is told of the rest, and a restart makes the same call again. Sleeps as do_nanosleep. kernel/time/hrtimer.c:hrtimer_nanosleep */
function* nanosleep_abs(k: Kernel, expiresNs: number): Sleeps<number> {
  return (yield* do_nanosleep(k, expiresNs)) ? 0 : -ERESTARTNOHAND;
}

/** nanosleep(2). kernel/time/hrtimer.c:nanosleep @param rmtp where the rest goes when a signal comes @returns 0, -EFAULT, -EINVAL, -EINTR */
export function sys_nanosleep(k: Kernel, rqtp: user_ptr, rmtp: user_ptr): Might<number> {
  const ns = get_timespec_ns(rqtp);
  return ns < 0 ? ns : nanosleep_until(k, k.clock.nowNs + ns, rmtp);
}

/**
 * clock_nanosleep(2). kernel/time/posix-timers.c:clock_nanosleep
 * @param flags TIMER_ABSTIME: `rqtp` is an instant of the clock
 * @returns 0, -EINVAL (clock, time), -EFAULT, -EINTR
 */
export function sys_clock_nanosleep(k: Kernel, clock: number, flags: number, rqtp: user_ptr, rmtp: user_ptr): Might<number> {
  const offset = clock_offset_ns(k, clock);
  if (offset === null) return -EINVAL;
  const ns = get_timespec_ns(rqtp);
  if (ns < 0) return ns;
  return (flags & TIMER_ABSTIME) !== 0 ? nanosleep_abs(k, ns - offset) : nanosleep_until(k, k.clock.nowNs + ns, rmtp);
}

/** clock_gettime(2). kernel/time/posix-timers.c:clock_gettime @returns 0, -EINVAL, -EFAULT */
export function sys_clock_gettime(k: Kernel, clock: number, tp: user_ptr): number {
  const offset = clock_offset_ns(k, clock);
  if (offset === null) return -EINVAL;
  return put_timespec_ns(tp, k.clock.nowNs + offset) ? 0 : -EFAULT;
}

/** gettimeofday(2); the time zone is zero. kernel/time/time.c:gettimeofday @returns 0, -EFAULT */
export function sys_gettimeofday(k: Kernel, tv: user_ptr, tz: user_ptr): number {
  const now = k.clock.nowNs + k.clock.realtimeOffsetNs;
  const seconds = Math.floor(now / NSEC_PER_SEC);
  if (tv !== null && !(put_user_s64(tv, 0, seconds) && put_user_s64(tv, 8, Math.floor((now - seconds * NSEC_PER_SEC) / 1000)))) return -EFAULT;
  return tz !== null && !put_user_s64(tz, 0, 0) ? -EFAULT : 0;
}
