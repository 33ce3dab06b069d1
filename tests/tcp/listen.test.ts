/** Listeners, accept and bind: T84..T94. */

import { mem, simulate, sys } from '../kit.js';
import { kernel_pointer } from '../../src/kernel/uaccess.js';
import { msleep } from '../kernel/calls.js';
import { sock_net } from '../../src/socket/net.js';
import {
  accept, ACK, bind, close, connect, connection, getopt, listen, listener, mask, named, NONBLOCK, Peer, portOf, RD, recv, RST, send, setopt, shutdown, sin6, SOL_SOCKET,
  SOL_TCP, state, SYN, tcp, watch, WR,
} from './net.js';

const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const TCP_DEFER_ACCEPT = 9;

test.each([0, 1, 4])('T84: listen(%i) completes one more connection than that; further clients stay SYN_SENT', (backlog) => {
  simulate(function* (k) {
    yield* listener(k, 8080, backlog);
    const states: string[] = [];
    const masks: string[] = [];
    for (let i = 0; i < backlog + 3; i++) {
      const c = yield* tcp(k, NONBLOCK);
      yield* connect(k, c, 8080);
      states.push(yield* state(k, c));
      masks.push(yield* mask(k, c));
    }
    expect(states).toEqual([...Array.from({ length: backlog + 1 }, () => 'ESTABLISHED'), 'SYN_SENT', 'SYN_SENT']);
    expect(masks.at(-1)).toBe('-');
  });
});

test('a client that found the queue full gets in with its next SYN, a second later', () => {
  simulate(function* (k) {
    const l = yield* listener(k, 8080, 0);
    const a = yield* tcp(k, NONBLOCK);
    yield* connect(k, a, 8080);
    const b = yield* tcp(k, NONBLOCK);
    yield* connect(k, b, 8080);
    yield* accept(k, l);
    expect(yield* state(k, b)).toBe('SYN_SENT');
    yield* msleep(k, 1100);
    expect(yield* state(k, b)).toBe('ESTABLISHED');
  });
});

test('tcp_abort_on_overflow: an ACK that finds the accept queue full is reset', () => {
  simulate(function* (k) {
    sock_net(k).sysctl.tcp_abort_on_overflow = 1;
    yield* listener(k, 8080, 0);
    const peer = new Peer(k);
    peer.local = 8080;
    peer.inject({ flags: SYN, seq: 0 });
    const c = yield* tcp(k, NONBLOCK);
    yield* connect(k, c, 8080);
    expect(yield* state(k, c)).toBe('ESTABLISHED');
    peer.heard();
    peer.inject({ flags: ACK, seq: 1 });
    expect(peer.heard()[0]).toMatch(/^R/);
  });
});

test('T85, T87: connections are taken first come, first served; an ET watcher hears of each arrival once', () => {
  simulate(function* (k) {
    const l = yield* listener(k, 8080, 8, NONBLOCK);
    const w = yield* watch(k, l, 'IN');
    const clients: number[] = [];
    for (let i = 0; i < 3; i++) {
      const c = yield* tcp(k, NONBLOCK);
      yield* connect(k, c, 8080);
      yield* send(k, c, String(i));
      clients.push(c);
    }
    expect(yield* w.next()).toBe('IN');
    expect(yield* recv(k, (yield* accept(k, l)) as number)).toBe('0');
    expect(yield* w.next()).toBe('-');
    const c = yield* tcp(k, NONBLOCK);
    yield* connect(k, c, 8080);
    expect(yield* w.next()).toBe('IN');
    expect(yield* recv(k, (yield* accept(k, l)) as number)).toBe('1');
    expect(yield* recv(k, (yield* accept(k, l)) as number)).toBe('2');
    yield* accept(k, l);
    expect(yield* accept(k, l)).toBe('EAGAIN');
  });
});

test('T86: a connection that was reset while it waited is accepted all the same: data first, then the error', () => {
  simulate(function* (k) {
    const l = yield* listener(k, 8080, 8, NONBLOCK);
    const c = yield* tcp(k);
    yield* connect(k, c, 8080);
    yield* send(k, c, 'ghost');
    yield* setopt(k, c, SOL_SOCKET, 13, 1, 0);
    yield* close(k, c);
    expect(yield* mask(k, l)).toBe('IN');
    const s = (yield* accept(k, l)) as number;
    expect(yield* state(k, s)).toBe('CLOSE');
    expect(yield* mask(k, s)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* recv(k, s)).toBe('ghost');
    expect(yield* recv(k, s)).toBe('ECONNRESET');
  });
});

test('T87: EMFILE leaves the connection in the queue; EFAULT on the address loses it', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const c = yield* tcp(k, NONBLOCK);
    yield* connect(k, c, 8080);
    const limit = k.current.signal.rlim_nofile;
    limit.cur = 2;
    expect(yield* accept(k, l)).toBe('EMFILE');
    limit.cur = 1024;
    expect(yield* mask(k, l)).toBe('IN');
    expect(named(yield* sys(k, 'accept4', l, kernel_pointer(), kernel_pointer(), 0))).toBe('EFAULT');
    expect(yield* mask(k, l)).toBe('-');
    expect(yield* mask(k, c)).toBe('IN OUT RDHUP');
  });
});

test('T88: accept4 looks at the descriptor, then at the flags, then whether it is a socket; O_NONBLOCK is not inherited', () => {
  simulate(function* (k) {
    const [c, , l] = yield* connection(k);
    const ep = yield* sys(k, 'epoll_create1', 0);
    expect(yield* accept(k, 99, 0x123)).toBe('EBADF');
    expect(yield* accept(k, ep, 0x123)).toBe('EINVAL');
    expect(yield* accept(k, ep)).toBe('ENOTSOCK');
    expect(yield* accept(k, c)).toBe('EINVAL');
    yield* sys(k, 'fcntl', l, 4, NONBLOCK);
    const d = yield* tcp(k, NONBLOCK);
    yield* connect(k, d, 8080);
    expect((yield* sys(k, 'fcntl', (yield* accept(k, l)) as number, 3, 0)) & NONBLOCK).toBe(0);
  });
});

test('T89: half-open requests and their RSTs are no events of the listener', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const w = yield* watch(k, l);
    const peer = new Peer(k);
    peer.local = 8080;
    peer.inject({ flags: SYN, seq: 0 });
    expect(peer.heard()).toEqual(['S. 0+0 ack 1']);
    expect(yield* mask(k, l)).toBe('-');
    peer.inject({ flags: RST, seq: 1 });
    expect(yield* w.next()).toBe('-');
    peer.inject({ flags: ACK, seq: 1 });
    expect(peer.heard()[0]).toMatch(/^R/);
  });
});

test('a SYN-ACK that is not answered is sent five times more, then the request is dropped', () => {
  simulate(function* (k) {
    yield* listener(k);
    const peer = new Peer(k);
    peer.local = 8080;
    peer.inject({ flags: SYN, seq: 0 });
    yield* msleep(k, 100_000);
    expect(peer.sent).toHaveLength(6);
    expect(peer.times.map((t) => Math.round(t))).toEqual([0, 1, 3, 7, 15, 31]);
  });
});

test('T90: TCP_DEFER_ACCEPT: the listener is not readable before the first byte; the client is connected already', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    yield* setopt(k, l, SOL_TCP, TCP_DEFER_ACCEPT, 3);
    expect(yield* getopt(k, l, SOL_TCP, TCP_DEFER_ACCEPT)).toBe(3);
    const c = yield* tcp(k, NONBLOCK);
    yield* connect(k, c, 8080);
    expect(yield* state(k, c)).toBe('ESTABLISHED');
    expect(yield* mask(k, l)).toBe('-');
    yield* send(k, c, 'now');
    expect(yield* mask(k, l)).toBe('IN');
    expect(yield* recv(k, (yield* accept(k, l)) as number)).toBe('now');
  });
});

test.each([[0, 0, 'EADDRINUSE'], [0, 1, 'EADDRINUSE'], [1, 0, 'EADDRINUSE'], [1, 1, 0]])('T91: SO_REUSEADDR %i on the old socket, %i on the new one, over TIME_WAIT: %s', (old, fresh, expected) => {
  simulate(function* (k) {
    const l = yield* tcp(k);
    yield* setopt(k, l, SOL_SOCKET, SO_REUSEADDR, old);
    yield* bind(k, l, 8080);
    yield* listen(k, l);
    const c = yield* tcp(k);
    yield* connect(k, c, 8080);
    const s = (yield* accept(k, l)) as number;
    yield* close(k, s);
    yield* close(k, c);
    yield* close(k, l);
    const again = yield* tcp(k);
    yield* setopt(k, again, SOL_SOCKET, SO_REUSEADDR, fresh);
    expect(yield* bind(k, again, 8080)).toBe(expected);
    yield* msleep(k, 63_000);
    const later = yield* tcp(k);
    if (expected !== 0) expect(yield* bind(k, later, 8080)).toBe(0);
  });
});

test.each([
  ['none', 0, 0, 0, 0, 'EADDRINUSE'], ['REUSEADDR first', 1, 0, 0, 0, 'EADDRINUSE'], ['REUSEADDR second', 0, 0, 1, 0, 'EADDRINUSE'],
  ['REUSEPORT first', 0, 1, 0, 0, 'EADDRINUSE'], ['REUSEADDR, REUSEPORT', 1, 0, 0, 1, 'EADDRINUSE'], ['REUSEPORT both', 0, 1, 0, 1, 0],
])('T92: a second listener on the port: %s', (_name, a1, p1, a2, p2, expected) => {
  simulate(function* (k) {
    const one = yield* tcp(k);
    yield* setopt(k, one, SOL_SOCKET, SO_REUSEADDR, a1);
    yield* setopt(k, one, SOL_SOCKET, SO_REUSEPORT, p1);
    expect(yield* bind(k, one, 8080)).toBe(0);
    expect(yield* listen(k, one)).toBe(0);
    const two = yield* tcp(k);
    yield* setopt(k, two, SOL_SOCKET, SO_REUSEADDR, a2);
    yield* setopt(k, two, SOL_SOCKET, SO_REUSEPORT, p2);
    const bound = yield* bind(k, two, 8080);
    expect(bound === 0 ? yield* listen(k, two) : bound).toBe(expected);
  });
});

test('T92: two REUSEADDR sockets may bind, and one of them may listen', () => {
  simulate(function* (k) {
    const fds: number[] = [];
    for (let i = 0; i < 2; i++) {
      const fd = yield* tcp(k);
      yield* setopt(k, fd, SOL_SOCKET, SO_REUSEADDR, 1);
      expect(yield* bind(k, fd, 8080)).toBe(0);
      fds.push(fd);
    }
    expect(yield* listen(k, fds[0]!)).toBe(0);
    expect(yield* listen(k, fds[1]!)).toBe('EADDRINUSE');
  });
});

test('a REUSEPORT group shares the connections by a hash; closing a member resets its own', () => {
  simulate(function* (k) {
    const group: number[] = [];
    for (let i = 0; i < 4; i++) {
      const l = yield* tcp(k, NONBLOCK);
      yield* setopt(k, l, SOL_SOCKET, SO_REUSEPORT, 1);
      yield* bind(k, l, 8080);
      yield* listen(k, l, 100);
      group.push(l);
    }
    for (let i = 0; i < 100; i++) {
      const c = yield* tcp(k, NONBLOCK);
      yield* connect(k, c, 8080);
    }
    const counts: number[] = [];
    for (const l of group) {
      let n = 0;
      while (typeof (yield* accept(k, l)) === 'number') n++;
      counts.push(n);
    }
    expect(counts.reduce((a, b) => a + b)).toBe(100);
    expect(Math.min(...counts)).toBeGreaterThan(10);
  });
});

test('T93: bind twice, to a foreign address, to a low port, with no family; connect on a listener', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    expect(yield* bind(k, fd, 80, 0x08080808)).toBe('EADDRNOTAVAIL');
    k.current.capable = false;
    expect(yield* bind(k, fd, 80)).toBe('EACCES');
    k.current.capable = true;
    expect(yield* bind(k, fd, 8080)).toBe(0);
    expect(yield* bind(k, fd, 8081)).toBe('EINVAL');
    expect(yield* listen(k, fd)).toBe(0);
    expect(yield* connect(k, fd, 8080)).toBe('EISCONN');
    const unspec = yield* tcp(k);
    expect(named(yield* sys(k, 'bind', unspec, mem([0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 16))).toBe(0);
    expect(yield* portOf(k, unspec)).toBe(0x2000);
    expect(named(yield* sys(k, 'bind', yield* tcp(k), mem([0, 0, 0x20, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 16))).toBe('EAFNOSUPPORT');
    expect(named(yield* sys(k, 'bind', yield* tcp(k), mem(8), 8))).toBe('EINVAL');
  });
});

test('listen(-1) and beyond means the sysctl somaxconn', () => {
  simulate(function* (k) {
    const l = yield* listener(k, 8080, -1);
    expect(yield* getopt(k, l, SOL_SOCKET, 30)).toBe(1);
    expect(yield* shutdown(k, l, WR)).toBe(0);
    yield* shutdown(k, l, RD);
    expect(yield* getopt(k, l, SOL_SOCKET, 30)).toBe(0);
  });
});

test('the socket of accept has what its listener had: buffers, SO_KEEPALIVE, linger, SO_RCVLOWAT, TCP_NODELAY', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    yield* setopt(k, l, SOL_SOCKET, 7, 20000);
    yield* setopt(k, l, SOL_SOCKET, 8, 30000);
    yield* setopt(k, l, SOL_SOCKET, 9, 1);
    yield* setopt(k, l, SOL_SOCKET, 18, 7);
    yield* setopt(k, l, SOL_TCP, 1, 1);
    const c = yield* tcp(k);
    yield* connect(k, c, 8080);
    const s = (yield* accept(k, l)) as number;
    expect(yield* getopt(k, s, SOL_SOCKET, 7)).toBe(40000);
    expect(yield* getopt(k, s, SOL_SOCKET, 8)).toBe(60000);
    expect(yield* getopt(k, s, SOL_SOCKET, 9)).toBe(1);
    expect(yield* getopt(k, s, SOL_SOCKET, 18)).toBe(7);
    expect(yield* getopt(k, s, SOL_TCP, 1)).toBe(1);
  });
});

test('IPv6: a listener on :: takes IPv4 clients too, unless it is for IPv6 only', () => {
  for (const only of [0, 1]) {
    simulate(function* (k) {
      const l = yield* tcp(k, 0, 10);
      yield* setopt(k, l, 41, 26, only);
      expect(named(yield* sys(k, 'bind', l, sin6(8080, 0), 28))).toBe(0);
      yield* listen(k, l);
      const six = yield* tcp(k, 0, 10);
      expect(named(yield* sys(k, 'connect', six, sin6(8080, 1), 28))).toBe(0);
      const four = yield* tcp(k);
      expect(yield* connect(k, four, 8080)).toBe(only === 0 ? 0 : 'ECONNREFUSED');
      const mapped = yield* tcp(k, 0, 10);
      expect(named(yield* sys(k, 'connect', mapped, sin6(8080, 0x7f000001, true), 28))).toBe(only === 0 ? 0 : 'ECONNREFUSED');
    });
  }
});
