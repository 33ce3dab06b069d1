/**
 * When files of the outside world are ready, only the log can tell: what epoll_wait, poll and select say of them is what they are. A call
 * of one line finds them so; in a call of two lines they become so while it sleeps.
 */

import { type epitem, type epitems_head, eventpoll } from '../../epoll/eventpoll.js';
import type { file } from '../../kernel/file.js';
import { DEFAULT_POLLMASK } from '../../kernel/poll_table.js';
import { run_next } from '../../kernel/sched.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDNORM, EPOLLWRNORM } from '../../kernel/uapi.js';
import type { Call, Result } from '../call.js';
import { type EpollEvent, epollEventsOf, type PollFd, pollResultOf, selectResultOf } from '../decodePoll.js';
import { outsideOf, type outside_file } from '../outside.js';
import { arg, outsideAt, type Plan, type PlanContext } from '../plan.js';

type Ready = Plan['ready'];

/** The log says what is ready of a file. An unknown one that is not always ready has a poll method. */
function tell(at: PlanContext, outside: outside_file, asked: number, shown: number, isNow: boolean): void {
  if (outside.poll === null && shown !== (asked & DEFAULT_POLLMASK)) outside.setPollable(true);
  if (outside.poll === null || !isNow) return;
  run_next(at.k, null);
  outside.setReady(at.k, shown);
  if (shown !== 0) at.session.adopt('readiness outside');
}

/** The answer of poll for each outside file among those it is asked about. */
export function readyForPoll(at: PlanContext, fds: readonly PollFd[] | null): Ready {
  const asked = (fds ?? []).flatMap(({ fd, events }) => {
    const outside = outsideAt(at, fd);
    return outside === null ? [] : [{ fd, events, outside }];
  });
  if (asked.length === 0) return null;
  return (result, isNow) => {
    const { ready } = pollResultOf(result);
    for (const { fd, events, outside } of asked) tell(at, outside, events, ready.find((entry) => entry.fd === fd)?.revents ?? 0, isNow);
  };
}

const SETS = [
  { name: 'in', mask: EPOLLIN | EPOLLRDNORM },
  { name: 'out', mask: EPOLLOUT | EPOLLWRNORM },
  { name: 'except', mask: EPOLLPRI },
] as const;

/** The answer of select for each outside file in its sets. */
export function readyForSelect(at: PlanContext, sets: readonly (readonly number[])[]): Ready {
  const asked = new Map<number, outside_file>();
  for (const fd of sets.flat()) {
    const outside = outsideAt(at, fd);
    if (outside !== null) asked.set(fd, outside);
  }
  if (asked.size === 0) return null;
  const maskIn = (fd: number, of: (name: 'in' | 'out' | 'except', index: number) => readonly number[]): number =>
    SETS.reduce((mask, set, index) => (of(set.name, index).includes(fd) ? mask | set.mask : mask), 0);
  return (result, isNow) => {
    const linux = selectResultOf(result);
    for (const [fd, outside] of asked) tell(at, outside, maskIn(fd, (_name, index) => sets[index]!), maskIn(fd, (name) => linux[name]), isNow);
  };
}

/** The items of an epoll that watch outside files. */
function* outsideItems({ session }: PlanContext, ep: eventpoll): Generator<{ item: epitem; outside: outside_file }> {
  for (const [watched, outside] of session.watchedOutside) {
    if (watched.released) session.watchedOutside.delete(watched);
    const head = watched.f_ep === null ? null : (watched.f_ep as epitems_head).epitems;
    for (let link = head?.next; head !== null && link !== head && link !== undefined; link = link.next) {
      if (link.owner!.ep === ep) yield { item: link.owner!, outside };
    }
  }
}

/** The events of epoll_wait that are of outside files. */
export function readyForEpoll(at: PlanContext, call: Call, epfile: file | null, maxevents: number): Ready {
  const ep = epfile?.private_data;
  if (at.session.watchedOutside.size === 0 || !(ep instanceof eventpoll)) return null;
  return (result, isNow) => {
    if (!isNow) return;
    const shown: readonly EpollEvent[] = result.kind === 'value' ? epollEventsOf(arg(call, 1)) ?? [] : [];
    run_next(at.k, null);
    for (const { item, outside } of outsideItems(at, ep)) {
      const { data_lo, data_hi, events } = item.event;
      const event = shown.find(({ lo, hi }) => (lo | 0) === (data_lo | 0) && (hi | 0) === (data_hi | 0));
      const mask = event === undefined ? 0 : event.events & (events | EPOLLERR | EPOLLHUP);
      // a full list does not say what else is ready
      if (event === undefined && shown.length >= maxevents) continue;
      outside.setReady(at.k, mask);
      if (mask !== 0) at.session.adopt('readiness outside');
    }
  };
}

/** What epoll_ctl answered tells whether an outside file has a poll method. @returns false when that cannot be */
export function learnPollable({ session, thread }: PlanContext, fd: number, result: Result | null): boolean {
  const target = thread.task.files.at(fd);
  const outside = target === null ? null : outsideOf(target);
  if (target === null || outside === null || result === null) return true;
  const isTaken = result.kind === 'value' || result.errno === 'EEXIST';
  if (!isTaken && result.errno !== 'EPERM') return true;
  if (isTaken !== (outside.poll !== null)) {
    if (!outside.setPollable(isTaken)) return false;
    session.adopt('whether epoll takes an outside file');
  }
  if (isTaken) session.watchedOutside.set(target, outside);
  return true;
}
