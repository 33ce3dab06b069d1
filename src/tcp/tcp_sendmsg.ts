/**
 * send(): bytes become buffers of the write queue, and what may leave is sent. The usual call runs as a plain
 * function; a generator takes over where the call must sleep, or stops at points. Linux counterpart:
 * net/ipv4/tcp.c:tcp_sendmsg. Splicing and Fast Open are left out; MSG_ZEROCOPY copies, and tells when it is done.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EFAULT, EPIPE } from '../kernel/errno.js';
import { point, type Might, type Sleeps } from '../kernel/point.js';
import { leave } from '../kernel/trace.js';
import { msg_zerocopy_alloc, msg_zerocopy_put_abort, type ubuf_info } from '../socket/errqueue.js';
import type { msghdr } from '../socket/msghdr.js';
import { sock_net } from '../socket/net.js';
import { __skb_queue_tail, __skb_unlink, MAX_SKB_FRAGS, skb_add_frag, skb_cache_get, type sk_buff } from '../socket/skbuff.js';
import { __sk_flush_backlog, lock_sock, lock_sock_nowait, release_sock, sock_deadline } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { socket } from '../socket/socket.js';
import { sk_stream_error, sk_stream_memory_free, sk_stream_wait_connect, sk_stream_wait_memory } from '../socket/stream.js';
import { MSG_DONTWAIT, MSG_EOR, MSG_MORE, MSG_OOB, MSG_ZEROCOPY, SEND_SHUTDOWN } from '../socket/uapi_socket.js';
import { tcp_charge } from './tcp_control.js';
import { sk_mem_schedule, tcp_wmem_free_skb } from './tcp_life.js';
import { __tcp_push_pending_frames, tcp_push_one, tcp_slow_start_after_idle_check } from './tcp_output.js';
import { TCP_NAGLE_CORK, TCP_NAGLE_PUSH, tcp_queues_empty, tcp_send_head, type tcp_sock } from './tcp_sock.js';
import { after, TCP_CLOSE_WAIT, TCP_ESTABLISHED, TCPHDR_ACK, TCPHDR_PSH } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { tcp_xmit_size_goal } from './tcp_window.js';

const F = TCP_FUNCTIONS.id;

export const AT_SEND_COPY = point('tcp_sendmsg_locked', 'copy_from_user');

/** Bytes of a page that send() fills before it takes the next one. net/core/sock.c:SKB_FRAG_PAGE_ORDER */
const PAGE_FRAG_SIZE = 32768;

/** Buffers that a send makes before it looks at its backlog. net/ipv4/tcp.c:tcp_sendmsg_locked (process_backlog) */
const SKBS_PER_FLUSH = 16;

// what a step of a send wants besides a result
const WAIT_CONNECT = -100001;
const WAIT_MEMORY = -100002;
const COPY_POINT = -100003;

/** What a send that is under way remembers. ours: the local variables of tcp_sendmsg_locked */
class send_state {
  copied = 0;
  size_goal = 0;
  readonly flags: number;
  /** the handshake is over and the first checks are done */
  started = false;
  /** buffers made since the backlog was looked at */
  process_backlog = 0;
  /** the next bytes go into a buffer of their own */
  new_segment = false;
  /** the point before this copy has been passed */
  at_copy = false;
  /** the send as MSG_ZEROCOPY counts it; null: an ordinary one */
  ubuf: ubuf_info | null = null;

  constructor(flags: number) {
    this.flags = flags;
  }
}

/** More than half of the largest window was written since the last push. net/ipv4/tcp.c:forced_push */
function forced_push(sk: tcp_sock): boolean {
  return after(sk.write_seq, (sk.pushed_seq + (sk.max_window >> 1)) | 0);
}

/** The receiver shall hand this on at once. net/ipv4/tcp.c:tcp_mark_push */
function tcp_mark_push(sk: tcp_sock, skb: sk_buff): void {
  skb.tcp_flags |= TCPHDR_PSH;
  sk.pushed_seq = sk.write_seq;
}

/** The end of a send: push what is there. net/ipv4/tcp.c:tcp_push */
function tcp_push(k: Kernel, sk: tcp_sock, flags: number, nonagle: number): void {
  if (k.trace !== null) enter_sk(k, F.tcp_push, sk);
  const skb = sk.sk_write_queue.last;
  if (skb !== null) {
    if ((flags & MSG_MORE) === 0 || forced_push(sk)) tcp_mark_push(sk, skb);
    if ((flags & MSG_OOB) !== 0) sk.snd_up = sk.write_seq;
    __tcp_push_pending_frames(k, sk, (flags & MSG_MORE) !== 0 ? TCP_NAGLE_CORK : nonagle);
  }
  leave(k, 0);
}

/** A new buffer at the end of the write queue. net/ipv4/tcp.c:tcp_skb_entail */
function tcp_skb_entail(k: Kernel, sk: tcp_sock, ubuf: ubuf_info | null): sk_buff {
  const skb = skb_cache_get(sock_net(k).skb_cache);
  if (ubuf !== null) skb.ubuf = ubuf.get();
  skb.seq = sk.write_seq;
  skb.end_seq = sk.write_seq;
  skb.tcp_flags = TCPHDR_ACK;
  tcp_charge(sk, skb);
  __skb_queue_tail(sk.sk_write_queue, skb);
  sk.nonagle &= ~TCP_NAGLE_PUSH;
  tcp_slow_start_after_idle_check(k, sk);
  return skb;
}

/** A buffer that nothing was put into goes again. net/ipv4/tcp.c:tcp_remove_empty_skb */
function tcp_remove_empty_skb(sk: tcp_sock): void {
  const skb = sk.sk_write_queue.last;
  if (skb === null || skb.seq !== skb.end_seq) return;
  __skb_unlink(skb, sk.sk_write_queue);
  tcp_wmem_free_skb(sk, skb);
}

/** Copies the next bytes to the end of a buffer. net/ipv4/tcp.c:tcp_sendmsg_locked @returns bytes, 0 the buffer is full of fragments, -EFAULT */
function append_data(sk: tcp_sock, skb: sk_buff, msg: msghdr, wanted: number): number {
  if (sk.page === null || sk.page_offset === sk.page.length) {
    sk.page = new Uint8Array(PAGE_FRAG_SIZE);
    sk.page_offset = 0;
  }
  const { page, page_offset: offset } = sk;
  const { last } = skb;
  const merges = last !== null && last.page === page && last.offset + last.size === offset;
  if (!merges && skb.nr_frags >= MAX_SKB_FRAGS) return 0;
  const copy = Math.min(wanted, msg.msg_iter.count, page.length - offset);
  const copied = msg.msg_iter.copy_from(page, offset, copy);
  if (copied < copy) {
    msg.msg_iter.revert(copied);
    return -EFAULT;
  }
  skb_add_frag(skb, page, offset, copy);
  sk.page_offset += copy;
  skb.truesize += copy;
  sk.sk_wmem_queued += copy;
  sk_mem_schedule(sk, copy);
  sk.sk_forward_alloc -= copy;
  return copy;
}

/** A failed send: what went in counts first. net/ipv4/tcp.c:tcp_sendmsg_locked (do_error) */
function send_error(k: Kernel, sk: tcp_sock, st: send_state, err: number): number {
  tcp_remove_empty_skb(sk);
  if (st.copied > 0) return send_out(k, sk, st);
  if (st.ubuf !== null) msg_zerocopy_put_abort(sk);
  const ret = sk_stream_error(k, sk, st.flags, err);
  // An edge-triggered writer must not be left without an edge.
  if (ret === -EAGAIN && tcp_queues_empty(sk)) sk.sk_write_space(k, sk);
  return ret;
}

function send_out(k: Kernel, sk: tcp_sock, st: send_state): number {
  if (st.copied > 0) tcp_push(k, sk, st.flags, sk.nonagle);
  if (st.ubuf !== null) st.ubuf.put();
  return st.copied;
}

/** No room: the writer is noted as one who waits, and what is there is pushed. net/ipv4/tcp.c:tcp_sendmsg_locked (wait_for_space) */
function no_space(k: Kernel, sk: tcp_sock, st: send_state): number {
  if (sk.sk_socket !== null) sk.sk_socket.nospace = true;
  tcp_remove_empty_skb(sk);
  if (st.copied > 0) tcp_push(k, sk, st.flags & ~MSG_MORE, TCP_NAGLE_PUSH);
  return WAIT_MEMORY;
}

/** The checks at the start of a send, and again after others had the socket. net/ipv4/tcp.c:tcp_sendmsg_locked (restart) */
function send_start(sk: tcp_sock, st: send_state): boolean {
  st.started = true;
  st.size_goal = tcp_xmit_size_goal(sk, st.flags);
  return sk.sk_err === 0 && (sk.sk_shutdown & SEND_SHUTDOWN) === 0;
}

/** A long send takes the ACKs that came meanwhile: they free memory and let more leave. include/net/sock.h:sk_flush_backlog @returns true when there were any */
function sk_flush_backlog(k: Kernel, sk: tcp_sock, st: send_state): boolean {
  if (st.process_backlog < SKBS_PER_FLUSH) return false;
  st.process_backlog = 0;
  if (sk.sk_backlog.first === null) return false;
  __sk_flush_backlog(k, sk);
  return true;
}

/** Runs a send until it is done or must wait. net/ipv4/tcp.c:tcp_sendmsg_locked @returns the result, or what it waits for */
function send_step(k: Kernel, sk: tcp_sock, msg: msghdr, st: send_state): number {
  if (!st.started) {
    if (sk.sk_state !== TCP_ESTABLISHED && sk.sk_state !== TCP_CLOSE_WAIT) return WAIT_CONNECT;
    if (!send_start(sk, st)) return send_error(k, sk, st, -EPIPE);
    if ((st.flags & MSG_ZEROCOPY) !== 0 && sk.sk_zerocopy && msg.msg_iter.count > 0) st.ubuf = msg_zerocopy_alloc(k, sk);
  }
  const { msg_iter } = msg;
  while (msg_iter.count > 0) {
    const { size_goal } = st;
    let skb = sk.sk_write_queue.last;
    if (skb === null || skb.len >= size_goal || skb.eor || st.new_segment || (st.ubuf !== null && skb.ubuf !== st.ubuf)) {
      if (!sk_stream_memory_free(k, sk)) return no_space(k, sk, st);
      if (sk_flush_backlog(k, sk, st)) {
        if (!send_start(sk, st)) return send_error(k, sk, st, -EPIPE);
        continue;
      }
      skb = tcp_skb_entail(k, sk, st.ubuf);
      st.process_backlog++;
      st.new_segment = false;
    }
    if (k.preempt && !st.at_copy) {
      st.at_copy = true;
      return COPY_POINT;
    }
    st.at_copy = false;
    const copy = append_data(sk, skb, msg, size_goal - skb.len);
    if (copy === 0) {
      // The buffer can hold no more fragments.
      tcp_mark_push(sk, skb);
      st.new_segment = true;
      continue;
    }
    if (copy < 0) return send_error(k, sk, st, copy);
    if (st.copied === 0) skb.tcp_flags &= ~TCPHDR_PSH;
    sk.write_seq = (sk.write_seq + copy) | 0;
    skb.end_seq = (skb.end_seq + copy) | 0;
    st.copied += copy;
    if (msg_iter.count === 0) {
      if ((st.flags & MSG_EOR) !== 0) skb.eor = true;
      break;
    }
    if (skb.len < size_goal || (st.flags & MSG_OOB) !== 0) continue;
    if (forced_push(sk)) {
      tcp_mark_push(sk, skb);
      __tcp_push_pending_frames(k, sk, TCP_NAGLE_PUSH);
    } else if (skb === tcp_send_head(sk)) {
      tcp_push_one(k, sk);
    }
  }
  return send_out(k, sk, st);
}

/** Goes on with a send that has to wait. Sleeps for the handshake and for room. net/ipv4/tcp.c:tcp_sendmsg_locked */
function* send_rest(k: Kernel, sk: tcp_sock, msg: msghdr, st: send_state, wants: number): Sleeps<number> {
  const deadlineNs = sock_deadline(k, sk.sk_sndtimeo, (st.flags & MSG_DONTWAIT) !== 0);
  let ret = wants;
  for (;;) {
    let err = 0;
    if (ret === WAIT_CONNECT) err = yield* sk_stream_wait_connect(k, sk, deadlineNs);
    else if (ret === WAIT_MEMORY) err = yield* sk_stream_wait_memory(k, sk, deadlineNs);
    else if (ret === COPY_POINT) yield AT_SEND_COPY;
    else return ret;
    if (err !== 0) return send_error(k, sk, st, err);
    if (ret === WAIT_MEMORY) st.size_goal = tcp_xmit_size_goal(sk, st.flags);
    ret = send_step(k, sk, msg, st);
  }
}

/** Ends a send that slept or may sleep. Sleeps as the send does. net/ipv4/tcp.c:tcp_sendmsg */
function* sendmsg_sleeps(k: Kernel, sk: tcp_sock, msg: msghdr, st: send_state, wants: number): Sleeps<number> {
  const ret = yield* send_rest(k, sk, msg, st, wants);
  leave(k, ret);
  release_sock(k, sk);
  return leave(k, ret);
}

/** A send that finds the socket locked, or stops at points. Sleeps for the lock and as the send does. net/ipv4/tcp.c:tcp_sendmsg */
function* sendmsg_contended(k: Kernel, sk: tcp_sock, msg: msghdr): Sleeps<number> {
  if (k.trace !== null) enter_sk(k, F.tcp_sendmsg, sk);
  if (k.footprint !== null) k.footprint.looked();
  yield* lock_sock(k, sk);
  if (k.trace !== null) enter_sk(k, F.tcp_sendmsg_locked, sk);
  const st = new send_state(msg.msg_flags);
  return yield* sendmsg_sleeps(k, sk, msg, st, send_step(k, sk, msg, st));
}

/** Sends. net/ipv4/tcp.c:tcp_sendmsg @returns bytes taken, or -errno */
export function tcp_sendmsg(k: Kernel, sock: socket, msg: msghdr): Might<number> {
  const sk = sock.sk as tcp_sock;
  if (k.preempt || !lock_sock_nowait(k, sk)) return sendmsg_contended(k, sk, msg);
  if (k.trace !== null) {
    enter_sk(k, F.tcp_sendmsg, sk);
    enter_sk(k, F.tcp_sendmsg_locked, sk);
  }
  const st = new send_state(msg.msg_flags);
  const ret = send_step(k, sk, msg, st);
  if (ret <= WAIT_CONNECT) return sendmsg_sleeps(k, sk, msg, st, ret);
  leave(k, ret);
  release_sock(k, sk);
  return leave(k, ret);
}
