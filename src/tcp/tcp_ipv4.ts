/**
 * Between IP and TCP: which connection a segment belongs to, what a locked socket does with it, and how a connection
 * is begun. Linux counterpart: net/ipv4/tcp_ipv4.c; IPv6 goes the same way here.
 */

import type { Kernel } from '../kernel/kernel.js';
import { leave } from '../kernel/trace.js';
import { skb_try_coalesce, type sk_buff } from '../socket/skbuff.js';
import { sk_add_backlog, sk_error_report, sock_flag, sock_owned_by_user, type sock_common } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { SOCK_DEAD } from '../socket/uapi_socket.js';
import { __inet_lookup_established, __inet_lookup_listener, reqsk_listener } from './inet_hashtables.js';
import { ICMP_HOST_UNREACH, icmp_err_convert, type icmp_error } from './icmp.js';
import { inet_csk_reqsk_queue_drop } from './reqsk.js';
import { tcp_v4_send_reset, tcp_v4_timewait_ack } from './tcp_control.js';
import { tcp_rcv_established, tcp_rcv_state_process } from './tcp_input.js';
import { tcp_done_with_error } from './tcp_life.js';
import {
  inet_twsk_kill, TCP_TW_ACK, TCP_TW_RST, TCP_TW_SYN, tcp_check_req, tcp_child_process, tcp_timewait_state_process,
} from './tcp_minisocks.js';
import { is_v6_address, type tcp_request_sock, type tcp_sock, type tcp_timewait_sock } from './tcp_sock.js';
import { tcp_ld_RTO_revert } from './tcp_timer.js';
import {
  after, before, TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN, TCP_NEW_SYN_RECV, TCP_SYN_RECV, TCP_SYN_SENT, TCP_TIME_WAIT, TCPHDR_ACK, TCPHDR_RST,
  TCPHDR_SYN, TCPHDR_URG,
} from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** A segment reaches its connection. net/ipv4/tcp_ipv4.c:tcp_v4_do_rcv */
export function tcp_v4_do_rcv(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_v4_do_rcv, sk);
  if (sk.sk_state === TCP_ESTABLISHED) tcp_rcv_established(k, sk, skb);
  else if (tcp_rcv_state_process(k, sk, skb) !== 0) tcp_v4_send_reset(k, sk, skb);
  leave(k, 0);
}

/** Nobody has the port. net/ipv4/tcp_ipv4.c:tcp_v4_rcv */
function no_tcp_socket(k: Kernel, skb: sk_buff): void {
  tcp_v4_send_reset(k, null, skb);
}

/** A segment for a half-open request. net/ipv4/tcp_ipv4.c:tcp_v4_rcv */
function rcv_new_syn_recv(k: Kernel, req: tcp_request_sock, skb: sk_buff): void {
  const sk = reqsk_listener(req);
  if (sk === null) {
    inet_csk_reqsk_queue_drop(k, req.rsk_listener, req);
    dispatch(k, lookup(k, skb), skb);
    return;
  }
  const nsk = tcp_check_req(k, sk, skb, req);
  if (nsk === null) return;
  if (nsk === sk) deliver_to(k, sk, skb);
  else if (tcp_child_process(k, sk, nsk, skb) !== 0) tcp_v4_send_reset(k, nsk, skb);
}

/** A segment for what is left of a connection. net/ipv4/tcp_ipv4.c:tcp_v4_rcv (do_time_wait) */
function rcv_time_wait(k: Kernel, tw: tcp_timewait_sock, skb: sk_buff): void {
  switch (tcp_timewait_state_process(k, tw, skb)) {
    case TCP_TW_SYN: {
      // A new connection may take the place of the old one.
      const listener = __inet_lookup_listener(k, skb.saddr, skb.source, skb.daddr, skb.dest);
      if (listener === null) {
        tcp_v4_timewait_ack(k, tw, skb);
        break;
      }
      inet_twsk_kill(k, tw);
      deliver_to(k, listener, skb);
      break;
    }
    case TCP_TW_ACK:
      tcp_v4_timewait_ack(k, tw, skb);
      break;
    case TCP_TW_RST:
      tcp_v4_send_reset(k, null, skb);
      inet_twsk_kill(k, tw);
      break;
    default:
      break;
  }
}

/** Two segments in a row that one reading of the headers can serve. net/ipv4/tcp_ipv4.c:tcp_add_backlog */
function may_merge(tail: sk_buff, skb: sk_buff): boolean {
  return tail.end_seq === skb.seq && ((tail.tcp_flags | skb.tcp_flags) & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_URG)) === 0
    && (tail.tcp_flags & skb.tcp_flags & TCPHDR_ACK) !== 0 && tail.tsval === skb.tsval && tail.tsecr === skb.tsecr
    && tail.opt === null && skb.opt === null;
}

/** Leaves a segment to the call that holds the socket; segments in a row become one. net/ipv4/tcp_ipv4.c:tcp_add_backlog */
export function tcp_add_backlog(sk: tcp_sock, skb: sk_buff): void {
  const { last: tail } = sk.sk_backlog;
  if (tail === null || !may_merge(tail, skb)) {
    sk_add_backlog(sk, skb);
    return;
  }
  const gso_size = Math.max(tail.gso_size !== 0 ? tail.gso_size : tail.len, skb.gso_size !== 0 ? skb.gso_size : skb.len);
  const delta = skb_try_coalesce(tail, skb);
  if (delta < 0) {
    sk_add_backlog(sk, skb);
    return;
  }
  sk.sk_backlog_len += delta;
  tail.end_seq = skb.end_seq;
  if (!before(skb.ack_seq, tail.ack_seq)) {
    tail.ack_seq = skb.ack_seq;
    tail.window = skb.window;
  }
  tail.tcp_flags |= skb.tcp_flags;
  tail.gso_size = gso_size;
  tail.gso_segs += skb.gso_segs;
}

/** A listener looks at once; a connection that is locked by a call looks later. net/ipv4/tcp_ipv4.c:tcp_v4_rcv */
function deliver_to(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (sk.sk_state === TCP_LISTEN || !sock_owned_by_user(sk)) tcp_v4_do_rcv(k, sk, skb);
  else tcp_add_backlog(sk, skb);
}

function lookup(k: Kernel, skb: sk_buff): sock_common | null {
  return __inet_lookup_established(k, skb.saddr, skb.source, skb.daddr, skb.dest)
    ?? __inet_lookup_listener(k, skb.saddr, skb.source, skb.daddr, skb.dest);
}

function dispatch(k: Kernel, sk: sock_common | null, skb: sk_buff): void {
  if (sk === null) no_tcp_socket(k, skb);
  else if (sk.sk_state === TCP_NEW_SYN_RECV) rcv_new_syn_recv(k, sk as tcp_request_sock, skb);
  else if (sk.sk_state === TCP_TIME_WAIT) rcv_time_wait(k, sk as tcp_timewait_sock, skb);
  else deliver_to(k, sk as tcp_sock, skb);
}

/** A segment arrives. net/ipv4/tcp_ipv4.c:tcp_v4_rcv */
export function tcp_v4_rcv(k: Kernel, packet: unknown): void {
  const skb = packet as sk_buff;
  if (k.trace !== null) k.trace.enter(F.tcp_v4_rcv, skb.tcp_flags, skb.source, skb.dest, skb.len);
  dispatch(k, lookup(k, skb), skb);
  leave(k, 0);
}

/** An ICMP error about a segment of ours: kills a connection that is being made, else is only remembered. net/ipv4/tcp_ipv4.c:tcp_v4_err @param err errno */
export function tcp_v4_err(k: Kernel, sk: tcp_sock, err: number): void {
  const making = sk.sk_state === TCP_SYN_SENT || sk.sk_state === TCP_SYN_RECV;
  if (making && !sock_owned_by_user(sk)) {
    tcp_done_with_error(k, sk, err);
  } else if (!making && (is_v6_address(sk.skc_daddr) ? sk.recverr6 : sk.recverr) && !sock_owned_by_user(sk) && !sock_flag(sk, SOCK_DEAD)) {
    sk.sk_err = err;
    sk_error_report(k, sk);
  } else {
    sk.sk_err_soft = err;
  }
}

/** An ICMP error arrives: which connection is it about, and can it be true? net/ipv4/tcp_ipv4.c:tcp_v4_err */
export function tcp_v4_icmp(k: Kernel, icmp: icmp_error): void {
  const sk = __inet_lookup_established(k, icmp.daddr, icmp.dest, icmp.saddr, icmp.source);
  if (sk === null || sk.sk_state === TCP_TIME_WAIT || sk.sk_state === TCP_CLOSE) return;
  if (sk.sk_state === TCP_NEW_SYN_RECV) {
    const req = sk as tcp_request_sock;
    if (icmp.seq === req.snt_isn) inet_csk_reqsk_queue_drop(k, req.rsk_listener, req);
    return;
  }
  const tp = sk as tcp_sock;
  // About a segment that is not on its way: somebody guesses.
  if (before(icmp.seq, tp.snd_una) || after(icmp.seq, tp.snd_nxt)) return;
  if (icmp.code <= ICMP_HOST_UNREACH) tcp_ld_RTO_revert(k, tp, icmp.seq);
  if ((tp.sk_state as number) !== TCP_CLOSE) tcp_v4_err(k, tp, icmp_err_convert(icmp.code));
}
