/**
 * The life of every epoll item in a run, read from the trace in one pass: when it was made and removed, when its callback was called, when it
 * came to a list, and when an event of it was delivered. Explanations and hazards are made from this.
 */

import { OBJ_EPITEM } from '../epoll/ep_item.js';
import { EP_PRIVATE_BITS } from '../epoll/eventpoll.js';
import { EPOLL_FUNCTIONS } from '../epoll/eventpoll.js';
import { T_ENTER, T_EVENT, T_NEW, T_OVFLIST_ADD, T_RBR_ERASE, T_RDLLIST_ADD } from '../kernel/trace.js';
import { after } from './history.js';
import type { Nesting } from './nesting.js';

const { ep_poll_callback, ep_ptable_queue_proc } = EPOLL_FUNCTIONS.id;

/** One item: what it watches, and the steps at which things happened to it, each list sorted. */
export interface ItemLife {
  readonly id: number;
  readonly ep: number;
  readonly fd: number;
  readonly file: number;
  readonly born: number;
  /** the step at which it left the tree; -1: it is there */
  gone: number;
  /** wait queues it was put on, as the trace names them */
  readonly queues: number[];
  /** callbacks that passed the filter, that the key did not pass, and that found the item deaf */
  readonly callbacks: number[];
  readonly filtered: number[];
  readonly deaf: number[];
  /** it came to the ready list; to ovflist */
  readonly puts: number[];
  readonly chained: number[];
  /** an event was delivered */
  readonly events: number[];
}

/** The last of a sorted list of steps up to `step`; -1: none. */
export function lastUpTo(sorted: readonly number[], step: number): number {
  return sorted[after(sorted, step) - 1] ?? -1;
}

/** All items of a run. */
export class ItemLog {
  readonly items = new Map<number, ItemLife>();

  constructor(nesting: Nesting) {
    for (let step = 0; step < nesting.count; step++) this.take(nesting, step);
  }

  private take({ trace }: Nesting, step: number): void {
    const what = trace.what(step);
    switch (trace.kind(step)) {
      case T_NEW:
        if (trace.arg(step, 0) === OBJ_EPITEM) this.bear(what, trace.arg(step, 1), trace.arg(step, 2), trace.arg(step, 3), step);
        return;
      case T_RBR_ERASE: {
        const item = this.items.get(what);
        if (item !== undefined) item.gone = step;
        return;
      }
      case T_RDLLIST_ADD: this.items.get(what)?.puts.push(step); return;
      case T_OVFLIST_ADD: this.items.get(what)?.chained.push(step); return;
      case T_EVENT: this.items.get(what)?.events.push(step); return;
      case T_ENTER:
        if (what === ep_poll_callback) this.called(this.items.get(trace.arg(step, 0)), trace.arg(step, 2), trace.arg(step, 3), step);
        else if (what === ep_ptable_queue_proc) this.items.get(trace.arg(step, 1))?.queues.push(trace.arg(step, 2));
    }
  }

  private bear(id: number, ep: number, fd: number, file: number, born: number): void {
    this.items.set(id, { id, ep, fd, file, born, gone: -1, queues: [], callbacks: [], filtered: [], deaf: [], puts: [], chained: [], events: [] });
  }

  /** As ep_poll_callback decides: a fired one-shot has no event bits; a key with none of the bits asked for is not for it. */
  private called(item: ItemLife | undefined, events: number, key: number, step: number): void {
    if (item === undefined) return;
    const list = (events & ~EP_PRIVATE_BITS) === 0 ? item.deaf : key !== 0 && (key & events) === 0 ? item.filtered : item.callbacks;
    list.push(step);
  }
}
