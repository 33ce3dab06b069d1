/** Spinlocks and mutexes know their owners; lockdep knows in which order classes of locks nest. */

import type { Kernel } from '../../src/kernel/kernel.js';
import { lockdep, mutex, mutex_lock, mutex_trylock, mutex_unlock, spin_lock, spin_unlock, spinlock } from '../../src/kernel/lock.js';
import { AT_SCHEDULE, type Sleeps } from '../../src/kernel/point.js';
import { AT_RESCHED } from '../../src/kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../../src/kernel/task.js';
import { machine, run, task } from '../kit.js';

test('a spinlock is held by one, once, and released by its owner', () => {
  const k = machine();
  const lock = new spinlock('ep->lock');
  spin_lock(k, lock);
  expect([lock.owner, k.spinlocks_held]).toEqual([k.current, 1]);
  expect(() => spin_lock(k, lock)).toThrow('taken while it is held');
  spin_unlock(k, lock);
  expect([lock.owner, k.spinlocks_held]).toEqual([null, 0]);
  expect(() => spin_unlock(k, lock)).toThrow('released by another than its owner');
});

test('a task that holds a spinlock must not sleep', () => {
  const k = machine();
  task(k, 'main', function* (): Sleeps<void> {
    spin_lock(k, new spinlock('ep->lock'));
    k.current.__state = TASK_INTERRUPTIBLE;
    yield AT_SCHEDULE;
  });
  expect(() => run(k)).toThrow('scheduling while atomic');
});

test('a free mutex is taken at once, a taken one is not', () => {
  const k = machine();
  const lock = new mutex('ep->mtx');
  expect([mutex_trylock(k, lock), mutex_trylock(k, lock)]).toEqual([true, false]);
  mutex_unlock(k, lock);
  expect(lock.owner).toBe(null);
  expect(() => mutex_unlock(k, lock)).toThrow('released by another than its owner');
});

/** A task that holds the mutex while others run. */
function* holder(k: Kernel, lock: mutex, log: string[]): Sleeps<void> {
  const name = k.current.comm;
  yield* mutex_lock(k, lock);
  log.push(`${name} in`);
  yield AT_RESCHED;
  log.push(`${name} out`);
  mutex_unlock(k, lock);
}

test('who waits for a mutex gets it first come, first served', () => {
  const k = machine();
  const lock = new mutex('ep->mtx');
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) task(k, name, () => holder(k, lock, log));
  run(k);
  expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  expect([lock.owner, lock.waiters]).toEqual([null, []]);
});

test('a task that waits for its own mutex is a bug that is said', () => {
  const k = machine();
  const lock = new mutex('ep->mtx');
  task(k, 'main', function* (): Sleeps<void> {
    yield* mutex_lock(k, lock);
    yield* mutex_lock(k, lock);
  });
  expect(() => run(k)).toThrow('mutex ep->mtx: a task waits for itself');
});

test('two classes that nest both ways are reported, also through a third', () => {
  const k = machine();
  const order = new lockdep();
  const nest = (...classes: string[]): void => {
    for (const cls of classes) order.acquire(k.idle, cls);
    for (const cls of classes) order.release(k.idle, cls);
  };
  nest('ep->mtx', 'ep->lock');
  nest('ep->mtx', 'ep->lock');
  nest('ep->lock', 'wq.lock');
  expect(() => nest('wq.lock', 'ep->mtx')).toThrow('lock order: ep->mtx is taken inside wq.lock, elsewhere wq.lock inside ep->mtx');
});

test('locks of one class may nest in each other, as inner epolls do', () => {
  const k = machine();
  const order = new lockdep();
  order.acquire(k.idle, 'ep->mtx');
  order.acquire(k.idle, 'ep->mtx');
  expect(order.heldBy(k.idle)).toEqual(['ep->mtx', 'ep->mtx']);
  order.release(k.idle, 'ep->mtx');
  expect(order.heldBy(k.idle)).toEqual(['ep->mtx']);
  order.release(k.idle, 'ep->mtx');
  expect(() => order.release(k.idle, 'ep->mtx')).toThrow('released by a task that does not hold it');
});
