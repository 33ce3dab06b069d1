/**
 * What the tests of views share: a machine with one program that watches two eventfds, stopped where a test wants
 * to look. The steps go through system calls only.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { AT_SCHEDULE } from '../../src/kernel/point.js';
import { machine_step } from '../../src/kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../../src/kernel/task.js';
import { Trace } from '../../src/kernel/trace.js';
import type { user_memory } from '../../src/kernel/uaccess.js';
import { machine, mem, sys, task } from '../kit.js';

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLET = 1 << 31;
export const EPOLLONESHOT = 1 << 30;

/** struct epoll_event. */
export function event(events: number, data = 0): user_memory {
  return mem([...new Uint8Array(Int32Array.from([events, data, 0]).buffer)]);
}

/** The eight bytes of an eventfd. */
export const one = (): user_memory => mem([1, 0, 0, 0, 0, 0, 0, 0]);

/** A machine that ran `program` until it slept; the program is left asleep, so that there is something to see. */
export function stopped(program: (k: Kernel) => Sleeps<void>, traced = false): Kernel {
  const k = machine();
  if (traced) k.trace = new Trace(k, 1024, true);
  task(k, 'server', function* () {
    yield* program(k);
    yield* pause(k);
  });
  settle(k);
  return k;
}

/** Sleeps for ever: the test looks at the machine from outside meanwhile. */
export function* pause(k: Kernel): Sleeps<void> {
  k.current.__state = TASK_INTERRUPTIBLE;
  yield AT_SCHEDULE;
}

/** Until nobody can run. */
export function settle(k: Kernel): void {
  while (k.runqueue.length > 0 || k.current !== k.idle) machine_step(k);
}

/** An epoll that watches two eventfds, the second one ready. */
export function* twoEventfds(k: Kernel): Sleeps<number> {
  const ep = yield* sys(k, 'epoll_create1', 0);
  const quiet = yield* sys(k, 'eventfd2', 0, 0);
  const ready = yield* sys(k, 'eventfd2', 3, 0);
  yield* sys(k, 'epoll_ctl', ep, 1, quiet, event(EPOLLIN | EPOLLET, quiet));
  yield* sys(k, 'epoll_ctl', ep, 1, ready, event(EPOLLIN, ready));
  return ep;
}
