/**
 * The event that is older than the descriptor: between epoll_wait and the dispatch of one of its events the number was closed, by another
 * thread or by the handler of an earlier event, and perhaps given to something new. The handler then works on what is not its own.
 */

import type { file } from '../../kernel/file.js';
import type { task_struct } from '../../kernel/task.js';
import { taskName } from '../../inspect/names.js';
import type { Law } from '../law.js';
import { fdOf, fileOf, useOf } from './look.js';
import { law } from './make.js';
import { TellTale } from './told.js';

/**
 * After a wait, a task that is told of numbers uses each of them only while it stands for the file that the event was about. It holds for
 * events whose data is the number itself; a program that puts something else there (a generation, an index) can tell an old event, and is
 * left alone. Registering the number anew is no use. A program that removes old events from its batch and then uses a number that came
 * back before it waits again is accused though it is right: let it carry a generation in the data.
 */
export const noStaleEvent: Law = law(
  'no-stale-event', 'A read, write, accept or close of a number on account of an event that was about another file, or about a number closed since.',
  (_m, accuse) => {
    const tale = new TellTale();
    const batches = new Map<task_struct, Map<number, file>>();
    return {
      called(event): void {
        const told = tale.called(event);
        const { task } = event;
        if (told !== null) {
          batches.set(task, new Map(told.filter(({ byNumber }) => byNumber).map(({ fd, file }) => [fd, file])));
          return;
        }
        const use = useOf(event);
        if (event.ret !== null || use === null || use === 'wait') return;
        const fd = fdOf(event);
        const meant = batches.get(task)?.get(fd);
        const found = fileOf(task, fd);
        if (meant === undefined || found === meant) return;
        accuse(`${taskName(task)} calls ${event.row.name}(${fd}) for an event of a file that the number ${fd} does not mean any more: ${found === null ? 'it is closed' : 'it is another file now'}`);
      },
      exited: (task) => void batches.delete(task),
    };
  },
);
