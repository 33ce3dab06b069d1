/**
 * The byte streams of a machine, pieced together from the calls that write and read them: what went in at one end, what came out at the
 * other. TCP connections, Unix stream sockets and pipes are streams; datagrams are not.
 */

import { ECONNRESET, ETIMEDOUT } from '../../kernel/errno.js';
import type { file } from '../../kernel/file.js';
import { pipe_file } from '../../kernel/pipe.js';
import type { sock } from '../../socket/sock.js';
import { socket } from '../../socket/socket.js';
import { AF_INET, SOCK_LINGER, SOCK_STREAM } from '../../socket/uapi_socket.js';
import { unix_sock } from '../../socket/unix_sock.js';
import { inetText } from '../../inspect/socks.js';
import type { CallEvent } from '../../scenario/index.js';
import { bytesOf, fdOf, fileOf, useOf } from './look.js';

/** Bytes that grow at the end. */
export class Bytes {
  private store = new Uint8Array(64);
  length = 0;

  append(more: Uint8Array): void {
    const length = this.length + more.length;
    if (length > this.store.length) {
      const store = new Uint8Array(Math.max(length, 2 * this.store.length));
      store.set(this.store.subarray(0, this.length));
      this.store = store;
    }
    this.store.set(more, this.length);
    this.length = length;
  }

  get all(): Uint8Array {
    return this.store.subarray(0, this.length);
  }
}

/** The offset of the first byte at which two texts differ; -1: one begins with the other. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) if (a[at] !== b[at]) return at;
  return -1;
}

/** One direction of a connection. */
export class Stream {
  readonly name: string;
  readonly sent = new Bytes();
  readonly received = new Bytes();
  /** names of the programs that read from it */
  readonly readers = new Set<string>();
  /** two calls of one side overlapped, so that the order of their bytes is not known from outside */
  mixed = false;
  /** the connection was broken off (RST), or its reader is told so: what was on the way is nobody's fault */
  broken = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** 127.0.0.0/8 is another place on every host. */
const end = (sk: sock, host: string, addr: number, port: number): string => `${addr >>> 24 === 127 || sk.sk_family !== AF_INET ? host : ''}${inetText(addr, port, sk.sk_family)}`;

/** Names of the stream into which a sock writes and of the one from which it reads; null: it is no stream. */
function sides(sk: sock, host: string): { out: string; in: string } | null {
  if (sk.sk_type !== SOCK_STREAM) return null;
  if (sk instanceof unix_sock) return sk.peer === null ? null : { out: `unix ${sk.peer.id}`, in: `unix ${sk.id}` };
  const [mine, other] = [end(sk, host, sk.skc_rcv_saddr, sk.skc_num), end(sk, host, sk.skc_daddr, sk.skc_dport)];
  return { out: `${mine} > ${other}`, in: `${other} > ${mine}` };
}

function streamOf(file: file, host: string, use: 'read' | 'write'): string | null {
  const behind = file.private_data;
  if (behind instanceof pipe_file) return `pipe ${behind.pipe.id}`;
  if (!(behind instanceof socket) || behind.sk === null) return null;
  const both = sides(behind.sk, host);
  return both === null ? null : use === 'read' ? both.in : both.out;
}

/** Follows all streams. Feed it every call event of a machine. */
export class Streams {
  readonly all = new Map<string, Stream>();
  private readonly running = new Map<CallEvent, { stream: Stream; use: 'read' | 'write' }>();

  /** A write into this stream was begun and has not ended: how much of it went in is not known. */
  isUnsure(stream: Stream): boolean {
    return [...this.running.values()].some((call) => call.stream === stream && call.use === 'write');
  }

  called(event: CallEvent): void {
    const use = useOf(event);
    if (use === 'close' && event.ret === null) return this.close(event);
    if (use !== 'read' && use !== 'write') return;
    if (event.ret === null) this.begin(event, use);
    else this.end(event, event.ret);
  }

  /** A close that resets the connection: with SO_LINGER and no time, or with data that was not read (then the peer may miss what was sent to it). */
  private close(event: CallEvent): void {
    const behind = fileOf(event.task, fdOf(event))?.private_data;
    const sk = behind instanceof socket ? behind.sk : null;
    const both = sk === null ? null : sides(sk, event.task.kernel!.name);
    if (sk === null || both === null || sk instanceof unix_sock) return;
    const aborts = (sk.sk_flags & SOCK_LINGER) !== 0 && sk.sk_lingertime === 0;
    if (aborts) this.stream(both.in).broken = true;
    if (aborts || sk.sk_receive_queue.qlen > 0) this.stream(both.out).broken = true;
  }

  private stream(name: string): Stream {
    let stream = this.all.get(name);
    if (stream === undefined) this.all.set(name, stream = new Stream(name));
    return stream;
  }

  private begin(event: CallEvent, use: 'read' | 'write'): void {
    const file = fileOf(event.task, fdOf(event));
    const name = file === null ? null : streamOf(file, event.task.kernel!.name, use);
    if (name === null) return;
    const stream = this.stream(name);
    if (use === 'read') stream.readers.add(event.task.comm);
    for (const other of this.running.values()) if (other.stream === stream && other.use === use) stream.mixed = true;
    this.running.set(event, { stream, use });
  }

  private end(event: CallEvent, ret: number): void {
    const begun = this.running.get(event);
    if (begun === undefined) return;
    this.running.delete(event);
    if (ret === -ECONNRESET || ret === -ETIMEDOUT) begun.stream.broken = true;
    if (ret > 0) begun.stream[begun.use === 'read' ? 'received' : 'sent'].append(bytesOf(event, ret));
  }
}
