/**
 * The acknowledgement in an arriving segment: the peer's window, what leaves the retransmit queue, the congestion
 * window, and repeating what was lost. Linux counterpart: net/ipv4/tcp_input.c:tcp_ack. Loss is found by duplicate
 * ACKs and timeouts only (RFC 5681, RFC 6582), and by loss probes (tcp_tlp.ts); SACK, RACK and undo are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { __skb_unlink, skb_cache_put, skb_pull, skb_unclone, type sk_buff } from '../socket/skbuff.js';
import { enter_sk } from '../socket/sock_trace.js';
import { tcp_send_challenge_ack } from './tcp_control.js';
import { tcp_fast_path_check, tcp_fast_path_off } from './tcp_fastpath.js';
import { sk_mem_uncharge, tcp_wmem_free_skb } from './tcp_life.js';
import { tcp_clock_us, tcp_is_cwnd_limited, tcp_retransmit_skb, tcp_set_skb_tso_segs, tcp_slow_start_after_idle_check } from './tcp_output.js';
import {
  ICSK_TIME_PROBE0, TCP_CA_LOSS, TCP_CA_OPEN, TCP_CA_RECOVERY, tcp_packets_in_flight, tcp_send_head, tcp_wnd_end, TCPCB_EVER_RETRANS,
  TCPCB_SACKED_RETRANS, type tcp_sock,
} from './tcp_sock.js';
import { after, before, between, TCPHDR_SYN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_process_tlp_ack } from './tcp_tlp.js';
import { tcp_sync_mss } from './tcp_window.js';
import { tcp_rtt_estimator, tcp_clear_xmit_timer, tcp_probe0_when, tcp_reset_xmit_timer, tcp_set_xmit_timer } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

// flag bits of tcp_ack. net/ipv4/tcp_input.c
export const FLAG_DATA = 0x01;
const FLAG_WIN_UPDATE = 0x02;
const FLAG_DATA_ACKED = 0x04;
const FLAG_SYN_ACKED = 0x10;
export const FLAG_SLOWPATH = 0x100;
const FLAG_SND_UNA_ADVANCED = 0x400;
const FLAG_SET_XMIT_TIMER = 0x1000;
export const FLAG_NO_CHALLENGE_ACK = 0x8000;

/** Remembers the segment that the window came with. include/net/tcp.h:tcp_update_wl */
export function tcp_update_wl(sk: tcp_sock, seq: number): void {
  sk.snd_wl1 = seq;
}

function tcp_snd_una_update(sk: tcp_sock, ack: number): void {
  sk.bytes_acked += (ack - sk.snd_una) >>> 0;
  sk.snd_una = ack;
}

/** A window is news if its segment is. net/ipv4/tcp_input.c:tcp_may_update_window, RFC 9293 3.10.7.4 */
function tcp_may_update_window(sk: tcp_sock, ack: number, ack_seq: number, nwin: number): boolean {
  return after(ack, sk.snd_una) || after(ack_seq, sk.snd_wl1) || (ack_seq === sk.snd_wl1 && (nwin > sk.snd_wnd || nwin === 0));
}

/** Takes over the window of a segment. net/ipv4/tcp_input.c:tcp_ack_update_window */
function tcp_ack_update_window(k: Kernel, sk: tcp_sock, skb: sk_buff, ack: number): number {
  let flag = 0;
  const nwin = (skb.tcp_flags & TCPHDR_SYN) !== 0 ? skb.window : skb.window * 2 ** sk.snd_wscale;
  if (tcp_may_update_window(sk, ack, skb.seq, nwin)) {
    flag |= FLAG_WIN_UPDATE;
    tcp_update_wl(sk, skb.seq);
    if (sk.snd_wnd !== nwin) {
      sk.snd_wnd = nwin;
      tcp_fast_path_off(sk);
      tcp_fast_path_check(sk);
      if (sk.sk_write_queue.first !== null) tcp_slow_start_after_idle_check(k, sk);
      if (nwin > sk.max_window) {
        sk.max_window = nwin;
        tcp_sync_mss(sk);
      }
    }
  }
  tcp_snd_una_update(sk, ack);
  return flag;
}

/** The peer has the first part of a large buffer. net/ipv4/tcp_output.c:tcp_trim_head @returns segments that are acknowledged now */
function tcp_tso_acked(sk: tcp_sock, skb: sk_buff): number {
  const prior = skb.gso_segs;
  const len = (sk.snd_una - skb.seq) | 0;
  skb_unclone(skb);
  skb_pull(skb, len);
  skb.seq = sk.snd_una;
  skb.truesize -= len;
  sk.sk_wmem_queued -= len;
  sk_mem_uncharge(sk, len);
  tcp_set_skb_tso_segs(skb, skb.gso_size);
  return Math.max(0, prior - skb.gso_segs);
}

/** Frees what is acknowledged; measures the round trip. net/ipv4/tcp_input.c:tcp_clean_rtx_queue @returns flags */
function tcp_clean_rtx_queue(k: Kernel, sk: tcp_sock, prior_snd_una: number, tsecr: number): number {
  let flag = 0;
  let first_sent: number | null = null;
  let repeated = false;
  const list = sk.tcp_rtx_queue;
  const cache = sock_net(k).skb_cache;
  for (let skb = list.first; skb !== null; skb = list.first) {
    if (after(skb.end_seq, sk.snd_una)) {
      if (skb.gso_segs > 1 && after(sk.snd_una, skb.seq)) sk.packets_out -= tcp_tso_acked(sk, skb);
      break;
    }
    sk.packets_out -= skb.gso_segs;
    if ((skb.sacked & TCPCB_SACKED_RETRANS) !== 0) sk.retrans_out = Math.max(0, sk.retrans_out - skb.gso_segs);
    if ((skb.sacked & TCPCB_EVER_RETRANS) !== 0) {
      repeated = true;
    } else {
      first_sent ??= skb.tstamp;
    }
    if ((skb.tcp_flags & TCPHDR_SYN) !== 0) {
      flag |= FLAG_SYN_ACKED;
      sk.retrans_stamp = -1;
    } else {
      flag |= FLAG_DATA_ACKED;
    }
    __skb_unlink(skb, list);
    tcp_wmem_free_skb(sk, skb);
    skb_cache_put(cache, skb);
  }
  if (sk.packets_out < 0) sk.packets_out = 0;
  if (between(sk.snd_up, prior_snd_una, sk.snd_una)) sk.snd_up = sk.snd_una;
  if (flag !== 0) {
    flag |= FLAG_SET_XMIT_TIMER;
    // Karn: what was sent twice says nothing about the time, but its timestamp does.
    if (!repeated && first_sent !== null) tcp_rtt_estimator(sk, (tcp_clock_us(k) - first_sent) | 0);
    else if (tsecr !== 0) tcp_rtt_estimator(sk, Math.max(1, (k.clock.ms - tsecr) | 0) * 1000);
    if (!repeated || tsecr !== 0) sk.icsk_backoff = 0;
    if (list.first === null) sk.retrans_stamp = -1;
  }
  return flag;
}

/** The window opens, if it is what holds the sender back. net/ipv4/tcp_input.c:tcp_cong_avoid */
function tcp_cong_avoid(sk: tcp_sock, acked: number): void {
  if (acked > 0 && tcp_is_cwnd_limited(sk)) sk.icsk_ca_ops.cong_avoid(sk, acked);
}

function retransmit_head(k: Kernel, sk: tcp_sock): void {
  const head = sk.tcp_rtx_queue.first;
  if (head !== null) tcp_retransmit_skb(k, sk, head);
}

/** An ACK while something is thought to be lost, or one that says so. net/ipv4/tcp_input.c:tcp_fastretrans_alert @returns repeat the oldest data */
function tcp_fastretrans_alert(sk: tcp_sock, flag: number, is_dupack: boolean): boolean {
  const advanced = (flag & FLAG_SND_UNA_ADVANCED) !== 0;
  if (sk.icsk_ca_state === TCP_CA_OPEN) {
    if (advanced) sk.dupacks = 0;
    else if (is_dupack) sk.dupacks++;
    if (sk.dupacks < 3) return false;
    sk.icsk_ca_state = TCP_CA_RECOVERY;
    sk.high_seq = sk.snd_nxt;
    sk.snd_ssthresh = sk.icsk_ca_ops.ssthresh(sk);
    sk.snd_cwnd = sk.snd_ssthresh;
    return true;
  }
  if (is_dupack && !advanced) {
    sk.dupacks++;
    return false;
  }
  if (!advanced) return false;
  sk.dupacks = 0;
  if (!before(sk.snd_una, sk.high_seq)) {
    sk.icsk_ca_state = TCP_CA_OPEN;
    sk.retrans_out = 0;
    return false;
  }
  return true; // a partial ACK: the next hole
}

/** News about a window that was closed. net/ipv4/tcp_input.c:tcp_ack_probe */
function tcp_ack_probe(k: Kernel, sk: tcp_sock): void {
  const head = tcp_send_head(sk);
  if (head === null) return;
  if (!after(head.end_seq, tcp_wnd_end(sk))) {
    sk.icsk_backoff = 0;
    sk.icsk_probes_tstamp = 0;
    tcp_clear_xmit_timer(sk);
  } else {
    tcp_reset_xmit_timer(k, sk, ICSK_TIME_PROBE0, tcp_probe0_when(sk));
  }
}

/** An ACK from before: harmless, or blind data injection. RFC 5961 5.2 */
function old_ack(k: Kernel, sk: tcp_sock, ack: number, flag: number): number {
  const max_window = Math.min(sk.max_window, sk.bytes_acked);
  if (!before(ack, (sk.snd_una - max_window) | 0)) return 0;
  if ((flag & FLAG_NO_CHALLENGE_ACK) === 0) tcp_send_challenge_ack(k, sk);
  return -1;
}

function tcp_ack_acceptable(k: Kernel, sk: tcp_sock, skb: sk_buff, flags: number): number {
  const ack = skb.ack_seq;
  const prior_snd_una = sk.snd_una;
  let flag = flags;
  if (after(ack, prior_snd_una)) {
    flag |= FLAG_SND_UNA_ADVANCED;
    sk.icsk_retransmits = 0;
    sk.total_rto = 0;
  }
  const prior_packets = sk.packets_out;
  if ((flag & (FLAG_SLOWPATH | FLAG_SND_UNA_ADVANCED)) === FLAG_SND_UNA_ADVANCED) {
    tcp_update_wl(sk, skb.seq);
    tcp_snd_una_update(sk, ack);
    flag |= FLAG_WIN_UPDATE;
  } else {
    if (skb.seq !== skb.end_seq) flag |= FLAG_DATA;
    flag |= tcp_ack_update_window(k, sk, skb, ack);
  }
  sk.sk_err_soft = 0;
  sk.icsk_probes_out = 0;
  sk.rcv_tstamp = jiffies(k);
  if (prior_packets === 0) {
    tcp_ack_probe(k, sk);
    return 1;
  }
  flag |= tcp_clean_rtx_queue(k, sk, prior_snd_una, skb.tsecr);
  // A segment that came twice was delivered too.
  const acked = prior_packets - sk.packets_out + (skb.opt !== null && skb.opt.dsack !== null ? 1 : 0);
  const advanced = (flag & FLAG_SND_UNA_ADVANCED) !== 0;
  const is_dupack = (flag & (FLAG_SND_UNA_ADVANCED | FLAG_DATA | FLAG_WIN_UPDATE)) === 0;
  let again = false;
  if (is_dupack || sk.icsk_ca_state !== TCP_CA_OPEN || sk.dupacks > 0) again = tcp_fastretrans_alert(sk, flag, is_dupack);
  if (sk.tlp_high_seq !== null) tcp_process_tlp_ack(sk, skb, advanced);
  if ((flag & FLAG_SET_XMIT_TIMER) !== 0) tcp_set_xmit_timer(k, sk);
  if (sk.icsk_ca_state === TCP_CA_OPEN || sk.icsk_ca_state === TCP_CA_LOSS) tcp_cong_avoid(sk, acked);
  if (again) {
    retransmit_head(k, sk);
    while (sk.icsk_ca_state === TCP_CA_LOSS && tcp_packets_in_flight(sk) < sk.snd_cwnd && retransmit_next(k, sk));
  }
  return 1;
}

/** After a timeout everything counts as lost: the next buffer that was not repeated yet. net/ipv4/tcp_output.c:tcp_xmit_retransmit_queue */
function retransmit_next(k: Kernel, sk: tcp_sock): boolean {
  for (let skb = sk.tcp_rtx_queue.first; skb !== null; skb = skb.next) {
    if ((skb.sacked & TCPCB_SACKED_RETRANS) !== 0) continue;
    if (!before(skb.seq, sk.high_seq)) return false;
    tcp_retransmit_skb(k, sk, skb);
    return (skb.sacked & TCPCB_SACKED_RETRANS) !== 0;
  }
  return false;
}

/**
 * Processes the acknowledgement of a segment. net/ipv4/tcp_input.c:tcp_ack
 * @returns 1 acceptable, 0 old, -1 not acceptable
 */
export function tcp_ack(k: Kernel, sk: tcp_sock, skb: sk_buff, flag: number): number {
  if (k.trace !== null) enter_sk(k, F.tcp_ack, sk);
  let ret = 0;
  if (before(skb.ack_seq, sk.snd_una)) ret = old_ack(k, sk, skb.ack_seq, flag);
  else if (after(skb.ack_seq, sk.snd_nxt)) ret = -1;
  else ret = tcp_ack_acceptable(k, sk, skb, flag);
  return leave(k, ret);
}
