/**
 * Calls of epoll, and of poll and select beside it. Masks are the bits of the kernel: EPOLLIN, EPOLLOUT, EPOLLET ... The
 * convention of answers is at the head of callBase.ts.
 */

import { user_memory } from '../kernel/uaccess.js';
import { EPOLL_EVENT_SIZE } from '../epoll/eventpoll.js';
import type { Memory } from './bytes.js';
import type { Call, CallResult } from './callBase.js';
import { IpcCalls } from './ipcCalls.js';
import {
  epollEvent, fdset, pollfds, readEvents, readFdset, readRevents, readTimespec, readTimeval, sigset, timespec, timeval, type EpollEvent, type EventArg,
  type Nanoseconds, type PollArg,
} from './layouts.js';

/** What epoll_wait() answers. */
export interface EpollResult extends CallResult {
  /** the events stored, in their order; empty when the call failed */
  readonly events: readonly EpollEvent[];
}

/** What poll() answers. */
export interface PollResult extends CallResult {
  /** what is ready, entry by entry */
  readonly revents: readonly number[];
}

/** What select() answers. */
export interface SelectResult extends CallResult {
  readonly read: readonly number[];
  readonly write: readonly number[];
  readonly except: readonly number[];
  /** what was left of the timeout, ns (pselect) or us (select); null: no timeout was given */
  readonly left: number | null;
}

/** The sets of select(): descriptors, or null for a set that is not given. */
export interface FdSets {
  readonly read?: readonly number[] | null;
  readonly write?: readonly number[] | null;
  readonly except?: readonly number[] | null;
}

/** Room for events: `maxevents` of them, but not more than a machine could have ready. */
function roomFor(maxevents: number): user_memory {
  return new user_memory(new Uint8Array(EPOLL_EVENT_SIZE * Math.max(0, Math.min(maxevents, 65536))));
}

export class EpollCalls extends IpcCalls {
  /** epoll_create(2). @param size only checked: > 0 @returns the descriptor, -EINVAL, -EMFILE */
  epoll_create(size: number): Call {
    return this.ask('epoll_create', size);
  }

  /** epoll_create1(2). @param flags EPOLL_CLOEXEC or 0 @returns the descriptor, -EINVAL, -EMFILE */
  epoll_create1(flags = 0): Call {
    return this.ask('epoll_create1', flags);
  }

  /**
   * epoll_ctl(2): `yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLET })`.
   * @param op EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL
   * @param event a mask alone is a mask with the descriptor as data; null or left out: NULL
   * @returns 0, -EEXIST (ADD), -ENOENT (MOD, DEL), -EPERM (regular files), -EBADF, -EINVAL, -ELOOP, -ENOSPC, -EFAULT
   */
  epoll_ctl(epfd: number, op: number, fd: number, event: EventArg | number | Memory | null = null): Call {
    if (event === null || event instanceof user_memory) return this.ask('epoll_ctl', epfd, op, fd, event);
    const given = typeof event === 'number' ? { events: event } : event;
    return this.ask('epoll_ctl', epfd, op, fd, epollEvent(given, given.data ?? fd));
  }

  /**
   * epoll_wait(2): `const { ret, events } = yield* sys.epoll_wait(ep, 8, -1)`.
   * @param maxevents room for so many events, > 0
   * @param timeoutMs milliseconds of virtual time; -1: for ever, 0: do not sleep
   * @param into where the events go, for pointers that fault or stall; default: memory of its own
   * @returns `ret`: number of events, 0 when the time is over, -EBADF, -EINVAL, -EFAULT, -EINTR
   */
  epoll_wait(epfd: number, maxevents: number, timeoutMs = -1, into: Memory | null = roomFor(maxevents)): Call<EpollResult> {
    return this.askFor('epoll_wait', [epfd, into, maxevents, timeoutMs], (ret) => ({ ret, events: readEvents(into, ret) }));
  }

  /** epoll_pwait(2): epoll_wait under another signal mask. @param mask signals to block meanwhile; null: as they are */
  epoll_pwait(epfd: number, maxevents: number, timeoutMs: number, mask: readonly number[] | null): Call<EpollResult> {
    const into = roomFor(maxevents);
    return this.askFor('epoll_pwait', [epfd, into, maxevents, timeoutMs, sigset(mask), 8], (ret) => ({ ret, events: readEvents(into, ret) }));
  }

  /** epoll_pwait2(2): the timeout is in nanoseconds. @param timeoutNs null: for ever */
  epoll_pwait2(epfd: number, maxevents: number, timeoutNs: Nanoseconds | null, mask: readonly number[] | null = null): Call<EpollResult> {
    const into = roomFor(maxevents);
    return this.askFor('epoll_pwait2', [epfd, into, maxevents, timespec(timeoutNs), sigset(mask), 8], (ret) => ({ ret, events: readEvents(into, ret) }));
  }

  /**
   * poll(2): `const { ret, revents } = yield* sys.poll([{ fd, events: POLLIN }], 100)`.
   * @param timeoutMs milliseconds; -1: for ever
   * @returns `ret`: entries with revents, 0 when the time is over, -EINTR, -EINVAL; `revents`: the mask of each entry
   */
  poll(entries: readonly PollArg[], timeoutMs = -1): Call<PollResult> {
    const fds = pollfds(entries);
    return this.askFor('poll', [fds, entries.length, timeoutMs], (ret) => ({ ret, revents: readRevents(fds, entries.length) }));
  }

  /** ppoll(2). @param timeoutNs nanoseconds; null: for ever @param mask signals to block meanwhile; null: as they are */
  ppoll(entries: readonly PollArg[], timeoutNs: Nanoseconds | null, mask: readonly number[] | null = null): Call<PollResult> {
    const fds = pollfds(entries);
    return this.askFor('ppoll', [fds, entries.length, timespec(timeoutNs), sigset(mask), 8], (ret) => ({ ret, revents: readRevents(fds, entries.length) }));
  }

  /**
   * select(2): `const { ret, read } = yield* sys.select(fd + 1, { read: [fd] }, null)`.
   * @param nfds one more than the highest descriptor
   * @param timeoutUs microseconds; null: for ever
   * @returns `ret`: members of all sets, 0 when the time is over, -EBADF, -EINTR, -EINVAL; the sets as the kernel left them
   */
  select(nfds: number, sets: FdSets, timeoutUs: number | null = null): Call<SelectResult> {
    const time = timeval(timeoutUs);
    return this.selectCall('select', nfds, sets, [time], () => (time === null ? null : readTimeval(time)));
  }

  /** pselect6(2). @param timeoutNs nanoseconds; null: for ever */
  pselect(nfds: number, sets: FdSets, timeoutNs: Nanoseconds | null = null): Call<SelectResult> {
    const time = timespec(timeoutNs);
    return this.selectCall('pselect6', nfds, sets, [time, null], () => (time === null ? null : readTimespec(time)));
  }

  private selectCall(name: string, nfds: number, sets: FdSets, rest: readonly (user_memory | null)[], left: () => number | null): Call<SelectResult> {
    const size = Math.max(128, 8 * Math.ceil(nfds / 64));
    const [read, write, except] = [sets.read, sets.write, sets.except].map((set) => fdset(set ?? null, size));
    return this.askFor(name, [nfds, read!, write!, except!, ...rest], (ret) => ({
      ret, read: readFdset(read!, nfds), write: readFdset(write!, nfds), except: readFdset(except!, nfds), left: left(),
    }));
  }
}
