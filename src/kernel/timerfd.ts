/**
 * timerfd: a timer that is read. An expiry makes it readable once; a periodic timer is not armed again by its own
 * expiry but by the next read or timerfd_gettime, which also count the periods that went by unseen.
 * Linux counterpart: fs/timerfd.c. Left out: alarm clocks, and TFD_TIMER_CANCEL_ON_SET's wake-up of a sleeper.
 */

import type { Kernel } from './kernel.js';
import { hrtimer, hrtimer_cancel, hrtimer_run_queues, hrtimer_start, NSEC_PER_SEC } from './clock.js';
import { EAGAIN, ECANCELED, EFAULT, EINVAL } from './errno.js';
import { install_new_file } from './fdtable.js';
import { file, type file_operations } from './file.js';
import { spin_lock, spin_unlock } from './lock.js';
import { point, type Sleeps } from './point.js';
import { poll_wait, type poll_table } from './poll_table.js';
import { TASK_NORMAL } from './task.js';
import { T_TIMER } from './trace.js';
import type { iov_iter } from './uaccess.js';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, EPOLLIN, O_CLOEXEC, O_NONBLOCK, O_RDWR } from './uapi.js';
import { __wake_up_locked_key, wait_queue_head } from './wait.js';
import { wait_event_interruptible_locked_irq } from './wait_event.js';

export const TFD_CLOEXEC = O_CLOEXEC;
export const TFD_NONBLOCK = O_NONBLOCK;
export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;

const AT_LOCK = point('timerfd_read', 'before the lock');

/** Times of a timer, nanoseconds. include/linux/time64.h:itimerspec64 */
export interface itimerspec {
  it_interval: number;
  it_value: number;
}

/** fs/timerfd.c:timerfd_ctx */
export class timerfd_ctx {
  readonly id: number;
  readonly tmr: hrtimer;
  readonly clockid: number;
  readonly wqh: wait_queue_head;
  tintv = 0;            // ns between expiries, 0: once; guarded by wqh.lock
  ticks = 0;            // expiries not yet read; guarded by wqh.lock
  expired = false;      // fired since it was armed; guarded by wqh.lock
  settime_flags = 0;
  /** offset of the realtime clock when the timer was set; another one now means that the clock was set */
  moffs: number;

  constructor(k: Kernel, clockid: number) {
    this.id = k.new_id();
    this.moffs = k.clock.realtimeOffsetNs;
    this.clockid = clockid;
    this.wqh = new wait_queue_head(this.id, 'wqh');
    this.tmr = new hrtimer('timerfd', this, timerfd_tmrproc);
  }
}

/** The timer fired: one tick, and no new start. fs/timerfd.c:timerfd_triggered */
function timerfd_tmrproc(k: Kernel, timer: hrtimer): void {
  const ctx = timer.owner as timerfd_ctx;
  if (k.trace !== null) k.trace.emit(T_TIMER, ctx.id);
  spin_lock(k, ctx.wqh.lock);
  ctx.expired = true;
  ctx.ticks++;
  __wake_up_locked_key(k, ctx.wqh, TASK_NORMAL, EPOLLIN);
  spin_unlock(k, ctx.wqh.lock);
}

/** The clock of a timer that wants to know was set since. fs/timerfd.c:timerfd_canceled */
function timerfd_canceled(k: Kernel, ctx: timerfd_ctx): boolean {
  if (!may_cancel(ctx) || ctx.moffs === k.clock.realtimeOffsetNs) return false;
  ctx.moffs = k.clock.realtimeOffsetNs;
  return true;
}

function may_cancel(ctx: timerfd_ctx): boolean {
  const both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  return ctx.clockid === CLOCK_REALTIME && (ctx.settime_flags & both) === both;
}

/** Moves the expiry behind now in steps of the interval and starts the timer; how many steps. kernel/time/hrtimer.c:hrtimer_forward_now */
function forward_and_restart(k: Kernel, ctx: timerfd_ctx): number {
  const { tmr } = ctx;
  const late = k.clock.nowNs - tmr.expiresNs;
  const steps = late < 0 ? 0 : Math.floor(late / ctx.tintv) + 1;
  hrtimer_start(k, tmr, tmr.expiresNs + steps * ctx.tintv);
  return steps;
}

/** ns until the timer fires, 0 when it is not going to. fs/timerfd.c:timerfd_get_remaining */
function timerfd_get_remaining(k: Kernel, ctx: timerfd_ctx): number {
  return Math.max(0, ctx.tmr.expiresNs - k.clock.nowNs);
}

function has_ticks(ctx: timerfd_ctx): boolean {
  return ctx.ticks !== 0;
}

/**
 * Reads how often the timer expired since the last read, as eight bytes. Sleeps until it did, unless O_NONBLOCK. fs/timerfd.c:timerfd_read_iter
 * @returns 8, -EINVAL (room for fewer than 8), -EAGAIN, -ECANCELED (the clock was set), -EFAULT, -ERESTARTSYS
 */
function* timerfd_read_iter(k: Kernel, file: file, to: iov_iter): Sleeps<number> {
  const ctx = file.private_data as timerfd_ctx;
  if (to.count < 8) return -EINVAL;
  if (k.preempt) yield AT_LOCK;
  spin_lock(k, ctx.wqh.lock);
  let res = (file.f_flags & O_NONBLOCK) !== 0 ? -EAGAIN : yield* wait_event_interruptible_locked_irq(k, ctx.wqh, has_ticks, ctx);
  if (timerfd_canceled(k, ctx)) {
    ctx.ticks = 0;
    ctx.expired = false;
    res = -ECANCELED;
  }
  let ticks = ctx.ticks;
  if (ticks > 0) {
    if (ctx.expired && ctx.tintv > 0) ticks += forward_and_restart(k, ctx) - 1;
    ctx.expired = false;
    ctx.ticks = 0;
  }
  spin_unlock(k, ctx.wqh.lock);
  if (ticks === 0) return res;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(ticks), true);
  return to.copy_to(bytes, 0, 8) < 8 ? -EFAULT : 8;
}

/** fs/timerfd.c:timerfd_poll */
function timerfd_poll(k: Kernel, file: file, pt: poll_table | null): number {
  const ctx = file.private_data as timerfd_ctx;
  poll_wait(k, file, ctx.wqh, pt);
  return ctx.ticks > 0 ? EPOLLIN : 0;
}

/** fs/timerfd.c:timerfd_release */
function timerfd_release(k: Kernel, file: file): void {
  hrtimer_cancel(k, (file.private_data as timerfd_ctx).tmr);
}

function pair(ns: number): string {
  return `(${Math.floor(ns / NSEC_PER_SEC)}, ${ns % NSEC_PER_SEC})`;
}

/** fs/timerfd.c:timerfd_show */
function timerfd_show(k: Kernel, file: file): string {
  const ctx = file.private_data as timerfd_ctx;
  return `clockid: ${ctx.clockid}\nticks: ${ctx.ticks}\nsettime flags: 0${ctx.settime_flags.toString(8)}\n`
    + `it_value: ${pair(timerfd_get_remaining(k, ctx))}\nit_interval: ${pair(ctx.tintv)}\n`;
}

export const timerfd_fops: file_operations = {
  name: '[timerfd]',
  poll: timerfd_poll,
  read_iter: timerfd_read_iter,
  write_iter: null,
  unlocked_ioctl: null,
  release: timerfd_release,
  show_fdinfo: timerfd_show,
  llseek: 'noop',
  object: (file) => file.id,
};

/**
 * Makes a timer. fs/timerfd.c:timerfd_create
 * @param clockid CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME
 * @param flags TFD_NONBLOCK, TFD_CLOEXEC
 * @returns the descriptor, -EINVAL, -EMFILE
 */
export function timerfd_create(k: Kernel, clockid: number, flags: number): number {
  if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) !== 0) return -EINVAL;
  if (clockid !== CLOCK_MONOTONIC && clockid !== CLOCK_REALTIME && clockid !== CLOCK_BOOTTIME) return -EINVAL;
  const make = (): file => new file(k, timerfd_fops, new timerfd_ctx(k, clockid), O_RDWR | (flags & O_NONBLOCK));
  return install_new_file(k, make, (flags & TFD_CLOEXEC) !== 0);
}

/** The timer behind a file, or null when it is something else. fs/timerfd.c:timerfd_gettime */
export function timerfd_of(file: file): timerfd_ctx | null {
  return file.f_op === timerfd_fops ? (file.private_data as timerfd_ctx) : null;
}

/**
 * Arms (it_value > 0) or disarms a timer; unread expiries are forgotten. An instant that has passed fires at once. fs/timerfd.c:do_timerfd_settime
 * @param flags TFD_TIMER_ABSTIME: it_value is an instant of the timer's clock; TFD_TIMER_CANCEL_ON_SET
 * @param next new times, ns
 * @param old filled with the times until now
 * @returns 0, or -ECANCELED
 */
export function timerfd_settime(k: Kernel, ctx: timerfd_ctx, flags: number, next: itimerspec, old: itimerspec): number {
  spin_lock(k, ctx.wqh.lock);
  hrtimer_cancel(k, ctx.tmr);
  // The caller may want to know when the next expiry would have been.
  if (ctx.expired && ctx.tintv > 0) {
    forward_and_restart(k, ctx);
    hrtimer_cancel(k, ctx.tmr);
  }
  old.it_value = timerfd_get_remaining(k, ctx);
  old.it_interval = ctx.tintv;
  if (!may_cancel(ctx)) ctx.moffs = k.clock.realtimeOffsetNs;
  ctx.settime_flags = flags;
  ctx.expired = false;
  ctx.ticks = 0;
  ctx.tintv = next.it_interval;
  ctx.tmr.expiresNs = 0;
  const absolute = (flags & TFD_TIMER_ABSTIME) !== 0;
  const offset = !absolute ? -k.clock.nowNs : ctx.clockid === CLOCK_REALTIME ? k.clock.realtimeOffsetNs : 0;
  if (next.it_value > 0) hrtimer_start(k, ctx.tmr, next.it_value - offset);
  const ret = next.it_value > 0 && timerfd_canceled(k, ctx) ? -ECANCELED : 0;
  spin_unlock(k, ctx.wqh.lock);
  if (absolute) hrtimer_run_queues(k);
  return ret;
}

/** How long until the next expiry. Arms an expired periodic timer again, as read does. fs/timerfd.c:do_timerfd_gettime @returns times, ns */
export function timerfd_gettime(k: Kernel, ctx: timerfd_ctx): itimerspec {
  spin_lock(k, ctx.wqh.lock);
  if (ctx.expired && ctx.tintv > 0) {
    ctx.expired = false;
    ctx.ticks += forward_and_restart(k, ctx) - 1;
  }
  const now = { it_value: timerfd_get_remaining(k, ctx), it_interval: ctx.tintv };
  spin_unlock(k, ctx.wqh.lock);
  return now;
}
