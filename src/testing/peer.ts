/**
 * A peer of the loop under test: when it connects, what it sends and in which pieces, how fast it reads, and how it leaves. It is data, so that it
 * can be generated, made smaller, printed and put into a recording, and it is a program.
 */

import {
  AF_INET, ECONNREFUSED, MSG_NOSIGNAL, SHUT_WR, SO_LINGER, SO_RCVTIMEO, SOCK_STREAM, SOL_SOCKET, type Program, type Sleeps, type Sys,
} from '../scenario/index.js';

/** One thing that a peer does. */
export type PeerStep =
  /** sends so many bytes with one call */
  | { readonly do: 'send'; readonly bytes: number }
  /** does nothing for a while */
  | { readonly do: 'pause'; readonly ms: number }
  /** reads once, so many bytes at most; sleeps until there is something, but no longer than 20 ms */
  | { readonly do: 'read'; readonly bytes: number };

/**
 * How a peer leaves: `close` reads what it is owed and closes; `halfClose` ends its sending side first and reads to the end; `leave` closes without
 * reading; `reset` breaks the connection off (RST); `vanish` stays connected and never does anything again.
 */
export type Farewell = 'close' | 'halfClose' | 'leave' | 'reset' | 'vanish';

/** A peer. */
export interface Peer {
  /** milliseconds after the start */
  readonly atMs: number;
  readonly steps: readonly PeerStep[];
  readonly end: Farewell;
}

/** Byte `at` of what peer `number` sends: printable, and different enough that a swap shows. */
export function byteOf(number: number, at: number): number {
  return 0x21 + ((number * 29 + at * 7 + (at >> 4)) % 94);
}

function bytesOf(number: number, from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => byteOf(number, from + i));
}

/** Reads until so many bytes are there, or the end, or an error. Sleeps until then. @returns how many bytes */
function* readUpTo(sys: Sys, fd: number, bytes: number): Sleeps<number> {
  let got = 0;
  while (got < bytes) {
    const { ret } = yield* sys.read(fd, Math.min(4096, bytes - got));
    if (ret <= 0) break;
    got += ret;
  }
  return got;
}

/** Does one step. Sleeps as it says. @returns bytes sent (positive) or read (negative) */
function* take(sys: Sys, fd: number, step: PeerStep, number: number, sent: number): Sleeps<number> {
  if (step.do === 'pause') {
    yield* sys.msleep(step.ms);
    return 0;
  }
  if (step.do === 'read') return -Math.max(0, (yield* sys.read(fd, step.bytes)).ret);
  return Math.max(0, yield* sys.send(fd, bytesOf(number, sent, step.bytes), MSG_NOSIGNAL));
}

/** Leaves. Sleeps while there is something to read that the peer is owed. */
function* leave(sys: Sys, fd: number, end: Farewell, owed: number): Sleeps<void> {
  if (end === 'vanish') yield* sys.pause();
  if (end === 'halfClose') yield* sys.shutdown(fd, SHUT_WR);
  if (end === 'close' || end === 'halfClose') {
    yield* sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { us: 0 });
    yield* readUpTo(sys, fd, end === 'halfClose' ? Infinity : owed);
  }
  if (end === 'reset') yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
  yield* sys.close(fd);
}

/** How often a peer that is refused tries again, a millisecond apart: the loop may come to listen later. */
const TRIES = 20;

/** Connects. Sleeps until it stands. @returns the descriptor; -1: the way there is broken */
function* connectTo(sys: Sys, address: Where): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  for (let tries = 1; ; tries++) {
    const ret = yield* sys.connect(fd, address);
    if (ret === 0) return fd;
    if (ret !== -ECONNREFUSED) return -1;
    if (tries === TRIES) throw new Error(`nobody listens at ${address.host}:${address.port}: the loop is to bind to the address that it is given`);
    yield* sys.msleep(1);
  }
}

/** An address to listen at. */
export interface Where {
  readonly port: number;
  readonly host: string;
}

/**
 * A peer as a program.
 * @param number which of the peers it is: it says what its bytes are
 * @param answered how many bytes it is owed for so many; a peer that says `close` waits for them
 */
export function peerProgram(peer: Peer, number: number, address: Where, answered: (bytes: number) => number): Program {
  return function* client(sys) {
    yield* sys.msleep(peer.atMs);
    const fd = yield* connectTo(sys, address);
    if (fd < 0) return;
    yield* sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { us: 20_000 });
    let sent = 0;
    let got = 0;
    for (const step of peer.steps) {
      const moved = yield* take(sys, fd, step, number, sent);
      if (moved > 0) sent += moved;
      else got -= moved;
    }
    yield* leave(sys, fd, peer.end, answered(sent) - got);
  };
}

const STEP_LETTERS = { send: 's', pause: 'p', read: 'r' } as const;
const END_LETTERS: Readonly<Record<Farewell, string>> = { close: 'c', halfClose: 'h', leave: 'l', reset: 'x', vanish: 'v' };

const amountOf = (step: PeerStep): number => (step.do === 'pause' ? step.ms : step.bytes);

/** A peer in a few characters: `1s2p5c` connects at 1 ms, sends 2 bytes, pauses 5 ms, closes. */
export function peerText({ atMs, steps, end }: Peer): string {
  return `${atMs}${steps.map((step) => `${STEP_LETTERS[step.do]}${amountOf(step)}`).join('')}${END_LETTERS[end]}`;
}

/** Reads what peerText() wrote; null: it is none. */
export function parsePeer(text: string): Peer | null {
  const [whole, at, middle, last] = /^(\d+)((?:[spr]\d+)*)([chlxv])$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const steps = [...middle!.matchAll(/([spr])(\d+)/g)].map(([, letter, amount]): PeerStep => {
    if (letter === 'p') return { do: 'pause', ms: Number(amount) };
    return { do: letter === 's' ? 'send' : 'read', bytes: Number(amount) };
  });
  const end = (Object.keys(END_LETTERS) as Farewell[]).find((name) => END_LETTERS[name] === last)!;
  return { atMs: Number(at), steps, end };
}

const STEP_WORDS = { send: (n: number) => `sends ${n}`, pause: (n: number) => `pauses ${n} ms`, read: (n: number) => `reads up to ${n}` };
const END_WORDS: Readonly<Record<Farewell, string>> = {
  close: 'reads its answer and closes', halfClose: 'ends its side and reads to the end', leave: 'closes without reading', reset: 'resets', vanish: 'vanishes',
};

/** A peer in words. */
export function peerSentence({ atMs, steps, end }: Peer): string {
  return [`connects at ${atMs} ms`, ...steps.map((step) => STEP_WORDS[step.do](amountOf(step))), END_WORDS[end]].join(', ');
}
