/**
 * What is dangerous in a run even if nothing failed in it: habits that lose events, spin, or mix up descriptors under another schedule.
 */

import { EPOLL_FUNCTIONS, EPOLLET, EPOLLONESHOT } from '../epoll/eventpoll.js';
import { PIPE_FUNCTIONS } from '../kernel/pipe.js';
import { T_ENTER, T_EVENT, T_SYSCALL_EXIT } from '../kernel/trace.js';
import { EPOLLIN, EPOLLOUT } from '../kernel/uapi.js';
import { UNIX_FUNCTIONS } from '../socket/unix_sock.js';
import { TCP_FUNCTIONS } from '../tcp/tcp_trace.js';
import type { Evidence } from './evidence.js';
import type { ItemLife } from './itemLog.js';
import { bitsOf } from './maskText.js';
import type { MachineView } from './view.js';

export type HazardKind =
  /** an edge-triggered event was told, and the next wait began before all of it was read */
  | 'edge-left-undrained'
  /** a descriptor was closed without EPOLL_CTL_DEL, and a duplicate keeps its item alive */
  | 'closed-while-registered'
  /** level-triggered EPOLLOUT is told again and again, and nothing is written */
  | 'level-out-without-data'
  /** a number of the batch was closed and taken by another file before the next wait */
  | 'number-reused-in-batch'
  /** more was ready than maxevents let through */
  | 'maxevents-too-small';

/** One hazard, at the step where it shows first. */
export interface Hazard {
  readonly kind: HazardKind;
  readonly fd: number | null;
  readonly step: number;
  readonly text: string;
  /** how often it was seen up to the step of the question */
  readonly times: number;
}

/** Writes, by the first argument of the function. */
const WRITES: ReadonlySet<number> = new Set([PIPE_FUNCTIONS.id.pipe_write, UNIX_FUNCTIONS.id.unix_stream_sendmsg, TCP_FUNCTIONS.id.tcp_sendmsg]);
/** Events of EPOLLOUT in a row, with no write between them, that are a habit. */
const IDLE_OUTS = 3;

/** An event that a task was handed and has not come back from. */
interface Told {
  readonly item: ItemLife;
  readonly step: number;
  readonly events: number;
}

/** Looks at a run once, from its first step on. */
class Watch {
  private readonly evidence: Evidence;
  private readonly seen = new Map<string, { hazard: Hazard; times: number }>();
  /** the last batch of each task */
  private readonly batches = new Map<number, Told[]>();
  /** EPOLLOUT events in a row of each item */
  private readonly outs = new Map<number, number>();

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  take(step: number): void {
    const { trace } = this.evidence.nesting;
    const what = trace.what(step);
    switch (trace.kind(step)) {
      case T_EVENT: return this.event(step, what);
      case T_SYSCALL_EXIT: return this.left(step);
      case T_ENTER:
        if (what === EPOLL_FUNCTIONS.id.ep_poll) this.waits(step);
        else if (what === EPOLL_FUNCTIONS.id.ep_done_scan) this.scanned(step);
        else if (WRITES.has(what)) this.wrote(step, trace.arg(step, 0));
    }
  }

  private note(kind: HazardKind, fd: number | null, step: number, key: string, text: string): void {
    const old = this.seen.get(`${kind} ${key}`);
    if (old === undefined) this.seen.set(`${kind} ${key}`, { hazard: { kind, fd, step, text, times: 1 }, times: 1 });
    else old.times++;
  }

  private event(step: number, id: number): void {
    const { trace } = this.evidence.nesting;
    const item = this.evidence.items.get(id);
    if (item === undefined) return;
    const events = trace.arg(step, 0);
    const task = trace.task(step);
    const batch = this.batches.get(task);
    if (batch === undefined) this.batches.set(task, [{ item, step, events }]);
    else batch.push({ item, step, events });
    if (events !== EPOLLOUT) return;
    const view = this.evidence.view(step);
    const asked = bitsOf(view.items.find((one) => one.id === id)?.events ?? null);
    if ((asked & (EPOLLET | EPOLLONESHOT)) !== 0) return;
    const times = (this.outs.get(id) ?? 0) + 1;
    this.outs.set(id, times);
    if (times >= IDLE_OUTS) {
      this.note('level-out-without-data', item.fd, step, String(id), `fd ${item.fd} is asked for EPOLLOUT level-triggered and told each time, `
        + `${IDLE_OUTS} times in a row, though nothing is written: ask for EPOLLOUT only while something waits to be sent`);
    }
  }

  /** A write of the file or socket behind an item ends its row of idle events. */
  private wrote(step: number, subject: number): void {
    if (this.outs.size === 0) return;
    const view = this.evidence.view(step);
    for (const id of this.outs.keys()) {
      const item = this.evidence.items.get(id)!;
      const file = view.files.find((one) => one.id === item.file);
      if (item.file === subject || file?.object?.endsWith(`#${subject}`) === true) this.outs.delete(id);
    }
  }

  /** A task comes back to wait: what it was told last should be dealt with. */
  private waits(step: number): void {
    const { trace } = this.evidence.nesting;
    const batch = this.batches.get(trace.task(step)) ?? [];
    if (batch.length === 0) return;
    this.batches.delete(trace.task(step));
    const view = this.evidence.view(step);
    for (const { item, step: told, events } of batch) {
      this.undrained(view, item, events, step);
      this.reused(view, item, told, step);
    }
  }

  private undrained(view: MachineView, { id, fd, file }: ItemLife, events: number, step: number): void {
    const item = view.items.find((one) => one.id === id);
    if (item === undefined || (bitsOf(item.events) & EPOLLET) === 0 || item.on !== null || item.onOvflist || item.disabled || (events & EPOLLIN) === 0) return;
    if ((bitsOf(view.files.find((one) => one.id === file)?.mask ?? null) & EPOLLIN) === 0) return;
    this.note('edge-left-undrained', fd, step, String(id), `fd ${fd} is edge-triggered and was not read to EAGAIN before the next epoll_wait: what is left is told only when more arrives`);
  }

  private reused(view: MachineView, { fd, file, id }: ItemLife, told: number, step: number): void {
    const now = view.tables.flatMap((table) => table.fds.filter((open) => open.fd === fd).map((open) => open.file));
    const before = this.evidence.view(told).tables.flatMap((table) => table.fds.filter((open) => open.fd === fd).map((open) => open.file));
    if (!before.includes(file) || now.length === 0 || now.includes(file)) return;
    this.note('number-reused-in-batch', fd, step, String(id), `fd ${fd} of the last batch was closed and its number is another file now: an event of the old file that is still `
      + 'to be handled in the batch would reach the new one');
  }

  private scanned(step: number): void {
    const { nesting } = this.evidence;
    const { trace } = nesting;
    const send = nesting.inside(step, 'ep_send_events');
    // the list of the scan is not empty: it ended because the array was full
    if (send < 0 || trace.arg(step, 2) === 1) return;
    const max = trace.arg(send, 2);
    this.note('maxevents-too-small', null, step, String(trace.arg(step, 0)), `more was ready on ep#${trace.arg(step, 0)} than the ${max} events that epoll_wait was asked for: the rest waits for the next call`);
  }

  /** A descriptor was closed: does an item live on? */
  private left(step: number): void {
    const { nesting } = this.evidence;
    const call = nesting.call(step);
    if (call < 0 || !CLOSERS.has(nesting.trace.what(call)) || nesting.trace.arg(step, 0) < 0) return;
    const view = this.evidence.view(step);
    const open = new Set(view.tables.flatMap((table) => table.fds.map(({ fd, file }) => `${fd} ${file}`)));
    for (const item of view.items) {
      if (open.has(`${item.fd} ${item.file}`)) continue;
      this.note('closed-while-registered', item.fd, step, String(item.id), `fd ${item.fd} was closed without EPOLL_CTL_DEL while something else keeps its file open: `
        + `ep#${item.ep} goes on to watch it, its events carry a number that is closed, and EPOLL_CTL_DEL cannot name it any more`);
    }
  }

  found(): Hazard[] {
    return [...this.seen.values()].map(({ hazard, times }) => ({ ...hazard, times })).sort((a, b) => a.step - b.step);
  }
}

/** Numbers of the calls that take a descriptor away: close, dup2, dup3, close_range. */
const CLOSERS: ReadonlySet<number> = new Set([3, 33, 292, 436]);

/** The hazards of a run up to a step, each once, in the order in which they showed. */
export function hazardsIn(evidence: Evidence, step: number): readonly Hazard[] {
  const watch = new Watch(evidence);
  for (let at = 0; at <= step && at < evidence.nesting.count; at++) watch.take(at);
  return watch.found();
}
