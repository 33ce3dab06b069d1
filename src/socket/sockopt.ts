/**
 * Options of level SOL_SOCKET, and the reading and writing of option values in user memory that all levels share.
 * Linux counterpart: net/core/sock.c:sk_setsockopt and sk_getsockopt. Options without a visible effect here
 * (marks, timestamps) are stored (stored_options.ts); devices and filters are left out and say ENOPROTOOPT.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EACCES, EDOM, EFAULT, EINVAL, ENOPROTOOPT, EOPNOTSUPP, EPERM } from '../kernel/errno.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { copy_to_user, get_user_s64, get_user_u32, put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { INT_MAX } from '../kernel/uapi.js';
import { sock_net } from './net.js';
import { lock_sock, lock_sock_nowait, release_sock, sock_error, type sock } from './sock.js';
import type { socket } from './socket.js';
import { get_stored_option, set_stored_option } from './stored_options.js';
import {
  AF_INET, AF_INET6, AF_UNIX, SO_ACCEPTCONN, SO_BSDCOMPAT, SO_DEBUG, SO_DOMAIN, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_PASSCRED,
  SO_PEERCRED, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUF, SO_RCVBUFFORCE, SO_RCVLOWAT, SO_RCVTIMEO, SO_REUSEADDR, SO_REUSEPORT,
  SO_SNDBUF, SO_SNDBUFFORCE, SO_SNDLOWAT, SO_SNDTIMEO, SO_TYPE, SO_ZEROCOPY, SOCK_KEEPOPEN, SOCK_LINGER, SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK,
  SOCK_STREAM, SOCK_URGINLINE, SOL_SOCKET, IPPROTO_TCP,
} from './uapi_socket.js';

/** Smallest buffers: room for one packet, and for two. include/net/sock.h */
export const SOCK_MIN_SNDBUF = 4608;
export const SOCK_MIN_RCVBUF = 2304;

/** An int option value. net/core/sock.c @returns the value; null: EFAULT */
export function get_int_opt(optval: user_ptr): number | null {
  return get_user_u32(optval, 0);
}

/** Stores an option value, cut to the caller's length, and the length. net/core/sock.c:sk_getsockopt @returns 0 or -errno */
export function put_opt(optval: user_ptr, optlen: user_ptr, value: Uint8Array): number {
  const len = get_user_u32(optlen, 0);
  if (len === null) return -EFAULT;
  if (len < 0) return -EINVAL;
  const n = Math.min(len, value.length);
  if (copy_to_user(optval, 0, value, 0, n) !== 0) return -EFAULT;
  return put_user_u32(optlen, 0, n) ? 0 : -EFAULT;
}

/** An int as the bytes of an option value. ours: C passes a pointer */
export function int_bytes(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setInt32(4 * index, value | 0, true));
  return bytes;
}

/** Reads a struct timeval as ns: 0 is no limit, negative seconds are no wait. net/core/sock.c:sock_set_timeout @returns ns, or -errno */
function sock_timeout(optval: user_ptr, optlen: number): number {
  if (optlen < 16) return -EINVAL;
  const sec = get_user_s64(optval, 0);
  const usec = get_user_s64(optval, 8);
  if (sec === null || usec === null) return -EFAULT;
  if (usec < 0 || usec >= 1_000_000) return -EDOM;
  if (sec < 0) return 0;
  return sec === 0 && usec === 0 ? Infinity : sec * 1e9 + usec * 1000;
}

/** The buffer size that a value of SO_SNDBUF means. net/core/sock.c:__sock_set_sndbuf */
function sock_set_sndbuf(k: Kernel, sk: sock, val: number, force: boolean): void {
  const wanted = force ? Math.max(0, val) : Math.min(val >>> 0, sock_net(k).sysctl.wmem_max);
  sk.sk_userlocks |= SOCK_SNDBUF_LOCK;
  sk.sk_sndbuf = Math.max(Math.min(wanted, INT_MAX >> 1) * 2, SOCK_MIN_SNDBUF);
  sk.sk_write_space(k, sk);
}

function sock_set_rcvbuf(k: Kernel, sk: sock, val: number, force: boolean): void {
  const wanted = force ? Math.max(0, val) : Math.min(val >>> 0, sock_net(k).sysctl.rmem_max);
  sk.sk_userlocks |= SOCK_RCVBUF_LOCK;
  sk.sk_rcvbuf = Math.max(Math.min(wanted, INT_MAX >> 1) * 2, SOCK_MIN_RCVBUF);
}

function set_flag(sk: sock, flag: number, on: boolean): void {
  if (on) sk.sk_flags |= flag;
  else sk.sk_flags &= ~flag;
}

function set_linger(sk: sock, optval: user_ptr, optlen: number, onoff: number): number {
  if (optlen < 8) return -EINVAL;
  const seconds = get_user_u32(optval, 4);
  if (seconds === null) return -EFAULT;
  set_flag(sk, SOCK_LINGER, onoff !== 0);
  if (onoff !== 0) sk.sk_lingertime = seconds >>> 0;
  return 0;
}

function set_rcvlowat(k: Kernel, sk: sock, val: number): number {
  const lowat = val < 0 ? INT_MAX : val;
  if (sk.sk_prot.set_rcvlowat !== null) return sk.sk_prot.set_rcvlowat(k, sk, lowat);
  sk.sk_rcvlowat = lowat === 0 ? 1 : lowat;
  return 0;
}

/** One option, with the socket locked. net/core/sock.c:sk_setsockopt @returns 0 or -errno */
function sk_setsockopt_locked(k: Kernel, sk: sock, optname: number, optval: user_ptr, optlen: number, val: number): number {
  const on = val !== 0;
  switch (optname) {
    case SO_DEBUG:
      if (on && !k.current.capable) return -EACCES;
      return set_stored_option(k, sk, SOL_SOCKET, optname, val);
    case SO_REUSEADDR: sk.sk_reuse = on; return 0;
    case SO_REUSEPORT: sk.sk_reuseport = on; return 0;
    case SO_BSDCOMPAT: return 0;
    case SO_TYPE: case SO_PROTOCOL: case SO_DOMAIN: case SO_ERROR: case SO_SNDLOWAT: case SO_ACCEPTCONN: return -ENOPROTOOPT;
    case SO_SNDBUF: sock_set_sndbuf(k, sk, val, false); return 0;
    case SO_RCVBUF: sock_set_rcvbuf(k, sk, val, false); return 0;
    case SO_SNDBUFFORCE: case SO_RCVBUFFORCE:
      if (!k.current.capable) return -EPERM;
      if (optname === SO_SNDBUFFORCE) sock_set_sndbuf(k, sk, val, true);
      else sock_set_rcvbuf(k, sk, val, true);
      return 0;
    case SO_KEEPALIVE:
      if (sk.sk_prot.keepalive !== null) sk.sk_prot.keepalive(k, sk, on);
      set_flag(sk, SOCK_KEEPOPEN, on);
      return 0;
    case SO_OOBINLINE: set_flag(sk, SOCK_URGINLINE, on); return 0;
    case SO_PRIORITY:
      if ((val < 0 || val > 6) && !k.current.capable) return -EPERM;
      sk.sk_priority = val;
      return 0;
    case SO_LINGER: return set_linger(sk, optval, optlen, val);
    case SO_RCVLOWAT: return set_rcvlowat(k, sk, val);
    case SO_RCVTIMEO: case 66: case SO_SNDTIMEO: case 67: {
      const timeo = sock_timeout(optval, optlen);
      if (timeo < 0) return timeo;
      if (optname === SO_RCVTIMEO || optname === 66) sk.sk_rcvtimeo = timeo;
      else sk.sk_sndtimeo = timeo;
      return 0;
    }
    case SO_PASSCRED:
      if (sk.sk_family !== AF_UNIX) return -EOPNOTSUPP;
      sk.sk_passcred = on;
      return 0;
    case SO_ZEROCOPY:
      if (sk.sk_family !== AF_INET && sk.sk_family !== AF_INET6) return -EOPNOTSUPP;
      if (val < 0 || val > 1) return -EINVAL;
      sk.sk_zerocopy = on;
      return 0;
    default: return set_stored_option(k, sk, SOL_SOCKET, optname, val);
  }
}

/** Sets an option of level SOL_SOCKET. Sleeps for the socket lock only. net/core/sock.c:sk_setsockopt @returns 0 or -errno */
export function sock_setsockopt(k: Kernel, sock: socket, optname: number, optval: user_ptr, optlen: number): Might<number> {
  if (optlen < 4) return -EINVAL;
  const val = get_int_opt(optval);
  if (val === null) return -EFAULT;
  const sk = sock.sk!;
  if (k.preempt || !lock_sock_nowait(k, sk)) return sock_setsockopt_sleeps(k, sk, optname, optval, optlen, val);
  const ret = sk_setsockopt_locked(k, sk, optname, optval, optlen, val);
  release_sock(k, sk);
  return ret;
}

/** As above; sleeps for the socket lock. net/core/sock.c:sk_setsockopt */
function* sock_setsockopt_sleeps(k: Kernel, sk: sock, optname: number, optval: user_ptr, optlen: number, val: number): Sleeps<number> {
  yield* lock_sock(k, sk);
  const ret = sk_setsockopt_locked(k, sk, optname, optval, optlen, val);
  release_sock(k, sk);
  return ret;
}

function timeout_bytes(timeoNs: number): Uint8Array {
  const bytes = new Uint8Array(16);
  if (timeoNs === Infinity) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(timeoNs / 1e9), true);
  view.setUint32(8, Math.floor((timeoNs % 1e9) / 1000), true);
  return bytes;
}

/** The value of an option as bytes, or -errno. net/core/sock.c:sk_getsockopt */
function sk_option(sk: sock, optname: number): Uint8Array | number {
  const bool = (flag: number): Uint8Array => int_bytes((sk.sk_flags & flag) !== 0 ? 1 : 0);
  switch (optname) {
    case SO_BSDCOMPAT: return int_bytes(0);
    case SO_ZEROCOPY: return int_bytes(sk.sk_zerocopy ? 1 : 0);
    case SO_PASSCRED: return sk.sk_family === AF_UNIX ? int_bytes(sk.sk_passcred ? 1 : 0) : -EOPNOTSUPP;
    case SO_PEERCRED: return int_bytes(sk.sk_peer_cred.pid, sk.sk_peer_cred.uid, sk.sk_peer_cred.gid);
    case SO_SNDBUF: return int_bytes(sk.sk_sndbuf);
    case SO_RCVBUF: return int_bytes(sk.sk_rcvbuf);
    case SO_REUSEADDR: return int_bytes(sk.sk_reuse ? 1 : 0);
    case SO_REUSEPORT: return int_bytes(sk.sk_reuseport ? 1 : 0);
    case SO_KEEPALIVE: return bool(SOCK_KEEPOPEN);
    case SO_TYPE: return int_bytes(sk.sk_type);
    case SO_PROTOCOL: return int_bytes(sk.sk_protocol);
    case SO_DOMAIN: return int_bytes(sk.sk_family);
    case SO_ERROR: {
      let err = -sock_error(sk);
      if (err === 0) {
        err = sk.sk_err_soft;
        sk.sk_err_soft = 0;
      }
      return int_bytes(err);
    }
    case SO_OOBINLINE: return bool(SOCK_URGINLINE);
    case SO_PRIORITY: return int_bytes(sk.sk_priority);
    case SO_LINGER: return int_bytes((sk.sk_flags & SOCK_LINGER) !== 0 ? 1 : 0, sk.sk_lingertime);
    case SO_RCVTIMEO: case 66: return timeout_bytes(sk.sk_rcvtimeo);
    case SO_SNDTIMEO: case 67: return timeout_bytes(sk.sk_sndtimeo);
    case SO_RCVLOWAT: return int_bytes(sk.sk_rcvlowat);
    case SO_SNDLOWAT: return int_bytes(1);
    case SO_ACCEPTCONN: return int_bytes(sk.sk_state === 10 ? 1 : 0);
    default: {
      const stored = get_stored_option(sk, SOL_SOCKET, optname);
      return stored === null ? -ENOPROTOOPT : int_bytes(stored);
    }
  }
}

/** Reads an option of level SOL_SOCKET. net/core/sock.c:sk_getsockopt @returns 0 or -errno */
export function sock_getsockopt(_k: Kernel, sock: socket, optname: number, optval: user_ptr, optlen: user_ptr): number {
  const len = get_user_u32(optlen, 0);
  if (len === null) return -EFAULT;
  if (len < 0) return -EINVAL;
  const value = sk_option(sock.sk!, optname);
  return typeof value === 'number' ? value : put_opt(optval, optlen, value);
}

/** True for a socket that speaks TCP. include/net/inet_common.h:sk_is_tcp */
export function sk_is_tcp(sk: sock): boolean {
  return sk.sk_type === SOCK_STREAM && sk.sk_protocol === IPPROTO_TCP && (sk.sk_family === AF_INET || sk.sk_family === AF_INET6);
}
