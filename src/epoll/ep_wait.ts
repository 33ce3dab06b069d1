/**
 * Waiting: epoll_wait looks whether anything is ready, delivers it, or sleeps until a callback, a signal or the
 * deadline. Linux counterpart: fs/eventpoll.c:ep_poll and the system calls around it.
 */

import { EBADF, EFAULT, EINTR, EINVAL } from '../kernel/errno.js';
import { fdget } from '../kernel/fdtable.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_empty } from '../kernel/list.js';
import { spin_lock, spin_unlock } from '../kernel/lock.js';
import { AT_SCHEDULE, type Might, point, type Sleeps } from '../kernel/point.js';
import { schedule_hrtimeout, signal_pending } from '../kernel/sched.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from '../kernel/task.js';
import { leave, leave_after } from '../kernel/trace.js';
import { access_ok, type user_ptr } from '../kernel/uaccess.js';
import { __add_wait_queue_exclusive, __remove_wait_queue, wait_queue_entry } from '../kernel/wait.js';
import { ep_autoremove_wake_function } from './ep_callback.js';
import { ep_send_events } from './ep_scan.js';
import { ep_bits, EP_MAX_EVENTS, EP_UNACTIVE_PTR, EPOLL_FUNCTIONS, type eventpoll, is_file_epoll } from './eventpoll.js';

const F = EPOLL_FUNCTIONS.id;

const AT_AVAILABLE = point('ep_poll', 'ep_events_available');
const AT_PREPARE = point('ep_poll', 'before ep->lock');
const AT_WOKEN = point('ep_poll', 'woken');

/** Deadlines of ep_poll: wait for ever; do not wait. Others are instants of CLOCK_MONOTONIC, ns. */
export const EP_FOREVER = Infinity;
export const EP_NO_WAIT = 0;

/**
 * Something may be ready: an item is queued, or a scan is running, which may leave some behind. Read without the
 * lock. fs/eventpoll.c:ep_events_available
 */
function ep_events_available(k: Kernel, ep: eventpoll): boolean {
  const available = !list_empty(ep.rdllist) || ep.ovflist !== EP_UNACTIVE_PTR;
  if (k.trace !== null) {
    k.trace.enter(F.ep_events_available, ep.id, ep_bits(ep));
    k.trace.leave(available ? 1 : 0);
  }
  return available;
}

/** Busy polling is off unless a device supports it; none here does. fs/eventpoll.c:ep_busy_loop */
function ep_busy_loop(k: Kernel): void {
  if (k.trace === null) return;
  k.trace.enter(F.ep_busy_loop);
  k.trace.leave(0);
}

/**
 * Waits for events and delivers them. Events win over signals; a deadline is kept through wake-ups that bring
 * nothing; a zero timeout never sleeps. May sleep until then, and for ep->mtx. fs/eventpoll.c:ep_poll
 * @param deadlineNs EP_FOREVER, EP_NO_WAIT or an instant
 * @returns events stored, 0 at the deadline, -EINTR, -EFAULT
 */
export function ep_poll(k: Kernel, ep: eventpoll, events: user_ptr, maxevents: number, deadlineNs: number): Might<number> {
  if (k.trace !== null) k.trace.enter(F.ep_poll, ep.id, ep_bits(ep), maxevents);
  if (k.preempt) return ep_poll_slowly(k, ep, events, maxevents, deadlineNs, null);
  if (ep_events_available(k, ep)) {
    const sent = ep_send_events(k, ep, events, maxevents);
    if (typeof sent !== 'number') return ep_poll_slowly(k, ep, events, maxevents, deadlineNs, sent);
    if (sent !== 0) return leave(k, sent);
  }
  return deadlineNs === EP_NO_WAIT ? leave(k, 0) : ep_poll_slowly(k, ep, events, maxevents, deadlineNs, 0);
}

/**
 * The rounds of waiting. Sleeps until events, a signal or the deadline, and for ep->mtx. fs/eventpoll.c:ep_poll
 * @param first what the first look gave, or the rest of it; null: nobody has looked yet
 */
function* ep_poll_slowly(k: Kernel, ep: eventpoll, events: user_ptr, maxevents: number, deadlineNs: number, first: Might<number> | null): Sleeps<number> {
  const task = k.current;
  let timed_out = deadlineNs === EP_NO_WAIT;
  let sent = first;
  if (sent === null) {
    if (k.footprint !== null) k.footprint.looked();
    yield AT_AVAILABLE;
    sent = ep_events_available(k, ep) ? ep_send_events(k, ep, events, maxevents) : 0;
  }
  for (;;) {
    const res = typeof sent === 'number' ? sent : yield* sent;
    if (res !== 0) return leave(k, res);
    if (timed_out) return leave(k, 0);
    ep_busy_loop(k);
    if (signal_pending(task)) return leave(k, -EINTR);

    const wait = new wait_queue_entry(task, ep_autoremove_wake_function);
    if (k.preempt) yield AT_PREPARE;
    // Test and queue under the lock: a callback comes either before, and is seen, or after, and finds us queued.
    spin_lock(k, ep.lock);
    task.__state = TASK_INTERRUPTIBLE;
    let available = ep_events_available(k, ep);
    if (!available) __add_wait_queue_exclusive(k, ep.wq, wait);
    spin_unlock(k, ep.lock);
    if (!available) timed_out = !(yield* ep_schedule_timeout(k, deadlineNs));
    task.__state = TASK_RUNNING;
    available = true;
    if (k.preempt) yield AT_WOKEN;
    if (!list_empty(wait.entry)) {
      spin_lock(k, ep.lock);
      // The timer fired; but if a wake-up took us off the queue just now, it came with an event for us.
      if (timed_out) available = list_empty(wait.entry);
      __remove_wait_queue(k, ep.wq, wait);
      spin_unlock(k, ep.lock);
    }
    sent = available ? ep_send_events(k, ep, events, maxevents) : 0;
  }
}

/** Sleeps until woken or until the deadline; false when the deadline came. fs/eventpoll.c:ep_schedule_timeout (since 6.15) */
function* ep_schedule_timeout(k: Kernel, deadlineNs: number): Sleeps<boolean> {
  if (deadlineNs === EP_FOREVER) {
    yield AT_SCHEDULE;
    return true;
  }
  if (deadlineNs <= k.clock.nowNs) return false;
  return (yield* schedule_hrtimeout(k, deadlineNs, 'epoll_wait')) !== 0;
}

/** Milliseconds of epoll_wait as a deadline: negative waits for ever. fs/eventpoll.c:ep_timeout_to_timespec (since 5.11) */
export function ep_timeout_to_deadline(k: Kernel, timeoutMs: number): number {
  if (k.trace !== null) {
    k.trace.enter(F.ep_timeout_to_timespec);
    k.trace.leave(0);
  }
  if (timeoutMs < 0) return EP_FOREVER;
  return timeoutMs === 0 ? EP_NO_WAIT : k.clock.nowNs + timeoutMs * 1_000_000;
}

/**
 * The checks of epoll_wait, in order: EBADF, EINVAL for maxevents, EFAULT for the array's address range, EINVAL when
 * the file is no epoll. Sleeps as ep_poll does. fs/eventpoll.c:do_epoll_wait
 */
export function do_epoll_wait(k: Kernel, epfd: number, events: user_ptr, maxevents: number, deadlineNs: number): Might<number> {
  if (k.trace !== null) k.trace.enter(F.do_epoll_wait, maxevents);
  const file = fdget(k, epfd);
  if (file === null) return leave(k, -EBADF);
  if (maxevents <= 0 || maxevents > EP_MAX_EVENTS) return leave(k, -EINVAL);
  if (!access_ok(events)) return leave(k, -EFAULT);
  if (!is_file_epoll(file)) return leave(k, -EINVAL);
  const ep = file.private_data as eventpoll;
  const rest = ep_poll(k, ep, events, maxevents, deadlineNs);
  if (typeof rest === 'number') return leave(k, rest);
  return k.trace === null ? rest : leave_after(k, rest);
}
