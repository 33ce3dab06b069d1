/**
 * The connection that is over and still open: the other side has closed it, and the program that accepted it never does. Each costs a
 * descriptor and, with TCP, a socket in CLOSE_WAIT, until accept answers EMFILE.
 */

import type { files_struct } from '../../kernel/fdtable.js';
import type { task_struct } from '../../kernel/task.js';
import { stateText, taskName } from '../../inspect/names.js';
import { socket } from '../../socket/socket.js';
import { RCV_SHUTDOWN } from '../../socket/uapi_socket.js';
import type { Law } from '../law.js';
import { useOf } from './look.js';
import { law } from './make.js';

/** Numbers of a table that are connections which the other side has ended. */
function overIn(files: files_struct): { fd: number; state: string }[] {
  return files.open().flatMap((fd) => {
    const behind = files.at(fd)!.private_data;
    const sk = behind instanceof socket ? behind.sk : null;
    return sk === null || (sk.sk_shutdown & RCV_SHUTDOWN) === 0 ? [] : [{ fd, state: stateText(sk.sk_state) }];
  });
}

/** When everybody sleeps for ever, and when a process that has accepted connections ends, no connection that the other side has ended is still open. */
export const noLeak: Law = law(
  'no-leak', 'A descriptor that stays open though the other side of its connection has closed it (CLOSE_WAIT).',
  (m, accuse) => {
    const servers = new Set<files_struct>();
    const check = (task: task_struct, when: string): void => {
      const over = overIn(task.files);
      if (over.length === 0) return;
      const list = over.map(({ fd, state }) => `${fd} (${state})`).join(', ');
      accuse(`${taskName(task)} ${when} with open descriptors of connections that are over: ${list}`);
    };
    return {
      called(event): void {
        const { task, ret, row } = event;
        if (useOf(event) === 'accept' && ret !== null && ret >= 0) servers.add(task.files);
        if (row.name === 'exit_group' && servers.has(task.files)) check(task, 'ends');
      },
      ended({ halt }): void {
        if (halt !== 'asleep') return;
        for (const { tasks } of m.kernel.world.hosts) for (const task of tasks.values()) if (!task.exited) check(task, 'sleeps for ever');
      },
    };
  },
);
