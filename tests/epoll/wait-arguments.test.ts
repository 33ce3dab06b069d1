/** The arguments of epoll_wait: descriptors, maxevents, the buffer, the timeout. Facts F17 to F21 and F24. */

import { bad_pointer, put_user_s64 } from '../../src/kernel/uaccess.js';
import { EFAULT } from '../../src/kernel/errno.js';
import { mem, simulate, sys } from '../kit.js';
import { add, concurrently, efd, epoll, ev, holds, IN, now, post, sleep, wait } from './fixture.js';

test('F17: epoll_wait wants an open descriptor first, then room for at least one event', () => {
  holds(`
    wait -1 8 0 -> EBADF
    wait -1 0 0 -> EBADF
    wait 500 8 0 -> EBADF
    e = epoll_create1
    a = eventfd2
    wait e 0 0 -> EINVAL
    wait e -1 0 -> EINVAL
    wait a 0 0 -> EINVAL
    wait a -1 0 -> EINVAL
  `);
});

test('F18: maxevents may be as large as INT_MAX bytes of events, and no larger', () => {
  holds(`
    e = epoll_create1
    wait e 178956970 0 -> 0
    wait e 178956971 0 -> EINVAL
    wait e 2147483647 0 -> EINVAL
  `);
});

test('F19: a NULL buffer is noticed only when there is something to store, a kernel pointer always', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    wait e 8 0 nowhere -> 0
    wait e 8 0 kernel -> EFAULT
    wait a 8 0 kernel -> EFAULT
    wait a 8 0 -> EINVAL
    wait e 0 0 kernel -> EINVAL
  `);
});

test('F20: an event that could not be stored is not lost, whatever its trigger', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN
    wait e 8 0 nowhere -> EFAULT
    wait e -> a:IN
    wait e -> a:IN
    ctl e DEL a

    ctl e ADD a IN|ET
    wait e 8 0 nowhere -> EFAULT
    wait e -> a:IN
    wait e -> 0
    ctl e DEL a

    ctl e ADD a IN|ONESHOT
    wait e 8 0 nowhere -> EFAULT
    wait e -> a:IN
    wait e -> 0
  `);
});

test('F21: a buffer that ends in the middle gets what fits, and the rest comes first next time', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    c = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN
    ctl e ADD c IN
    wait e 3 0 12 -> a:IN
    wait e -> b:IN c:IN a:IN
    wait e 3 0 4 -> EFAULT
    wait e 3 0 16 -> b:IN
    wait e -> c:IN a:IN b:IN
  `);
});

test('F21: a fault in the second half of an event leaves its first half written', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    yield* add(k, e, yield* efd(k, 1), IN);
    const memory = mem(12);
    memory.faultAt = 4;
    expect(yield* sys(k, 'epoll_wait', e, memory, 1, 0)).toBe(-EFAULT);
    expect([...memory.bytes]).toEqual([IN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

test('F24: any negative timeout waits for ever', () => {
  for (const timeout of [-1, -2, -5, -2147483648]) {
    const { values } = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const a = yield* efd(k);
      yield* add(k, e, a, IN);
      start('waiter', () => wait(k, e, 8, timeout));
      start('other', () => wait(k, e, 8, timeout));
      yield* sleep(k, 3_600_000);
      yield* post(k, a);
      return a;
    });
    expect(Object.keys(values)).toEqual(['other', 'waiter']);
  }
});

test('F24: a timeout in milliseconds is waited for in full', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const start = now(k);
    expect(yield* wait(k, e, 8, 1)).toEqual([]);
    expect(now(k) - start).toBeGreaterThanOrEqual(1);
    expect(yield* wait(k, e, 8, 2147483647)).toEqual([]);
    expect(now(k) - start).toBeGreaterThanOrEqual(2147483648);
  });
});

test('SH-E5: an unknown operation of epoll_ctl is EINVAL', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    ctl e 42 a IN -> EINVAL
  `);
});

test('A-63 EP-5: epoll_pwait2 counts its timeout in nanoseconds', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    yield* add(k, e, yield* efd(k), IN);
    for (const ns of [10_000_000, 200_000_000, 300_000, 1]) {
      const timeout = mem(16);
      put_user_s64(timeout, 8, ns);
      const start = k.clock.nowNs;
      expect(yield* sys(k, 'epoll_pwait2', e, mem(36), 3, timeout, null, 8)).toBe(0);
      expect(k.clock.nowNs - start).toBeGreaterThanOrEqual(ns);
    }
    expect(yield* sys(k, 'epoll_pwait2', e, mem(36), 3, bad_pointer(), null, 8)).toBe(-EFAULT);
  });
});

test('F18: an array that is larger than what is ready is filled only as far as needed', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    yield* add(k, e, a, IN, 2 ** 40 + 7);
    const memory = mem(24).bytes.fill(0xaa);
    const buffer = mem([...memory]);
    expect(yield* sys(k, 'epoll_wait', e, buffer, 2, 0)).toBe(1);
    expect([...buffer.bytes.subarray(12)]).toEqual(Array(12).fill(0xaa));
    expect(yield* wait(k, e)).toEqual([ev(2 ** 40 + 7, IN)]);
  });
});
