/**
 * Signals and poll, select: unlike epoll_wait they look at signals even when they do not wait, and go on after a
 * stop. Results that Linux guarantees hold under every schedule.
 */

import { user_sigpack } from '../../src/kernel/select.js';
import { mem, sys } from '../kit.js';
import { add, eventfd, words } from './calls.js';
import { always, block, fork, getpid, kill, msleep, note, now, SA, SIG, sigaction, sigset, ts, wait } from './proc.js';

const EINTR = -4;

test('F93: ppoll with timeout 0 delivers a pending signal that its mask lets in; with a ready descriptor it does not', () => {
  for (const ready of [false, true]) {
    always(function* (k) {
      const log: unknown[] = [];
      const fd = yield* eventfd(k);
      if (ready) yield* add(k, fd, 1n);
      yield* note(k, log, SIG.USR1, SA.RESTART);
      yield* block(k, SIG.USR1);
      yield* kill(k, yield* getpid(k), SIG.USR1);
      log.push(yield* sys(k, 'ppoll', mem([fd, 0, 0, 0, 1, 0, 0, 0]), 1, ts(0), sigset(), 8));
      yield* sigaction(k, SIG.USR1, 1);
      return log;
    }, ready ? [1] : [SIG.USR1, EINTR]);
  }
});

test('F93: so does pselect6', () => {
  for (const ready of [false, true]) {
    always(function* (k) {
      const log: unknown[] = [];
      const fd = yield* eventfd(k);
      if (ready) yield* add(k, fd, 1n);
      yield* note(k, log, SIG.USR1, SA.RESTART);
      yield* block(k, SIG.USR1);
      yield* kill(k, yield* getpid(k), SIG.USR1);
      log.push(yield* sys(k, 'pselect6', fd + 1, words(1), null, null, ts(0), new user_sigpack(sigset())));
      yield* sigaction(k, SIG.USR1, 1);
      return log;
    }, ready ? [1] : [SIG.USR1, EINTR]);
  }
});

test('F94: poll of 600 ms, stopped for 100 ms and continued, returns 0 at 600 ms', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* fork(k, function* () {
      yield* msleep(k, 200);
      yield* kill(k, me, SIG.STOP);
      yield* msleep(k, 100);
      yield* kill(k, me, SIG.CONT);
    });
    return [yield* sys(k, 'poll', null, 0, 600), now(k)];
  }, [0, 600]);
});

test('F94: select of 600 ms, stopped for 100 ms and continued, returns 0 at 700 ms', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    yield* fork(k, function* () {
      yield* msleep(k, 200);
      yield* kill(k, me, SIG.STOP);
      yield* msleep(k, 100);
      yield* kill(k, me, SIG.CONT);
    });
    return [yield* sys(k, 'select', 0, null, null, null, words(0, 600_000)), now(k)];
  }, [0, 700]);
});

test('a handler ends poll and select with EINTR, SA_RESTART or not', () => {
  for (const flags of [0, SA.RESTART]) {
    always(function* (k) {
      const log: unknown[] = [];
      const me = yield* getpid(k);
      yield* note(k, log, SIG.USR1, flags);
      yield* fork(k, function* () {
        for (let i = 0; i < 2; i++) {
          yield* msleep(k, 10);
          yield* kill(k, me, SIG.USR1);
        }
      });
      log.push(yield* sys(k, 'poll', null, 0, 100));
      log.push(yield* sys(k, 'select', 0, null, null, null, words(0, 100_000)));
      yield* wait(k);
      return log;
    }, [SIG.USR1, EINTR, SIG.USR1, EINTR]);
  }
});
