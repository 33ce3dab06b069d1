/**
 * The data of an arriving segment: into the receive queue, into the queue beyond a hole, or away; urgent data; the
 * FIN; and when to acknowledge. Linux counterpart: net/ipv4/tcp_input.c. Compressed ACKs are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { __skb_insert, __skb_queue_tail, __skb_unlink, skb_byte, skb_try_coalesce, type sk_buff } from '../socket/skbuff.js';
import { sock_flag, sock_owned_by_user } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { RCV_SHUTDOWN, SOCK_DEAD, SOCK_DONE, SOCK_RCVBUF_LOCK, SOCK_URGINLINE } from '../socket/uapi_socket.js';
import { tcp_send_ack, tcp_send_delayed_ack } from './tcp_control.js';
import { tcp_fast_path_check, tcp_fast_path_off } from './tcp_fastpath.js';
import { sk_mem_schedule, sock_rfree, tcp_ofo_queue_purge, tcp_set_state } from './tcp_life.js';
import { tcp_time_wait } from './tcp_minisocks.js';
import { tcp_collapse } from './tcp_collapse.js';
import { tcp_rcv_rtt_measure } from './tcp_rcvbuf.js';
import {
  ICSK_ACK_NOMEM, ICSK_ACK_NOW, ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2, inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, TCP_ATO_MIN, TCP_HEADER_LEN,
  TCP_MAX_QUICKACKS, TCP_MIN_MSS, TCP_MSS_DEFAULT, tcp_receive_window, TCP_URG_NOTYET, TCP_URG_VALID, tcp_win_from_space,
  TCPF_ACK_DEFERRED, type tcp_sock,
} from './tcp_sock.js';
import {
  after, before, TCP_CLOSING, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_SYN_RECV, TCP_TIME_WAIT, TCPHDR_FIN, TCPHDR_PSH,
  TCPHDR_URG,
} from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { __tcp_select_window, tcp_grow_window, tcp_set_window_clamp } from './tcp_window.js';
import { inet_csk_schedule_ack, tcp_enter_quickack_mode, tcp_incr_quickack } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** Enough to read, or reasons to read although it is little. include/net/tcp.h:tcp_epollin_ready */
export function tcp_epollin_ready(sk: tcp_sock, target: number): boolean {
  const avail = (sk.rcv_nxt - sk.copied_seq) | 0;
  if (avail <= 0) return false;
  return avail >= target || sk.sk_rmem_alloc > sk.sk_rcvbuf - (sk.sk_rcvbuf >> 3) || tcp_receive_window(sk) <= sk.ack_rcv_mss;
}

/** There is something to read: tells, if it is enough. net/ipv4/tcp_input.c:tcp_data_ready */
export function tcp_data_ready(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_data_ready, sk);
  if (tcp_epollin_ready(sk, sk.sk_rcvlowat) || sock_flag(sk, SOCK_DONE)) sk.sk_data_ready(k, sk);
  leave(k, 0);
}

// what arriving data teaches

/** Learns the size of the peer's segments, and how well memory is used. net/ipv4/tcp_input.c:tcp_measure_rcv_mss */
function tcp_measure_rcv_mss(sk: tcp_sock, skb: sk_buff): void {
  const lss = sk.ack_last_seg_size;
  sk.ack_last_seg_size = 0;
  const len = skb.gso_size !== 0 ? skb.gso_size : skb.len;
  const push = (skb.tcp_flags & TCPHDR_PSH) !== 0;
  if (len >= sk.ack_rcv_mss) {
    if (len !== sk.ack_rcv_mss) {
      const ratio = Math.max(1, Math.floor((skb.len * 256) / skb.truesize)) & 255;
      if (ratio !== sk.scaling_ratio) {
        sk.scaling_ratio = ratio;
        tcp_set_window_clamp(sk, tcp_win_from_space(sk, sk.sk_rcvbuf));
        sk.rcvq_space = Math.min(sk.rcvq_space, sk.window_clamp);
      }
    }
    sk.ack_rcv_mss = Math.min(len, sk.advmss);
    if (push) sk.ack_pending |= ICSK_ACK_PUSHED;
    return;
  }
  if (len + TCP_HEADER_LEN >= TCP_MSS_DEFAULT + 20 || (len + TCP_HEADER_LEN >= TCP_MIN_MSS + 20 && !push)) {
    sk.ack_last_seg_size = len;
    if (len === lss) {
      sk.ack_rcv_mss = len;
      return;
    }
  }
  if ((sk.ack_pending & ICSK_ACK_PUSHED) !== 0) sk.ack_pending |= ICSK_ACK_PUSHED2;
  sk.ack_pending |= ICSK_ACK_PUSHED;
}

/** Bookkeeping for every segment with new data. net/ipv4/tcp_input.c:tcp_event_data_recv */
export function tcp_event_data_recv(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  inet_csk_schedule_ack(sk);
  tcp_measure_rcv_mss(sk, skb);
  tcp_rcv_rtt_measure(sk);
  const now = jiffies(k);
  if (sk.ack_ato === 0) {
    tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
    sk.ack_ato = TCP_ATO_MIN;
  } else {
    const m = now - sk.ack_lrcvtime;
    if (m <= TCP_ATO_MIN / 2) sk.ack_ato = (sk.ack_ato >> 1) + TCP_ATO_MIN / 2;
    else if (m < sk.ack_ato) sk.ack_ato = Math.min((sk.ack_ato >> 1) + m, sk.icsk_rto);
    else if (m > sk.icsk_rto) tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
  }
  sk.ack_lrcvtime = now;
  if (skb.len >= 128) tcp_grow_window(k, sk, skb, true);
}

// queues

/** Appends to the last buffer of the queue if its pages are not in use elsewhere. net/ipv4/tcp_input.c:tcp_try_coalesce */
function tcp_try_coalesce(sk: tcp_sock, to: sk_buff, from: sk_buff): boolean {
  if (to.end_seq !== from.seq) return false;
  const delta = skb_try_coalesce(to, from);
  if (delta < 0) return false;
  sk.sk_rmem_alloc += delta;
  sk.sk_forward_alloc -= delta;
  to.end_seq = from.end_seq;
  to.ack_seq = from.ack_seq;
  to.tcp_flags |= from.tcp_flags;
  return true;
}

/** Puts in-order data where the reader finds it. The buffer keeps its length and cost when its fragments go to another one. net/ipv4/tcp_input.c:tcp_queue_rcv */
export function tcp_queue_rcv(sk: tcp_sock, skb: sk_buff): void {
  const tail = sk.sk_receive_queue.last;
  const eaten = tail !== null && tcp_try_coalesce(sk, tail, skb);
  sk.rcv_nxt = skb.end_seq;
  if (eaten) return;
  __skb_queue_tail(sk.sk_receive_queue, skb);
  skb_set_owner_r(sk, skb);
}

/** A buffer of the receive side is charged. include/net/sock.h:skb_set_owner_r */
export function skb_set_owner_r(sk: tcp_sock, skb: sk_buff): void {
  sk.sk_rmem_alloc += skb.truesize;
  sk.sk_forward_alloc -= skb.truesize;
}

/** The window is too large for the memory: a larger buffer, or a smaller window. net/ipv4/tcp_input.c:tcp_clamp_window */
function tcp_clamp_window(k: Kernel, sk: tcp_sock): void {
  const rmem2 = sock_net(k).sysctl.tcp_rmem[2];
  sk.ack_quick = 0;
  if (sk.sk_rcvbuf < rmem2 && (sk.sk_userlocks & SOCK_RCVBUF_LOCK) === 0) sk.sk_rcvbuf = Math.min(sk.sk_rmem_alloc, rmem2);
  if (sk.sk_rmem_alloc > sk.sk_rcvbuf) sk.rcv_ssthresh = Math.min(sk.window_clamp, 2 * sk.advmss);
}

/** There is room for a segment: one may go beyond the limit. net/ipv4/tcp_input.c:tcp_can_ingest (since 6.17; measured on 6.18.44) */
function tcp_can_ingest(sk: tcp_sock): boolean {
  return sk.sk_rmem_alloc <= sk.sk_rcvbuf;
}

/** Makes room by repacking, then by dropping what lies beyond a hole. net/ipv4/tcp_input.c:tcp_prune_queue */
function tcp_prune_queue(k: Kernel, sk: tcp_sock): boolean {
  if (sk.sk_rmem_alloc === 0) return false;
  if (!tcp_can_ingest(sk)) tcp_clamp_window(k, sk);
  if (tcp_can_ingest(sk)) return true;
  tcp_collapse(sk);
  if (tcp_can_ingest(sk)) return true;
  tcp_ofo_queue_purge(sk);
  if (tcp_can_ingest(sk)) return true;
  tcp_fast_path_off(sk);
  return false;
}

/** Memory for an arriving segment; false: there is none. net/ipv4/tcp_input.c:tcp_try_rmem_schedule */
function tcp_try_rmem_schedule(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  if (!tcp_can_ingest(sk) && !tcp_prune_queue(k, sk)) return false;
  sk_mem_schedule(sk, skb.truesize);
  return true;
}

/** Data beyond a hole, kept in order of sequence. net/ipv4/tcp_input.c:tcp_data_queue_ofo */
function tcp_data_queue_ofo(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (!tcp_try_rmem_schedule(k, sk, skb)) return;
  tcp_fast_path_off(sk);
  inet_csk_schedule_ack(sk);
  const list = sk.out_of_order_queue;
  let place = list.last;
  while (place !== null && after(place.seq, skb.seq)) place = place.prev;
  // Wholly inside what is there already: nothing new.
  if (place !== null && !after(skb.end_seq, place.end_seq)) return;
  __skb_insert(list, skb, place);
  skb_set_owner_r(sk, skb);
  for (let next = skb.next; next !== null && !after(next.end_seq, skb.end_seq); next = skb.next) {
    __skb_unlink(next, list);
    sock_rfree(sk, next);
  }
  tcp_grow_window(k, sk, skb, false);
}

/** The hole is filled: what lay beyond it follows. net/ipv4/tcp_input.c:tcp_ofo_queue */
function tcp_ofo_queue(k: Kernel, sk: tcp_sock): void {
  const list = sk.out_of_order_queue;
  for (let skb = list.first; skb !== null; skb = list.first) {
    if (after(skb.seq, sk.rcv_nxt)) break;
    __skb_unlink(skb, list);
    if (!after(skb.end_seq, sk.rcv_nxt)) {
      sock_rfree(sk, skb);
      continue;
    }
    const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0;
    sock_rfree(sk, skb);
    sk_mem_schedule(sk, skb.truesize);
    tcp_queue_rcv(sk, skb);
    if (fin) {
      tcp_fin(k, sk);
      // What lies behind a FIN has been dropped.
      break;
    }
  }
}

/** Nothing in it that we can take: says again what we expect. net/ipv4/tcp_input.c:tcp_data_queue */
function out_of_window(sk: tcp_sock): void {
  tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
  inet_csk_schedule_ack(sk);
}

function queue_and_out(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (!tcp_try_rmem_schedule(k, sk, skb)) {
    sk.ack_pending |= ICSK_ACK_NOMEM | ICSK_ACK_NOW;
    inet_csk_schedule_ack(sk);
    sk.sk_data_ready(k, sk);
    if (sk.sk_receive_queue.first !== null && skb.len > 0) return;
    sk_mem_schedule(sk, skb.truesize);
  }
  const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0;
  tcp_queue_rcv(sk, skb);
  if (skb.len > 0) tcp_event_data_recv(k, sk, skb);
  if (fin) tcp_fin(k, sk);
  if (sk.out_of_order_queue.first !== null) {
    tcp_ofo_queue(k, sk);
    if (sk.out_of_order_queue.first === null) sk.ack_pending |= ICSK_ACK_NOW;
  }
  tcp_fast_path_check(sk);
  if (!sock_flag(sk, SOCK_DEAD)) tcp_data_ready(k, sk);
}

/** Takes the data of a segment. net/ipv4/tcp_input.c:tcp_data_queue */
export function tcp_data_queue(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_data_queue, sk);
  if (skb.seq !== skb.end_seq) {
    if (skb.seq === sk.rcv_nxt) {
      const bare_fin = skb.len === 0 && (skb.tcp_flags & TCPHDR_FIN) !== 0;
      if (tcp_receive_window(sk) === 0 && !bare_fin) out_of_window(sk);
      else queue_and_out(k, sk, skb);
    } else if (!after(skb.end_seq, sk.rcv_nxt)) {
      if (sk.sack_ok) sk.dsack = skb.end_seq;
      out_of_window(sk);
    } else if (!before(skb.seq, (sk.rcv_nxt + tcp_receive_window(sk)) | 0)) {
      out_of_window(sk);
    } else if (before(skb.seq, sk.rcv_nxt)) {
      if (tcp_receive_window(sk) === 0) out_of_window(sk);
      else queue_and_out(k, sk, skb);
    } else {
      tcp_data_queue_ofo(k, sk, skb);
    }
  }
  leave(k, 0);
}

/** The peer has nothing more to send. net/ipv4/tcp_input.c:tcp_fin */
function tcp_fin(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_fin, sk);
  inet_csk_schedule_ack(sk);
  sk.sk_shutdown |= RCV_SHUTDOWN;
  sk.sk_flags |= SOCK_DONE;
  switch (sk.sk_state) {
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
      tcp_set_state(k, sk, TCP_CLOSE_WAIT);
      sk.ack_pingpong = Math.max(sk.ack_pingpong, 1);
      break;
    case TCP_FIN_WAIT1:
      // Both sides close at once: our FIN is not acknowledged yet.
      tcp_send_ack(k, sk);
      tcp_set_state(k, sk, TCP_CLOSING);
      break;
    case TCP_FIN_WAIT2:
      tcp_send_ack(k, sk);
      tcp_time_wait(k, sk, TCP_TIME_WAIT, 0);
      break;
    default: // a FIN that came before, sent again
      break;
  }
  tcp_ofo_queue_purge(sk);
  if (!sock_flag(sk, SOCK_DEAD)) sk.sk_state_change(k, sk);
  leave(k, 0);
}

// urgent data

/** A new urgent pointer. net/ipv4/tcp_input.c:tcp_check_urg */
function tcp_check_urg(sk: tcp_sock, skb: sk_buff): void {
  let ptr = skb.urg_ptr;
  if (ptr !== 0) ptr--;
  ptr = (ptr + skb.seq) | 0;
  // What was read already, or is older than the mark we know, is no news.
  if (after(sk.copied_seq, ptr) || before(ptr, sk.rcv_nxt)) return;
  if (sk.urg_data !== 0 && !after(ptr, sk.urg_seq)) return;
  // A second urgent byte arrives while the reader stands at the first: the first one is lost.
  if (sk.urg_seq === sk.copied_seq && sk.urg_data !== 0 && !sock_flag(sk, SOCK_URGINLINE) && sk.copied_seq !== sk.rcv_nxt) {
    const skb0 = sk.sk_receive_queue.first;
    sk.copied_seq = (sk.copied_seq + 1) | 0;
    if (skb0 !== null && !before(sk.copied_seq, skb0.end_seq)) {
      __skb_unlink(skb0, sk.sk_receive_queue);
      sock_rfree(sk, skb0);
    }
  }
  sk.urg_data = TCP_URG_NOTYET;
  sk.urg_seq = ptr;
  tcp_fast_path_off(sk);
}

/** The urgent pointer and byte of a segment. net/ipv4/tcp_input.c:tcp_urg */
export function tcp_urg(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_urg, sk);
  if ((skb.tcp_flags & TCPHDR_URG) !== 0) tcp_check_urg(sk, skb);
  if (sk.urg_data === TCP_URG_NOTYET) {
    const ptr = (sk.urg_seq - skb.seq) | 0;
    if (ptr >= 0 && ptr < skb.len) {
      sk.urg_data = TCP_URG_VALID | skb_byte(skb, ptr);
      if (!sock_flag(sk, SOCK_DEAD)) sk.sk_data_ready(k, sk);
    }
  }
  leave(k, 0);
}

// acknowledging

/** Acknowledge now, or later? net/ipv4/tcp_input.c:__tcp_ack_snd_check */
export function __tcp_ack_snd_check(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.__tcp_ack_snd_check, sk);
  const full_frame = (sk.rcv_nxt - sk.rcv_wup) >>> 0 > sk.ack_rcv_mss
    && ((sk.rcv_nxt - sk.copied_seq) >>> 0 < sk.sk_rcvlowat || __tcp_select_window(sk) >= sk.rcv_wnd);
  const quick = sk.ack_quick > 0 && !inet_csk_in_pingpong_mode(sk);
  if (full_frame || quick || (sk.ack_pending & ICSK_ACK_NOW) !== 0 || sk.out_of_order_queue.first !== null) {
    if (sock_owned_by_user(sk) && sock_net(k).sysctl.tcp_backlog_ack_defer !== 0) sk.sk_tsq_flags |= TCPF_ACK_DEFERRED;
    else tcp_send_ack(k, sk);
  } else {
    tcp_send_delayed_ack(k, sk);
  }
  leave(k, 0);
}

/** include/net/tcp.h:tcp_ack_snd_check */
export function tcp_ack_snd_check(k: Kernel, sk: tcp_sock): void {
  if (inet_csk_ack_scheduled(sk)) __tcp_ack_snd_check(k, sk);
}
