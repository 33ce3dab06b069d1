/**
 * One packet as it left a device: addresses, header fields and bytes, copied out of the kernel's buffer, which goes on living. Addresses are
 * bytes here, 4 or 16 of them, because the model's numbers for IPv6 addresses mean nothing outside.
 */

import type { Kernel } from '../kernel/kernel.js';
import { NO_TCP_OPTIONS, skb_bytes, type sk_buff } from '../socket/skbuff.js';
import { IPPROTO_ICMP, IPPROTO_TCP } from '../socket/uapi_socket.js';
import type { icmp_error } from '../tcp/icmp.js';
import { in6_bytes } from '../tcp/inet_addr.js';
import { is_v6_address } from '../tcp/tcp_sock.js';

/** One end of a packet. */
export interface Endpoint {
  /** 4 bytes, or 16 for IPv6 */
  readonly address: Uint8Array;
  /** 0 for ICMP */
  readonly port: number;
}

/** What an ICMP error says. */
export interface Unreachable {
  readonly code: number;
  /** the protocol and the ends of the packet that it is about, as that packet had them */
  readonly protocol: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly seq: number;
}

/** A captured packet. */
export interface CapturedPacket {
  /** the last row of the trace when it left: for TCP the one that tells of it */
  readonly step: number;
  readonly timeNs: number;
  /** where it was seen: `lo`, or the link `server-client` */
  readonly device: string;
  /** name of the host that sent it; empty on a machine of one */
  readonly host: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** bits of the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
  readonly flags: number;
  /** absolute numbers of the header */
  readonly seq: number;
  readonly ack: number;
  /** as in the header: not scaled */
  readonly window: number;
  readonly urgent: number;
  /** options of a SYN; -1: absent */
  readonly mss: number;
  readonly windowScale: number;
  readonly data: Uint8Array;
  readonly unreachable: Unreachable | null;
  /** when it arrived: at once on loopback; null: it is on its way, or lost */
  arrivedNs: number | null;
  arrivedStep: number | null;
}

function endpoint(k: Kernel, addr: number, port: number): Endpoint {
  if (is_v6_address(addr)) return { address: in6_bytes(k, addr), port };
  return { address: Uint8Array.from([addr >>> 24, (addr >>> 16) & 255, (addr >>> 8) & 255, addr & 255]), port };
}

/** The packet in a buffer that is about to leave. */
export function packetOf(k: Kernel, skb: sk_buff, device: string, step: number): CapturedPacket {
  const from = endpoint(k, skb.saddr, skb.source);
  const to = endpoint(k, skb.daddr, skb.dest);
  const common = { step, timeNs: k.clock.nowNs, device, host: k.name, seq: skb.seq >>> 0, arrivedNs: null, arrivedStep: null };
  const bare = { flags: 0, ack: 0, window: 0, urgent: 0, mss: -1, windowScale: -1, unreachable: null };
  if (skb.ip_protocol === IPPROTO_ICMP) {
    const { code, inner_protocol } = skb as icmp_error;
    const unreachable = { code, protocol: inner_protocol, from, to, seq: skb.seq >>> 0 };
    // An error travels back: from the address that could not be reached, to the sender.
    return { ...common, ...bare, protocol: 'icmp', from: { ...to, port: 0 }, to: { ...from, port: 0 }, data: new Uint8Array(0), unreachable };
  }
  const data = skb_bytes(skb).slice();
  if (skb.ip_protocol !== IPPROTO_TCP) return { ...common, ...bare, protocol: 'udp', from, to, data };
  const opt = skb.opt ?? NO_TCP_OPTIONS;
  return {
    ...common, protocol: 'tcp', from, to, flags: skb.tcp_flags & 0x3f, ack: skb.ack_seq >>> 0, window: skb.window & 0xffff, urgent: skb.urg_ptr,
    mss: opt.mss, windowScale: opt.wscale, data, unreachable: null,
  };
}

/** `127.0.0.1:7000`, `[::1]:7000`. */
export function endpointText({ address, port }: Endpoint): string {
  if (address.length === 4) return `${address.join('.')}:${port}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i]! << 8) | address[2 * i + 1]!).toString(16));
  return `[${groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')}]:${port}`;
}
