/**
 * What holds on a link whatever becomes of the packets: all bytes arrive, in order and once; sequence numbers may wrap; every single
 * loss is survived; and the link, the rate and the sizes of writes do not matter.
 */

import * as fc from 'fast-check';
import { AF_INET, SHUT_WR, SOCK_STREAM } from '../../src/index.js';
import type { Decisions, LinkOptions, Sleeps, Sys } from '../../src/scenario/index.js';
import { Fates, nothingLeft, twoHosts } from './hosts.js';

/** Bytes that show where they belong. */
const sample = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 255);

function* sendAll(sys: Sys, fd: number, bytes: Uint8Array, piece: number): Sleeps<void> {
  for (let at = 0; at < bytes.length; ) at += sys.must(yield* sys.write(fd, bytes.subarray(at, Math.min(at + piece, bytes.length))));
}

function* readAll(sys: Sys, fd: number, piece: number): Sleeps<number[]> {
  const got: number[] = [];
  for (;;) {
    const { ret, bytes } = yield* sys.read(fd, piece);
    if (ret === 0) return got;
    sys.must(ret);
    got.push(...bytes);
  }
}

const INTACT = ['intact', 'intact'];

interface Talk {
  readonly total: number;
  readonly piece: number;
  readonly link: LinkOptions;
  readonly decisions: Decisions;
  /** initial sequence numbers of both sides */
  readonly isn?: number;
}

/** What is wrong with the bytes that arrived; `intact` for nothing. */
function verdict(got: readonly number[], sent: Uint8Array): string {
  const wrong = got.findIndex((byte, at) => byte !== sent[at]);
  if (wrong >= 0) return `byte ${wrong} of ${sent.length} is wrong`;
  return got.length === sent.length ? 'intact' : `${got.length} of ${sent.length} bytes`;
}

/** Both hosts send `total` bytes to each other at once and close. How each found what it got. */
function talk({ total, piece, link, decisions, isn }: Talk): string[] {
  const { m, a, b } = twoHosts(link, { decisions, preempt: 'never' });
  if (isn !== undefined) for (const host of [a, b]) host.kernel.prng.next = () => isn;
  const got: [number[], number[]] = [[], []];
  const bytes = sample(total);
  function* speak(sys: Sys, fd: number, side: 0 | 1): Sleeps<void> {
    let written = false;
    yield* sys.thread(function* writer(sys) {
      yield* sendAll(sys, fd, bytes, piece);
      sys.must(yield* sys.shutdown(fd, SHUT_WR));
      written = true;
    });
    got[side] = yield* readAll(sys, fd, piece);
    while (!written) yield* sys.msleep(10); // the end of the first thread is the end of the process
  }
  a.process('server', function* (sys) {
    const listener = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.must(yield* sys.bind(listener, { port: 80, host: '0.0.0.0' }));
    sys.must(yield* sys.listen(listener, 4));
    yield* speak(sys, sys.must(yield* sys.accept(listener)), 0);
  });
  b.process('client', function* (sys) {
    yield* sys.msleep(1);
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
    sys.must(yield* sys.connect(fd, { port: 80, host: '10.0.0.1' }));
    yield* speak(sys, fd, 1);
  });
  expect(m.run()).toMatchObject({ halt: 'finished', left: [], failures: [] });
  nothingLeft(m);
  return got.map((each) => verdict(each, bytes));
}

const fates = (most: number): fc.Arbitrary<Decisions> => fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) }), { maxLength: most })
  .map((list) => Object.assign(new Fates(list), { toString: () => `Fates(${list.join('')})` }));

const links: fc.Arbitrary<LinkOptions> = fc.record({
  delayMs: fc.constantFrom(0, 0.1, 5, 150), bytesPerSecond: fc.constantFrom(20_000, 1e6, Infinity), mtu: fc.constantFrom(576, 1500, 9000),
  queueBytes: fc.constantFrom(3000, 1e6),
});

test('bytes arrive complete, in order and once, under any fate of packets', () => {
  fc.assert(fc.property(fates(60), links, fc.integer({ min: 1, max: 12_000 }), fc.integer({ min: 1, max: 5000 }), (decisions, link, total, piece) => {
    const size = Math.max(piece, total >> 4);
    expect(talk({ total, piece: size, link, decisions })).toEqual(INTACT);
  }), { numRuns: 60, seed: 11 });
});

test.each([['lost', 1], ['doubled', 2], ['late', 3]])('every packet of a conversation may be the one that is %s', (_name, fate) => {
  for (let which = 0; which < 20; which++) {
    const decisions = new Fates([...Array.from({ length: which }, () => 0), fate]);
    expect(talk({ total: 4000, piece: 1500, link: { delayMs: 5 }, decisions })).toEqual(INTACT);
  }
});

test('each of two packets in a row may be lost, and each of three', () => {
  for (let which = 0; which < 12; which++) {
    for (const lost of [[1, 1], [1, 1, 1], [1, 0, 1]]) {
      const decisions = new Fates([...Array.from({ length: which }, () => 0), ...lost]);
      expect(talk({ total: 3000, piece: 3000, link: { delayMs: 5 }, decisions })).toEqual(INTACT);
    }
  }
});

test('sequence numbers wrap, at 2^32 and at the sign, with and without losses', () => {
  fc.assert(fc.property(fc.constantFrom(0xffffffff, 0x7fffffff), fc.integer({ min: 0, max: 6000 }), fates(30), (edge, before, decisions) => {
    expect(talk({ total: 6000, piece: 2000, link: { delayMs: 2 }, decisions, isn: (edge - before) >>> 0 })).toEqual(INTACT);
  }), { numRuns: 25, seed: 5 });
});
