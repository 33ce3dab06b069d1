/**
 * Sleeping, clocks and interval timers as programs see them; all in virtual time, so that the instants are exact.
 */

import { get_user_s64 } from '../../src/kernel/uaccess.js';
import { mem, simulate, sys } from '../kit.js';
import { always, fork, getpid, kill, msleep, note, now, SA, SIG, sigaction, ts, wait } from './proc.js';
import { words } from './calls.js';

const EINTR = -4;

test('nanosleep sleeps exactly as long as asked; times that are none are refused', () => {
  always(function* (k) {
    const log: number[] = [yield* msleep(k, 25), now(k)];
    log.push(yield* sys(k, 'nanosleep', words(0, 1e9), null), yield* sys(k, 'nanosleep', words(-1, 0), null), yield* sys(k, 'nanosleep', null, null));
    log.push(yield* msleep(k, 0), now(k));
    return log;
  }, [0, 25, -22, -22, -14, 0, 25]);
});

test('clock_nanosleep with TIMER_ABSTIME sleeps until an instant, and is made again as a whole', () => {
  always(function* (k) {
    const me = yield* getpid(k);
    const log: number[] = [yield* sys(k, 'clock_nanosleep', 1, 1, ts(30), null), now(k), yield* sys(k, 'clock_nanosleep', 1, 1, ts(10), null), now(k)];
    yield* sigaction(k, SIG.USR1, () => undefined, SA.RESTART);
    yield* fork(k, function* () {
      yield* msleep(k, 5);
      yield* kill(k, me, SIG.STOP);
      yield* msleep(k, 5);
      yield* kill(k, me, SIG.CONT);
      yield* msleep(k, 5);
      yield* kill(k, me, SIG.USR1);
    });
    log.push(yield* sys(k, 'clock_nanosleep', 1, 1, ts(100), null), now(k), yield* sys(k, 'clock_nanosleep', 99, 0, ts(1), null));
    return log;
  }, [0, 30, 0, 30, EINTR, 45, -22]);
});

test('alarm: SIGALRM after so many seconds; the rest of the one before is told, rounded', () => {
  always(function* (k) {
    const log: unknown[] = [];
    yield* note(k, log, SIG.ALRM);
    log.push(yield* sys(k, 'alarm', 10));
    yield* msleep(k, 400);
    log.push(yield* sys(k, 'alarm', 2));
    log.push(yield* msleep(k, 5000), now(k), yield* sys(k, 'alarm', 0));
    return log;
  }, [0, 10, SIG.ALRM, EINTR, 2400, 0]);
});

test('alarm kills a process without a handler', () => {
  always(function* (k) {
    yield* fork(k, function* () {
      yield* sys(k, 'alarm', 1);
      yield* sys(k, 'pause');
    });
    return [(yield* wait(k))[1], now(k)];
  }, [SIG.ALRM, 1000]);
});

test('setitimer fires again and again, whenever its signal was taken; getitimer tells what is left', () => {
  always(function* (k) {
    const at: number[] = [];
    yield* sigaction(k, SIG.ALRM, (_signo, info) => void at.push(now(k), info.si_code));
    yield* sys(k, 'setitimer', 0, words(0, 10_000, 0, 25_000), null);
    for (let i = 0; i < 3; i++) yield* sys(k, 'pause');
    yield* msleep(k, 4);
    const value = mem(32);
    yield* sys(k, 'getitimer', 0, value);
    const left = [8, 24].map((offset) => get_user_s64(value, offset)!);
    const old = mem(32);
    yield* sys(k, 'setitimer', 0, null, old);
    return [at, left, get_user_s64(old, 24), yield* sys(k, 'setitimer', 0, words(0, 1e6, 0, 0), null), yield* sys(k, 'getitimer', 3, value)];
  }, [[25, 0x80, 35, 0x80, 45, 0x80], [10_000, 6_000], 6_000, -22, -22]);
});

test('clocks: CLOCK_MONOTONIC is the machine\'s, CLOCK_REALTIME is it plus an offset', () => {
  const [mono, real, usec] = simulate(function* (k) {
    k.clock.realtimeOffsetNs = 1_000_000e9;
    yield* msleep(k, 1500);
    const a = mem(16);
    const b = mem(16);
    const c = mem(16);
    yield* sys(k, 'clock_gettime', 1, a);
    yield* sys(k, 'clock_gettime', 0, b);
    yield* sys(k, 'gettimeofday', c, null);
    return [[get_user_s64(a, 0), get_user_s64(a, 8)], get_user_s64(b, 0), get_user_s64(c, 8)];
  });
  expect([mono, real, usec]).toEqual([[1, 5e8], 1_000_001, 500_000]);
});

test('sched_yield lets the others go first', () => {
  const log = simulate(function* (k) {
    const order: string[] = [];
    yield* fork(k, function* () {
      order.push('child');
    });
    order.push('parent');
    yield* sys(k, 'sched_yield');
    order.push('parent again');
    yield* wait(k);
    return order;
  });
  expect(log).toEqual(['parent', 'child', 'parent again']);
});
