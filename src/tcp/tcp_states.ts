/**
 * The eleven states of TCP (and the one of half-open requests): their numbers, every transition that Linux makes and
 * why, and what close() and shutdown() make of each; header flags; sequence arithmetic. Linux counterparts: include/net/tcp_states.h,
 * include/net/tcp.h. RFC 9293 section 3.3.2 has the same states without the number 12.
 */

export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;
export const TCP_NEW_SYN_RECV = 12;

/** Names by number. */
export const TCP_STATE_NAMES: readonly string[] = [
  '?', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV',
];

export const TCPF_ESTABLISHED = 1 << TCP_ESTABLISHED;
export const TCPF_SYN_SENT = 1 << TCP_SYN_SENT;
export const TCPF_SYN_RECV = 1 << TCP_SYN_RECV;
export const TCPF_FIN_WAIT1 = 1 << TCP_FIN_WAIT1;
export const TCPF_FIN_WAIT2 = 1 << TCP_FIN_WAIT2;
export const TCPF_CLOSE = 1 << TCP_CLOSE;
export const TCPF_CLOSE_WAIT = 1 << TCP_CLOSE_WAIT;
export const TCPF_LAST_ACK = 1 << TCP_LAST_ACK;
export const TCPF_LISTEN = 1 << TCP_LISTEN;
export const TCPF_CLOSING = 1 << TCP_CLOSING;

/** The state is one of a set. ours: C writes the shift at each place */
export function in_states(state: number, set: number): boolean {
  return ((1 << state) & set) !== 0;
}

/** Added to a state of the table below: a FIN must be sent. net/ipv4/tcp.c */
export const TCP_ACTION_FIN = 1 << TCP_CLOSE;

/** What closing the sending side makes of each state. net/ipv4/tcp.c:new_state */
export const new_state: readonly number[] = [
  TCP_CLOSE,
  TCP_FIN_WAIT1 | TCP_ACTION_FIN, // ESTABLISHED
  TCP_CLOSE, // SYN_SENT
  TCP_FIN_WAIT1 | TCP_ACTION_FIN, // SYN_RECV
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_CLOSE, // TIME_WAIT: no user socket is there
  TCP_CLOSE,
  TCP_LAST_ACK | TCP_ACTION_FIN, // CLOSE_WAIT
  TCP_LAST_ACK,
  TCP_CLOSE, // LISTEN
  TCP_CLOSING,
  TCP_CLOSE, // NEW_SYN_RECV: no user socket is there
];

/** One way from a state to another, and what makes a connection take it. */
export interface tcp_transition {
  readonly from: number;
  readonly to: number;
  readonly events: readonly string[];
}

const way = (from: number, to: number, ...events: string[]): tcp_transition => ({ from, to, events });

/**
 * Every transition of a socket's state; tcp_set_state() takes no other. RFC 9293 figure 5 has most of them; what it does not have is
 * marked with `+`. TIME_WAIT is not here: a socket that would enter it is closed, and a small object enters it in its place.
 * ours: Linux has the transitions in its code only
 */
export const TCP_TRANSITIONS: readonly tcp_transition[] = [
  way(TCP_CLOSE, TCP_LISTEN, 'listen'),
  way(TCP_CLOSE, TCP_SYN_SENT, 'connect'),
  way(TCP_CLOSE, TCP_SYN_RECV, 'child of a listener'),
  way(TCP_LISTEN, TCP_CLOSE, 'close', 'shutdown(RD)', '+ no port', '+ connect(AF_UNSPEC)'),
  way(TCP_SYN_SENT, TCP_ESTABLISHED, 'SYN-ACK'),
  way(TCP_SYN_SENT, TCP_SYN_RECV, 'SYN'),
  way(TCP_SYN_SENT, TCP_CLOSE, 'close', 'RST', 'timeout', 'shutdown', '+ ICMP error', '+ no port', '+ connect(AF_UNSPEC)'),
  way(TCP_SYN_RECV, TCP_ESTABLISHED, 'ACK', 'SYN-ACK'),
  way(TCP_SYN_RECV, TCP_FIN_WAIT1, 'close'),
  way(TCP_SYN_RECV, TCP_CLOSE, 'RST', 'timeout', '+ ICMP error', '+ linger 0', '+ connect(AF_UNSPEC)'),
  way(TCP_ESTABLISHED, TCP_FIN_WAIT1, 'close', 'shutdown(WR)'),
  way(TCP_ESTABLISHED, TCP_CLOSE_WAIT, 'FIN'),
  way(TCP_ESTABLISHED, TCP_CLOSE, 'RST', 'timeout', '+ close with unread data', '+ linger 0', '+ connect(AF_UNSPEC)'),
  way(TCP_CLOSE_WAIT, TCP_LAST_ACK, 'close', 'shutdown(WR)'),
  way(TCP_CLOSE_WAIT, TCP_CLOSE, 'RST', 'timeout', '+ close with unread data', '+ linger 0', '+ connect(AF_UNSPEC)'),
  way(TCP_FIN_WAIT1, TCP_FIN_WAIT2, 'ACK of FIN'),
  way(TCP_FIN_WAIT1, TCP_CLOSING, 'FIN'),
  way(TCP_FIN_WAIT1, TCP_CLOSE, 'RST', 'timeout', '+ data for nobody', '+ linger 0', '+ close with unread data', '+ connect(AF_UNSPEC)'),
  way(TCP_FIN_WAIT2, TCP_CLOSE, 'FIN', 'RST', 'timeout', '+ data for nobody', '+ linger 0', '+ close with unread data', '+ connect(AF_UNSPEC)'),
  way(TCP_CLOSING, TCP_CLOSE, 'ACK of FIN', 'RST', 'timeout', '+ linger 0', '+ connect(AF_UNSPEC)'),
  way(TCP_LAST_ACK, TCP_CLOSE, 'ACK of FIN', 'RST', 'timeout', '+ linger 0', '+ connect(AF_UNSPEC)'),
];

/** For each state the set of those that may follow; closing again what is closing already changes nothing. */
const next_states: readonly number[] = TCP_STATE_NAMES.map((_, from) => {
  const again = in_states(from, TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_LAST_ACK) ? 1 << from : 0;
  return TCP_TRANSITIONS.reduce((set, row) => (row.from === from ? set | (1 << row.to) : set), again);
});

/** Linux makes this transition in some situation. ours: see TCP_TRANSITIONS */
export function tcp_may_become(from: number, to: number): boolean {
  return in_states(to, next_states[from]!);
}

// header flags. include/net/tcp.h
export const TCPHDR_FIN = 0x01;
export const TCPHDR_SYN = 0x02;
export const TCPHDR_RST = 0x04;
export const TCPHDR_PSH = 0x08;
export const TCPHDR_ACK = 0x10;
export const TCPHDR_URG = 0x20;

/** seq1 comes before seq2, modulo 2^32. include/net/tcp.h:before */
export function before(seq1: number, seq2: number): boolean {
  return ((seq1 - seq2) | 0) < 0;
}

/** include/net/tcp.h:after */
export function after(seq1: number, seq2: number): boolean {
  return ((seq2 - seq1) | 0) < 0;
}

/** seq2 <= seq1 <= seq3. include/net/tcp.h:between */
export function between(seq1: number, seq2: number, seq3: number): boolean {
  return (seq3 - seq2) >>> 0 >= (seq1 - seq2) >>> 0;
}
