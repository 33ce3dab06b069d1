/**
 * Making a TCP endpoint, and its row of protocol operations. Linux counterpart: net/ipv4/tcp.c:tcp_init_sock,
 * net/ipv4/tcp_ipv4.c:tcp_prot.
 */

import type { Kernel } from '../kernel/kernel.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import type { proto } from '../socket/sock.js';
import { enter_sk, SOCK_FUNCTIONS } from '../socket/sock_trace.js';
import { sk_stream_write_space } from '../socket/stream.js';
import { AF_INET6 } from '../socket/uapi_socket.js';
import { tcp_net } from './inet_hashtables.js';
import { cubictcp, tcp_ca_find } from './tcp_cong.js';
import { tcp_v4_do_rcv } from './tcp_ipv4.js';
import { tcp_set_rcvlowat } from './tcp_rcvlowat.js';
import { tcp_sock, type tcp_timer_functions } from './tcp_sock.js';
import { tcp_delack_timer, tcp_keepalive_timer, tcp_release_cb, tcp_set_keepalive, tcp_write_timer } from './tcp_timer.js';

/** Unsent data is below the limit of TCP_NOTSENT_LOWAT; a wake-up wants it to be below half of that. net/ipv4/tcp_output.c:tcp_stream_memory_free */
function tcp_stream_memory_free(k: Kernel, sk: tcp_sock, wake: number): boolean {
  if (k.trace !== null) enter_sk(k, SOCK_FUNCTIONS.id.tcp_stream_memory_free, sk);
  const notsent = (sk.write_seq - sk.snd_nxt) >>> 0;
  const lowat = sk.notsent_lowat !== 0 ? sk.notsent_lowat : sock_net(k).sysctl.tcp_notsent_lowat;
  const free = notsent * (wake === 0 ? 1 : 2) < lowat;
  leave(k, 0);
  return free;
}

/** net/ipv4/tcp_ipv4.c:tcp_prot */
export const tcp_prot: proto = {
  name: 'TCP',
  backlog_rcv: tcp_v4_do_rcv,
  release_cb: tcp_release_cb,
  stream_memory_free: tcp_stream_memory_free,
  set_rcvlowat: tcp_set_rcvlowat,
  keepalive: tcp_set_keepalive,
};

const timers: tcp_timer_functions = { write: tcp_write_timer, delack: tcp_delack_timer, keepalive: tcp_keepalive_timer };

/** A TCP endpoint with the defaults of the sysctls. net/ipv4/tcp.c:tcp_init_sock */
export function new_tcp_sock(k: Kernel, family: number): tcp_sock {
  const { sysctl } = sock_net(k);
  const sk = new tcp_sock(k, family, tcp_prot, timers);
  sk.sk_sndbuf = sysctl.tcp_wmem[1];
  sk.sk_rcvbuf = sysctl.tcp_rmem[1];
  sk.icsk_ca_ops = tcp_ca_find(sysctl.tcp_congestion_control) ?? cubictcp;
  sk.sk_write_space = sk_stream_write_space;
  sk.sk_uid = k.current.user.uid;
  sk.ipv6only = family === AF_INET6 && sysctl.bindv6only !== 0;
  tcp_net(k).socks.add(sk);
  return sk;
}
