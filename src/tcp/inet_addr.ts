/**
 * Internet addresses as numbers: IPv4 as its 32 bits, also when it is written ::ffff:a.b.c.d; other IPv6 addresses get
 * a number above 2^32 when they are first seen, `::` is 0 like 0.0.0.0. So the tables of connections compare plain
 * numbers. Linux counterparts: net/ipv4/af_inet.c, net/ipv6/addrconf.c; scopes and flow labels are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EAFNOSUPPORT, EINVAL, ENETUNREACH } from '../kernel/errno.js';
import { sock_net } from '../socket/net.js';
import type { sock_common } from '../socket/sock.js';
import { AF_INET, AF_INET6, SOCK_BINDADDR_LOCK } from '../socket/uapi_socket.js';
import { tcp_net } from './inet_hashtables.js';
import { is_v6_address, is_v6_socket } from './tcp_sock.js';

export const INADDR_ANY = 0;
export const INADDR_LOOPBACK = 0x7f000001;
export const INADDR_BROADCAST = 0xffffffff;
/** the number of ::1 */
export const IN6ADDR_LOOPBACK = 0x100000001;

/** An address and a port, as a program gave them. */
export interface inet_address {
  addr: number;
  port: number;
  /** an IPv6 address, so that `::` is not 0.0.0.0; ::ffff:a.b.c.d is IPv4 */
  v6: boolean;
}

function in6_key(bytes: Uint8Array): string {
  let key = '';
  for (let i = 0; i < 16; i++) key += String.fromCharCode(bytes[i]!);
  return key;
}

/** The number of 16 bytes. ours: see the head of the file */
export function in6_addr(k: Kernel, bytes: Uint8Array): number {
  if (is_v4_mapped(bytes, 0)) return be32(bytes, 12);
  let zeros = 0;
  while (zeros < 16 && bytes[zeros] === 0) zeros++;
  if (zeros === 16) return INADDR_ANY;
  if (zeros === 15 && bytes[15] === 1) return IN6ADDR_LOOPBACK;
  const { in6 } = tcp_net(k);
  const key = in6_key(bytes);
  let index = in6.findIndex((known) => in6_key(known) === key);
  if (index < 0) index = in6.push(bytes.slice(0, 16)) - 1;
  return IN6ADDR_LOOPBACK + 1 + index;
}

/** ::ffff:a.b.c.d at an offset. include/net/ipv6.h:ipv6_addr_v4mapped */
function is_v4_mapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** The 16 bytes of a number; an IPv4 address is mapped. ours: the other way of in6_addr @param mapped_any 0 is ::ffff:0.0.0.0, not :: */
export function in6_bytes(k: Kernel, addr: number, mapped_any = false): Uint8Array {
  const bytes = new Uint8Array(16);
  if (addr === IN6ADDR_LOOPBACK) bytes[15] = 1;
  else if (addr > IN6ADDR_LOOPBACK) bytes.set(tcp_net(k).in6[addr - IN6ADDR_LOOPBACK - 1]!);
  else if (addr !== INADDR_ANY || mapped_any) {
    bytes[10] = 0xff;
    bytes[11] = 0xff;
    put_be32(bytes, 12, addr);
  }
  return bytes;
}

function be32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/**
 * As parse_sockaddr; an IPv6 datagram socket takes a sockaddr_in too, unless it is for IPv6 only.
 * net/ipv6/datagram.c:__ip6_datagram_connect
 */
export function parse_dgram_sockaddr(k: Kernel, sk: sock_common & { readonly ipv6only: boolean }, bytes: Uint8Array): inet_address | number {
  const family = bytes.length >= 2 ? bytes[0]! | (bytes[1]! << 8) : -1;
  if (!is_v6_socket(sk) || family !== AF_INET) return parse_sockaddr(k, sk, bytes);
  if (sk.ipv6only) return -EAFNOSUPPORT;
  return bytes.length < 16 ? -EINVAL : { addr: be32(bytes, 4), port: (bytes[2]! << 8) | bytes[3]!, v6: false };
}

/**
 * Reads a sockaddr_in or sockaddr_in6 for a socket of that family.
 * net/ipv4/af_inet.c:inet_bind, net/ipv6/af_inet6.c:inet6_bind
 * @returns -EINVAL when it is too short, -EAFNOSUPPORT for another family
 */
export function parse_sockaddr(k: Kernel, sk: sock_common, bytes: Uint8Array): inet_address | number {
  const family = bytes.length >= 2 ? bytes[0]! | (bytes[1]! << 8) : -1;
  if (is_v6_socket(sk)) {
    if (bytes.length < 24) return -EINVAL;
    if (family !== AF_INET6) return -EAFNOSUPPORT;
    return { addr: in6_addr(k, bytes.subarray(8, 24)), port: (bytes[2]! << 8) | bytes[3]!, v6: !is_v4_mapped(bytes, 8) };
  }
  if (bytes.length < 16) return -EINVAL;
  if (family !== AF_INET) return -EAFNOSUPPORT;
  return { addr: be32(bytes, 4), port: (bytes[2]! << 8) | bytes[3]!, v6: false };
}

/**
 * A sockaddr_in, or a sockaddr_in6 for an IPv6 socket. net/ipv4/af_inet.c:inet_getname, net/ipv6/af_inet6.c:inet6_getname
 * @param mapped_any address 0 is ::ffff:0.0.0.0, not ::
 */
export function make_sockaddr(k: Kernel, sk: sock_common, addr: number, port: number, mapped_any = false): Uint8Array {
  const v6 = is_v6_socket(sk);
  const bytes = new Uint8Array(v6 ? 28 : 16);
  bytes[0] = v6 ? AF_INET6 : AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port;
  if (!v6) {
    put_be32(bytes, 4, addr);
    return bytes;
  }
  bytes.set(in6_bytes(k, addr, mapped_any), 8);
  return bytes;
}

function put_be32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** What the choice of a destination looks at. */
interface inet_source extends sock_common {
  readonly ipv6only: boolean;
  readonly mapped_any: boolean;
  readonly inet_saddr: number;
  readonly sk_userlocks: number;
}

/**
 * Where packets for an address go: "any" is the machine itself, and an IPv6 socket that is bound to an address of one
 * family does not reach the other. net/ipv6/tcp_ipv6.c:tcp_v6_connect, net/ipv6/datagram.c:__ip6_datagram_connect
 * @returns the address, -ENETUNREACH or -EAFNOSUPPORT
 */
export function destination_of(sk: inet_source, addr: number, v6: boolean): number {
  if (!is_v6_socket(sk)) return addr !== INADDR_ANY ? addr : sk.inet_saddr !== 0 ? sk.inet_saddr : INADDR_LOOPBACK;
  // An address that only an earlier connect() left does not bind.
  const bound = (sk.sk_userlocks & SOCK_BINDADDR_LOCK) !== 0 && sk.skc_rcv_saddr !== 0;
  const bound6 = bound && is_v6_address(sk.skc_rcv_saddr);
  const bound4 = sk.mapped_any || (bound && !bound6);
  if (v6) {
    if (addr === INADDR_ANY) return bound4 ? INADDR_LOOPBACK : IN6ADDR_LOOPBACK;
    return bound4 ? -EAFNOSUPPORT : addr;
  }
  if (sk.ipv6only || bound6) return -ENETUNREACH;
  return addr === INADDR_ANY ? INADDR_LOOPBACK : addr;
}

/** 127.0.0.0/8 or ::1. include/linux/in.h:ipv4_is_loopback */
export function is_loopback(addr: number): boolean {
  return addr === IN6ADDR_LOOPBACK || (addr >= 0x7f000000 && addr <= 0x7fffffff);
}

/** An address of this machine: loopback, or one that was added. net/ipv4/fib_frontend.c:inet_addr_type */
export function is_local_address(k: Kernel, addr: number): boolean {
  return is_loopback(addr) || tcp_net(k).local_addresses.has(addr);
}

/** fe80::/10: an address that means something only together with a device, and there is none to name. include/net/ipv6.h:__ipv6_addr_needs_scope_id */
export function needs_scope(k: Kernel, addr: number): boolean {
  if (addr <= IN6ADDR_LOOPBACK) return false;
  const bytes = tcp_net(k).in6[addr - IN6ADDR_LOOPBACK - 1]!;
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

/** ff02::/16: multicast that never leaves a link. include/net/ipv6.h:__ipv6_addr_needs_scope_id */
export function is_link_multicast(k: Kernel, addr: number): boolean {
  if (addr <= IN6ADDR_LOOPBACK) return false;
  const bytes = tcp_net(k).in6[addr - IN6ADDR_LOOPBACK - 1]!;
  return bytes[0] === 0xff && (bytes[1]! & 15) <= 2;
}

/** 224.0.0.0/4. include/linux/in.h:ipv4_is_multicast */
export function is_multicast(addr: number): boolean {
  return addr >= 0xe0000000 && addr <= 0xefffffff;
}

/** A process may take ports below 1024 only with a capability. net/ipv4/af_inet.c:inet_port_requires_bind_service */
export function port_needs_privilege(k: Kernel, port: number): boolean {
  return port !== 0 && port < sock_net(k).sysctl.ip_unprivileged_port_start;
}
