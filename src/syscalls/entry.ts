/**
 * The way into the kernel and out of it: every system call of every program passes here. On the way out pinned
 * files are dropped, released files are closed, and signals are delivered, which may run the call again.
 * Linux counterparts: arch/x86/entry/common.c, kernel/entry/common.c.
 */

import type { Kernel } from '../kernel/kernel.js';
import { clock_advance_to } from '../kernel/clock.js';
import { EINTR, ERESTART_RESTARTBLOCK, ERESTARTNOINTR, ERESTARTSYS } from '../kernel/errno.js';
import { fdput_all } from '../kernel/fdtable.js';
import { task_work_run } from '../kernel/file.js';
import type { Might, Sleeps } from '../kernel/point.js';
import { AT_RESCHED, SLICE_SYSCALLS, StepBudgetExceeded, TICK_NS } from '../kernel/sched.js';
import { do_signal } from '../kernel/signal_deliver.js';
import type { task_struct } from '../kernel/task.js';
import { T_SYSCALL_ENTER, T_SYSCALL_EXIT } from '../kernel/trace.js';
import type { syscall_arg, syscall_row } from './row.js';

/** What a stopped call goes on with when it cannot simply be made again. */
const NR_restart_syscall = 219;

type handler = (k: Kernel, ...args: readonly (syscall_arg | undefined)[]) => Might<number>;

/** A call has at most six arguments; those it was not given are undefined. Spreading them is several times slower. arch/x86/entry/syscall_64.c:x64_sys_call */
function call_handler(k: Kernel, row: syscall_row, args: readonly syscall_arg[]): Might<number> {
  return (row.handler as handler)(k, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/** Nothing is left to do on the way out. ours: arch/x86 tests its work flags at once */
function may_return(task: task_struct, ret: number): boolean {
  return task.pins.length === 0 && task.task_works.length === 0 && !task.sigpending_flag && !task.restore_sigmask && ret > -ERESTARTSYS;
}

function leave_syscall(k: Kernel, task: task_struct, nr: number, ret: number): number {
  task.syscall_nr = -1;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_EXIT, nr, ret);
  return ret;
}

/**
 * Runs one system call of the current task: to its end if nothing makes it sleep, else as a generator.
 * arch/x86/entry/common.c:do_syscall_64
 */
export function enter_syscall(k: Kernel, row: syscall_row, args: readonly syscall_arg[]): Might<number> {
  const task = k.current;
  if (++k.steps > k.stepBudget) throw new StepBudgetExceeded(k.stepBudget);
  k.stats.syscalls++;
  if (++task.slice > SLICE_SYSCALLS) return after_time_slice(k, row, args);
  task.syscall_nr = row.nr;
  task.syscall_args = args;
  if (k.footprint !== null) k.footprint.call(row.nr);
  if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, row.nr);
  const might = call_handler(k, row, args);
  if (typeof might === 'number' && may_return(task, might)) return leave_syscall(k, task, row.nr, might);
  return exit_to_user_mode(k, row, args, might);
}

/** A task that never sleeps: its slice ends, a tick of time passes, and the others have their turn. It sleeps as the call does. kernel/sched/rt.c:task_tick_rt */
function* after_time_slice(k: Kernel, row: syscall_row, args: readonly syscall_arg[]): Sleeps<number> {
  k.current.slice = 0;
  clock_advance_to(k, k.clock.nowNs + TICK_NS);
  yield AT_RESCHED;
  k.current.ax = 0;
  if (k.current.sigpending_flag) yield* do_signal(k, 0);
  const might = enter_syscall(k, row, args);
  return typeof might === 'number' ? might : yield* might;
}

/** The rest of a call that sleeps, or that has something to do on its way out. Sleeps as they do. kernel/entry/common.c:exit_to_user_mode_loop */
function* exit_to_user_mode(k: Kernel, row: syscall_row, args: readonly syscall_arg[], answer: Might<number>): Sleeps<number> {
  const task = k.current;
  let might = answer;
  let nr = row.nr;
  for (;;) {
    let ret: number = typeof might === 'number' ? might : yield* might;
    if (task.pins.length > 0) fdput_all(k);
    if (task.task_works.length > 0) yield* task_work_run(k);
    if (may_return(task, ret)) return leave_syscall(k, task, nr, ret);
    // a tracer sees the call's own result, restart codes included, before signals are delivered
    leave_syscall(k, task, nr, ret);
    task.ax = ret;
    ret = yield* do_signal(k, ret);
    if (ret !== -ERESTARTNOINTR && ret !== -ERESTART_RESTARTBLOCK) return ret;
    const again = ret === -ERESTARTNOINTR;
    nr = again ? row.nr : NR_restart_syscall;
    task.syscall_nr = nr;
    task.syscall_args = again ? args : [];
    if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, nr);
    if (again) might = call_handler(k, row, args);
    else might = task.restart === null ? -EINTR : task.restart();
  }
}

/** As enter_syscall, for callers that write yield*. Sleeps as the call does. arch/x86/entry/common.c:do_syscall_64 */
export function* do_syscall(k: Kernel, row: syscall_row, args: readonly syscall_arg[]): Sleeps<number> {
  const might = enter_syscall(k, row, args);
  return typeof might === 'number' ? might : yield* might;
}

/**
 * A call as a tracer follows it: it ends where the tracer sees the result, restart codes and all; signals are delivered
 * afterwards, by do_signal(). Sleeps as the call does. kernel/entry/common.c:syscall_exit_work
 */
export function* traced_syscall(k: Kernel, nr: number, args: readonly syscall_arg[], start: () => Might<number>): Sleeps<number> {
  const task = k.current;
  k.stats.syscalls++;
  task.syscall_nr = nr;
  task.syscall_args = args;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, nr);
  const might = start();
  const ret = typeof might === 'number' ? might : yield* might;
  if (task.pins.length > 0) fdput_all(k);
  if (task.task_works.length > 0) yield* task_work_run(k);
  task.syscall_nr = -1;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_EXIT, nr, ret);
  return ret;
}
