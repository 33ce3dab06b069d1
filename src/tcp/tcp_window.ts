/**
 * The window we offer and the sizes we send: how much of the receive memory is promised to the peer, how the promise
 * grows, the segment size and the size goal of buffers. Linux counterparts: net/ipv4/tcp_output.c,
 * net/ipv4/tcp_input.c (tcp_grow_window, tcp_init_buffer_space). The shrink_window sysctl is left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { sock_net } from '../socket/net.js';
import { MAX_TCP_HEADER, SHARED_INFO, SKB_OVERHEAD, SKB_STRUCT, type sk_buff } from '../socket/skbuff.js';
import { SOCK_MIN_RCVBUF } from '../socket/sockopt.js';
import { MSG_OOB, SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK } from '../socket/uapi_socket.js';
import { tcp_fast_path_off } from './tcp_fastpath.js';
import {
  ICSK_ACK_NOMEM, TCP_HEADER_LEN, TCP_INIT_CWND, TCP_MAX_WSCALE, TCP_MIN_MSS, TCP_MSS_DEFAULT, TCPOLEN_TSTAMP_ALIGNED, tcp_full_space,
  tcp_receive_window, tcp_space, tcp_win_from_space, type tcp_sock,
} from './tcp_sock.js';

/** The largest buffer that a device takes at once. include/linux/netdevice.h:GSO_LEGACY_MAX_SIZE, less room for headers */
export const GSO_MAX_SIZE = 65536 - (MAX_TCP_HEADER + 1);

function round_down(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** Rounds up to a multiple of a power of two. include/linux/align.h:ALIGN */
function align(value: number, step: number): number {
  return (value + step - 1) & -step;
}

/** The window a SYN offers, and its scale. net/ipv4/tcp_output.c:tcp_select_initial_window @param space window for all the receive memory */
export function tcp_select_initial_window(k: Kernel, space: number, mss: number, clamp: number, wscale_ok: boolean): [wnd: number, clamp: number, wscale: number] {
  const { tcp_rmem, rmem_max } = sock_net(k).sysctl;
  let limit = clamp === 0 ? 65535 * 2 ** TCP_MAX_WSCALE : clamp;
  let room = Math.min(limit, Math.max(0, space));
  if (room > mss) room = round_down(room, mss);
  const wnd = room;
  let wscale = 0;
  if (wscale_ok) {
    room = Math.min(Math.max(room, tcp_rmem[2], rmem_max), limit);
    wscale = Math.max(0, Math.min(TCP_MAX_WSCALE, 31 - Math.clz32(room) - 15));
  }
  limit = Math.min(65535 * 2 ** wscale, limit);
  return [wnd, limit, wscale];
}

/** What a listener or a connecting socket may offer at most. include/net/tcp.h */
export function initial_window_clamp(sk: tcp_sock, clamp: number): number {
  const full = tcp_full_space(sk);
  return (sk.sk_userlocks & SOCK_RCVBUF_LOCK) !== 0 && (clamp > full || clamp === 0) ? full : clamp;
}

/** The window we would like to offer now. net/ipv4/tcp_output.c:__tcp_select_window */
export function __tcp_select_window(sk: tcp_sock): number {
  let free_space = tcp_space(sk);
  const allowed_space = tcp_full_space(sk);
  const full_space = Math.min(sk.window_clamp, allowed_space);
  let mss = sk.ack_rcv_mss;
  if (mss > full_space) {
    mss = full_space;
    if (mss <= 0) return 0;
  }
  if (free_space < full_space >> 1) {
    sk.ack_quick = 0;
    free_space = round_down(free_space, 1 << sk.rcv_wscale);
    if (free_space < allowed_space >> 4 || free_space < mss) return 0;
  }
  if (free_space > sk.rcv_ssthresh) free_space = sk.rcv_ssthresh;
  if (sk.rcv_wscale !== 0) return align(free_space, 1 << sk.rcv_wscale);
  let window = sk.rcv_wnd;
  if (window <= free_space - mss || window > free_space) window = round_down(free_space, mss);
  else if (mss === full_space && free_space > window + (full_space >> 1)) window = free_space;
  return window;
}

/** The window for the header of a segment that leaves now; what was offered is never taken back. net/ipv4/tcp_output.c:tcp_select_window */
export function tcp_select_window(sk: tcp_sock): number {
  // There was no memory for the last segment: the window closes, whatever was promised.
  if ((sk.ack_pending & ICSK_ACK_NOMEM) !== 0) {
    tcp_fast_path_off(sk);
    sk.rcv_wnd = 0;
    sk.rcv_wup = sk.rcv_nxt;
    return 0;
  }
  const cur_win = tcp_receive_window(sk);
  let new_win = __tcp_select_window(sk);
  if (new_win < cur_win) new_win = align(cur_win, 1 << sk.rcv_wscale);
  sk.rcv_wnd = new_win;
  sk.rcv_wup = sk.rcv_nxt;
  new_win = Math.min(new_win, 65535 << sk.rcv_wscale) >> sk.rcv_wscale;
  if (new_win === 0) tcp_fast_path_off(sk);
  return new_win;
}

/** Sets the largest window ever to be offered. net/ipv4/tcp.c:tcp_set_window_clamp */
export function tcp_set_window_clamp(sk: tcp_sock, val: number): void {
  const clamp = Math.max(SOCK_MIN_RCVBUF / 2, val);
  if (clamp < sk.window_clamp) sk.rcv_ssthresh = Math.min(sk.rcv_ssthresh, clamp);
  else if (clamp > sk.window_clamp) sk.rcv_ssthresh = Math.max(sk.rcv_ssthresh, Math.min(sk.rcv_wnd, clamp));
  sk.window_clamp = clamp;
}

/** Segments of this size and memory cost: by how much may the window grow? net/ipv4/tcp_input.c:__tcp_grow_window */
function __tcp_grow_window(k: Kernel, sk: tcp_sock, skb: sk_buff, skb_truesize: number): number {
  let truesize = tcp_win_from_space(sk, skb_truesize) >> 1;
  let window = tcp_win_from_space(sk, sock_net(k).sysctl.tcp_rmem[2]) >> 1;
  while (sk.rcv_ssthresh <= window) {
    if (truesize <= skb.len) return 2 * sk.ack_rcv_mss;
    truesize >>= 1;
    window >>= 1;
  }
  return 0;
}

/** Data with a good ratio of payload to memory raises the ceiling of the window. net/ipv4/tcp_input.c:tcp_grow_window @param adjust the buffer's own structures do not count: they go when it is merged */
export function tcp_grow_window(k: Kernel, sk: tcp_sock, skb: sk_buff, adjust: boolean): void {
  const room = Math.min(sk.window_clamp, tcp_space(sk)) - sk.rcv_ssthresh;
  if (room <= 0) return;
  const truesize = adjust && !skb.linear ? skb.truesize - SKB_OVERHEAD : skb.truesize;
  const good = tcp_win_from_space(sk, truesize) <= skb.len;
  const incr = good ? 2 * sk.advmss : __tcp_grow_window(k, sk, skb, truesize);
  if (incr === 0) return;
  sk.rcv_ssthresh += Math.min(room, Math.max(incr, 2 * skb.len));
  sk.ack_quick |= 1;
}

/** Memory for what the send side may hold: enough for the congestion window. net/ipv4/tcp_input.c:tcp_sndbuf_expand */
export function tcp_sndbuf_expand(k: Kernel, sk: tcp_sock): void {
  let per_mss = Math.max(sk.mss_clamp, sk.mss_cache) + MAX_TCP_HEADER + SHARED_INFO;
  per_mss = 2 ** Math.ceil(Math.log2(per_mss)) + SKB_STRUCT;
  const nr_segs = Math.max(TCP_INIT_CWND, sk.snd_cwnd, 4);
  const sndmem = sk.icsk_ca_ops.sndbuf_expand * nr_segs * per_mss;
  if (sk.sk_sndbuf < sndmem) sk.sk_sndbuf = Math.min(sndmem, sock_net(k).sysctl.tcp_wmem[2]);
}

/** Buffer sizes of a connection that has just been established. net/ipv4/tcp_input.c:tcp_init_buffer_space */
export function tcp_init_buffer_space(k: Kernel, sk: tcp_sock): void {
  if ((sk.sk_userlocks & SOCK_SNDBUF_LOCK) === 0) tcp_sndbuf_expand(k, sk);
  sk.tcp_mstamp = k.clock.us;
  sk.rcvq_time = sk.tcp_mstamp;
  sk.rcvq_seq = sk.copied_seq;
  const maxwin = tcp_full_space(sk);
  if (sk.window_clamp >= maxwin) {
    sk.window_clamp = maxwin;
    if (maxwin > 4 * sk.advmss) sk.window_clamp = Math.max(maxwin, 4 * sk.advmss);
  }
  if (sk.window_clamp > 2 * sk.advmss && sk.window_clamp + sk.advmss > maxwin) {
    sk.window_clamp = Math.max(2 * sk.advmss, maxwin - sk.advmss);
  }
  sk.rcv_ssthresh = Math.min(sk.rcv_ssthresh, sk.window_clamp);
  sk.rcvq_space = Math.min(sk.rcv_ssthresh, sk.rcv_wnd, TCP_INIT_CWND * sk.advmss);
}

// sizes

/** A segment is at most half of the largest window the peer ever offered. include/net/tcp.h:tcp_bound_to_half_wnd */
export function tcp_bound_to_half_wnd(sk: tcp_sock, pktsize: number): number {
  const cutoff = sk.max_window > TCP_MSS_DEFAULT ? sk.max_window >> 1 : sk.max_window;
  return cutoff !== 0 && pktsize > cutoff ? Math.max(cutoff, 68 - TCP_HEADER_LEN) : pktsize;
}

/** The largest packet of IP. include/net/ip.h:IP_MAX_MTU */
export const IP_MAX_MTU = 0xffff;

/** The MSS that an MTU leaves, without options. net/ipv4/tcp_output.c:tcp_mtu_to_mss */
export function tcp_mtu_to_mss(mtu: number, v6: boolean): number {
  return mtu - (v6 ? 40 : 20) - 20 - 1 * Number(mtu > 65535);
}

/** The segment size after news about the path or the peer's window. net/ipv4/tcp_output.c:tcp_sync_mss */
export function tcp_sync_mss(sk: tcp_sock): void {
  const path = tcp_mtu_to_mss(sk.icsk_pmtu_cookie, false);
  const mss = Math.max(Math.min(path, sk.mss_clamp) - TCPOLEN_TSTAMP_ALIGNED, 48);
  sk.mss_cache = tcp_bound_to_half_wnd(sk, mss);
}

/** First guess at the size of the segments that will come. net/ipv4/tcp_input.c:tcp_initialize_rcv_mss */
export function tcp_initialize_rcv_mss(sk: tcp_sock): void {
  const hint = Math.min(sk.advmss, sk.mss_cache, sk.rcv_wnd >> 1, TCP_MSS_DEFAULT);
  sk.ack_rcv_mss = Math.max(hint, TCP_MIN_MSS);
}

/** How large a buffer of send() may become: a whole number of segments. net/ipv4/tcp.c:tcp_xmit_size_goal */
export function tcp_xmit_size_goal(sk: tcp_sock, flags: number): number {
  const mss = sk.mss_cache;
  if ((flags & MSG_OOB) !== 0) return mss;
  const bound = tcp_bound_to_half_wnd(sk, GSO_MAX_SIZE);
  let goal = sk.gso_segs * mss;
  if (bound < goal || bound >= goal + mss) {
    sk.gso_segs = Math.min(Math.floor(bound / mss), 65535);
    goal = sk.gso_segs * mss;
  }
  return Math.max(goal, mss);
}
