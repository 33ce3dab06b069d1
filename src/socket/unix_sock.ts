/**
 * What all Unix sockets share: the sock with its peer and name, the account of memory that the sender keeps for
 * what the receiver has not read, when a socket is writable, and waiting for a peer's queue.
 * Linux counterparts: net/unix/af_unix.c, net/core/sock.c. Out-of-band bytes and credentials are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EFAULT, EPIPE } from '../kernel/errno.js';
import { mutex } from '../kernel/lock.js';
import type { inode } from '../kernel/namei.js';
import type { Sleeps } from '../kernel/point.js';
import { schedule_hrtimeout, signal_pending } from '../kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { leave, traced } from '../kernel/trace.js';
import type { iov_iter } from '../kernel/uaccess.js';
import { PAGE_SIZE } from '../kernel/uapi.js';
import {
  __remove_wait_queue, __wake_up, __wake_up_sync_key, autoremove_wake_function, finish_wait, prepare_to_wait, prepare_to_wait_exclusive, wait_queue_entry, wait_queue_head,
} from '../kernel/wait.js';
import { sock_net } from './net.js';
import { scm_destroy } from './scm.js';
import { sk_buff, skb_add_frag } from './skbuff.js';
import { POLL_SPACE_KEY, skwq_has_sleeper, sock, sock_error, sock_expired, sock_flag, sock_intr_errno, type proto } from './sock.js';
import { enter_sk, SK_ARGS } from './sock_trace.js';
import { AF_UNIX, RCV_SHUTDOWN, SEND_SHUTDOWN, SOCK_DEAD, SOCK_SEQPACKET, SOCK_STREAM } from './uapi_socket.js';

export const UNIX_FUNCTIONS = traced(260, {
  unix_write_space: SK_ARGS,
  unix_poll: 'sk:sk state:state shutdown:bits(RCV,SEND) err:int queues:bool -> mask',
  unix_accept: 'sk:sk -> int',
  unix_release: 'sk:sk',
  unix_release_sock: 'sk:sk',
  unix_shutdown: 'sk:sk -> int',
  unix_socketpair: '-> int',
  unix_stream_connect: 'sk:sk -> int',
  unix_stream_data_wait: 'sk:sk',
  unix_stream_read_generic: 'sk:sk -> int',
  unix_stream_recvmsg: 'sk:sk -> int',
  unix_stream_sendmsg: 'sk:sk -> int',
});
const F = UNIX_FUNCTIONS.id;

/** States that Unix sockets have. include/net/tcp_states.h */
export const TCP_ESTABLISHED = 1;
export const TCP_LISTEN = 10;

/** The caller must wait for something. ours: lets a call begin without a generator */
export const WAIT = -100_000;

/** The name of a socket: `sun_path` as it was given; abstract names begin with a zero byte. include/net/af_unix.h:unix_address */
export interface unix_address {
  readonly name: Uint8Array;
  /** of a name in the file system */
  readonly node: inode | null;
}

/** include/net/af_unix.h:unix_sock */
export class unix_sock extends sock {
  addr: unix_address | null = null;
  peer: unix_sock | null = null;
  /** held by a receiver, so that two of them do not mix their bytes */
  readonly iolock = new mutex('u->iolock');
  /** those who wait until this socket's queue has room: connect() and datagram senders */
  readonly peer_wait: wait_queue_head;
  /** how this socket, as a polled sender, waits on its peer's peer_wait. net/unix/af_unix.c:unix_dgram_peer_wake_me */
  readonly peer_wake: wait_queue_entry;
  peer_wake_on: unix_sock | null = null;

  constructor(k: Kernel, type: number) {
    super(k, AF_UNIX, type, 0, unix_proto);
    this.peer_wait = new wait_queue_head(this.id, 'peer_wait');
    this.peer_wake = new wait_queue_entry(this, unix_dgram_peer_wake_relay);
    this.sk_write_space = unix_write_space;
    const { sysctl } = sock_net(k);
    this.sk_rcvbuf = sysctl.rmem_default;
    this.sk_sndbuf = sysctl.wmem_default;
    this.sk_max_ack_backlog = sysctl.max_dgram_qlen;
  }
}

/** net/unix/af_unix.c:unix_stream_proto. Nothing ever waits on a backlog: receivers are given data directly. */
const unix_proto: proto = {
  name: 'UNIX', backlog_rcv: () => {}, release_cb: null, stream_memory_free: null, set_rcvlowat: null, keepalive: null,
};

/** The peer's queue has room: tells those who poll the sender, once. net/unix/af_unix.c:unix_dgram_peer_wake_relay */
function unix_dgram_peer_wake_relay(k: Kernel, entry: wait_queue_entry, _mode: number, _flags: number, key: number): number {
  const u = entry.private as unix_sock;
  __remove_wait_queue(k, u.peer_wake_on!.peer_wait, entry);
  u.peer_wake_on = null;
  if (u.sk_wq !== null) __wake_up(k, u.sk_wq, TASK_INTERRUPTIBLE, 1, key);
  return 0;
}

/** Names without a place in the file system, by type and name. net/unix/af_unix.c:unix_socket_table */
export class unix_table {
  readonly abstract = new Map<string, unix_sock>();
}

/** The table of a machine, made at first use. include/net/netns/unix.h:unix_table */
export function unix_names(k: Kernel): unix_table {
  const net = sock_net(k);
  net.unix ??= new unix_table();
  return net.unix as unix_table;
}

/** Streams and packets have a connection; datagrams only a default receiver. net/core/datagram.c:connection_based */
export function is_connection_based(sk: sock): boolean {
  return sk.sk_type === SOCK_STREAM || sk.sk_type === SOCK_SEQPACKET;
}

/** At most a quarter of the send buffer waits to be read. One byte more is counted: the sock's own. net/unix/af_unix.c:unix_writable */
export function unix_writable(sk: sock): boolean {
  return sk.sk_state !== TCP_LISTEN && (sk.sk_wmem_alloc + 1) << 2 <= sk.sk_sndbuf;
}

/** Room may have come back: each time, not only at the change, who waits is told if there is enough. net/unix/af_unix.c:unix_write_space */
export function unix_write_space(k: Kernel, sk: sock): void {
  if (k.trace !== null) enter_sk(k, F.unix_write_space, sk);
  if (unix_writable(sk) && skwq_has_sleeper(sk)) __wake_up_sync_key(k, sk.sk_wq!, TASK_INTERRUPTIBLE, POLL_SPACE_KEY);
  leave(k, 0);
}

/** Queues of listeners and datagram receivers. net/unix/af_unix.c:unix_recvq_full */
export function unix_recvq_full(sk: sock): boolean {
  return sk.sk_receive_queue.qlen > sk.sk_max_ack_backlog;
}

/** Bytes of the structures of a buffer and of what stands behind its linear data. include/linux/skbuff.h */
const SKB_STRUCT = 256;
const SKB_SHARED_INFO = 320;
/** Linear bytes that fit into one page, and into four. include/linux/skbuff.h:SKB_MAX_HEAD, SKB_MAX_ALLOC */
export const SKB_MAX_HEAD = PAGE_SIZE - SKB_SHARED_INFO;
export const SKB_MAX_ALLOC = 4 * PAGE_SIZE - SKB_SHARED_INFO;

/** Memory that a buffer costs: linear bytes come from power-of-two pieces, the others from pages. net/core/skbuff.c:alloc_skb_with_frags */
export function skb_truesize_of(linear: number, data_len: number): number {
  const wanted = Math.ceil(linear / 64) * 64 + SKB_SHARED_INFO;
  let head = 512;
  while (head < wanted) head *= 2;
  return SKB_STRUCT + head + Math.ceil(data_len / PAGE_SIZE) * PAGE_SIZE;
}

/** A buffer with `size` bytes of the user, charged to the sender. net/core/sock.c:sock_alloc_send_pskb @returns the buffer, or -EFAULT */
export function unix_build_skb(k: Kernel, sk: sock, from: iov_iter, size: number, data_len: number): sk_buff | number {
  const page = new Uint8Array(size);
  const skb = charge(sk, page, skb_truesize_of(size - data_len, data_len));
  if (from.copy_from(page, 0, size) === size) return skb;
  // the buffer is given back, and that is told as if room had come
  unix_kfree_skb(k, skb);
  return -EFAULT;
}

/** A buffer that stands for something else than data. net/core/sock.c:sock_wmalloc */
export function sock_wmalloc(sk: sock): sk_buff {
  return charge(sk, new Uint8Array(0), skb_truesize_of(1, 0));
}

function charge(sk: sock, page: Uint8Array, truesize: number): sk_buff {
  const skb = new sk_buff();
  if (page.length > 0) skb_add_frag(skb, page, 0, page.length);
  skb.sk = sk;
  skb.truesize = truesize;
  sk.sk_wmem_alloc += truesize;
  return skb;
}

/** Frees a buffer: files in it are dropped, and its sender is told of the room. net/unix/af_unix.c:unix_destruct_scm, net/core/sock.c:sock_wfree */
export function unix_kfree_skb(k: Kernel, skb: sk_buff): void {
  const sk = skb.sk!;
  scm_destroy(k, skb.fp);
  skb.fp = null;
  skb.sk = null;
  // One byte stays charged while the sender is told.
  sk.sk_wmem_alloc -= skb.truesize - 1;
  sk.sk_write_space(k, sk);
  sk.sk_wmem_alloc -= 1;
}

/** A sender may have another buffer. net/core/sock.c:sock_alloc_send_pskb @returns 0, WAIT, -EPIPE or a pending error */
export function sock_may_alloc(sk: sock): number {
  const err = sock_error(sk);
  if (err !== 0) return err;
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  if (sk.sk_wmem_alloc < sk.sk_sndbuf) return 0;
  if (sk.sk_socket !== null) sk.sk_socket.nospace = true;
  return WAIT;
}

/** Sleeps until what was sent has been read far enough. net/core/sock.c:sock_wait_for_wmem @returns 0: look again, or -errno */
export function* sock_wait_for_wmem(k: Kernel, sk: sock, deadlineNs: number): Sleeps<number> {
  if (sock_expired(k, deadlineNs)) return -EAGAIN;
  if (signal_pending(k.current)) return sock_intr_errno(deadlineNs);
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  while (!sock_expired(k, deadlineNs) && !signal_pending(k.current)) {
    prepare_to_wait(k, sk.wq, wait, TASK_INTERRUPTIBLE);
    if (sk.sk_wmem_alloc < sk.sk_sndbuf || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || sk.sk_err !== 0) break;
    yield* schedule_hrtimeout(k, deadlineNs, 'SO_SNDTIMEO');
  }
  finish_wait(k, sk.wq, wait);
  return 0;
}

/** Sleeps until a peer's queue has room. The caller looks again. net/unix/af_unix.c:unix_wait_for_peer @returns 0, or -errno for a signal */
export function* unix_wait_for_peer(k: Kernel, other: unix_sock, deadlineNs: number): Sleeps<number> {
  const wait = new wait_queue_entry(k.current, autoremove_wake_function);
  prepare_to_wait_exclusive(k, other.peer_wait, wait, TASK_INTERRUPTIBLE);
  const full = !sock_flag(other, SOCK_DEAD) && (other.sk_shutdown & RCV_SHUTDOWN) === 0 && unix_recvq_full(other);
  if (full) yield* schedule_hrtimeout(k, deadlineNs, 'SO_SNDTIMEO');
  finish_wait(k, other.peer_wait, wait);
  return signal_pending(k.current) ? sock_intr_errno(deadlineNs) : 0;
}
