/**
 * Taking a connection back to the beginning: connect(AF_UNSPEC), SO_LINGER with 0 seconds, shutdown of a listener,
 * the collecting of a failed connect. Linux counterpart: net/ipv4/tcp.c:tcp_disconnect.
 */

import type { Kernel } from '../kernel/kernel.js';
import { ECONNRESET } from '../kernel/errno.js';
import { leave } from '../kernel/trace.js';
import { sk_error_report } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { SOCK_BINDADDR_LOCK, SOCK_DONE } from '../socket/uapi_socket.js';
import { inet_csk_listen_stop } from './reqsk.js';
import { tcp_send_active_reset } from './tcp_control.js';
import { tcp_fast_path_off } from './tcp_fastpath.js';
import { tcp_clear_xmit_timers, tcp_ofo_queue_purge, tcp_receive_queue_purge, tcp_set_state, tcp_write_queue_purge } from './tcp_life.js';
import { TCP_CA_OPEN, TCP_INFINITE_SSTHRESH, TCP_INIT_CWND, TCP_TIMEOUT_INIT, type tcp_sock } from './tcp_sock.js';
import {
  in_states, TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT, TCPF_CLOSE_WAIT, TCPF_CLOSING, TCPF_ESTABLISHED, TCPF_FIN_WAIT1, TCPF_FIN_WAIT2, TCPF_LAST_ACK,
  TCPF_SYN_RECV,
} from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** The peer must be told of an abort. net/ipv4/tcp.c:tcp_need_reset */
function tcp_need_reset(state: number): boolean {
  return in_states(state, TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV);
}

/** The variables of a connection that does not exist yet. net/ipv4/tcp.c:tcp_disconnect */
function tcp_reset_variables(sk: tcp_sock): void {
  sk.skc_dport = 0;
  sk.skc_daddr = 0;
  if ((sk.sk_userlocks & SOCK_BINDADDR_LOCK) === 0) {
    sk.skc_rcv_saddr = 0;
    sk.inet_saddr = 0;
    sk.mapped_any = false;
  }
  sk.sk_shutdown = 0;
  sk.sk_flags &= ~SOCK_DONE;
  sk.srtt = 0;
  sk.rttvar = 0;
  sk.rcv_wscale = 0;
  sk.snd_wscale = 0;
  sk.snd_cwnd = TCP_INIT_CWND;
  sk.snd_cwnd_cnt = 0;
  sk.snd_ssthresh = TCP_INFINITE_SSTHRESH;
  sk.is_cwnd_limited = false;
  sk.max_packets_out = 0;
  sk.icsk_ca_state = TCP_CA_OPEN;
  sk.icsk_rto = TCP_TIMEOUT_INIT;
  sk.icsk_backoff = 0;
  sk.icsk_probes_out = 0;
  sk.icsk_probes_tstamp = 0;
  sk.icsk_retransmits = 0;
  sk.retrans_stamp = -1;
  sk.total_rto = 0;
  sk.window_clamp = 0;
  sk.scaling_ratio = 128;
  sk.urg_data = 0;
  sk.ack_pending = 0;
  sk.ack_quick = 0;
  sk.ack_pingpong = 0;
  sk.ack_ato = 0;
  sk.ack_lrcvtime = 0;
  sk.rcv_wnd = 0;
  sk.rcv_wup = 0;
  sk.rcv_nxt = 0;
  sk.copied_seq = 0;
  sk.max_window = 0;
  sk.bytes_acked = 0;
  sk.gso_segs = 0;
  tcp_fast_path_off(sk);
}

/** Ends whatever there is and makes the socket like new. net/ipv4/tcp.c:tcp_disconnect @returns 0 */
export function tcp_disconnect(k: Kernel, sk: tcp_sock): number {
  if (k.trace !== null) enter_sk(k, F.tcp_disconnect, sk);
  const old_state = sk.sk_state;
  if (old_state !== TCP_CLOSE) tcp_set_state(k, sk, TCP_CLOSE);
  const unsent = sk.snd_nxt !== sk.write_seq && in_states(old_state, TCPF_CLOSING | TCPF_LAST_ACK);
  if (old_state === TCP_LISTEN) {
    inet_csk_listen_stop(k, sk);
  } else if (tcp_need_reset(old_state) || unsent) {
    tcp_send_active_reset(k, sk);
    sk.sk_err = ECONNRESET;
  } else if (old_state === TCP_SYN_SENT) {
    sk.sk_err = ECONNRESET;
  }
  tcp_clear_xmit_timers(k, sk);
  tcp_receive_queue_purge(sk);
  tcp_write_queue_purge(sk);
  tcp_ofo_queue_purge(sk);
  tcp_reset_variables(sk);
  sk_error_report(k, sk);
  leave(k, 0);
  return 0;
}
