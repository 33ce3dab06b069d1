/**
 * What epoll, poll and select are given and give back: lists of events, sets of descriptors, and the notes behind the results of poll and select.
 */

import type { Result } from './call.js';
import { arrayOf, fdOf, halvesOf, isNull, isPointer, maskOf, need, refuse, structOf, timeNsOf } from './decode.js';
import { ValueError } from './error.js';
import { type Value, field } from './value.js';

/** An epoll_event: the mask, and the two halves of the 64 bits that belong to the program. */
export interface EpollEvent {
  readonly events: number;
  readonly lo: number;
  readonly hi: number;
}

/** `{events=EPOLLIN, data={u32=7, u64=140015933849607}}`, also `data=0x7`; null for NULL and for a pointer. */
export function epollEventOf(value: Value): EpollEvent | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'an epoll_event');
  const events = maskOf(need(struct, 'events'));
  const data = need(struct, 'data');
  const { lo, hi } = halvesOf(data.kind === 'struct' ? field(data, 'u64') ?? need(data, 'u32') : data);
  return { events, lo, hi };
}

/** What epoll_wait gave back; null when it filled nothing in. */
export function epollEventsOf(value: Value): EpollEvent[] | null {
  if (isNull(value) || isPointer(value)) return null;
  return arrayOf(value, 'a list of epoll_events').items.map(item => epollEventOf(item) ?? refuse('an epoll_event', item));
}

/** What poll asks. `events` is 0 for a negative descriptor, which strace prints without. */
export interface PollFd {
  readonly fd: number;
  readonly events: number;
}

/** `[{fd=4, events=POLLIN}, {fd=-1}]`; null for NULL and for a pointer. */
export function pollFdsOf(value: Value): PollFd[] | null {
  if (isNull(value) || isPointer(value)) return null;
  return arrayOf(value, 'a list of pollfds').items.map(item => {
    const struct = structOf(item, 'a pollfd');
    const events = field(struct, 'events');
    return { fd: fdOf(need(struct, 'fd')), events: events === null ? 0 : maskOf(events) };
  });
}

/** What poll answers: the entries that have something to say, in their order. */
export interface PollResult {
  readonly ready: readonly { readonly fd: number; readonly revents: number }[];
  /** what is left of the time-out of ppoll */
  readonly leftNs: number | null;
}

/** The note behind a result of poll or ppoll: `([{fd=4, revents=POLLIN}], left {...})`, `(Timeout)`. */
export function pollResultOf(result: Result): PollResult {
  const ready: { fd: number; revents: number }[] = [];
  let leftNs: number | null = null;
  for (const { label, value } of result.note) {
    if (label === 'left') leftNs = timeNsOf(value);
    else {
      for (const item of arrayOf(value, 'a list of pollfds').items) {
        const struct = structOf(item, 'a pollfd');
        ready.push({ fd: fdOf(need(struct, 'fd')), revents: maskOf(need(struct, 'revents')) });
      }
    }
  }
  return { ready, leftNs };
}

/** `[3<TCP:[...]> 5]`; null for NULL and for a pointer. */
export function fdSetOf(value: Value): number[] | null {
  if (isNull(value) || isPointer(value)) return null;
  return arrayOf(value, 'a set of descriptors').items.map(fdOf);
}

/** What select answers: the sets as they are afterwards; an empty set is not printed. */
export interface SelectResult {
  readonly in: readonly number[];
  readonly out: readonly number[];
  readonly except: readonly number[];
  readonly leftNs: number | null;
}

/** The note behind a result of select or pselect6: `(in [4], out [4], left {tv_sec=0, tv_nsec=199996575})`, `(Timeout)`. */
export function selectResultOf(result: Result): SelectResult {
  const sets: Record<string, number[]> = { in: [], out: [], except: [] };
  let leftNs: number | null = null;
  for (const { label, value } of result.note) {
    if (label === 'left') leftNs = timeNsOf(value);
    else if (label in sets) sets[label] = fdSetOf(value) ?? [];
    else throw new ValueError('in, out, except or left', `\`${label}\``);
  }
  return { in: sets['in']!, out: sets['out']!, except: sets['except']!, leftNs };
}

/** `= 0 (Timeout)`. */
export function isTimeout(result: Result): boolean {
  return result.text === 'Timeout';
}
