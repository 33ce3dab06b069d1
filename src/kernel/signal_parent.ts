/**
 * What a parent is told of its children: SIGCHLD when one ends, stops or goes on, and the wake-up of its wait4().
 * Linux counterpart: kernel/signal.c. Not modelled: tracers, which Linux tells first.
 */

import type { Kernel } from './kernel.js';
import { send_signal_locked } from './signal.js';
import {
  CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, SIG_IGN, type siginfo,
} from './signal_types.js';
import { TASK_INTERRUPTIBLE, type task_struct } from './task.js';
import { SA_NOCLDSTOP, SA_NOCLDWAIT, SIGCHLD, SIGCONT } from './uapi.js';
import { __wake_up_sync_key } from './wait.js';

/** Wakes those in wait4() of the parent's process who wait for this child; the key is its pid. kernel/exit.c:__wake_up_parent */
function __wake_up_parent(k: Kernel, task: task_struct, parent: task_struct): void {
  __wake_up_sync_key(k, parent.signal.wait_chldexit, TASK_INTERRUPTIBLE, task.pid);
}

/** What SIGCHLD and waitid() tell of a task that ended with this wait status. kernel/signal.c:do_notify_parent */
export function exit_siginfo(task: task_struct, status: number): siginfo {
  const signalled = (status & 0x7f) !== 0;
  const si_code = !signalled ? CLD_EXITED : (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED;
  const si_status = signalled ? status & 0x7f : (status >> 8) & 0xff;
  return { si_signo: SIGCHLD, si_code, si_pid: task.tgid, si_uid: task.user.uid, si_status, si_value: 0 };
}

/**
 * Tells the parent that a process has ended. kernel/signal.c:do_notify_parent
 * @returns true: nobody wants to know its status, the task may be released at once
 */
export function do_notify_parent(k: Kernel, task: task_struct, sig: number): boolean {
  const parent = task.real_parent;
  if (parent === null) return true;
  const info = exit_siginfo(task, task.exit_code);
  info.si_signo = sig;
  const action = parent.sighand.action[SIGCHLD]!;
  let autoreap = false;
  let send = sig !== 0;
  if (sig === SIGCHLD && (action.sa_handler === SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) !== 0)) {
    autoreap = true;
    if (action.sa_handler === SIG_IGN) send = false;
  }
  if (send) send_signal_locked(k, sig, info, parent, 'process');
  __wake_up_parent(k, task, parent);
  return autoreap;
}

/** Tells the parent that a process has stopped or goes on. kernel/signal.c:do_notify_parent_cldstop @param why CLD_STOPPED or CLD_CONTINUED */
export function do_notify_parent_cldstop(k: Kernel, thread: task_struct, why: number): void {
  const task = thread.group_leader;
  const parent = task.real_parent;
  if (parent === null) return;
  const action = parent.sighand.action[SIGCHLD]!;
  if (action.sa_handler !== SIG_IGN && (action.sa_flags & SA_NOCLDSTOP) === 0) {
    const si_status = why === CLD_CONTINUED ? SIGCONT : task.signal.group_exit_code & 0x7f;
    const info: siginfo = { si_signo: SIGCHLD, si_code: why, si_pid: task.tgid, si_uid: task.user.uid, si_status, si_value: 0 };
    send_signal_locked(k, SIGCHLD, info, parent, 'process');
  }
  __wake_up_parent(k, task, parent);
}
