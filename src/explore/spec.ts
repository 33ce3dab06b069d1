/**
 * What epoll must tell, said without ready lists, callbacks or scans: a watch is a mask and a trigger on an open file, and at the moment when
 * everybody sleeps for good, no sleeper may be owed anything. The model is held to this; it knows nothing of how the model does it.
 *
 * A watch is owed a report when the file has something that the mask asks for, and
 * - level-triggered: always;
 * - edge-triggered: if it was never reported since it was added or changed, or if the program has since found the file empty (EAGAIN);
 *   what is there now came after that, so it is a new edge;
 * - one-shot: only until it is reported, and again from EPOLL_CTL_MOD on;
 * - a watch on an epoll: when a watch of that epoll is owed a report.
 */

import { EAGAIN } from '../kernel/errno.js';
import type { file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import type { task_struct } from '../kernel/task.js';
import { EPOLLERR, EPOLLHUP } from '../kernel/uapi.js';
import { user_memory } from '../kernel/uaccess.js';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLET, EPOLLONESHOT } from '../epoll/eventpoll.js';
import { epollMask, taskName } from '../inspect/names.js';
import { peekMask } from '../inspect/peek.js';
import type { CallEvent } from '../scenario/index.js';
import { readEvents } from '../scenario/layouts.js';
import type { Law } from './law.js';
import { fdOf, fileOf, isEpollWait, useOf } from './laws/look.js';
import { law } from './laws/make.js';

/** One watch, as a program sees it. */
class Watched {
  readonly fd: number;
  readonly file: file;
  events = 0;
  /** a one-shot watch that was reported and not changed since */
  disarmed = false;
  /** reported since it was added or changed, and the file was not found empty since */
  told = false;

  constructor(fd: number, file: file) {
    this.fd = fd;
    this.file = file;
  }
}

/** What programs asked for and were told, from their calls alone. */
class Book {
  /** the watches of an epoll, by its file: descriptor and file of each name it */
  readonly watches = new Map<file, Watched[]>();
  private readonly targets = new Map<CallEvent, file | null>();
  /** tasks in epoll_wait, with the epoll */
  readonly waiting = new Map<CallEvent, file>();

  called(event: CallEvent): void {
    if (event.row.name === 'epoll_ctl') this.ctl(event);
    else if (isEpollWait(event)) this.wait(event);
    else if (event.ret === -EAGAIN && (useOf(event) === 'read' || useOf(event) === 'accept')) this.foundEmpty(fileOf(event.task, fdOf(event)));
  }

  private ctl(event: CallEvent): void {
    const [, op, fd, memory] = event.args;
    if (event.ret === null) {
      this.targets.set(event, fileOf(event.task, fd as number));
      return;
    }
    const target = this.targets.get(event) ?? null;
    this.targets.delete(event);
    const epoll = fileOf(event.task, fdOf(event));
    if (event.ret !== 0 || target === null || epoll === null) return;
    const list = this.watches.get(epoll) ?? [];
    this.watches.set(epoll, list);
    const at = list.findIndex((watch) => watch.fd === fd && watch.file === target);
    if (op === EPOLL_CTL_DEL) {
      list.splice(at, 1);
      return;
    }
    const watch = op === EPOLL_CTL_ADD ? new Watched(fd as number, target) : list[at]!;
    if (op === EPOLL_CTL_ADD) list.push(watch);
    watch.events = readEvents(memory as user_memory, 1)[0]!.events | EPOLLERR | EPOLLHUP;
    watch.disarmed = false;
    watch.told = false;
  }

  private wait(event: CallEvent): void {
    const epoll = fileOf(event.task, fdOf(event));
    if (event.ret === null) {
      if (epoll !== null) this.waiting.set(event, epoll);
      return;
    }
    this.waiting.delete(event);
    const memory = event.args[1];
    if (event.ret <= 0 || epoll === null || !(memory instanceof user_memory)) return;
    for (const { u64 } of readEvents(memory, event.ret)) {
      const watch = this.watches.get(epoll)?.find(({ fd }) => BigInt(fd) === u64);
      if (watch === undefined) continue;
      watch.told = true;
      if ((watch.events & EPOLLONESHOT) !== 0) watch.disarmed = true;
    }
  }

  /** Edges are owed from here on to all who watch the file. */
  private foundEmpty(file: file | null): void {
    for (const list of this.watches.values()) for (const watch of list) if (watch.file === file) watch.told = false;
  }

  /** A task is gone, and with it its wait. */
  exited(task: task_struct): void {
    for (const event of this.waiting.keys()) if (event.task === task) this.waiting.delete(event);
  }

  /** What a watch is owed now, as a mask. */
  owed(k: Kernel, watch: Watched, depth = 0): number {
    if (watch.disarmed || watch.file.released || depth > 5) return 0;
    const inner = this.watches.get(watch.file);
    const ready = inner === undefined ? peekMask(k, watch.file) ?? 0 : inner.reduce((mask, each) => mask | this.owed(k, each, depth + 1), 0);
    if ((watch.events & EPOLLET) !== 0 && watch.told) return 0;
    return ready & watch.events;
  }
}

/** The specification as a law. Programs use the descriptor itself as the data of an event. */
export const toldAsSpecified: Law = law(
  'told-as-specified', 'A task that sleeps in epoll_wait for ever while the specification of epoll says that it is owed a report.',
  (m, accuse) => {
    const book = new Book();
    return {
      called: (event) => book.called(event),
      exited: (task) => book.exited(task),
      ended({ halt }): void {
        if (halt !== 'asleep') return;
        for (const [{ task }, epoll] of book.waiting) {
          for (const watch of book.watches.get(epoll) ?? []) {
            const mask = book.owed(m.kernel, watch);
            if (mask !== 0) accuse(`${taskName(task)} sleeps in epoll_wait for ever and is owed ${epollMask(mask)} of descriptor ${watch.fd}`);
          }
        }
      },
    };
  },
);
