/**
 * Told that a descriptor is ready, and asleep in the call on it: another one was faster, or the call needs more than there is. The loop
 * stands still with all its other descriptors. Descriptors of an event loop are to be non-blocking.
 */

import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from '../../kernel/uapi.js';
import { TASK_INTERRUPTIBLE, type task_struct } from '../../kernel/task.js';
import { epollMask, taskName } from '../../inspect/names.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { fdOf, useOf } from './look.js';
import { law } from './make.js';
import { TellTale } from './told.js';

const READABLE = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const WRITABLE = EPOLLOUT | EPOLLHUP | EPOLLERR;

/** A task that was told by its last wait that a descriptor can be read, accepted from or written does not sleep in that very call. */
export const noSleepOnReady: Law = law(
  'no-sleep-on-ready', 'A task asleep in a read, accept or write on a descriptor that its last wait said was ready for it.',
  (_m, accuse) => {
    const tale = new TellTale();
    const ready = new Map<task_struct, Map<number, number>>();
    const uses = new Map<task_struct, CallEvent>();
    return {
      called(event): void {
        const { task, ret } = event;
        const told = tale.called(event);
        if (told !== null) {
          ready.set(task, new Map(told.map(({ fd, mask }) => [fd, mask])));
          return;
        }
        const use = useOf(event);
        if (use === null || use === 'wait' || use === 'close') return;
        if (ret !== null) return void uses.delete(task);
        const mask = ready.get(task)?.get(fdOf(event)) ?? 0;
        if ((mask & (use === 'write' ? WRITABLE : READABLE)) !== 0) uses.set(task, event);
      },
      moved(): void {
        for (const [task, event] of uses) {
          if ((task.__state & TASK_INTERRUPTIBLE) === 0) continue; // who waits for a lock of the kernel does not sleep on the descriptor
          const mask = ready.get(task)!.get(fdOf(event))!;
          accuse(`${taskName(task)} sleeps in ${event.row.name}(${fdOf(event)}), of which epoll_wait had told it ${epollMask(mask)}`);
        }
      },
      exited(task): void {
        uses.delete(task);
        ready.delete(task);
      },
    };
  },
);
