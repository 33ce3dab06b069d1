/** Fresh sockets, connecting, failing to connect: T1..T19 of the facts, and what is near them. */

import { simulate, sys } from '../kit.js';
import { msleep, now, thread } from '../kernel/calls.js';
import {
  accept, ACK, bind, call, closeWait, connect, connection, getopt, listen, listener, mask, NONBLOCK, Peer, portOf, RD, RDWR, recv, refused, RST, send,
  shutdown, soError, SOL_SOCKET, state, SYN, synSent, tcp, timeo, unconnect, watch, WR,
} from './net.js';

test('T1, T2: a fresh socket is writable and hung up; recv says ENOTCONN, send EPIPE with a signal', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k, NONBLOCK);
    expect(yield* mask(k, fd)).toBe('OUT HUP');
    expect(yield* (yield* watch(k, fd, 'OUT')).next()).toBe('-');
    expect(yield* recv(k, fd)).toBe('ENOTCONN');
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
    expect(yield* recv(k, fd, 0)).toBe('ENOTCONN');
  });
});

test('T3, T4: a listener is readable when somebody waits to be accepted, and never writable', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const w = yield* watch(k, l);
    expect(yield* mask(k, l)).toBe('-');
    const c = yield* tcp(k);
    expect(yield* connect(k, c, 8080)).toBe(0);
    expect(yield* mask(k, l)).toBe('IN');
    expect(yield* w.next()).toBe('IN');
  });
});

test('T5: a connect that is not answered shows nothing; SO_ERROR is 0, the local port is there', () => {
  simulate(function* (k) {
    const [fd] = yield* synSent(k);
    expect(yield* mask(k, fd)).toBe('-');
    expect(yield* recv(k, fd)).toBe('EAGAIN');
    expect(yield* send(k, fd)).toBe('EAGAIN');
    expect(yield* portOf(k, fd, 1)).toBe('ENOTCONN');
    expect(yield* portOf(k, fd)).toBeGreaterThan(32767);
    expect(yield* soError(k, fd)).toBe(0);
    expect(yield* connect(k, fd, 7, 0x0a000002)).toBe('EALREADY');
    expect(yield* listen(k, fd)).toBe('EINVAL');
  });
});

test('T6: the SYN-ACK makes it writable: one edge, and none for a reader', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    const all = yield* watch(k, fd);
    const reader = yield* watch(k, fd, 'IN');
    peer.inject({ flags: SYN | ACK, seq: 0 });
    expect(yield* all.next()).toBe('OUT');
    expect(yield* all.next()).toBe('-');
    expect(yield* reader.next()).toBe('-');
  });
});

test('T7: an RST instead: every watcher hears of the error, also one that asked for nothing', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    const all = yield* watch(k, fd);
    const out = yield* watch(k, fd, 'OUT');
    const reader = yield* watch(k, fd, 'IN');
    const none = yield* watch(k, fd, '');
    peer.inject({ flags: RST | ACK, seq: 0 });
    expect(yield* all.next()).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* out.next()).toBe('OUT ERR HUP');
    expect(yield* reader.next()).toBe('IN ERR HUP');
    expect(yield* none.next()).toBe('ERR HUP');
  });
});

test('an RST without acceptable ACK, and a SYN-ACK with a wrong one, leave a connecting socket alone', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    peer.inject({ flags: RST, seq: 0 });
    peer.inject({ flags: RST | ACK, seq: 0, ack: 500 });
    expect(yield* state(k, fd)).toBe('SYN_SENT');
    peer.inject({ flags: SYN | ACK, seq: 0, ack: 500 });
    expect(peer.heard()).toEqual(['R 500+0']);
    expect(yield* state(k, fd)).toBe('SYN_SENT');
  });
});

test('T8, T9: SO_ERROR takes the error once; a connect after that says ECONNABORTED', () => {
  simulate(function* (k) {
    const fd = yield* refused(k);
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* soError(k, fd)).toBe('ECONNREFUSED');
    expect(yield* soError(k, fd)).toBe(0);
    expect(yield* mask(k, fd)).toBe('IN OUT HUP RDHUP');
    expect(yield* connect(k, fd, 9)).toBe('ECONNABORTED');
    expect(yield* mask(k, fd)).toBe('OUT HUP');
  });
});

test('T10: a connect that collects the refusal makes the socket new; the next one tries again', () => {
  simulate(function* (k) {
    const fd = yield* refused(k);
    expect(yield* connect(k, fd, 9)).toBe('ECONNREFUSED');
    expect(yield* mask(k, fd)).toBe('OUT HUP');
    yield* listener(k, 9000);
    expect(yield* connect(k, fd, 9000)).toBe('EINPROGRESS');
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
  });
});

test('T11, T12: whoever comes first takes the refusal: a read, or a write without a signal', () => {
  simulate(function* (k) {
    const reader = yield* refused(k);
    expect(yield* recv(k, reader)).toBe('ECONNREFUSED');
    expect(yield* recv(k, reader)).toBe(0);
    expect(yield* send(k, reader)).toBe('EPIPE SIGPIPE');
    const writer = yield* refused(k);
    expect(yield* send(k, writer)).toBe('ECONNREFUSED');
    expect(yield* recv(k, writer)).toBe(0);
    expect(yield* send(k, writer)).toBe('EPIPE SIGPIPE');
  });
});

test('T13: shutdown of a refused socket says ENOTCONN, and connect EINVAL until AF_UNSPEC', () => {
  simulate(function* (k) {
    const fd = yield* refused(k);
    expect(yield* shutdown(k, fd, RDWR)).toBe('ENOTCONN');
    expect(yield* connect(k, fd, 9)).toBe('EINVAL');
    expect(yield* unconnect(k, fd)).toBe(0);
    expect(yield* connect(k, fd, 9)).toBe('EINPROGRESS');
  });
});

test('T14: after a non-blocking connect the next one says 0, and only then EISCONN', () => {
  simulate(function* (k) {
    yield* listener(k);
    const fd = yield* tcp(k, NONBLOCK);
    expect(yield* connect(k, fd, 8080)).toBe('EINPROGRESS');
    expect(yield* connect(k, fd, 8080)).toBe(0);
    expect(yield* connect(k, fd, 8080)).toBe('EISCONN');
  });
});

test.each([RD, WR, RDWR])('T15: shutdown(%i) of a connecting socket takes it back to CLOSE with ECONNRESET pending', (how) => {
  simulate(function* (k) {
    const [fd] = yield* synSent(k);
    expect(yield* shutdown(k, fd, how)).toBe(0);
    expect(yield* state(k, fd)).toBe('CLOSE');
    expect(yield* mask(k, fd)).toBe('OUT ERR HUP');
    expect(yield* soError(k, fd)).toBe('ECONNRESET');
    expect(yield* mask(k, fd)).toBe('OUT HUP');
  });
});

test('T16: a thread that waits in connect gets ECONNRESET when another one shuts the socket down', () => {
  simulate(function* (k) {
    new Peer(k);
    const fd = yield* tcp(k);
    let result: unknown;
    thread(k, 'connecter', function* () {
      result = yield* connect(k, fd, 7, 0x0a000002);
    });
    yield* msleep(k, 10);
    expect(yield* shutdown(k, fd, RDWR)).toBe(0);
    yield* msleep(k, 10);
    expect(result).toBe('ECONNRESET');
  });
});

test('T17, T18: shutdown bits set before connect stay: EPIPE on a socket that is connected', () => {
  simulate(function* (k) {
    yield* listener(k);
    const wr = yield* tcp(k);
    expect(yield* shutdown(k, wr, WR)).toBe('ENOTCONN');
    expect(yield* mask(k, wr)).toBe('OUT HUP');
    expect(yield* connect(k, wr, 8080)).toBe(0);
    expect(yield* state(k, wr)).toBe('ESTABLISHED');
    expect(yield* send(k, wr)).toBe('EPIPE SIGPIPE');
    const both = yield* tcp(k);
    expect(yield* shutdown(k, both, RDWR)).toBe('ENOTCONN');
    expect(yield* mask(k, both)).toBe('IN OUT HUP RDHUP');
    expect(yield* connect(k, both, 8080)).toBe(0);
    expect(yield* mask(k, both)).toBe('IN OUT HUP RDHUP');
  });
});

test('T19: crossed SYNs: SYN_RECV shows nothing, the last ACK makes it writable', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    const w = yield* watch(k, fd);
    peer.inject({ flags: SYN, seq: 0 });
    expect(yield* state(k, fd)).toBe('SYN_RECV');
    expect(peer.heard()).toEqual(['S. 0+0 ack 1']);
    expect(yield* mask(k, fd)).toBe('-');
    expect(yield* recv(k, fd)).toBe('EAGAIN');
    expect(yield* send(k, fd)).toBe('EAGAIN');
    expect(yield* w.next()).toBe('-');
    peer.inject({ flags: SYN | ACK, seq: 0 });
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    expect(yield* w.next()).toBe('OUT');
  });
});

test('T100: a blocking connect with SO_SNDTIMEO gives up waiting, not connecting', () => {
  simulate(function* (k) {
    new Peer(k);
    const fd = yield* tcp(k);
    expect(yield* timeo(k, fd, 21, 1)).toBe(0);
    const before = now(k);
    expect(yield* connect(k, fd, 7, 0x0a000002)).toBe('EINPROGRESS');
    expect(now(k) - before).toBe(1000);
    expect(yield* state(k, fd)).toBe('SYN_SENT');
    expect(yield* connect(k, fd, 7, 0x0a000002)).toBe('EALREADY');
  });
});

test('T106: over loopback a non-blocking connect says EINPROGRESS, never 0, and it is done when it returns', () => {
  simulate(function* (k) {
    yield* listener(k);
    const fd = yield* tcp(k, NONBLOCK);
    expect(yield* connect(k, fd, 8080)).toBe('EINPROGRESS');
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    expect(yield* mask(k, fd)).toBe('OUT');
    expect(yield* mask(k, yield* refused(k))).toBe('IN OUT ERR HUP RDHUP');
  });
});

test('T115: a connect that was not collected says 0 once, also when the peer has closed meanwhile', () => {
  simulate(function* (k) {
    const [fd] = yield* closeWait(k);
    expect(yield* connect(k, fd, 7, 0x0a000002)).toBe(0);
    expect(yield* connect(k, fd, 7, 0x0a000002)).toBe('EISCONN');
  });
});

test('T121: a blocking send or recv waits for the handshake', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    yield* sys(k, 'fcntl', fd, 4, 0);
    const results: unknown[] = [];
    thread(k, 'sender', function* () {
      results.push(yield* send(k, fd, 'hello'));
    });
    thread(k, 'receiver', function* () {
      results.push(yield* recv(k, fd));
    });
    yield* msleep(k, 10);
    expect(results).toEqual([]);
    peer.inject({ flags: SYN | ACK, seq: 0 });
    yield* msleep(k, 10);
    expect(results).toEqual([5]);
    expect(peer.bytes()).toBe('hello');
    peer.inject({ flags: ACK, data: 'hi', ack: 6 });
    yield* msleep(k, 10);
    expect(results).toEqual([5, 'hi']);
  });
});

test('T122: sendto with an address: ignored when connected, EPIPE when not, and no port is chosen', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k);
    expect(yield* send(k, fd, 'x', 0)).toBe('EPIPE SIGPIPE');
    expect(yield* portOf(k, fd)).toBe(0);
    const [c, s] = yield* connection(k);
    expect(yield* send(k, c, 'data')).toBe(4);
    expect(yield* recv(k, s)).toBe('data');
  });
});

test('a socket that connects to its own port talks to itself', () => {
  simulate(function* (k) {
    const fd = yield* tcp(k, NONBLOCK);
    expect(yield* bind(k, fd, 5000, 0x7f000001)).toBe(0);
    expect(yield* connect(k, fd, 5000)).toBe('EINPROGRESS');
    expect(yield* state(k, fd)).toBe('ESTABLISHED');
    expect(yield* send(k, fd, 'me')).toBe(2);
    expect(yield* recv(k, fd)).toBe('me');
    expect(yield* shutdown(k, fd, WR)).toBe(0);
    expect(yield* recv(k, fd)).toBe(0);
  });
});

test('connect to 0.0.0.0 goes to loopback; port 0 is a port where nobody listens; other networks cannot be reached', () => {
  simulate(function* (k) {
    yield* listener(k);
    const a = yield* tcp(k);
    expect(yield* connect(k, a, 8080, 0)).toBe(0);
    const b = yield* tcp(k);
    expect(yield* connect(k, b, 0)).toBe('ECONNREFUSED');
    expect(yield* connect(k, b, 80, 0x08080808)).toBe('ENETUNREACH');
    expect(yield* connect(k, b, 80, 0xffffffff)).toBe('ENETUNREACH');
    expect(yield* call(sys(k, 'connect', b, null, 16))).toBe('EFAULT');
    expect(yield* call(sys(k, 'connect', b, null, 200))).toBe('EINVAL');
  });
});

test('connect chooses even ports, bind odd ones', () => {
  simulate(function* (k) {
    yield* listener(k);
    for (let i = 0; i < 5; i++) {
      const c = yield* tcp(k);
      yield* connect(k, c, 8080);
      expect((yield* portOf(k, c)) as number % 2).toBe(0);
      const b = yield* tcp(k);
      yield* bind(k, b, 0);
      expect((yield* portOf(k, b)) as number % 2).toBe(1);
    }
  });
});

test('TS-23: after a refused blocking connect the same socket can connect again', () => {
  simulate(function* (k) {
    const s = yield* tcp(k);
    yield* bind(k, s, 6000);
    const c = yield* tcp(k);
    expect(yield* connect(k, c, 6000)).toBe('ECONNREFUSED');
    yield* listen(k, s);
    expect(yield* connect(k, c, 6000)).toBe(0);
    expect(yield* accept(k, s)).toBeGreaterThan(0);
    expect(yield* getopt(k, s, SOL_SOCKET, 30)).toBe(1);
    expect(yield* getopt(k, c, SOL_SOCKET, 30)).toBe(0);
  });
});
