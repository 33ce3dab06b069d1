/**
 * System calls of pipes, eventfd, timerfd and memory files: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import { NSEC_PER_SEC } from '../kernel/clock.js';
import { EBADF, EFAULT, EINVAL } from '../kernel/errno.js';
import { do_eventfd, EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE } from '../kernel/eventfd.js';
import { fdget, install_new_file } from '../kernel/fdtable.js';
import type { Kernel } from '../kernel/kernel.js';
import { getname } from '../kernel/namei.js';
import { memfd_file } from '../kernel/opaque.js';
import { do_pipe2 } from '../kernel/pipe.js';
import {
  TFD_CLOEXEC, TFD_NONBLOCK, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET, timerfd_create, timerfd_gettime, timerfd_of, timerfd_settime, type itimerspec,
} from '../kernel/timerfd.js';
import { get_user_s64, get_user_u32, put_user_s64, type user_memory, type user_ptr } from '../kernel/uaccess.js';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, O_CLOEXEC, O_DIRECT, O_NONBLOCK } from '../kernel/uapi.js';
import { fd, flags, oneOf, structure, uint } from './print.js';
import type { syscall_row } from './row.js';
import { path } from './rows_file.js';

const MFD_CLOEXEC = 1;
const MFD_FLAGS = 0x1f;

/** Seconds and nanoseconds as ns; null: not a time. include/linux/time64.h:timespec64_valid */
function timespecNs(sec: number, nsec: number): number | null {
  return sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC ? null : Math.min(sec * NSEC_PER_SEC + nsec, 2 ** 63);
}

/** kernel/time/time.c:get_itimerspec64 @returns the times, -EFAULT, -EINVAL */
function get_itimerspec64(from: user_ptr): itimerspec | number {
  const interval_sec = get_user_s64(from, 0);
  const interval_nsec = get_user_s64(from, 8);
  const value_sec = get_user_s64(from, 16);
  const value_nsec = get_user_s64(from, 24);
  if (interval_sec === null || interval_nsec === null || value_sec === null || value_nsec === null) return -EFAULT;
  const it_interval = timespecNs(interval_sec, interval_nsec);
  const it_value = timespecNs(value_sec, value_nsec);
  return it_interval === null || it_value === null ? -EINVAL : { it_interval, it_value };
}

/** kernel/time/time.c:put_itimerspec64 @returns 0, -EFAULT */
function put_itimerspec64(to: user_ptr, times: itimerspec): number {
  const stored = put_user_s64(to, 0, Math.floor(times.it_interval / NSEC_PER_SEC)) && put_user_s64(to, 8, times.it_interval % NSEC_PER_SEC)
    && put_user_s64(to, 16, Math.floor(times.it_value / NSEC_PER_SEC)) && put_user_s64(to, 24, times.it_value % NSEC_PER_SEC);
  return stored ? 0 : -EFAULT;
}

/** fs/timerfd.c:timerfd_settime @returns 0, -EFAULT, -EINVAL (flags, times, or no timer), -EBADF, -ECANCELED */
function sys_timerfd_settime(k: Kernel, ufd: number, how: number, utmr: user_ptr, otmr: user_ptr): number {
  const next = get_itimerspec64(utmr);
  if (next === -EFAULT) return -EFAULT;
  if ((how & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) !== 0 || typeof next === 'number') return -EINVAL;
  const file = fdget(k, ufd);
  if (file === null) return -EBADF;
  const ctx = timerfd_of(file);
  if (ctx === null) return -EINVAL;
  const old = { it_interval: 0, it_value: 0 };
  const ret = timerfd_settime(k, ctx, how, next, old);
  if (ret < 0) return ret;
  return otmr === null ? 0 : put_itimerspec64(otmr, old);
}

/** fs/timerfd.c:timerfd_gettime @returns 0, -EBADF, -EINVAL, -EFAULT */
function sys_timerfd_gettime(k: Kernel, ufd: number, otmr: user_ptr): number {
  const file = fdget(k, ufd);
  if (file === null) return -EBADF;
  const ctx = timerfd_of(file);
  return ctx === null ? -EINVAL : put_itimerspec64(otmr, timerfd_gettime(k, ctx));
}

/** mm/memfd.c:memfd_create @returns the descriptor, -EINVAL, -EFAULT, -EMFILE */
function sys_memfd_create(k: Kernel, uname: user_ptr, how: number): number {
  if ((how & ~MFD_FLAGS) !== 0) return -EINVAL;
  const name = getname(uname);
  if (name === -EFAULT) return -EFAULT;
  return install_new_file(k, () => memfd_file(k, typeof name === 'string' ? name : ''), (how & MFD_CLOEXEC) !== 0);
}

const two_fds = structure((memory) => `[${get_user_u32(memory, 0)}, ${get_user_u32(memory, 4)}]`, 'out');
const pipe_flags = flags({ O_NONBLOCK, O_DIRECT, O_CLOEXEC });
const eventfd_flags = flags({ EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC });
const clock = oneOf({ CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME });

function itimerspecText(memory: user_memory): string {
  const at = (offset: number): string => `{tv_sec=${get_user_s64(memory, offset)}, tv_nsec=${get_user_s64(memory, offset + 8)}}`;
  return `{it_interval=${at(0)}, it_value=${at(16)}}`;
}

export const ipc_rows: readonly syscall_row[] = [
  { nr: 22, name: 'pipe', args: [two_fds], handler: (k: Kernel, fildes: user_ptr) => do_pipe2(k, fildes, 0) },
  { nr: 283, name: 'timerfd_create', args: [clock, flags({ TFD_NONBLOCK, TFD_CLOEXEC })], handler: timerfd_create },
  { nr: 284, name: 'eventfd', args: [uint], handler: (k: Kernel, count: number) => do_eventfd(k, count, 0) },
  {
    nr: 286, name: 'timerfd_settime', handler: sys_timerfd_settime,
    args: [fd, flags({ TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET }), structure(itimerspecText), structure(itimerspecText, 'out')],
  },
  { nr: 287, name: 'timerfd_gettime', args: [fd, structure(itimerspecText, 'out')], handler: sys_timerfd_gettime },
  { nr: 290, name: 'eventfd2', args: [uint, eventfd_flags], handler: do_eventfd },
  { nr: 293, name: 'pipe2', args: [two_fds, pipe_flags], handler: do_pipe2 },
  { nr: 319, name: 'memfd_create', args: [path, flags({ MFD_CLOEXEC, MFD_ALLOW_SEALING: 2 })], handler: sys_memfd_create },
];
