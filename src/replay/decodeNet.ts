/**
 * What socket calls are given and give back: addresses, vectors of buffers, messages with their control data, and the raw times of
 * SO_RCVTIMEO.
 */

import { type Bytes, arrayOf, bytesOf, fdOf, intOf, isNull, isPointer, maskOf, need, refuse, structOf } from './decode.js';
import { type StructValue, type Value, field } from './value.js';

/** An address. What is not internet or unix, or too short to be read, has only its family and the bytes that strace shows. */
export type SockAddr =
  | { readonly family: 'AF_INET' | 'AF_INET6'; readonly port: number; readonly address: string }
  | { readonly family: 'AF_UNIX'; readonly path: Uint8Array | null }
  | { readonly family: string; readonly data: Uint8Array | null };

/** `{sa_family=AF_INET, sin_port=htons(7004), sin_addr=inet_addr("127.0.0.1")}`; null for NULL and for a pointer. */
export function sockaddrOf(value: Value): SockAddr | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'an address');
  const name = need(struct, 'sa_family');
  const family = name.kind === 'flags' ? name.names[0]! : String(intOf(name));
  const port = field(struct, 'sin_port') ?? field(struct, 'sin6_port');
  if ((family === 'AF_INET' || family === 'AF_INET6') && port !== null) return { family, port: intOf(port), address: hostOf(struct) };
  if (family === 'AF_UNIX') {
    const path = field(struct, 'sun_path');
    return { family, path: path === null ? null : bytesOf(path)?.bytes ?? null };
  }
  const data = field(struct, 'sa_data');
  return { family, data: data === null ? null : bytesOf(data)?.bytes ?? null };
}

/** The address in sin_addr=inet_addr("127.0.0.1"), or in inet_pton(AF_INET6, "::1", &sin6_addr), which has no name. */
function hostOf(struct: StructValue): string {
  const part = field(struct, 'sin_addr') ?? struct.values.find(v => v.kind === 'macro' && v.name === 'inet_pton') ?? need(struct, 'sin6_addr');
  if (part.kind === 'macro') for (const arg of part.args) if (arg.kind === 'string') return arg.text;
  return refuse('inet_addr() or inet_pton()', part);
}

/** One buffer of a vector: what is known of its bytes, and the length that the program offered. */
export interface Iovec {
  readonly base: Bytes | null;
  readonly length: number;
}

/** `[{iov_base="F", iov_len=1}]`; null for NULL and for a pointer. */
export function iovecsOf(value: Value): Iovec[] | null {
  if (isNull(value) || isPointer(value)) return null;
  return arrayOf(value, 'a vector of buffers').items.map(item => {
    const struct = structOf(item, 'an iovec');
    return { base: bytesOf(need(struct, 'iov_base')), length: intOf(need(struct, 'iov_len')) };
  });
}

/** One piece of control data: the descriptors of SCM_RIGHTS, or bytes that nobody looked into. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly fds: readonly number[] | null;
}

export interface Message {
  readonly name: SockAddr | null;
  readonly nameLength: number;
  readonly vectors: readonly Iovec[] | null;
  readonly control: readonly ControlMessage[];
  readonly controlLength: number;
  readonly flags: number;
}

/** A msghdr; of `{msg_namelen=0}`, which a failed recvmsg prints, only nameLength is known. Null for NULL and for a pointer. */
export function messageOf(value: Value): Message | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'a msghdr');
  const number = (name: string): number => {
    const part = field(struct, name);
    return part === null ? 0 : maskOf(part.kind === 'changed' ? part.after : part);
  };
  const name = field(struct, 'msg_name');
  const vectors = field(struct, 'msg_iov');
  return {
    name: name === null ? null : sockaddrOf(name),
    nameLength: number('msg_namelen'),
    vectors: vectors === null ? null : iovecsOf(vectors),
    control: controlOf(field(struct, 'msg_control')),
    controlLength: number('msg_controllen'),
    flags: number('msg_flags'),
  };
}

function controlOf(value: Value | null): ControlMessage[] {
  if (value === null || isNull(value) || isPointer(value)) return [];
  return arrayOf(value, 'control messages').items.map(item => {
    const struct = structOf(item, 'a control message');
    const data = field(struct, 'cmsg_data');
    const rights = need(struct, 'cmsg_type');
    const isRights = rights.kind === 'flags' && rights.names[0] === 'SCM_RIGHTS';
    return {
      level: maskOf(need(struct, 'cmsg_level')),
      type: maskOf(rights),
      fds: isRights && data !== null && data.kind === 'array' ? data.items.map(fdOf) : null,
    };
  });
}

/** The 16 raw bytes of SO_RCVTIMEO_OLD and SO_SNDTIMEO_OLD, a timeval, in nanoseconds; null if they are not all there. */
export function rawTimevalNsOf(value: Value): number | null {
  const raw = bytesOf(value);
  if (raw === null || raw.bytes.length < 16) return null;
  const view = new DataView(raw.bytes.buffer, raw.bytes.byteOffset);
  return Number(view.getBigInt64(0, true)) * 1e9 + Number(view.getBigInt64(8, true)) * 1000;
}
