/**
 * How calls of processes, signals and time print: the lines are those that strace writes for the same calls.
 */

import type { user_memory } from '../../src/kernel/uaccess.js';
import { printCall } from '../../src/syscalls/print.js';
import { siginfoText } from '../../src/syscalls/print_signal.js';
import type { syscall_arg } from '../../src/syscalls/row.js';
import { syscall_by_name } from '../../src/syscalls/table.js';
import { words } from '../kernel/calls.js';
import { action, SA, SIG, sigset, ts } from '../kernel/proc.js';
import { mem } from '../kit.js';

function line(name: string, ret: number, ...args: syscall_arg[]): string {
  return printCall({ row: syscall_by_name.get(name)!, args, ret }).replace(/ +=/, ' =');
}

function status(value: number): user_memory {
  return words(value);
}

test('signals print as strace prints them', () => {
  expect(line('kill', 0, 8, SIG.USR1)).toBe('kill(8, SIGUSR1) = 0');
  expect(line('tgkill', 0, 8, 8, 0)).toBe('tgkill(8, 8, 0) = 0');
  expect(line('rt_sigprocmask', 0, 0, sigset(SIG.USR1, SIG.CHLD), null, 8)).toBe('rt_sigprocmask(SIG_BLOCK, [USR1 CHLD], NULL, 8) = 0');
  expect(line('rt_sigaction', 0, SIG.USR2, action(1, SA.RESTART, SIG.USR2), action(0), 8))
    .toBe('rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_mask=[USR2], sa_flags=SA_RESTART}, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0');
  expect(line('rt_sigsuspend', -514, sigset(SIG.CHLD), 8)).toBe('rt_sigsuspend([CHLD], 8) = ? ERESTARTNOHAND (To be restarted if no handler)');
  expect(line('rt_sigtimedwait', SIG.USR1, sigset(SIG.USR1), null, ts(0), 8)).toBe('rt_sigtimedwait([USR1], NULL, {tv_sec=0, tv_nsec=0}, 8) = 10 (SIGUSR1)');
  expect(line('signalfd4', 5, -1, sigset(SIG.USR1), 8, 0o2004000)).toBe('signalfd4(-1, [USR1], 8, SFD_CLOEXEC|SFD_NONBLOCK) = 5');
  expect(siginfoText({ si_signo: SIG.CHLD, si_code: 2, si_pid: 10, si_uid: 0, si_status: SIG.TERM, si_value: 0 }))
    .toBe('{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=10, si_uid=0, si_status=SIGTERM, si_utime=0, si_stime=0}');
  expect(siginfoText({ si_signo: SIG.ALRM, si_code: 0x80, si_pid: 0, si_uid: 0, si_status: 0, si_value: 0 })).toBe('{si_signo=SIGALRM, si_code=SI_KERNEL}');
});

test('processes print as strace prints them', () => {
  expect(line('clone', 9, 0x1200000 | SIG.CHLD, null, null, mem(4), null, null))
    .toBe('clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7ffc0000) = 9');
  expect(line('clone', 10, 0x400 | SIG.CHLD, null, null, null, null, null)).toBe('clone(child_stack=NULL, flags=CLONE_FILES|SIGCHLD) = 10');
  expect(line('clone3', 12, { flags: 0x1000, pidfd: mem([4, 0, 0, 0]), exit_signal: SIG.CHLD }, 88, null))
    .toBe('clone3({flags=CLONE_PIDFD, pidfd=0x7ffc0000, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {pidfd=[4]}, 88) = 12');
  expect(line('execve', 0, mem('/tmp/x/bin/fdops\0'), [mem('fdops\0'), mem('after-exec\0')], null, null)).toBe('execve("/tmp/x/bin/fdops", ["fdops", "after-exec"], NULL) = 0');
  expect(line('wait4', 9, 9, status(4 << 8), 0, null)).toBe('wait4(9, [{WIFEXITED(s) && WEXITSTATUS(s) == 4}], 0, NULL) = 9');
  expect(line('wait4', 9, -1, status(SIG.TERM), 1, null)).toBe('wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM}], WNOHANG, NULL) = 9');
  expect(line('waitid', 0, 3, 7, mem(128), 5, null)).toBe('waitid(P_PIDFD, 7, {}, WNOHANG|WEXITED, NULL) = 0');
  expect(line('prlimit64', 0, 0, 7, words(16, 16384), null)).toBe('prlimit64(0, RLIMIT_NOFILE, {rlim_cur=16, rlim_max=16*1024}, NULL) = 0');
  expect(line('prlimit64', 0, 0, 3, null, words(8388608, -1))).toBe('prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0');
  expect(line('pidfd_send_signal', -3, 6, 0, null, 0)).toBe('pidfd_send_signal(6, 0, NULL, 0) = -1 ESRCH (No such process)');
  expect(line('unshare', 0, 0x400)).toBe('unshare(CLONE_FILES) = 0');
});

test('sleeps print as strace prints them: the rest only when it was stored', () => {
  expect(line('clock_nanosleep', 0, 0, 0, ts(13), mem(16))).toBe('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=13000000}, 0x7ffc0000) = 0');
  expect(line('clock_nanosleep', -516, 0, 0, ts(40), ts(26)))
    .toBe('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=40000000}, {tv_sec=0, tv_nsec=26000000}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)');
  expect(line('setitimer', 0, 0, words(0, 0, 0, 5000), null)).toBe('setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, tv_usec=5000}}, NULL) = 0');
});
