/**
 * TCP_INFO: the state of a connection as a structure of numbers. Linux counterpart: net/ipv4/tcp.c:tcp_get_info,
 * include/uapi/linux/tcp.h:tcp_info. The counters behind the first 104 bytes are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { jiffies } from '../kernel/timer.js';
import type { tcp_sock } from './tcp_sock.js';
import { TCP_LISTEN } from './tcp_states.js';

/** The structure. net/ipv4/tcp.c:tcp_get_info */
export function tcp_info_bytes(k: Kernel, sk: tcp_sock): Uint8Array {
  const bytes = new Uint8Array(104);
  const view = new DataView(bytes.buffer);
  const now = jiffies(k);
  bytes[0] = sk.sk_state;
  bytes[1] = sk.icsk_ca_state;
  bytes[2] = sk.icsk_retransmits;
  bytes[3] = sk.icsk_probes_out;
  bytes[4] = sk.icsk_backoff;
  bytes[6] = sk.snd_wscale | (sk.rcv_wscale << 4);
  const words = sk.sk_state === TCP_LISTEN ? [0, 0, 0, 0, sk.sk_ack_backlog, sk.sk_max_ack_backlog] : [
    sk.icsk_rto * 4000, sk.ack_ato * 4000, sk.mss_cache, sk.ack_rcv_mss, sk.packets_out, 0, 0, sk.retrans_out, 0,
    (now - sk.lsndtime) * 4, 0, (now - sk.ack_lrcvtime) * 4, (now - sk.rcv_tstamp) * 4,
    sk.icsk_pmtu_cookie, sk.rcv_ssthresh, sk.srtt >> 3, sk.rttvar >> 2, sk.snd_ssthresh, sk.snd_cwnd, sk.advmss, 3, 0, sk.rcvq_space, 0,
  ];
  words.forEach((word, index) => view.setUint32(8 + 4 * index, word >>> 0, true));
  return bytes;
}
