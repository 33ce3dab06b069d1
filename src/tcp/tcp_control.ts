/**
 * Segments without data: ACK, FIN, RST, SYN, probes, challenge ACKs. Linux counterpart: net/ipv4/tcp_output.c;
 * the RST for a segment without connection is net/ipv4/tcp_ipv4.c:tcp_v4_send_reset.
 */

import type { Kernel } from '../kernel/kernel.js';
import { HZ } from '../kernel/clock.js';
import { jiffies } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { __skb_queue_tail, sk_buff, tcp_syn_options } from '../socket/skbuff.js';
import { enter_sk } from '../socket/sock_trace.js';
import { ip_queue_xmit, route_mtu } from './link.js';
import { tcp_event_new_data_sent, tcp_fragment, tcp_set_skb_tso_segs, tcp_transmit_skb, tcp_urg_mode, __tcp_push_pending_frames } from './tcp_output.js';
import {
  ICSK_ACK_PUSHED, ICSK_ACK_TIMER, ICSK_TIME_PROBE0, ICSK_TIME_RETRANS, inet_csk_in_pingpong_mode, TCP_DELACK_MAX, TCP_DELACK_MIN, TCP_NAGLE_OFF,
  TCP_RTO_MIN, TCP_TIMEOUT_INIT, tcp_full_space, tcp_send_head, tcp_wnd_end, type tcp_request_sock,
  type tcp_sock, type tcp_timewait_sock,
} from './tcp_sock.js';
import { before, between, TCP_CLOSE, TCPHDR_ACK, TCPHDR_FIN, TCPHDR_PSH, TCPHDR_RST, TCPHDR_SYN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { initial_window_clamp, IP_MAX_MTU, tcp_mtu_to_mss, tcp_select_initial_window, tcp_sync_mss } from './tcp_window.js';
import { tcp_arm_delack, tcp_probe0_when, tcp_reset_xmit_timer, usecs_to_jiffies } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** A segment without data; SYN and FIN count one in the sequence space. net/ipv4/tcp_output.c:tcp_init_nondata_skb */
function tcp_init_nondata_skb(seq: number, flags: number): sk_buff {
  const skb = new sk_buff();
  skb.seq = seq | 0;
  skb.end_seq = (flags & (TCPHDR_SYN | TCPHDR_FIN)) !== 0 ? (seq + 1) | 0 : seq | 0;
  skb.tcp_flags = flags;
  skb.gso_segs = 1;
  return skb;
}

/** A sequence number that the peer will not refuse. net/ipv4/tcp_output.c:tcp_acceptable_seq */
function tcp_acceptable_seq(sk: tcp_sock): number {
  const end = tcp_wnd_end(sk);
  return !before(end, sk.snd_nxt) || sk.snd_nxt - end < 1 << sk.rcv_wscale ? sk.snd_nxt : end;
}

/** Acknowledges now. net/ipv4/tcp_output.c:tcp_send_ack */
export function tcp_send_ack(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_send_ack, sk);
  __tcp_send_ack(k, sk);
  leave(k, 0);
}

/** net/ipv4/tcp_output.c:__tcp_send_ack */
function __tcp_send_ack(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.__tcp_send_ack, sk);
  // A connection that was reset meanwhile says nothing any more.
  if (sk.sk_state !== TCP_CLOSE) tcp_transmit_skb(k, sk, tcp_init_nondata_skb(tcp_acceptable_seq(sk), TCPHDR_ACK), false);
  leave(k, 0);
}

/** The ACK may wait: for data of our own, or for more to acknowledge. net/ipv4/tcp_output.c:tcp_send_delayed_ack */
export function tcp_send_delayed_ack(k: Kernel, sk: tcp_sock): void {
  let ato = sk.ack_ato;
  if (ato > TCP_DELACK_MIN) {
    let max_ato = inet_csk_in_pingpong_mode(sk) || (sk.ack_pending & ICSK_ACK_PUSHED) !== 0 ? TCP_DELACK_MAX : HZ / 2;
    if (sk.srtt !== 0) max_ato = Math.min(max_ato, Math.max(usecs_to_jiffies(sk.srtt >> 3), TCP_DELACK_MIN));
    ato = Math.min(ato, max_ato);
  }
  // The peer must not think that its data is lost.
  ato = Math.min(ato, TCP_DELACK_MAX, TCP_RTO_MIN - 1);
  let timeout = jiffies(k) + ato;
  if ((sk.ack_pending & ICSK_ACK_TIMER) !== 0) {
    if (sk.ack_timeout <= jiffies(k) + (ato >> 2)) {
      tcp_send_ack(k, sk);
      return;
    }
    timeout = Math.min(timeout, sk.ack_timeout);
  }
  tcp_arm_delack(k, sk, timeout);
}

/** An ACK that asks the peer to prove itself. RFC 5961; net/ipv4/tcp_input.c:tcp_send_challenge_ack */
export function tcp_send_challenge_ack(k: Kernel, sk: tcp_sock): void {
  tcp_send_ack(k, sk);
}

/** Puts a FIN behind everything that is still unsent. net/ipv4/tcp_output.c:tcp_send_fin */
export function tcp_send_fin(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_send_fin, sk);
  const tail = sk.sk_write_queue.last;
  if (tail !== null) {
    tail.tcp_flags |= TCPHDR_FIN;
    tail.end_seq = (tail.end_seq + 1) | 0;
    sk.write_seq = (sk.write_seq + 1) | 0;
  } else {
    const skb = tcp_init_nondata_skb(sk.write_seq, TCPHDR_ACK | TCPHDR_FIN);
    sk.write_seq = skb.end_seq;
    tcp_charge(sk, skb);
    __skb_queue_tail(sk.sk_write_queue, skb);
  }
  __tcp_push_pending_frames(k, sk, TCP_NAGLE_OFF);
  leave(k, 0);
}

/** A new buffer of the send side is charged. net/ipv4/tcp.c:tcp_skb_entail */
export function tcp_charge(sk: tcp_sock, skb: sk_buff): void {
  sk.sk_wmem_queued += skb.truesize;
  if (skb.truesize > sk.sk_forward_alloc) sk.sk_forward_alloc += Math.ceil((skb.truesize - sk.sk_forward_alloc) / 4096) * 4096;
  sk.sk_forward_alloc -= skb.truesize;
}

/** Breaks the connection off. net/ipv4/tcp_output.c:tcp_send_active_reset */
export function tcp_send_active_reset(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_send_active_reset, sk);
  tcp_transmit_skb(k, sk, tcp_init_nondata_skb(tcp_acceptable_seq(sk), TCPHDR_ACK | TCPHDR_RST), false);
  leave(k, 0);
}

/** Answers a segment that belongs to nothing. net/ipv4/tcp_ipv4.c:tcp_v4_send_reset @param sk the connection it did not fit, or null */
export function tcp_v4_send_reset(k: Kernel, sk: tcp_sock | null, skb: sk_buff): void {
  if (k.trace !== null) k.trace.enter(F.tcp_v4_send_reset, sk === null ? 0 : sk.id);
  if ((skb.tcp_flags & TCPHDR_RST) === 0) {
    const answer = tcp_init_nondata_skb(0, TCPHDR_RST);
    if ((skb.tcp_flags & TCPHDR_ACK) !== 0) {
      answer.seq = skb.ack_seq;
      answer.end_seq = skb.ack_seq;
    } else {
      answer.tcp_flags |= TCPHDR_ACK;
      answer.ack_seq = skb.end_seq;
    }
    send_back(k, answer, skb, sk === null ? 0 : sk.id);
  }
  leave(k, 0);
}

/** Sends a segment to where another came from. net/ipv4/ip_output.c:ip_send_unicast_reply */
function send_back(k: Kernel, answer: sk_buff, to: sk_buff, owner: number): void {
  answer.saddr = to.daddr;
  answer.daddr = to.saddr;
  answer.source = to.dest;
  answer.dest = to.source;
  ip_queue_xmit(k, answer, owner);
}

/** An ACK for a connection in TIME_WAIT. net/ipv4/tcp_ipv4.c:tcp_v4_timewait_ack */
export function tcp_v4_timewait_ack(k: Kernel, tw: tcp_timewait_sock, skb: sk_buff): void {
  const answer = tcp_init_nondata_skb(tw.tw_snd_nxt, TCPHDR_ACK);
  answer.ack_seq = tw.tw_rcv_nxt;
  answer.window = tw.tw_window;
  send_back(k, answer, skb, tw.id);
}

/** An ACK for a half-open connection. net/ipv4/tcp_ipv4.c:tcp_v4_reqsk_send_ack */
export function tcp_v4_reqsk_send_ack(k: Kernel, req: tcp_request_sock, skb: sk_buff): void {
  const answer = tcp_init_nondata_skb(req.snt_isn + 1, TCPHDR_ACK);
  answer.ack_seq = (req.rcv_isn + 1) | 0;
  answer.window = req.rsk_rcv_wnd >> req.rcv_wscale;
  send_back(k, answer, skb, req.id);
}

/** The SYN-ACK of a half-open connection. net/ipv4/tcp_ipv4.c:tcp_v4_send_synack */
export function tcp_v4_send_synack(k: Kernel, req: tcp_request_sock): void {
  const skb = tcp_init_nondata_skb(req.snt_isn, TCPHDR_SYN | TCPHDR_ACK);
  skb.ack_seq = (req.rcv_isn + 1) | 0;
  skb.window = Math.min(req.rsk_rcv_wnd, 65535);
  skb.opt = tcp_syn_options(req.advmss, req.snd_wscale < 0 ? -1 : req.rcv_wscale, req.sack_ok);
  skb.tsval = k.clock.ms;
  skb.saddr = req.skc_rcv_saddr;
  skb.daddr = req.skc_daddr;
  skb.source = req.skc_num;
  skb.dest = req.skc_dport;
  ip_queue_xmit(k, skb, req.id);
}

/** The SYN-ACK of a connection whose SYNs crossed: the SYN of the retransmit queue with an ACK. net/ipv4/tcp_output.c:tcp_send_synack */
export function tcp_send_synack(k: Kernel, sk: tcp_sock): void {
  const syn = sk.tcp_rtx_queue.first;
  if (syn === null || (syn.tcp_flags & TCPHDR_SYN) === 0) return;
  syn.tcp_flags |= TCPHDR_ACK;
  tcp_transmit_skb(k, sk, syn, true);
}

/** What a connecting socket starts with. net/ipv4/tcp_output.c:tcp_connect_init */
function tcp_connect_init(k: Kernel, sk: tcp_sock): void {
  const mtu = route_mtu(k, sk.skc_daddr);
  sk.icsk_pmtu_cookie = Math.min(mtu, IP_MAX_MTU);
  const mss = tcp_mtu_to_mss(mtu, false);
  sk.mss_clamp = sk.user_mss !== 0 ? Math.min(sk.user_mss, mss) : mss;
  sk.max_window = 0;
  tcp_sync_mss(sk);
  sk.advmss = sk.user_mss !== 0 ? Math.min(sk.user_mss, mss) : mss;
  const clamp = initial_window_clamp(sk, sk.window_clamp);
  const [wnd, limit, wscale] = tcp_select_initial_window(k, tcp_full_space(sk), sk.advmss, clamp, true);
  sk.rcv_wnd = wnd;
  sk.window_clamp = limit;
  sk.rcv_wscale = wscale;
  sk.rcv_ssthresh = wnd;
  sk.sk_err = 0;
  sk.sk_flags &= ~2;
  sk.snd_wnd = 0;
  sk.snd_wl1 = 0;
  sk.snd_una = sk.write_seq;
  sk.snd_sml = sk.write_seq;
  sk.snd_up = sk.write_seq;
  sk.snd_nxt = sk.write_seq;
  sk.rcv_nxt = 0;
  sk.rcv_wup = 0;
  sk.copied_seq = 0;
  sk.icsk_rto = TCP_TIMEOUT_INIT;
  sk.icsk_retransmits = 0;
  sk.total_rto = 0;
  sk.retrans_stamp = k.clock.nowNs;
}

/** Sends the SYN. net/ipv4/tcp_output.c:tcp_connect */
export function tcp_connect(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_connect, sk);
  tcp_connect_init(k, sk);
  const skb = tcp_init_nondata_skb(sk.write_seq, TCPHDR_SYN);
  skb.opt = tcp_syn_options(sk.advmss, sk.rcv_wscale, true);
  sk.write_seq = skb.end_seq;
  tcp_charge(sk, skb);
  sk.packets_out += 1;
  __skb_queue_tail(sk.tcp_rtx_queue, skb);
  tcp_transmit_skb(k, sk, skb, true);
  sk.snd_nxt = sk.write_seq;
  sk.pushed_seq = sk.write_seq;
  tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, sk.icsk_rto);
  leave(k, 0);
}

/** A segment that the peer has seen already: it must answer. net/ipv4/tcp_output.c:tcp_xmit_probe_skb */
function tcp_xmit_probe_skb(k: Kernel, sk: tcp_sock, urgent: number): void {
  tcp_transmit_skb(k, sk, tcp_init_nondata_skb(sk.snd_una - (urgent === 0 ? 1 : 0), TCPHDR_ACK), false);
}

/** Asks the peer for news: with data as far as its window goes, else with an old sequence number. net/ipv4/tcp_output.c:tcp_write_wakeup @returns 0 sent, -1 the connection is closed */
export function tcp_write_wakeup(k: Kernel, sk: tcp_sock): number {
  if (sk.sk_state === TCP_CLOSE) return -1;
  const skb = tcp_send_head(sk);
  if (skb !== null && before(skb.seq, tcp_wnd_end(sk))) {
    const seg_size = (tcp_wnd_end(sk) - skb.seq) | 0;
    if (before(sk.pushed_seq, skb.end_seq)) sk.pushed_seq = skb.end_seq;
    if (seg_size < skb.len || skb.len > sk.mss_cache) tcp_fragment(sk, skb, Math.min(seg_size, sk.mss_cache), sk.mss_cache);
    else if (skb.gso_segs === 0) tcp_set_skb_tso_segs(skb, sk.mss_cache);
    skb.tcp_flags |= TCPHDR_PSH;
    tcp_transmit_skb(k, sk, skb, true);
    tcp_event_new_data_sent(k, sk, skb);
    return 0;
  }
  if (tcp_urg_mode(sk) && between(sk.snd_up, (sk.snd_una + 1) | 0, (sk.snd_una + 0xffff) | 0)) tcp_xmit_probe_skb(k, sk, 1);
  tcp_xmit_probe_skb(k, sk, 0);
  return 0;
}

/** A zero-window probe, and the timer of the next one. net/ipv4/tcp_output.c:tcp_send_probe0 */
export function tcp_send_probe0(k: Kernel, sk: tcp_sock): void {
  tcp_write_wakeup(k, sk);
  if (sk.packets_out > 0 || sk.sk_write_queue.first === null) {
    sk.icsk_probes_out = 0;
    sk.icsk_backoff = 0;
    sk.icsk_probes_tstamp = 0;
    return;
  }
  sk.icsk_probes_out++;
  if (sk.icsk_backoff < sock_net(k).sysctl.tcp_retries2) sk.icsk_backoff++;
  tcp_reset_xmit_timer(k, sk, ICSK_TIME_PROBE0, tcp_probe0_when(sk));
}
