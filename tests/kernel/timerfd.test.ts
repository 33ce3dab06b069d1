/** timerfd, driven by system calls. */

import { EAGAIN, EBADF, EFAULT, EINVAL } from '../../src/kernel/errno.js';
import { get_user_s64 } from '../../src/kernel/uaccess.js';
import { CLOCK_MONOTONIC, CLOCK_REALTIME, EPOLLIN as IN, TIMER_ABSTIME } from '../../src/kernel/uapi.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { mem, simulate, sys } from '../kit.js';
import { add, eventfd, mask, msleep, now, po, take, words } from './calls.js';

const NONBLOCK = 0o4000;
const MS = 1_000_000;

function* timer(k: Kernel, valueNs: number, intervalNs = 0, flags = 0, clock = CLOCK_MONOTONIC): Sleeps<number> {
  const fd = yield* sys(k, 'timerfd_create', clock, NONBLOCK);
  yield* sys(k, 'timerfd_settime', fd, flags, words(0, intervalNs, 0, valueNs), null);
  return fd;
}

test('F103: a periodic timer fires once and stays silent until it is read; the read counts the periods that went by', () => {
  expect(simulate(function* (k) {
    const fd = yield* timer(k, 10 * MS, 10 * MS);
    const seen: unknown[] = [yield* mask(k, fd), yield* po(k, fd, IN, -1), now(k)];
    yield* msleep(k, 85);
    seen.push(now(k), k.clock.heap.length, yield* take(k, fd), yield* mask(k, fd), yield* po(k, fd, IN, -1), now(k));
    return seen;
  })).toEqual([0, [1, IN], 10, 95, 0, 9n, 0, [1, IN], 100]);
});

test('F103: timerfd_gettime arms an expired periodic timer again, and settime takes the readiness away', () => {
  expect(simulate(function* (k) {
    const fd = yield* timer(k, 10 * MS, 10 * MS);
    yield* msleep(k, 35);
    const now_ = words(0, 0, 0, 0);
    const idle = k.clock.heap.length;
    yield* sys(k, 'timerfd_gettime', fd, now_);
    const seen = [idle, k.clock.heap.length, get_user_s64(now_, 8), get_user_s64(now_, 24), yield* mask(k, fd)];
    yield* sys(k, 'timerfd_settime', fd, 0, words(0, 0, 0, 0), null);
    return [...seen, yield* mask(k, fd), k.clock.heap.length, yield* take(k, fd)];
  })).toEqual([0, 1, 10 * MS, 5 * MS, IN, 0, 0, -EAGAIN]);
});

test('a timer that fires once is read once, and settime tells what was left', () => {
  expect(simulate(function* (k) {
    const fd = yield* timer(k, 10 * MS);
    yield* msleep(k, 4);
    const old = words(0, 0, 0, 0);
    yield* sys(k, 'timerfd_settime', fd, 0, words(0, 0, 0, 3 * MS), old);
    const left = get_user_s64(old, 24);
    const ready = yield* po(k, fd, IN, -1);
    return [left, ready, now(k), yield* take(k, fd), yield* take(k, fd)];
  })).toEqual([6 * MS, [1, IN], 7, 1n, -EAGAIN]);
});

test('an absolute time in the past fires at once, on either clock', () => {
  expect(simulate(function* (k) {
    k.clock.realtimeOffsetNs = 1000 * 1e9;
    yield* msleep(k, 5);
    const mono = yield* timer(k, 1 * MS, 0, TIMER_ABSTIME);
    const fd = yield* sys(k, 'timerfd_create', CLOCK_REALTIME, 0);
    yield* sys(k, 'timerfd_settime', fd, TIMER_ABSTIME, words(0, 0, 1000, 7 * MS), null);
    return [yield* mask(k, mono), yield* mask(k, fd), yield* take(k, fd), now(k)];
  })).toEqual([IN, 0, 1n, 7]);
});

test('an absolute periodic timer in the past counts all periods since', () => {
  expect(simulate(function* (k) {
    yield* msleep(k, 95);
    const fd = yield* timer(k, 10 * MS, 10 * MS, TIMER_ABSTIME);
    return [yield* take(k, fd), yield* po(k, fd, IN, -1), now(k)];
  })).toEqual([9n, [1, IN], 100]);
});

test('a blocking read sleeps until the timer fires; two timers of one instant fire in arming order', () => {
  expect(simulate(function* (k) {
    const fd = yield* sys(k, 'timerfd_create', CLOCK_MONOTONIC, 0);
    yield* sys(k, 'timerfd_settime', fd, 0, words(0, 0, 0, 20 * MS), null);
    return [yield* take(k, fd), now(k)];
  })).toEqual([1n, 20]);
});

test('what can be wrong', () => {
  expect(simulate(function* (k) {
    const fd = yield* timer(k, 0);
    const ok = words(0, 0, 0, 1);
    return [
      yield* sys(k, 'timerfd_create', 77, 0), yield* sys(k, 'timerfd_create', 1, 1), yield* sys(k, 'timerfd_settime', fd, 4, ok, null),
      yield* sys(k, 'timerfd_settime', fd, 0, words(0, 0, 0, 1e9), null), yield* sys(k, 'timerfd_settime', fd, 0, words(0, -1, 0, 1), null),
      yield* sys(k, 'timerfd_settime', fd, 0, null, null), yield* sys(k, 'timerfd_settime', 99, 0, ok, null),
      yield* sys(k, 'timerfd_settime', yield* eventfd(k), 0, ok, null), yield* sys(k, 'read', fd, mem(7), 7), yield* add(k, fd, 1n), yield* take(k, fd),
    ];
  })).toEqual([-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EFAULT, -EBADF, -EINVAL, -EINVAL, -EINVAL, -EAGAIN]);
});
