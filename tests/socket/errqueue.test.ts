/** The error queue: T69 and what was measured about it on Linux 6.18; ICMP errors with the packet they are about; recvmmsg and sendmmsg. */

import {
  AF_INET, AF_INET6, AF_UNIX, EAGAIN, EBADF, ECONNREFUSED, EPOLL_CTL_ADD, EPOLLERR, EPOLLET, EPOLLIN, EPOLLOUT, IP_RECVERR, IPV6_RECVERR, type Machine,
  machine, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_TRUNC, MSG_WAITFORONE, MSG_ZEROCOPY, POLLERR, type Program, SO_ERROR, SO_ZEROCOPY, SOCK_DGRAM, SOCK_NONBLOCK,
  SOCK_STREAM, SOL_IP, SOL_IPV6, SOL_SOCKET, type Sys, type Sleeps,
} from '../../src/scenario/index.js';

function run(main: Program): Machine {
  const m = machine();
  m.process('main', main);
  const outcome = m.run();
  expect(outcome.failures).toEqual([]);
  expect(outcome.halt).toBe('finished');
  return m;
}

/** Two ends of a TCP connection; the client's has SO_ZEROCOPY. */
function* ends(sys: Sys): Sleeps<[number, number]> {
  const l = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(l, { port: 7000 });
  yield* sys.listen(l, 1);
  const c = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.connect(c, { port: 7000 });
  const s = yield* sys.accept(l);
  return [c, s];
}

/** What the error queue gives next: `origin code info-data`, or the errno. */
function* next(sys: Sys, fd: number): Sleeps<string | number> {
  const got = yield* sys.recvmsg(fd, 10, MSG_ERRQUEUE);
  if (got.ret < 0) return got.ret;
  sys.expect(got.flags & MSG_ERRQUEUE, MSG_ERRQUEUE);
  const { bytes } = got.control[0]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return `${bytes[4]} ${bytes[6]} ${view.getUint32(8, true)}-${view.getUint32(12, true)}`;
}

test('T69: a send with MSG_ZEROCOPY is told of in the error queue: ERR without an error, until it is read', () => {
  run(function* main(sys) {
    const [c] = yield* ends(sys);
    yield* sys.send(c, 'no option', MSG_ZEROCOPY);
    sys.expect(yield* next(sys, c), -EAGAIN);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, 1);
    sys.expect(yield* sys.send(c, 'hello', MSG_ZEROCOPY), 5);
    sys.expect((yield* sys.poll([{ fd: c, events: EPOLLOUT }], 0)).revents[0], EPOLLOUT | POLLERR);
    sys.expect((yield* sys.getsockopt(c, SOL_SOCKET, SO_ERROR)).value, 0);
    sys.expect((yield* sys.poll([{ fd: c, events: EPOLLOUT }], 0)).revents[0], EPOLLOUT | POLLERR);
    sys.expect(yield* next(sys, c), '5 1 0-0');
    sys.expect((yield* sys.poll([{ fd: c, events: EPOLLOUT }], 0)).revents[0], EPOLLOUT);
    sys.expect(yield* next(sys, c), -EAGAIN);
  });
});

test('sends that are done one after the other are told of as one range; a send of nothing is not counted', () => {
  run(function* main(sys) {
    const [c] = yield* ends(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, 1);
    yield* sys.send(c, 'a', MSG_ZEROCOPY);
    yield* sys.send(c, '', MSG_ZEROCOPY);
    yield* sys.send(c, 'not counted');
    yield* sys.send(c, 'b', MSG_ZEROCOPY);
    yield* sys.send(c, 'c', MSG_ZEROCOPY);
    // Nagle holds what follows unacknowledged data back
    yield* sys.msleep(100);
    sys.expect(yield* next(sys, c), '5 1 0-2');
    sys.expect(yield* next(sys, c), -EAGAIN);
  });
});

test('each completion is an edge for an ET watcher', () => {
  run(function* main(sys) {
    const [c] = yield* ends(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, 1);
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, c, { events: EPOLLIN | EPOLLOUT | EPOLLET });
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).events, [{ events: EPOLLOUT, data: c }]);
    yield* sys.send(c, 'q', MSG_ZEROCOPY);
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).events, [{ events: EPOLLOUT | EPOLLERR, data: c }]);
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 0);
    sys.expect(yield* next(sys, c), '5 1 0-0');
    sys.expect((yield* sys.epoll_wait(ep, 4, 0)).ret, 0);
  });
});

test('a full send buffer completes nothing; when the peer has read, all is told at once; a failed send has no number', () => {
  run(function* main(sys) {
    const [c, s] = yield* ends(sys);
    yield* sys.setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, 1);
    let sends = 0;
    let bytes = 0;
    for (;;) {
      const n = yield* sys.send(c, new Uint8Array(65536), MSG_ZEROCOPY | MSG_DONTWAIT);
      if (n < 0) break;
      sends++;
      bytes += n;
    }
    for (let got = 0; got < bytes; ) got += (yield* sys.recv(s, 1 << 20)).ret;
    yield* sys.msleep(300);
    sys.expect(yield* next(sys, c), `5 1 0-${sends - 1}`);
    sys.expect(yield* next(sys, c), -EAGAIN);
    yield* sys.send(c, 'x', MSG_ZEROCOPY);
    yield* sys.msleep(100);
    sys.expect(yield* next(sys, c), `5 1 ${sends}-${sends}`);
  });
});

test.each([
  ['IPv4', AF_INET, '127.0.0.1', SOL_IP, IP_RECVERR, 520, '2 3', '127.0.0.1'],
  ['IPv6', AF_INET6, '::1', SOL_IPV6, IPV6_RECVERR, 1184, '3 4', '::1'],
] as const)('%s: with IP_RECVERR an unconnected sender hears of "port unreachable", with the packet and where it went', (_v, family, host, level, option, most, code, where) => {
  run(function* main(sys) {
    const u = yield* sys.socket(family, SOCK_DGRAM | SOCK_NONBLOCK);
    yield* sys.setsockopt(u, level, option, 1);
    sys.expect(yield* sys.sendto(u, 'abc', 0, { port: 9, host }), 3);
    // The error of the first stops the second, and is taken by it.
    sys.expect(yield* sys.sendto(u, 'abc', 0, { port: 9, host }), -ECONNREFUSED);
    sys.expect(yield* sys.sendto(u, new Uint8Array(3000), 0, { port: 9, host }), 3000);
    const first = yield* sys.recvmsg(u, 4000, MSG_ERRQUEUE);
    sys.expect(first.text, 'abc');
    sys.expect(first.address, (got: unknown) => (got as { port: number; host: string }).port === 9 && (got as { host: string }).host === where);
    sys.expect(`${first.control[0]!.bytes[4]} ${first.control[0]!.bytes[6]}`, code);
    sys.expect([first.control[0]!.level, first.control[0]!.type], [level, option]);
    // The next error is pending again.
    sys.expect((yield* sys.poll([{ fd: u, events: 0 }], 0)).revents[0], POLLERR);
    const second = yield* sys.recvmsg(u, 100, MSG_ERRQUEUE);
    sys.expect([second.ret, second.flags & MSG_TRUNC], [100, MSG_TRUNC]);
    sys.expect((yield* sys.poll([{ fd: u, events: 0 }], 0)).ret, 0);
    sys.expect((yield* sys.recvmsg(u, 10, MSG_ERRQUEUE)).ret, -EAGAIN);
    sys.expect((yield* sys.recv(u, 10)).ret, -EAGAIN);
    yield* sys.sendto(u, new Uint8Array(3000), 0, { port: 9, host });
    sys.expect((yield* sys.recvmsg(u, 4000, MSG_ERRQUEUE)).ret, most);
  });
});

test('sendmmsg and recvmmsg: many datagrams a call', () => {
  const m = run(function* main(sys) {
    const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_DGRAM);
    sys.expect(yield* sys.sendmmsg(a, ['a', 'ab', 'abc']), 3);
    const two = yield* sys.recvmmsg(b, 2, 4, MSG_DONTWAIT, 1e9);
    sys.expect([two.ret, two.messages.map(({ text }) => text).join(' ')], [2, 'a ab']);
    const one = yield* sys.recvmmsg(b, 2, 4, MSG_DONTWAIT);
    sys.expect([one.ret, one.messages[0]!.text], [1, 'abc']);
    sys.expect((yield* sys.recvmmsg(b, 2, 4, MSG_DONTWAIT)).ret, -EAGAIN);
    yield* sys.fork(function* later(child) {
      yield* child.msleep(10);
      yield* child.sendmmsg(a, ['x', 'y']);
    });
    sys.expect((yield* sys.recvmmsg(b, 5, 4, MSG_WAITFORONE)).ret, (n: unknown) => n === 1 || n === 2);
    sys.expect(yield* sys.sendmmsg(99, ['a']), -EBADF);
  });
  const log = m.strace();
  expect(log).toContain('sendmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="a", iov_len=1}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=1}');
  expect(log).toContain('recvmmsg(4, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="abc", iov_len=4}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=3}], 2, MSG_DONTWAIT, NULL) = 1');
});
