/**
 * The moment something happens to a watched file: the file's waker calls ep_poll_callback, in atomic context,
 * which queues the item and wakes somebody. It never asks the file what is ready: that is done at delivery.
 * Linux counterpart: fs/eventpoll.c.
 */

import type { file } from '../kernel/file.js';
import { object_of } from '../kernel/footprint.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_add_tail, list_del_init } from '../kernel/list.js';
import { spin_lock, spin_unlock } from '../kernel/lock.js';
import type { poll_table } from '../kernel/poll_table.js';
import { TASK_NORMAL, type task_struct } from '../kernel/task.js';
import { leave, T_OVFLIST_ADD, T_RDLLIST_ADD } from '../kernel/trace.js';
import { EPOLLIN, EPOLLOUT, POLLFREE } from '../kernel/uapi.js';
import {
  __wake_up, __wake_up_sync, add_wait_queue, add_wait_queue_exclusive, default_wake_function, remove_wait_queue,
  wait_queue_entry, type wait_queue_head, wake_up, waitqueue_active, WF_SYNC,
} from '../kernel/wait.js';
import {
  ep_bits, ep_is_linked, EP_PRIVATE_BITS, type ep_pqueue, EP_UNACTIVE_PTR, type epitem, EPOLL_FUNCTIONS, EPOLL_URING_WAKE,
  EPOLLEXCLUSIVE, eppoll_entry, type eventpoll,
} from './eventpoll.js';
import { __pm_stay_awake } from './ep_wakeup.js';

const F = EPOLL_FUNCTIONS.id;

/**
 * Does an exclusive item take the wake-up? Only if it asked for what the key says: a key with both IN and OUT is
 * nobody's in particular. fs/eventpoll.c:ep_poll_callback
 */
function exclusive_item_consumes(pollflags: number, events: number): boolean {
  switch (pollflags & (EPOLLIN | EPOLLOUT)) {
    case EPOLLIN: return (events & EPOLLIN) !== 0;
    case EPOLLOUT: return (events & EPOLLOUT) !== 0;
    case 0: return true;
    default: return false;
  }
}

/** Queues an item: on rdllist, or on ovflist while a scan runs. Where it already stands it stays. fs/eventpoll.c:ep_poll_callback */
function queue_item(k: Kernel, ep: eventpoll, epi: epitem): void {
  if (ep.ovflist !== EP_UNACTIVE_PTR) {
    if (epi.next !== EP_UNACTIVE_PTR) return;
    ep.chain(epi);
    __pm_stay_awake(epi.ws);
    if (k.trace !== null) k.trace.emit(T_OVFLIST_ADD, epi.id, ep.id);
  } else if (!ep_is_linked(epi)) {
    list_add_tail(epi.rdllink, ep.rdllist);
    __pm_stay_awake(epi.ws);
    if (k.trace !== null) k.trace.emit(T_RDLLIST_ADD, epi.id, ep.id);
  }
}

/**
 * The wake function of every epoll item. Called with the target queue's lock held. fs/eventpoll.c:ep_poll_callback
 * @param flags WF_SYNC when the waker is about to sleep
 * @param key what happened, as a poll mask; 0: unknown, passes every filter
 * @returns 1: an exclusive walk may stop here; 0: it goes on to the next exclusive entry
 */
export function ep_poll_callback(k: Kernel, wait: wait_queue_entry, _mode: number, flags: number, key: number): number {
  const pwq = wait.private as eppoll_entry;
  const epi = pwq.base;
  const { ep, event } = epi;
  const pollflags = key;
  let pwake = false;
  let ewake = false;
  k.stats.ep_callbacks++;
  if (k.footprint !== null) k.footprint.writes(ep.id);
  if (k.trace !== null) {
    const how = (ep_is_linked(epi) ? 1 : 0) | (epi.next !== EP_UNACTIVE_PTR ? 2 : 0) | (flags & WF_SYNC ? 4 : 0);
    k.trace.enter(F.ep_poll_callback, epi.id, ep.id, event.events, key, ep_bits(ep), how);
  }

  spin_lock(k, ep.lock);
  ep_set_busy_poll_napi_id(k);
  // A fired EPOLLONESHOT leaves no event bits; a key that has none of the bits asked for is somebody else's news.
  if ((event.events & ~EP_PRIVATE_BITS) !== 0 && (pollflags === 0 || (pollflags & event.events) !== 0)) {
    queue_item(k, ep, epi);
    // The waiter is woken even if the item stood on a list already: whoever was woken for it may not have come yet.
    if (waitqueue_active(ep.wq)) {
      if ((event.events & EPOLLEXCLUSIVE) !== 0 && (pollflags & POLLFREE) === 0) ewake = exclusive_item_consumes(pollflags, event.events);
      if ((flags & WF_SYNC) !== 0) __wake_up_sync(k, ep.wq, TASK_NORMAL);
      else wake_up(k, ep.wq);
    }
    pwake = waitqueue_active(ep.poll_wait);
  }
  spin_unlock(k, ep.lock);

  if (pwake) ep_poll_safewake(k, ep, pollflags & EPOLL_URING_WAKE);
  if ((event.events & EPOLLEXCLUSIVE) === 0) ewake = true;
  if ((pollflags & POLLFREE) !== 0) {
    // The queue is going away: leave it, and stay registered but deaf.
    list_del_init(wait.entry);
    pwq.whead = null;
  }
  return leave(k, ewake ? 1 : 0);
}

/** Tells those who poll or watch the epoll file: EPOLLIN and nothing else, to all of them. fs/eventpoll.c:ep_poll_safewake */
export function ep_poll_safewake(k: Kernel, ep: eventpoll, pollflags: number): void {
  if (k.trace !== null) k.trace.enter(F.ep_poll_safewake, ep.id, pollflags);
  __wake_up(k, ep.poll_wait, TASK_NORMAL, 1, EPOLLIN | pollflags);
  leave(k, 0);
}

/** Wakes a task in epoll_wait; its entry leaves the queue even if it was awake already. fs/eventpoll.c:ep_autoremove_wake_function */
export function ep_autoremove_wake_function(k: Kernel, wq_entry: wait_queue_entry, mode: number, sync: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.ep_autoremove_wake_function, key, sync & WF_SYNC ? 1 : 0, (wq_entry.private as task_struct).pid);
  const ret = default_wake_function(k, wq_entry, mode, sync, key);
  list_del_init(wq_entry.entry);
  return leave(k, ret);
}

/**
 * Puts an item on a wait queue of its target, called by the target's poll method during ADD: exclusive items at
 * the tail, others at the head. fs/eventpoll.c:ep_ptable_queue_proc
 */
export function ep_ptable_queue_proc(k: Kernel, _file: file, whead: wait_queue_head, pt: poll_table): void {
  const epi = (pt as ep_pqueue).epi!;
  if (k.trace !== null) k.trace.enter(F.ep_ptable_queue_proc, epi.ep.id, epi.id, whead.id);
  const pwq = new eppoll_entry(epi, new wait_queue_entry(null, ep_poll_callback), whead);
  if ((epi.event.events & EPOLLEXCLUSIVE) !== 0) add_wait_queue_exclusive(k, whead, pwq.wait);
  else add_wait_queue(k, whead, pwq.wait);
  epi.pwqlist = pwq;
  leave(k, 0);
}

function ep_remove_wait_queue(k: Kernel, pwq: eppoll_entry): void {
  if (k.trace !== null) k.trace.enter(F.ep_remove_wait_queue, pwq.whead === null ? 0 : pwq.whead.id);
  if (pwq.whead !== null) remove_wait_queue(k, pwq.whead, pwq.wait);
  leave(k, 0);
}

/** Takes an item off all wait queues of its target; no callback fires afterwards. fs/eventpoll.c:ep_unregister_pollwait */
export function ep_unregister_pollwait(k: Kernel, epi: epitem): void {
  if (k.footprint !== null) k.footprint.writes(object_of(epi.ffd.file));
  if (k.trace !== null) k.trace.enter(F.ep_unregister_pollwait, epi.id, epi.ep.id, epi.event.events, ep_is_linked(epi) ? 1 : 0);
  while (epi.pwqlist !== null) {
    const pwq = epi.pwqlist;
    epi.pwqlist = pwq.next;
    ep_remove_wait_queue(k, pwq);
  }
  leave(k, 0);
}

/** Busy polling is off by default and has no device to poll here: only the call is traced. fs/eventpoll.c:ep_set_busy_poll_napi_id */
export function ep_set_busy_poll_napi_id(k: Kernel): void {
  if (k.trace === null) return;
  k.trace.enter(F.ep_set_busy_poll_napi_id);
  k.trace.leave(0);
}
