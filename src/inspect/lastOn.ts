/**
 * What last happened to a file that no epoll need watch: what came to it, and who took it. For questions about read, accept, poll and select.
 */

import { EVENTFD_FUNCTIONS } from '../kernel/eventfd.js';
import { PIPE_FUNCTIONS } from '../kernel/pipe.js';
import { T_ENTER } from '../kernel/trace.js';
import { UNIX_FUNCTIONS } from '../socket/unix_sock.js';
import { TCP_FUNCTIONS } from '../tcp/tcp_trace.js';
import type { Evidence } from './evidence.js';
import { reasonOf, tellsReason } from './reason.js';
import { queueOf } from './traced.js';
import type { FileView } from './view.js';

/** Functions that take data or connections away; their first argument is the file or the socket. */
export const DRAINS: ReadonlySet<number> = new Set([
  PIPE_FUNCTIONS.id.pipe_read, EVENTFD_FUNCTIONS.id.eventfd_read, UNIX_FUNCTIONS.id.unix_stream_recvmsg, UNIX_FUNCTIONS.id.unix_accept,
  TCP_FUNCTIONS.id.tcp_recvmsg, TCP_FUNCTIONS.id.inet_csk_accept,
]);

/** The numbers under which a trace knows a file and what is behind it. */
export function subjectsOf({ id, object }: FileView): number[] {
  const behind = /#(\d+)$/.exec(object ?? '')?.[1];
  return behind === undefined ? [id] : [id, Number(behind)];
}

/** The last time that something came, up to `step`: a function that says so, or a walk of the file's wait queue. -1: never. */
function lastArrival({ nesting }: Evidence, subjects: readonly number[], step: number): number {
  const { trace } = nesting;
  for (let at = step; at >= 0; at--) {
    if (trace.kind(at) !== T_ENTER || DRAINS.has(trace.what(at))) continue;
    const name = nesting.name(at);
    const subject = name.startsWith('__wake_up') ? queueOf(trace.arg(at, 0)).owner : tellsReason(name) ? trace.arg(at, 0) : -1;
    if (subjects.includes(subject) && !nesting.around(at).some((outer) => DRAINS.has(trace.what(outer)))) return at;
  }
  return -1;
}

/** The last time that somebody took something, up to `step`; -1: never. */
function lastDrain({ nesting }: Evidence, subjects: readonly number[], step: number): number {
  const { trace } = nesting;
  for (let at = step; at >= 0; at--) {
    if (trace.kind(at) !== T_ENTER || !DRAINS.has(trace.what(at)) || !subjects.includes(trace.arg(at, 0))) continue;
    const end = nesting.end(at);
    if (end >= 0 && end <= step && trace.arg(end, 0) > 0) return at;
  }
  return -1;
}

/** What last happened to a file, in one sentence. @param what how the sentence calls it: `fd 5` */
export function lastOn(evidence: Evidence, file: FileView, what: string, step: number): string {
  const { nesting } = evidence;
  const subjects = subjectsOf(file);
  const arrival = lastArrival(evidence, subjects, step);
  const drain = lastDrain(evidence, subjects, step);
  const now = file.mask === null ? '' : `; ${what} is ready for ${file.mask === '-' ? 'nothing' : file.mask} now`;
  const took = drain < 0 ? '' : `${evidence.labels(drain).task(nesting.trace.task(drain))} took ${nesting.name(drain).includes('accept') ? 'a connection' : 'what was there'} at step ${drain}`;
  if (arrival < 0) return `nothing has come to ${what} up to this step${took === '' ? '' : `, and ${took}`}${now}`;
  const { text } = reasonOf(nesting, Math.max(nesting.end(arrival), arrival + 1), evidence.labels(arrival));
  const came = `the last that happened to ${what} is, at step ${arrival}, that ${text}`;
  return drain > arrival ? `${came}; ${took}, and nothing new came since${now}` : `${came}${now}`;
}
