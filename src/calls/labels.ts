/**
 * Names of objects in a run of a script: an object has the name of the descriptor by which the script first had it,
 * an item that of its descriptor number. Names are asked for after the run, so that a socket that accept returns
 * late has its name from the start.
 */

import type { task_struct } from '../kernel/task.js';
import type { Labels } from '../inspect/traced.js';
import { eventpoll } from '../epoll/eventpoll.js';

/** What a script calls the objects of the machine. */
export class ScriptLabels implements Labels {
  readonly tasks = new Map<number, string>();
  private readonly names = new Map<number, string>();

  object(id: number, kind: string): string {
    return this.names.get(id) ?? (kind === 'sk' ? '(not accepted)' : `${kind}#${id}`);
  }

  task(pid: number): string {
    return this.tasks.get(pid) ?? `task ${pid}`;
  }

  /** Takes in what the last call made. */
  learn(task: task_struct, fds: ReadonlyMap<string, number>): void {
    const numbers = new Map([...fds].map(([name, fd]) => [fd, name]));
    // A number has the name that it was given last.
    for (const [fd, name] of numbers) {
      const file = task.files.at(fd);
      if (file === null) continue;
      this.name(file, name);
      this.name(file.private_data, name);
      this.name((file.private_data as { sk?: unknown } | null)?.sk, name);
      this.name((file.private_data as { pipe?: unknown } | null)?.pipe, name);
      if (!(file.private_data instanceof eventpoll)) continue;
      for (const epi of file.private_data.rbr.values()) this.name(epi, numbers.get(epi.ffd.fd) ?? `fd ${epi.ffd.fd}`);
    }
  }

  private name(object: unknown, name: string): void {
    const id = (object as { id?: unknown } | null | undefined)?.id;
    if (typeof id === 'number' && !this.names.has(id)) this.names.set(id, name);
  }
}
