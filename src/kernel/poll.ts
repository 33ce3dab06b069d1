/**
 * poll and ppoll: every call queues itself on every file, looks at all of them after each wake-up, and takes itself
 * off again at the end. The queueing table (poll_wqueues) and the deadline helpers serve select.ts too.
 * Linux counterpart: fs/select.c. Left out: busy polling, timer slack, and running out of memory for the table.
 */

import type { Kernel } from './kernel.js';
import { note_use } from './fdtable.js';
import { NSEC_PER_MSEC, NSEC_PER_SEC, NSEC_PER_USEC } from './clock.js';
import { EFAULT, EINTR, EINVAL, ERESTART_RESTARTBLOCK, ERESTARTNOHAND } from './errno.js';
import { FMODE_PATH, fput, get_file, type file } from './file.js';
import { point, type Might, type Sleeps } from './point.js';
import { poll_table, vfs_poll } from './poll_table.js';
import { schedule_hrtimeout, signal_pending } from './sched.js';
import { restore_saved_sigmask_unless, set_user_sigmask_from } from './signal.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, type task_struct } from './task.js';
import { leave, traced } from './trace.js';
import { copy_from_user, get_user_s64, put_user_s64, put_user_u16, type user_ptr } from './uaccess.js';
import { EPOLLERR, EPOLLHUP, EPOLLNVAL } from './uapi.js';
import { add_wait_queue, default_wake_function, remove_wait_queue, wait_queue_entry, WF_SYNC, type wait_queue_head } from './wait.js';

export const POLL_FUNCTIONS = traced(80, {
  do_sys_poll: '-> int',
  do_poll: '-> int',
  poll_initwait: '',
  poll_freewait: '',
  free_poll_entry: '',
  poll_schedule_timeout: '-> int',
  __pollwait: 'head:wq',
  pollwake: 'key:mask sync:bool -> int',
  __pollwake: 'key:mask sync:bool -> int',
  core_sys_select: '-> int',
  do_select: '-> int',
});
const F = POLL_FUNCTIONS.id;

/** Deadlines: an instant of CLOCK_MONOTONIC in ns, or one of these. */
export const POLL_FOREVER = Infinity;
export const POLL_NO_WAIT = 0;

/** Instants behind this one are never reached. include/linux/ktime.h:KTIME_MAX */
const KTIME_MAX = 2 ** 63;

/** Entries that stand on the stack; more are kept in pages. include/linux/poll.h:N_INLINE_POLL_ENTRIES */
const N_INLINE_POLL_ENTRIES = 9;

const AT_POLLFD = point('do_poll', 'before a file is polled');
const AT_SLEEP = point('poll_schedule_timeout', 'before the sleep');

/** One queue that a call stands on. include/linux/poll.h:poll_table_entry */
export class poll_table_entry {
  readonly filp: file;
  /** events that may wake the call through this entry */
  readonly key: number;
  readonly wait: wait_queue_entry;
  readonly wait_address: wait_queue_head;
  readonly pwq: poll_wqueues;
  /** the polling task, for views */
  readonly pid: number;

  constructor(filp: file, key: number, wait_address: wait_queue_head, pwq: poll_wqueues) {
    this.filp = filp;
    this.key = key;
    this.wait_address = wait_address;
    this.pwq = pwq;
    this.pid = pwq.polling_task.pid;
    this.wait = new wait_queue_entry(this, pollwake);
  }
}

/** All queues that one call stands on; it is its own poll_table. include/linux/poll.h:poll_wqueues */
export class poll_wqueues extends poll_table {
  readonly polling_task: task_struct;
  /** woken since the files were last looked at: the next sleep is skipped */
  triggered = false;
  readonly entries: poll_table_entry[] = [];
  /** what pollwake hands to default_wake_function */
  readonly dummy_wait: wait_queue_entry;

  constructor(k: Kernel) {
    super(__pollwait, ~0);
    this.polling_task = k.current;
    this.dummy_wait = new wait_queue_entry(k.current, default_wake_function);
  }
}

/** A table for one call. fs/select.c:poll_initwait */
export function poll_initwait(k: Kernel): poll_wqueues {
  if (k.trace !== null) {
    k.trace.enter(F.poll_initwait);
    k.trace.leave(0);
  }
  return new poll_wqueues(k);
}

/** fs/select.c:free_poll_entry */
function free_poll_entry(k: Kernel, entry: poll_table_entry): void {
  if (k.trace !== null) k.trace.enter(F.free_poll_entry);
  remove_wait_queue(k, entry.wait_address, entry.wait);
  fput(k, entry.filp);
  leave(k, 0);
}

/** Takes the call off all queues: the first entries in order, those of pages from the newest back. fs/select.c:poll_freewait */
export function poll_freewait(k: Kernel, pwq: poll_wqueues): void {
  if (k.trace !== null) k.trace.enter(F.poll_freewait);
  const { entries } = pwq;
  const inline = Math.min(entries.length, N_INLINE_POLL_ENTRIES);
  for (let i = 0; i < inline; i++) free_poll_entry(k, entries[i]!);
  for (let i = entries.length - 1; i >= inline; i--) free_poll_entry(k, entries[i]!);
  leave(k, 0);
}

/** Queues the call on one queue of a file, not exclusive, and keeps the file open meanwhile. fs/select.c:__pollwait */
function __pollwait(k: Kernel, filp: file, wait_address: wait_queue_head, p: poll_table): void {
  if (k.trace !== null) k.trace.enter(F.__pollwait, wait_address.id);
  const pwq = p as poll_wqueues;
  const entry = new poll_table_entry(get_file(filp), pwq._key, wait_address, pwq);
  pwq.entries.push(entry);
  add_wait_queue(k, wait_address, entry.wait);
  leave(k, 0);
}

/** fs/select.c:__pollwake */
function __pollwake(k: Kernel, pwq: poll_wqueues, mode: number, flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.__pollwake, key, flags & WF_SYNC ? 1 : 0);
  pwq.triggered = true;
  return leave(k, default_wake_function(k, pwq.dummy_wait, mode, flags, key));
}

/** Wakes the call unless the waker says what happened and nobody asked for that. fs/select.c:pollwake */
export function pollwake(k: Kernel, wait: wait_queue_entry, mode: number, flags: number, key: number): number {
  if (k.trace !== null) k.trace.enter(F.pollwake, key, flags & WF_SYNC ? 1 : 0);
  const entry = wait.private as poll_table_entry;
  if (key !== 0 && (key & entry.key) === 0) return leave(k, 0);
  return leave(k, __pollwake(k, entry.pwq, mode, flags, key));
}

/** Sleeps until a file of the table wakes it, a signal or the deadline. fs/select.c:poll_schedule_timeout @returns 0 at the deadline, else -EINTR */
export function* poll_schedule_timeout(k: Kernel, pwq: poll_wqueues, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.poll_schedule_timeout);
  const task = k.current;
  task.__state = TASK_INTERRUPTIBLE;
  if (k.preempt) yield AT_SLEEP;
  let rc = -EINTR;
  if (!pwq.triggered) rc = yield* schedule_hrtimeout(k, deadlineNs < KTIME_MAX ? deadlineNs : Infinity, 'poll');
  task.__state = TASK_RUNNING;
  pwq.triggered = false;
  return leave(k, rc);
}

/** The file behind a number, without pinning it: nobody else runs until its poll method has answered. include/linux/file.h:fdget */
export function poll_fdget(k: Kernel, fd: number): file | null {
  const file = k.current.files.at(fd);
  if (k.footprint !== null) note_use(k, fd, file);
  return file === null || (file.f_mode & FMODE_PATH) !== 0 ? null : file;
}

/** Polls a file that answers later, keeping it open meanwhile. Sleeps as its poll method does. ours: see poll_fdget */
export function* poll_pinned(k: Kernel, filp: file, answer: Sleeps<number>): Sleeps<number> {
  get_file(filp);
  const mask = yield* answer;
  fput(k, filp);
  return mask;
}

/** One entry of the array. fs/select.c:do_pollfd @returns its revents */
function do_pollfd(k: Kernel, fd: number, events: number, pwait: poll_wqueues): Might<number> {
  if (fd < 0) return 0;
  const file = poll_fdget(k, fd);
  if (file === null) return EPOLLNVAL;
  const filter = events | EPOLLERR | EPOLLHUP;
  pwait._key = filter;
  const answer = vfs_poll(k, file, pwait);
  return typeof answer === 'number' ? answer & filter : masked(poll_pinned(k, file, answer), filter);
}

/** Sleeps as the poll method does. ours: part of do_pollfd */
function* masked(answer: Sleeps<number>, filter: number): Sleeps<number> {
  return (yield* answer) & filter;
}

/**
 * Looks at all files until one has something, the deadline passes, or a signal comes. Sleeps in between. fs/select.c:do_poll
 * @param fds the array in 32-bit words: descriptor, then events (low half) and revents (high half)
 * @returns entries with revents, or -ERESTARTNOHAND
 */
function* do_poll(k: Kernel, fds: Int32Array, pwait: poll_wqueues, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.do_poll);
  let timed_out = deadlineNs === POLL_NO_WAIT;
  if (timed_out) pwait._qproc = null;
  for (;;) {
    let count = 0;
    for (let i = 0; i < fds.length; i += 2) {
      if (k.preempt) yield AT_POLLFD;
      const events = fds[i + 1]! & 0xffff;
      const answer = do_pollfd(k, fds[i]!, events, pwait);
      const mask = typeof answer === 'number' ? answer : yield* answer;
      fds[i + 1] = events | (mask << 16);
      if (mask === 0) continue;
      count++;
      pwait._qproc = null;
    }
    // All queues are stood on now: later passes only look.
    pwait._qproc = null;
    if (count === 0 && signal_pending(k.current)) count = -ERESTARTNOHAND;
    if (count !== 0 || timed_out) return leave(k, count);
    if ((yield* poll_schedule_timeout(k, pwait, deadlineNs)) === 0) timed_out = true;
  }
}

/**
 * The whole of poll: copies the array in, polls, copies the revents out. Sleeps as do_poll does. fs/select.c:do_sys_poll
 * @param nfds unsigned
 * @returns entries with revents, -EINVAL (more than RLIMIT_NOFILE), -EFAULT, -ERESTARTNOHAND
 */
export function* do_sys_poll(k: Kernel, ufds: user_ptr, nfds: number, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.do_sys_poll);
  if (nfds < 0 || nfds > k.current.signal.rlim_nofile.cur) return leave(k, -EINVAL);
  const fds = new Int32Array(2 * nfds);
  if (nfds > 0 && copy_from_user(new Uint8Array(fds.buffer), 0, ufds, 0, 8 * nfds) > 0) return leave(k, -EFAULT);
  const table = poll_initwait(k);
  const fdcount = yield* do_poll(k, fds, table, deadlineNs);
  poll_freewait(k, table);
  for (let i = 0; i < nfds; i++) {
    if (!put_user_u16(ufds, 8 * i + 6, fds[2 * i + 1]! >>> 16)) return leave(k, -EFAULT);
  }
  return leave(k, fdcount);
}

/** Goes on with an interrupted poll until the deadline it began with. Sleeps as do_sys_poll does. fs/select.c:do_restart_poll */
export function* do_restart_poll(k: Kernel, ufds: user_ptr, nfds: number, deadlineNs: number): Sleeps<number> {
  const ret = yield* do_sys_poll(k, ufds, nfds, deadlineNs);
  if (ret !== -ERESTARTNOHAND) return ret;
  k.current.restart = () => do_restart_poll(k, ufds, nfds, deadlineNs);
  return -ERESTART_RESTARTBLOCK;
}

/**
 * poll(2). Sleeps until an entry is ready, the timeout or a signal. fs/select.c:poll
 * @param timeoutMs negative: for ever
 * @returns entries with revents, 0 at the timeout, -EINVAL, -EFAULT, -EINTR
 */
export function sys_poll(k: Kernel, ufds: user_ptr, nfds: number, timeoutMs: number): Sleeps<number> {
  let deadlineNs = POLL_FOREVER;
  if (timeoutMs === 0) deadlineNs = POLL_NO_WAIT;
  else if (timeoutMs > 0) deadlineNs = k.clock.nowNs + timeoutMs * NSEC_PER_MSEC;
  return do_restart_poll(k, ufds, nfds, deadlineNs);
}

/** A relative time as a deadline. fs/select.c:poll_select_set_timeout @returns the deadline, or -EINVAL */
export function poll_select_set_timeout(k: Kernel, sec: number, nsec: number): number {
  if (sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC) return -EINVAL;
  return sec === 0 && nsec === 0 ? POLL_NO_WAIT : k.clock.nowNs + sec * NSEC_PER_SEC + nsec;
}

/** Reads a timespec as a deadline; NULL is for ever. kernel/time/time.c:get_timespec64 @returns the deadline, -EFAULT, -EINVAL */
export function deadline_from_timespec(k: Kernel, tsp: user_ptr): number {
  if (tsp === null) return POLL_FOREVER;
  const sec = get_user_s64(tsp, 0);
  const nsec = get_user_s64(tsp, 8);
  if (sec === null || nsec === null) return -EFAULT;
  return poll_select_set_timeout(k, sec, nsec);
}

/**
 * The end of a call with a temporary mask and a relative timeout: puts the mask back and stores the time that was
 * left. A timeout that cannot be stored means that the call cannot be restarted. fs/select.c:poll_select_finish
 * @param unitNs unit of the second word of `p`: 1 for a timespec, 1000 for a timeval
 */
export function poll_select_finish(k: Kernel, deadlineNs: number, p: user_ptr, unitNs: number, ret: number): number {
  restore_saved_sigmask_unless(k, ret === -ERESTARTNOHAND);
  if (p === null || deadlineNs === POLL_NO_WAIT) return ret;
  const leftNs = Math.max(0, deadlineNs - k.clock.nowNs);
  const sec = Math.floor(leftNs / NSEC_PER_SEC);
  const rest = Math.floor((leftNs - sec * NSEC_PER_SEC) / unitNs);
  if (put_user_s64(p, 0, sec) && put_user_s64(p, 8, rest)) return ret;
  return ret === -ERESTARTNOHAND ? -EINTR : ret;
}

/** One microsecond, the unit of a timeval. */
export const TIMEVAL_UNIT_NS = NSEC_PER_USEC;

/**
 * ppoll(2): poll with a timespec, which gets the time left, and a signal mask for its length. Sleeps as poll. fs/select.c:ppoll
 * @returns as poll; -EINVAL also for a bad timespec or mask size
 */
export function* sys_ppoll(k: Kernel, ufds: user_ptr, nfds: number, tsp: user_ptr, sigmask: user_ptr, sigsetsize: number): Sleeps<number> {
  const deadlineNs = deadline_from_timespec(k, tsp);
  if (deadlineNs < 0) return deadlineNs;
  const err = set_user_sigmask_from(k, sigmask, sigsetsize);
  if (err < 0) return err;
  const ret = yield* do_sys_poll(k, ufds, nfds, deadlineNs);
  return poll_select_finish(k, deadlineNs, tsp, 1, ret);
}
