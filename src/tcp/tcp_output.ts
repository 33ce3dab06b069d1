/**
 * Sending: what of the write queue may leave now (congestion window, peer's window, Nagle, cork), how buffers are
 * cut, and the segment that goes to the wire. Control segments are in tcp_control.ts.
 * Linux counterpart: net/ipv4/tcp_output.c. Pacing, small queue limits and path MTU probing are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { __skb_insert, __skb_queue_tail, __skb_unlink, sk_buff, skb_clone, skb_shift, skb_split, skb_unclone, tcp_options } from '../socket/skbuff.js';
import { enter_sk } from '../socket/sock_trace.js';
import { SOCK_SNDBUF_LOCK } from '../socket/uapi_socket.js';
import { ip_queue_xmit, skb_still_in_host_queue } from './link.js';
import { tcp_wmem_free_skb } from './tcp_life.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import {
  ICSK_TIME_LOSS_PROBE, inet_csk_ack_scheduled, TCP_ATO_MIN, TCP_CA_RECOVERY, TCP_INIT_CWND, TCP_NAGLE_CORK, TCP_NAGLE_PUSH, tcp_in_slow_start, tcp_packets_in_flight,
  tcp_send_head, tcp_wnd_end, TCPCB_EVER_RETRANS, TCPCB_SACKED_RETRANS, type tcp_sock,
} from './tcp_sock.js';
import { after, before, TCP_CLOSE, TCPHDR_ACK, TCPHDR_FIN, TCPHDR_PSH, TCPHDR_SYN, TCPHDR_URG } from './tcp_states.js';
import { GSO_MAX_SIZE, tcp_select_window, tcp_sndbuf_expand } from './tcp_window.js';
import { tcp_check_probe_timer, tcp_clear_delack, tcp_rearm_rto, tcp_schedule_loss_probe } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** Urgent data of ours is not acknowledged yet. include/net/tcp.h:tcp_urg_mode */
export function tcp_urg_mode(sk: tcp_sock): boolean {
  return sk.snd_una !== sk.snd_up;
}

/** An ACK left: one less to be sent quickly, and none is owed. net/ipv4/tcp_output.c:tcp_event_ack_sent */
function tcp_event_ack_sent(sk: tcp_sock): void {
  if (sk.ack_quick > 0) {
    const pkts = inet_csk_ack_scheduled(sk) ? 1 : 0;
    if (pkts >= sk.ack_quick) {
      sk.ack_quick = 0;
      sk.ack_ato = TCP_ATO_MIN;
    } else {
      sk.ack_quick -= pkts;
    }
  }
  if (sk.ack_pending !== 0) tcp_clear_delack(sk);
}

/** Data left: as a reply to what just came it makes the connection interactive. net/ipv4/tcp_output.c:tcp_event_data_sent */
function tcp_event_data_sent(k: Kernel, sk: tcp_sock): void {
  const now = jiffies(k);
  sk.lsndtime = now;
  if (now - sk.ack_lrcvtime < sk.ack_ato && sk.ack_pingpong < 255) sk.ack_pingpong++;
}

/** Microseconds, modulo 2^32. include/net/tcp.h:tcp_clock_us */
export function tcp_clock_us(k: Kernel): number {
  return k.clock.us;
}

/**
 * Builds the header and sends. A buffer of a queue is cloned, because it may have to be sent again.
 * net/ipv4/tcp_output.c:__tcp_transmit_skb
 */
export function tcp_transmit_skb(k: Kernel, sk: tcp_sock, skb: sk_buff, clone_it: boolean): void {
  const out = clone_it ? skb_clone(sock_net(k).skb_cache, skb) : skb;
  sk.tcp_mstamp = tcp_clock_us(k);
  sk.tcp_wstamp = sk.tcp_mstamp;
  skb.tstamp = sk.tcp_mstamp;
  const flags = skb.tcp_flags;
  out.seq = skb.seq;
  out.end_seq = skb.end_seq;
  out.tcp_flags = flags;
  out.gso_segs = skb.gso_segs;
  out.gso_size = skb.gso_size;
  out.tsval = k.clock.ms;
  out.tsecr = sk.ts_recent;
  out.opt = skb.opt;
  out.saddr = sk.inet_saddr;
  out.daddr = sk.skc_daddr;
  out.source = sk.inet_sport;
  out.dest = sk.skc_dport;
  if ((flags & TCPHDR_ACK) !== 0) out.ack_seq = sk.rcv_nxt;
  if (sk.dsack !== null) {
    out.opt = new tcp_options();
    out.opt.dsack = sk.dsack;
    sk.dsack = null;
  }
  out.window = (flags & TCPHDR_SYN) !== 0 ? Math.min(sk.rcv_wnd, 65535) : tcp_select_window(sk);
  if (tcp_urg_mode(sk) && before(skb.seq, sk.snd_up)) {
    const ahead = (sk.snd_up - skb.seq) | 0;
    // 16 bits: what is further ahead is said to be as far as they reach, but only while nothing behind this segment was sent
    if (ahead < 0x10000 || after((skb.seq + 0xffff) | 0, sk.snd_nxt)) {
      out.urg_ptr = Math.min(ahead, 0xffff);
      out.tcp_flags |= TCPHDR_URG;
    }
  }
  if ((flags & TCPHDR_ACK) !== 0) tcp_event_ack_sent(sk);
  if (skb.len !== 0) tcp_event_data_sent(k, sk);
  ip_queue_xmit(k, out, sk.id);
}

/** A buffer moved from the write queue to the retransmit queue: it has been sent. net/ipv4/tcp_output.c:tcp_event_new_data_sent */
export function tcp_event_new_data_sent(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  const prior_packets = sk.packets_out;
  sk.snd_nxt = skb.end_seq;
  __skb_unlink(skb, sk.sk_write_queue);
  __skb_queue_tail(sk.tcp_rtx_queue, skb);
  sk.packets_out += skb.gso_segs;
  if (prior_packets === 0 || sk.icsk_pending === ICSK_TIME_LOSS_PROBE) tcp_rearm_rto(k, sk);
  tcp_check_space(k, sk);
}

/** Somebody waits for room: is there enough now? net/ipv4/tcp_input.c:tcp_check_space */
export function tcp_check_space(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_check_space, sk);
  if (sk.sk_socket !== null && sk.sk_socket.nospace) tcp_new_space(k, sk);
  leave(k, 0);
}

/** Grows the send buffer if the congestion window is not full, and tells of room. net/ipv4/tcp_input.c:tcp_new_space */
function tcp_new_space(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_new_space, sk);
  if ((sk.sk_userlocks & SOCK_SNDBUF_LOCK) === 0 && tcp_packets_in_flight(sk) < sk.snd_cwnd) tcp_sndbuf_expand(k, sk);
  sk.sk_write_space(k, sk);
  leave(k, 0);
}

// the tests

/** Small data is waiting for an ACK of small data. net/ipv4/tcp_output.c:tcp_minshall_check */
function tcp_minshall_check(sk: tcp_sock): boolean {
  return after(sk.snd_sml, sk.snd_una) && !after(sk.snd_sml, sk.snd_nxt);
}

/** Nagle, as modified by Minshall, and cork: true holds a partial segment back. net/ipv4/tcp_output.c:tcp_nagle_check */
function tcp_nagle_check(partial: boolean, sk: tcp_sock, nonagle: number): boolean {
  return partial && ((nonagle & TCP_NAGLE_CORK) !== 0 || (nonagle === 0 && sk.packets_out > 0 && tcp_minshall_check(sk)));
}

/** The segment may leave as far as Nagle is concerned. net/ipv4/tcp_output.c:tcp_nagle_test */
function tcp_nagle_test(sk: tcp_sock, skb: sk_buff, mss: number, nonagle: number): boolean {
  if ((nonagle & TCP_NAGLE_PUSH) !== 0) return true;
  if (tcp_urg_mode(sk) || (skb.tcp_flags & TCPHDR_FIN) !== 0) return true;
  return !tcp_nagle_check(skb.len < mss, sk, nonagle);
}

/** Segments that the congestion window lets go. net/ipv4/tcp_output.c:tcp_cwnd_test */
function tcp_cwnd_test(sk: tcp_sock): number {
  const in_flight = tcp_packets_in_flight(sk);
  if (in_flight >= sk.snd_cwnd) return 0;
  return Math.min(Math.max(sk.snd_cwnd >> 1, 1), sk.snd_cwnd - in_flight);
}

/** The first segment of the buffer fits into the peer's window. net/ipv4/tcp_output.c:tcp_snd_wnd_test */
export function tcp_snd_wnd_test(sk: tcp_sock, skb: sk_buff, mss: number): boolean {
  const end_seq = skb.len > mss ? (skb.seq + mss) | 0 : skb.end_seq;
  return !after(end_seq, tcp_wnd_end(sk));
}

/** Bytes of a large buffer to send now. net/ipv4/tcp_output.c:tcp_mss_split_point */
function tcp_mss_split_point(sk: tcp_sock, skb: sk_buff, mss: number, max_segs: number, nonagle: number): number {
  const window = (tcp_wnd_end(sk) - skb.seq) | 0;
  const max_len = mss * max_segs;
  if (max_len <= window && skb.next !== null) return max_len;
  const needed = Math.min(skb.len, window);
  if (max_len <= needed) return max_len;
  const partial = needed % mss;
  return tcp_nagle_check(partial !== 0, sk, nonagle) ? needed - partial : needed;
}

/**
 * The ACK that makes room is not due within a millisecond, or half a round trip: waiting for it is not worth it. Round trips under a
 * millisecond have passed by the next segment on Linux; here calls take no time. net/ipv4/tcp_output.c:tcp_tso_should_defer
 */
function ack_is_far(k: Kernel, sk: tcp_sock, head: sk_buff): boolean {
  const srttUs = sk.srtt >> 3;
  return srttUs >= 1000 && ((head.tstamp - k.clock.us) | 0) + srttUs > Math.min(srttUs >> 1, 1000);
}

/** A large buffer waits for more room, so that fewer and larger ones go out. net/ipv4/tcp_output.c:tcp_tso_should_defer */
function tcp_tso_should_defer(k: Kernel, sk: tcp_sock, skb: sk_buff, mss: number, max_segs: number): boolean {
  if (sk.icsk_ca_state >= TCP_CA_RECOVERY) return false;
  // Only in the middle of a burst.
  if (((k.clock.us - sk.tcp_wstamp) | 0) > 1000) return false;
  const send_win = (tcp_wnd_end(sk) - skb.seq) | 0;
  const cong_win = (sk.snd_cwnd - tcp_packets_in_flight(sk)) * mss;
  const limit = Math.min(send_win, cong_win);
  if (limit >= max_segs * mss) return false;
  if (skb.next !== null && limit >= skb.len) return false;
  const chunk = Math.floor(Math.min(sk.snd_wnd, sk.snd_cwnd * mss) / 3);
  const { first: head } = sk.tcp_rtx_queue;
  if (limit >= chunk || head === null || ack_is_far(k, sk, head)) return false;
  if ((cong_win < send_win ? cong_win : send_win) <= skb.len) return true;
  return (skb.tcp_flags & TCPHDR_FIN) === 0 && !skb.eor;
}

/** How many segments a buffer stands for. net/ipv4/tcp_output.c:tcp_set_skb_tso_segs */
export function tcp_set_skb_tso_segs(skb: sk_buff, mss: number): number {
  if (skb.len <= mss) {
    skb.gso_size = 0;
    skb.gso_segs = 1;
  } else {
    skb.gso_size = mss;
    skb.gso_segs = Math.ceil(skb.len / mss);
  }
  return skb.gso_segs;
}

/** Cuts a buffer in two; the second one stays behind the first on its queue. net/ipv4/tcp_output.c:tcp_fragment */
export function tcp_fragment(sk: tcp_sock, skb: sk_buff, len: number, mss: number): void {
  const buff = new sk_buff();
  const total = skb.len;
  skb_split(skb, buff, len);
  buff.seq = (skb.seq + len) | 0;
  buff.end_seq = skb.end_seq;
  skb.end_seq = buff.seq;
  buff.tcp_flags = skb.tcp_flags;
  skb.tcp_flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
  buff.eor = skb.eor;
  skb.eor = false;
  buff.tstamp = skb.tstamp;
  if (skb.ubuf !== null) buff.ubuf = skb.ubuf.get();
  buff.truesize += total - len;
  skb.truesize -= total - len;
  sk.sk_wmem_queued += buff.truesize - (total - len);
  sk.sk_forward_alloc -= buff.truesize - (total - len);
  tcp_set_skb_tso_segs(skb, mss);
  tcp_set_skb_tso_segs(buff, mss);
  __skb_insert(skb.list!, buff, skb);
}

/** A buffer that does not fill what may leave takes from the next one. net/ipv4/tcp_output.c:tcp_grow_skb (since 6.10) */
function tcp_grow_skb(sk: tcp_sock, skb: sk_buff, amount: number): void {
  const { next } = skb;
  if (next === null || skb.eor) return;
  const nlen = Math.min(amount, next.len);
  if (nlen === 0 || !skb_shift(skb, next, nlen)) return;
  skb.end_seq = (skb.end_seq + nlen) | 0;
  next.seq = (next.seq + nlen) | 0;
  if (next.len > 0) return;
  skb.end_seq = next.end_seq;
  skb.eor = next.eor;
  skb.tcp_flags |= next.tcp_flags;
  __skb_unlink(next, sk.sk_write_queue);
  tcp_wmem_free_skb(sk, next);
}

/** Segments that one buffer may stand for: as many as fit into 64 KB, two at least. net/ipv4/tcp_output.c:tcp_tso_segs */
function tcp_tso_segs(mss: number): number {
  return Math.max((GSO_MAX_SIZE / mss) | 0, 2);
}

/** Remembers how full the congestion window was. net/ipv4/tcp_output.c:tcp_cwnd_validate */
function tcp_cwnd_validate(sk: tcp_sock, is_cwnd_limited: boolean): void {
  if (!before(sk.snd_una, sk.cwnd_usage_seq) || is_cwnd_limited || (!sk.is_cwnd_limited && sk.packets_out > sk.max_packets_out)) {
    sk.is_cwnd_limited = is_cwnd_limited;
    sk.max_packets_out = sk.packets_out;
    sk.cwnd_usage_seq = sk.snd_nxt;
  }
}

/** The congestion window is what holds the sender back. include/net/tcp.h:tcp_is_cwnd_limited */
export function tcp_is_cwnd_limited(sk: tcp_sock): boolean {
  if (sk.is_cwnd_limited) return true;
  return tcp_in_slow_start(sk) && sk.snd_cwnd < 2 * sk.max_packets_out;
}

/** After a pause the congestion window starts small again. net/ipv4/tcp_output.c:tcp_cwnd_restart @param idle ticks */
export function tcp_slow_start_after_idle_check(k: Kernel, sk: tcp_sock): void {
  if (sk.packets_out > 0) return;
  let idle = jiffies(k) - sk.lsndtime;
  if (idle <= sk.icsk_rto) return;
  while ((idle -= sk.icsk_rto) > 0 && sk.snd_cwnd > TCP_INIT_CWND) sk.snd_cwnd = Math.max(sk.snd_cwnd >> 1, TCP_INIT_CWND);
}

/**
 * Sends what may leave. net/ipv4/tcp_output.c:tcp_write_xmit
 * @param push_one 1: at most one buffer; 2: one even against the congestion window
 * @returns true when nothing is on the way and something waits: a probe must be armed
 */
export function tcp_write_xmit(k: Kernel, sk: tcp_sock, mss: number, nonagle: number, push_one: number): boolean {
  if (k.trace !== null) enter_sk(k, F.tcp_write_xmit, sk);
  let sent_pkts = 0;
  const max_segs = tcp_tso_segs(mss);
  for (let skb = tcp_send_head(sk); skb !== null; skb = tcp_send_head(sk)) {
    let cwnd_quota = tcp_cwnd_test(sk);
    if (cwnd_quota === 0) {
      if (push_one !== 2) break;
      cwnd_quota = 1;
    }
    cwnd_quota = Math.min(cwnd_quota, max_segs);
    if (skb.next !== null && cwnd_quota * mss > skb.len) tcp_grow_skb(sk, skb, cwnd_quota * mss - skb.len);
    const tso_segs = tcp_set_skb_tso_segs(skb, mss);
    if (!tcp_snd_wnd_test(sk, skb, mss)) break;
    if (tso_segs === 1) {
      if (!tcp_nagle_test(sk, skb, mss, skb.next === null ? nonagle : TCP_NAGLE_PUSH)) break;
    } else if (push_one === 0 && tcp_tso_should_defer(k, sk, skb, mss, max_segs)) {
      break;
    }
    const limit = tso_segs > 1 && !tcp_urg_mode(sk) ? tcp_mss_split_point(sk, skb, mss, cwnd_quota, nonagle) : mss;
    if (skb.len > limit) tcp_fragment(sk, skb, limit, mss);
    if (skb.end_seq === skb.seq) break;
    tcp_transmit_skb(k, sk, skb, true);
    tcp_event_new_data_sent(k, sk, skb);
    // The end of small data, for Nagle: what came last and did not fill a segment.
    if (skb.len < skb.gso_segs * mss) sk.snd_sml = skb.end_seq;
    sent_pkts += skb.gso_segs;
    if (push_one !== 0) break;
  }
  const is_cwnd_limited = tcp_packets_in_flight(sk) >= sk.snd_cwnd;
  if (sent_pkts > 0 || is_cwnd_limited) tcp_cwnd_validate(sk, is_cwnd_limited);
  if (sent_pkts > 0 && push_one !== 2) tcp_schedule_loss_probe(k, sk, false);
  leave(k, 0);
  return sent_pkts === 0 && sk.packets_out === 0 && sk.sk_write_queue.first !== null;
}

/** Sends what may leave; if nothing may and nothing is on the way, a probe is armed. net/ipv4/tcp_output.c:__tcp_push_pending_frames */
export function __tcp_push_pending_frames(k: Kernel, sk: tcp_sock, nonagle: number): void {
  if (k.trace !== null) enter_sk(k, F.__tcp_push_pending_frames, sk);
  // All is lost already when the connection was torn down under a sender.
  if (sk.sk_state !== TCP_CLOSE && tcp_write_xmit(k, sk, sk.mss_cache, nonagle, 0)) tcp_check_probe_timer(k, sk);
  leave(k, 0);
}

/** include/net/tcp.h:tcp_push_pending_frames */
export function tcp_push_pending_frames(k: Kernel, sk: tcp_sock): void {
  if (sk.sk_write_queue.first !== null) __tcp_push_pending_frames(k, sk, sk.nonagle);
}

/** Sends one buffer that is full, in the middle of a large send(). net/ipv4/tcp_output.c:tcp_push_one */
export function tcp_push_one(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_push_one, sk);
  tcp_write_xmit(k, sk, sk.mss_cache, TCP_NAGLE_PUSH, 1);
  leave(k, 0);
}

/** Sends a buffer of the retransmit queue again. net/ipv4/tcp_output.c:__tcp_retransmit_skb @returns false: the last copy has not left the machine yet */
export function __tcp_retransmit_skb(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  if (skb_still_in_host_queue(k, sk.skc_daddr, skb)) return false;
  // What the peer has already is not sent again, and no more than its window takes.
  const window = (tcp_wnd_end(sk) - skb.seq) | 0;
  const limit = Math.max(Math.min(sk.mss_cache, window > 0 ? window : sk.mss_cache), 1);
  if (skb.len > limit) {
    const before_segs = skb.gso_segs;
    tcp_fragment(sk, skb, limit, sk.mss_cache);
    sk.packets_out += skb.gso_segs + skb.next!.gso_segs - before_segs;
  }
  skb_unclone(skb);
  tcp_transmit_skb(k, sk, skb, true);
  skb.sacked |= TCPCB_EVER_RETRANS;
  return true;
}

/** As __tcp_retransmit_skb, and counts it: the data is thought to be lost. net/ipv4/tcp_output.c:tcp_retransmit_skb */
export function tcp_retransmit_skb(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  const sent = __tcp_retransmit_skb(k, sk, skb);
  // The first try counts from when it was sent, although it may not have left.
  if (sk.retrans_stamp < 0) sk.retrans_stamp = k.clock.nowNs - ((tcp_clock_us(k) - skb.tstamp) | 0) * 1000;
  if (!sent) return;
  if ((skb.sacked & TCPCB_SACKED_RETRANS) === 0) sk.retrans_out += skb.gso_segs;
  skb.sacked |= TCPCB_SACKED_RETRANS;
}
