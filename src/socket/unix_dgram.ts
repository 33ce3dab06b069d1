/**
 * Datagram and sequenced-packet sockets of AF_UNIX: a send is one buffer, a receive takes one. A receiver whose
 * queue is full stops its senders, except the one it is connected to. Linux counterpart: net/unix/af_unix.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import {
  EAGAIN, ECONNREFUSED, ECONNRESET, EFAULT, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPERM, EPIPE,
} from '../kernel/errno.js';
import type { file } from '../kernel/file.js';
import { mutex_lock, mutex_unlock } from '../kernel/lock.js';
import type { Sleeps } from '../kernel/point.js';
import { poll_does_not_wait, poll_wait, type poll_table } from '../kernel/poll_table.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM, PAGE_SIZE } from '../kernel/uapi.js';
import { __add_wait_queue, __remove_wait_queue, __wake_up, __wake_up_sync_key, waitqueue_active } from '../kernel/wait.js';
import type { msghdr } from './msghdr.js';
import { scm_destroy, scm_fp_dup, scm_recv, scm_send } from './scm.js';
import { __skb_dequeue, __skb_queue_tail, skb_copy_datagram_iter, type sk_buff } from './skbuff.js';
import {
  AT_DATA_READY, POLL_SPACE_KEY, sk_error_report, sock_deadline, sock_error, sock_expired, sock_flag, TCP_CLOSE,
} from './sock.js';
import type { socket } from './socket.js';
import { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, RCV_SHUTDOWN, SHUTDOWN_MASK, SOCK_DEAD, SOCK_SEQPACKET, SS_CONNECTED, SS_UNCONNECTED } from './uapi_socket.js';
import { unix_find_other, unix_sockaddr, unix_validate_addr } from './unix_names.js';
import { __skb_try_recv_datagram, __skb_wait_for_more_packets } from './unix_recv.js';
import {
  is_connection_based, SKB_MAX_ALLOC, sock_may_alloc, sock_wait_for_wmem, TCP_ESTABLISHED, unix_build_skb, unix_kfree_skb, unix_recvq_full,
  unix_wait_for_peer, unix_writable, WAIT, type unix_sock,
} from './unix_sock.js';

const OUT_MASK = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

/** Stops waiting for the peer's queue. net/unix/af_unix.c:unix_dgram_peer_wake_disconnect */
export function unix_dgram_peer_wake_disconnect(k: Kernel, sk: unix_sock, other: unix_sock): void {
  if (sk.peer_wake_on !== other) return;
  __remove_wait_queue(k, other.peer_wait, sk.peer_wake);
  sk.peer_wake_on = null;
}

/** Arranges that who polls `sk` hears of room in the peer's queue. net/unix/af_unix.c:unix_dgram_peer_wake_me @returns false: there is room */
function unix_dgram_peer_wake_me(k: Kernel, sk: unix_sock, other: unix_sock): boolean {
  const connected = sk.peer_wake_on === null;
  if (connected) {
    sk.peer_wake_on = other;
    __add_wait_queue(k, other.peer_wait, sk.peer_wake);
  }
  if (unix_recvq_full(other) && !sock_flag(other, SOCK_DEAD)) return true;
  if (connected) unix_dgram_peer_wake_disconnect(k, sk, other);
  return false;
}

/** The peer's queue stops this sender. net/unix/af_unix.c:unix_dgram_sendmsg */
function stopped_by(sk: unix_sock, other: unix_sock): boolean {
  return other !== sk && other.peer !== sk && unix_recvq_full(other);
}

/** net/unix/af_unix.c:unix_dgram_poll */
export function unix_dgram_poll(k: Kernel, file: file, sock: socket, pt: poll_table | null): number {
  const sk = sock.sk as unix_sock;
  poll_wait(k, file, sk.wq, pt);
  let mask = 0;
  if (sk.sk_err !== 0) mask |= EPOLLERR;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
  if (sk.sk_shutdown === SHUTDOWN_MASK) mask |= EPOLLHUP;
  if (sk.sk_receive_queue.first !== null) mask |= EPOLLIN | EPOLLRDNORM;
  if (is_connection_based(sk) && sk.sk_state === TCP_CLOSE) mask |= EPOLLHUP;
  // Who does not ask for room is not put on the peer's queue.
  if (pt !== null && (pt._key & OUT_MASK) === 0) return mask;
  const other = sk.peer;
  const stopped = other !== null && other.peer !== sk && unix_recvq_full(other) && unix_dgram_peer_wake_me(k, sk, other);
  if (unix_writable(sk) && !stopped) mask |= OUT_MASK;
  else if (!poll_does_not_wait(pt)) sock.nospace = true;
  return mask;
}

/** A sender may send to a socket that is connected to nobody else. net/unix/af_unix.c:unix_may_send */
function unix_may_send(sk: unix_sock, other: unix_sock): boolean {
  return other.peer === null || other.peer === sk;
}

/** What was received from a former peer is thrown away, and that one is told. net/unix/af_unix.c:unix_dgram_disconnected */
function unix_dgram_disconnected(k: Kernel, sk: unix_sock, other: unix_sock): void {
  if (sk.sk_receive_queue.first === null) return;
  for (let skb = __skb_dequeue(sk.sk_receive_queue); skb !== null; skb = __skb_dequeue(sk.sk_receive_queue)) unix_kfree_skb(k, skb);
  __wake_up(k, sk.peer_wait, TASK_INTERRUPTIBLE, 0, 0);
  if (!sock_flag(other, SOCK_DEAD) && other.peer === sk) {
    other.sk_err = ECONNRESET;
    sk_error_report(k, other);
  }
}

/** Sets or dissolves the default receiver. net/unix/af_unix.c:unix_dgram_connect @returns 0, -EINVAL, -ENOENT, -ECONNREFUSED, -EPROTOTYPE, -EPERM */
export function unix_dgram_connect(k: Kernel, sock: socket, addr: Uint8Array): number {
  const sk = sock.sk as unix_sock;
  if (addr.length < 2) return -EINVAL;
  let other: unix_sock | null = null;
  if ((addr[0]! | addr[1]!) !== 0) {
    const err = unix_validate_addr(addr);
    if (err < 0) return err;
    const found = unix_find_other(k, addr, sk.sk_type);
    if (typeof found === 'number') return found;
    if (!unix_may_send(sk, found)) return -EPERM;
    other = found;
    found.sk_state = TCP_ESTABLISHED;
  }
  sock.state = other === null ? SS_UNCONNECTED : SS_CONNECTED;
  sk.sk_state = other === null ? TCP_CLOSE : TCP_ESTABLISHED;
  const old = sk.peer;
  sk.peer = other;
  if (old === null || old === other) return 0;
  unix_dgram_peer_wake_disconnect(k, sk, old);
  if (sk.sk_wq !== null) __wake_up(k, sk.sk_wq, TASK_INTERRUPTIBLE, 1, POLL_SPACE_KEY);
  if (other === null) unix_dgram_disconnected(k, sk, old);
  return 0;
}

/** What is wrong with a message before its bytes are looked at. net/unix/af_unix.c:unix_dgram_sendmsg @returns 0 or -errno */
function refused_at_once(msg: msghdr): number {
  if ((msg.msg_flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  return msg.msg_namelen === 0 || msg.msg_name === null ? 0 : Math.min(0, unix_validate_addr(msg.msg_name));
}

/** Whom a datagram goes to. net/unix/af_unix.c:unix_dgram_sendmsg @returns the socket, or -errno */
function receiver_of(k: Kernel, sk: unix_sock, msg: msghdr): unix_sock | number {
  if (msg.msg_namelen === 0 || msg.msg_name === null) return sk.peer ?? -ENOTCONN;
  return unix_find_other(k, msg.msg_name, sk.sk_type);
}

/** The receiver is gone: a datagram sender loses its peer. net/unix/af_unix.c:unix_dgram_sendmsg */
function receiver_dead(k: Kernel, sk: unix_sock, other: unix_sock): number {
  if (sk.sk_type === SOCK_SEQPACKET) return -EPIPE;
  if (sk.peer === other) {
    sk.peer = null;
    unix_dgram_peer_wake_disconnect(k, sk, other);
    if (sk.sk_wq !== null) __wake_up(k, sk.sk_wq, TASK_INTERRUPTIBLE, 1, POLL_SPACE_KEY);
    sk.sk_state = TCP_CLOSE;
    unix_dgram_disconnected(k, sk, other);
  }
  return -ECONNREFUSED;
}

/** A buffer of one datagram. Sleeps until there is room for it. net/unix/af_unix.c:unix_dgram_sendmsg @returns the buffer, or -errno */
function* dgram_skb(k: Kernel, sk: unix_sock, msg: msghdr, deadlineNs: number): Sleeps<sk_buff | number> {
  const len = msg.msg_iter.count;
  if (len > sk.sk_sndbuf - 32) return -EMSGSIZE;
  const data_len = len > SKB_MAX_ALLOC ? Math.ceil(Math.min(len - SKB_MAX_ALLOC, 17 * PAGE_SIZE) / PAGE_SIZE) * PAGE_SIZE : 0;
  for (;;) {
    const err = sock_may_alloc(sk);
    if (err === 0) return unix_build_skb(k, sk, msg.msg_iter, len, Math.min(len, data_len));
    if (err !== WAIT) return err;
    const failed = yield* sock_wait_for_wmem(k, sk, deadlineNs);
    if (failed < 0) return failed;
  }
}

/** Queues a datagram. Sleeps while the receiver's queue is full. net/unix/af_unix.c:unix_dgram_sendmsg @returns 0 or -errno */
function* dgram_queue(k: Kernel, sk: unix_sock, other: unix_sock, skb: sk_buff, deadlineNs: number): Sleeps<number> {
  for (;;) {
    if (!unix_may_send(sk, other)) return -EPERM;
    if (sock_flag(other, SOCK_DEAD)) return receiver_dead(k, sk, other);
    if ((other.sk_shutdown & RCV_SHUTDOWN) !== 0) return -EPIPE;
    if (!stopped_by(sk, other)) break;
    if (sock_expired(k, deadlineNs)) {
      if (sk.peer !== other || unix_dgram_peer_wake_me(k, sk, other)) return -EAGAIN;
      break;
    }
    const err = yield* unix_wait_for_peer(k, other, deadlineNs);
    if (err < 0) return err;
  }
  __skb_queue_tail(other.sk_receive_queue, skb);
  if (k.preempt) yield AT_DATA_READY;
  other.sk_data_ready(k, other);
  return 0;
}

/**
 * Sends one datagram. Sleeps for room in the sender's buffer and in the receiver's queue. net/unix/af_unix.c:unix_dgram_sendmsg
 * @returns bytes, -EMSGSIZE, -EAGAIN, -ENOTCONN, -ECONNREFUSED, -EPIPE, -EPERM, -EOPNOTSUPP, -EFAULT, -ERESTARTSYS, and those of a name
 */
export function* unix_dgram_sendmsg(k: Kernel, sock: socket, msg: msghdr): Sleeps<number> {
  const sk = sock.sk as unix_sock;
  const fp = scm_send(k, msg);
  if (typeof fp === 'number') return fp;
  const len = msg.msg_iter.count;
  const deadlineNs = sock_deadline(k, sk.sk_sndtimeo, (msg.msg_flags & MSG_DONTWAIT) !== 0);
  const skb = refused_at_once(msg) || (yield* dgram_skb(k, sk, msg, deadlineNs));
  if (typeof skb === 'number') {
    scm_destroy(k, fp);
    return skb;
  }
  skb.fp = fp;
  // the bytes are there before it is asked for whom they are
  const other = receiver_of(k, sk, msg);
  const err = typeof other === 'number' ? other : yield* dgram_queue(k, sk, other, skb, deadlineNs);
  if (err === 0) return len;
  unix_kfree_skb(k, skb);
  return err;
}

/** As unix_dgram_sendmsg on a connection; an address is not looked at. Sleeps for room. net/unix/af_unix.c:unix_seqpacket_sendmsg */
export function* unix_seqpacket_sendmsg(k: Kernel, sock: socket, msg: msghdr): Sleeps<number> {
  const sk = sock.sk as unix_sock;
  const err = sock_error(sk);
  if (err !== 0) return err;
  if (sk.sk_state !== TCP_ESTABLISHED) return -ENOTCONN;
  msg.msg_namelen = 0;
  return yield* unix_dgram_sendmsg(k, sock, msg);
}

/** The first datagram. Sleeps until there is one; then iolock is held. net/unix/af_unix.c:unix_dgram_recvmsg @returns it, 0 at the end, -errno */
function* next_datagram(k: Kernel, sk: unix_sock, flags: number): Sleeps<sk_buff | number> {
  const deadlineNs = sock_deadline(k, sk.sk_rcvtimeo, (flags & MSG_DONTWAIT) !== 0);
  for (;;) {
    yield* mutex_lock(k, sk.iolock);
    const skb = __skb_try_recv_datagram(sk, (flags & MSG_PEEK) !== 0);
    if (typeof skb !== 'number') return skb;
    mutex_unlock(k, sk.iolock);
    // A packet socket whose peer has closed is at its end, blocking or not.
    if (skb === -EAGAIN && sk.sk_type === SOCK_SEQPACKET && (sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
    if (skb !== -EAGAIN || sock_expired(k, deadlineNs)) return skb;
    const ret = yield* __skb_wait_for_more_packets(k, sk, deadlineNs);
    if (ret !== WAIT) return ret;
  }
}

/**
 * Receives one datagram; what has no room is lost. Sleeps until there is one. net/unix/af_unix.c:unix_dgram_recvmsg
 * @returns bytes (with MSG_TRUNC: of the whole datagram), 0 at the end, -EAGAIN, -EFAULT, a pending error, -ERESTARTSYS
 */
export function* unix_dgram_recvmsg(k: Kernel, sock: socket, msg: msghdr, flags: number): Sleeps<number> {
  const sk = sock.sk as unix_sock;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const skb = yield* next_datagram(k, sk, flags);
  if (typeof skb === 'number') return skb;
  if (waitqueue_active(sk.peer_wait)) __wake_up_sync_key(k, sk.peer_wait, TASK_INTERRUPTIBLE, POLL_SPACE_KEY);
  const from = skb.sk as unix_sock;
  msg.msg_name_out = from.addr === null ? new Uint8Array(0) : unix_sockaddr(from);
  const size = Math.min(msg.msg_iter.count, skb.len);
  if (size < skb.len) msg.msg_flags |= MSG_TRUNC;
  let ret = (flags & MSG_TRUNC) !== 0 ? skb.len : size;
  const peek = (flags & MSG_PEEK) !== 0;
  if (skb_copy_datagram_iter(skb, 0, msg.msg_iter, size) > 0) {
    ret = -EFAULT;
  } else if (skb.fp !== null) {
    scm_recv(k, msg, peek ? scm_fp_dup(skb.fp) : skb.fp, flags);
    if (!peek) skb.fp = null;
  }
  if (!peek) unix_kfree_skb(k, skb);
  mutex_unlock(k, sk.iolock);
  return ret;
}

/** net/unix/af_unix.c:unix_seqpacket_recvmsg. Sleeps until there is a packet. @returns as unix_dgram_recvmsg, -ENOTCONN */
export function* unix_seqpacket_recvmsg(k: Kernel, sock: socket, msg: msghdr, flags: number): Sleeps<number> {
  return sock.sk!.sk_state === TCP_ESTABLISHED ? yield* unix_dgram_recvmsg(k, sock, msg, flags) : -ENOTCONN;
}
