/**
 * Waiting for children: which child has something to tell, and what. The parent sleeps on a queue of its own that
 * children wake when they end, stop or go on. Not modelled: tracers, resource usage.
 * Linux counterpart: kernel/exit.c (do_wait and what it calls).
 */

import type { Kernel } from './kernel.js';
import { EAGAIN, EBADF, ECHILD, EFAULT, EINVAL, ERESTARTSYS, ESRCH } from './errno.js';
import { delay_group_leader, release_task } from './exit.js';
import { pidfd_pid } from './pidfd.js';
import type { pid_struct } from './pid.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { signal_pending } from './sched.js';
import { exit_siginfo } from './signal_parent.js';
import { CLD_CONTINUED, CLD_STOPPED, SIGNAL_GROUP_EXIT, SIGNAL_STOP_CONTINUED, SIGNAL_STOP_STOPPED, type siginfo } from './signal_types.js';
import { EXIT_DEAD, EXIT_ZOMBIE, TASK_INTERRUPTIBLE, TASK_RUNNING, type task_struct } from './task.js';
import { put_user_u32, type user_ptr } from './uaccess.js';
import { SIGCHLD, SIGCONT } from './uapi.js';
import { add_wait_queue, default_wake_function, remove_wait_queue, wait_queue_entry, type wait_queue_func_t } from './wait.js';

export const WNOHANG = 0x1;
export const WUNTRACED = 0x2;
export const WSTOPPED = WUNTRACED;
export const WEXITED = 0x4;
export const WCONTINUED = 0x8;
export const WNOWAIT = 0x01000000;
export const __WNOTHREAD = 0x20000000;
export const __WALL = 0x40000000;
export const __WCLONE = 0x80000000 | 0;

export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3;

const AT_WAIT = point('do_wait', 'before looking at the children');

/** One call of wait4() or waitid(). kernel/exit.h:wait_opts */
class wait_opts {
  readonly type: 'any' | 'pid' | 'pgid';
  readonly pid: pid_struct | null;
  readonly pgid: number;
  readonly flags: number;
  readonly task: task_struct;
  /** what was found */
  info: siginfo | null = null;
  stat = 0;
  notask_error = -ECHILD;

  constructor(task: task_struct, type: 'any' | 'pid' | 'pgid', pid: pid_struct | null, pgid: number, flags: number) {
    this.task = task;
    this.type = type;
    this.pid = pid;
    this.pgid = pgid;
    this.flags = flags;
  }
}

/** kernel/exit.c:eligible_pid */
function eligible_pid(wo: wait_opts, p: task_struct): boolean {
  if (wo.type === 'pid') return wo.pid === p.thread_pid;
  return wo.type === 'any' || p.signal.pgrp === wo.pgid;
}

/** Children made with another signal than SIGCHLD need __WALL or __WCLONE. kernel/exit.c:eligible_child */
function eligible_child(wo: wait_opts, p: task_struct): boolean {
  if (!eligible_pid(wo, p)) return false;
  if ((wo.flags & __WALL) !== 0) return true;
  return (p.exit_signal !== SIGCHLD) === ((wo.flags & __WCLONE) !== 0);
}

function found(wo: wait_opts, info: siginfo, stat: number): number {
  wo.info = info;
  wo.stat = stat;
  return info.si_pid;
}

/** kernel/exit.c:wait_task_zombie */
function wait_task_zombie(k: Kernel, wo: wait_opts, p: task_struct): number {
  if ((wo.flags & WEXITED) === 0) return 0;
  const status = (p.signal.flags & SIGNAL_GROUP_EXIT) !== 0 ? p.signal.group_exit_code : p.exit_code;
  const ret = found(wo, exit_siginfo(p, status), status);
  if ((wo.flags & WNOWAIT) === 0) {
    p.exit_state = EXIT_DEAD;
    release_task(k, p);
  }
  return ret;
}

function child_info(p: task_struct, si_code: number, si_status: number): siginfo {
  return { si_signo: SIGCHLD, si_code, si_pid: p.tgid, si_uid: p.user.uid, si_status, si_value: 0 };
}

/** kernel/exit.c:wait_task_stopped */
function wait_task_stopped(wo: wait_opts, p: task_struct): number {
  const { signal } = p;
  if ((wo.flags & WUNTRACED) === 0 || (signal.flags & SIGNAL_STOP_STOPPED) === 0 || signal.group_exit_code === 0) return 0;
  const sig = signal.group_exit_code;
  if ((wo.flags & WNOWAIT) === 0) signal.group_exit_code = 0;
  return found(wo, child_info(p, CLD_STOPPED, sig), (sig << 8) | 0x7f);
}

/** kernel/exit.c:wait_task_continued */
function wait_task_continued(wo: wait_opts, p: task_struct): number {
  const { signal } = p;
  if ((wo.flags & WCONTINUED) === 0 || (signal.flags & SIGNAL_STOP_CONTINUED) === 0) return 0;
  if ((wo.flags & WNOWAIT) === 0) signal.flags &= ~SIGNAL_STOP_CONTINUED;
  return found(wo, child_info(p, CLD_CONTINUED, SIGCONT), 0xffff);
}

/** Has this child something to tell? kernel/exit.c:wait_consider_task @returns its pid, or 0 */
function wait_consider_task(k: Kernel, wo: wait_opts, p: task_struct): number {
  if (p.exit_state === EXIT_DEAD || !eligible_child(wo, p)) return 0;
  if (p.exit_state === EXIT_ZOMBIE && p.ptrace === null && !delay_group_leader(p)) return wait_task_zombie(k, wo, p);
  wo.notask_error = 0;
  const stopped = wait_task_stopped(wo, p);
  return stopped !== 0 ? stopped : wait_task_continued(wo, p);
}

/** One look at all children, oldest first. kernel/exit.c:__do_wait @returns pid, 0 (nothing and WNOHANG), -ERESTARTSYS (sleep), -ECHILD */
function __do_wait(k: Kernel, wo: wait_opts): number {
  wo.notask_error = -ECHILD;
  for (const tsk of wo.task.signal.threads) {
    if ((wo.flags & __WNOTHREAD) !== 0 && tsk !== wo.task) continue;
    for (const p of tsk.children) {
      const ret = wait_consider_task(k, wo, p);
      if (ret !== 0) return ret;
    }
  }
  return wo.notask_error === 0 && (wo.flags & WNOHANG) === 0 ? -ERESTARTSYS : wo.notask_error;
}

/** Wakes a parent in do_wait() only for a child that it waits for; the key is the child's pid. kernel/exit.c:child_wait_callback */
function child_wait_callback(wo: wait_opts): wait_queue_func_t {
  return (k, entry, mode, flags, key) => {
    const p = k.tasks.get(key);
    if (p === undefined || !eligible_pid(wo, p)) return 0;
    if ((wo.flags & __WNOTHREAD) !== 0 && p.real_parent !== wo.task) return 0;
    return default_wake_function(k, entry, mode, flags, 0);
  };
}

/** Sleeps until a child has something to tell, unless WNOHANG is set. kernel/exit.c:do_wait @returns pid, 0, -ECHILD, -ERESTARTSYS */
function* do_wait(k: Kernel, wo: wait_opts): Sleeps<number> {
  const { task } = wo;
  const head = task.signal.wait_chldexit;
  const entry = new wait_queue_entry(task, child_wait_callback(wo));
  if (k.footprint !== null) k.footprint.usesObject(task.signal.id);
  add_wait_queue(k, head, entry);
  let ret: number;
  for (;;) {
    if (k.preempt) yield AT_WAIT;
    task.__state = TASK_INTERRUPTIBLE;
    ret = __do_wait(k, wo);
    if (ret !== -ERESTARTSYS || signal_pending(task)) break;
    yield AT_SCHEDULE;
  }
  task.__state = TASK_RUNNING;
  remove_wait_queue(k, head, entry);
  return ret;
}

const WAIT4_OPTIONS = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;

/**
 * wait4(2): waits for a child to end, and with options to stop or to go on. Sleeps until one does.
 * kernel/exit.c:wait4
 * @param upid > 0: this child; -1: any; 0: of the caller's process group; < -1: of group -upid
 * @returns pid, 0 (WNOHANG and nothing to tell), -ECHILD, -EINVAL, -ESRCH, -EFAULT
 */
export function* sys_wait4(k: Kernel, upid: number, stat_addr: user_ptr, options: number): Sleeps<number> {
  const task = k.current;
  if ((options & ~WAIT4_OPTIONS) !== 0) return -EINVAL;
  if (upid === -0x80000000) return -ESRCH;
  const type = upid === -1 ? 'any' : upid > 0 ? 'pid' : 'pgid';
  const pid = upid > 0 ? k.tasks.get(upid)?.thread_pid ?? null : null;
  const wo = new wait_opts(task, type, pid, upid === 0 ? task.signal.pgrp : -upid, options | WEXITED);
  const ret = yield* do_wait(k, wo);
  if (ret > 0 && stat_addr !== null && !put_user_u32(stat_addr, 0, wo.stat)) return -EFAULT;
  return ret;
}

/** Writes what waitid() found; zeros when it found nothing. kernel/exit.c:waitid */
function put_waitid_info(infop: user_ptr, info: siginfo | null): boolean {
  return put_user_u32(infop, 0, info?.si_signo ?? 0) && put_user_u32(infop, 4, 0) && put_user_u32(infop, 8, info?.si_code ?? 0)
    && put_user_u32(infop, 16, info?.si_pid ?? 0) && put_user_u32(infop, 20, info?.si_uid ?? 0) && put_user_u32(infop, 24, info?.si_status ?? 0);
}

const WAITID_OPTIONS = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;

/** Takes the arguments of waitid() apart. kernel/exit.c:kernel_waitid_prepare @returns the options, or -errno */
function waitid_prepare(k: Kernel, which: number, upid: number, options: number): wait_opts | number {
  const task = k.current;
  if ((options & ~WAITID_OPTIONS) !== 0 || (options & (WEXITED | WSTOPPED | WCONTINUED)) === 0) return -EINVAL;
  switch (which) {
    case P_ALL:
      return new wait_opts(task, 'any', null, 0, options);
    case P_PID:
      return upid <= 0 ? -EINVAL : new wait_opts(task, 'pid', k.tasks.get(upid)?.thread_pid ?? null, 0, options);
    case P_PGID:
      return upid < 0 ? -EINVAL : new wait_opts(task, 'pgid', null, upid === 0 ? task.signal.pgrp : upid, options);
    case P_PIDFD: {
      if (upid < 0) return -EINVAL;
      const found = pidfd_pid(k, upid);
      if (found === null) return -EBADF;
      return new wait_opts(task, 'pid', found.pid, 0, found.nonblock ? options | WNOHANG : options);
    }
    default:
      return -EINVAL;
  }
}

/**
 * waitid(2): as wait4, with the choice of what to wait for and whether the child stays waitable. Sleeps until a
 * child has something to tell. kernel/exit.c:waitid
 * @param infop 128 bytes: si_signo, si_errno, si_code, and at 16 si_pid, si_uid, si_status
 * @returns 0, -ECHILD, -EINVAL, -EBADF, -EAGAIN (a pidfd that does not block), -EFAULT
 */
export function* sys_waitid(k: Kernel, which: number, upid: number, infop: user_ptr, options: number): Sleeps<number> {
  const wo = waitid_prepare(k, which, upid, options);
  if (typeof wo === 'number') return wo;
  let ret = yield* do_wait(k, wo);
  if (ret === 0 && (options & WNOHANG) === 0 && (wo.flags & WNOHANG) !== 0) ret = -EAGAIN;
  if (ret < 0) return ret;
  return infop !== null && !put_waitid_info(infop, wo.info) ? -EFAULT : 0;
}
