/**
 * SO_RCVLOWAT of TCP: how much must be there before a reader is told, and a buffer large enough for it.
 * Linux counterpart: net/ipv4/tcp.c:tcp_set_rcvlowat.
 */

import type { Kernel } from '../kernel/kernel.js';
import { sock_net } from '../socket/net.js';
import { SOCK_RCVBUF_LOCK } from '../socket/uapi_socket.js';
import { tcp_data_ready } from './tcp_data.js';
import type { tcp_sock } from './tcp_sock.js';

/** Sets the low-water mark and tells a reader at once if it is reached. net/ipv4/tcp.c:tcp_set_rcvlowat @returns 0 */
export function tcp_set_rcvlowat(k: Kernel, sk: tcp_sock, val: number): number {
  const locked = (sk.sk_userlocks & SOCK_RCVBUF_LOCK) !== 0;
  const cap = locked ? sk.sk_rcvbuf >> 1 : sock_net(k).sysctl.tcp_rmem[2] >> 1;
  sk.sk_rcvlowat = Math.min(val, cap);
  if (sk.sk_rcvlowat === 0) sk.sk_rcvlowat = 1;
  tcp_data_ready(k, sk);
  if (locked) return 0;
  const space = sk.sk_rcvlowat * 2;
  if (space > sk.sk_rcvbuf) {
    sk.sk_rcvbuf = space;
    if (sk.window_clamp !== 0 && sk.window_clamp < sk.sk_rcvlowat) sk.window_clamp = sk.sk_rcvlowat;
  }
  return 0;
}
