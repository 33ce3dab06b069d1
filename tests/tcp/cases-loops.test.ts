/**
 * T94, T109..T112, T119 and the SH cases with TCP, poll and select: sockets in event loops, as programs on the machine. What the
 * epoll folder's own tests show of pipes is not shown again.
 */

import {
  AF_INET, AF_INET6, EAGAIN, EBADF, EFAULT, EINPROGRESS, EINTR, EINVAL, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE,
  EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP, machine, O_NONBLOCK, type Program, SHUT_RD, SHUT_RDWR, SHUT_WR, SIGALRM, SO_LINGER, SOCK_DGRAM,
  SOCK_STREAM, SOL_SOCKET, type Sleeps, type Sys,
} from '../../src/scenario/index.js';
import { connected, listening, maskWords, nonblock, PORT, story } from './cases.js';

const ALL = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

/** An epoll that watches one descriptor; what was ready before is taken. */
function* watching(sys: Sys, fd: number, events: number): Sleeps<number> {
  const ep = yield* sys.epoll_create1();
  sys.expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events }), 0);
  yield* sys.epoll_wait(ep, 8, 0);
  return ep;
}

/** What one epoll_wait reports: the masks, or `-`. */
function* reported(sys: Sys, ep: number, ms = 0): Sleeps<string> {
  const { events } = yield* sys.epoll_wait(ep, 8, ms);
  return events.map((event) => maskWords(event.events)).join(' ') || '-';
}

/** Closes with an RST. */
function* reset(sys: Sys, fd: number): Sleeps<void> {
  yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
  yield* sys.close(fd);
}

describe('T94: eight tasks with an epoll each on one listener', () => {
  /** How many of eight waiters wake within 100 ms of `event`. */
  function woken(events: number, event: (sys: Sys, l: number) => Sleeps<void>): number {
    let count = 0;
    story(function* (sys) {
      const l = yield* listening(sys);
      for (let i = 0; i < 8; i++) {
        const ep = yield* watching(sys, l, events);
        yield* sys.thread(function* waiter(other) {
          if ((yield* other.epoll_wait(ep, 8, 100)).ret > 0) count++;
        });
      }
      yield* sys.msleep(10);
      yield* event(sys, l);
      yield* sys.msleep(200);
    });
    return count;
  }
  function* client(sys: Sys): Sleeps<void> {
    yield* sys.connect(yield* sys.socket(AF_INET, SOCK_STREAM), { port: PORT });
  }

  test('T94: level-triggered all wake for one connection, with EPOLLEXCLUSIVE one; a change of state wakes all of those too', () => {
    expect(woken(EPOLLIN, client)).toBe(8);
    expect(woken(EPOLLIN | EPOLLEXCLUSIVE, client)).toBe(1);
    expect(woken(EPOLLIN | EPOLLEXCLUSIVE, function* (sys, l) { yield* sys.shutdown(l, SHUT_RD); })).toBe(8);
  });
});

test('T109: a one-shot watcher that has fired ignores FIN and RST; one that asked for nothing hears of an RST', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const once = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(once, EPOLL_CTL_ADD, c, { events: ALL | EPOLLONESHOT });
    sys.expect(yield* reported(sys, once), 'OUT');
    const nothing = yield* watching(sys, c, 0);
    yield* sys.shutdown(a, SHUT_WR);
    sys.expect([yield* reported(sys, once), yield* reported(sys, nothing)], ['-', '-']);
    yield* reset(sys, a);
    sys.expect([yield* reported(sys, once), yield* reported(sys, nothing)], ['-', 'ERR|HUP']);
  });
});

test('T110: a watched descriptor is closed while a dup lives: events go on, DEL by the old number fails; with the last one they end', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const ep = yield* watching(sys, c, EPOLLIN);
    const other = yield* sys.dup(c);
    yield* sys.close(c);
    yield* sys.write(a, 'x');
    sys.expect((yield* sys.epoll_wait(ep, 8, 0)).events, [{ events: EPOLLIN, data: c }]);
    sys.expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, c), -EBADF);
    yield* sys.close(other);
    sys.expect(yield* reported(sys, ep), '-');
  });
});

test('T111: close() of a watched descriptor wakes no waiter, shutdown() does', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    const ep = yield* watching(sys, c, EPOLLIN | EPOLLRDHUP);
    yield* sys.thread(function* closer(other) {
      yield* other.msleep(50);
      yield* other.close(c);
    });
    sys.expect(yield* reported(sys, ep, 200), '-');
    sys.expect(sys.nowNs >= 200e6, true);
  });
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    const ep = yield* watching(sys, c, EPOLLIN | EPOLLRDHUP);
    yield* sys.thread(function* closer(other) {
      yield* other.msleep(50);
      yield* other.shutdown(c, SHUT_RDWR);
    });
    sys.expect(yield* reported(sys, ep, 200), 'IN|HUP|RDHUP');
    sys.expect(sys.nowNs < 60e6, true);
  });
});

test('T112: one FIN, one RST, one segment: each is one delivery to a waiter that sleeps', () => {
  const causes: readonly [string, (sys: Sys, a: number) => Sleeps<unknown>][] = [
    ['IN|OUT', (sys, a) => sys.write(a, 'x')],
    ['IN|OUT|RDHUP', (sys, a) => sys.shutdown(a, SHUT_WR)],
    ['IN|OUT|ERR|HUP|RDHUP', reset],
  ];
  for (const [mask, cause] of causes) {
    story(function* (sys) {
      const [, c, a] = yield* connected(sys);
      const ep = yield* watching(sys, c, ALL | EPOLLET);
      const seen: string[] = [];
      yield* sys.thread(function* waiter(other) {
        for (;;) {
          const got = yield* reported(other, ep, 200);
          if (got === '-') break;
          seen.push(got);
        }
      });
      yield* sys.msleep(10);
      yield* cause(sys, a);
      yield* sys.msleep(400);
      sys.expect(seen, [mask]);
    });
  }
});

test('T119: dups of one socket in one epoll are reported last added first', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const ep = yield* sys.epoll_create1();
    const fds = [c, yield* sys.dup(c), yield* sys.dup(c)];
    for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLET });
    yield* sys.write(a, 'x');
    sys.expect((yield* sys.epoll_wait(ep, 8, 0)).events.map(({ data }) => data), [...fds].reverse());
  });
});

test('SH-E3: TCP, closed before two tasks wait: level-triggered both hear of it, edge-triggered one', () => {
  for (const trigger of [0, EPOLLET]) {
    for (const rdhup of [0, EPOLLRDHUP]) {
      for (const data of [false, true]) {
        const seen: string[] = [];
        story(function* (sys) {
          const [, c, a] = yield* connected(sys);
          const ep = yield* sys.epoll_create1();
          yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, c, { events: EPOLLIN | rdhup | trigger });
          if (data) yield* sys.write(a, 'x');
          yield* sys.close(a);
          for (const _ of [1, 2]) {
            yield* sys.thread(function* waiter(other) { seen.push(yield* reported(other, ep, 100)); });
          }
          yield* sys.msleep(300);
        });
        const mask = rdhup === 0 ? 'IN' : 'IN|RDHUP';
        expect(seen.sort()).toEqual(trigger === 0 ? [mask, mask] : ['-', mask]);
      }
    }
  }
});

describe('SH-P1: poll and ppoll over a datagram socket, by a rule', () => {
  const BAD = 2 ** 31 - 1;
  const rows = [false, true].flatMap((array) => [false, true].flatMap((valid) => [0, EPOLLIN, EPOLLOUT].flatMap((events) =>
    [0, 100].flatMap((ms) => [false, true].flatMap((signal) => [0, 1, -1].map((nfds) => ({ array, valid, events, ms, signal, nfds })))))));

  test.each(['poll', 'ppoll'])('%s: first match wins: EFAULT, EINVAL, NVAL, OUT, EINTR, or the full timeout', (call) => {
    for (const { array, valid, events, ms, signal, nfds } of rows) {
      story(function* (sys) {
        const u = yield* sys.socket(AF_INET, SOCK_DGRAM);
        yield* sys.sigaction(SIGALRM, () => {});
        if (signal && ms > 0) {
          const pid = yield* sys.getpid();
          yield* sys.fork(function* alarm(other) {
            yield* other.msleep(10);
            yield* other.kill(pid, SIGALRM);
          });
        }
        const start = sys.nowNs;
        const entry = sys.absentMemory(8);
        sys.pageIn(entry);
        new DataView(entry.bytes.buffer).setInt32(0, valid ? u : BAD, true);
        entry.bytes[4] = events;
        const time = sys.absentMemory(16);
        sys.pageIn(time);
        new DataView(time.bytes.buffer).setInt32(8, ms * 1e6, true);
        const count = nfds < 0 ? 2 ** 32 - 1 : nfds;
        const memory = array ? entry : null;
        const ret = call === 'poll' ? yield* sys.syscall('poll', memory, count, ms) : yield* sys.syscall('ppoll', memory, count, time, null, 8);
        const revents = entry.bytes[6]!;
        if (!array && nfds === 1) sys.expect(ret, -EFAULT);
        else if (nfds < 0) sys.expect(ret, -EINVAL);
        else if (!valid && nfds === 1) sys.expect([ret, revents], [1, 0x20]);
        else if (events === EPOLLOUT && nfds === 1) sys.expect([ret, revents], [1, EPOLLOUT]);
        else if (signal && ms > 0) sys.expect(ret, -EINTR);
        else sys.expect([ret, sys.nowNs - start >= ms * 1e6], [0, true]);
        yield* sys.msleep(50);
      });
    }
  });
});

test('SH-S1: select and pselect: a negative number EINVAL, a closed descriptor EBADF, else what is writable', () => {
  for (const call of ['select', 'pselect'] as const) {
    for (const which of ['read', 'write', 'except', 'none'] as const) {
      for (const closed of [false, true]) {
        for (const inSet of [false, true]) {
          for (const nfds of [-1, 3, 100, 1023, 1024, 1025]) {
            story(function* (sys) {
              const u = yield* sys.socket(AF_INET, SOCK_DGRAM);
              const gone = 50;
              const set = [...(inSet ? [u] : []), ...(closed ? [gone] : [])];
              const sets = which === 'none' ? {} : { [which]: set };
              const { ret } = call === 'select' ? yield* sys.select(nfds, sets, 1000) : yield* sys.pselect(nfds, sets, 1e6);
              if (nfds < 0) sys.expect(ret, -EINVAL);
              else if (closed && nfds > gone && which !== 'none') sys.expect(ret, -EBADF);
              else if (which === 'write' && inSet && nfds > u) sys.expect(ret, 1);
              else sys.expect(ret, 0);
            });
          }
        }
      }
    }
  }
});

test('SH-P2, SH-C1..SH-C5: pipes in poll and epoll; empty epolls and their timeouts; a signal', () => {
  story(function* (sys) {
    const [r, w] = yield* sys.pipe();
    sys.expect((yield* sys.poll([{ fd: r, events: EPOLLIN }], 100)).ret, 0);
    yield* sys.write(w, 'four');
    sys.expect((yield* sys.poll([{ fd: r, events: EPOLLIN }], 100)).revents, [EPOLLIN]);
    const ep = yield* sys.epoll_create1();
    for (const ms of [0, 300]) {
      const start = sys.nowNs;
      sys.expect((yield* sys.epoll_wait(ep, 1, ms)).ret, 0);
      sys.expect(sys.nowNs - start >= ms * 1e6 && sys.nowNs - start < (ms + 100) * 1e6, true);
    }
    yield* sys.sigaction(SIGALRM, () => {});
    const pid = yield* sys.getpid();
    yield* sys.fork(function* alarm(other) {
      yield* other.msleep(500);
      yield* other.kill(pid, SIGALRM);
    });
    sys.expect((yield* sys.epoll_wait(ep, 1, 1000)).ret, -EINTR);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLONESHOT });
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) seen.push(yield* reported(sys, ep, 100));
    sys.expect(seen, ['IN', '-', '-', '-', '-']);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events: EPOLLIN });
    sys.expect(yield* reported(sys, ep, 100), 'IN');
    yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, w, { events: EPOLLOUT | EPOLLET });
    sys.expect(yield* reported(sys, ep), 'OUT');
    yield* sys.write(w, 'more');
    sys.expect(yield* reported(sys, ep), '-');
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, w, { events: EPOLLOUT | EPOLLET });
    sys.expect(yield* reported(sys, ep), 'OUT');
  });
});

// the transfer program

type Wait = (sys: Sys, fd: number, events: number) => Sleeps<unknown>;
const WAITS: Readonly<Record<string, Wait | null>> = {
  blocking: null,
  poll: (sys, fd, events) => sys.poll([{ fd, events }]),
  select: (sys, fd, events) => sys.select(fd + 1, events === EPOLLIN ? { read: [fd] } : { write: [fd] }),
  *'a fresh epoll each time'(sys, fd, events) {
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events });
    yield* sys.epoll_wait(ep, 1, -1);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, fd);
    yield* sys.close(ep);
  },
};
const BYTES = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i * 31 + i * 7) & 255);

function* moveAll(sys: Sys, fd: number, wait: Wait | null, data: Uint8Array, out: boolean): Sleeps<void> {
  for (let at = 0; at < data.length; ) {
    const n: number = out ? yield* sys.write(fd, data.subarray(at)) : yield* sys.read(fd, data.subarray(at));
    if (n > 0) at += n;
    else if (n === -EAGAIN && wait !== null) yield* wait(sys, fd, out ? EPOLLOUT : EPOLLIN);
    else throw new Error(`${out ? 'write' : 'read'} said ${n} after ${at} bytes`);
  }
}

function transfer(wait: Wait | null, server: (program: Program) => void, client: (program: Program) => void, host: string): Uint8Array {
  const back = new Uint8Array(BYTES.length);
  server(function* (sys) {
    const l = yield* listening2(sys);
    const a = yield* sys.accept(l);
    if (wait !== null) yield* nonblock(sys, a);
    const buffer = new Uint8Array(BYTES.length);
    yield* moveAll(sys, a, wait, buffer, false);
    yield* moveAll(sys, a, wait, buffer, true);
    yield* sys.close(a);
  });
  client(function* (sys) {
    yield* sys.msleep(1);
    const c = yield* sys.socket(AF_INET, SOCK_STREAM | (wait === null ? 0 : O_NONBLOCK));
    for (let ret = yield* sys.connect(c, { port: PORT, host }); ret !== 0; ret = yield* sys.connect(c, { port: PORT, host })) {
      if (ret !== -EINPROGRESS || wait === null) throw new Error(`connect said ${ret}`);
      yield* wait(sys, c, EPOLLOUT);
    }
    yield* moveAll(sys, c, wait, BYTES, true);
    yield* moveAll(sys, c, wait, back, false);
  });
  return back;
}

function* listening2(sys: Sys): Sleeps<number> {
  const l = yield* sys.socket(AF_INET6, SOCK_STREAM);
  sys.expect(yield* sys.bind(l, { port: PORT, host: '::' }), 0);
  yield* sys.listen(l, 8);
  return l;
}

test.each(Object.keys(WAITS))('SH-T1: 20000 bytes there and back, %s', (how) => {
  const m = machine();
  const back = transfer(WAITS[how]!, (program) => m.process('server', program), (program) => m.process('client', program), '127.0.0.1');
  expect(m.run()).toMatchObject({ halt: 'finished', failures: [] });
  expect(back).toEqual(BYTES);
});

test.each(Object.keys(WAITS))('SH-T3: the same over a link of 50 ms that loses a quarter, %s', (how) => {
  const m = machine({ seed: 5, preempt: 'never' });
  const server = m.host('server', { address: '10.0.0.2' });
  const client = m.host('client', { address: '10.0.0.1' });
  m.link(client, server, { delayMs: 50, faults: { lose: 0.25 } });
  const back = transfer(WAITS[how]!, (program) => server.process('server', program), (program) => client.process('client', program), '10.0.0.2');
  expect(m.run()).toMatchObject({ halt: 'finished', failures: [] });
  expect(back).toEqual(BYTES);
});

test('SH-T2: vectors: how many there may be, and empty ones among them', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const parts = Array.from({ length: 1024 }, (_, i) => (i % 100 === 0 ? 'x' : ''));
    sys.expect(yield* sys.writev(c, parts), 11);
    const buffers = Array.from({ length: 1024 }, (_, i) => new Uint8Array(i % 100 === 0 ? 1 : 0));
    sys.expect(yield* sys.readv(a, buffers), 11);
    sys.expect(yield* sys.writev(c, [...parts, '']), -EINVAL);
    sys.expect(yield* sys.readv(a, [...buffers, new Uint8Array(0)]), -EINVAL);
    sys.expect(yield* sys.writev(99, ['x']), -EBADF);
    for (const call of ['readv', 'writev']) sys.expect(yield* sys.syscall(call, c, [], -1), -EINVAL);
  });
});

test('SH-W1: level-triggered OUT: every wait tells, and the write after it never fails', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.thread(function* reader(other) {
      for (let got = 1; got > 0; ) got = (yield* other.read(c, 10_000)).ret;
    });
    yield* nonblock(sys, a);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, a, { events: EPOLLOUT });
    for (let i = 0; i < 30; i++) {
      sys.expect((yield* sys.epoll_wait(ep, 8, -1)).events, [{ events: EPOLLOUT, data: a }]);
      sys.expect((yield* sys.write(a, new Uint8Array(65535))) > 0, true);
    }
    yield* sys.close(a);
    yield* sys.msleep(1000);
  });
});

