/**
 * Socket buffers: a piece of data with its place in the sequence space and the memory it is charged for. The bytes
 * are fragments of pages; a clone shares the pages of the original. Linux counterparts: include/linux/skbuff.h,
 * net/core/skbuff.c; headers are fields instead of bytes, and nothing is ever copied to linear data.
 */

import type { sock_exterr, ubuf_info } from './errqueue.js';
import type { file } from '../kernel/file.js';
import type { iov_iter } from '../kernel/uaccess.js';
import { BUG_ON } from '../kernel/bug.js';
import type { sock } from './sock.js';
import { IPPROTO_TCP } from './uapi_socket.js';

/** Memory a buffer costs beyond its payload: the structures and the room for headers. Measured on loopback. */
export const SKB_OVERHEAD = 832;
/** Fragments that one buffer can hold. include/linux/skbuff.h:MAX_SKB_FRAGS */
export const MAX_SKB_FRAGS = 17;

/** A range of a page. include/linux/skbuff.h:skb_frag_t */
export class skb_frag {
  readonly page: Uint8Array;
  offset: number;
  size: number;
  next: skb_frag | null = null;

  constructor(page: Uint8Array, offset: number, size: number) {
    this.page = page;
    this.offset = offset;
    this.size = size;
  }
}

/** One buffer: links, data, and what the protocols keep in it (`cb`, and for TCP the header fields). */
export class sk_buff {
  next: sk_buff | null = null;
  prev: sk_buff | null = null;
  /** the queue it is on */
  list: sk_buff_head | null = null;
  len = 0;
  truesize = SKB_OVERHEAD;
  nr_frags = 0;
  first: skb_frag | null = null;
  last: skb_frag | null = null;
  /** the buffer whose pages this one shares, while that one still needs them */
  clone_of: sk_buff | null = null;

  // the TCP header, and TCP's own notes. include/net/tcp.h:tcp_skb_cb
  seq = 0;
  end_seq = 0;
  ack_seq = 0;
  tcp_flags = 0;
  /** as in the header: not scaled */
  window = 0;
  urg_ptr = 0;
  /** SYN only: the options MSS and window scale; -1 when absent */
  opt_mss = -1;
  opt_wscale = -1;
  sacked = 0;
  /** left for the last time, microseconds modulo 2^32 */
  tstamp = 0;
  /** of the IP header, with the addresses; UDP and ICMP use these and the ports alone */
  ip_protocol = IPPROTO_TCP;
  saddr = 0;
  daddr = 0;
  source = 0;
  dest = 0;
  /** segments this buffer stands for */
  gso_segs = 0;
  eor = false;
  /** the bytes came from a device, beside their headers: they cannot be moved to another buffer */
  linear = false;

  /** AF_UNIX: the sock that is charged for the buffer */
  sk: sock | null = null;
  /** AF_UNIX: files that travel with the data, and bytes of it already read. net/unix/af_unix.c:unix_skb_parms */
  fp: file[] | null = null;
  consumed = 0;

  /** of the error queue: what happened */
  exterr: sock_exterr | null = null;
  /** the send with MSG_ZEROCOPY whose memory this buffer uses */
  ubuf: ubuf_info | null = null;
}

/** A queue of buffers. include/linux/skbuff.h:sk_buff_head */
export class sk_buff_head {
  first: sk_buff | null = null;
  last: sk_buff | null = null;
  qlen = 0;
}

/** Adds last. net/core/skbuff.c:skb_queue_tail */
export function __skb_queue_tail(list: sk_buff_head, skb: sk_buff): void {
  __skb_insert(list, skb, list.last);
}

/** Inserts behind `after`; first when it is null. include/linux/skbuff.h:__skb_queue_after */
export function __skb_insert(list: sk_buff_head, skb: sk_buff, after: sk_buff | null): void {
  BUG_ON(skb.list !== null, 'skb: queued while it is on a queue');
  const before = after === null ? list.first : after.next;
  skb.prev = after;
  skb.next = before;
  if (after === null) list.first = skb;
  else after.next = skb;
  if (before === null) list.last = skb;
  else before.prev = skb;
  skb.list = list;
  list.qlen++;
}

/** Takes a buffer off its queue. include/linux/skbuff.h:__skb_unlink */
export function __skb_unlink(skb: sk_buff, list: sk_buff_head): void {
  BUG_ON(skb.list !== list, 'skb: taken off a queue it is not on');
  if (skb.prev === null) list.first = skb.next;
  else skb.prev.next = skb.next;
  if (skb.next === null) list.last = skb.prev;
  else skb.next.prev = skb.prev;
  skb.next = null;
  skb.prev = null;
  skb.list = null;
  list.qlen--;
}

/** Takes the first, or null. include/linux/skbuff.h:__skb_dequeue */
export function __skb_dequeue(list: sk_buff_head): sk_buff | null {
  const skb = list.first;
  if (skb !== null) __skb_unlink(skb, list);
  return skb;
}

/** The first, left where it is. include/linux/skbuff.h:skb_peek */
export function skb_peek(list: sk_buff_head): sk_buff | null {
  return list.first;
}

/** The last, left where it is. include/linux/skbuff.h:skb_peek_tail */
export function skb_peek_tail(list: sk_buff_head): sk_buff | null {
  return list.last;
}

/** Adds a range of a page; one that continues the last fragment makes that longer. include/linux/skbuff.h:skb_fill_page_desc */
export function skb_add_frag(skb: sk_buff, page: Uint8Array, offset: number, size: number): void {
  const { last } = skb;
  if (last !== null && last.page === page && last.offset + last.size === offset) {
    last.size += size;
  } else {
    const frag = new skb_frag(page, offset, size);
    if (last === null) skb.first = frag;
    else last.next = frag;
    skb.last = frag;
    skb.nr_frags++;
  }
  skb.len += size;
}

/** A buffer with the same bytes, sharing the pages. net/core/skbuff.c:skb_clone */
export function skb_clone(skb: sk_buff): sk_buff {
  const n = new sk_buff();
  n.len = skb.len;
  n.truesize = skb.truesize;
  n.nr_frags = skb.nr_frags;
  let last: skb_frag | null = null;
  for (let frag = skb.first; frag !== null; frag = frag.next) {
    const copy = new skb_frag(frag.page, frag.offset, frag.size);
    if (last === null) n.first = copy;
    else last.next = copy;
    last = copy;
  }
  n.last = last;
  n.clone_of = skb;
  return n;
}

/** True while the buffer it was cloned from still waits to be acknowledged. include/linux/skbuff.h:skb_cloned */
export function skb_cloned(skb: sk_buff): boolean {
  return skb.clone_of !== null && skb.clone_of.list !== null;
}

/** Copies `len` bytes from `offset` to the user; returns how many could not be copied. net/core/datagram.c:skb_copy_datagram_iter */
export function skb_copy_datagram_iter(skb: sk_buff, offset: number, to: iov_iter, len: number): number {
  let skip = offset;
  let left = len;
  for (let frag = skb.first; frag !== null && left > 0; frag = frag.next) {
    if (skip >= frag.size) {
      skip -= frag.size;
      continue;
    }
    const part = Math.min(left, frag.size - skip);
    const copied = to.copy_to(frag.page, frag.offset + skip, part);
    left -= copied;
    if (copied < part) break;
    skip = 0;
  }
  return left;
}

/** The byte at `offset`. net/core/skbuff.c:skb_copy_bits */
export function skb_byte(skb: sk_buff, offset: number): number {
  let skip = offset;
  for (let frag = skb.first; frag !== null; frag = frag.next) {
    if (skip < frag.size) return frag.page[frag.offset + skip]!;
    skip -= frag.size;
  }
  return 0;
}

/** Drops `len` bytes from the front. include/linux/skbuff.h:__skb_pull */
export function skb_pull(skb: sk_buff, len: number): void {
  let left = len;
  while (left > 0) {
    const frag = skb.first!;
    if (frag.size > left) {
      frag.offset += left;
      frag.size -= left;
      break;
    }
    left -= frag.size;
    skb.first = frag.next;
    skb.nr_frags--;
    if (frag.next === null) skb.last = null;
  }
  skb.len -= len;
}

/** Moves the first `len` bytes of `from` to the end of `to`; false when its fragments do not fit. net/core/skbuff.c:skb_shift */
export function skb_shift(to: sk_buff, from: sk_buff, len: number): boolean {
  if (to.nr_frags + from.nr_frags > MAX_SKB_FRAGS || to.ubuf !== from.ubuf) return false;
  let left = len;
  for (let frag = from.first; frag !== null && left > 0; frag = frag.next) {
    const part = Math.min(left, frag.size);
    skb_add_frag(to, frag.page, frag.offset, part);
    left -= part;
  }
  skb_pull(from, len);
  to.truesize += len;
  from.truesize -= len;
  return true;
}

/** Moves everything behind the first `len` bytes of `skb` to the empty buffer `tail`. net/core/skbuff.c:skb_split */
export function skb_split(skb: sk_buff, tail: sk_buff, len: number): void {
  let left = len;
  let frag = skb.first;
  let prev: skb_frag | null = null;
  while (frag !== null && left >= frag.size) {
    left -= frag.size;
    prev = frag;
    frag = frag.next;
  }
  if (frag !== null && left > 0) {
    skb_add_frag(tail, frag.page, frag.offset + left, frag.size - left);
    frag.size = left;
    prev = frag;
    frag = frag.next;
  }
  for (let rest = frag; rest !== null; rest = rest.next) {
    skb_add_frag(tail, rest.page, rest.offset, rest.size);
    skb.nr_frags--;
  }
  if (prev === null) skb.first = null;
  else prev.next = null;
  skb.last = prev;
  skb.len = len;
}

/** Hands the fragments of `from` to `to`, behind its own. The caller has tested the limits. net/core/skbuff.c:skb_try_coalesce */
export function skb_append_frags(to: sk_buff, from: sk_buff): void {
  if (from.first !== null) {
    if (to.last === null) to.first = from.first;
    else to.last.next = from.first;
    to.last = from.last;
    to.nr_frags += from.nr_frags;
    to.len += from.len;
    from.first = null;
    from.last = null;
  }
}

/** The bytes of a buffer, for views. ours: a program never sees a buffer. */
export function skb_bytes(skb: sk_buff): Uint8Array {
  const bytes = new Uint8Array(skb.len);
  let at = 0;
  for (let frag = skb.first; frag !== null; frag = frag.next) {
    bytes.set(frag.page.subarray(frag.offset, frag.offset + frag.size), at);
    at += frag.size;
  }
  return bytes;
}
