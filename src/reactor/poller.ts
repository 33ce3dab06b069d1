/**
 * The synchronous event demultiplexer (H2 of the notes): one interface before select, poll and epoll, which differ only in what a wait
 * costs and in what it can say. An event loop owns one.
 */

import type { Sleeps } from '../scenario/index.js';
import type { Channel } from './channel.js';

/** A channel of which a wait told. */
export interface Ready {
  readonly channel: Channel;
  /** READABLE, WRITABLE, BROKEN bits */
  readonly bits: number;
}

/** Waits for many descriptors at once. */
export interface Poller {
  readonly name: 'select' | 'poll' | 'epoll';
  /** true: an arrival is told of once, and handlers must go on until EAGAIN */
  readonly edge: boolean;
  /** descriptors from this number on cannot be watched */
  readonly limit: number;
  /** Makes what the poller needs of the kernel. Sleeps never. */
  open(): Sleeps<void>;
  /** The channel's interest is new or has changed; interest 0 takes it off. Must be called before the descriptor is closed. Sleeps never. */
  update(channel: Channel): Sleeps<void>;
  /** Tells who is ready. Sleeps until somebody is or the time is over. @param timeoutMs milliseconds; -1: for ever */
  wait(timeoutMs: number): Sleeps<readonly Ready[]>;
  /** Gives back what open() took. Sleeps never. */
  close(): Sleeps<void>;
}
