/**
 * A channel ties one descriptor to the handlers of what happens on it (muduo's name; an "event handler" in the pattern's own words). It
 * does not own the descriptor. What is ready is said in four bits that select, poll and epoll all can say, so that no handler
 * knows which of them waited.
 */

import type { Sleeps } from '../scenario/index.js';
import { callBack, type Handler } from './handler.js';

/** Interest and readiness: bytes, a connection or the end can be read. */
export const READABLE = 1;
/** Interest and readiness: there is room to write, or a connect has ended. */
export const WRITABLE = 2;
/** Readiness only: both directions are shut, or an error waits. It is told whether asked for or not; select cannot tell it. */
export const BROKEN = 4;

/** One descriptor and its handlers. */
export class Channel {
  readonly fd: number;
  /** READABLE and WRITABLE bits that the program wants; 0: it is not watched at all */
  interest = 0;
  /** what the poller has been told; 0: it does not know the descriptor */
  watched = 0;
  /** called while a read would not block */
  readonly onReadable: Handler | null;
  /** called while a write would not block */
  readonly onWritable: Handler | null;

  constructor(fd: number, onReadable: Handler | null, onWritable: Handler | null = null) {
    this.fd = fd;
    this.onReadable = onReadable;
    this.onWritable = onWritable;
  }

  /**
   * Dispatches what is ready. Reading comes first: behind a hang-up there may be bytes still, and the error of a broken connection is read like
   * them. A handler may take the interest away in which the next one was to be called. Sleeps as its handlers do, which is never.
   */
  *handle(ready: number): Sleeps<void> {
    const broken = (ready & BROKEN) !== 0;
    if ((this.interest & READABLE) !== 0 && ((ready & READABLE) !== 0 || broken)) yield* callBack(this.onReadable);
    if ((this.interest & WRITABLE) !== 0 && ((ready & WRITABLE) !== 0 || broken)) yield* callBack(this.onWritable);
  }
}
