/**
 * Arbitraries of fast-check for all that an event loop meets. They grow small things first and shrink in the terms of the domain: fewer peers, fewer
 * and merged segments, fewer bytes, no pause, a packet that arrives after all, an order that is left less often.
 */

import * as fc from 'fast-check';
import type { Fate } from '../scenario/index.js';
import { lists } from './list.js';
import type { Farewell, Peer, PeerStep } from './peer.js';
import { Schedule } from './schedule.js';
import { NOBODY, surroundingsLines, type Alarm, type Surroundings } from './surroundings.js';

/** How long and in how many pieces. */
export interface SegmentOptions {
  /** most pieces; default 6 */
  readonly pieces?: number;
  /** most bytes of a piece; default 40 */
  readonly bytes?: number;
}

/** How a text is cut into pieces: their sizes. */
export function segmentSizes({ pieces = 6, bytes = 40 }: SegmentOptions = {}): fc.Arbitrary<number[]> {
  return lists(fc.integer({ min: 1, max: bytes }), { most: pieces, merge: (first, second) => first + second });
}

/** Bytes in pieces, as a stream may bring them. */
export function chunks(options: SegmentOptions = {}): fc.Arbitrary<Uint8Array[]> {
  return segmentSizes(options).chain((sizes) => fc.tuple(...sizes.map((size) => fc.uint8Array({ minLength: size, maxLength: size }))));
}

/** What becomes of the first packets of a link; most arrive. */
export function packetFates({ packets = 20 }: { readonly packets?: number } = {}): fc.Arbitrary<Fate[]> {
  const fate = fc.oneof({ weight: 7, arbitrary: fc.constant<Fate>('deliver') }, { weight: 3, arbitrary: fc.constantFrom<Fate>('lose', 'twice', 'late') });
  return lists(fate, { most: packets });
}

/** Which schedules. */
export interface ScheduleOptions {
  /** places at which the order is left, at most; default 6 */
  readonly deviations?: number;
  /** choices between two of them, at most; default 40 */
  readonly apart?: number;
}

/** The order of tasks, softirqs and timers. It shrinks towards "first come, first served". */
export function schedules({ deviations = 6, apart = 40 }: ScheduleOptions = {}): fc.Arbitrary<Schedule> {
  const deviation = fc.record({ after: fc.nat({ max: apart }), take: fc.integer({ min: 1, max: 3 }) });
  return lists(deviation, { most: deviations }).map((list) => new Schedule(list));
}

/** What peers do. */
export interface PeerOptions extends SegmentOptions {
  /** how they may leave; default: all ways */
  readonly farewells?: readonly Farewell[];
  /** they all come within so many milliseconds; default 5 */
  readonly withinMs?: number;
}

/** The number of a step of this kind; throws for others. fast-check shrinks a merged step by it. */
function amountOf(kind: PeerStep['do']): (step: unknown) => number {
  return (step) => {
    const given = step as PeerStep;
    if (given.do !== kind) throw new Error('another kind of step');
    return given.do === 'pause' ? given.ms : given.bytes;
  };
}

/** Two steps as one: two pieces are sent as one, of others the first is left. */
function mergeSteps(first: PeerStep, second: PeerStep): PeerStep {
  if (first.do === 'pause' || second.do !== first.do) return first;
  return { ...first, bytes: first.bytes + second.bytes };
}

const FAREWELLS: readonly Farewell[] = ['close', 'halfClose', 'leave', 'reset', 'vanish'];

/** A peer: it sends in pieces (of which `pieces` counts pauses and reads too), pauses, reads slowly, and leaves in one of five ways. */
export function peers({ farewells = FAREWELLS, withinMs = 5, pieces = 6, bytes = 40 }: PeerOptions = {}): fc.Arbitrary<Peer> {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: bytes }).map((n): PeerStep => ({ do: 'send', bytes: n }), amountOf('send')) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 10 }).map((ms): PeerStep => ({ do: 'pause', ms }), amountOf('pause')) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: bytes }).map((n): PeerStep => ({ do: 'read', bytes: n }), amountOf('read')) },
  );
  const steps = lists(step, { most: pieces, merge: mergeSteps });
  return fc.record({ atMs: fc.nat({ max: withinMs }), steps, end: fc.constantFrom(...farewells) });
}

/** Many peers that come at once and hardly do anything. @param most how many; default 12 */
export function connectionStorms({ most = 12 }: { readonly most?: number } = {}): fc.Arbitrary<Peer[]> {
  return lists(peers({ pieces: 1, bytes: 4, withinMs: 0 }), { least: 2, most });
}

/** Signals that the loop's process is sent: numbers, at instants. The default, SIGCHLD, does nothing to who does not ask for it. */
export function signals({ numbers = [17], most = 3 }: { readonly numbers?: readonly number[]; readonly most?: number } = {}): fc.Arbitrary<Alarm[]> {
  return lists(fc.record({ atMs: fc.nat({ max: 20 }), signal: fc.constantFrom(...numbers) }), { most });
}

/** When a handler is to close something: for each of its calls in turn, yes or no. `next()` tells; it is for tests whose loop asks. */
export function closePlans(): fc.Arbitrary<{ next(): boolean; readonly plan: readonly boolean[] }> {
  return lists(fc.boolean(), { most: 12 }).map((plan) => {
    let at = 0;
    return { plan, next: () => plan[at++] ?? false };
  });
}

/** Few descriptors: from `least` on. A process begins with three, and a loop needs some for itself. */
export function fdLimits({ least = 6, most = 12 }: { readonly least?: number; readonly most?: number } = {}): fc.Arbitrary<number> {
  return fc.integer({ min: least, max: most });
}

/** What may happen around a loop. */
export interface AroundOptions extends PeerOptions {
  /** most peers; default 4 */
  readonly peers?: number;
  /** signals to send to the loop; default: none */
  readonly signals?: readonly number[];
  /** the least and the largest limit of descriptors; default: no limit */
  readonly fdLimits?: { readonly least: number; readonly most: number };
  /** the peers are on another host, and packets on the way are lost, doubled and late; default false */
  readonly faults?: boolean;
}

/** All that surrounds a loop in one run. Printed, it is a list of sentences. */
export function surroundings(options: AroundOptions = {}): fc.Arbitrary<Surroundings> {
  const limits = options.fdLimits === undefined ? fc.constant(null) : fc.option(fdLimits(options.fdLimits));
  return fc.record({
    peers: lists(peers(options), { least: 1, most: options.peers ?? 4 }),
    signals: options.signals === undefined ? fc.constant<Alarm[]>([]) : signals({ numbers: options.signals }),
    fdLimit: limits,
    fates: options.faults === true ? packetFates() : fc.constant(null),
  }).map(printed);
}

/** Gives surroundings a text of their own in the reports of fast-check. */
function printed(around: Surroundings): Surroundings {
  return Object.defineProperty({ ...NOBODY, ...around }, fc.toStringMethod, { value: () => surroundingsLines(around).join('; '), enumerable: false });
}
