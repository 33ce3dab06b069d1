/**
 * Prints what signals, processes and times look like in system calls, as strace does: siginfo, signal actions, wait
 * status, clone flags, limits. ours: strace does this from outside.
 */

import { CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL, SI_USER, SIG_DFL, SIG_IGN, type k_sigaction, type siginfo } from '../kernel/signal_types.js';
import { get_user_s64, get_user_u32, user_memory } from '../kernel/uaccess.js';
import { SA_NOCLDSTOP, SA_NOCLDWAIT, SA_NODEFER, SA_RESETHAND, SA_RESTART, SA_SIGINFO } from '../kernel/uapi.js';
import { flags, flagText, ptr, SIGNAL_NAMES, sigsetText, storedByKernel, structure } from './print.js';
import type { arg_printer, clone_args, syscall_record } from './row.js';

/** `SIGUSR1`, `SIGRT_1`, or the number when there is no such signal. */
export function signalName(sig: number): string {
  if (sig <= 0 || sig > 64) return String(sig);
  return `SIG${SIGNAL_NAMES[sig] ?? (sig === 32 ? 'RTMIN' : `RT_${sig - 32}`)}`;
}

/** A signal number. */
export const signal: arg_printer = (value) => signalName(Number(value));

const SI_CODES = new Map([[SI_USER, 'SI_USER'], [SI_KERNEL, 'SI_KERNEL'], [SI_QUEUE, 'SI_QUEUE'], [SI_TIMER, 'SI_TIMER'], [SI_TKILL, 'SI_TKILL']]);
const CLD_CODES = new Map([
  [CLD_EXITED, 'CLD_EXITED'], [CLD_KILLED, 'CLD_KILLED'], [CLD_DUMPED, 'CLD_DUMPED'], [CLD_STOPPED, 'CLD_STOPPED'], [CLD_CONTINUED, 'CLD_CONTINUED'],
]);

/** `{si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0}`. */
export function siginfoText(info: siginfo): string {
  const { si_signo, si_code, si_pid, si_uid, si_status, si_value } = info;
  if (si_signo === 0) return '{}';
  const name = signalName(si_signo);
  if (si_signo === 17 && CLD_CODES.has(si_code)) {
    const status = si_code === CLD_EXITED ? String(si_status) : signalName(si_status);
    return `{si_signo=${name}, si_code=${CLD_CODES.get(si_code)}, si_pid=${si_pid}, si_uid=${si_uid}, si_status=${status}, si_utime=0, si_stime=0}`;
  }
  const head = `{si_signo=${name}, si_code=${SI_CODES.get(si_code) ?? si_code}`;
  if (si_code === SI_KERNEL) return `${head}}`;
  const pointer = si_value === 0 ? 'NULL' : `0x${(si_value >>> 0).toString(16)}`;
  if (si_code === SI_TIMER) return `${head}, si_timerid=${si_pid}, si_overrun=${si_uid}, si_int=${si_value}, si_ptr=${pointer}}`;
  return `${head}, si_pid=${si_pid}, si_uid=${si_uid}${si_code === SI_QUEUE ? `, si_int=${si_value}, si_ptr=${pointer}` : ''}}`;
}

function siginfoIn(memory: user_memory): string {
  const at = (offset: number): number => get_user_u32(memory, offset) ?? 0;
  return siginfoText({ si_signo: at(0), si_code: at(8), si_pid: at(16), si_uid: at(20), si_status: at(24), si_value: at(24) });
}

/** A siginfo that the kernel stores / that the program passes. */
export const siginfo_out = structure(siginfoIn, 'out');
export const siginfo_in = structure(siginfoIn);

const SA_FLAG_NAMES = { SA_RESTORER: 0x04000000, SA_NODEFER, SA_RESETHAND, SA_RESTART, SA_SIGINFO, SA_NOCLDSTOP, SA_NOCLDWAIT };

function actionText(action: k_sigaction): string {
  const { sa_handler, sa_flags, sa_mask_lo, sa_mask_hi } = action;
  const handler = sa_handler === SIG_DFL ? 'SIG_DFL' : sa_handler === SIG_IGN ? 'SIG_IGN' : '0x401136';
  const restorer = (sa_flags & SA_FLAG_NAMES.SA_RESTORER) !== 0 ? ', sa_restorer=0x401000' : '';
  return `{sa_handler=${handler}, sa_mask=${sigsetText(sa_mask_lo, sa_mask_hi)}, sa_flags=${flagText(sa_flags, SA_FLAG_NAMES)}${restorer}}`;
}

const isAction = (value: unknown): value is k_sigaction => typeof value === 'object' && value !== null && 'sa_handler' in value;

/** A signal action. ours: strace prints it */
export const action_in: arg_printer = (value, call) => (isAction(value) ? actionText(value) : ptr(value, call));

/** The action of before. */
export const action_out: arg_printer = storedByKernel((value, call) => (isAction(value) && call.ret === 0 ? actionText(value) : ptr(value, call)));

/** `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`. */
export const wait_status: arg_printer = structure((memory, call) => {
  if (call.ret === 0) return '0x7ffc0000';
  const status = get_user_u32(memory, 0) ?? 0;
  const sig = status & 0x7f;
  if (status === 0xffff) return '[{WIFCONTINUED(s)}]';
  if (sig === 0x7f) return `[{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(status >> 8)}}]`;
  if (sig === 0) return `[{WIFEXITED(s) && WEXITSTATUS(s) == ${status >> 8}}]`;
  return `[{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(sig)}${(status & 0x80) !== 0 ? ' && WCOREDUMP(s)' : ''}}]`;
}, 'out');

/** Names of clone flags, in the order in which strace prints them. */
export const CLONE_NAMES: Readonly<Record<string, number>> = {
  CLONE_VM: 0x100, CLONE_FS: 0x200, CLONE_FILES: 0x400, CLONE_SIGHAND: 0x800, CLONE_PIDFD: 0x1000, CLONE_VFORK: 0x4000, CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x10000, CLONE_SYSVSEM: 0x40000, CLONE_SETTLS: 0x80000, CLONE_PARENT_SETTID: 0x100000, CLONE_CHILD_CLEARTID: 0x200000, CLONE_CHILD_SETTID: 0x1000000,
};

const hasFlag = (call: syscall_record, bits: number): boolean => (Number(call.args[0]) & bits) !== 0;

/** The arguments of clone() as strace shows them: by name, in an order of their own; tid pointers only with their flags. */
export const clone_printers: readonly arg_printer[] = [
  (_value, call) => `child_stack=${ptr(call.args[1] ?? null, call)}`,
  (_value, call) => {
    const bits = Number(call.args[0]);
    const names = flagText(bits & ~0xff, CLONE_NAMES, '');
    const sig = bits & 0xff;
    return `flags=${[names, sig === 0 ? '' : signalName(sig)].filter((text) => text !== '').join('|') || '0'}`;
  },
  (value, call) => {
    if (!hasFlag(call, 0x101000)) return '';
    const stored = value instanceof user_memory && call.ret !== null && call.ret > 0 ? `[${get_user_u32(value, 0)}]` : ptr(value, call);
    return `parent_tid=${stored}`;
  },
  (value, call) => (hasFlag(call, 0x1200000) ? `child_tidptr=${ptr(value, call)}` : ''),
  (value, call) => (hasFlag(call, 0x80000) ? `tls=${ptr(value, call)}` : ''),
  () => '',
];

/** The structure of clone3(), and what the kernel stored through its pointers. ours: strace prints it */
export const clone3_args: arg_printer = (value, call) => {
  if (typeof value !== 'object' || value === null || !('flags' in value)) return ptr(null, call);
  const args = value as clone_args;
  const parts = [`flags=${flagText(args.flags, CLONE_NAMES)}`];
  for (const name of ['pidfd', 'child_tid', 'parent_tid'] as const) if (args[name] !== undefined) parts.push(`${name}=0x7ffc0000`);
  const sig = args.exit_signal ?? 0;
  parts.push(`exit_signal=${signalName(sig)}`, 'stack=NULL', 'stack_size=0');
  const stored: string[] = [];
  if (call.ret !== null && call.ret > 0) {
    if ((args.flags & 0x100000) !== 0 && args.parent_tid !== undefined) stored.push(`parent_tid=[${get_user_u32(args.parent_tid, 0)}]`);
    if ((args.flags & 0x1000) !== 0 && args.pidfd !== undefined) stored.push(`pidfd=[${get_user_u32(args.pidfd, 0)}]`);
  }
  return `{${parts.join(', ')}}${stored.length > 0 ? ` => {${stored.join(', ')}}` : ''}`;
};

function cstring(memory: user_memory): string {
  const end = memory.bytes.indexOf(0);
  return JSON.stringify(String.fromCharCode(...memory.bytes.subarray(0, end < 0 ? memory.bytes.length : end)));
}

/** argv: `["fdops", "after-exec"]`. ours: strace prints it */
export const string_array: arg_printer = (value, call) =>
  Array.isArray(value) ? `[${(value as readonly user_memory[]).map(cstring).join(', ')}]` : ptr(value, call);

/** envp, abbreviated. */
export const environment: arg_printer = (value, call) =>
  Array.isArray(value) ? `0x7ffc0000 /* ${value.length} vars */` : ptr(value, call);

function limit(value: number): string {
  if (value < 0) return 'RLIM64_INFINITY';
  return value > 1024 && value % 1024 === 0 ? `${value / 1024}*1024` : String(value);
}

const rlimitText = (memory: user_memory): string =>
  `{rlim_cur=${limit(get_user_s64(memory, 0) ?? 0)}, rlim_max=${limit(get_user_s64(memory, 8) ?? 0)}}`;

/** A pair of limits. */
export const rlimit_in = structure(rlimitText);
export const rlimit_out = structure(rlimitText, 'out');

const timevalText = (memory: user_memory, at: number): string => `{tv_sec=${get_user_s64(memory, at)}, tv_usec=${get_user_s64(memory, at + 8)}}`;

/** A struct timeval that the kernel stores. */
export const timeval_out = structure((memory) => timevalText(memory, 0), 'out');

const itimervalText = (memory: user_memory): string => `{it_interval=${timevalText(memory, 0)}, it_value=${timevalText(memory, 16)}}`;

/** A struct itimerval. */
export const itimerval_in = structure(itimervalText);
export const itimerval_out = structure(itimervalText, 'out');

const timespecText = (memory: user_memory): string => `{tv_sec=${get_user_s64(memory, 0)}, tv_nsec=${get_user_s64(memory, 8)}}`;

/** A struct timespec that the kernel stores. */
export const timespec_out = structure(timespecText, 'out');

/** The rest of a sleep: stored only when a signal cut it short. */
export const timespec_rest: arg_printer = storedByKernel((value, call) =>
  value instanceof user_memory && call.ret !== null && call.ret < 0 ? timespecText(value) : ptr(value, call),
);

/** Options of wait4() and waitid(). */
export const wait_options = flags({
  WNOHANG: 1, WUNTRACED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x1000000, __WNOTHREAD: 0x20000000, __WALL: 0x40000000, __WCLONE: 0x80000000,
});
export const waitid_options = flags({ WNOHANG: 1, WSTOPPED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x1000000, __WNOTHREAD: 0x20000000, __WALL: 0x40000000, __WCLONE: 0x80000000 });
