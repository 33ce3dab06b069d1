/**
 * The scan: the ready list is taken over into a private list, each item's file is asked what is ready now, and
 * what is left or level-triggered goes back. Only ep->mtx is held meanwhile, so items may fire in the middle;
 * they wait on ovflist until the scan is over. Linux counterpart: fs/eventpoll.c, with the names of both its ages:
 * ep_scan_ready_list and ep_send_events_proc (up to 5.10), ep_start_scan and ep_done_scan (since 5.11).
 */

import { BUG_ON } from '../kernel/bug.js';
import { EFAULT, EINTR } from '../kernel/errno.js';
import { type file, fput, get_file_active } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_add, list_add_tail, list_del_init, list_empty, type list_head, list_splice_init } from '../kernel/list.js';
import { AT_MUTEX, mutex_lock_slowpath, mutex_trylock, mutex_unlock, spin_lock, spin_unlock } from '../kernel/lock.js';
import { type Might, point, type Sleeps } from '../kernel/point.js';
import { poll_does_not_wait, type poll_table, poll_wait } from '../kernel/poll_table.js';
import { fatal_signal_pending } from '../kernel/sched.js';
import { leave, leave_after, T_EVENT, T_OVFLIST_DEL, T_RDLLIST_ADD, T_RDLLIST_DEL, T_TXLIST } from '../kernel/trace.js';
import { fault_in, is_absent, put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { EPOLLIN, EPOLLRDNORM } from '../kernel/uapi.js';
import { waitqueue_active, wake_up } from '../kernel/wait.js';
import {
  ep_bits, ep_is_linked, EP_PRIVATE_BITS, EP_UNACTIVE_PTR, type epitem, EPOLL_EVENT_SIZE, EPOLL_FUNCTIONS, EPOLLET, EPOLLONESHOT,
  type eventpoll, is_file_epoll,
} from './eventpoll.js';
import { __pm_relax, __pm_stay_awake } from './ep_wakeup.js';

const F = EPOLL_FUNCTIONS.id;

const AT_POLL = point('ep_send_events_proc', 'ep_item_poll');
export const AT_COPY = point('ep_send_events_proc', 'copy_to_user');
const AT_DONE = point('ep_done_scan', 'before');

/** The array that epoll_wait fills, and how many events it holds. */
export class user_events {
  readonly events: user_ptr;
  readonly maxevents: number;
  count = 0;

  constructor(events: user_ptr, maxevents: number) {
    this.events = events;
    this.maxevents = maxevents;
  }
}

/** What a scan does with the private list; may sleep at user memory and at nested epolls. fs/eventpoll.c:ep_scan_ready_list (up to 5.10) */
export type scan_proc = (k: Kernel, ep: eventpoll, txlist: list_head<epitem>, to: user_events | null) => Might<number>;

/** Opens a scan: the ready list moves to `txlist`, and what fires from now on goes to ovflist. fs/eventpoll.c:ep_start_scan (since 5.11) */
function ep_start_scan(k: Kernel, ep: eventpoll, txlist: list_head<epitem>): void {
  if (k.trace !== null) k.trace.enter(F.ep_start_scan, ep.id, ep_bits(ep));
  BUG_ON(ep.mtx.owner !== k.current, 'ep->mtx is held during a scan');
  spin_lock(k, ep.lock);
  list_splice_init(ep.rdllist, txlist);
  ep.ovflist = null;
  spin_unlock(k, ep.lock);
  ep.txlist = txlist;
  if (k.trace !== null) k.trace.emit(T_TXLIST, ep.id, 1);
  leave(k, 0);
}

/**
 * Closes a scan. What fired meanwhile goes back first, in order of firing; what was not looked at goes in front of
 * it; then one waiter is woken if anything is ready. fs/eventpoll.c:ep_done_scan (since 5.11)
 */
function ep_done_scan(k: Kernel, ep: eventpoll, txlist: list_head<epitem>): void {
  if (k.trace !== null) k.trace.enter(F.ep_done_scan, ep.id, ep_bits(ep), list_empty(txlist) ? 1 : 0);
  spin_lock(k, ep.lock);
  let epi = ep.ovflist;
  while (epi !== null) {
    const { next } = epi;
    epi.next = EP_UNACTIVE_PTR;
    if (k.trace !== null) k.trace.emit(T_OVFLIST_DEL, epi.id, ep.id);
    // An item that stands on a list already is a level-triggered one, or was not reached: it keeps its place.
    // The chain is newest first, and adding at the head turns it round.
    if (!ep_is_linked(epi)) {
      list_add(epi.rdllink, ep.rdllist);
      __pm_stay_awake(epi.ws);
      if (k.trace !== null) k.trace.emit(T_RDLLIST_ADD, epi.id, ep.id);
    }
    epi = next;
  }
  ep.ovflist = EP_UNACTIVE_PTR;
  list_splice_init(txlist, ep.rdllist);
  ep.txlist = null;
  __pm_relax(ep.ws);
  if (!list_empty(ep.rdllist) && waitqueue_active(ep.wq)) wake_up(k, ep.wq);
  spin_unlock(k, ep.lock);
  if (k.trace !== null) k.trace.emit(T_TXLIST, ep.id, 0);
  leave(k, 0);
}

/**
 * Runs `sproc` over the ready list, between the start and the end of a scan, under ep->mtx. Sleeps for the mutex, and
 * as `sproc` does. fs/eventpoll.c:ep_scan_ready_list (up to 5.10)
 */
export function ep_scan_ready_list(k: Kernel, ep: eventpoll, sproc: scan_proc, to: user_events | null): Might<number> {
  if (k.preempt || !mutex_trylock(k, ep.mtx)) return ep_scan_ready_list_slowly(k, ep, sproc, to);
  const { scanlist: txlist } = ep;
  ep_start_scan(k, ep, txlist);
  const res = sproc(k, ep, txlist, to);
  if (typeof res !== 'number') return ep_scan_rest(k, ep, txlist, res);
  ep_done_scan(k, ep, txlist);
  mutex_unlock(k, ep.mtx);
  return res;
}

/** The same when the mutex is taken, or points are on. Sleeps for it, and as `sproc` does. fs/eventpoll.c:ep_scan_ready_list (up to 5.10) */
function* ep_scan_ready_list_slowly(k: Kernel, ep: eventpoll, sproc: scan_proc, to: user_events | null): Sleeps<number> {
  if (k.preempt) yield AT_MUTEX;
  if (!mutex_trylock(k, ep.mtx)) yield* mutex_lock_slowpath(k, ep.mtx);
  const { scanlist: txlist } = ep;
  ep_start_scan(k, ep, txlist);
  return yield* ep_scan_rest(k, ep, txlist, sproc(k, ep, txlist, to));
}

/** The rest of a scan whose `sproc` sleeps: what it gives, then the end. Sleeps as it does. fs/eventpoll.c:ep_scan_ready_list (up to 5.10) */
function* ep_scan_rest(k: Kernel, ep: eventpoll, txlist: list_head<epitem>, rest: Might<number>): Sleeps<number> {
  const res = typeof rest === 'number' ? rest : yield* rest;
  if (k.preempt) yield AT_DONE;
  ep_done_scan(k, ep, txlist);
  mutex_unlock(k, ep.mtx);
  return res;
}

/** Stores one event for the user, mask first; false when a half of it faults. include/linux/eventpoll.h:epoll_put_uevent */
function epoll_put_uevent(revents: number, epi: epitem, to: user_ptr, index: number): boolean {
  const at = index * EPOLL_EVENT_SIZE;
  const { data_lo, data_hi } = epi.event;
  if (!put_user_u32(to, at, revents)) return false;
  if (to!.faultAt < at + EPOLL_EVENT_SIZE) return false;
  return put_user_u32(to, at + 4, data_lo) && put_user_u32(to, at + 8, data_hi);
}

/** While an event of an EPOLLWAKEUP item is being delivered, the epoll's own source takes over. fs/eventpoll.c:ep_send_events */
function hand_over_wakeup_source(ep: eventpoll, epi: epitem): void {
  if (epi.ws === null) return;
  if (epi.ws.active) __pm_stay_awake(ep.ws);
  __pm_relax(epi.ws);
}

/** Takes the first item off the private list. fs/eventpoll.c:ep_send_events_proc (up to 5.10) */
function take_first(k: Kernel, ep: eventpoll, txlist: list_head<epitem>): epitem {
  const epi = txlist.next.owner!;
  hand_over_wakeup_source(ep, epi);
  list_del_init(epi.rdllink);
  if (k.trace !== null) k.trace.emit(T_RDLLIST_DEL, epi.id, ep.id);
  return epi;
}

/**
 * Stores one event and decides where its item goes. fs/eventpoll.c:ep_send_events_proc (up to 5.10)
 * @returns false when the user's memory faulted: the pass ends, and the item will be the first of the next one
 */
function send_event(k: Kernel, ep: eventpoll, txlist: list_head<epitem>, to: user_events, epi: epitem, revents: number): boolean {
  if (!epoll_put_uevent(revents, epi, to.events, to.count)) {
    list_add(epi.rdllink, txlist);
    __pm_stay_awake(epi.ws);
    return false;
  }
  if (k.trace !== null) k.trace.emit(T_EVENT, epi.id, revents, to.count, ep.id);
  to.count++;
  if ((epi.event.events & EPOLLONESHOT) !== 0) {
    epi.event.events &= EP_PRIVATE_BITS;
  } else if ((epi.event.events & EPOLLET) === 0) {
    // Level-triggered: the next epoll_wait looks again. rdllist is ours to use: callbacks go to ovflist now.
    list_add_tail(epi.rdllink, ep.rdllist);
    __pm_stay_awake(epi.ws);
    if (k.trace !== null) k.trace.emit(T_RDLLIST_ADD, epi.id, ep.id);
  }
  return true;
}

/**
 * Hands ready items to the user, one pass over the private list. May sleep where user memory is absent and where a
 * nested epoll's mutex is taken. fs/eventpoll.c:ep_send_events_proc (up to 5.10)
 * @returns events stored, or -EFAULT when not even one could be
 */
export function ep_send_events_proc(k: Kernel, ep: eventpoll, txlist: list_head<epitem>, to: user_events | null): Might<number> {
  const events = to!;
  const { scan_pt: pt } = ep;
  let good = true;
  while (good && !list_empty(txlist) && events.count < events.maxevents) {
    if (k.preempt || is_absent(events.events, events.count * EPOLL_EVENT_SIZE) || is_file_epoll(txlist.next.owner!.ffd.file)) {
      return ep_send_events_slowly(k, ep, txlist, events, pt);
    }
    const epi = take_first(k, ep, txlist);
    const revents = ep_item_poll(k, epi, pt, 1) as number;
    // An item that is not ready any more is off the list now, and nothing is said.
    if (revents !== 0) good = send_event(k, ep, txlist, events, epi, revents);
  }
  return good || events.count > 0 ? events.count : -EFAULT;
}

/** The same pass with every place where it may sleep, or be interrupted. fs/eventpoll.c:ep_send_events_proc (up to 5.10) */
function* ep_send_events_slowly(k: Kernel, ep: eventpoll, txlist: list_head<epitem>, to: user_events, pt: poll_table): Sleeps<number> {
  let good = true;
  while (good && !list_empty(txlist) && to.count < to.maxevents) {
    const epi = take_first(k, ep, txlist);
    if (k.preempt) yield AT_POLL;
    const polled = ep_item_poll(k, epi, pt, 1);
    const revents = typeof polled === 'number' ? polled : yield* polled;
    if (revents === 0) continue;
    if (k.preempt) yield AT_COPY;
    if (is_absent(to.events, to.count * EPOLL_EVENT_SIZE)) yield* fault_in(k, to.events, to.count * EPOLL_EVENT_SIZE);
    good = send_event(k, ep, txlist, to, epi, revents);
  }
  return good || to.count > 0 ? to.count : -EFAULT;
}

/**
 * Is anything ready? The first ready item answers and stays; items before it that are not ready are dropped.
 * Sleeps where a nested epoll's mutex is taken. fs/eventpoll.c:ep_read_events_proc (up to 5.10)
 */
function* ep_read_events_proc(k: Kernel, ep: eventpoll, txlist: list_head<epitem>): Sleeps<number> {
  const { scan_pt: pt } = ep;
  while (!list_empty(txlist)) {
    const epi = txlist.next.owner!;
    const polled = ep_item_poll(k, epi, pt, 2);
    const revents = typeof polled === 'number' ? polled : yield* polled;
    if (revents !== 0) return EPOLLIN | EPOLLRDNORM;
    __pm_relax(epi.ws);
    list_del_init(epi.rdllink);
    if (k.trace !== null) k.trace.emit(T_RDLLIST_DEL, epi.id, ep.id);
  }
  return 0;
}

/**
 * Delivers what is ready. May sleep in the scan. fs/eventpoll.c:ep_send_events
 * @returns events stored, 0 when nothing was ready after all, -EFAULT, or -EINTR when the task is being killed
 */
export function ep_send_events(k: Kernel, ep: eventpoll, events: user_ptr, maxevents: number): Might<number> {
  if (k.trace !== null) k.trace.enter(F.ep_send_events, ep.id, ep_bits(ep), maxevents);
  if (fatal_signal_pending(k.current)) return leave(k, -EINTR);
  const rest = ep_scan_ready_list(k, ep, ep_send_events_proc, new user_events(events, maxevents));
  if (typeof rest === 'number') return leave(k, rest);
  return k.trace === null ? rest : leave_after(k, rest);
}

/** Pins the file of an item, unless its last reference is gone. fs/eventpoll.c:epi_fget */
export function epi_fget(k: Kernel, epi: epitem): file | null {
  if (k.trace !== null) {
    k.trace.enter(F.epi_fget);
    k.trace.leave(0);
  }
  return get_file_active(epi.ffd.file) ? epi.ffd.file : null;
}

/**
 * Asks an item's file what is ready, of what the item asked for. Sleeps only for a nested epoll.
 * fs/eventpoll.c:ep_item_poll
 * @param pt queues the item as well, when it has a queueing function
 */
export function ep_item_poll(k: Kernel, epi: epitem, pt: poll_table, depth: number): Might<number> {
  if (k.trace !== null) {
    k.trace.enter(F.ep_item_poll, epi.id, epi.ep.id, epi.event.events, ep_is_linked(epi) ? 1 : 0, poll_does_not_wait(pt) ? 0 : 1);
  }
  k.stats.polls++;
  if (k.footprint !== null) k.footprint.reads(epi.ffd.file);
  const file = epi_fget(k, epi);
  if (file === null) return leave(k, 0);
  pt._key = epi.event.events;
  if (is_file_epoll(file)) return ep_item_poll_nested(k, epi, file, pt, depth);
  const res = (file.f_op.poll!(k, file, pt) as number) & epi.event.events;
  fput(k, file);
  return leave(k, res);
}

/** The item watches another epoll. Sleeps for that epoll's mutex. fs/eventpoll.c:ep_item_poll */
function* ep_item_poll_nested(k: Kernel, epi: epitem, file: file, pt: poll_table, depth: number): Sleeps<number> {
  const res = (yield* __ep_eventpoll_poll(k, file, pt, depth)) & epi.event.events;
  fput(k, file);
  return leave(k, res);
}

/**
 * What an epoll file answers when it is polled itself: EPOLLIN|EPOLLRDNORM when one of its items is ready. Looking
 * consumes nothing. Sleeps for ep->mtx. fs/eventpoll.c:__ep_eventpoll_poll (since 5.12)
 */
export function* __ep_eventpoll_poll(k: Kernel, file: file, pt: poll_table | null, _depth: number): Sleeps<number> {
  const ep = file.private_data as eventpoll;
  if (k.footprint !== null) k.footprint.usesObject(ep.id);
  if (k.trace !== null) k.trace.enter(F.__ep_eventpoll_poll, ep.id, ep_bits(ep));
  poll_wait(k, file, ep.poll_wait, pt);
  const res = ep_scan_ready_list(k, ep, ep_read_events_proc, null);
  return leave(k, typeof res === 'number' ? res : yield* res);
}
