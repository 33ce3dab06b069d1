/**
 * Builds the parts of a view that the network supplies: sockets with their buffers and queues, and segments on
 * their way. Fields that only TCP has are read where they are there.
 */

import { errnoName } from '../kernel/errno.js';
import { list_empty } from '../kernel/list.js';
import type { sk_buff } from '../socket/skbuff.js';
import type { sock } from '../socket/sock.js';
import { IPPROTO_TCP, IPPROTO_UDP } from '../socket/uapi_socket.js';
import type { cable, net_device } from '../tcp/cable.js';
import type { tcp_timewait_sock } from '../tcp/tcp_sock.js';
import { buffersOf } from './collect.js';
import { queueView } from './build_kernel.js';
import { segmentText, shutdownText, stateText, taskName } from './names.js';
import { acceptQueueOf, addressesOf, halfOpenOf, inetText, isListener, otherQueues, sequenceOf } from './socks.js';
import type { BufferView, LinkView, PacketView, SegmentView, SocketView, TimewaitView } from './view.js';

const FAMILIES: Readonly<Record<number, string>> = { 1: 'unix', 2: 'inet', 10: 'inet6' };
const TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' };

function sum(buffers: readonly sk_buff[]): number {
  return buffers.reduce((bytes, skb) => bytes + skb.len - skb.consumed, 0);
}

function receiveView(sk: sock): BufferView {
  const buffers = isListener(sk) ? [] : buffersOf(sk.sk_receive_queue);
  return { used: sk.sk_rmem_alloc, limit: sk.sk_rcvbuf, lowat: sk.sk_rcvlowat, bytes: sum(buffers), buffers: buffers.length };
}

function sendView(sk: sock): BufferView {
  const seq = sequenceOf(sk);
  const buffers = otherQueues(sk).slice(0, 2).reduce((n, [, list]) => n + list.qlen, 0);
  const used = Math.max(sk.sk_wmem_queued, sk.sk_wmem_alloc);
  return { used, limit: sk.sk_sndbuf, lowat: 0, bytes: seq === null ? sk.sk_wmem_alloc : Math.max(0, (seq.writeSeq - seq.sndUna) | 0), buffers };
}

export function socketView(sk: sock): SocketView {
  const { local, peer } = addressesOf(sk);
  const name = `sock#${sk.id}`;
  const api = sk.sk_socket;
  return {
    id: sk.id,
    name,
    kind: `${FAMILIES[sk.sk_family] ?? sk.sk_family} ${TYPES[sk.sk_type] ?? sk.sk_type}`,
    state: stateText(sk.sk_state),
    local,
    peer,
    file: api?.file?.id ?? null,
    rcv: receiveView(sk),
    snd: sendView(sk),
    shutdown: shutdownText(sk.sk_shutdown),
    error: sk.sk_err === 0 ? null : errnoName(sk.sk_err),
    nospace: api?.nospace ?? false,
    dead: api === null,
    lock: sk.sk_lock_owner === null ? null : taskName(sk.sk_lock_owner),
    backlog: sk.sk_backlog.qlen,
    accept: acceptQueueOf(sk).map((child) => child.id),
    acceptLimit: sk.sk_max_ack_backlog,
    halfOpen: halfOpenOf(sk),
    seq: sequenceOf(sk),
    wq: queueView(name, sk.wq),
  };
}

export function timewaitView(tw: tcp_timewait_sock): TimewaitView {
  return { id: tw.id, name: `timewait#${tw.id}`, state: stateText(tw.tw_substate), ...addressesOf(tw) };
}

/** True when somebody waits on a queue. */
export function waited(queue: { head: { next: unknown } }): boolean {
  return !list_empty(queue.head as never);
}

export function segmentView(packet: unknown): SegmentView {
  const skb = packet as sk_buff;
  return {
    flags: segmentText(skb.tcp_flags),
    from: inetText(skb.saddr, skb.source, 2),
    to: inetText(skb.daddr, skb.dest, 2),
    seq: skb.seq >>> 0,
    ack: skb.ack_seq >>> 0,
    length: skb.len,
    window: skb.window,
  };
}

function packetView(dev: net_device): PacketView[] {
  return dev.packets.map(({ skb, atNs }) => ({
    ...segmentView(skb), protocol: skb.ip_protocol === IPPROTO_TCP ? 'tcp' : skb.ip_protocol === IPPROTO_UDP ? 'udp' : 'icmp', toHost: dev.k.name, arrivesNs: atNs,
  }));
}

export function linkView(link: cable): LinkView {
  const [a, b] = link.ends;
  return {
    name: `${a.k.name}-${b.k.name}`,
    between: [a.k.name, b.k.name],
    state: link.state,
    delayNs: link.options.delayNs,
    lost: a.dropped + b.dropped,
    packets: [...packetView(a), ...packetView(b)].sort((x, y) => x.arrivesNs - y.arrivesNs),
  };
}
