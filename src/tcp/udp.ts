/**
 * UDP endpoints: what one is, which of them holds a port, which of them a datagram belongs to, and the two ends of
 * connect(). It stands beside TCP because both share Internet addresses, routes and the rules of equal local addresses.
 * Linux counterparts: net/ipv4/udp.c, net/ipv4/datagram.c; multicast, broadcast, cork, GRO and UDP-Lite are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EACCES, EADDRINUSE, EAGAIN, EINVAL, ENETUNREACH } from '../kernel/errno.js';
import type { Sleeps } from '../kernel/point.js';
import { sock_net } from '../socket/net.js';
import { __skb_dequeue, sk_buff_head } from '../socket/skbuff.js';
import { lock_sock, release_sock, sock, sock_orphan, TCP_CLOSE, type proto } from '../socket/sock.js';
import type { socket } from '../socket/socket.js';
import { AF_UNSPEC, IPPROTO_UDP, SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK, SOCK_DGRAM } from '../socket/uapi_socket.js';
import { destination_of, INADDR_BROADCAST, is_link_multicast, is_multicast, needs_scope, parse_dgram_sockaddr } from './inet_addr.js';
import { source_address } from './inet_connect.js';
import { inet_ehashfn, inet_rcv_saddr_equal, tcp_net } from './inet_hashtables.js';
import { route_mtu } from './link.js';
import { is_v6_address, is_v6_socket } from './tcp_sock.js';
import { TCP_ESTABLISHED } from './tcp_states.js';

/** net/ipv4/udp.c:udp_prot. Nothing waits on a backlog: datagrams are queued also while the socket is locked. */
const udp_prot: proto = {
  name: 'UDP', backlog_rcv: () => {}, release_cb: null, stream_memory_free: null, set_rcvlowat: null, keepalive: null,
};

/** One UDP endpoint. include/linux/udp.h:udp_sock */
export class udp_sock extends sock {
  // inet_sock
  inet_saddr = 0;
  inet_sport = 0;
  ipv6only = false;
  /** IP_RECVERR: errors are queued, and unconnected senders hear of them too */
  recverr = false;
  recverr6 = false;
  freebind = false;
  /** bound to ::ffff:0.0.0.0: any address, but of IPv4 only */
  mapped_any = false;
  bind_address_no_port = false;

  /** what receivers take from; refilled with the whole receive queue when it is empty */
  readonly reader_queue = new sk_buff_head();
  /** memory of datagrams that were read and are still charged */
  forward_deficit = 0;

  constructor(k: Kernel, family: number) {
    super(k, family, SOCK_DGRAM, IPPROTO_UDP, udp_prot);
    const { sysctl } = sock_net(k);
    this.sk_rcvbuf = sysctl.rmem_default;
    this.sk_sndbuf = sysctl.wmem_default;
    this.sk_uid = k.current.user.uid;
    this.ipv6only = is_v6_socket(this) && sysctl.bindv6only !== 0;
  }
}

// ports

/** Another socket is in the way: both must allow it, and with SO_REUSEPORT alone be of one user. net/ipv4/udp.c:udp_lib_lport_inuse */
function udp_lib_lport_inuse(k: Kernel, sk: udp_sock, port: number): boolean {
  const owners = tcp_net(k).udp.get(port);
  if (owners === undefined) return false;
  for (const sk2 of owners) {
    if ((sk2.sk_reuse && sk.sk_reuse) || !inet_rcv_saddr_equal(sk, sk2)) continue;
    return !(sk2.sk_reuseport && sk.sk_reuseport && sk2.sk_uid === sk.sk_uid);
  }
  return false;
}

/** A free port from a random place on; 0: none. net/ipv4/udp.c:udp_lib_get_port */
function free_port(k: Kernel, sk: udp_sock): number {
  const [low, high] = sock_net(k).sysctl.ip_local_port_range;
  const span = high + 1 - low;
  const start = k.prng.below(span);
  for (let i = 0; i < span; i++) {
    const port = low + ((start + i) % span);
    if (!udp_lib_lport_inuse(k, sk, port)) return port;
  }
  return 0;
}

/** Takes a port, or for 0 a free one. net/ipv4/udp.c:udp_v4_get_port @returns 0 or -EADDRINUSE */
export function udp_v4_get_port(k: Kernel, sk: udp_sock, snum: number): number {
  const port = snum === 0 ? free_port(k, sk) : snum;
  if (port === 0 || (snum !== 0 && udp_lib_lport_inuse(k, sk, port))) return -EADDRINUSE;
  sk.skc_num = port;
  sk.inet_sport = port;
  sk.skc_hashed = true;
  const table = tcp_net(k).udp;
  const owners = table.get(port);
  if (owners === undefined) table.set(port, [sk]);
  else owners.unshift(sk);
  return 0;
}

/** Gives the port up. net/ipv4/udp.c:udp_lib_unhash */
function udp_lib_unhash(k: Kernel, sk: udp_sock): void {
  if (!sk.skc_hashed) return;
  const table = tcp_net(k).udp;
  const owners = table.get(sk.skc_num)!;
  owners.splice(owners.indexOf(sk), 1);
  if (owners.length === 0) table.delete(sk.skc_num);
  sk.skc_hashed = false;
  sk.skc_num = 0;
}

/** Takes a port for a socket that sends or connects without bind(). Sleeps for the socket lock. net/ipv4/af_inet.c:inet_autobind @returns 0 or -EAGAIN */
export function* inet_autobind(k: Kernel, sk: udp_sock): Sleeps<number> {
  yield* lock_sock(k, sk);
  const err = sk.skc_num === 0 && udp_v4_get_port(k, sk, 0) !== 0 ? -EAGAIN : 0;
  release_sock(k, sk);
  return err;
}

// lookup

/** How well a socket fits a datagram: -1 not at all; a bound address counts most, then a connection. net/ipv4/udp.c:compute_score */
function compute_score(sk: udp_sock, saddr: number, sport: number, daddr: number): number {
  const v6 = is_v6_address(daddr);
  if (is_v6_socket(sk) && !sk.mapped_any ? sk.ipv6only && !v6 : v6) return -1;
  let score = is_v6_socket(sk) ? 1 : 2;
  if (sk.skc_rcv_saddr !== 0) {
    if (sk.skc_rcv_saddr !== daddr) return -1;
    score += 32;
  }
  if (sk.skc_daddr !== 0) {
    if (sk.skc_daddr !== saddr) return -1;
    score += 8;
  }
  if (sk.skc_dport !== 0) {
    if (sk.skc_dport !== sport) return -1;
    score += 8;
  }
  return score;
}

/** The socket that a datagram is for, or null: among equals the newest, or by a hash in a SO_REUSEPORT group. net/ipv4/udp.c:__udp4_lib_lookup */
export function __udp4_lib_lookup(k: Kernel, saddr: number, sport: number, daddr: number, dport: number): udp_sock | null {
  const owners = tcp_net(k).udp.get(dport);
  if (owners === undefined) return null;
  let best: udp_sock | null = null;
  let badness = -1;
  for (const sk of owners) {
    const score = compute_score(sk, saddr, sport, daddr);
    if (score <= badness) continue;
    badness = score;
    best = sk;
  }
  if (best === null || !best.sk_reuseport || best.sk_state === TCP_ESTABLISHED) return best;
  const group = owners.filter((sk) => sk.sk_reuseport && compute_score(sk, saddr, sport, daddr) === badness);
  return group[inet_ehashfn(saddr, sport, daddr, dport) % group.length]!;
}

// connect, disconnect, close

/** Where packets to an address go: the address itself, or for "any" the machine. net/ipv4/route.c:ip_route_output_key @returns an address, or -errno */
export function udp_route(k: Kernel, sk: udp_sock, addr: number, v6: boolean): number {
  const daddr = destination_of(sk, addr, v6);
  if (daddr < 0) return daddr;
  if (daddr === INADDR_BROADCAST) return -EACCES;
  return is_multicast(daddr) || route_mtu(k, daddr) === 0 ? -ENETUNREACH : daddr;
}

/** Makes one address the only one that is sent to and heard of. What is queued stays. net/ipv4/datagram.c:__ip4_datagram_connect @returns 0 or -errno */
function __ip4_datagram_connect(k: Kernel, sk: udp_sock, uaddr: Uint8Array): number {
  const to = parse_dgram_sockaddr(k, sk, uaddr);
  if (typeof to === 'number') return to;
  if (needs_scope(k, to.addr) || is_link_multicast(k, to.addr)) return -EINVAL;
  const daddr = udp_route(k, sk, to.addr, to.v6);
  if (daddr < 0) return daddr;
  const saddr = source_address(k, daddr);
  if (sk.inet_saddr === 0) sk.inet_saddr = saddr;
  if (sk.skc_rcv_saddr === 0) sk.skc_rcv_saddr = saddr;
  sk.skc_daddr = daddr;
  sk.skc_dport = to.port;
  sk.sk_state = TCP_ESTABLISHED;
  return 0;
}

/** Back to no peer. Only what bind() was given explicitly stays; so do a pending error and shutdown(). net/ipv4/udp.c:__udp_disconnect */
function __udp_disconnect(k: Kernel, sk: udp_sock): number {
  sk.sk_state = TCP_CLOSE;
  sk.skc_daddr = 0;
  sk.skc_dport = 0;
  if ((sk.sk_userlocks & SOCK_BINDADDR_LOCK) === 0) {
    sk.inet_saddr = 0;
    sk.skc_rcv_saddr = 0;
  }
  if ((sk.sk_userlocks & SOCK_BINDPORT_LOCK) === 0) {
    udp_lib_unhash(k, sk);
    sk.inet_sport = 0;
  }
  return 0;
}

/** connect(2). Sleeps for the socket lock. net/ipv4/af_inet.c:inet_dgram_connect @returns 0, -EINVAL, -EAFNOSUPPORT, -EACCES, -ENETUNREACH, -EAGAIN */
export function* inet_dgram_connect(k: Kernel, sock: socket, uaddr: Uint8Array): Sleeps<number> {
  const sk = sock.sk as udp_sock;
  if (uaddr.length < 2) return -EINVAL;
  const unspec = uaddr[0] === AF_UNSPEC && uaddr[1] === 0;
  if (!unspec && sk.skc_num === 0) {
    const err = yield* inet_autobind(k, sk);
    if (err < 0) return err;
  }
  yield* lock_sock(k, sk);
  const err = unspec ? __udp_disconnect(k, sk) : __ip4_datagram_connect(k, sk, uaddr);
  release_sock(k, sk);
  return err;
}

/** The last descriptor is closed; what was not read is lost. Sleeps for the socket lock. net/core/sock.c:sk_common_release */
export function* udp_lib_close(k: Kernel, sk: udp_sock): Sleeps<void> {
  yield* lock_sock(k, sk);
  udp_lib_unhash(k, sk);
  sock_orphan(sk);
  while (__skb_dequeue(sk.reader_queue) !== null);
  while (__skb_dequeue(sk.sk_receive_queue) !== null);
  sk.sk_rmem_alloc = 0;
  release_sock(k, sk);
}
