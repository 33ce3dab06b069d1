/** shutdown and close: T70..T83, and the cases of packetdrill about them. */

import type { Kernel } from '../../src/kernel/kernel.js';
import { simulate } from '../kit.js';
import { msleep, now, thread } from '../kernel/calls.js';
import {
  accept, ACK, ask, close, connect, connection, established, FIN, listen, listener, mask, NONBLOCK, PSH, recv, send, setopt, shutdown, SIOCINQ, SOL_SOCKET,
  state, SYN, synSent, tcp, watch, RD, RDWR, WR,
} from './net.js';

const SO_LINGER = 13;

test('T70, T71: SHUT_RD sends nothing and drops nothing: later data is acknowledged, an event, and read', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'abc' });
    peer.heard();
    expect(yield* shutdown(k, fd, RD)).toBe(0);
    expect(peer.heard()).toEqual([]);
    const w = yield* watch(k, fd, 'IN');
    peer.inject({ flags: ACK | PSH, data: 'def' });
    expect(peer.heard()).toEqual(['. 1+0 ack 7']);
    expect(yield* w.next()).toBe('IN');
    expect(yield* recv(k, fd)).toBe('abcdef');
    expect(yield* recv(k, fd)).toBe(0);
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['F. 1+0 ack 7']);
  });
});

test('T72: SHUT_RDWR: data of the peer resets the connection', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* shutdown(k, fd, RDWR);
    peer.heard();
    peer.inject({ flags: ACK | PSH, data: 'abc', ack: 2 });
    expect(peer.heard().at(-1)).toMatch(/^R/);
    expect(yield* mask(k, fd)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* recv(k, fd)).toBe('ECONNRESET');
  });
});

test('T74: close with unread data sends an RST; the peer reads its own unread data first', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* send(k, c, 'unread');
    yield* send(k, s, 'bye');
    yield* close(k, s);
    expect(yield* mask(k, c)).toBe('IN OUT ERR HUP RDHUP');
    expect(yield* recv(k, c)).toBe('bye');
    expect(yield* recv(k, c)).toBe('ECONNRESET');
  });
});

test('T75: close with unread data beyond a hole only: a FIN', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, seq: 10, data: 'abc' });
    peer.heard();
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['F. 1+0 ack 1']);
  });
});

test('T76: an urgent byte that was taken with MSG_OOB still counts as unread: RST', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'X', urg: 1 });
    expect(yield* recv(k, fd, 1, 1)).toBe('X');
    peer.heard();
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['R. 1+0 ack 2']);
  });
});

test('T77: linger 0 is an RST and what was not sent is lost', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    let sent = 0;
    for (let n = yield* send(k, c, 65536); typeof n === 'number'; n = yield* send(k, c, 65536)) sent += n;
    yield* setopt(k, c, SOL_SOCKET, SO_LINGER, 1, 0);
    yield* close(k, c);
    let got = 0;
    for (let n = yield* recv(k, s, 65536); typeof n === 'number' && n > 0; n = yield* recv(k, s, 65536)) got += n;
    expect(sent).toBe(2625024);
    expect(got).toBeLessThan(200000);
    expect(yield* recv(k, s)).toBe(0);
  });
});

test('T77: linger 2 s with a peer that does not read: close takes 2 s, also without blocking, and all arrives', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    let sent = 0;
    for (let n = yield* send(k, c, 65536); typeof n === 'number'; n = yield* send(k, c, 65536)) sent += n;
    yield* setopt(k, c, SOL_SOCKET, SO_LINGER, 1, 2);
    const before = now(k);
    expect(yield* close(k, c)).toBe(0);
    expect(now(k) - before).toBe(2000);
    let got = 0;
    for (let quiet = 0; quiet < 20;) {
      const n = yield* recv(k, s, 65536);
      if (n === 0) break;
      if (typeof n === 'number') got += n;
      else {
        quiet++;
        yield* msleep(k, 100);
      }
    }
    expect(got).toBe(sent);
  });
});

test('T78: linger with an acknowledged FIN or with unread data returns soon', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* setopt(k, c, SOL_SOCKET, SO_LINGER, 1, 10);
    const before = now(k);
    yield* close(k, c);
    expect(now(k) - before).toBeLessThan(100);
    yield* close(k, s);
    const d = yield* tcp(k);
    yield* setopt(k, d, SOL_SOCKET, SO_LINGER, 1, 10);
    expect(yield* close(k, d)).toBe(0);
    expect(now(k) - before).toBeLessThan(100);
  });
});

test('T80: closing a descriptor does not wake its reader, and the connection stays open until it returns', () => {
  simulate(function* (k) {
    const [c, s] = yield* connection(k, 8080, 0);
    let got: unknown;
    thread(k, 'reader', function* () {
      got = yield* recv(k, s);
    });
    yield* msleep(k, 1);
    yield* close(k, s);
    yield* msleep(k, 100);
    expect(got).toBeUndefined();
    expect(yield* mask(k, c)).toBe('OUT');
    yield* send(k, c, 'late');
    yield* msleep(k, 10);
    expect(got).toBe('late');
    expect(yield* mask(k, c)).toBe('IN OUT RDHUP');
  });
});

test('T81: shutdown(RD) ends an accept that waits, with EINVAL; shutdown(WR) does not; the socket can listen again', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    let got: unknown;
    thread(k, 'accepter', function* () {
      got = yield* accept(k, l);
    });
    yield* msleep(k, 1);
    expect(yield* shutdown(k, l, WR)).toBe(0);
    yield* msleep(k, 10);
    expect(got).toBeUndefined();
    expect(yield* shutdown(k, l, RD)).toBe(0);
    yield* msleep(k, 10);
    expect(got).toBe('EINVAL');
    expect(yield* mask(k, l)).toBe('OUT HUP');
    expect(yield* listen(k, l)).toBe(0);
    const c = yield* tcp(k);
    expect(yield* connect(k, c, 8080)).toBe(0);
  });
});

test('T82: closing or shutting a listener resets the connections that wait', () => {
  for (const end of [close, (k: Kernel, l: number) => shutdown(k, l, RD)]) {
    simulate(function* (k) {
      const l = yield* listener(k);
      const c = yield* tcp(k, NONBLOCK);
      yield* connect(k, c, 8080);
      yield* end(k, l);
      expect(yield* recv(k, c)).toBe('ECONNRESET');
    });
  }
});

test('T83: shutdown(WR) of a listener changes nothing, but wakes: a watcher sees what is there', () => {
  simulate(function* (k) {
    const l = yield* listener(k);
    const w = yield* watch(k, l, 'IN');
    yield* shutdown(k, l, WR);
    expect(yield* w.next()).toBe('-');
    const c = yield* tcp(k);
    yield* connect(k, c, 8080);
    expect(yield* w.next()).toBe('IN');
    yield* shutdown(k, l, WR);
    expect(yield* w.next()).toBe('IN');
    expect(yield* state(k, l)).toBe('LISTEN');
  });
});

test('CL-2: close of a connecting socket sends nothing; the SYN-ACK that comes then is answered by an RST', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* synSent(k);
    yield* close(k, fd);
    expect(peer.heard()).toEqual([]);
    yield* msleep(k, 100);
    peer.inject({ flags: SYN | ACK, seq: 0 });
    expect(peer.heard()).toEqual(['R 1+0']);
  });
});

test('CL-3: FIN of the peer, close, ACK: a further segment meets nothing and gets an RST', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: FIN | ACK });
    expect(yield* recv(k, fd)).toBe(0);
    yield* close(k, fd);
    expect(peer.heard().at(-1)).toBe('F. 1+0 ack 2');
    peer.inject({ flags: ACK, ack: 2 });
    peer.inject({ flags: ACK, ack: 2 });
    expect(peer.heard()).toEqual(['R 2+0']);
  });
});

test('CL-4: data that was read already comes again with a FIN: the FIN counts, and close sends a FIN', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    peer.inject({ flags: ACK | PSH, data: 'x'.repeat(30) });
    expect(yield* recv(k, fd)).toHaveLength(30);
    peer.heard();
    peer.inject({ flags: ACK | PSH | FIN, seq: 1, data: 'x'.repeat(30) });
    yield* msleep(k, 45);
    expect(peer.heard()).toEqual(['. 1+0 ack 32']);
    expect(yield* recv(k, fd)).toBe(0);
    yield* close(k, fd);
    expect(peer.heard()).toEqual(['F. 1+0 ack 32']);
  });
});

test('SH-2: after SHUT_RD and reading the end, data is still acknowledged and read; SHUT_WR closes the other way', () => {
  simulate(function* (k) {
    const [fd, peer] = yield* established(k);
    yield* shutdown(k, fd, RD);
    expect(yield* recv(k, fd)).toBe(0);
    peer.inject({ flags: ACK | PSH, data: 'more' });
    expect(yield* ask(k, fd, SIOCINQ)).toBe(4);
    expect(yield* recv(k, fd)).toBe('more');
    expect(yield* send(k, fd, 'answer')).toBe(6);
    peer.heard();
    yield* shutdown(k, fd, WR);
    expect(peer.heard()).toEqual(['F. 7+0 ack 5']);
    expect(yield* send(k, fd)).toBe('EPIPE SIGPIPE');
  });
});

test('data for an orphan in FIN_WAIT2 is answered by an RST; a bare FIN by an ACK', () => {
  for (const [segment, answer] of [[{ flags: ACK | PSH, data: 'x', ack: 2 }, /^R/], [{ flags: ACK | FIN, ack: 2 }, /^\. 2\+0 ack 2/]] as const) {
    simulate(function* (k) {
      const [fd, peer] = yield* established(k);
      yield* close(k, fd);
      peer.inject({ flags: ACK, ack: 2 });
      peer.heard();
      peer.inject(segment);
      expect(peer.heard()[0]).toMatch(answer);
    });
  }
});
