/**
 * The protocol side of a socket, `struct sock`: buffers and their limits, errors, shutdown bits, the socket lock
 * with its backlog, and the four callbacks through which everybody who waits learns of a change.
 * Linux counterparts: include/net/sock.h, net/core/sock.c. Memory accounting across sockets is left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { BUG_ON } from '../kernel/bug.js';
import { EINTR, ERESTARTSYS } from '../kernel/errno.js';
import { type deferred_wake_up, local_bh_disable, local_bh_enable } from '../kernel/softirq.js';
import { AT_SCHEDULE, point, type Sleeps } from '../kernel/point.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE, type task_struct } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { EPOLLERR, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDBAND, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM } from '../kernel/uapi.js';
import {
  __wake_up, __wake_up_sync_key, add_wait_queue, autoremove_wake_function, finish_wait, prepare_to_wait_exclusive, remove_wait_queue,
  wait_queue_entry, wait_queue_head, wait_woken, waitqueue_active, wake_up, woken_wake_function,
} from '../kernel/wait.js';
import { sk_buff_head, type sk_buff } from './skbuff.js';
import { enter_sk, SOCK_FUNCTIONS } from './sock_trace.js';
import type { socket } from './socket.js';
import { SOCK_DEAD } from './uapi_socket.js';

const F = SOCK_FUNCTIONS.id;

export const AT_LOCK_SOCK = point('lock_sock', 'before');
/** data is queued, and nobody has been told yet */
export const AT_DATA_READY = point('sock_def_readable', 'between data queued and wake-up');

/** sk_state of a sock that is not connected; the one state that all protocols share. include/net/tcp_states.h */
export const TCP_CLOSE = 7;

/** The poll bits with which data is announced, and with which space is. net/core/sock.c */
export const POLL_DATA_KEY = EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND;
export const POLL_SPACE_KEY = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

/** What every entry of the connection table has. include/net/sock.h:sock_common */
export class sock_common {
  readonly id: number;
  sk_family: number;
  sk_state = TCP_CLOSE;
  /** addresses as numbers: IPv4 as is, IPv6 interned; ports in host order */
  skc_rcv_saddr = 0;
  skc_daddr = 0;
  skc_num = 0;
  skc_dport = 0;
  /** in the connection table */
  skc_hashed = false;

  constructor(id: number, family: number) {
    this.id = id;
    this.sk_family = family;
  }
}

/** An operation on a protocol's own kind of sock; a method's type, so that the protocol may name that kind. */
type sock_op<Args extends readonly unknown[], Result> = { op(k: Kernel, sk: sock, ...args: Args): Result }['op'];

/** What a protocol supplies to the common code. include/net/sock.h:proto */
export interface proto {
  readonly name: string;
  /** processes one packet that waited on the backlog */
  readonly backlog_rcv: sock_op<[skb: sk_buff], void>;
  /** what was put off while the socket was locked */
  readonly release_cb: sock_op<[], void> | null;
  readonly stream_memory_free: sock_op<[wake: number], boolean> | null;
  readonly set_rcvlowat: sock_op<[val: number], number> | null;
  /** SO_KEEPALIVE was switched */
  readonly keepalive: sock_op<[on: boolean], void> | null;
}

/** Who a process is, as SO_PEERCRED tells. include/linux/socket.h:ucred */
export interface ucred {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Nobody: a socket without peer. net/core/sock.c:cred_to_ucred */
const NO_CRED: ucred = { pid: 0, uid: -1, gid: -1 };

/** The running process as a peer will see it; the group of a user has the user's number here. net/unix/af_unix.c:init_peercred */
export function current_cred(k: Kernel): ucred {
  return { pid: k.current.tgid, uid: k.current.user.uid, gid: k.current.user.uid };
}

/** One protocol endpoint. include/net/sock.h:sock */
export class sock extends sock_common {
  sk_type: number;
  sk_protocol: number;
  readonly sk_prot: proto;
  /** the API side; null for orphans and for children that nobody has accepted */
  sk_socket: socket | null = null;
  /** where waiters are; null without an API side. The queue is `wq` of this sock */
  sk_wq: wait_queue_head | null = null;
  readonly wq: wait_queue_head;
  /** the flags of sk_flags: SOCK_DEAD, SOCK_DONE, ... */
  sk_flags = 0;
  sk_err = 0;
  sk_err_soft = 0;
  sk_shutdown = 0;
  sk_userlocks = 0;
  sk_reuse = false;
  sk_reuseport = false;
  /** effective user who made it, for SO_REUSEPORT */
  sk_uid = 0;
  sk_priority = 0;
  /** values of options that have no effect here, by level and option; null: none was set */
  sk_stored_options: Map<number, number> | null = null;
  /** SO_ZEROCOPY: MSG_ZEROCOPY has a meaning */
  sk_zerocopy = false;
  /** number of the next send with MSG_ZEROCOPY */
  sk_zckey = 0;
  /** SO_PASSCRED, of AF_UNIX */
  sk_passcred = false;
  /** whom connect() or listen() of the other side was done by, of AF_UNIX */
  sk_peer_cred: ucred = NO_CRED;

  sk_rcvlowat = 1;
  sk_rcvbuf = 0;
  sk_sndbuf = 0;
  sk_rmem_alloc = 0;
  sk_wmem_queued = 0;
  sk_wmem_alloc = 0;
  sk_forward_alloc = 0;
  /** ns; Infinity: no limit; 0: do not wait */
  sk_rcvtimeo = Infinity;
  sk_sndtimeo = Infinity;
  /** SO_LINGER, seconds; meant only with the flag SOCK_LINGER */
  sk_lingertime = 0;
  sk_ack_backlog = 0;
  sk_max_ack_backlog = 0;
  /** calls that wait to send something as soon as the connection stands */
  sk_write_pending = 0;
  /** changes when the socket is disconnected, for those who slept meanwhile */
  sk_disconnects = 0;

  readonly sk_receive_queue = new sk_buff_head();
  readonly sk_error_queue = new sk_buff_head();

  /** who holds the socket lock; packets that arrive meanwhile go to the backlog */
  sk_lock_owner: task_struct | null = null;
  sk_lock_wq: wait_queue_head | null = null;
  readonly sk_backlog = new sk_buff_head();
  /** memory of what is on it, until all of that is processed */
  sk_backlog_len = 0;

  sk_state_change: (k: Kernel, sk: sock) => void = sock_def_wakeup;
  sk_data_ready: (k: Kernel, sk: sock) => void = sock_def_readable;
  sk_write_space: (k: Kernel, sk: sock) => void = sock_def_write_space;
  sk_error_report: (k: Kernel, sk: sock) => void = sock_def_error_report;

  constructor(k: Kernel, family: number, type: number, protocol: number, prot: proto) {
    super(k.new_id(), family);
    this.sk_type = type;
    this.sk_protocol = protocol;
    this.sk_prot = prot;
    this.wq = new wait_queue_head(this.id, 'wq');
  }
}

/** Ties the two sides together. net/core/sock.c:sock_init_data */
export function sock_init_data(sock: socket, sk: sock): void {
  sock.sk = sk;
  sock.wq = sk.wq;
  sk.sk_wq = sk.wq;
  sk.sk_socket = sock;
}

/** Gives a child an API side. include/net/sock.h:sock_graft */
export function sock_graft(sk: sock, parent: socket): void {
  BUG_ON(parent.sk !== null, 'sock_graft: the socket has a sock already');
  sock_init_data(parent, sk);
}

/** The API side goes away. include/net/sock.h:sock_orphan */
export function sock_orphan(sk: sock): void {
  sk.sk_flags |= SOCK_DEAD;
  sk.sk_socket = null;
  sk.sk_wq = null;
}

/** include/net/sock.h:sock_flag */
export function sock_flag(sk: sock, flag: number): boolean {
  return (sk.sk_flags & flag) !== 0;
}

/** Somebody waits on this socket. include/net/sock.h:skwq_has_sleeper */
export function skwq_has_sleeper(sk: sock): boolean {
  return sk.sk_wq !== null && waitqueue_active(sk.sk_wq);
}

// the lock

/** Takes the socket lock when it is free; the usual case needs no generator. ours: lock_sock() without the sleep */
export function lock_sock_nowait(k: Kernel, sk: sock): boolean {
  if (sk.sk_lock_owner !== null) return false;
  sk.sk_lock_owner = k.current;
  return true;
}

/** Takes the socket lock; sleeps while another task holds it. include/net/sock.h:lock_sock */
export function* lock_sock(k: Kernel, sk: sock): Sleeps<void> {
  if (k.preempt) yield AT_LOCK_SOCK;
  if (sk.sk_lock_owner !== null) yield* __lock_sock(k, sk);
  sk.sk_lock_owner = k.current;
}

/** Sleeps until the socket lock is free. net/core/sock.c:__lock_sock */
function* __lock_sock(k: Kernel, sk: sock): Sleeps<void> {
  BUG_ON(sk.sk_lock_owner === k.current, 'lock_sock: a task waits for itself');
  sk.sk_lock_wq ??= new wait_queue_head(sk.id, 'other');
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  for (;;) {
    prepare_to_wait_exclusive(k, sk.sk_lock_wq, wait, TASK_UNINTERRUPTIBLE);
    if (sk.sk_lock_owner === null) break;
    yield AT_SCHEDULE;
  }
  finish_wait(k, sk.sk_lock_wq, wait);
}

/** A task's own call holds the lock. include/net/sock.h:sock_owned_by_user */
export function sock_owned_by_user(sk: sock): boolean {
  return sk.sk_lock_owner !== null;
}

/** Leaves a packet to whoever holds the lock. include/net/sock.h:sk_add_backlog */
export function sk_add_backlog(sk: sock, skb: sk_buff): void {
  const { sk_backlog: list } = sk;
  skb.prev = list.last;
  if (list.last === null) list.first = skb;
  else list.last.next = skb;
  list.last = skb;
  list.qlen++;
  sk.sk_backlog_len += skb.truesize;
}

/** Processes what came while the socket was locked. The lock stays. net/core/sock.c:__release_sock */
export function __release_sock(k: Kernel, sk: sock): void {
  if (k.trace !== null) enter_sk(k, F.__release_sock, sk);
  const { sk_backlog: list } = sk;
  while (list.first !== null) {
    let skb: sk_buff | null = list.first;
    // What comes meanwhile makes a list of its own.
    list.first = null;
    list.last = null;
    list.qlen = 0;
    while (skb !== null) {
      const { next }: sk_buff = skb;
      skb.next = null;
      skb.prev = null;
      sk.sk_prot.backlog_rcv(k, sk, skb);
      skb = next;
    }
  }
  sk.sk_backlog_len = 0;
  leave(k, 0);
}

/** In the middle of a call that keeps the lock: what came meanwhile, and what that put off (an ACK). net/core/sock.c:__sk_flush_backlog */
export function __sk_flush_backlog(k: Kernel, sk: sock): void {
  local_bh_disable(k);
  __release_sock(k, sk);
  if (sk.sk_prot.release_cb !== null) sk.sk_prot.release_cb(k, sk);
  local_bh_enable(k);
}

/** Releases the socket lock: first what came meanwhile, then what was put off. net/core/sock.c:release_sock */
export function release_sock(k: Kernel, sk: sock): void {
  if (k.trace !== null) enter_sk(k, F.release_sock, sk);
  if (sk.sk_backlog.first !== null) __release_sock(k, sk);
  local_bh_disable(k);
  if (sk.sk_prot.release_cb !== null) sk.sk_prot.release_cb(k, sk);
  sk.sk_lock_owner = null;
  if (sk.sk_lock_wq !== null && waitqueue_active(sk.sk_lock_wq)) wake_up(k, sk.sk_lock_wq);
  leave(k, 0);
  local_bh_enable(k);
}

// the callbacks

/** A callback that ksoftirqd makes after others could run. The socket lock keeps all but pollers away until then. */
class deferred_callback implements deferred_wake_up {
  private readonly sk: sock;
  private readonly callback: (k: Kernel, sk: sock) => void;
  private unlocks: boolean;

  constructor(k: Kernel, sk: sock, callback: (k: Kernel, sk: sock) => void, before: readonly deferred_wake_up[]) {
    this.sk = sk;
    this.callback = callback;
    this.unlocks = lock_sock_nowait(k, sk);
    for (const other of before) {
      // The last callback of a packet releases the lock that the first one took.
      if (!(other instanceof deferred_callback) || other.sk !== sk || !other.unlocks) continue;
      other.unlocks = false;
      this.unlocks = true;
    }
  }

  wake(k: Kernel): void {
    this.callback(k, this.sk);
    if (this.unlocks) release_sock(k, this.sk);
  }
}

/** True when a callback was put off instead of being made. ours: a point between "data queued" and "wake up" */
export function defer_callback(k: Kernel, sk: sock, callback: (k: Kernel, sk: sock) => void): boolean {
  const { deferred } = k.softnet;
  if (deferred === null) return false;
  deferred.push(new deferred_callback(k, sk, callback, deferred));
  return true;
}

/** Wakes everybody: the state changed, nothing more is known. net/core/sock.c:sock_def_wakeup */
export function sock_def_wakeup(k: Kernel, sk: sock): void {
  if (defer_callback(k, sk, sock_def_wakeup)) return;
  if (k.trace !== null) enter_sk(k, F.sock_def_wakeup, sk);
  if (skwq_has_sleeper(sk)) __wake_up(k, sk.sk_wq!, TASK_INTERRUPTIBLE, 0, 0);
  leave(k, 0);
}

/** There is something to read. net/core/sock.c:sock_def_readable */
export function sock_def_readable(k: Kernel, sk: sock): void {
  if (defer_callback(k, sk, sock_def_readable)) return;
  if (k.trace !== null) enter_sk(k, F.sock_def_readable, sk);
  if (skwq_has_sleeper(sk)) __wake_up_sync_key(k, sk.sk_wq!, TASK_INTERRUPTIBLE, POLL_DATA_KEY);
  leave(k, 0);
}

/** An error is pending. net/core/sock.c:sock_def_error_report */
export function sock_def_error_report(k: Kernel, sk: sock): void {
  if (defer_callback(k, sk, sock_def_error_report)) return;
  if (k.trace !== null) enter_sk(k, F.sock_def_error_report, sk);
  if (skwq_has_sleeper(sk)) __wake_up(k, sk.sk_wq!, TASK_INTERRUPTIBLE, 1, EPOLLERR);
  leave(k, 0);
}

/** There is room to write, for protocols without a rule of their own. net/core/sock.c:sock_def_write_space */
export function sock_def_write_space(k: Kernel, sk: sock): void {
  if (defer_callback(k, sk, sock_def_write_space)) return;
  if (k.trace !== null) enter_sk(k, F.sock_def_write_space, sk);
  if (sk.sk_wmem_alloc << 1 <= sk.sk_sndbuf && skwq_has_sleeper(sk)) __wake_up_sync_key(k, sk.sk_wq!, TASK_INTERRUPTIBLE, POLL_SPACE_KEY);
  leave(k, 0);
}

/** Tells of sk_err. net/core/sock.c:sk_error_report */
export function sk_error_report(k: Kernel, sk: sock): void {
  if (k.trace !== null) enter_sk(k, F.sk_error_report, sk);
  sk.sk_error_report(k, sk);
  leave(k, 0);
}

// errors and timeouts

/** Takes the pending error: it is reported once. include/net/sock.h:sock_error @returns 0 or -errno */
export function sock_error(sk: sock): number {
  const err = sk.sk_err;
  sk.sk_err = 0;
  return err === 0 ? 0 : -err;
}

/**
 * Until when a call may wait. ours: Linux counts down the ticks that are left
 * @returns absolute ns, Infinity for ever, 0 not at all
 */
export function sock_deadline(k: Kernel, timeoNs: number, noblock: boolean): number {
  if (noblock || timeoNs === 0) return 0;
  return timeoNs === Infinity ? Infinity : k.clock.nowNs + timeoNs;
}

/** True when a call may wait no longer. ours: see sock_deadline */
export function sock_expired(k: Kernel, deadlineNs: number): boolean {
  return deadlineNs <= k.clock.nowNs;
}

/** What a call that a signal interrupts returns: restarted only when it has no timeout. include/net/sock.h:sock_intr_errno */
export function sock_intr_errno(deadlineNs: number): number {
  return deadlineNs === Infinity ? -ERESTARTSYS : -EINTR;
}

/**
 * Waits, unlocked, for something new in the receive queue. Sleeps until data, a change of state or the deadline.
 * net/core/sock.c:sk_wait_data
 * @param last the last buffer the caller has seen
 */
export function* sk_wait_data(k: Kernel, sk: sock, deadlineNs: number, last: sk_buff | null): Sleeps<void> {
  if (k.trace !== null) enter_sk(k, F.sk_wait_data, sk);
  const wait = new wait_queue_entry(k.current, woken_wake_function);
  add_wait_queue(k, sk.wq, wait);
  release_sock(k, sk);
  if (sk.sk_receive_queue.last === last) yield* wait_woken(k, wait, TASK_INTERRUPTIBLE, deadlineNs);
  k.current.__state = TASK_RUNNING;
  yield* lock_sock(k, sk);
  remove_wait_queue(k, sk.wq, wait);
  leave(k, 0);
}
