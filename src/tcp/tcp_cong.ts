/**
 * Congestion control: how far the window opens when data is acknowledged, and how far it closes when data is lost. It is one object a
 * connection, which TCP_CONGESTION exchanges by its name. Linux counterpart: net/ipv4/tcp_cong.c. Reno is modelled (RFC 5681); `cubic`
 * closes by its own factor and opens as Reno does, `bbr` is Reno under another name with a larger send buffer: curves and pacing are left out.
 */

import type { tcp_sock } from './tcp_sock.js';

/** What a congestion control decides. include/net/tcp.h:tcp_congestion_ops */
export interface tcp_congestion_ops {
  readonly name: string;
  /** the send buffer holds so many congestion windows */
  readonly sndbuf_expand: number;
  /** data was lost: the window up to which it opens fast again, segments */
  readonly ssthresh: (sk: tcp_sock) => number;
  /** so many segments were acknowledged while the window was what held the sender back */
  readonly cong_avoid: (sk: tcp_sock, acked: number) => void;
}

/** Half the window. net/ipv4/tcp_cong.c:tcp_reno_ssthresh */
function tcp_reno_ssthresh(sk: tcp_sock): number {
  return Math.max(sk.snd_cwnd >> 1, 2);
}

/** Slow start: one more for each segment, up to the threshold. net/ipv4/tcp_cong.c:tcp_slow_start @returns segments that are left over */
function tcp_slow_start(sk: tcp_sock, acked: number): number {
  const cwnd = Math.min(sk.snd_cwnd + acked, sk.snd_ssthresh);
  const left = acked - (cwnd - sk.snd_cwnd);
  sk.snd_cwnd = cwnd;
  return left;
}

/** Congestion avoidance: one more for each window. net/ipv4/tcp_cong.c:tcp_cong_avoid_ai */
function tcp_cong_avoid_ai(sk: tcp_sock, acked: number): void {
  sk.snd_cwnd_cnt += acked;
  if (sk.snd_cwnd_cnt < sk.snd_cwnd) return;
  sk.snd_cwnd_cnt -= sk.snd_cwnd;
  sk.snd_cwnd++;
}

/** net/ipv4/tcp_cong.c:tcp_reno_cong_avoid */
function tcp_reno_cong_avoid(sk: tcp_sock, acked: number): void {
  const left = sk.snd_cwnd < sk.snd_ssthresh ? tcp_slow_start(sk, acked) : acked;
  tcp_cong_avoid_ai(sk, left);
}

/** Seven tenths of the window. net/ipv4/tcp_cubic.c:cubictcp_recalc_ssthresh */
function cubictcp_recalc_ssthresh(sk: tcp_sock): number {
  return Math.max(Math.floor((sk.snd_cwnd * 717) / 1024), 2);
}

/** net/ipv4/tcp_cong.c:tcp_reno */
export const tcp_reno: tcp_congestion_ops = Object.freeze({
  name: 'reno', sndbuf_expand: 2, ssthresh: tcp_reno_ssthresh, cong_avoid: tcp_reno_cong_avoid,
});

/** The default of Linux. net/ipv4/tcp_cubic.c:cubictcp */
export const cubictcp: tcp_congestion_ops = Object.freeze({ ...tcp_reno, name: 'cubic', ssthresh: cubictcp_recalc_ssthresh });

/** net/ipv4/tcp_bbr.c:tcp_bbr_cong_ops */
const tcp_bbr_cong_ops: tcp_congestion_ops = Object.freeze({ ...tcp_reno, name: 'bbr', sndbuf_expand: 3 });

const ALL: readonly tcp_congestion_ops[] = [tcp_reno, cubictcp, tcp_bbr_cong_ops];

/** The one with this name, or null. net/ipv4/tcp_cong.c:tcp_ca_find */
export function tcp_ca_find(name: string): tcp_congestion_ops | null {
  return ALL.find((ca) => ca.name === name) ?? null;
}
