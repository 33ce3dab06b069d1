/**
 * The event of a descriptor that is closed: a duplicate, or a child, keeps the open file alive, and with it the item in the interest set.
 */

import type { files_struct } from '../../kernel/fdtable.js';
import { epollMask, taskName } from '../../inspect/names.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { fdOf, useOf } from './look.js';
import { law } from './make.js';
import { TellTale } from './told.js';

/**
 * No wait tells of a number that its process had closed before the wait began, or that has stood for another file since. (A close in the
 * middle of the wait is a race, and a matter of no-stale-event.)
 */
export const noClosedHandle: Law = law(
  'no-event-for-closed-handle', 'An event for a descriptor number that was closed before the wait began.',
  (_m, accuse) => {
    const tale = new TellTale();
    /** when each number of a table was last given up, counted in call events */
    const closed = new Map<files_struct, Map<number, number>>();
    const began = new Map<CallEvent, number>();
    let now = 0;
    const close = (event: CallEvent, fd: number): void => {
      const numbers = closed.get(event.task.files) ?? new Map<number, number>();
      closed.set(event.task.files, numbers.set(fd, now));
    };
    return {
      called(event): void {
        now++;
        const told = tale.called(event);
        const { row, ret, args, task } = event;
        if (ret === null) {
          if (useOf(event) === 'wait') began.set(event, now);
          return;
        }
        if (row.name === 'close' && ret === 0) close(event, fdOf(event));
        if ((row.name === 'dup2' || row.name === 'dup3') && ret >= 0) close(event, args[1] as number);
        const since = began.get(event) ?? now;
        began.delete(event);
        for (const { fd, file, mask } of told ?? []) {
          if (task.files.at(fd) === file || (closed.get(task.files)?.get(fd) ?? Infinity) > since) continue;
          accuse(`${taskName(task)} was told ${epollMask(mask)} of descriptor ${fd}, which it had closed: the open file lives on, and so does its item`);
        }
      },
    };
  },
);
