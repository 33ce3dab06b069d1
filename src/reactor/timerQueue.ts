/**
 * The timers of one event loop, in user space: the loop waits no longer than until the next one (Redis ae does the same). The wait is in
 * milliseconds and is rounded up; rounded down, a loop would spin through the last one of them.
 */

import type { Sleeps } from '../scenario/index.js';
import { callBack, type Handler } from './handler.js';

/** One timer of a program. */
export class Timer {
  /** virtual time at which it is due next, nanoseconds */
  dueNs: number;
  /** nanoseconds between two times; 0: it fires once */
  readonly intervalNs: number;
  /** order of making: timers due at one instant fire in it */
  readonly number: number;
  readonly handler: Handler;
  cancelled = false;

  constructor(dueNs: number, intervalNs: number, number: number, handler: Handler) {
    this.dueNs = dueNs;
    this.intervalNs = intervalNs;
    this.number = number;
    this.handler = handler;
  }
}

/** Timers in order of time. */
export class TimerQueue {
  private timers: Timer[] = [];
  private made = 0;

  /** A new timer. @param dueNs when it fires first @param intervalNs 0: once */
  add(dueNs: number, intervalNs: number, handler: Handler): Timer {
    const timer = new Timer(dueNs, intervalNs, ++this.made, handler);
    this.insert(timer);
    return timer;
  }

  private insert(timer: Timer): void {
    const at = this.timers.findIndex((other) => other.dueNs > timer.dueNs || (other.dueNs === timer.dueNs && other.number > timer.number));
    this.timers.splice(at < 0 ? this.timers.length : at, 0, timer);
  }

  /** The timer will not fire any more, even if it is due now. */
  cancel(timer: Timer): void {
    timer.cancelled = true;
    this.timers = this.timers.filter((other) => other !== timer);
  }

  /** Milliseconds until the next timer, rounded up; -1: there is none. */
  timeoutMs(nowNs: number): number {
    const next = this.timers[0];
    return next === undefined ? -1 : Math.max(0, Math.ceil((next.dueNs - nowNs) / 1e6));
  }

  /** Calls back all that are due. A timer that a handler adds waits for the next turn. Sleeps as the handlers do, which is never. */
  *run(nowNs: number): Sleeps<void> {
    const due = this.timers.filter((timer) => timer.dueNs <= nowNs);
    this.timers = this.timers.slice(due.length);
    for (const timer of due) {
      if (timer.cancelled) continue;
      yield* callBack(timer.handler);
      if (timer.intervalNs === 0 || timer.cancelled) continue;
      timer.dueNs = nowNs + timer.intervalNs;
      this.insert(timer);
    }
  }
}
