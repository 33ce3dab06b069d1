/**
 * close() of a TCP socket: the last reference is gone. FIN or RST, lingering, and the life as an orphan.
 * Linux counterpart: net/ipv4/tcp.c:tcp_close. The limit on orphans is left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { local_bh_disable, local_bh_enable } from '../kernel/softirq.js';
import type { Sleeps } from '../kernel/point.js';
import { leave } from '../kernel/trace.js';
import { __skb_unlink } from '../socket/skbuff.js';
import { __release_sock, lock_sock, release_sock, sock_flag, sock_orphan } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { sk_stream_wait_close } from '../socket/stream.js';
import { SHUTDOWN_MASK, SOCK_LINGER } from '../socket/uapi_socket.js';
import { inet_csk_listen_stop } from './reqsk.js';
import { tcp_send_active_reset, tcp_send_fin } from './tcp_control.js';
import { tcp_disconnect } from './tcp_disconnect.js';
import { inet_csk_destroy_sock, sock_rfree, tcp_close_state, tcp_set_state } from './tcp_life.js';
import { tcp_time_wait } from './tcp_minisocks.js';
import { TCP_TIMEWAIT_LEN, type tcp_sock } from './tcp_sock.js';
import { after, TCP_CLOSE, TCP_FIN_WAIT2, TCP_LISTEN, TCPHDR_FIN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_fin_time, tcp_reset_keepalive_timer } from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** Drops what nobody will read. @returns true when there was data, not only a FIN */
function drain_receive_queue(sk: tcp_sock): boolean {
  const list = sk.sk_receive_queue;
  let unread = false;
  for (let skb = list.first; skb !== null; skb = list.first) {
    const end_seq = (skb.tcp_flags & TCPHDR_FIN) !== 0 ? (skb.end_seq - 1) | 0 : skb.end_seq;
    if (after(end_seq, sk.copied_seq)) unread = true;
    __skb_unlink(skb, list);
    sock_rfree(sk, skb);
  }
  return unread;
}

/** Ends the connection in the way that fits. Sleeps for SO_LINGER. net/ipv4/tcp.c:__tcp_close @param deadlineNs until when to linger; 0: not */
function* tcp_end(k: Kernel, sk: tcp_sock, deadlineNs: number): Sleeps<void> {
  if (sk.sk_state === TCP_LISTEN) {
    tcp_set_state(k, sk, TCP_CLOSE);
    inet_csk_listen_stop(k, sk);
    return;
  }
  const data_was_unread = drain_receive_queue(sk);
  if (sk.sk_state === TCP_CLOSE) return;
  if (data_was_unread) {
    // The peer must know that its data was not read.
    tcp_set_state(k, sk, TCP_CLOSE);
    tcp_send_active_reset(k, sk);
  } else if (sock_flag(sk, SOCK_LINGER) && sk.sk_lingertime === 0) {
    tcp_disconnect(k, sk);
  } else if (tcp_close_state(k, sk)) {
    tcp_send_fin(k, sk);
  }
  yield* sk_stream_wait_close(k, sk, deadlineNs);
}

/** An orphan whose FIN is acknowledged already waits for the peer's in small form. net/ipv4/tcp.c:__tcp_close (adjudge_to_death) */
function orphan_fin_wait2(k: Kernel, sk: tcp_sock): boolean {
  if (sk.linger2 < 0) {
    tcp_set_state(k, sk, TCP_CLOSE);
    tcp_send_active_reset(k, sk);
    return false;
  }
  const tmo = tcp_fin_time(k, sk);
  if (tmo > TCP_TIMEWAIT_LEN) {
    tcp_reset_keepalive_timer(k, sk, tmo - TCP_TIMEWAIT_LEN);
    return false;
  }
  tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo);
  return true;
}

/** Sleeps for SO_LINGER. net/ipv4/tcp.c:__tcp_close */
function* __tcp_close(k: Kernel, sk: tcp_sock, deadlineNs: number): Sleeps<void> {
  if (k.trace !== null) enter_sk(k, F.__tcp_close, sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  yield* tcp_end(k, sk, deadlineNs);
  const state = sk.sk_state;
  sock_orphan(sk);
  local_bh_disable(k);
  __release_sock(k, sk);
  // The backlog may have ended the connection, and with it this sock.
  const destroyed = state !== TCP_CLOSE && sk.sk_state === TCP_CLOSE;
  if (!destroyed) {
    const gone = sk.sk_state === TCP_FIN_WAIT2 && orphan_fin_wait2(k, sk);
    if (!gone && sk.sk_state === TCP_CLOSE) inet_csk_destroy_sock(k, sk);
  }
  leave(k, 0);
  local_bh_enable(k);
}

/** The last reference to a TCP socket is gone. Sleeps for the socket lock and for SO_LINGER. net/ipv4/tcp.c:tcp_close @param deadlineNs until when to linger; 0: not */
export function* tcp_close(k: Kernel, sk: tcp_sock, deadlineNs: number): Sleeps<void> {
  if (k.trace !== null) enter_sk(k, F.tcp_close, sk);
  yield* lock_sock(k, sk);
  yield* __tcp_close(k, sk, deadlineNs);
  release_sock(k, sk);
  leave(k, 0);
}
