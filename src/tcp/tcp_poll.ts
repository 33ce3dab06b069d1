/**
 * The poll mask of a TCP socket, and the test of whether it is readable. Linux counterpart: net/ipv4/tcp.c:tcp_poll.
 * Looking has a side effect: a socket that is found not writable remembers that somebody wants to write.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { file } from '../kernel/file.js';
import { poll_wait, type poll_table } from '../kernel/poll_table.js';
import { leave } from '../kernel/trace.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRNORM } from '../kernel/uapi.js';
import { sock_flag } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { socket } from '../socket/socket.js';
import { __sk_stream_is_writeable } from '../socket/stream.js';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, SOCK_URGINLINE } from '../socket/uapi_socket.js';
import { tcp_epollin_ready } from './tcp_data.js';
import { TCP_URG_VALID, type tcp_sock } from './tcp_sock.js';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_SYN_SENT } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** There is enough to read. net/ipv4/tcp.c:tcp_stream_is_readable */
function tcp_stream_is_readable(k: Kernel, sk: tcp_sock, target: number): boolean {
  if (k.trace !== null) enter_sk(k, F.tcp_stream_is_readable, sk);
  leave(k, 0);
  return tcp_epollin_ready(sk, target);
}

/** Room to write; without room the want for it is noted, and looked at once more. net/ipv4/tcp.c:tcp_poll */
function poll_writeable(k: Kernel, sk: tcp_sock, sock: socket): boolean {
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return true;
  if (__sk_stream_is_writeable(k, sk, 1)) return true;
  sock.nospace = true;
  return __sk_stream_is_writeable(k, sk, 1);
}

/** The part of the mask that a connection has, or had. net/ipv4/tcp.c:tcp_poll */
function poll_connected(k: Kernel, sk: tcp_sock, sock: socket): number {
  let mask = 0;
  let target = sk.sk_rcvlowat;
  if (sk.urg_data !== 0 && sk.urg_seq === sk.copied_seq && !sock_flag(sk, SOCK_URGINLINE)) target++;
  if (tcp_stream_is_readable(k, sk, target)) mask |= EPOLLIN | EPOLLRDNORM;
  if (poll_writeable(k, sk, sock)) mask |= EPOLLOUT | EPOLLWRNORM;
  if ((sk.urg_data & TCP_URG_VALID) !== 0) mask |= EPOLLPRI;
  return mask;
}

/** What is ready. net/ipv4/tcp.c:tcp_poll */
export function tcp_poll(k: Kernel, file: file, sock: socket, pt: poll_table | null): number {
  const sk = sock.sk as tcp_sock;
  if (k.trace !== null) k.trace.enter(F.tcp_poll, sk.id, sk.sk_state, sk.sk_shutdown, sk.sk_err, pt !== null && pt._qproc !== null ? 1 : 0);
  poll_wait(k, file, sk.wq, pt);
  const state = sk.sk_state;
  if (state === TCP_LISTEN) return leave(k, sk.rskq_accept.length > 0 ? EPOLLIN | EPOLLRDNORM : 0);
  let mask = 0;
  if (sk.sk_shutdown === SHUTDOWN_MASK || state === TCP_CLOSE) mask |= EPOLLHUP;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
  if (state !== TCP_SYN_SENT && state !== TCP_SYN_RECV) mask |= poll_connected(k, sk, sock);
  if (sk.sk_err !== 0 || sk.sk_error_queue.first !== null) mask |= EPOLLERR;
  return leave(k, mask);
}
