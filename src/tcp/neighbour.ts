/**
 * Neighbours: who is at the other end of a link, and what becomes of packets for somebody who does not answer. While the address is
 * being asked for, packets wait; after three questions in three seconds they come back as "host unreachable". Linux counterparts:
 * net/core/neighbour.c, net/ipv4/arp.c. The first question of a link that works takes no time here, and nobody is forgotten.
 */

import { HZ } from '../kernel/clock.js';
import type { Kernel } from '../kernel/kernel.js';
import { jiffies, mod_timer, timer_list, timer_pending } from '../kernel/timer.js';
import type { sk_buff } from '../socket/skbuff.js';
import { dev_queue_xmit, type net_device } from './cable.js';

/** Packets that wait for an answer; the oldest one goes when there are more. net/ipv4/arp.c:arp_tbl (NEIGH_VAR_QUEUE_LEN_BYTES) */
const UNRES_QLEN = 101;
/** Questions before it is given up, and the time between them. net/ipv4/arp.c:arp_tbl (NEIGH_VAR_MCAST_PROBES, NEIGH_VAR_RETRANS_TIME) */
const MCAST_PROBES = 3;
const RETRANS_TIME = HZ;

/** An address next to a host. include/net/neighbour.h:neighbour */
export class neighbour {
  readonly addr: number;
  /** the way there; null: nobody has the address */
  readonly dev: net_device | null;
  /** packets that wait until the address is known */
  readonly arp_queue: sk_buff[] = [];
  probes = 0;
  /** fires when the next question is due */
  readonly timer: timer_list;
  /** what is done with a packet that comes back; set with the neighbour, so that this file stays below those who send */
  readonly error_report: (k: Kernel, skb: sk_buff) => void;

  constructor(addr: number, dev: net_device | null, error_report: (k: Kernel, skb: sk_buff) => void) {
    this.addr = addr;
    this.dev = dev;
    this.error_report = error_report;
    this.timer = new timer_list('neighbour', this, neigh_timer_handler);
  }

  /** It is being asked for. include/net/neighbour.h:NUD_INCOMPLETE */
  get incomplete(): boolean {
    return timer_pending(this.timer);
  }
}

/** It would answer a question now. */
function answers(neigh: neighbour): boolean {
  return neigh.dev !== null && neigh.dev.cable.state !== 'cut';
}

/** Sends a packet to a neighbour, or lets it wait. net/core/neighbour.c:neigh_resolve_output */
export function neigh_resolve_output(k: Kernel, neigh: neighbour, skb: sk_buff): void {
  if (!neigh.incomplete && answers(neigh)) {
    dev_queue_xmit(neigh.dev!, skb);
    return;
  }
  neigh.arp_queue.push(skb);
  if (neigh.arp_queue.length > UNRES_QLEN) neigh.arp_queue.shift();
  if (neigh.incomplete) return;
  neigh.probes = 1;
  mod_timer(k, neigh.timer, jiffies(k) + RETRANS_TIME);
}

/** A question was not answered in time, or is answered now. net/core/neighbour.c:neigh_timer_handler */
function neigh_timer_handler(k: Kernel, neigh: neighbour): void {
  if (answers(neigh)) {
    for (const skb of neigh.arp_queue.splice(0)) dev_queue_xmit(neigh.dev!, skb);
  } else if (neigh.probes++ < MCAST_PROBES) {
    mod_timer(k, neigh.timer, jiffies(k) + RETRANS_TIME);
  } else {
    for (const skb of neigh.arp_queue.splice(0)) neigh.error_report(k, skb);
  }
}
