/**
 * How long FIN_WAIT1 lasts: until the peer's ACK of the FIN, and that may be delayed. Each row was measured on Linux 6.18 over loopback, with
 * reno, on the CPU that keeps the time: FIN_WAIT2 after at most so many ticks of 4 ms as said; on another CPU timers see each tick when the next one comes.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { msleep } from '../kernel/calls.js';
import { simulate } from '../kit.js';
import { connection, recv, send, shutdown, state, WR } from './net.js';

type End = 'client' | 'server';

/** Six requests and replies: both ends expect to answer, and delay their ACKs. */
function* chat(k: Kernel, c: number, s: number): Sleeps<void> {
  for (let i = 0; i < 6; i++) {
    yield* send(k, c, 50);
    yield* recv(k, s, 50);
    yield* send(k, s, 50);
    yield* recv(k, c, 50);
  }
}

/** Milliseconds in FIN_WAIT1 after shutdown(SHUT_WR); the state is looked at once a millisecond. */
function finWait1(prepare: (k: Kernel, c: number, s: number) => Sleeps<void>, end: End): number {
  let ms = 0;
  simulate(function* (k) {
    const [c, s] = yield* connection(k);
    yield* prepare(k, c, s);
    const fd = end === 'client' ? c : s;
    expect(yield* shutdown(k, fd, WR)).toBe(0);
    while ((yield* state(k, fd)) === 'FIN_WAIT1') {
      yield* msleep(k, 1);
      ms++;
    }
    expect(yield* state(k, fd)).toBe('FIN_WAIT2');
  });
  return ms;
}

test.each<[string, End, number, (k: Kernel, c: number, s: number) => Sleeps<void>]>([
  ['nothing was sent: the next tick', 'client', 1, function* () {}],
  ['the server is first: the next tick', 'server', 1, function* () {}],
  ['some time after connect: the next tick', 'client', 1, function* (k) { yield* msleep(k, 60); }],
  ['one byte before it, not read: a delayed ACK', 'client', 11, function* (k, c) { yield* send(k, c, 1); }],
  ['one byte before it, read: a delayed ACK', 'client', 11, function* (k, c, s) { yield* send(k, c, 1); yield* recv(k, s); }],
  ['60000 bytes before it, not read: the ACK is hardly delayed', 'client', 2, function* (k, c) { yield* send(k, c, 60000); }],
  ['60000 bytes before it, read: a delayed ACK', 'client', 11, function* (k, c, s) { yield* send(k, c, 60000); yield* recv(k, s, 60000); }],
  ['after requests and replies: a delayed ACK', 'client', 11, chat],
  ['after requests and replies, with one byte more: soon', 'client', 2, function* (k, c, s) { yield* chat(k, c, s); yield* send(k, c, 1); }],
  ['with the last reply: soon', 'server', 2, function* (k, c, s) { yield* chat(k, c, s); yield* send(k, c, 50); yield* recv(k, s, 50); yield* send(k, s, 50); }],
  ['after requests and replies, with a large segment more: at once', 'client', 0, function* (k, c, s) { yield* chat(k, c, s); yield* send(k, c, 1000); }],
  ['after forty small segments that nobody read: at once', 'client', 0, function* (k, c) { for (let i = 0; i < 40; i++) yield* send(k, c, 50); }],
])('FIN_WAIT1, %s', (_name, end, ticks, prepare) => {
  const ms = finWait1(prepare, end);
  expect(Math.ceil(ms / 4)).toBe(ticks);
});
