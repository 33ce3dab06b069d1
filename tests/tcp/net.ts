/**
 * What the tests of TCP share: sockets and addresses, masks as words, one function for each state of a connection
 * built from the one before, and a peer that speaks raw segments. Every helper is a call of a program, or what a
 * machine on the other end of the wire would send.
 */

import { errnoName } from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { netif_rx } from '../../src/kernel/softirq.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { get_user_u32, put_user_s64, put_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { sk_buff, skb_add_frag, skb_bytes, tcp_syn_options } from '../../src/socket/skbuff.js';
import { sock_from_file } from '../../src/socket/socket.js';
import { attach_peer } from '../../src/tcp/link.js';
import { tcp_net } from '../../src/tcp/inet_hashtables.js';
import type { tcp_sock } from '../../src/tcp/tcp_sock.js';
import { TCP_STATE_NAMES } from '../../src/tcp/tcp_states.js';
import { mem, sys } from '../kit.js';
import { handle, po } from '../kernel/calls.js';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const STREAM = 1;
export const NONBLOCK = 0o4000;
export const LOOPBACK = 0x7f000001;
export const RD = 0;
export const WR = 1;
export const RDWR = 2;
export const SOL_SOCKET = 1;
export const SOL_TCP = 6;

const BITS: readonly [string, number][] = [['IN', 1], ['PRI', 2], ['OUT', 4], ['ERR', 8], ['HUP', 0x10], ['NVAL', 0x20], ['RDHUP', 0x2000]];

/** A mask as words in the order of the bits; RDNORM and WRNORM go with IN and OUT and are not said. */
export function words(mask: number): string {
  return BITS.filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name).join(' ') || '-';
}

/** A mask from words. */
export function bits(text: string): number {
  return text.split(' ').reduce((mask, word) => mask | (BITS.find(([name]) => name === word)?.[1] ?? 0), 0);
}

/** -ECONNRESET as its name; other results as they are. */
export function named(ret: number): number | string {
  return ret < 0 ? errnoName(-ret) : ret;
}

/** A sockaddr_in. */
export function sin(port: number, addr = LOOPBACK): user_memory {
  return mem([2, 0, port >> 8, port & 255, addr >>> 24, (addr >>> 16) & 255, (addr >>> 8) & 255, addr & 255, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** A sockaddr_in6 of the last four bytes given, or of ::ffff:a.b.c.d. */
export function sin6(port: number, last: number, mapped = false): user_memory {
  const address = mapped ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  return mem([10, 0, port >> 8, port & 255, 0, 0, 0, 0, ...address, last >>> 24, (last >>> 16) & 255, (last >>> 8) & 255, last & 255, 0, 0, 0, 0]);
}

export const tcp = (k: Kernel, flags = 0, family = AF_INET): Sleeps<number> => sys(k, 'socket', family, STREAM | flags, 0);

export function* call(ret: Sleeps<number>): Sleeps<number | string> {
  return named(yield* ret);
}

export const connect = (k: Kernel, fd: number, port: number, addr = LOOPBACK): Sleeps<number | string> => call(sys(k, 'connect', fd, sin(port, addr), 16));
export const bind = (k: Kernel, fd: number, port: number, addr = 0): Sleeps<number | string> => call(sys(k, 'bind', fd, sin(port, addr), 16));
export const listen = (k: Kernel, fd: number, backlog = 8): Sleeps<number | string> => call(sys(k, 'listen', fd, backlog));
export const shutdown = (k: Kernel, fd: number, how: number): Sleeps<number | string> => call(sys(k, 'shutdown', fd, how));
export const accept = (k: Kernel, fd: number, flags = 0): Sleeps<number | string> => call(sys(k, 'accept4', fd, null, null, flags));
export const close = (k: Kernel, fd: number): Sleeps<number | string> => call(sys(k, 'close', fd));

/** connect(AF_UNSPEC). */
export const unconnect = (k: Kernel, fd: number): Sleeps<number | string> => call(sys(k, 'connect', fd, mem(16), 16));

/** recv(): the bytes as text, the count when there are many, or the name of the error. */
export function* recv(k: Kernel, fd: number, n = 100, flags = 0): Sleeps<number | string> {
  const buf = mem(n);
  const ret = yield* sys(k, 'recvfrom', fd, buf, n, flags, null, null);
  if (ret <= 0) return named(ret);
  return ret > 40 ? ret : String.fromCharCode(...buf.bytes.subarray(0, ret));
}

/** send(): the count, or the name of the error; a SIGPIPE that it raised is added. */
export function* send(k: Kernel, fd: number, data: string | number = 'x', flags = 0): Sleeps<number | string> {
  const log: number[] = [];
  handle(k, 13, log);
  const buf = mem(data);
  const ret = named(yield* sys(k, 'sendto', fd, buf, buf.bytes.length, flags, null, 0));
  return log.length > 0 ? `${ret} SIGPIPE` : ret;
}

/** The whole mask of a descriptor. */
export function* mask(k: Kernel, fd: number): Sleeps<string> {
  return words((yield* po(k, fd, 0x3fff))[1]);
}

export function* setopt(k: Kernel, fd: number, level: number, name: number, ...values: number[]): Sleeps<number | string> {
  const memory = mem(4 * values.length);
  values.forEach((value, index) => put_user_u32(memory, 4 * index, value));
  return named(yield* sys(k, 'setsockopt', fd, level, name, memory, memory.bytes.length));
}

export function* getopt(k: Kernel, fd: number, level: number, name: number): Sleeps<number | string> {
  const value = mem(4);
  const len = mem(4);
  put_user_u32(len, 0, 4);
  const ret = yield* sys(k, 'getsockopt', fd, level, name, value, len);
  return ret < 0 ? named(ret) : get_user_u32(value, 0)!;
}

/** SO_ERROR as a name; 0 for none. */
export function* soError(k: Kernel, fd: number): Sleeps<number | string> {
  const err = yield* getopt(k, fd, SOL_SOCKET, 4);
  return typeof err === 'number' && err !== 0 ? errnoName(err) : err;
}

/** The state that TCP_INFO tells. */
export function* state(k: Kernel, fd: number): Sleeps<string> {
  const info = mem(104);
  const len = mem(4);
  put_user_u32(len, 0, 104);
  yield* sys(k, 'getsockopt', fd, SOL_TCP, 11, info, len);
  return TCP_STATE_NAMES[info.bytes[0]!]!;
}

export function* timeo(k: Kernel, fd: number, name: number, seconds: number, usec = 0): Sleeps<number | string> {
  const value = mem(16);
  put_user_s64(value, 0, seconds);
  put_user_s64(value, 8, usec);
  return named(yield* sys(k, 'setsockopt', fd, SOL_SOCKET, name, value, 16));
}

/** The port of getsockname() (peer 0) or getpeername() (1), or the name of the error. */
export function* portOf(k: Kernel, fd: number, peer = 0): Sleeps<number | string> {
  const addr = mem(28);
  const len = mem(4);
  put_user_u32(len, 0, 28);
  const ret = yield* sys(k, peer === 0 ? 'getsockname' : 'getpeername', fd, addr, len);
  return ret < 0 ? named(ret) : (addr.bytes[2]! << 8) | addr.bytes[3]!;
}

/** ioctl() that stores an int. */
export function* ask(k: Kernel, fd: number, cmd: number): Sleeps<number | string> {
  const value = mem(4);
  const ret = yield* sys(k, 'ioctl', fd, cmd, value);
  return ret < 0 ? named(ret) : get_user_u32(value, 0)!;
}

export const SIOCINQ = 0x541b;
export const SIOCOUTQ = 0x5411;
export const SIOCATMARK = 0x8905;

/** The kernel's own side of a descriptor. */
export function sockOf(k: Kernel, fd: number): tcp_sock {
  return sock_from_file(k.current.files.at(fd)!)!.sk as tcp_sock;
}

// connections

/** A listener on a port. */
export function* listener(k: Kernel, port = 8080, backlog = 8, flags = 0): Sleeps<number> {
  const l = yield* tcp(k, flags);
  expect(yield* bind(k, l, port)).toBe(0);
  expect(yield* listen(k, l, backlog)).toBe(0);
  return l;
}

/** A connection over loopback: client, server side, listener. ESTABLISHED on both ends. */
export function* connection(k: Kernel, port = 8080, flags = NONBLOCK): Sleeps<[c: number, s: number, l: number]> {
  const l = yield* listener(k, port);
  const c = yield* tcp(k);
  expect(yield* connect(k, c, port)).toBe(0);
  const s = yield* accept(k, l, flags);
  if (typeof s !== 'number') throw new Error(s);
  yield* sys(k, 'fcntl', c, 4, flags);
  return [c, s, l];
}

/** A non-blocking client whose connect was refused. */
export function* refused(k: Kernel): Sleeps<number> {
  const c = yield* tcp(k, NONBLOCK);
  expect(yield* connect(k, c, 9)).toBe('EINPROGRESS');
  return c;
}

// epoll

export const ET = 0x80000000 | 0;

/** An epoll instance that watches one descriptor, edge-triggered; what was ready at the start has been taken. */
export class Watch {
  readonly k: Kernel;
  readonly ep: number;

  constructor(k: Kernel, ep: number) {
    this.k = k;
    this.ep = ep;
  }

  /** What one epoll_wait reports now: the mask in words, `-` for nothing. */
  *next(): Sleeps<string> {
    const events = mem(12 * 4);
    const n = yield* sys(this.k, 'epoll_wait', this.ep, events, 4, 0);
    if (n === 0) return '-';
    return n === 1 ? words(get_user_u32(events, 0)!) : `${n} events`;
  }
}

/** Watches `fd` edge-triggered for `interest` (words); pending events are taken first. */
export function* watch(k: Kernel, fd: number, interest = 'IN OUT RDHUP PRI', mode = ET): Sleeps<Watch> {
  const ep = yield* sys(k, 'epoll_create1', 0);
  const event = mem(12);
  put_user_u32(event, 0, bits(interest) | mode);
  expect(yield* sys(k, 'epoll_ctl', ep, 1, fd, event)).toBe(0);
  const watched = new Watch(k, ep);
  yield* watched.next();
  return watched;
}

// a peer that speaks raw segments

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

/** One segment as a test writes it and reads it; sequence numbers are relative to the initial ones. */
export interface Segment {
  flags: number;
  seq?: number;
  ack?: number;
  win?: number;
  data?: string;
  urg?: number;
}

/** A machine at 10.0.0.2; ours is 10.0.0.1. What we send is kept in `sent`. */
export class Peer {
  readonly k: Kernel;
  readonly sent: sk_buff[] = [];
  readonly times: number[] = [];
  readonly port: number;
  /** our port, once it is known */
  local = 0;
  /** our initial sequence number */
  iss = 0;
  readonly isn = 1_000_000;
  /** sequence number of the next byte we send to the machine */
  nxt = 1;

  constructor(k: Kernel, port = 7) {
    this.k = k;
    this.port = port;
    tcp_net(k).local_addresses.add(0x0a000001);
    attach_peer(k, 0x0a000002, (_k, skb) => {
      this.sent.push(skb);
      this.times.push(k.clock.nowNs / 1e9);
      if ((skb.tcp_flags & SYN) !== 0) {
        this.local = skb.source;
        this.iss = skb.seq;
      }
    });
  }

  /** Sends a segment to the machine under test; `ack` counts from its initial sequence number. */
  inject(segment: Segment): void {
    const skb = new sk_buff();
    const data = Uint8Array.from(segment.data ?? '', (c) => c.charCodeAt(0));
    if (data.length > 0) skb_add_frag(skb, data, 0, data.length);
    // what a segment from an Ethernet device costs: 1280 bytes for 500
    skb.truesize = 768 + 256 * Math.ceil(data.length / 256);
    skb.linear = true;
    skb.tcp_flags = segment.flags | (segment.urg !== undefined ? URG : 0);
    skb.urg_ptr = segment.urg ?? 0;
    skb.seq = (this.isn + (segment.seq ?? this.nxt)) | 0;
    skb.end_seq = (skb.seq + data.length + ((segment.flags & SYN) !== 0 ? 1 : 0) + ((segment.flags & FIN) !== 0 ? 1 : 0)) | 0;
    skb.ack_seq = (segment.flags & ACK) !== 0 ? (this.iss + (segment.ack ?? 1)) | 0 : 0;
    skb.window = segment.win ?? 65535;
    if ((segment.flags & SYN) !== 0) skb.opt = tcp_syn_options(1460, -1, false);
    skb.saddr = 0x0a000002;
    skb.daddr = 0x0a000001;
    skb.source = this.port;
    skb.dest = this.local;
    if (segment.seq === undefined) this.nxt += data.length + ((segment.flags & FIN) !== 0 ? 1 : 0);
    netif_rx(this.k, skb);
  }

  /** The segments since the last call, as `FLAGS seq+len ack`, relative. */
  heard(): string[] {
    const names = ['F', 'S', 'R', 'P', '.', 'U'];
    return this.sent.splice(0).map((skb) => {
      const flags = names.filter((_, i) => (skb.tcp_flags & (1 << i)) !== 0).join('');
      const ack = (skb.tcp_flags & ACK) !== 0 ? ` ack ${(skb.ack_seq - this.isn) | 0}` : '';
      return `${flags} ${(skb.seq - this.iss) | 0}+${skb.len}${ack}`;
    });
  }

  /** The data of the segments since the last call. */
  bytes(): string {
    return this.sent.splice(0).map((skb) => String.fromCharCode(...skb_bytes(skb))).join('');
  }
}

/** SYN_SENT: a non-blocking connect to a peer that has not answered. */
export function* synSent(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const peer = new Peer(k);
  const fd = yield* tcp(k, NONBLOCK);
  expect(yield* connect(k, fd, 7, 0x0a000002)).toBe('EINPROGRESS');
  expect(peer.heard()).toEqual(['S 0+0']);
  return [fd, peer];
}

/** ESTABLISHED, from SYN_SENT. */
export function* established(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* synSent(k);
  peer.inject({ flags: SYN | ACK, seq: 0 });
  expect(peer.heard()).toEqual(['. 1+0 ack 1']);
  expect(yield* state(k, fd)).toBe('ESTABLISHED');
  return [fd, peer];
}

/** CLOSE_WAIT, from ESTABLISHED: the peer sent its FIN. */
export function* closeWait(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* established(k);
  peer.inject({ flags: FIN | ACK });
  expect(yield* state(k, fd)).toBe('CLOSE_WAIT');
  return [fd, peer];
}

/** LAST_ACK, from CLOSE_WAIT: we sent ours. */
export function* lastAck(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* closeWait(k);
  expect(yield* shutdown(k, fd, WR)).toBe(0);
  expect(yield* state(k, fd)).toBe('LAST_ACK');
  return [fd, peer];
}

/** FIN_WAIT1, from ESTABLISHED: we sent our FIN. */
export function* finWait1(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* established(k);
  expect(yield* shutdown(k, fd, WR)).toBe(0);
  expect(yield* state(k, fd)).toBe('FIN_WAIT1');
  return [fd, peer];
}

/** FIN_WAIT2, from FIN_WAIT1: it was acknowledged. */
export function* finWait2(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* finWait1(k);
  peer.inject({ flags: ACK, ack: 2 });
  expect(yield* state(k, fd)).toBe('FIN_WAIT2');
  return [fd, peer];
}

/** CLOSING, from FIN_WAIT1: the peer's FIN crossed ours. */
export function* closing(k: Kernel): Sleeps<[fd: number, peer: Peer]> {
  const [fd, peer] = yield* finWait1(k);
  peer.inject({ flags: FIN | ACK, ack: 1 });
  expect(yield* state(k, fd)).toBe('CLOSING');
  return [fd, peer];
}
