/** poll and ppoll, driven by system calls. */

import { EFAULT, EINTR, EINVAL } from '../../src/kernel/errno.js';
import { bad_pointer, get_user_s64, get_user_u32, user_memory } from '../../src/kernel/uaccess.js';
import {
  EPOLLERR as ERR, EPOLLHUP as HUP, EPOLLIN as IN, EPOLLNVAL as NVAL, EPOLLOUT as OUT, EPOLLPRI as PRI, EPOLLRDHUP as RDHUP, EPOLLRDNORM as RDNORM,
  EPOLLWRNORM as WRNORM, O_CREAT, O_NONBLOCK, O_PATH, O_RDWR, SA_RESTART, SIGALRM, SIGCONT, SIGSTOP, SIGUSR1,
} from '../../src/kernel/uapi.js';
import { send_sig } from '../../src/kernel/signal.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import type { task_struct } from '../../src/kernel/task.js';
import { mem, simulate, sys } from '../kit.js';
import { add, close, eventfd, handle, later, msleep, now, path, pipe, po, pollfds, read, revents, take, thread, words, write } from './calls.js';

const FOREVER = -1;
const NO_SIGNALS = mem(8);
/** Blocks a signal for the calling task. */
function block(k: Kernel, sig: number): void {
  k.current.blocked_lo |= 1 << (sig - 1);
}

function* regular(k: Kernel): Sleeps<number> {
  return yield* sys(k, 'open', path('/tmp/file'), O_CREAT | O_RDWR, 0o600);
}

describe('the array', () => {
  test('F88: a negative descriptor is passed over; a closed one is NVAL, counts, and ends the call at once', () => {
    expect(simulate(function* (k) {
      const fds = pollfds([-1, IN], [77, IN], [yield* eventfd(k), IN]);
      const ret = yield* sys(k, 'poll', fds, 3, FOREVER);
      const path_fd = yield* sys(k, 'open', path('/tmp'), O_PATH, 0);
      return [ret, revents(fds, 0), revents(fds, 1), revents(fds, 2), now(k), yield* po(k, path_fd, IN)];
    })).toEqual([1, 0, NVAL, 0, 0, [1, NVAL]]);
  });

  test('F88, PO-1, PO-2, PO-3: more entries than RLIMIT_NOFILE: EINVAL before EFAULT; nothing to poll sleeps for the timeout', () => {
    expect(simulate(function* (k) {
      const seen = [yield* sys(k, 'poll', null, 1, 1), yield* sys(k, 'poll', null, -1, 1), yield* sys(k, 'poll', null, 0, 0), now(k)];
      k.current.signal.rlim_nofile.cur = 64;
      seen.push(yield* sys(k, 'poll', bad_pointer(), 65, 0), yield* sys(k, 'poll', bad_pointer(), 64, 0));
      seen.push(yield* sys(k, 'poll', null, 0, 10), now(k));
      return [...seen, yield* sys(k, 'poll', null, 0, 30), now(k)];
    })).toEqual([-EFAULT, -EINVAL, 0, 0, -EINVAL, -EFAULT, 0, 10, 0, 40]);
  });

  test('PO-22: one descriptor may be listed as often as the limit allows, and each entry counts', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const all = pollfds(...Array.from({ length: 1025 }, () => [fd, OUT] as const));
      return [yield* sys(k, 'poll', all, 1, 0), yield* sys(k, 'poll', all, 512, 0), yield* sys(k, 'poll', all, 1024, 0), yield* sys(k, 'poll', all, 1025, 0)];
    })).toEqual([1, 512, 1024, -EINVAL]);
  });

  test('revents that cannot be stored: EFAULT, although the files were polled', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const fds = pollfds([fd, OUT], [fd, OUT]);
      const cut = new user_memory(fds.bytes, 14);
      return [yield* sys(k, 'poll', cut, 2, 0), revents(fds)];
    })).toEqual([-EFAULT, 0]);
  });

  test('PO-24, PO-25: events of the program\'s array stay as they were', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      yield* close(k, w);
      const fds = pollfds([r, IN | PRI]);
      const [r2, w2] = yield* pipe(k);
      yield* close(k, r2);
      const more = pollfds([w2, OUT]);
      yield* sys(k, 'poll', fds, 1, 0);
      yield* sys(k, 'poll', more, 1, 0);
      return [get_user_u32(fds, 4)! & 0xffff, get_user_u32(more, 4)! & 0xffff];
    })).toEqual([IN | PRI, OUT]);
  });
});

describe('what is reported', () => {
  test('F89: a regular file is always IN|OUT|RDNORM|WRNORM, and never PRI', () => {
    expect(simulate(function* (k) {
      const fd = yield* regular(k);
      return [yield* po(k, fd, 0xffff), yield* po(k, fd, PRI)];
    })).toEqual([[1, 0x145], [0, 0]]);
  });

  test('PO-23: so is a directory', () => {
    expect(simulate(function* (k) {
      return yield* po(k, yield* sys(k, 'open', path('/tmp'), 0, 0), IN | OUT, FOREVER);
    })).toEqual([1, IN | OUT]);
  });

  test.each([[IN], [RDNORM], [RDNORM | IN]])('PO-5..PO-10: a pipe with data has the bits asked for: 0x%s, whether the data is there or comes', (events) => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 1000);
        yield* write(k, w, 'hello');
      });
      return [yield* po(k, r, events, 0), yield* po(k, r, events, FOREVER), now(k), yield* po(k, r, events, 0)];
    })).toEqual([[0, 0], [1, events], 1000, [1, events]]);
  });

  test.each([[OUT], [WRNORM], [OUT | WRNORM]])('PO-11..PO-16: an empty pipe is writable at once: 0x%s', (events) => {
    expect(simulate(function* (k) {
      const [, w] = yield* pipe(k);
      return [yield* po(k, w, events, 0), yield* po(k, w, events, FOREVER)];
    })).toEqual([[1, events], [1, events]]);
  });

  test('PO-17, PO-18: the writer\'s close is HUP without IN, also for a poll that sleeps', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      thread(k, 'closer', function* () {
        yield* msleep(k, 1000);
        yield* close(k, w);
      });
      return [yield* po(k, r, IN, FOREVER), now(k), yield* po(k, r, IN, 0)];
    })).toEqual([[1, HUP], 1000, [1, HUP]]);
  });

  test('PO-19: the reader\'s close is ERR, and the pipe stays writable', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      yield* close(k, r);
      return yield* po(k, w, OUT, 0);
    })).toEqual([1, ERR | OUT]);
  });

  test('PO-20: who asks for reading is not answered with writing', () => {
    expect(simulate(function* (k) {
      const [, w] = yield* pipe(k);
      return [yield* po(k, w, IN | PRI | RDHUP, 100), now(k), yield* po(k, w, OUT, 100), now(k)];
    })).toEqual([[0, 0], 100, [1, OUT], 100]);
  });

  test('PO-21: readiness is a level: it is reported as long as something is left', () => {
    expect(simulate(function* (k) {
      const fds = mem(8);
      yield* sys(k, 'socketpair', 1, 1, 0, fds);
      const [a, b] = [get_user_u32(fds, 0)!, get_user_u32(fds, 4)!];
      yield* write(k, a, 'xy');
      return [yield* po(k, b, IN), yield* read(k, b, 1), yield* po(k, b, IN), yield* read(k, b, 1), yield* po(k, b, IN)];
    })).toEqual([[1, IN], 'x', [1, IN], 'y', [0, 0]]);
  });
});

describe('sleeping and waking', () => {
  test('F95: with events 0 a poll is woken by the last writer\'s close, not by data', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      let passes = 0;
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        const before = k.stats.wakeups;
        yield* write(k, w, 'data');
        passes = k.stats.wakeups - before;
        yield* msleep(k, 10);
        yield* close(k, w);
      });
      return [yield* po(k, r, 0, FOREVER), now(k), passes];
    })).toEqual([[1, HUP], 20, 0]);
  });

  test('F95: one write wakes all four callers of poll, for their entries are not exclusive', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const log: string[] = [];
      for (const name of ['a', 'b', 'c', 'd']) {
        thread(k, name, function* () {
          const [ret] = yield* po(k, fd, IN, 100);
          log.push(`${name}:${ret}`);
        });
      }
      yield* msleep(k, 1);
      yield* add(k, fd, 1n);
      yield* msleep(k, 1);
      return log.join(' ');
    })).toBe('d:1 c:1 b:1 a:1');
  });

  test('a wake-up that leads to nothing: the poll sleeps on until its own deadline, and looks once more then', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 10);
        yield* add(k, fd, 1n);
        yield* take(k, fd);
      });
      return [yield* po(k, fd, IN, 50), now(k)];
    })).toEqual([[0, 0], 50]);
  });

  test('F96: a descriptor closed during a poll does not wake it: at the timeout its number is NVAL', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'closer', function* () {
        yield* msleep(k, 10);
        yield* close(k, fd);
      });
      return [yield* po(k, fd, IN, 100), now(k)];
    })).toEqual([[1, NVAL], 100]);
  });

  test('F96: a write through a duplicate of the closed descriptor wakes the poll at once, with NVAL', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      const dup = yield* sys(k, 'dup', fd);
      thread(k, 'closer', function* () {
        yield* msleep(k, 10);
        yield* close(k, fd);
        yield* msleep(k, 10);
        yield* add(k, dup, 1n);
      });
      return [yield* po(k, fd, IN, 100), now(k)];
    })).toEqual([[1, NVAL], 20]);
  });

  test('a file that is polled stays open until the poll ends, though its last descriptor is closed', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      let poller: unknown;
      thread(k, 'poller', function* () {
        poller = yield* po(k, w, 0, 50);
      });
      yield* msleep(k, 10);
      yield* close(k, w);
      const during = yield* po(k, r, IN);
      yield* msleep(k, 50);
      return [during, poller, yield* po(k, r, IN)];
    })).toEqual([[0, 0], [1, NVAL], [1, HUP]]);
  });

  test('an empty pipe times out; with four bytes it is ready at once', () => {
    expect(simulate(function* (k) {
      const [r, w] = yield* pipe(k);
      const seen = [yield* po(k, r, IN, 100), now(k)];
      yield* write(k, w, 'abcd');
      return [...seen, yield* po(k, r, IN, 100), now(k)];
    })).toEqual([[0, 0], 100, [1, IN], 100]);
  });
});

describe('signals', () => {
  test('PO-4: a handled signal ends the sleep with EINTR, SA_RESTART or not', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGALRM, log, SA_RESTART);
      later(k, 100, SIGALRM, k.current);
      return [yield* sys(k, 'poll', null, 0, FOREVER), now(k), log];
    })).toEqual([-EINTR, 100, [SIGALRM]]);
  });

  test('a signal that is already pending and not blocked ends a poll whose timeout is 0; something ready wins', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      block(k, SIGUSR1);
      send_sig(k, SIGUSR1, k.current);
      const fd = yield* eventfd(k);
      const ready = yield* sys(k, 'ppoll', pollfds([fd, OUT]), 1, words(0, 0), NO_SIGNALS, 8);
      const seen = [ready, log.length];
      const idle = yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, words(0, 0), NO_SIGNALS, 8);
      return [...seen, idle, log.length];
    })).toEqual([1, 0, -EINTR, 1]);
  });

  test('F93: ppoll with timeout 0 and a signal that its mask unblocks: EINTR and the handler; with something ready the count, and no handler', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      block(k, SIGUSR1);
      const fd = yield* eventfd(k);
      send_sig(k, SIGUSR1, k.current);
      const seen: unknown[] = [yield* sys(k, 'ppoll', pollfds([fd, OUT]), 1, words(0, 0), NO_SIGNALS, 8), [...log]];
      seen.push(yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, words(0, 0), NO_SIGNALS, 8), [...log]);
      return [...seen, k.current.blocked_lo !== 0];
    })).toEqual([1, [], -EINTR, [SIGUSR1], true]);
  });

  test('F94: a poll that is stopped and continued goes on to its first deadline', () => {
    expect(simulate(function* (k) {
      const main = k.current;
      later(k, 100, SIGSTOP, main);
      yield* continued(k, main, 200);
      return [yield* sys(k, 'poll', null, 0, 600), now(k)];
    })).toEqual([0, 600]);
  });
});

/** Another process continues a stopped one after `ms`. */
function* continued(k: Kernel, stopped: task_struct, ms: number): Sleeps<void> {
  yield* sys(k, 'fork', (function* () {
    yield* msleep(k, ms);
    send_sig(k, SIGCONT, stopped);
  }) as never);
}

describe('ppoll', () => {
  test('the order of what can be wrong: timespec, mask, number of entries, array', () => {
    expect(simulate(function* (k) {
      const bad = bad_pointer();
      const ok = words(0, 0);
      return [
        yield* sys(k, 'ppoll', null, -1, bad, NO_SIGNALS, 7), yield* sys(k, 'ppoll', null, -1, words(0, 1e9), NO_SIGNALS, 7),
        yield* sys(k, 'ppoll', null, -1, words(-1, 0), NO_SIGNALS, 7), yield* sys(k, 'ppoll', null, -1, ok, bad, 7), yield* sys(k, 'ppoll', null, -1, ok, bad, 8),
        yield* sys(k, 'ppoll', null, -1, ok, null, 7), yield* sys(k, 'ppoll', null, 1, ok, null, 0),
      ];
    })).toEqual([-EFAULT, -EINVAL, -EINVAL, -EINVAL, -EFAULT, -EINVAL, -EFAULT]);
  });

  test('the time that is left is stored, but not when the timeout was 0', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 30);
        yield* add(k, fd, 1n);
      });
      const ts = words(1, 5);
      const ret = yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, ts, null, 8);
      const zero = words(0, 0);
      yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, zero, null, 8);
      return [ret, get_user_s64(ts, 0), get_user_s64(ts, 8), get_user_s64(zero, 8)];
    })).toEqual([1, 0, 970_000_005, 0]);
  });

  test('a NULL timespec waits for ever, the timeout 0 not at all', () => {
    expect(simulate(function* (k) {
      const fd = yield* eventfd(k);
      thread(k, 'writer', function* () {
        yield* msleep(k, 30);
        yield* add(k, fd, 1n);
      });
      return [yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, words(0, 0), null, 8), yield* sys(k, 'ppoll', pollfds([fd, IN]), 1, null, null, 8), now(k)];
    })).toEqual([0, 1, 30]);
  });
});

test.each([
  ['null array', null, 1, IN, 0, -EFAULT, 0], ['too many', 0, -1, IN, 0, -EINVAL, 0], ['bad descriptor', 0x7fffffff, 1, 0, 100, 1, NVAL],
  ['writable', 0, 1, OUT, 100, 1, OUT], ['nothing', 0, 1, IN, 0, 0, 0], ['nothing, with a timeout', 0, 1, IN, 100, 0, 0], ['no entries', 0, 0, OUT, 100, 0, 0],
])('what wins: %s', (_name, fd, nfds, events, ms, ret, mask) => {
  expect(simulate(function* (k) {
    const real = yield* eventfd(k);
    const fds = fd === null ? null : pollfds([fd === 0 ? real : fd, events]);
    const got = yield* sys(k, 'poll', fds, nfds, ms);
    return [got, fds === null || nfds !== 1 ? 0 : revents(fds), now(k)];
  })).toEqual([ret, mask, ret === 0 ? ms : 0]);
});

test('one call on many files queues on all of them and leaves all of them', () => {
  expect(simulate(function* (k) {
    const fds: number[] = [];
    for (let i = 0; i < 100; i++) fds.push(yield* eventfd(k));
    thread(k, 'writer', function* () {
      yield* msleep(k, 1);
      yield* add(k, fds[50]!, 1n);
    });
    const array = pollfds(...fds.map((fd) => [fd, IN] as const));
    const ret = yield* sys(k, 'poll', array, 100, FOREVER);
    return [ret, revents(array, 50), fds.every((fd) => k.current.files.at(fd)!.f_count === 1)];
  })).toEqual([1, IN, true]);
});
