/**
 * Two hosts, random calls, random faults, random schedules: what must hold inside holds at every step, and when the programs have ended
 * every socket comes to its end, on a link that works, is cut, or is dead. No state is left without a way out.
 */

import * as fc from 'fast-check';
import { AF_INET, POLLIN, POLLOUT, SO_KEEPALIVE, SO_LINGER, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, SOL_TCP } from '../../src/index.js';
import type { Host, Link, Sleeps, Sys } from '../../src/scenario/index.js';
import { nothingLeft, twoHosts } from './hosts.js';

/** One thing that a program does; `n` is a size, a port, a socket or a time, as it fits. */
interface Op {
  readonly what: 'listen' | 'connect' | 'accept' | 'send' | 'recv' | 'shutdown' | 'close' | 'linger' | 'keepalive' | 'sleep' | 'cut' | 'mend' | 'datagram' | 'both';
  readonly which: number;
  readonly n: number;
}

const op: fc.Arbitrary<Op> = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('listen' as const, 'connect' as const, 'accept' as const, 'send' as const, 'recv' as const, 'recv' as const) },
    { weight: 5, arbitrary: fc.constantFrom('sleep' as const, 'shutdown' as const, 'close' as const) },
    { weight: 3, arbitrary: fc.constantFrom('linger' as const, 'keepalive' as const, 'cut' as const, 'mend' as const, 'datagram' as const, 'both' as const) },
  ),
  which: fc.nat({ max: 7 }),
  n: fc.nat({ max: 3 }),
});

const SIZES = [1, 1000, 5000, 200_000];
const TIMES = [1, 30, 300, 4000];

/** What came about in all runs together: the calls are random, and must not miss each other always. */
interface Seen {
  accepted: number;
  received: number;
}

/** Makes a socket, bound to a port or not. */
function* socket(sys: Sys, fds: number[], type: number, port: number): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, type | SOCK_NONBLOCK));
  fds.push(fd);
  if (port > 0) yield* sys.bind(fd, { port, host: '0.0.0.0' });
  return fd;
}

function* perform(sys: Sys, { what, which, n }: Op, fds: number[], other: string, cable: Link, seen: Seen): Sleeps<void> {
  // the newest socket most often
  const fd = fds[Math.max(0, fds.length - 1 - (which >> 1))] ?? 99;
  switch (what) {
    case 'listen': yield* sys.listen(yield* socket(sys, fds, SOCK_STREAM, 80 + (n & 1)), n); break;
    case 'connect': {
      const conn = yield* socket(sys, fds, SOCK_STREAM, 0);
      yield* sys.connect(conn, { port: 80 + (n & 1), host: other });
      yield* sys.poll([{ fd: conn, events: POLLOUT }], TIMES[1 + (which % 2)]!);
      break;
    }
    // from a fixed port to the same port: both hosts may do that at once
    case 'both': yield* sys.connect(yield* socket(sys, fds, SOCK_STREAM, 700 + n), { port: 700 + n, host: other }); break;
    case 'datagram': yield* sys.sendto(yield* socket(sys, fds, SOCK_DGRAM, 0), 'hello', 0, { port: 9, host: other }); break;
    case 'accept': {
      yield* sys.poll([{ fd: fds[0] ?? 99, events: POLLIN }], 1000);
      const conn = yield* sys.accept4(fds[0] ?? 99, SOCK_NONBLOCK);
      if (conn < 0) break;
      fds.push(conn);
      seen.accepted++;
      break;
    }
    case 'send': yield* sys.send(fd, new Uint8Array(SIZES[n]!), 0x4000); break;
    case 'recv': {
      yield* sys.poll([{ fd, events: POLLIN }], 100);
      if ((yield* sys.recv(fd, SIZES[n]!)).ret > 0) seen.received++;
      break;
    }
    case 'shutdown': yield* sys.shutdown(fd, n % 3); break;
    case 'close': {
      yield* sys.close(fd);
      fds.splice(fds.indexOf(fd), 1);
      break;
    }
    case 'linger': yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, new Uint8Array([n & 1, 0, 0, 0, n >> 1, 0, 0, 0])); break;
    case 'keepalive': {
      yield* sys.setsockopt(fd, SOL_TCP, 4, 1 + n);
      yield* sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
      break;
    }
    case 'sleep': yield* sys.msleep(TIMES[n]!); break;
    case 'cut': cable.cut(n % 2 === 0 ? 'cable' : 'silent'); break;
    case 'mend': cable.mend(); break;
  }
}

/** A program on `host` that listens, and then does what is listed. */
function start(host: Host, other: Host, ops: readonly Op[], cable: Link, seen: Seen): void {
  host.process(host.name, function* (sys) {
    const fds: number[] = [];
    yield* sys.listen(yield* socket(sys, fds, SOCK_STREAM, 80), 3);
    // most runs begin with a connection between the two, and data on it
    const first: Op = { what: host.name === 'a' ? 'accept' : 'connect', which: 1, n: 0 };
    for (const each of [first, { what: 'send', which: 0, n: 1 } as const, ...ops]) yield* perform(sys, each, fds, other.address!, cable, seen);
  });
}

const ops = fc.array(op, { minLength: 1, maxLength: 20, size: 'max' });
const link = fc.record({ delayMs: fc.constantFrom(0, 1, 40), bytesPerSecond: fc.constantFrom(50_000, Infinity) });

test('two hosts, random calls and faults: what must hold holds at every step, and every socket ends', () => {
  const seen: Seen = { accepted: 0, received: 0 };
  fc.assert(fc.property(fc.nat({ max: 1e6 }), link, ops, ops, (seed, wire, first, second) => {
    const { m, a, b, cable } = twoHosts(wire, { seed });
    start(a, b, first, cable, seen);
    start(b, a, second, cable, seen);
    for (let step = 0; ; step++) {
      if (typeof m.step() === 'string') break;
      if (step % 25 === 0) m.checkInvariants();
    }
    nothingLeft(m);
  }), { numRuns: 80, seed: 3 });
  expect(seen.accepted).toBeGreaterThan(20);
  expect(seen.received).toBeGreaterThan(5);
});

test('the same on a dead link from the middle on: orphans, half-open connections and listeners all have a way out', () => {
  const seen: Seen = { accepted: 0, received: 0 };
  fc.assert(fc.property(fc.nat({ max: 1e6 }), fc.constantFrom('cable' as const, 'silent' as const), fc.integer({ min: 1, max: 2000 }), ops, ops, (seed, how, when, first, second) => {
    const { m, a, b, cable } = twoHosts({ delayMs: 2 }, { seed });
    start(a, b, first.filter(({ what }) => what !== 'mend'), cable, seen);
    start(b, a, second.filter(({ what }) => what !== 'mend'), cable, seen);
    m.at(when, () => cable.cut(how));
    expect(m.run().halt).toBe('finished');
    nothingLeft(m);
  }), { numRuns: 60, seed: 4 });
  expect(seen.accepted).toBeGreaterThan(5);
});
