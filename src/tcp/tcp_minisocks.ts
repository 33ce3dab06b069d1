/**
 * What is smaller than a socket: the object of TIME_WAIT, and the making of a child from a half-open request.
 * Linux counterparts: net/ipv4/tcp_minisocks.c, net/ipv4/inet_timewait_sock.c, and of net/ipv4/tcp_ipv4.c the
 * function that makes the child's addresses.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies, mod_timer, timer_delete, timer_list } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import type { sk_buff } from '../socket/skbuff.js';
import { sock_owned_by_user, sk_add_backlog } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { SOCK_BINDPORT_LOCK, SOCK_KEEPOPEN, SOCK_LINGER } from '../socket/uapi_socket.js';
import { tcp_v4_reqsk_send_ack, tcp_v4_send_reset, tcp_v4_send_synack } from './tcp_control.js';
import { __inet_inherit_port, inet_ehash_insert, inet_unhash, leave_bucket, tcp_net } from './inet_hashtables.js';
import { inet_csk_complete_hashdance, inet_csk_reqsk_queue_drop } from './reqsk.js';
import { inet_sk_set_state, tcp_done } from './tcp_life.js';
import { tcp_rcv_state_process } from './tcp_input.js';
import { new_tcp_sock } from './tcp_init.js';
import { tcp_clock_us } from './tcp_output.js';
import {
  tcp_timewait_sock, type tcp_request_sock, TCP_TIMEWAIT_LEN, type tcp_sock,
} from './tcp_sock.js';
import { after, before, TCP_FIN_WAIT2, TCP_SYN_RECV, TCP_TIME_WAIT, TCPHDR_ACK, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { IP_MAX_MTU, tcp_initialize_rcv_mss, tcp_sync_mss } from './tcp_window.js';
import { keepalive_time_when, tcp_reset_keepalive_timer, tcp_rtt_estimator } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** The time is over. net/ipv4/inet_timewait_sock.c:tw_timer_handler */
function tw_timer_handler(k: Kernel, tw: tcp_timewait_sock): void {
  if (k.trace !== null) k.trace.enter(F.tw_timer_handler, tw.id);
  inet_twsk_kill(k, tw);
  leave(k, 0);
}

/** TIME_WAIT ends: the port is free again. net/ipv4/inet_timewait_sock.c:inet_twsk_kill */
export function inet_twsk_kill(k: Kernel, tw: tcp_timewait_sock): void {
  if (tw.timer !== null) timer_delete(k, tw.timer);
  inet_unhash(k, tw);
  if (tw.tw_bucket !== null) leave_bucket(k, tw.tw_bucket, tw);
  tw.tw_bucket = null;
  tcp_net(k).timewaits.delete(tw);
}

/** net/ipv4/inet_timewait_sock.c:inet_twsk_reschedule @param timeo ticks */
function inet_twsk_reschedule(k: Kernel, tw: tcp_timewait_sock, timeo: number): void {
  mod_timer(k, tw.timer!, jiffies(k) + timeo);
}

/**
 * A small object takes over from the socket, which is closed at once. net/ipv4/tcp_minisocks.c:tcp_time_wait
 * @param state TIME_WAIT, or FIN_WAIT2 for an orphan
 * @param timeo ticks, for FIN_WAIT2
 */
export function tcp_time_wait(k: Kernel, sk: tcp_sock, state: number, timeo: number): void {
  if (k.trace !== null) enter_sk(k, F.tcp_time_wait, sk);
  const tw = new tcp_timewait_sock(k.new_id(), sk, state);
  const rto = (sk.icsk_rto << 2) - (sk.icsk_rto >> 1);
  tw.timer = new timer_list('tw_timer', tw, tw_timer_handler);
  if (tw.tw_bucket !== null) tw.tw_bucket.owners.push(tw);
  tcp_net(k).timewaits.add(tw);
  if (sk.skc_hashed) {
    inet_unhash(k, sk);
    inet_ehash_insert(k, tw);
  }
  inet_twsk_reschedule(k, tw, state === TCP_TIME_WAIT ? TCP_TIMEWAIT_LEN : Math.max(timeo, rto));
  tcp_done(k, sk);
  leave(k, 0);
}

/** What TIME_WAIT answers. net/ipv4/tcp_minisocks.c:tcp_tw_status */
export const TCP_TW_SUCCESS = 0;
export const TCP_TW_RST = 1;
export const TCP_TW_ACK = 2;
export const TCP_TW_SYN = 3;

/** FIN_WAIT2 in the small form. net/ipv4/tcp_minisocks.c:tcp_timewait_state_process */
function fin_wait2_process(k: Kernel, tw: tcp_timewait_sock, skb: sk_buff): number {
  const end = (tw.tw_rcv_nxt + tw.tw_rcv_wnd) | 0;
  if (!tcp_in_window(skb.seq, skb.end_seq, tw.tw_rcv_nxt, end)) return (skb.tcp_flags & TCPHDR_RST) !== 0 ? TCP_TW_SUCCESS : TCP_TW_ACK;
  if ((skb.tcp_flags & TCPHDR_RST) !== 0) {
    inet_twsk_kill(k, tw);
    return TCP_TW_SUCCESS;
  }
  if ((skb.tcp_flags & TCPHDR_SYN) !== 0 && !before(skb.seq, tw.tw_rcv_nxt)) return TCP_TW_RST;
  if ((skb.tcp_flags & TCPHDR_ACK) === 0 || !after(skb.end_seq, tw.tw_rcv_nxt) || skb.end_seq === skb.seq) return TCP_TW_SUCCESS;
  // Data for a program that is gone.
  if ((skb.tcp_flags & TCPHDR_FIN) === 0 || skb.end_seq !== ((tw.tw_rcv_nxt + 1) | 0)) {
    inet_twsk_kill(k, tw);
    return TCP_TW_RST;
  }
  tw.tw_substate = TCP_TIME_WAIT;
  tw.tw_rcv_nxt = skb.end_seq;
  inet_twsk_reschedule(k, tw, TCP_TIMEWAIT_LEN);
  return TCP_TW_ACK;
}

/** Some of [seq, end_seq) lies in [s_win, e_win). net/ipv4/tcp_minisocks.c:tcp_in_window */
function tcp_in_window(seq: number, end_seq: number, s_win: number, e_win: number): boolean {
  if (seq === s_win) return true;
  if (after(end_seq, s_win) && before(seq, e_win)) return true;
  return seq === e_win && seq === end_seq;
}

/** A segment for a connection in TIME_WAIT. net/ipv4/tcp_minisocks.c:tcp_timewait_state_process */
export function tcp_timewait_state_process(k: Kernel, tw: tcp_timewait_sock, skb: sk_buff): number {
  if (k.trace !== null) k.trace.enter(F.tcp_timewait_state_process, tw.id);
  const ret = tw.tw_substate === TCP_FIN_WAIT2 ? fin_wait2_process(k, tw, skb) : time_wait_process(k, tw, skb);
  leave(k, ret);
  return ret;
}

function time_wait_process(k: Kernel, tw: tcp_timewait_sock, skb: sk_buff): number {
  const rst = (skb.tcp_flags & TCPHDR_RST) !== 0;
  const ack = (skb.tcp_flags & TCPHDR_ACK) !== 0;
  const syn = (skb.tcp_flags & TCPHDR_SYN) !== 0;
  if (skb.seq === tw.tw_rcv_nxt && (skb.seq === skb.end_seq || rst)) {
    if (rst) inet_twsk_kill(k, tw); // TIME_WAIT assassination, RFC 1337
    else inet_twsk_reschedule(k, tw, TCP_TIMEWAIT_LEN);
    return TCP_TW_SUCCESS;
  }
  if (syn && !rst && !ack && after(skb.seq, tw.tw_rcv_nxt)) return TCP_TW_SYN;
  if (rst) return TCP_TW_SUCCESS;
  if (ack) inet_twsk_reschedule(k, tw, TCP_TIMEWAIT_LEN);
  return TCP_TW_ACK;
}

// children

/** What a child takes over from its listener and its request. net/ipv4/tcp_minisocks.c:tcp_create_openreq_child */
function tcp_create_openreq_child(k: Kernel, sk: tcp_sock, req: tcp_request_sock, skb: sk_buff): tcp_sock {
  const newsk = new_tcp_sock(k, sk.sk_family);
  inet_sk_set_state(k, newsk, TCP_SYN_RECV);
  newsk.sk_flags = sk.sk_flags & (SOCK_KEEPOPEN | SOCK_LINGER | 4);
  newsk.sk_lingertime = sk.sk_lingertime;
  newsk.sk_rcvlowat = sk.sk_rcvlowat;
  newsk.sk_rcvbuf = sk.sk_rcvbuf;
  newsk.sk_sndbuf = sk.sk_sndbuf;
  newsk.sk_userlocks = sk.sk_userlocks & ~SOCK_BINDPORT_LOCK;
  newsk.sk_rcvtimeo = sk.sk_rcvtimeo;
  newsk.sk_sndtimeo = sk.sk_sndtimeo;
  newsk.sk_reuse = sk.sk_reuse;
  newsk.sk_reuseport = sk.sk_reuseport;
  newsk.sk_uid = sk.sk_uid;
  newsk.sk_priority = sk.sk_priority;
  newsk.ipv6only = sk.ipv6only;
  newsk.recverr = sk.recverr;
  newsk.recverr6 = sk.recverr6;
  newsk.freebind = sk.freebind;
  newsk.sk_zerocopy = sk.sk_zerocopy;
  if (sk.sk_stored_options !== null) newsk.sk_stored_options = new Map(sk.sk_stored_options);
  newsk.nonagle = sk.nonagle;
  newsk.notsent_lowat = sk.notsent_lowat;
  newsk.keepalive_time = sk.keepalive_time;
  newsk.keepalive_intvl = sk.keepalive_intvl;
  newsk.keepalive_probes = sk.keepalive_probes;
  newsk.icsk_user_timeout = sk.icsk_user_timeout;
  newsk.icsk_syn_retries = sk.icsk_syn_retries;
  newsk.linger2 = sk.linger2;
  newsk.user_mss = sk.user_mss;
  newsk.icsk_ca_ops = sk.icsk_ca_ops;
  newsk.inq_cmsg = sk.inq_cmsg;
  const seq = (req.rcv_isn + 1) | 0;
  newsk.rcv_wup = seq;
  newsk.copied_seq = seq;
  newsk.rcv_nxt = seq;
  newsk.rcv_up = seq;
  const una = (req.snt_isn + 1) | 0;
  newsk.snd_sml = una;
  newsk.snd_una = una;
  newsk.snd_nxt = una;
  newsk.snd_up = una;
  newsk.write_seq = una;
  newsk.pushed_seq = una;
  newsk.snd_wl1 = req.rcv_isn;
  newsk.window_clamp = req.rsk_window_clamp;
  newsk.rcv_ssthresh = req.rsk_rcv_wnd;
  newsk.rcv_wnd = req.rsk_rcv_wnd;
  newsk.rcv_wscale = req.rcv_wscale;
  newsk.sack_ok = req.sack_ok;
  newsk.snd_wscale = Math.max(req.snd_wscale, 0);
  newsk.snd_wnd = skb.window * 2 ** newsk.snd_wscale;
  newsk.max_window = newsk.snd_wnd;
  newsk.mss_clamp = req.mss;
  // The first round trip: SYN-ACK and its ACK, unless the SYN-ACK was sent twice.
  if (req.num_timeout === 0) tcp_rtt_estimator(newsk, (tcp_clock_us(k) - req.snt_synack) | 0);
  newsk.ack_lrcvtime = jiffies(k);
  newsk.lsndtime = jiffies(k);
  if ((newsk.sk_flags & SOCK_KEEPOPEN) !== 0) tcp_reset_keepalive_timer(k, newsk, keepalive_time_when(k, newsk));
  return newsk;
}

/** Makes the child of a request; null when the accept queue is full. net/ipv4/tcp_ipv4.c:tcp_v4_syn_recv_sock */
function tcp_v4_syn_recv_sock(k: Kernel, sk: tcp_sock, skb: sk_buff, req: tcp_request_sock): tcp_sock | null {
  if (k.trace !== null) k.trace.enter(F.tcp_v4_syn_recv_sock, sk.id);
  if (sk.sk_ack_backlog > sk.sk_max_ack_backlog) {
    leave(k, 0);
    return null;
  }
  const newsk = tcp_create_openreq_child(k, sk, req, skb);
  newsk.skc_daddr = req.skc_daddr;
  newsk.skc_rcv_saddr = req.skc_rcv_saddr;
  newsk.inet_saddr = req.skc_rcv_saddr;
  newsk.skc_dport = req.skc_dport;
  newsk.icsk_pmtu_cookie = Math.min(req.pmtu, IP_MAX_MTU);
  tcp_sync_mss(newsk);
  newsk.advmss = req.advmss;
  tcp_initialize_rcv_mss(newsk);
  __inet_inherit_port(k, sk, newsk);
  // The child takes the request's place in the table of connections.
  inet_unhash(k, req);
  inet_ehash_insert(k, newsk);
  leave(k, newsk.id);
  return newsk;
}

/** What tcp_check_req finds: a child, the listener itself, or nobody. */
export type check_req_result = tcp_sock | null;

/**
 * A segment for a half-open request. net/ipv4/tcp_minisocks.c:tcp_check_req
 * @returns the child; the listener, which shall look at the segment itself; null when nothing is left to do
 */
export function tcp_check_req(k: Kernel, sk: tcp_sock, skb: sk_buff, req: tcp_request_sock): check_req_result {
  if (k.trace !== null) enter_sk(k, F.tcp_check_req, sk);
  const ret = check_req(k, sk, skb, req);
  leave(k, 0);
  return ret;
}

function check_req(k: Kernel, sk: tcp_sock, skb: sk_buff, req: tcp_request_sock): check_req_result {
  const flags = skb.tcp_flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
  // The SYN again: our SYN-ACK was lost.
  if (skb.seq === req.rcv_isn && flags === TCPHDR_SYN) {
    tcp_v4_send_synack(k, req);
    return null;
  }
  if ((flags & TCPHDR_ACK) !== 0 && skb.ack_seq !== ((req.snt_isn + 1) | 0)) return sk;
  const first = (req.rcv_isn + 1) | 0;
  if (!tcp_in_window(skb.seq, skb.end_seq, first, (first + req.rsk_rcv_wnd) | 0)) {
    if ((flags & TCPHDR_RST) === 0) tcp_v4_reqsk_send_ack(k, req, skb);
    return null;
  }
  const syn = (flags & TCPHDR_SYN) !== 0 && skb.seq !== req.rcv_isn;
  if ((flags & TCPHDR_RST) !== 0 || syn) {
    embryonic_reset(k, sk, skb, req);
    return null;
  }
  if ((flags & TCPHDR_ACK) === 0) return null;
  // TCP_DEFER_ACCEPT: a bare ACK does not make a child yet.
  if (req.num_timeout < sk.rskq_defer_accept && skb.end_seq === first) {
    req.acked = true;
    return null;
  }
  const child = tcp_v4_syn_recv_sock(k, sk, skb, req);
  if (child === null) {
    if (sock_net(k).sysctl.tcp_abort_on_overflow === 0) req.acked = true;
    else embryonic_reset(k, sk, skb, req);
    return null;
  }
  return inet_csk_complete_hashdance(k, sk, child, req);
}

/** The request is given up. net/ipv4/tcp_minisocks.c:tcp_check_req */
function embryonic_reset(k: Kernel, sk: tcp_sock, skb: sk_buff, req: tcp_request_sock): void {
  if ((skb.tcp_flags & TCPHDR_RST) === 0) tcp_v4_send_reset(k, sk, skb);
  inet_csk_reqsk_queue_drop(k, sk, req);
}

/** A new child processes the segment that made it; then the listener tells. net/ipv4/tcp_minisocks.c:tcp_child_process @returns 1: the segment wants an RST */
export function tcp_child_process(k: Kernel, parent: tcp_sock, child: tcp_sock, skb: sk_buff): number {
  if (k.trace !== null) enter_sk(k, F.tcp_child_process, child);
  const state = child.sk_state;
  let ret = 0;
  if (!sock_owned_by_user(child)) {
    ret = tcp_rcv_state_process(k, child, skb);
    if (state === TCP_SYN_RECV && child.sk_state !== state) parent.sk_data_ready(k, parent);
  } else {
    sk_add_backlog(child, skb);
  }
  return leave(k, ret);
}
