/** TS-1..TS-40 and ST-1..ST-9: what other people's suites check of stream sockets, as programs on the machine. */

import {
  AF_INET, EAGAIN, ECONNABORTED, ECONNREFUSED, EINPROGRESS, EISCONN, ENOTCONN, EPIPE, EPOLL_CTL_ADD, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, FIONREAD,
  IPPROTO_TCP, MSG_CTRUNC, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, O_NONBLOCK, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_ERROR, SO_LINGER, SO_RCVBUF,
  SO_RCVTIMEO, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, TCP_INQ, TCP_NODELAY,
} from '../../src/scenario/index.js';
import { connected, listening, nonblock, po, PORT, refusedClient, story } from './cases.js';

test('TS-1: the names of the two ends are mirror images', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    sys.expect((yield* sys.getpeername(c)).address, (yield* sys.getsockname(a)).address);
    sys.expect((yield* sys.getsockname(c)).address, (yield* sys.getpeername(a)).address);
    sys.expect((yield* sys.getpeername(c)).address, { family: AF_INET, port: PORT, host: '127.0.0.1' });
  });
});

test('TS-2, TS-3: connect on either end is EISCONN; a fresh socket has no name', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    for (const fd of [c, a]) sys.expect(yield* sys.connect(fd, { port: PORT }), -EISCONN);
    const fresh = yield* sys.socket(AF_INET, SOCK_STREAM);
    sys.expect((yield* sys.getpeername(fresh)).ret, -ENOTCONN);
    sys.expect((yield* sys.getsockname(fresh)).address, { family: AF_INET, port: 0, host: '0.0.0.0' });
  });
});

test('TS-4..TS-8: two writes are one read; addresses of a stream are neither told nor looked at; writev with an empty end', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, '12345');
    yield* sys.write(c, '67890');
    yield* sys.msleep(1000);
    sys.expect(yield* sys.recv(a, 10), '1234567890');
    sys.expect(yield* sys.sendto(c, 'x', 0, { port: 1, host: '10.9.8.7' }), 1);
    const peeked = yield* sys.recvfrom(a, 10, MSG_PEEK);
    sys.expect([peeked.text, peeked.address], ['x', null]);
    const got = yield* sys.recvfrom(a, 10);
    sys.expect([got.text, got.address], ['x', null]);
    sys.expect(yield* sys.writev(c, ['abc', 'de', new Uint8Array(0)]), 5);
    sys.expect(yield* sys.recv(a, 10), 'abcde');
  });
});

test('TS-10, ST-6: without blocking a send of more than everything is short, in each of its forms', () => {
  for (const how of ['write', 'send', 'MSG_DONTWAIT']) {
    story(function* (sys) {
      const [, c] = yield* connected(sys);
      const size = 3 * (yield* sys.getsockopt(c, SOL_SOCKET, SO_SNDBUF)).value;
      if (how !== 'MSG_DONTWAIT') yield* nonblock(sys, c);
      const data = new Uint8Array(size);
      const n = how === 'write' ? yield* sys.write(c, data) : yield* sys.send(c, data, how === 'send' ? 0 : MSG_DONTWAIT);
      sys.expect(n, (got: unknown) => (got as number) > 0 && (got as number) < size);
    });
  }
});

test('TS-12: MSG_CTRUNC means nothing to a receive; MSG_TRUNC takes away and does not copy', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, 'abcdef');
    sys.expect(yield* sys.recv(a, 2, MSG_CTRUNC), 'ab');
    sys.expect((yield* sys.recv(a, 2, MSG_TRUNC)).ret, 2);
    sys.expect((yield* sys.recv(a, 9, MSG_TRUNC | MSG_PEEK)).ret, 2);
    sys.expect(yield* sys.recv(a, 9), 'ef');
  });
});

test('TS-13, IQ-1: TCP_INQ tells what is left behind each recvmsg; it is 1 at the end of the stream; SIOCINQ does not count the FIN', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, new Uint8Array(1000));
    sys.expect((yield* sys.recvmsg(a, 1000)).control.length, 0);
    sys.expect(yield* sys.setsockopt(a, IPPROTO_TCP, TCP_INQ, 1), 0);
    for (let i = 0; i < 4; i++) yield* sys.write(c, new Uint8Array(256));
    sys.expect((yield* sys.ioctlGet(a, FIONREAD)).value, 1024);
    for (const left of [512, 0]) {
      const { ret, control } = yield* sys.recvmsg(a, 512);
      sys.expect([ret, new DataView(control[0]!.bytes.buffer).getInt32(0, true)], [512, left]);
    }
    yield* sys.write(c, new Uint8Array(1000));
    yield* sys.close(c);
    sys.expect((yield* sys.ioctlGet(a, FIONREAD)).value, 1000);
    yield* sys.recv(a, 1000);
    sys.expect((yield* sys.ioctlGet(a, FIONREAD)).value, 0);
    const end = yield* sys.recvmsg(a, 10);
    sys.expect([end.ret, end.control[0]!.bytes[0]], [0, 1]);
  });
});

test('TS-14: a socket that is full after all pauses is not writable', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* nonblock(sys, c);
    yield* sys.setsockopt(c, IPPROTO_TCP, TCP_NODELAY, 1);
    yield* sys.setsockopt(a, SOL_SOCKET, SO_RCVBUF, 262144);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_SNDBUF, 262144);
    for (let again = 0; again < 3; again++) {
      while ((yield* sys.send(c, new Uint8Array(1 << 20))) > 0);
      yield* sys.msleep(200);
    }
    sys.expect(yield* po(sys, c, EPOLLOUT, 10), '0');
  });
});

test('TS-16: a read with a time limit ends with EAGAIN although its descriptor was closed meanwhile', () => {
  story(function* (sys) {
    const [, c] = yield* connected(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, { us: 3_000_000 });
    yield* sys.thread(function* closer(other) {
      yield* other.msleep(250);
      other.expect(yield* other.close(c), 0);
    });
    sys.expect((yield* sys.read(c, 10)).ret, -EAGAIN);
    sys.expect(sys.nowNs >= 3e9, true);
  });
});

test('TS-17, TS-18: polls that wait for a FIN, one side after the other', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.shutdown(c, SHUT_RDWR);
    sys.expect(yield* po(sys, c, EPOLLHUP), 'HUP');
    yield* sys.shutdown(a, SHUT_RDWR);
    for (const _ of [1, 2]) sys.expect(yield* po(sys, c, EPOLLHUP), 'HUP');
  });
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.thread(function* other(self) {
      yield* self.shutdown(a, SHUT_WR);
      self.expect(yield* po(self, a, EPOLLIN | EPOLLERR | EPOLLHUP, -1), (got: unknown) => got === 'IN|HUP' || got === 'HUP');
      yield* self.msleep(100);
      self.expect(yield* po(self, a, EPOLLIN | EPOLLERR | EPOLLHUP), 'IN|HUP');
    });
    yield* sys.msleep(10);
    yield* sys.shutdown(c, SHUT_WR);
    yield* sys.msleep(50);
    sys.expect(yield* po(sys, c, EPOLLIN | EPOLLERR | EPOLLHUP), 'IN|HUP');
    yield* sys.msleep(200);
  });
});

test('TS-19, TS-20: a listener is readable while a connection waits; an epoll hears of a client that comes later', () => {
  story(function* (sys) {
    const l = yield* listening(sys);
    sys.expect(yield* po(sys, l, EPOLLIN), '0');
    yield* nonblock(sys, l);
    sys.expect(yield* sys.accept(l), -EAGAIN);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, l, { events: EPOLLIN });
    yield* sys.thread(function* client(other) {
      yield* other.msleep(1000);
      yield* other.connect(yield* other.socket(AF_INET, SOCK_STREAM), { port: PORT });
    });
    sys.expect((yield* sys.epoll_wait(ep, 1, 60_000)).events, [{ events: EPOLLIN, data: l }]);
    sys.expect(sys.nowNs >= 1e9, true);
    sys.expect(yield* po(sys, l, EPOLLIN), 'IN');
    sys.expect((yield* sys.accept(l)) >= 0, true);
    sys.expect(yield* po(sys, l, EPOLLIN), '0');
  });
});

test('TS-22, ST-5: a blocked write whose peer closes with unread data returns what went in; the next one fails', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_SNDBUF, 2500);
    yield* sys.setsockopt(a, SOL_SOCKET, SO_RCVBUF, 2500);
    yield* sys.thread(function* peer(other) {
      yield* other.msleep(1000);
      other.expect((yield* other.read(a, 1)).ret, 1);
      yield* other.close(a);
    });
    const total = 1024 * 2500;
    const n = yield* sys.writev(c, Array.from({ length: 1024 }, () => new Uint8Array(2500)));
    sys.expect(n, (got: unknown) => (got as number) > 1 && (got as number) < total);
    sys.expect(yield* sys.send(c, 'more', MSG_NOSIGNAL), (got: unknown) => got === -EPIPE || got === -104);
  });
});

test('TS-24, TS-27: a refused connect that SO_ERROR took: read 0, and connect ECONNABORTED', () => {
  story(function* (sys) {
    const [c] = yield* refusedClient(sys);
    sys.expect(yield* po(sys, c, EPOLLERR, 10_000), 'ERR|HUP');
    sys.expect(yield* po(sys, c, 0), 'ERR|HUP');
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_ERROR)).value, ECONNREFUSED);
    sys.expect((yield* sys.read(c, 1)).ret, 0);
    yield* nonblock(sys, c, false);
    sys.expect(yield* sys.connect(c, { port: PORT }), -ECONNABORTED);
  });
});

test.each([['TS-25', 0], ['TS-26', MSG_PEEK]])('%s: whoever receives first takes the refusal; connect says ECONNABORTED after that', (_id, flags) => {
  story(function* (sys) {
    const [c] = yield* refusedClient(sys);
    sys.expect((yield* sys.recv(c, 1, flags)).ret, -ECONNREFUSED);
    sys.expect((yield* sys.recv(c, 1, flags)).ret, 0);
    yield* nonblock(sys, c, false);
    sys.expect(yield* sys.connect(c, { port: PORT }), -ECONNABORTED);
  });
});

test.each([['TS-28', false], ['TS-29', true]])('%s: a connect that was not waited for is writable; connect again says 0 once', (_id, closes) => {
  story(function* (sys) {
    const l = yield* listening(sys);
    const c = yield* sys.socket(AF_INET, SOCK_STREAM | O_NONBLOCK);
    sys.expect(yield* sys.connect(c, { port: PORT }), -EINPROGRESS);
    const a = yield* sys.accept(l);
    if (closes) yield* sys.close(a);
    for (const wants of [EPOLLOUT, 0x100, EPOLLOUT | 0x100]) sys.expect((yield* sys.poll([{ fd: c, events: wants }], 0)).revents[0], wants);
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_ERROR)).value, 0);
    sys.expect([yield* sys.connect(c, { port: PORT }), yield* sys.connect(c, { port: PORT })], [0, -EISCONN]);
  });
});

test('TS-30: tasks that connect while another one begins to listen: each poll tells, either way', () => {
  story(function* (sys) {
    const l = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.bind(l, { port: PORT });
    const seen: string[] = [];
    for (let i = 0; i < 20; i++) {
      yield* sys.thread(function* client(other) {
        yield* other.msleep(i % 4);
        const c = yield* other.socket(AF_INET, SOCK_STREAM | O_NONBLOCK);
        other.expect(yield* other.connect(c, { port: PORT }), -EINPROGRESS);
        seen.push(yield* po(other, c, EPOLLERR | EPOLLOUT, 1000));
      });
    }
    yield* sys.msleep(2);
    yield* sys.listen(l, 100);
    yield* sys.msleep(1000);
    sys.expect([...new Set(seen)].sort().join(' '), 'OUT OUT|ERR|HUP');
    sys.expect(seen.length, 20);
  });
});

test('TS-31: after a refusal another socket can have the address, and connecting again is refused again', () => {
  story(function* (sys) {
    const c = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.bind(c, { port: 0 });
    const { address } = yield* sys.getsockname(c);
    sys.expect(yield* sys.connect(c, { port: PORT }), -ECONNREFUSED);
    const other = yield* sys.socket(AF_INET, SOCK_STREAM);
    sys.expect(yield* sys.bind(other, address as { port: number; host: string }), 0);
    sys.expect(yield* sys.connect(c, { port: PORT }), -ECONNREFUSED);
  });
});

test('TS-32, TS-33: connect to nobody is refused; a stream that never connected', () => {
  story(function* (sys) {
    const c = yield* sys.socket(AF_INET, SOCK_STREAM);
    sys.expect(yield* sys.connect(c, { port: 0, host: '0.0.0.0' }), -ECONNREFUSED);
    const fresh = yield* sys.socket(AF_INET, SOCK_STREAM);
    sys.expect(yield* sys.send(fresh, 'x', MSG_NOSIGNAL), -EPIPE);
    sys.expect(yield* sys.sendto(fresh, 'x', MSG_NOSIGNAL, { port: PORT }), -EPIPE);
    for (const size of [0, 5]) sys.expect((yield* sys.recv(fresh, size)).ret, -ENOTCONN);
  });
});

/** A socket that is connected to itself. */
function* toItself(sys: Parameters<typeof listening>[0]): ReturnType<typeof listening> {
  const s = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(s, { port: PORT });
  sys.expect(yield* sys.connect(s, { port: PORT }), 0);
  return s;
}

test('TS-34: a socket connected to itself: a megabyte goes through it, and SHUT_WR ends the reader', () => {
  story(function* (sys) {
    const s = yield* toItself(sys);
    let got = 0;
    let ended = false;
    yield* sys.thread(function* reader(other) {
      for (;;) {
        const { ret } = yield* other.recv(s, 65536);
        if (ret <= 0) break;
        got += ret;
      }
      ended = true;
    });
    sys.expect(yield* sys.send(s, new Uint8Array(1 << 20)), 1 << 20);
    yield* sys.shutdown(s, SHUT_WR);
    yield* sys.msleep(1000);
    sys.expect([got, ended], [1 << 20, true]);
  });
});

test('TS-35, TS-36: on such a socket SHUT_WR ends a blocked send with EPIPE, SHUT_RD a receive of nothing with 0', () => {
  story(function* (sys) {
    const s = yield* toItself(sys);
    yield* sys.thread(function* other(self) {
      yield* self.msleep(250);
      yield* self.shutdown(s, SHUT_WR);
    });
    const n = yield* sys.send(s, new Uint8Array(24 << 20), MSG_NOSIGNAL);
    sys.expect(n, (got: unknown) => (got as number) > 0 && (got as number) < 24 << 20);
    sys.expect(yield* sys.send(s, 'x', MSG_NOSIGNAL), -EPIPE);
  });
  story(function* (sys) {
    const s = yield* toItself(sys);
    yield* sys.thread(function* other(self) {
      yield* self.msleep(250);
      yield* self.shutdown(s, SHUT_RD);
    });
    sys.expect((yield* sys.recv(s, 0)).ret, 0);
    sys.expect(sys.nowNs, 250e6);
  });
});

test('TS-37, TS-40: SHUT_WR again and again around FIN_WAIT2; SO_LINGER of a socket without connection', () => {
  story(function* (sys) {
    const [, , a] = yield* connected(sys);
    sys.expect(yield* sys.shutdown(a, SHUT_WR), 0);
    sys.expect(yield* sys.shutdown(a, SHUT_WR), 0);
    yield* sys.msleep(100);
    sys.expect(yield* sys.shutdown(a, SHUT_WR), 0);
    const fresh = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.setsockopt(fresh, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 10 });
    sys.expect(yield* po(sys, fresh, EPOLLHUP), 'HUP');
    const before = sys.nowNs;
    sys.expect(yield* sys.close(fresh), 0);
    sys.expect(sys.nowNs, before);
  });
});

test('ST-1, ST-4, ST-7: a stream is cut by the reads; recvmsg reports no MSG_TRUNC', () => {
  story(function* (sys) {
    const [, c, a] = yield* connected(sys);
    yield* sys.write(c, new Uint8Array(512));
    for (const _ of [1, 2]) sys.expect((yield* sys.read(a, 256)).ret, 256);
    yield* sys.write(c, new Uint8Array(20));
    const got = yield* sys.recvmsg(a, 10, MSG_TRUNC);
    sys.expect([got.ret, got.flags & MSG_TRUNC], [10, 0]);
    sys.expect((yield* sys.read(a, 100)).ret, 10);
  });
});
