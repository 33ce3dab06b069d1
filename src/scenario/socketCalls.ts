/**
 * Calls of sockets. Addresses are plain objects (`{ port: 7000 }`, see address.ts) or memory with a struct sockaddr of the
 * program's own making. The convention of answers is at the head of callBase.ts.
 */

import { put_user_s64, put_user_u32, user_memory } from '../kernel/uaccess.js';
import { user_msghdr, type cmsghdr } from '../socket/msghdr.js';
import { SCM_RIGHTS, SOL_SOCKET } from '../socket/uapi_socket.js';
import { readAddress, sockaddr, SOCKADDR_ROOM, type Address, type AddressResult } from './address.js';
import { lengthOf, toMemory, type BufferArg, type Memory } from './bytes.js';
import type { Call, CallResult, FdPair } from './callBase.js';
import { EpollCalls } from './epollCalls.js';
import { timespec, type Nanoseconds } from './layouts.js';
import { BytesResult, iovec, readTarget, word } from './fileCalls.js';
import { pairOf } from './ipcCalls.js';

/** An address of a call: of a socket, as raw memory, or NULL. */
export type AddressArg = Address | Memory | null;

/** A value of setsockopt(): a number, SO_LINGER's pair, a time, bytes, or special memory. */
export type OptionArg = number | { readonly onoff: number; readonly linger: number } | { readonly us: number } | Uint8Array | Memory | null;

/** An address that the kernel stored. */
export interface NameResult extends CallResult {
  /** null when the call failed or stored none */
  readonly address: AddressResult | null;
}

/** One control message of recvmsg(). */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** What recvfrom() and recvmsg() store. */
export class ReceivedResult extends BytesResult {
  readonly address: AddressResult | null;
  /** descriptors that came with SCM_RIGHTS */
  readonly fds: readonly number[];
  /** MSG_TRUNC, MSG_CTRUNC ... */
  readonly flags: number;
  /** the control messages that are not SCM_RIGHTS: TCP_INQ, IP_RECVERR ... */
  readonly control: readonly ControlMessage[];

  constructor(ret: number, bytes: Uint8Array, address: AddressResult | null, fds: readonly number[], flags: number, control: readonly ControlMessage[] = []) {
    super(ret, bytes);
    this.address = address;
    this.fds = fds;
    this.flags = flags;
    this.control = control;
  }
}

/** What getsockopt() stores. */
export interface OptionResult extends CallResult {
  /** the first 32-bit word: the value of most options */
  readonly value: number;
  readonly bytes: Uint8Array;
}

function addressMemory(address: AddressArg): user_memory | null {
  return address === null || address instanceof user_memory ? address : sockaddr(address);
}

function optionMemory(value: OptionArg): user_memory | null {
  if (value === null || value instanceof user_memory) return value;
  if (value instanceof Uint8Array) return new user_memory(value);
  const memory = new user_memory(new Uint8Array(typeof value === 'object' && 'us' in value ? 16 : typeof value === 'number' ? 4 : 8));
  if (typeof value === 'number') put_user_u32(memory, 0, value);
  else if ('us' in value) {
    put_user_s64(memory, 0, Math.floor(value.us / 1e6));
    put_user_s64(memory, 8, value.us % 1e6);
  } else {
    put_user_u32(memory, 0, value.onoff);
    put_user_u32(memory, 4, value.linger);
  }
  return memory;
}

/** Room for an address, and the length that the kernel reads and writes. */
function nameRoom(): { name: user_memory; len: user_memory; read: () => AddressResult | null } {
  const name = new user_memory(new Uint8Array(SOCKADDR_ROOM));
  const len = new user_memory(new Uint8Array(4));
  put_user_u32(len, 0, SOCKADDR_ROOM);
  return { name, len, read: () => readAddress(name.bytes.subarray(0, Math.min(SOCKADDR_ROOM, word(len, 0)))) };
}

export class SocketCalls extends EpollCalls {
  /** socket(2). @param type SOCK_STREAM ..., with SOCK_NONBLOCK, SOCK_CLOEXEC @returns the descriptor, -EAFNOSUPPORT, -EINVAL, -EMFILE ... */
  socket(domain: number, type: number, protocol = 0): Call {
    return this.ask('socket', domain, type, protocol);
  }

  /** socketpair(2): two connected sockets. @returns the pair, or twice -errno */
  socketpair(domain: number, type: number, protocol = 0): Call<FdPair> {
    const memory = new user_memory(new Uint8Array(8));
    return this.askFor('socketpair', [domain, type, protocol, memory], (ret) => pairOf(ret, memory));
  }

  /** bind(2). @param address `{ port: 0 }`: any free port @returns 0, -EADDRINUSE, -EINVAL, -EACCES ... */
  bind(fd: number, address: AddressArg, len?: number): Call {
    const memory = addressMemory(address);
    return this.ask('bind', fd, memory, len ?? lengthOf(memory, memory));
  }

  /** listen(2). @param backlog connections that may wait for accept @returns 0 or -errno */
  listen(fd: number, backlog: number): Call {
    return this.ask('listen', fd, backlog);
  }

  /** connect(2). @returns 0, -EINPROGRESS (non-blocking), -ECONNREFUSED, -EISCONN, -EALREADY ... */
  connect(fd: number, address: AddressArg, len?: number): Call {
    const memory = addressMemory(address);
    return this.ask('connect', fd, memory, len ?? lengthOf(memory, memory));
  }

  /** accept(2) that does not ask who it is. @returns the new descriptor, -EAGAIN, -EMFILE, -EINVAL ... */
  accept(fd: number): Call {
    return this.ask('accept', fd, null, null);
  }

  /** accept4(2) that does not ask who it is. @param flags SOCK_NONBLOCK, SOCK_CLOEXEC @returns the new descriptor, or -errno */
  accept4(fd: number, flags: number): Call {
    return this.ask('accept4', fd, null, null, flags);
  }

  /** accept4(2) with the address of the peer. @returns `ret`: the new descriptor or -errno */
  acceptFrom(fd: number, flags = 0): Call<NameResult> {
    const { name, len, read } = nameRoom();
    return this.askFor('accept4', [fd, name, len, flags], (ret) => ({ ret, address: ret < 0 ? null : read() }));
  }

  /** shutdown(2). @param how SHUT_RD, SHUT_WR, SHUT_RDWR @returns 0, -ENOTCONN, -EINVAL */
  shutdown(fd: number, how: number): Call {
    return this.ask('shutdown', fd, how);
  }

  /** getsockname(2): the socket's own address. */
  getsockname(fd: number): Call<NameResult> {
    const { name, len, read } = nameRoom();
    return this.askFor('getsockname', [fd, name, len], (ret) => ({ ret, address: ret < 0 ? null : read() }));
  }

  /** getpeername(2): the other end's address. */
  getpeername(fd: number): Call<NameResult> {
    const { name, len, read } = nameRoom();
    return this.askFor('getpeername', [fd, name, len], (ret) => ({ ret, address: ret < 0 ? null : read() }));
  }

  /** setsockopt(2). @param value a number; `{ onoff, linger }` for SO_LINGER; `{ us }` microseconds for SO_RCVTIMEO and SO_SNDTIMEO @returns 0 or -errno */
  setsockopt(fd: number, level: number, name: number, value: OptionArg, len?: number): Call {
    const memory = optionMemory(value);
    return this.ask('setsockopt', fd, level, name, memory, len ?? lengthOf(memory, memory));
  }

  /** getsockopt(2). @param size room for so many bytes @returns `ret`: 0 or -errno; `value`: the first word stored */
  getsockopt(fd: number, level: number, name: number, size = 4): Call<OptionResult> {
    const memory = new user_memory(new Uint8Array(Math.max(4, size)));
    const len = new user_memory(new Uint8Array(4));
    put_user_u32(len, 0, size);
    return this.askFor('getsockopt', [fd, level, name, memory, len], (ret) => ({ ret, value: word(memory, 0), bytes: memory.bytes.subarray(0, word(len, 0)) }));
  }

  /** send(2). @param flags MSG_NOSIGNAL, MSG_DONTWAIT, MSG_MORE ... @returns bytes sent, or -errno */
  send(fd: number, data: BufferArg, flags = 0): Call {
    return this.sendto(fd, data, flags, null);
  }

  /** sendto(2). @returns bytes sent, or -errno */
  sendto(fd: number, data: BufferArg, flags: number, address: AddressArg): Call {
    const memory = toMemory(data);
    const to = addressMemory(address);
    return this.ask('sendto', fd, memory, lengthOf(data, memory), flags, to, lengthOf(to, to));
  }

  /** recv(2) into memory of its own. @param size bytes at most @param flags MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL ... */
  recv(fd: number, size: number, flags?: number): Call<BytesResult>;
  /** recv(2) into the program's buffer. @returns bytes received, 0 at the end, or -errno */
  recv(fd: number, buffer: BufferArg, flags?: number): Call;
  recv(fd: number, target: number | BufferArg, flags = 0): Call<BytesResult> | Call {
    const { memory, size } = readTarget(target, undefined);
    const args = [fd, memory, size, flags, null, null] as const;
    if (typeof target !== 'number') return this.ask('recvfrom', ...args);
    return this.askFor('recvfrom', args, (ret) => new BytesResult(ret, memory!.bytes));
  }

  /** recvfrom(2) with the sender's address. @param size bytes at most */
  recvfrom(fd: number, size: number, flags = 0): Call<ReceivedResult> {
    const memory = new user_memory(new Uint8Array(size));
    const { name, len, read } = nameRoom();
    return this.askFor('recvfrom', [fd, memory, size, flags, name, len], (ret) => new ReceivedResult(ret, memory.bytes, ret < 0 ? null : read(), [], 0));
  }

  /** sendmsg(2). @param fds descriptors to send along (SCM_RIGHTS, AF_UNIX) @returns bytes sent, or -errno */
  sendmsg(fd: number, buffers: readonly BufferArg[], flags = 0, fds: readonly number[] = []): Call {
    const control: cmsghdr[] | null = fds.length === 0 ? null
      : [{ cmsg_level: SOL_SOCKET, cmsg_type: SCM_RIGHTS, fds: [...fds], bytes: new Uint8Array(0) }];
    return this.ask('sendmsg', fd, new user_msghdr([...iovec(buffers).segments], null, 0, control), flags);
  }

  /** sendmmsg(2): one message for each entry. @returns messages sent, or -errno */
  sendmmsg(fd: number, messages: readonly BufferArg[], flags = 0): Call {
    return this.ask('sendmmsg', fd, messages.map((data) => new user_msghdr([...iovec([data]).segments])), messages.length, flags);
  }

  /** recvmmsg(2) into memory of its own. @param count messages at most @param size bytes of each at most @returns `ret`: messages, or -errno; `messages`: what came */
  recvmmsg(fd: number, count: number, size: number, flags = 0, timeoutNs: Nanoseconds | null = null): Call<CallResult & { readonly messages: readonly BytesResult[] }> {
    const bases = Array.from({ length: count }, () => new user_memory(new Uint8Array(size)));
    const messages = bases.map((base) => new user_msghdr([{ base, len: size }]));
    return this.askFor('recvmmsg', [fd, messages, count, flags, timespec(timeoutNs)], (ret) => ({
      ret, messages: messages.slice(0, Math.max(0, ret)).map((msg, at) => new BytesResult(msg.msgLen, bases[at]!.bytes)),
    }));
  }

  /** recvmsg(2) into memory of its own. @param size bytes at most @param fdRoom descriptors that may come along */
  recvmsg(fd: number, size: number, flags = 0, fdRoom = 0): Call<ReceivedResult> {
    const base = new user_memory(new Uint8Array(size));
    const name = new user_memory(new Uint8Array(SOCKADDR_ROOM));
    const msg = new user_msghdr([{ base, len: size }], name, SOCKADDR_ROOM, fdRoom > 0 ? [] : null, fdRoom);
    return this.askFor('recvmsg', [fd, msg, flags], (ret) => {
      const fds = ret < 0 || msg.control === null ? [] : msg.control.flatMap((message) => message.fds);
      const from = ret < 0 ? null : readAddress(name.bytes.subarray(0, Math.min(SOCKADDR_ROOM, msg.namelen)));
      const control = ret < 0 ? [] : (msg.control ?? []).filter((message) => message.fds.length === 0);
      return new ReceivedResult(ret, base.bytes, from, fds, msg.flags, control.map(({ cmsg_level: level, cmsg_type: type, bytes }) => ({ level, type, bytes })));
    });
  }
}
