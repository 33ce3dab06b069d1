/**
 * ICMP errors: a packet could not be delivered, and its sender is told. Only "destination unreachable" exists here. Linux counterpart:
 * net/ipv4/icmp.c.
 */

import { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT } from '../kernel/errno.js';
import { sk_buff, skb_add_frag, skb_bytes } from '../socket/skbuff.js';
import { IPPROTO_ICMP, IPPROTO_UDP } from '../socket/uapi_socket.js';

// codes of ICMP_DEST_UNREACH. include/uapi/linux/icmp.h
export const ICMP_NET_UNREACH = 0;
export const ICMP_HOST_UNREACH = 1;
export const ICMP_PROT_UNREACH = 2;
export const ICMP_PORT_UNREACH = 3;

/** An ICMP error on its way. Addresses, ports and sequence number are those of the packet that it is about. include/uapi/linux/icmp.h:icmphdr */
export class icmp_error extends sk_buff {
  readonly code: number;
  /** of the packet that it is about */
  readonly inner_protocol: number;
  /** the data of a datagram that it is about */
  private readonly data: Uint8Array;

  constructor(about: sk_buff, code: number) {
    super();
    this.code = code;
    this.inner_protocol = about.ip_protocol;
    this.data = about.ip_protocol === IPPROTO_UDP ? skb_bytes(about) : new Uint8Array(0);
    this.ip_protocol = IPPROTO_ICMP;
    this.len = 28;
    this.seq = about.seq;
    this.saddr = about.saddr;
    this.source = about.source;
    this.daddr = about.daddr;
    this.dest = about.dest;
  }

  /** The beginning of the data of the datagram, as far as the error brought it back. @param most bytes */
  packet(most: number): sk_buff {
    const skb = new sk_buff();
    const size = Math.min(this.data.length, most);
    if (size > 0) skb_add_frag(skb, this.data, 0, size);
    return skb;
  }
}

/** The errno of a code. net/ipv4/icmp.c:icmp_err_convert */
export function icmp_err_convert(code: number): number {
  switch (code) {
    case ICMP_NET_UNREACH: return ENETUNREACH;
    case ICMP_PROT_UNREACH: return ENOPROTOOPT;
    case ICMP_PORT_UNREACH: return ECONNREFUSED;
    default: return EHOSTUNREACH;
  }
}
