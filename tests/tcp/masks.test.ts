/** The mask of every state and situation: one row each, with the state that TCP_INFO tells. Measured on Linux 6.18. */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { tcp_v4_err } from '../../src/tcp/tcp_ipv4.js';
import { mem, simulate, sys } from '../kit.js';
import {
  ACK, closeWait, closing, connect, connection, established, FIN, finWait1, finWait2, lastAck, listener, mask, NONBLOCK, PSH, RD, RDWR, recv, refused, RST, send,
  setopt, shutdown, sockOf, SOL_TCP, soError, state, SYN, synSent, tcp, unconnect, URG, WR,
} from './net.js';

type Situation = (k: Kernel) => Sleeps<number>;
const fresh: Situation = (k) => tcp(k, NONBLOCK);

/** A descriptor after `then`. */
function after(fixture: (k: Kernel) => Sleeps<readonly unknown[]>, then: (k: Kernel, fd: number, peer: never) => Sleeps<unknown> | void): Situation {
  return function* (k) {
    const [fd, peer] = yield* fixture(k);
    const work = then(k, fd as number, peer as never);
    if (work !== undefined) yield* work;
    return fd as number;
  };
}

interface Speaker { inject: (segment: { flags: number; ack?: number; seq?: number; data?: string; urg?: number }) => void }
const inject = (segment: Parameters<Speaker['inject']>[0]) => (_k: Kernel, _fd: number, peer: never): void => (peer as Speaker).inject(segment);
const alone = (make: Situation) => function* (k: Kernel): Sleeps<readonly unknown[]> { return [yield* make(k), null]; };
const full = function* (k: Kernel, fd: number): Sleeps<void> {
  while (typeof (yield* send(k, fd, 'x'.repeat(65536), 0x40)) === 'number');
};
const rst = { flags: RST | ACK, ack: 1 };

const ROWS: readonly [situation: string, state: string, mask: string, make: Situation][] = [
  ['fresh', 'CLOSE', 'OUT HUP', fresh],
  ['fresh after shutdown(RD)', 'CLOSE', 'IN OUT HUP RDHUP', after(alone(fresh), (k, fd) => shutdown(k, fd, RD))],
  ['fresh after shutdown(WR)', 'CLOSE', 'OUT HUP', after(alone(fresh), (k, fd) => shutdown(k, fd, WR))],
  ['fresh after shutdown(RDWR)', 'CLOSE', 'IN OUT HUP RDHUP', after(alone(fresh), (k, fd) => shutdown(k, fd, RDWR))],
  ['listening, nobody waits', 'LISTEN', '-', (k) => listener(k)],
  ['listening, somebody waits', 'LISTEN', 'IN', function* (k) {
    const l = yield* listener(k);
    yield* connect(k, yield* tcp(k), 8080);
    return l;
  }],
  ['a listener after shutdown(RD)', 'CLOSE', 'OUT HUP', after(alone((k) => listener(k)), (k, fd) => shutdown(k, fd, RD))],
  ['a listener after shutdown(RDWR)', 'CLOSE', 'OUT HUP', after(alone((k) => listener(k)), (k, fd) => shutdown(k, fd, RDWR))],
  ['connecting', 'SYN_SENT', '-', after(synSent, () => {})],
  ['crossed SYNs', 'SYN_RECV', '-', after(synSent, inject({ flags: SYN, seq: 0 }))],
  ['connected, nothing to read', 'ESTABLISHED', 'OUT', after(established, () => {})],
  ['connected, data', 'ESTABLISHED', 'IN OUT', after(established, inject({ flags: ACK | PSH, data: 'abc' }))],
  ['connected, less data than SO_RCVLOWAT', 'ESTABLISHED', 'OUT', after(established, function* (k, fd, peer) {
    yield* setopt(k, fd, 1, 18, 20);
    inject({ flags: ACK | PSH, data: 'abc' })(k, fd, peer);
  })],
  ['connected, send buffer full', 'ESTABLISHED', '-', after(connection as never, full)],
  ['connected, send buffer full, data', 'ESTABLISHED', 'IN', after(connection as never, function* (k, fd, other) {
    yield* full(k, fd);
    yield* send(k, other, 'x');
  })],
  ['refused', 'CLOSE', 'IN OUT ERR HUP RDHUP', (k) => refused(k)],
  ['ICMP error while connecting', 'CLOSE', 'IN OUT ERR HUP RDHUP', after(synSent, (k, fd) => tcp_v4_err(k, sockOf(k, fd), 113))],
  ['refused, the error taken by SO_ERROR', 'CLOSE', 'IN OUT HUP RDHUP', after(alone((k) => refused(k)), (k, fd) => soError(k, fd))],
  ['refused, the error taken by a read', 'CLOSE', 'IN OUT HUP RDHUP', after(alone((k) => refused(k)), (k, fd) => recv(k, fd))],
  ['refused, the error taken by connect', 'CLOSE', 'OUT HUP', after(alone((k) => refused(k)), (k, fd) => connect(k, fd, 9))],
  ['connecting, then shutdown', 'CLOSE', 'OUT ERR HUP', after(synSent, (k, fd) => shutdown(k, fd, WR))],
  ['connecting, then shutdown, then SO_ERROR', 'CLOSE', 'OUT HUP', after(synSent, function* (k, fd) {
    yield* shutdown(k, fd, RD);
    yield* soError(k, fd);
  })],
  ['connect(AF_UNSPEC) of a connection', 'CLOSE', 'OUT ERR HUP', after(established, (k, fd) => unconnect(k, fd))],
  ['connect(AF_UNSPEC), then SO_ERROR', 'CLOSE', 'OUT HUP', after(established, function* (k, fd) {
    yield* unconnect(k, fd);
    yield* soError(k, fd);
  })],
  ['own SHUT_RD', 'ESTABLISHED', 'IN OUT RDHUP', after(established, (k, fd) => shutdown(k, fd, RD))],
  ['own SHUT_WR', 'FIN_WAIT1', 'OUT', after(finWait1, () => {})],
  ['own SHUT_WR, acknowledged', 'FIN_WAIT2', 'OUT', after(finWait2, () => {})],
  ['own SHUT_WR, acknowledged, data', 'FIN_WAIT2', 'IN OUT', after(finWait2, inject({ flags: ACK | PSH, ack: 2, data: 'x' }))],
  ['own SHUT_RDWR', 'FIN_WAIT1', 'IN OUT HUP RDHUP', after(established, (k, fd) => shutdown(k, fd, RDWR))],
  ['own SHUT_RDWR, acknowledged', 'FIN_WAIT2', 'IN OUT HUP RDHUP', after(finWait2, (k, fd) => shutdown(k, fd, RD))],
  ['the peer\'s FIN', 'CLOSE_WAIT', 'IN OUT RDHUP', after(closeWait, () => {})],
  ['the peer\'s FIN behind data', 'CLOSE_WAIT', 'IN OUT RDHUP', after(established, inject({ flags: FIN | ACK, data: 'x' }))],
  ['the peer\'s FIN, send buffer full', 'CLOSE_WAIT', 'IN RDHUP', after(connection as never, function* (k, fd, other) {
    yield* full(k, fd);
    yield* shutdown(k, other, WR);
  })],
  ['the peer\'s FIN, then own SHUT_WR', 'LAST_ACK', 'IN OUT HUP RDHUP', after(lastAck, () => {})],
  ['the peer\'s FIN, then own SHUT_WR, acknowledged', 'CLOSE', 'IN OUT HUP RDHUP', after(lastAck, inject({ flags: ACK, ack: 2 }))],
  ['FINs that cross', 'CLOSING', 'IN OUT HUP RDHUP', after(closing, () => {})],
  ['FINs that cross, acknowledged', 'CLOSE', 'IN OUT HUP RDHUP', after(closing, inject({ flags: ACK, ack: 2 }))],
  ['own SHUT_WR, acknowledged, then the peer\'s FIN', 'CLOSE', 'IN OUT HUP RDHUP', after(finWait2, inject({ flags: FIN | ACK, ack: 2 }))],
  ['RST', 'CLOSE', 'IN OUT ERR HUP RDHUP', after(established, inject(rst))],
  ['RST, the error taken', 'CLOSE', 'IN OUT HUP RDHUP', after(established, function* (k, fd, peer) {
    inject(rst)(k, fd, peer);
    yield* soError(k, fd);
  })],
  ['RST in CLOSE_WAIT', 'CLOSE', 'IN OUT ERR HUP RDHUP', after(closeWait, inject(rst))],
  ['RST in FIN_WAIT2', 'CLOSE', 'IN OUT ERR HUP RDHUP', after(finWait2, inject({ flags: RST | ACK, ack: 2 }))],
  ['urgent byte behind data', 'ESTABLISHED', 'IN PRI OUT', after(established, inject({ flags: ACK | PSH | URG, data: 'abX', urg: 3 }))],
  ['only an urgent byte', 'ESTABLISHED', 'PRI OUT', after(established, inject({ flags: ACK | PSH | URG, data: 'X', urg: 1 }))],
  ['urgent byte taken, data left', 'ESTABLISHED', 'IN OUT', after(established, function* (k, fd, peer) {
    inject({ flags: ACK | PSH | URG, data: 'abX', urg: 3 })(k, fd, peer);
    expect(yield* recv(k, fd, 1, 1)).toBe('X');
  })],
  ['urgent byte announced, not there yet', 'ESTABLISHED', 'OUT', after(established, inject({ flags: ACK | URG, urg: 10 }))],
  ['SO_OOBINLINE, data read up to the urgent byte', 'ESTABLISHED', 'IN PRI OUT', after(established, function* (k, fd, peer) {
    yield* setopt(k, fd, 1, 10, 1);
    inject({ flags: ACK | PSH | URG, data: 'abX', urg: 3 })(k, fd, peer);
    expect(yield* recv(k, fd)).toBe('ab');
  })],
  ['SO_OOBINLINE, the urgent byte read too', 'ESTABLISHED', 'OUT', after(established, function* (k, fd, peer) {
    yield* setopt(k, fd, 1, 10, 1);
    inject({ flags: ACK | PSH | URG, data: 'abX', urg: 3 })(k, fd, peer);
    expect([yield* recv(k, fd), yield* recv(k, fd)]).toEqual(['ab', 'X']);
  })],
  ['completion of MSG_ZEROCOPY', 'ESTABLISHED', 'OUT ERR', after(connection as never, function* (k, fd) {
    yield* setopt(k, fd, 1, 60, 1);
    expect(yield* send(k, fd, 'x', 0x4000000)).toBe(1);
  })],
  ['ICMP error with IP_RECVERR', 'ESTABLISHED', 'OUT ERR', after(established, function* (k, fd) {
    yield* setopt(k, fd, 0, 11, 1);
    tcp_v4_err(k, sockOf(k, fd), 113);
  })],
  ['timeout of a keepalive probe', 'CLOSE', 'IN OUT ERR HUP RDHUP', after(established, function* (k, fd) {
    for (const [level, name, value] of [[1, 9, 1], [SOL_TCP, 4, 1], [SOL_TCP, 5, 1], [SOL_TCP, 6, 1]] as const) yield* setopt(k, fd, level, name, value);
    yield* sleepSeconds(k, 5);
  })],
];

function* sleepSeconds(k: Kernel, seconds: number): Sleeps<void> {
  const ts = mem(16);
  ts.bytes[0] = seconds;
  yield* sys(k, 'nanosleep', ts, null);
}

test.each(ROWS)('%s: state %s, mask %s', (_situation, expectedState, expectedMask, make) => {
  simulate(function* (k) {
    const fd = yield* make(k);
    expect([yield* state(k, fd), yield* mask(k, fd)]).toEqual([expectedState, expectedMask]);
  });
});
