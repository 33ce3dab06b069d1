/**
 * The network namespace of a machine: sysctls with Linux's defaults as plain data, and the tables that protocols
 * hang on it. There is one namespace; devices other than loopback are links that tests and scenarios attach.
 * Linux counterparts: include/net/net_namespace.h, include/net/netns/ipv4.h, include/net/netns/core.h.
 */

import type { Kernel } from '../kernel/kernel.js';
import { skb_cache } from './skbuff.js';

/** Sysctls that a run can change, each under its name in /proc/sys/net. Times are in the sysctl's own unit. */
export class net_sysctls {
  // core
  somaxconn = 4096;
  rmem_max = 4194304;
  wmem_max = 4194304;
  rmem_default = 212992;
  wmem_default = 212992;
  // ipv4
  ip_unprivileged_port_start = 1024;
  ip_local_port_range: readonly [number, number] = [32768, 60999];
  tcp_rmem: readonly [number, number, number] = [4096, 131072, 33554432];
  tcp_wmem: readonly [number, number, number] = [4096, 16384, 4194304];
  tcp_syn_retries = 6;
  tcp_syn_linear_timeouts = 4;
  tcp_synack_retries = 5;
  tcp_retries1 = 3;
  tcp_retries2 = 15;
  tcp_orphan_retries = 0;
  /** seconds */
  tcp_fin_timeout = 60;
  /** seconds */
  tcp_keepalive_time = 7200;
  /** seconds */
  tcp_keepalive_intvl = 75;
  tcp_keepalive_probes = 9;
  tcp_abort_on_overflow = 0;
  tcp_syncookies = 1;
  /** Linux chooses it by the memory of the machine: 128 to 4096 */
  tcp_max_syn_backlog = 4096;
  tcp_tw_reuse = 2;
  tcp_notsent_lowat = 0xffffffff;
  /** what new sockets begin with: reno, cubic or bbr; a name that the model lacks is cubic's */
  tcp_congestion_control = 'cubic';
  tcp_moderate_rcvbuf = 1;
  tcp_slow_start_after_idle = 1;
  tcp_autocorking = 1;
  /** ACKs owed while the socket is locked wait for its release (since 6.7) */
  tcp_backlog_ack_defer = 1;
  tcp_min_snd_mss = 48;
  /** 3: a loss probe is sent when the ACK of the last data is late, RFC 8985 7; 0: none */
  tcp_early_retrans = 3;
  // ipv6
  /** what IPV6_V6ONLY begins with */
  bindv6only = 0;
  // unix
  max_dgram_qlen = 10;
}

/**
 * One setting as `sysctl -w` takes it: `tcp_fin_timeout=5`, `net.ipv4.tcp_rmem=4096 131072 6291456`. ours: /proc/sys/net is not there
 * @returns the field and its value, or what is wrong with it, in words
 */
export function read_sysctl(setting: string): { field: keyof net_sysctls; value: number | string | readonly number[] } | string {
  const [name = '', text] = setting.split('=');
  const field = name.trim().slice(name.lastIndexOf('.') + 1) as keyof net_sysctls;
  const initial = new net_sysctls()[field] as number | string | readonly number[] | undefined;
  if (initial === undefined) return `there is no sysctl ${name.trim() || setting}; known are ${Object.keys(new net_sysctls()).join(', ')}`;
  const words = (text ?? '').trim().split(/\s+/);
  if (typeof initial === 'string') return words.length === 1 && words[0] !== '' ? { field, value: words[0]! } : `${field} takes a word, as ${field}=${initial}; this is ${setting}`;
  const many = Array.isArray(initial) ? (initial as readonly number[]).length : 1;
  if (words.length !== many || !words.every((word) => /^-?\d+$/.test(word))) {
    return `${field} takes ${many === 1 ? 'a whole number' : `${many} whole numbers`}, as ${field}=${Array.isArray(initial) ? initial.join(' ') : String(initial)}; this is ${setting}`;
  }
  return { field, value: many === 1 ? Number(words[0]) : words.map(Number) };
}

/** The namespace. include/net/net_namespace.h:net */
export class net {
  readonly sysctl = new net_sysctls();
  readonly skb_cache = new skb_cache();
  /** TCP's tables and links; typed and made by src/tcp */
  tcp: unknown = null;
  /** AF_UNIX's names; typed and made by src/socket/unix.ts */
  unix: unknown = null;
}

/** The namespace of a machine, made at first use. include/net/sock.h:sock_net */
export function sock_net(k: Kernel): net {
  if (k.net === null) k.net = new net();
  return k.net as net;
}
