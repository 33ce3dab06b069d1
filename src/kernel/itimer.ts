/**
 * The interval timer of a process that sends SIGALRM: alarm() and setitimer(ITIMER_REAL). The timers that count
 * CPU time never fire, for programs of the model use none. Linux counterparts: kernel/time/itimer.c, kernel/time/posix-timers.c.
 */

import type { Kernel } from './kernel.js';
import { hrtimer, hrtimer_active, hrtimer_cancel, hrtimer_start, NSEC_PER_SEC, NSEC_PER_USEC } from './clock.js';
import { EFAULT, EINVAL } from './errno.js';
import { send_group_sig_priv } from './signal.js';
import type { signal_struct } from './signal_types.js';
import { get_user_s64, put_user_s64, type user_ptr } from './uaccess.js';
import { SIGALRM } from './uapi.js';

export const ITIMER_REAL = 0;
export const ITIMER_VIRTUAL = 1;
export const ITIMER_PROF = 2;

/** The time has come: SIGALRM for the process. kernel/time/itimer.c:it_real_fn */
function it_real_fn(k: Kernel, timer: hrtimer): void {
  const leader = k.tasks.get(timer.owner as number);
  if (leader !== undefined) send_group_sig_priv(k, SIGALRM, leader);
}

/** SIGALRM was taken: a periodic timer is set again, at a multiple of its interval. kernel/time/posix-timers.c:posixtimer_rearm_itimer */
export function posixtimer_rearm_itimer(k: Kernel, signal: signal_struct): void {
  const timer = signal.real_timer;
  const incr = signal.it_real_incrNs;
  if (timer === null || incr === 0 || hrtimer_active(timer)) return;
  const missed = Math.max(1, Math.floor((k.clock.nowNs - timer.expiresNs) / incr) + 1);
  hrtimer_start(k, timer, timer.expiresNs + missed * incr);
}

/** What is left, ns; 0 when it is not set. kernel/time/itimer.c:itimer_get_remtime */
function itimer_get_remtime(k: Kernel, signal: signal_struct): number {
  const timer = signal.real_timer;
  if (timer === null || !hrtimer_active(timer)) return 0;
  const rem = timer.expiresNs - k.clock.nowNs;
  return rem > 0 ? rem : NSEC_PER_USEC;
}

/** Sets or clears the timer. kernel/time/itimer.c:do_setitimer */
function set_real_timer(k: Kernel, valueNs: number, intervalNs: number): void {
  const { signal, tgid } = k.current;
  if (signal.real_timer === null) signal.real_timer = new hrtimer('itimer', tgid, it_real_fn);
  hrtimer_cancel(k, signal.real_timer);
  signal.it_real_incrNs = valueNs === 0 ? 0 : intervalNs;
  if (valueNs !== 0) hrtimer_start(k, signal.real_timer, k.clock.nowNs + valueNs);
}

/** alarm(2). kernel/time/itimer.c:alarm_setitimer @returns seconds that were left of the one before, rounded, never 0 if it was set */
export function sys_alarm(k: Kernel, seconds: number): number {
  const left = itimer_get_remtime(k, k.current.signal);
  set_real_timer(k, (seconds >>> 0) * NSEC_PER_SEC, 0);
  const whole = Math.floor(left / NSEC_PER_SEC);
  const rest = left - whole * NSEC_PER_SEC;
  return (whole === 0 && rest > 0) || rest >= NSEC_PER_SEC / 2 ? whole + 1 : whole;
}

/** A 16-byte timeval, ns; -EFAULT, -EINVAL. kernel/time/itimer.c:get_itimerval */
function get_timeval_ns(from: user_ptr, at: number): number {
  const seconds = get_user_s64(from, at);
  const microseconds = get_user_s64(from, at + 8);
  if (seconds === null || microseconds === null) return -EFAULT;
  if (seconds < 0 || microseconds < 0 || microseconds >= 1_000_000) return -EINVAL;
  return seconds * NSEC_PER_SEC + microseconds * NSEC_PER_USEC;
}

function put_timeval_ns(to: user_ptr, at: number, ns: number): boolean {
  const seconds = Math.floor(ns / NSEC_PER_SEC);
  return put_user_s64(to, at, seconds) && put_user_s64(to, at + 8, Math.floor((ns - seconds * NSEC_PER_SEC) / NSEC_PER_USEC));
}

/** Interval, then what is left. kernel/time/itimer.c:put_itimerval */
function put_itimerval(to: user_ptr, intervalNs: number, valueNs: number): boolean {
  return put_timeval_ns(to, 0, intervalNs) && put_timeval_ns(to, 16, valueNs);
}

/** getitimer(2). kernel/time/itimer.c:getitimer @param value 32 bytes: interval, what is left @returns 0, -EINVAL, -EFAULT */
export function sys_getitimer(k: Kernel, which: number, value: user_ptr): number {
  if (which < ITIMER_REAL || which > ITIMER_PROF) return -EINVAL;
  const { signal } = k.current;
  const real = which === ITIMER_REAL;
  return put_itimerval(value, real ? signal.it_real_incrNs : 0, real ? itimer_get_remtime(k, signal) : 0) ? 0 : -EFAULT;
}

/** setitimer(2). kernel/time/itimer.c:setitimer @param value 32 bytes: interval, first time; NULL clears @returns 0, -EINVAL, -EFAULT */
export function sys_setitimer(k: Kernel, which: number, value: user_ptr, ovalue: user_ptr): number {
  const intervalNs = value === null ? 0 : get_timeval_ns(value, 0);
  const valueNs = value === null ? 0 : get_timeval_ns(value, 16);
  if (intervalNs === -EFAULT || valueNs === -EFAULT) return -EFAULT;
  if (intervalNs < 0 || valueNs < 0 || which < ITIMER_REAL || which > ITIMER_PROF) return -EINVAL;
  const { signal } = k.current;
  const real = which === ITIMER_REAL;
  const oldInterval = real ? signal.it_real_incrNs : 0;
  const oldValue = real ? itimer_get_remtime(k, signal) : 0;
  if (real) set_real_timer(k, valueNs, intervalNs);
  return ovalue !== null && !put_itimerval(ovalue, oldInterval, oldValue) ? -EFAULT : 0;
}
