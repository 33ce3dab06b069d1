/**
 * Options of levels SOL_IP and SOL_IPV6, for TCP and UDP alike: IP_RECVERR, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT,
 * IPV6_V6ONLY have an effect, the others are stored. Linux counterparts: net/ipv4/ip_sockglue.c,
 * net/ipv6/ipv6_sockglue.c. Multicast groups, IP options and header options are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EFAULT, EINVAL, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP } from '../kernel/errno.js';
import { copy_from_user, get_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { int_bytes, put_opt } from '../socket/sockopt.js';
import { get_stored_option, set_stored_option } from '../socket/stored_options.js';
import { SOL_IP, SOL_IPV6 } from '../socket/uapi_socket.js';
import { route_mtu } from './link.js';
import { is_v6_socket, type tcp_sock } from './tcp_sock.js';
import type { udp_sock } from './udp.js';

/** Endpoints of both protocols. include/net/inet_sock.h:inet_sock */
type inet_sock = tcp_sock | udp_sock;

export const IP_RECVERR = 11;
export const IP_MTU = 14;
export const IP_FREEBIND = 15;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IPV6_MTU = 24;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_FREEBIND = 78;

/** The value of an IP option: four bytes, or one, or nothing. net/ipv4/ip_sockglue.c:do_ip_setsockopt @returns the value; null: EFAULT */
export function ip_option_value(optval: user_ptr, optlen: number): number | null {
  if (optlen >= 4) return get_user_u32(optval, 0);
  const byte = new Uint8Array(1);
  return optlen >= 1 && copy_from_user(byte, 0, optval, 0, 1) !== 0 ? null : byte[0]!;
}

/** One option of level SOL_IP. net/ipv4/ip_sockglue.c:do_ip_setsockopt @returns 0, -EINVAL, -ENOPROTOOPT */
function do_ip_setsockopt(k: Kernel, sk: inet_sock, optname: number, val: number): number {
  switch (optname) {
    case IP_RECVERR: sk.recverr = val !== 0; return 0;
    case IP_FREEBIND: sk.freebind = val !== 0; return 0;
    case IP_BIND_ADDRESS_NO_PORT: sk.bind_address_no_port = val !== 0; return 0;
    default: return set_stored_option(k, sk, SOL_IP, optname, val);
  }
}

/** One option of level SOL_IPV6. net/ipv6/ipv6_sockglue.c:do_ipv6_setsockopt @returns 0, -EINVAL, -ENOPROTOOPT */
function do_ipv6_setsockopt(k: Kernel, sk: inet_sock, optname: number, val: number): number {
  switch (optname) {
    case IPV6_RECVERR: sk.recverr6 = val !== 0; return 0;
    case IPV6_FREEBIND: sk.freebind = val !== 0; return 0;
    case IPV6_V6ONLY:
      if (sk.skc_num !== 0) return -EINVAL;
      sk.ipv6only = val !== 0;
      return 0;
    default: return set_stored_option(k, sk, SOL_IPV6, optname, val);
  }
}

/** Sets an option of the network layer. net/ipv4/ip_sockglue.c:ip_setsockopt, net/ipv6/ipv6_sockglue.c:ipv6_setsockopt @returns 0, -EINVAL, -EFAULT, -ENOPROTOOPT */
export function ip_setsockopt(k: Kernel, sk: inet_sock, level: number, optname: number, optval: user_ptr, optlen: number): number {
  if (level === SOL_IPV6 ? !is_v6_socket(sk) : level !== SOL_IP) return -ENOPROTOOPT;
  const val = ip_option_value(optval, optlen);
  if (val === null) return -EFAULT;
  if (level === SOL_IP) return do_ip_setsockopt(k, sk, optname, val);
  return optlen < 4 ? -EINVAL : do_ipv6_setsockopt(k, sk, optname, val);
}

/** The MTU of the connection's route; only a connected socket has one. net/ipv4/ip_sockglue.c:do_ip_getsockopt */
function connected_mtu(k: Kernel, sk: inet_sock): number {
  return sk.skc_daddr === 0 ? -ENOTCONN : route_mtu(k, sk.skc_daddr);
}

function ip_option(k: Kernel, sk: inet_sock, level: number, optname: number): number | null {
  if (level === SOL_IP) {
    switch (optname) {
      case IP_RECVERR: return Number(sk.recverr);
      case IP_FREEBIND: return Number(sk.freebind);
      case IP_BIND_ADDRESS_NO_PORT: return Number(sk.bind_address_no_port);
      case IP_MTU: return connected_mtu(k, sk);
      default: return get_stored_option(sk, level, optname);
    }
  }
  switch (optname) {
    case IPV6_RECVERR: return Number(sk.recverr6);
    case IPV6_FREEBIND: return Number(sk.freebind);
    case IPV6_V6ONLY: return Number(sk.ipv6only);
    case IPV6_MTU: return connected_mtu(k, sk);
    default: return get_stored_option(sk, level, optname);
  }
}

/** Reads an option of the network layer; IPv4's small values fit into one byte. net/ipv4/ip_sockglue.c:ip_getsockopt @returns 0, -EFAULT, -EINVAL, -ENOTCONN, -ENOPROTOOPT, -EOPNOTSUPP */
export function ip_getsockopt(k: Kernel, sk: inet_sock, level: number, optname: number, optval: user_ptr, optlen: user_ptr): number {
  if (level === SOL_IPV6 ? !is_v6_socket(sk) : level !== SOL_IP) return -EOPNOTSUPP;
  const len = get_user_u32(optlen, 0);
  if (len === null) return -EFAULT;
  if (len < 0) return -EINVAL;
  const val = ip_option(k, sk, level, optname);
  if (val === null) return -ENOPROTOOPT;
  if (val === -ENOTCONN) return val;
  const small = level === SOL_IP && len > 0 && len < 4 && val >= 0 && val <= 255;
  return put_opt(optval, optlen, small ? Uint8Array.of(val) : int_bytes(val));
}
