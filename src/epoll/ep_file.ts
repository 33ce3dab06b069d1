/**
 * The epoll descriptor as a file: making it, polling it, its ioctls and fdinfo, closing it, and what happens to
 * items when the file they watch is closed. Linux counterpart: fs/eventpoll.c.
 */

import { EFAULT, EINVAL, EPERM } from '../kernel/errno.js';
import { fd_install, get_unused_fd_flags } from '../kernel/fdtable.js';
import { file, type file_operations } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { mutex_lock, mutex_unlock } from '../kernel/lock.js';
import { point, type Sleeps } from '../kernel/point.js';
import type { poll_table } from '../kernel/poll_table.js';
import { leave, T_NEW } from '../kernel/trace.js';
import { copy_from_user, get_user_u32, put_user_u16, put_user_u32, type user_ptr } from '../kernel/uaccess.js';
import { INT_MAX, O_RDWR } from '../kernel/uapi.js';
import { waitqueue_active } from '../kernel/wait.js';
import { ep_poll_safewake, ep_unregister_pollwait } from './ep_callback.js';
import { ep_refcount_dec_and_test, ep_remove, ep_remove_epi, ep_remove_file } from './ep_item.js';
import { __ep_eventpoll_poll } from './ep_scan.js';
import { ep_bits, type epitems_head, EPOLL_CLOEXEC, EPOLL_FUNCTIONS, eventpoll } from './eventpoll.js';

const F = EPOLL_FUNCTIONS.id;

const AT_RELEASE = point('eventpoll_release_file', 'before ep->mtx');

/** Trace kind of an eventpoll in T_NEW rows. */
export const OBJ_EVENTPOLL = 2;

/** struct epoll_params: set and get. include/uapi/linux/eventpoll.h */
export const EPIOCSPARAMS = 0x40088a01;
export const EPIOCGPARAMS = 0x80088a02 | 0;
const EPOLL_PARAMS_SIZE = 8;
/** more needs CAP_NET_ADMIN. include/linux/netdevice.h:NAPI_POLL_WEIGHT */
const NAPI_POLL_WEIGHT = 64;

/** The poll method of the file, for poll, select and io_uring. Sleeps for ep->mtx. fs/eventpoll.c:ep_eventpoll_poll */
function* ep_eventpoll_poll(k: Kernel, file: file, pt: poll_table | null): Sleeps<number> {
  const ep = file.private_data as eventpoll;
  if (k.trace !== null) k.trace.enter(F.ep_eventpoll_poll, ep.id, ep_bits(ep));
  return leave(k, yield* __ep_eventpoll_poll(k, file, pt, 0));
}

/** Makes an empty interest set. fs/eventpoll.c:ep_alloc */
function ep_alloc(k: Kernel): eventpoll {
  if (k.trace !== null) k.trace.enter(F.ep_alloc);
  const ep = new eventpoll(k.new_id(), k.current.user);
  leave(k, 0);
  return ep;
}

/**
 * Opens an epoll file. fs/eventpoll.c:do_epoll_create
 * @param flags EPOLL_CLOEXEC or 0
 * @returns the descriptor, -EINVAL (other flags), -EMFILE
 */
export function do_epoll_create(k: Kernel, flags: number): number {
  if (k.trace !== null) k.trace.enter(F.do_epoll_create);
  if ((flags & ~EPOLL_CLOEXEC) !== 0) return leave(k, -EINVAL);
  const ep = ep_alloc(k);
  const fd = get_unused_fd_flags(k, (flags & EPOLL_CLOEXEC) !== 0);
  if (fd < 0) return leave(k, fd);
  k.eventpoll_release_file = eventpoll_release_file;
  ep.file = new file(k, eventpoll_fops, ep, O_RDWR, 'anon_inode:[eventpoll]');
  if (k.trace !== null) k.trace.emit(T_NEW, ep.id, OBJ_EVENTPOLL, ep.file.id);
  fd_install(k, fd, ep.file);
  return leave(k, fd);
}

/** The last reference to the epoll is gone. fs/eventpoll.c:ep_free */
function ep_free(k: Kernel): void {
  if (k.trace === null) return;
  k.trace.enter(F.ep_free);
  k.trace.leave(0);
}

/**
 * The epoll file is closed: all items leave their wait queues, then the set. Sleeps for ep->mtx.
 * fs/eventpoll.c:ep_clear_and_put
 */
function* ep_clear_and_put(k: Kernel, ep: eventpoll): Sleeps<void> {
  if (k.trace !== null) k.trace.enter(F.ep_clear_and_put, ep.id, ep_bits(ep));
  if (waitqueue_active(ep.poll_wait)) ep_poll_safewake(k, ep, 0);
  yield* mutex_lock(k, ep.mtx);
  const items = ep.rbr.values();
  // First silence all, then remove: no callback can queue an item of a set that is half gone.
  for (const epi of items) ep_unregister_pollwait(k, epi);
  for (const epi of items) ep_remove(k, ep, epi);
  const dispose = ep_refcount_dec_and_test(k, ep);
  mutex_unlock(k, ep.mtx);
  if (dispose) ep_free(k);
  leave(k, 0);
}

/** Sleeps for ep->mtx. fs/eventpoll.c:ep_eventpoll_release */
function* ep_eventpoll_release(k: Kernel, file: file): Sleeps<void> {
  if (k.trace !== null) k.trace.enter(F.ep_eventpoll_release, file.id);
  yield* ep_clear_and_put(k, file.private_data as eventpoll);
  leave(k, 0);
}

/**
 * The last reference to a watched file is gone: its items go, newest first, before the file itself is released.
 * Waiters are not told. Sleeps for each epoll's mutex, so a scan that runs is waited for. fs/eventpoll.c:eventpoll_release_file
 */
export function* eventpoll_release_file(k: Kernel, file: file): Sleeps<void> {
  if (k.trace !== null) k.trace.enter(F.eventpoll_release_file, file.id);
  while (file.f_ep !== null) {
    const epi = (file.f_ep as epitems_head).epitems.next.owner!;
    const { ep } = epi;
    if (k.footprint !== null) k.footprint.usesObject(ep.id);
    if (k.preempt) yield AT_RELEASE;
    yield* mutex_lock(k, ep.mtx);
    ep_unregister_pollwait(k, epi);
    ep_remove_file(k, epi);
    ep_remove_epi(k, ep, epi);
    const dispose = ep_refcount_dec_and_test(k, ep);
    mutex_unlock(k, ep.mtx);
    if (dispose) ep_free(k);
  }
  leave(k, 0);
}

/** EPIOCSPARAMS: stores busy-poll parameters, which nothing here uses. fs/eventpoll.c:ep_eventpoll_bp_ioctl */
function ep_set_params(k: Kernel, ep: eventpoll, arg: user_ptr): number {
  const params = new Uint8Array(EPOLL_PARAMS_SIZE);
  if (copy_from_user(params, 0, arg, 0, EPOLL_PARAMS_SIZE) !== 0) return -EFAULT;
  const usecs = get_user_u32(arg, 0)! >>> 0;
  const budget = params[4]! | (params[5]! << 8);
  const prefer = params[6]!;
  const pad = params[7]!;
  if (pad !== 0 || usecs > INT_MAX || prefer > 1) return -EINVAL;
  if (budget > NAPI_POLL_WEIGHT && !k.current.capable) return -EPERM;
  ep.busy_poll_usecs = usecs;
  ep.busy_poll_budget = budget;
  ep.prefer_busy_poll = prefer === 1;
  return 0;
}

/** EPIOCGPARAMS. fs/eventpoll.c:ep_eventpoll_bp_ioctl */
function ep_get_params(ep: eventpoll, arg: user_ptr): number {
  const prefer = ep.prefer_busy_poll ? 1 : 0;
  const stored = put_user_u32(arg, 0, ep.busy_poll_usecs) && put_user_u16(arg, 4, ep.busy_poll_budget) && put_user_u16(arg, 6, prefer);
  return stored ? 0 : -EFAULT;
}

/** Every other command is EINVAL, FIONREAD too. fs/eventpoll.c:ep_eventpoll_ioctl (since 6.9) */
function ep_eventpoll_ioctl(k: Kernel, file: file, cmd: number, arg: user_ptr | number): number {
  const ep = file.private_data as eventpoll;
  const to = typeof arg === 'number' ? null : arg;
  switch (cmd | 0) {
    case EPIOCSPARAMS: return ep_set_params(k, ep, to);
    case EPIOCGPARAMS: return ep_get_params(ep, to);
    default: return -EINVAL;
  }
}

/** One line an item, in tree order, for /proc/PID/fdinfo. fs/eventpoll.c:ep_show_fdinfo */
function ep_show_fdinfo(k: Kernel, file: file): string {
  if (k.trace !== null) k.trace.enter(F.ep_show_fdinfo);
  const ep = file.private_data as eventpoll;
  let text = '';
  for (const { ffd, event } of ep.rbr.values()) {
    const events = (event.events >>> 0).toString(16).padStart(8);
    const data = ((BigInt(event.data_hi >>> 0) << 32n) | BigInt(event.data_lo >>> 0)).toString(16).padStart(16);
    text += `tfd: ${String(ffd.fd).padStart(8)} events: ${events} data: ${data}  pos:${ffd.file.f_pos} ino:${ffd.file.id.toString(16)} sdev:f\n`;
  }
  leave(k, 0);
  return text;
}

/** What an epoll descriptor can do. fs/eventpoll.c:eventpoll_fops */
export const eventpoll_fops: file_operations = {
  name: '[eventpoll]',
  poll: ep_eventpoll_poll,
  read_iter: null,
  write_iter: null,
  unlocked_ioctl: ep_eventpoll_ioctl,
  release: ep_eventpoll_release,
  show_fdinfo: ep_show_fdinfo,
  llseek: 'noop',
  object: (file) => (file.private_data as eventpoll).id,
};

