/**
 * What TCP keeps for one connection or listener: addresses, the accept queue, timers, and the variables of RFC 9293
 * under the kernel's names. Linux counterparts: include/net/inet_sock.h, include/net/inet_connection_sock.h,
 * include/linux/tcp.h; here they are one class. Selective acknowledgements and metrics are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { timer_list } from '../kernel/timer.js';
import { sock_common, sock, type proto } from '../socket/sock.js';
import { sk_buff_head, type sk_buff } from '../socket/skbuff.js';
import { AF_INET6, IPPROTO_TCP, SOCK_STREAM } from '../socket/uapi_socket.js';
import { cubictcp, type tcp_congestion_ops } from './tcp_cong.js';
import { TCP_NEW_SYN_RECV, TCP_TIME_WAIT } from './tcp_states.js';
import type { inet_bind_bucket } from './inet_hashtables.js';

/** Options without timestamps: 20; with: 32. include/net/tcp.h */
export const TCP_HEADER_LEN = 32;
export const TCPOLEN_TSTAMP_ALIGNED = 12;
export const TCP_MSS_DEFAULT = 536;
export const TCP_MIN_MSS = 88;
export const TCP_INIT_CWND = 10;
export const TCP_INFINITE_SSTHRESH = 0x7fffffff;
export const TCP_MAX_WSCALE = 14;
export const TCP_MAX_QUICKACKS = 16;

// times, in ticks of 4 ms. include/net/tcp.h
export const TCP_ATO_MIN = 10;
export const TCP_DELACK_MIN = 10;
export const TCP_DELACK_MAX = 50;
export const TCP_RTO_MIN = 50;
export const TCP_RTO_MAX = 120 * 250;
export const TCP_TIMEOUT_INIT = 250;
export const TCP_TIMEWAIT_LEN = 60 * 250;
export const TCP_FIN_TIMEOUT_MAX = 120 * 250;

// nonagle. include/net/tcp.h
export const TCP_NAGLE_OFF = 1;
export const TCP_NAGLE_CORK = 2;
export const TCP_NAGLE_PUSH = 4;

// icsk_ack.pending. include/net/inet_connection_sock.h
export const ICSK_ACK_SCHED = 1;
export const ICSK_ACK_TIMER = 2;
export const ICSK_ACK_PUSHED = 4;
export const ICSK_ACK_PUSHED2 = 8;
export const ICSK_ACK_NOW = 16;
export const ICSK_ACK_NOMEM = 32;

// icsk_pending
export const ICSK_TIME_NONE = 0;
export const ICSK_TIME_RETRANS = 1;
export const ICSK_TIME_PROBE0 = 3;
export const ICSK_TIME_LOSS_PROBE = 5;

// what was put off while the socket was locked: sk_tsq_flags. include/linux/tcp.h
export const TCPF_WRITE_TIMER_DEFERRED = 1;
export const TCPF_DELACK_TIMER_DEFERRED = 2;
export const TCPF_ACK_DEFERRED = 4;

// urg_data. include/net/tcp.h
export const TCP_URG_VALID = 0x0100;
export const TCP_URG_NOTYET = 0x0200;
export const TCP_URG_READ = 0x0400;

// sacked: repeated and counted in retrans_out; repeated at all. include/net/tcp.h
export const TCPCB_SACKED_RETRANS = 0x02;
export const TCPCB_EVER_RETRANS = 0x80;

// icsk_ca_state, without the states that need SACK. include/uapi/linux/tcp.h
export const TCP_CA_OPEN = 0;
export const TCP_CA_RECOVERY = 3;
export const TCP_CA_LOSS = 4;

/** Timer functions, handed in so that this file stays below the code that uses it. */
export interface tcp_timer_functions {
  write: (k: Kernel, sk: tcp_sock) => void;
  delack: (k: Kernel, sk: tcp_sock) => void;
  keepalive: (k: Kernel, sk: tcp_sock) => void;
}

/** One TCP endpoint. include/linux/tcp.h:tcp_sock */
export class tcp_sock extends sock {
  // inet_sock
  inet_saddr = 0;
  /** the port on the wire; skc_num is the one that is held */
  inet_sport = 0;
  ipv6only = false;
  /** IPV6_RECVERR; `recverr` is IP_RECVERR */
  recverr6 = false;
  /** IP_FREEBIND: bind() takes any address */
  freebind = false;
  /** bound to ::ffff:0.0.0.0: any address, but of IPv4 only */
  mapped_any = false;
  /** IP_BIND_ADDRESS_NO_PORT: bind() to port 0 leaves the port to connect() */
  bind_address_no_port = false;
  icsk_bind_hash: inet_bind_bucket | null = null;

  // inet_connection_sock
  /** children that wait for accept, oldest first */
  readonly rskq_accept: tcp_request_sock[] = [];
  /** half-open requests, and those whose SYN-ACK was not yet repeated */
  readonly reqsks = new Set<tcp_request_sock>();
  /** SYN-ACKs sent before a child without data is made; 0: TCP_DEFER_ACCEPT is off */
  rskq_defer_accept = 0;
  readonly retransmit_timer: timer_list;
  readonly delack_timer: timer_list;
  readonly sk_timer: timer_list;
  icsk_pending = ICSK_TIME_NONE;
  icsk_timeout = 0;
  icsk_rto = TCP_TIMEOUT_INIT;
  icsk_retransmits = 0;
  icsk_backoff = 0;
  icsk_syn_retries = 0;
  icsk_probes_out = 0;
  icsk_probes_tstamp = 0;
  /** ms */
  icsk_user_timeout = 0;
  icsk_ca_state = TCP_CA_OPEN;
  ack_pending = 0;
  ack_quick = 0;
  ack_pingpong = 0;
  ack_retry = 0;
  ack_ato = 0;
  ack_timeout = 0;
  ack_lrcvtime = 0;
  ack_last_seg_size = 0;
  ack_rcv_mss = TCP_MSS_DEFAULT;
  sk_tsq_flags = 0;

  // receiver
  rcv_nxt = 0;
  copied_seq = 0;
  rcv_wup = 0;
  rcv_wnd = 0;
  rcv_wscale = 0;
  rcv_ssthresh = 0;
  window_clamp = 0;
  scaling_ratio = 128;
  advmss = TCP_MSS_DEFAULT;
  rcv_tstamp = 0;
  /** raw window that the next in-order segment must carry for the fast path; -1: the fast path is off */
  pred_window = -1;
  readonly out_of_order_queue = new sk_buff_head();
  /** the next ACK says that data up to here came twice; null: it does not. RFC 2883 */
  dsack: number | null = null;
  urg_data = 0;
  urg_seq = 0;
  rcv_up = 0;
  /** bytes that the program read in a round trip, at least; with where and when (us) the measurement began */
  rcvq_space = 0;
  rcvq_seq = 0;
  rcvq_time = 0;
  /** round trip as the receiver sees it, eighths of a microsecond; 0: not known */
  rcv_rtt_us = 0;
  rcv_rtt_seq = 0;
  rcv_rtt_time = 0;
  /** a whole window has come since the program's reading was measured last */
  rcv_round = false;
  /** now, as of the last segment that came or left, microseconds */
  tcp_mstamp = 0;
  /** when a segment left last */
  tcp_wstamp = 0;
  /** timestamps (ms): the peer's latest, to be echoed; our own as the peer echoed it last, and the one that was measured last */
  ts_recent = 0;
  rcv_tsecr = 0;
  rcv_rtt_last_tsecr = 0;

  // sender
  snd_una = 0;
  snd_nxt = 0;
  write_seq = 0;
  pushed_seq = 0;
  snd_sml = 0;
  snd_up = 0;
  snd_wnd = 0;
  snd_wl1 = 0;
  snd_wscale = 0;
  /** the peer understands selective acknowledgements */
  sack_ok = false;
  max_window = 0;
  mss_cache = TCP_MSS_DEFAULT;
  mss_clamp = TCP_MSS_DEFAULT;
  /** what the device takes, headers included; 0: not connected */
  icsk_pmtu_cookie = 0;
  user_mss = 0;
  gso_segs = 0;
  nonagle = 0;
  notsent_lowat = 0;
  readonly sk_write_queue = new sk_buff_head();
  readonly tcp_rtx_queue = new sk_buff_head();
  packets_out = 0;
  retrans_out = 0;
  /** a loss probe is on the way: the end of what was sent when it left, and whether it repeated data; null: none is */
  tlp_high_seq: number | null = null;
  tlp_retrans = false;
  dupacks = 0;
  high_seq = 0;
  snd_cwnd = TCP_INIT_CWND;
  snd_cwnd_cnt = 0;
  snd_ssthresh = TCP_INFINITE_SSTHRESH;
  max_packets_out = 0;
  cwnd_usage_seq = 0;
  is_cwnd_limited = false;
  /** when the oldest outstanding data was first repeated, ticks; -1: it was not */
  retrans_stamp = -1;
  total_rto = 0;
  lsndtime = 0;
  /** eighths of a tick; 0: nothing measured */
  srtt = 0;
  rttvar = 0;
  bytes_acked = 0;
  linger2 = 0;
  /** ticks; 0: the sysctl */
  keepalive_time = 0;
  keepalive_intvl = 0;
  keepalive_probes = 0;
  inq_cmsg = false;
  recverr = false;
  /** where the next bytes of send() go */
  page: Uint8Array | null = null;
  page_offset = 0;
  icsk_ca_ops: tcp_congestion_ops = cubictcp;

  constructor(k: Kernel, family: number, prot: proto, timers: tcp_timer_functions) {
    super(k, family, SOCK_STREAM, IPPROTO_TCP, prot);
    this.retransmit_timer = new timer_list('tcp_write_timer', this, timers.write);
    this.delack_timer = new timer_list('tcp_delack_timer', this, timers.delack);
    this.sk_timer = new timer_list('tcp_keepalive_timer', this, timers.keepalive);
  }
}

/** A half-open connection: a SYN was received and answered. include/net/request_sock.h:request_sock, include/linux/tcp.h:tcp_request_sock */
export class tcp_request_sock extends sock_common {
  readonly rsk_listener: tcp_sock;
  rcv_isn = 0;
  snt_isn = 0;
  mss = TCP_MSS_DEFAULT;
  snd_wscale = -1;
  rcv_wscale = 0;
  sack_ok = false;
  rsk_rcv_wnd = 0;
  rsk_window_clamp = 0;
  advmss = TCP_MSS_DEFAULT;
  pmtu = 0;
  snt_window = 0;
  /** when the SYN-ACK left, microseconds modulo 2^32 */
  snt_synack = 0;
  num_timeout = 0;
  acked = false;
  timer: timer_list | null = null;
  /** the child, once there is one */
  child: tcp_sock | null = null;

  constructor(id: number, listener: tcp_sock, family: number) {
    super(id, family);
    this.sk_state = TCP_NEW_SYN_RECV;
    this.rsk_listener = listener;
  }
}

/** What is left of a connection that was closed properly. include/net/inet_timewait_sock.h:inet_timewait_sock */
export class tcp_timewait_sock extends sock_common {
  /** FIN_WAIT2 of an orphan waits in this form too */
  tw_substate: number;
  sk_reuse: boolean;
  sk_reuseport: boolean;
  sk_uid: number;
  tw_rcv_nxt: number;
  tw_snd_nxt: number;
  tw_rcv_wnd: number;
  tw_window: number;
  readonly ipv6only: boolean;
  readonly mapped_any = false;
  tw_bucket: inet_bind_bucket | null;
  timer: timer_list | null = null;

  constructor(id: number, sk: tcp_sock, substate: number) {
    super(id, sk.sk_family);
    this.sk_state = TCP_TIME_WAIT;
    this.tw_substate = substate;
    this.skc_rcv_saddr = sk.skc_rcv_saddr;
    this.skc_daddr = sk.skc_daddr;
    this.skc_num = sk.skc_num;
    this.skc_dport = sk.skc_dport;
    this.sk_reuse = sk.sk_reuse;
    this.sk_reuseport = sk.sk_reuseport;
    this.sk_uid = sk.sk_uid;
    this.ipv6only = sk.ipv6only;
    this.tw_rcv_nxt = sk.rcv_nxt;
    this.tw_snd_nxt = sk.snd_nxt;
    this.tw_rcv_wnd = tcp_receive_window(sk);
    this.tw_window = sk.rcv_wnd >> sk.rcv_wscale;
    this.tw_bucket = sk.icsk_bind_hash;
  }
}

/** What may be still sent to us: the window offered last, less what came. include/net/tcp.h:tcp_receive_window */
export function tcp_receive_window(sk: tcp_sock): number {
  const win = (sk.rcv_wup + sk.rcv_wnd - sk.rcv_nxt) | 0;
  return win < 0 ? 0 : win;
}

/** First sequence number beyond the peer's window. include/net/tcp.h:tcp_wnd_end */
export function tcp_wnd_end(sk: tcp_sock): number {
  return (sk.snd_una + sk.snd_wnd) | 0;
}

/** The window that so much memory can hold. include/net/tcp.h:tcp_win_from_space */
export function tcp_win_from_space(sk: tcp_sock, space: number): number {
  return Math.floor((space * sk.scaling_ratio) / 256);
}

/** The memory that a window needs. include/net/tcp.h:tcp_space_from_win */
export function tcp_space_from_win(sk: tcp_sock, win: number): number {
  return Math.floor((win * 256) / sk.scaling_ratio);
}

/** Window for the memory that is free now. include/net/tcp.h:tcp_space */
export function tcp_space(sk: tcp_sock): number {
  return tcp_win_from_space(sk, sk.sk_rcvbuf - sk.sk_backlog_len - sk.sk_rmem_alloc);
}

/** Window for all the memory. include/net/tcp.h:tcp_full_space */
export function tcp_full_space(sk: tcp_sock): number {
  return tcp_win_from_space(sk, sk.sk_rcvbuf);
}

/** include/net/tcp.h:tcp_in_slow_start */
export function tcp_in_slow_start(sk: tcp_sock): boolean {
  return sk.snd_cwnd < sk.snd_ssthresh;
}

/** Segments on the way, as far as known. include/net/tcp.h:tcp_packets_in_flight */
export function tcp_packets_in_flight(sk: tcp_sock): number {
  const left = sk.icsk_ca_state === TCP_CA_LOSS ? sk.packets_out : Math.min(sk.dupacks, sk.packets_out);
  return Math.max(0, sk.packets_out - left) + sk.retrans_out;
}

/** The oldest buffer that has not been sent. include/net/tcp.h:tcp_send_head */
export function tcp_send_head(sk: tcp_sock): sk_buff | null {
  return sk.sk_write_queue.first;
}

/** Nothing unsent and nothing unacknowledged. include/net/tcp.h:tcp_rtx_and_write_queues_empty */
export function tcp_queues_empty(sk: tcp_sock): boolean {
  return sk.tcp_rtx_queue.first === null && sk.sk_write_queue.first === null;
}

/** An ACK is owed. include/net/inet_connection_sock.h:inet_csk_ack_scheduled */
export function inet_csk_ack_scheduled(sk: tcp_sock): boolean {
  return (sk.ack_pending & ICSK_ACK_SCHED) !== 0;
}

/** Data flows in both directions: ACKs may ride on replies. include/net/inet_connection_sock.h:inet_csk_in_pingpong_mode */
export function inet_csk_in_pingpong_mode(sk: tcp_sock): boolean {
  return sk.ack_pingpong >= 1;
}

/** The address family on the wire. ours: Linux tests skc_family and mapped addresses in several places */
export function is_v6_address(addr: number): boolean {
  return addr >= 0x100000000;
}

/** True for AF_INET6 sockets. ours: short for a comparison */
export function is_v6_socket(sk: sock_common): boolean {
  return sk.sk_family === AF_INET6;
}
