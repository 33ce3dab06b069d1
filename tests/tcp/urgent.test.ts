/** Urgent data: T95..T98. */

import { simulate } from '../kit.js';
import { ACK, ask, connection, established, mask, PSH, recv, send, setopt, SIOCATMARK, SIOCINQ, SOL_SOCKET, watch } from './net.js';

const OOB = 1;
const OOB_PEEK = 3;
const SO_OOBINLINE = 10;

test('T95: `ab` and urgent `X`: PRI, the mark counts from behind `ab`, MSG_OOB takes it once', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    const all = yield* watch(k, s);
    const pri = yield* watch(k, s, 'PRI');
    expect(yield* send(k, c, 'abX', OOB)).toBe(3);
    expect(yield* all.next()).toBe('IN PRI OUT');
    expect(yield* pri.next()).toBe('PRI');
    expect(yield* ask(k, s, SIOCINQ)).toBe(2);
    expect(yield* ask(k, s, SIOCATMARK)).toBe(0);
    expect(yield* recv(k, s, 1, OOB_PEEK)).toBe('X');
    expect(yield* recv(k, s, 1, OOB)).toBe('X');
    expect(yield* mask(k, s)).toBe('IN OUT');
    expect(yield* recv(k, s, 1, OOB)).toBe('EINVAL');
    expect(yield* recv(k, s)).toBe('ab');
    expect(yield* ask(k, s, SIOCATMARK)).toBe(1);
    expect(yield* recv(k, s)).toBe('EAGAIN');
  });
});

test('T96: only an urgent byte: PRI without IN; recv passes it and finds nothing', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'X', OOB);
    expect(yield* mask(k, s)).toBe('PRI OUT');
    expect(yield* ask(k, s, SIOCINQ)).toBe(0);
    expect(yield* recv(k, s)).toBe('EAGAIN');
    expect(yield* recv(k, s, 1, OOB)).toBe('EINVAL');
  });
});

test('T97: the mark is announced before its byte: EAGAIN, then PRI; reads stop at the mark', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'ab', urg: 10 });
    expect(yield* recv(k, fd, 1, OOB)).toBe('EAGAIN');
    expect(yield* mask(k, fd)).toBe('IN OUT');
    expect(yield* recv(k, fd)).toBe('ab');
    expect(yield* mask(k, fd)).toBe('OUT');
    const w = yield* watch(k, fd, 'PRI');
    peer.inject({ flags: ACK | PSH, data: 'cdefghiXkl', urg: 8 });
    expect(yield* w.next()).toBe('PRI');
    expect(yield* recv(k, fd)).toBe('cdefghi');
    expect(yield* recv(k, fd, 1, OOB)).toBe('X');
    expect(yield* recv(k, fd)).toBe('kl');
  });
});

test('T98: SO_OOBINLINE: the byte is in the stream; a read stops before it', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* setopt(k, s, SOL_SOCKET, SO_OOBINLINE, 1);
    yield* send(k, c, 'abX', OOB);
    expect(yield* recv(k, s, 1, OOB)).toBe('EINVAL');
    expect(yield* mask(k, s)).toBe('IN PRI OUT');
    expect(yield* recv(k, s)).toBe('ab');
    expect(yield* mask(k, s)).toBe('IN PRI OUT');
    expect(yield* recv(k, s)).toBe('X');
    expect(yield* mask(k, s)).toBe('OUT');
  });
});

test('a second urgent byte takes the place of one that was not read', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'aX', OOB);
    yield* send(k, c, 'bY', OOB);
    expect(yield* recv(k, s, 1, OOB)).toBe('Y');
    expect(yield* recv(k, s)).toBe('aXb');
  });
});
