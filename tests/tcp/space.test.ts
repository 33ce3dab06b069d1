/** Room to send and EPOLLOUT: T46..T58, T107, T108, and the invariants of the send buffer. */

import * as fc from 'fast-check';
import { checkInvariants } from '../../src/inspect/invariants.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { user_memory } from '../../src/kernel/uaccess.js';
import { mem, simulate, sys } from '../kit.js';
import { handle, later, msleep, po, thread } from '../kernel/calls.js';
import {
  accept, ACK, ask, bind, connect, connection, established, FIN, getopt, listen, mask, NONBLOCK, recv, RST, send, setopt, shutdown, SIOCOUTQ, sockOf,
  SOL_SOCKET, SOL_TCP, SYN, synSent, tcp, timeo, watch, WR,
} from './net.js';

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const TCP_NODELAY = 1;
const TCP_NOTSENT_LOWAT = 25;

/** A connection whose client has a send buffer, and whose server a receive buffer, of twice these sizes. */
function* sized(k: Kernel, sndbuf: number, rcvbuf: number): Sleeps<[c: number, s: number]> {
  const l = yield* tcp(k);
  yield* setopt(k, l, SOL_SOCKET, SO_RCVBUF, rcvbuf);
  yield* bind(k, l, 8080);
  yield* listen(k, l);
  const c = yield* tcp(k);
  yield* setopt(k, c, SOL_SOCKET, SO_SNDBUF, sndbuf);
  expect(yield* connect(k, c, 8080)).toBe(0);
  const s = (yield* accept(k, l, NONBLOCK)) as number;
  yield* sys(k, 'fcntl', c, 4, NONBLOCK);
  return [c, s];
}

/** Writes until EAGAIN; how much went in. */
function* fill(k: Kernel, fd: number, size: number): Sleeps<number> {
  let total = 0;
  for (;;) {
    const n = yield* send(k, fd, size);
    if (typeof n !== 'number') {
      expect(n).toBe('EAGAIN');
      return total;
    }
    total += n;
  }
}

/** Fills, waits for delayed ACKs, and fills again until nothing more goes in. */
function* settle(k: Kernel, fd: number, size: number): Sleeps<number> {
  let total = 0;
  for (;;) {
    const n = yield* fill(k, fd, size);
    if (n === 0 && total > 0) return total;
    total += n;
    yield* msleep(k, 300);
  }
}

/** Reads in pieces until the watcher reports; how much was read. */
function* drain_until(k: Kernel, s: number, next: () => Sleeps<string>): Sleeps<[read: number, report: string]> {
  let total = 0;
  for (let i = 0; i < 100_000; i++) {
    const report = yield* next();
    if (report !== '-') return [total, report];
    const n = yield* sys(k, 'read', s, mem(1000), 1000);
    if (n > 0) total += n;
    else yield* msleep(k, 50);
  }
  return [total, '-'];
}

test('T46: a little is written and acknowledged: no edge, there was room all the time', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    const w = yield* watch(k, c, 'OUT');
    yield* send(k, c, 100);
    yield* recv(k, s);
    yield* msleep(k, 100);
    expect(yield* ask(k, c, SIOCOUTQ)).toBe(0);
    expect(yield* w.next()).toBe('-');
  });
});

test('T47: after EAGAIN exactly one edge, when two thirds or less of the buffer are in use', () => {
  simulate(function* (k) {
    const [c, s] = yield* sized(k, 16384, 16384);
    const w = yield* watch(k, c, 'OUT');
    yield* settle(k, c, 1000);
    expect(yield* mask(k, c)).toBe('-');
    const [, report] = yield* drain_until(k, s, () => w.next());
    expect(report).toBe('OUT');
    expect(sockOf(k, c).sk_wmem_queued).toBeLessThanOrEqual((32768 * 2) / 3);
    while ((yield* recv(k, s, 1000)) !== 'EAGAIN') yield* msleep(k, 50);
    expect(yield* ask(k, c, SIOCOUTQ)).toBe(0);
    expect(yield* w.next()).toBe('-');
  });
});

/** Fills the buffer beyond two thirds, but not so far that a send fails. */
function* nearly_full(k: Kernel): Sleeps<[c: number, s: number]> {
  const [c, s] = yield* sized(k, 16384, 4096);
  const sk = sockOf(k, c);
  while (sk.sk_wmem_queued * 1.5 <= sk.sk_sndbuf) expect(yield* send(k, c, 100)).toBe(100);
  expect(sk.sk_wmem_queued).toBeLessThan(sk.sk_sndbuf);
  return [c, s];
}

function* read_all(k: Kernel, c: number, s: number): Sleeps<void> {
  while ((yield* ask(k, c, SIOCOUTQ)) !== 0) {
    yield* recv(k, s, 4000);
    yield* msleep(k, 50);
  }
}

test('T48: more than two thirds full, but nobody was told so: no edge, though poll says OUT later', () => {
  simulate(function* (k) {
    const [c, s] = yield* nearly_full(k);
    expect(sockOf(k, c).sk_socket!.nospace).toBe(false);
    const w = yield* watch(k, s, 'IN');
    expect(yield* w.next()).toBe('-');
    yield* read_all(k, c, s);
    expect(yield* mask(k, c)).toBe('OUT');
  });
});

test('T49: as T48, but somebody polled for POLLIN meanwhile: one edge', () => {
  simulate(function* (k) {
    const [c, s] = yield* sized(k, 16384, 4096);
    const w = yield* watch(k, c, 'OUT');
    const sk = sockOf(k, c);
    while (sk.sk_wmem_queued * 1.5 <= sk.sk_sndbuf) yield* send(k, c, 100);
    expect(yield* po(k, c, 1)).toEqual([0, 0]);
    yield* read_all(k, c, s);
    expect(yield* w.next()).toBe('OUT');
    expect(yield* w.next()).toBe('-');
  });
});

test('T50: an epoll_wait that finds nothing on its list looks at no mask, and leaves no trace', () => {
  simulate(function* (k) {
    const [c, s] = yield* sized(k, 16384, 4096);
    const w = yield* watch(k, c, 'IN', 0);
    const sk = sockOf(k, c);
    while (sk.sk_wmem_queued * 1.5 <= sk.sk_sndbuf) yield* send(k, c, 100);
    expect(yield* w.next()).toBe('-');
    expect(sk.sk_socket!.nospace).toBe(false);
    yield* recv(k, s, 10);
  });
});

test('T51: between two thirds and full poll says no, but send takes more', () => {
  simulate(function* (k) {
    const [c] = yield* nearly_full(k);
    expect(yield* mask(k, c)).toBe('-');
    expect(yield* send(k, c, 100)).toBe(100);
    yield* fill(k, c, 1000);
    const sk = sockOf(k, c);
    expect(sk.sk_wmem_queued).toBeGreaterThanOrEqual(sk.sk_sndbuf);
  });
});

test('T52: setting SO_SNDBUF or TCP_NOTSENT_LOWAT is an edge for a writer each time; TCP_NODELAY is not', () => {
  simulate(function* (k) {
    const [c] = yield* connection(k);
    const w = yield* watch(k, c, 'OUT');
    yield* setopt(k, c, SOL_SOCKET, SO_SNDBUF, 50000);
    expect(yield* w.next()).toBe('OUT');
    yield* setopt(k, c, SOL_SOCKET, SO_SNDBUF, 50000);
    expect(yield* w.next()).toBe('OUT');
    yield* setopt(k, c, SOL_TCP, TCP_NOTSENT_LOWAT, 5000);
    expect(yield* w.next()).toBe('OUT');
    yield* setopt(k, c, SOL_TCP, TCP_NODELAY, 1);
    expect(yield* w.next()).toBe('-');
  });
});

test('T53, TS-21: raising SO_SNDBUF lets a blocked writer go on', () => {
  simulate(function* (k) {
    const [c] = yield* sized(k, 8192, 4096);
    yield* settle(k, c, 1000);
    yield* sys(k, 'fcntl', c, 4, 0);
    let wrote: unknown;
    thread(k, 'writer', function* () {
      wrote = yield* send(k, c, 1);
    });
    yield* msleep(k, 50);
    expect(wrote).toBeUndefined();
    yield* setopt(k, c, SOL_SOCKET, SO_SNDBUF, 65536);
    yield* msleep(k, 50);
    expect(wrote).toBe(1);
  });
});

test('T54: TCP_NOTSENT_LOWAT limits what is not sent; the edge comes below half of it', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    peer.inject({ flags: SYN | ACK, seq: 0, win: 5000 });
    yield* setopt(k, fd, SOL_TCP, TCP_NOTSENT_LOWAT, 4000);
    const w = yield* watch(k, fd, 'OUT');
    let total = 0;
    for (let n = yield* send(k, fd, 1000); typeof n === 'number'; n = yield* send(k, fd, 1000)) total += n;
    const sk = sockOf(k, fd);
    expect((sk.write_seq - sk.snd_nxt) | 0).toBeGreaterThanOrEqual(4000);
    expect(total).toBeLessThan(5000 + 4000 + 2500);
    expect(yield* w.next()).toBe('-');
    let acked = 1;
    while ((yield* w.next()) === '-') {
      expect((sk.write_seq - sk.snd_nxt) * 2).toBeGreaterThanOrEqual(4000);
      acked += 500;
      peer.inject({ flags: ACK, ack: acked, win: 5000 });
    }
    expect((sk.write_seq - sk.snd_nxt) * 2).toBeLessThan(4000);
  });
});

test('T55: a full sender gets a FIN: nothing for a writer; an RST: OUT ERR HUP', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* setopt(k, fd, SOL_SOCKET, SO_SNDBUF, 8192);
    yield* fill(k, fd, 1000);
    const out = yield* watch(k, fd, 'OUT');
    const all = yield* watch(k, fd);
    peer.inject({ flags: FIN | ACK });
    expect(yield* out.next()).toBe('-');
    expect(yield* all.next()).toBe('IN RDHUP');
    peer.inject({ flags: RST });
    expect(yield* out.next()).toBe('OUT ERR HUP');
    expect(yield* all.next()).toBe('IN OUT ERR HUP RDHUP');
  });
});

test('T56, T58: a full socket that shuts its sending side is writable; a send of nothing is 0 before and EPIPE after', () => {
  simulate(function* (k) {
    const [c, s] = yield* sized(k, 8192, 4096);
    yield* settle(k, c, 1000);
    expect(yield* mask(k, c)).toBe('-');
    expect(yield* send(k, c, 0)).toBe(0);
    yield* shutdown(k, c, WR);
    expect(yield* mask(k, c)).toBe('OUT');
    expect(yield* send(k, c, 0)).toBe('EPIPE SIGPIPE');
    yield* setopt(k, s, SOL_SOCKET, 13, 1, 0);
    yield* sys(k, 'close', s);
    expect(yield* send(k, c, 0)).toBe('ECONNRESET');
  });
});

test('T57: a closed window: data goes in until the buffer is full, then nothing; when it opens the edge comes', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* setopt(k, fd, SOL_SOCKET, SO_SNDBUF, 8192);
    peer.inject({ flags: ACK, win: 0 });
    const w = yield* watch(k, fd, 'OUT');
    const total = yield* fill(k, fd, 1000);
    expect(total).toBeGreaterThan(8000);
    expect(yield* mask(k, fd)).toBe('-');
    expect(yield* w.next()).toBe('-');
    peer.inject({ flags: ACK, win: 60000 });
    let acked = 1;
    while (acked < 1 + total) {
      acked = Math.min(acked + 1460, 1 + total);
      peer.inject({ flags: ACK, ack: acked, win: 60000 });
    }
    expect(yield* w.next()).toBe('OUT');
  });
});

test('T107: a peer that does not read acknowledges at once 16 times, then after 40 ms', () => {
  simulate(function* (k) {
    const [c] = yield* connection(k);
    yield* setopt(k, c, SOL_TCP, TCP_NODELAY, 1);
    for (let i = 0; i < 16; i++) {
      yield* send(k, c, 10);
      expect(yield* ask(k, c, SIOCOUTQ)).toBe(0);
    }
    yield* send(k, c, 10);
    expect(yield* ask(k, c, SIOCOUTQ)).toBe(10);
    yield* msleep(k, 39);
    expect(yield* ask(k, c, SIOCOUTQ)).toBe(10);
    yield* msleep(k, 6);
    expect(yield* ask(k, c, SIOCOUTQ)).toBe(0);
  });
});

test('T108: buffer sizes: fresh, after connecting, least and most', () => {
  simulate(function* (k) {
    const fresh = yield* tcp(k);
    expect(yield* getopt(k, fresh, SOL_SOCKET, SO_SNDBUF)).toBe(16384);
    expect(yield* getopt(k, fresh, SOL_SOCKET, SO_RCVBUF)).toBe(131072);
    const [c, s] = yield* connection(k);
    expect(yield* getopt(k, c, SOL_SOCKET, SO_SNDBUF)).toBe(2626560);
    expect(yield* getopt(k, s, SOL_SOCKET, SO_SNDBUF)).toBe(2626560);
    for (const [value, snd, rcv] of [[0, 4608, 2304], [4096, 8192, 8192], [5000000, 8388608, 8388608], [-1, 8388608, 8388608]] as const) {
      yield* setopt(k, fresh, SOL_SOCKET, SO_SNDBUF, value);
      yield* setopt(k, fresh, SOL_SOCKET, SO_RCVBUF, value);
      expect(yield* getopt(k, fresh, SOL_SOCKET, SO_SNDBUF)).toBe(snd);
      expect(yield* getopt(k, fresh, SOL_SOCKET, SO_RCVBUF)).toBe(rcv);
    }
    const [fd] = yield* established(k);
    expect(yield* getopt(k, fd, SOL_SOCKET, SO_SNDBUF)).toBe(46080);
    expect(yield* getopt(k, fd, SOL_SOCKET, 19)).toBe(1);
    expect(yield* setopt(k, fd, SOL_SOCKET, 19, 5)).toBe('ENOPROTOOPT');
  });
});

test('a blocked send ends with a short count when a signal comes after progress', () => {
  simulate(function* (k) {
    const [c] = yield* sized(k, 8192, 4096);
    yield* sys(k, 'fcntl', c, 4, 0);
    const log: number[] = [];
    handle(k, 10, log);
    later(k, 100, 10, k.current);
    const n = yield* sys(k, 'write', c, mem(100000), 100000);
    expect(n).toBeGreaterThan(8192);
    expect(n).toBeLessThan(60000);
    expect(log).toEqual([10]);
  });
});

test('TS-15: SO_SNDTIMEO ends a blocked send with EAGAIN', () => {
  simulate(function* (k) {
    const [c] = yield* sized(k, 8192, 4096);
    yield* settle(k, c, 1000);
    yield* sys(k, 'fcntl', c, 4, 0);
    yield* timeo(k, c, 21, 3);
    const before = k.clock.nowNs;
    expect(yield* send(k, c, 1)).toBe('EAGAIN');
    expect((k.clock.nowNs - before) / 1e9).toBe(3);
  });
});

test('TS-11: everything that a blocking writer writes arrives, whatever the sizes', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 30000 }), fc.integer({ min: 1, max: 30000 }), fc.integer({ min: 1, max: 5000 }), (snd, rcv, piece) => {
    simulate(function* (k) {
      const [c, s] = yield* sized(k, snd, rcv);
      yield* sys(k, 'fcntl', c, 4, 0);
      yield* sys(k, 'fcntl', s, 4, 0);
      const bytes = Uint8Array.from({ length: 60000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
      thread(k, 'writer', function* () {
        expect(yield* sys(k, 'write', c, new user_memory(bytes), 60000)).toBe(60000);
        yield* sys(k, 'close', c);
      });
      const got = new Uint8Array(60000);
      let at = 0;
      for (;;) {
        const part = new user_memory(got.subarray(at));
        const n = yield* sys(k, 'read', s, part, Math.min(piece, 60000 - at) || 1);
        if (n <= 0) break;
        at += n;
        checkInvariants(k);
      }
      expect(at).toBe(60000);
      expect(got).toEqual(bytes);
    });
  }), { numRuns: 20, seed: 1 });
});
