/**
 * The life of a TCP endpoint: the one place where its state changes, the end of a connection, and the giving back of
 * what it held. Linux counterparts: net/ipv4/tcp.c:tcp_set_state and tcp_done, net/ipv4/inet_connection_sock.c,
 * net/ipv4/tcp_ipv4.c. Memory itself is left to the garbage collector; what a leak check counts is given back here.
 */

import type { Kernel } from '../kernel/kernel.js';
import { BUG_ON } from '../kernel/bug.js';
import { ETIMEDOUT } from '../kernel/errno.js';
import { leave, T_SK_STATE } from '../kernel/trace.js';
import { timer_delete } from '../kernel/timer.js';
import { __skb_unlink, type sk_buff, type sk_buff_head } from '../socket/skbuff.js';
import { sk_error_report, sock_flag } from '../socket/sock.js';
import { enter_sk, SOCK_FUNCTIONS } from '../socket/sock_trace.js';
import { SHUTDOWN_MASK, SOCK_DEAD, SOCK_DESTROY } from '../socket/uapi_socket.js';
import { inet_put_port, inet_unhash, port_is_locked, tcp_net } from './inet_hashtables.js';
import { ICSK_TIME_NONE, type tcp_sock } from './tcp_sock.js';
import { new_state, TCP_ACTION_FIN, TCP_CLOSE, tcp_may_become } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** Notes a change of state in the trace. net/ipv4/af_inet.c:inet_sk_set_state */
export function inet_sk_set_state(k: Kernel, sk: tcp_sock, state: number): void {
  BUG_ON(!tcp_may_become(sk.sk_state, state), 'tcp: a transition that Linux never makes');
  if (k.trace !== null) k.trace.emit(T_SK_STATE, sk.id, sk.sk_state, state);
  sk.sk_state = state;
}

/** Changes the state; CLOSE also leaves the tables. net/ipv4/tcp.c:tcp_set_state */
export function tcp_set_state(k: Kernel, sk: tcp_sock, state: number): void {
  if (k.trace !== null) k.trace.enter(F.tcp_set_state, sk.id, sk.sk_state, sk.sk_shutdown, sk.sk_err, state);
  if (state === TCP_CLOSE) {
    inet_unhash(k, sk);
    // A port that bind() chose stays with the socket: it may connect again from there.
    if (sk.icsk_bind_hash !== null && !port_is_locked(sk)) inet_put_port(k, sk);
  }
  inet_sk_set_state(k, sk, state);
  leave(k, 0);
}

/** Moves on to the state that closing our side leads to; true: a FIN must be sent. net/ipv4/tcp.c:tcp_close_state */
export function tcp_close_state(k: Kernel, sk: tcp_sock): boolean {
  const next = new_state[sk.sk_state]!;
  tcp_set_state(k, sk, next & ~TCP_ACTION_FIN);
  return (next & TCP_ACTION_FIN) !== 0;
}

// memory

/** Memory for `size` bytes is at hand, or is taken page by page. include/net/sock.h:sk_rmem_schedule */
export function sk_mem_schedule(sk: tcp_sock, size: number): void {
  if (size > sk.sk_forward_alloc) sk.sk_forward_alloc += Math.ceil((size - sk.sk_forward_alloc) / 4096) * 4096;
}

/** Gives memory back; whole pages leave the socket. include/net/sock.h:sk_mem_uncharge */
export function sk_mem_uncharge(sk: tcp_sock, size: number): void {
  sk.sk_forward_alloc += size;
  if (sk.sk_forward_alloc >= 4096) sk.sk_forward_alloc &= 4095;
}

/** A buffer of the send side is done with. include/net/tcp.h:tcp_wmem_free_skb */
export function tcp_wmem_free_skb(sk: tcp_sock, skb: sk_buff): void {
  sk.sk_wmem_queued -= skb.truesize;
  sk_mem_uncharge(sk, skb.truesize);
  if (skb.ubuf !== null) skb.ubuf.put();
}

/** A buffer of the receive side is done with. net/core/sock.c:sock_rfree */
export function sock_rfree(sk: tcp_sock, skb: sk_buff): void {
  sk.sk_rmem_alloc -= skb.truesize;
  sk_mem_uncharge(sk, skb.truesize);
}

function purge_rcv(sk: tcp_sock, list: sk_buff_head): void {
  for (let skb = list.first; skb !== null; skb = list.first) {
    __skb_unlink(skb, list);
    sock_rfree(sk, skb);
  }
}

function purge_snd(sk: tcp_sock, list: sk_buff_head): void {
  for (let skb = list.first; skb !== null; skb = list.first) {
    __skb_unlink(skb, list);
    tcp_wmem_free_skb(sk, skb);
  }
}

/** Drops everything unsent and unacknowledged. net/ipv4/tcp.c:tcp_write_queue_purge */
export function tcp_write_queue_purge(sk: tcp_sock): void {
  purge_snd(sk, sk.sk_write_queue);
  purge_snd(sk, sk.tcp_rtx_queue);
  sk.packets_out = 0;
  sk.retrans_out = 0;
  sk.tlp_high_seq = null;
  sk.dupacks = 0;
  sk.icsk_backoff = 0;
}

/** Drops what was received and not read. include/linux/skbuff.h:__skb_queue_purge */
export function tcp_receive_queue_purge(sk: tcp_sock): void {
  purge_rcv(sk, sk.sk_receive_queue);
}

/** Drops what lies beyond a hole. net/core/skbuff.c:skb_rbtree_purge */
export function tcp_ofo_queue_purge(sk: tcp_sock): void {
  purge_rcv(sk, sk.out_of_order_queue);
}

// the end

/** Stops all timers. include/net/inet_connection_sock.h:tcp_clear_xmit_timers */
export function tcp_clear_xmit_timers(k: Kernel, sk: tcp_sock): void {
  sk.icsk_pending = ICSK_TIME_NONE;
  sk.ack_pending = 0;
  sk.ack_retry = 0;
  timer_delete(k, sk.retransmit_timer);
  timer_delete(k, sk.delack_timer);
  timer_delete(k, sk.sk_timer);
}

/** The end of an orphan: everything is given back. net/ipv4/inet_connection_sock.c:inet_csk_destroy_sock */
export function inet_csk_destroy_sock(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.inet_csk_destroy_sock, sk);
  BUG_ON(sk.sk_state !== TCP_CLOSE, 'tcp: destroyed before it is closed');
  BUG_ON(!sock_flag(sk, SOCK_DEAD), 'tcp: destroyed while somebody holds it');
  BUG_ON((sk.sk_flags & SOCK_DESTROY) !== 0, 'tcp: destroyed twice');
  sk.sk_flags |= SOCK_DESTROY;
  tcp_clear_xmit_timers(k, sk);
  tcp_write_queue_purge(sk);
  tcp_ofo_queue_purge(sk);
  inet_unhash(k, sk);
  inet_put_port(k, sk);
  sk_stream_kill_queues(k, sk);
  tcp_net(k).socks.delete(sk);
  leave(k, 0);
}

/** The receive queue goes; nothing may be charged any more. net/core/stream.c:sk_stream_kill_queues */
function sk_stream_kill_queues(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, SOCK_FUNCTIONS.id.sk_stream_kill_queues, sk);
  tcp_receive_queue_purge(sk);
  BUG_ON(sk.sk_wmem_queued !== 0, 'tcp: sk_wmem_queued is not 0 at the end');
  BUG_ON(sk.sk_rmem_alloc !== 0, 'tcp: sk_rmem_alloc is not 0 at the end');
  leave(k, 0);
}

/** The connection is over: both directions are shut, and whoever waits is told. net/ipv4/tcp.c:tcp_done */
export function tcp_done(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_done, sk);
  tcp_set_state(k, sk, TCP_CLOSE);
  tcp_clear_xmit_timers(k, sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (!sock_flag(sk, SOCK_DEAD)) sk.sk_state_change(k, sk);
  else inet_csk_destroy_sock(k, sk);
  leave(k, 0);
}

/** The connection is over with an error. net/ipv4/tcp.c:tcp_done_with_error (since 6.10) */
export function tcp_done_with_error(k: Kernel, sk: tcp_sock, err: number): void {
  sk.sk_err = err;
  tcp_write_queue_purge(sk);
  tcp_done(k, sk);
  if (!sock_flag(sk, SOCK_DEAD)) sk_error_report(k, sk);
}

/** Gives up: timeouts report the last soft error, or ETIMEDOUT. net/ipv4/tcp_timer.c:tcp_write_err */
export function tcp_write_err(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_write_err, sk);
  tcp_done_with_error(k, sk, sk.sk_err_soft !== 0 ? sk.sk_err_soft : ETIMEDOUT);
  leave(k, 0);
}
