/**
 * Limits and identities that a program can ask for: the number of descriptors, process groups, sessions, and who
 * gets its orphans. Linux counterpart: kernel/sys.c. Limits other than RLIMIT_NOFILE are only told, never in force.
 */

import type { Kernel } from './kernel.js';
import { EFAULT, EINVAL, EPERM, ESRCH } from './errno.js';
import { thread_group_leader } from './exit.js';
import { get_user_u32, put_user_u32, type user_ptr } from './uaccess.js';

export const RLIMIT_STACK = 3;
export const RLIMIT_NOFILE = 7;
const RLIM_NLIMITS = 16;
/** the highest soft or hard limit of descriptors. fs/file.c:sysctl_nr_open */
const NR_OPEN = 1048576;

export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_GET_CHILD_SUBREAPER = 37;

function get_rlim(from: user_ptr, at: number): number | null {
  const lo = get_user_u32(from, at);
  const hi = get_user_u32(from, at + 4);
  if (lo === null || hi === null) return null;
  return (lo & hi) === -1 ? Infinity : (hi >>> 0) * 0x100000000 + (lo >>> 0);
}

function put_rlim(to: user_ptr, at: number, value: number): boolean {
  if (value === Infinity) return put_user_u32(to, at, -1) && put_user_u32(to, at + 4, -1);
  return put_user_u32(to, at, value | 0) && put_user_u32(to, at + 4, Math.floor(value / 0x100000000));
}

/** kernel/sys.c:do_prlimit @returns 0, -EINVAL, -EPERM */
function set_limit(k: Kernel, task: Kernel['current'], resource: number, cur: number, max: number): number {
  if (cur > max) return -EINVAL;
  if (resource !== RLIMIT_NOFILE) return 0;
  const limit = task.signal.rlim_nofile;
  if (max > NR_OPEN || (max > limit.max && !k.current.capable)) return -EPERM;
  limit.cur = cur;
  limit.max = max;
  return 0;
}

/**
 * prlimit64(2). kernel/sys.c:prlimit64
 * @param pid 0: the caller
 * @param old_rlim 16 bytes: soft limit, hard limit
 * @returns 0, -EINVAL, -ESRCH, -EPERM, -EFAULT
 */
export function sys_prlimit64(k: Kernel, pid: number, resource: number, new_rlim: user_ptr, old_rlim: user_ptr): number {
  const cur = new_rlim === null ? 0 : get_rlim(new_rlim, 0);
  const max = new_rlim === null ? 0 : get_rlim(new_rlim, 8);
  if (cur === null || max === null) return -EFAULT;
  const task = pid === 0 ? k.current : k.tasks.get(pid);
  if (task === undefined) return -ESRCH;
  if (resource < 0 || resource >= RLIM_NLIMITS) return -EINVAL;
  if (task.user.uid !== k.current.user.uid && !k.current.capable) return -EPERM;
  const limit = task.signal.rlim_nofile;
  const old = resource === RLIMIT_NOFILE ? [limit.cur, limit.max] : [resource === RLIMIT_STACK ? 8192 * 1024 : Infinity, Infinity];
  if (new_rlim !== null) {
    const err = set_limit(k, task, resource, cur, max);
    if (err < 0) return err;
  }
  return old_rlim !== null && !(put_rlim(old_rlim, 0, old[0]!) && put_rlim(old_rlim, 8, old[1]!)) ? -EFAULT : 0;
}

/** getpgid(2). kernel/sys.c:getpgid @param pid 0: the caller @returns process group, -ESRCH */
export function sys_getpgid(k: Kernel, pid: number): number {
  const task = pid === 0 ? k.current : k.tasks.get(pid);
  return task === undefined ? -ESRCH : task.signal.pgrp;
}

/** getsid(2). kernel/sys.c:getsid @param pid 0: the caller @returns session, -ESRCH */
export function sys_getsid(k: Kernel, pid: number): number {
  const task = pid === 0 ? k.current : k.tasks.get(pid);
  return task === undefined ? -ESRCH : task.signal.session;
}

/** setpgid(2): the caller or a child goes to another process group of the session. kernel/sys.c:setpgid @returns 0, -EINVAL, -ESRCH, -EPERM */
export function sys_setpgid(k: Kernel, pid: number, pgid: number): number {
  const self = k.current;
  const target = pid === 0 ? self.group_leader.pid : pid;
  const group = pgid === 0 ? target : pgid;
  if (group < 0) return -EINVAL;
  const task = k.tasks.get(target);
  if (task === undefined) return -ESRCH;
  if (!thread_group_leader(task)) return -EINVAL;
  const mine = task.signal === self.signal;
  if (!mine && task.real_parent?.signal !== self.signal) return -ESRCH;
  if (task.signal.session !== self.signal.session || task.signal.session === task.pid) return -EPERM;
  const exists = [...k.tasks.values()].some((t) => t.signal.pgrp === group && t.signal.session === self.signal.session);
  if (group !== target && !exists) return -EPERM;
  task.signal.pgrp = group;
  return 0;
}

/** setsid(2): a session and a process group of its own. kernel/sys.c:setsid @returns the session, -EPERM (leads a group already) */
export function sys_setsid(k: Kernel): number {
  const { signal, tgid } = k.current;
  for (const t of k.tasks.values()) if (t.signal.pgrp === tgid) return -EPERM;
  signal.session = tgid;
  signal.pgrp = tgid;
  return tgid;
}

/** prctl(2), for PR_SET_CHILD_SUBREAPER and PR_GET_CHILD_SUBREAPER. kernel/sys.c:prctl @returns 0, -EINVAL, -EFAULT */
export function sys_prctl(k: Kernel, option: number, arg: number | user_ptr): number {
  const { signal } = k.current;
  if (option === PR_SET_CHILD_SUBREAPER) {
    signal.is_child_subreaper = arg !== 0;
    return 0;
  }
  if (option !== PR_GET_CHILD_SUBREAPER || typeof arg === 'number') return -EINVAL;
  return put_user_u32(arg, 0, signal.is_child_subreaper ? 1 : 0) ? 0 : -EFAULT;
}
