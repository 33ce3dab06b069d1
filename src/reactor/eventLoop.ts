/**
 * The Reactor (H5 of the notes): registers and removes channels, waits, and dispatches to their handlers, then runs the timers that are due and
 * what was queued. One thread runs one loop and nobody else touches its channels; others hand it work with queue() and wake it
 * through an eventfd.
 */

import { EFD_CLOEXEC, EFD_NONBLOCK, type Sleeps, type Sys } from '../scenario/index.js';
import { Channel, READABLE } from './channel.js';
import { callBack, type Handler } from './handler.js';
import type { Poller } from './poller.js';
import { type Timer, TimerQueue } from './timerQueue.js';

/** One event loop. */
export class EventLoop {
  readonly sys: Sys;
  readonly poller: Poller;
  /** waits that this loop has made, for measurements */
  waits = 0;
  private readonly timers = new TimerQueue();
  /** work of this and other threads for the next turn */
  private queued: Handler[] = [];
  private thread = -1;
  private wakeup: Channel | null = null;
  private quitting = false;

  constructor(sys: Sys, poller: Poller) {
    this.sys = sys;
    this.poller = poller;
  }

  /** Makes the poller and the eventfd; the calling thread is the loop's thread from now on. Sleeps never. */
  *open(): Sleeps<void> {
    const { sys } = this;
    this.thread = sys.tid;
    yield* this.poller.open();
    const fd = sys.must(yield* sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    this.wakeup = new Channel(fd, function* drain() {
      yield* sys.eventfdRead(fd);
    });
    yield* this.watch(this.wakeup, READABLE);
  }

  /** Turns until quit(). Sleeps while nothing is ready. */
  *run(): Sleeps<void> {
    while (!this.quitting) yield* this.turn();
  }

  /** Gives back what open() took. Sleeps never. */
  *close(): Sleeps<void> {
    yield* this.unwatch(this.wakeup!);
    yield* this.sys.close(this.wakeup!.fd);
    yield* this.poller.close();
  }

  /** One turn: wait, dispatch, timers, queue. Sleeps while nothing is ready. */
  *turn(): Sleeps<void> {
    const { sys, timers } = this;
    this.waits++;
    const ready = yield* this.poller.wait(this.queued.length > 0 ? 0 : timers.timeoutMs(sys.nowNs));
    for (const { channel, bits } of ready) yield* channel.handle(bits);
    yield* timers.run(sys.nowNs);
    yield* this.runQueued();
  }

  /** What is queued while this runs waits for the next turn, so that the loop always comes back to its descriptors. Sleeps as handlers do, which is never. */
  private *runQueued(): Sleeps<void> {
    const work = this.queued;
    this.queued = [];
    for (const handler of work) yield* callBack(handler);
  }

  /** Sets what is wanted of a channel. Sleeps never. @param interest READABLE and WRITABLE bits; 0: nothing */
  *watch(channel: Channel, interest: number): Sleeps<void> {
    channel.interest = interest;
    yield* this.poller.update(channel);
  }

  /** Takes a channel off, before its descriptor is closed; an event of it that this turn still holds is not dispatched. Sleeps never. */
  *unwatch(channel: Channel): Sleeps<void> {
    yield* this.watch(channel, 0);
  }

  /** The work is done in the loop's thread at its next turn. May be called by any thread. Sleeps never. */
  *queue(work: Handler): Sleeps<void> {
    this.queued.push(work);
    // The loop sleeps perhaps, in a wait that began before the work was there.
    if (this.sys.tid !== this.thread && this.wakeup !== null) yield* this.sys.eventfdWrite(this.wakeup.fd, 1);
  }

  /** Does the work at once when the loop's thread asks, else queues it. Sleeps as the work does, which is never. */
  *runInLoop(work: Handler): Sleeps<void> {
    if (this.sys.tid === this.thread) yield* callBack(work);
    else yield* this.queue(work);
  }

  /** Calls back once, `ms` milliseconds of virtual time from now. To be called in the loop's thread. */
  runAfter(ms: number, handler: Handler): Timer {
    return this.timers.add(this.sys.nowNs + ms * 1e6, 0, handler);
  }

  /** Calls back every `ms` milliseconds of virtual time. To be called in the loop's thread. */
  runEvery(ms: number, handler: Handler): Timer {
    return this.timers.add(this.sys.nowNs + ms * 1e6, ms * 1e6, handler);
  }

  /** The timer does not fire any more. */
  cancel(timer: Timer): void {
    this.timers.cancel(timer);
  }

  /** The loop ends after this turn. May be called by any thread. Sleeps never. */
  *quit(): Sleeps<void> {
    yield* this.queue(() => {
      this.quitting = true;
    });
  }
}
