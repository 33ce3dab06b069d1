/**
 * Datagrams on their way: sending, delivery through loopback, receiving, and what poll and ioctl say of the queue.
 * Linux counterparts: net/ipv4/udp.c, net/ipv4/ip_output.c:ip_make_skb, net/ipv4/icmp.c. On loopback
 * a datagram is never lost, only at a full receive buffer.
 */

import { note, type Kernel } from '../kernel/kernel.js';
import { EDESTADDRREQ, EAGAIN, EFAULT, EINVAL, EMSGSIZE, ENOTTY, EOPNOTSUPP, EPIPE } from '../kernel/errno.js';
import type { file } from '../kernel/file.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { poll_wait, type poll_table } from '../kernel/poll_table.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM, FIONREAD, O_NONBLOCK, TIOCOUTQ } from '../kernel/uapi.js';
import { __wake_up_sync_key } from '../kernel/wait.js';
import { ip_icmp_error, ip_recv_error } from '../socket/errqueue.js';
import type { msghdr } from '../socket/msghdr.js';
import { __skb_dequeue, __skb_queue_tail, sk_buff, skb_add_frag, skb_copy_datagram_iter } from '../socket/skbuff.js';
import { POLL_SPACE_KEY, sk_error_report, skwq_has_sleeper, sock_deadline, sock_error, sock_expired, type sock } from '../socket/sock.js';
import type { socket } from '../socket/socket.js';
import {
  AF_INET, IPPROTO_UDP, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_MORE, MSG_OOB, MSG_PEEK, MSG_TRUNC, RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK,
} from '../socket/uapi_socket.js';
import { __skb_wait_for_more_packets } from '../socket/unix_recv.js';
import { WAIT } from '../socket/unix_sock.js';
import { icmp_err_convert, ICMP_PORT_UNREACH, ICMP_PROT_UNREACH, type icmp_error } from './icmp.js';
import { type inet_address, make_sockaddr, parse_dgram_sockaddr } from './inet_addr.js';
import { source_address } from './inet_connect.js';
import { ip_getsockopt, ip_setsockopt } from './ip_sockglue.js';
import { icmp_send, ip_send_skb } from './link.js';
import { is_v6_address, is_v6_socket } from './tcp_sock.js';
import { TCP_ESTABLISHED } from './tcp_states.js';
import { __udp4_lib_lookup, inet_autobind, udp_route, type udp_sock } from './udp.js';

/** Longest datagrams: what an IPv4 packet holds beside its two headers, and what an IPv6 packet holds. net/ipv4/ip_output.c:__ip_append_data */
const UDP_MAX_IPV4 = 65507;
const UDP_MAX_IPV6 = 65527;

/** Bytes of a datagram that an ICMP error brings back. net/ipv4/icmp.c:__icmp_send, net/ipv6/icmp.c:icmp6_send */
const ICMP_BACK = 520;
const ICMP6_BACK = 1184;

/** Memory a datagram costs: [bytes from which on, cost]; above the last row it costs its bytes and 832. Measured on loopback. */
const TRUESIZES: readonly (readonly [number, number])[] = [[7814, 16640], [3718, 8448], [1670, 4352], [646, 2304], [198, 1280], [0, 832]];
const TRUESIZE_PAGES_FROM = 16005;

function udp_truesize(len: number): number {
  if (len >= TRUESIZE_PAGES_FROM) return len + 832;
  for (let i = 0; ; i++) if (len >= TRUESIZES[i]![0]) return TRUESIZES[i]![1];
}

// sending

/** Whom sendto() names. net/ipv4/udp.c:udp_sendmsg @returns address and port, or -errno */
function named_receiver(k: Kernel, sk: udp_sock, name: Uint8Array): inet_address | number {
  let bytes = name;
  if (!is_v6_socket(sk) && name.length >= 16 && (name[0]! | name[1]!) === 0) {
    // AF_UNSPEC passes for AF_INET here.
    bytes = name.slice();
    bytes[0] = AF_INET;
  }
  const to = parse_dgram_sockaddr(k, sk, bytes);
  return typeof to !== 'number' && to.port === 0 ? -EINVAL : to;
}

/** Room came back when the packet passed the device: who waits to write is told, at each datagram. net/core/sock.c:sock_def_write_space_wfree */
function sock_def_write_space_wfree(k: Kernel, sk: udp_sock): void {
  if (skwq_has_sleeper(sk)) __wake_up_sync_key(k, sk.sk_wq!, TASK_INTERRUPTIBLE, POLL_SPACE_KEY);
}

/** The bytes of the caller as one buffer. net/ipv4/ip_output.c:ip_make_skb @returns it, or -EMSGSIZE, a pending error, -EPIPE, -EFAULT */
function udp_make_skb(k: Kernel, sk: udp_sock, msg: msghdr, daddr: number): sk_buff | number {
  const len = msg.msg_iter.count;
  if (len > (is_v6_address(daddr) ? UDP_MAX_IPV6 : UDP_MAX_IPV4)) return -EMSGSIZE;
  const err = sock_error(sk);
  if (err !== 0) return err;
  // No SIGPIPE: that is for streams.
  if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) return -EPIPE;
  const page = new Uint8Array(len);
  if (msg.msg_iter.copy_from(page, 0, len) < len) {
    // The buffer was charged already; that it is freed is room for a writer.
    sock_def_write_space_wfree(k, sk);
    return -EFAULT;
  }
  const skb = new sk_buff();
  if (len > 0) skb_add_frag(skb, page, 0, len);
  skb.truesize = udp_truesize(len);
  skb.ip_protocol = IPPROTO_UDP;
  return skb;
}

/** Sends a datagram of a socket that has a port. net/ipv4/udp.c:udp_sendmsg */
function sendmsg_bound(k: Kernel, sk: udp_sock, msg: msghdr): number {
  const len = msg.msg_iter.count;
  if (len > 0xffff) return -EMSGSIZE;
  const oob = (msg.msg_flags & MSG_OOB) !== 0;
  if (oob && !is_v6_socket(sk)) return -EOPNOTSUPP;
  let to = sk.skc_daddr;
  let port = sk.skc_dport;
  let v6 = is_v6_address(to);
  if (msg.msg_name !== null && msg.msg_namelen > 0) {
    const named = named_receiver(k, sk, msg.msg_name);
    if (typeof named === 'number') return named;
    to = named.addr;
    port = named.port;
    v6 = named.v6;
  } else if (sk.sk_state !== TCP_ESTABLISHED) {
    return -EDESTADDRREQ;
  }
  // Over IPv6 nobody looks at the flag.
  if (oob && !v6) return -EOPNOTSUPP;
  if ((msg.msg_flags & MSG_MORE) !== 0) note(k, 'MSG_MORE on a datagram socket: the datagram leaves at once');
  const daddr = udp_route(k, sk, to, v6);
  if (daddr < 0) return daddr;
  const skb = udp_make_skb(k, sk, msg, daddr);
  if (typeof skb === 'number') return skb;
  skb.saddr = sk.inet_saddr !== 0 ? sk.inet_saddr : source_address(k, daddr);
  skb.source = sk.inet_sport;
  skb.daddr = daddr;
  skb.dest = port;
  sock_def_write_space_wfree(k, sk);
  ip_send_skb(k, skb);
  return len;
}

/** As udp_sendmsg, after a port is taken. Sleeps for the socket lock. net/ipv4/af_inet.c:inet_send_prepare */
function* sendmsg_unbound(k: Kernel, sk: udp_sock, msg: msghdr): Sleeps<number> {
  const err = yield* inet_autobind(k, sk);
  return err < 0 ? err : sendmsg_bound(k, sk, msg);
}

/**
 * Sends one datagram. Only taking a port sleeps. net/ipv4/udp.c:udp_sendmsg
 * @returns bytes, -EDESTADDRREQ, -EMSGSIZE, -EINVAL, -EAFNOSUPPORT, -EACCES, -ENETUNREACH, -EOPNOTSUPP, -EPIPE, -EFAULT, a pending error
 */
export function udp_sendmsg(k: Kernel, sock: socket, msg: msghdr): Might<number> {
  const sk = sock.sk as udp_sock;
  return sk.skc_num === 0 ? sendmsg_unbound(k, sk, msg) : sendmsg_bound(k, sk, msg);
}

// delivery

/**
 * An ICMP error: always one for a socket with IP_RECVERR, else only "port unreachable" for a connected sender. That a host is silent is
 * told to nobody else. net/ipv4/udp.c:udp_err
 */
export function udp_err(k: Kernel, icmp: icmp_error): void {
  const sk = __udp4_lib_lookup(k, icmp.daddr, icmp.dest, icmp.saddr, icmp.source);
  if (sk === null) return;
  const v6 = is_v6_address(icmp.daddr);
  const err = icmp_err_convert(icmp.code);
  if (v6 ? sk.recverr6 : sk.recverr) {
    const offender = make_sockaddr(k, sk, icmp.daddr, 0);
    ip_icmp_error(sk, icmp.packet(v6 ? ICMP6_BACK : ICMP_BACK), err, v6, icmp.code, make_sockaddr(k, sk, icmp.daddr, icmp.dest), offender);
  } else if (sk.sk_state !== TCP_ESTABLISHED || icmp.code < ICMP_PROT_UNREACH) {
    return;
  }
  sk.sk_err = err;
  sk_error_report(k, sk);
}

/** Queues a datagram and wakes, once for each; without room it is lost, but the first always has room. net/ipv4/udp.c:__udp_enqueue_schedule_skb */
function __udp_enqueue_schedule_skb(k: Kernel, sk: udp_sock, skb: sk_buff): void {
  if (sk.sk_rmem_alloc > 0 && sk.sk_rmem_alloc + skb.truesize > sk.sk_rcvbuf) return;
  sk.sk_rmem_alloc += skb.truesize;
  __skb_queue_tail(sk.sk_receive_queue, skb);
  sk.sk_data_ready(k, sk);
}

/** A datagram arrives. net/ipv4/udp.c:udp_rcv */
export function udp_rcv(k: Kernel, skb: sk_buff): void {
  const sk = __udp4_lib_lookup(k, skb.saddr, skb.source, skb.daddr, skb.dest);
  if (sk === null) icmp_send(k, skb, ICMP_PORT_UNREACH);
  else __udp_enqueue_schedule_skb(k, sk, skb);
}

// receiving

/** The first datagram of both queues, left where it is. net/ipv4/udp.c:first_packet_length */
function first_packet(sk: udp_sock): sk_buff | null {
  const { reader_queue, sk_receive_queue } = sk;
  if (reader_queue.first === null) {
    for (let skb = __skb_dequeue(sk_receive_queue); skb !== null; skb = __skb_dequeue(sk_receive_queue)) __skb_queue_tail(reader_queue, skb);
  }
  return reader_queue.first;
}

/** Gives memory back: at the last datagram, or when a quarter of the buffer has come together. net/ipv4/udp.c:udp_rmem_release */
function udp_rmem_release(sk: udp_sock, size: number): void {
  sk.forward_deficit += size;
  if (sk.forward_deficit < sk.sk_rcvbuf >> 2 && sk.reader_queue.first !== null) return;
  sk.sk_rmem_alloc -= sk.forward_deficit;
  sk.forward_deficit = 0;
}

/** A datagram, or why there is none; a pending error comes before data. net/ipv4/udp.c:__skb_recv_udp @returns it, -EAGAIN, or a pending error */
function try_recv_udp(sk: udp_sock, peek: boolean): sk_buff | number {
  const err = sock_error(sk);
  if (err !== 0) return err;
  const skb = first_packet(sk);
  if (skb === null) return -EAGAIN;
  if (peek) return skb;
  __skb_dequeue(sk.reader_queue);
  udp_rmem_release(sk, skb.truesize);
  return skb;
}

/** Waits for a datagram. Sleeps until there is one, an error, a shutdown or the deadline. net/ipv4/udp.c:__skb_recv_udp @returns it, 0 after a shutdown, or -errno */
function* recv_udp_sleeps(k: Kernel, sk: udp_sock, msg: msghdr, flags: number, deadlineNs: number): Sleeps<number> {
  for (;;) {
    const ret = yield* __skb_wait_for_more_packets(k, sk, deadlineNs);
    if (ret !== WAIT) return ret;
    const skb = try_recv_udp(sk, (flags & MSG_PEEK) !== 0);
    if (typeof skb !== 'number') return copy_datagram(k, sk, skb, msg, flags);
    if (skb !== -EAGAIN || sock_expired(k, deadlineNs)) return skb;
  }
}

/** Gives a datagram to the caller; what has no room is lost. net/ipv4/udp.c:udp_recvmsg @returns bytes, or -EFAULT: then it is lost too */
function copy_datagram(k: Kernel, sk: udp_sock, skb: sk_buff, msg: msghdr, flags: number): number {
  const copied = Math.min(msg.msg_iter.count, skb.len);
  if (copied < skb.len) msg.msg_flags |= MSG_TRUNC;
  if (skb_copy_datagram_iter(skb, 0, msg.msg_iter, copied) > 0) return -EFAULT;
  msg.msg_name_out = make_sockaddr(k, sk, skb.saddr, skb.source);
  return (flags & MSG_TRUNC) !== 0 ? skb.len : copied;
}

/**
 * Receives one datagram. Sleeps, when there is none, as recv_udp_sleeps says. net/ipv4/udp.c:udp_recvmsg
 * @returns bytes (with MSG_TRUNC: of the whole datagram), 0 after a shutdown, -EAGAIN, -EFAULT, a pending error, -ERESTARTSYS, -EINTR
 */
export function udp_recvmsg(k: Kernel, sock: socket, msg: msghdr, flags: number): Might<number> {
  const sk = sock.sk as udp_sock;
  if ((flags & MSG_ERRQUEUE) !== 0) return ip_recv_error(k, sk, msg);
  const skb = try_recv_udp(sk, (flags & MSG_PEEK) !== 0);
  if (typeof skb !== 'number') return copy_datagram(k, sk, skb, msg, flags);
  const deadlineNs = sock_deadline(k, sk.sk_rcvtimeo, (flags & MSG_DONTWAIT) !== 0);
  return skb !== -EAGAIN || deadlineNs === 0 ? skb : recv_udp_sleeps(k, sk, msg, flags, deadlineNs);
}

// questions

/** Less than half of the send buffer is on its way. include/net/sock.h:sock_writeable */
function sock_writeable(sk: sock): boolean {
  return sk.sk_wmem_alloc < sk.sk_sndbuf >> 1;
}

/** What is ready. net/core/datagram.c:datagram_poll */
function datagram_poll(k: Kernel, f: file, sock: socket, pt: poll_table | null): number {
  const sk = sock.sk as udp_sock;
  poll_wait(k, f, sk.wq, pt);
  let mask = 0;
  if (sk.sk_err !== 0 || sk.sk_error_queue.first !== null) mask |= EPOLLERR;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
  if (sk.sk_shutdown === SHUTDOWN_MASK) mask |= EPOLLHUP;
  if (sk.sk_receive_queue.first !== null) mask |= EPOLLIN | EPOLLRDNORM;
  if (sock_writeable(sk)) mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
  else sock.nospace = true;
  return mask;
}

/** As datagram_poll, with what receivers have set aside. SO_RCVLOWAT has no say. net/ipv4/udp.c:udp_poll */
export function udp_poll(k: Kernel, f: file, sock: socket, pt: poll_table | null): number {
  const sk = sock.sk as udp_sock;
  const mask = datagram_poll(k, f, sock, pt) | (sk.reader_queue.first !== null ? EPOLLIN | EPOLLRDNORM : 0);
  // A blocking reader must find what was promised: Linux looks at the datagram, which sets the queue aside.
  if ((mask & EPOLLRDNORM) !== 0 && (f.f_flags & O_NONBLOCK) === 0 && (sk.sk_shutdown & RCV_SHUTDOWN) === 0) first_packet(sk);
  return mask;
}

/** SIOCINQ: bytes of the next datagram; SIOCOUTQ: memory of what is on its way. net/ipv4/udp.c:udp_ioctl @returns 0, -EFAULT, -ENOTTY */
export function udp_ioctl(_k: Kernel, sock: socket, cmd: number, arg: user_ptr | number): number {
  const sk = sock.sk as udp_sock;
  let amount: number;
  if (cmd === TIOCOUTQ) amount = sk.sk_wmem_alloc;
  else if (cmd === FIONREAD) amount = first_packet(sk)?.len ?? 0;
  else return -ENOTTY;
  return typeof arg === 'object' && put_user_u32(arg, 0, amount) ? 0 : -EFAULT;
}

/** Options above SOL_SOCKET: those of the network layer. net/ipv4/udp.c:udp_setsockopt @returns 0, -EINVAL, -EFAULT, -ENOPROTOOPT */
export function udp_setsockopt(k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: number): number {
  return ip_setsockopt(k, sock.sk as udp_sock, level, optname, optval, optlen);
}

/** net/ipv4/udp.c:udp_getsockopt @returns 0, -EFAULT, -EINVAL, -ENOPROTOOPT, -EOPNOTSUPP */
export function udp_getsockopt(k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: user_ptr): number {
  return ip_getsockopt(k, sock.sk as udp_sock, level, optname, optval, optlen);
}
