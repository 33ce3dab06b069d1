/**
 * AF_UNIX: making sockets and pairs, names, polling, shutting down and closing; the three types share this file.
 * Streams are in unix_stream.ts, datagrams and packets in unix_dgram.ts. Linux counterpart: net/unix/af_unix.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { ECONNRESET, EFAULT, EINVAL, ENOTCONN, ENOTTY, EOPNOTSUPP, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../kernel/errno.js';
import type { file } from '../kernel/file.js';
import { poll_does_not_wait, poll_wait, type poll_table } from '../kernel/poll_table.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import {
  EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM, FIONREAD, TIOCOUTQ,
} from '../kernel/uapi.js';
import { __wake_up } from '../kernel/wait.js';
import { __skb_dequeue } from './skbuff.js';
import { current_cred, sock_init_data, sock_orphan, TCP_CLOSE } from './sock.js';
import type { net_proto_family, proto_ops, socket } from './socket.js';
import {
  AF_UNIX, RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, SIOCATMARK, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, SS_CONNECTED,
} from './uapi_socket.js';
import {
  unix_dgram_connect, unix_dgram_peer_wake_disconnect, unix_dgram_poll, unix_dgram_recvmsg, unix_dgram_sendmsg, unix_seqpacket_recvmsg,
  unix_seqpacket_sendmsg,
} from './unix_dgram.js';
import { unix_bind_name, unix_remove_name, unix_sockaddr } from './unix_names.js';
import { is_connection_based, TCP_ESTABLISHED, TCP_LISTEN, UNIX_FUNCTIONS, unix_kfree_skb, unix_sock, unix_writable } from './unix_sock.js';
import { unix_accept, unix_listen, unix_stream_connect, unix_stream_recvmsg, unix_stream_sendmsg } from './unix_stream.js';

export { UNIX_FUNCTIONS } from './unix_sock.js';

const F = UNIX_FUNCTIONS.id;

/** What is ready on a stream. net/unix/af_unix.c:unix_poll */
function unix_poll(k: Kernel, file: file, sock: socket, pt: poll_table | null): number {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) k.trace.enter(F.unix_poll, sk.id, sk.sk_state, sk.sk_shutdown, sk.sk_err, poll_does_not_wait(pt) ? 0 : 1);
  poll_wait(k, file, sk.wq, pt);
  let mask = 0;
  if (sk.sk_err !== 0) mask |= EPOLLERR;
  if (sk.sk_shutdown === SHUTDOWN_MASK) mask |= EPOLLHUP;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
  if (sk.sk_receive_queue.first !== null) mask |= EPOLLIN | EPOLLRDNORM;
  if (is_connection_based(sk) && sk.sk_state === TCP_CLOSE) mask |= EPOLLHUP;
  // Writable also when the other side has shut down: a writer shall find out, and not wait for ever.
  if (unix_writable(sk)) mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
  return leave(k, mask);
}

/** Two sockets become each other's peers. net/unix/af_unix.c:unix_socketpair */
function unix_socketpair(k: Kernel, socka: socket, sockb: socket): number {
  if (k.trace !== null) k.trace.enter(F.unix_socketpair);
  const ska = socka.sk as unix_sock;
  const skb = sockb.sk as unix_sock;
  ska.peer = skb;
  skb.peer = ska;
  ska.sk_peer_cred = current_cred(k);
  skb.sk_peer_cred = ska.sk_peer_cred;
  ska.sk_state = TCP_ESTABLISHED;
  skb.sk_state = TCP_ESTABLISHED;
  socka.state = SS_CONNECTED;
  sockb.state = SS_CONNECTED;
  return leave(k, 0);
}

/** Shuts directions down, the peer's mirrored. Everybody is told, even if nothing changed. net/unix/af_unix.c:unix_shutdown @returns 0 */
function unix_shutdown(k: Kernel, sock: socket, how: number): number {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) k.trace.enter(F.unix_shutdown, sk.id);
  const mode = how + 1;
  sk.sk_shutdown |= mode;
  const other = sk.peer;
  sk.sk_state_change(k, sk);
  if (other !== null && is_connection_based(sk)) {
    if ((mode & RCV_SHUTDOWN) !== 0) other.sk_shutdown |= SEND_SHUTDOWN;
    if ((mode & SEND_SHUTDOWN) !== 0) other.sk_shutdown |= RCV_SHUTDOWN;
    other.sk_state_change(k, other);
  }
  return leave(k, 0);
}

/** Something is left unread; a first buffer without bytes does not count (it may be what is left of an out-of-band byte). net/unix/af_unix.c:unix_release_sock */
function has_unread(sk: unix_sock): boolean {
  const { first } = sk.sk_receive_queue;
  return first !== null && (first.len - first.consumed > 0 || first.next !== null);
}

/**
 * The end of a sock: its peer is shut down, with ECONNRESET when something was left unread; then the unread is
 * freed, which tells its senders of room. net/unix/af_unix.c:unix_release_sock
 * @param embrion the sock was never accepted
 */
function unix_release_sock(k: Kernel, sk: unix_sock, embrion: boolean): void {
  if (k.trace !== null) k.trace.enter(F.unix_release_sock, sk.id);
  if (!embrion) unix_remove_name(k, sk);
  sock_orphan(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  const state = sk.sk_state;
  sk.sk_state = TCP_CLOSE;
  const skpair = sk.peer;
  sk.peer = null;
  __wake_up(k, sk.peer_wait, TASK_INTERRUPTIBLE, 0, 0);
  if (skpair !== null) {
    if (is_connection_based(sk)) {
      skpair.sk_shutdown = SHUTDOWN_MASK;
      if (has_unread(sk) || embrion) skpair.sk_err = ECONNRESET;
      skpair.sk_state_change(k, skpair);
    }
    unix_dgram_peer_wake_disconnect(k, sk, skpair);
  }
  for (let skb = __skb_dequeue(sk.sk_receive_queue); skb !== null; skb = __skb_dequeue(sk.sk_receive_queue)) {
    if (state === TCP_LISTEN) unix_release_sock(k, skb.sk as unix_sock, true);
    unix_kfree_skb(k, skb);
  }
  leave(k, 0);
}

/** The last descriptor is closed. net/unix/af_unix.c:unix_release */
function unix_release(k: Kernel, sock: socket): void {
  if (sock.sk === null) return;
  if (k.trace !== null) k.trace.enter(F.unix_release, sock.sk.id);
  unix_release_sock(k, sock.sk as unix_sock, false);
  leave(k, 0);
}

/** The own name, or the peer's; a socket without name has the family alone. net/unix/af_unix.c:unix_getname */
function unix_getname(_k: Kernel, sock: socket, peer: number): Uint8Array | number {
  const sk = sock.sk as unix_sock;
  if (peer === 0) return unix_sockaddr(sk);
  return sk.peer === null ? -ENOTCONN : unix_sockaddr(sk.peer);
}

/** Bytes that can be read: of all buffers, or of the first datagram. net/unix/af_unix.c:unix_inq_len @returns bytes, -EINVAL for a listener */
function unix_inq_len(sk: unix_sock): number {
  if (sk.sk_state === TCP_LISTEN) return -EINVAL;
  const { first } = sk.sk_receive_queue;
  if (!is_connection_based(sk)) return first === null ? 0 : first.len;
  let amount = 0;
  for (let skb = first; skb !== null; skb = skb.next) amount += skb.len - skb.consumed;
  return amount;
}

/** net/unix/af_unix.c:unix_ioctl @returns 0, -EINVAL, -EFAULT, -ENOTTY, -EOPNOTSUPP */
function unix_ioctl(_k: Kernel, sock: socket, cmd: number, arg: user_ptr | number): number {
  const sk = sock.sk as unix_sock;
  let amount: number;
  if (cmd === TIOCOUTQ) amount = sk.sk_wmem_alloc;
  else if (cmd === FIONREAD) amount = unix_inq_len(sk);
  else if (cmd === SIOCATMARK) amount = sk.sk_type === SOCK_STREAM ? 0 : -EOPNOTSUPP;
  else return -ENOTTY;
  if (amount < 0) return amount;
  return typeof arg === 'object' && put_user_u32(arg, 0, amount) ? 0 : -EFAULT;
}

function unix_bind(k: Kernel, sock: socket, addr: Uint8Array): number {
  return unix_bind_name(k, sock.sk as unix_sock, addr);
}

/** net/socket.c:sock_no_listen and its like */
function not_supported(): number {
  return -EOPNOTSUPP;
}

export const unix_stream_ops: proto_ops = {
  family: AF_UNIX,
  bind: unix_bind,
  connect: unix_stream_connect,
  socketpair: unix_socketpair,
  accept: unix_accept,
  getname: unix_getname,
  poll: unix_poll,
  ioctl: unix_ioctl,
  listen: unix_listen,
  shutdown: unix_shutdown,
  setsockopt: not_supported,
  getsockopt: not_supported,
  sendmsg: unix_stream_sendmsg,
  recvmsg: unix_stream_recvmsg,
  release: unix_release,
  show_fdinfo: null,
};

export const unix_dgram_ops: proto_ops = {
  ...unix_stream_ops,
  connect: unix_dgram_connect,
  accept: not_supported,
  listen: not_supported,
  poll: unix_dgram_poll,
  sendmsg: unix_dgram_sendmsg,
  recvmsg: unix_dgram_recvmsg,
};

export const unix_seqpacket_ops: proto_ops = {
  ...unix_stream_ops,
  poll: unix_dgram_poll,
  sendmsg: unix_seqpacket_sendmsg,
  recvmsg: unix_seqpacket_recvmsg,
};

/** Makes the protocol side. net/unix/af_unix.c:unix_create @returns 0, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT */
function unix_create(k: Kernel, sock: socket, protocol: number): number {
  if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
  switch (sock.type) {
    case SOCK_STREAM: sock.ops = unix_stream_ops; break;
    case SOCK_DGRAM: sock.ops = unix_dgram_ops; break;
    case SOCK_SEQPACKET: sock.ops = unix_seqpacket_ops; break;
    default: return -ESOCKTNOSUPPORT;
  }
  sock_init_data(sock, new unix_sock(k, sock.type));
  return 0;
}

export const unix_family_ops: net_proto_family = { family: AF_UNIX, create: unix_create };
