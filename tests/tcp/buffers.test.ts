/**
 * How much goes in before EAGAIN, measured on Linux 6.18 over loopback with cubic (writes of 100 bytes and more gave the
 * same numbers in every run): the model takes the same bytes, because it cuts, merges and charges buffers as Linux does.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { mem, simulate, sys } from '../kit.js';
import { msleep } from '../kernel/calls.js';
import { accept, ask, bind, connect, listen, NONBLOCK, setopt, SIOCINQ, SIOCOUTQ, sockOf, SOL_SOCKET, tcp } from './net.js';

/** Writes until EAGAIN; how much went in. */
function* fill(k: Kernel, fd: number, size: number): Sleeps<number> {
  const buf = mem(size);
  let total = 0;
  for (;;) {
    const n = yield* sys(k, 'write', fd, buf, size);
    if (n < 0) return total;
    total += n;
  }
}

/** Fills, waits for delayed ACKs and goes on until nothing more goes in: [first, in the peer's queue, in our queue]. */
function measure(sndbuf: number, rcvbuf: number, size: number): number[] {
  return simulate(function* (k) {
    const l = yield* tcp(k);
    if (rcvbuf > 0) yield* setopt(k, l, SOL_SOCKET, 8, rcvbuf);
    yield* bind(k, l, 8080);
    yield* listen(k, l);
    const c = yield* tcp(k);
    if (sndbuf > 0) yield* setopt(k, c, SOL_SOCKET, 7, sndbuf);
    yield* connect(k, c, 8080);
    const s = (yield* accept(k, l, NONBLOCK)) as number;
    yield* sys(k, 'fcntl', c, 4, NONBLOCK);
    const first = yield* fill(k, c, size);
    const sk = sockOf(k, c);
    expect(sk.sk_wmem_queued).toBeGreaterThanOrEqual(sk.sk_sndbuf);
    expect(sk.sk_wmem_queued).toBeLessThanOrEqual(sk.sk_sndbuf + 65536 + 832);
    do yield* msleep(k, 300);
    while ((yield* fill(k, c, size)) > 0);
    return [first, (yield* ask(k, s, SIOCINQ)) as number, (yield* ask(k, c, SIOCOUTQ)) as number];
  }, { stepBudget: 1e9 });
}

test.each([
  // SO_SNDBUF, SO_RCVBUF (0: default), bytes a write; first EAGAIN, then in the peer's queue and in ours
  [0, 0, 1460, 2639016, 127144, 2594816],
  [0, 0, 4096, 2616832, 114176, 2608128],
  [0, 0, 65536, 2625024, 128512, 2591744],
  [4096, 4096, 100, 6000, 4496, 7404],
  [4096, 4096, 1460, 8760, 5840, 8760],
  [4096, 4096, 4096, 10240, 4096, 8192],
  [4096, 4096, 65536, 10240, 4096, 8192],
  [16384, 16384, 100, 40100, 26184, 32016],
  [16384, 16384, 1460, 37960, 27740, 32120],
  [16384, 16384, 4096, 45056, 28672, 32768],
  [16384, 16384, 65536, 40960, 24576, 32768],
  [65536, 65536, 100, 163100, 128455, 138555],
  [65536, 65536, 1460, 190272, 127138, 163992],
  [65536, 65536, 4096, 159744, 112784, 156696],
  [65536, 65536, 65536, 196608, 127575, 163867],
  [262144, 262144, 100, 591064, 519799, 523864],
  [262144, 262144, 1460, 610280, 515078, 523864],
  [262144, 262144, 4096, 667224, 516703, 523864],
  [16384, 0, 4096, 85504, 129536, 52736],
  [1, 1, 100, 2300, 1152, 3456],
  [1, 1, 1460, 4032, 1152, 3456],
  [1, 1, 65536, 4032, 1152, 3456],
])('SO_SNDBUF %i, SO_RCVBUF %i, writes of %i: %i bytes until EAGAIN, then %i at the peer and %i here', (sndbuf, rcvbuf, size, ...expected) => {
  expect(measure(sndbuf, rcvbuf, size)).toEqual(expected);
});

test('with 262144 / 262144 and writes of 65536 the total is Linux\'s, split 816 bytes otherwise', () => {
  const [first, peer, own] = measure(262144, 262144, 65536);
  expect(first).toBe(655254);
  expect(peer! + own!).toBe(516511 + 531641);
});
