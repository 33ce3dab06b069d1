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

/** The structure itself, and what stands behind its bytes. include/linux/skbuff.h:sk_buff, skb_shared_info */
export const SKB_STRUCT = 256;
export const SHARED_INFO = 320;
/** Room for the headers of a segment. include/net/tcp.h:MAX_TCP_HEADER */
export const MAX_TCP_HEADER = 256;
/** Memory a buffer whose payload is in pages costs beyond it. include/linux/skbuff.h:SKB_TRUESIZE */
export const SKB_OVERHEAD = SKB_STRUCT + MAX_TCP_HEADER + SHARED_INFO;
/** Fragments that one buffer can hold. include/linux/skbuff.h:MAX_SKB_FRAGS */
export const MAX_SKB_FRAGS = 17;

/** A range of a page. include/linux/skbuff.h:skb_frag_t */
export class skb_frag {
  page: Uint8Array;
  offset: number;
  size: number;
  next: skb_frag | null = null;

  constructor(page: Uint8Array, offset: number, size: number) {
    this.page = page;
    this.offset = offset;
    this.size = size;
  }
}

/** The options of a TCP header besides timestamps. include/linux/tcp.h:tcp_options_received */
export class tcp_options {
  /** SYN only: largest segment and window scale, -1 when absent; "selective acknowledgements permitted" */
  mss = -1;
  wscale = -1;
  sack_permitted = false;
  /** ACK only: data up to here came twice; null: the option is absent. RFC 2883 */
  dsack: number | null = null;
}

/** A header without them. */
export const NO_TCP_OPTIONS: Readonly<tcp_options> = new tcp_options();

/** The options of a SYN. net/ipv4/tcp_output.c:tcp_syn_options */
export function tcp_syn_options(mss: number, wscale: number, sack_permitted: boolean): tcp_options {
  const opt = new tcp_options();
  opt.mss = mss;
  opt.wscale = wscale;
  opt.sack_permitted = sack_permitted;
  return opt;
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
  /** a fragment from an earlier use, for the next one that is needed */
  spare: skb_frag | null = null;
  /** the buffer whose data this one shares, while that one still needs it; and which of that buffer's data it is */
  clone_of: sk_buff | null = null;
  clone_head = 0;
  /** number of the data that it holds: it never gets the same one twice */
  head = 0;

  // the TCP header, and TCP's own notes. include/net/tcp.h:tcp_skb_cb
  seq = 0;
  end_seq = 0;
  ack_seq = 0;
  tcp_flags = 0;
  /** as in the header: not scaled */
  window = 0;
  urg_ptr = 0;
  /** options besides timestamps; null: there are none, as nearly always */
  opt: tcp_options | null = null;
  sacked = 0;
  /** left for the last time, microseconds modulo 2^32 */
  tstamp = 0;
  /** of the IP header, with the addresses; UDP and ICMP use these and the ports alone */
  ip_protocol = IPPROTO_TCP;
  saddr = 0;
  daddr = 0;
  source = 0;
  dest = 0;
  /** timestamps of the TCP header, milliseconds modulo 2^32: the sender's, and the one it saw last; 0: none */
  tsval = 0;
  tsecr = 0;
  /** segments this buffer stands for, and their size; size 0 when it is one segment */
  gso_segs = 0;
  gso_size = 0;
  eor = false;
  /** the bytes stand beside the headers, not in pages: they cannot be moved to another buffer */
  linear = false;
  /** so many more bytes fit beside them. include/linux/skbuff.h:skb_tailroom */
  tailroom = 0;

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

/** Buffers that a cache keeps. net/core/skbuff.c:NAPI_SKB_CACHE_SIZE */
const SKB_CACHE_SIZE = 64;

/** Buffers of TCP that are done with and will be used again. net/core/skbuff.c:napi_alloc_cache */
export class skb_cache {
  first: sk_buff | null = null;
  count = 0;
}

/** An empty buffer for data in pages, an old one if there is one. The TCP header is left to the caller. net/core/skbuff.c:napi_skb_cache_get */
export function skb_cache_get(cache: skb_cache): sk_buff {
  const skb = cache.first;
  if (skb === null) return new sk_buff();
  cache.first = skb.next;
  cache.count--;
  skb.next = null;
  skb.len = 0;
  skb.truesize = SKB_OVERHEAD;
  skb.clone_of = null;
  skb.urg_ptr = 0;
  skb.opt = null;
  skb.sacked = 0;
  skb.eor = false;
  skb.linear = false;
  skb.tailroom = 0;
  skb.ubuf = null;
  return skb;
}

/** A buffer of TCP that nobody needs any more, with no queue or view that still knows it. net/core/skbuff.c:napi_skb_cache_put */
export function skb_cache_put(cache: skb_cache, skb: sk_buff): void {
  if (cache.count === SKB_CACHE_SIZE) return;
  BUG_ON(skb.list !== null, 'skb: done with while it is on a queue');
  // Clones that are still under way share other data than what it will hold next.
  skb_unclone(skb);
  skb.spare = skb.first;
  skb.first = null;
  skb.last = null;
  skb.nr_frags = 0;
  skb.next = cache.first;
  cache.first = skb;
  cache.count++;
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

/** A fragment for a buffer, the spare one if it has one. */
function new_frag(skb: sk_buff, page: Uint8Array, offset: number, size: number): skb_frag {
  const { spare } = skb;
  if (spare === null) return new skb_frag(page, offset, size);
  skb.spare = null;
  spare.page = page;
  spare.offset = offset;
  spare.size = size;
  spare.next = null;
  return spare;
}

/** Adds a range of a page; one that continues the last fragment makes that longer. include/linux/skbuff.h:skb_fill_page_desc */
export function skb_add_frag(skb: sk_buff, page: Uint8Array, offset: number, size: number): void {
  const { last } = skb;
  if (last !== null && last.page === page && last.offset + last.size === offset) {
    last.size += size;
  } else {
    const frag = new_frag(skb, page, offset, size);
    if (last === null) skb.first = frag;
    else last.next = frag;
    skb.last = frag;
    skb.nr_frags++;
  }
  skb.len += size;
}

/** A buffer with the same bytes, sharing the pages. net/core/skbuff.c:skb_clone */
export function skb_clone(cache: skb_cache, skb: sk_buff): sk_buff {
  const n = skb_cache_get(cache);
  n.len = skb.len;
  n.truesize = skb.truesize;
  n.nr_frags = skb.nr_frags;
  let last: skb_frag | null = null;
  for (let frag = skb.first; frag !== null; frag = frag.next) {
    const copy = new_frag(n, frag.page, frag.offset, frag.size);
    if (last === null) n.first = copy;
    else last.next = copy;
    last = copy;
  }
  n.last = last;
  n.clone_of = skb;
  n.clone_head = skb.head;
  return n;
}

/** True while the buffer it was cloned from still waits to be acknowledged, with the same data. include/linux/skbuff.h:skb_cloned */
export function skb_cloned(skb: sk_buff): boolean {
  return skb.clone_of !== null && skb.clone_of.list !== null && skb.clone_of.head === skb.clone_head;
}

/** A buffer that is to be changed takes data of its own; its clones keep the old. include/linux/skbuff.h:skb_unclone_keeptruesize */
export function skb_unclone(skb: sk_buff): void {
  skb.head++;
}

/** A buffer whose `size` bytes stand beside the headers; its memory is a block of the allocator. net/core/skbuff.c:alloc_skb */
export function alloc_skb(size: number): sk_buff {
  const skb = new sk_buff();
  const needed = ((size + 63) & -64) + SHARED_INFO;
  // Blocks are powers of two, but for the one that most headers take.
  const block = needed <= SHARED_INFO + MAX_TCP_HEADER ? SHARED_INFO + MAX_TCP_HEADER : 2 ** (32 - Math.clz32(needed - 1));
  skb.truesize = SKB_STRUCT + block;
  skb.linear = true;
  skb.tailroom = block - SHARED_INFO;
  return skb;
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

/** Copies the bytes of a buffer to `page`; returns the place behind them. net/core/skbuff.c:skb_copy_bits */
export function skb_copy_bits(skb: sk_buff, offset: number, page: Uint8Array, to: number, len: number): number {
  let skip = offset;
  let at = to;
  const end = to + len;
  for (let frag = skb.first; frag !== null && at < end; frag = frag.next) {
    if (skip >= frag.size) {
      skip -= frag.size;
      continue;
    }
    const part = Math.min(end - at, frag.size - skip);
    page.set(frag.page.subarray(frag.offset + skip, frag.offset + skip + part), at);
    at += part;
    skip = 0;
  }
  return at;
}

/**
 * Hands the bytes of `from` to `to`, behind its own; `from` keeps its length and cost. net/core/skbuff.c:skb_try_coalesce
 * @returns memory that `to` costs more now; -1: it cannot be done
 */
export function skb_try_coalesce(to: sk_buff, from: sk_buff): number {
  if (skb_cloned(to)) return -1;
  if (from.len === 0) return 0;
  if (from.len <= to.tailroom) {
    const bytes = skb_bytes(from);
    skb_add_frag(to, bytes, 0, bytes.length);
    to.tailroom -= bytes.length;
    return 0;
  }
  if (from.linear || to.nr_frags + from.nr_frags > MAX_SKB_FRAGS) return -1;
  if (to.last === null) to.first = from.first;
  else to.last.next = from.first;
  to.last = from.last;
  to.nr_frags += from.nr_frags;
  to.len += from.len;
  to.tailroom = 0;
  from.first = null;
  from.last = null;
  const delta = from.truesize - SKB_OVERHEAD;
  to.truesize += delta;
  return delta;
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
