/**
 * The API side of a socket, `struct socket`: its state, its operations, and the file that descriptors refer to.
 * Families (AF_INET, AF_UNIX) are rows that the system calls are given, so that this file knows none of them.
 * Linux counterparts: include/linux/net.h, net/socket.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { BUG_ON } from '../kernel/bug.js';
import { fd_install, fdget, get_unused_fd_flags } from '../kernel/fdtable.js';
import { EBADF, ENOTSOCK } from '../kernel/errno.js';
import { file, type file_operations } from '../kernel/file.js';
import { OBJECT_INET, OBJECT_OTHER, OBJECT_UNIX } from '../kernel/footprint.js';
import type { Might, Sleeps } from '../kernel/point.js';
import type { poll_table } from '../kernel/poll_table.js';
import { leave, T_NEW } from '../kernel/trace.js';
import type { iov_iter, user_ptr } from '../kernel/uaccess.js';
import { O_NONBLOCK, O_RDWR } from '../kernel/uapi.js';
import type { wait_queue_head } from '../kernel/wait.js';
import { msghdr } from './msghdr.js';
import type { sock } from './sock.js';
import { SOCK_FUNCTIONS } from './sock_trace.js';
import { AF_UNIX, MSG_DONTWAIT, MSG_EOR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET, SS_UNCONNECTED } from './uapi_socket.js';

const F = SOCK_FUNCTIONS.id;

/** Class of object in T_NEW rows. */
export const OBJ_SOCK = 5;

/** What a family's sockets of one type can do. Addresses are bytes, as the program gave them. include/linux/net.h:proto_ops */
export interface proto_ops {
  readonly family: number;
  readonly bind: (k: Kernel, sock: socket, addr: Uint8Array) => Might<number>;
  readonly connect: (k: Kernel, sock: socket, addr: Uint8Array, flags: number) => Might<number>;
  readonly socketpair: ((k: Kernel, a: socket, b: socket) => number) | null;
  /** puts a connection into `newsock` */
  readonly accept: (k: Kernel, sock: socket, newsock: socket, flags: number) => Might<number>;
  /** the address as bytes, or -errno. @param peer 1: the other side's; 2: the same for accept, which does not mind a dead connection */
  readonly getname: (k: Kernel, sock: socket, peer: number) => Uint8Array | number;
  readonly poll: (k: Kernel, file: file, sock: socket, pt: poll_table | null) => number;
  readonly ioctl: (k: Kernel, sock: socket, cmd: number, arg: user_ptr | number) => Might<number>;
  readonly listen: (k: Kernel, sock: socket, backlog: number) => Might<number>;
  readonly shutdown: (k: Kernel, sock: socket, how: number) => Might<number>;
  readonly setsockopt: (k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: number) => Might<number>;
  readonly getsockopt: (k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: user_ptr) => Might<number>;
  readonly sendmsg: (k: Kernel, sock: socket, msg: msghdr) => Might<number>;
  readonly recvmsg: (k: Kernel, sock: socket, msg: msghdr, flags: number) => Might<number>;
  readonly release: (k: Kernel, sock: socket) => Might<void>;
  /** extra lines of fdinfo; null: none */
  readonly show_fdinfo: ((k: Kernel, sock: socket) => string) | null;
}

/** One row of the table of families. include/linux/net.h:net_proto_family */
export interface net_proto_family {
  readonly family: number;
  /** gives the socket its ops and its sock. @returns 0 or -errno */
  readonly create: (k: Kernel, sock: socket, protocol: number) => number;
}

/** The API side. include/linux/net.h:socket */
export class socket {
  readonly id: number;
  state = SS_UNCONNECTED;
  type: number;
  /** the flag SOCK_NOSPACE: somebody saw the socket not writable and wants to hear of space */
  nospace = false;
  ops: proto_ops | null = null;
  sk: sock | null = null;
  /** the sock's queue, from the moment there is one */
  wq: wait_queue_head | null = null;
  file: file | null = null;

  constructor(id: number, type: number) {
    this.id = id;
    this.type = type;
  }
}

/** A socket without family yet. net/socket.c:sock_alloc */
export function sock_alloc(k: Kernel, type: number): socket {
  return new socket(k.new_id(), type);
}

/** Releases the protocol side. Sleeps where the protocol does (SO_LINGER, its lock). net/socket.c:__sock_release */
export function* __sock_release(k: Kernel, sock: socket): Sleeps<void> {
  if (sock.ops !== null) {
    const done = sock.ops.release(k, sock);
    if (typeof done === 'object') yield* done;
    sock.sk = null;
    sock.ops = null;
  }
  sock.file = null;
}

/** Gives a socket its file. net/socket.c:sock_alloc_file */
export function sock_alloc_file(k: Kernel, sock: socket, flags: number): file {
  const f = new file(k, socket_file_ops, sock, O_RDWR | (flags & O_NONBLOCK), `socket:[${sock.id}]`);
  sock.file = f;
  if (k.trace !== null) k.trace.emit(T_NEW, sock.sk === null ? sock.id : sock.sk.id, OBJ_SOCK, f.id);
  return f;
}

/** Puts a socket on a descriptor. Sleeps where releasing it does, when there is none. net/socket.c:sock_map_fd */
export function* sock_map_fd(k: Kernel, sock: socket, flags: number): Sleeps<number> {
  const fd = get_unused_fd_flags(k, (flags & SOCK_CLOEXEC) !== 0);
  if (fd < 0) {
    yield* __sock_release(k, sock);
    return fd;
  }
  fd_install(k, fd, sock_alloc_file(k, sock, (flags & SOCK_NONBLOCK) !== 0 ? O_NONBLOCK : 0));
  return fd;
}

/** The socket of a file, or null. net/socket.c:sock_from_file */
export function sock_from_file(f: file): socket | null {
  return f.f_op === socket_file_ops ? (f.private_data as socket) : null;
}

/** The socket behind a descriptor; -EBADF or -ENOTSOCK. net/socket.c:sockfd_lookup_light */
export function sockfd_lookup(k: Kernel, fd: number): socket | number {
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  return f.f_op === socket_file_ops ? (f.private_data as socket) : -ENOTSOCK;
}

/** What is ready. net/socket.c:sock_poll */
export function sock_poll(k: Kernel, f: file, pt: poll_table | null): number {
  const sock = f.private_data as socket;
  if (sock.ops === null) return 0;
  if (k.trace !== null) k.trace.enter(F.sock_poll, sock.sk!.id);
  return leave(k, sock.ops.poll(k, f, sock, pt));
}

/** read() and readv() of a socket; nothing to read into: 0 at once. net/socket.c:sock_read_iter */
export function sock_read_iter(k: Kernel, f: file, to: iov_iter): Might<number> {
  const sock = f.private_data as socket;
  const flags = (f.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  if (to.count === 0) return 0;
  return sock.ops!.recvmsg(k, sock, new msghdr(to, 0), flags);
}

/** write() and writev() of a socket. net/socket.c:sock_write_iter */
export function sock_write_iter(k: Kernel, f: file, from: iov_iter): Might<number> {
  const sock = f.private_data as socket;
  const msg = new msghdr(from, (f.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0);
  if (sock.type === SOCK_SEQPACKET) msg.msg_flags |= MSG_EOR;
  return sock.ops!.sendmsg(k, sock, msg);
}

/** net/socket.c:sock_ioctl */
export function sock_ioctl(k: Kernel, f: file, cmd: number, arg: user_ptr | number): Might<number> {
  const sock = f.private_data as socket;
  return sock.ops!.ioctl(k, sock, cmd, arg);
}

/** The last reference is gone. Sleeps where the protocol does. net/socket.c:sock_close */
export function* sock_close(k: Kernel, f: file): Sleeps<void> {
  const sock = f.private_data as socket;
  if (k.trace !== null) k.trace.enter(F.sock_close, sock.sk === null ? 0 : sock.sk.id);
  BUG_ON(sock.file !== null && sock.file !== f, 'sock_close: another file');
  yield* __sock_release(k, sock);
  leave(k, 0);
}

function sock_show_fdinfo(k: Kernel, f: file): string {
  const sock = f.private_data as socket;
  return sock.ops === null || sock.ops.show_fdinfo === null ? '' : sock.ops.show_fdinfo(k, sock);
}

/** All sockets of a family are taken for one object: what one does may reach any other. ours: see footprint.ts */
function socket_object(f: file): number {
  const { ops } = f.private_data as socket;
  if (ops === null) return OBJECT_OTHER;
  return ops.family === AF_UNIX ? OBJECT_UNIX : OBJECT_INET;
}

/** net/socket.c:socket_file_ops */
export const socket_file_ops: file_operations = {
  name: 'socket',
  poll: sock_poll,
  read_iter: sock_read_iter,
  write_iter: sock_write_iter,
  unlocked_ioctl: sock_ioctl,
  release: sock_close,
  show_fdinfo: sock_show_fdinfo,
  llseek: 'none',
  object: socket_object,
};
