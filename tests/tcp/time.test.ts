/** What only time brings: repetition, giving up, keepalive, Nagle and cork, delayed ACKs, TIME_WAIT: T99..T104, T107. */

import { simulate, sys } from '../kit.js';
import { handle, later, msleep, now, thread } from '../kernel/calls.js';
import { SA_RESTART } from '../../src/kernel/uapi.js';
import { sock_net } from '../../src/socket/net.js';
import { tcp_net } from '../../src/tcp/inet_hashtables.js';
import {
  ACK, ask, close, connection, established, FIN, finWait2, mask, recv, send, setopt, SIOCINQ, soError, sockOf, SOL_SOCKET, SOL_TCP, state, synSent, timeo, watch, WR,
  shutdown,
} from './net.js';

const seconds = (times: readonly number[]): number[] => times.map((t) => Math.round(t));

test('T99: an unanswered SYN is repeated each second at first, then less often; ETIMEDOUT after some 131 s', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    const w = yield* watch(k, fd);
    while ((yield* w.next()) === '-') yield* msleep(k, 1000);
    // Each wait ends with its slot of the timer wheel: up to an eighth late.
    const nominal = [0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67];
    expect(peer.times).toHaveLength(nominal.length);
    nominal.forEach((at, i) => {
      expect(peer.times[i]).toBeGreaterThanOrEqual(at);
      expect(peer.times[i]).toBeLessThan(at * 1.05 + 0.01);
    });
    expect(now(k)).toBeGreaterThan(130_000);
    expect(now(k)).toBeLessThan(137_000);
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* soError(k, fd)).toBe('ETIMEDOUT');
  });
});

test.each([[1, 3], [2, 7], [3, 19], [4, 35]])('T99: TCP_SYNCNT %i gives up after %i s (on Linux 3.08, 7.13, 19.49, 35.61)', (count, after) => {
  simulate(function* (k) {
    const [fd] = yield* synSent(k);
    yield* setopt(k, fd, SOL_TCP, 7, count);
    while ((yield* state(k, fd)) === 'SYN_SENT') yield* msleep(k, 100);
    expect(Math.floor(now(k) / 1000)).toBe(after);
  });
});

test('lost data is repeated after 200 ms, 400 ms ..., and given up with ETIMEDOUT', () => {
  simulate(function* (k) {
    sock_net(k).sysctl.tcp_retries2 = 3;
    const [fd, peer] = yield* established(k);
    peer.times.length = 0;
    yield* send(k, fd, 'lost');
    const start = now(k);
    const w = yield* watch(k, fd);
    while ((yield* w.next()) === '-') yield* msleep(k, 100);
    expect(peer.times.map((t) => Math.round(t * 5) / 5 - Math.round(start / 200) / 5)).toEqual([0, 0.2, 0.6, 1.4, 3.2]);
    expect(now(k) - start).toBeGreaterThan(6000);
    expect(now(k) - start).toBeLessThan(7000);
    expect(yield* soError(k, fd)).toBe('ETIMEDOUT');
  });
});

test('T101: keepalive 1/1/3 with a silent peer: probes at 1, 2, 3 s, the end at 4 s with an RST', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* setopt(k, fd, SOL_TCP, 4, 1);
    yield* setopt(k, fd, SOL_TCP, 5, 1);
    yield* setopt(k, fd, SOL_TCP, 6, 3);
    yield* setopt(k, fd, SOL_SOCKET, 9, 1);
    peer.times.length = 0;
    const w = yield* watch(k, fd);
    while ((yield* w.next()) === '-') yield* msleep(k, 50);
    expect(seconds(peer.times)).toEqual([1, 2, 3, 4]);
    expect(peer.heard()).toEqual(['. 0+0 ack 1', '. 0+0 ack 1', '. 0+0 ack 1', 'R. 1+0 ack 1']);
    expect(yield* soError(k, fd)).toBe('ETIMEDOUT');
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
  });
});

test('T102: TCP_USER_TIMEOUT: nothing on an idle connection, ETIMEDOUT on data that is not acknowledged', () => {
  simulate(function* (k) {
    const [fd] = yield* established(k);
    yield* setopt(k, fd, SOL_TCP, 18, 500);
    yield* msleep(k, 10_000);
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    yield* send(k, fd, 'lost');
    const start = now(k);
    const w = yield* watch(k, fd);
    while ((yield* w.next()) === '-') yield* msleep(k, 10);
    expect(now(k) - start).toBeGreaterThan(500);
    expect(now(k) - start).toBeLessThan(1000);
    expect(yield* soError(k, fd)).toBe('ETIMEDOUT');
  });
});

test('T103: FIN_WAIT2 of an open socket has no end; of an orphan it ends after tcp_fin_timeout', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* finWait2(k);
    yield* msleep(k, 1_000_000);
    expect(yield* state(k, fd)).toBe('FIN_WAIT2');
    peer.heard();
    yield* close(k, fd);
    yield* msleep(k, 50_000);
    expect(tcp_net(k).timewaits.size).toBe(1);
    yield* msleep(k, 15_000);
    expect(tcp_net(k).timewaits.size).toBe(0);
    peer.inject({ flags: FIN | ACK, ack: 2 });
    expect(peer.heard()).toEqual(['R 2+0']);
  });
});

test('T104: a recv that a signal interrupts: restarted without a timeout, EINTR with one', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k, 8080, 0);
    const log: number[] = [];
    handle(k, 10, log, SA_RESTART);
    later(k, 100, 10, k.current);
    thread(k, 'writer', function* () {
      yield* msleep(k, 200);
      yield* send(k, c, 'late');
    });
    expect(yield* recv(k, s)).toBe('late');
    expect(log).toEqual([10]);
    yield* timeo(k, s, 20, 10);
    later(k, 100, 10, k.current);
    expect(yield* recv(k, s)).toBe('EINTR');
    handle(k, 10, log);
    yield* timeo(k, s, 20, 0);
    later(k, 100, 10, k.current);
    expect(yield* recv(k, s)).toBe('EINTR');
  });
});

test('a closed window is probed, and the data leaves when it opens', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK, win: 0 });
    yield* send(k, fd, 'waits');
    peer.heard();
    yield* msleep(k, 2000);
    const probes = peer.heard();
    expect(probes.length).toBeGreaterThanOrEqual(2);
    expect(new Set(probes)).toEqual(new Set(['. 0+0 ack 1']));
    peer.inject({ flags: ACK, win: 1000 });
    expect(peer.bytes()).toBe('waits');
  });
});

test('Nagle: the second small write waits for the ACK of the first; TCP_NODELAY does not wait', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* send(k, fd, 'a');
    yield* send(k, fd, 'b');
    yield* send(k, fd, 'c');
    expect(peer.bytes()).toBe('a');
    peer.inject({ flags: ACK, ack: 2 });
    expect(peer.bytes()).toBe('bc');
    yield* send(k, fd, 'd');
    expect(peer.bytes()).toBe('');
    yield* setopt(k, fd, SOL_TCP, 1, 1);
    expect(peer.bytes()).toBe('d');
    yield* send(k, fd, 'e');
    expect(peer.bytes()).toBe('e');
  });
});

test('NG-1, NG-2: MSG_MORE and TCP_CORK hold small data back for 200 ms, or until it is pushed', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'more', 0x8000);
    expect(yield* ask(k, s, SIOCINQ)).toBe(0);
    yield* send(k, c, 'now');
    expect(yield* recv(k, s)).toBe('morenow');
    yield* setopt(k, c, SOL_TCP, 3, 1);
    yield* send(k, c, 'corked');
    yield* msleep(k, 150);
    expect(yield* ask(k, s, SIOCINQ)).toBe(0);
    yield* msleep(k, 100);
    expect(yield* recv(k, s)).toBe('corked');
    yield* send(k, c, 'again');
    yield* setopt(k, c, SOL_TCP, 3, 0);
    expect(yield* recv(k, s)).toBe('again');
  });
});

test('write, write, read costs 40 ms a round with Nagle, and nothing without', () => {
  const round = (nodelay: number): number => simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* setopt(k, c, SOL_TCP, 1, nodelay);
    thread(k, 'echo', function* () {
      yield* sys(k, 'fcntl', s, 4, 0);
      for (let got = 0; got < 20;) got += ((yield* recv(k, s)) as string).length;
      yield* send(k, s, 'done');
    });
    yield* sys(k, 'fcntl', c, 4, 0);
    // Answers make the connection interactive: ACKs wait for data to ride on.
    yield* send(k, s, 'hello');
    yield* recv(k, c);
    const start = now(k);
    for (let i = 0; i < 10; i++) {
      yield* send(k, c, 'a');
      yield* send(k, c, 'b');
    }
    yield* recv(k, c);
    return now(k) - start;
  });
  expect(round(1)).toBe(0);
  expect(round(0)).toBeLessThan(100);
});

test('the ACK of a FIN without data before it comes late: FIN_WAIT1 lasts some ms', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'x');
    yield* recv(k, s);
    yield* shutdown(k, c, WR);
    expect(yield* state(k, c)).toBe('FIN_WAIT1');
    const w = yield* watch(k, c, 'OUT');
    yield* msleep(k, 60);
    expect(yield* state(k, c)).toBe('FIN_WAIT2');
    expect(yield* w.next()).toBe('OUT');
  });
});

test('TIME_WAIT lasts 60 s, rounded up by the timer wheel', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* close(k, c);
    yield* close(k, s);
    const [tw] = tcp_net(k).timewaits;
    expect(tw).toBeDefined();
    const start = now(k);
    while (tcp_net(k).timewaits.size > 0) yield* msleep(k, 100);
    expect(now(k) - start).toBeGreaterThan(60_000);
    expect(now(k) - start).toBeLessThan(62_500);
    expect(sockOf(k, yield* sys(k, 'socket', 2, 1, 0)).sk_state).toBe(7);
  });
});

test('an orphan repeats its FIN 8 times, then is gone without a word', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* close(k, fd);
    peer.times.length = 1;
    yield* msleep(k, 300_000);
    const start = peer.times[0]!;
    expect(peer.sent.every((skb) => (skb.tcp_flags & FIN) !== 0 || skb.len === 0)).toBe(true);
    expect(peer.sent.filter((skb) => (skb.tcp_flags & 4) !== 0)).toEqual([]);
    expect(peer.times.length).toBeGreaterThanOrEqual(9);
    expect(start).toBeLessThan(1);
    expect(tcp_net(k).socks.size).toBe(0);
  });
});
