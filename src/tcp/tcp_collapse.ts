/**
 * Repacking of the receive queue when memory runs out: many small buffers, each with its overhead, become few full
 * ones, and what was read already goes. Linux counterpart: net/ipv4/tcp_input.c:tcp_collapse; the out-of-order queue
 * is not repacked.
 */

import { __skb_insert, __skb_unlink, alloc_skb, SHARED_INFO, skb_add_frag, skb_copy_bits, type sk_buff } from '../socket/skbuff.js';
import { sk_mem_schedule, sock_rfree } from './tcp_life.js';
import { tcp_win_from_space, type tcp_sock } from './tcp_sock.js';
import { before, TCPHDR_FIN, TCPHDR_SYN } from './tcp_states.js';

/** Payload of a repacked buffer: what a page holds beside the structures. include/linux/skbuff.h:SKB_MAX_ORDER(0, 0) */
const SKB_MAX_ORDER = 4096 - SHARED_INFO;

/** Costs more than the window counts for it, or holds bytes that were read. net/ipv4/tcp_input.c:tcp_collapse */
function worth_it(sk: tcp_sock, skb: sk_buff, start: number): boolean {
  return tcp_win_from_space(sk, skb.truesize) > skb.len || before(skb.seq, start);
}

function may_move(skb: sk_buff | null): skb is sk_buff {
  return skb !== null && (skb.tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)) === 0;
}

/** Moves bytes from `from`, from sequence number `start` on, to a new buffer before it. net/ipv4/tcp_input.c:tcp_collapse @returns the first buffer that has bytes left */
function collapse_one(sk: tcp_sock, from: sk_buff, start: number): sk_buff | null {
  const list = sk.sk_receive_queue;
  const room = Math.min(SKB_MAX_ORDER, (sk.rcv_nxt - start) | 0);
  const packed = alloc_skb(room);
  const page = new Uint8Array(room);
  packed.seq = start;
  packed.end_seq = start;
  packed.ack_seq = from.ack_seq;
  packed.tcp_flags = from.tcp_flags;
  __skb_insert(list, packed, from.prev);
  let skb: sk_buff | null = from;
  let at = 0;
  while (at < room && may_move(skb)) {
    const size = Math.min(room - at, (skb.end_seq - packed.end_seq) | 0);
    if (size > 0) {
      at = skb_copy_bits(skb, (packed.end_seq - skb.seq) | 0, page, at, size);
      packed.end_seq = (packed.end_seq + size) | 0;
    }
    if (before(packed.end_seq, skb.end_seq)) break;
    const { next }: sk_buff = skb;
    __skb_unlink(skb, list);
    sock_rfree(sk, skb);
    skb = next;
  }
  if (at > 0) skb_add_frag(packed, page, 0, at);
  packed.tailroom -= at;
  sk_mem_schedule(sk, packed.truesize);
  sk.sk_rmem_alloc += packed.truesize;
  sk.sk_forward_alloc -= packed.truesize;
  return skb;
}

/** Repacks the receive queue. net/ipv4/tcp_input.c:tcp_collapse */
export function tcp_collapse(sk: tcp_sock): void {
  let start = sk.copied_seq;
  let skb = sk.sk_receive_queue.first;
  while (skb !== null && !(may_move(skb) && worth_it(sk, skb, start))) {
    start = skb.end_seq;
    skb = skb.next;
  }
  while (may_move(skb) && before(start, sk.rcv_nxt)) {
    const packed_from: sk_buff = skb;
    skb = collapse_one(sk, packed_from, start);
    start = skb === null ? sk.rcv_nxt : skb.prev!.end_seq;
  }
}
