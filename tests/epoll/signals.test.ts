/**
 * Signals and epoll: what interrupts epoll_wait, which mask is in force meanwhile, and how a signalfd behaves in an
 * interest set. Results that Linux guarantees hold under every schedule.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { mem, sys } from '../kit.js';
import { always, block, fork, getpid, kill, msleep, note, now as at, SA, SIG, sigaction, sigset, wait } from '../kernel/proc.js';
import { add, ctl, efd, epoll, ET, ev, eventsIn, IN, MOD, DEL } from './fixture.js';

const EINTR = -4;

/** epoll_wait or epoll_pwait: [result, events]. */
function* pwait(k: Kernel, e: number, ms: number, mask: ReturnType<typeof mem> | null = null): Sleeps<unknown[]> {
  const events = mem(12 * 8);
  const ret = yield* sys(k, 'epoll_pwait', e, events, 8, ms, mask, 8);
  return ret > 0 ? eventsIn(events, ret) : [ret];
}

test('F58: a handler interrupts epoll_wait with EINTR, SA_RESTART or not', () => {
  for (const flags of [0, SA.RESTART]) {
    always(function* (k) {
      const log: unknown[] = [];
      const me = yield* getpid(k);
      const e = yield* epoll(k);
      yield* note(k, log, SIG.USR1, flags);
      yield* fork(k, function* () {
        yield* msleep(k, 10);
        yield* kill(k, me, SIG.USR1);
      });
      log.push(yield* pwait(k, e, 1000), at(k));
      yield* wait(k);
      return log;
    }, [SIG.USR1, [EINTR], 10]);
  }
});

test('F58: an ignored signal does not interrupt epoll_wait', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const e = yield* epoll(k);
    yield* sigaction(k, SIG.USR1, 1);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.USR1);
      yield* kill(k, me, SIG.WINCH);
    });
    return [yield* pwait(k, e, 100), at(k)];
  }, [[0], 100]);
});

test('F58: a stop and a continue without handler end epoll_wait with EINTR', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const e = yield* epoll(k);
    yield* fork(k, function* () {
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.STOP);
      yield* msleep(k, 10);
      yield* kill(k, me, SIG.CONT);
    });
    return [yield* pwait(k, e, 1000), at(k)];
  }, [[EINTR], 20]);
});

test('F59: a pending signal that only the mask of epoll_pwait lets in: not delivered when an event is ready', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const e = yield* epoll(k);
    const fd = yield* efd(k, 1);
    yield* add(k, e, fd, IN);
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1);
    yield* kill(k, yield* getpid(k), SIG.USR1);
    log.push(yield* pwait(k, e, 1000, sigset()));
    yield* sigaction(k, SIG.USR1, 1);
    return log;
  }, [[ev(1, IN)]]);
});

test('F59: with timeout 0 and nothing ready epoll_pwait returns 0 and the signal is not delivered', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const e = yield* epoll(k);
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1);
    yield* kill(k, yield* getpid(k), SIG.USR1);
    log.push(yield* pwait(k, e, 0, sigset()));
    yield* sigaction(k, SIG.USR1, 1);
    return log;
  }, [[0]]);
});

test('F59: with a timeout epoll_pwait returns EINTR after the handler, and the old mask is back', () => {
  always(function* (k) {
    const log: unknown[] = [];
    const e = yield* epoll(k);
    yield* note(k, log, SIG.USR1);
    yield* block(k, SIG.USR1);
    const me = yield* getpid(k);
    yield* kill(k, me, SIG.USR1);
    log.push(yield* pwait(k, e, 1000, sigset()), at(k));
    yield* kill(k, me, SIG.USR1);
    log.push('blocked again', yield* pwait(k, e, 0, sigset()));
    yield* sigaction(k, SIG.USR1, 1);
    return log;
  }, [SIG.USR1, [EINTR], 0, 'blocked again', [0]]);
});

test('F104: signalfd: a raised signal gives IN; an unrelated blocked signal re-edges an item that is still readable, and gives nothing if it is not', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const e = yield* epoll(k);
    yield* block(k, SIG.USR1, SIG.USR2);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* add(k, e, fd, IN | ET);
    const log: unknown[] = [yield* pwait(k, e, 0)];
    yield* kill(k, me, SIG.USR1);
    log.push(yield* pwait(k, e, 0), yield* pwait(k, e, 0));
    yield* kill(k, me, SIG.USR2);
    log.push(yield* pwait(k, e, 0));
    yield* kill(k, me, SIG.USR2);
    log.push('merged', yield* pwait(k, e, 0));
    yield* sys(k, 'read', fd, mem(128), 128);
    yield* sigaction(k, SIG.USR2, 1);
    yield* kill(k, me, SIG.USR2);
    log.push(yield* pwait(k, e, 0));
    return log;
  }, [[0], [ev(1, IN)], [0], [ev(1, IN)], 'merged', [0], [0]]);
});

test('F105: after fork an inherited epoll is not woken by the child\'s own signal; poll and MOD in the child see it', () => {
  always(function* (k) {
    const e = yield* epoll(k);
    yield* block(k, SIG.USR1);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* add(k, e, fd, IN | ET);
    const log: unknown[] = [];
    yield* fork(k, function* () {
      yield* kill(k, yield* getpid(k), SIG.USR1);
      log.push(yield* pwait(k, e, 0));
      const entry = mem([fd, 0, 0, 0, IN, 0, 0, 0]);
      log.push(yield* sys(k, 'poll', entry, 1, 0));
      log.push(yield* ctl(k, e, MOD, fd, IN | ET));
      log.push(yield* pwait(k, e, 0));
    });
    yield* wait(k);
    return log;
  }, [[0], 1, 0, [ev(1, IN)]]);
});

test('F105: an item added by a process that has ended is deaf; MOD still reports and DEL removes it', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const e = yield* epoll(k);
    yield* block(k, SIG.USR1);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* fork(k, function* () {
      yield* add(k, e, fd, IN);
    });
    yield* wait(k);
    const log: unknown[] = [yield* pwait(k, e, 0)];
    yield* kill(k, me, SIG.USR1);
    log.push(yield* pwait(k, e, 0), yield* ctl(k, e, MOD, fd, IN), yield* pwait(k, e, 0), yield* ctl(k, e, DEL, fd, 0));
    yield* sys(k, 'read', fd, mem(128), 128);
    return log;
  }, [[0], [0], 0, [ev(1, IN)], 0]);
});

test('the end of the process that added a signalfd is itself a last edge: its wake-up carries EPOLLHUP', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const e = yield* epoll(k);
    yield* block(k, SIG.USR1);
    const fd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* fork(k, function* () {
      yield* add(k, e, fd, IN | ET);
    });
    yield* wait(k);
    yield* kill(k, me, SIG.USR1);
    const log = [yield* pwait(k, e, 0), yield* pwait(k, e, 0)];
    yield* sys(k, 'read', fd, mem(128), 128);
    return log;
  }, [[ev(1, IN)], [0]]);
});

test('a pidfd in epoll: IN when the process ends, one more edge when it is reaped', () => {
  always(function* (k) {
    const e = yield* epoll(k);
    const child = yield* fork(k, function* () {
      yield* msleep(k, 10);
    });
    const fd = yield* sys(k, 'pidfd_open', child, 0);
    yield* add(k, e, fd, IN | ET);
    const log: unknown[] = [yield* pwait(k, e, 100), yield* pwait(k, e, 0)];
    yield* wait(k);
    log.push(yield* pwait(k, e, 0), yield* pwait(k, e, 0));
    return log;
  }, [[ev(1, IN)], [0], [ev(1, IN | 0x10)], [0]]);
});
