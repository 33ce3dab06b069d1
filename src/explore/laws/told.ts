/**
 * What programs were told by epoll: each event of a wait with the descriptor and the file that its data stood for when it was registered.
 * The data of an event means nothing to the kernel, so registrations are followed from epoll_ctl() on.
 */

import type { file } from '../../kernel/file.js';
import { user_memory } from '../../kernel/uaccess.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, eventpoll } from '../../epoll/eventpoll.js';
import { readEvents } from '../../scenario/layouts.js';
import type { CallEvent } from '../../scenario/index.js';
import { fdOf, fileOf, isEpollWait } from './look.js';

/** One event of a wait. */
export interface Told {
  /** the number that was registered */
  readonly fd: number;
  /** the file that the number stood for then */
  readonly file: file;
  readonly mask: number;
  /** the data of the event is the number itself: the program has nothing else to tell an old event by */
  readonly byNumber: boolean;
}

interface Registration {
  readonly fd: number;
  readonly file: file;
}

/** Follows registrations and waits. Feed it every call event of a machine. */
export class TellTale {
  /** what the data of an event stands for, by epoll and data */
  private readonly meaning = new Map<eventpoll, Map<bigint, Registration>>();
  /** calls on their way, with the epoll that they are about and the file at their begin */
  private readonly running = new Map<CallEvent, { ep: eventpoll; target: file | null }>();

  /** @returns what an epoll wait that has ended told, in order; null: the event is of another kind */
  called(event: CallEvent): readonly Told[] | null {
    const waits = isEpollWait(event);
    if (!waits && event.row.name !== 'epoll_ctl') return null;
    if (event.ret === null) {
      this.begin(event);
      return null;
    }
    const begun = this.running.get(event);
    this.running.delete(event);
    if (waits) return begun === undefined ? [] : this.tell(event, begun.ep, event.ret);
    if (begun !== undefined && event.ret === 0) this.register(event, begun.ep, begun.target);
    return null;
  }

  /** The epoll on which a wait sleeps or works; null: the call is over, or is none of epoll. */
  epollOf(event: CallEvent): eventpoll | null {
    return this.running.get(event)?.ep ?? null;
  }

  private begin(event: CallEvent): void {
    const ep = fileOf(event.task, fdOf(event))?.private_data;
    if (!(ep instanceof eventpoll)) return;
    this.running.set(event, { ep, target: event.row.name === 'epoll_ctl' ? fileOf(event.task, event.args[2] as number) : null });
  }

  private register(event: CallEvent, ep: eventpoll, target: file | null): void {
    const [, op, fd, memory] = event.args;
    if ((op !== EPOLL_CTL_ADD && op !== EPOLL_CTL_MOD) || target === null || !(memory instanceof user_memory)) return;
    const known = this.meaning.get(ep) ?? new Map<bigint, Registration>();
    this.meaning.set(ep, known);
    known.set(readEvents(memory, 1)[0]!.u64, { fd: fd as number, file: target });
  }

  private tell(event: CallEvent, ep: eventpoll, ret: number): Told[] {
    const known = this.meaning.get(ep);
    const memory = event.args[1];
    if (known === undefined || ret <= 0 || !(memory instanceof user_memory)) return [];
    return readEvents(memory, ret).flatMap(({ u64, events: mask }) => {
      const found = known.get(u64);
      return found === undefined ? [] : [{ ...found, mask, byNumber: u64 === BigInt(found.fd) }];
    });
  }
}
