/**
 * AF_INET and AF_INET6 as families: making a TCP or UDP socket, bind, names, shutdown, release, and the tables of
 * their operations. Linux counterparts: net/ipv4/af_inet.c, net/ipv6/af_inet6.c. Raw sockets do not exist.
 */

import type { Kernel } from '../kernel/kernel.js';
import {
  EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, ENOTCONN, EOPNOTSUPP, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT,
} from '../kernel/errno.js';
import type { Sleeps } from '../kernel/point.js';
import { PF_EXITING } from '../kernel/task.js';
import { leave } from '../kernel/trace.js';
import { lock_sock, release_sock, sock_flag, sock_init_data } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import type { net_proto_family, proto_ops, socket } from '../socket/socket.js';
import {
  AF_INET, AF_INET6, AF_UNSPEC, IPPROTO_IP, IPPROTO_MAX, IPPROTO_TCP, IPPROTO_UDP, RCV_SHUTDOWN, SHUTDOWN_MASK, SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK,
  SOCK_DGRAM, SOCK_LINGER, SOCK_RAW, SOCK_STREAM, SS_CONNECTED, SS_CONNECTING, SS_DISCONNECTING, SS_UNCONNECTED,
} from '../socket/uapi_socket.js';
import { INADDR_ANY, INADDR_BROADCAST, type inet_address, is_local_address, is_multicast, make_sockaddr, parse_sockaddr, port_needs_privilege } from './inet_addr.js';
import { inet_accept, inet_listen } from './inet_csk_accept.js';
import { inet_stream_connect } from './inet_connect.js';
import { inet_csk_get_port } from './inet_hashtables.js';
import { tcp_close } from './tcp_close.js';
import { tcp_disconnect } from './tcp_disconnect.js';
import { new_tcp_sock } from './tcp_init.js';
import { tcp_ioctl } from './tcp_ioctl.js';
import { tcp_poll } from './tcp_poll.js';
import { tcp_recvmsg } from './tcp_recvmsg.js';
import { tcp_sendmsg } from './tcp_sendmsg.js';
import { tcp_shutdown } from './tcp_shutdown.js';
import { is_v6_socket, type tcp_sock } from './tcp_sock.js';
import { tcp_getsockopt, tcp_setsockopt } from './tcp_sockopt.js';
import { in_states, TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT, TCPF_CLOSE, TCPF_SYN_RECV, TCPF_SYN_SENT } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { inet_dgram_connect, udp_lib_close, udp_sock, udp_v4_get_port } from './udp.js';
import { udp_getsockopt, udp_ioctl, udp_poll, udp_recvmsg, udp_sendmsg, udp_setsockopt } from './udp_data.js';

const F = TCP_FUNCTIONS.id;

/** Endpoints of both protocols. include/net/inet_sock.h:inet_sock */
type inet_sock = tcp_sock | udp_sock;

/** Tests of an address for bind(), before the lock. net/ipv4/af_inet.c:__inet_bind @returns 0 or -errno */
function bind_address(k: Kernel, sk: inet_sock, uaddr: Uint8Array): inet_address | number {
  let from = parse_sockaddr(k, sk, uaddr);
  if (from === -EAFNOSUPPORT && !is_v6_socket(sk) && uaddr[0] === AF_UNSPEC && uaddr[1] === 0) {
    // Old programs forget the family; 0.0.0.0 is let pass.
    const patched = uaddr.slice();
    patched[0] = AF_INET;
    const parsed = parse_sockaddr(k, sk, patched);
    if (typeof parsed !== 'number' && parsed.addr === INADDR_ANY) from = parsed;
  }
  if (typeof from === 'number') return from;
  const { addr, port, v6 } = from;
  if (sk.ipv6only && !v6) return -EINVAL;
  if (!sk.freebind && addr !== INADDR_ANY && addr !== INADDR_BROADCAST && !is_multicast(addr) && !is_local_address(k, addr)) return -EADDRNOTAVAIL;
  if (port_needs_privilege(k, port) && !k.current.capable) return -EACCES;
  return from;
}

/** A port for bind(), unless connect() shall choose it. net/ipv4/af_inet.c:__inet_bind @returns 0 or -errno */
function take_port(k: Kernel, sk: inet_sock, port: number): number {
  if (port === 0 && sk.bind_address_no_port) return 0;
  return sk instanceof udp_sock ? udp_v4_get_port(k, sk, port) : inet_csk_get_port(k, sk, port);
}

/** bind(2). Sleeps for the socket lock. net/ipv4/af_inet.c:inet_bind @returns 0 or -errno */
function* inet_bind(k: Kernel, sock: socket, uaddr: Uint8Array): Sleeps<number> {
  const sk = sock.sk as inet_sock;
  const from = bind_address(k, sk, uaddr);
  if (typeof from === 'number') return from;
  yield* lock_sock(k, sk);
  const err = inet_bind_locked(k, sk, from);
  release_sock(k, sk);
  return err;
}

function inet_bind_locked(k: Kernel, sk: inet_sock, { addr, port, v6 }: inet_address): number {
  if (sk.sk_state !== TCP_CLOSE || sk.skc_num !== 0) return -EINVAL;
  sk.skc_rcv_saddr = addr;
  sk.inet_saddr = addr === INADDR_BROADCAST || is_multicast(addr) ? INADDR_ANY : addr;
  sk.mapped_any = addr === INADDR_ANY && !v6 && is_v6_socket(sk);
  const err = take_port(k, sk, port);
  if (err !== 0) {
    sk.skc_rcv_saddr = 0;
    sk.inet_saddr = 0;
    sk.mapped_any = false;
    return -EADDRINUSE;
  }
  if (addr !== INADDR_ANY || sk.mapped_any) sk.sk_userlocks |= SOCK_BINDADDR_LOCK;
  if (port !== 0) sk.sk_userlocks |= SOCK_BINDPORT_LOCK;
  sk.skc_daddr = 0;
  sk.skc_dport = 0;
  return 0;
}

/** Addresses of the two ends. net/ipv4/af_inet.c:inet_getname */
function inet_getname(k: Kernel, sock: socket, peer: number): Uint8Array | number {
  const sk = sock.sk as inet_sock;
  if (peer === 0) return make_sockaddr(k, sk, sk.skc_rcv_saddr !== 0 ? sk.skc_rcv_saddr : sk.inet_saddr, sk.inet_sport, sk.mapped_any);
  if (sk.skc_dport === 0 || (in_states(sk.sk_state, TCPF_CLOSE | TCPF_SYN_SENT) && peer === 1)) return -ENOTCONN;
  return make_sockaddr(k, sk, sk.skc_daddr, sk.skc_dport);
}

/** shutdown(2). Sleeps for the socket lock. net/ipv4/af_inet.c:inet_shutdown @param how SHUT_RD, SHUT_WR, SHUT_RDWR @returns 0 or -errno */
function* inet_shutdown(k: Kernel, sock: socket, how: number): Sleeps<number> {
  const sk = sock.sk as inet_sock;
  if (k.trace !== null) enter_sk(k, F.inet_shutdown, sk);
  const bits = how + 1;
  if ((bits & ~SHUTDOWN_MASK) !== 0 || bits === 0) return leave(k, -EINVAL);
  yield* lock_sock(k, sk);
  const err = inet_shutdown_locked(k, sock, sk, bits);
  sk.sk_state_change(k, sk);
  release_sock(k, sk);
  return leave(k, err);
}

function inet_shutdown_locked(k: Kernel, sock: socket, sk: inet_sock, bits: number): number {
  if (sk instanceof udp_sock) {
    sk.sk_shutdown |= bits;
    return sk.sk_state === TCP_CLOSE ? -ENOTCONN : 0;
  }
  if (sock.state === SS_CONNECTING) {
    sock.state = in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE) ? SS_DISCONNECTING : SS_CONNECTED;
  }
  const { sk_state: state } = sk;
  if (state === TCP_LISTEN && (bits & RCV_SHUTDOWN) === 0) return 0;
  if (state === TCP_LISTEN || state === TCP_SYN_SENT) {
    tcp_disconnect(k, sk);
    sock.state = SS_UNCONNECTED;
    return 0;
  }
  // The bits are set even on a socket that is not connected, and whoever waits is told.
  sk.sk_shutdown |= bits;
  tcp_shutdown(k, sk, bits);
  return state === TCP_CLOSE ? -ENOTCONN : 0;
}

/** The last reference is gone. Sleeps where tcp_close and udp_lib_close do. net/ipv4/af_inet.c:inet_release */
function* inet_release(k: Kernel, sock: socket): Sleeps<void> {
  const sk = sock.sk as inet_sock | null;
  if (sk === null) return;
  if (k.trace !== null) enter_sk(k, F.inet_release, sk);
  // A process that exits does not wait.
  const lingers = sock_flag(sk, SOCK_LINGER) && (k.current.flags & PF_EXITING) === 0 && sk.sk_lingertime > 0;
  if (sk instanceof udp_sock) yield* udp_lib_close(k, sk);
  else yield* tcp_close(k, sk, lingers ? k.clock.nowNs + sk.sk_lingertime * 1e9 : 0);
  sock.sk = null;
  leave(k, 0);
}

function make_ops(family: number): proto_ops {
  return {
    family,
    bind: inet_bind,
    connect: inet_stream_connect,
    socketpair: null,
    accept: inet_accept,
    getname: inet_getname,
    poll: tcp_poll,
    ioctl: tcp_ioctl,
    listen: inet_listen,
    shutdown: inet_shutdown,
    setsockopt: tcp_setsockopt,
    getsockopt: tcp_getsockopt,
    sendmsg: tcp_sendmsg,
    recvmsg: tcp_recvmsg,
    release: inet_release,
    show_fdinfo: null,
  };
}

/** net/ipv4/af_inet.c:inet_stream_ops */
export const inet_stream_ops: proto_ops = make_ops(AF_INET);
/** net/ipv6/af_inet6.c:inet6_stream_ops */
export const inet6_stream_ops: proto_ops = make_ops(AF_INET6);

/** net/core/sock.c:sock_no_listen and its like */
function not_supported(): number {
  return -EOPNOTSUPP;
}

function make_dgram_ops(stream: proto_ops): proto_ops {
  return {
    ...stream,
    connect: inet_dgram_connect,
    accept: not_supported,
    poll: udp_poll,
    ioctl: udp_ioctl,
    listen: not_supported,
    setsockopt: udp_setsockopt,
    getsockopt: udp_getsockopt,
    sendmsg: udp_sendmsg,
    recvmsg: udp_recvmsg,
  };
}

/** net/ipv4/af_inet.c:inet_dgram_ops */
const inet_dgram_ops: proto_ops = make_dgram_ops(inet_stream_ops);
/** net/ipv6/af_inet6.c:inet6_dgram_ops */
const inet6_dgram_ops: proto_ops = make_dgram_ops(inet6_stream_ops);

/** Makes an Internet socket. net/ipv4/af_inet.c:inet_create @returns 0 or -errno */
function inet_create(k: Kernel, sock: socket, protocol: number, family: number): number {
  if (protocol < 0 || protocol >= IPPROTO_MAX) return -EINVAL;
  if (sock.type !== SOCK_STREAM && sock.type !== SOCK_DGRAM && sock.type !== SOCK_RAW) return -ESOCKTNOSUPPORT;
  if (sock.type === SOCK_RAW && protocol !== IPPROTO_IP && !k.current.capable) return -EPERM;
  const own = sock.type === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  if (sock.type === SOCK_RAW || (protocol !== IPPROTO_IP && protocol !== own)) return -EPROTONOSUPPORT;
  sock.state = SS_UNCONNECTED;
  if (sock.type === SOCK_STREAM) {
    sock.ops = family === AF_INET ? inet_stream_ops : inet6_stream_ops;
    sock_init_data(sock, new_tcp_sock(k, family));
  } else {
    sock.ops = family === AF_INET ? inet_dgram_ops : inet6_dgram_ops;
    sock_init_data(sock, new udp_sock(k, family));
  }
  return 0;
}

/** net/ipv4/af_inet.c:inet_family_ops */
export const inet_family: net_proto_family = { family: AF_INET, create: (k, sock, protocol) => inet_create(k, sock, protocol, AF_INET) };
/** net/ipv6/af_inet6.c:inet6_family_ops */
export const inet6_family: net_proto_family = { family: AF_INET6, create: (k, sock, protocol) => inet_create(k, sock, protocol, AF_INET6) };
