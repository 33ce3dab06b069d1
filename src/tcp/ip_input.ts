/**
 * What arrives, by protocol: TCP segments, UDP datagrams, and ICMP errors about either.
 * Linux counterparts: net/ipv4/ip_input.c, net/ipv4/icmp.c; forwarding and fragments are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { sk_buff } from '../socket/skbuff.js';
import { IPPROTO_ICMP, IPPROTO_TCP } from '../socket/uapi_socket.js';
import type { icmp_error } from './icmp.js';
import { tcp_v4_icmp, tcp_v4_rcv } from './tcp_ipv4.js';
import { udp_err, udp_rcv } from './udp_data.js';

/** An ICMP error reaches the protocol of the packet that it is about. net/ipv4/icmp.c:icmp_unreach */
function icmp_unreach(k: Kernel, icmp: icmp_error): void {
  if (icmp.inner_protocol === IPPROTO_TCP) tcp_v4_icmp(k, icmp);
  else udp_err(k, icmp);
}

/** Hands a packet to its protocol. net/ipv4/ip_input.c:ip_local_deliver */
export function ip_local_deliver(k: Kernel, packet: unknown): void {
  const skb = packet as sk_buff;
  if (skb.ip_protocol === IPPROTO_TCP) tcp_v4_rcv(k, skb);
  else if (skb.ip_protocol === IPPROTO_ICMP) icmp_unreach(k, skb as icmp_error);
  else udp_rcv(k, skb);
}
