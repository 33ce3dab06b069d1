/**
 * select and pselect6: three sets of descriptors as bit maps, clamped to the size of the descriptor table, polled
 * with the machinery of poll.ts. Sets are written back in whole words of 64 bits.
 * Linux counterpart: fs/select.c. Left out: busy polling and timer slack.
 */

import type { Kernel } from './kernel.js';
import { EBADF, EFAULT, EINVAL, ERESTARTNOHAND } from './errno.js';
import { fd_is_open, type files_struct } from './fdtable.js';
import { point, type Might, type Sleeps } from './point.js';
import {
  deadline_from_timespec, poll_fdget, POLL_FOREVER, poll_freewait, POLL_FUNCTIONS, poll_initwait, POLL_NO_WAIT, poll_pinned, poll_schedule_timeout,
  poll_select_finish, poll_select_set_timeout, TIMEVAL_UNIT_NS, type poll_wqueues,
} from './poll.js';
import { vfs_poll } from './poll_table.js';
import { signal_pending } from './sched.js';
import { set_user_sigmask_from } from './signal.js';
import { leave } from './trace.js';
import { copy_from_user, copy_to_user, get_user_s64, user_memory, type user_ptr } from './uaccess.js';
import {
  EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLNVAL, EPOLLOUT, EPOLLPRI, EPOLLRDBAND, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM,
} from './uapi.js';

const F = POLL_FUNCTIONS.id;

const POLLIN_SET = EPOLLNVAL | EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR;
const POLLOUT_SET = EPOLLNVAL | EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR;
const POLLEX_SET = EPOLLNVAL | EPOLLPRI;

const AT_POLL = point('do_select', 'before a file is polled');

/** The signal mask argument of pselect6: it holds a pointer, and so is an object here instead of bytes. fs/select.c:sigset_argpack */
export class user_sigpack extends user_memory {
  readonly mask: user_ptr;
  readonly size: number;

  constructor(mask: user_ptr, size = 8) {
    super(new Uint8Array(0));
    this.mask = mask;
    this.size = size;
  }
}

/** The sets of one call, in 32-bit words: what is asked, and what was found. fs/select.c:fd_set_bits */
class fd_set_bits {
  /** words of one set; even, because user space has words of 64 bits */
  readonly words: number;
  readonly in: Int32Array;
  readonly out: Int32Array;
  readonly ex: Int32Array;
  readonly res_in: Int32Array;
  readonly res_out: Int32Array;
  readonly res_ex: Int32Array;

  constructor(n: number) {
    this.words = 2 * Math.ceil(n / 64);
    this.in = new Int32Array(this.words);
    this.out = new Int32Array(this.words);
    this.ex = new Int32Array(this.words);
    this.res_in = new Int32Array(this.words);
    this.res_out = new Int32Array(this.words);
    this.res_ex = new Int32Array(this.words);
  }
}

/** fs/select.c:get_fd_set @returns false on a fault */
function get_fd_set(ufdset: user_ptr, set: Int32Array): boolean {
  return ufdset === null || set.length === 0 || copy_from_user(new Uint8Array(set.buffer), 0, ufdset, 0, set.byteLength) === 0;
}

/** fs/select.c:set_fd_set @returns false on a fault */
function set_fd_set(ufdset: user_ptr, set: Int32Array): boolean {
  return ufdset === null || set.length === 0 || copy_to_user(ufdset, 0, new Uint8Array(set.buffer), 0, set.byteLength) === 0;
}

/** Highest descriptor asked for, plus one. fs/select.c:max_select_fd @returns the number, or -EBADF when one of them is not open */
function max_select_fd(files: files_struct, n: number, fds: fd_set_bits): number {
  let max = 0;
  for (let word = 0; word < fds.words; word++) {
    let bits = fds.in[word]! | fds.out[word]! | fds.ex[word]!;
    if (32 * (word + 1) > n) bits &= n > 32 * word ? (1 << (n - 32 * word)) - 1 : 0;
    for (let at = 0; bits !== 0; at++, bits >>>= 1) {
      if ((bits & 1) === 0) continue;
      if (!fd_is_open(files, 32 * word + at)) return -EBADF;
      max = 32 * word + at + 1;
    }
  }
  return max;
}

/** One descriptor. A number that nobody holds any more counts as ready in every set. fs/select.c:select_poll_one (since 6.13) */
function select_poll_one(k: Kernel, fd: number, wait: poll_wqueues, want_in: boolean, want_out: boolean): Might<number> {
  const file = poll_fdget(k, fd);
  if (file === null) return EPOLLNVAL;
  wait._key = POLLEX_SET | (want_in ? POLLIN_SET : 0) | (want_out ? POLLOUT_SET : 0);
  const answer = vfs_poll(k, file, wait);
  return typeof answer === 'number' ? answer : poll_pinned(k, file, answer);
}

/** One pass over all descriptors below n. Sleeps only where polling an epoll does. fs/select.c:do_select @returns bits found */
function* select_pass(k: Kernel, n: number, fds: fd_set_bits, wait: poll_wqueues): Sleeps<number> {
  let found = 0;
  for (let i = 0; i < n; i++) {
    const word = i >> 5;
    const bit = 1 << (i & 31);
    const want_in = (fds.in[word]! & bit) !== 0;
    const want_out = (fds.out[word]! & bit) !== 0;
    const want_ex = (fds.ex[word]! & bit) !== 0;
    if (!want_in && !want_out && !want_ex) continue;
    if (k.preempt) yield AT_POLL;
    const answer = select_poll_one(k, i, wait, want_in, want_out);
    const mask = typeof answer === 'number' ? answer : yield* answer;
    const before = found;
    if (want_in && (mask & POLLIN_SET) !== 0) {
      fds.res_in[word]! |= bit;
      found++;
    }
    if (want_out && (mask & POLLOUT_SET) !== 0) {
      fds.res_out[word]! |= bit;
      found++;
    }
    if (want_ex && (mask & POLLEX_SET) !== 0) {
      fds.res_ex[word]! |= bit;
      found++;
    }
    if (found > before) wait._qproc = null;
  }
  return found;
}

/** Looks at all files until one has something, the deadline passes, or a signal comes. Sleeps in between. fs/select.c:do_select */
function* do_select(k: Kernel, count: number, fds: fd_set_bits, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.do_select);
  const n = max_select_fd(k.current.files, count, fds);
  if (n < 0) return leave(k, n);
  const table = poll_initwait(k);
  let timed_out = deadlineNs === POLL_NO_WAIT;
  if (timed_out) table._qproc = null;
  let retval = 0;
  for (;;) {
    retval = yield* select_pass(k, n, fds, table);
    table._qproc = null;
    if (retval > 0 || timed_out || signal_pending(k.current)) break;
    if ((yield* poll_schedule_timeout(k, table, deadlineNs)) === 0) timed_out = true;
  }
  poll_freewait(k, table);
  return leave(k, retval);
}

/**
 * select without its timeout: clamps n to the table, copies the sets in, and out again when it succeeds. Sleeps as
 * do_select does. fs/select.c:core_sys_select
 * @returns bits found, 0 at the deadline, -EINVAL (n < 0), -EFAULT, -EBADF, -ERESTARTNOHAND
 */
export function* core_sys_select(k: Kernel, n: number, inp: user_ptr, outp: user_ptr, exp: user_ptr, deadlineNs: number): Sleeps<number> {
  if (k.trace !== null) k.trace.enter(F.core_sys_select);
  if (n < 0) return leave(k, -EINVAL);
  const count = Math.min(n, k.current.files.max_fds);
  const fds = new fd_set_bits(count);
  if (!get_fd_set(inp, fds.in) || !get_fd_set(outp, fds.out) || !get_fd_set(exp, fds.ex)) return leave(k, -EFAULT);
  const ret = yield* do_select(k, count, fds, deadlineNs);
  if (ret < 0) return leave(k, ret);
  if (ret === 0 && signal_pending(k.current)) return leave(k, -ERESTARTNOHAND);
  if (!set_fd_set(inp, fds.res_in) || !set_fd_set(outp, fds.res_out) || !set_fd_set(exp, fds.res_ex)) return leave(k, -EFAULT);
  return leave(k, ret);
}

/**
 * select(2); the time left is stored in the timeval. Sleeps until a descriptor is ready, the timeout or a signal. fs/select.c:kern_select
 * @param tvp seconds and microseconds, NULL: for ever; a million microseconds and more are legal
 * @returns bits in all three sets, -EFAULT, -EINVAL, -EBADF, -EINTR
 */
export function* sys_select(k: Kernel, n: number, inp: user_ptr, outp: user_ptr, exp: user_ptr, tvp: user_ptr): Sleeps<number> {
  let deadlineNs = POLL_FOREVER;
  if (tvp !== null) {
    const sec = get_user_s64(tvp, 0);
    const usec = get_user_s64(tvp, 8);
    if (sec === null || usec === null) return -EFAULT;
    deadlineNs = poll_select_set_timeout(k, sec + Math.trunc(usec / 1_000_000), (usec % 1_000_000) * TIMEVAL_UNIT_NS);
    if (deadlineNs < 0) return deadlineNs;
  }
  const ret = yield* core_sys_select(k, n, inp, outp, exp, deadlineNs);
  return poll_select_finish(k, deadlineNs, tvp, TIMEVAL_UNIT_NS, ret);
}

/**
 * pselect6(2): select with a timespec and a signal mask for its length. Sleeps as select. fs/select.c:pselect6
 * @returns as select; -EINVAL also for a bad timespec or mask size
 */
export function* sys_pselect6(
  k: Kernel, n: number, inp: user_ptr, outp: user_ptr, exp: user_ptr, tsp: user_ptr, sig: user_ptr,
): Sleeps<number> {
  if (sig !== null && !(sig instanceof user_sigpack)) return -EFAULT;
  const deadlineNs = deadline_from_timespec(k, tsp);
  if (deadlineNs < 0) return deadlineNs;
  const err = set_user_sigmask_from(k, sig === null ? null : sig.mask, sig === null ? 0 : sig.size);
  if (err < 0) return err;
  const ret = yield* core_sys_select(k, n, inp, outp, exp, deadlineNs);
  return poll_select_finish(k, deadlineNs, tsp, 1, ret);
}
