/**
 * System calls of sockets: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { user_ptr } from '../kernel/uaccess.js';
import type { user_msghdr } from '../socket/msghdr.js';
import * as S from '../socket/sys_socket.js';
import { net_families } from './net_families.js';
import { bytesIn, bytesOut, fd, int, timespec, uint } from './print.js';
import * as P from './print_net.js';
import type { syscall_row } from './row.js';

export const net_rows: readonly syscall_row[] = [
  {
    nr: 41, name: 'socket', args: [P.domain, P.socketType, P.protocol],
    handler: (k: Kernel, family: number, type: number, protocol: number) => S.__sys_socket(k, net_families, family, type, protocol),
  },
  {
    nr: 42, name: 'connect', args: [fd, P.addrIn(2), int],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: number) => S.__sys_connect(k, sockfd, addr, len),
  },
  {
    nr: 43, name: 'accept', args: [fd, P.addrOut(2), P.lenInOut],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: user_ptr) => S.__sys_accept4(k, sockfd, addr, len, 0),
  },
  {
    nr: 44, name: 'sendto', args: [fd, bytesIn(2), int, P.msgFlags, P.addrIn(5), int],
    handler: (k: Kernel, sockfd: number, buf: user_ptr, len: number, flags: number, addr: user_ptr, addrlen: number) =>
      S.__sys_sendto(k, sockfd, buf, len, flags, addr ?? null, addrlen),
  },
  {
    nr: 45, name: 'recvfrom', args: [fd, bytesOut, int, P.msgFlags, P.addrOut(5), P.lenInOut],
    handler: (k: Kernel, sockfd: number, buf: user_ptr, len: number, flags: number, addr: user_ptr, addrlen: user_ptr) =>
      S.__sys_recvfrom(k, sockfd, buf, len, flags, addr ?? null, addrlen ?? null),
  },
  {
    nr: 46, name: 'sendmsg', args: [fd, P.msgIn, P.msgFlags],
    handler: (k: Kernel, sockfd: number, msg: user_msghdr | null, flags: number) => S.__sys_sendmsg(k, sockfd, msg, flags),
  },
  {
    nr: 47, name: 'recvmsg', args: [fd, P.msgOut, P.msgFlags],
    handler: (k: Kernel, sockfd: number, msg: user_msghdr | null, flags: number) => S.__sys_recvmsg(k, sockfd, msg, flags),
  },
  { nr: 48, name: 'shutdown', args: [fd, P.how], handler: (k: Kernel, sockfd: number, how: number) => S.__sys_shutdown(k, sockfd, how) },
  {
    nr: 49, name: 'bind', args: [fd, P.addrIn(2), int],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: number) => S.__sys_bind(k, sockfd, addr, len),
  },
  { nr: 50, name: 'listen', args: [fd, int], handler: (k: Kernel, sockfd: number, backlog: number) => S.__sys_listen(k, sockfd, backlog) },
  {
    nr: 51, name: 'getsockname', args: [fd, P.addrOut(2), P.lenInOut],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: user_ptr) => S.__sys_getname(k, sockfd, addr, len, 0),
  },
  {
    nr: 52, name: 'getpeername', args: [fd, P.addrOut(2), P.lenInOut],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: user_ptr) => S.__sys_getname(k, sockfd, addr, len, 1),
  },
  {
    nr: 53, name: 'socketpair', args: [P.domain, P.socketType, P.protocol, P.fdPair],
    handler: (k: Kernel, family: number, type: number, protocol: number, usockvec: user_ptr) =>
      S.__sys_socketpair(k, net_families, family, type, protocol, usockvec),
  },
  {
    nr: 54, name: 'setsockopt', args: [fd, P.level, P.optname, P.optIn, int],
    handler: (k: Kernel, sockfd: number, level: number, optname: number, val: user_ptr, len: number) =>
      S.__sys_setsockopt(k, sockfd, level, optname, val, len),
  },
  {
    nr: 55, name: 'getsockopt', args: [fd, P.level, P.optname, P.optOut, P.lenInOut],
    handler: (k: Kernel, sockfd: number, level: number, optname: number, val: user_ptr, len: user_ptr) =>
      S.__sys_getsockopt(k, sockfd, level, optname, val, len),
  },
  {
    nr: 288, name: 'accept4', args: [fd, P.addrOut(2), P.lenInOut, P.socketFlags],
    handler: (k: Kernel, sockfd: number, addr: user_ptr, len: user_ptr, flags: number) => S.__sys_accept4(k, sockfd, addr, len, flags),
  },
  {
    nr: 299, name: 'recvmmsg', args: [fd, P.messagesOut, uint, P.msgFlags, timespec],
    handler: (k: Kernel, sockfd: number, msgs: readonly user_msghdr[] | null, vlen: number, flags: number, timeout: user_ptr) =>
      S.__sys_recvmmsg(k, sockfd, msgs, vlen, flags, timeout),
  },
  {
    nr: 307, name: 'sendmmsg', args: [fd, P.messagesOut, uint, P.msgFlags],
    handler: (k: Kernel, sockfd: number, msgs: readonly user_msghdr[] | null, vlen: number, flags: number) => S.__sys_sendmmsg(k, sockfd, msgs, vlen, flags),
  },
];
