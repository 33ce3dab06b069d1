/**
 * Items: adding one to an interest set, changing it, and taking it out. Linux counterpart: fs/eventpoll.c.
 */

import { EINVAL, ENOSPC } from '../kernel/errno.js';
import { type file, fput } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { list_add, list_add_tail, list_del_init, list_empty } from '../kernel/list.js';
import { mutex_lock, mutex_unlock, spin_lock, spin_unlock } from '../kernel/lock.js';
import { poll_table } from '../kernel/poll_table.js';
import type { Sleeps } from '../kernel/point.js';
import { leave, T_NEW, T_RBR_ERASE, T_RBR_INSERT, T_RDLLIST_ADD, T_RDLLIST_DEL } from '../kernel/trace.js';
import { waitqueue_active, wake_up } from '../kernel/wait.js';
import { ep_poll_safewake, ep_ptable_queue_proc, ep_set_busy_poll_napi_id, ep_unregister_pollwait } from './ep_callback.js';
import { ep_item_poll, epi_fget } from './ep_scan.js';
import { __pm_stay_awake, ep_create_wakeup_source, ep_destroy_wakeup_source } from './ep_wakeup.js';
import {
  ep_bits, ep_is_linked, ep_pqueue, epitem, epitems_head, type epoll_event, EPOLL_FUNCTIONS, epoll_of,
  EPOLLWAKEUP, type eventpoll, is_file_epoll,
} from './eventpoll.js';
import { list_file, reverse_path_check, unlist_file } from './nested.js';

const F = EPOLL_FUNCTIONS.id;

/** Trace kind of an item in T_NEW rows. */
export const OBJ_EPITEM = 1;

/** The item of a descriptor, or null. fs/eventpoll.c:ep_find */
export function ep_find(k: Kernel, ep: eventpoll, file: file, fd: number): epitem | null {
  if (k.trace !== null) k.trace.enter(F.ep_find, ep.id, file.id, fd);
  const epi = ep.rbr.find({ ffd: { file, fd } } as epitem);
  leave(k, epi === null ? 0 : 1);
  return epi;
}

/** One more item refers to the epoll. fs/eventpoll.c:ep_get */
function ep_get(k: Kernel, ep: eventpoll): void {
  if (k.trace !== null) {
    k.trace.enter(F.ep_get);
    k.trace.leave(0);
  }
  ep.refcount++;
}

/** One reference less; true when it was the last. fs/eventpoll.c:ep_refcount_dec_and_test */
export function ep_refcount_dec_and_test(k: Kernel, ep: eventpoll): boolean {
  if (k.trace !== null) k.trace.enter(F.ep_refcount_dec_and_test, ep.id);
  return leave(k, --ep.refcount === 0 ? 1 : 0) === 1;
}

/** Hangs an item on its target, before those that hang there. fs/eventpoll.c:attach_epitem */
function attach_epitem(k: Kernel, file: file, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.attach_epitem);
  if (file.f_ep === null) file.f_ep = is_file_epoll(file) ? (file.private_data as eventpoll).refs : new epitems_head();
  const head = file.f_ep as epitems_head;
  list_add(epi.fllink, head.epitems);
  head.size++;
  leave(k, 0);
}

/** fs/eventpoll.c:ep_rbtree_insert */
function ep_rbtree_insert(k: Kernel, ep: eventpoll, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.ep_rbtree_insert);
  ep.rbr.insert(epi);
  if (k.trace !== null) k.trace.emit(T_RBR_INSERT, epi.id, ep.id, epi.ffd.fd, epi.ffd.file.id);
  leave(k, 0);
}

/**
 * Queues an item that was found ready by ADD or MOD, and wakes one waiter; not if it is queued already.
 * fs/eventpoll.c:ep_insert, ep_modify
 */
function queue_ready_item(k: Kernel, ep: eventpoll, epi: epitem): void {
  let pwake = false;
  spin_lock(k, ep.lock);
  if (!ep_is_linked(epi)) {
    list_add_tail(epi.rdllink, ep.rdllist);
    __pm_stay_awake(epi.ws);
    if (k.trace !== null) k.trace.emit(T_RDLLIST_ADD, epi.id, ep.id);
    if (waitqueue_active(ep.wq)) wake_up(k, ep.wq);
    pwake = waitqueue_active(ep.poll_wait);
  }
  spin_unlock(k, ep.lock);
  if (pwake) ep_poll_safewake(k, ep, 0);
}

/**
 * Makes an item and links it everywhere, still without wait queue entries. Sleeps for the mutex of an epoll that is
 * watched. fs/eventpoll.c:ep_insert
 */
function* link_new_item(k: Kernel, ep: eventpoll, event: epoll_event, tfile: file, fd: number, full_check: boolean): Sleeps<epitem> {
  const tep = is_file_epoll(tfile) ? (tfile.private_data as eventpoll) : null;
  const epi = new epitem(k.new_id(), ep, tfile, fd, event);
  if (k.trace !== null) k.trace.emit(T_NEW, epi.id, OBJ_EPITEM, ep.id, fd, tfile.id);
  if (tep !== null) yield* mutex_lock(k, tep.mtx);
  attach_epitem(k, tfile, epi);
  if (full_check && tep === null) list_file(k, tfile);
  ep_rbtree_insert(k, ep, epi);
  if (tep !== null) mutex_unlock(k, tep.mtx);
  ep_get(k, ep);
  return epi;
}

/**
 * EPOLL_CTL_ADD; the caller holds ep->mtx. A file that is ready already is queued at once, whatever the trigger.
 * Sleeps for the mutexes of nested epolls. fs/eventpoll.c:ep_insert
 * @param full_check epolls are nested: the paths upwards are counted
 * @returns 0, -ENOSPC (max_user_watches), -EINVAL (too many wake-up paths)
 */
export function* ep_insert(k: Kernel, ep: eventpoll, event: epoll_event, tfile: file, fd: number, full_check: boolean): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.ep_insert, ep.id, ep_bits(ep), event.events, tfile.id, fd, full_check ? 1 : 0);
  if (ep.user.epoll_watches >= epoll_of(k).max_user_watches) return leave(k, -ENOSPC);
  ep.user.epoll_watches++;
  const epi = yield* link_new_item(k, ep, event, tfile, fd, full_check);
  if (full_check && reverse_path_check(k)) {
    ep_remove(k, ep, epi);
    return leave(k, -EINVAL);
  }
  if ((event.events & EPOLLWAKEUP) !== 0) ep_create_wakeup_source(k, epi);

  // From the first queueing on, callbacks may fire; none is lost, since readiness is tested after it.
  const epq = new ep_pqueue(ep_ptable_queue_proc, epi);
  const polled = ep_item_poll(k, epi, epq, 1);
  const revents = typeof polled === 'number' ? polled : yield* polled;
  ep_set_busy_poll_napi_id(k);
  if (revents !== 0) queue_ready_item(k, ep, epi);
  return leave(k, 0);
}

/**
 * EPOLL_CTL_MOD; the caller holds ep->mtx. The file is asked again, so that this re-arms an edge-triggered or
 * one-shot item. Sleeps for a nested epoll's mutex. fs/eventpoll.c:ep_modify @returns 0
 */
export function* ep_modify(k: Kernel, ep: eventpoll, epi: epitem, event: epoll_event): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.ep_modify, epi.id, ep.id, ep_bits(ep), epi.event.events, ep_is_linked(epi) ? 1 : 0, event.events);
  epi.event.events = event.events; // the callback tests the new mask from here on
  epi.event.data_lo = event.data_lo;
  epi.event.data_hi = event.data_hi;
  if ((event.events & EPOLLWAKEUP) !== 0) {
    if (epi.ws === null) ep_create_wakeup_source(k, epi);
  } else if (epi.ws !== null) {
    ep_destroy_wakeup_source(k, epi);
  }
  const polled = ep_item_poll(k, epi, new poll_table(null, 0), 1);
  const revents = typeof polled === 'number' ? polled : yield* polled;
  if (revents !== 0) queue_ready_item(k, ep, epi);
  return leave(k, 0);
}

/** Takes an item off its target's list; the target is nobody's when it was the last. fs/eventpoll.c:ep_remove_file */
export function ep_remove_file(k: Kernel, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.ep_remove_file, epi.id, epi.ep.id, epi.event.events, ep_is_linked(epi) ? 1 : 0);
  const { file } = epi.ffd;
  const head = file.f_ep as epitems_head;
  list_del_init(epi.fllink);
  head.size--;
  if (list_empty(head.epitems)) {
    file.f_ep = null;
    if (head.next !== null) unlist_file(k, head);
  }
  leave(k, 0);
}

/** Takes an item out of the tree and off the ready list, and gives the watch back. fs/eventpoll.c:ep_remove_epi */
export function ep_remove_epi(k: Kernel, ep: eventpoll, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.ep_remove_epi, epi.id, ep.id, epi.event.events, ep_is_linked(epi) ? 1 : 0);
  ep.rbr.erase(epi);
  if (k.trace !== null) k.trace.emit(T_RBR_ERASE, epi.id, ep.id);
  spin_lock(k, ep.lock);
  if (ep_is_linked(epi)) {
    list_del_init(epi.rdllink);
    if (k.trace !== null) k.trace.emit(T_RDLLIST_DEL, epi.id, ep.id);
  }
  spin_unlock(k, ep.lock);
  epi.ws = null;
  ep.user.epoll_watches--;
  leave(k, 1);
}

/**
 * Removes an item; the caller holds ep->mtx. An item whose file is being released is left to that release. Nobody
 * is woken, nothing is reported. fs/eventpoll.c:ep_remove
 */
export function ep_remove(k: Kernel, ep: eventpoll, epi: epitem): void {
  if (k.trace !== null) k.trace.enter(F.ep_remove, epi.id, ep.id, epi.event.events, ep_is_linked(epi) ? 1 : 0);
  ep_unregister_pollwait(k, epi);
  const file = epi_fget(k, epi);
  if (file !== null) {
    ep_remove_file(k, epi);
    ep_remove_epi(k, ep, epi);
    fput(k, file);
    ep_refcount_dec_and_test(k, ep);
  }
  leave(k, 0);
}
