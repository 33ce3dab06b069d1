/**
 * Receiving whole buffers: datagrams, and connections that wait for accept(). Waiters are exclusive, oldest first,
 * and are woken only for data and errors. Linux counterpart: net/core/datagram.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, ENOTCONN } from '../kernel/errno.js';
import type { Sleeps } from '../kernel/point.js';
import { schedule_hrtimeout, signal_pending } from '../kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { EPOLLERR, EPOLLIN } from '../kernel/uapi.js';
import { autoremove_wake_function, finish_wait, prepare_to_wait_exclusive, wait_queue_entry } from '../kernel/wait.js';
import { __skb_unlink, type sk_buff } from './skbuff.js';
import { sock_deadline, sock_error, sock_expired, sock_intr_errno, type sock } from './sock.js';
import { RCV_SHUTDOWN } from './uapi_socket.js';
import { is_connection_based, TCP_ESTABLISHED, TCP_LISTEN, WAIT, type unix_sock } from './unix_sock.js';

/** Passes over wake-ups that are not about data or errors. net/core/datagram.c:receiver_wake_function */
function receiver_wake_function(k: Kernel, wait: wait_queue_entry, mode: number, flags: number, key: number): number {
  if (key !== 0 && (key & (EPOLLIN | EPOLLERR)) === 0) return 0;
  return autoremove_wake_function(k, wait, mode, flags, key);
}

/** Sleeps until the queue has something. net/core/datagram.c:__skb_wait_for_more_packets @returns WAIT: look again, or 0 or -errno: the end */
export function* __skb_wait_for_more_packets(k: Kernel, sk: sock, deadlineNs: number): Sleeps<number> {
  const wait = new wait_queue_entry(k.current, receiver_wake_function);
  prepare_to_wait_exclusive(k, sk.wq, wait, TASK_INTERRUPTIBLE);
  let ret = sock_error(sk);
  if (ret === 0) {
    ret = WAIT;
    if (sk.sk_receive_queue.first === null) {
      if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) ret = 0;
      else if (is_connection_based(sk) && sk.sk_state !== TCP_ESTABLISHED && sk.sk_state !== TCP_LISTEN) ret = -ENOTCONN;
      else if (signal_pending(k.current)) ret = sock_intr_errno(deadlineNs);
      else yield* schedule_hrtimeout(k, deadlineNs, 'SO_RCVTIMEO');
    }
  }
  finish_wait(k, sk.wq, wait);
  return ret;
}

/** The first buffer, or why there is none. net/core/datagram.c:__skb_try_recv_datagram @returns the buffer, -EAGAIN, or a pending error */
export function __skb_try_recv_datagram(sk: unix_sock, peek: boolean): sk_buff | number {
  const err = sock_error(sk);
  if (err !== 0) return err;
  const skb = sk.sk_receive_queue.first;
  if (skb === null) return -EAGAIN;
  if (!peek) __skb_unlink(skb, sk.sk_receive_queue);
  return skb;
}

/** Takes the first buffer. Sleeps until there is one. net/core/datagram.c:skb_recv_datagram @returns it, 0 after a shutdown, or -errno */
export function* skb_recv_datagram(k: Kernel, sk: unix_sock, noblock: boolean): Sleeps<sk_buff | number> {
  const deadlineNs = sock_deadline(k, sk.sk_rcvtimeo, noblock);
  for (;;) {
    const skb = __skb_try_recv_datagram(sk, false);
    if (skb !== -EAGAIN || sock_expired(k, deadlineNs)) return skb;
    const ret = yield* __skb_wait_for_more_packets(k, sk, deadlineNs);
    if (ret !== WAIT) return ret;
  }
}
