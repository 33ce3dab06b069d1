/**
 * recv(): in-order data is handed to the program, and the peer learns that there is room again. The usual call runs
 * as a plain function; a generator takes over where the call must sleep, or stops at points. Linux counterpart:
 * net/ipv4/tcp.c:tcp_recvmsg. Busy polling, device memory and timestamps are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EFAULT, EINVAL, ENOTCONN, EPIPE } from '../kernel/errno.js';
import { point, type Might, type Sleeps } from '../kernel/point.js';
import { signal_pending } from '../kernel/sched.js';
import { leave } from '../kernel/trace.js';
import { ip_recv_error } from '../socket/errqueue.js';
import type { msghdr } from '../socket/msghdr.js';
import { sock_net } from '../socket/net.js';
import { __skb_unlink, skb_cache_put, skb_copy_datagram_iter, type sk_buff } from '../socket/skbuff.js';
import {
  __sk_flush_backlog, lock_sock, lock_sock_nowait, release_sock, sk_wait_data, sock_deadline, sock_error, sock_expired, sock_flag, sock_intr_errno,
} from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { socket } from '../socket/socket.js';
import {
  MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, RCV_SHUTDOWN, SOCK_DONE, SOCK_URGINLINE, SOL_TCP,
} from '../socket/uapi_socket.js';
import { tcp_send_ack } from './tcp_control.js';
import { tcp_fast_path_check } from './tcp_fastpath.js';
import { sock_rfree } from './tcp_life.js';
import { tcp_inq } from './tcp_ioctl.js';
import {
  ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2, inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, tcp_receive_window, TCP_URG_READ, TCP_URG_VALID, type tcp_sock,
} from './tcp_sock.js';
import { after, TCP_CLOSE, TCP_LISTEN, TCPHDR_FIN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_rcv_space_adjust } from './tcp_rcvbuf.js';
import { __tcp_select_window } from './tcp_window.js';

const F = TCP_FUNCTIONS.id;

export const AT_RECV_COPY = point('tcp_recvmsg_locked', 'copy_to_user');

// what a step of a receive wants besides a result
const WAIT_DATA = -100001;
const COPY_POINT = -100002;

/** What a receive that is under way remembers. ours: the local variables of tcp_recvmsg_locked */
class recv_state {
  copied = 0;
  len: number;
  readonly flags: number;
  readonly target: number;
  /** null: it has not been asked for, as in most calls */
  private deadlineNs: number | null = null;
  peek_seq: number;
  urg_hole = 0;
  last: sk_buff | null = null;
  at_copy = false;
  /** the loop has run once: a receive of length 0 goes round once */
  rounds = 0;

  constructor(sk: tcp_sock, len: number, flags: number) {
    this.len = len;
    this.flags = flags;
    this.target = ((flags & MSG_WAITALL) !== 0 ? len : Math.min(sk.sk_rcvlowat, len)) || 1;
    this.peek_seq = sk.copied_seq;
  }

  /** Until when it may wait, counted from the first time that this is asked. */
  deadline(k: Kernel, sk: tcp_sock): number {
    this.deadlineNs ??= sock_deadline(k, sk.sk_rcvtimeo, (this.flags & MSG_DONTWAIT) !== 0);
    return this.deadlineNs;
  }
}

/** A buffer has been read. net/ipv4/tcp.c:tcp_eat_recv_skb */
function tcp_eat_recv_skb(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  __skb_unlink(skb, sk.sk_receive_queue);
  sock_rfree(sk, skb);
  skb_cache_put(sock_net(k).skb_cache, skb);
}

/** After reading: is an ACK or a window update due? net/ipv4/tcp.c:__tcp_cleanup_rbuf */
function __tcp_cleanup_rbuf(k: Kernel, sk: tcp_sock, copied: number): void {
  if (k.trace !== null) enter_sk(k, F.__tcp_cleanup_rbuf, sk);
  let time_to_ack = false;
  if (inet_csk_ack_scheduled(sk)) {
    const small = (sk.ack_pending & ICSK_ACK_PUSHED2) !== 0 || ((sk.ack_pending & ICSK_ACK_PUSHED) !== 0 && !inet_csk_in_pingpong_mode(sk));
    time_to_ack = (sk.rcv_nxt - sk.rcv_wup) >>> 0 > sk.ack_rcv_mss || (copied > 0 && small && sk.sk_rmem_alloc === 0);
  }
  if (copied > 0 && !time_to_ack && (sk.sk_shutdown & RCV_SHUTDOWN) === 0) {
    const now = tcp_receive_window(sk);
    if (2 * now <= sk.window_clamp) {
      const new_window = __tcp_select_window(sk);
      if (new_window !== 0 && new_window >= 2 * now) time_to_ack = true;
    }
  }
  if (time_to_ack) tcp_send_ack(k, sk);
  leave(k, 0);
}

/** net/ipv4/tcp.c:tcp_cleanup_rbuf */
export function tcp_cleanup_rbuf(k: Kernel, sk: tcp_sock, copied: number): void {
  if (k.trace !== null) enter_sk(k, F.tcp_cleanup_rbuf, sk);
  __tcp_cleanup_rbuf(k, sk, copied);
  leave(k, 0);
}

/** recv(MSG_OOB): the urgent byte. Never sleeps. net/ipv4/tcp.c:tcp_recv_urg */
function tcp_recv_urg(sk: tcp_sock, msg: msghdr, len: number, flags: number): number {
  if (sock_flag(sk, SOCK_URGINLINE) || sk.urg_data === 0 || sk.urg_data === TCP_URG_READ) return -EINVAL;
  if (sk.sk_state === TCP_CLOSE && !sock_flag(sk, SOCK_DONE)) return -ENOTCONN;
  if ((sk.urg_data & TCP_URG_VALID) !== 0) {
    const byte = sk.urg_data & 0xff;
    if ((flags & MSG_PEEK) === 0) sk.urg_data = TCP_URG_READ;
    msg.msg_flags |= MSG_OOB;
    if (len === 0) {
      msg.msg_flags |= MSG_TRUNC;
      return 0;
    }
    if ((flags & MSG_TRUNC) === 0 && msg.msg_iter.copy_to(Uint8Array.of(byte), 0, 1) < 1) return -EFAULT;
    return 1;
  }
  return sk.sk_state === TCP_CLOSE || (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
}

/** Nothing (more) is queued: what a receive returns then, or WAIT_DATA. net/ipv4/tcp.c:tcp_recvmsg_locked */
function nothing_queued(k: Kernel, sk: tcp_sock, st: recv_state): number {
  const { copied } = st;
  if (copied >= st.target && sk.sk_backlog.first === null) return copied;
  const deadlineNs = st.deadline(k, sk);
  const noblock = sock_expired(k, deadlineNs);
  if (copied > 0) {
    if (noblock || sk.sk_err !== 0 || sk.sk_state === TCP_CLOSE || (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 || signal_pending(k.current)) return copied;
  } else {
    if (sock_flag(sk, SOCK_DONE)) return 0;
    if (sk.sk_err !== 0) return sock_error(sk);
    if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
    if (sk.sk_state === TCP_CLOSE) return -ENOTCONN;
    if (noblock) return -EAGAIN;
    if (signal_pending(k.current)) return sock_intr_errno(deadlineNs);
  }
  return WAIT_DATA;
}

/** Where the reader stands. ours: Linux has a pointer to one of two variables */
function read_seq(sk: tcp_sock, st: recv_state): number {
  return (st.flags & MSG_PEEK) !== 0 ? st.peek_seq : sk.copied_seq;
}

function advance_seq(sk: tcp_sock, st: recv_state, n: number): void {
  if ((st.flags & MSG_PEEK) !== 0) st.peek_seq = (st.peek_seq + n) | 0;
  else sk.copied_seq = (sk.copied_seq + n) | 0;
}

/** Hands the bytes of one buffer to the program. net/ipv4/tcp.c:tcp_recvmsg_locked (found_ok_skb) @returns false: stop */
function take_from(k: Kernel, sk: tcp_sock, msg: msghdr, st: recv_state, skb: sk_buff, start: number): boolean {
  let offset = start;
  let used = Math.min(skb.len - offset, st.len);
  if (sk.urg_data !== 0) {
    const urg_offset = (sk.urg_seq - read_seq(sk, st)) >>> 0;
    if (urg_offset < used) {
      if (urg_offset !== 0) {
        used = urg_offset;
      } else if (!sock_flag(sk, SOCK_URGINLINE)) {
        advance_seq(sk, st, 1);
        st.urg_hole++;
        offset++;
        used--;
      }
    }
  }
  if (used > 0 || st.len === 0) {
    if ((st.flags & MSG_TRUNC) === 0 && skb_copy_datagram_iter(skb, offset, msg.msg_iter, used) > 0) {
      if (st.copied === 0) st.copied = -EFAULT;
      return false;
    }
    advance_seq(sk, st, used);
    st.copied += used;
    st.len -= used;
    tcp_rcv_space_adjust(k, sk);
  }
  if (sk.urg_data !== 0 && after(sk.copied_seq, sk.urg_seq)) {
    sk.urg_data = 0;
    tcp_fast_path_check(sk);
  }
  if (used + offset < skb.len) return true;
  const fin = (skb.tcp_flags & TCPHDR_FIN) !== 0;
  if (fin) advance_seq(sk, st, 1);
  if ((st.flags & MSG_PEEK) === 0) tcp_eat_recv_skb(k, sk, skb);
  return !fin;
}

/** Runs a receive until it is done or must wait. net/ipv4/tcp.c:tcp_recvmsg_locked @returns the result, or what it waits for */
function recv_step(k: Kernel, sk: tcp_sock, msg: msghdr, st: recv_state): number {
  while (st.len > 0 || st.rounds === 0) {
    const seq = read_seq(sk, st);
    if (sk.urg_data !== 0 && sk.urg_seq === seq) {
      if (st.copied > 0) break;
      if (signal_pending(k.current)) {
        const deadlineNs = st.deadline(k, sk);
        st.copied = sock_expired(k, deadlineNs) ? -EAGAIN : sock_intr_errno(deadlineNs);
        break;
      }
    }
    let skb = sk.sk_receive_queue.first;
    let offset = 0;
    while (skb !== null) {
      offset = (seq - skb.seq) | 0;
      if (offset < skb.len || (skb.tcp_flags & TCPHDR_FIN) !== 0) break;
      skb = skb.next;
    }
    if (skb === null) {
      st.last = sk.sk_receive_queue.last;
      const ret = nothing_queued(k, sk, st);
      if (ret === WAIT_DATA) return ret;
      st.copied = ret;
      break;
    }
    if (k.preempt && !st.at_copy) {
      st.at_copy = true;
      return COPY_POINT;
    }
    st.at_copy = false;
    st.rounds++;
    if (offset >= skb.len) {
      // The FIN itself: it is read.
      advance_seq(sk, st, 1);
      if ((st.flags & MSG_PEEK) === 0) tcp_eat_recv_skb(k, sk, skb);
      break;
    }
    if (!take_from(k, sk, msg, st, skb, offset)) break;
  }
  tcp_cleanup_rbuf(k, sk, st.copied);
  return st.copied;
}

/** Goes on with a receive that has to wait. Sleeps until there is data. net/ipv4/tcp.c:tcp_recvmsg_locked */
function* recv_rest(k: Kernel, sk: tcp_sock, msg: msghdr, st: recv_state, wants: number): Sleeps<number> {
  let ret = wants;
  for (;;) {
    if (ret === COPY_POINT) {
      yield AT_RECV_COPY;
    } else if (ret === WAIT_DATA) {
      if (st.copied >= st.target) {
        __sk_flush_backlog(k, sk);
      } else {
        tcp_cleanup_rbuf(k, sk, st.copied);
        const disconnects = sk.sk_disconnects;
        yield* sk_wait_data(k, sk, st.deadline(k, sk), st.last);
        if (disconnects !== sk.sk_disconnects) return st.copied > 0 ? st.copied : -EPIPE;
      }
      st.rounds++;
      if ((st.flags & MSG_PEEK) !== 0 && ((st.peek_seq - st.copied - st.urg_hole) | 0) !== sk.copied_seq) st.peek_seq = sk.copied_seq;
    } else {
      return ret;
    }
    ret = recv_step(k, sk, msg, st);
  }
}

/** The unlocked part of a receive with TCP_INQ: how much is left. net/ipv4/tcp.c:tcp_recvmsg */
function put_inq(sk: tcp_sock, msg: msghdr, ret: number): void {
  if (!sk.inq_cmsg || ret < 0) return;
  let inq = tcp_inq(sk);
  // At the end of the stream the hint is 1, so that the program reads the 0.
  if (inq === 0 && sock_flag(sk, SOCK_DONE)) inq = 1;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, inq, true);
  msg.msg_control = [{ cmsg_level: SOL_TCP, cmsg_type: 36, fds: [], bytes }];
}

/** Ends a receive that slept or may sleep. Sleeps as the receive does. net/ipv4/tcp.c:tcp_recvmsg */
function* recvmsg_sleeps(k: Kernel, sk: tcp_sock, msg: msghdr, st: recv_state, wants: number): Sleeps<number> {
  const ret = yield* recv_rest(k, sk, msg, st, wants);
  leave(k, ret);
  release_sock(k, sk);
  put_inq(sk, msg, ret);
  return leave(k, ret);
}

/** A receive that finds the socket locked, or stops at points. Sleeps for the lock and as the receive does. net/ipv4/tcp.c:tcp_recvmsg */
function* recvmsg_contended(k: Kernel, sk: tcp_sock, msg: msghdr, flags: number): Sleeps<number> {
  if (k.trace !== null) enter_sk(k, F.tcp_recvmsg, sk);
  if (k.footprint !== null) k.footprint.looked();
  yield* lock_sock(k, sk);
  if (k.trace !== null) enter_sk(k, F.tcp_recvmsg_locked, sk);
  const special = recv_special(sk, msg, flags);
  if (special !== WAIT_DATA) {
    leave(k, special);
    release_sock(k, sk);
    return leave(k, special);
  }
  const st = new recv_state(sk, msg.msg_iter.count, flags);
  return yield* recvmsg_sleeps(k, sk, msg, st, recv_step(k, sk, msg, st));
}

/** Listeners and MSG_OOB; WAIT_DATA: an ordinary receive. net/ipv4/tcp.c:tcp_recvmsg_locked */
function recv_special(sk: tcp_sock, msg: msghdr, flags: number): number {
  if (sk.sk_state === TCP_LISTEN) return -ENOTCONN;
  return (flags & MSG_OOB) !== 0 ? tcp_recv_urg(sk, msg, msg.msg_iter.count, flags) : WAIT_DATA;
}

/** Receives. net/ipv4/tcp.c:tcp_recvmsg @returns bytes, 0 at the end of the stream, or -errno */
export function tcp_recvmsg(k: Kernel, sock: socket, msg: msghdr, flags: number): Might<number> {
  const sk = sock.sk as tcp_sock;
  if ((flags & MSG_ERRQUEUE) !== 0) return ip_recv_error(k, sk, msg);
  if (k.preempt || !lock_sock_nowait(k, sk)) return recvmsg_contended(k, sk, msg, flags);
  if (k.trace !== null) {
    enter_sk(k, F.tcp_recvmsg, sk);
    enter_sk(k, F.tcp_recvmsg_locked, sk);
  }
  let ret = recv_special(sk, msg, flags);
  if (ret === WAIT_DATA) {
    const st = new recv_state(sk, msg.msg_iter.count, flags);
    ret = recv_step(k, sk, msg, st);
    if (ret <= WAIT_DATA) return recvmsg_sleeps(k, sk, msg, st, ret);
  }
  leave(k, ret);
  release_sock(k, sk);
  if (sk.inq_cmsg) put_inq(sk, msg, ret);
  return leave(k, ret);
}
