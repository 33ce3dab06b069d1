/**
 * The poller on select(2): three sets of bits go to the kernel with each wait and come back overwritten (A1 of the notes), so they are
 * built anew from the channels each time. A descriptor from FD_SETSIZE on does not fit into a set (A2).
 */

import type { Sleeps, Sys } from '../scenario/index.js';
import { type Channel, READABLE, WRITABLE } from './channel.js';
import { ReactorError } from './handler.js';
import type { Poller, Ready } from './poller.js';

/** Bits of an fd_set. bits/types.h:FD_SETSIZE */
export const FD_SETSIZE = 1024;

export class SelectPoller implements Poller {
  readonly name = 'select';
  readonly edge = false;
  readonly limit = FD_SETSIZE;
  private readonly sys: Sys;
  private readonly channels = new Map<number, Channel>();

  constructor(sys: Sys) {
    this.sys = sys;
  }

  /** select keeps nothing between calls. Sleeps never. */
  *open(): Sleeps<void> {}

  /** Only the program's own table changes: the kernel is told at the next wait. Sleeps never. */
  *update(channel: Channel): Sleeps<void> {
    if (channel.fd >= FD_SETSIZE) throw new ReactorError(`descriptor ${channel.fd} does not fit into an fd_set of ${FD_SETSIZE} bits; use the poll or the epoll poller`);
    channel.watched = channel.interest;
    if (channel.interest === 0) this.channels.delete(channel.fd);
    else this.channels.set(channel.fd, channel);
  }

  /** select(2). Sleeps until a descriptor is ready or the time is over. */
  *wait(timeoutMs: number): Sleeps<readonly Ready[]> {
    const all = [...this.channels.values()];
    const wanting = (bit: number): number[] => all.filter(({ interest }) => (interest & bit) !== 0).map(({ fd }) => fd);
    const nfds = 1 + Math.max(-1, ...all.map(({ fd }) => fd));
    const sets = { read: wanting(READABLE), write: wanting(WRITABLE) };
    const { ret, read, write } = yield* this.sys.select(nfds, sets, timeoutMs < 0 ? null : timeoutMs * 1000);
    if (ret <= 0) return [];
    const readable = new Set(read);
    const writable = new Set(write);
    return all.map((channel) => ({ channel, bits: (readable.has(channel.fd) ? READABLE : 0) | (writable.has(channel.fd) ? WRITABLE : 0) })).filter(({ bits }) => bits !== 0);
  }

  /** Nothing was taken. Sleeps never. */
  *close(): Sleeps<void> {}
}
