/**
 * Repacking of the receive queue when memory runs out: many small buffers, each with its overhead, become few full
 * ones. Linux counterpart: net/ipv4/tcp_input.c:tcp_collapse; the out-of-order queue is not repacked.
 */

import { __skb_insert, __skb_unlink, sk_buff, skb_add_frag, type sk_buff_head } from '../socket/skbuff.js';
import { sk_mem_schedule, sock_rfree } from './tcp_life.js';
import type { tcp_sock } from './tcp_sock.js';

/** Payload of a repacked buffer: what a page holds beside the structures. net/ipv4/tcp_input.c:SKB_MAX_ORDER(0, 0) */
const COLLAPSED = 3776;

/** Copies the bytes of buffers `from` .. to its successors into one buffer, at most COLLAPSED. net/ipv4/tcp_input.c:tcp_collapse */
function collapse_run(list: sk_buff_head, from: sk_buff): sk_buff | null {
  let bytes = from.len;
  let last = from;
  for (let next = from.next; next !== null && bytes + next.len <= COLLAPSED && next.seq === last.end_seq; next = next.next) {
    bytes += next.len;
    last = next;
  }
  if (last === from || list.qlen < 2) return null;
  const page = new Uint8Array(bytes);
  const packed = new sk_buff();
  let at = 0;
  for (let skb: sk_buff | null = from; skb !== null; skb = skb === last ? null : skb.next) {
    for (let frag = skb.first; frag !== null; frag = frag.next) {
      page.set(frag.page.subarray(frag.offset, frag.offset + frag.size), at);
      at += frag.size;
    }
    packed.tcp_flags |= skb.tcp_flags;
    packed.ack_seq = skb.ack_seq;
  }
  if (bytes > 0) skb_add_frag(packed, page, 0, bytes);
  packed.seq = from.seq;
  packed.end_seq = last.end_seq;
  packed.truesize = 576 + bytes;
  return packed;
}

/** Repacks the receive queue. net/ipv4/tcp_input.c:tcp_collapse */
export function tcp_collapse(sk: tcp_sock): void {
  const list = sk.sk_receive_queue;
  for (let skb = list.first; skb !== null;) {
    const packed = collapse_run(list, skb);
    if (packed === null) {
      skb = skb.next;
      continue;
    }
    const behind: sk_buff | null = skb.prev;
    while (skb !== null && skb.seq !== packed.end_seq) {
      const next: sk_buff | null = skb.next;
      const done: boolean = skb.end_seq === packed.end_seq;
      __skb_unlink(skb, list);
      sock_rfree(sk, skb);
      skb = next;
      if (done) break;
    }
    __skb_insert(list, packed, behind);
    sk_mem_schedule(sk, packed.truesize);
    sk.sk_rmem_alloc += packed.truesize;
    sk.sk_forward_alloc -= packed.truesize;
  }
}
