/**
 * All that a loop under test meets in one run: its peers, signals, a limit of descriptors, what becomes of the packets. It is data with a short
 * text, so that a recording can hold it.
 */

import type { Fate } from '../scenario/link.js';
import { parsePeer, peerSentence, peerText, type Peer } from './peer.js';

/** A signal that the loop's process is sent. */
export interface Alarm {
  /** milliseconds after the start */
  readonly atMs: number;
  readonly signal: number;
}

/** What surrounds a loop in one run. */
export interface Surroundings {
  readonly peers: readonly Peer[];
  readonly signals: readonly Alarm[];
  /** descriptors that the loop's process may have; null: as many as it wants */
  readonly fdLimit: number | null;
  /** what becomes of the first packets, in the order in which they leave; null: the peers are on the loop's own host */
  readonly fates: readonly Fate[] | null;
}

const FATE_LETTERS: Readonly<Record<Fate, string>> = { deliver: 'd', lose: 'l', twice: 't', late: 'a' };

/** Nobody comes. */
export const NOBODY: Surroundings = { peers: [], signals: [], fdLimit: null, fates: null };

/** `1s2c_1s3h~5.10~8~dl`: peers, signals, limit, fates. */
export function surroundingsText({ peers, signals, fdLimit, fates }: Surroundings): string {
  return [
    peers.map(peerText).join('_'), signals.map(({ atMs, signal }) => `${atMs}.${signal}`).join('_'), fdLimit ?? '',
    fates === null ? '' : `w${fates.map((fate) => FATE_LETTERS[fate]).join('')}`,
  ].join('~');
}

/** Reads what surroundingsText() wrote. Throws when it is none. */
export function parseSurroundings(text: string): Surroundings {
  const bad = (part: string): never => {
    throw new TypeError(`these are no surroundings of a loop: ${JSON.stringify(part)} in ${JSON.stringify(text)}; expected peers~signals~limit~fates as in 0s2c_1s3h~5.10~8~wdl`);
  };
  const parts = text.split('~');
  if (parts.length !== 4) bad(text);
  const [peers = '', signals = '', limit = '', fates = ''] = parts;
  const list = (part: string): string[] => (part === '' ? [] : part.split('_'));
  if (!/^\d*$/.test(limit)) bad(limit);
  if (!/^(w[dlta]*)?$/.test(fates)) bad(fates);
  return {
    peers: list(peers).map((part) => parsePeer(part) ?? bad(part)),
    signals: list(signals).map((part) => {
      const [whole, at, signal] = /^(\d+)\.(\d+)$/.exec(part) ?? [];
      return whole === undefined ? bad(part) : { atMs: Number(at), signal: Number(signal) };
    }),
    fdLimit: limit === '' ? null : Number(limit),
    fates: fates === '' ? null : Array.from(fates.slice(1), (letter) => (Object.keys(FATE_LETTERS) as Fate[]).find((fate) => FATE_LETTERS[fate] === letter)!),
  };
}

/** In words, one line each. */
export function surroundingsLines({ peers, signals, fdLimit, fates }: Surroundings): string[] {
  const faults = (fates ?? []).flatMap((fate, index) => (fate === 'deliver' ? [] : [`packet ${index + 1} ${{ lose: 'is lost', twice: 'arrives twice', late: 'arrives late' }[fate]}`]));
  return [
    ...peers.map((peer, index) => `peer ${index + 1} ${peerSentence(peer)}`),
    ...signals.map(({ atMs, signal }) => `signal ${signal} at ${atMs} ms`),
    ...(fdLimit === null ? [] : [`descriptors of the loop: ${fdLimit}`]),
    ...faults,
  ];
}
