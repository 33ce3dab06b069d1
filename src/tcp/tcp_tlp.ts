/**
 * Tail loss probes: when the ACK of the last data is late, the last segment is sent once more (or new data, if there is
 * some), so that the answer shows what is missing. Linux counterparts: net/ipv4/tcp_output.c, net/ipv4/tcp_input.c; RFC 8985 7.
 */

import type { Kernel } from '../kernel/kernel.js';
import { leave } from '../kernel/trace.js';
import type { sk_buff } from '../socket/skbuff.js';
import { enter_sk } from '../socket/sock_trace.js';
import { __tcp_retransmit_skb, tcp_fragment, tcp_snd_wnd_test, tcp_write_xmit } from './tcp_output.js';
import { ICSK_TIME_NONE, TCP_NAGLE_OFF, tcp_send_head, type tcp_sock } from './tcp_sock.js';
import { after, before } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_rearm_rto } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** Sends the last segment again; true when it left. net/ipv4/tcp_output.c:tcp_send_loss_probe */
function probe_with_old(k: Kernel, sk: tcp_sock): boolean {
  let skb = sk.tcp_rtx_queue.last;
  if (skb === null) return false;
  const before_last = (skb.gso_segs - 1) * sk.mss_cache;
  if (skb.gso_segs > 1 && skb.len > before_last) {
    tcp_fragment(sk, skb, before_last, sk.mss_cache);
    skb = skb.next!;
  }
  return __tcp_retransmit_skb(k, sk, skb);
}

function probe(k: Kernel, sk: tcp_sock): boolean {
  const head = tcp_send_head(sk);
  sk.tlp_retrans = false;
  if (head !== null && tcp_snd_wnd_test(sk, head, sk.mss_cache)) {
    const { packets_out } = sk;
    tcp_write_xmit(k, sk, sk.mss_cache, TCP_NAGLE_OFF, 2);
    return sk.packets_out > packets_out;
  }
  sk.tlp_retrans = probe_with_old(k, sk);
  return sk.tlp_retrans;
}

/** The timer of the probe fires. net/ipv4/tcp_output.c:tcp_send_loss_probe */
export function tcp_send_loss_probe(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_send_loss_probe, sk);
  // One probe at a time.
  if (sk.tlp_high_seq === null && probe(k, sk)) {
    sk.tlp_high_seq = sk.snd_nxt;
    // The retransmission timeout starts anew.
    sk.icsk_pending = ICSK_TIME_NONE;
  }
  tcp_rearm_rto(k, sk);
  leave(k, 0);
}

/** What an ACK says about the probe: both arrived, or only the probe. net/ipv4/tcp_input.c:tcp_process_tlp_ack @param advanced the ACK is for new data */
export function tcp_process_tlp_ack(sk: tcp_sock, skb: sk_buff, advanced: boolean): void {
  const high = sk.tlp_high_seq!;
  if (before(skb.ack_seq, high)) return;
  const arrived = !sk.tlp_retrans || (skb.opt !== null && skb.opt.dsack === high) || (!after(skb.ack_seq, high) && !advanced && skb.seq === skb.end_seq);
  if (arrived) {
    sk.tlp_high_seq = null;
  } else if (after(skb.ack_seq, high)) {
    // The ACK covers more: the original was lost, and nobody noticed.
    sk.tlp_high_seq = null;
    sk.snd_ssthresh = sk.icsk_ca_ops.ssthresh(sk);
    sk.snd_cwnd = sk.snd_ssthresh;
  }
}
