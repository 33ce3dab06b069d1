/** Wait queues: who stands where, who is called, who is woken, and where a walk ends. */

import { EPOLLHUP, EPOLLIN, POLLFREE, SIGUSR1 } from '../../src/kernel/uapi.js';
import { ERESTARTSYS } from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { list_empty, list_to_array } from '../../src/kernel/list.js';
import { AT_SCHEDULE, type Sleeps } from '../../src/kernel/point.js';
import { TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from '../../src/kernel/task.js';
import {
  __add_wait_queue, __add_wait_queue_entry_tail, __add_wait_queue_exclusive, __wake_up, __wake_up_common, __wake_up_pollfree, __wake_up_sync_key, add_wait_queue,
  add_wait_queue_exclusive, autoremove_wake_function, default_wake_function, finish_wait, prepare_to_wait, prepare_to_wait_event, prepare_to_wait_exclusive,
  remove_wait_queue, wait_queue_entry, wait_queue_head, wait_woken, waitqueue_active, wake_up, wake_up_all, wake_up_poll, WF_SYNC, woken_wake_function,
  WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN,
} from '../../src/kernel/wait.js';
import { machine, run, task } from '../kit.js';

/** An entry that notes its name when it is called, and answers `result`. */
function caller(name: string, log: string[], result = 1): wait_queue_entry {
  return new wait_queue_entry(name, (_k, _entry, _mode, flags, key) => {
    log.push(`${name}${(flags & WF_SYNC) !== 0 ? ' sync' : ''}${key === 0 ? '' : ` ${key}`}`);
    return result;
  });
}

const queue = (): wait_queue_head => new wait_queue_head(1, 'wq');
const names = (q: wait_queue_head): string[] => list_to_array(q.head).map((entry) => entry.private as string);

test('ordinary entries stand newest first, exclusive ones behind them and oldest first', () => {
  const k = machine();
  const q = queue();
  for (const name of ['a', 'b']) add_wait_queue(k, q, caller(name, []));
  for (const name of ['x', 'y']) add_wait_queue_exclusive(k, q, caller(name, []));
  add_wait_queue(k, q, caller('c', []));
  expect(names(q)).toEqual(['c', 'b', 'a', 'x', 'y']);
});

test('an entry with priority stays in front of what is added to the head', () => {
  const k = machine();
  const q = queue();
  const first = caller('first', []);
  first.flags |= WQ_FLAG_PRIORITY;
  __add_wait_queue(k, q, first);
  add_wait_queue(k, q, caller('a', []));
  add_wait_queue(k, q, caller('b', []));
  __add_wait_queue_exclusive(k, q, caller('x', []));
  __add_wait_queue_entry_tail(k, q, caller('last', []));
  expect(names(q)).toEqual(['first', 'x', 'b', 'a', 'last']);
});

test('add_wait_queue takes the exclusive flag away, and the exclusive ways of adding set it', () => {
  const k = machine();
  const q = queue();
  const a = caller('a', []);
  a.flags = WQ_FLAG_EXCLUSIVE;
  add_wait_queue(k, q, a);
  expect(a.flags & WQ_FLAG_EXCLUSIVE).toBe(0);
  const x = caller('x', []);
  __add_wait_queue_exclusive(k, q, x);
  expect(x.flags & WQ_FLAG_EXCLUSIVE).toBe(WQ_FLAG_EXCLUSIVE);
  expect(names(q)).toEqual(['x', 'a']);
});

test('a wake-up calls all ordinary entries, and exclusive ones until as many as asked for have taken it', () => {
  const k = machine();
  const log: string[] = [];
  const q = queue();
  add_wait_queue(k, q, caller('a', log));
  for (const name of ['x', 'y', 'z']) add_wait_queue_exclusive(k, q, caller(name, log));
  wake_up(k, q);
  __wake_up(k, q, TASK_NORMAL, 2, 0);
  wake_up_all(k, q);
  expect(log.join(' ')).toBe('a x a x y a x y z');
});

test('an exclusive entry that did not take the wake-up passes it on', () => {
  const k = machine();
  const log: string[] = [];
  const q = queue();
  for (const [name, result] of [['x', 0], ['y', 1], ['z', 1]] as const) add_wait_queue_exclusive(k, q, caller(name, log, result));
  wake_up(k, q);
  expect(log).toEqual(['x', 'y']);
});

test('a negative answer ends the walk', () => {
  const k = machine();
  const log: string[] = [];
  const q = queue();
  add_wait_queue(k, q, caller('b', log));
  add_wait_queue(k, q, caller('a', log, -1));
  wake_up_all(k, q);
  expect(log).toEqual(['a']);
});

test('the key and the sync hint reach every entry, and a plain wake-up has neither', () => {
  const k = machine();
  const log: string[] = [];
  const q = queue();
  add_wait_queue(k, q, caller('a', log));
  wake_up(k, q);
  wake_up_poll(k, q, EPOLLIN);
  __wake_up_sync_key(k, q, TASK_NORMAL, EPOLLIN);
  __wake_up_pollfree(k, q, EPOLLHUP | POLLFREE);
  expect(log).toEqual(['a', 'a 1', 'a sync 1', `a ${EPOLLHUP | POLLFREE}`]);
});

test('an entry may leave the queue while it is being called', () => {
  const k = machine();
  const log: string[] = [];
  const q = queue();
  const leaver = new wait_queue_entry('leaver', (_k, entry) => {
    log.push('leaver');
    entry.entry.prev.next = entry.entry.next;
    entry.entry.next.prev = entry.entry.prev;
    entry.entry.next = entry.entry.prev = entry.entry;
    return 1;
  });
  add_wait_queue(k, q, caller('a', log));
  add_wait_queue(k, q, leaver);
  wake_up_all(k, q);
  expect(log).toEqual(['leaver', 'a']);
  expect(names(q)).toEqual(['a']);
});

test('__wake_up_common gives back what is left of the exclusive quota', () => {
  const k = machine();
  const q = queue();
  add_wait_queue_exclusive(k, q, caller('x', []));
  expect(__wake_up_common(k, q, TASK_NORMAL, 3, 0, 0)).toBe(2);
});

/** Runs a sleeper on `q` and then what wakes it; whether it woke, and the queue's members afterwards. */
function sleeper(func: wait_queue_entry['func'], state: number, wake: (k: Kernel, q: wait_queue_head) => void): { woke: boolean; active: boolean } {
  const k = machine();
  const q = queue();
  let woke = false;
  task(k, 'sleeper', function* (): Sleeps<void> {
    const entry = new wait_queue_entry(k.current, func);
    add_wait_queue(k, q, entry);
    k.current.__state = state;
    yield AT_SCHEDULE;
    woke = true;
    remove_wait_queue(k, q, entry);
  });
  let active = true;
  task(k, 'waker', function* (): Sleeps<void> {
    wake(k, q);
    active = waitqueue_active(q);
    if (!woke) wake_up_all(k, q);
    yield AT_SCHEDULE;
  });
  run(k);
  return { woke, active };
}

test('a woken task runs again; its entry leaves by itself only with the autoremove function', () => {
  expect(sleeper(default_wake_function, TASK_INTERRUPTIBLE, wake_up)).toEqual({ woke: true, active: true });
  expect(sleeper(autoremove_wake_function, TASK_INTERRUPTIBLE, wake_up)).toEqual({ woke: true, active: false });
});

test('a wake-up for other states wakes nobody, and the entry stays', () => {
  const k = machine();
  const q = queue();
  const results: number[] = [];
  task(k, 'sleeper', function* (): Sleeps<void> {
    const entry = new wait_queue_entry(k.current, autoremove_wake_function);
    add_wait_queue(k, q, entry);
    k.current.__state = TASK_UNINTERRUPTIBLE;
    yield AT_SCHEDULE;
  });
  task(k, 'waker', function* (): Sleeps<void> {
    const [entry] = list_to_array(q.head) as [wait_queue_entry];
    results.push(autoremove_wake_function(k, entry, TASK_INTERRUPTIBLE, 0, 0), Number(waitqueue_active(q)));
    results.push(autoremove_wake_function(k, entry, TASK_NORMAL, 0, 0), Number(waitqueue_active(q)));
    // awake by now: waking once more does nothing
    results.push(default_wake_function(k, entry, TASK_NORMAL, 0, 0));
    yield AT_SCHEDULE;
  });
  run(k);
  expect(results).toEqual([0, 1, 1, 0, 0]);
});

test('prepare_to_wait queues once, at the head, and finish_wait takes the entry off', () => {
  const k = machine();
  const q = queue();
  task(k, 'main', function* (): Sleeps<void> {
    add_wait_queue(k, q, caller('other', []));
    const entry = new wait_queue_entry('me', default_wake_function);
    prepare_to_wait(k, q, entry, TASK_INTERRUPTIBLE);
    prepare_to_wait(k, q, entry, TASK_UNINTERRUPTIBLE);
    expect([names(q), k.current.__state]).toEqual([['me', 'other'], TASK_UNINTERRUPTIBLE]);
    finish_wait(k, q, entry);
    finish_wait(k, q, entry);
    expect([names(q), k.current.__state]).toEqual([['other'], TASK_RUNNING]);
    prepare_to_wait_exclusive(k, q, entry, TASK_INTERRUPTIBLE);
    expect([names(q), entry.flags & WQ_FLAG_EXCLUSIVE]).toEqual([['other', 'me'], WQ_FLAG_EXCLUSIVE]);
    finish_wait(k, q, entry);
    if (k.preempt) yield AT_SCHEDULE;
  });
  run(k);
});

test('prepare_to_wait_event takes the entry off again when a signal is pending', () => {
  const k = machine();
  const q = queue();
  task(k, 'main', function* (): Sleeps<void> {
    const entry = new wait_queue_entry('me', default_wake_function);
    expect(prepare_to_wait_event(k, q, entry, TASK_INTERRUPTIBLE)).toBe(0);
    expect(names(q)).toEqual(['me']);
    k.current.sigpending_flag = true;
    k.current.pending.signal_lo = 1 << (SIGUSR1 - 1);
    expect(prepare_to_wait_event(k, q, entry, TASK_UNINTERRUPTIBLE)).toBe(0);
    expect(prepare_to_wait_event(k, q, entry, TASK_INTERRUPTIBLE)).toBe(-ERESTARTSYS);
    expect(list_empty(entry.entry)).toBe(true);
    k.current.pending.signal_lo = 0;
    k.current.sigpending_flag = false;
    finish_wait(k, q, entry);
    if (k.preempt) yield AT_SCHEDULE;
  });
  run(k);
});

test('wait_woken does not sleep when the wake-up came before, and forgets it then', () => {
  const k = machine();
  const q = queue();
  const log: unknown[] = [];
  task(k, 'main', function* (): Sleeps<void> {
    const entry = new wait_queue_entry(k.current, woken_wake_function);
    add_wait_queue(k, q, entry);
    wake_up(k, q);
    expect(entry.flags & WQ_FLAG_WOKEN).toBe(WQ_FLAG_WOKEN);
    log.push(yield* wait_woken(k, entry, TASK_INTERRUPTIBLE, 1e6), k.clock.nowNs);
    log.push(yield* wait_woken(k, entry, TASK_INTERRUPTIBLE, 1e6), k.clock.nowNs);
    remove_wait_queue(k, q, entry);
  });
  run(k);
  expect(log).toEqual([true, 0, false, 1e6]);
});
