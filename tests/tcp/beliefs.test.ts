/**
 * Twenty things that are said about sockets, each with what Linux really does: true, false, or true under a condition.
 * Every result was seen on Linux 6.18.
 */

import {
  AF_INET, ECONNREFUSED, ECONNRESET, EINPROGRESS, ENOPROTOOPT, EPIPE, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN,
  EPOLLOUT, EWOULDBLOCK, EAGAIN, EBADF, MSG_DONTWAIT, MSG_NOSIGNAL, O_NONBLOCK, SHUT_RD, SHUT_WR, SIG_IGN, SIGPIPE, SO_ERROR, SO_SNDBUF, SO_SNDLOWAT,
  SOCK_STREAM, SOL_SOCKET, type Sleeps, type Sys,
} from '../../src/scenario/index.js';
import { simulate, sys as raw, mem } from '../kit.js';
import { connected, listening, nonblock, po, PORT, refusedClient, story } from './cases.js';
import { close, finWait1 } from './net.js';

const ALL = 0x3fff;

/** Writes without blocking until nothing more goes in. @returns bytes */
function* fill(sys: Sys, fd: number, piece = 65536): Sleeps<number> {
  let bytes = 0;
  for (;;) {
    const n = yield* sys.send(fd, new Uint8Array(piece), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return bytes;
    bytes += n;
  }
}

/** Reads until the end or an error. */
function* drain(sys: Sys, fd: number): Sleeps<{ bytes: number; end: number }> {
  for (let bytes = 0; ; ) {
    const { ret } = yield* sys.recv(fd, 65536);
    if (ret <= 0) return { bytes, end: ret };
    bytes += ret;
  }
}

function* edges(sys: Sys, fd: number, events: number): Sleeps<number> {
  const ep = yield* sys.epoll_create1();
  yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: events | EPOLLET });
  yield* sys.epoll_wait(ep, 4, 0);
  return ep;
}

test('1, false: "SO_SNDLOWAT is 2048 and can be set": it is 1 and cannot', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_SNDLOWAT)).value, 1);
    sys.expect(yield* sys.setsockopt(c, SOL_SOCKET, SO_SNDLOWAT, 2048), -ENOPROTOOPT);
  });
});

test.each([['2, false: "close with unsent data discards it"', 'close'], ['3, true: "shutdown keeps unsent data"', 'shutdown']])('%s: all of it arrives, then the end', (_belief, how) => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const sent = yield* fill(sys, c);
    if (how === 'close') yield* sys.close(c);
    else yield* sys.shutdown(c, SHUT_WR);
    sys.expect(yield* drain(sys, a), { bytes: sent, end: 0 });
  });
});

test('4, false: "SHUT_RD resets when more arrives": nothing is sent, the data is read; the peer fills up and waits', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, 'unread');
    yield* sys.shutdown(a, SHUT_RD);
    sys.expect(yield* sys.write(c, 'more'), 4);
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_ERROR)).value, 0);
    sys.expect(yield* sys.recv(a, 100), 'unreadmore');
    sys.expect((yield* sys.recv(a, 100)).ret, 0);
    sys.expect((yield* fill(sys, c)) > 100_000, true);
    sys.expect(yield* po(sys, c, EPOLLOUT), '0');
  });
});

test('5, false: "an edge of OUT when a part is sent": only after the buffer was found full, at a third free, once', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const ep = yield* edges(sys, c, EPOLLOUT);
    yield* sys.write(c, new Uint8Array(100));
    yield* sys.recv(a, 100);
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 0);
    yield* fill(sys, c);
    let seen = 0;
    for (;;) {
      if ((yield* sys.recv(a, 65536, MSG_DONTWAIT)).ret < 0) break;
      seen += (yield* sys.epoll_wait(ep, 4, 0)).ret;
    }
    sys.expect(seen, 1);
  });
});

test('6, true: "an edge of IN when more arrives, though the buffer was not empty"', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const ep = yield* edges(sys, a, EPOLLIN);
    for (const _ of [1, 2]) {
      yield* sys.write(c, '0123456789');
      sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 1);
    }
  });
});

test('7, with a condition: "LT OUT while the buffer is not full": while a third of it is free; sends still work then', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_SNDBUF, 32768);
    while ((yield* po(sys, c, EPOLLOUT)) === 'OUT') yield* sys.send(c, new Uint8Array(1000), MSG_DONTWAIT);
    sys.expect(yield* sys.send(c, new Uint8Array(1000), MSG_DONTWAIT), 1000);
  });
});

test('8, with conditions: "after RST a read says ECONNRESET, a write then EPIPE": whoever is first has the error', () => {
  const reset = function* (sys: Sys): Sleeps<number> {
    const [, c, a] = yield* connected(sys);
    yield* sys.sigaction(SIGPIPE, SIG_IGN);
    yield* sys.setsockopt(a, SOL_SOCKET, 13, { onoff: 1, linger: 0 });
    yield* sys.close(a);
    return c;
  };
  story(function* (sys) {
    const c = yield* reset(sys);
    sys.expect([(yield* sys.read(c, 1)).ret, yield* sys.write(c, 'x')], [-ECONNRESET, -EPIPE]);
  });
  story(function* (sys) {
    const c = yield* reset(sys);
    sys.expect([yield* sys.write(c, 'x'), yield* sys.write(c, 'x'), (yield* sys.read(c, 1)).ret], [-ECONNRESET, -EPIPE, 0]);
  });
});

test('9, true on loopback: "a write after the peer closed succeeds once": then EPIPE; with data that the peer had not read, ECONNRESET at once', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.close(a);
    sys.expect([yield* sys.send(c, 'x', MSG_NOSIGNAL), yield* sys.send(c, 'x', MSG_NOSIGNAL)], [1, -EPIPE]);
  });
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, 'unread');
    yield* sys.close(a);
    sys.expect(yield* sys.send(c, 'x', MSG_NOSIGNAL), -ECONNRESET);
  });
});

test('10, false: "a FIN is sent twice more, then RST": an orphan sends it 8 times more, and never an RST', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* finWait1(k);
    yield* close(k, fd);
    const ts = mem(16);
    ts.bytes[0] = 200;
    yield* raw(k, 'nanosleep', ts, null);
    const heard = peer.heard();
    expect(heard.filter((s) => s.startsWith('F'))).toHaveLength(9);
    expect(heard.filter((s) => s.startsWith('R'))).toEqual([]);
  });
});

test('11, false: "0 only after an orderly close": also after own SHUT_RD, behind an error, and for a read of nothing', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    sys.expect((yield* sys.read(c, 0)).ret, 0);
    yield* sys.shutdown(c, SHUT_RD);
    sys.expect([yield* po(sys, c, EPOLLIN), (yield* sys.read(c, 1)).ret], ['IN', 0]);
  });
  story(function* (sys) {
    const [refused] = yield* refusedClient(sys);
    sys.expect([(yield* sys.read(refused, 1)).ret, (yield* sys.read(refused, 1)).ret], [-ECONNREFUSED, 0]);
  });
});

test('12, with conditions: "epoll on a shared listener wakes everyone": with epolls of their own all, with EPOLLEXCLUSIVE one', () => {
  for (const [exclusive, count] of [[0, 4], [EPOLLEXCLUSIVE, 1]] as const) {
    let woken = 0;
    story(function* (sys) {
      const l = yield* listening(sys);
      for (let i = 0; i < 4; i++) {
        yield* sys.thread(function* waiter(other) {
          const ep = yield* other.epoll_create1();
          yield* other.epoll_ctl(ep, EPOLL_CTL_ADD, l, { events: EPOLLIN | exclusive });
          if ((yield* other.epoll_wait(ep, 1, 100)).ret > 0) woken++;
        });
      }
      yield* sys.msleep(10);
      yield* sys.connect(yield* sys.socket(AF_INET, SOCK_STREAM), { port: PORT });
      yield* sys.msleep(200);
    });
    expect(woken).toBe(count);
  }
});

test('13, false: "ECONNREFUSED is 61, EWOULDBLOCK 35": those are BSD\'s numbers', () => {
  expect([ECONNREFUSED, EWOULDBLOCK, EAGAIN]).toEqual([111, 11, 11]);
  story(function* (sys) {
    const [c] = yield* refusedClient(sys);
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_ERROR)).value, 111);
  });
});

test('14, true: "EPOLL_CTL_MOD with the same events tells an ET watcher again"', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    const ep = yield* edges(sys, c, EPOLLOUT);
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 0);
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, c, { events: EPOLLOUT | EPOLLET });
    sys.expect([(yield* sys.epoll_wait(ep, 4, 0)).ret, (yield* sys.epoll_wait(ep, 4, 0)).ret], [1, 0]);
  });
});

test('15, with a condition: "ET and one accept for each event loses connections": they wait for the next one', () => {
  story(function* (sys) {
    const l = yield* listening(sys);
    const ep = yield* edges(sys, l, EPOLLIN);
    const client = function* (): Sleeps<void> { yield* sys.connect(yield* sys.socket(AF_INET, SOCK_STREAM), { port: PORT }); };
    for (const _ of [1, 2, 3]) yield* client();
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 1);
    yield* sys.accept(l);
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 0);
    yield* client();
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 1);
    yield* nonblock(sys, l);
    for (const _ of [1, 2, 3]) sys.expect((yield* sys.accept(l)) >= 0, true);
    sys.expect(yield* sys.accept(l), -EAGAIN);
  });
});

test('16, true: "close does not wake a blocked read, shutdown does": the connection even stays open', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    let read = '';
    yield* sys.thread(function* reader(other) { read = (yield* other.read(a, 10)).text; });
    yield* sys.msleep(1);
    yield* sys.close(a);
    yield* sys.msleep(10);
    sys.expect(read, '');
    yield* sys.write(c, 'late');
    yield* sys.msleep(1);
    sys.expect(read, (got: unknown) => got === 'late');
  });
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    let ret = -1;
    yield* sys.thread(function* reader(other) { ({ ret } = yield* other.read(c, 10)); });
    yield* sys.msleep(1);
    yield* sys.shutdown(c, SHUT_RD);
    yield* sys.msleep(1);
    sys.expect(ret, 0);
  });
});

test('17, with conditions: "closing a watched descriptor is safe": no error, no wake-up; with a dup the events go on under the old number', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const ep = yield* edges(sys, c, EPOLLIN);
    const other = yield* sys.dup(c);
    yield* sys.close(c);
    yield* sys.write(a, 'x');
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).events.map(({ data }) => data), [c]);
    sys.expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, c), -EBADF);
    yield* sys.close(other);
    sys.expect((yield* sys.epoll_wait(ep, 4, 10)).ret, 0);
  });
});

test('18, true: "close of a dup sends nothing": the last one does; shutdown of one acts for all', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    const other = yield* sys.dup(c);
    yield* sys.close(other);
    sys.expect(yield* po(sys, a, ALL), 'OUT');
    const third = yield* sys.dup(c);
    yield* sys.shutdown(third, SHUT_WR);
    sys.expect(yield* sys.send(c, 'x', MSG_NOSIGNAL), -EPIPE);
    sys.expect(yield* po(sys, a, ALL), 'IN|OUT|RDHUP');
  });
});

test('19, with conditions: "a killed peer with unsent data gives ECONNRESET": all of its data arrives, then the end; unread data in it gives ECONNRESET', () => {
  for (const unread of [false, true]) {
    story(function* (sys) {
      const [, c, a] = yield* connected(sys);
      const child = yield* sys.fork(function* victim(other) {
        yield* fill(other, c);
        yield* other.msleep(10_000);
      });
      yield* sys.close(c);
      yield* sys.msleep(10);
      if (unread) yield* sys.write(a, 'nobody reads this');
      yield* sys.kill(child, 9);
      yield* sys.msleep(10);
      const { bytes, end } = yield* drain(sys, a);
      sys.expect([bytes > 100_000, end], [true, unread ? -ECONNRESET : 0]);
    });
  }
});

test('20, true: "a non-blocking connect: writable when it stands, readable and writable when it failed": data may make the first readable too', () => {
  story(function* (sys) {
    const [refused] = yield* refusedClient(sys);
    sys.expect(yield* po(sys, refused, ALL), 'IN|OUT|ERR|HUP|RDHUP');
    yield* sys.close(refused);
  });
  story(function* (sys) {
    const l = yield* listening(sys);
    const c = yield* sys.socket(AF_INET, SOCK_STREAM | O_NONBLOCK);
    sys.expect(yield* sys.connect(c, { port: PORT }), -EINPROGRESS);
    sys.expect(yield* po(sys, c, ALL), 'OUT');
    yield* sys.write(yield* sys.accept(l), 'early');
    sys.expect(yield* po(sys, c, ALL), 'IN|OUT');
  });
});

