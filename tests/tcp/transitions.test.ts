/** One test for each transition of TCP_TRANSITIONS and each of its causes; fixtures are built each from the one before. */

import type { Kernel } from '../../src/kernel/kernel.js';
import { KernelBug } from '../../src/kernel/bug.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { inet_sk_set_state } from '../../src/tcp/tcp_life.js';
import { tcp_v4_err } from '../../src/tcp/tcp_ipv4.js';
import { TCP_CLOSE_WAIT, TCP_LISTEN, TCP_STATE_NAMES, TCP_TRANSITIONS, tcp_may_become } from '../../src/tcp/tcp_states.js';
import { mem, simulate, sys } from '../kit.js';
import {
  accept, ACK, bind, close, closeWait, closing, connect, established, FIN, finWait1, finWait2, lastAck, listen, listener, NONBLOCK, Peer, PSH, RD, RST, setopt,
  shutdown, sockOf, SYN, synSent, tcp, unconnect, WR,
} from './net.js';

type Fixture = (k: Kernel) => Sleeps<[fd: number, peer: Peer]>;

/** SYN_RECV, from SYN_SENT: the SYNs crossed. */
function* synRecv(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* synSent(k);
  peer.inject({ flags: SYN, seq: 0 });
  peer.nxt = 1;
  return [fd, peer];
}

/** CLOSE_WAIT with data that nobody has read, from ESTABLISHED. */
function* closeWaitUnread(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* established(k);
  peer.inject({ flags: FIN | ACK | PSH, data: 'unread' });
  return [fd, peer];
}

function* closed(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const peer = new Peer(k);
  return [yield* tcp(k, NONBLOCK), peer];
}

function* listening(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const peer = new Peer(k);
  return [yield* listener(k), peer];
}

const FIXTURES: Readonly<Record<string, Fixture>> = {
  CLOSE: closed, LISTEN: listening, SYN_SENT: synSent, SYN_RECV: synRecv, ESTABLISHED: established, CLOSE_WAIT: closeWait, FIN_WAIT1: finWait1,
  FIN_WAIT2: finWait2, CLOSING: closing, LAST_ACK: lastAck,
};

/** Sleeps in virtual time. */
function* sleep(k: Kernel, seconds: number): Sleeps<void> {
  const ts = mem(16);
  new DataView(ts.bytes.buffer).setBigInt64(0, BigInt(seconds), true);
  yield* sys(k, 'nanosleep', ts, null);
}

type Cause = (k: Kernel, fd: number, peer: Peer) => Sleeps<unknown>;

/** What the peer has acknowledged so far. */
const acked = (k: Kernel, fd: number, peer: Peer): number => (sockOf(k, fd).snd_una - peer.iss) | 0;

const CAUSES: Readonly<Record<string, Cause>> = {
  listen: (k, fd) => listen(k, fd),
  connect: (k, fd) => connect(k, fd, 7, 0x0a000002),
  close: (k, fd) => close(k, fd),
  'shutdown(RD)': (k, fd) => shutdown(k, fd, RD),
  'shutdown(WR)': (k, fd) => shutdown(k, fd, WR),
  shutdown: (k, fd) => shutdown(k, fd, WR),
  'connect(AF_UNSPEC)': (k, fd) => unconnect(k, fd),
  *'SYN-ACK'(_k, _fd, peer) { peer.inject({ flags: SYN | ACK, seq: 0 }); },
  *SYN(_k, _fd, peer) { peer.inject({ flags: SYN, seq: 0 }); },
  *ACK(_k, _fd, peer) { peer.inject({ flags: ACK, seq: 1 }); },
  *FIN(k, fd, peer) { peer.inject({ flags: FIN | ACK, ack: acked(k, fd, peer) }); },
  *'ACK of FIN'(_k, _fd, peer) { peer.inject({ flags: ACK, ack: 2 }); },
  *RST(k, fd, peer) { peer.inject({ flags: RST | ACK, seq: (sockOf(k, fd).rcv_nxt - peer.isn) | 0, ack: 1 }); },
  *timeout(k, fd) {
    // Everything gives up at last; where nothing is outstanding, data or keepalive asks the peer.
    yield* setopt(k, fd, 6, 18, 1000);
    yield* setopt(k, fd, 6, 4, 1);
    yield* setopt(k, fd, 1, 9, 1);
    yield* sleep(k, 400);
  },
  *'ICMP error'(k, fd) { tcp_v4_err(k, sockOf(k, fd), 113); },
  *'close with unread data'(k, fd, peer) {
    if (sockOf(k, fd).sk_state !== TCP_CLOSE_WAIT) peer.inject({ flags: ACK | PSH, data: 'unread', ack: acked(k, fd, peer) });
    yield* close(k, fd);
  },
  *'linger 0'(k, fd) {
    yield* setopt(k, fd, 1, 13, 1, 0);
    yield* close(k, fd);
  },
  *'data for nobody'(k, fd, peer) {
    yield* shutdown(k, fd, RD);
    peer.inject({ flags: ACK | PSH, data: 'x', ack: acked(k, fd, peer) });
  },
};

/** Causes that need a situation of their own. */
const SPECIAL = new Set(['no port', 'child of a listener']);

/** States that a socket took on, in order. */
function path(fixture: Fixture, cause: Cause): string[] {
  return simulate(function* (k) {
    const [fd, peer] = yield* fixture(k);
    const sk = sockOf(k, fd);
    const seen = [TCP_STATE_NAMES[sk.sk_state]!];
    let state = sk.sk_state;
    Object.defineProperty(sk, 'sk_state', {
      get: () => state,
      set: (next: number) => {
        if (next !== state) seen.push(TCP_STATE_NAMES[next]!);
        state = next;
      },
    });
    yield* cause(k, fd, peer);
    // whatever is left is taken away, so that the machine comes to its end
    const kept = seen.slice();
    if (k.current.files.at(fd) !== null) {
      yield* setopt(k, fd, 1, 13, 1, 0);
      yield* close(k, fd);
    }
    return kept;
  });
}

const rows = TCP_TRANSITIONS.flatMap(({ from, to, events }) => events.map((event) => ({
  from: TCP_STATE_NAMES[from]!, to: TCP_STATE_NAMES[to]!, cause: event.replace(/^\+ /, ''),
})));

test.each(rows.filter(({ cause }) => !SPECIAL.has(cause)).map((row) => [row.from, row.cause, row.to] as const))('%s: %s -> %s', (from, cause, to) => {
  const fixture = from === 'CLOSE_WAIT' && cause === 'close with unread data' ? closeWaitUnread : FIXTURES[from]!;
  expect(path(fixture, CAUSES[cause]!).slice(0, 2)).toEqual([from, to]);
});

test('CLOSE: child of a listener -> SYN_RECV -> ESTABLISHED, in the softirq of the last ACK', () => {
  simulate(function* (k) {
    const peer = new Peer(k, 4000);
    const l = yield* tcp(k);
    yield* bind(k, l, 80);
    yield* listen(k, l);
    peer.local = 80;
    peer.inject({ flags: SYN, seq: 0 });
    peer.iss = peer.sent.at(-1)!.seq;
    peer.inject({ flags: ACK });
    const s = yield* accept(k, l);
    expect(TCP_STATE_NAMES[sockOf(k, s as number).sk_state]).toBe('ESTABLISHED');
  });
});

test('LISTEN: no port -> CLOSE: of two who may bind to a port only one can listen', () => {
  simulate(function* (k) {
    const [a, b] = [yield* tcp(k), yield* tcp(k)];
    for (const fd of [a, b]) {
      yield* setopt(k, fd, 1, 2, 1);
      expect(yield* bind(k, fd, 8080)).toBe(0);
    }
    expect(yield* listen(k, a)).toBe(0);
    expect(yield* listen(k, b)).toBe('EADDRINUSE');
    expect(TCP_STATE_NAMES[sockOf(k, b).sk_state]).toBe('CLOSE');
  });
});

test('SYN_SENT: no port -> CLOSE: the connection exists already', () => {
  simulate(function* (k) {
    yield* listener(k);
    const [a, b] = [yield* tcp(k), yield* tcp(k)];
    for (const fd of [a, b]) {
      yield* setopt(k, fd, 1, 2, 1);
      expect(yield* bind(k, fd, 9000)).toBe(0);
    }
    expect(yield* connect(k, a, 8080)).toBe(0);
    expect(yield* connect(k, b, 8080)).toBe('EADDRNOTAVAIL');
    expect(TCP_STATE_NAMES[sockOf(k, b).sk_state]).toBe('CLOSE');
  });
});

test('a transition that is not in the table is a bug of the simulator', () => {
  expect(() => simulate(function* (k) {
    const [fd] = yield* established(k);
    inet_sk_set_state(k, sockOf(k, fd), TCP_LISTEN);
  })).toThrow(KernelBug);
});

test('every state can be reached and left, and all ways end in CLOSE', () => {
  const states = TCP_STATE_NAMES.map((_, state) => state).filter((state) => state !== 0 && state !== 6 && state !== 12);
  expect(new Set(TCP_TRANSITIONS.map(({ to }) => to))).toEqual(new Set(states));
  expect(new Set(TCP_TRANSITIONS.map(({ from }) => from))).toEqual(new Set(states));
  for (const state of states) if (state !== 7) expect(tcp_may_become(state, 7)).toBe(true);
});
