/** select and pselect6, driven by system calls. */

import { EBADF, EFAULT, EINTR, EINVAL } from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { user_sigpack } from '../../src/kernel/select.js';
import { send_sig } from '../../src/kernel/signal.js';
import { bad_pointer, get_user_s64, get_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { O_CREAT, O_NONBLOCK, O_RDWR, SIGALRM, SIGCONT, SIGSTOP, SIGUSR1 } from '../../src/kernel/uapi.js';
import { mem, simulate, sys } from '../kit.js';
import { add, close, eventfd, handle, later, msleep, now, path, pipe, thread, words, write } from './calls.js';

/** An fd_set of 128 bytes. */
function set(...fds: readonly number[]): user_memory {
  const memory = mem(128);
  for (const fd of fds) memory.bytes[fd >> 3]! |= 1 << (fd & 7);
  return memory;
}

function members(memory: user_memory): number[] {
  const found: number[] = [];
  for (let fd = 0; fd < 1024; fd++) if ((memory.bytes[fd >> 3]! & (1 << (fd & 7))) !== 0) found.push(fd);
  return found;
}

/** select with a timeout of `ms`: result and the three sets. */
function* select(k: Kernel, n: number, r: readonly number[], w: readonly number[], x: readonly number[], ms: number): Sleeps<unknown[]> {
  const sets = [set(...r), set(...w), set(...x)] as const;
  const ret = yield* sys(k, 'select', n, ...sets, ms < 0 ? null : words(Math.floor(ms / 1000), (ms % 1000) * 1000));
  return [ret, ...sets.map(members)];
}

describe('arguments', () => {
  test('F92, SE-2, SE-6: a negative n, or a negative timeout: EINVAL; a million microseconds are a second', () => {
    expect(simulate(function* (k) {
      const seen = [];
      for (const n of [-1, -100000, -0x80000000]) seen.push(yield* sys(k, 'select', n, null, null, null, words(0, 0)));
      seen.push(yield* sys(k, 'select', 0, null, null, null, words(0, -1)), yield* sys(k, 'select', 0, null, null, null, words(-1, 0)));
      seen.push(yield* sys(k, 'select', 0, null, null, null, bad_pointer()));
      return [...seen, yield* sys(k, 'select', 0, null, null, null, words(0, 1_000_000)), now(k)];
    })).toEqual([-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EFAULT, 0, 1000]);
  });

  test('F90, SE-3: a closed descriptor is EBADF, and the sets stay; bits behind the table are not looked at until it grows', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const closed = yield* select(k, 64, [fd, 40], [], [], 0);
      const behind = yield* select(k, 1024, [fd, 300], [], [], 0);
      yield* sys(k, 'dup2', fd, 256);
      const grown = yield* select(k, 1024, [fd, 300], [], [], 0);
      return [closed, behind, k.current.files.max_fds, grown];
    })).toEqual([[-EBADF, [0, 40], [], []], [0, [300], [], []], 512, [-EBADF, [0, 300], [], []]]);
  });

  test('F90b: the table has room for 64, then 128, 256, 512 ... descriptors, and never shrinks; a fork gets one that fits', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const sizes = [k.current.files.max_fds];
      for (const to of [63, 64, 255, 256]) {
        yield* sys(k, 'dup2', fd, to);
        sizes.push(k.current.files.max_fds);
        yield* close(k, to);
      }
      sizes.push(k.current.files.max_fds);
      yield* sys(k, 'fork', (function* () {
        sizes.push(k.current.files.max_fds);
      }) as never);
      yield* msleep(k, 1);
      return sizes;
    })).toEqual([64, 64, 128, 256, 512, 512, 64]);
  });

  test('F91, SE-8: a bit at or behind n is not looked at, and is cleared when it shares a word of 64 with those that are', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      yield* sys(k, 'dup2', fd, 100);
      return [yield* select(k, 40, [40, 70], [], [], 0), yield* select(k, 65, [40, 70, 130], [], [], 0)];
    })).toEqual([[0, [70], [], []], [-EBADF, [40, 70, 130], [], []]]);
  });

  test('a set that cannot be read or written: EFAULT, after a negative n and before a closed descriptor', () => {
    expect(simulate(function* (k) {
      const bad = bad_pointer();
      return [yield* sys(k, 'select', -1, bad, null, null, null), yield* sys(k, 'select', 5, bad, null, null, null),
        yield* sys(k, 'select', 5, set(4), bad, null, null), yield* sys(k, 'select', 0, bad, null, null, words(0, 0))];
    })).toEqual([-EINVAL, -EFAULT, -EFAULT, 0]);
  });

  test.each([
    [-1, true, false, -EINVAL], [3, true, false, 0], [1024, true, false, 1], [1024, true, true, -EBADF], [0x7fffffff, true, false, 1], [0x7fffffff, false, false, 0], [3, true, true, 0],
  ])('n = %i, a descriptor above it set: %s, a closed one too: %s', (n, isSet, closed, ret) => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      yield* sys(k, 'dup2', fd, 10);
      const w = set(...(isSet ? [10] : []), ...(closed ? [20] : []));
      return yield* sys(k, 'select', n, null, w, null, words(0, 1000));
    })).toBe(ret);
  });

  test('SE-9: a limit of 0 descriptors does not concern those that are open', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k, 1);
      k.current.signal.rlim_nofile.cur = 0;
      return yield* select(k, 1, [fd], [], [], 0);
    })).toEqual([1, [0], [], []]);
  });
});

describe('what is found', () => {
  test('F89: a regular file is readable and writable, never exceptional', () => {
    expect(simulate(function* (k) {
      const fd = yield* sys(k, 'open', path('/tmp/f'), O_CREAT | O_RDWR, 0o600);
      return yield* select(k, 1, [fd], [fd], [fd], 0);
    })).toEqual([2, [0], [0], []]);
  });

  test('F92: bits are counted over the sets; hang-up is readable, an error readable and writable', () => {
    expect(simulate(function* (k) {
      const both = yield* eventfd(k, 1);
      const [r, w] = yield* pipe(k);
      yield* close(k, w);
      const [r2, w2] = yield* pipe(k, O_NONBLOCK);
      while ((yield* write(k, w2, 4096)) > 0);
      yield* close(k, r2);
      return [yield* select(k, 9, [both], [both], [both], 0), yield* select(k, 9, [r], [r], [r], 0), yield* select(k, 9, [w2], [w2], [w2], 0), [both, r, w2]];
    })).toEqual([[2, [0], [0], []], [1, [1], [], []], [2, [3], [3], []], [0, 1, 3]]);
  });

  test('F92: the time that is left is stored in the timeval', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 30);
        yield* add(k, fd, 1n);
      });
      const tv = words(1, 7);
      return [yield* sys(k, 'select', 1, set(fd), null, null, tv), get_user_s64(tv, 0), get_user_s64(tv, 8)];
    })).toEqual([1, 0, 970_007]);
  });
});

describe('sleeping and waking', () => {
  test('SE-1, SE-4: without sets select sleeps, and stores 0; with a zero timeout it returns at once', () => {
    expect(simulate(function* (k) {
      const tv = words(0, 10_000);
      const seen = [yield* sys(k, 'select', 0, null, null, null, tv), now(k), get_user_u32(tv, 8)];
      const again = words(0, 10_000);
      seen.push(yield* sys(k, 'select', 1, null, null, null, again), now(k), get_user_u32(again, 8));
      return [...seen, yield* sys(k, 'select', 1, null, null, null, words(0, 0)), now(k)];
    })).toEqual([0, 10, 0, 0, 20, 0, 0, 20]);
  });

  test('an event that was not asked for does not wake; one that was does', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const wakeups: number[] = [];
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        const before = k.stats.wakeups;
        yield* write(k, w, 'x');
        wakeups.push(k.stats.wakeups - before);
        yield* msleep(k, 10);
        yield* close(k, w);
      });
      const first = yield* select(k, 9, [], [], [r], 15);
      const second = yield* select(k, 9, [r], [], [], -1);
      return [wakeups, first, second, now(k)];
    })).toEqual([[0], [0, [], [], []], [1, [0], [], []], 15]);
  });

  test('F96: a descriptor closed during select counts as ready when it is looked at again, at the timeout', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'closer', function* () {
        yield* msleep(k, 10);
        yield* close(k, fd);
      });
      return [yield* select(k, 1, [fd], [], [], 100), now(k)];
    })).toEqual([[1, [0], [], []], 100]);
  });
});

describe('signals', () => {
  test('SE-5, SE-7: a handled signal ends select with EINTR; the sets stay', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGALRM, log);
      const fd = yield* eventfd(k);
      later(k, 100, SIGALRM, k.current);
      const first = yield* select(k, 1, [fd], [], [], -1);
      later(k, 100, SIGALRM, k.current);
      const tv = words(5, 0);
      const second = yield* sys(k, 'select', 1, set(fd), null, null, tv);
      return [first, second, log, now(k), get_user_s64(tv, 0), get_user_s64(tv, 8)];
    })).toEqual([[-EINTR, [0], [], []], -EINTR, [SIGALRM, SIGALRM], 200, 4, 900_000]);
  });

  test('F94: a select that is stopped and continued goes on with the time that was left', () => {
    expect(simulate(function* (k) {
      const main = k.current;
      later(k, 100, SIGSTOP, main);
      yield* sys(k, 'fork', (function* () {
        yield* msleep(k, 200);
        send_sig(k, SIGCONT, main);
      }) as never);
      return [yield* sys(k, 'select', 0, null, null, null, words(0, 600_000)), now(k)];
    })).toEqual([0, 700]);
  });

  test('F93: pselect6 with timeout 0 and a signal that its mask unblocks: EINTR and the handler, unless something is ready', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      k.current.blocked_lo |= 1 << (SIGUSR1 - 1);
      send_sig(k, SIGUSR1, k.current);
      const fd = yield* eventfd(k, 1);
      const none = new user_sigpack(mem(8));
      const ready = yield* sys(k, 'pselect6', 1, set(fd), null, null, words(0, 0), none);
      const seen = [ready, log.length];
      return [...seen, yield* sys(k, 'pselect6', 0, null, null, null, words(0, 0), none), log.length];
    })).toEqual([1, 0, -EINTR, 1]);
  });

  test('pselect6: what can be wrong, in order: the pack with the mask, the timespec, the mask, n', () => {
    expect(simulate(function* (k) {
      const bad = bad_pointer();
      const call = (ts: user_memory | null, pack: user_memory | null): Sleeps<number> => sys(k, 'pselect6', -1, null, null, null, ts, pack);
      return [yield* call(bad, bad), yield* call(bad, new user_sigpack(mem(8), 7)), yield* call(words(0, 1e9), new user_sigpack(mem(8), 7)),
        yield* call(words(0, 0), new user_sigpack(mem(8), 7)), yield* call(words(0, 0), new user_sigpack(bad)), yield* call(null, new user_sigpack(null, 7)),
        yield* call(null, null)];
    })).toEqual([-EFAULT, -EFAULT, -EINVAL, -EINVAL, -EFAULT, -EINVAL, -EINVAL]);
  });
});
