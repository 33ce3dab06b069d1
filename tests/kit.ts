/**
 * What kernel-level tests share: a machine, tasks, system calls by name, and a run to the end with the checks
 * that every run must pass. Tests of programs use the scenario API instead.
 */

import { Kernel, type KernelOptions } from '../src/kernel/kernel.js';
import { lockdep } from '../src/kernel/lock.js';
import { spawn_process, type Program } from '../src/kernel/fork.js';
import { machine_step, type Halt } from '../src/kernel/sched.js';
import type { Sleeps } from '../src/kernel/point.js';
import type { task_struct } from '../src/kernel/task.js';
import { user_memory } from '../src/kernel/uaccess.js';
import { checkInvariants, checkNoLeaks } from '../src/inspect/invariants.js';
import { do_syscall } from '../src/syscalls/entry.js';
import type { syscall_arg } from '../src/syscalls/row.js';
import { syscall_by_name } from '../src/syscalls/table.js';

/** A machine with lock order checking on. */
export function machine(options: KernelOptions = {}): Kernel {
  const k = new Kernel(options);
  k.lockdep = new lockdep();
  return k;
}

/** One system call of the current task: `yield* sys(k, 'read', fd, buf, 8)`. */
export function sys(k: Kernel, name: string, ...args: syscall_arg[]): Sleeps<number> {
  const row = syscall_by_name.get(name);
  if (row === undefined) throw new Error(`no such system call: ${name}`);
  return do_syscall(k, row, args);
}

/** User memory of n bytes, or with the given content. */
export function mem(content: number | string | readonly number[]): user_memory {
  if (typeof content === 'number') return new user_memory(new Uint8Array(content));
  if (typeof content === 'string') return new user_memory(Uint8Array.from(content, (c) => c.charCodeAt(0)));
  return new user_memory(Uint8Array.from(content));
}

/** A process running `program`. */
export function task(k: Kernel, comm: string, program: Program): task_struct {
  return spawn_process(k, comm, program);
}

/** Runs until nobody can go on, or until the clock passes `untilNs`; then all invariants must hold, and nothing may have leaked. */
export function run(k: Kernel, untilNs = Infinity): Halt | 'time' {
  let halt: Halt | 'time' = 'time';
  while (k.clock.nowNs <= untilNs) {
    const at = machine_step(k);
    if (typeof at !== 'string') continue;
    halt = at;
    break;
  }
  checkInvariants(k);
  checkNoLeaks(k);
  return halt;
}

/** One process on a fresh machine, run to its end; what it returns. */
export function simulate<T>(program: (k: Kernel) => Sleeps<T>, options: KernelOptions = {}): T {
  const k = machine(options);
  let result: T | undefined;
  let returned = false;
  task(k, 'main', function* () {
    result = yield* program(k);
    returned = true;
  });
  const halt = run(k);
  if (!returned) throw new Error(`the program did not end: the machine is ${halt}`);
  return result as T;
}
