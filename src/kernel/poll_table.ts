/**
 * The seam between files and whoever waits for them: a poll method returns the mask of what is ready now and,
 * when asked, hands every wait queue that will tell of changes to the caller's queueing function.
 * Linux counterpart: include/linux/poll.h.
 */

import type { Kernel } from './kernel.js';
import type { file } from './file.js';
import type { Might } from './point.js';
import { EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM } from './uapi.js';
import type { wait_queue_head } from './wait.js';

/** Called by poll_wait for each queue of the file. include/linux/poll.h:poll_queue_proc */
export type poll_queue_proc = (k: Kernel, file: file, whead: wait_queue_head, pt: poll_table) => void;

/** What a caller of a poll method wants: a queueing function or none, and the events it asks for. */
export class poll_table {
  _qproc: poll_queue_proc | null;
  _key: number;

  constructor(qproc: poll_queue_proc | null, key: number) {
    this._qproc = qproc;
    this._key = key;
  }
}

/** Offers a wait queue to the caller of a poll method. include/linux/poll.h:poll_wait */
export function poll_wait(k: Kernel, file: file, whead: wait_queue_head, pt: poll_table | null): void {
  if (pt !== null && pt._qproc !== null) pt._qproc(k, file, whead, pt);
}

/** True when the caller does not queue. include/linux/poll.h:poll_does_not_wait */
export function poll_does_not_wait(pt: poll_table | null): boolean {
  return pt === null || pt._qproc === null;
}

/** What poll and select see of a file without poll method. include/linux/poll.h:DEFAULT_POLLMASK */
export const DEFAULT_POLLMASK = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;

/** Asks a file what is ready. Only an epoll file answers with a generator: it sleeps for a mutex. include/linux/poll.h:vfs_poll */
export function vfs_poll(k: Kernel, file: file, pt: poll_table | null): Might<number> {
  k.stats.polls++;
  return file.f_op.poll === null ? DEFAULT_POLLMASK : file.f_op.poll(k, file, pt);
}
