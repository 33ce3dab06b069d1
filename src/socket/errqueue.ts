/**
 * The error queue of a socket: what recvmsg(MSG_ERRQUEUE) takes from. ICMP errors wait there with the packet they are
 * about, and the kernel tells there that the memory of a send with MSG_ZEROCOPY is no longer in use. Linux
 * counterparts: net/core/skbuff.c (msg_zerocopy_*), net/ipv4/ip_sockglue.c:ip_recv_error. The bytes of a send are
 * always copied here, as loopback does in Linux, and each notification says so.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAGAIN, EFAULT } from '../kernel/errno.js';
import type { msghdr } from './msghdr.js';
import { __skb_dequeue, __skb_queue_tail, sk_buff, skb_copy_datagram_iter } from './skbuff.js';
import { sk_error_report, type sock } from './sock.js';
import { AF_INET, MSG_ERRQUEUE, MSG_TRUNC, SOL_IP, SOL_IPV6 } from './uapi_socket.js';

// ee_origin. include/uapi/linux/errqueue.h
const SO_EE_ORIGIN_ICMP = 2;
const SO_EE_ORIGIN_ICMP6 = 3;
const SO_EE_ORIGIN_ZEROCOPY = 5;
/** the bytes were copied after all */
const SO_EE_CODE_ZEROCOPY_COPIED = 1;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;

/** What is known of an error. include/linux/errqueue.h:sock_exterr_skb */
export interface sock_exterr {
  readonly ee_errno: number;
  readonly ee_origin: number;
  readonly ee_type: number;
  readonly ee_code: number;
  ee_info: number;
  ee_data: number;
  /** where the packet went, as a sockaddr; null: not about a packet */
  readonly name: Uint8Array | null;
  /** who told of the error, as a sockaddr of 16 or 28 bytes */
  readonly offender: Uint8Array;
}

/** One send with MSG_ZEROCOPY: it is over when no buffer needs its memory any more. include/linux/skbuff.h:ubuf_info_msgzc */
export class ubuf_info {
  private readonly k: Kernel;
  private readonly sk: sock;
  private readonly id: number;
  private refs = 1;

  constructor(k: Kernel, sk: sock, id: number) {
    this.k = k;
    this.sk = sk;
    this.id = id;
  }

  /** include/linux/skbuff.h:net_zcopy_get */
  get(): ubuf_info {
    this.refs++;
    return this;
  }

  /** include/linux/skbuff.h:net_zcopy_put */
  put(): void {
    if (--this.refs === 0) __msg_zerocopy_callback(this.k, this.sk, this.id);
  }
}

/** A send is numbered. net/core/skbuff.c:msg_zerocopy_alloc */
export function msg_zerocopy_alloc(k: Kernel, sk: sock): ubuf_info {
  return new ubuf_info(k, sk, sk.sk_zckey++);
}

/** A send that took nothing gives its number back. net/core/skbuff.c:msg_zerocopy_put_abort */
export function msg_zerocopy_put_abort(sk: sock): void {
  sk.sk_zckey--;
}

/** The memory of a send is free: told alone, or together with the sends before it. net/core/skbuff.c:__msg_zerocopy_callback */
function __msg_zerocopy_callback(k: Kernel, sk: sock, id: number): void {
  // An orphan has nobody to tell.
  if (sk.sk_socket === null) return;
  const tail = sk.sk_error_queue.last?.exterr ?? null;
  if (tail !== null && tail.ee_origin === SO_EE_ORIGIN_ZEROCOPY && tail.ee_data + 1 === id) {
    tail.ee_data = id;
  } else {
    queue(sk, new sk_buff(), {
      ee_errno: 0, ee_origin: SO_EE_ORIGIN_ZEROCOPY, ee_type: 0, ee_code: SO_EE_CODE_ZEROCOPY_COPIED, ee_info: id, ee_data: id,
      name: null, offender: new Uint8Array(sk.sk_family === AF_INET ? 16 : 28),
    });
  }
  sk_error_report(k, sk);
}

function queue(sk: sock, skb: sk_buff, exterr: sock_exterr): void {
  skb.exterr = exterr;
  __skb_queue_tail(sk.sk_error_queue, skb);
}

/** The code of ICMPv6 for one of ICMP: host, port, else "no route". include/uapi/linux/icmpv6.h */
function icmp6_code(code: number): number {
  return code === 3 ? 4 : code === 1 ? 3 : 0;
}

/**
 * An ICMP error "unreachable" waits with the packet it is about. net/ipv4/ip_sockglue.c:ip_icmp_error, net/ipv6/datagram.c:ipv6_icmp_error
 * @param packet the bytes of that packet
 * @param v6 the packet was one of IPv6
 * @param code of ICMP
 * @param name where it went
 */
export function ip_icmp_error(sk: sock, packet: sk_buff, err: number, v6: boolean, code: number, name: Uint8Array, offender: Uint8Array): void {
  queue(sk, packet, {
    ee_errno: err, ee_origin: v6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP, ee_type: v6 ? 1 : 3, ee_code: v6 ? icmp6_code(code) : code, ee_info: 0, ee_data: 0,
    name, offender,
  });
}

/** include/uapi/linux/errqueue.h:sock_extended_err */
function extended_err(err: sock_exterr): Uint8Array {
  const bytes = new Uint8Array(16 + err.offender.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, err.ee_errno, true);
  bytes.set([err.ee_origin, err.ee_type, err.ee_code], 4);
  view.setUint32(8, err.ee_info, true);
  view.setUint32(12, err.ee_data, true);
  bytes.set(err.offender, 16);
  return bytes;
}

/** Takes the oldest error; the next one, if it is an ICMP error, is pending then. net/core/skbuff.c:sock_dequeue_err_skb */
function sock_dequeue_err_skb(k: Kernel, sk: sock): sk_buff | null {
  const skb = __skb_dequeue(sk.sk_error_queue);
  if (skb === null) return null;
  const next = sk.sk_error_queue.first;
  const is_icmp = (err: sock_exterr): boolean => err.ee_origin !== SO_EE_ORIGIN_ZEROCOPY;
  const icmp_next = next !== null && is_icmp(next.exterr!);
  if (icmp_next) sk.sk_err = next.exterr!.ee_errno;
  else if (is_icmp(skb.exterr!)) sk.sk_err = 0;
  if (next !== null) sk_error_report(k, sk);
  return skb;
}

/** recvmsg(MSG_ERRQUEUE). Never sleeps. net/ipv4/ip_sockglue.c:ip_recv_error @returns bytes of the packet it is about, -EAGAIN, -EFAULT */
export function ip_recv_error(k: Kernel, sk: sock, msg: msghdr): number {
  const skb = sock_dequeue_err_skb(k, sk);
  if (skb === null) return -EAGAIN;
  const err = skb.exterr!;
  const copied = Math.min(msg.msg_iter.count, skb.len);
  if (copied < skb.len) msg.msg_flags |= MSG_TRUNC;
  if (skb_copy_datagram_iter(skb, 0, msg.msg_iter, copied) > 0) return -EFAULT;
  msg.msg_flags |= MSG_ERRQUEUE;
  msg.msg_name_out = err.name;
  const v6 = sk.sk_family !== AF_INET;
  msg.msg_control = [{ cmsg_level: v6 ? SOL_IPV6 : SOL_IP, cmsg_type: v6 ? IPV6_RECVERR : IP_RECVERR, fds: [], bytes: extended_err(err) }];
  return copied;
}
