/**
 * What all system calls of a program go through: the call is noted on the log, made, and its answer is put together. A call that was
 * prepared and never run (a forgotten `yield*`) is found when the program makes its next one.
 *
 * The convention of every call: the answer is what the kernel leaves in the result register, a number that is `>= 0`, or `-errno`.
 * A call that also stores something in the program's memory answers an object: `ret` is that number, the other members are what was
 * stored. A call that makes two descriptors answers the pair; when it fails both are `-errno`.
 */

import type { Kernel } from '../kernel/kernel.js';
import { point, type Sleeps } from '../kernel/point.js';
import type { task_struct } from '../kernel/task.js';
import { enter_syscall } from '../syscalls/entry.js';
import type { syscall_arg, syscall_row } from '../syscalls/row.js';
import { syscall_by_name } from '../syscalls/table.js';
import { ProgramError, ScenarioError } from './errors.js';
import type { Observers } from './observe.js';
import { RunningCall, type Strace } from './strace.js';

/**
 * A thread in user mode, about to make a call. Another thread of the process may run here and close the very descriptor that the call is about:
 * the table is read without a lock.
 */
const AT_ENTRY = point('do_syscall_64', 'before the call');

/** The answer of a call that stores something besides. */
export interface CallResult {
  /** what the kernel answered: >= 0, or -errno */
  readonly ret: number;
}

/** Two descriptors of one call, or twice its -errno. */
export type FdPair = readonly [number, number];

/** What a call becomes when it is run with `yield*`. May sleep, as the call does. */
export type Call<T = number> = Sleeps<T>;

/** A call of the table by its name. */
export function rowOf(name: string): syscall_row {
  const row = syscall_by_name.get(name);
  if (row === undefined) throw new ScenarioError(`this kernel has no system call ${name}`);
  return row;
}

/** `server(1)`; with the host, where it has a name: `main(1) on server`. */
export function taskText(k: Kernel, task: task_struct): string {
  return `${task.comm}(${task.pid})${k.name === '' ? '' : ` on ${k.name}`}`;
}

/** The task that has the CPU of a host. */
export function taskName(k: Kernel): string {
  return taskText(k, k.current);
}

/** What the face of one host works with. */
export interface CallHost {
  readonly kernel: Kernel;
  readonly log: Strace;
  /** the call that was prepared and not yet run */
  prepared: string | null;
  /** who is told of calls; null: nobody */
  readonly observers: Observers | null;
}

/** Throws when a call was prepared and never run. */
export function checkNothingPrepared(host: CallHost): void {
  const { prepared } = host;
  if (prepared === null) return;
  host.prepared = null;
  throw new ProgramError(`${taskName(host.kernel)}: ${prepared}() was called without yield*, so it did nothing; write: yield* sys.${prepared}(...)`, taskName(host.kernel), host.log.count);
}

/** Makes calls for the program that has the CPU. */
export class CallBase {
  protected readonly host: CallHost;

  constructor(host: CallHost) {
    this.host = host;
  }

  /** A call whose answer is a number. */
  protected ask(name: string, ...args: syscall_arg[]): Call {
    checkNothingPrepared(this.host);
    this.host.prepared = name;
    return this.run(rowOf(name), args);
  }

  /** A call whose answer is put together from its result and what it stored. */
  protected askFor<T>(name: string, args: readonly syscall_arg[], answer: (ret: number) => T): Call<T> {
    checkNothingPrepared(this.host);
    this.host.prepared = name;
    return this.runFor(rowOf(name), args, answer);
  }

  /** Makes the call. Sleeps as it does. */
  private *run(row: syscall_row, args: readonly syscall_arg[]): Call {
    const { kernel, log } = this.host;
    this.host.prepared = null;
    if (kernel.preempt && kernel.current.files.count > 1) yield AT_ENTRY;
    const call = new RunningCall(kernel.current, row, args);
    log.enter(call);
    if (this.host.observers !== null) this.host.observers.called(call);
    const might = enter_syscall(kernel, row, args);
    const ret = typeof might === 'number' ? might : yield* might;
    log.exit(call, ret);
    if (this.host.observers !== null) this.host.observers.called(call);
    return ret;
  }

  /** Makes the call and puts its answer together. Sleeps as the call does. */
  private *runFor<T>(row: syscall_row, args: readonly syscall_arg[], answer: (ret: number) => T): Call<T> {
    return answer(yield* this.run(row, args));
  }

  /**
   * Any call of the table with its bare arguments: numbers, and memory for pointers. For calls that have no method
   * here, and for wrong arguments that no method would pass.
   * @param name as in the table: `epoll_pwait2`, `eventfd2` ...
   */
  syscall(name: string, ...args: syscall_arg[]): Call {
    return this.ask(name, ...args);
  }
}
