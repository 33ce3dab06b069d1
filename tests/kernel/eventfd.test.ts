/** eventfd, driven by system calls. */

import { EAGAIN, EFAULT, EINTR, EINVAL, ENOTTY, ESPIPE } from '../../src/kernel/errno.js';
import { bad_pointer, user_iovec } from '../../src/kernel/uaccess.js';
import { EPOLLERR as ERR, EPOLLIN as IN, EPOLLOUT as OUT, FIONREAD, SIGUSR1 } from '../../src/kernel/uapi.js';
import { EFD_SEMAPHORE, eventfd_signal_mask, type eventfd_ctx } from '../../src/kernel/eventfd.js';
import { mem, simulate, sys } from '../kit.js';
import { add, eventfd, handle, later, mask, msleep, now, po, take, thread, u64, write } from './calls.js';

const NONBLOCK = 0o4000;
const MAX = 2n ** 64n - 2n;

test('F97: mask: 0 OUT; 1 .. 2^64-3 IN|OUT; 2^64-2 IN', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    const seen = [yield* mask(k, fd)];
    yield* add(k, fd, 1n);
    seen.push(yield* mask(k, fd));
    yield* add(k, fd, MAX - 2n);
    seen.push(yield* mask(k, fd));
    yield* add(k, fd, 1n);
    return [...seen, yield* mask(k, fd), yield* take(k, fd), yield* mask(k, fd)];
  })).toEqual([OUT, IN | OUT, IN | OUT, IN, MAX, OUT]);
});

test('F97: a write of 2^64-1 or of another size is refused, one that overflows says EAGAIN; a semaphore reads 1', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    const seen: unknown[] = [yield* add(k, fd, 2n ** 64n - 1n), yield* write(k, fd, 4), yield* write(k, fd, 16), yield* add(k, fd, 5n), yield* add(k, fd, MAX - 4n),
      yield* add(k, fd, MAX - 5n), yield* add(k, fd, 1n), yield* add(k, fd, 0n)];
    const sem = yield* eventfd(k, 3, NONBLOCK | EFD_SEMAPHORE);
    return [...seen, yield* take(k, sem), yield* mask(k, sem), yield* take(k, sem), yield* take(k, sem), yield* take(k, sem)];
  })).toEqual([-EINVAL, -EINVAL, -EINVAL, 8, -EAGAIN, 8, -EAGAIN, 8, 1n, IN | OUT, 1n, 1n, -EAGAIN]);
});

test('EV-1: a non-blocking semaphore at 0 says EAGAIN, gives 1 after a write of 1, then EAGAIN again', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 0, NONBLOCK | EFD_SEMAPHORE);
    return [yield* take(k, fd), yield* add(k, fd, 1n), yield* take(k, fd), yield* take(k, fd)];
  })).toEqual([-EAGAIN, 8, 1n, -EAGAIN]);
});

test('EV-2: three blocking reads of a semaphore are satisfied by three writes of 1', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 0, EFD_SEMAPHORE);
    thread(k, 'writer', function* () {
      for (let i = 0; i < 3; i++) {
        yield* msleep(k, 10);
        yield* add(k, fd, 1n);
      }
    });
    return [yield* take(k, fd), now(k), yield* take(k, fd), now(k), yield* take(k, fd), now(k)];
  })).toEqual([1n, 10, 1n, 20, 1n, 30]);
});

test('EV-3, EV-4, EV-7, EV-8: sizes: a write has exactly 8 bytes, a read has room for at least 8', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 7, NONBLOCK | EFD_SEMAPHORE);
    const wide = mem(64);
    return [yield* write(k, fd, 4), yield* sys(k, 'read', fd, mem(4), 4), yield* write(k, fd, 9), yield* sys(k, 'read', fd, wide, 64), [...wide.bytes.subarray(0, 9)],
      yield* sys(k, 'read', fd, mem(0), 0)];
  })).toEqual([-EINVAL, -EINVAL, -EINVAL, 8, [1, 0, 0, 0, 0, 0, 0, 0, 0], -EINVAL]);
});

test('EV-5, EV-6: an eventfd has no positions: pread and pwrite say ESPIPE, lseek 0; it knows no ioctl', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 1);
    return [yield* sys(k, 'pread64', fd, mem(8), 8, 0), yield* sys(k, 'pwrite64', fd, mem(8), 8, 0), yield* sys(k, 'lseek', fd, 5, 0),
      yield* sys(k, 'lseek', fd, 0, 9), yield* sys(k, 'ioctl', fd, FIONREAD, mem(4))];
  })).toEqual([-ESPIPE, -ESPIPE, 0, -EINVAL, -ENOTTY]);
});

test('writev is one write a segment, until one fails; readv is one read', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    const two = (second: number): user_iovec => new user_iovec([{ base: u64(1n), len: 8 }, { base: u64(2n), len: second }]);
    const halves = new user_iovec([{ base: mem(4), len: 4 }, { base: mem(4), len: 4 }]);
    return [yield* sys(k, 'writev', fd, two(8), 2), yield* take(k, fd), yield* sys(k, 'writev', fd, two(4), 2), yield* sys(k, 'writev', fd, halves, 2),
      yield* sys(k, 'readv', fd, halves, 2)];
  })).toEqual([16, 3n, 8, -EINVAL, 8]);
});

test('unknown flags are refused; a bad pointer faults, and a read that faults has taken the value', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 1);
    return [yield* sys(k, 'eventfd2', 0, 2), yield* sys(k, 'write', fd, bad_pointer(), 8), yield* sys(k, 'read', fd, bad_pointer(), 8), yield* take(k, fd)];
  })).toEqual([-EINVAL, -EFAULT, -EFAULT, -EAGAIN]);
});

test('a write that does not fit waits until somebody reads', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 0, 0);
    yield* add(k, fd, MAX);
    thread(k, 'reader', function* () {
      yield* msleep(k, 10);
      yield* take(k, fd);
    });
    return [yield* add(k, fd, 3n), now(k), yield* take(k, fd)];
  })).toEqual([8, 10, 3n]);
});

test('blocked readers are not exclusive: one write wakes them all, the oldest takes the value, the others sleep on', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k, 0, 0);
    const log: string[] = [];
    for (const name of ['a', 'b']) {
      thread(k, name, function* () {
        log.push(`${name}:${yield* take(k, fd)}`);
      });
    }
    yield* msleep(k, 1);
    const before = k.stats.wakeups;
    yield* add(k, fd, 1n);
    const woken = k.stats.wakeups - before;
    yield* msleep(k, 1);
    yield* add(k, fd, 2n);
    yield* msleep(k, 1);
    return [woken, log];
  })).toEqual([2, ['a:1', 'b:2']]);
});

test('a handled signal ends a blocked read with EINTR', () => {
  expect(simulate(function* (k) {
    const log: number[] = [];
    handle(k, SIGUSR1, log);
    const fd = yield* eventfd(k, 0, 0);
    later(k, 5, SIGUSR1, k.current);
    return [yield* take(k, fd), log];
  })).toEqual([-EINTR, [SIGUSR1]]);
});

test('only the kernel can count to 2^64-1, and then the mask has ERR', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    yield* add(k, fd, MAX);
    eventfd_signal_mask(k, k.current.files.at(fd)!.private_data as eventfd_ctx, 0);
    return [yield* mask(k, fd), yield* take(k, fd)];
  })).toEqual([IN | ERR, 2n ** 64n - 1n]);
});

test('a read wakes who waits for room, with OUT, and nobody who waits for data', () => {
  expect(simulate(function* (k) {
    const fd = yield* eventfd(k);
    yield* add(k, fd, MAX);
    const log: unknown[] = [];
    thread(k, 'poller', function* () {
      log.push(yield* po(k, fd, OUT, 100), now(k));
    });
    yield* msleep(k, 10);
    yield* take(k, fd);
    yield* msleep(k, 1);
    return log;
  })).toEqual([[1, OUT], 10]);
});
