/**
 * The tables of TCP: who is bound to a port, who listens, and which connection a 4-tuple belongs to; and how a port
 * is chosen. Linux counterparts: net/ipv4/inet_hashtables.c, net/ipv4/inet_connection_sock.c. Devices, network
 * namespaces and BPF selection are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EADDRINUSE, EADDRNOTAVAIL } from '../kernel/errno.js';
import { BUG_ON } from '../kernel/bug.js';
import { sock_net } from '../socket/net.js';
import type { sk_buff } from '../socket/skbuff.js';
import { SOCK_BINDPORT_LOCK } from '../socket/uapi_socket.js';
import { type sock_common } from '../socket/sock.js';
import type { net_device } from './cable.js';
import type { neighbour } from './neighbour.js';
import { is_v6_address, is_v6_socket, type tcp_request_sock, type tcp_sock, type tcp_timewait_sock } from './tcp_sock.js';
import { TCP_LISTEN, TCP_NEW_SYN_RECV, TCP_TIME_WAIT } from './tcp_states.js';
import type { udp_sock } from './udp.js';
import { ip_local_deliver } from './ip_input.js';

/** What one address of a link does with segments sent to it: a peer that a test plays, or nobody. */
export type link_peer = (k: Kernel, skb: sk_buff) => void;

/** Everybody who holds a port. include/net/inet_hashtables.h:inet_bind_bucket */
export class inet_bind_bucket {
  readonly port: number;
  readonly owners: (tcp_sock | tcp_timewait_sock)[] = [];
  /** somebody took the port by bind(); connect() takes only ports of connect() a second time */
  bound = false;

  constructor(port: number) {
    this.port = port;
  }
}

/** TCP's part of the namespace. include/net/inet_hashtables.h:inet_hashinfo */
export class tcp_netns {
  readonly bhash = new Map<number, inet_bind_bucket>();
  readonly lhash = new Map<number, tcp_sock[]>();
  readonly ehash = new Map<number, sock_common[]>();
  /** IPv6 addresses by number, see inet_addr.ts */
  readonly in6: Uint8Array[] = [];
  /** addresses of this machine besides loopback */
  readonly local_addresses = new Set<number>();
  /** the devices besides loopback. include/net/net_namespace.h:net.dev_base_head */
  readonly devices: net_device[] = [];
  /** hosts beyond those devices, by address. include/net/neighbour.h:neigh_table */
  readonly neighbours = new Map<number, neighbour>();
  /** addresses beyond the host that a test plays, and who answers there */
  readonly peers = new Map<number, link_peer>();
  /** what the devices towards `peers` carry, headers included */
  peer_mtu = 1500;
  /** MTU of loopback. drivers/net/loopback.c:loopback_setup */
  loopback_mtu = 65536;
  /** packets on the wire have fates: each is a decision of kind `packet` */
  faulty = false;
  /** sees every segment; answers a fate (as the decision does) or null for no opinion */
  tap: ((k: Kernel, skb: sk_buff) => number | null) | null = null;
  /** is told of packets that leave a device, and of those that arrive over a link; null: nobody. include/linux/netdevice.h:ptype_all */
  ptype_all: ((k: Kernel, skb: sk_buff, direction: 'out' | 'in') => void) | null = null;
  /** a segment that waits to be overtaken by the next one */
  held: sk_buff | null = null;
  orphans = 0;
  /** who holds which UDP port, the newest first. include/net/udp.h:udp_table */
  readonly udp = new Map<number, udp_sock[]>();
  /** every endpoint that exists, for views and leak checks */
  readonly socks = new Set<tcp_sock>();
  readonly timewaits = new Set<tcp_timewait_sock>();
}

/** TCP's part of the namespace, made at first use. ours: Linux has it from boot */
export function tcp_net(k: Kernel): tcp_netns {
  const net = sock_net(k);
  if (net.tcp === null) {
    net.tcp = new tcp_netns();
    k.softnet.receive = ip_local_deliver;
  }
  return net.tcp as tcp_netns;
}

/** Both ports in one small integer. */
function ehash_key(lport: number, rport: number): number {
  return (lport << 16) | rport;
}

/** Enters a connection. net/ipv4/inet_hashtables.c:inet_ehash_insert */
export function inet_ehash_insert(k: Kernel, sk: sock_common): void {
  BUG_ON(sk.skc_hashed, 'ehash: a connection is entered twice');
  const { ehash } = tcp_net(k);
  const key = ehash_key(sk.skc_num, sk.skc_dport);
  const chain = ehash.get(key);
  if (chain === undefined) ehash.set(key, [sk]);
  else chain.push(sk);
  sk.skc_hashed = true;
}

/** Takes a connection or a listener out. net/ipv4/inet_hashtables.c:inet_unhash */
export function inet_unhash(k: Kernel, sk: sock_common): void {
  if (!sk.skc_hashed) return;
  const net = tcp_net(k);
  const key = ehash_key(sk.skc_num, sk.skc_dport);
  remove_from(net.ehash, key, sk);
  remove_from(net.lhash, sk.skc_num, sk as tcp_sock);
  sk.skc_hashed = false;
}

function remove_from<T>(table: Map<number, T[]>, key: number, item: T): void {
  const chain = table.get(key);
  const at = chain === undefined ? -1 : chain.indexOf(item);
  if (at < 0) return;
  if (chain!.length === 1) table.delete(key);
  else chain!.splice(at, 1);
}

/** The connection that a segment belongs to, or null. net/ipv4/inet_hashtables.c:__inet_lookup_established */
export function __inet_lookup_established(k: Kernel, saddr: number, sport: number, daddr: number, dport: number): sock_common | null {
  const chain = tcp_net(k).ehash.get((dport << 16) | sport);
  if (chain === undefined) return null;
  for (let i = 0; i < chain.length; i++) {
    const sk = chain[i]!;
    if (sk.skc_daddr === saddr && sk.skc_rcv_saddr === daddr) return sk;
  }
  return null;
}

/** Enters a listener. net/ipv4/inet_hashtables.c:__inet_hash */
export function inet_hash_listener(k: Kernel, sk: tcp_sock): void {
  const { lhash } = tcp_net(k);
  const chain = lhash.get(sk.skc_num);
  if (chain === undefined) lhash.set(sk.skc_num, [sk]);
  else chain.push(sk);
  sk.skc_hashed = true;
}

/** How well a listener fits: -1 not at all; a bound address counts more than any. net/ipv4/inet_hashtables.c:compute_score */
function compute_score(sk: tcp_sock, daddr: number): number {
  const v6 = is_v6_address(daddr);
  if (sk.skc_rcv_saddr !== 0) return sk.skc_rcv_saddr === daddr ? 3 : -1;
  if (is_v6_socket(sk) && !sk.mapped_any) return v6 ? 1 : sk.ipv6only ? -1 : 1;
  return v6 ? -1 : 2;
}

/** The listener for a SYN; among equals of a REUSEPORT group a hash of the 4-tuple decides. net/ipv4/inet_hashtables.c:__inet_lookup_listener */
export function __inet_lookup_listener(k: Kernel, saddr: number, sport: number, daddr: number, dport: number): tcp_sock | null {
  const chain = tcp_net(k).lhash.get(dport);
  if (chain === undefined) return null;
  let best: tcp_sock | null = null;
  let score = -1;
  for (const sk of chain) {
    const s = compute_score(sk, daddr);
    if (s > score) {
      score = s;
      best = sk;
    }
  }
  if (best === null || !best.sk_reuseport) return best;
  const group = chain.filter((sk) => sk.sk_reuseport && compute_score(sk, daddr) === score);
  return group[inet_ehashfn(saddr, sport, daddr, dport) % group.length]!;
}

/** A hash of the 4-tuple. net/ipv4/inet_hashtables.c:inet_ehashfn */
export function inet_ehashfn(saddr: number, sport: number, daddr: number, dport: number): number {
  let h = Math.imul(saddr ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(daddr + sport, 0xc2b2ae35) ^ Math.imul(dport ^ sport, 0x27d4eb2f);
  h ^= h >>> 15;
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

// ports

/** Whoever can hold a port of TCP or UDP. include/net/inet_sock.h */
type inet_bound = sock_common & { readonly ipv6only: boolean; readonly mapped_any: boolean };

/** Two local addresses of one port cannot be told apart. net/ipv4/inet_connection_sock.c:inet_rcv_saddr_equal */
export function inet_rcv_saddr_equal(a: inet_bound, b: inet_bound): boolean {
  if (a.skc_rcv_saddr !== 0 && b.skc_rcv_saddr !== 0) return a.skc_rcv_saddr === b.skc_rcv_saddr;
  // One of them is bound to any address. `::` covers IPv4 unless the socket is for IPv6 only.
  return covers(a, b) && covers(b, a);
}

function covers(any: inet_bound, other: inet_bound): boolean {
  if (any.skc_rcv_saddr !== 0) return true;
  if (!is_v6_socket(any) || any.mapped_any) return !is_v6_address(other.skc_rcv_saddr) && !(is_v6_socket(other) && other.skc_rcv_saddr === 0 && other.ipv6only);
  if (!any.ipv6only) return true;
  return is_v6_socket(other) && (other.skc_rcv_saddr === 0 || is_v6_address(other.skc_rcv_saddr));
}

/** One owner of the port is in the way of another. net/ipv4/inet_connection_sock.c:inet_bind_conflict */
function inet_bind_conflict(sk: tcp_sock, sk2: tcp_sock | tcp_timewait_sock): boolean {
  if (sk === sk2 || !inet_rcv_saddr_equal(sk, sk2)) return false;
  if (sk.sk_reuse && sk2.sk_reuse && sk2.sk_state !== TCP_LISTEN) return false;
  return !(sk.sk_reuseport && sk2.sk_reuseport && (sk2.sk_state === TCP_TIME_WAIT || sk.sk_uid === sk2.sk_uid));
}

function bucket_conflict(sk: tcp_sock, tb: inet_bind_bucket): boolean {
  for (const sk2 of tb.owners) if (inet_bind_conflict(sk, sk2)) return true;
  return false;
}

function port_bucket(k: Kernel, port: number): inet_bind_bucket {
  const { bhash } = tcp_net(k);
  let tb = bhash.get(port);
  if (tb === undefined) {
    tb = new inet_bind_bucket(port);
    bhash.set(port, tb);
  }
  return tb;
}

/** Makes a socket an owner of a port. net/ipv4/inet_hashtables.c:inet_bind_hash */
export function inet_bind_hash(sk: tcp_sock, tb: inet_bind_bucket): void {
  sk.skc_num = tb.port;
  sk.inet_sport = tb.port;
  sk.icsk_bind_hash = tb;
  if (!tb.owners.includes(sk)) tb.owners.push(sk);
}

/** Gives the port up. net/ipv4/inet_hashtables.c:inet_put_port */
export function inet_put_port(k: Kernel, sk: tcp_sock): void {
  const tb = sk.icsk_bind_hash;
  if (tb === null) return;
  sk.icsk_bind_hash = null;
  sk.skc_num = 0;
  leave_bucket(k, tb, sk);
}

/** Takes an owner out of a bucket, and the bucket away with its last owner. net/ipv4/inet_hashtables.c:inet_bind_bucket_destroy */
export function leave_bucket(k: Kernel, tb: inet_bind_bucket, owner: tcp_sock | tcp_timewait_sock): void {
  const at = tb.owners.indexOf(owner);
  if (at >= 0) tb.owners.splice(at, 1);
  if (tb.owners.length === 0) tcp_net(k).bhash.delete(tb.port);
}

/** Takes a port for bind() or listen(): the given one, or, for 0, a free odd one. net/ipv4/inet_connection_sock.c:inet_csk_get_port @returns 0 or -EADDRINUSE */
export function inet_csk_get_port(k: Kernel, sk: tcp_sock, snum: number): number {
  const port = snum === 0 ? inet_csk_find_open_port(k, sk) : snum;
  if (port === 0) return -EADDRINUSE;
  const tb = port_bucket(k, port);
  if (snum !== 0 && bucket_conflict(sk, tb)) return -EADDRINUSE;
  tb.bound = true;
  inet_bind_hash(sk, tb);
  return 0;
}

/** A free port: odd ones first, from a random place. net/ipv4/inet_connection_sock.c:inet_csk_find_open_port @returns 0 when there is none */
function inet_csk_find_open_port(k: Kernel, sk: tcp_sock): number {
  const [low, high] = sock_net(k).sysctl.ip_local_port_range;
  const span = (high + 1 - low) & ~1;
  const start = k.prng.below(span) | 1;
  for (const parity of [1, 0]) {
    for (let i = 0; i < span; i += 2) {
      const port = low + ((((start & ~1) + i) % span) | parity);
      const tb = tcp_net(k).bhash.get(port);
      if (tb === undefined || !bucket_conflict(sk, tb)) return port;
    }
  }
  return 0;
}

/** The 4-tuple is taken by another connection. net/ipv4/inet_hashtables.c:__inet_check_established */
function tuple_taken(k: Kernel, sk: tcp_sock, port: number): boolean {
  const other = __inet_lookup_established(k, sk.skc_daddr, sk.skc_dport, sk.skc_rcv_saddr, port);
  return other !== null && other !== sk && other.sk_state !== TCP_NEW_SYN_RECV;
}

/** Takes a local port for connect(), an even one if the socket has none, and enters the connection. net/ipv4/inet_hashtables.c:__inet_hash_connect */
export function inet_hash_connect(k: Kernel, sk: tcp_sock): number {
  if (sk.skc_num !== 0) {
    if (tuple_taken(k, sk, sk.skc_num)) return -EADDRNOTAVAIL;
    inet_ehash_insert(k, sk);
    return 0;
  }
  const [low, high] = sock_net(k).sysctl.ip_local_port_range;
  const span = (high + 1 - low) & ~1;
  const start = k.prng.below(span) & ~1;
  for (const parity of [0, 1]) {
    for (let i = 0; i < span; i += 2) {
      const port = low + (((start + i) % span) | parity);
      const tb = tcp_net(k).bhash.get(port);
      if (tb !== undefined && (tb.bound || tuple_taken(k, sk, port))) continue;
      inet_bind_hash(sk, tb ?? port_bucket(k, port));
      inet_ehash_insert(k, sk);
      return 0;
    }
  }
  return -EADDRNOTAVAIL;
}

/** A child is on its listener's port. net/ipv4/inet_hashtables.c:__inet_inherit_port */
export function __inet_inherit_port(k: Kernel, sk: tcp_sock, child: tcp_sock): void {
  inet_bind_hash(child, sk.icsk_bind_hash ?? port_bucket(k, sk.skc_num));
}

/** True when the port was chosen by bind(), so that disconnect keeps it. include/net/sock.h:SOCK_BINDPORT_LOCK */
export function port_is_locked(sk: tcp_sock): boolean {
  return (sk.sk_userlocks & SOCK_BINDPORT_LOCK) !== 0;
}

/** The listener side of a half-open request, or null when it stopped listening. include/net/request_sock.h */
export function reqsk_listener(req: tcp_request_sock): tcp_sock | null {
  return req.rsk_listener.sk_state === TCP_LISTEN ? req.rsk_listener : null;
}
