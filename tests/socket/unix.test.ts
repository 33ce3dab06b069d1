/** AF_UNIX sockets, driven by system calls. The numbers of the real kernel were measured on Linux 6.18. */

import {
  EADDRINUSE, EAGAIN, ECONNREFUSED, ECONNRESET, EINTR, EINVAL, EISCONN, EMSGSIZE, ENOENT, ENOTCONN, EPIPE, EPROTOTYPE,
} from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { get_user_u32, put_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { EPOLLOUT as OUT, FIONREAD, O_NONBLOCK, SIGPIPE, SIGUSR1, TIOCOUTQ } from '../../src/kernel/uapi.js';
import { user_msghdr } from '../../src/socket/msghdr.js';
import {
  AF_UNIX, MSG_CTRUNC, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, SCM_RIGHTS, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_ERROR, SO_SNDBUF,
  SO_SNDTIMEO, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET,
} from '../../src/socket/uapi_socket.js';
import { mem, simulate, sys } from '../kit.js';
import { close, handle, later, mask, msleep, now, pipe, po, read, readn, thread, words, write } from '../kernel/calls.js';

function* pair(k: Kernel, type = SOCK_STREAM | SOCK_NONBLOCK): Sleeps<[number, number]> {
  const fds = mem(8);
  const ret = yield* sys(k, 'socketpair', AF_UNIX, type, 0, fds);
  if (ret < 0) throw new Error(`socketpair: ${ret}`);
  return [get_user_u32(fds, 0)!, get_user_u32(fds, 4)!];
}

/** sockaddr_un; abstract names begin with @. */
function addr(name: string): user_memory {
  return mem(`\x01\0${name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`}`);
}

function* named(k: Kernel, call: 'bind' | 'connect', fd: number, name: string): Sleeps<number> {
  const address = addr(name);
  return yield* sys(k, call, fd, address, address.bytes.length);
}

function* listener(k: Kernel, name: string, backlog = 8, type = SOCK_STREAM): Sleeps<number> {
  const l = yield* sys(k, 'socket', AF_UNIX, type, 0);
  yield* named(k, 'bind', l, name);
  yield* sys(k, 'listen', l, backlog);
  return l;
}

function* shutdown(k: Kernel, fd: number, how: number): Sleeps<number> {
  return yield* sys(k, 'shutdown', fd, how);
}

function* recv(k: Kernel, fd: number, n: number, flags: number): Sleeps<string | number> {
  const buf = mem(n);
  const ret = yield* sys(k, 'recvfrom', fd, buf, n, flags, null, null);
  return ret < 0 ? ret : `${ret}:${String.fromCharCode(...buf.bytes.subarray(0, Math.min(ret, n)))}`;
}

function* send(k: Kernel, fd: number, text: string, flags = 0): Sleeps<number> {
  return yield* sys(k, 'sendto', fd, mem(text), text.length, flags, null, 0);
}

function* so_error(k: Kernel, fd: number): Sleeps<number> {
  const value = mem(4);
  const len = mem(4);
  put_user_u32(len, 0, 4);
  yield* sys(k, 'getsockopt', fd, SOL_SOCKET, SO_ERROR, value, len);
  return get_user_u32(value, 0)!;
}

function* ioctl(k: Kernel, fd: number, cmd: number): Sleeps<number> {
  const value = mem(4);
  const ret = yield* sys(k, 'ioctl', fd, cmd, value);
  return ret < 0 ? ret : get_user_u32(value, 0)!;
}

describe('stream pairs', () => {
  test('F106: masks: idle 0x304, data 0x345, peer SHUT_WR 0x2345, both shut 0x2355, unconnected 0x314', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const seen = [yield* mask(k, a)];
      yield* write(k, b, 'x');
      seen.push(yield* mask(k, a));
      yield* readn(k, a, 1);
      yield* shutdown(k, b, SHUT_WR);
      seen.push(yield* mask(k, a), yield* mask(k, b));
      yield* shutdown(k, b, SHUT_RD);
      seen.push(yield* mask(k, a), yield* mask(k, b), yield* mask(k, yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0)));
      return seen;
    })).toEqual([0x304, 0x345, 0x2345, 0x304, 0x2355, 0x2355, 0x314]);
  });

  test('F106: a peer that closes with our data unread leaves ECONNRESET behind, once; then reads give 0 and writes EPIPE', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* write(k, a, 'unread');
      yield* close(k, b);
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      return [yield* mask(k, a), yield* read(k, a, 9), yield* mask(k, a), yield* read(k, a, 9), yield* write(k, a, 'x'), log];
    })).toEqual([0x235d, -ECONNRESET, 0x2355, '', -EPIPE, [SIGPIPE]]);
  });

  test('the error of a reset can also be taken by SO_ERROR', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* write(k, a, 'unread');
      yield* close(k, b);
      return [yield* so_error(k, a), yield* so_error(k, a), yield* read(k, a, 9)];
    })).toEqual([ECONNRESET, 0, '']);
  });

  test('ST-1, ST-2, ST-7: bytes are a stream: 512 sent are two reads of 256, two sends of 20 one read of 40; a larger buffer gets what is there', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* write(k, a, 512);
      const seen: unknown[] = [yield* readn(k, b, 256), yield* readn(k, b, 256)];
      yield* write(k, a, 20);
      yield* write(k, a, 20);
      seen.push(yield* readn(k, b, 40));
      yield* write(k, a, 'abc');
      seen.push(yield* read(k, b, 100), yield* read(k, b, 100));
      return seen;
    })).toEqual([256, 256, 40, 'abc', -EAGAIN]);
  });

  test('a socket that writes 4096 bytes at a time takes 44 writes; one byte at a time 278', () => {
    expect(simulate(function* (k) {
      const counts = [];
      for (const size of [4096, 1]) {
        const [a] = yield* pair(k);
        let n = 0;
        while ((yield* write(k, a, size)) > 0) n++;
        counts.push(n, (yield* mask(k, a)) & OUT);
      }
      return counts;
    })).toEqual([44, 0, 278, 0]);
  });

  test.each([[4096, 34], [1, 209]])('a full socket is writable again when a quarter of its buffer is left: writes of %i after %i reads', (size, reads) => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      while ((yield* write(k, a, size)) > 0);
      let n = 0;
      while (((yield* mask(k, a)) & OUT) === 0) {
        yield* readn(k, b, size);
        n++;
      }
      return n;
    })).toBe(reads);
  });

  test('what a buffer costs depends on its size: linear bytes in powers of two, and pages', () => {
    expect(simulate(function* (k) {
      const costs = [];
      for (const size of [1, 192, 193, 704, 960, 1472, 1984, 3776, 3777, 4096, 8192, 65536]) {
        const [a] = yield* pair(k);
        yield* write(k, a, size);
        costs.push(yield* ioctl(k, a, TIOCOUTQ));
      }
      return costs;
    })).toEqual([768, 768, 1280, 1280, 2304, 2304, 4352, 4352, 4864, 4864, 8960, 67072]);
  });

  test('FIONREAD is what can be read: on the receiver, not on the sender', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* write(k, a, 300);
      yield* readn(k, b, 100);
      return [yield* ioctl(k, b, FIONREAD), yield* ioctl(k, a, FIONREAD)];
    })).toEqual([200, 0]);
  });

  test('MSG_PEEK leaves what it shows; a receive of nothing waits for something all the same', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const seen: unknown[] = [yield* recv(k, b, 0, 0)];
      yield* write(k, a, 'ab');
      yield* write(k, a, 'cd');
      seen.push(yield* recv(k, b, 9, MSG_PEEK), yield* recv(k, b, 3, MSG_PEEK), yield* recv(k, b, 0, 0), yield* recv(k, b, 9, 0));
      return seen;
    })).toEqual([-EAGAIN, '4:abcd', '3:abc', '0:', '4:abcd']);
  });

  test('ST-3: a write to a socket whose peer is closed fails with EPIPE; MSG_NOSIGNAL keeps SIGPIPE away', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [a, b] = yield* pair(k);
      yield* close(k, b);
      return [yield* send(k, a, 'x', MSG_NOSIGNAL), log.length, yield* send(k, a, 'x'), log.length, yield* send(k, a, '')];
    })).toEqual([-EPIPE, 0, -EPIPE, 1, -EPIPE]);
  });

  test('a direction that is shut: reads give 0, writes EPIPE, and what was sent before is still read', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      handle(k, SIGPIPE, []);
      yield* write(k, a, 'before');
      yield* shutdown(k, a, SHUT_WR);
      const seen = [yield* write(k, a, 'after'), yield* read(k, b, 99), yield* read(k, b, 99), yield* write(k, b, 'back'), yield* read(k, a, 99)];
      yield* shutdown(k, a, SHUT_RDWR);
      return [...seen, yield* write(k, b, 'x')];
    })).toEqual([-EPIPE, 'before', '', 4, 'back', -EPIPE]);
  });

  test('a socket that is not connected: receive EINVAL, send ENOTCONN, no peer name, shutdown 0', () => {
    expect(simulate(function* (k) {
      const s = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
      return [yield* recv(k, s, 1, 0), yield* send(k, s, 'x'), yield* sys(k, 'getpeername', s, mem(110), mem([110, 0, 0, 0])), yield* shutdown(k, s, SHUT_RDWR)];
    })).toEqual([-EINVAL, -ENOTCONN, -ENOTCONN, 0]);
  });
});

describe('blocking', () => {
  test('a blocked read gets what is written, and 0 when the peer closes', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k, SOCK_STREAM);
      thread(k, 'peer', function* () {
        yield* msleep(k, 10);
        yield* write(k, a, 'hello');
        yield* msleep(k, 10);
        yield* close(k, a);
      });
      return [yield* read(k, b, 99), now(k), yield* read(k, b, 99), now(k)];
    })).toEqual(['hello', 10, '', 20]);
  });

  test('ST-8: MSG_WAITALL waits until all has come', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k, SOCK_STREAM);
      yield* write(k, a, 100);
      thread(k, 'peer', function* () {
        yield* msleep(k, 200);
        yield* write(k, a, 100);
      });
      return [yield* sys(k, 'recvfrom', b, mem(200), 200, MSG_WAITALL, null, null), now(k)];
    })).toEqual([200, 200]);
  });

  test('ST-6: a blocked write of more than fits goes on as the peer reads; without blocking it is short', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k, SOCK_STREAM);
      let got = 0;
      thread(k, 'reader', function* () {
        yield* msleep(k, 10);
        while (got < 600000) got += yield* readn(k, b, 2500);
      });
      const whole = yield* write(k, a, 600000);
      const [c] = yield* pair(k);
      const part = yield* write(k, c, 600000);
      yield* msleep(k, 1);
      return [whole, got, part > 0 && part < 600000];
    })).toEqual([600000, 600000, true]);
  });

  test('ST-5: a blocked write returns what went in when the peer closes; the next one tells why', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [a, b] = yield* pair(k, SOCK_STREAM);
      thread(k, 'closer', function* () {
        yield* msleep(k, 1000);
        yield* close(k, b);
      });
      const first = yield* write(k, a, 425984);
      return [first > 0 && first < 425984, now(k), yield* write(k, a, 'x'), log];
    })).toEqual([true, 1000, -EPIPE, [SIGPIPE]]);
  });

  test('ST-9: a send with a timeout gives up with EAGAIN', () => {
    expect(simulate(function* (k) {
      const [a] = yield* pair(k, SOCK_STREAM);
      yield* sys(k, 'setsockopt', a, SOL_SOCKET, SO_SNDTIMEO, words(0, 10), 16);
      let last: number;
      do last = yield* write(k, a, 4096);
      while (last > 0);
      return [last, k.clock.nowNs];
    })).toEqual([-EAGAIN, 10000]);
  });

  test('a handled signal ends a blocked receive', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGUSR1, log);
      const [a] = yield* pair(k, SOCK_STREAM);
      later(k, 5, SIGUSR1, k.current);
      return [yield* read(k, a, 1), log];
    })).toEqual([-EINTR, [SIGUSR1]]);
  });
});

describe('connections by name', () => {
  test('F110: an idle listener has mask 0, with a connection IN|RDNORM; the connection works before it is accepted', () => {
    expect(simulate(function* (k) {
      const l = yield* listener(k, '/tmp/s');
      const seen: unknown[] = [yield* mask(k, l)];
      const c = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0);
      seen.push(yield* named(k, 'connect', c, '/tmp/s'), yield* mask(k, l), yield* mask(k, c), yield* write(k, c, 'early'));
      const a = yield* sys(k, 'accept', l, null, null);
      return [...seen, yield* read(k, a, 99), yield* mask(k, l)];
    })).toEqual([0, 0, 0x41, 0x304, 5, 'early', 0]);
  });

  test('a listener takes one connection more than its backlog; the next waits, or fails with EAGAIN', () => {
    expect(simulate(function* (k) {
      const l = yield* listener(k, '@abc', 1);
      const seen: number[] = [];
      for (let i = 0; i < 4; i++) {
        const c = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        seen.push(yield* named(k, 'connect', c, '@abc'));
      }
      thread(k, 'acceptor', function* () {
        yield* msleep(k, 10);
        yield* sys(k, 'accept', l, null, null);
      });
      const waits = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0);
      return [...seen, yield* named(k, 'connect', waits, '@abc'), now(k)];
    })).toEqual([0, 0, -EAGAIN, -EAGAIN, 0, 10]);
  });

  test('accept sleeps until somebody connects', () => {
    expect(simulate(function* (k) {
      const l = yield* listener(k, '@abc');
      thread(k, 'client', function* () {
        yield* msleep(k, 10);
        const c = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0);
        yield* named(k, 'connect', c, '@abc');
        yield* write(k, c, 'hi');
      });
      const a = yield* sys(k, 'accept4', l, null, null, 0);
      return [now(k), yield* read(k, a, 9)];
    })).toEqual([10, 'hi']);
  });

  test('what can be wrong with a connect and a bind', () => {
    expect(simulate(function* (k) {
      const s = (type = SOCK_STREAM): Sleeps<number> => sys(k, 'socket', AF_UNIX, type | SOCK_NONBLOCK, 0);
      const plain = yield* s();
      const bound = yield* s();
      yield* named(k, 'bind', bound, '/tmp/bound');
      const l = yield* listener(k, '/tmp/l');
      yield* listener(k, '@abs');
      yield* sys(k, 'open', mem('/tmp/regular\0'), 0o101, 0o644);
      const connected = yield* s();
      yield* named(k, 'connect', connected, '/tmp/l');
      return {
        notListening: yield* named(k, 'connect', plain, '/tmp/bound'),
        nobody: yield* named(k, 'connect', plain, '/tmp/nope'),
        regularFile: yield* named(k, 'connect', plain, '/tmp/regular'),
        abstractNobody: yield* named(k, 'connect', plain, '@nobody'),
        pathOtherType: yield* named(k, 'connect', yield* s(SOCK_DGRAM), '/tmp/l'),
        abstractOtherType: yield* named(k, 'connect', yield* s(SOCK_DGRAM), '@abs'),
        again: yield* named(k, 'connect', connected, '/tmp/l'),
        listener: yield* named(k, 'connect', l, '/tmp/l'),
        bindTwice: yield* named(k, 'bind', bound, '/tmp/second'),
        bindTaken: yield* named(k, 'bind', plain, '/tmp/l'),
        bindAbstractTaken: yield* named(k, 'bind', plain, '@abs'),
        listenUnbound: yield* sys(k, 'listen', plain, 1),
        acceptNoListener: yield* sys(k, 'accept', connected, null, null),
        receiveListener: yield* recv(k, l, 1, MSG_DONTWAIT),
        openSocket: yield* sys(k, 'open', mem('/tmp/l\0'), 2, 0),
      };
    })).toEqual({
      notListening: -ECONNREFUSED, nobody: -ENOENT, regularFile: -ECONNREFUSED, abstractNobody: -ECONNREFUSED, pathOtherType: -EPROTOTYPE,
      abstractOtherType: -ECONNREFUSED, again: -EISCONN, listener: -EINVAL, bindTwice: -EINVAL, bindTaken: -EADDRINUSE, bindAbstractTaken: -EADDRINUSE,
      listenUnbound: -EINVAL, acceptNoListener: -EINVAL, receiveListener: -EINVAL, openSocket: -6,
    });
  });

  test('a connection that nobody accepted is reset when the listener closes', () => {
    expect(simulate(function* (k) {
      const l = yield* listener(k, '@abc');
      const c = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
      yield* named(k, 'connect', c, '@abc');
      yield* close(k, l);
      const again = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0);
      return [yield* mask(k, c), yield* read(k, c, 1), yield* read(k, c, 1), yield* mask(k, c), yield* named(k, 'connect', again, '@abc')];
    })).toEqual([0x235d, -ECONNRESET, '', 0x2355, -ECONNREFUSED]);
  });

  test('names: an accepted socket has its listener\'s; a socket without name gets five digits when it asks', () => {
    expect(simulate(function* (k) {
      const l = yield* listener(k, '@abc');
      const c = yield* sys(k, 'socket', AF_UNIX, SOCK_STREAM, 0);
      yield* named(k, 'connect', c, '@abc');
      const a = yield* sys(k, 'accept', l, null, null);
      const name = function* (call: string, fd: number): Sleeps<string> {
        const buf = mem(110);
        const len = mem([110, 0, 0, 0]);
        yield* sys(k, call, fd, buf, len);
        return String.fromCharCode(...buf.bytes.subarray(2, get_user_u32(len, 0)!));
      };
      const seen = [yield* name('getsockname', a), yield* name('getpeername', c), yield* name('getsockname', c)];
      yield* sys(k, 'bind', c, mem([1, 0]), 2);
      return [...seen, /^\0[0-9a-f]{5}$/.test(yield* name('getsockname', c))];
    })).toEqual(['\0abc', '\0abc', '', true]);
  });
});

describe('datagrams and packets', () => {
  test('a datagram is received whole or cut, never joined with the next', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k, SOCK_DGRAM | SOCK_NONBLOCK);
      yield* send(k, a, 'first');
      yield* send(k, a, 'second');
      yield* send(k, a, '');
      const msg = new user_msghdr([{ base: mem(3), len: 3 }]);
      const n = yield* sys(k, 'recvmsg', b, msg, 0);
      return [n, msg.flags & MSG_TRUNC, yield* recv(k, b, 3, MSG_PEEK | MSG_TRUNC), yield* recv(k, b, 99, 0), yield* recv(k, b, 99, 0), yield* recv(k, b, 9, 0)];
    })).toEqual([3, MSG_TRUNC, '6:sec', '6:second', '0:', -EAGAIN]);
  });

  test('a datagram sender whose peer has closed is refused once and then has no peer', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k, SOCK_DGRAM | SOCK_NONBLOCK);
      yield* send(k, b, 'y');
      yield* close(k, b);
      return [yield* recv(k, a, 9, 0), yield* recv(k, a, 9, 0), yield* send(k, a, 'x'), yield* send(k, a, 'x'), yield* mask(k, a)];
    })).toEqual(['1:y', -EAGAIN, -ECONNREFUSED, -ENOTCONN, 0x304]);
  });

  test('packets: the peer\'s close is an end and EPIPE without a signal; masks are those of a connection', () => {
    expect(simulate(function* (k) {
      const log: number[] = [];
      handle(k, SIGPIPE, log);
      const [a, b] = yield* pair(k, SOCK_SEQPACKET | SOCK_NONBLOCK);
      const idle = yield* mask(k, a);
      yield* send(k, b, 'y');
      yield* close(k, b);
      return [idle, yield* recv(k, a, 9, 0), yield* recv(k, a, 9, 0), yield* send(k, a, 'x'), log, yield* mask(k, a)];
    })).toEqual([0x304, '1:y', '0:', -EPIPE, [], 0x2355]);
  });

  test('a named receiver takes eleven datagrams of a stranger; then its sender waits, and is not writable', () => {
    expect(simulate(function* (k) {
      const r = yield* sys(k, 'socket', AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
      yield* named(k, 'bind', r, '@r');
      const s = yield* sys(k, 'socket', AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
      yield* named(k, 'connect', s, '@r');
      let n = 0;
      while ((yield* send(k, s, 'x')) > 0) n++;
      const full = yield* po(k, s, OUT);
      let woken = 0;
      thread(k, 'poller', function* () {
        if ((yield* po(k, s, OUT, 100))[0] === 1) woken = now(k);
      });
      yield* msleep(k, 10);
      yield* recv(k, r, 9, 0);
      yield* msleep(k, 1);
      return [n, full, woken, yield* send(k, s, 'x'.repeat(300000))];
    })).toEqual([11, [0, 0], 10, -EMSGSIZE]);
  });
});

describe('files that travel', () => {
  const rights = (...fds: number[]): { cmsg_level: number; cmsg_type: number; fds: number[]; bytes: Uint8Array }[] =>
    [{ cmsg_level: SOL_SOCKET, cmsg_type: SCM_RIGHTS, fds, bytes: new Uint8Array(0) }];

  test('a descriptor sent along arrives as another number of the same open file', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const [r, w] = yield* pipe(k);
      yield* sys(k, 'sendmsg', a, new user_msghdr([{ base: mem('f'), len: 1 }], null, 0, rights(w)), 0);
      yield* close(k, w);
      const stillOpen = yield* mask(k, r);
      const msg = new user_msghdr([{ base: mem(9), len: 9 }], null, 0, null, 4);
      const n = yield* sys(k, 'recvmsg', b, msg, 0);
      const [got] = msg.control![0]!.fds;
      yield* write(k, got!, 'through');
      return [stillOpen, n, yield* read(k, r, 99)];
    })).toEqual([0, 1, 'through']);
  });

  test('bytes behind a message with files are for the next receive', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      yield* write(k, a, 'one');
      yield* sys(k, 'sendmsg', a, new user_msghdr([{ base: mem('two'), len: 3 }], null, 0, rights(a)), 0);
      yield* write(k, a, 'three');
      return [yield* read(k, b, 99), yield* read(k, b, 99)];
    })).toEqual(['onetwo', 'three']);
  });

  test('files that nobody takes are closed: with the socket, or at a receive without room for them', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const [r, w] = yield* pipe(k, O_NONBLOCK);
      const [r2, w2] = yield* pipe(k, O_NONBLOCK);
      yield* sys(k, 'sendmsg', a, new user_msghdr([{ base: mem('x'), len: 1 }], null, 0, rights(w)), 0);
      yield* sys(k, 'sendmsg', a, new user_msghdr([{ base: mem('y'), len: 1 }], null, 0, rights(w2)), 0);
      yield* close(k, w);
      yield* close(k, w2);
      const msg = new user_msghdr([{ base: mem(1), len: 1 }]);
      yield* sys(k, 'recvmsg', b, msg, 0);
      const seen = [msg.flags & MSG_CTRUNC, yield* read(k, r, 1), yield* read(k, r2, 1)];
      yield* close(k, b);
      return [...seen, yield* read(k, r2, 1)];
    })).toEqual([MSG_CTRUNC, '', -EAGAIN, '']);
  });

  test('a bad descriptor among them fails the whole send', () => {
    expect(simulate(function* (k) {
      const [a, b] = yield* pair(k);
      const ret = yield* sys(k, 'sendmsg', a, new user_msghdr([{ base: mem('x'), len: 1 }], null, 0, rights(a, 77)), 0);
      return [ret, yield* read(k, b, 9)];
    })).toEqual([-9, -EAGAIN]);
  });
});

test('a send buffer of 8192 (doubled) takes four writes of 4096', () => {
  expect(simulate(function* (k) {
    const [a, b] = yield* pair(k);
    yield* sys(k, 'setsockopt', a, SOL_SOCKET, SO_SNDBUF, mem([0, 0x20, 0, 0]), 4);
    let n = 0;
    while ((yield* write(k, a, 4096)) > 0) n++;
    let reads = 0;
    while (((yield* mask(k, a)) & OUT) === 0) {
      yield* readn(k, b, 4096);
      reads++;
    }
    return [n, reads];
  })).toEqual([4, 4]);
});
