/**
 * The system calls of sockets, with Linux's order of checks: what is looked at first decides which errno a wrong
 * call gets. Families are handed in as a table. Linux counterpart: net/socket.c; compat and io_uring are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import {
  EAFNOSUPPORT, EAGAIN, EBADF, EFAULT, EINVAL, EMSGSIZE, ENOTSOCK, EOPNOTSUPP,
} from '../kernel/errno.js';
import { fd_install, fdget, get_unused_fd_flags, put_unused_fd } from '../kernel/fdtable.js';
import { fput, type file } from '../kernel/file.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { access_ok, copy_from_user, copy_to_user, get_user_s64, get_user_u32, iov_iter, put_user_s64, put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { MAX_RW_COUNT, O_NONBLOCK } from '../kernel/uapi.js';
import { msghdr, type user_msghdr } from './msghdr.js';
import {
  __sock_release, sock_alloc, sock_alloc_file, sock_from_file, sock_map_fd, sockfd_lookup, type socket, type net_proto_family,
} from './socket.js';
import { sock_getsockopt, sock_setsockopt } from './sockopt.js';
import { sock_net } from './net.js';
import { sock_error } from './sock.js';
import {
  AF_UNIX, MSG_CMSG_CLOEXEC, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_WAITFORONE, NPROTO, SHUT_RDWR, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_MAX, SOCK_NONBLOCK, SOCK_RAW, SOCK_TYPE_MASK, SOL_SOCKET,
} from './uapi_socket.js';

/** Longest address. include/linux/socket.h:sockaddr_storage */
export const SOCKADDR_STORAGE = 128;
/** Pieces of memory one call may name. include/uapi/linux/uio.h:UIO_MAXIOV */
const UIO_MAXIOV = 1024;

/** An address from user memory. net/socket.c:move_addr_to_kernel @returns the bytes, or -errno */
export function move_addr_to_kernel(uaddr: user_ptr, ulen: number): Uint8Array | number {
  if (ulen < 0 || ulen > SOCKADDR_STORAGE) return -EINVAL;
  const addr = new Uint8Array(ulen);
  if (ulen > 0 && copy_from_user(addr, 0, uaddr, 0, ulen) !== 0) return -EFAULT;
  return addr;
}

/** An address to user memory: cut to the room there is; the length stored is the whole one. net/socket.c:move_addr_to_user */
export function move_addr_to_user(addr: Uint8Array, uaddr: user_ptr, ulen: user_ptr): number {
  const room = get_user_u32(ulen, 0);
  if (room === null) return -EFAULT;
  if (room < 0) return -EINVAL;
  const n = Math.min(room, addr.length);
  if (n > 0 && copy_to_user(uaddr, 0, addr, 0, n) !== 0) return -EFAULT;
  return put_user_u32(ulen, 0, addr.length) ? 0 : -EFAULT;
}

/** A socket of a family. net/socket.c:__sock_create @returns the socket, or -errno */
export function sock_create(k: Kernel, families: readonly net_proto_family[], family: number, type: number, protocol: number): socket | number {
  if (family < 0 || family >= NPROTO) return -EAFNOSUPPORT;
  if (type < 0 || type >= SOCK_MAX) return -EINVAL;
  const row = families.find((f) => f.family === family);
  if (row === undefined) return -EAFNOSUPPORT;
  // BSD programs open raw sockets of AF_UNIX; they get datagrams.
  const sock = sock_alloc(k, family === AF_UNIX && type === SOCK_RAW ? SOCK_DGRAM : type);
  const err = row.create(k, sock, protocol);
  return err < 0 ? err : sock;
}

/** socket(2). Sleeps where releasing a socket without descriptor does. net/socket.c:__sys_socket */
export function* __sys_socket(k: Kernel, families: readonly net_proto_family[], family: number, type: number, protocol: number): Sleeps<number> {
  const flags = type & ~SOCK_TYPE_MASK;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -EINVAL;
  const sock = sock_create(k, families, family, type & SOCK_TYPE_MASK, protocol);
  if (typeof sock === 'number') return sock;
  return yield* sock_map_fd(k, sock, flags);
}

/** socketpair(2). Sleeps where releasing sockets does, after an error. net/socket.c:__sys_socketpair */
export function* __sys_socketpair(k: Kernel, families: readonly net_proto_family[], family: number, type: number, protocol: number, usockvec: user_ptr): Sleeps<number> {
  const flags = type & ~SOCK_TYPE_MASK;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -EINVAL;
  const cloexec = (flags & SOCK_CLOEXEC) !== 0;
  const fd1 = get_unused_fd_flags(k, cloexec);
  if (fd1 < 0) return fd1;
  const fd2 = get_unused_fd_flags(k, cloexec);
  if (fd2 < 0) {
    put_unused_fd(k, fd1);
    return fd2;
  }
  let err = put_user_u32(usockvec, 0, fd1) && put_user_u32(usockvec, 4, fd2) ? 0 : -EFAULT;
  const one = err < 0 ? err : sock_create(k, families, family, type & SOCK_TYPE_MASK, protocol);
  const two = typeof one === 'number' ? one : sock_create(k, families, family, type & SOCK_TYPE_MASK, protocol);
  if (typeof one === 'number' || typeof two === 'number') err = typeof one === 'number' ? one : (two as number);
  else err = one.ops!.socketpair === null ? -EOPNOTSUPP : one.ops!.socketpair(k, one, two);
  if (err < 0) {
    if (typeof one !== 'number') yield* __sock_release(k, one);
    if (typeof two !== 'number') yield* __sock_release(k, two);
    put_unused_fd(k, fd2);
    put_unused_fd(k, fd1);
    return err;
  }
  const nonblock = (flags & SOCK_NONBLOCK) !== 0 ? O_NONBLOCK : 0;
  fd_install(k, fd1, sock_alloc_file(k, one as socket, nonblock));
  fd_install(k, fd2, sock_alloc_file(k, two as socket, nonblock));
  return 0;
}

/** bind(2). net/socket.c:__sys_bind */
export function __sys_bind(k: Kernel, fd: number, umyaddr: user_ptr, addrlen: number): Might<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  const addr = move_addr_to_kernel(umyaddr, addrlen);
  return typeof addr === 'number' ? addr : sock.ops!.bind(k, sock, addr);
}

/** listen(2). net/socket.c:__sys_listen */
export function __sys_listen(k: Kernel, fd: number, backlog: number): Might<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  const { somaxconn } = sock_net(k).sysctl;
  return sock.ops!.listen(k, sock, backlog >>> 0 > somaxconn ? somaxconn : backlog);
}

/** accept4(2). Sleeps until there is a connection. net/socket.c:__sys_accept4 */
export function* __sys_accept4(k: Kernel, fd: number, upeer: user_ptr, ulen: user_ptr, flags: number): Sleeps<number> {
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) return -EINVAL;
  const newfd = get_unused_fd_flags(k, (flags & SOCK_CLOEXEC) !== 0);
  if (newfd < 0) return newfd;
  const made = yield* do_accept(k, f, upeer, ulen, flags);
  if (typeof made === 'number') {
    put_unused_fd(k, newfd);
    return made;
  }
  fd_install(k, newfd, made);
  return newfd;
}

/** The accepting itself: a new file, or -errno. Sleeps until there is a connection. net/socket.c:do_accept */
function* do_accept(k: Kernel, f: file, upeer: user_ptr, ulen: user_ptr, flags: number): Sleeps<file | number> {
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  const newsock = sock_alloc(k, sock.type);
  newsock.ops = sock.ops;
  const might = sock.ops!.accept(k, sock, newsock, (f.f_flags & O_NONBLOCK) !== 0 ? O_NONBLOCK : 0);
  const err = typeof might === 'number' ? might : yield* might;
  if (err < 0) return err;
  const newfile = sock_alloc_file(k, newsock, (flags & SOCK_NONBLOCK) !== 0 ? O_NONBLOCK : 0);
  if (upeer !== null) {
    const addr = newsock.ops!.getname(k, newsock, 2);
    // The connection is lost when its address cannot be told: the file goes away with it.
    const bad = typeof addr === 'number' ? addr : move_addr_to_user(addr, upeer, ulen);
    if (bad < 0) {
      fput(k, newfile);
      return bad;
    }
  }
  return newfile;
}

/** connect(2). Sleeps as the protocol does. net/socket.c:__sys_connect */
export function __sys_connect(k: Kernel, fd: number, uservaddr: user_ptr, addrlen: number): Might<number> {
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  const addr = move_addr_to_kernel(uservaddr, addrlen);
  if (typeof addr === 'number') return addr;
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  return sock.ops!.connect(k, sock, addr, f.f_flags & O_NONBLOCK);
}

/** getsockname(2) and getpeername(2). net/socket.c:__sys_getsockname @param peer 1: the other side's */
export function __sys_getname(k: Kernel, fd: number, usockaddr: user_ptr, ulen: user_ptr, peer: number): number {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  const addr = sock.ops!.getname(k, sock, peer);
  return typeof addr === 'number' ? addr : move_addr_to_user(addr, usockaddr, ulen);
}

/** sendto(2) and send(). Sleeps as the protocol does. net/socket.c:__sys_sendto */
export function __sys_sendto(k: Kernel, fd: number, buff: user_ptr, len: number, flags: number, uaddr: user_ptr, addrlen: number): Might<number> {
  if (!access_ok(buff)) return -EFAULT;
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  const msg = new msghdr(iov_iter.over(buff, Math.min(len, MAX_RW_COUNT)), flags);
  if (uaddr !== null) {
    const addr = move_addr_to_kernel(uaddr, addrlen);
    if (typeof addr === 'number') return addr;
    msg.msg_name = addr;
    msg.msg_namelen = addrlen;
  }
  if ((f.f_flags & O_NONBLOCK) !== 0) msg.msg_flags |= MSG_DONTWAIT;
  return sock.ops!.sendmsg(k, sock, msg);
}

/** recvfrom(2) and recv(). Sleeps as the protocol does. net/socket.c:__sys_recvfrom */
export function __sys_recvfrom(k: Kernel, fd: number, ubuf: user_ptr, size: number, flags: number, uaddr: user_ptr, ulen: user_ptr): Might<number> {
  if (!access_ok(ubuf)) return -EFAULT;
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  const msg = new msghdr(iov_iter.over(ubuf, Math.min(size, MAX_RW_COUNT)), 0);
  const all = (f.f_flags & O_NONBLOCK) !== 0 ? flags | MSG_DONTWAIT : flags;
  const ret = sock.ops!.recvmsg(k, sock, msg, all);
  if (uaddr === null) return ret;
  return recvfrom_address(msg, ret, uaddr, ulen);
}

/** Stores the sender's address after a recvfrom(). Sleeps as the receive does. net/socket.c:__sys_recvfrom */
function* recvfrom_address(msg: msghdr, might: Might<number>, uaddr: user_ptr, ulen: user_ptr): Sleeps<number> {
  const ret = typeof might === 'number' ? might : yield* might;
  if (ret < 0) return ret;
  const err = move_addr_to_user(msg.msg_name_out ?? new Uint8Array(0), uaddr, ulen);
  return err < 0 ? err : ret;
}

/** sendmsg(2). Sleeps as the protocol does. net/socket.c:__sys_sendmsg */
export function __sys_sendmsg(k: Kernel, fd: number, umsg: user_msghdr | null, flags: number): Might<number> {
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  if (umsg === null || umsg.iov === undefined) return -EFAULT;
  if (umsg.namelen < 0) return -EINVAL;
  if (umsg.iov.length > UIO_MAXIOV) return -EMSGSIZE;
  const msg = new msghdr(iov_iter.vector(umsg.iov), flags);
  if (umsg.name !== null && umsg.namelen > 0) {
    const addr = move_addr_to_kernel(umsg.name, Math.min(umsg.namelen, SOCKADDR_STORAGE));
    if (typeof addr === 'number') return addr;
    msg.msg_name = addr;
    msg.msg_namelen = addr.length;
  }
  msg.msg_control = umsg.control;
  if ((f.f_flags & O_NONBLOCK) !== 0) msg.msg_flags |= MSG_DONTWAIT;
  return sock.ops!.sendmsg(k, sock, msg);
}

/** recvmsg(2). Sleeps as the protocol does. net/socket.c:__sys_recvmsg */
export function* __sys_recvmsg(k: Kernel, fd: number, umsg: user_msghdr | null, flags: number): Sleeps<number> {
  const f = fdget(k, fd);
  if (f === null) return -EBADF;
  const sock = sock_from_file(f);
  if (sock === null) return -ENOTSOCK;
  if (umsg === null || umsg.iov === undefined) return -EFAULT;
  if (umsg.namelen < 0) return -EINVAL;
  if (umsg.iov.length > UIO_MAXIOV) return -EMSGSIZE;
  const msg = new msghdr(iov_iter.vector(umsg.iov), flags & MSG_CMSG_CLOEXEC);
  msg.msg_control_fds = umsg.controlFds;
  const all = (f.f_flags & O_NONBLOCK) !== 0 ? flags | MSG_DONTWAIT : flags;
  const might = sock.ops!.recvmsg(k, sock, msg, all);
  const ret = typeof might === 'number' ? might : yield* might;
  if (ret < 0) return ret;
  const name = msg.msg_name_out;
  if (umsg.name !== null && name !== null) copy_to_user(umsg.name, 0, name, 0, Math.min(umsg.namelen, name.length));
  umsg.namelen = umsg.name === null ? umsg.namelen : (name?.length ?? 0);
  umsg.control = msg.msg_control;
  umsg.flags = msg.msg_flags;
  return ret;
}

/** Sends messages until one fails; the first failure counts only when nothing was sent. Sleeps as the protocol does. net/socket.c:__sys_sendmmsg @returns messages sent, or -errno */
export function* __sys_sendmmsg(k: Kernel, fd: number, msgs: readonly user_msghdr[] | null, vlen: number, flags: number): Sleeps<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  const n = Math.min(vlen >>> 0, UIO_MAXIOV);
  for (let i = 0; i < n; i++) {
    const might = msgs === null || msgs[i] === undefined ? -EFAULT : __sys_sendmsg(k, fd, msgs[i]!, flags);
    const ret = typeof might === 'number' ? might : yield* might;
    if (ret < 0) return i > 0 ? i : ret;
    msgs![i]!.msgLen = ret;
  }
  return n;
}

/** When recvmmsg() stops for want of time, absolute ns; Infinity: never. net/socket.c:__sys_recvmmsg @returns the time, or -errno */
function recvmmsg_deadline(k: Kernel, timeout: user_ptr): number {
  if (timeout === null) return Infinity;
  const sec = get_user_s64(timeout, 0);
  const nsec = get_user_s64(timeout, 8);
  if (sec === null || nsec === null) return -EFAULT;
  return sec < 0 || nsec < 0 || nsec >= 1e9 ? -EINVAL : k.clock.nowNs + sec * 1e9 + nsec;
}

/**
 * Receives messages until one fails, there is urgent data, or the time is over, which is looked at only between two of
 * them. An error behind received messages waits as the socket's own. Sleeps as the protocol does.
 * net/socket.c:__sys_recvmmsg
 * @param timeout a struct timespec, where what is left of the time is stored; null: no limit
 * @returns messages received, or -errno
 */
export function* __sys_recvmmsg(k: Kernel, fd: number, msgs: readonly user_msghdr[] | null, vlen: number, flags: number, timeout: user_ptr): Sleeps<number> {
  const deadlineNs = recvmmsg_deadline(k, timeout);
  if (deadlineNs < 0) return deadlineNs;
  const got = yield* do_recvmmsg(k, fd, msgs, vlen, flags, deadlineNs);
  if (got > 0 && timeout !== null) {
    const leftNs = Math.max(0, deadlineNs - k.clock.nowNs);
    put_user_s64(timeout, 0, Math.floor(leftNs / 1e9));
    put_user_s64(timeout, 8, leftNs % 1e9);
  }
  return got;
}

/** As __sys_recvmmsg, until a time. Sleeps as the protocol does. net/socket.c:do_recvmmsg */
function* do_recvmmsg(k: Kernel, fd: number, msgs: readonly user_msghdr[] | null, vlen: number, flags: number, deadlineNs: number): Sleeps<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  const pending = (flags & MSG_ERRQUEUE) === 0 ? sock_error(sock.sk!) : 0;
  if (pending !== 0) return pending;
  let each = flags & ~MSG_WAITFORONE;
  const n = Math.min(vlen >>> 0, UIO_MAXIOV);
  for (let i = 0; i < n; i++) {
    const msg = msgs === null ? undefined : msgs[i];
    const ret = msg === undefined ? -EFAULT : yield* __sys_recvmsg(k, fd, msg, each);
    if (ret < 0) {
      if (i === 0) return ret;
      if (ret !== -EAGAIN) sock.sk!.sk_err = -ret;
      return i;
    }
    msg!.msgLen = ret;
    if ((flags & MSG_WAITFORONE) !== 0) each |= MSG_DONTWAIT;
    if (k.clock.nowNs >= deadlineNs || (msg!.flags & MSG_OOB) !== 0) return i + 1;
  }
  return n;
}

/** shutdown(2). Sleeps for the socket lock. net/socket.c:__sys_shutdown */
export function __sys_shutdown(k: Kernel, fd: number, how: number): Might<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  return how < 0 || how > SHUT_RDWR ? -EINVAL : sock.ops!.shutdown(k, sock, how);
}

/** setsockopt(2). Sleeps for the socket lock. net/socket.c:__sys_setsockopt */
export function __sys_setsockopt(k: Kernel, fd: number, level: number, optname: number, optval: user_ptr, optlen: number): Might<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  if (optlen < 0) return -EINVAL;
  if (level === SOL_SOCKET) return sock_setsockopt(k, sock, optname, optval, optlen);
  return sock.ops!.setsockopt(k, sock, level, optname, optval, optlen);
}

/** getsockopt(2). Sleeps for the socket lock. net/socket.c:__sys_getsockopt */
export function __sys_getsockopt(k: Kernel, fd: number, level: number, optname: number, optval: user_ptr, optlen: user_ptr): Might<number> {
  const sock = sockfd_lookup(k, fd);
  if (typeof sock === 'number') return sock;
  if (level === SOL_SOCKET) return sock_getsockopt(k, sock, optname, optval, optlen);
  return sock.ops!.getsockopt(k, sock, level, optname, optval, optlen);
}
