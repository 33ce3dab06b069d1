/**
 * Spinlocks and mutexes with an owner. One task runs at a time and none is preempted inside a spinlocked
 * section, so a spinlock that is taken twice is a bug; a mutex can be contended and its waiters sleep, first
 * come, first served. lockdep notes the order in which classes of locks nest and reports inversions.
 * Linux counterparts: include/linux/spinlock.h, kernel/locking/mutex.c, kernel/locking/lockdep.c.
 */

import type { Kernel } from './kernel.js';
import { BUG_ON } from './bug.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE, type task_struct } from './task.js';
import { try_to_wake_up } from './sched.js';

export const AT_MUTEX = point('mutex_lock', 'before');

/** The order in which lock classes were seen to nest; a lock class is a name such as `ep->lock`. */
export class lockdep {
  private readonly after = new Map<string, Set<string>>();
  private readonly held = new Map<task_struct, string[]>();

  /** `task` takes a lock of class `cls`; throws when the opposite nesting was seen. Nesting of a class in itself is allowed. */
  acquire(task: task_struct, cls: string): void {
    const held = this.held.get(task) ?? [];
    for (const outer of held) {
      if (outer === cls) continue;
      BUG_ON(this.reaches(cls, outer), `lock order: ${cls} is taken inside ${outer}, elsewhere ${outer} inside ${cls}`);
      const inner = this.after.get(outer) ?? new Set();
      inner.add(cls);
      this.after.set(outer, inner);
    }
    this.held.set(task, [...held, cls]);
  }

  release(task: task_struct, cls: string): void {
    const held = this.held.get(task) ?? [];
    const at = held.lastIndexOf(cls);
    BUG_ON(at < 0, `lock order: ${cls} is released by a task that does not hold it`);
    this.held.set(task, held.filter((_, index) => index !== at));
  }

  /** What `task` holds, outermost first. */
  heldBy(task: task_struct): readonly string[] {
    return this.held.get(task) ?? [];
  }

  private reaches(from: string, to: string): boolean {
    const seen = new Set<string>();
    const open = [from];
    for (let cls = open.pop(); cls !== undefined; cls = open.pop()) {
      if (cls === to) return true;
      if (seen.has(cls)) continue;
      seen.add(cls);
      for (const next of this.after.get(cls) ?? []) open.push(next);
    }
    return false;
  }
}

/** A lock of atomic context. */
export class spinlock {
  owner: task_struct | null = null;
  readonly cls: string;

  constructor(cls: string) {
    this.cls = cls;
  }
}

/** Takes a spinlock; nobody sleeps until it is released. include/linux/spinlock.h:spin_lock */
export function spin_lock(k: Kernel, lock: spinlock): void {
  BUG_ON(lock.owner !== null, 'spinlock: taken while it is held');
  lock.owner = k.current;
  k.spinlocks_held++;
  if (k.lockdep !== null) k.lockdep.acquire(k.current, lock.cls);
}

/** include/linux/spinlock.h:spin_unlock */
export function spin_unlock(k: Kernel, lock: spinlock): void {
  BUG_ON(lock.owner !== k.current, 'spinlock: released by another than its owner');
  lock.owner = null;
  k.spinlocks_held--;
  if (k.lockdep !== null) k.lockdep.release(k.current, lock.cls);
}

/** A sleeping lock. */
export class mutex {
  owner: task_struct | null = null;
  readonly waiters: task_struct[] = [];
  readonly cls: string;

  constructor(cls: string) {
    this.cls = cls;
  }
}

/** Takes the mutex if it is free. kernel/locking/mutex.c:mutex_trylock */
export function mutex_trylock(k: Kernel, lock: mutex): boolean {
  if (lock.owner !== null) return false;
  lock.owner = k.current;
  if (k.lockdep !== null) k.lockdep.acquire(k.current, lock.cls);
  return true;
}

/** Sleeps until the mutex is free and takes it. The caller has found it taken. kernel/locking/mutex.c:__mutex_lock_slowpath */
export function* mutex_lock_slowpath(k: Kernel, lock: mutex): Sleeps<void> {
  const task = k.current;
  BUG_ON(lock.owner === task, `mutex ${lock.cls}: a task waits for itself`);
  lock.waiters.push(task);
  do {
    task.__state = TASK_UNINTERRUPTIBLE;
    yield AT_SCHEDULE;
  } while (!mutex_trylock(k, lock));
  task.__state = TASK_RUNNING;
  lock.waiters.splice(lock.waiters.indexOf(task), 1);
}

/** Takes the mutex; sleeps while somebody else holds it. kernel/locking/mutex.c:mutex_lock */
export function* mutex_lock(k: Kernel, lock: mutex): Sleeps<void> {
  if (k.preempt) yield AT_MUTEX;
  if (!mutex_trylock(k, lock)) yield* mutex_lock_slowpath(k, lock);
}

/** Releases the mutex and wakes the first waiter. kernel/locking/mutex.c:mutex_unlock */
export function mutex_unlock(k: Kernel, lock: mutex): void {
  BUG_ON(lock.owner !== k.current, 'mutex: released by another than its owner');
  lock.owner = null;
  if (k.lockdep !== null) k.lockdep.release(k.current, lock.cls);
  const first = lock.waiters[0];
  if (first !== undefined) try_to_wake_up(k, first, TASK_UNINTERRUPTIBLE);
}
