/**
 * Socket options that change nothing a program of the model can see: they are checked as Linux checks them, stored,
 * given back, and the machine notes once that it did no more. Which values are taken and what comes back was
 * measured on Linux 6.18. Linux counterparts: net/core/sock.c, net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c,
 * net/ipv4/tcp.c. Options that need structures, programs or devices are left out and say ENOPROTOOPT.
 */

import { EINVAL, ENOPROTOOPT } from '../kernel/errno.js';
import { note, type Kernel } from '../kernel/kernel.js';
import { INT_MAX } from '../kernel/uapi.js';
import type { sock } from './sock.js';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_TCP } from './uapi_socket.js';

/** One option. */
interface stored_option {
  readonly name: string;
  readonly level: number;
  readonly optname: number;
  /** value before it is set */
  readonly initial: number;
  /** what is stored of a value; null: EINVAL */
  readonly take: (val: number) => number | null;
}

const flag = (val: number): number => (val === 0 ? 0 : 1);
const any = (val: number): number => val;
const between = (min: number, max: number) => (val: number): number | null => (val < min || val > max ? null : val);
/** -1 brings the default back. */
const hops = (min: number, initial: number) => (val: number): number | null => (val === -1 ? initial : between(min, 255)(val));

function options(level: number, names: Readonly<Record<string, number>>, take: stored_option['take'], initial = 0): stored_option[] {
  return Object.entries(names).map(([name, optname]) => ({ name, level, optname, initial, take }));
}

const rows: readonly stored_option[] = [
  ...options(SOL_SOCKET, {
    SO_DEBUG: 1, SO_DONTROUTE: 5, SO_BROADCAST: 6, SO_NO_CHECK: 11, SO_TIMESTAMP: 29, SO_TIMESTAMPNS: 35, SO_RXQ_OVFL: 40, SO_WIFI_STATUS: 41,
    SO_NOFCS: 43, SO_SELECT_ERR_QUEUE: 45, SO_TIMESTAMP_NEW: 63, SO_TIMESTAMPNS_NEW: 64, SO_PREFER_BUSY_POLL: 69, SO_RCVMARK: 75, SO_RCVPRIORITY: 82,
  }, flag),
  ...options(SOL_SOCKET, { SO_MARK: 36 }, any),
  ...options(SOL_SOCKET, { SO_PEEK_OFF: 42, SO_INCOMING_CPU: 49 }, any, -1),
  ...options(SOL_SOCKET, { SO_BUSY_POLL: 46, SO_BINDTOIFINDEX: 62 }, between(0, INT_MAX)),
  ...options(SOL_IP, { IP_TOS: 1 }, (val) => val & 0xff),
  ...options(SOL_IP, { IP_TTL: 2 }, hops(1, 64), 64),
  ...options(SOL_IP, {
    IP_RECVOPTS: 6, IP_RETOPTS: 7, IP_PKTINFO: 8, IP_RECVTTL: 12, IP_RECVTOS: 13, IP_PASSSEC: 18, IP_TRANSPARENT: 19, IP_RECVORIGDSTADDR: 20,
    IP_CHECKSUM: 23, IP_RECVFRAGSIZE: 25,
  }, flag),
  ...options(SOL_IP, { IP_MTU_DISCOVER: 10 }, between(0, 5), 1),
  ...options(SOL_IP, { IP_MINTTL: 21 }, between(0, 255)),
  ...options(SOL_IP, { IP_RECVERR_RFC4884: 26 }, between(0, 1)),
  ...options(SOL_IP, { IP_MULTICAST_TTL: 33 }, hops(0, 1), 1),
  ...options(SOL_IP, { IP_MULTICAST_LOOP: 34 }, flag, 1),
  ...options(SOL_IP, { IP_MULTICAST_ALL: 49 }, between(0, 1), 1),
  ...options(SOL_IPV6, { IPV6_UNICAST_HOPS: 16 }, hops(0, 64), 64),
  ...options(SOL_IPV6, { IPV6_MULTICAST_HOPS: 18 }, hops(0, 1), 1),
  ...options(SOL_IPV6, { IPV6_MULTICAST_LOOP: 19 }, between(0, 1), 1),
  ...options(SOL_IPV6, { IPV6_MTU_DISCOVER: 23 }, between(0, 5), 1),
  ...options(SOL_IPV6, {
    IPV6_2292PKTINFO: 2, IPV6_2292HOPOPTS: 3, IPV6_2292DSTOPTS: 4, IPV6_2292RTHDR: 5, IPV6_2292HOPLIMIT: 8, IPV6_FLOWINFO: 11,
    IPV6_RECVERR_RFC4884: 31, IPV6_FLOWINFO_SEND: 33, IPV6_RECVPKTINFO: 49, IPV6_RECVHOPLIMIT: 51, IPV6_RECVHOPOPTS: 53, IPV6_RECVRTHDR: 56,
    IPV6_RECVDSTOPTS: 58, IPV6_RECVPATHMTU: 60, IPV6_DONTFRAG: 62, IPV6_RECVTCLASS: 66, IPV6_RECVORIGDSTADDR: 74, IPV6_TRANSPARENT: 75,
    IPV6_RECVFRAGSIZE: 77,
  }, flag),
  ...options(SOL_IPV6, { IPV6_TCLASS: 67 }, (val) => (val === -1 ? 0 : between(0, 255)(val))),
  ...options(SOL_IPV6, { IPV6_AUTOFLOWLABEL: 70, IPV6_MULTICAST_ALL: 29 }, flag, 1),
  ...options(SOL_IPV6, { IPV6_MINHOPCOUNT: 73 }, between(0, 255)),
  ...options(SOL_TCP, { TCP_THIN_LINEAR_TIMEOUTS: 16, TCP_FASTOPEN_CONNECT: 30, TCP_FASTOPEN_NO_COOKIE: 34 }, between(0, 1)),
  ...options(SOL_TCP, { TCP_THIN_DUPACK: 17 }, (val) => (val < 0 || val > 1 ? null : 0)),
  ...options(SOL_TCP, { TCP_FASTOPEN: 23 }, (val) => (val < 0 ? null : Math.min(val, 4096))),
  ...options(SOL_TCP, { TCP_SAVE_SYN: 27 }, between(0, 2)),
  ...options(SOL_TCP, { TCP_TX_DELAY: 37 }, between(0, INT_MAX)),
  ...options(SOL_TCP, { TCP_RTO_MAX_MS: 44 }, between(1000, 120000), 120000),
];

/** Names and numbers of these options, for whoever prints them. */
export const STORED_OPTION_NAMES: readonly { readonly level: number; readonly name: string; readonly optname: number }[] = rows;

function option_of(sk: sock, level: number, optname: number): stored_option | null {
  if (level === SOL_IP && sk.sk_family !== AF_INET && sk.sk_family !== AF_INET6) return null;
  if (level === SOL_IPV6 && sk.sk_family !== AF_INET6) return null;
  return rows.find((row) => row.level === level && row.optname === optname) ?? null;
}

/** TCP says what its packets carry, so the two bits of ECN are not the program's. net/ipv4/ip_sockglue.c:__ip_sock_set_tos */
function without_ecn(sk: sock, row: stored_option, val: number): number {
  const tos = (row.level === SOL_IP && row.optname === 1) || (row.level === SOL_IPV6 && row.optname === 67);
  return tos && sk.sk_type !== SOCK_DGRAM ? val & ~3 : val;
}

/** Sets an option that is only stored. ours: each option has code of its own in Linux @returns 0, -EINVAL, -ENOPROTOOPT */
export function set_stored_option(k: Kernel, sk: sock, level: number, optname: number, val: number): number {
  const row = option_of(sk, level, optname);
  if (row === null) return -ENOPROTOOPT;
  const taken = row.take(val);
  if (taken === null) return -EINVAL;
  sk.sk_stored_options ??= new Map<number, number>();
  const value = without_ecn(sk, row, taken);
  sk.sk_stored_options.set((level << 16) | optname, value);
  if (value !== row.initial) note(k, `${row.name} is stored and given back, and has no effect`);
  return 0;
}

/** The value of an option that is only stored. ours: see set_stored_option @returns the value; null: ENOPROTOOPT */
export function get_stored_option(sk: sock, level: number, optname: number): number | null {
  const row = option_of(sk, level, optname);
  return row === null ? null : sk.sk_stored_options?.get((level << 16) | optname) ?? row.initial;
}
