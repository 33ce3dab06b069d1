/**
 * What wakes whom: for every event of a socket the wake-ups of its queue, in order, each with its key. `any` is the key
 * 0 of a change of state, which wakes everybody; `data`, `space` and `error` are poll bits. Measured on Linux 6.18.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { add_wait_queue, wait_queue_entry } from '../../src/kernel/wait.js';
import { POLL_DATA_KEY, POLL_SPACE_KEY } from '../../src/socket/sock.js';
import { tcp_v4_err } from '../../src/tcp/tcp_ipv4.js';
import { mem, simulate, sys } from '../kit.js';
import {
  accept, ACK, close, closeWait, closing, connect, connection, established, FIN, finWait1, finWait2, lastAck, listener, mask, NONBLOCK, PSH, RD, RDWR, recv,
  refused, RST, send, setopt, shutdown, sockOf, SOL_TCP, SYN, synSent, tcp, unconnect, URG, WR,
} from './net.js';

const KEYS: Readonly<Record<number, string>> = { 0: 'any', [POLL_DATA_KEY]: 'data', [POLL_SPACE_KEY]: 'space', 8: 'error' };

/** Notes every wake-up of a descriptor's queue from now on. */
function listen_to(k: Kernel, fd: number): string[] {
  const heard: string[] = [];
  const entry = new wait_queue_entry(k.current, (_k, _entry, _mode, _sync, key) => {
    heard.push(KEYS[key] ?? `key ${key}`);
    return 0;
  });
  add_wait_queue(k, sockOf(k, fd).wq, entry);
  return heard;
}

interface Speaker { inject: (segment: { flags: number; seq?: number; ack?: number; data?: string; urg?: number; win?: number }) => void }
type Step = (k: Kernel, fd: number, other: never) => Sleeps<unknown> | void;

const peer = (segment: Parameters<Speaker['inject']>[0]): Step => (_k, _fd, other) => (other as Speaker).inject(segment);
function all(...steps: Step[]): Step {
  return function* (k, fd, other) {
    for (const step of steps) {
      const work = step(k, fd, other);
      if (work !== undefined) yield* work;
    }
  };
}
const none: Step = () => {};
const full: Step = function* (k, fd) {
  while (typeof (yield* send(k, fd, 'x'.repeat(65536), 0x40)) === 'number');
};
function* fresh(k: Kernel): Sleeps<readonly unknown[]> { return [yield* tcp(k, NONBLOCK), null]; }
function* listening(k: Kernel): Sleeps<readonly unknown[]> { return [yield* listener(k), null]; }
function* refusal(k: Kernel): Sleeps<readonly unknown[]> { return [yield* refused(k), null]; }
/** The server's side of a connection whose listener lives. */
function* serverSide(k: Kernel): Sleeps<readonly unknown[]> {
  const [c, s] = yield* connection(k);
  return [s, c];
}

const DATA = { flags: ACK | PSH, data: '0123456789' };
const client: Step = function* (k) { yield* connect(k, yield* tcp(k), 8080); };

const ROWS: readonly [event: string, fixture: (k: Kernel) => Sleeps<readonly unknown[]>, before: Step, event: Step, heard: string][] = [
  ['a segment in order', established, none, peer(DATA), 'data'],
  ['another one, nothing read meanwhile', established, peer(DATA), peer(DATA), 'data'],
  ['data below SO_RCVLOWAT', established, (k, fd) => setopt(k, fd, 1, 18, 20), peer(DATA), ''],
  ['data that reaches SO_RCVLOWAT', established, (k, fd) => setopt(k, fd, 1, 18, 10), peer(DATA), 'data'],
  ['a segment beyond a hole', established, none, peer({ ...DATA, seq: 11 }), ''],
  ['the segment that fills the hole', established, peer({ ...DATA, seq: 11 }), peer({ ...DATA, seq: 1 }), 'data'],
  ['a segment again', established, peer({ ...DATA, seq: 1 }), peer({ ...DATA, seq: 1 }), ''],
  ['an ACK again', established, none, all(peer({ flags: ACK }), peer({ flags: ACK })), ''],
  ['FIN in ESTABLISHED', established, none, peer({ flags: FIN | ACK }), 'any data'],
  ['FIN in FIN_WAIT1', finWait1, none, peer({ flags: FIN | ACK, ack: 1 }), 'any data'],
  ['FIN in FIN_WAIT2', finWait2, none, peer({ flags: FIN | ACK, ack: 2 }), 'any any data'],
  ['FIN beyond a hole', established, none, peer({ flags: FIN | ACK, seq: 5 }), ''],
  ['FIN again', closeWait, none, peer({ flags: FIN | ACK, seq: 1 }), ''],
  ['data and FIN in one segment', established, none, peer({ flags: FIN | ACK, data: 'x' }), 'any data'],
  ['RST', established, none, peer({ flags: RST | ACK }), 'any error'],
  ['RST for a connect', synSent, none, peer({ flags: RST | ACK, seq: 0 }), 'any error'],
  ['timeout of a connect', synSent, (k, fd) => setopt(k, fd, SOL_TCP, 7, 1), (k) => sleep(k, 30), 'any error'],
  ['ICMP error for a connect', synSent, none, (k, fd) => tcp_v4_err(k, sockOf(k, fd), 113), 'any error'],
  ['ICMP error for a connection', established, none, (k, fd) => tcp_v4_err(k, sockOf(k, fd), 113), ''],
  ['the same with IP_RECVERR', established, (k, fd) => setopt(k, fd, 0, 11, 1), (k, fd) => tcp_v4_err(k, sockOf(k, fd), 113), 'error'],
  ['SYN-ACK', synSent, none, peer({ flags: SYN | ACK, seq: 0 }), 'any'],
  ['SYN that crosses ours', synSent, none, peer({ flags: SYN, seq: 0 }), ''],
  ['a handshake that ends, at the listener', listening, none, client, 'data'],
  ['the next one, nothing accepted', listening, client, client, 'data'],
  ['ACK that frees memory, nobody short of it', established, (k, fd) => send(k, fd, 'abc'), peer({ flags: ACK, ack: 4 }), ''],
  ['own FIN acknowledged: FIN_WAIT1', finWait1, none, peer({ flags: ACK, ack: 2 }), 'any'],
  ['own FIN acknowledged: CLOSING', closing, none, peer({ flags: ACK, ack: 2 }), 'any'],
  ['own FIN acknowledged: LAST_ACK', lastAck, none, peer({ flags: ACK, ack: 2 }), 'any'],
  ['an urgent pointer without its byte', established, none, peer({ flags: ACK | URG, urg: 10 }), ''],
  ['an urgent byte', established, none, peer({ flags: ACK | PSH | URG, data: 'abX', urg: 3 }), 'data data'],
  ['shutdown(RD)', established, none, (k, fd) => shutdown(k, fd, RD), 'any'],
  ['shutdown(WR)', established, none, (k, fd) => shutdown(k, fd, WR), 'any'],
  ['shutdown(RDWR) of a fresh socket, which fails', fresh, none, (k, fd) => shutdown(k, fd, RDWR), 'any'],
  ['shutdown with an impossible argument', established, none, (k, fd) => shutdown(k, fd, 3), ''],
  ['shutdown of a connect', synSent, none, (k, fd) => shutdown(k, fd, WR), 'error any'],
  ['shutdown(RD) of a listener', listening, none, (k, fd) => shutdown(k, fd, RD), 'error any'],
  ['shutdown(WR) of a listener', listening, none, (k, fd) => shutdown(k, fd, WR), 'any'],
  ['connect(AF_UNSPEC)', established, none, (k, fd) => unconnect(k, fd), 'error'],
  ['connect that collects a refusal', refusal, none, (k, fd) => connect(k, fd, 9), 'error'],
  ['SO_SNDBUF', established, none, (k, fd) => setopt(k, fd, 1, 7, 100_000), 'space'],
  ['SO_SNDBUF of a full socket', serverSide, full, (k, fd) => setopt(k, fd, 1, 7, 1), ''],
  ['TCP_NOTSENT_LOWAT', established, none, (k, fd) => setopt(k, fd, SOL_TCP, 25, 4000), 'space'],
  ['SO_RCVLOWAT that is reached', established, peer(DATA), (k, fd) => setopt(k, fd, 1, 18, 5), 'data'],
  ['SO_RCVLOWAT that is not reached', established, peer(DATA), (k, fd) => setopt(k, fd, 1, 18, 50), ''],
  ['TCP_NODELAY', established, none, (k, fd) => setopt(k, fd, SOL_TCP, 1, 1), ''],
  ['SO_RCVBUF', established, none, (k, fd) => setopt(k, fd, 1, 8, 100_000), ''],
  ['a completion of MSG_ZEROCOPY', serverSide, (k, fd) => setopt(k, fd, 1, 60, 1), (k, fd) => send(k, fd, 'x', 0x4000000), 'error'],
  ['reading', established, peer(DATA), (k, fd) => recv(k, fd), ''],
  ['reading a part, and peeking', established, peer(DATA), all((k, fd) => recv(k, fd, 3), (k, fd) => recv(k, fd, 3, 2)), ''],
  ['sending', serverSide, none, (k, fd) => send(k, fd, 'abc'), ''],
  ['poll of a writable socket', established, none, (k, fd) => mask(k, fd), ''],
];

function* sleep(k: Kernel, seconds: number): Sleeps<void> {
  const ts = mem(16);
  ts.bytes[0] = seconds;
  yield* sys(k, 'nanosleep', ts, null);
}

test.each(ROWS)('%s', (_event, fixture, before, event, expected) => {
  simulate(function* (k) {
    const [fd, other] = yield* fixture(k);
    yield* all(before)(k, fd as number, other as never)!;
    const heard = listen_to(k, fd as number);
    yield* all(event)(k, fd as number, other as never)!;
    expect(heard.join(' ')).toBe(expected);
  });
});

test('ACKs after a short write: one wake-up for space, when a third of the buffer is free, and no other', () => {
  simulate(function* (k) {
    const [s, c] = yield* serverSide(k);
    const [from, to] = [s as number, c as number];
    yield* full(k, from, to as never)!;
    const heard = listen_to(k, from);
    const sk = sockOf(k, from);
    let free = 0;
    while (typeof (yield* recv(k, to, 65536, 0x40)) === 'number') if (heard.length > 0 && free === 0) free = sk.sk_sndbuf - sk.sk_wmem_queued;
    expect(heard).toEqual(['space']);
    expect(free).toBeGreaterThanOrEqual(sk.sk_sndbuf / 3);
  });
});

test('a child that is reset, or gets data, while it waits to be accepted wakes nobody at the listener', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const c = yield* tcp(k);
    yield* connect(k, c, 8080);
    const heard = listen_to(k, l);
    yield* send(k, c, 'x');
    yield* setopt(k, c, 1, 13, 1, 0);
    yield* close(k, c);
    expect(heard).toEqual([]);
    expect(typeof (yield* accept(k, l))).toBe('number');
  });
});
