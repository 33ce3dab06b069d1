/**
 * The ready descriptor that nobody gets to: while a program waits again and again, or works for long on one descriptor, another one that it
 * watches has news all the time and is not touched.
 */

import type { file } from '../../kernel/file.js';
import type { eventpoll } from '../../epoll/eventpoll.js';
import { taskName } from '../../inspect/names.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { fdOf, fileOf, isDisabled, newsOf, useOf } from './look.js';
import { law } from './make.js';
import { TellTale } from './told.js';

/** How long a file has had news without being touched. */
interface Queue {
  readonly fd: number;
  readonly ep: eventpoll;
  waits: number;
  calls: number;
}

/** How long a descriptor may have to wait. */
export interface Patience {
  /** returns of epoll_wait; default 32 */
  readonly waits?: number;
  /** other calls that use a descriptor, of the task that waits; default 200 */
  readonly calls?: number;
}

/** Every watched descriptor that has news is used (read, accepted from, closed, changed with epoll_ctl) before so many waits, and so many other uses, have passed. */
export function noStarvation({ waits = 32, calls = 200 }: Patience = {}): Law {
  return law('no-starvation', `A watched descriptor that has something to tell and is not served within ${waits} waits or ${calls} calls.`, (_m, accuse) => {
    const tale = new TellTale();
    const queues = new Map<file, Queue>();
    const over = new Set<file>();
    const look = (ep: eventpoll, event: CallEvent): void => {
      for (const epi of ep.rbr.values()) {
        const { file, fd } = epi.ffd;
        if (isDisabled(epi) || over.has(file) || newsOf(event.task.kernel!, epi) === 0) {
          queues.delete(file);
          continue;
        }
        const queue = queues.get(file);
        if (queue === undefined) queues.set(file, { fd, ep, waits: 0, calls: 0 });
        else if (queue.ep === ep && ++queue.waits > waits) accuse(`descriptor ${fd} has had news for ${queue.waits} waits of ${taskName(event.task)}, and nobody served it`);
      }
    };
    const used = (event: CallEvent): void => {
      const served = fileOf(event.task, event.row.name === 'epoll_ctl' ? event.args[2] as number : fdOf(event));
      if (served !== null) queues.delete(served);
      for (const queue of queues.values()) {
        if (++queue.calls > calls) accuse(`descriptor ${queue.fd} has had news while ${taskName(event.task)} made ${queue.calls} calls on others`);
      }
    };
    return {
      called(event): void {
        const ep = tale.epollOf(event);
        tale.called(event);
        const use = useOf(event);
        if (event.ret !== null) {
          if (use === 'wait' && ep !== null) look(ep, event);
          if (use === 'read' && event.ret === 0) {
            const file = fileOf(event.task, fdOf(event));
            if (file !== null) over.add(file);
          }
        } else if ((use !== null && use !== 'wait') || event.row.name === 'epoll_ctl') used(event);
      },
    };
  });
}
