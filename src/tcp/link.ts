/**
 * The wire: what a transmitted segment meets. Segments for this machine go through loopback into the receive
 * softirq of the sender; those for other addresses go to a peer that a test or scenario attached. A wire can be
 * faulty: then each segment's fate is a decision. Linux counterparts: drivers/net/loopback.c, net/ipv4/ip_output.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { netif_rx } from '../kernel/softirq.js';
import { T_SEGMENT } from '../kernel/trace.js';
import type { sk_buff } from '../socket/skbuff.js';
import { is_local_address } from './inet_addr.js';
import { tcp_net, type link_peer } from './inet_hashtables.js';

/** What becomes of a packet, in the numbers of the decision `packet`. */
export const FATE_DELIVER = 0;
export const FATE_LOSE = 1;
export const FATE_TWICE = 2;
export const FATE_AFTER_NEXT = 3;

/** Puts a segment on the wire. drivers/net/loopback.c:loopback_xmit, net/ipv4/ip_output.c:ip_queue_xmit @param owner id of the sending sock, 0 for none */
export function ip_queue_xmit(k: Kernel, skb: sk_buff, owner: number): void {
  k.stats.segments++;
  if (k.trace !== null) k.trace.emit(T_SEGMENT, owner, skb.tcp_flags, skb.seq, skb.ack_seq, skb.len, skb.window);
  const net = tcp_net(k);
  if (net.tap !== null || net.faulty) xmit_with_fate(k, skb);
  else deliver(k, skb);
}

/** Hands a segment to whoever has its address. net/core/dev.c:dev_hard_start_xmit */
function deliver(k: Kernel, skb: sk_buff): void {
  if (is_local_address(k, skb.daddr)) netif_rx(k, skb);
  else tcp_net(k).peers.get(skb.daddr)?.(k, skb);
}

function xmit_with_fate(k: Kernel, skb: sk_buff): void {
  const net = tcp_net(k);
  const fate = net.tap?.(k, skb) ?? (net.faulty ? k.decisions.choose('packet', 4) : FATE_DELIVER);
  const { held } = net;
  if (fate === FATE_AFTER_NEXT && held === null) {
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

/** The MTU towards an address, or 0 when there is no route. net/ipv4/route.c:ip_route_output_key */
export function route_mtu(k: Kernel, addr: number): number {
  const net = tcp_net(k);
  if (is_local_address(k, addr)) return net.loopback_mtu;
  return net.peers.has(addr) ? net.peer_mtu : 0;
}
