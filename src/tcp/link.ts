/**
 * The wire: what a transmitted packet meets. Packets for this host go through loopback into the receive softirq of the sender, those
 * for other hosts over the link that leads there (cable.ts), and some addresses belong to a peer that a test plays. Loopback can be
 * made faulty too. Linux counterparts: drivers/net/loopback.c, net/ipv4/ip_output.c, net/ipv4/route.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { netif_rx } from '../kernel/softirq.js';
import { T_SEGMENT } from '../kernel/trace.js';
import type { sk_buff } from '../socket/skbuff.js';
import { cable, type cable_options, type net_device } from './cable.js';
import { FATE_DELIVER, FATE_LATE, FATE_LOSE, FATE_TWICE } from './fate.js';
import { icmp_error, ICMP_HOST_UNREACH } from './icmp.js';
import { is_local_address } from './inet_addr.js';
import { tcp_net, type link_peer } from './inet_hashtables.js';
import { neigh_resolve_output, neighbour } from './neighbour.js';

/** Puts a segment on the wire. net/ipv4/ip_output.c:ip_queue_xmit @param owner id of the sending sock, 0 for none */
export function ip_queue_xmit(k: Kernel, skb: sk_buff, owner: number): void {
  k.stats.segments++;
  if (k.trace !== null) k.trace.emit(T_SEGMENT, owner, skb.tcp_flags, skb.seq, skb.ack_seq, skb.len, skb.window);
  const net = tcp_net(k);
  if (net.tap !== null || net.faulty) xmit_with_fate(k, skb);
  else deliver(k, skb);
}

/** Hands a segment to whoever has its address. net/core/dev.c:dev_hard_start_xmit */
function deliver(k: Kernel, skb: sk_buff): void {
  if (is_local_address(k, skb.daddr)) loopback_xmit(k, skb);
  else ip_finish_output(k, skb.daddr, skb);
}

/** The device whose packets come back. drivers/net/loopback.c:loopback_xmit */
function loopback_xmit(k: Kernel, skb: sk_buff): void {
  const { ptype_all } = tcp_net(k);
  if (ptype_all !== null) ptype_all(k, skb, 'out');
  netif_rx(k, skb);
}

/** Sends a packet to a host beyond this one, if there is a way. net/ipv4/ip_output.c:ip_finish_output2 */
function ip_finish_output(k: Kernel, addr: number, skb: sk_buff): void {
  const neigh = route_lookup(k, addr);
  if (neigh !== null) neigh_resolve_output(k, neigh, skb);
  else tcp_net(k).peers.get(addr)?.(k, skb);
}

/** A buffer was sent and waits in this host for its neighbour: it need not be sent again. net/ipv4/tcp_output.c:skb_still_in_host_queue */
export function skb_still_in_host_queue(k: Kernel, addr: number, skb: sk_buff): boolean {
  return tcp_net(k).neighbours.get(addr)?.arp_queue.some((waiting) => waiting.clone_of === skb && waiting.seq === skb.seq) ?? false;
}

/** Sends a packet that has no fate on loopback: a datagram. net/ipv4/ip_output.c:ip_send_skb */
export function ip_send_skb(k: Kernel, skb: sk_buff): void {
  deliver(k, skb);
}

/** Tells the sender of a packet that it could not be delivered. net/ipv4/icmp.c:icmp_send */
export function icmp_send(k: Kernel, skb: sk_buff, code: number): void {
  const icmp = new icmp_error(skb, code);
  if (is_local_address(k, skb.saddr)) loopback_xmit(k, icmp);
  else ip_finish_output(k, skb.saddr, icmp);
}

/** A packet for an address that nobody answers for comes back. net/ipv4/route.c:ipv4_link_failure */
function ipv4_link_failure(k: Kernel, skb: sk_buff): void {
  if (!(skb instanceof icmp_error)) icmp_send(k, skb, ICMP_HOST_UNREACH);
}

function xmit_with_fate(k: Kernel, skb: sk_buff): void {
  const net = tcp_net(k);
  const fate = net.tap?.(k, skb) ?? (net.faulty ? k.decisions.choose('packet', 4) : FATE_DELIVER);
  const { held } = net;
  if (fate === FATE_LATE && held === null) {
    net.held = skb;
    return;
  }
  net.held = null;
  if (fate !== FATE_LOSE) deliver(k, skb);
  if (fate === FATE_TWICE) deliver(k, copy_header(skb));
  if (held !== null) deliver(k, held);
}

function copy_header(skb: sk_buff): sk_buff {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(skb)) as sk_buff, skb);
  copy.next = null;
  copy.prev = null;
  copy.list = null;
  copy.clone_of = null;
  copy.spare = null;
  if (skb.first !== null) copy_frags(copy, skb);
  return copy;
}

function copy_frags(copy: sk_buff, skb: sk_buff): void {
  let last = null;
  for (let frag = skb.first; frag !== null; frag = frag.next) {
    const twin = Object.assign(Object.create(Object.getPrototypeOf(frag)) as typeof frag, frag);
    twin.next = null;
    if (last === null) copy.first = twin;
    else last.next = twin;
    last = twin;
  }
  copy.last = last;
}

/** An address beyond the machine gets somebody who answers, or, with no function, somebody who is silent. ours: devices and routes */
export function attach_peer(k: Kernel, addr: number, peer: link_peer = () => {}): void {
  tcp_net(k).peers.set(addr, peer);
}

/** Addresses of one network: those whose first 24 bits are equal. ours: the routes that `ip address add A/24` makes */
function same_network(a: number, b: number): boolean {
  return a >>> 8 === b >>> 8;
}

/** The way to an address beyond this host; null: there is none. net/ipv4/route.c:ip_route_output_key */
function route_lookup(k: Kernel, addr: number): neighbour | null {
  const net = tcp_net(k);
  const known = net.neighbours.get(addr);
  if (known !== undefined) return known;
  if (net.devices.length === 0) return null;
  for (const own of net.local_addresses) {
    if (!same_network(own, addr)) continue;
    const nobody = new neighbour(addr, null, ipv4_link_failure);
    net.neighbours.set(addr, nobody);
    return nobody;
  }
  return null;
}

/** The MTU towards an address, or 0 when there is no route. net/ipv4/route.c:ip_route_output_key */
export function route_mtu(k: Kernel, addr: number): number {
  const net = tcp_net(k);
  if (is_local_address(k, addr)) return net.loopback_mtu;
  const neigh = route_lookup(k, addr);
  if (neigh !== null) return neigh.dev === null ? net.peer_mtu : neigh.dev.cable.options.mtu;
  return net.peers.has(addr) ? net.peer_mtu : 0;
}

function attach(dev: net_device, addr: number): void {
  const net = tcp_net(dev.k);
  net.devices.push(dev);
  net.neighbours.set(addr, new neighbour(addr, dev, ipv4_link_failure));
}

/** Joins two hosts: each becomes the neighbour of the other under its address. ours: a cable and what ip(8) sets up */
export function connect_hosts(a: Kernel, a_addr: number, b: Kernel, b_addr: number, options: cable_options): cable {
  const link = new cable(a, b, options);
  tcp_net(a).local_addresses.add(a_addr);
  tcp_net(b).local_addresses.add(b_addr);
  attach(link.ends[0], b_addr);
  attach(link.ends[1], a_addr);
  return link;
}
