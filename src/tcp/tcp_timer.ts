/**
 * What happens when a timer of a connection fires: repeating, giving up, probing a closed window, delayed ACKs,
 * keepalive, the end of an orphan in FIN_WAIT2. A timer that meets a locked socket is put off to its release.
 * Linux counterpart: net/ipv4/tcp_timer.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { JIFFY_NS } from '../kernel/clock.js';
import { jiffies, mod_timer, msecs_to_jiffies, timer_delete } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { sock_flag, sock_owned_by_user } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { SOCK_DEAD, SOCK_KEEPOPEN } from '../socket/uapi_socket.js';
import { tcp_send_ack, tcp_send_active_reset, tcp_send_probe0, tcp_write_wakeup } from './tcp_control.js';
import { tcp_done, tcp_write_err } from './tcp_life.js';
import { tcp_time_wait } from './tcp_minisocks.js';
import { tcp_clock_us, tcp_retransmit_skb } from './tcp_output.js';
import {
  ICSK_ACK_TIMER, ICSK_TIME_LOSS_PROBE, ICSK_TIME_NONE, ICSK_TIME_PROBE0, ICSK_TIME_RETRANS, inet_csk_ack_scheduled, inet_csk_in_pingpong_mode, TCP_ATO_MIN, TCP_CA_LOSS,
  TCP_RTO_MAX, TCP_RTO_MIN, tcp_send_head, TCP_TIMEOUT_INIT, TCP_TIMEWAIT_LEN, TCPCB_SACKED_RETRANS, TCPF_ACK_DEFERRED, TCPF_DELACK_TIMER_DEFERRED,
  TCPF_WRITE_TIMER_DEFERRED, type tcp_sock,
} from './tcp_sock.js';
import { in_states, TCP_CLOSE, TCP_FIN_WAIT2, TCP_LISTEN, TCP_SYN_SENT, TCPF_CLOSE, TCPF_LISTEN, TCPF_SYN_RECV, TCPF_SYN_SENT } from './tcp_states.js';
import { tcp_send_loss_probe } from './tcp_tlp.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import {
  tcp_base_rto, keepalive_intvl_when, keepalive_time_elapsed, keepalive_time_when, tcp_fin_time, tcp_probe0_when, tcp_reset_keepalive_timer, tcp_reset_xmit_timer,
} from './tcp_xmit_timer.js';

const F = TCP_FUNCTIONS.id;

/** The time after which so many repetitions would be over, ticks. net/ipv4/tcp_timer.c:tcp_model_timeout */
function tcp_model_timeout(boundary: number, rto_base: number): number {
  const linear = 31 - Math.clz32(Math.floor(TCP_RTO_MAX / rto_base));
  if (boundary <= linear) return (2 ** (boundary + 1) - 1) * rto_base;
  return (2 ** (linear + 1) - 1) * rto_base + (boundary - linear) * TCP_RTO_MAX;
}

/** Repeated for too long. net/ipv4/tcp_timer.c:retransmits_timed_out @param timeout ticks; 0: what `boundary` repetitions take */
function retransmits_timed_out(k: Kernel, sk: tcp_sock, boundary: number, timeout: number): boolean {
  if (sk.icsk_retransmits === 0) return false;
  const base = in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV) ? TCP_TIMEOUT_INIT : TCP_RTO_MIN;
  const limit = timeout !== 0 ? timeout : tcp_model_timeout(boundary, base);
  return (k.clock.nowNs - Math.max(sk.retrans_stamp, 0)) / JIFFY_NS - limit >= 0;
}

/** How often an orphan repeats. net/ipv4/tcp_timer.c:tcp_orphan_retries */
function tcp_orphan_retries(k: Kernel, sk: tcp_sock, alive: boolean): number {
  const retries = sock_net(k).sysctl.tcp_orphan_retries;
  if (sk.sk_err_soft !== 0 && !alive) return 0;
  return retries === 0 && alive ? 8 : retries;
}

/** True when the connection is given up, and was ended. net/ipv4/tcp_timer.c:tcp_write_timeout */
function tcp_write_timeout(k: Kernel, sk: tcp_sock): boolean {
  const { sysctl } = sock_net(k);
  const user = msecs_to_jiffies(sk.icsk_user_timeout);
  let retry_until = sysctl.tcp_retries2;
  let expired = false;
  if (in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV)) {
    retry_until = sk.icsk_syn_retries !== 0 ? sk.icsk_syn_retries : sysctl.tcp_syn_retries;
    const max = sk.sk_state === TCP_SYN_SENT ? retry_until + sysctl.tcp_syn_linear_timeouts : retry_until;
    expired = sk.icsk_retransmits >= max;
  } else if (sock_flag(sk, SOCK_DEAD)) {
    retry_until = tcp_orphan_retries(k, sk, sk.icsk_rto < TCP_RTO_MAX);
  }
  if (!expired) expired = retransmits_timed_out(k, sk, retry_until, user);
  if (expired) tcp_write_err(k, sk);
  return expired;
}

/** Everything outstanding counts as lost; one segment at a time again. net/ipv4/tcp_input.c:tcp_enter_loss */
function tcp_enter_loss(sk: tcp_sock): void {
  if (sk.icsk_ca_state !== TCP_CA_LOSS) {
    sk.snd_ssthresh = sk.icsk_ca_ops.ssthresh(sk);
    sk.high_seq = sk.snd_nxt;
  }
  sk.icsk_ca_state = TCP_CA_LOSS;
  sk.snd_cwnd = 1;
  sk.snd_cwnd_cnt = 0;
  sk.dupacks = 0;
  sk.retrans_out = 0;
  sk.tlp_high_seq = null;
  for (let skb = sk.tcp_rtx_queue.first; skb !== null; skb = skb.next) skb.sacked &= ~TCPCB_SACKED_RETRANS;
}

/** A timer must not fire later than TCP_USER_TIMEOUT ends. net/ipv4/tcp_timer.c:tcp_clamp_rto_to_user_timeout */
function tcp_clamp_rto_to_user_timeout(k: Kernel, sk: tcp_sock): number {
  if (sk.icsk_user_timeout === 0) return sk.icsk_rto;
  const elapsed = (k.clock.nowNs - Math.max(sk.retrans_stamp, 0)) / JIFFY_NS;
  const remaining = msecs_to_jiffies(sk.icsk_user_timeout) - elapsed;
  return remaining <= 0 ? 1 : Math.min(sk.icsk_rto, Math.ceil(remaining));
}

/** The oldest data was not acknowledged in time. net/ipv4/tcp_timer.c:tcp_retransmit_timer */
function tcp_retransmit_timer(k: Kernel, sk: tcp_sock): void {
  const skb = sk.tcp_rtx_queue.first;
  if (sk.packets_out === 0 || skb === null) return;
  const connecting = in_states(sk.sk_state, TCPF_SYN_SENT | TCPF_SYN_RECV);
  if (tcp_write_timeout(k, sk)) return;
  if (!connecting) tcp_enter_loss(sk);
  sk.icsk_retransmits++;
  sk.total_rto++;
  tcp_retransmit_skb(k, sk, skb);
  // A SYN is repeated each second at first.
  if (sk.sk_state !== TCP_SYN_SENT || sk.total_rto > sock_net(k).sysctl.tcp_syn_linear_timeouts) {
    sk.icsk_backoff++;
    sk.icsk_rto = Math.min(sk.icsk_rto * 2, TCP_RTO_MAX);
  }
  tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, tcp_clamp_rto_to_user_timeout(k, sk));
}

/**
 * The host of the peer cannot be reached: that says nothing about congestion, so the last doubling of the timeout is taken back.
 * net/ipv4/tcp_ipv4.c:tcp_ld_RTO_revert, RFC 6069
 */
export function tcp_ld_RTO_revert(k: Kernel, sk: tcp_sock, seq: number): void {
  const skb = sk.tcp_rtx_queue.first;
  if (sock_owned_by_user(sk) || seq !== sk.snd_una || sk.icsk_retransmits === 0 || sk.icsk_backoff === 0 || skb === null) return;
  sk.icsk_backoff--;
  sk.icsk_rto = Math.min(tcp_base_rto(sk) * 2 ** Math.min(sk.icsk_backoff, 20), TCP_RTO_MAX);
  const elapsed = Math.ceil(((tcp_clock_us(k) - skb.tstamp) | 0) / (JIFFY_NS / 1000));
  if (sk.icsk_rto > elapsed) tcp_reset_xmit_timer(k, sk, ICSK_TIME_RETRANS, sk.icsk_rto - elapsed);
  else tcp_retransmit_timer(k, sk);
}

/** The peer's window has been closed for a while. net/ipv4/tcp_timer.c:tcp_probe_timer */
function tcp_probe_timer(k: Kernel, sk: tcp_sock): void {
  if (sk.packets_out > 0 || tcp_send_head(sk) === null) {
    sk.icsk_probes_out = 0;
    sk.icsk_probes_tstamp = 0;
    return;
  }
  const user = msecs_to_jiffies(sk.icsk_user_timeout);
  if (sk.icsk_probes_tstamp === 0) sk.icsk_probes_tstamp = Math.max(1, jiffies(k));
  else if (user !== 0 && jiffies(k) - sk.icsk_probes_tstamp >= user) {
    tcp_write_err(k, sk);
    return;
  }
  let max_probes = sock_net(k).sysctl.tcp_retries2;
  if (sock_flag(sk, SOCK_DEAD)) {
    const alive = tcp_probe0_when(sk) < TCP_RTO_MAX;
    max_probes = tcp_orphan_retries(k, sk, alive);
    if (!alive && sk.icsk_backoff >= max_probes) {
      tcp_write_err(k, sk);
      return;
    }
  }
  if (sk.icsk_probes_out >= max_probes) tcp_write_err(k, sk);
  else tcp_send_probe0(k, sk);
}

/** net/ipv4/tcp_timer.c:tcp_write_timer_handler */
function tcp_write_timer_handler(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_write_timer_handler, sk);
  if (!in_states(sk.sk_state, TCPF_CLOSE | TCPF_LISTEN) && sk.icsk_pending !== ICSK_TIME_NONE) {
    const what = sk.icsk_pending;
    if (sk.icsk_timeout > jiffies(k)) {
      mod_timer(k, sk.retransmit_timer, sk.icsk_timeout);
    } else {
      // A loss probe restarts the timer, and needs to know that it was one.
      if (what !== ICSK_TIME_LOSS_PROBE) sk.icsk_pending = ICSK_TIME_NONE;
      if (what === ICSK_TIME_LOSS_PROBE) tcp_send_loss_probe(k, sk);
      else if (what === ICSK_TIME_RETRANS) tcp_retransmit_timer(k, sk);
      else if (what === ICSK_TIME_PROBE0) tcp_probe_timer(k, sk);
    }
  }
  leave(k, 0);
}

/** The timer of retransmissions and probes fires. net/ipv4/tcp_timer.c:tcp_write_timer */
export function tcp_write_timer(k: Kernel, sk: tcp_sock): void {
  if (sock_owned_by_user(sk)) sk.sk_tsq_flags |= TCPF_WRITE_TIMER_DEFERRED;
  else tcp_write_timer_handler(k, sk);
}

/** An ACK has waited long enough. net/ipv4/tcp_timer.c:tcp_delack_timer_handler */
function tcp_delack_timer_handler(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_delack_timer_handler, sk);
  if (!in_states(sk.sk_state, TCPF_CLOSE | TCPF_LISTEN) && (sk.ack_pending & ICSK_ACK_TIMER) !== 0) {
    if (sk.ack_timeout > jiffies(k)) {
      mod_timer(k, sk.delack_timer, sk.ack_timeout);
    } else {
      sk.ack_pending &= ~ICSK_ACK_TIMER;
      if (inet_csk_ack_scheduled(sk)) {
        if (!inet_csk_in_pingpong_mode(sk)) {
          // The peer waits for our ACKs: it will wait longer the next time.
          sk.ack_ato = Math.min(sk.ack_ato * 2, sk.icsk_rto);
        } else {
          // No reply came that could have carried the ACK.
          sk.ack_pingpong = 0;
          sk.ack_ato = TCP_ATO_MIN;
        }
        tcp_send_ack(k, sk);
      }
    }
  }
  leave(k, 0);
}

/** The timer of delayed ACKs fires. net/ipv4/tcp_timer.c:tcp_delack_timer */
export function tcp_delack_timer(k: Kernel, sk: tcp_sock): void {
  if (sock_owned_by_user(sk)) sk.sk_tsq_flags |= TCPF_DELACK_TIMER_DEFERRED;
  else tcp_delack_timer_handler(k, sk);
}

/** What was put off while a call held the socket. net/ipv4/tcp_output.c:tcp_release_cb */
export function tcp_release_cb(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_release_cb, sk);
  const flags = sk.sk_tsq_flags;
  if (flags !== 0) {
    sk.sk_tsq_flags = 0;
    if ((flags & TCPF_WRITE_TIMER_DEFERRED) !== 0) tcp_write_timer_handler(k, sk);
    if ((flags & TCPF_DELACK_TIMER_DEFERRED) !== 0) tcp_delack_timer_handler(k, sk);
    if ((flags & TCPF_ACK_DEFERRED) !== 0 && inet_csk_ack_scheduled(sk)) tcp_send_ack(k, sk);
  }
  leave(k, 0);
}

/** SO_KEEPALIVE is switched. net/ipv4/tcp_timer.c:tcp_set_keepalive */
export function tcp_set_keepalive(k: Kernel, sk: tcp_sock, on: boolean): void {
  if (in_states(sk.sk_state, TCPF_CLOSE | TCPF_LISTEN)) return;
  if (on && !sock_flag(sk, SOCK_KEEPOPEN)) tcp_reset_keepalive_timer(k, sk, keepalive_time_when(k, sk));
  else if (!on) timer_delete(k, sk.sk_timer);
}

/** An orphan in FIN_WAIT2 has waited for the peer's FIN. net/ipv4/tcp_timer.c:tcp_keepalive_timer */
function fin_wait2_timeout(k: Kernel, sk: tcp_sock): void {
  if (sk.linger2 >= 0) {
    const tmo = tcp_fin_time(k, sk) - TCP_TIMEWAIT_LEN;
    if (tmo > 0) {
      tcp_time_wait(k, sk, TCP_FIN_WAIT2, tmo);
      return;
    }
  }
  tcp_send_active_reset(k, sk);
  tcp_done(k, sk);
}

/** Probes of an idle connection. net/ipv4/tcp_timer.c:tcp_keepalive_timer */
function keepalive_probe(k: Kernel, sk: tcp_sock): void {
  const idle = keepalive_time_when(k, sk);
  let elapsed = idle;
  if (sk.packets_out === 0 && sk.sk_write_queue.first === null) {
    elapsed = keepalive_time_elapsed(k, sk);
    if (elapsed >= idle) {
      const user = msecs_to_jiffies(sk.icsk_user_timeout);
      const probes = sk.keepalive_probes !== 0 ? sk.keepalive_probes : sock_net(k).sysctl.tcp_keepalive_probes;
      if ((user !== 0 && elapsed >= user && sk.icsk_probes_out > 0) || (user === 0 && sk.icsk_probes_out >= probes)) {
        tcp_send_active_reset(k, sk);
        tcp_write_err(k, sk);
        return;
      }
      tcp_write_wakeup(k, sk);
      sk.icsk_probes_out++;
      elapsed = keepalive_intvl_when(k, sk);
    } else {
      elapsed = idle - elapsed;
    }
  }
  tcp_reset_keepalive_timer(k, sk, elapsed);
}

/** The third timer fires: keepalive, or the end of FIN_WAIT2. net/ipv4/tcp_timer.c:tcp_keepalive_timer */
export function tcp_keepalive_timer(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.tcp_keepalive_timer, sk);
  if (sock_owned_by_user(sk)) tcp_reset_keepalive_timer(k, sk, 13);
  else if (sk.sk_state === TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) fin_wait2_timeout(k, sk);
  else if (sock_flag(sk, SOCK_KEEPOPEN) && sk.sk_state !== TCP_LISTEN && sk.sk_state !== TCP_CLOSE && sk.sk_state !== TCP_SYN_SENT) keepalive_probe(k, sk);
  leave(k, 0);
}
