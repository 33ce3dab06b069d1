/**
 * Half-open requests and the accept queue of a listener: SYN, SYN-ACK and its repetition, the completed child in the
 * queue, and what becomes of both when the listener goes. Linux counterparts: net/ipv4/inet_connection_sock.c,
 * net/ipv4/tcp_input.c:tcp_conn_request. SYN cookies and Fast Open are left out.
 */

import type { Kernel } from '../kernel/kernel.js';
import { BUG_ON } from '../kernel/bug.js';
import { local_bh_disable, local_bh_enable } from '../kernel/softirq.js';
import { jiffies, mod_timer, timer_delete, timer_list } from '../kernel/timer.js';
import { leave } from '../kernel/trace.js';
import { sock_net } from '../socket/net.js';
import { NO_TCP_OPTIONS, type sk_buff } from '../socket/skbuff.js';
import { sock_orphan } from '../socket/sock.js';
import { enter_sk } from '../socket/sock_trace.js';
import { inet_ehash_insert, inet_unhash } from './inet_hashtables.js';
import { route_mtu } from './link.js';
import { tcp_v4_send_synack } from './tcp_control.js';
import { tcp_clock_us } from './tcp_output.js';
import { tcp_disconnect } from './tcp_disconnect.js';
import { inet_csk_destroy_sock } from './tcp_life.js';
import { TCP_MSS_DEFAULT, tcp_full_space, tcp_request_sock, TCP_RTO_MAX, TCP_TIMEOUT_INIT, TCPOLEN_TSTAMP_ALIGNED, type tcp_sock } from './tcp_sock.js';
import { TCP_LISTEN } from './tcp_states.js';
import { TCP_FUNCTIONS } from './tcp_trace.js';
import { initial_window_clamp, tcp_mtu_to_mss, tcp_select_initial_window } from './tcp_window.js';

const F = TCP_FUNCTIONS.id;

/** The accept queue has no room. include/net/sock.h:sk_acceptq_is_full */
export function sk_acceptq_is_full(sk: tcp_sock): boolean {
  return sk.sk_ack_backlog > sk.sk_max_ack_backlog;
}

/** A SYN for a listener. net/ipv4/tcp_ipv4.c:tcp_v4_conn_request */
export function tcp_v4_conn_request(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_v4_conn_request, sk);
  tcp_conn_request(k, sk, skb);
  leave(k, 0);
}

/** Makes a request and answers the SYN; drops it when a queue is full. net/ipv4/tcp_input.c:tcp_conn_request */
function tcp_conn_request(k: Kernel, sk: tcp_sock, skb: sk_buff): void {
  if (k.trace !== null) enter_sk(k, F.tcp_conn_request, sk);
  const { tcp_max_syn_backlog } = sock_net(k).sysctl;
  if (!sk_acceptq_is_full(sk) && sk.reqsks.size <= Math.max(sk.sk_max_ack_backlog, 8) && sk.reqsks.size < tcp_max_syn_backlog) {
    const req = new tcp_request_sock(k.new_id(), sk, sk.sk_family);
    const mtu = route_mtu(k, skb.saddr);
    req.skc_daddr = skb.saddr;
    req.skc_rcv_saddr = skb.daddr;
    req.skc_dport = skb.source;
    req.skc_num = skb.dest;
    req.rcv_isn = skb.seq;
    req.snt_isn = k.prng.next() | 0;
    const opt = skb.opt ?? NO_TCP_OPTIONS;
    const mss = tcp_mtu_to_mss(mtu, false);
    req.mss = Math.min(opt.mss > 0 ? opt.mss : TCP_MSS_DEFAULT, sk.user_mss !== 0 ? sk.user_mss : 65535);
    req.advmss = sk.user_mss !== 0 ? Math.min(sk.user_mss, mss) : mss;
    req.pmtu = mtu;
    req.snd_wscale = opt.wscale;
    req.sack_ok = opt.sack_permitted;
    const clamp = initial_window_clamp(sk, sk.window_clamp);
    const [wnd, limit, wscale] = tcp_select_initial_window(k, tcp_full_space(sk), req.advmss - TCPOLEN_TSTAMP_ALIGNED, clamp, opt.wscale >= 0);
    req.rsk_rcv_wnd = wnd;
    req.rsk_window_clamp = limit;
    req.rcv_wscale = wscale;
    inet_ehash_insert(k, req);
    sk.reqsks.add(req);
    req.timer = new timer_list('reqsk_timer', req, reqsk_timer_handler);
    mod_timer(k, req.timer, jiffies(k) + TCP_TIMEOUT_INIT);
    req.snt_synack = tcp_clock_us(k);
    tcp_v4_send_synack(k, req);
  }
  leave(k, 0);
}

/** The SYN-ACK was not answered: again, or give up. net/ipv4/inet_connection_sock.c:reqsk_timer_handler */
function reqsk_timer_handler(k: Kernel, req: tcp_request_sock): void {
  const sk = req.rsk_listener;
  if (k.trace !== null) k.trace.enter(F.reqsk_timer_handler, sk.id);
  const max = sk.icsk_syn_retries !== 0 ? sk.icsk_syn_retries : sock_net(k).sysctl.tcp_synack_retries;
  // With TCP_DEFER_ACCEPT an acknowledged request waits silently; the last SYN-ACK makes the client speak.
  const defer = sk.rskq_defer_accept;
  let expire = req.num_timeout >= max;
  let resend = true;
  if (defer !== 0) {
    expire = req.num_timeout >= max && (!req.acked || req.num_timeout >= defer);
    resend = !req.acked || req.num_timeout >= defer - 1;
  }
  if (sk.sk_state === TCP_LISTEN && !expire) {
    if (resend) tcp_v4_send_synack(k, req);
    req.num_timeout++;
    mod_timer(k, req.timer!, jiffies(k) + Math.min(TCP_TIMEOUT_INIT * 2 ** req.num_timeout, TCP_RTO_MAX));
  } else {
    inet_csk_reqsk_queue_drop(k, sk, req);
  }
  leave(k, 0);
}

/** The request goes. net/ipv4/inet_connection_sock.c:inet_csk_reqsk_queue_drop */
export function inet_csk_reqsk_queue_drop(k: Kernel, sk: tcp_sock, req: tcp_request_sock): void {
  if (req.timer !== null) timer_delete(k, req.timer);
  inet_unhash(k, req);
  sk.reqsks.delete(req);
}

/** A request became a child: into the accept queue with it. net/ipv4/inet_connection_sock.c:inet_csk_complete_hashdance */
export function inet_csk_complete_hashdance(k: Kernel, sk: tcp_sock, child: tcp_sock, req: tcp_request_sock): tcp_sock | null {
  if (k.trace !== null) k.trace.enter(F.inet_csk_complete_hashdance, sk.id);
  inet_csk_reqsk_queue_drop(k, sk, req);
  const queued = inet_csk_reqsk_queue_add(k, sk, req, child);
  leave(k, 0);
  return queued ? child : null;
}

/** Appends to the accept queue, unless the listener stopped listening. net/ipv4/inet_connection_sock.c:inet_csk_reqsk_queue_add */
function inet_csk_reqsk_queue_add(k: Kernel, sk: tcp_sock, req: tcp_request_sock, child: tcp_sock): boolean {
  if (k.trace !== null) k.trace.enter(F.inet_csk_reqsk_queue_add, sk.id);
  const listening = sk.sk_state === TCP_LISTEN;
  if (listening) {
    req.child = child;
    sk.rskq_accept.push(req);
    sk.sk_ack_backlog++;
  } else {
    inet_child_forget(k, child);
  }
  leave(k, 0);
  return listening;
}

/** A child that nobody will accept is reset. net/ipv4/inet_connection_sock.c:inet_child_forget */
function inet_child_forget(k: Kernel, child: tcp_sock): void {
  if (k.trace !== null) k.trace.enter(F.inet_child_forget, child.id);
  tcp_disconnect(k, child);
  sock_orphan(child);
  inet_csk_destroy_sock(k, child);
  leave(k, 0);
}

/** The listener stops: requests vanish, children are reset. net/ipv4/inet_connection_sock.c:inet_csk_listen_stop */
export function inet_csk_listen_stop(k: Kernel, sk: tcp_sock): void {
  if (k.trace !== null) enter_sk(k, F.inet_csk_listen_stop, sk);
  for (let req = sk.rskq_accept.shift(); req !== undefined; req = sk.rskq_accept.shift()) {
    const child = req.child!;
    BUG_ON(child.sk_socket !== null, 'listen: an accepted child is in the accept queue');
    sk.sk_ack_backlog--;
    // Nothing is processed for the child until it is gone: what it sends is delivered after that.
    local_bh_disable(k);
    inet_child_forget(k, child);
    local_bh_enable(k);
  }
  for (const req of sk.reqsks) inet_csk_reqsk_queue_drop(k, sk, req);
  leave(k, 0);
}
