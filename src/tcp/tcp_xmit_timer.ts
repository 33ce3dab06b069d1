/**
 * Arming and disarming the timers of a connection: retransmission and probes share one timer, delayed ACKs have
 * their own, keepalive and FIN_WAIT2 the third. What happens when they fire is in tcp_timer.ts.
 * Linux counterpart: include/net/inet_connection_sock.h, include/net/tcp.h.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies, mod_timer, msecs_to_jiffies } from '../kernel/timer.js';
import { sock_net } from '../socket/net.js';
import {
  ICSK_ACK_SCHED, ICSK_ACK_TIMER, ICSK_TIME_NONE, ICSK_TIME_PROBE0, ICSK_TIME_RETRANS, inet_csk_in_pingpong_mode, TCP_ATO_MIN, TCP_DELACK_MAX,
  TCP_DELACK_MIN, TCP_RTO_MAX, TCP_RTO_MIN, TCP_TIMEOUT_INIT, type tcp_sock,
} from './tcp_sock.js';

/** Arms the timer for retransmissions or probes. include/net/inet_connection_sock.h:inet_csk_reset_xmit_timer @param when ticks from now */
export function tcp_reset_xmit_timer(k: Kernel, sk: tcp_sock, what: number, when: number, max = TCP_RTO_MAX): void {
  sk.icsk_pending = what;
  sk.icsk_timeout = jiffies(k) + Math.max(1, Math.min(when, max));
  mod_timer(k, sk.retransmit_timer, sk.icsk_timeout);
}

/** Nothing is to be done any more. The timer runs on and finds that out: moving it costs more. include/net/inet_connection_sock.h:inet_csk_clear_xmit_timer */
export function tcp_clear_xmit_timer(sk: tcp_sock, what: number): void {
  if (sk.icsk_pending === what) sk.icsk_pending = ICSK_TIME_NONE;
}

/** The timer restarts after news of the oldest data, or stops when all is acknowledged. net/ipv4/tcp_input.c:tcp_rearm_rto */
export function tcp_rearm_rto(k: Kernel, sk: tcp_sock): void {
  if (sk.packets_out === 0) tcp_clear_xmit_timer(sk, ICSK_TIME_RETRANS);
  else tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, sk.icsk_rto);
}

/** First wait before a zero-window probe. include/net/tcp.h:tcp_probe0_base */
export function tcp_probe0_base(sk: tcp_sock): number {
  return Math.max(sk.icsk_rto, TCP_RTO_MIN);
}

/** The wait before the next probe, doubled each time. include/net/tcp.h:tcp_probe0_when */
export function tcp_probe0_when(sk: tcp_sock): number {
  return Math.min(tcp_probe0_base(sk) * 2 ** Math.min(sk.icsk_backoff, 20), TCP_RTO_MAX);
}

/** Nothing is on the way and nothing may be sent: a probe will ask. include/net/tcp.h:tcp_check_probe_timer */
export function tcp_check_probe_timer(k: Kernel, sk: tcp_sock): void {
  if (sk.packets_out === 0 && sk.icsk_pending === ICSK_TIME_NONE) tcp_reset_xmit_timer(k, sk, ICSK_TIME_PROBE0, tcp_probe0_base(sk));
}

// ACKs

/** An ACK is owed. include/net/inet_connection_sock.h:inet_csk_schedule_ack */
export function inet_csk_schedule_ack(sk: tcp_sock): void {
  sk.ack_pending |= ICSK_ACK_SCHED;
}

/** No ACK is owed any more; the timer runs on, as above. include/net/inet_connection_sock.h:inet_csk_clear_xmit_timer(ICSK_TIME_DACK) */
export function tcp_clear_delack(sk: tcp_sock): void {
  sk.ack_pending = 0;
  sk.ack_retry = 0;
}

/** Arms the delayed ACK at an absolute tick. include/net/inet_connection_sock.h:inet_csk_reset_xmit_timer(ICSK_TIME_DACK) */
export function tcp_arm_delack(k: Kernel, sk: tcp_sock, at: number): void {
  sk.ack_pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
  sk.ack_timeout = at;
  mod_timer(k, sk.delack_timer, at);
}

/** The ACK may wait: for data of our own, or for more to acknowledge. net/ipv4/tcp_output.c:tcp_send_delayed_ack */
export function tcp_send_delayed_ack(k: Kernel, sk: tcp_sock): void {
  let ato = sk.ack_ato;
  if (ato > TCP_DELACK_MIN) {
    let max_ato = inet_csk_in_pingpong_mode(sk) || (sk.ack_pending & 4) !== 0 ? TCP_DELACK_MAX : 125;
    if (sk.srtt !== 0) max_ato = Math.min(max_ato, Math.max(Math.ceil((sk.srtt >> 3) / 4000), TCP_DELACK_MIN));
    ato = Math.min(ato, max_ato);
  }
  ato = Math.min(ato, TCP_DELACK_MAX);
  let timeout = jiffies(k) + ato;
  if ((sk.ack_pending & ICSK_ACK_TIMER) !== 0) {
    // A timer that is about to fire is not moved, and never to a later time.
    if (sk.ack_timeout <= jiffies(k) + (ato >> 2)) return;
    if (timeout > sk.ack_timeout) timeout = sk.ack_timeout;
  }
  tcp_arm_delack(k, sk, timeout);
}

/** For the next few segments ACKs are sent at once. net/ipv4/tcp_input.c:tcp_incr_quickack */
export function tcp_incr_quickack(sk: tcp_sock, max: number): void {
  const half = Math.floor(sk.rcv_wnd / (2 * sk.ack_rcv_mss));
  const quickacks = Math.min(half === 0 ? 2 : half, max);
  if (quickacks > sk.ack_quick) sk.ack_quick = quickacks;
}

/** As tcp_incr_quickack, and replies are not waited for. net/ipv4/tcp_input.c:tcp_enter_quickack_mode */
export function tcp_enter_quickack_mode(sk: tcp_sock, max: number): void {
  tcp_incr_quickack(sk, max);
  sk.ack_pingpong = 0;
  sk.ack_ato = TCP_ATO_MIN;
}

// keepalive and FIN_WAIT2

/** net/ipv4/inet_connection_sock.c:inet_csk_reset_keepalive_timer @param len ticks from now */
export function tcp_reset_keepalive_timer(k: Kernel, sk: tcp_sock, len: number): void {
  mod_timer(k, sk.sk_timer, jiffies(k) + len);
}

/** Idle ticks before the first probe. include/net/tcp.h:keepalive_time_when */
export function keepalive_time_when(k: Kernel, sk: tcp_sock): number {
  return sk.keepalive_time !== 0 ? sk.keepalive_time : msecs_to_jiffies(sock_net(k).sysctl.tcp_keepalive_time * 1000);
}

/** Ticks between probes. include/net/tcp.h:keepalive_intvl_when */
export function keepalive_intvl_when(k: Kernel, sk: tcp_sock): number {
  return sk.keepalive_intvl !== 0 ? sk.keepalive_intvl : msecs_to_jiffies(sock_net(k).sysctl.tcp_keepalive_intvl * 1000);
}

/** How long an orphan stays in FIN_WAIT2, ticks. include/net/tcp.h:tcp_fin_time */
export function tcp_fin_time(k: Kernel, sk: tcp_sock): number {
  const time = sk.linger2 !== 0 ? sk.linger2 : msecs_to_jiffies(sock_net(k).sysctl.tcp_fin_timeout * 1000);
  const rto = sk.icsk_rto;
  return Math.max(time, (rto << 2) - (rto >> 1));
}

/** include/net/tcp.h:keepalive_time_elapsed */
export function keepalive_time_elapsed(k: Kernel, sk: tcp_sock): number {
  const now = jiffies(k);
  return Math.min(now - sk.ack_lrcvtime, now - sk.rcv_tstamp);
}

/** A round trip time, measured at the ACK of data that was sent once: sets the retransmission timeout. net/ipv4/tcp_input.c:tcp_rtt_estimator, RFC 6298 @param rttUs microseconds */
export function tcp_rtt_estimator(sk: tcp_sock, rttUs: number): void {
  // Microseconds, at least one; srtt in eighths and rttvar in quarters, as in Linux.
  let m = Math.max(1, rttUs);
  if (sk.srtt === 0) {
    sk.srtt = m << 3;
    sk.rttvar = Math.max(m << 1, 200_000);
  } else {
    m -= sk.srtt >> 3;
    sk.srtt += m;
    const deviation = Math.abs(m);
    sk.rttvar = Math.max(sk.rttvar + ((deviation * 4 - sk.rttvar) >> 2), 200_000);
  }
  sk.icsk_rto = Math.min(tcp_base_rto(sk), TCP_RTO_MAX);
}

/** The timeout that the measured round trips give, ticks, before any doubling. include/net/tcp.h:__tcp_set_rto */
export function tcp_base_rto(sk: tcp_sock): number {
  return sk.srtt === 0 ? TCP_TIMEOUT_INIT : Math.ceil(((sk.srtt >> 3) + sk.rttvar) / 4000);
}
