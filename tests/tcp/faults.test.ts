/**
 * A wire that loses, doubles and swaps segments, and tasks that are stopped at every point: all bytes arrive in order
 * all the same, and everything is given back. SH-W and F.4 of the cases.
 */

import * as fc from 'fast-check';
import { Seeded } from '../../src/kernel/decisions.js';
import { spawn_process } from '../../src/kernel/fork.js';
import type { KernelOptions } from '../../src/kernel/kernel.js';
import { Prng } from '../../src/kernel/prng.js';
import { user_memory } from '../../src/kernel/uaccess.js';
import { tcp_net } from '../../src/tcp/inet_hashtables.js';
import { machine, run, sys } from '../kit.js';
import { accept, connect, listener, recv, shutdown, tcp, WR } from './net.js';

/** What a wire does with a segment, drawn from a stream of its own. */
type Wire = (prng: Prng) => number;

/** A client sends, a server echoes; what came back. */
function echo(total: number, piece: number, wire: Wire | null, options: KernelOptions): Uint8Array {
  const k = machine({ stepBudget: 1e8, ...options });
  const bytes = Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 7)) & 255);
  const back = new Uint8Array(total);
  let at = 0;
  if (wire !== null) {
    const prng = new Prng(options.seed ?? 1);
    tcp_net(k).tap = () => wire(prng);
  }
  spawn_process(k, 'server', function* () {
    const l = yield* listener(k);
    const s = (yield* accept(k, l)) as number;
    const buf = new user_memory(new Uint8Array(piece));
    for (;;) {
      const n = yield* sys(k, 'read', s, buf, piece);
      if (n <= 0) break;
      expect(yield* sys(k, 'write', s, buf, n)).toBe(n);
    }
  });
  spawn_process(k, 'client', function* () {
    yield* sys(k, 'poll', null, 0, 1);
    const c = yield* tcp(k);
    expect(yield* connect(k, c, 8080)).toBe(0);
    spawn_process(k, 'idle', function* () {
      yield* sys(k, 'poll', null, 0, 1);
    });
    for (let sent = 0; sent < total; sent += piece) {
      const part = bytes.subarray(sent, Math.min(sent + piece, total));
      expect(yield* sys(k, 'write', c, new user_memory(part), part.length)).toBe(part.length);
      while (at < sent + part.length) {
        const n = yield* sys(k, 'read', c, new user_memory(back.subarray(at)), piece);
        expect(n).toBeGreaterThan(0);
        at += n;
      }
    }
    yield* shutdown(k, c, WR);
    expect(yield* recv(k, c)).toBe(0);
  });
  run(k);
  expect(at).toBe(total);
  expect(tcp_net(k).socks.size).toBe(0);
  return back;
}

const sample = (total: number): Uint8Array => Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 7)) & 255);

const fate = (lose: number, twice: number, swap: number): Wire => (prng) => {
  const n = prng.below(100);
  if (n < lose) return 1;
  if (n < lose + twice) return 2;
  return n < lose + twice + swap ? 3 : 0;
};

test('20000 bytes arrive intact over a wire that loses a quarter of the segments', () => {
  for (let seed = 1; seed <= 5; seed++) expect(echo(20000, 1000, fate(25, 0, 0), { seed })).toEqual(sample(20000));
});

test('bytes arrive intact whatever a wire loses, doubles and swaps', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 100, max: 20000 }), (seed, lose, twice, swap, piece) => {
      expect(echo(20000, piece, fate(lose, twice, swap), { seed })).toEqual(sample(20000));
    }), { numRuns: 40, seed: 7 });
});

test('bytes arrive intact under every schedule: softirqs left for later, tasks switched at every point', () => {
  for (let seed = 1; seed <= 20; seed++) {
    expect(echo(3000, 700, null, { preempt: 'all', decisions: new Seeded(seed), seed })).toEqual(sample(3000));
  }
});

/** One writes all at once, the other reads; what arrived. */
function bulk(total: number, wire: Wire | null, options: KernelOptions): Uint8Array {
  const k = machine({ stepBudget: 1e8, ...options });
  const got = new Uint8Array(total);
  let at = 0;
  const prng = new Prng(options.seed ?? 1);
  if (wire !== null) tcp_net(k).tap = () => wire(prng);
  spawn_process(k, 'reader', function* () {
    const s = (yield* accept(k, yield* listener(k))) as number;
    for (;;) {
      const n = yield* sys(k, 'read', s, new user_memory(got.subarray(at)), 7000);
      if (n <= 0) break;
      at += n;
    }
  });
  spawn_process(k, 'writer', function* () {
    yield* sys(k, 'poll', null, 0, 1);
    const c = yield* tcp(k);
    expect(yield* connect(k, c, 8080)).toBe(0);
    expect(yield* sys(k, 'write', c, new user_memory(sample(total)), total)).toBe(total);
  });
  run(k);
  expect(at).toBe(total);
  expect(tcp_net(k).socks.size).toBe(0);
  return got;
}

test('a large write arrives intact, with and without losses, and under random schedules', () => {
  const all = sample(400_000);
  const intact = (got: Uint8Array): boolean => got.every((byte, i) => byte === all[i]);
  expect(intact(bulk(400_000, null, {}))).toBe(true);
  for (let seed = 1; seed <= 8; seed++) {
    expect(intact(bulk(400_000, fate(15, 5, 10), { seed }))).toBe(true);
    expect(intact(bulk(400_000, fate(10, 5, 10), { seed, preempt: 'all', decisions: new Seeded(seed) }))).toBe(true);
  }
});
