/**
 * connect() of a TCP socket, in all its forms: blocking and not, again and again, AF_UNSPEC, to itself.
 * Linux counterparts: net/ipv4/af_inet.c:__inet_stream_connect, net/ipv4/tcp_ipv4.c:tcp_v4_connect.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EALREADY, ECONNABORTED, EINPROGRESS, EINVAL, EISCONN, ENETUNREACH, EPIPE } from '../kernel/errno.js';
import type { Sleeps } from '../kernel/point.js';
import { signal_pending } from '../kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { add_wait_queue, remove_wait_queue, wait_queue_entry, wait_woken, woken_wake_function } from '../kernel/wait.js';
import { lock_sock, release_sock, sock_deadline, sock_error, sock_expired, sock_intr_errno } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { socket } from '../socket/socket.js';
import { AF_UNSPEC, SS_CONNECTED, SS_CONNECTING, SS_UNCONNECTED } from '../socket/uapi_socket.js';
import { destination_of, IN6ADDR_LOOPBACK, INADDR_BROADCAST, INADDR_LOOPBACK, is_loopback, is_multicast, needs_scope, parse_sockaddr } from './inet_addr.js';
import { inet_hash_connect, tcp_net } from './inet_hashtables.js';
import { route_mtu } from './link.js';
import { tcp_connect } from './tcp_control.js';
import { tcp_disconnect } from './tcp_disconnect.js';
import { tcp_set_state } from './tcp_life.js';
import type { tcp_sock } from './tcp_sock.js';
import { in_states, TCP_CLOSE, TCP_SYN_SENT, TCPF_SYN_RECV, TCPF_SYN_SENT } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** The address that packets to `daddr` carry as their source. net/ipv4/route.c:ip_route_output_key_hash_rcu */
export function source_address(k: Kernel, daddr: number): number {
  if (daddr === IN6ADDR_LOOPBACK) return IN6ADDR_LOOPBACK;
  if (is_loopback(daddr)) return INADDR_LOOPBACK;
  if (tcp_net(k).local_addresses.has(daddr)) return daddr;
  for (const own of tcp_net(k).local_addresses) return own;
  return INADDR_LOOPBACK;
}

/** Begins a connection: route, port, SYN. net/ipv4/tcp_ipv4.c:tcp_v4_connect @returns 0 or -errno */
function tcp_v4_connect(k: Kernel, sk: tcp_sock, uaddr: Uint8Array): number {
  if (k.trace !== null) enter_sk(k, F.tcp_v4_connect, sk);
  return leave(k, v4_connect(k, sk, uaddr));
}

function v4_connect(k: Kernel, sk: tcp_sock, uaddr: Uint8Array): number {
  const to = parse_sockaddr(k, sk, uaddr);
  if (typeof to === 'number') return to;
  if (needs_scope(k, to.addr)) return -EINVAL;
  const daddr = destination_of(sk, to.addr, to.v6);
  if (daddr < 0) return daddr;
  if (is_multicast(daddr) || daddr === INADDR_BROADCAST || route_mtu(k, daddr) === 0) return -ENETUNREACH;
  if (sk.inet_saddr === 0) {
    sk.inet_saddr = source_address(k, daddr);
    sk.skc_rcv_saddr = sk.inet_saddr;
  }
  sk.skc_daddr = daddr;
  sk.skc_dport = to.port;
  tcp_set_state(k, sk, TCP_SYN_SENT);
  const err = inet_hash_connect(k, sk);
  if (err < 0) {
    tcp_set_state(k, sk, TCP_CLOSE);
    sk.skc_dport = 0;
    return err;
  }
  sk.write_seq = k.prng.next() | 0;
  tcp_connect(k, sk);
  return 0;
}

/** Waits for the end of the handshake. Sleeps until then, a signal or the deadline. net/ipv4/af_inet.c:inet_wait_for_connect @returns true while there is time left */
function* inet_wait_for_connect(k: Kernel, sk: tcp_sock, deadlineNs: number): Sleeps<boolean> {
  if (k.trace !== null) enter_sk(k, F.inet_wait_for_connect, sk);
  const wait = new wait_queue_entry(k.current, woken_wake_function);
  add_wait_queue(k, sk.wq, wait);
  while (in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV)) {
    release_sock(k, sk);
    yield* wait_woken(k, wait, TASK_INTERRUPTIBLE, deadlineNs);
    yield* lock_sock(k, sk);
    if (signal_pending(k.current) || sock_expired(k, deadlineNs)) break;
  }
  remove_wait_queue(k, sk.wq, wait);
  leave(k, 0);
  return !sock_expired(k, deadlineNs);
}

/** What a first or repeated connect() begins with: > 0 wait with this errno in mind, else the result. net/ipv4/af_inet.c:__inet_stream_connect */
function connect_start(k: Kernel, sock: socket, sk: tcp_sock, uaddr: Uint8Array): number {
  if (uaddr.length < 2) return -EINVAL;
  if (uaddr[0] === AF_UNSPEC && uaddr[1] === 0) {
    sk.sk_disconnects++;
    tcp_disconnect(k, sk);
    sock.state = SS_UNCONNECTED;
    return 0;
  }
  switch (sock.state) {
    case SS_CONNECTED:
      return -EISCONN;
    case SS_CONNECTING:
      return EALREADY;
    case SS_UNCONNECTED: {
      if (sk.sk_state !== TCP_CLOSE) return -EISCONN;
      const err = tcp_v4_connect(k, sk, uaddr);
      if (err < 0) return err;
      sock.state = SS_CONNECTING;
      return EINPROGRESS;
    }
    default:
      return -EINVAL;
  }
}

/** The body of connect(), with the socket locked. Sleeps for the handshake. net/ipv4/af_inet.c:__inet_stream_connect @returns 0 or -errno */
function* __inet_stream_connect(k: Kernel, sock: socket, sk: tcp_sock, uaddr: Uint8Array, noblock: boolean): Sleeps<number> {
  const err = connect_start(k, sock, sk, uaddr);
  if (err <= 0) return err;
  const deadlineNs = sock_deadline(k, sk.sk_sndtimeo, noblock);
  if (in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV)) {
    const disconnects = sk.sk_disconnects;
    if (deadlineNs === 0 || !(yield* inet_wait_for_connect(k, sk, deadlineNs))) return -err;
    if (signal_pending(k.current)) return sock_intr_errno(deadlineNs);
    if (disconnects !== sk.sk_disconnects) return -EPIPE;
  }
  if (sk.sk_state === TCP_CLOSE) {
    // Whoever connects collects the error, and may then try again.
    const error = sock_error(sk);
    sock.state = SS_UNCONNECTED;
    sk.sk_disconnects++;
    tcp_disconnect(k, sk);
    return error !== 0 ? error : -ECONNABORTED;
  }
  sock.state = SS_CONNECTED;
  return 0;
}

/** connect(2). Sleeps for the socket lock and for the handshake. net/ipv4/af_inet.c:inet_stream_connect @returns 0 or -errno */
export function* inet_stream_connect(k: Kernel, sock: socket, uaddr: Uint8Array, flags: number): Sleeps<number> {
  const sk = sock.sk as tcp_sock;
  if (k.trace !== null) enter_sk(k, F.inet_stream_connect, sk);
  yield* lock_sock(k, sk);
  if (k.trace !== null) enter_sk(k, F.__inet_stream_connect, sk);
  const ret = yield* __inet_stream_connect(k, sock, sk, uaddr, flags !== 0);
  leave(k, ret);
  release_sock(k, sk);
  return leave(k, ret);
}
