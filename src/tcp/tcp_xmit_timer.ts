/**
 * Arming and disarming the timers of a connection: retransmission and probes share one timer, delayed ACKs have
 * their own, keepalive and FIN_WAIT2 the third. What happens when they fire is in tcp_timer.ts.
 * Linux counterpart: include/net/inet_connection_sock.h, include/net/tcp.h.
 */

import type { Kernel } from '../kernel/kernel.js';
import { JIFFY_NS } from '../kernel/clock.js';
import { jiffies, mod_timer, msecs_to_jiffies } from '../kernel/timer.js';
import { sock_net } from '../socket/net.js';
import {
  ICSK_ACK_SCHED, ICSK_ACK_TIMER, ICSK_TIME_LOSS_PROBE, ICSK_TIME_NONE, ICSK_TIME_PROBE0, ICSK_TIME_RETRANS, TCP_ATO_MIN, TCP_CA_OPEN, TCP_RTO_MAX,
  TCP_RTO_MIN, TCP_TIMEOUT_INIT, type tcp_sock,
} from './tcp_sock.js';

/** Microseconds of a tick. */
const JIFFY_US = JIFFY_NS / 1000;

/** Microseconds as ticks, rounded up. include/linux/jiffies.h:usecs_to_jiffies */
export function usecs_to_jiffies(us: number): number {
  return ((us + JIFFY_US - 1) / JIFFY_US) | 0;
}

/** Arms the timer for retransmissions or probes. include/net/inet_connection_sock.h:inet_csk_reset_xmit_timer @param when ticks from now */
export function tcp_reset_xmit_timer(k: Kernel, sk: tcp_sock, what: number, when: number, max = TCP_RTO_MAX): void {
  sk.icsk_pending = what;
  sk.icsk_timeout = jiffies(k) + Math.max(1, Math.min(when, max));
  mod_timer(k, sk.retransmit_timer, sk.icsk_timeout);
}

/** Nothing is to be done any more. The timer runs on and finds that out: moving it costs more. include/net/inet_connection_sock.h:inet_csk_clear_xmit_timer */
export function tcp_clear_xmit_timer(sk: tcp_sock): void {
  sk.icsk_pending = ICSK_TIME_NONE;
}

/** Microseconds until the oldest data is repeated. include/net/tcp.h:tcp_rto_delta_us */
function tcp_rto_delta_us(k: Kernel, sk: tcp_sock): number {
  const { first } = sk.tcp_rtx_queue;
  return sk.icsk_rto * JIFFY_US - (first === null ? 0 : (k.clock.us - first.tstamp) | 0);
}

/** The timer restarts after news of the oldest data, or stops when all is acknowledged. net/ipv4/tcp_input.c:tcp_rearm_rto */
export function tcp_rearm_rto(k: Kernel, sk: tcp_sock): void {
  if (sk.packets_out === 0) {
    tcp_clear_xmit_timer(sk);
    return;
  }
  // After a loss probe the time counts from when the data left.
  const rto = sk.icsk_pending === ICSK_TIME_LOSS_PROBE ? usecs_to_jiffies(Math.max(1, tcp_rto_delta_us(k, sk))) : sk.icsk_rto;
  tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, rto);
}

/**
 * When the ACK of the last data is late, a probe shall ask for it long before the retransmission timeout.
 * net/ipv4/tcp_output.c:tcp_schedule_loss_probe, RFC 8985 7.2
 * @param advancing_rto an ACK has just moved the timeout too
 * @returns false: no probe is wanted
 */
export function tcp_schedule_loss_probe(k: Kernel, sk: tcp_sock, advancing_rto: boolean): boolean {
  if (sk.packets_out === 0 || sock_net(k).sysctl.tcp_early_retrans < 3 || !sk.sack_ok || sk.icsk_ca_state !== TCP_CA_OPEN) return false;
  let timeout = TCP_TIMEOUT_INIT;
  // Two round trips; with one segment on the way its ACK may be delayed by the receiver.
  if (sk.srtt !== 0) timeout = usecs_to_jiffies((sk.srtt >> 2) + (sk.packets_out === 1 ? TCP_RTO_MIN * JIFFY_US : 2000));
  const deltaUs = advancing_rto ? sk.icsk_rto * JIFFY_US : tcp_rto_delta_us(k, sk);
  if (deltaUs > 0) timeout = Math.min(timeout, usecs_to_jiffies(deltaUs));
  tcp_reset_xmit_timer(k, sk, ICSK_TIME_LOSS_PROBE, timeout);
  return true;
}

/** The timer after an ACK: of a probe, or of the retransmission. net/ipv4/tcp_input.c:tcp_set_xmit_timer */
export function tcp_set_xmit_timer(k: Kernel, sk: tcp_sock): void {
  if (!tcp_schedule_loss_probe(k, sk, true)) tcp_rearm_rto(k, sk);
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
  return sk.srtt === 0 ? TCP_TIMEOUT_INIT : usecs_to_jiffies((sk.srtt >> 3) + sk.rttvar);
}
