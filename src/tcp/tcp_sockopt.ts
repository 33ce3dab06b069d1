/**
 * Options of level SOL_TCP. Linux counterparts: net/ipv4/tcp.c:do_tcp_setsockopt and do_tcp_getsockopt. Options without
 * an effect that a program of the model can see are stored (stored_options.ts); repair, MD5, ULP and BPF are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { EFAULT, EINVAL, ENOENT, ENOPROTOOPT } from '../kernel/errno.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { HZ } from '../kernel/clock.js';
import { msecs_to_jiffies } from '../kernel/timer.js';
import { copy_from_user, get_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { sock_net } from '../socket/net.js';
import { lock_sock, lock_sock_nowait, release_sock, sock_flag } from '../socket/sock.js';
import type { socket } from '../socket/socket.js';
import { get_int_opt, int_bytes, put_opt } from '../socket/sockopt.js';
import { get_stored_option, set_stored_option } from '../socket/stored_options.js';
import { SOCK_KEEPOPEN, SOL_TCP } from '../socket/uapi_socket.js';
import { ip_getsockopt, ip_setsockopt } from './ip_sockglue.js';
import { tcp_push_pending_frames } from './tcp_output.js';
import { tcp_cleanup_rbuf } from './tcp_recvmsg.js';
import {
  ICSK_ACK_PUSHED, inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, TCP_FIN_TIMEOUT_MAX, TCP_MIN_MSS, TCP_NAGLE_CORK, TCP_NAGLE_OFF,
  TCP_NAGLE_PUSH, type tcp_sock,
} from './tcp_sock.js';
import { in_states, TCP_CLOSE, TCPF_CLOSE, TCPF_CLOSE_WAIT, TCPF_ESTABLISHED, TCPF_LISTEN } from './tcp_states.js';
import { tcp_set_window_clamp } from './tcp_window.js';
import { keepalive_intvl_when, keepalive_time_elapsed, keepalive_time_when, tcp_reset_keepalive_timer } from './tcp_xmit_timer.js';
import { tcp_ca_find } from './tcp_cong.js';
import { tcp_info_bytes } from './tcp_info.js';

export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_USER_TIMEOUT = 18;
export const TCP_NOTSENT_LOWAT = 25;
export const TCP_INQ = 36;


/** Seconds as a number of SYN-ACKs with doubling waits. net/ipv4/tcp.c:secs_to_retrans */
function secs_to_retrans(seconds: number): number {
  let res = 0;
  if (seconds > 0) {
    let timeout = 1;
    let period = 1;
    res = 1;
    while (seconds > period && res < 255) {
      res++;
      timeout = Math.min(timeout * 2, 120);
      period += timeout;
    }
  }
  return res;
}

/** The opposite. net/ipv4/tcp.c:retrans_to_secs */
function retrans_to_secs(retrans: number): number {
  let period = 0;
  let timeout = 1;
  for (let i = 0; i < retrans; i++) {
    period += timeout;
    timeout = Math.min(timeout * 2, 120);
  }
  return period;
}

/** Nagle off, and what waits leaves. net/ipv4/tcp.c:__tcp_sock_set_nodelay */
function set_nodelay(k: Kernel, sk: tcp_sock, on: boolean): void {
  if (on) {
    sk.nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
    tcp_push_pending_frames(k, sk);
  } else {
    sk.nonagle &= ~TCP_NAGLE_OFF;
  }
}

/** Only full segments leave, until it is taken off. net/ipv4/tcp.c:__tcp_sock_set_cork */
function set_cork(k: Kernel, sk: tcp_sock, on: boolean): void {
  if (on) {
    sk.nonagle |= TCP_NAGLE_CORK;
    return;
  }
  sk.nonagle &= ~TCP_NAGLE_CORK;
  if ((sk.nonagle & TCP_NAGLE_OFF) !== 0) sk.nonagle |= TCP_NAGLE_PUSH;
  tcp_push_pending_frames(k, sk);
}

/** net/ipv4/tcp.c:__tcp_sock_set_quickack */
function set_quickack(k: Kernel, sk: tcp_sock, val: number): void {
  if (val === 0) {
    sk.ack_pingpong = 1;
    return;
  }
  sk.ack_pingpong = 0;
  if (in_states(sk.sk_state, TCPF_ESTABLISHED | TCPF_CLOSE_WAIT) && inet_csk_ack_scheduled(sk)) {
    sk.ack_pending |= ICSK_ACK_PUSHED;
    tcp_cleanup_rbuf(k, sk, 1);
    if ((val & 1) === 0) sk.ack_pingpong = 1;
  }
}

function set_keepidle(k: Kernel, sk: tcp_sock, val: number): number {
  if (val < 1 || val > 32767) return -EINVAL;
  sk.keepalive_time = val * HZ;
  if (sock_flag(sk, SOCK_KEEPOPEN) && !in_states(sk.sk_state, TCPF_CLOSE | TCPF_LISTEN)) {
    tcp_reset_keepalive_timer(k, sk, Math.max(0, sk.keepalive_time - keepalive_time_elapsed(k, sk)));
  }
  return 0;
}

function set_linger2(sk: tcp_sock, val: number): number {
  if (val < 0) sk.linger2 = -1;
  else if (val > TCP_FIN_TIMEOUT_MAX / HZ) sk.linger2 = TCP_FIN_TIMEOUT_MAX;
  else sk.linger2 = val * HZ;
  return 0;
}

function set_window_clamp(sk: tcp_sock, val: number): number {
  if (val !== 0) {
    tcp_set_window_clamp(sk, val);
    return 0;
  }
  if (sk.sk_state !== TCP_CLOSE) return -EINVAL;
  sk.window_clamp = 0;
  return 0;
}

/** Stores a value if it is in range. */
function in_range(val: number, min: number, max: number, store: (val: number) => void): number {
  if (val < min || val > max) return -EINVAL;
  store(val);
  return 0;
}

/** One option of level SOL_TCP, with the socket locked. net/ipv4/tcp.c:do_tcp_setsockopt @returns 0 or -errno */
function do_tcp_setsockopt(k: Kernel, sk: tcp_sock, optname: number, val: number): number {
  switch (optname) {
    case TCP_NODELAY: set_nodelay(k, sk, val !== 0); return 0;
    case TCP_CORK: set_cork(k, sk, val !== 0); return 0;
    case TCP_QUICKACK: set_quickack(k, sk, val); return 0;
    case TCP_MAXSEG: return val !== 0 && (val < TCP_MIN_MSS || val > 32767) ? -EINVAL : ((sk.user_mss = val), 0);
    case TCP_KEEPIDLE: return set_keepidle(k, sk, val);
    case TCP_KEEPINTVL: return in_range(val, 1, 32767, (v) => { sk.keepalive_intvl = v * HZ; });
    case TCP_KEEPCNT: return in_range(val, 1, 127, (v) => { sk.keepalive_probes = v; });
    case TCP_SYNCNT: return in_range(val, 1, 127, (v) => { sk.icsk_syn_retries = v; });
    case TCP_USER_TIMEOUT: return in_range(val, 0, 0x7fffffff, (v) => { sk.icsk_user_timeout = v; });
    case TCP_LINGER2: return set_linger2(sk, val);
    case TCP_DEFER_ACCEPT: sk.rskq_defer_accept = secs_to_retrans(val); return 0;
    case TCP_WINDOW_CLAMP: return set_window_clamp(sk, val);
    case TCP_NOTSENT_LOWAT:
      sk.notsent_lowat = val >>> 0;
      sk.sk_write_space(k, sk);
      return 0;
    case TCP_INQ: return in_range(val, 0, 1, (v) => { sk.inq_cmsg = v !== 0; });
    default: return set_stored_option(k, sk, SOL_TCP, optname, val);
  }
}

/** TCP_CONGESTION takes a name. net/ipv4/tcp.c:do_tcp_setsockopt */
function set_congestion(sk: tcp_sock, optval: user_ptr, optlen: number): number {
  if (optlen < 1) return -EINVAL;
  const bytes = new Uint8Array(Math.min(15, optlen));
  if (copy_from_user(bytes, 0, optval, 0, bytes.length) !== 0) return -EFAULT;
  const end = bytes.indexOf(0);
  const name = String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
  const ca = tcp_ca_find(name);
  if (ca === null) return -ENOENT;
  sk.icsk_ca_ops = ca;
  return 0;
}

/** Sets an option of a level above SOL_SOCKET. Sleeps for the socket lock only. net/ipv4/tcp.c:tcp_setsockopt @returns 0 or -errno */
export function tcp_setsockopt(k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: number): Might<number> {
  const sk = sock.sk as tcp_sock;
  if (level !== SOL_TCP) return ip_setsockopt(k, sk, level, optname, optval, optlen);
  if (optname === TCP_CONGESTION) return set_congestion(sk, optval, optlen);
  if (optlen < 4) return -EINVAL;
  const val = get_int_opt(optval);
  if (val === null) return -EFAULT;
  if (k.preempt || !lock_sock_nowait(k, sk)) return setsockopt_sleeps(k, sk, optname, val);
  return setsockopt_locked(k, sk, optname, val);
}

function setsockopt_locked(k: Kernel, sk: tcp_sock, optname: number, val: number): number {
  const ret = do_tcp_setsockopt(k, sk, optname, val);
  release_sock(k, sk);
  return ret;
}

/** As above; sleeps for the socket lock. net/ipv4/tcp.c:do_tcp_setsockopt */
function* setsockopt_sleeps(k: Kernel, sk: tcp_sock, optname: number, val: number): Sleeps<number> {
  yield* lock_sock(k, sk);
  return setsockopt_locked(k, sk, optname, val);
}

/** The value of an option of level SOL_TCP, or -errno. net/ipv4/tcp.c:do_tcp_getsockopt */
function tcp_option(k: Kernel, sk: tcp_sock, optname: number): Uint8Array | number {
  const { sysctl } = sock_net(k);
  switch (optname) {
    case TCP_MAXSEG: return int_bytes(sk.user_mss !== 0 && in_states(sk.sk_state, TCPF_CLOSE | TCPF_LISTEN) ? sk.user_mss : sk.mss_cache);
    case TCP_NODELAY: return int_bytes((sk.nonagle & TCP_NAGLE_OFF) !== 0 ? 1 : 0);
    case TCP_CORK: return int_bytes((sk.nonagle & TCP_NAGLE_CORK) !== 0 ? 1 : 0);
    case TCP_KEEPIDLE: return int_bytes(keepalive_time_when(k, sk) / HZ);
    case TCP_KEEPINTVL: return int_bytes(keepalive_intvl_when(k, sk) / HZ);
    case TCP_KEEPCNT: return int_bytes(sk.keepalive_probes !== 0 ? sk.keepalive_probes : sysctl.tcp_keepalive_probes);
    case TCP_SYNCNT: return int_bytes(sk.icsk_syn_retries !== 0 ? sk.icsk_syn_retries : sysctl.tcp_syn_retries);
    case TCP_LINGER2: return int_bytes(sk.linger2 < 0 ? -1 : (sk.linger2 !== 0 ? sk.linger2 : msecs_to_jiffies(sysctl.tcp_fin_timeout * 1000)) / HZ);
    case TCP_DEFER_ACCEPT: return int_bytes(retrans_to_secs(sk.rskq_defer_accept));
    case TCP_WINDOW_CLAMP: return int_bytes(sk.window_clamp);
    case TCP_INFO: return tcp_info_bytes(k, sk);
    case TCP_QUICKACK: return int_bytes(inet_csk_in_pingpong_mode(sk) ? 0 : 1);
    case TCP_CONGESTION: return Uint8Array.from({ length: 16 }, (_, i) => (i < sk.icsk_ca_ops.name.length ? sk.icsk_ca_ops.name.charCodeAt(i) : 0));
    case TCP_USER_TIMEOUT: return int_bytes(sk.icsk_user_timeout);
    case TCP_NOTSENT_LOWAT: return int_bytes(sk.notsent_lowat);
    case TCP_INQ: return int_bytes(sk.inq_cmsg ? 1 : 0);
    default: {
      const stored = get_stored_option(sk, SOL_TCP, optname);
      return stored === null ? -ENOPROTOOPT : int_bytes(stored);
    }
  }
}

/** Reads an option of a level above SOL_SOCKET. net/ipv4/tcp.c:tcp_getsockopt @returns 0 or -errno */
export function tcp_getsockopt(k: Kernel, sock: socket, level: number, optname: number, optval: user_ptr, optlen: user_ptr): number {
  const sk = sock.sk as tcp_sock;
  if (level !== SOL_TCP) return ip_getsockopt(k, sk, level, optname, optval, optlen);
  const len = get_user_u32(optlen, 0);
  if (len === null) return -EFAULT;
  if (len < 0) return -EINVAL;
  const value = tcp_option(k, sk, optname);
  return typeof value === 'number' ? value : put_opt(optval, optlen, value);
}
