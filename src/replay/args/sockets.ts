/**
 * Socket calls: making and connecting, accepting, options, sending and receiving.
 */

import { canonical_path, vfs_mknod, vfs_unlink } from '../../kernel/namei.js';
import { get_user_u32, put_user_s64, put_user_u32, user_memory, type user_ptr } from '../../kernel/uaccess.js';
import { sock_from_file, type socket as kernel_socket } from '../../socket/socket.js';
import type { Call, Result } from '../call.js';
import { after, before, fdOf, intOf, isNull, maskOf, pointedOf, timespecOf, need } from '../decode.js';
import { sockaddrOf } from '../decodeNet.js';
import { field, type Value } from '../value.js';
import { arg, numberArg, opaqueKind, Outside, UNKNOWN_SIZE, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { addressIn, addressOut, compareAddress, sameAddress } from './address.js';
import { comparePair, numbers } from './files.js';
import { bufferOut, bytesIn, compareBytes, structOut, textOf } from './memory.js';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const MSG_TRUNC = 0x20;

/** Sockets that the model does not have; a call that failed is made all the same, for its checks. */
function familyOutside(call: Call): string | null {
  const family = maskOf(arg(call, 0));
  if (call.result?.kind !== 'value' || family === AF_UNIX) return null;
  const type = maskOf(arg(call, 1)) & 0xf;
  if (family === AF_INET || family === AF_INET6) return isModelled(type, maskOf(arg(call, 2))) ? null : 'raw socket';
  return family === AF_NETLINK ? 'netlink socket' : 'socket of another family';
}

/** TCP and UDP; not ping sockets, SCTP and MPTCP. */
function isModelled(type: number, protocol: number): boolean {
  return (type === SOCK_STREAM && (protocol === 0 || protocol === IPPROTO_TCP)) || (type === SOCK_DGRAM && (protocol === 0 || protocol === IPPROTO_UDP));
}

const socket: Planner = (_at, call, row) => {
  const outside = familyOutside(call);
  return outside === null ? new Plan(row, call.args.map((value) => maskOf(value))) : new Outside(outside, outside);
};

const socketpair: Planner = (_at, call, row) => {
  const outside = familyOutside(call);
  if (outside !== null) return new Outside(outside, outside);
  const pair = structOut(call, arg(call, 3), 8);
  return new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1)), maskOf(arg(call, 2)), pair], (ret) => (ret === 0 ? comparePair(arg(call, 3), pair) : null));
};

function withAddress(at: PlanContext, call: Call): Outside | { fd: number; address: user_ptr; length: number } {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null && kind.endsWith('socket')) return new Outside(kind);
  const length = maskOf(arg(call, 2));
  return { fd, address: addressIn(at, arg(call, 1), length), length };
}

/** Where Linux could bind a socket there is a directory, and no file in the way: the log does not show how they came and went. */
function makeRoom({ k }: PlanContext, call: Call): void {
  const address = call.name === 'bind' && call.result?.kind === 'value' ? sockaddrOf(arg(call, 1)) : null;
  if (address === null || !('path' in address) || address.path === null || address.path.length === 0 || address.path[0] === 0) return;
  const path = canonical_path(String.fromCharCode(...address.path));
  vfs_unlink(k, path);
  for (let end = path.indexOf('/', 1); end >= 0; end = path.indexOf('/', end + 1)) vfs_mknod(k, path.slice(0, end), 'directory');
}

const bindOrConnect: Planner = (at, call, row) => {
  const given = withAddress(at, call);
  makeRoom(at, call);
  return given instanceof Outside ? given : new Plan(row, [given.fd, given.address, given.length]);
};

/** The model's socket behind a descriptor. */
function socketAt({ thread }: PlanContext, fd: number): kernel_socket | null {
  const file = thread.task.files.at(fd);
  return file === null ? null : sock_from_file(file);
}

/** `5<TCP:[127.0.0.1:7004->127.0.0.1:58934]>` tells both ports of an accepted connection. */
function compareDecoration(at: PlanContext, result: Result): Mismatch | null {
  const about = result.fd?.decoration;
  if (about === undefined || about.kind !== 'inet' || about.peer === null) return null;
  const sock = socketAt(at, result.fd!.fd);
  const name = sock === null ? 0 : sock.ops!.getname(at.k, sock, 1);
  if (typeof name === 'number') return null;
  const family = about.protocol.endsWith('v6') ? 'AF_INET6' : 'AF_INET';
  const model = sameAddress(at.session, { family, port: about.peer.port, address: about.peer.address }, name);
  return model === null ? null : { what: 'peer', linux: `${about.peer.address}:${about.peer.port}`, model };
}

const accept: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind, kind);
  const out = addressOut(call, arg(call, 1), arg(call, 2));
  const args = [fd, out.memory, out.length];
  return new Plan(row, call.name === 'accept4' ? [...args, maskOf(arg(call, 3))] : args, (ret, _call, result) =>
    ret < 0 ? null : compareAddress(at, out, arg(call, 1), arg(call, 2)) ?? compareDecoration(at, result));
};

const getname: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const out = addressOut(call, arg(call, 1), arg(call, 2));
  return new Plan(row, [fd, out.memory, out.length], (ret) => (ret < 0 ? null : compareAddress(at, out, arg(call, 1), arg(call, 2))));
};

/** The bytes of an option: `[1]`, `{l_onoff=1, l_linger=0}`, a time, or a string. */
function optionBytes(value: Value): Uint8Array | null {
  const memory = new user_memory(new Uint8Array(16));
  if (value.kind === 'array') {
    const bytes = new user_memory(new Uint8Array(4 * value.items.length));
    value.items.forEach((item, i) => put_user_u32(bytes, 4 * i, maskOf(after(item))));
    return bytes.bytes;
  }
  if (value.kind === 'struct') {
    const onoff = field(value, 'l_onoff');
    if (onoff !== null) {
      put_user_u32(memory, 0, maskOf(onoff));
      put_user_u32(memory, 4, maskOf(need(value, 'l_linger')));
      return memory.bytes.subarray(0, 8);
    }
    if (field(value, 'tv_sec') === null) return null;
    const time = timespecOf(value)!;
    put_user_s64(memory, 0, time.sec);
    put_user_s64(memory, 8, Math.floor(time.nsec / 1000));
    return memory.bytes;
  }
  return value.kind === 'string' ? value.bytes : null;
}

const setsockopt: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null && kind.endsWith('socket')) return new Outside(kind);
  const value = arg(call, 3);
  const length = maskOf(arg(call, 4));
  const bytes = optionBytes(value);
  let memory: user_ptr = null;
  if (bytes !== null) {
    memory = new user_memory(new Uint8Array(Math.max(bytes.length, Math.min(length, 4096))));
    memory.bytes.set(bytes);
  } else if (!isNull(value)) memory = new user_memory(new Uint8Array(0));
  return new Plan(row, [fd, maskOf(arg(call, 1)), maskOf(arg(call, 2)), memory, length]);
};

const getsockopt: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null && kind.endsWith('socket')) return new Outside(kind);
  const value = arg(call, 3);
  const size = pointedOf(before(arg(call, 4)));
  const room = size === null ? 4 : intOf(before(size));
  const memory = isNull(value) ? null : new user_memory(new Uint8Array(Math.max(0, Math.min(room, 4096))));
  const length = isNull(arg(call, 4)) ? null : new user_memory(new Uint8Array(4));
  put_user_u32(length, 0, room);
  return new Plan(row, [fd, maskOf(arg(call, 1)), maskOf(arg(call, 2)), memory, length], (ret) => (ret < 0 || memory === null ? null : compareOption(call, memory, get_user_u32(length, 0)!)));
};

function compareOption(call: Call, memory: user_memory, length: number): Mismatch | null {
  const shown = pointedOf(after(arg(call, 4)));
  const linuxLength = shown === null ? length : intOf(after(shown));
  if (linuxLength !== length) return { what: 'length of the option', linux: String(linuxLength), model: String(length) };
  const linux = optionBytes(arg(call, 3));
  if (linux === null) return null;
  const n = Math.min(linux.length, length);
  for (let i = 0; i < n; i++) {
    if (linux[i] === memory.bytes[i]) continue;
    const text = (bytes: Uint8Array): string => (n === 4 ? String(get_user_u32(new user_memory(bytes), 0)) : textOf(bytes.subarray(0, n)));
    return { what: 'option', linux: text(linux), model: text(memory.bytes) };
  }
  return null;
}

const sendto: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null && kind.endsWith('socket')) return new Outside(kind);
  const size = intOf(arg(call, 2));
  const length = maskOf(arg(call, 5));
  return new Plan(row, [fd, bytesIn(at, arg(call, 1), size), size, maskOf(arg(call, 3)), addressIn(at, arg(call, 4), length), length]);
};

const recvfrom: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null && kind.endsWith('socket')) return new Outside(kind);
  const size = numberArg(call, 2, UNKNOWN_SIZE);
  const buffer = bufferOut(at, call, arg(call, 1), size);
  const out = addressOut(call, arg(call, 4), arg(call, 5));
  const flags = maskOf(arg(call, 3));
  return new Plan(row, [fd, buffer, size, flags, out.memory, out.length], (ret) => {
    if (ret < 0 || buffer === null) return null;
    // TCP counts bytes and stores none: what the log shows is what the program had there before
    if ((flags & MSG_TRUNC) !== 0) return null;
    return compareBytes(at, 'bytes', arg(call, 1), buffer.bytes, ret) ?? compareAddress(at, out, arg(call, 4), arg(call, 5));
  });
};

export const SOCKET_PLANS: Readonly<Record<string, Planner>> = {
  socket, socketpair, bind: bindOrConnect, connect: bindOrConnect, listen: numbers, accept, accept4: accept, shutdown: numbers,
  getsockname: getname, getpeername: getname, setsockopt, getsockopt, sendto, recvfrom,
};
