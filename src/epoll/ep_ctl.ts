/**
 * epoll_ctl: the checks in Linux's order, and the locks around adding, changing and removing an item. Only an ADD
 * that nests takes the global mutex. Linux counterpart: fs/eventpoll.c:do_epoll_ctl.
 */

import { EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM } from '../kernel/errno.js';
import { fdget } from '../kernel/fdtable.js';
import type { file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { mutex_lock, mutex_unlock } from '../kernel/lock.js';
import type { Sleeps } from '../kernel/point.js';
import { leave } from '../kernel/trace.js';
import { EPOLLERR, EPOLLHUP } from '../kernel/uapi.js';
import { ep_find, ep_insert, ep_modify, ep_remove } from './ep_item.js';
import { ep_take_care_of_epollwakeup } from './ep_wakeup.js';
import {
  EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, type epoll_event, EPOLL_FUNCTIONS, epoll_of, EPOLLEXCLUSIVE, EPOLLEXCLUSIVE_OK_BITS,
  type eventpoll, is_file_epoll,
} from './eventpoll.js';
import { clear_tfile_check_list, ep_loop_check } from './nested.js';

const F = EPOLL_FUNCTIONS.id;

/** True when this ADD joins epolls, or changes the paths above one that is joined. fs/eventpoll.c:do_epoll_ctl */
function add_nests(k: Kernel, ep: eventpoll, tfile: file): boolean {
  return ep.file!.f_ep !== null || ep.gen === epoll_of(k).loop_check_gen || is_file_epoll(tfile);
}

/** What op asks of the item, with ep->mtx held. Sleeps for the mutexes of nested epolls. fs/eventpoll.c:do_epoll_ctl */
function* ep_ctl_locked(k: Kernel, ep: eventpoll, op: number, tfile: file, fd: number, event: epoll_event | null, full_check: boolean): Sleeps<number> {
  const epi = ep_find(k, ep, tfile, fd);
  switch (op) {
    case EPOLL_CTL_ADD:
      if (epi !== null) return -EEXIST;
      event!.events |= EPOLLERR | EPOLLHUP;
      return yield* ep_insert(k, ep, event!, tfile, fd, full_check);
    case EPOLL_CTL_DEL:
      if (epi === null) return -ENOENT;
      ep_remove(k, ep, epi);
      return 0;
    case EPOLL_CTL_MOD:
      if (epi === null) return -ENOENT;
      if ((epi.event.events & EPOLLEXCLUSIVE) !== 0) return -EINVAL;
      event!.events |= EPOLLERR | EPOLLHUP;
      return yield* ep_modify(k, ep, epi, event!);
    default:
      return -EINVAL;
  }
}

/** EPOLLEXCLUSIVE is for ADD, for files that are no epolls, and with few other bits. fs/eventpoll.c:do_epoll_ctl */
function exclusive_is_refused(op: number, tfile: file, events: number): boolean {
  if (op === EPOLL_CTL_MOD) return true;
  return op === EPOLL_CTL_ADD && (is_file_epoll(tfile) || (events & ~EPOLLEXCLUSIVE_OK_BITS) !== 0);
}

/**
 * Adds, changes or removes an item. Sleeps for ep->mtx and what nesting takes. fs/eventpoll.c:do_epoll_ctl
 * @param event the program's event, already copied; null for EPOLL_CTL_DEL
 * @returns 0, -EBADF, -EPERM (the file cannot be polled), -EINVAL, -ELOOP, -EEXIST, -ENOENT, -ENOSPC
 */
export function* do_epoll_ctl(k: Kernel, epfd: number, op: number, fd: number, event: epoll_event | null): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.do_epoll_ctl, op);
  const file = fdget(k, epfd);
  if (file === null) return leave(k, -EBADF);
  const tfile = fdget(k, fd);
  if (tfile === null) return leave(k, -EBADF);
  if (tfile.f_op.poll === null) return leave(k, -EPERM);
  if (event !== null) ep_take_care_of_epollwakeup(k, event);
  if (file === tfile || !is_file_epoll(file)) return leave(k, -EINVAL);
  if (event !== null && (event.events & EPOLLEXCLUSIVE) !== 0 && exclusive_is_refused(op, tfile, event.events)) return leave(k, -EINVAL);

  const ep = file.private_data as eventpoll;
  if (k.footprint !== null) k.footprint.looked();
  yield* mutex_lock(k, ep.mtx);
  if (op !== EPOLL_CTL_ADD || !add_nests(k, ep, tfile)) {
    const error = yield* ep_ctl_locked(k, ep, op, tfile, fd, event, false);
    mutex_unlock(k, ep.mtx);
    return leave(k, error);
  }

  if (k.footprint !== null) k.footprint.everything();
  // The order of locks is: the global one first, then outer before inner.
  mutex_unlock(k, ep.mtx);
  const globals = epoll_of(k);
  yield* mutex_lock(k, globals.epnested_mutex);
  globals.loop_check_gen++;
  let error = -ELOOP;
  if (!is_file_epoll(tfile) || !(yield* ep_loop_check(k, ep, tfile.private_data as eventpoll))) {
    yield* mutex_lock(k, ep.mtx);
    error = yield* ep_ctl_locked(k, ep, op, tfile, fd, event, true);
    mutex_unlock(k, ep.mtx);
  }
  clear_tfile_check_list(k);
  globals.loop_check_gen++;
  mutex_unlock(k, globals.epnested_mutex);
  return leave(k, error);
}
