/** RST and errors: T59..T69, and which RST is accepted. */

import { tcp_v4_err } from '../../src/tcp/tcp_ipv4.js';
import { spawn_process } from '../../src/kernel/fork.js';
import { simulate } from '../kit.js';
import { msleep } from '../kernel/calls.js';
import {
  accept, ACK, ask, close, closeWait, connect, connection, established, finWait1, finWait2, lastAck, listener, mask, Peer, PSH, recv, RST, send, setopt,
  SIOCOUTQ, soError, sockOf, SOL_SOCKET, state, SYN, tcp, watch,
} from './net.js';

test('T59: unread data is read first, then the error once, then the end', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'abc' });
    const w = yield* watch(k, fd);
    peer.inject({ flags: RST });
    expect(yield* w.next()).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* w.next()).toBe('-');
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* recv(k, fd)).toBe('abc');
    expect(yield* recv(k, fd)).toBe('ECONNRESET');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
  });
});

test('T60: the first send after an RST says ECONNRESET without a signal, the second EPIPE with one', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: RST });
    expect(yield* send(k, fd)).toBe('ECONNRESET');
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    expect(yield* recv(k, fd)).toBe(0);
  });
});

test('T61: SO_ERROR takes the error from reader and writer', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: RST });
    expect(yield* soError(k, fd)).toBe('ECONNRESET');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
  });
});

test('T62: CLOSE_WAIT: RST: readers see the end for ever, the error is EPIPE', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* closeWait(k);
    peer.inject({ flags: RST });
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* soError(k, fd)).toBe('EPIPE');
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
  });
});

test('T63: the peer has closed: the first send goes out and brings an RST, the second is EPIPE', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* close(k, s);
    expect(yield* send(k, c)).toBe(1);
    expect(yield* send(k, c)).toBe('EPIPE SIGPIPE');
  });
});

test.each([['FIN_WAIT1', finWait1], ['FIN_WAIT2', finWait2]] as const)('T64: %s: RST: send says ECONNRESET first, although we had shut', (_name, fixture) => {
  simulate(function* (k) {
    const [fd, peer] = yield* fixture(k);
    peer.inject({ flags: RST });
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* send(k, fd)).toBe('ECONNRESET');
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
  });
});

test('T65: an RST inside the window, but not at its edge, is answered by an ACK and changes nothing', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: RST, seq: 100 });
    expect(peer.heard()).toEqual(['. 1+0 ack 1']);
    peer.inject({ flags: RST, seq: 100000 });
    peer.inject({ flags: SYN, seq: 50 });
    expect(peer.heard()).toEqual(['. 1+0 ack 1']);
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    expect(yield* w.next()).toBe('-');
  });
});

test.each([['CLOSE_WAIT', closeWait], ['LAST_ACK', lastAck]] as const)('T66: %s: an RST one before the window is accepted after a FIN', (_name, fixture) => {
  simulate(function* (k) {
    const [fd, peer] = yield* fixture(k);
    peer.inject({ flags: RST, seq: 1 });
    expect(yield* state(k, fd)).toBe('CLOSE');
  });
});

test('T67: ICMP on a connection is only remembered: SO_ERROR tells once, a timeout uses it', () => {
  simulate(function* (k) {
    const [fd] = yield* established(k);
    const w = yield* watch(k, fd);
    tcp_v4_err(k, sockOf(k, fd), 113);
    expect(yield* w.next()).toBe('-');
    expect(yield* mask(k, fd)).toBe('OUT');
    expect(yield* soError(k, fd)).toBe('EHOSTUNREACH');
    expect(yield* soError(k, fd)).toBe(0);
    yield* setopt(k, fd, 6, 18, 1000);
    yield* send(k, fd, 'lost');
    tcp_v4_err(k, sockOf(k, fd), 113);
    yield* msleep(k, 5000);
    expect(yield* soError(k, fd)).toBe('EHOSTUNREACH');
  });
});

test('T68: with IP_RECVERR the same ICMP is an error at once, and the connection lives on', () => {
  simulate(function* (k) {
    const [fd] = yield* established(k);
    yield* setopt(k, fd, 0, 11, 1);
    const w = yield* watch(k, fd);
    tcp_v4_err(k, sockOf(k, fd), 113);
    expect(yield* w.next()).toBe('OUT ERR');
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    expect(yield* recv(k, fd)).toBe('EHOSTUNREACH');
    expect(yield* recv(k, fd)).toBe('EAGAIN');
  });
});

test('an RST throws away what we had not sent; SIOCOUTQ goes on counting it, as measured on Linux 6.18', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* send(k, fd, 30000);
    peer.inject({ flags: RST });
    expect(sockOf(k, fd).sk_wmem_queued).toBe(0);
    expect(yield* ask(k, fd, SIOCOUTQ)).toBe(30000);
  });
});

test('a segment for a port without socket is answered by an RST, an RST by nothing', () => {
  simulate(function* (k) {
    const peer = new Peer(k);
    peer.local = 4321;
    peer.inject({ flags: SYN, seq: 0 });
    expect(peer.sent.map((s) => [s.tcp_flags, s.seq, (s.ack_seq - peer.isn) | 0])).toEqual([[RST | ACK, 0, 1]]);
    peer.sent.length = 0;
    peer.inject({ flags: ACK, seq: 1, ack: 77 });
    expect(peer.sent.map((s) => [s.tcp_flags, s.seq])).toEqual([[RST, 77]]);
    peer.sent.length = 0;
    peer.inject({ flags: RST, seq: 1 });
    expect(peer.sent).toEqual([]);
    yield* msleep(k, 1);
  });
});

test('T118: a process that ends with linger 0 resets, with linger > 0 it sends a FIN and does not wait', () => {
  for (const [seconds, expected] of [[0, 'IN OUT ERR HUP RDHUP'], [5, 'IN OUT RDHUP']] as const) {
    simulate(function* (k) {
      const l = yield* listener(k);
      spawn_process(k, 'client', function* () {
        const c = yield* tcp(k);
        yield* connect(k, c, 8080);
        yield* setopt(k, c, SOL_SOCKET, 13, 1, seconds);
      });
      const s = (yield* accept(k, l)) as number;
      yield* msleep(k, 1);
      expect(yield* mask(k, s)).toBe(expected);
      expect(k.clock.nowNs).toBeLessThan(1e8);
    });
  }
});
