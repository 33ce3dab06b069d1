/**
 * Header prediction: the next segment of a connection that is in order, with no urgent data and an unchanged window,
 * takes a short way through tcp_rcv_established. Linux counterpart: include/net/tcp.h (pred_flags).
 */

import type { tcp_sock } from './tcp_sock.js';

/** The next in-order segment may take the fast path if its window is as it was. include/net/tcp.h:tcp_fast_path_on */
export function tcp_fast_path_on(sk: tcp_sock): void {
  sk.pred_window = sk.snd_wnd >> sk.snd_wscale;
}

/** Switches the fast path on when nothing speaks against it. include/net/tcp.h:tcp_fast_path_check */
export function tcp_fast_path_check(sk: tcp_sock): void {
  if (sk.out_of_order_queue.first === null && sk.rcv_wnd !== 0 && sk.sk_rmem_alloc < sk.sk_rcvbuf && sk.urg_data === 0) tcp_fast_path_on(sk);
}

/** Every segment takes the slow path. include/net/tcp.h: pred_flags = 0 */
export function tcp_fast_path_off(sk: tcp_sock): void {
  sk.pred_window = -1;
}
