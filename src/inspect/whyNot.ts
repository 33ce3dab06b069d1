/**
 * Why does no event come? The chain that an event needs is followed from the descriptor to epoll_wait, and the first link that is missing is the
 * answer: registered, armed, called back, queued, still ready when the scan looks.
 */

import { EPOLL_FUNCTIONS, EPOLLET, EPOLLEXCLUSIVE } from '../epoll/eventpoll.js';
import { T_ENTER } from '../kernel/trace.js';
import { EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM } from '../kernel/uapi.js';
import { WAIT_FUNCTIONS } from '../kernel/wait.js';
import { type Evidence, type Explanation, itemsOf, type Link, type MissingCause, type Question } from './evidence.js';
import { type ItemLife, lastUpTo } from './itemLog.js';
import { fdsOf } from './labels.js';
import { DRAINS, subjectsOf } from './lastOn.js';
import { bitsOf } from './maskText.js';
import { epollMask } from './names.js';
import type { FileView, ItemView, MachineView, SocketView } from './view.js';

/** What is looked at: one item at one step, with what it watches. */
interface Case {
  readonly evidence: Evidence;
  readonly step: number;
  readonly fd: number;
  readonly view: MachineView;
  readonly life: ItemLife;
  readonly item: ItemView;
  readonly file: FileView | null;
  readonly socket: SocketView | null;
  /** bits asked for, and those of them that are there now */
  readonly asked: number;
  readonly ready: number;
  /** only some bits are asked about: where the item is says nothing about them */
  readonly isPart: boolean;
}

/** Every bit of a mask. */
const ALL = -1;

interface Answer {
  readonly cause: MissingCause;
  readonly answer: string;
  readonly links: readonly Link[];
}

const READ_BITS = EPOLLIN | EPOLLRDNORM;
const WRITE_BITS = EPOLLOUT | EPOLLWRNORM;

/** Steps that happened, and last what is missing. */
function chain(evidence: Evidence, steps: readonly number[], step: number, missing: string): Link[] {
  const real = [...new Set(steps)].filter((at) => at >= 0).sort((a, b) => a - b);
  return [...real.map((at) => evidence.link(at)), { step, text: missing, missing: true }];
}

/** Nothing stands for the descriptor now. */
function withoutItem(evidence: Evidence, question: Question, view: MachineView): Answer {
  const { fd, step } = question;
  const opened = view.tables.flatMap((table) => table.fds.filter((open) => open.fd === fd).map((open) => open.file));
  const removed = itemsOf(evidence, question).filter((item) => item.gone >= 0 && item.gone <= step).at(-1);
  if (removed !== undefined) {
    const how = evidence.nesting.inside(removed.gone, 'eventpoll_release_file') >= 0 ? 'because its file was released: the last descriptor of it was closed' : 'by EPOLL_CTL_DEL or with its epoll';
    const answer = `fd ${fd} was registered in ep#${removed.ep}, but its item was removed, ${how}`;
    return { cause: 'removed', answer, links: chain(evidence, [removed.born, removed.gone], step, `nothing watches fd ${fd} any more`) };
  }
  if (opened.length === 0) return { cause: 'not-open', answer: `fd ${fd} is not open in any process at this step`, links: chain(evidence, [], step, `there is no fd ${fd}`) };
  const other = view.items.find((item) => opened.includes(item.file) && (question.ep === undefined || item.ep === question.ep));
  if (other !== undefined) {
    const answer = `the file of fd ${fd} is registered, but as fd ${other.fd}, in ep#${other.ep}: epoll knows it by the number it was added with, and events carry that one's data`;
    return { cause: 'another-number', answer, links: chain(evidence, [evidence.items.get(other.id)?.born ?? -1], step, `fd ${fd} itself was never added`) };
  }
  const where = question.ep === undefined ? 'any epoll' : `ep#${question.ep}`;
  return { cause: 'never-registered', answer: `fd ${fd} was never registered in ${where}: nobody asked for its events`, links: chain(evidence, [], step, `no EPOLL_CTL_ADD for fd ${fd}`) };
}

/** The number leads to another file than the one that the item watches. */
function anotherFile({ evidence, view, fd, step, item, life }: Case): Answer | null {
  const now = view.tables.flatMap((table) => table.fds.filter((open) => open.fd === fd).map((open) => open.file));
  if (now.includes(item.file) || view.tables.length === 0) return null;
  const alive = fdsOf(view, item.file);
  const old = view.files.find(({ id }) => id === item.file);
  const kept = alive.length > 0 ? `fd ${alive.join(', ')} still refers to it` : 'somebody still holds it';
  const answer = now.length === 0
    ? `fd ${fd} is closed; the item in ep#${item.ep} watches the file that it was, ${old?.object ?? old?.name ?? 'gone'}, because ${kept}`
    : `fd ${fd} is another file now: the item in ep#${item.ep} watches the one that had the number when it was added (${kept}), and the new one was never added`;
  return { cause: 'another-file', answer, links: chain(evidence, [life.born], step, `no EPOLL_CTL_ADD for the file that fd ${fd} is now`) };
}

/** The item is deaf, or already where it should be. */
function byItem({ evidence, life, item, fd, step, ready }: Case): Answer | null {
  const event = lastUpTo(life.events, step);
  const put = lastUpTo(life.puts, step);
  if (item.disabled) {
    const deaf = lastUpTo(life.deaf, step);
    const answer = `fd ${fd} is one-shot: its event was delivered at step ${event}, which disarmed it, and nobody armed it again with EPOLL_CTL_MOD`;
    return { cause: 'oneshot-disarmed', answer, links: chain(evidence, [event, deaf], step, 'no EPOLL_CTL_MOD after the event') };
  }
  if (item.onOvflist) {
    const chained = lastUpTo(life.chained, step);
    const answer = `fd ${fd} fired at step ${chained} while a scan of ep#${item.ep} was running: it waits on ovflist and goes to the ready list when that scan ends`;
    return { cause: 'on-ovflist', answer, links: chain(evidence, [chained], step, `the scan of ep#${item.ep} has not ended`) };
  }
  if (item.on === 'txlist') {
    const answer = `fd ${fd} is on the private list of a scan of ep#${item.ep} that is running: it is about to be looked at`;
    return { cause: 'in-scan', answer, links: chain(evidence, [put], step, 'the scan has not come to it') };
  }
  if (item.on === 'rdllist') {
    const there = `fd ${fd} is on the ready list of ep#${item.ep} since step ${put}`;
    const answer = ready === 0
      ? `${there}, but it is not ready now: the next epoll_wait there will look at it, drop it and tell nothing`
      : `nothing is missing but a call: ${there}, and the next epoll_wait there will look at it`;
    return { cause: 'on-ready-list', answer, links: chain(evidence, [put], step, `no epoll_wait on ep#${item.ep} has come to it`) };
  }
  return null;
}

/** An exclusive waiter was passed over: the last walk of its queue ended before it. */
function exclusiveTaken({ evidence, life, item, fd, step }: Case): Answer | null {
  if ((bitsOf(item.events) & EPOLLEXCLUSIVE) === 0) return null;
  const { nesting } = evidence;
  const { trace } = nesting;
  for (let at = step; at >= life.born; at--) {
    if (trace.kind(at) !== T_ENTER || trace.what(at) !== WAIT_FUNCTIONS.id.__wake_up_common || !life.queues.includes(trace.arg(at, 0))) continue;
    let taken = -1;
    for (let inner = at + 1; inner < nesting.end(at); inner++) {
      if (trace.kind(inner) !== T_ENTER || trace.what(inner) !== EPOLL_FUNCTIONS.id.ep_poll_callback || nesting.parent(inner) !== at) continue;
      if (trace.arg(inner, 0) === life.id) return null;
      taken = inner;
    }
    if (taken < 0) return null;
    const other = evidence.items.get(trace.arg(taken, 0));
    const answer = `fd ${fd} waits exclusively, and the walk at step ${at} ended before it: the exclusive item of fd ${other?.fd ?? '?'} in ep#${trace.arg(taken, 1)} took the wake-up`;
    return { cause: 'exclusive-taken', answer, links: chain(evidence, [at, taken], step, `ep_poll_callback was not called for fd ${fd} of ep#${item.ep}`) };
  }
  return null;
}

/** The file is ready and the item is nowhere: an edge-triggered one that was told, or one whose callback never came. */
function readyButQuiet(found: Case): Answer {
  const { evidence, life, item, fd, step, asked, ready, socket, file } = found;
  const event = lastUpTo(life.events, step);
  const taken = exclusiveTaken(found);
  if (taken !== null) return taken;
  const isEdge = (bitsOf(item.events) & EPOLLET) !== 0;
  if (isEdge && event >= 0) {
    const callback = lastUpTo(life.callbacks, event);
    if ((ready & READ_BITS) === 0 && (ready & WRITE_BITS) !== 0 && socket !== null && !socket.nospace) {
      const answer = `fd ${fd} can be written, and that was told at step ${event}; since then no send found the buffer full, so SOCK_NOSPACE was never set, and nobody calls back `
        + 'when room grows: write until EAGAIN before you wait for EPOLLOUT';
      return { cause: 'nospace-never-set', answer, links: chain(evidence, [event], step, 'no write was refused for lack of room: SOCK_NOSPACE is not set') };
    }
    const left = leftText(found);
    const answer = `fd ${fd} is edge-triggered, and its edge was told at step ${event}${left}; there is no new edge until something new arrives: read until EAGAIN`;
    return { cause: 'edge-consumed', answer, links: chain(evidence, [callback, event], step, `no ep_poll_callback for fd ${fd} since the event`) };
  }
  const filtered = lastUpTo(life.filtered, step);
  if (filtered >= 0) return keyFiltered(found, filtered);
  const answer = `fd ${fd} is ready for ${epollMask(ready)} of ${epollMask(asked)} (${file?.mask ?? '-'}), but its callback was not called up to this step`;
  return { cause: 'not-seen', answer, links: chain(evidence, [life.born], step, `no ep_poll_callback for fd ${fd}`) };
}

/** What is left unread behind a consumed edge. */
function leftText({ socket, file, view }: Case): string {
  const pipe = view.pipes.find(({ name }) => name === file?.object);
  const bytes = socket?.rcv.bytes ?? pipe?.bytes ?? 0;
  if (bytes > 0) return `, with ${bytes} byte${bytes === 1 ? '' : 's'} left unread`;
  if (socket !== null && socket.accept.length > 0) return `, with ${socket.accept.length} connection${socket.accept.length === 1 ? '' : 's'} left to accept`;
  return `, and what was told of is still there (${file?.mask ?? '-'})`;
}

function keyFiltered({ evidence, fd, step, asked, item }: Case, filtered: number): Answer {
  const key = evidence.nesting.trace.arg(filtered, 3);
  const answer = `what happened on fd ${fd} at step ${filtered}, ${epollMask(key)}, is not among what ep#${item.ep} was asked for, ${epollMask(asked)}: the callback dropped it`;
  return { cause: 'key-filtered', answer, links: chain(evidence, [filtered], step, `fd ${fd} was not put on the ready list`) };
}

/** The step at which a scan found the item not ready and dropped it, after `from`; -1: none. */
function droppedAfter({ evidence: { nesting }, life, step }: Case, from: number): number {
  const { trace } = nesting;
  for (let at = step; at > from; at--) {
    if (trace.kind(at) !== T_ENTER || trace.what(at) !== EPOLL_FUNCTIONS.id.ep_item_poll || trace.arg(at, 0) !== life.id) continue;
    const end = nesting.end(at);
    if (end >= 0 && end <= step && trace.arg(end, 0) === 0 && nesting.inside(at, 'ep_send_events') >= 0) return at;
    if (end >= 0) return -1;
  }
  return -1;
}

/** It was ready, and somebody took what there was before the scan looked. */
function drained(found: Case): Answer | null {
  const { evidence, life, fd, step, item, socket } = found;
  const { trace } = evidence.nesting;
  const put = lastUpTo(life.puts, step);
  const dropped = put < 0 ? -1 : droppedAfter(found, put);
  if (dropped < 0) return null;
  const subjects = [item.file, socket?.id ?? -1, ...(found.file === null ? [] : subjectsOf(found.file))];
  let drain = -1;
  for (let at = dropped; at > put && drain < 0; at--) if (trace.kind(at) === T_ENTER && DRAINS.has(trace.what(at)) && subjects.includes(trace.arg(at, 0))) drain = at;
  const labels = evidence.labels(dropped);
  const reader = drain < 0 ? null : evidence.labels(drain).task(trace.task(drain));
  const isOther = drain >= 0 && trace.task(drain) !== trace.task(dropped);
  const who = drain < 0 ? 'it was not ready any more' : isOther ? `${reader} had taken what was there` : `${reader} had read it itself already, outside of this wait`;
  const answer = `fd ${fd} was put on the ready list at step ${put}, but when ${labels.task(trace.task(dropped))} came to it at step ${dropped}, ${who}: it was dropped, and nothing was told`;
  return {
    cause: isOther ? 'drained-by-another' : 'dropped-not-ready', answer, links: chain(evidence, [put, drain, dropped], step, `fd ${fd} is not ready, so it is not on the list`),
  };
}

/** What was asked for is not there now. */
function notReady(found: Case): Answer {
  const { evidence, life, fd, step, asked, socket, item } = found;
  if (socket !== null && (asked & READ_BITS) !== 0 && socket.rcv.bytes > 0 && socket.rcv.bytes < socket.rcv.lowat) {
    const answer = `fd ${fd} has ${socket.rcv.bytes} bytes, fewer than its SO_RCVLOWAT of ${socket.rcv.lowat}: it counts as readable only from there on`;
    return { cause: 'below-rcvlowat', answer, links: chain(evidence, [lastUpTo(life.callbacks, step)], step, `${socket.rcv.lowat - socket.rcv.bytes} more bytes`) };
  }
  const taken = exclusiveTaken(found) ?? drained(found);
  if (taken !== null && taken.cause !== 'exclusive-taken') return taken;
  const [callback, filtered, event] = [life.callbacks, life.filtered, life.events].map((steps) => lastUpTo(steps, step));
  if (filtered! > callback! && filtered! > event!) return keyFiltered(found, filtered!);
  if ((asked & READ_BITS) === 0 && (asked & WRITE_BITS) !== 0) {
    const why = socket === null || socket.nospace ? 'there is no room to write: the reader has to read first' : 'there is no room to write, and no poll or send has noticed yet';
    return { cause: 'no-room', answer: `fd ${fd} is asked for ${epollMask(asked & ~(READ_BITS))}: ${why}`, links: chain(evidence, [event!], step, 'nobody made room') };
  }
  if (event! >= 0) {
    const answer = `all that happened on fd ${fd} was told, last at step ${event!}, and nothing is left: nothing new has arrived since`;
    return { cause: 'all-told', answer, links: chain(evidence, [callback!, event!], step, `nothing new on fd ${fd} of ep#${item.ep}`) };
  }
  const answer = `nothing that fd ${fd} was asked for (${epollMask(asked)}) has happened up to this step`;
  return { cause: 'nothing-arrived', answer, links: chain(evidence, [life.born], step, `nobody wrote to, connected to or closed the other side of fd ${fd}`) };
}

/** One item of the descriptor. */
function caseOf(evidence: Evidence, { fd, step, bits = ALL }: Question, view: MachineView, item: ItemView): Case {
  const file = view.files.find(({ id }) => id === item.file) ?? null;
  const socket = view.sockets.find(({ name }) => name === file?.object) ?? null;
  // a one-shot that has fired does not know any more what it was asked for
  const asked = item.disabled && bits !== ALL ? bits : bitsOf(item.events) & bits;
  const life = about(evidence, evidence.items.get(item.id)!, bits);
  return { evidence, step, fd, view, item, life, file, socket, asked, ready: asked & bitsOf(file?.mask ?? null), isPart: bits !== ALL };
}

/** What of an item's life is about these bits of its mask. */
function about({ nesting: { trace } }: Evidence, life: ItemLife, bits: number): ItemLife {
  if (bits === ALL) return life;
  const told = (step: number): boolean => (trace.arg(step, 0) & bits) !== 0;
  const keyed = (step: number): boolean => trace.arg(step, 3) === 0 || (trace.arg(step, 3) & bits) !== 0;
  return { ...life, events: life.events.filter(told), callbacks: life.callbacks.filter(keyed), filtered: life.filtered.filter(keyed) };
}

/** The first link that is missing for one item. */
function missing(found: Case): Answer {
  return anotherFile(found) ?? (found.isPart ? null : byItem(found)) ?? (found.ready === 0 ? notReady(found) : readyButQuiet(found));
}

/** How much an answer helps when a descriptor is registered in several epolls: one that waits for a call comes last. */
function rank({ cause }: Answer): number {
  return cause === 'on-ready-list' || cause === 'in-scan' ? 1 : 0;
}

/** Why no event comes for a descriptor. */
export function whyNot(evidence: Evidence, question: Question): Explanation {
  const { fd, step } = question;
  const view = evidence.view(step);
  const items = view.items.filter((item) => item.fd === fd && (question.ep === undefined || item.ep === question.ep) && evidence.items.has(item.id));
  const answers = items.map((item) => missing(caseOf(evidence, question, view, item))).sort((a, b) => rank(a) - rank(b));
  const answer = answers[0] ?? withoutItem(evidence, question, view);
  return { fd, step, not: true, ...answer };
}
