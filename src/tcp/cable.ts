/**
 * A link between two hosts: two devices, and between them in each direction a queue, a rate, a delay, and faults. A packet leaves when
 * those before it have left, and arrives in the receive softirq of the other host. Linux counterparts: include/linux/netdevice.h,
 * net/sched/sch_netem.c and sch_tbf.c over a pair of veth; collisions and pause frames are left out.
 */

import { hrtimer, hrtimer_cancel, hrtimer_start, NSEC_PER_MSEC } from '../kernel/clock.js';
import type { Kernel } from '../kernel/kernel.js';
import { netif_rx } from '../kernel/softirq.js';
import type { sk_buff } from '../socket/skbuff.js';
import { IPPROTO_ICMP } from '../socket/uapi_socket.js';
import { tcp_net } from './inet_hashtables.js';
import { FATE_LATE, FATE_LOSE, FATE_TWICE, packet_fate, type packet_faults } from './fate.js';
import { qdisc_pkt_len, skb_gso_segment } from './packet.js';

/** What a link is like. */
export interface cable_options {
  /** a packet takes so long from one end to the other, nanoseconds */
  readonly delayNs: number;
  /** how long one byte keeps the sender busy, nanoseconds; 0: any number of bytes leave at once */
  readonly nsPerByte: number;
  /** bytes that may wait for the sender; what comes then is dropped */
  readonly queueBytes: number;
  /** the longest packet, headers included, bytes */
  readonly mtu: number;
  readonly faults: packet_faults;
  /** says what becomes of a packet, instead of a decision; null: a decision does */
  readonly script: ((skb: sk_buff, from: Kernel) => number) | null;
}

/** A packet that is late arrives so much after its time. ours: netem takes a second delay for reordering */
export function lateness(options: cable_options): number {
  return options.delayNs + NSEC_PER_MSEC;
}

/** A packet on its way. */
interface in_flight {
  readonly skb: sk_buff;
  readonly atNs: number;
}

/** One end of a link. include/linux/netdevice.h:net_device */
export class net_device {
  readonly k: Kernel;
  readonly cable: cable;
  /** the sender is busy until then, nanoseconds */
  busyUntilNs = 0;
  /** packets that come to this end, the next one first */
  readonly packets: in_flight[] = [];
  /** fires when the next packet arrives */
  readonly arrival: hrtimer;
  dropped = 0;

  constructor(k: Kernel, cable_: cable) {
    this.k = k;
    this.cable = cable_;
    this.arrival = new hrtimer('link', this, device_receive as hrtimer['function']);
  }

  /** The other end. */
  get peer(): net_device {
    return this.cable.ends[0] === this ? this.cable.ends[1] : this.cable.ends[0];
  }
}

/** `whole`: packets arrive. `cut`: both ends know that there is no carrier. `silent`: packets vanish somewhere, and nobody is told. */
export type cable_state = 'whole' | 'cut' | 'silent';

/** A link. */
export class cable {
  readonly options: cable_options;
  readonly ends: readonly [net_device, net_device];
  state: cable_state = 'whole';
  /** are shown each packet that a host sends */
  readonly taps: ((skb: sk_buff, from: Kernel) => void)[] = [];

  constructor(a: Kernel, b: Kernel, options: cable_options) {
    this.options = options;
    this.ends = [new net_device(a, this), new net_device(b, this)];
  }
}

/** A packet is put among those that come to a device. */
function put_on_the_way(dev: net_device, skb: sk_buff, atNs: number): void {
  const { packets } = dev;
  let place = packets.length;
  while (place > 0 && packets[place - 1]!.atNs > atNs) place--;
  packets.splice(place, 0, { skb, atNs });
  if (place === 0) hrtimer_start(dev.k, dev.arrival, atNs);
}

/** Packets have come to their end. net/core/dev.c:netif_receive_skb */
function device_receive(k: Kernel, timer: hrtimer): void {
  const dev = timer.owner as net_device;
  const { packets } = dev;
  while (packets.length > 0 && packets[0]!.atNs <= k.clock.nowNs) {
    const { skb } = packets.shift()!;
    tcp_net(k).ptype_all?.(k, skb, 'in');
    netif_rx(k, skb);
  }
  if (packets.length > 0) hrtimer_start(k, dev.arrival, packets[0]!.atNs);
}

function send_packet(dev: net_device, skb: sk_buff): void {
  const { options } = dev.cable;
  tcp_net(dev.k).ptype_all?.(dev.k, skb, 'out');
  for (const tap of dev.cable.taps) tap(skb, dev.k);
  const now = dev.k.clock.nowNs;
  const begins = Math.max(now, dev.busyUntilNs);
  if (options.nsPerByte > 0) {
    if ((begins - now) / options.nsPerByte >= options.queueBytes) {
      dev.dropped++;
      return;
    }
    dev.busyUntilNs = begins + qdisc_pkt_len(skb, options.mtu) * options.nsPerByte;
  } else {
    dev.busyUntilNs = begins;
  }
  const atNs = dev.busyUntilNs + options.delayNs;
  const fate = options.script === null ? packet_fate(dev.k, options.faults) : options.script(skb, dev.k);
  if (fate === FATE_LOSE) dev.dropped++;
  else put_on_the_way(dev.peer, skb, fate === FATE_LATE ? atNs + lateness(options) : atNs);
  if (fate === FATE_TWICE) put_on_the_way(dev.peer, again(skb), atNs);
}

/** The same packet a second time: each receiver needs a buffer of its own. */
function again(skb: sk_buff): sk_buff {
  return skb.ip_protocol === IPPROTO_ICMP ? skb : skb_gso_segment(skb)[0]!;
}

/** Sends what the network layer has for the other end. net/core/dev.c:dev_queue_xmit */
export function dev_queue_xmit(dev: net_device, skb: sk_buff): void {
  if (dev.cable.state !== 'whole') {
    if (dev.cable.state === 'silent') for (const tap of dev.cable.taps) tap(skb, dev.k);
    dev.dropped++;
    return;
  }
  if (skb.ip_protocol === IPPROTO_ICMP) {
    send_packet(dev, skb);
    return;
  }
  for (const packet of skb_gso_segment(skb)) send_packet(dev, packet);
}

/** What is on the way of a link that is cut is lost. net/core/dev.c:dev_deactivate @param silent the ends keep their carrier: something between them is dead */
export function cable_cut(link: cable, silent: boolean): void {
  link.state = silent ? 'silent' : 'cut';
  for (const dev of link.ends) {
    dev.dropped += dev.packets.length;
    dev.packets.length = 0;
    dev.busyUntilNs = 0;
    hrtimer_cancel(dev.k, dev.arrival);
  }
}

/** The link is whole again. net/core/dev.c:dev_activate */
export function cable_mend(link: cable): void {
  link.state = 'whole';
}
