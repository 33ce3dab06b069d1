/**
 * Receive buffers that grow by themselves: how long a round trip takes, seen from the receiver; how much the program
 * read in one; and a buffer of twice that. SO_RCVBUF switches it off. Linux counterpart: net/ipv4/tcp_input.c
 * (tcp_rcv_rtt_measure, tcp_rcv_space_adjust), as of 6.18.
 */

import type { Kernel } from '../kernel/kernel.js';
import { sock_net } from '../socket/net.js';
import type { sk_buff } from '../socket/skbuff.js';
import { SOCK_RCVBUF_LOCK } from '../socket/uapi_socket.js';
import { tcp_space_from_win, tcp_win_from_space, type tcp_sock } from './tcp_sock.js';
import { after, before } from './tcp_states.js';

/** What the header of a valid segment says about time. net/ipv4/tcp_input.c:tcp_store_ts_recent, RFC 7323 4.3 */
export function tcp_store_ts_recent(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  sk.tcp_mstamp = k.clock.us;
  sk.rcv_tsecr = skb.tsecr;
  if (!after(skb.seq, sk.rcv_wup)) sk.ts_recent = skb.tsval;
}

/** Takes a sample of the round trip into account. net/ipv4/tcp_input.c:tcp_rcv_rtt_update @param win_dep it is only an upper bound */
function tcp_rcv_rtt_update(sk: tcp_sock, sampleUs: number, win_dep: boolean): void {
  const old = sk.rcv_rtt_us;
  if (old === 0 || sampleUs * 8 < old) {
    sk.rcv_rtt_us = sampleUs * 8;
  } else if (!win_dep && sk.rcv_nxt === sk.copied_seq) {
    sk.rcv_rtt_us = old - (old >> 3) + sampleUs;
  }
}

/** A round trip is over at the latest when a whole window has come. net/ipv4/tcp_input.c:tcp_rcv_rtt_measure */
export function tcp_rcv_rtt_measure(sk: tcp_sock): void {
  if (sk.rcv_rtt_time !== 0) {
    if (before(sk.rcv_nxt, sk.rcv_rtt_seq)) return;
    tcp_rcv_rtt_update(sk, Math.max(1, (sk.tcp_mstamp - sk.rcv_rtt_time) | 0), true);
    sk.rcv_round = true;
  }
  sk.rcv_rtt_seq = (sk.rcv_nxt + sk.rcv_wnd) | 0;
  sk.rcv_rtt_time = sk.tcp_mstamp;
}

/** A full segment that answers a segment of ours: the time since that one left; under a millisecond nothing is known. net/ipv4/tcp_input.c:tcp_rcv_rtt_measure_ts */
export function tcp_rcv_rtt_measure_ts(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (sk.rcv_tsecr === sk.rcv_rtt_last_tsecr) return;
  sk.rcv_rtt_last_tsecr = sk.rcv_tsecr;
  if (((skb.end_seq - skb.seq) | 0) < sk.ack_rcv_mss) return;
  const deltaMs = (k.clock.ms - sk.rcv_tsecr) | 0;
  if (deltaMs > 0 && sk.rcv_tsecr !== 0) tcp_rcv_rtt_update(sk, deltaMs * 1000, false);
}

/** Room for what comes in a round trip when `newval` bytes were read in the last one. net/ipv4/tcp_input.c:tcp_rcvbuf_grow (since 6.16) */
function tcp_rcvbuf_grow(k: Kernel, sk: tcp_sock, newval: number): void {
  const oldval = sk.rcvq_space;
  sk.rcvq_space = newval;
  const { tcp_moderate_rcvbuf, tcp_rmem } = sock_net(k).sysctl;
  if (tcp_moderate_rcvbuf === 0 || (sk.sk_userlocks & SOCK_RCVBUF_LOCK) !== 0) return;
  // The measurement is one round trip late, and a sender in slow start doubles its rate.
  let rcvwin = newval * 2;
  rcvwin += Math.floor((rcvwin * (newval - oldval)) / oldval) * 2;
  const { last } = sk.out_of_order_queue;
  if (last !== null) rcvwin += (last.end_seq - sk.rcv_nxt) | 0;
  const rcvbuf = Math.min(tcp_space_from_win(sk, rcvwin), tcp_rmem[2]);
  if (rcvbuf > sk.sk_rcvbuf) {
    sk.sk_rcvbuf = rcvbuf;
    sk.window_clamp = tcp_win_from_space(sk, rcvbuf);
  }
}

/**
 * The program has read: once a round trip the buffer follows what it reads. Where calls take no time at all,
 * a window that came was a round trip too. net/ipv4/tcp_input.c:tcp_rcv_space_adjust
 */
export function tcp_rcv_space_adjust(k: Kernel, sk: tcp_sock): void {
  sk.tcp_mstamp = k.clock.us;
  const elapsedUs = (sk.tcp_mstamp - sk.rcvq_time) | 0;
  if (sk.rcv_rtt_us === 0 || (elapsedUs < sk.rcv_rtt_us >> 3 && !(sk.rcv_round && elapsedUs === 0))) return;
  const copied = ((sk.copied_seq - sk.rcvq_seq) | 0) - ((sk.rcv_nxt - sk.copied_seq) | 0);
  if (copied > sk.rcvq_space) tcp_rcvbuf_grow(k, sk, copied);
  sk.rcvq_seq = sk.copied_seq;
  sk.rcvq_time = sk.tcp_mstamp;
  sk.rcv_round = false;
}
