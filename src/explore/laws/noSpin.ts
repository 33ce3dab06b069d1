/**
 * A loop that never sleeps: it waits, is answered at once, achieves nothing, and waits again. A listener without a free descriptor, an
 * EPOLLOUT that nobody needs, a hang-up that nobody handles and a timeout rounded down to 0 all end here.
 */

import { TASK_INTERRUPTIBLE, type task_struct } from '../../kernel/task.js';
import { taskName } from '../../inspect/names.js';
import type { CallEvent } from '../../scenario/index.js';
import type { Law } from '../law.js';
import { useOf } from './look.js';
import { law } from './make.js';

/** What a task has done since it last slept or got on. */
interface Loop {
  waits: number;
  /** the wait under way */
  wait: CallEvent | null;
  slept: boolean;
}

/** Names of calls that are progress when they succeed, whatever they answer. */
const STEPS_FORWARD: ReadonlySet<string> = new Set([
  'close', 'epoll_ctl', 'connect', 'shutdown', 'socket', 'pipe', 'pipe2', 'clone', 'fork', 'wait4', 'kill', 'tgkill', 'exit', 'exit_group',
]);

/** Data moved, a connection was taken, something was closed or changed. Reading the same end of file again is no progress. */
function isProgress(event: CallEvent, ret: number): boolean {
  const use = useOf(event);
  if (use === 'read' || use === 'write') return ret > 0;
  if (use === 'accept') return ret >= 0;
  return ret >= 0 && STEPS_FORWARD.has(event.row.name);
}

/**
 * No task makes more than `waits` waits (of epoll, poll or select) in a row that do not sleep and are followed by nothing that gets it on: no
 * byte moved, no connection taken, nothing closed, added or changed. A wait that slept, however shortly, is no part of a spin.
 */
export function noSpin(waits = 16): Law {
  return law('no-spin', `More than ${waits} waits in a row that neither sleep nor lead to any progress.`, (_m, accuse) => {
    const loops = new Map<task_struct, Loop>();
    const waiting = new Set<Loop>();
    const loopOf = (task: task_struct): Loop => {
      let loop = loops.get(task);
      if (loop === undefined) loops.set(task, loop = { waits: 0, wait: null, slept: false });
      return loop;
    };
    const ended = (loop: Loop, event: CallEvent): void => {
      loop.wait = null;
      waiting.delete(loop);
      loop.waits = loop.slept ? 0 : loop.waits + 1;
      if (loop.waits > waits) accuse(`${taskName(event.task)} made ${loop.waits} calls of ${event.row.name} in a row without sleeping and without getting anything done`);
    };
    return {
      called(event): void {
        const { task, ret } = event;
        if (useOf(event) !== 'wait') {
          if (ret !== null && isProgress(event, ret)) loopOf(task).waits = 0;
          return;
        }
        const loop = loopOf(task);
        if (ret !== null) return ended(loop, event);
        Object.assign(loop, { wait: event, slept: false });
        waiting.add(loop);
      },
      moved(): void {
        for (const loop of waiting) if ((loop.wait!.task.__state & TASK_INTERRUPTIBLE) !== 0) loop.slept = true;
      },
      exited(task): void {
        const loop = loops.get(task);
        if (loop !== undefined) waiting.delete(loop);
        loops.delete(task);
      },
    };
  });
}
