/**
 * What stream protocols share: when there is room to send, and how calls wait for room, for the handshake and for
 * the end of closing. Linux counterparts: net/core/stream.c, include/net/sock.h.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EPIPE } from '../kernel/errno.js';
import { signal_pending } from '../kernel/sched.js';
import { send_sig } from '../kernel/signal.js';
import type { Sleeps } from '../kernel/point.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { SIGPIPE } from '../kernel/uapi.js';
import { __wake_up, add_wait_queue, remove_wait_queue, wait_queue_entry, wait_woken, woken_wake_function } from '../kernel/wait.js';
import { defer_callback, lock_sock, POLL_SPACE_KEY, release_sock, skwq_has_sleeper, sock_error, sock_expired, sock_intr_errno, type sock } from './sock.js';
import { enter_sk, SOCK_FUNCTIONS } from './sock_trace.js';
import { MSG_NOSIGNAL, SEND_SHUTDOWN } from './uapi_socket.js';

const F = SOCK_FUNCTIONS.id;

/** A new buffer may be made: the queue is below its limit. include/net/sock.h:__sk_stream_memory_free */
export function __sk_stream_memory_free(k: Kernel, sk: sock, wake: number): boolean {
  if (sk.sk_wmem_queued >= sk.sk_sndbuf) return false;
  return sk.sk_prot.stream_memory_free === null || sk.sk_prot.stream_memory_free(k, sk, wake);
}

/** include/net/sock.h:sk_stream_memory_free */
export function sk_stream_memory_free(k: Kernel, sk: sock): boolean {
  return __sk_stream_memory_free(k, sk, 0);
}

/** At least a third of the buffer is free: the rule of poll and of wake-ups. include/net/sock.h:__sk_stream_is_writeable */
export function __sk_stream_is_writeable(k: Kernel, sk: sock, wake: number): boolean {
  return sk.sk_sndbuf - sk.sk_wmem_queued >= sk.sk_wmem_queued >> 1 && __sk_stream_memory_free(k, sk, wake);
}

/** Tells of room to write, if there is enough and somebody wants to know. net/core/stream.c:sk_stream_write_space */
export function sk_stream_write_space(k: Kernel, sk: sock): void {
  if (defer_callback(k, sk, sk_stream_write_space)) return;
  if (k.trace !== null) enter_sk(k, F.sk_stream_write_space, sk);
  const sock = sk.sk_socket;
  if (sock !== null && __sk_stream_is_writeable(k, sk, 1)) {
    sock.nospace = false;
    if (skwq_has_sleeper(sk)) __wake_up(k, sk.sk_wq!, TASK_INTERRUPTIBLE, 1, POLL_SPACE_KEY);
  }
  leave(k, 0);
}

/** What a failed send returns; EPIPE also sends SIGPIPE. net/core/stream.c:sk_stream_error */
export function sk_stream_error(k: Kernel, sk: sock, flags: number, err: number): number {
  if (k.trace !== null) k.trace.enter(F.sk_stream_error, sk.id, flags, err);
  let ret = err;
  if (ret === -EPIPE) {
    const pending = sock_error(sk);
    if (pending !== 0) ret = pending;
  }
  if (ret === -EPIPE && (flags & MSG_NOSIGNAL) === 0) send_sig(k, SIGPIPE, k.current);
  return leave(k, ret);
}

/** sk_state values during which a connection is being made. include/net/tcp_states.h */
const TCP_ESTABLISHED = 1;
const TCP_SYN_SENT = 2;
const TCP_SYN_RECV = 3;
const TCP_FIN_WAIT1 = 4;
const TCP_CLOSE_WAIT = 8;
const TCP_LAST_ACK = 9;
const TCP_CLOSING = 11;

/**
 * Waits for the end of the handshake. Sleeps until the connection stands or has failed.
 * net/core/stream.c:sk_stream_wait_connect
 * @returns 0, or -errno
 */
export function* sk_stream_wait_connect(k: Kernel, sk: sock, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) enter_sk(k, F.sk_stream_wait_connect, sk);
  for (;;) {
    const err = sk_stream_connecting(k, sk, deadlineNs);
    if (err !== 0) return leave(k, err);
    const wait = new wait_queue_entry(k.current, woken_wake_function);
    add_wait_queue(k, sk.wq, wait);
    const disconnects = sk.sk_disconnects;
    sk.sk_write_pending++;
    release_sock(k, sk);
    let done = sk.sk_err !== 0 || sk.sk_state === TCP_ESTABLISHED || sk.sk_state === TCP_CLOSE_WAIT;
    if (!done) yield* wait_woken(k, wait, TASK_INTERRUPTIBLE, deadlineNs);
    yield* lock_sock(k, sk);
    done = sk.sk_err === 0 && (sk.sk_state === TCP_ESTABLISHED || sk.sk_state === TCP_CLOSE_WAIT);
    remove_wait_queue(k, sk.wq, wait);
    sk.sk_write_pending--;
    if (disconnects !== sk.sk_disconnects) return leave(k, -EPIPE);
    if (done) return leave(k, 0);
  }
}

/** The tests before each round of waiting for a handshake: 0 to wait, else -errno. net/core/stream.c:sk_stream_wait_connect */
export function sk_stream_connecting(k: Kernel, sk: sock, deadlineNs: number): number {
  const err = sock_error(sk);
  if (err !== 0) return err;
  if (sk.sk_state !== TCP_SYN_SENT && sk.sk_state !== TCP_SYN_RECV) return -EPIPE;
  if (sock_expired(k, deadlineNs)) return -EAGAIN;
  return signal_pending(k.current) ? sock_intr_errno(deadlineNs) : 0;
}

/**
 * Waits for room to send. Sleeps until there is room, an error, a shutdown, a signal or the deadline.
 * net/core/stream.c:sk_stream_wait_memory
 * @returns 0, or -errno
 */
export function* sk_stream_wait_memory(k: Kernel, sk: sock, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) enter_sk(k, F.sk_stream_wait_memory, sk);
  const wait = new wait_queue_entry(k.current, woken_wake_function);
  add_wait_queue(k, sk.wq, wait);
  let err = 0;
  for (;;) {
    if (sk.sk_socket !== null) sk.sk_socket.nospace = true;
    if (sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) err = -EPIPE;
    else if (sock_expired(k, deadlineNs)) err = -EAGAIN;
    else if (signal_pending(k.current)) err = sock_intr_errno(deadlineNs);
    if (err !== 0) break;
    // Room without a wake-up: the flag must not stay, or an ACK would tell of room that nobody misses.
    if (sk_stream_memory_free(k, sk)) {
      if (sk.sk_socket !== null) sk.sk_socket.nospace = false;
      break;
    }
    const disconnects = sk.sk_disconnects;
    release_sock(k, sk);
    const ready = sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || sk_stream_memory_free(k, sk);
    if (!ready) yield* wait_woken(k, wait, TASK_INTERRUPTIBLE, deadlineNs);
    yield* lock_sock(k, sk);
    if (disconnects !== sk.sk_disconnects) {
      err = -EPIPE;
      break;
    }
    sk_stream_memory_free(k, sk);
  }
  remove_wait_queue(k, sk.wq, wait);
  return leave(k, err);
}

/** True while a close that lingers goes on waiting. net/core/stream.c:sk_stream_closing */
export function sk_stream_closing(sk: sock): boolean {
  return sk.sk_state === TCP_FIN_WAIT1 || sk.sk_state === TCP_CLOSING || sk.sk_state === TCP_LAST_ACK;
}

/** SO_LINGER: waits until the FIN is acknowledged. Sleeps until then, a signal or the time. net/core/stream.c:sk_stream_wait_close */
export function* sk_stream_wait_close(k: Kernel, sk: sock, deadlineNs: number): Sleeps<void> {
  if (k.trace !== null) enter_sk(k, F.sk_stream_wait_close, sk);
  if (deadlineNs > k.clock.nowNs) {
    const wait = new wait_queue_entry(k.current, woken_wake_function);
    add_wait_queue(k, sk.wq, wait);
    do {
      release_sock(k, sk);
      if (sk_stream_closing(sk)) yield* wait_woken(k, wait, TASK_INTERRUPTIBLE, deadlineNs);
      yield* lock_sock(k, sk);
    } while (sk_stream_closing(sk) && !signal_pending(k.current) && !sock_expired(k, deadlineNs));
    remove_wait_queue(k, sk.wq, wait);
  }
  leave(k, 0);
}
