/**
 * What the world outside of epoll did to make a descriptor's waiters be called: the nearest function around a wake-up that says it.
 */

import type { Labels } from './traced.js';
import { queueOf } from './traced.js';
import type { Nesting } from './nesting.js';

/** What happened: a short word for programs, and a clause for people: `10 bytes arrived on sock#9 (fd 5)`. */
export interface Reason {
  readonly kind: 'data' | 'room' | 'connection' | 'end' | 'error' | 'timer' | 'signal' | 'ready' | 'level' | 'scan' | 'inner' | 'other';
  readonly text: string;
  /** the step at which the function that says so was entered; -1: there is none */
  readonly step: number;
}

interface At {
  readonly arg: (index: number) => number;
  readonly who: string;
  readonly labels: Labels;
  readonly nesting: Nesting;
  readonly step: number;
  /** whose wait queue is walked */
  readonly owner: string;
}

type Teller = (at: At) => string;

const file: (text: string) => Teller = (text) => ({ arg, who, labels }) => text.replace('{who}', who).replace('{what}', labels.object(arg(0), 'file'));
/** A file that is being released has no name any more: its wait queue has. */
const owner: (text: string) => Teller = (text) => (at) => text.replace('{who}', at.who).replace('{what}', at.owner);
const sk: (text: string) => Teller = (text) => ({ arg, who, labels }) => text.replace('{who}', who).replace('{what}', labels.object(arg(0), 'sk'));

/** Bytes of the segment that a function handles; 0: it handles none. */
function payload(nesting: Nesting, step: number): number {
  const at = nesting.inside(step, 'tcp_v4_rcv');
  return at < 0 ? 0 : nesting.trace.arg(at, 3);
}

const arrived: Teller = ({ arg, labels, nesting, step }) => {
  const bytes = payload(nesting, step);
  const what = labels.object(arg(0), 'sk');
  return bytes === 0 ? `a segment arrived on ${what}` : `${bytes} byte${bytes === 1 ? '' : 's'} arrived on ${what}`;
};

/** Functions that say why, the nearest one counts. */
const REASONS: Readonly<Record<string, readonly [Reason['kind'], Teller]>> = {
  pipe_write: ['data', file('{who} wrote to {what}')],
  pipe_read: ['room', file('{who} read from {what}')],
  pipe_release: ['end', owner('{who} closed its end of {what}')],
  eventfd_write: ['data', file('{who} wrote to {what}')],
  eventfd_read: ['room', file('{who} read from {what}')],
  eventfd_release: ['end', owner('{who} closed {what}')],
  unix_stream_sendmsg: ['data', sk('{who} sent on {what}')],
  unix_stream_recvmsg: ['room', sk('{who} read from {what}')],
  unix_stream_read_generic: ['room', sk('{who} read from {what}')],
  unix_write_space: ['room', sk('there is room to send on {what}')],
  unix_stream_connect: ['connection', sk('{who} connected to {what}')],
  unix_release_sock: ['end', sk('{who} closed {what}')],
  unix_shutdown: ['end', sk('{who} shut {what} down')],
  tcp_fin: ['end', sk('a FIN arrived on {what}')],
  tcp_reset: ['error', sk('a RST arrived on {what}')],
  tcp_write_err: ['error', sk('{what} got no answer for too long')],
  tcp_finish_connect: ['connection', sk('the connection of {what} stands')],
  tcp_child_process: ['connection', sk('a connection is complete: {what}')],
  sk_stream_write_space: ['room', sk('there is room to send on {what} again')],
  tcp_data_queue: ['data', arrived],
  tcp_data_ready: ['data', arrived],
  tcp_urg: ['data', sk('urgent data arrived on {what}')],
  tcp_rcv_established: ['data', arrived],
  tcp_done: ['end', sk('{what} ended')],
  tcp_shutdown: ['end', sk('{who} shut {what} down')],
  inet_shutdown: ['end', sk('{who} shut {what} down')],
  ep_insert: ['ready', () => 'it was ready when it was added'],
  ep_modify: ['ready', () => 'it was ready when it was modified'],
  ep_done_scan: ['scan', () => 'it fired during the scan that ends now'],
  ep_send_events: ['level', () => 'it is level-triggered: the next epoll_wait looks at it again'],
  ep_poll_safewake: ['inner', ({ arg, labels }) => `the epoll that it watches, ${labels.object(arg(0), 'ep')}, has something ready`],
};

/** Whether a kernel function says by itself what happened. */
export function tellsReason(name: string): boolean {
  return name in REASONS;
}

/** Why the row `step` came about. */
export function reasonOf(nesting: Nesting, step: number, labels: Labels): Reason {
  const { trace } = nesting;
  const who = labels.task(trace.task(step));
  let queue = 0;
  for (let at = nesting.parent(step); at >= 0; at = nesting.parent(at)) {
    const name = nesting.name(at);
    const found = REASONS[name];
    if (found !== undefined) {
      const text = found[1]({ arg: (index) => trace.arg(at, index), who, labels, nesting, step: at, owner: ownerOf(nesting, queue, labels) });
      return { kind: found[0], text, step: at };
    }
    if (queue === 0 && name.startsWith('__wake_up')) queue = at;
  }
  if (queue > 0) return byQueue(nesting, queue, labels);
  return { kind: 'other', text: `${who} woke those who wait`, step: -1 };
}

/** Whose queue is walked there. */
function ownerOf(nesting: Nesting, step: number, labels: Labels): string {
  return step <= 0 ? 'something' : labels.object(queueOf(nesting.trace.arg(step, 0)).owner, 'owner');
}

/** No function says why, but the queue whose waiters are called does. */
function byQueue(nesting: Nesting, step: number, labels: Labels): Reason {
  const { owner, name } = queueOf(nesting.trace.arg(step, 0));
  if (name === 'signalfd_wqh') return { kind: 'signal', text: 'a signal became pending', step };
  if (name === 'wqh') return { kind: 'timer', text: `${labels.object(owner, 'owner')} expired`, step };
  return { kind: 'other', text: `the waiters of ${labels.object(owner, 'owner')}.${name} were called`, step };
}
