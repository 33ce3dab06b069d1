/**
 * What things are called at one instant of a run: an item by its descriptor, a socket with the number under which a program knows it, a task by
 * its program. Sentences about a step are made with them.
 */

import type { Labels } from './traced.js';
import type { MachineView } from './view.js';

/** The open descriptors that lead to a file, smallest first. */
export function fdsOf(view: MachineView, file: number): number[] {
  const fds = view.tables.flatMap((table) => table.fds.filter((open) => open.file === file).map((open) => open.fd));
  return [...new Set(fds)].sort((a, b) => a - b);
}

/** Names from a view. */
export class ViewLabels implements Labels {
  private readonly view: MachineView;

  constructor(view: MachineView) {
    this.view = view;
  }

  object(id: number, kind: string): string {
    if (kind === 'item') return this.item(id);
    if (kind === 'ep') return `ep#${id}`;
    return this.known(id, kind) ?? (kind === 'sk' ? `sock#${id}` : kind === 'file' || kind === 'obj' ? `file#${id}` : `#${id}`);
  }

  private item(id: number): string {
    const item = this.view.items.find((one) => one.id === id);
    return item === undefined ? `item#${id}` : `fd ${item.fd}`;
  }

  private known(id: number, kind: string): string | null {
    const { files, sockets, pipes, eventpolls, eventfds, timerfds, timewaits } = this.view;
    if (kind !== 'sk') {
      const file = files.find((one) => one.id === id);
      if (file !== undefined) return withFds(file.object ?? (file.path === '' ? file.name : file.path), fdsOf(this.view, id));
    }
    const socket = sockets.find((one) => one.id === id);
    if (socket !== undefined) return withFds(socket.name, socket.file === null ? [] : fdsOf(this.view, socket.file));
    return [...pipes, ...eventpolls, ...eventfds, ...timerfds, ...timewaits].find((one) => one.id === id)?.name ?? null;
  }

  task(pid: number): string {
    if (pid === 0) return 'the idle machine';
    return this.view.tasks.find((task) => task.pid === pid)?.name ?? `task ${pid}`;
  }
}

function withFds(name: string, fds: readonly number[]): string {
  return fds.length === 0 ? name : `${name} (fd ${fds.join(', ')})`;
}
