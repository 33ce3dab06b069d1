/**
 * Wait queues: who is told when something happens to an object. An entry is a function to call; sleeping tasks
 * use functions that wake them, epoll uses ep_poll_callback. Where an entry is put (head or tail), whether it is
 * exclusive and what its function returns decide who is woken. Linux counterpart: kernel/sched/wait.c.
 */

import type { Kernel } from './kernel.js';
import { leave, T_WQ_ADD, T_WQ_DEL, traced } from './trace.js';
import { list_add, list_add_tail, list_del_init, list_empty, list_head } from './list.js';
import { spin_lock, spin_unlock, spinlock } from './lock.js';
import { schedule_hrtimeout, signal_pending, try_to_wake_up } from './sched.js';
import { TASK_NORMAL, TASK_RUNNING, type task_struct } from './task.js';
import { AT_SCHEDULE, type Sleeps } from './point.js';
import { ERESTARTSYS } from './errno.js';

export const WQ_FLAG_EXCLUSIVE = 0x01;
export const WQ_FLAG_WOKEN = 0x02;
export const WQ_FLAG_PRIORITY = 0x10;

/** Wake flag: the waker is about to sleep (a hint to the scheduler, and the name of the call in a trace). */
export const WF_SYNC = 0x10;

export const WAIT_FUNCTIONS = traced(1, {
  __wake_up: 'head:wq nr:int key:mask',
  __wake_up_common_lock: 'head:wq nr:int key:mask',
  __wake_up_common: 'head:wq nr:int key:mask -> int',
  __wake_up_locked: 'head:wq nr:int',
  __wake_up_locked_key: 'head:wq key:mask',
  __wake_up_locked_sync_key: 'head:wq key:mask',
  __wake_up_sync: 'head:wq',
  __wake_up_sync_key: 'head:wq key:mask',
  __wake_up_pollfree: 'head:wq',
  add_wait_queue: 'head:wq',
  add_wait_queue_exclusive: 'head:wq',
  remove_wait_queue: 'head:wq',
  prepare_to_wait: 'head:wq',
  prepare_to_wait_exclusive: 'head:wq',
  prepare_to_wait_event: 'head:wq -> int',
  finish_wait: 'head:wq',
  default_wake_function: 'key:mask sync:bool task:task -> int',
  autoremove_wake_function: 'key:mask sync:bool task:task -> int',
  woken_wake_function: 'key:mask sync:bool task:task -> int',
  wait_woken: '-> int',
});
const F = WAIT_FUNCTIONS.id;

/**
 * Called by a waker for one entry, with the queue's lock held.
 * @param key poll mask of what happened; 0: nothing is known
 * @returns > 0 the entry took the wake-up, 0 it did not, < 0 the walk stops
 */
export type wait_queue_func_t = (k: Kernel, wq_entry: wait_queue_entry, mode: number, flags: number, key: number) => number;

/** One who waits. */
export class wait_queue_entry {
  flags = 0;
  /** the sleeping task, or whatever `func` needs */
  private: unknown;
  func: wait_queue_func_t;
  readonly entry: list_head<wait_queue_entry> = new list_head<wait_queue_entry>(this);

  constructor(priv: unknown, func: wait_queue_func_t) {
    this.private = priv;
    this.func = func;
  }
}

/** The queue of an object. */
export class wait_queue_head {
  readonly lock: spinlock;
  readonly head: list_head<wait_queue_entry> = new list_head<wait_queue_entry>(null);
  /** id of the object the queue belongs to, and the queue's name in it: `wq`, `poll_wait`, `rd_wait` ... */
  readonly owner: number;
  readonly name: string;
  /** how a trace names it: owner and queue in one number */
  readonly id: number;

  /** @param cls lock class: queues that nest in one another differ in it */
  constructor(owner: number, name: string, cls = name) {
    this.lock = new spinlock(cls);
    this.owner = owner;
    this.name = name;
    this.id = owner * WAIT_QUEUE_NAMES.length + Math.max(0, WAIT_QUEUE_NAMES.indexOf(name));
  }
}

/** The names of queues, so that a trace can hold a queue in one integer. */
export const WAIT_QUEUE_NAMES: readonly string[] = [
  '?', 'wq', 'poll_wait', 'wqh', 'rd_wait', 'wr_wait', 'signalfd_wqh', 'wait_chldexit', 'peer_wait', 'page', 'other', 'wait_pidfd',
];

/** True when somebody waits; read without the lock. include/linux/wait.h:waitqueue_active */
export function waitqueue_active(wq_head: wait_queue_head): boolean {
  return !list_empty(wq_head.head);
}

function note(k: Kernel, kind: number, wq_head: wait_queue_head, entry: wait_queue_entry): void {
  const who = entry.private as { pid?: number; id?: number } | null;
  k.trace!.emit(kind, wq_head.id, who?.pid ?? who?.id ?? 0, entry.flags & WQ_FLAG_EXCLUSIVE);
}

/** Inserts behind the priority entries, before all others. include/linux/wait.h:__add_wait_queue */
export function __add_wait_queue(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  let at: list_head<wait_queue_entry> = wq_head.head;
  while (at.next !== wq_head.head && (at.next.owner!.flags & WQ_FLAG_PRIORITY) !== 0) at = at.next;
  list_add(wq_entry.entry, at);
  if (k.trace !== null) note(k, T_WQ_ADD, wq_head, wq_entry);
}

/** Exclusive, yet at the head: the waiters of one epoll are served last come, first served. include/linux/wait.h:__add_wait_queue_exclusive */
export function __add_wait_queue_exclusive(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  wq_entry.flags |= WQ_FLAG_EXCLUSIVE;
  __add_wait_queue(k, wq_head, wq_entry);
}

/** include/linux/wait.h:__add_wait_queue_entry_tail */
export function __add_wait_queue_entry_tail(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  list_add_tail(wq_entry.entry, wq_head.head);
  if (k.trace !== null) note(k, T_WQ_ADD, wq_head, wq_entry);
}

/** include/linux/wait.h:__remove_wait_queue */
export function __remove_wait_queue(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  list_del_init(wq_entry.entry);
  if (k.trace !== null) note(k, T_WQ_DEL, wq_head, wq_entry);
}

/** Non-exclusive, at the head: the newest is called first. kernel/sched/wait.c:add_wait_queue */
export function add_wait_queue(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  if (k.trace !== null) k.trace.enter(F.add_wait_queue, wq_head.id);
  wq_entry.flags &= ~WQ_FLAG_EXCLUSIVE;
  spin_lock(k, wq_head.lock);
  __add_wait_queue(k, wq_head, wq_entry);
  spin_unlock(k, wq_head.lock);
  leave(k, 0);
}

/** Exclusive, at the tail: the oldest is called first. kernel/sched/wait.c:add_wait_queue_exclusive */
export function add_wait_queue_exclusive(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  if (k.trace !== null) k.trace.enter(F.add_wait_queue_exclusive, wq_head.id);
  wq_entry.flags |= WQ_FLAG_EXCLUSIVE;
  spin_lock(k, wq_head.lock);
  __add_wait_queue_entry_tail(k, wq_head, wq_entry);
  spin_unlock(k, wq_head.lock);
  leave(k, 0);
}

/** kernel/sched/wait.c:remove_wait_queue */
export function remove_wait_queue(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  if (k.trace !== null) k.trace.enter(F.remove_wait_queue, wq_head.id);
  spin_lock(k, wq_head.lock);
  __remove_wait_queue(k, wq_head, wq_entry);
  spin_unlock(k, wq_head.lock);
  leave(k, 0);
}

/**
 * Walks the queue from head to tail and calls every entry, until `nr_exclusive` exclusive ones took the wake-up.
 * An entry may unlink itself. kernel/sched/wait.c:__wake_up_common
 * @param nr_exclusive 0: all of them
 * @returns what is left of nr_exclusive
 */
export function __wake_up_common(k: Kernel, wq_head: wait_queue_head, mode: number, nr_exclusive: number, wake_flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.__wake_up_common, wq_head.id, nr_exclusive, key);
  const { head } = wq_head;
  let left = nr_exclusive;
  let link = head.next;
  while (link !== head) {
    const next = link.next;
    const curr = link.owner!;
    const { flags } = curr;
    const ret = curr.func(k, curr, mode, wake_flags, key);
    if (ret < 0) break;
    if (ret !== 0 && (flags & WQ_FLAG_EXCLUSIVE) !== 0 && --left === 0) break;
    link = next;
  }
  return leave(k, left);
}

function __wake_up_common_lock(k: Kernel, wq_head: wait_queue_head, mode: number, nr_exclusive: number, wake_flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.__wake_up_common_lock, wq_head.id, nr_exclusive, key);
  spin_lock(k, wq_head.lock);
  const left = __wake_up_common(k, wq_head, mode, nr_exclusive, wake_flags, key);
  spin_unlock(k, wq_head.lock);
  return leave(k, nr_exclusive - left);
}

/** Wakes all non-exclusive entries and `nr_exclusive` exclusive ones (0: all). kernel/sched/wait.c:__wake_up */
export function __wake_up(k: Kernel, wq_head: wait_queue_head, mode: number, nr_exclusive: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.__wake_up, wq_head.id, nr_exclusive, key);
  return leave(k, __wake_up_common_lock(k, wq_head, mode, nr_exclusive, 0, key));
}

/** As __wake_up, by a waker that is about to sleep. kernel/sched/wait.c:__wake_up_sync_key */
export function __wake_up_sync_key(k: Kernel, wq_head: wait_queue_head, mode: number, key: number): void {
  if (k.trace !== null) k.trace.enter(F.__wake_up_sync_key, wq_head.id, key);
  __wake_up_common_lock(k, wq_head, mode, 1, WF_SYNC, key);
  leave(k, 0);
}

/** As __wake_up_sync_key without a key. kernel/sched/wait.c:__wake_up_sync */
export function __wake_up_sync(k: Kernel, wq_head: wait_queue_head, mode: number): void {
  if (k.trace !== null) k.trace.enter(F.__wake_up_sync, wq_head.id);
  __wake_up_common_lock(k, wq_head, mode, 1, WF_SYNC, 0);
  leave(k, 0);
}

/** As __wake_up by a caller that holds the queue's lock. kernel/sched/wait.c:__wake_up_locked_key */
export function __wake_up_locked_key(k: Kernel, wq_head: wait_queue_head, mode: number, key: number): void {
  if (k.trace !== null) k.trace.enter(F.__wake_up_locked_key, wq_head.id, key);
  __wake_up_common(k, wq_head, mode, 1, 0, key);
  leave(k, 0);
}

/** Wakes one exclusive and all others, nothing known. include/linux/wait.h:wake_up */
export function wake_up(k: Kernel, wq_head: wait_queue_head): void {
  __wake_up(k, wq_head, TASK_NORMAL, 1, 0);
}

/** Wakes everybody, nothing known. include/linux/wait.h:wake_up_all */
export function wake_up_all(k: Kernel, wq_head: wait_queue_head): void {
  __wake_up(k, wq_head, TASK_NORMAL, 0, 0);
}

/** Wakes one exclusive and all others, with a poll mask. include/linux/wait.h:wake_up_poll */
export function wake_up_poll(k: Kernel, wq_head: wait_queue_head, key: number): void {
  __wake_up(k, wq_head, TASK_NORMAL, 1, key);
}

/** Tells every entry that the queue goes away. kernel/sched/wait.c:__wake_up_pollfree */
export function __wake_up_pollfree(k: Kernel, wq_head: wait_queue_head, key: number): void {
  if (k.trace !== null) k.trace.enter(F.__wake_up_pollfree, wq_head.id);
  __wake_up_common_lock(k, wq_head, TASK_NORMAL, 0, 0, key);
  leave(k, 0);
}

/** Wakes the task of an entry; 1 if it slept in a state that matches. kernel/sched/core.c:default_wake_function */
export function default_wake_function(k: Kernel, wq_entry: wait_queue_entry, mode: number, flags: number, key: number): number {
  const task = wq_entry.private as task_struct;
  if (k.trace !== null) k.trace.enter(F.default_wake_function, key, flags & WF_SYNC ? 1 : 0, task.pid);
  return leave(k, try_to_wake_up(k, task, mode));
}

/** As default_wake_function; an entry that was woken leaves the queue. kernel/sched/wait.c:autoremove_wake_function */
export function autoremove_wake_function(k: Kernel, wq_entry: wait_queue_entry, mode: number, flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.autoremove_wake_function, key, flags & WF_SYNC ? 1 : 0, (wq_entry.private as task_struct).pid);
  const ret = default_wake_function(k, wq_entry, mode, flags, key);
  if (ret !== 0) list_del_init(wq_entry.entry);
  return leave(k, ret);
}

/** Remembers the wake-up, for waits that test their condition between wake-up and sleep. kernel/sched/wait.c:woken_wake_function */
export function woken_wake_function(k: Kernel, wq_entry: wait_queue_entry, mode: number, flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.woken_wake_function, key, flags & WF_SYNC ? 1 : 0, (wq_entry.private as task_struct).pid);
  wq_entry.flags |= WQ_FLAG_WOKEN;
  return leave(k, default_wake_function(k, wq_entry, mode, flags, key));
}

/** Queues a non-exclusive entry (once) and sets the state to sleep in. kernel/sched/wait.c:prepare_to_wait */
export function prepare_to_wait(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry, state: number): void {
  if (k.trace !== null) k.trace.enter(F.prepare_to_wait, wq_head.id);
  wq_entry.flags &= ~WQ_FLAG_EXCLUSIVE;
  if (list_empty(wq_entry.entry)) __add_wait_queue(k, wq_head, wq_entry);
  k.current.__state = state;
  leave(k, 0);
}

/** Queues an exclusive entry at the tail (once) and sets the state. kernel/sched/wait.c:prepare_to_wait_exclusive */
export function prepare_to_wait_exclusive(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry, state: number): void {
  if (k.trace !== null) k.trace.enter(F.prepare_to_wait_exclusive, wq_head.id);
  wq_entry.flags |= WQ_FLAG_EXCLUSIVE;
  if (list_empty(wq_entry.entry)) __add_wait_queue_entry_tail(k, wq_head, wq_entry);
  k.current.__state = state;
  leave(k, 0);
}

/**
 * One turn of wait_event_interruptible(): queues the entry, or takes it off again when a signal is pending.
 * kernel/sched/wait.c:prepare_to_wait_event
 * @returns 0, or -ERESTARTSYS
 */
export function prepare_to_wait_event(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry, state: number): number {
  if (k.trace !== null) k.trace.enter(F.prepare_to_wait_event, wq_head.id);
  if ((state & 1) !== 0 && signal_pending(k.current)) {
    list_del_init(wq_entry.entry);
    return leave(k, -ERESTARTSYS);
  }
  if (list_empty(wq_entry.entry)) {
    if ((wq_entry.flags & WQ_FLAG_EXCLUSIVE) !== 0) __add_wait_queue_entry_tail(k, wq_head, wq_entry);
    else __add_wait_queue(k, wq_head, wq_entry);
  }
  k.current.__state = state;
  return leave(k, 0);
}

/** Runs again, off the queue. kernel/sched/wait.c:finish_wait */
export function finish_wait(k: Kernel, wq_head: wait_queue_head, wq_entry: wait_queue_entry): void {
  if (k.trace !== null) k.trace.enter(F.finish_wait, wq_head.id);
  k.current.__state = TASK_RUNNING;
  if (!list_empty(wq_entry.entry)) __remove_wait_queue(k, wq_head, wq_entry);
  leave(k, 0);
}

/**
 * Sleeps unless the entry was woken since it was queued. kernel/sched/wait.c:wait_woken
 * @param deadlineNs absolute CLOCK_MONOTONIC, Infinity for none
 * @returns true while the deadline has not passed
 */
export function* wait_woken(k: Kernel, wq_entry: wait_queue_entry, mode: number, deadlineNs: number): Sleeps<boolean> {
  if (k.trace !== null) k.trace.enter(F.wait_woken);
  const task = k.current;
  task.__state = mode;
  if ((wq_entry.flags & WQ_FLAG_WOKEN) === 0) {
    if (deadlineNs === Infinity) yield AT_SCHEDULE;
    else yield* schedule_hrtimeout(k, deadlineNs);
  }
  task.__state = TASK_RUNNING;
  wq_entry.flags &= ~WQ_FLAG_WOKEN;
  leave(k, 0);
  return deadlineNs > k.clock.nowNs;
}
