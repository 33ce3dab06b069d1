/**
 * The poller on poll(2): one array of struct pollfd, in which the kernel writes only `revents`, so it could be kept between waits (A3 of the
 * notes). The whole array still goes to the kernel each time, and the program looks through all of it afterwards (A6, A7).
 */

import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, type Sleeps, type Sys } from '../scenario/index.js';
import { BROKEN, type Channel, READABLE, WRITABLE } from './channel.js';
import type { Poller, Ready } from './poller.js';

function bitsOf(revents: number): number {
  return ((revents & POLLIN) !== 0 ? READABLE : 0) | ((revents & POLLOUT) !== 0 ? WRITABLE : 0) | ((revents & (POLLHUP | POLLERR | POLLNVAL)) !== 0 ? BROKEN : 0);
}

export class PollPoller implements Poller {
  readonly name = 'poll';
  readonly edge = false;
  readonly limit = Infinity;
  private readonly sys: Sys;
  private readonly channels = new Map<number, Channel>();

  constructor(sys: Sys) {
    this.sys = sys;
  }

  /** poll keeps nothing between calls. Sleeps never. */
  *open(): Sleeps<void> {}

  /** Only the program's own table changes. Interest 0 takes the entry off: one that asks for nothing would still be told of a hang-up. Sleeps never. */
  *update(channel: Channel): Sleeps<void> {
    channel.watched = channel.interest;
    if (channel.interest === 0) this.channels.delete(channel.fd);
    else this.channels.set(channel.fd, channel);
  }

  /** poll(2). Sleeps until a descriptor is ready or the time is over. */
  *wait(timeoutMs: number): Sleeps<readonly Ready[]> {
    const all = [...this.channels.values()];
    const entries = all.map(({ fd, interest }) => ({ fd, events: ((interest & READABLE) !== 0 ? POLLIN : 0) | ((interest & WRITABLE) !== 0 ? POLLOUT : 0) }));
    const { ret, revents } = yield* this.sys.poll(entries, timeoutMs);
    if (ret <= 0) return [];
    return all.map((channel, at) => ({ channel, bits: bitsOf(revents[at]!) })).filter(({ bits }) => bits !== 0);
  }

  /** Nothing was taken. Sleeps never. */
  *close(): Sleeps<void> {}
}
