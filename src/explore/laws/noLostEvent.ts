/**
 * The event that never comes: everybody sleeps for ever, somebody of them in epoll_wait, and a descriptor that he watches has something to
 * tell. The end of a stream that was read already is no news, and room to write is none.
 */

import { list_empty } from '../../kernel/list.js';
import type { file } from '../../kernel/file.js';
import { EPOLLET, type epitem, eventpoll } from '../../epoll/eventpoll.js';
import { epollMask, taskName } from '../../inspect/names.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { fdOf, fileOf, isDisabled, newsOf, useOf } from './look.js';
import { law } from './make.js';
import { TellTale } from './told.js';

/** Why an item with news is silent, in words. */
function reason(epi: epitem): string {
  if (isDisabled(epi)) return 'its EPOLLONESHOT item has fired and was not armed again';
  if (!list_empty(epi.rdllink)) return 'its item is on the ready list';
  return (epi.event.events & EPOLLET) !== 0 ? 'its edge has been told, and edge-triggered nobody tells of what was left' : 'its item is not on the ready list';
}

/** Epolls on which somebody sleeps, and those that these watch. */
function waitedFor(waits: Iterable<eventpoll>): Set<eventpoll> {
  const found = new Set<eventpoll>();
  const visit = (ep: eventpoll): void => {
    if (found.has(ep)) return;
    found.add(ep);
    for (const epi of ep.rbr.values()) if (epi.ffd.file.private_data instanceof eventpoll) visit(epi.ffd.file.private_data);
  };
  for (const ep of waits) visit(ep);
  return found;
}

/** While a task sleeps for ever in epoll_wait, no descriptor that it watches has data, a connection, an end or an error to tell of. */
export const noLostEvent: Law = law(
  'no-lost-event', 'A task that sleeps in epoll_wait for ever while a descriptor it watches has something to tell.',
  (_m, accuse) => {
    const tale = new TellTale();
    const waits = new Map<CallEvent, eventpoll>();
    const over = new Set<file>();
    const note = (event: CallEvent): void => {
      tale.called(event);
      if (event.ret !== null) {
        waits.delete(event);
        if (event.ret === 0 && useOf(event) === 'read' && event.args[2] !== 0) {
          const file = fileOf(event.task, fdOf(event));
          if (file !== null) over.add(file);
        }
        return;
      }
      const ep = tale.epollOf(event);
      if (ep !== null && useOf(event) === 'wait') waits.set(event, ep);
    };
    return {
      called: note,
      exited(task): void {
        for (const event of waits.keys()) if (event.task === task) waits.delete(event);
      },
      ended({ halt }): void {
        if (halt !== 'asleep') return;
        for (const ep of waitedFor(waits.values())) {
          const sleeper = [...waits].find(([, waited]) => waited === ep)?.[0].task ?? [...waits.keys()][0]!.task;
          for (const epi of ep.rbr.values()) {
            const news = newsOf(sleeper.kernel!, epi);
            if (news === 0 || over.has(epi.ffd.file)) continue;
            accuse(`${taskName(sleeper)} sleeps in epoll_wait for ever, but descriptor ${epi.ffd.fd} has ${epollMask(news)}: ${reason(epi)}`);
          }
        }
      },
    };
  },
);
