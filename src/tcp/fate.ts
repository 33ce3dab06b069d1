/**
 * What becomes of a packet on a wire that is not perfect: it arrives, is lost, arrives twice, or arrives late, so that others overtake
 * it. Which of these can happen is a property of the wire; which one does is a decision. Linux counterpart: net/sched/sch_netem.c.
 */

import type { Kernel } from '../kernel/kernel.js';

// the numbers of the decision `packet`
export const FATE_DELIVER = 0;
export const FATE_LOSE = 1;
export const FATE_TWICE = 2;
export const FATE_LATE = 3;

/** What a wire can do to a packet. net/sched/sch_netem.c:netem_sched_data */
export class packet_faults {
  /** the fates that can happen, FATE_DELIVER first */
  readonly fates: readonly number[];
  /** how likely each of them is when chance decides */
  readonly odds: readonly number[];

  /** @param lose @param twice @param late how likely each is, 0 .. 1; 0: it cannot happen */
  constructor(lose: number, twice: number, late: number) {
    const faults = [[FATE_LOSE, lose], [FATE_TWICE, twice], [FATE_LATE, late]].filter(([, odds]) => odds! > 0) as [number, number][];
    this.fates = [FATE_DELIVER, ...faults.map(([fate]) => fate)];
    this.odds = [Math.max(0, 1 - lose - twice - late), ...faults.map(([, odds]) => odds)];
  }
}

/** A wire that cannot do anything to a packet asks nothing. net/sched/sch_netem.c:netem_enqueue @returns one of FATE_* */
export function packet_fate(k: Kernel, faults: packet_faults): number {
  const { fates, odds } = faults;
  return fates.length === 1 ? FATE_DELIVER : fates[k.decisions.choose('packet', fates.length, odds)]!;
}
