/**
 * How things stand in the model at a divergence: one line for the thread and one for each descriptor of the call.
 */

import { inspect } from '../inspect/inspector.js';
import { eventfdText, eventpollText, itemText, namesOf, pipeText, socketText, taskText, timerfdText } from '../inspect/text.js';
import type { MachineView } from '../inspect/view.js';
import type { Call } from './call.js';
import type { Session } from './session.js';
import type { Thread } from './thread.js';
import type { Value } from './value.js';

/** Descriptors that a value mentions. */
function collectFds(value: Value, into: Set<number>): void {
  switch (value.kind) {
    case 'fd': into.add(value.fd); return;
    case 'array': value.items.forEach((item) => collectFds(item, into)); return;
    case 'struct': value.values.forEach((part, i) => {
      if (value.names[i] === 'fd' && part.kind === 'number') into.add(Number(part.value));
      else collectFds(part, into);
    }); return;
    case 'field': collectFds(value.value, into); return;
    case 'changed': collectFds(value.before, into); return;
    case 'number': case 'flags': case 'null': case 'string': case 'macro': case 'address': case 'operation': case 'resuming': case 'elided':
  }
}

/** Calls whose first argument is no descriptor, or an array of them. */
const NOT_FD: ReadonlySet<string> = new Set(['poll', 'ppoll', 'select', 'pselect6', 'wait4', 'kill', 'tgkill', 'tkill', 'exit', 'exit_group', 'clone', 'socket', 'eventfd2', 'epoll_create1', 'epoll_create']);

function fdsOf(call: Call): Set<number> {
  const fds = new Set<number>();
  call.args.forEach((value, index) => {
    if (value.kind === 'number' && value.base === 10 && !NOT_FD.has(call.name)) {
      if (index === 0 || (call.name === 'epoll_ctl' && index === 2)) fds.add(Number(value.value));
    } else collectFds(value, fds);
  });
  return fds;
}

function fileTexts(view: MachineView, fileId: number): string[] {
  const file = view.files.find(({ id }) => id === fileId);
  if (file === undefined) return [];
  const names = namesOf(view);
  const ep = view.eventpolls.find(({ name }) => name === file.object);
  if (ep !== undefined) return [eventpollText(ep, names), ...view.items.filter((item) => item.ep === ep.id).map(itemText)];
  const sock = view.sockets.find(({ name }) => name === file.object);
  if (sock !== undefined) return [socketText(sock, names)];
  const pipe = view.pipes.find(({ name }) => name === file.object);
  if (pipe !== undefined) return [pipeText(pipe, names)];
  const eventfd = view.eventfds.find(({ name }) => name === file.object);
  if (eventfd !== undefined) return [eventfdText(eventfd, names)];
  const timerfd = view.timerfds.find(({ name }) => name === file.object);
  return timerfd === undefined ? [file.path] : [timerfdText(timerfd, names)];
}

/** The lines about a call of a thread. */
export function statesOf(session: Session, thread: Thread, call: Call | null): string[] {
  const view = inspect(session.k);
  const task = view.tasks.find(({ pid }) => pid === thread.task.pid);
  const lines = task === undefined ? [] : [taskText(task)];
  if (call === null || task === undefined) return lines;
  const table = view.tables.find(({ id }) => id === task.table);
  for (const fd of fdsOf(call)) {
    const open = table?.fds.find((entry) => entry.fd === fd);
    const texts = open === undefined ? ['not open'] : fileTexts(view, open.file);
    texts.forEach((text, i) => lines.push(i === 0 ? `${fd}: ${text}` : `   ${text}`));
  }
  return lines;
}
