/**
 * The heart of TCP: what an arriving segment does to a connection in each state. The fast path of ESTABLISHED, the
 * tests of sequence and flags, the handshake of the client, and the table of states. Linux counterpart:
 * net/ipv4/tcp_input.c; RFC 9293 section 3.10.7 has the same order. Fast Open and timestamps are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { ECONNREFUSED, ECONNRESET, EPIPE } from '../kernel/errno.js';
import { jiffies } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { NO_TCP_OPTIONS, type sk_buff } from '../socket/skbuff.js';
import { sock_flag, sock_owned_by_user } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, SOCK_DEAD, SOCK_KEEPOPEN } from '../socket/uapi_socket.js';
import { FLAG_DATA, FLAG_NO_CHALLENGE_ACK, FLAG_SLOWPATH, tcp_ack, tcp_update_wl } from './tcp_ack.js';
import { tcp_send_ack, tcp_send_challenge_ack, tcp_send_synack } from './tcp_control.js';
import { __tcp_ack_snd_check, tcp_ack_snd_check, tcp_data_queue, tcp_data_ready, tcp_event_data_recv, tcp_queue_rcv, tcp_urg } from './tcp_data.js';
import { tcp_fast_path_off, tcp_fast_path_on } from './tcp_fastpath.js';
import { tcp_done, tcp_done_with_error, tcp_set_state } from './tcp_life.js';
import { tcp_time_wait } from './tcp_minisocks.js';
import { tcp_check_space, tcp_push_pending_frames } from './tcp_output.js';
import { tcp_v4_conn_request } from './reqsk.js';
import { tcp_shutdown } from './tcp_shutdown.js';
import {
  ICSK_TIME_RETRANS, inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, TCP_DELACK_MAX, TCP_INIT_CWND, TCP_MAX_QUICKACKS, TCP_TIMEWAIT_LEN, TCPOLEN_TSTAMP_ALIGNED,
  tcp_receive_window, type tcp_sock,
} from './tcp_sock.js';
import {
  after, before, in_states, TCP_CLOSE, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_LAST_ACK, TCP_LISTEN,
  TCP_SYN_RECV, TCP_SYN_SENT, TCP_TIME_WAIT, TCPF_CLOSE_WAIT, TCPF_CLOSING, TCPF_LAST_ACK, TCPHDR_ACK, TCPHDR_FIN, TCPHDR_PSH, TCPHDR_RST, TCPHDR_SYN,
} from './tcp_states.js';
import { tcp_rcv_rtt_measure_ts, tcp_store_ts_recent } from './tcp_rcvbuf.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_init_buffer_space, tcp_initialize_rcv_mss, tcp_sync_mss } from './tcp_window.js';
import {
  inet_csk_schedule_ack, keepalive_time_when, tcp_arm_delack, tcp_enter_quickack_mode, tcp_fin_time, tcp_reset_keepalive_timer, tcp_reset_xmit_timer,
} from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** After an ACK: send what may leave now, tell of room. net/ipv4/tcp_input.c:tcp_data_snd_check */
function tcp_data_snd_check(k: Kernel, sk: tcp_sock): void {
  tcp_push_pending_frames(k, sk);
  tcp_check_space(k, sk);
}

/** The peer broke the connection off. net/ipv4/tcp_input.c:tcp_reset */
export function tcp_reset(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_reset, sk);
  let err = ECONNRESET;
  if (sk.sk_state === TCP_SYN_SENT) err = ECONNREFUSED;
  else if (sk.sk_state === TCP_CLOSE_WAIT) err = EPIPE;
  if (sk.sk_state !== TCP_CLOSE) tcp_done_with_error(k, sk, err);
  leave(k, 0);
}

/** 0: some of the segment lies in the window. net/ipv4/tcp_input.c:tcp_sequence */
function tcp_sequence(sk: tcp_sock, skb: sk_buff): number {
  if (before(skb.end_seq, sk.rcv_wup)) return 1;
  const limit = (sk.rcv_nxt + tcp_receive_window(sk)) | 0;
  if (!after(skb.end_seq, limit)) return 0;
  const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0 ? 1 : 0;
  if (!after((skb.end_seq - fin) | 0, limit)) return 0;
  if (after(skb.seq, limit)) return 1;
  // Beyond the window in part: only when the reader has nothing to read.
  return sk.sk_receive_queue.first === null ? 0 : 1;
}

/** An RST one before what we expect, after a FIN. net/ipv4/tcp_input.c:tcp_reset_check */
function tcp_reset_check(sk: tcp_sock, skb: sk_buff): boolean {
  return skb.seq === ((sk.rcv_nxt - 1) | 0) && in_states(sk.sk_state, TCPF_CLOSE_WAIT | TCPF_LAST_ACK | TCPF_CLOSING);
}

/** An ACK for what we have seen already. net/ipv4/tcp_input.c:tcp_send_dupack */
function tcp_send_dupack(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (skb.end_seq !== skb.seq && before(skb.seq, sk.rcv_nxt)) tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
  tcp_send_ack(k, sk);
}

/** Tests of sequence number, RST and SYN. RFC 5961; net/ipv4/tcp_input.c:tcp_validate_incoming @returns false: nothing more is to be done */
function tcp_validate_incoming(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  if (k.trace !== null) enter_sk(k, F.tcp_validate_incoming, sk);
  const ok = validate(k, sk, skb);
  leave(k, 0);
  return ok;
}

function validate(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  const rst = (skb.tcp_flags & TCPHDR_RST) !== 0;
  const syn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  if (tcp_sequence(sk, skb) !== 0) {
    if (!rst) {
      if (syn) tcp_send_challenge_ack(k, sk);
      else tcp_send_dupack(k, sk, skb);
    } else if (tcp_reset_check(sk, skb)) {
      tcp_reset(k, sk);
    }
    return false;
  }
  if (rst) {
    if (skb.seq === sk.rcv_nxt || tcp_reset_check(sk, skb)) tcp_reset(k, sk);
    else tcp_send_challenge_ack(k, sk);
    return false;
  }
  if (syn) {
    // The SYN-ACK of crossed SYNs is good.
    const crossed = sk.sk_state === TCP_SYN_RECV && sk.sk_socket !== null && (skb.tcp_flags & TCPHDR_ACK) !== 0
      && ((skb.seq + 1) | 0) === skb.end_seq && skb.end_seq === sk.rcv_nxt && skb.ack_seq === sk.snd_nxt;
    if (crossed) return true;
    tcp_send_challenge_ack(k, sk);
    return false;
  }
  return true;
}

/** The segment is what was predicted: in order, nothing special, the window as before. net/ipv4/tcp_input.c:tcp_rcv_established */
function tcp_fast_path(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  if (skb.len === 0) {
    tcp_ack(k, sk, skb, 0);
    tcp_data_snd_check(k, sk);
    sk.rcv_rtt_last_tsecr = sk.rcv_tsecr;
    return true;
  }
  // Memory must be asked for: that is done on the slow path.
  if (skb.truesize > sk.sk_forward_alloc) {
    tcp_slow_path(k, sk, skb);
    return true;
  }
  tcp_rcv_rtt_measure_ts(k, sk, skb);
  tcp_queue_rcv(sk, skb);
  tcp_event_data_recv(k, sk, skb);
  let check = true;
  if (skb.ack_seq !== sk.snd_una) {
    tcp_ack(k, sk, skb, FLAG_DATA);
    tcp_data_snd_check(k, sk);
    check = inet_csk_ack_scheduled(sk);
  } else {
    tcp_update_wl(sk, skb.seq);
  }
  if (check) __tcp_ack_snd_check(k, sk);
  tcp_data_ready(k, sk);
  return true;
}

/** A valid segment of ESTABLISHED: ACK, urgent data, data, FIN. net/ipv4/tcp_input.c:tcp_rcv_established (step5) */
function tcp_slow_path(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (tcp_ack(k, sk, skb, FLAG_SLOWPATH) < 0) return;
  tcp_store_ts_recent(k, sk, skb);
  tcp_rcv_rtt_measure_ts(k, sk, skb);
  tcp_urg(k, sk, skb);
  tcp_data_queue(k, sk, skb);
  tcp_data_snd_check(k, sk);
  tcp_ack_snd_check(k, sk);
}

/** A segment for an established connection. net/ipv4/tcp_input.c:tcp_rcv_established */
export function tcp_rcv_established(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_rcv_established, sk);
  const predicted = skb.window === sk.pred_window && skb.opt === null && (skb.tcp_flags & ~TCPHDR_PSH) === TCPHDR_ACK && skb.seq === sk.rcv_nxt
    && !after(skb.ack_seq, sk.snd_nxt);
  if (predicted) {
    tcp_store_ts_recent(k, sk, skb);
    tcp_fast_path(k, sk, skb);
  } else if ((skb.tcp_flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)) !== 0 && tcp_validate_incoming(k, sk, skb)) {
    // Data without an acknowledgement is not acceptable.
    if ((skb.tcp_flags & TCPHDR_ACK) !== 0) tcp_slow_path(k, sk, skb);
  }
  leave(k, 0);
}

// the handshake

/** Congestion window, buffers and windows of a connection that stands now. net/ipv4/tcp_input.c:tcp_init_transfer */
function tcp_init_transfer(k: Kernel, sk: tcp_sock): void {
  sk.snd_cwnd = TCP_INIT_CWND;
  tcp_init_buffer_space(k, sk);
}

/** The client's side stands. net/ipv4/tcp_input.c:tcp_finish_connect */
function tcp_finish_connect(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_finish_connect, sk);
  tcp_set_state(k, sk, TCP_ESTABLISHED);
  sk.ack_lrcvtime = jiffies(k);
  tcp_init_transfer(k, sk);
  sk.lsndtime = jiffies(k);
  if (sock_flag(sk, SOCK_KEEPOPEN)) tcp_reset_keepalive_timer(k, sk, keepalive_time_when(k, sk));
  if (sk.snd_wscale === 0) tcp_fast_path_on(sk);
  else tcp_fast_path_off(sk);
  leave(k, 0);
}

/** The window scale and segment size of the peer's SYN. net/ipv4/tcp_input.c:tcp_parse_options */
function tcp_take_syn_options(sk: tcp_sock, skb: sk_buff): void {
  const opt = skb.opt ?? NO_TCP_OPTIONS;
  if (opt.wscale >= 0) {
    sk.snd_wscale = opt.wscale;
  } else {
    sk.snd_wscale = 0;
    sk.rcv_wscale = 0;
    sk.window_clamp = Math.min(sk.window_clamp, 65535);
  }
  sk.sack_ok = opt.sack_permitted;
  if (opt.mss > 0) sk.mss_clamp = Math.min(opt.mss, sk.user_mss !== 0 ? sk.user_mss : opt.mss);
}

/** A SYN-ACK: the connection stands. net/ipv4/tcp_input.c:tcp_rcv_synsent_state_process @returns -1: go on with the rest of the segment */
function synsent_synack(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  tcp_update_wl(sk, skb.seq);
  tcp_take_syn_options(sk, skb);
  tcp_ack(k, sk, skb, FLAG_SLOWPATH);
  tcp_store_ts_recent(k, sk, skb);
  sk.advmss -= TCPOLEN_TSTAMP_ALIGNED;
  sk.rcv_nxt = (skb.seq + 1) | 0;
  sk.rcv_wup = sk.rcv_nxt;
  sk.snd_wnd = skb.window;
  tcp_sync_mss(sk);
  tcp_initialize_rcv_mss(sk);
  sk.copied_seq = sk.rcv_nxt;
  tcp_finish_connect(k, sk);
  if (!sock_flag(sk, SOCK_DEAD)) sk.sk_state_change(k, sk);
  if (sk.sk_write_pending > 0 || sk.rskq_defer_accept !== 0 || inet_csk_in_pingpong_mode(sk)) {
    // Data will follow at once and carry the ACK.
    inet_csk_schedule_ack(sk);
    tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
    tcp_arm_delack(k, sk, jiffies(k) + TCP_DELACK_MAX);
    return 0;
  }
  tcp_send_ack(k, sk);
  return -1;
}

/** A SYN without ACK: both sides connect at once. net/ipv4/tcp_input.c:tcp_rcv_synsent_state_process */
function synsent_crossed(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  tcp_set_state(k, sk, TCP_SYN_RECV);
  tcp_take_syn_options(sk, skb);
  sk.rcv_nxt = (skb.seq + 1) | 0;
  sk.copied_seq = sk.rcv_nxt;
  sk.rcv_wup = sk.rcv_nxt;
  sk.snd_wnd = skb.window;
  sk.snd_wl1 = skb.seq;
  sk.max_window = sk.snd_wnd;
  tcp_sync_mss(sk);
  tcp_initialize_rcv_mss(sk);
  tcp_send_synack(k, sk);
}

/** A segment for a connecting socket. net/ipv4/tcp_input.c:tcp_rcv_synsent_state_process @returns 0 done, 1 send an RST, -1 look at the rest of the segment */
function tcp_rcv_synsent_state_process(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  if (k.trace !== null) enter_sk(k, F.tcp_rcv_synsent_state_process, sk);
  let ret = 0;
  const rst = (skb.tcp_flags & TCPHDR_RST) !== 0;
  const syn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  if ((skb.tcp_flags & TCPHDR_ACK) !== 0) {
    if (!after(skb.ack_seq, sk.snd_una) || after(skb.ack_seq, sk.snd_nxt)) {
      if (sk.icsk_retransmits === 0) tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, 1);
      ret = 1;
    } else if (rst) {
      tcp_reset(k, sk);
    } else if (syn) {
      ret = synsent_synack(k, sk, skb);
    }
  } else if (!rst && syn) {
    synsent_crossed(k, sk, skb);
  }
  leave(k, ret);
  return ret;
}

// the table of states

/** The ACK of our SYN-ACK: the child, or the socket of crossed SYNs, stands. net/ipv4/tcp_input.c:tcp_rcv_state_process */
function synrecv_acked(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  sk.retrans_stamp = -1;
  sk.advmss -= TCPOLEN_TSTAMP_ALIGNED;
  tcp_init_transfer(k, sk);
  sk.copied_seq = sk.rcv_nxt;
  tcp_set_state(k, sk, TCP_ESTABLISHED);
  sk.sk_state_change(k, sk);
  sk.snd_una = skb.ack_seq;
  const syn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  sk.snd_wnd = syn ? skb.window : skb.window * 2 ** sk.snd_wscale;
  tcp_update_wl(sk, skb.seq);
  sk.lsndtime = jiffies(k);
  tcp_initialize_rcv_mss(sk);
  tcp_fast_path_on(sk);
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) tcp_shutdown(k, sk, SEND_SHUTDOWN);
}

/** Our FIN is acknowledged. net/ipv4/tcp_input.c:tcp_rcv_state_process @returns 0 go on, 1 send an RST, 2 the segment is used up */
function finwait1_acked(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  if (sk.snd_una !== sk.write_seq) return 0;
  tcp_set_state(k, sk, TCP_FIN_WAIT2);
  sk.sk_shutdown |= SEND_SHUTDOWN;
  if (!sock_flag(sk, SOCK_DEAD)) {
    sk.sk_state_change(k, sk);
    return 0;
  }
  const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0;
  if (sk.linger2 < 0 || has_new_data(sk, skb)) {
    tcp_done(k, sk);
    return 1;
  }
  const tmo = tcp_fin_time(k, sk);
  if (tmo > TCP_TIMEWAIT_LEN) {
    tcp_reset_keepalive_timer(k, sk, tmo - TCP_TIMEWAIT_LEN);
  } else if (fin || sock_owned_by_user(sk)) {
    // The FIN in this very segment must not be lost.
    tcp_reset_keepalive_timer(k, sk, tmo);
  } else {
    tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo);
    return 2;
  }
  return 0;
}

/** Data that nobody has seen, besides a FIN. net/ipv4/tcp_input.c:tcp_rcv_state_process */
function has_new_data(sk: tcp_sock, skb: sk_buff): boolean {
  const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0 ? 1 : 0;
  return skb.end_seq !== skb.seq && after((skb.end_seq - fin) | 0, sk.rcv_nxt);
}

/** What the ACK of a segment does to the state. net/ipv4/tcp_input.c:tcp_rcv_state_process (step 5) @returns as finwait1_acked */
function state_after_ack(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  switch (sk.sk_state) {
    case TCP_SYN_RECV:
      synrecv_acked(k, sk, skb);
      return 0;
    case TCP_FIN_WAIT1:
      return finwait1_acked(k, sk, skb);
    case TCP_CLOSING:
      if (sk.snd_una !== sk.write_seq) return 0;
      tcp_time_wait(k, sk, TCP_TIME_WAIT, 0);
      return 2;
    case TCP_LAST_ACK:
      if (sk.snd_una !== sk.write_seq) return 0;
      tcp_done(k, sk);
      return 2;
    default:
      return 0;
  }
}

/** The data of a segment, by state. net/ipv4/tcp_input.c:tcp_rcv_state_process (step 7) @returns 1: send an RST */
function state_data(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  switch (sk.sk_state) {
    case TCP_CLOSE_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
      if (!before(skb.seq, sk.rcv_nxt)) return 0; // beyond the peer's own FIN
      if (reset_for_data(k, sk, skb)) return 1;
      break;
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
      if (reset_for_data(k, sk, skb)) return 1;
      break;
    case TCP_ESTABLISHED:
      break;
    default:
      return 0;
  }
  tcp_data_queue(k, sk, skb);
  return 0;
}

/** Data for somebody who will not read any more: RFC 1122 wants a reset. */
function reset_for_data(k: Kernel, sk: tcp_sock, skb: sk_buff): boolean {
  if ((sk.sk_shutdown & RCV_SHUTDOWN) === 0 || !has_new_data(sk, skb)) return false;
  tcp_reset(k, sk);
  return true;
}

/** A segment for a listener. net/ipv4/tcp_input.c:tcp_rcv_state_process @returns 1: send an RST */
function state_listen(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  if ((skb.tcp_flags & TCPHDR_ACK) !== 0) return 1;
  if ((skb.tcp_flags & TCPHDR_RST) !== 0) return 0;
  if ((skb.tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)) === TCPHDR_SYN) tcp_v4_conn_request(k, sk, skb);
  return 0;
}

/** A segment in any state but ESTABLISHED. net/ipv4/tcp_input.c:tcp_rcv_state_process @returns 1: the sender gets an RST */
export function tcp_rcv_state_process(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  if (k.trace !== null) enter_sk(k, F.tcp_rcv_state_process, sk);
  return leave(k, rcv_state_process(k, sk, skb));
}

function rcv_state_process(k: Kernel, sk: tcp_sock, skb: sk_buff): number {
  if (sk.sk_state === TCP_CLOSE) return 0;
  if (sk.sk_state === TCP_LISTEN) return state_listen(k, sk, skb);
  if (sk.sk_state === TCP_SYN_SENT) {
    const queued = tcp_rcv_synsent_state_process(k, sk, skb);
    if (queued >= 0) return queued;
    tcp_urg(k, sk, skb);
    tcp_data_snd_check(k, sk);
    return 0;
  }
  if ((skb.tcp_flags & (TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN)) === 0) return 0;
  if (!tcp_validate_incoming(k, sk, skb) || (skb.tcp_flags & TCPHDR_ACK) === 0) return 0;
  const acceptable = tcp_ack(k, sk, skb, FLAG_SLOWPATH | FLAG_NO_CHALLENGE_ACK);
  if (acceptable <= 0) {
    if (sk.sk_state === TCP_SYN_RECV && acceptable === 0) return 1;
    if (acceptable < 0) {
      tcp_send_challenge_ack(k, sk);
      return 0;
    }
  }
  tcp_store_ts_recent(k, sk, skb);
  const used = state_after_ack(k, sk, skb);
  if (used === 1) return 1;
  if (used === 2) return 0;
  tcp_urg(k, sk, skb);
  if (state_data(k, sk, skb) === 1) return 1;
  // The data may have ended the connection.
  if ((sk.sk_state as number) !== TCP_CLOSE) {
    tcp_data_snd_check(k, sk);
    tcp_ack_snd_check(k, sk);
  }
  return 0;
}
