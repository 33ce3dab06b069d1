/** CL, SH, DE, BL, UT, SP: a script plays the peer, segment by segment; numbers are relative to the initial ones. */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { get_user_u32 } from '../../src/kernel/uaccess.js';
import { simulate, sys, mem, task, run, machine } from '../kit.js';
import {
  accept, ACK, ask, bind, call, close, connect, established, FIN, listen, mask, NONBLOCK, Peer, PSH, RD, RDWR, recv, RST, send, setopt, shutdown,
  SIOCINQ, SOL_TCP, state, SYN, tcp, URG, watch, WR,
} from './net.js';

const NS = 1e9;
const text = (n: number): string => 'x'.repeat(n);

/** Sleeps in virtual time. */
function* sleep(k: Kernel, ms: number): Sleeps<void> {
  const ts = mem(16);
  new DataView(ts.bytes.buffer).setBigInt64(0, BigInt(Math.floor(ms / 1000)), true);
  new DataView(ts.bytes.buffer).setBigInt64(8, BigInt(Math.round((ms % 1000) * 1e6)), true);
  yield* sys(k, 'nanosleep', ts, null);
}

/** A server side: the peer connects to our listener. */
function* accepted(k: Kernel, win = 32768): Sleeps<[fd: number, peer: Peer, l: number]> {
  const peer = new Peer(k, 4000);
  const l = yield* tcp(k);
  expect(yield* bind(k, l, 80)).toBe(0);
  expect(yield* listen(k, l)).toBe(0);
  peer.local = 80;
  peer.inject({ flags: SYN, seq: 0 });
  peer.iss = peer.sent.at(-1)!.seq;
  peer.inject({ flags: ACK, win });
  const fd = yield* accept(k, l, NONBLOCK);
  peer.heard();
  return [fd as number, peer, l];
}

test('CL-1: connect, 1000 bytes, close: FIN, ACK; the peer\'s FIN is acknowledged', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    expect(yield* send(k, fd, text(1000))).toBe(1000);
    expect(peer.heard()).toEqual(['P. 1+1000 ack 1']);
    peer.inject({ flags: ACK, ack: 1001 });
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['F. 1001+0 ack 1']);
    peer.inject({ flags: ACK, ack: 1002 });
    peer.inject({ flags: FIN | ACK, ack: 1002 });
    expect(peer.heard()).toEqual(['. 1002+0 ack 2']);
  });
});

test('SH-1: after SHUT_RD reads end, writes work, close sends a FIN', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    expect(yield* shutdown(k, fd, RD)).toBe(0);
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd, text(1000))).toBe(1000);
    peer.inject({ flags: ACK, ack: 1001 });
    peer.heard();
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['F. 1001+0 ack 1']);
    peer.inject({ flags: ACK, ack: 1002 });
    peer.inject({ flags: FIN | ACK, ack: 1002 });
    expect(peer.heard()).toEqual(['. 1002+0 ack 2']);
  });
});

test('SH-3: SHUT_RDWR sends a FIN at once; close sends nothing more', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    expect(yield* shutdown(k, fd, RDWR)).toBe(0);
    expect(peer.heard()).toEqual(['F. 1+0 ack 1']);
    peer.inject({ flags: ACK, ack: 2 });
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    yield* close(k, fd);
    expect(peer.heard()).toEqual([]);
    peer.inject({ flags: FIN | ACK, ack: 2 });
    expect(peer.heard()).toEqual(['. 2+0 ack 2']);
  });
});

test('SH-4: a FIN waits behind the data that has not left, and goes with its last segment', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k, 65535);
    yield* setopt(k, fd, 1, 7, 100_000);
    expect(yield* send(k, fd, text(20_000))).toBe(20_000);
    const first = peer.sent.reduce((sum, skb) => sum + skb.len, 0);
    expect(first).toBe(10 * 1448);
    expect(yield* shutdown(k, fd, RDWR)).toBe(0);
    expect(peer.sent.some((skb) => (skb.tcp_flags & FIN) !== 0)).toBe(false);
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    yield* close(k, fd);
    expect(peer.sent.some((skb) => (skb.tcp_flags & FIN) !== 0)).toBe(false);
    peer.inject({ flags: ACK, ack: 14_481 });
    const last = peer.sent.at(-1)!;
    expect([(last.seq - peer.iss) + last.len, last.tcp_flags & FIN]).toEqual([20_001, FIN]);
    peer.heard();
    peer.inject({ flags: ACK, ack: 20_002 });
    peer.inject({ flags: FIN | ACK, ack: 20_002 });
    expect(peer.heard()).toEqual(['. 20002+0 ack 2']);
  });
});

test('SH-5: a FIN that is not acknowledged is sent again, also after close', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k, 65535);
    expect(yield* send(k, fd, text(10_000))).toBe(10_000);
    peer.heard();
    expect(yield* shutdown(k, fd, RDWR)).toBe(0);
    expect(peer.heard()).toEqual(['F. 10001+0 ack 1']);
    expect(yield* recv(k, fd)).toBe(0);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    yield* close(k, fd);
    peer.inject({ flags: ACK, ack: 10_001 });
    yield* sleep(k, 500);
    expect(peer.heard()).toContain('F. 10001+0 ack 1');
    peer.inject({ flags: ACK, ack: 10_002 });
    peer.inject({ flags: FIN | ACK, ack: 10_002 });
    expect(peer.heard()).toEqual(['. 10002+0 ack 2']);
  });
});

test('SH-6: after SHUT_WR data of the peer is still acknowledged and read', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    expect(yield* shutdown(k, fd, WR)).toBe(0);
    expect(peer.heard()).toEqual(['F. 1+0 ack 1']);
    peer.inject({ flags: ACK, ack: 2 });
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    peer.inject({ flags: ACK | PSH, ack: 2, data: text(1000) });
    expect(peer.heard()).toEqual(['. 2+0 ack 1001']);
    expect(yield* recv(k, fd, 2000)).toBe(1000);
    yield* close(k, fd);
    expect(peer.heard()).toEqual([]);
    peer.inject({ flags: FIN | ACK, ack: 2 });
    expect(peer.heard()).toEqual(['. 2+0 ack 1002']);
  });
});

test('DE-1: each arrival is an edge, drained or not; a read is none; the whole mask is reported', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    const w = yield* watch(k, fd, 'IN OUT');
    expect(yield* w.next()).toBe('-');
    for (const bytes of [1000, 1400]) {
      peer.inject({ flags: ACK | PSH, data: text(bytes) });
      expect([yield* w.next(), yield* w.next()]).toEqual(['IN OUT', '-']);
    }
    expect(yield* recv(k, fd, 1000)).toBe(1000);
    expect(yield* w.next()).toBe('-');
    peer.inject({ flags: ACK | PSH, data: text(1000) });
    expect([yield* w.next(), yield* w.next()]).toEqual(['IN OUT', '-']);
  });
});

test.each([['DE-2', 0xffffffff | 0], ['DE-3', 0], ['DE-4', 32_000]])('%s: a short write, and one edge at the ACK that frees enough, however many follow', (_id, lowat) => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k, 65535);
    yield* setopt(k, fd, 1, 7, 25_000);
    if (lowat !== 0) yield* setopt(k, fd, SOL_TCP, 25, lowat);
    const w = yield* watch(k, fd, 'IN OUT');
    let total = 0;
    for (const _round of [1, 2]) {
      const n = yield* send(k, fd, text(200_000));
      expect(n).toBeLessThan(200_000);
      total += n as number;
      expect(yield* w.next()).toBe('-');
      const edges: string[] = [];
      let acked = 1 + total - (n as number);
      while (acked < 1 + total) {
        acked = Math.min(acked + 2920, 1 + total);
        peer.inject({ flags: ACK, ack: acked });
        const said = yield* w.next();
        if (said !== '-') edges.push(said);
      }
      expect(edges).toEqual(['OUT']);
    }
  });
});

test('BL-1, BL-2: accept sleeps until the last ACK of the handshake, connect until the SYN-ACK', () => {
  const k = machine();
  const log: [string, number][] = [];
  let peer: Peer;
  task(k, 'server', function* () {
    peer = new Peer(k, 4000);
    const l = yield* tcp(k);
    yield* bind(k, l, 80);
    yield* listen(k, l);
    yield* accept(k, l);
    log.push(['accepted', k.clock.nowNs / NS]);
  });
  task(k, 'peer', function* () {
    yield* sleep(k, 100);
    peer.local = 80;
    peer.inject({ flags: SYN, seq: 0 });
    peer.iss = peer.sent.at(-1)!.seq;
    yield* sleep(k, 100);
    peer.inject({ flags: ACK });
  });
  run(k);
  expect(log).toEqual([['accepted', 0.2]]);

  const other = machine();
  task(other, 'client', function* () {
    peer = new Peer(other);
    const c = yield* tcp(other);
    expect(yield* connect(other, c, 7, 0x0a000002)).toBe(0);
    log.push(['connected', other.clock.nowNs / NS]);
  });
  task(other, 'peer', function* () {
    yield* sleep(other, 100);
    peer.inject({ flags: SYN | ACK, seq: 0 });
  });
  run(other);
  expect(log.at(-1)).toEqual(['connected', 0.1]);
});

test('BL-3: reads sleep until data comes; what came meanwhile is read at once', () => {
  const k = machine();
  const log: unknown[] = [];
  let peer: Peer;
  task(k, 'server', function* () {
    let fd: number;
    [fd, peer] = yield* accepted(k);
    yield* sys(k, 'fcntl', fd, 4, 0);
    for (const _ of [1, 2]) log.push([yield* recv(k, fd, 2000, 0x100), Math.round(k.clock.nowNs / 1e6)]);
    yield* sleep(k, 100);
    for (const _ of [1, 2]) log.push([yield* recv(k, fd, 1000), Math.round(k.clock.nowNs / 1e6)]);
  });
  task(k, 'peer', function* () {
    for (const _ of [1, 2, 3]) {
      yield* sleep(k, 100);
      for (const n of [1000, 1000]) peer.inject({ flags: ACK | PSH, data: text(n) });
      if (log.length === 2) yield* sleep(k, 50);
    }
  });
  run(k);
  expect(log).toEqual([[2000, 100], [2000, 200], [1000, 300], [1000, 300]]);
});

test('BL-4: a blocked write of more than the buffer goes on when ACKs make room, and not before', () => {
  const k = machine();
  let peer: Peer;
  let done = -1;
  task(k, 'server', function* () {
    let fd: number;
    [fd, peer] = yield* accepted(k, 65535);
    yield* sys(k, 'fcntl', fd, 4, 0);
    yield* setopt(k, fd, 1, 7, 21_000);
    expect(yield* send(k, fd, text(90_000))).toBe(90_000);
    done = k.clock.nowNs / 1e6;
  });
  task(k, 'peer', function* () {
    let acked = 1;
    for (let at = 1; at <= 20; at++) {
      yield* sleep(k, 10);
      if (done >= 0) break;
      acked = Math.min(acked + 10 * 1460, (peer.sent.at(-1)!.end_seq - peer.iss) | 0);
      peer.inject({ flags: ACK, ack: acked });
    }
  });
  run(k);
  expect(done).toBeGreaterThan(10);
  expect(done).toBeLessThan(200);
});

test('UT-1: TCP_USER_TIMEOUT 3 s on a dead link: the write after it says ETIMEDOUT', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    yield* setopt(k, fd, SOL_TCP, 18, 3000);
    expect(yield* send(k, fd, text(1000))).toBe(1000);
    yield* sleep(k, 2800);
    expect(yield* mask(k, fd)).toBe('OUT');
    yield* sleep(k, 900);
    expect(yield* send(k, fd)).toBe('ETIMEDOUT');
    expect(peer.sent.some((skb) => (skb.tcp_flags & RST) !== 0)).toBe(false);
  });
});

test('UT-2: closed with TCP_USER_TIMEOUT 3 s, the FIN is repeated that long, and a late segment meets nobody', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    yield* setopt(k, fd, SOL_TCP, 18, 3000);
    yield* close(k, fd);
    yield* sleep(k, 2500);
    const times = peer.times.slice(1);
    expect(peer.heard().filter((s) => s.startsWith('F')).length).toBeGreaterThan(2);
    expect(Math.max(...times)).toBeLessThan(3.5);
    yield* sleep(k, 1500);
    peer.heard();
    peer.inject({ flags: ACK, ack: 2 });
    expect(peer.heard()).toEqual(['R 2+0']);
  });
});

test('SP-1: splice from a socket with an urgent byte gives what is before it, nothing of it, and 0 at the end', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    peer.inject({ flags: ACK | PSH | URG, data: text(100), urg: 100 });
    const pipe = mem(8);
    yield* sys(k, 'pipe2', pipe, NONBLOCK);
    const [r, w] = [get_user_u32(pipe, 0)!, get_user_u32(pipe, 4)!];
    const first = yield* call(sys(k, 'splice', fd, null, w, null, 1000, 2));
    expect([first, yield* call(sys(k, 'read', r, mem(200), 200))]).toEqual([99, 99]);
    expect(yield* call(sys(k, 'splice', fd, null, w, null, 1000, 2))).toBe('EAGAIN');
    peer.inject({ flags: FIN | ACK });
    expect(yield* call(sys(k, 'splice', fd, null, w, null, 1000, 2))).toBe(0);
  });
});

test('IQ-1: SIOCINQ counts data, not the FIN', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* accepted(k);
    peer.inject({ flags: ACK | PSH, data: text(1000) });
    expect(yield* ask(k, fd, SIOCINQ)).toBe(1000);
    peer.inject({ flags: FIN | ACK });
    expect(yield* ask(k, fd, SIOCINQ)).toBe(1000);
    expect(yield* recv(k, fd, 2000)).toBe(1000);
    expect(yield* ask(k, fd, SIOCINQ)).toBe(0);
    expect(yield* state(k, fd)).toBe('CLOSE_WAIT');
  });
});
