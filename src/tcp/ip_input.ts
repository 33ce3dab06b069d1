/**
 * What arrives, by protocol: TCP segments, UDP datagrams, and the one ICMP message there is, "port unreachable".
 * Linux counterpart: net/ipv4/ip_input.c; routing and fragments are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { sk_buff } from '../socket/skbuff.js';
import { IPPROTO_ICMP, IPPROTO_TCP } from '../socket/uapi_socket.js';
import { tcp_v4_rcv } from './tcp_ipv4.js';
import { udp_err, udp_rcv } from './udp_data.js';

/** Hands a packet to its protocol. net/ipv4/ip_input.c:ip_local_deliver */
export function ip_local_deliver(k: Kernel, packet: unknown): void {
  const skb = packet as sk_buff;
  if (skb.ip_protocol === IPPROTO_TCP) tcp_v4_rcv(k, skb);
  else if (skb.ip_protocol === IPPROTO_ICMP) udp_err(k, skb);
  else udp_rcv(k, skb);
}
