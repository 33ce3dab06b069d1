/**
 * What protocols keep that this folder wants to know: socks that no descriptor leads to (in the accept queue of a
 * listener, orphans that finish their connection, the other side of a Unix pair), addresses, sequence numbers.
 */

import { Kernel } from '../kernel/kernel.js';
import { sock_net } from '../socket/net.js';
import type { sk_buff_head } from '../socket/skbuff.js';
import type { sock, sock_common } from '../socket/sock.js';
import { unix_sock } from '../socket/unix_sock.js';
import type { cable } from '../tcp/cable.js';
import { IN6ADDR_LOOPBACK } from '../tcp/inet_addr.js';
import { tcp_netns } from '../tcp/inet_hashtables.js';
import { tcp_receive_window, tcp_sock, type tcp_timewait_sock } from '../tcp/tcp_sock.js';
import { udp_sock } from '../tcp/udp.js';
import type { SequenceView } from './view.js';

/** TCP's tables, if the machine has any. */
export function tcpOf(k: Kernel): tcp_netns | null {
  if (k.net === null) return null;
  const { tcp } = sock_net(k);
  return tcp instanceof tcp_netns ? tcp : null;
}

/** The socks that a machine's tables, or one sock, lead to. */
export function socksOf(from: Kernel | sock): sock[] {
  if (from instanceof Kernel) return [...(tcpOf(from)?.socks ?? [])];
  const others = acceptQueueOf(from);
  if (from instanceof unix_sock && from.peer !== null) others.push(from.peer);
  return others;
}

/** What is left of closed connections. */
export function timewaitsOf(k: Kernel): tcp_timewait_sock[] {
  return [...(tcpOf(k)?.timewaits ?? [])];
}

/** Finished connections that wait for accept, oldest first. */
export function acceptQueueOf(sk: sock): sock[] {
  const children: sock[] = [];
  if (sk instanceof tcp_sock) {
    for (const request of sk.rskq_accept) if (request.child !== null) children.push(request.child);
  } else if (sk instanceof unix_sock && sk.sk_max_ack_backlog > 0 && isListener(sk)) {
    for (let skb = sk.sk_receive_queue.first; skb !== null; skb = skb.next) if (skb.sk !== null) children.push(skb.sk);
  }
  return children;
}

const LISTEN = 10;

/** The sock takes connections. */
export function isListener(sk: sock): boolean {
  return sk.sk_state === LISTEN;
}

/** Half-open connections of a listener. */
export function halfOpenOf(sk: sock): number {
  return sk instanceof tcp_sock ? sk.reqsks.size : 0;
}

/** Queues of buffers besides the receive queue, with their names. */
export function otherQueues(sk: sock): readonly (readonly [string, sk_buff_head])[] {
  if (sk instanceof udp_sock) return [['reader queue', sk.reader_queue]];
  if (!(sk instanceof tcp_sock)) return [];
  return [['write queue', sk.sk_write_queue], ['retransmission queue', sk.tcp_rtx_queue], ['out-of-order queue', sk.out_of_order_queue]];
}

function ipText(addr: number, v6: boolean): string {
  if (addr === IN6ADDR_LOOPBACK) return '[::1]';
  if (addr > IN6ADDR_LOOPBACK) return `[v6 ${addr - IN6ADDR_LOOPBACK}]`;
  if (addr === 0 && v6) return '[::]';
  return [24, 16, 8, 0].map((shift) => (addr >>> shift) & 255).join('.');
}

/** `127.0.0.1:8080`; `-` when there is none. */
export function inetText(addr: number, port: number, family: number): string {
  return port === 0 && addr === 0 ? '-' : `${ipText(addr, family === 10)}:${port}`;
}

/** The addresses of a host besides loopback. */
export function addressesOfHost(k: Kernel): string[] {
  return [...(tcpOf(k)?.local_addresses ?? [])].map((addr) => ipText(addr, false));
}

/** The links between hosts, in the order in which they were made. */
export function linksOf(hosts: readonly Kernel[]): cable[] {
  return [...new Set(hosts.flatMap((k) => (tcpOf(k)?.devices ?? []).map((dev) => dev.cable)))];
}

function unixName(sk: unix_sock | null): string {
  if (sk === null || sk.addr === null) return '-';
  const text = String.fromCharCode(...sk.addr.name);
  return text.startsWith('\0') ? `@${text.slice(1)}` : text.replace(/\0$/, '');
}

/** Both ends of a sock as text. */
export function addressesOf(sk: sock_common): { readonly local: string; readonly peer: string } {
  if (sk instanceof unix_sock) return { local: unixName(sk), peer: sk.peer === null ? '-' : `sock#${sk.peer.id}` };
  const { sk_family, skc_rcv_saddr, skc_num, skc_daddr, skc_dport } = sk;
  return { local: inetText(skc_rcv_saddr, skc_num, sk_family), peer: inetText(skc_daddr, skc_dport, sk_family) };
}

/** Sequence numbers, for TCP. */
export function sequenceOf(sk: sock): SequenceView | null {
  if (!(sk instanceof tcp_sock)) return null;
  return {
    sndUna: sk.snd_una >>> 0,
    sndNxt: sk.snd_nxt >>> 0,
    writeSeq: sk.write_seq >>> 0,
    sndWnd: sk.snd_wnd,
    rcvNxt: sk.rcv_nxt >>> 0,
    copied: sk.copied_seq >>> 0,
    rcvWnd: tcp_receive_window(sk),
    cwnd: sk.snd_cwnd,
  };
}
