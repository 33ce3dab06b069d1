/**
 * What the tests of processes and signals share: sets of signals, handlers that write into a log, children, waiting,
 * sleeping, and runs under many schedules. Every helper is one call of a program; a negative number is an error.
 */

import { Seeded } from '../../src/kernel/decisions.js';
import type { Program } from '../../src/kernel/fork.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import type { k_sigaction, SignalHandler } from '../../src/kernel/signal_types.js';
import { get_user_u32, put_user_s64, type user_memory } from '../../src/kernel/uaccess.js';
import { mem, simulate, sys } from '../kit.js';

export const SIG = { HUP: 1, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15, CHLD: 17, CONT: 18, STOP: 19, TSTP: 20, WINCH: 28, RT: 34 };
export const SA = { NOCLDSTOP: 1, NOCLDWAIT: 2, RESTART: 0x10000000, NODEFER: 0x40000000, RESETHAND: 0x80000000 | 0 };
export const W = { NOHANG: 1, UNTRACED: 2, STOPPED: 2, EXITED: 4, CONTINUED: 8, NOWAIT: 0x1000000 };

/** A set of signals in user memory. */
export function sigset(...signals: readonly number[]): user_memory {
  const memory = mem(8);
  for (const sig of signals) memory.bytes[(sig - 1) >> 3]! |= 1 << ((sig - 1) & 7);
  return memory;
}

/** The signals of a set in user memory. */
export function members(memory: user_memory): number[] {
  const signals: number[] = [];
  for (let sig = 1; sig <= 64; sig++) if ((memory.bytes[(sig - 1) >> 3]! >> ((sig - 1) & 7)) & 1) signals.push(sig);
  return signals;
}

/** What is to be done about a signal, as rt_sigaction takes it. */
export function action(sa_handler: 0 | 1 | SignalHandler, sa_flags = 0, ...mask: readonly number[]): k_sigaction {
  const set = sigset(...mask);
  return { sa_handler, sa_flags, sa_mask_lo: get_user_u32(set, 0)!, sa_mask_hi: get_user_u32(set, 4)! };
}

export function* sigaction(k: Kernel, sig: number, handler: 0 | 1 | SignalHandler, flags = 0, ...mask: readonly number[]): Sleeps<number> {
  return yield* sys(k, 'rt_sigaction', sig, action(handler, flags, ...mask), null, 8);
}

/** A handler that notes the signal's number. */
export function* note(k: Kernel, log: unknown[], sig: number, flags = 0): Sleeps<void> {
  expect(yield* sigaction(k, sig, (signo) => void log.push(signo), flags)).toBe(0);
}

export function* block(k: Kernel, ...signals: readonly number[]): Sleeps<void> {
  expect(yield* sys(k, 'rt_sigprocmask', 0, sigset(...signals), null, 8)).toBe(0);
}

export function* unblock(k: Kernel, ...signals: readonly number[]): Sleeps<void> {
  expect(yield* sys(k, 'rt_sigprocmask', 1, sigset(...signals), null, 8)).toBe(0);
}

export function* kill(k: Kernel, pid: number, sig: number): Sleeps<number> {
  return yield* sys(k, 'kill', pid, sig);
}

export function* getpid(k: Kernel): Sleeps<number> {
  return yield* sys(k, 'getpid');
}

export function* fork(k: Kernel, program: Program): Sleeps<number> {
  return yield* sys(k, 'fork', program);
}

/** A thread of the calling process, made with clone. */
export function* thread(k: Kernel, program: Program): Sleeps<number> {
  return yield* sys(k, 'clone', 0x50f00, null, null, null, null, program);
}

/** wait4: [result, status]. */
export function* wait(k: Kernel, pid = -1, options = 0): Sleeps<[number, number]> {
  const status = mem(4);
  const ret = yield* sys(k, 'wait4', pid, status, options, null);
  return [ret, get_user_u32(status, 0)!];
}

/** waitid: [result, signo, code, pid, status]. */
export function* waitid(k: Kernel, type: number, id: number, options: number): Sleeps<number[]> {
  const info = mem(128);
  const ret = yield* sys(k, 'waitid', type, id, info, options, null);
  return [ret, ...[0, 8, 16, 24].map((at) => get_user_u32(info, at)!)];
}

/** A struct timespec. */
export function ts(ms: number): user_memory {
  const memory = mem(16);
  put_user_s64(memory, 0, Math.floor(ms / 1000));
  put_user_s64(memory, 8, Math.round((ms % 1000) * 1e6));
  return memory;
}

export function* msleep(k: Kernel, ms: number): Sleeps<number> {
  return yield* sys(k, 'nanosleep', ts(ms), null);
}

/** Milliseconds since the machine started. */
export function now(k: Kernel): number {
  return k.clock.nowNs / 1e6;
}

/** A pipe: [reading end, writing end]. */
export function* pipe(k: Kernel): Sleeps<[number, number]> {
  const fds = mem(8);
  expect(yield* sys(k, 'pipe2', fds, 0)).toBe(0);
  return [get_user_u32(fds, 0)!, get_user_u32(fds, 4)!];
}

/** Runs the program in the usual order and under `seeds` schedules that stop at every point: the result is always `expected`. */
export function always<T>(program: (k: Kernel) => Sleeps<T>, expected: T, seeds = 40): void {
  expect(simulate(program)).toEqual(expected);
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      expect(simulate(program, { preempt: 'all', decisions: new Seeded(seed) })).toEqual(expected);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}
