/**
 * Machines of two hosts for properties: packets whose fates are listed, and what must be true at the end of every run.
 */

import { machine, type MachineOptions } from '../../src/index.js';
import type { ChoiceKind, Decisions, Host, Link, LinkOptions, Machine } from '../../src/scenario/index.js';

/** A wire that does what the list says, packet by packet, and then lets everything through. Nothing else is left open. */
export class Fates implements Decisions {
  private at = 0;
  private readonly fates: readonly number[];

  constructor(fates: readonly number[]) {
    this.fates = fates;
  }

  choose(kind: ChoiceKind, n: number): number {
    return kind === 'packet' ? Math.min(this.fates[this.at++] ?? 0, n - 1) : 0;
  }
}

/** Two hosts on a link that can do anything to a packet. */
export function twoHosts(link: LinkOptions, options: MachineOptions): { m: Machine; a: Host; b: Host; cable: Link } {
  const m = machine({ log: 0, stepBudget: 200_000, ...options });
  const a = m.host('a', { address: '10.0.0.1' });
  const b = m.host('b', { address: '10.0.0.2' });
  return { m, a, b, cable: m.link(a, b, { faults: true, ...link }) };
}

/** All programs have ended: the kernels finish what they have to do, and then nothing is left on either host. */
export function nothingLeft(m: Machine): void {
  m.checkInvariants();
  m.checkNoLeaks();
  m.settle();
  m.checkInvariants();
  m.checkNoLeaks();
  const { sockets, timewaits, timers, links, files } = m.view();
  expect({ sockets: sockets.map(({ state }) => state), timewaits, timers, files, packets: links.flatMap(({ packets }) => packets) })
    .toEqual({ sockets: [], timewaits: [], timers: [], files: [], packets: [] });
}
