/**
 * Closing our direction of a connection. Linux counterpart: net/ipv4/tcp.c:tcp_shutdown; what close() does is in
 * tcp_close.ts.
 */

import type { Kernel } from '../kernel/kernel.js';
import { leave } from '../kernel/trace.js';
import { SEND_SHUTDOWN } from '../socket/uapi_socket.js';
import { tcp_send_fin } from './tcp_control.js';
import { tcp_close_state } from './tcp_life.js';
import type { tcp_sock } from './tcp_sock.js';
import { in_states, TCPF_CLOSE_WAIT, TCPF_ESTABLISHED, TCPF_SYN_SENT } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';

const F = TCP_FUNCTIONS.id;

/** Sends a FIN if the sending side is among what is shut. In SYN_RECV the FIN follows the handshake. net/ipv4/tcp.c:tcp_shutdown */
export function tcp_shutdown(k: Kernel, sk: tcp_sock, how: number): void {
  if (k.trace !== null) k.trace.enter(F.tcp_shutdown, sk.id, sk.sk_state, sk.sk_shutdown, sk.sk_err, how);
  if ((how & SEND_SHUTDOWN) !== 0 && in_states(sk.sk_state, TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_CLOSE_WAIT)) {
    if (tcp_close_state(k, sk)) tcp_send_fin(k, sk);
  }
  leave(k, 0);
}
