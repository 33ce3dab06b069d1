/** FINs in both directions, state by state: T20..T26, T113..T117; each transition compared with the next fixture. */

import { simulate, sys, mem } from '../kit.js';
import { handle } from '../kernel/calls.js';
import {
  ACK, closeWait, closing, connect, connection, established, FIN, finWait1, finWait2, lastAck, listen, mask, portOf, RD, RDWR, recv, RST, send,
  shutdown, soError, state, tcp, unconnect, watch, WR,
} from './net.js';

test('T20: ESTABLISHED: FIN -> CLOSE_WAIT: readable to the end, still writable', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: FIN | ACK });
    expect(yield* state(k, fd)).toBe('CLOSE_WAIT');
    expect(yield* w.next()).toBe('IN OUT RDHUP');
    expect(yield* w.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd, 'still')).toBe(5);
    expect(peer.bytes()).toBe('still');
  });
});

test('T21: CLOSE_WAIT: shutdown -> LAST_ACK: ACK -> CLOSE; watchers hear of each step', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* closeWait(k);
    const w = yield* watch(k, fd);
    expect(yield* shutdown(k, fd, WR)).toBe(0);
    expect(yield* state(k, fd)).toBe('LAST_ACK');
    expect(yield* w.next()).toBe('IN OUT HUP RDHUP');
    peer.inject({ flags: ACK, ack: 2 });
    expect(yield* state(k, fd)).toBe('CLOSE');
    expect(yield* w.next()).toBe('IN OUT HUP RDHUP');
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
  });
});

test('T22: FIN_WAIT1: ACK -> FIN_WAIT2: a writer hears of it, though nothing changed for it', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* finWait1(k);
    const w = yield* watch(k, fd, 'OUT');
    expect(yield* mask(k, fd)).toBe('OUT');
    peer.inject({ flags: ACK, ack: 2 });
    expect(yield* state(k, fd)).toBe('FIN_WAIT2');
    expect(yield* w.next()).toBe('OUT');
  });
});

test('T23: FIN_WAIT2: data is still read; a writer does not hear of it', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* finWait2(k);
    const all = yield* watch(k, fd);
    const out = yield* watch(k, fd, 'OUT');
    peer.inject({ flags: ACK, ack: 2, data: 'late' });
    expect(yield* all.next()).toBe('IN OUT');
    expect(yield* out.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('late');
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
  });
});

test('T24: FIN_WAIT2: FIN -> the socket is in CLOSE; TIME_WAIT is a small object of its own', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* finWait2(k);
    peer.heard();
    peer.inject({ flags: FIN | ACK, ack: 2 });
    expect(peer.heard()).toEqual(['. 2+0 ack 2']);
    expect(yield* state(k, fd)).toBe('CLOSE');
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* portOf(k, fd, 1)).toBe('ENOTCONN');
    expect(yield* shutdown(k, fd, RDWR)).toBe('ENOTCONN');
    // Data for TIME_WAIT is acknowledged, and nothing else.
    peer.inject({ flags: ACK, ack: 2, data: 'x' });
    expect(peer.heard()).toEqual(['. 2+0 ack 2']);
  });
});

test('T25: FIN_WAIT1: FIN -> CLOSING: ACK -> CLOSE', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* closing(k);
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
    expect(yield* portOf(k, fd, 1)).toBe(7);
    const w = yield* watch(k, fd);
    peer.inject({ flags: ACK, ack: 2 });
    expect(yield* state(k, fd)).toBe('CLOSE');
    expect(yield* w.next()).toBe('IN OUT HUP RDHUP');
  });
});

test('T26: connect(AF_UNSPEC) breaks a connection off; the socket can connect again', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* send(k, c, 'last words')).toBe(10);
    expect(yield* unconnect(k, c)).toBe(0);
    expect(yield* mask(k, c)).toBe('OUT ERR HUP');
    expect(yield* soError(k, c)).toBe('ECONNRESET');
    expect(yield* recv(k, c)).toBe('ENOTCONN');
    expect(yield* recv(k, s)).toBe('last words');
    expect(yield* recv(k, s)).toBe('ECONNRESET');
    expect(yield* connect(k, c, 8080)).toBe('EINPROGRESS');
    expect(yield* state(k, c)).toBe('ESTABLISHED');
  });
});

test.each([['CLOSE_WAIT', closeWait, 1], ['CLOSING', closing, 1], ['LAST_ACK', lastAck, 1]] as const)(
  'T113: %s: data beyond the peer\'s own FIN is ignored', (name, fixture, ack) => {
    simulate(function* (k) {
      const [fd, peer] = yield* fixture(k);
      const w = yield* watch(k, fd);
      peer.heard();
      peer.inject({ flags: ACK, ack, data: 'more' });
      expect(yield* w.next()).toBe('-');
      expect(yield* state(k, fd)).toBe(name);
      expect(peer.heard().filter((s) => s.startsWith('R'))).toEqual([]);
    });
  });

test.each([['LAST_ACK', lastAck], ['CLOSING', closing]] as const)('T114: %s: RST: readers see the end, the first send the error', (_name, fixture) => {
  simulate(function* (k) {
    const [fd, peer] = yield* fixture(k);
    peer.inject({ flags: RST, seq: 2 });
    expect(yield* state(k, fd)).toBe('CLOSE');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('ECONNRESET');
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
  });
});

test('T116: write of nothing after SHUT_WR is EPIPE with a signal; read of nothing is always 0', () => {
  simulate(function* (k) {
    const [c] = yield* connection(k);
    expect(yield* shutdown(k, c, WR)).toBe(0);
    const log: number[] = [];
    handle(k, 13, log);
    expect(yield* sys(k, 'write', c, mem(0), 0)).toBe(-32);
    expect(log).toEqual([13]);
    expect(yield* sys(k, 'read', c, mem(0), 0)).toBe(0);
  });
});

test('T117, T73: a shutdown wakes everybody each time, also one that fails; an impossible one wakes nobody', () => {
  simulate(function* (k) {
    const fresh = yield* tcp(k);
    const w = yield* watch(k, fresh);
    expect(yield* shutdown(k, fresh, 3)).toBe('EINVAL');
    expect(yield* w.next()).toBe('-');
    expect(yield* shutdown(k, fresh, RD)).toBe('ENOTCONN');
    expect(yield* w.next()).toBe('IN OUT HUP RDHUP');
    expect(yield* shutdown(k, fresh, RD)).toBe('ENOTCONN');
    expect(yield* w.next()).toBe('IN OUT HUP RDHUP');
    const [c] = yield* connection(k);
    const own = yield* watch(k, c);
    expect(yield* shutdown(k, c, RDWR)).toBe(0);
    expect(yield* own.next()).toBe('IN OUT HUP RDHUP');
    expect(yield* shutdown(k, c, RDWR)).toBe(0);
    expect(yield* own.next()).toBe('IN OUT HUP RDHUP');
  });
});

test('a connected socket cannot listen', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* listen(k, c)).toBe('EINVAL');
    expect(yield* listen(k, s)).toBe('EINVAL');
  });
});

test('TS-38: after FINs in both directions a further shutdown says ENOTCONN', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* shutdown(k, s, WR)).toBe(0);
    expect(yield* shutdown(k, s, WR)).toBe(0);
    expect(yield* shutdown(k, c, RDWR)).toBe(0);
    expect(yield* shutdown(k, s, WR)).toBe('ENOTCONN');
  });
});
