/**
 * The cases that were recorded: every combination of a few buffer sizes, MTUs and write sizes, filled, drained a little and drained
 * wholly; and random walks from a seed.
 */

import { Prng } from '../../../src/kernel/prng.js';

const MTUS = [65536, 1500, 9000];
/** SO_SNDBUF of the client, SO_RCVBUF of the listener; 0: default. */
const BUFFERS: readonly (readonly [number, number])[] = [[1, 1], [4096, 4096], [16384, 16384], [65536, 65536], [262144, 262144], [16384, 0], [0, 16384]];
const WRITES = [100, 1460, 4096, 65536];

/** Fills, waits for late ACKs, fills up, reads a little, waits, reads all. */
function filling(mtu: number, [sndbuf, rcvbuf]: readonly [number, number], size: number): string {
  const steps = [`W c ${size}`, 'z 300', `W c ${size}`, 'z 300', 'r s 4096', 'r s 4096', 'z 60', 'r s 16384', 'z 60', `w c ${size}`, 'R s 8192', 'z 60', 'R s 8192'];
  return `${[`case ${mtu} ${sndbuf} ${rcvbuf} 0`, ...steps].join('\n')}\n`;
}

const SIZES = [1, 10, 100, 127, 128, 500, 536, 1000, 1448, 1460, 2048, 4096, 5000, 8192, 16384, 30000, 65536, 100000];
const ANY = [0, 0, 1, 4096, 8192, 16384, 20000, 65536, 262144];

/** A random walk: writes and reads at both ends, with a sleep here and there. */
function walk(seed: number): string {
  const prng = new Prng(seed);
  const one = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
  const lines = [`case ${one([65536, 65536, 1500, 1500, 9000])} ${one(ANY)} ${one(ANY)} ${prng.below(2)}`];
  const steps = 10 + prng.below(40);
  const sides = one([['c'], ['c'], ['c', 's']]);
  for (let i = 0; i < steps; i++) {
    const side = one(sides);
    const other = side === 'c' ? 's' : 'c';
    const kind = prng.below(12);
    if (kind < 5) lines.push(`w ${side} ${one(SIZES)}`);
    else if (kind < 8) lines.push(`r ${other} ${one(SIZES)}`);
    else if (kind === 8) lines.push(`W ${side} ${one(SIZES.filter((size) => size >= 100))}`);
    else if (kind === 9) lines.push(`R ${other} ${one(SIZES.filter((size) => size >= 1000))}`);
    else lines.push(`z ${one([1, 10, 60, 300])}`);
  }
  return `${lines.join('\n')}\n`;
}

/** How many random walks there are. */
const WALKS = 60;

/** Name and text of every case. */
export function allCases(): [name: string, text: string][] {
  const grid = MTUS.flatMap((mtu) => BUFFERS.flatMap((sizes) => WRITES.map((size): [string, string] => [
    `MTU ${mtu}, SO_SNDBUF ${sizes[0]}, SO_RCVBUF ${sizes[1]}, writes of ${size}`, filling(mtu, sizes, size),
  ])));
  return [...grid, ...Array.from({ length: WALKS }, (_, seed): [string, string] => [`random walk ${seed}`, walk(seed)])];
}
