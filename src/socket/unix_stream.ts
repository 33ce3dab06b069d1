/**
 * Stream sockets of AF_UNIX: a write becomes buffers on the peer's receive queue, at once and without a network;
 * a connection is made by connect() alone, before anybody accepts it. Linux counterpart: net/unix/af_unix.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import {
  EAGAIN, ECONNREFUSED, ECONNRESET, EFAULT, EINVAL, EISCONN, ENOTCONN, EOPNOTSUPP, EPIPE,
} from '../kernel/errno.js';
import type { file } from '../kernel/file.js';
import { mutex_lock, mutex_trylock, mutex_unlock } from '../kernel/lock.js';
import { point, type Might, type Sleeps } from '../kernel/point.js';
import { schedule_hrtimeout, signal_pending } from '../kernel/sched.js';
import { send_sig } from '../kernel/signal.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { O_NONBLOCK, PAGE_SIZE, SIGPIPE } from '../kernel/uapi.js';
import { __wake_up, autoremove_wake_function, finish_wait, prepare_to_wait, wait_queue_entry } from '../kernel/wait.js';
import type { msghdr } from './msghdr.js';
import { scm_destroy, scm_fp_dup, scm_recv, scm_send } from './scm.js';
import { __skb_queue_tail, __skb_unlink, skb_copy_datagram_iter, type sk_buff } from './skbuff.js';
import { current_cred, AT_DATA_READY, sock_deadline, sock_error, sock_expired, sock_flag, sock_graft, sock_intr_errno, TCP_CLOSE } from './sock.js';
import type { socket } from './socket.js';
import { skb_recv_datagram } from './unix_recv.js';
import { unix_find_other, unix_validate_addr } from './unix_names.js';
import {
  is_connection_based, SKB_MAX_HEAD, sock_may_alloc, sock_wait_for_wmem, sock_wmalloc, TCP_ESTABLISHED, TCP_LISTEN, unix_build_skb,
  UNIX_FUNCTIONS, unix_kfree_skb, unix_recvq_full, unix_sock, unix_wait_for_peer, WAIT,
} from './unix_sock.js';
import {
  MSG_CTRUNC, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, MSG_PEEK, MSG_WAITALL, RCV_SHUTDOWN, SEND_SHUTDOWN, SOCK_DEAD, SS_CONNECTED,
} from './uapi_socket.js';

const F = UNIX_FUNCTIONS.id;

/** Bytes of one buffer that come from pages at most. net/unix/af_unix.c:UNIX_SKB_FRAGS_SZ */
const UNIX_SKB_FRAGS_SZ = 32768;

/** The peer takes no more data: EPIPE, with SIGPIPE when nothing was sent. ours: an errno alone does not tell the two EPIPEs apart */
const DEAD_PEER = -100_001;

const AT_ALLOC = point('unix_stream_sendmsg', 'before a buffer is made');
const AT_COPY = point('unix_stream_read_generic', 'before the queue is looked at');

// connecting

/**
 * Connects to a listener: the other end exists at once, and waits to be accepted. Sleeps while the listener's queue
 * is full. net/unix/af_unix.c:unix_stream_connect
 * @returns 0, -EINVAL, -ENOENT, -ECONNREFUSED, -EPROTOTYPE, -EAGAIN (full), -EISCONN, -ERESTARTSYS
 */
export function* unix_stream_connect(k: Kernel, sock: socket, addr: Uint8Array, flags: number): Sleeps<number> {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) k.trace.enter(F.unix_stream_connect, sk.id);
  const err = unix_validate_addr(addr);
  if (err < 0) return leave(k, err);
  const deadlineNs = sock_deadline(k, sk.sk_sndtimeo, (flags & O_NONBLOCK) !== 0);
  for (;;) {
    const other = unix_find_other(k, addr, sk.sk_type);
    if (typeof other === 'number') return leave(k, other);
    if (other.sk_state !== TCP_LISTEN || (other.sk_shutdown & RCV_SHUTDOWN) !== 0) return leave(k, -ECONNREFUSED);
    if (unix_recvq_full(other)) {
      if (sock_expired(k, deadlineNs)) return leave(k, -EAGAIN);
      const interrupted = yield* unix_wait_for_peer(k, other, deadlineNs);
      if (interrupted < 0) return leave(k, interrupted);
      continue;
    }
    if (sk.sk_state !== TCP_CLOSE) return leave(k, sk.sk_state === TCP_ESTABLISHED ? -EISCONN : -EINVAL);
    join(k, sock, sk, other);
    if (k.preempt) yield AT_DATA_READY;
    other.sk_data_ready(k, other);
    return leave(k, 0);
  }
}

function join(k: Kernel, sock: socket, sk: unix_sock, other: unix_sock): void {
  const newsk = new unix_sock(k, sk.sk_type);
  newsk.peer = sk;
  newsk.sk_state = TCP_ESTABLISHED;
  newsk.addr = other.addr;
  newsk.sk_peer_cred = current_cred(k);
  sk.sk_peer_cred = other.sk_peer_cred;
  sock.state = SS_CONNECTED;
  sk.sk_state = TCP_ESTABLISHED;
  sk.peer = newsk;
  __skb_queue_tail(other.sk_receive_queue, sock_wmalloc(newsk));
}

/** net/unix/af_unix.c:unix_listen @returns 0, -EOPNOTSUPP, -EINVAL (no name, or connected) */
export function unix_listen(k: Kernel, sock: socket, backlog: number): number {
  const sk = sock.sk as unix_sock;
  if (!is_connection_based(sk)) return -EOPNOTSUPP;
  if (sk.addr === null) return -EINVAL;
  if (sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_LISTEN) return -EINVAL;
  if (backlog > sk.sk_max_ack_backlog) __wake_up(k, sk.peer_wait, TASK_INTERRUPTIBLE, 0, 0);
  sk.sk_max_ack_backlog = backlog;
  // A client sees who called listen().
  sk.sk_peer_cred = current_cred(k);
  sk.sk_state = TCP_LISTEN;
  return 0;
}

/** Takes the oldest connection off the queue. Sleeps until there is one. net/unix/af_unix.c:unix_accept @returns 0, -EOPNOTSUPP, -EINVAL, -EAGAIN */
export function* unix_accept(k: Kernel, sock: socket, newsock: socket, flags: number): Sleeps<number> {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) k.trace.enter(F.unix_accept, sk.id);
  if (!is_connection_based(sk)) return leave(k, -EOPNOTSUPP);
  if (sk.sk_state !== TCP_LISTEN) return leave(k, -EINVAL);
  const skb = yield* skb_recv_datagram(k, sk, (flags & O_NONBLOCK) !== 0);
  // Nothing, and no error: the listener was shut down.
  if (typeof skb === 'number') return leave(k, skb === 0 ? -EINVAL : skb);
  const tsk = skb.sk as unix_sock;
  unix_kfree_skb(k, skb);
  __wake_up(k, sk.peer_wait, TASK_INTERRUPTIBLE, 1, 0);
  newsock.state = SS_CONNECTED;
  sock_graft(tsk, newsock);
  return leave(k, 0);
}

// sending

/**
 * Puts one buffer on the peer's queue; the caller then tells the peer. net/unix/af_unix.c:unix_stream_sendmsg
 * @param left bytes that are still to be sent
 * @returns bytes queued, WAIT (no room), DEAD_PEER, -errno
 */
function unix_stream_queue(k: Kernel, sk: unix_sock, other: unix_sock, msg: msghdr, left: number, fp: file[] | null): number {
  const err = sock_may_alloc(sk);
  if (err !== 0) return err;
  // Two buffers at least should fit, so that both sides can work at a time.
  const size = Math.min(left, (sk.sk_sndbuf >> 1) - 64, SKB_MAX_HEAD + UNIX_SKB_FRAGS_SZ);
  const data_len = Math.min(size, Math.ceil(Math.max(0, size - SKB_MAX_HEAD) / PAGE_SIZE) * PAGE_SIZE);
  const skb = unix_build_skb(k, sk, msg.msg_iter, size, data_len);
  if (typeof skb === 'number') return skb;
  if (sock_flag(other, SOCK_DEAD) || (other.sk_shutdown & RCV_SHUTDOWN) !== 0) {
    unix_kfree_skb(k, skb);
    return DEAD_PEER;
  }
  skb.fp = fp;
  __skb_queue_tail(other.sk_receive_queue, skb);
  return size;
}

/** The end of a send: what it returns, and SIGPIPE. net/unix/af_unix.c:unix_stream_sendmsg */
function unix_stream_sent(k: Kernel, msg: msghdr, sent: number, err: number, fp: file[] | null): number {
  if (sent === 0) scm_destroy(k, fp);
  if (err === DEAD_PEER && sent === 0 && (msg.msg_flags & MSG_NOSIGNAL) === 0) send_sig(k, SIGPIPE, k.current);
  if (sent > 0 || err === 0) return leave(k, sent);
  return leave(k, err === DEAD_PEER ? -EPIPE : err);
}

/** The rest of a send that has to wait for room, or stops at points. Sleeps until the peer has read enough. net/unix/af_unix.c:unix_stream_sendmsg */
function* unix_stream_send_slowly(k: Kernel, sk: unix_sock, other: unix_sock, msg: msghdr, len: number, done: number, fp: file[] | null): Sleeps<number> {
  const deadlineNs = sock_deadline(k, sk.sk_sndtimeo, (msg.msg_flags & MSG_DONTWAIT) !== 0);
  let sent = done;
  while (sent < len) {
    if (k.preempt) yield AT_ALLOC;
    const n = unix_stream_queue(k, sk, other, msg, len - sent, sent === 0 ? fp : null);
    if (n === WAIT) {
      const err = yield* sock_wait_for_wmem(k, sk, deadlineNs);
      if (err < 0) return unix_stream_sent(k, msg, sent, err, fp);
      continue;
    }
    if (n < 0) return unix_stream_sent(k, msg, sent, n, fp);
    sent += n;
    if (k.preempt) yield AT_DATA_READY;
    other.sk_data_ready(k, other);
  }
  return unix_stream_sent(k, msg, sent, 0, fp);
}

/**
 * Sends bytes, and files with the first of them. net/unix/af_unix.c:unix_stream_sendmsg
 * @returns bytes, -EAGAIN, -EPIPE (and SIGPIPE), -ENOTCONN, -EISCONN (an address is given), -EOPNOTSUPP, -EFAULT, a pending error, -ERESTARTSYS
 */
export function unix_stream_sendmsg(k: Kernel, sock: socket, msg: msghdr): Might<number> {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) k.trace.enter(F.unix_stream_sendmsg, sk.id);
  const fp = scm_send(k, msg);
  if (typeof fp === 'number') return leave(k, fp);
  const other = sk.peer;
  let err = 0;
  if ((msg.msg_flags & MSG_OOB) !== 0) err = -EOPNOTSUPP;
  else if (msg.msg_namelen > 0) err = sk.sk_state === TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
  else if (other === null) err = -ENOTCONN;
  else if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) err = DEAD_PEER;
  if (err !== 0) return unix_stream_sent(k, msg, 0, err, fp);
  const len = msg.msg_iter.count;
  if (k.preempt) return unix_stream_send_slowly(k, sk, other!, msg, len, 0, fp);
  let sent = 0;
  while (sent < len) {
    const n = unix_stream_queue(k, sk, other!, msg, len - sent, sent === 0 ? fp : null);
    if (n === WAIT) {
      if ((msg.msg_flags & MSG_DONTWAIT) === 0) return unix_stream_send_slowly(k, sk, other!, msg, len, sent, fp);
      return unix_stream_sent(k, msg, sent, -EAGAIN, fp);
    }
    if (n < 0) return unix_stream_sent(k, msg, sent, n, fp);
    sent += n;
    other!.sk_data_ready(k, other!);
  }
  return unix_stream_sent(k, msg, sent, 0, fp);
}

// receiving

/** How far one receive has come. net/unix/af_unix.c:unix_stream_read_state */
class read_state {
  copied = 0;
  /** bytes that are still wanted */
  size: number;
  /** bytes with which a call that may wait is content */
  readonly target: number;
  readonly flags: number;
  fp: file[] | null = null;
  /** the last buffer seen, for the wait */
  last: sk_buff | null = null;

  constructor(size: number, target: number, flags: number) {
    this.size = size;
    this.target = target;
    this.flags = flags;
  }
}

/** Takes what one buffer has. net/unix/af_unix.c:unix_stream_read_generic @returns true: go on with the next */
function read_buffer(k: Kernel, sk: unix_sock, msg: msghdr, st: read_state, skb: sk_buff): boolean {
  const chunk = Math.min(skb.len - skb.consumed, st.size);
  if (skb_copy_datagram_iter(skb, skb.consumed, msg.msg_iter, chunk) > 0) {
    if (st.copied === 0) st.copied = -EFAULT;
    return false;
  }
  st.copied += chunk;
  st.size -= chunk;
  if ((st.flags & MSG_PEEK) !== 0) {
    if (skb.fp !== null) st.fp = scm_fp_dup(skb.fp);
    return skb.fp === null && skb.next !== null && st.size > 0;
  }
  skb.consumed += chunk;
  if (skb.fp !== null) {
    st.fp = skb.fp;
    skb.fp = null;
  }
  if (skb.consumed < skb.len) return false;
  __skb_unlink(skb, sk.sk_receive_queue);
  unix_kfree_skb(k, skb);
  // Bytes behind a message with files are for the next call.
  return st.fp === null && st.size > 0;
}

/** Takes what is queued, with iolock held. net/unix/af_unix.c:unix_stream_read_generic @returns 0: done, WAIT, or -errno */
function read_queued(k: Kernel, sk: unix_sock, msg: msghdr, st: read_state): number {
  let skb = sk.sk_receive_queue.first;
  for (;;) {
    if (sock_flag(sk, SOCK_DEAD)) return -ECONNRESET;
    if (skb === null) {
      st.last = sk.sk_receive_queue.last;
      if (st.copied >= st.target) return 0;
      const err = sock_error(sk);
      if (err !== 0) return err;
      return (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : WAIT;
    }
    const next = skb.next;
    if (!read_buffer(k, sk, msg, st, skb)) return 0;
    skb = (st.flags & MSG_PEEK) !== 0 ? next : sk.sk_receive_queue.first;
  }
}

/** The end of a receive: files become descriptors. net/unix/af_unix.c:unix_stream_read_generic */
function read_done(k: Kernel, msg: msghdr, st: read_state, err: number): number {
  scm_recv(k, msg, st.fp, st.flags);
  const ret = st.copied !== 0 ? st.copied : err;
  leave(k, ret);
  return leave(k, ret);
}

/** Sleeps until something new is queued, or nothing will be. net/unix/af_unix.c:unix_stream_data_wait */
function* unix_stream_data_wait(k: Kernel, sk: unix_sock, deadlineNs: number, last: sk_buff | null): Sleeps<void> {
  if (k.trace !== null) k.trace.enter(F.unix_stream_data_wait, sk.id);
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  for (;;) {
    prepare_to_wait(k, sk.wq, wait, TASK_INTERRUPTIBLE);
    if (sk.sk_receive_queue.last !== last || sk.sk_err !== 0 || (sk.sk_shutdown & RCV_SHUTDOWN) !== 0) break;
    if (signal_pending(k.current) || sock_expired(k, deadlineNs)) break;
    yield* schedule_hrtimeout(k, deadlineNs, 'SO_RCVTIMEO');
    if (sock_flag(sk, SOCK_DEAD)) break;
  }
  finish_wait(k, sk.wq, wait);
  leave(k, 0);
}

/** A receive that may wait: for iolock, and for data. Sleeps until there is enough of it. net/unix/af_unix.c:unix_stream_read_generic */
function* read_slowly(k: Kernel, sk: unix_sock, msg: msghdr, st: read_state, empty: boolean): Sleeps<number> {
  const deadlineNs = sock_deadline(k, sk.sk_rcvtimeo, (st.flags & MSG_DONTWAIT) !== 0);
  let wait = empty;
  for (;;) {
    if (wait) {
      if (sock_expired(k, deadlineNs)) return read_done(k, msg, st, -EAGAIN);
      yield* unix_stream_data_wait(k, sk, deadlineNs, st.last);
      if (signal_pending(k.current)) return read_done(k, msg, st, sock_intr_errno(deadlineNs));
    }
    yield* mutex_lock(k, sk.iolock);
    if (k.preempt) yield AT_COPY;
    const err = read_queued(k, sk, msg, st);
    mutex_unlock(k, sk.iolock);
    if (err !== WAIT) return read_done(k, msg, st, err);
    wait = true;
  }
}

/**
 * Receives bytes; files that came with them end the receive. net/unix/af_unix.c:unix_stream_recvmsg
 * @returns bytes, 0 at the end, -EAGAIN, -EINVAL (not connected), -ECONNRESET, -EFAULT, -ERESTARTSYS
 */
export function unix_stream_recvmsg(k: Kernel, sock: socket, msg: msghdr, flags: number): Might<number> {
  const sk = sock.sk as unix_sock;
  if (k.trace !== null) {
    k.trace.enter(F.unix_stream_recvmsg, sk.id);
    k.trace.enter(F.unix_stream_read_generic, sk.id);
  }
  const size = msg.msg_iter.count;
  const lowat = (flags & MSG_WAITALL) !== 0 ? size : Math.min(sk.sk_rcvlowat, size);
  const st = new read_state(size, Math.max(1, lowat), flags);
  if (sk.sk_state !== TCP_ESTABLISHED) return read_done(k, msg, st, -EINVAL);
  // No out-of-band byte is ever there.
  if ((flags & MSG_OOB) !== 0) return read_done(k, msg, st, -EINVAL);
  msg.msg_flags &= ~MSG_CTRUNC;
  if (k.preempt || !mutex_trylock(k, sk.iolock)) return read_slowly(k, sk, msg, st, false);
  const err = read_queued(k, sk, msg, st);
  mutex_unlock(k, sk.iolock);
  if (err !== WAIT) return read_done(k, msg, st, err);
  return (flags & MSG_DONTWAIT) !== 0 ? read_done(k, msg, st, -EAGAIN) : read_slowly(k, sk, msg, st, true);
}
