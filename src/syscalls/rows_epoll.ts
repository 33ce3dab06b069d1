/**
 * System calls of epoll: one row a call, and the part of each that looks at the program's memory.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl, fs/eventpoll.c, epoll_create(2),
 * epoll_ctl(2), epoll_wait(2).
 */

import { EFAULT, EINTR, EINVAL } from '../kernel/errno.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { restore_saved_sigmask_unless, set_user_sigmask_from } from '../kernel/signal.js';
import { get_user_s64, get_user_u32, type user_memory, type user_ptr } from '../kernel/uaccess.js';
import { do_epoll_ctl } from '../epoll/ep_ctl.js';
import { do_epoll_create } from '../epoll/ep_file.js';
import { do_epoll_wait, EP_FOREVER, EP_NO_WAIT, ep_timeout_to_deadline } from '../epoll/ep_wait.js';
import {
  EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, epoll_event, EPOLL_EVENT_SIZE, EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP,
} from '../epoll/eventpoll.js';
import {
  EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLMSG, EPOLLOUT, EPOLLPRI, EPOLLRDBAND, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM,
} from '../kernel/uapi.js';
import { fd, flags, flagText, int, oneOf, ptr, sigset, structure, timespec } from './print.js';
import type { arg_printer, syscall_row } from './row.js';

/** Names of epoll's bits, in the order in which strace prints them. */
export const EPOLL_EVENT_NAMES: Readonly<Record<string, number>> = {
  EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDNORM, EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG, EPOLLERR, EPOLLHUP, EPOLLRDHUP,
  EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET,
};

function eventText(memory: user_memory, at: number): string {
  const events = get_user_u32(memory, at) ?? 0;
  const low = (get_user_u32(memory, at + 4) ?? 0) >>> 0;
  const high = (get_user_u32(memory, at + 8) ?? 0) >>> 0;
  const wide = (BigInt(high) << 32n) | BigInt(low);
  return `{events=${flagText(events, EPOLL_EVENT_NAMES)}, data={u32=${low}, u64=${wide}}}`;
}

const one_event: arg_printer = (value, call) =>
  call.args[1] === EPOLL_CTL_DEL ? ptr(value, call) : structure((memory) => eventText(memory, 0))(value, call);

const events_out = structure((memory, call) => {
  const texts: string[] = [];
  for (let i = 0; i < call.ret!; i++) texts.push(eventText(memory, i * EPOLL_EVENT_SIZE));
  return `[${texts.join(', ')}]`;
}, 'out');

/** The size argument is only checked. fs/eventpoll.c:epoll_create @returns the descriptor, -EINVAL, -EMFILE */
function sys_epoll_create(k: Kernel, size: number): number {
  return size <= 0 ? -EINVAL : do_epoll_create(k, 0);
}

/** Copies the event before anything else is looked at. fs/eventpoll.c:epoll_ctl @returns as do_epoll_ctl, or -EFAULT */
function sys_epoll_ctl(k: Kernel, epfd: number, op: number, target: number, uevent: user_ptr): Might<number> {
  if (op === EPOLL_CTL_DEL) return do_epoll_ctl(k, epfd, op, target, null);
  const events = get_user_u32(uevent, 0);
  const low = get_user_u32(uevent, 4);
  const high = get_user_u32(uevent, 8);
  if (events === null || low === null || high === null) return -EFAULT;
  return do_epoll_ctl(k, epfd, op, target, new epoll_event(events, low, high));
}

/** fs/eventpoll.c:epoll_wait @param timeoutMs negative: for ever */
function sys_epoll_wait(k: Kernel, epfd: number, events: user_ptr, maxevents: number, timeoutMs: number): Might<number> {
  return do_epoll_wait(k, epfd, events, maxevents, ep_timeout_to_deadline(k, timeoutMs));
}

/** epoll_wait under a temporary signal mask. Sleeps as epoll_wait does. fs/eventpoll.c:do_epoll_pwait */
function* do_epoll_pwait(k: Kernel, epfd: number, events: user_ptr, maxevents: number, deadlineNs: number, mask: user_ptr, size: number): Sleeps<number> {
  const refused = set_user_sigmask_from(k, mask, size);
  if (refused < 0) return refused;
  const might = do_epoll_wait(k, epfd, events, maxevents, deadlineNs);
  const ret = typeof might === 'number' ? might : yield* might;
  restore_saved_sigmask_unless(k, ret === -EINTR);
  return ret;
}

/** fs/eventpoll.c:epoll_pwait */
function sys_epoll_pwait(k: Kernel, epfd: number, events: user_ptr, maxevents: number, timeoutMs: number, mask: user_ptr, size: number): Might<number> {
  return do_epoll_pwait(k, epfd, events, maxevents, ep_timeout_to_deadline(k, timeoutMs), mask, size);
}

/** The timeout is looked at before the mask. fs/eventpoll.c:epoll_pwait2 (since 5.11) @param timeout NULL: for ever */
function sys_epoll_pwait2(k: Kernel, epfd: number, events: user_ptr, maxevents: number, timeout: user_ptr, mask: user_ptr, size: number): Might<number> {
  let deadlineNs = EP_FOREVER;
  if (timeout !== null) {
    const seconds = get_user_s64(timeout, 0);
    const nanoseconds = get_user_s64(timeout, 8);
    if (seconds === null || nanoseconds === null) return -EFAULT;
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1e9) return -EINVAL;
    deadlineNs = seconds === 0 && nanoseconds === 0 ? EP_NO_WAIT : k.clock.nowNs + seconds * 1e9 + nanoseconds;
  }
  return do_epoll_pwait(k, epfd, events, maxevents, deadlineNs, mask, size);
}

const ctl_op = oneOf({ EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD });

export const epoll_rows: readonly syscall_row[] = [
  { nr: 213, name: 'epoll_create', args: [int], handler: sys_epoll_create },
  { nr: 291, name: 'epoll_create1', args: [flags({ EPOLL_CLOEXEC })], handler: do_epoll_create },
  { nr: 233, name: 'epoll_ctl', args: [fd, ctl_op, fd, one_event], handler: sys_epoll_ctl },
  { nr: 232, name: 'epoll_wait', args: [fd, events_out, int, int], handler: sys_epoll_wait },
  { nr: 281, name: 'epoll_pwait', args: [fd, events_out, int, int, sigset, int], handler: sys_epoll_pwait },
  { nr: 441, name: 'epoll_pwait2', args: [fd, events_out, int, timespec, sigset, int], handler: sys_epoll_pwait2 },
];
