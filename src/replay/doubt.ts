/**
 * What a divergence makes one ask about the model: an event that it has and Linux has not, or the other way round, or what came to a descriptor.
 * It is noted where the divergence is found, and answered when the run is over.
 */

import { epollEventsIn } from './args/epoll.js';
import { reventsIn } from './args/poll.js';
import type { Call, Result } from './call.js';
import { fdOf } from './decode.js';
import { type EpollEvent, epollEventsOf, pollResultOf, selectResultOf } from './decodePoll.js';
import { Plan } from './plan.js';
import type { Thread } from './thread.js';

/** A question about the model. */
export type Doubt =
  /** an event of an epoll, by the data it carries; bits that only one side reports: of Linux, or of the model */
  | { readonly kind: 'event'; readonly epfd: number; readonly event: EpollEvent; readonly of: 'linux' | 'model'; readonly bits: number; readonly isWhole: boolean }
  /** the same events in another order: the first one where the orders part, of Linux and of the model */
  | { readonly kind: 'order'; readonly epfd: number; readonly linux: EpollEvent; readonly model: EpollEvent }
  /** what came to a descriptor */
  | { readonly kind: 'file'; readonly fd: number };

const READS: ReadonlySet<string> = new Set(['read', 'readv', 'recvfrom', 'recvmsg', 'recvmmsg', 'accept', 'accept4', 'write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'connect']);
const POLLS: ReadonlySet<string> = new Set(['poll', 'ppoll']);
const SELECTS: ReadonlySet<string> = new Set(['select', 'pselect6']);

const isSameData = (a: EpollEvent, b: EpollEvent): boolean => a.lo === b.lo && a.hi === b.hi;

/** The first event on which the two lists differ. */
function eventDoubt(epfd: number, linux: readonly EpollEvent[], model: readonly EpollEvent[]): Doubt | null {
  for (const [of, ours, theirs] of [['linux', linux, model], ['model', model, linux]] as const) {
    for (const event of ours) {
      const other = theirs.find((one) => isSameData(one, event));
      const bits = event.events & ~(other?.events ?? 0);
      if (bits !== 0) return { kind: 'event', epfd, event, of, bits, isWhole: other === undefined };
    }
  }
  const at = linux.findIndex((event, i) => model[i] !== undefined && !isSameData(event, model[i]));
  return at < 0 ? null : { kind: 'order', epfd, linux: linux[at]!, model: model[at]! };
}

interface Ready {
  readonly fd: number;
  readonly revents: number;
}

function pollDoubt(linux: readonly Ready[], model: readonly Ready[]): Doubt | null {
  const differs = (mine: readonly Ready[], other: readonly Ready[]): Ready | undefined => mine.find(({ fd, revents }) => other.find((one) => one.fd === fd)?.revents !== revents);
  const found = differs(linux, model) ?? differs(model, linux);
  return found === undefined ? null : { kind: 'file', fd: found.fd };
}

/** The question that a call raises whose result differs; null: none that can be answered. */
export function doubtOf(thread: Thread, call: Call, result: Result | null): Doubt | null {
  const { plan, ret } = thread;
  const first = call.args[0];
  if (!(plan instanceof Plan) || first === undefined) return null;
  const isValue = result?.kind === 'value';
  const count = ret === null ? 0 : Math.max(0, ret);
  if (call.name.startsWith('epoll_') && call.name.includes('wait')) {
    const linux = isValue && call.args[1] !== undefined ? epollEventsOf(call.args[1]) ?? [] : [];
    return eventDoubt(fdOf(first), linux, epollEventsIn(plan, count));
  }
  if (POLLS.has(call.name)) return pollDoubt(isValue ? pollResultOf(result).ready : [], reventsIn(plan));
  if (SELECTS.has(call.name) && isValue) {
    const { in: readable, out, except } = selectResultOf(result);
    const fd = [...readable, ...out, ...except][0];
    return fd === undefined ? null : { kind: 'file', fd };
  }
  return READS.has(call.name) ? { kind: 'file', fd: fdOf(first) } : null;
}
