/** Data and EPOLLIN: T27..T45, T105, T112, T119, T120. */

import { simulate, sys } from '../kit.js';
import { close as fdclose, msleep, thread } from '../kernel/calls.js';
import {
  accept, ACK, ask, close, connect, connection, established, FIN, getopt, listener, mask, NONBLOCK, PSH, recv, RST, send, setopt, shutdown, SIOCINQ, SOL_SOCKET,
  sockOf, state, tcp, timeo, watch, WR,
} from './net.js';

const SO_RCVLOWAT = 18;
const SO_RCVBUF = 8;
const PEEK = 2;
const TRUNC = 0x20;
const DONTWAIT = 0x40;
const WAITALL = 0x100;

test('T27: each arrival of data is an edge, also when the data before it was not read', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    const w = yield* watch(k, s, 'IN');
    yield* send(k, c, 10);
    expect(yield* w.next()).toBe('IN');
    yield* send(k, c, 10);
    expect(yield* w.next()).toBe('IN');
    expect(yield* w.next()).toBe('-');
  });
});

test('T28: reading a part, peeking, reading the rest: no edge', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'abcdef');
    const w = yield* watch(k, s);
    expect(yield* recv(k, s, 2)).toBe('ab');
    expect(yield* recv(k, s, 2, PEEK)).toBe('cd');
    expect(yield* recv(k, s)).toBe('cdef');
    expect(yield* w.next()).toBe('-');
  });
});

test('T29, T30: data does not wake a writer, nor who waits for RDHUP or PRI; who wants both gets both', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    const out = yield* watch(k, s, 'OUT');
    const both = yield* watch(k, s, 'IN OUT');
    const pri = yield* watch(k, s, 'PRI');
    const rdhup = yield* watch(k, s, 'RDHUP');
    yield* send(k, c, 10);
    expect(yield* out.next()).toBe('-');
    expect(yield* both.next()).toBe('IN OUT');
    expect(yield* pri.next()).toBe('-');
    expect(yield* rdhup.next()).toBe('-');
  });
});

test('T31: data beyond a hole is not there yet; filling the hole is one event for all of it', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: ACK | PSH, seq: 4, data: 'def' });
    expect(yield* w.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('EAGAIN');
    expect(peer.heard()).toEqual(['. 1+0 ack 1']);
    peer.inject({ flags: ACK | PSH, seq: 1, data: 'abc' });
    expect(yield* w.next()).toBe('IN OUT');
    expect(yield* w.next()).toBe('-');
    expect(peer.heard()).toEqual(['. 1+0 ack 7']);
    expect(yield* recv(k, fd)).toBe('abcdef');
  });
});

test('T32: what was received before, again: no event, only an ACK', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'abc' });
    const w = yield* watch(k, fd);
    peer.inject({ flags: ACK | PSH, seq: 1, data: 'abc' });
    peer.inject({ flags: ACK });
    expect(yield* w.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('abc');
  });
});

test('T33: a FIN beyond a hole waits for the bytes before it', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: ACK | FIN, seq: 4 });
    expect(yield* w.next()).toBe('-');
    peer.inject({ flags: ACK | PSH, seq: 1, data: 'abc' });
    expect(yield* w.next()).toBe('IN OUT RDHUP');
    expect(yield* w.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('abc');
    expect(yield* recv(k, fd)).toBe(0);
  });
});

test('T34: data and FIN in one segment are one event', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: ACK | PSH | FIN, data: 'abc' });
    expect(yield* w.next()).toBe('IN OUT RDHUP');
    expect(yield* w.next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('abc');
    expect(yield* recv(k, fd)).toBe(0);
  });
});

test('T35, T36: SO_RCVLOWAT decides about events and the mask, not about a read that is made', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 20);
    const w = yield* watch(k, s, 'IN');
    yield* send(k, c, 10);
    expect(yield* w.next()).toBe('-');
    expect(yield* mask(k, s)).toBe('OUT');
    yield* send(k, c, 10);
    expect(yield* w.next()).toBe('IN');
    yield* send(k, c, 5);
    expect(yield* w.next()).toBe('IN');
    expect(yield* recv(k, s, 10)).toHaveLength(10);
    expect(yield* mask(k, s)).toBe('OUT');
    expect(yield* recv(k, s)).toHaveLength(15);
  });
});

test('T37: setting SO_RCVLOWAT to what is there already is an edge, each time', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 20);
    const w = yield* watch(k, s, 'IN');
    yield* send(k, c, 16);
    expect(yield* w.next()).toBe('-');
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 5);
    expect(yield* w.next()).toBe('IN');
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 5);
    expect(yield* w.next()).toBe('IN');
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 1000);
    expect(yield* w.next()).toBe('-');
  });
});

test.each([['FIN', FIN | ACK, 'IN OUT RDHUP'], ['RST', RST, 'IN OUT ERR HUP RDHUP']] as const)('T38: %s makes less than SO_RCVLOWAT readable', (_name, flags, events) => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* setopt(k, fd, SOL_SOCKET, SO_RCVLOWAT, 20);
    peer.inject({ flags: ACK | PSH, data: 'abc' });
    const w = yield* watch(k, fd);
    peer.inject({ flags });
    expect(yield* w.next()).toBe(events);
  });
});

test('T39: a blocking recv sleeps below SO_RCVLOWAT although it asked for less', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k, 8080, 0);
    yield* setopt(k, s, SOL_SOCKET, SO_RCVLOWAT, 10);
    let got: unknown;
    thread(k, 'reader', function* () {
      got = yield* recv(k, s, 5);
    });
    yield* msleep(k, 1);
    yield* send(k, c, 'abcde');
    yield* msleep(k, 100);
    expect(got).toBeUndefined();
    yield* send(k, c, 'fghij');
    yield* msleep(k, 1);
    expect(got).toBe('abcde');
  });
});

test('T40: a receive buffer that is nearly full is readable although SO_RCVLOWAT is not reached', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* setopt(k, fd, SOL_SOCKET, SO_RCVBUF, 8192);
    yield* setopt(k, fd, SOL_SOCKET, SO_RCVLOWAT, 8000);
    const w = yield* watch(k, fd, 'IN');
    let reported = '-';
    while (reported === '-' && sockOf(k, fd).sk_rmem_alloc < 16384) {
      peer.inject({ flags: ACK | PSH, data: 'x'.repeat(500) });
      reported = yield* w.next();
    }
    expect(reported).toBe('IN');
    expect(sockOf(k, fd).sk_rmem_alloc).toBe(15360);
    expect(yield* ask(k, fd, SIOCINQ)).toBe(6000);
  });
});

test('T41: SO_RCVLOWAT: 0 means 1; a negative one means as much as can ever be there, and the buffer follows', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    yield* setopt(k, fd, SOL_SOCKET, SO_RCVLOWAT, 0);
    expect(yield* getopt(k, fd, SOL_SOCKET, SO_RCVLOWAT)).toBe(1);
    yield* setopt(k, fd, SOL_SOCKET, SO_RCVLOWAT, -1);
    expect(yield* getopt(k, fd, SOL_SOCKET, SO_RCVLOWAT)).toBe(16777216);
    expect(yield* getopt(k, fd, SOL_SOCKET, SO_RCVBUF)).toBe(33554432);
  });
});

test('T42: one byte wakes one of two readers to success', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k, 8080, 0);
    const got: unknown[] = [];
    for (const name of ['a', 'b']) {
      thread(k, name, function* () {
        got.push(yield* recv(k, s));
      });
    }
    yield* msleep(k, 1);
    yield* send(k, c, 'x');
    yield* msleep(k, 10);
    expect(got).toEqual(['x']);
    yield* shutdown(k, c, WR);
    yield* msleep(k, 10);
    expect(got).toEqual(['x', 0]);
  });
});

test('T43, TS-12: MSG_PEEK leaves the data; MSG_TRUNC throws it away, or with MSG_PEEK only counts', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'abcdefgh');
    expect(yield* recv(k, s, 3, PEEK)).toBe('abc');
    expect(yield* recv(k, s, 3, PEEK)).toBe('abc');
    expect(yield* recv(k, s, 4, TRUNC)).toBe('\0\0\0\0');
    expect(yield* sys(k, 'recvfrom', s, null, 100, TRUNC | PEEK, null, null)).toBe(4);
    expect(yield* recv(k, s)).toBe('efgh');
  });
});

test('T44, ST-8: MSG_WAITALL: not on a non-blocking socket; else until all is there or the stream ends', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'ab');
    expect(yield* recv(k, s, 5, WAITALL)).toBe('ab');
    yield* sys(k, 'fcntl', s, 4, 0);
    const got: unknown[] = [];
    thread(k, 'reader', function* () {
      got.push(yield* recv(k, s, 5, WAITALL));
      got.push(yield* recv(k, s, 5, WAITALL));
      got.push(yield* recv(k, s, 5, WAITALL));
    });
    yield* msleep(k, 1);
    yield* send(k, c, 'abc');
    yield* msleep(k, 50);
    expect(got).toEqual([]);
    yield* send(k, c, 'defg');
    yield* msleep(k, 50);
    expect(got).toEqual(['abcde']);
    yield* shutdown(k, c, WR);
    yield* msleep(k, 50);
    expect(got).toEqual(['abcde', 'fg', 0]);
  });
});

test('T45: recv of nothing asks TCP, read of nothing does not', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* recv(k, s, 0)).toBe('EAGAIN');
    yield* send(k, c, 'x');
    expect(yield* recv(k, s, 0)).toBe(0);
    expect(yield* recv(k, s)).toBe('x');
    yield* setopt(k, c, SOL_SOCKET, 13, 1, 0);
    yield* close(k, c);
    expect(yield* sys(k, 'read', s, null, 0)).toBe(0);
    expect(yield* recv(k, s, 0)).toBe('ECONNRESET');
    expect(yield* recv(k, s, 0)).toBe(0);
  });
});

test('T104: SO_RCVTIMEO: EAGAIN when it is over; with nothing asked for, 0', () => {
  simulate(function* (k) {
    const [, s] = yield* connection(k, 8080, 0);
    yield* timeo(k, s, 20, 0, 500_000);
    const before = k.clock.nowNs;
    expect(yield* recv(k, s)).toBe('EAGAIN');
    expect((k.clock.nowNs - before) / 1e6).toBe(500);
    expect(yield* recv(k, s, 0)).toBe(0);
    expect(yield* recv(k, s, 5, DONTWAIT)).toBe('EAGAIN');
  });
});

test('T105: over loopback the peer shows the effect when the call returns', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* send(k, c, 60000)).toBe(60000);
    expect(yield* ask(k, s, SIOCINQ)).toBe(60000);
    expect(yield* mask(k, s)).toBe('IN OUT');
    yield* shutdown(k, c, WR);
    expect(yield* mask(k, s)).toBe('IN OUT RDHUP');
    expect(yield* ask(k, s, SIOCINQ)).toBe(60000);
    yield* close(k, s);
    expect(yield* mask(k, c)).toBe('IN OUT ERR HUP RDHUP');
  });
});

test('T120: data sent before accept is there after accept', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const c = yield* tcp(k, NONBLOCK);
    yield* connect(k, c, 8080);
    expect(yield* send(k, c, 'early')).toBe(5);
    const s = (yield* accept(k, l)) as number;
    expect(yield* (yield* watch(k, s, 'IN', 0)).next()).toBe('IN');
    expect(yield* recv(k, s)).toBe('early');
  });
});

test('T79: closing one of two references sends nothing; the last one sends a FIN', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    const dup = yield* sys(k, 'dup', c);
    yield* fdclose(k, c);
    expect(yield* state(k, s)).toBe('ESTABLISHED');
    yield* send(k, dup, 'alive');
    expect(yield* recv(k, s)).toBe('alive');
    yield* fdclose(k, dup);
    expect(yield* mask(k, s)).toBe('IN OUT RDHUP');
  });
});

test('TS-9, ST-2: a write of nothing produces nothing; two sends are one stream', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    expect(yield* send(k, c, 0)).toBe(0);
    expect(yield* recv(k, s)).toBe('EAGAIN');
    expect(yield* send(k, c, 'twenty')).toBe(6);
    expect(yield* send(k, c, ' bytes')).toBe(6);
    expect(yield* recv(k, s)).toBe('twenty bytes');
  });
});
