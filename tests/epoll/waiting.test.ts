/** Tasks asleep in epoll_wait: who is woken, by what, and who is not. Facts F49 to F57, F60 to F62, F114 and F115. */

import { EP_NO_WAIT, ep_poll } from '../../src/epoll/ep_wait.js';
import type { eventpoll } from '../../src/epoll/eventpoll.js';
import { EINTR, EINVAL } from '../../src/kernel/errno.js';
import { SIGKILL } from '../../src/kernel/uapi.js';
import { mem, simulate } from '../kit.js';
import {
  ADD, add, close, concurrently, ctl, DEL, dup, efd, epoll, ET, ev, IN, type Kernel, MOD, now, onEverySchedule, ONESHOT, OUT, type Outcome, poll, post,
  sleep, type Sleeps, Stalled, type Start, take, wait, waitInto,
} from './fixture.js';
import type { KernelOptions } from '../../src/kernel/kernel.js';

/** Four threads A, B, C, D that go to sleep in this order, 1 ms apart, each for 1000 ms unless said otherwise. */
function* fourWait(k: Kernel, start: Start, e: number, timeoutMs = 1000): Sleeps<void> {
  for (const name of ['A', 'B', 'C', 'D']) {
    start(name, () => wait(k, e, 8, timeoutMs));
    yield* sleep(k, 1);
  }
}

/** Names of the threads that got events, in the order in which they returned. */
function whoGot({ threads }: Outcome<unknown>): string[] {
  return Object.entries(threads).filter(([, { value }]) => (value as unknown[]).length > 0).sort((a, b) => a[1].place - b[1].place).map(([name]) => name);
}

test('F49: one edge wakes one waiter, the one that went to sleep last; the next edge the one before it', () => {
  const outcome = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN | ET);
    yield* fourWait(k, start, e);
    yield* post(k, a);
    yield* sleep(k, 10);
    yield* post(k, a);
    yield* sleep(k, 2000);
  });
  expect(whoGot(outcome)).toEqual(['D', 'C']);
  expect(outcome.values['A']).toEqual([]);
  expect(outcome.values['B']).toEqual([]);
});

test('F49: on every schedule one edge is reported to exactly one of the waiters', () => {
  onEverySchedule(200, (options) => {
    const outcome = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const a = yield* efd(k);
      yield* add(k, e, a, IN | ET);
      for (const name of ['A', 'B', 'C', 'D']) start(name, () => wait(k, e, 8, 1000));
      yield* post(k, a);
      yield* sleep(k, 2000);
    }, options);
    expect(whoGot(outcome)).toHaveLength(1);
    expect(Object.keys(outcome.threads)).toHaveLength(4);
  });
});

test('F50: a level-triggered event that nobody drains comes to all waiters, last sleeper first', () => {
  const outcome = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN);
    yield* fourWait(k, start, e);
    yield* post(k, a);
    yield* sleep(k, 10);
  });
  expect(whoGot(outcome)).toEqual(['D', 'C', 'B', 'A']);
});

test('F50: on every schedule a level-triggered event reaches all who wait', () => {
  onEverySchedule(200, (options) => {
    const outcome = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const a = yield* efd(k);
      yield* add(k, e, a, IN);
      for (const name of ['A', 'B', 'C']) start(name, () => wait(k, e, 8, -1));
      yield* post(k, a);
      yield* sleep(k, 2000);
    }, options);
    expect(whoGot(outcome)).toHaveLength(3);
  });
});

test('F51: a one-shot item wakes one waiter for any number of writes, and one more after EPOLL_CTL_MOD', () => {
  const outcome = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN | ONESHOT);
    yield* fourWait(k, start, e);
    yield* post(k, a);
    yield* post(k, a);
    yield* sleep(k, 10);
    expect(yield* ctl(k, e, MOD, a, IN | ONESHOT)).toBe(0);
    yield* sleep(k, 2000);
  });
  expect(whoGot(outcome)).toEqual(['D', 'C']);
});

test('F52: two items of one file are told to two waiters with room for one each', () => {
  const { values, result: [a, b] } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const first = yield* efd(k);
    const second = yield* dup(k, first);
    yield* add(k, e, first, IN | ET);
    yield* add(k, e, second, IN | ET);
    start('A', () => wait(k, e, 1, -1));
    start('B', () => wait(k, e, 1, -1));
    yield* sleep(k, 1);
    yield* post(k, first);
    yield* sleep(k, 1);
    return [first, second] as const;
  });
  expect(values).toEqual({ B: [ev(b, IN)], A: [ev(a, IN)] });
});

test('F53: adding a ready file, or changing an item to what is ready, wakes a waiter', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const fd = yield* efd(k, 1);
    start('on ADD', () => wait(k, e, 8, -1));
    yield* sleep(k, 1);
    yield* add(k, e, fd, IN | ONESHOT);
    yield* sleep(k, 1);
    start('on MOD', () => wait(k, e, 8, -1));
    yield* sleep(k, 1);
    expect(yield* ctl(k, e, MOD, fd, OUT | ET)).toBe(0);
    yield* sleep(k, 1);
    return fd;
  });
  expect(values).toEqual({ 'on ADD': [ev(a, IN)], 'on MOD': [ev(a, OUT)] });
});

test('F54: a waiter that is woken for nothing keeps its first deadline', () => {
  const { threads } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN);
    start('waiter', () => wait(k, e, 8, 300));
    yield* sleep(k, 100);
    yield* post(k, a);
    expect(yield* take(k, a)).toBe(1);
    yield* sleep(k, 1000);
  });
  expect(threads['waiter']).toMatchObject({ value: [], atMs: 300 });
});

test('F55: a write does not wake who only waits for room', () => {
  const { values } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, OUT | ET);
    expect(yield* wait(k, e)).toEqual([ev(a, OUT)]);
    start('waiter', () => wait(k, e, 8, -1));
    yield* sleep(k, 1);
    yield* post(k, a);
    yield* sleep(k, 1000);
  });
  expect(values).toEqual({});
});

test('F56: closing the epoll does not wake its waiter, which still gets events', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const fd = yield* efd(k);
    yield* add(k, e, fd, IN);
    start('waiter', () => wait(k, e, 8, -1));
    yield* sleep(k, 1);
    expect(yield* close(k, e)).toBe(0);
    yield* sleep(k, 1000);
    yield* post(k, fd);
    yield* sleep(k, 1);
    return fd;
  });
  expect(values).toEqual({ waiter: [ev(a, IN)] });
});

test('F57: removing or closing the watched file wakes nobody', () => {
  for (const how of ['DEL', 'close'] as const) {
    const { threads } = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const a = yield* efd(k);
      yield* add(k, e, a, IN);
      start('waiter', () => wait(k, e, 8, 300));
      yield* sleep(k, 100);
      expect(how === 'DEL' ? yield* ctl(k, e, DEL, a, 0) : yield* close(k, a)).toBe(0);
      yield* sleep(k, 1000);
    });
    expect(threads['waiter']).toMatchObject({ value: [], atMs: 300 });
  }
});

test('F60: a stalled delivery holds up everything that needs the set, but no check that comes before', () => {
  const { threads, values } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    const b = yield* efd(k);
    const c = yield* efd(k);
    yield* add(k, e, a, IN);
    yield* add(k, e, b, IN);
    const buffer = new Stalled(k, 8);
    start('scan', () => waitInto(k, e, buffer.memory, 8, 0));
    yield* sleep(k, 10);
    start('wait', () => wait(k, e));
    start('ctl', () => ctl(k, e, ADD, c, IN));
    start('poll', () => poll(k, e, IN));
    start('close', () => close(k, b));
    start('self-add', () => ctl(k, e, ADD, e, IN));
    yield* sleep(k, 90);
    buffer.release(k);
    yield* sleep(k, 1);
    return a;
  });
  expect(threads['self-add']).toMatchObject({ value: -EINVAL, atMs: 10 });
  for (const name of ['wait', 'ctl', 'poll', 'close']) expect(threads[name]!.atMs).toBe(100);
  expect([values['ctl'], values['poll'], values['close']]).toEqual([0, IN, 0]);
  expect(values['wait']).toEqual(values['scan']);
});

test('F61: what fires during a stalled delivery goes to another waiter as soon as that delivery ends', () => {
  const { threads, result: b } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    const other = yield* efd(k);
    yield* add(k, e, a, IN | ET);
    yield* add(k, e, other, IN | ET);
    start('A', () => wait(k, e, 8, -1));
    yield* sleep(k, 1);
    const buffer = new Stalled(k, 8);
    start('B', () => waitInto(k, e, buffer.memory, 8, -1));
    yield* sleep(k, 1);
    yield* post(k, a); // B went to sleep last
    yield* sleep(k, 1);
    yield* post(k, other);
    yield* sleep(k, 97);
    buffer.release(k);
    yield* sleep(k, 1);
    return other;
  });
  expect(threads['A']).toMatchObject({ value: [ev(b, IN)], atMs: 100 });
});

test('F62: a file that is being closed during a stalled delivery is not reported by it', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const fd = yield* efd(k, 1);
    const target = yield* efd(k, 1);
    yield* add(k, e, fd, IN);
    yield* add(k, e, target, IN);
    const buffer = new Stalled(k, 8);
    start('scan', () => waitInto(k, e, buffer.memory, 8, 0));
    yield* sleep(k, 1);
    start('close', () => close(k, target));
    yield* sleep(k, 1);
    buffer.release(k);
    yield* sleep(k, 1);
    return fd;
  });
  expect(values).toEqual({ scan: [ev(a, IN)], close: 0 });
});

/** A waiter whose deadline and a write fall on the same instant. */
function timerAndWrite(options: KernelOptions): Outcome<number> {
  return concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, IN | ET);
    start('waiter', () => wait(k, e, 8, 100));
    yield* sleep(k, 100);
    yield* post(k, a);
    yield* sleep(k, 100);
    return a;
  }, options);
}

test('F114: a waiter whose timer fired and who was woken before it looked takes the event', () => {
  const seen = new Set<string>();
  onEverySchedule(200, (options) => {
    const { k, values, result: a } = timerAndWrite(options);
    const got = values['waiter'] as unknown[];
    seen.add(got.length === 0 ? 'time is up' : 'event');
    if (got.length > 0) expect(got).toEqual([ev(a, IN)]);
    expect(now(k)).toBeLessThan(300);
  });
  expect([...seen].sort()).toEqual(['event', 'time is up']);
});

test('F115: a task that is being killed takes no event: delivery answers EINTR, and the event stays queued', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    yield* add(k, e, a, IN | ET);
    const ep = k.current.files.at(e)!.private_data as eventpoll;
    // SIGKILL comes between the system call's entry and the look at the ready list: no program can be there to see it
    k.current.pending.signal_lo |= 1 << (SIGKILL - 1);
    k.current.sigpending_flag = true;
    expect(ep_poll(k, ep, mem(12), 1, EP_NO_WAIT)).toBe(-EINTR);
    k.current.pending.signal_lo &= ~(1 << (SIGKILL - 1));
    k.current.sigpending_flag = false;
    expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
  });
});
