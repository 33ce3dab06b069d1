/**
 * Sleeping until a condition holds: the wait_event() family. A task queues itself, tests its condition, and
 * sleeps until somebody wakes the queue, so that a wake-up between test and sleep is never lost.
 * Linux counterpart: include/linux/wait.h, kernel/sched/wait.c. Left out: the variants that nothing here needs.
 */

import type { Kernel } from './kernel.js';
import { ERESTARTSYS } from './errno.js';
import { list_empty } from './list.js';
import { spin_lock, spin_unlock } from './lock.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { signal_pending } from './sched.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING } from './task.js';
import {
  __add_wait_queue_entry_tail, __remove_wait_queue, autoremove_wake_function, finish_wait, prepare_to_wait_event, wait_queue_entry,
  WQ_FLAG_EXCLUSIVE, type wait_queue_head,
} from './wait.js';

const AT_CONDITION = point('wait_event', 'before the condition');

/** Queues an entry and sleeps until `condition(on)` holds or a signal comes. include/linux/wait.h:___wait_event */
function* ___wait_event<T>(k: Kernel, wq_head: wait_queue_head, condition: (on: T) => boolean, on: T, flags: number): Sleeps<number> {
  const entry = new wait_queue_entry(k.current, autoremove_wake_function);
  entry.flags = flags;
  for (;;) {
    const interrupted = prepare_to_wait_event(k, wq_head, entry, TASK_INTERRUPTIBLE);
    if (k.preempt) yield AT_CONDITION;
    if (condition(on)) break;
    if (interrupted !== 0) return interrupted;
    yield AT_SCHEDULE;
  }
  finish_wait(k, wq_head, entry);
  return 0;
}

/**
 * Sleeps until `condition(on)` holds; every waker of the queue reaches this waiter. include/linux/wait.h:wait_event_interruptible
 * @returns 0, or -ERESTARTSYS when a signal came first
 */
export function* wait_event_interruptible<T>(k: Kernel, wq_head: wait_queue_head, condition: (on: T) => boolean, on: T): Sleeps<number> {
  return condition(on) ? 0 : yield* ___wait_event(k, wq_head, condition, on, 0);
}

/**
 * As wait_event_interruptible, but exclusive and at the tail: one wake-up reaches one such waiter, the oldest. Sleeps.
 * include/linux/wait.h:wait_event_interruptible_exclusive
 * @returns 0, or -ERESTARTSYS when a signal came first
 */
export function* wait_event_interruptible_exclusive<T>(k: Kernel, wq_head: wait_queue_head, condition: (on: T) => boolean, on: T): Sleeps<number> {
  return condition(on) ? 0 : yield* ___wait_event(k, wq_head, condition, on, WQ_FLAG_EXCLUSIVE);
}

/**
 * Sleeps until `condition(on)` holds; the caller holds the queue's lock, which is dropped while the task sleeps.
 * The waiter is not exclusive, yet stands at the tail. include/linux/wait.h:wait_event_interruptible_locked_irq
 * @returns 0, or -ERESTARTSYS when a signal came first
 */
export function* wait_event_interruptible_locked_irq<T>(k: Kernel, wq_head: wait_queue_head, condition: (on: T) => boolean, on: T): Sleeps<number> {
  if (condition(on)) return 0;
  const task = k.current;
  const entry = new wait_queue_entry(task, autoremove_wake_function);
  let ret = 0;
  do {
    if (list_empty(entry.entry)) __add_wait_queue_entry_tail(k, wq_head, entry);
    task.__state = TASK_INTERRUPTIBLE;
    if (signal_pending(task)) {
      ret = -ERESTARTSYS;
      break;
    }
    spin_unlock(k, wq_head.lock);
    yield AT_SCHEDULE;
    spin_lock(k, wq_head.lock);
  } while (!condition(on));
  if (!list_empty(entry.entry)) __remove_wait_queue(k, wq_head, entry);
  task.__state = TASK_RUNNING;
  return ret;
}
