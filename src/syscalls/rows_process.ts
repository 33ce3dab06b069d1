/**
 * System calls of processes, signals and time: one row a call. Calls that make a task or replace its program take
 * the program as an extra last argument.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import { sys_wait4, sys_waitid } from '../kernel/child_wait.js';
import { EFAULT, EINTR, EINVAL } from '../kernel/errno.js';
import { do_execve } from '../kernel/exec.js';
import { sys_exit, sys_exit_group } from '../kernel/exit.js';
import { CLONE_PARENT, CLONE_THREAD, CSIGNAL, kernel_clone, sys_clone, sys_fork, sys_unshare, sys_vfork, type Program } from '../kernel/fork.js';
import { sys_alarm, sys_getitimer, sys_setitimer } from '../kernel/itimer.js';
import type { Kernel } from '../kernel/kernel.js';
import { getname } from '../kernel/namei.js';
import { sys_pidfd_getfd, sys_pidfd_open, sys_pidfd_send_signal } from '../kernel/pidfd.js';
import type { Might } from '../kernel/point.js';
import { RLIMIT_NOFILE, RLIMIT_STACK, sys_getpgid, sys_getsid, sys_prctl, sys_prlimit64, sys_setpgid, sys_setsid } from '../kernel/rlimit.js';
import { sched_yield } from '../kernel/sched.js';
import {
  sys_kill, sys_pause, sys_rt_sigaction, sys_rt_sigpending, sys_rt_sigprocmask, sys_rt_sigqueueinfo, sys_rt_sigsuspend, sys_rt_sigtimedwait,
  sys_tgkill, sys_tkill,
} from '../kernel/signal_calls.js';
import { SFD_CLOEXEC, SFD_NONBLOCK, sys_signalfd, sys_signalfd4 } from '../kernel/signalfd.js';
import { _NSIG } from '../kernel/sigset.js';
import { sys_clock_gettime, sys_clock_nanosleep, sys_gettimeofday, sys_nanosleep } from '../kernel/time.js';
import type { user_memory, user_ptr } from '../kernel/uaccess.js';
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, O_NONBLOCK, SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, TIMER_ABSTIME } from '../kernel/uapi.js';
import { fd, flags, int, oneOf, ptr, sigset, structure, timespec, uint } from './print.js';
import {
  action_in, action_out, CLONE_NAMES, clone3_args, clone_printers, environment, itimerval_in, itimerval_out, rlimit_in, rlimit_out, siginfo_in,
  siginfo_out, signal, signalName, string_array, timespec_out, timespec_rest, timeval_out, wait_options, wait_status, waitid_options,
} from './print_signal.js';
import type { arg_printer, clone_args, syscall_row } from './row.js';
import { path } from './rows_file.js';

const CLONE_ARGS_SIZE_VER0 = 64;
const CLONE_LEGACY_FLAGS = 0x3ffffff;

/** An argument that strace does not know of. */
const hidden: arg_printer = () => '';

/** The raw call has the program last. kernel/fork.c:clone */
function clone(k: Kernel, bits: number, _stack: user_ptr, parent_tid: user_ptr, child_tid: user_ptr, _tls: user_ptr, program: Program): Might<number> {
  return sys_clone(k, bits, program, parent_tid, child_tid);
}

/** clone3(2). kernel/fork.c:clone3 @returns as clone, -EINVAL (size, flags, a signal that does not exist or of a thread), -EFAULT */
function clone3(k: Kernel, uargs: clone_args | null, size: number, program: Program): Might<number> {
  if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
  if (uargs === null) return -EFAULT;
  const { flags: bits, exit_signal = 0 } = uargs;
  if ((bits & ~CLONE_LEGACY_FLAGS) !== 0 || (bits & CSIGNAL) !== 0 || exit_signal < 0 || exit_signal > _NSIG) return -EINVAL;
  if ((bits & (CLONE_THREAD | CLONE_PARENT)) !== 0 && exit_signal !== 0) return -EINVAL;
  const { pidfd = null, parent_tid = null, child_tid = null } = uargs;
  return kernel_clone(k, { flags: bits, exit_signal, pidfd, parent_tid, child_tid, program });
}

/** execve(2): the name of the new process is the last part of the path. fs/exec.c:execve @returns only errors: -EFAULT, -EAGAIN */
function execve(k: Kernel, filename: user_ptr, _argv: readonly user_memory[] | null, _envp: readonly user_memory[] | null, program: Program): Might<number> {
  const name = getname(filename);
  if (typeof name === 'number') return name;
  return do_execve(k, name.slice(name.lastIndexOf('/') + 1), program);
}

const clock = oneOf({
  CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3, CLOCK_MONOTONIC_RAW: 4, CLOCK_REALTIME_COARSE: 5,
  CLOCK_MONOTONIC_COARSE: 6, CLOCK_BOOTTIME,
});
const itimer = oneOf({ ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 });
const resource = oneOf({ RLIMIT_STACK, RLIMIT_NOFILE });
const clone_flags = flags(CLONE_NAMES);
const sfd_flags = flags({ SFD_CLOEXEC, SFD_NONBLOCK });
const id_type = oneOf({ P_ALL: 0, P_PID: 1, P_PGID: 2, P_PIDFD: 3 });
const sigset_out = structure((memory, call) => sigset(memory, call), 'out');

const process_calls: readonly syscall_row[] = [
  { nr: 24, name: 'sched_yield', args: [], handler: sched_yield },
  { nr: 39, name: 'getpid', args: [], handler: (k: Kernel) => k.current.tgid },
  { nr: 56, name: 'clone', args: clone_printers, handler: clone },
  { nr: 57, name: 'fork', args: [hidden], handler: sys_fork },
  { nr: 58, name: 'vfork', args: [hidden], handler: sys_vfork },
  { nr: 59, name: 'execve', args: [path, string_array, environment, hidden], handler: execve },
  { nr: 60, name: 'exit', args: [int], handler: sys_exit },
  { nr: 61, name: 'wait4', args: [int, wait_status, wait_options, ptr], handler: sys_wait4 },
  { nr: 97, name: 'getrlimit', args: [resource, rlimit_out], handler: (k: Kernel, which: number, to: user_ptr) => (to === null ? -EFAULT : sys_prlimit64(k, 0, which, null, to)) },
  { nr: 102, name: 'getuid', args: [], handler: (k: Kernel) => k.current.user.uid },
  { nr: 109, name: 'setpgid', args: [int, int], handler: sys_setpgid },
  { nr: 110, name: 'getppid', args: [], handler: (k: Kernel) => k.current.group_leader.real_parent?.tgid ?? 0 },
  { nr: 111, name: 'getpgrp', args: [], handler: (k: Kernel) => sys_getpgid(k, 0) },
  { nr: 112, name: 'setsid', args: [], handler: sys_setsid },
  { nr: 121, name: 'getpgid', args: [int], handler: sys_getpgid },
  { nr: 124, name: 'getsid', args: [int], handler: sys_getsid },
  { nr: 157, name: 'prctl', args: [oneOf({ PR_SET_CHILD_SUBREAPER: 36, PR_GET_CHILD_SUBREAPER: 37 }), int], handler: sys_prctl },
  { nr: 160, name: 'setrlimit', args: [resource, rlimit_in], handler: (k: Kernel, which: number, from: user_ptr) => (from === null ? -EFAULT : sys_prlimit64(k, 0, which, from, null)) },
  { nr: 186, name: 'gettid', args: [], handler: (k: Kernel) => k.current.pid },
  { nr: 231, name: 'exit_group', args: [int], handler: sys_exit_group },
  { nr: 247, name: 'waitid', args: [id_type, int, siginfo_out, waitid_options, ptr], handler: sys_waitid },
  { nr: 272, name: 'unshare', args: [clone_flags], handler: sys_unshare },
  { nr: 302, name: 'prlimit64', args: [int, resource, rlimit_in, rlimit_out], handler: sys_prlimit64 },
  { nr: 424, name: 'pidfd_send_signal', args: [fd, signal, siginfo_in, uint], handler: sys_pidfd_send_signal },
  { nr: 434, name: 'pidfd_open', args: [int, flags({ PIDFD_NONBLOCK: O_NONBLOCK, PIDFD_THREAD: 0o200 })], handler: sys_pidfd_open },
  { nr: 435, name: 'clone3', args: [clone3_args, uint, hidden], handler: clone3 },
  { nr: 438, name: 'pidfd_getfd', args: [fd, fd, uint], handler: sys_pidfd_getfd },
];

const signal_rows: readonly syscall_row[] = [
  { nr: 13, name: 'rt_sigaction', args: [signal, action_in, action_out, uint], handler: sys_rt_sigaction },
  { nr: 14, name: 'rt_sigprocmask', args: [oneOf({ SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK }), sigset, sigset_out, uint], handler: sys_rt_sigprocmask },
  { nr: 34, name: 'pause', args: [], handler: sys_pause },
  { nr: 62, name: 'kill', args: [int, signal], handler: sys_kill },
  { nr: 127, name: 'rt_sigpending', args: [sigset_out, uint], handler: sys_rt_sigpending },
  {
    nr: 128, name: 'rt_sigtimedwait', args: [sigset, siginfo_out, timespec, uint], handler: sys_rt_sigtimedwait,
    result: (call) => ` (${signalName(call.ret!)})`,
  },
  { nr: 129, name: 'rt_sigqueueinfo', args: [int, signal, siginfo_in], handler: sys_rt_sigqueueinfo },
  { nr: 130, name: 'rt_sigsuspend', args: [sigset, uint], handler: sys_rt_sigsuspend },
  { nr: 200, name: 'tkill', args: [int, signal], handler: sys_tkill },
  // what a program would get that makes this call itself: the kernel makes it when a stopped call goes on
  { nr: 219, name: 'restart_syscall', args: [], handler: () => -EINTR },
  { nr: 234, name: 'tgkill', args: [int, int, signal], handler: sys_tgkill },
  { nr: 282, name: 'signalfd', args: [fd, sigset, uint], handler: sys_signalfd },
  { nr: 289, name: 'signalfd4', args: [fd, sigset, uint, sfd_flags], handler: sys_signalfd4 },
];

const time_rows: readonly syscall_row[] = [
  { nr: 35, name: 'nanosleep', args: [timespec, timespec_rest], handler: sys_nanosleep },
  { nr: 36, name: 'getitimer', args: [itimer, itimerval_out], handler: sys_getitimer },
  { nr: 37, name: 'alarm', args: [uint], handler: sys_alarm },
  { nr: 38, name: 'setitimer', args: [itimer, itimerval_in, itimerval_out], handler: sys_setitimer },
  { nr: 96, name: 'gettimeofday', args: [timeval_out, ptr], handler: sys_gettimeofday },
  { nr: 228, name: 'clock_gettime', args: [clock, timespec_out], handler: sys_clock_gettime },
  { nr: 230, name: 'clock_nanosleep', args: [clock, flags({ TIMER_ABSTIME }), timespec, timespec_rest], handler: sys_clock_nanosleep },
];

export const process_rows: readonly syscall_row[] = [...process_calls, ...signal_rows, ...time_rows];
