/**
 * Why did this event come? The chain from the system call of somebody through segments, wake-ups and lists to the result of epoll_wait.
 */

import { T_SEGMENT, T_WAKE } from '../kernel/trace.js';
import { type Evidence, type Explanation, itemsOf, type Question } from './evidence.js';
import { type ItemLife, lastUpTo } from './itemLog.js';
import { reasonOf } from './reason.js';

/** The last segment sent before `step` that is the one handled there, by its flags and length. -1: none. */
function segmentOf({ nesting: { trace } }: Evidence, step: number): number {
  const [flags, length] = [trace.arg(step, 0), trace.arg(step, 3)];
  for (let at = step - 1; at >= 0; at--) {
    if (trace.kind(at) === T_SEGMENT && trace.arg(at, 0) === flags && trace.arg(at, 3) === length) return at;
  }
  return -1;
}

/** Functions by which a file tells its waiters. */
const TELLERS = ['sock_def_readable', 'sock_def_write_space', 'sk_stream_write_space', 'unix_write_space', 'sock_def_error_report', 'sock_def_wakeup'] as const;

/** Who called a callback, and why: steps from the system call to the callback. */
function behind(evidence: Evidence, put: number): number[] {
  const { nesting } = evidence;
  const steps = new Set<number>();
  const callback = nesting.inside(put, 'ep_poll_callback');
  steps.add(callback).add(reasonOf(nesting, callback, evidence.labels(put)).step);
  const teller = nesting.inside(put, ...TELLERS);
  if (teller >= 0) steps.add(teller);
  const received = nesting.inside(put, 'tcp_v4_rcv');
  const sent = received < 0 ? -1 : segmentOf(evidence, received);
  if (sent >= 0) steps.add(sent);
  const call = nesting.call(sent >= 0 ? sent : put);
  if (call >= 0) steps.add(call);
  return [...steps].filter((step) => step >= 0);
}

/** The step at which an item was put on a list for the first time since it was last empty of news: level-triggered ones are put back each time. */
function firstPut({ nesting }: Evidence, item: ItemLife, before: number): number {
  let put = lastUpTo(item.puts, before - 1);
  while (put >= 0 && nesting.inside(put, 'ep_poll_callback') < 0 && nesting.inside(put, 'ep_send_events') >= 0 && nesting.inside(put, 'ep_done_scan') < 0) {
    const earlier = lastUpTo(item.puts, put - 1);
    if (earlier < 0) break;
    put = earlier;
  }
  return put;
}

/** The steps that led to an event of an item. */
function chainOf(evidence: Evidence, item: ItemLife, event: number): number[] {
  const { nesting } = evidence;
  const steps = new Set<number>([event]);
  const last = lastUpTo(item.puts, event - 1);
  const put = firstPut(evidence, item, event);
  if (last >= 0) steps.add(last);
  if (put >= 0) steps.add(put);
  // from ovflist: the callback chained the item, and the end of that scan put it on the ready list
  const chained = put >= 0 && nesting.inside(put, 'ep_done_scan') >= 0 ? lastUpTo(item.chained, put) : -1;
  if (chained >= 0) steps.add(chained);
  const origin = chained >= 0 ? chained : put;
  if (origin >= 0 && nesting.inside(origin, 'ep_poll_callback') >= 0) for (const step of behind(evidence, origin)) steps.add(step);
  else if (origin >= 0 && nesting.call(origin) >= 0) steps.add(nesting.call(origin));
  const woken = wakeOf(evidence, origin, event);
  if (woken >= 0) steps.add(woken);
  const call = nesting.call(event);
  const end = call < 0 ? -1 : nesting.end(call);
  if (end >= 0) steps.add(end);
  return [...steps].sort((a, b) => a - b);
}

/** The step at which the task that took the event was woken for it; -1: it was not asleep. */
function wakeOf({ nesting }: Evidence, origin: number, event: number): number {
  const { trace } = nesting;
  if (origin < 0) return -1;
  for (let step = origin; step < event; step++) if (trace.kind(step) === T_WAKE && trace.what(step) === trace.task(event)) return step;
  return -1;
}

/** The chain behind the last event of a descriptor. */
export function why(evidence: Evidence, question: Question): Explanation {
  const { fd, step } = question;
  const items = itemsOf(evidence, question);
  let found: { readonly item: ItemLife; readonly event: number } | null = null;
  for (const item of items) {
    const event = lastUpTo(item.events, step);
    if (event >= 0 && event > (found?.event ?? -1)) found = { item, event };
  }
  if (found === null) {
    return { fd, step, not: false, cause: 'none', answer: `no event of fd ${fd} was delivered up to step ${step}: ask why not`, links: [] };
  }
  const { item, event } = found;
  const { nesting } = evidence;
  const put = firstPut(evidence, item, event);
  const chained = put >= 0 && nesting.inside(put, 'ep_done_scan') >= 0 ? lastUpTo(item.chained, put) : -1;
  const origin = chained >= 0 ? chained : put;
  const reason = origin < 0 ? null : reasonOf(nesting, origin, evidence.labels(origin));
  const told = evidence.sentence(event);
  const cause = reason === null || reason.kind === 'level' || reason.kind === 'scan' ? 'other' : reason.kind;
  const answer = `${told}, because ${reason === null ? `it was on the ready list of ep#${item.ep}` : reason.text}`;
  const links = chainOf(evidence, item, event).map((at) => evidence.link(at));
  return { fd, step, not: false, cause, answer, links };
}
