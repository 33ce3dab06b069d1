/**
 * A packet between two hosts: how long it is on the wire, how a large buffer is cut into packets, and the buffer that the receiver's
 * device makes of one. Linux counterparts: net/ipv4/tcp_offload.c:tcp_gso_segment, drivers of network devices. Fragments of IP are
 * left out: a long datagram is one packet that takes the time of its fragments.
 */

import { sk_buff, type skb_frag, skb_add_frag } from '../socket/skbuff.js';
import { IPPROTO_TCP } from '../socket/uapi_socket.js';
import { TCP_HEADER_LEN } from './tcp_sock.js';
import { TCPHDR_FIN, TCPHDR_PSH } from './tcp_states.js';

/** Bytes of an IPv4 header. include/uapi/linux/ip.h:iphdr */
export const IP_HEADER_LEN = 20;
const UDP_HEADER_LEN = 8;

/** Bytes of a packet on the wire, headers included. include/linux/skbuff.h:qdisc_pkt_len */
export function qdisc_pkt_len(skb: sk_buff, mtu: number): number {
  if (skb.ip_protocol === IPPROTO_TCP) return skb.len + IP_HEADER_LEN + TCP_HEADER_LEN;
  const payload = skb.len + UDP_HEADER_LEN;
  return payload + IP_HEADER_LEN * Math.max(1, Math.ceil(payload / (mtu - IP_HEADER_LEN)));
}

/** Memory that a packet costs its receiver: its bytes beside the headers, and the structures. Measured on Ethernet: 1280 for 500 bytes. */
function device_truesize(len: number): number {
  return 768 + 256 * Math.ceil(len / 256);
}

/** Adds a range of the data of `skb`. ours: what a card reads while it sends a large buffer piece by piece */
function add_range(to: sk_buff, skb: sk_buff, offset: number, size: number): void {
  let skip = offset;
  let left = size;
  for (let frag: skb_frag | null = skb.first; frag !== null && left > 0; frag = frag.next) {
    if (skip >= frag.size) {
      skip -= frag.size;
      continue;
    }
    const part = Math.min(left, frag.size - skip);
    skb_add_frag(to, frag.page, frag.offset + skip, part);
    left -= part;
    skip = 0;
  }
}

/** The buffer that the receiver's device makes of `size` bytes of a sent one. ours: in Linux each driver does this */
function received_skb(skb: sk_buff, offset: number, size: number): sk_buff {
  const out = new sk_buff();
  add_range(out, skb, offset, size);
  out.truesize = device_truesize(size);
  out.linear = true;
  out.seq = (skb.seq + offset) | 0;
  out.end_seq = offset + size === skb.len ? skb.end_seq : (out.seq + size) | 0;
  out.ack_seq = skb.ack_seq;
  out.tcp_flags = offset + size === skb.len ? skb.tcp_flags : skb.tcp_flags & ~(TCPHDR_FIN | TCPHDR_PSH);
  out.window = skb.window;
  out.urg_ptr = skb.urg_ptr;
  out.opt = skb.opt;
  out.tsval = skb.tsval;
  out.tsecr = skb.tsecr;
  out.ip_protocol = skb.ip_protocol;
  out.saddr = skb.saddr;
  out.daddr = skb.daddr;
  out.source = skb.source;
  out.dest = skb.dest;
  out.gso_segs = 1;
  return out;
}

/** The packets that a buffer becomes, of the size in which the sender counts. net/core/gso.c:skb_gso_segment */
export function skb_gso_segment(skb: sk_buff): sk_buff[] {
  if (skb.ip_protocol !== IPPROTO_TCP) return [received_skb(skb, 0, skb.len)];
  const size = skb.gso_size !== 0 ? skb.gso_size : skb.len;
  const packets: sk_buff[] = [];
  let offset = 0;
  do {
    const part = Math.min(size, skb.len - offset);
    packets.push(received_skb(skb, offset, part));
    offset += part;
  } while (offset < skb.len);
  return packets;
}
