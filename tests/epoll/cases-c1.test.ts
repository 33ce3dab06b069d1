/** The epoll cases of a system-call suite that runs on several kernels. EP-1 to EP-21; MAX is 2^64 - 2. */

import { EAGAIN, EINTR } from '../../src/kernel/errno.js';
import { block, fork, getpid, kill, note, SIG, sigset } from '../kernel/proc.js';
import { mem, simulate, sys } from '../kit.js';
import {
  add, ADD, concurrently, ctl, efd, epoll, ET, ev, type Event, holds, HUP, IN, MOD, now, ONESHOT, onEverySchedule, OUT, pipe, post, RDHUP, read, sleep, type Sleeps, sockets, wait, write,
} from './fixture.js';
import type { KernelOptions } from '../../src/kernel/kernel.js';

test('EP-1 EP-2 EP-3: several events come in the order of registration, each with what is true of it', () => {
  holds(`
    e = epoll_create1
    v0 = eventfd2
    v1 = eventfd2
    v2 = eventfd2
    ctl e ADD v0 IN|OUT
    ctl e ADD v1 IN|OUT
    ctl e ADD v2 IN|OUT
    wait e 3 -1 -> v0:OUT v1:OUT v2:OUT
    add v2 1
    wait e 3 -1 -> v0:OUT v1:OUT v2:IN|OUT
    take v2 -> 1
    add v2 18446744073709551614
    wait e 3 -1 -> v0:OUT v1:OUT v2:IN
    take v2 -> 18446744073709551614
    wait e 3 -1 -> v0:OUT v1:OUT v2:OUT
  `);
});

/** An epoll that watches three idle eventfds for input. */
function* three(k: Parameters<typeof epoll>[0]): Sleeps<[number, number[]]> {
  const e = yield* epoll(k);
  const fds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const fd = yield* efd(k);
    yield* add(k, e, fd, IN);
    fds.push(fd);
  }
  return [e, fds];
}

test('EP-4 EP-8: without events the time is waited for in full, also by an empty set', () => {
  simulate(function* (k) {
    const [e] = yield* three(k);
    let from = now(k);
    expect(yield* wait(k, e, 3, 200)).toEqual([]);
    expect(now(k) - from).toBeGreaterThanOrEqual(200);
    from = now(k);
    expect(yield* wait(k, yield* epoll(k), 3, 100)).toEqual([]);
    expect(now(k) - from).toBeGreaterThanOrEqual(100);
  });
});

test('EP-6: a waiter for ever returns when another task writes, on every schedule', () => {
  onEverySchedule(200, (options) => {
    const { values, result } = concurrently(function* (k, start) {
      const [e, [v0]] = yield* three(k);
      start('waiter', () => wait(k, e, 3, -1));
      yield* sleep(k, 200);
      yield* post(k, v0!);
      yield* sleep(k, 1);
      return v0!;
    }, options);
    expect(values).toEqual({ waiter: [ev(result, IN)] });
  });
});

test('EP-7: a handled real-time signal interrupts a wait for ever', () => {
  simulate(function* (k) {
    const [e] = yield* three(k);
    const log: unknown[] = [];
    yield* note(k, log, SIG.RT);
    const self = yield* getpid(k);
    yield* fork(k, function* () {
      for (let i = 0; i < 2; i++) {
        yield* sleep(k, 200);
        yield* kill(k, self, SIG.RT);
      }
    });
    for (let i = 1; i <= 2; i++) {
      expect(yield* wait(k, e, 3, -1)).toBe(-EINTR);
      expect(now(k)).toBe(200 * i);
    }
    expect(log).toEqual([SIG.RT, SIG.RT]);
  });
});

test('EP-9: a waiter on an empty set gets what another task adds, on every schedule', () => {
  onEverySchedule(200, (options) => {
    const { values } = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      start('waiter', () => wait(k, e, 3, -1));
      yield* sleep(k, 200);
      yield* add(k, e, yield* efd(k), IN | OUT, 4711);
      yield* sleep(k, 1);
    }, options);
    expect(values).toEqual({ waiter: [ev(4711, OUT)] });
  });
});

test('EP-10: an item that was changed to one-shot is reported once', () => {
  holds(`
    e = epoll_create1
    v0 = eventfd2
    v1 = eventfd2
    v2 = eventfd2
    ctl e ADD v0 IN
    ctl e ADD v1 IN
    ctl e ADD v2 IN
    ctl e MOD v0 OUT|ONESHOT
    wait e 3 -1 -> v0:OUT
    wait e 3 100 -> 0
  `);
});

/** As expect, for places that are passed a hundred thousand times. */
function must(condition: boolean): void {
  if (!condition) throw new Error('a call of the race did not answer as it must');
}

/** Two clients share a socket through one-shot items in two epolls; a server echoes 6-byte messages. How many echoes each had. */
function oneshotRace(replies: number, options: KernelOptions): Record<string, unknown> {
  const { values } = concurrently(function* (k, start) {
    const [server, client] = yield* sockets(k);
    start('server', function* () {
      for (let i = 0; i < replies; i++) {
        must((yield* read(k, server, 6)) === 6);
        const last = i >= replies - 2;
        must((yield* sys(k, 'write', server, mem(last ? 'END...' : 'echo..'), 6)) === 6);
      }
      return 'done';
    });
    for (const name of ['first', 'second']) {
      const e = yield* epoll(k);
      yield* add(k, e, client, IN | ONESHOT);
      start(name, function* () {
        for (let round = 0; ; round++) {
          if (round > 0) must((yield* ctl(k, e, MOD, client, IN | ONESHOT)) === 0);
          must((yield* write(k, client, 6)) === 6);
          const events = (yield* wait(k, e, 1, -1)) as Event[];
          must(events.length === 1 && events[0]!.data === client && events[0]!.events === IN);
          const reply = mem(6);
          must((yield* sys(k, 'read', client, reply, 6)) === 6);
          if (String.fromCharCode(reply.bytes[0]!) === 'E') return 'ended';
        }
      });
    }
    yield* sleep(k, 10_000);
  }, options);
  return values;
}

test('EP-11: one-shot items of one socket in two epolls hang nobody, on every schedule', () => {
  const all = { server: 'done', first: 'ended', second: 'ended' };
  expect(oneshotRace(16384, {})).toEqual(all);
  onEverySchedule(200, (options) => expect(oneshotRace(16, options)).toEqual(all));
});

test('EP-12: a writable eventfd has an edge when room comes back', () => {
  holds(`
    e = epoll_create1
    v0 = eventfd2
    ctl e ADD v0 OUT|ET
    wait e 3 -1 -> v0:OUT
    wait e 3 100 -> 0
    add v0 18446744073709551614
    take v0 -> 18446744073709551614
    wait e 3 -1 -> v0:OUT
    wait e 3 100 -> 0
  `);
});

test('EP-13: a one-shot item has no second edge', () => {
  holds(`
    e = epoll_create1
    v0 = eventfd2
    ctl e ADD v0 OUT|ET|ONESHOT
    wait e 3 -1 -> v0:OUT
    wait e 3 100 -> 0
    add v0 18446744073709551614
    take v0 -> 18446744073709551614
    wait e 3 100 -> 0
  `);
});

test('EP-14 EP-15: an epoll may watch neither itself nor one that leads back to it', () => {
  holds(`
    e0 = epoll_create1
    e1 = epoll_create1
    e2 = epoll_create1
    ctl e0 ADD e0 IN -> EINVAL
    ctl e0 ADD e1 IN
    ctl e1 ADD e2 IN
    ctl e2 ADD e0 IN -> ELOOP
  `);
});

test('EP-16: a closed file is not reported any more', () => {
  holds(`
    e = epoll_create1
    v0 = eventfd2
    ctl e ADD v0 OUT
    wait e 3 -1 -> v0:OUT
    close v0
    wait e 3 100 -> 0
  `);
});

test('EP-17 EP-18: errors and hang-ups are reported unasked, and nothing else is', () => {
  holds(`
    e = epoll_create1
    r, w = pipe2 0
    ctl e ADD r 0
    wait e -> 0
    close w
    wait e -> r:HUP
    f = epoll_create1
    x, y = pipe2 0
    ctl f ADD y ERR
    wait f -> 0
    close x
    wait f -> y:ERR
  `);
});

test('EP-19: a nested set becomes ready twice, without stale readiness in between, on every schedule', () => {
  onEverySchedule(200, (options) => {
    const { values } = concurrently(function* (k, start) {
      const [r, w] = yield* pipe(k);
      const e1 = yield* epoll(k);
      const e2 = yield* epoll(k);
      yield* add(k, e1, r, IN | HUP);
      yield* add(k, e2, e1, IN | HUP);
      start('reader', function* () {
        expect(yield* wait(k, e2)).toEqual([]);
        expect(yield* wait(k, e1)).toEqual([]);
        for (let round = 0; round < 2; round++) {
          expect(yield* wait(k, e2, 2, 5000)).toEqual([ev(e1, IN)]);
          expect(yield* wait(k, e1, 2, 5000)).toEqual([ev(r, IN)]);
          expect(yield* read(k, r, 5)).toBe(5);
        }
        expect(yield* wait(k, e2, 2, 10)).toEqual([]);
        return 'done';
      });
      for (let round = 0; round < 2; round++) {
        yield* sleep(k, 1000);
        yield* write(k, w, 5);
      }
      yield* sleep(k, 1000);
    }, options);
    expect(values).toEqual({ reader: 'done' });
  });
});

test('EP-20: a regular file cannot be watched', () => {
  holds(`
    e = epoll_create1
    f = open regular CREAT|RDWR
    ctl e ADD f IN -> EPERM
  `);
});

/** A child sends SIGUSR1 many times; how many the parent read from a signalfd that it waits for by epoll. */
function signalStorm(signals: number, options: KernelOptions): number {
  return simulate(function* (k) {
    yield* block(k, SIG.USR1);
    const e = yield* epoll(k);
    const sfd = yield* sys(k, 'signalfd4', -1, sigset(SIG.USR1), 8, 0o4000);
    yield* add(k, e, sfd, IN);
    const self = yield* getpid(k);
    yield* fork(k, function* () {
      for (let i = 0; i < signals; i++) must((yield* kill(k, self, SIG.USR1)) === 0);
    });
    let seen = 0;
    for (;;) {
      const events = yield* wait(k, e, 1, 1000);
      if (events === -EINTR) continue; // SIGCHLD is ignored, but a stop would be seen
      if ((events as unknown[]).length === 0) return seen;
      const got = yield* sys(k, 'read', sfd, mem(128), 128);
      expect([128, -EAGAIN]).toContain(got);
      if (got === 128) seen++;
    }
  }, options);
}

test('EP-21: a storm of signals through a signalfd neither hangs nor is missed altogether, on every schedule', () => {
  expect(signalStorm(25_000, {})).toBeGreaterThanOrEqual(1);
  onEverySchedule(200, (options) => expect(signalStorm(20, options)).toBeGreaterThanOrEqual(1));
});

/** Two waiters for 100 ms on a pipe whose write end is closed before, with or without a byte in it. */
function closedBefore(events: number, withData: boolean, options: KernelOptions): { masks: number[]; late: number } {
  const { threads } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const [r, w] = yield* pipe(k);
    yield* add(k, e, r, events);
    if (withData) yield* write(k, w, 1);
    expect(yield* sys(k, 'close', w)).toBe(0);
    for (const name of ['A', 'B']) start(name, () => wait(k, e, 10, 100));
    yield* sleep(k, 1000);
  }, options);
  const got = Object.values(threads) as { value: { events: number }[]; atMs: number }[];
  return { masks: got.flatMap(({ value }) => value.map((event) => event.events)), late: got.filter(({ atMs }) => atMs >= 100).length };
}

test('SH-E3: a pipe that was closed before anyone waits is told to both waiters, or with an edge to one, on every schedule', () => {
  for (const asked of [IN, IN | RDHUP]) {
    for (const withData of [false, true]) {
      const mask = withData ? IN | HUP : HUP;
      onEverySchedule(50, (options) => {
        expect(closedBefore(asked, withData, options)).toEqual({ masks: [mask, mask], late: 0 });
        expect(closedBefore(asked | ET, withData, options)).toEqual({ masks: [mask], late: 1 });
      });
    }
  }
});

test('SH-E1: of two waiters one gets the edge, the other waits in full, on every schedule', () => {
  onEverySchedule(200, (options) => {
    const { values, threads } = twoWaiters(IN | ET, options);
    const got = Object.keys(values).filter((name) => (values[name] as unknown[]).length > 0);
    expect(got).toHaveLength(1);
    const other = got[0] === 'A' ? 'B' : 'A';
    expect(threads[got[0]!]!.atMs).toBeLessThan(100);
    expect(threads[other]!.atMs).toBeGreaterThanOrEqual(100);
  });
});

test('SH-E2: of two waiters both get a level-triggered event, on every schedule', () => {
  onEverySchedule(200, (options) => {
    const { values, result: r } = twoWaiters(IN, options);
    expect(values).toEqual({ A: [ev(r, IN)], B: [ev(r, IN)] });
  });
});

/** Two waiters for 100 ms on a pipe's read end; after 50 ms one byte is written. */
function twoWaiters(events: number, options: KernelOptions): ReturnType<typeof concurrently<number>> {
  return concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const [r, w] = yield* pipe(k);
    yield* add(k, e, r, events);
    for (const name of ['A', 'B']) start(name, () => wait(k, e, 10, 100));
    yield* sleep(k, 50);
    yield* write(k, w, 1);
    yield* sleep(k, 1000);
    return r;
  }, options);
}

test('SH-E4: every negative timeout is for ever, and a negative timespec is EINVAL', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    ctl e ADD a IN
    wait e 8 -1 -> a:IN
    wait e 8 -2 -> a:IN
    pwait2 e 8 -1 0 -> EINVAL
    pwait2 e 8 0 -1 -> EINVAL
    pwait2 e 8 0 1000000000 -> EINVAL
    pwait2 e 8 0 999999999 -> a:IN
  `);
});

/** Two level-triggered waiters on a pipe, and what happens at the write; all outcomes seen under 300 schedules, as how many waiters got the event. */
function outcomes(eachReads: boolean, writerTakesItBack: boolean): Set<number> {
  const seen = new Set<number>();
  onEverySchedule(300, (options) => {
    const { values } = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const [r, w] = yield* pipe(k);
      yield* add(k, e, r, IN);
      for (const name of ['A', 'B']) {
        start(name, function* () {
          const events = yield* wait(k, e, 10, 100);
          if (eachReads) yield* read(k, r, 1);
          return events;
        });
      }
      yield* sleep(k, 50);
      yield* write(k, w, 1);
      if (writerTakesItBack) yield* read(k, r, 1);
      yield* sleep(k, 1000);
    }, options);
    seen.add(Object.values(values).filter((events) => (events as unknown[]).length > 0).length);
  });
  return seen;
}

test('SH-E6: when each waiter reads at once, the second may see the event or not', () => {
  expect(outcomes(true, false)).toEqual(new Set([1, 2]));
});

test('SH-E7: when the writer reads its byte back at once, none, one or both may have seen it', () => {
  expect(outcomes(false, true)).toContain(0);
  expect(Math.max(...outcomes(false, true))).toBeGreaterThanOrEqual(1);
});

test('EP-9: an item added while a waiter sleeps is reported again by the next call', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    expect(yield* ctl(k, e, ADD, a, IN | OUT, 4711)).toBe(0);
    expect(yield* wait(k, e, 1, -1)).toEqual([ev(4711, OUT)]);
    expect(yield* wait(k, e, 1, -1)).toEqual([ev(4711, OUT)]);
  });
});
