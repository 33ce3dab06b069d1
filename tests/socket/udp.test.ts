/** UDP over loopback, driven by system calls. The masks, errors and numbers were measured on Linux 6.18. */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { user_msghdr } from '../../src/socket/msghdr.js';
import { get_user_u32, put_user_u32 } from '../../src/kernel/uaccess.js';
import { machine, mem, run, simulate, sys, task } from '../kit.js';
import {
  ask, bind, call, close, connect, getopt, LOOPBACK, mask, named, NONBLOCK, portOf, RD, RDWR, recv, send, setopt, shutdown, sin, sin6, SIOCINQ,
  SIOCOUTQ, SOL_SOCKET, soError, timeo, unconnect, watch, WR,
} from '../tcp/net.js';
import { po } from '../kernel/calls.js';

const DONTWAIT = 0x40;
const PEEK = 2;
const TRUNC = 0x20;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVLOWAT = 18;
const SO_RCVTIMEO = 20;

const udp = (k: Kernel, flags = 0, family = 2): Sleeps<number> => sys(k, 'socket', family, 2 | flags, 0);

/** A socket on a port of 127.0.0.1. */
function* bound(k: Kernel, port = 0, addr = LOOPBACK): Sleeps<number> {
  const fd = yield* udp(k);
  expect(yield* bind(k, fd, port, addr)).toBe(0);
  return fd;
}

function* port(k: Kernel, fd: number): Sleeps<number> {
  return (yield* portOf(k, fd)) as number;
}

/** Two sockets, each connected to the other. */
function* pair(k: Kernel): Sleeps<[number, number]> {
  const a = yield* bound(k);
  const b = yield* bound(k);
  expect(yield* connect(k, a, yield* port(k, b))).toBe(0);
  expect(yield* connect(k, b, yield* port(k, a))).toBe(0);
  return [a, b];
}

/** A socket connected to a port that nobody has. */
function* refusedSocket(k: Kernel): Sleeps<number> {
  const fd = yield* udp(k, NONBLOCK);
  expect(yield* connect(k, fd, 9)).toBe(0);
  return fd;
}

function* sendto(k: Kernel, fd: number, data: string | number, to: number, addr = LOOPBACK): Sleeps<number | string> {
  const buf = mem(data);
  return named(yield* sys(k, 'sendto', fd, buf, buf.bytes.length, 0, sin(to, addr), 16));
}

/** `text from port`. */
function* recvfrom(k: Kernel, fd: number): Sleeps<string> {
  const buf = mem(50);
  const addr = mem(16);
  const len = mem(4);
  put_user_u32(len, 0, 16);
  const n = yield* sys(k, 'recvfrom', fd, buf, 50, DONTWAIT, addr, len);
  if (n < 0) return String(named(n));
  expect(get_user_u32(len, 0)).toBe(16);
  return `${String.fromCharCode(...buf.bytes.subarray(0, n))} from ${addr.bytes.subarray(4, 8).join('.')}:${(addr.bytes[2]! << 8) | addr.bytes[3]!}`;
}

/** Empties the queue; how many there were. */
function* drain(k: Kernel, fd: number): Sleeps<number> {
  let n = 0;
  while ((yield* sys(k, 'recvfrom', fd, mem(10), 10, DONTWAIT, null, null)) >= 0) n++;
  return n;
}

const both = (k: Kernel, fd: number, a: boolean, b: boolean): Sleeps<void> => (function* () {
  if (a) yield* setopt(k, fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (b) yield* setopt(k, fd, SOL_SOCKET, SO_REUSEPORT, 1);
})();

describe('names and ports', () => {
  test('a new socket is writable at once and has no name', () => {
    simulate(function* (k) {
      const fd = yield* udp(k);
      expect((yield* po(k, fd, 0x3fff))[1]).toBe(0x304);
      expect(yield* portOf(k, fd)).toBe(0);
      expect(yield* portOf(k, fd, 1)).toBe('ENOTCONN');
      expect(yield* recv(k, fd, 10, DONTWAIT)).toBe('EAGAIN');
      expect(yield* portOf(k, fd)).toBe(0);
      expect(yield* getopt(k, fd, SOL_SOCKET, SO_RCVBUF)).toBe(212992);
      expect(yield* getopt(k, fd, SOL_SOCKET, 38)).toBe(17);
      expect([yield* call(sys(k, 'listen', fd, 1)), yield* call(sys(k, 'accept4', fd, null, null, 0))]).toEqual(['EOPNOTSUPP', 'EOPNOTSUPP']);
    });
  });

  test('types and protocols must fit', () => {
    simulate(function* (k) {
      const made: (number | string)[] = [];
      for (const [type, protocol] of [[2, 17], [2, 6], [1, 17]] as const) made.push(yield* call(sys(k, 'socket', 2, type, protocol)));
      expect(made).toEqual([0, 'EPROTONOSUPPORT', 'EPROTONOSUPPORT']);
      expect(yield* call(sys(k, 'socketpair', 2, 2, 0, mem(8)))).toBe('EOPNOTSUPP');
    });
  });

  test('a send without address fails, and takes a port first', () => {
    simulate(function* (k) {
      const fd = yield* udp(k);
      expect(yield* send(k, fd, 'x')).toBe('EDESTADDRREQ');
      expect(yield* call(sys(k, 'write', fd, mem(1), 0))).toBe('EDESTADDRREQ');
      expect(yield* portOf(k, fd)).toBeGreaterThan(1023);
      expect(yield* sendto(k, fd, 'x', 0)).toBe('EINVAL');
    });
  });

  test('bind() refuses a second name, a taken port and a foreign address', () => {
    simulate(function* (k) {
      const a = yield* bound(k, 5000);
      expect(yield* bind(k, a, 5001)).toBe('EINVAL');
      expect(yield* bind(k, yield* udp(k), 5000, LOOPBACK)).toBe('EADDRINUSE');
      expect(yield* bind(k, yield* udp(k), 5000, 0)).toBe('EADDRINUSE');
      expect(yield* bind(k, yield* udp(k), 5000, LOOPBACK + 1)).toBe(0);
      expect(yield* bind(k, yield* udp(k), 0, 0x0a090807)).toBe('EADDRNOTAVAIL');
      yield* close(k, a);
      expect(yield* bind(k, yield* udp(k), 5000, LOOPBACK)).toBe(0);
    });
  });

  test('a port is shared when both have SO_REUSEADDR or both have SO_REUSEPORT', () => {
    simulate(function* (k) {
      const ok: string[] = [];
      let number = 5000;
      for (let first = 0; first < 4; first++) {
        for (let second = 0; second < 4; second++) {
          number++;
          const [a, b] = [yield* udp(k), yield* udp(k)];
          yield* both(k, a, (first & 1) !== 0, (first & 2) !== 0);
          yield* both(k, b, (second & 1) !== 0, (second & 2) !== 0);
          yield* bind(k, a, number, LOOPBACK);
          if ((yield* bind(k, b, number, LOOPBACK)) === 0) ok.push(`${first}${second}`);
        }
      }
      expect(ok).toEqual(['11', '13', '22', '23', '31', '32', '33']);
    });
  });

  test('of two sockets that share a port the newer hears, and a bound address goes before any', () => {
    simulate(function* (k) {
      const c = yield* udp(k);
      const [a, b, any] = [yield* udp(k), yield* udp(k), yield* udp(k)];
      for (const fd of [a, b, any]) yield* both(k, fd, true, false);
      for (const fd of [a, b]) yield* bind(k, fd, 5000, LOOPBACK);
      yield* bind(k, any, 5000, 0);
      yield* sendto(k, c, 'one', 5000);
      yield* sendto(k, c, 'two', 5000, LOOPBACK + 1);
      expect([yield* recv(k, a, 9, DONTWAIT), yield* recv(k, b, 9, DONTWAIT), yield* recv(k, any, 9, DONTWAIT)]).toEqual(['EAGAIN', 'one', 'two']);
    });
  });

  test('a datagram tells where it came from', () => {
    simulate(function* (k) {
      const a = yield* bound(k, 5000, 0);
      const c = yield* bound(k, 6000, LOOPBACK + 4);
      const d = yield* udp(k);
      yield* sendto(k, c, 'c', 5000);
      yield* sendto(k, d, '', 5000, 0);
      expect(yield* recvfrom(k, a)).toBe('c from 127.0.0.5:6000');
      expect(yield* recvfrom(k, a)).toBe(` from 127.0.0.1:${yield* port(k, d)}`);
    });
  });
});

describe('connect', () => {
  test('a connected socket hears its peer alone, and strangers are refused', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const stranger = yield* udp(k);
      expect(yield* connect(k, stranger, yield* port(k, a))).toBe(0);
      expect(yield* send(k, stranger, 'no')).toBe(2);
      expect(yield* mask(k, stranger)).toBe('OUT ERR');
      yield* send(k, b, 'hi');
      expect([yield* recv(k, a, 9, DONTWAIT), yield* recv(k, a, 9, DONTWAIT)]).toEqual(['hi', 'EAGAIN']);
    });
  });

  test('connect() again changes the peer, and what is queued stays', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* send(k, b, 'old');
      expect(yield* connect(k, a, 9)).toBe(0);
      expect(yield* portOf(k, a, 1)).toBe(9);
      expect(yield* recv(k, a, 9, DONTWAIT)).toBe('old');
    });
  });

  test('connect(AF_UNSPEC) keeps a port only if bind() named it', () => {
    simulate(function* (k) {
      const chosen = yield* bound(k, 0);
      const fixed = yield* bound(k, 5000, 0);
      for (const fd of [chosen, fixed]) {
        yield* connect(k, fd, 9);
        expect(yield* unconnect(k, fd)).toBe(0);
        expect(yield* portOf(k, fd, 1)).toBe('ENOTCONN');
      }
      expect([yield* portOf(k, chosen), yield* portOf(k, fixed)]).toEqual([0, 5000]);
      expect(yield* send(k, fixed, 'x')).toBe('EDESTADDRREQ');
      expect(yield* sendto(k, chosen, 'x', 5000)).toBe(1);
      expect(yield* portOf(k, chosen)).not.toBe(0);
    });
  });

  test('wrong addresses', () => {
    simulate(function* (k) {
      const fd = yield* udp(k);
      expect(yield* call(sys(k, 'connect', fd, mem(1), 1))).toBe('EINVAL');
      expect(yield* call(sys(k, 'connect', fd, sin(9), 8))).toBe('EINVAL');
      expect(yield* call(sys(k, 'connect', fd, mem([99, 0, ...Array<number>(14).fill(0)]), 16))).toBe('EAFNOSUPPORT');
      expect(yield* connect(k, fd, 9, 0xffffffff)).toBe('EACCES');
      expect(yield* sendto(k, fd, 'x', 9, 0xffffffff)).toBe('EACCES');
      expect(yield* connect(k, fd, 0)).toBe(0);
      expect(yield* portOf(k, fd, 1)).toBe('ENOTCONN');
      const unspec = sin(9);
      unspec.bytes[0] = 0;
      expect(yield* call(sys(k, 'sendto', fd, mem('x'), 1, 0, unspec, 16))).toBe(1);
    });
  });
});

describe('"port unreachable"', () => {
  test('the error is reported once, by whichever call comes first', () => {
    simulate(function* (k) {
      const fd = yield* refusedSocket(k);
      expect([yield* send(k, fd), yield* mask(k, fd), yield* soError(k, fd), yield* mask(k, fd)]).toEqual([1, 'OUT ERR', 'ECONNREFUSED', 'OUT']);
      expect([yield* send(k, fd), yield* recv(k, fd), yield* recv(k, fd)]).toEqual([1, 'ECONNREFUSED', 'EAGAIN']);
      expect([yield* send(k, fd), yield* send(k, fd), yield* send(k, fd), yield* mask(k, fd)]).toEqual([1, 'ECONNREFUSED', 1, 'OUT ERR']);
    });
  });

  test('the error stops a send to another address, and outlives connect(AF_UNSPEC)', () => {
    simulate(function* (k) {
      const other = yield* bound(k, 5000);
      const fd = yield* refusedSocket(k);
      yield* send(k, fd);
      expect([yield* sendto(k, fd, 'q', 5000), yield* sendto(k, fd, 'q', 5000)]).toEqual(['ECONNREFUSED', 1]);
      expect(yield* drain(k, other)).toBe(1);
      yield* send(k, fd);
      yield* unconnect(k, fd);
      expect(yield* mask(k, fd)).toBe('OUT ERR');
    });
  });

  test('a socket without peer hears nothing of it', () => {
    simulate(function* (k) {
      const fd = yield* udp(k);
      expect([yield* sendto(k, fd, 'x', 9), yield* mask(k, fd), yield* recv(k, fd, 9, DONTWAIT)]).toEqual([1, 'OUT', 'EAGAIN']);
    });
  });

  test('the error comes before the data', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* send(k, b, 'data');
      yield* close(k, b);
      yield* send(k, a);
      expect(yield* mask(k, a)).toBe('IN OUT ERR');
      expect([yield* recv(k, a, 9, DONTWAIT | PEEK), yield* mask(k, a), yield* recv(k, a, 9, DONTWAIT)]).toEqual(['ECONNREFUSED', 'IN OUT', 'data']);
    });
  });
});

describe('datagrams', () => {
  test('65507 bytes are the most; 65527 over IPv6', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      expect([yield* send(k, a, 65507), yield* send(k, a, 65508), yield* send(k, a, 70000)]).toEqual([65507, 'EMSGSIZE', 'EMSGSIZE']);
      expect(yield* recv(k, b, 70000)).toBe(65507);
      expect(yield* call(sys(k, 'sendto', a, null, 70000, 0, null, 0))).toBe('EMSGSIZE');
      expect(yield* call(sys(k, 'sendto', a, null, 10, 0, null, 0))).toBe('EFAULT');
      const six = yield* udp(k, 0, 10);
      expect(yield* call(sys(k, 'sendto', six, mem(65527), 65527, 0, sin6(9, 1), 28))).toBe(65527);
      expect(yield* call(sys(k, 'sendto', six, mem(65528), 65528, 0, sin6(9, 1), 28))).toBe('EMSGSIZE');
      expect(yield* call(sys(k, 'sendto', six, mem(65508), 65508, 0, sin6(9, LOOPBACK, true), 28))).toBe('EMSGSIZE');
    });
  });

  test('a small send buffer stops nothing: the packet is gone when the call returns', () => {
    simulate(function* (k) {
      const [a] = yield* pair(k);
      yield* setopt(k, a, SOL_SOCKET, SO_SNDBUF, 1);
      expect([yield* send(k, a, 9000), yield* send(k, a, 65507), yield* ask(k, a, SIOCOUTQ), yield* mask(k, a)]).toEqual([9000, 65507, 0, 'OUT']);
    });
  });

  test('an empty datagram is a datagram', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      expect([yield* send(k, a, ''), yield* mask(k, b), yield* ask(k, b, SIOCINQ)]).toEqual([0, 'IN OUT', 0]);
      expect([yield* recv(k, b, 9, DONTWAIT), yield* recv(k, b, 9, DONTWAIT)]).toEqual([0, 'EAGAIN']);
    });
  });

  test('one call, one datagram: what has no room is lost', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      for (const text of ['abc', 'defgh', 'ij', 'kl']) yield* send(k, a, text);
      expect([yield* recv(k, b, 9, PEEK), yield* recv(k, b, 2, PEEK), yield* ask(k, b, SIOCINQ)]).toEqual(['abc', 'ab', 3]);
      expect(yield* sys(k, 'recvfrom', b, mem(2), 2, PEEK | TRUNC, null, null)).toBe(3);
      const msg = new user_msghdr([{ base: mem(2), len: 2 }], mem(16), 16);
      expect([yield* sys(k, 'recvmsg', b, msg, 0), msg.flags, msg.namelen]).toEqual([2, TRUNC, 16]);
      expect(yield* sys(k, 'read', b, mem(1), 0)).toBe(0);
      expect(yield* ask(k, b, SIOCINQ)).toBe(5);
      expect(yield* sys(k, 'recvfrom', b, mem(0), 0, 0, null, null)).toBe(0);
      expect(yield* call(sys(k, 'recvfrom', b, null, 5, DONTWAIT, null, null))).toBe('EFAULT');
      expect([yield* recv(k, b, 9, 0x100 | DONTWAIT), yield* recv(k, b, 9, DONTWAIT)]).toEqual(['kl', 'EAGAIN']);
    });
  });

  test('urgent data does not exist', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      expect([yield* send(k, a, 'x', 1), yield* recv(k, b, 9, 1 | DONTWAIT)]).toEqual(['EOPNOTSUPP', 'EAGAIN']);
    });
  });

  test.each([[0, 9, 2, 256], [500, 6, 1, 166], [1000, 3, 1, 92], [2000, 1, 1, 48], [4000, 1, 1, 25], [8000, 1, 1, 12], [20000, 1, 1, 10]])(
    'a receive buffer of 8192, 2304, 212992 holds so many datagrams of %i bytes: %i, %i, %i; the others are lost without a word',
    (size, eight, smallest, usual) => {
      simulate(function* (k) {
        const held: number[] = [];
        for (const value of [4096, 1, 0]) {
          const [a, b] = yield* pair(k);
          if (value > 0) yield* setopt(k, b, SOL_SOCKET, SO_RCVBUF, value);
          for (let i = 0; i < 300; i++) expect(yield* send(k, a, size)).toBe(size);
          held.push(yield* drain(k, b));
        }
        expect(held).toEqual([eight, smallest, usual]);
      });
    },
  );

  test('room comes back by quarters of the buffer: the first read of a full queue makes none', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      for (let i = 0; i < 300; i++) yield* send(k, a);
      for (let i = 0; i < 63; i++) yield* recv(k, b);
      yield* send(k, a);
      yield* recv(k, b);
      yield* send(k, a);
      expect(yield* drain(k, b)).toBe(256 - 64 + 1);
    });
  });

  test('SO_RCVLOWAT does not hold a datagram back', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      expect(yield* setopt(k, b, SOL_SOCKET, SO_RCVLOWAT, 100)).toBe(0);
      yield* send(k, a);
      expect(yield* mask(k, b)).toBe('IN OUT');
    });
  });
});

describe('shutdown', () => {
  test('the bits are set also without a peer, where the call fails', () => {
    simulate(function* (k) {
      const seen: (number | string)[] = [];
      for (const how of [RD, WR, RDWR]) {
        const fd = yield* udp(k);
        seen.push(yield* shutdown(k, fd, how), yield* mask(k, fd));
      }
      expect(seen).toEqual(['ENOTCONN', 'IN OUT RDHUP', 'ENOTCONN', 'OUT', 'ENOTCONN', 'IN OUT HUP RDHUP']);
    });
  });

  test('after SHUT_RD datagrams still come, and a blocking read of none ends with 0', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const w = yield* watch(k, b);
      expect(yield* shutdown(k, b, RD)).toBe(0);
      expect(yield* w.next()).toBe('IN OUT RDHUP');
      yield* send(k, a);
      expect([yield* w.next(), yield* recv(k, b), yield* recv(k, b), yield* recv(k, b, 9, DONTWAIT)]).toEqual(['IN OUT RDHUP', 'x', 0, 'EAGAIN']);
      expect([yield* shutdown(k, b, WR), yield* w.next(), yield* send(k, b), yield* send(k, b, 65508)]).toEqual([0, 'IN OUT HUP RDHUP', 'EPIPE', 'EMSGSIZE']);
    });
  });
});

describe('waiting', () => {
  test('SO_RCVTIMEO ends a read with EAGAIN', () => {
    simulate(function* (k) {
      const fd = yield* bound(k);
      yield* timeo(k, fd, SO_RCVTIMEO, 0, 50_000);
      const start = k.clock.nowNs;
      expect(yield* recv(k, fd)).toBe('EAGAIN');
      expect(k.clock.nowNs - start).toBeGreaterThanOrEqual(50_000_000);
    });
  });

  test.each([['data', 'x'], ['shutdown', 0], ['refused', 'ECONNREFUSED']])('a blocked read ends with %s', (what, result) => {
    const k = machine();
    let got: number | string | null = null;
    task(k, 'main', function* () {
      const [a, b] = yield* pair(k);
      yield* sys(k, 'fork', function* () {
        yield* sys(k, 'poll', null, 0, 10);
        if (what === 'data') yield* send(k, b);
        else if (what === 'shutdown') yield* shutdown(k, a, RD);
        else {
          yield* close(k, b);
          yield* send(k, a);
        }
        return 0;
      } as never);
      if (what === 'refused') yield* close(k, b);
      got = yield* recv(k, a);
      return 0;
    });
    run(k);
    expect(got).toBe(result);
  });
});

describe('epoll', () => {
  test('each datagram is an edge, an empty one too; reading is none', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const w = yield* watch(k, b);
      for (const text of ['1', '2', '']) {
        yield* send(k, a, text);
        expect([yield* w.next(), yield* w.next()]).toEqual(['IN OUT', '-']);
      }
      yield* recv(k, b);
      expect(yield* w.next()).toBe('-');
      yield* send(k, a);
      yield* send(k, a);
      expect([yield* w.next(), yield* w.next()]).toEqual(['IN OUT', '-']);
    });
  });

  test('each datagram sent is an edge of the sender: its room came back', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const [w, reads] = [yield* watch(k, a), yield* watch(k, a, 'IN')];
      yield* send(k, a);
      expect([yield* w.next(), yield* w.next(), yield* reads.next()]).toEqual(['OUT', '-', '-']);
      yield* recv(k, b);
      expect(yield* w.next()).toBe('-');
    });
  });

  test('a lost datagram is no edge', () => {
    simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* setopt(k, b, SOL_SOCKET, SO_RCVBUF, 1);
      const w = yield* watch(k, b, 'IN');
      const seen: string[] = [];
      for (let i = 0; i < 4; i++) {
        yield* send(k, a, 100);
        seen.push(yield* w.next());
      }
      expect(seen).toEqual(['IN', 'IN', '-', '-']);
    });
  });

  test('"port unreachable" is an edge', () => {
    simulate(function* (k) {
      const fd = yield* refusedSocket(k);
      const w = yield* watch(k, fd, 'IN');
      yield* send(k, fd);
      expect([yield* w.next(), yield* w.next()]).toEqual(['ERR', '-']);
    });
  });
});

test('an IPv6 socket on any address hears IPv4 too, unless it is for IPv6 alone', () => {
  simulate(function* (k) {
    const six = yield* udp(k, 0, 10);
    expect(yield* call(sys(k, 'bind', six, sin6(5000, 0), 28))).toBe(0);
    expect(yield* bind(k, yield* udp(k), 5000, 0)).toBe('EADDRINUSE');
    yield* sendto(k, yield* udp(k), '4', 5000);
    expect(yield* recv(k, six, 9, DONTWAIT)).toBe('4');
    const only = yield* udp(k, 0, 10);
    expect(yield* setopt(k, only, 41, 26, 1)).toBe(0);
    expect(yield* call(sys(k, 'bind', only, sin6(5001, 0), 28))).toBe(0);
    expect(yield* setopt(k, only, 41, 26, 0)).toBe('EINVAL');
    expect(yield* bind(k, yield* udp(k), 5001, 0)).toBe(0);
  });
});

test('a socket connected to itself hears itself', () => {
  simulate(function* (k) {
    const fd = yield* bound(k, 5000);
    yield* connect(k, fd, 5000);
    yield* send(k, fd, 'me');
    expect(yield* recvfrom(k, fd)).toBe('me from 127.0.0.1:5000');
  });
});
