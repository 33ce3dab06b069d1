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
import { T_SYSCALL_ENTER, T_SYSCALL_EXIT } from '../kernel/trace.js';
import type { syscall_arg, syscall_row } from './row.js';

/** Runs one system call of the current task. Sleeps as its handler does. arch/x86/entry/common.c:do_syscall_64 */
export function* do_syscall(k: Kernel, row: syscall_row, args: readonly syscall_arg[]): Sleeps<number> {
  const task = k.current;
  if (++k.steps > k.stepBudget) throw new StepBudgetExceeded(k.stepBudget);
  k.stats.syscalls++;
  if (++task.slice > SLICE_SYSCALLS) {
    // A task that never sleeps: its slice ends, a tick of time passes, and the others have their turn.
    task.slice = 0;
    clock_advance_to(k, k.clock.nowNs + TICK_NS);
    yield AT_RESCHED;
  }
  task.syscall_nr = row.nr;
  task.syscall_args = args;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_ENTER, row.nr);
  let ret = 0;
  const handler = row.handler as (k: Kernel, ...args: readonly syscall_arg[]) => Might<number>;
  let might = handler(k, ...args);
  for (;;) {
    ret = typeof might === 'number' ? might : yield* might;
    if (task.pins.length > 0) fdput_all(k);
    if (task.task_works.length > 0) yield* task_work_run(k);
    if (!task.sigpending_flag && !task.restore_sigmask && ret > -ERESTARTSYS) break;
    ret = yield* do_signal(k, ret);
    if (ret === -ERESTARTNOINTR) might = handler(k, ...args);
    else if (ret === -ERESTART_RESTARTBLOCK) might = task.restart === null ? -EINTR : task.restart();
    else break;
  }
  task.syscall_nr = -1;
  if (k.trace !== null) k.trace.emit(T_SYSCALL_EXIT, row.nr, ret);
  return ret;
}
