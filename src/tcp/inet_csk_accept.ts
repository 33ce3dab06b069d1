/**
 * The calls of a listener: listen() and accept(). Linux counterparts: net/ipv4/af_inet.c:inet_listen, inet_accept,
 * net/ipv4/inet_connection_sock.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EINVAL } from '../kernel/errno.js';
import { schedule_hrtimeout, signal_pending } from '../kernel/sched.js';
import type { Sleeps } from '../kernel/point.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { autoremove_wake_function, finish_wait, prepare_to_wait_exclusive, wait_queue_entry } from '../kernel/wait.js';
import { lock_sock, release_sock, sock_deadline, sock_expired, sock_graft, sock_intr_errno } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { socket } from '../socket/socket.js';
import { SOCK_STREAM, SS_CONNECTED, SS_UNCONNECTED } from '../socket/uapi_socket.js';
import { inet_csk_get_port, inet_hash_listener } from './inet_hashtables.js';
import { inet_sk_set_state } from './tcp_life.js';
import type { tcp_sock } from './tcp_sock.js';
import { TCP_CLOSE, TCP_LISTEN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** The socket listens from here on, if its port allows that. net/ipv4/inet_connection_sock.c:inet_csk_listen_start @returns 0 or -EADDRINUSE */
function inet_csk_listen_start(k: Kernel, sk: tcp_sock): number {
  if (k.trace !== null) enter_sk(k, F.inet_csk_listen_start, sk);
  sk.sk_ack_backlog = 0;
  // Listening is announced before the port is checked again, so that two binders cannot both pass.
  inet_sk_set_state(k, sk, TCP_LISTEN);
  const err = inet_csk_get_port(k, sk, sk.skc_num);
  if (err === 0) inet_hash_listener(k, sk);
  else inet_sk_set_state(k, sk, TCP_CLOSE);
  return leave(k, err);
}

/** listen(2). Sleeps for the socket lock. net/ipv4/af_inet.c:inet_listen @returns 0 or -errno */
export function* inet_listen(k: Kernel, sock: socket, backlog: number): Sleeps<number> {
  const sk = sock.sk as tcp_sock;
  yield* lock_sock(k, sk);
  const err = inet_listen_locked(k, sock, sk, backlog);
  release_sock(k, sk);
  return err;
}

function inet_listen_locked(k: Kernel, sock: socket, sk: tcp_sock, backlog: number): number {
  if (sock.state !== SS_UNCONNECTED || sock.type !== SOCK_STREAM) return -EINVAL;
  if (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN) return -EINVAL;
  sk.sk_max_ack_backlog = backlog;
  return sk.sk_state === TCP_LISTEN ? 0 : inet_csk_listen_start(k, sk);
}

/** Waits for a connection, one waiter for each. Sleeps until there is one. net/ipv4/inet_connection_sock.c:inet_csk_wait_for_connect @returns 0 or -errno */
function* inet_csk_wait_for_connect(k: Kernel, sk: tcp_sock, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) enter_sk(k, F.inet_csk_wait_for_connect, sk);
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  let err = 0;
  for (;;) {
    prepare_to_wait_exclusive(k, sk.wq, wait, TASK_INTERRUPTIBLE);
    release_sock(k, sk);
    if (sk.rskq_accept.length === 0) yield* schedule_hrtimeout(k, deadlineNs);
    yield* lock_sock(k, sk);
    if (sk.rskq_accept.length > 0) break;
    if (sk.sk_state !== TCP_LISTEN) err = -EINVAL;
    else if (signal_pending(k.current)) err = sock_intr_errno(deadlineNs);
    else if (sock_expired(k, deadlineNs)) err = -EAGAIN;
    if (err !== 0) break;
  }
  finish_wait(k, sk.wq, wait);
  return leave(k, err);
}

/** Takes the oldest connection. Sleeps until there is one. net/ipv4/inet_connection_sock.c:inet_csk_accept @returns the child, or -errno */
function* inet_csk_accept(k: Kernel, sk: tcp_sock, noblock: boolean): Sleeps<tcp_sock | number> {
  if (k.trace !== null) enter_sk(k, F.inet_csk_accept, sk);
  if (k.footprint !== null) k.footprint.looked();
  yield* lock_sock(k, sk);
  let err = 0;
  if (sk.sk_state !== TCP_LISTEN) {
    err = -EINVAL;
  } else if (sk.rskq_accept.length === 0) {
    const deadlineNs = sock_deadline(k, sk.sk_rcvtimeo, noblock);
    err = deadlineNs === 0 ? -EAGAIN : yield* inet_csk_wait_for_connect(k, sk, deadlineNs);
  }
  let child: tcp_sock | null = null;
  if (err === 0) {
    child = sk.rskq_accept.shift()!.child!;
    sk.sk_ack_backlog--;
  }
  release_sock(k, sk);
  leave(k, child === null ? 0 : child.id);
  return child ?? err;
}

/** accept(2): the oldest connection gets an API side. Sleeps until there is one. net/ipv4/af_inet.c:inet_accept @returns 0 or -errno */
export function* inet_accept(k: Kernel, sock: socket, newsock: socket, flags: number): Sleeps<number> {
  const sk = sock.sk as tcp_sock;
  if (k.trace !== null) enter_sk(k, F.inet_accept, sk);
  const child = yield* inet_csk_accept(k, sk, flags !== 0);
  if (typeof child === 'number') return leave(k, child);
  yield* lock_sock(k, child);
  sock_graft(child, newsock);
  newsock.state = SS_CONNECTED;
  release_sock(k, child);
  return leave(k, 0);
}
