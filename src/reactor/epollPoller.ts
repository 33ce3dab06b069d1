/**
 * The poller on epoll(7), level- or edge-triggered. The kernel keeps the interest set, so a change is a system call and a wait is
 * not longer for a longer set. A channel without interest is deleted from it: EPOLLHUP and EPOLLERR cannot be masked.
 */

import {
  EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, type Sleeps, type Sys,
} from '../scenario/index.js';
import { BROKEN, type Channel, READABLE, WRITABLE } from './channel.js';
import type { Poller, Ready } from './poller.js';

/** Room for events of the first wait; it doubles when a wait fills it. */
const FIRST_ROOM = 16;

function bitsOf(events: number): number {
  return ((events & EPOLLIN) !== 0 ? READABLE : 0) | ((events & EPOLLOUT) !== 0 ? WRITABLE : 0) | ((events & (EPOLLHUP | EPOLLERR)) !== 0 ? BROKEN : 0);
}

export class EpollPoller implements Poller {
  readonly name = 'epoll';
  readonly edge: boolean;
  readonly limit = Infinity;
  private readonly sys: Sys;
  private readonly channels = new Map<number, Channel>();
  private ep = -1;
  private room = FIRST_ROOM;

  /** @param trigger edge-triggered, an arrival is told of once */
  constructor(sys: Sys, trigger: 'LT' | 'ET') {
    this.sys = sys;
    this.edge = trigger === 'ET';
  }

  /** epoll_create1(2). Sleeps never. */
  *open(): Sleeps<void> {
    this.ep = this.sys.must(yield* this.sys.epoll_create1(EPOLL_CLOEXEC));
  }

  /** epoll_ctl(2): ADD, MOD or DEL, whichever leads from what the kernel knows to what is wanted. Sleeps never. */
  *update(channel: Channel): Sleeps<void> {
    const { fd, interest, watched } = channel;
    if (interest === watched) return;
    channel.watched = interest;
    if (interest === 0) {
      this.channels.delete(fd);
      this.sys.must(yield* this.sys.epoll_ctl(this.ep, EPOLL_CTL_DEL, fd));
      return;
    }
    this.channels.set(fd, channel);
    const events = ((interest & READABLE) !== 0 ? EPOLLIN : 0) | ((interest & WRITABLE) !== 0 ? EPOLLOUT : 0) | (this.edge ? EPOLLET : 0);
    this.sys.must(yield* this.sys.epoll_ctl(this.ep, watched === 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, { events }));
  }

  /** epoll_wait(2). Sleeps until a descriptor is ready or the time is over. */
  *wait(timeoutMs: number): Sleeps<readonly Ready[]> {
    const { ret, events } = yield* this.sys.epoll_wait(this.ep, this.room, timeoutMs);
    if (ret === this.room) this.room *= 2;
    // Numbers become channels before any handler runs: one that closes a descriptor and opens another of the same number
    // must not be told of the first one's events.
    const ready: Ready[] = [];
    for (const { events: mask, data } of events) {
      const channel = this.channels.get(data);
      if (channel !== undefined) ready.push({ channel, bits: bitsOf(mask) });
    }
    return ready;
  }

  /** close(2). Sleeps never. */
  *close(): Sleeps<void> {
    yield* this.sys.close(this.ep);
    this.ep = -1;
  }
}
