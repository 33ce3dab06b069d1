/**
 * A thread of the log and the task that stands for it. The task's program is a generator that waits at a gate for the next line of the
 * log that is about it: make this call, take your signals, return from the handler. Between lines it stands at the gate as a
 * program stands in user mode.
 */

import { AT_EXIT_STOP, delay_group_leader } from '../kernel/exit.js';
import { point, type Point, type Might, type Sleeps } from '../kernel/point.js';
import { machine_step, run_next } from '../kernel/sched.js';
import { AT_SIGNAL_STOP, do_signal } from '../kernel/signal_deliver.js';
import type { siginfo } from '../kernel/signal_types.js';
import { TASK_DEAD, type task_struct, type tracer } from '../kernel/task.js';
import { ERESTARTSYS } from '../kernel/errno.js';
import { traced_syscall } from '../syscalls/entry.js';
import type { Call } from './call.js';
import type { Outside, Plan } from './plan.js';
import type { Session } from './session.js';

const AT_GATE = point('strace', 'the next line of the log');

/**
 * Where a thread is.
 * - user: at the gate, in its program or in a handler
 * - call: in a call, asleep or woken
 * - left: a call has come back, its signals are not looked at yet
 * - signal: stopped before a signal is delivered
 * - stopped: by a stop signal
 * - exiting: its descriptors are closed, its parent does not know yet
 * - dead
 */
export type Where = 'user' | 'call' | 'left' | 'signal' | 'stopped' | 'exiting' | 'dead';

type Order = 'call' | 'signals' | 'return';

export class Thread implements tracer {
  logPid: number;
  task!: task_struct;
  where: Where = 'user';
  /** the call that the log has entered and not left */
  call: Call | null = null;
  plan: Plan | Outside | null = null;
  /** the task has entered the call; not so while a choice holds it back */
  isBegun = false;
  /** what the call answered; null while it runs */
  ret: number | null = null;
  /** the signal before whose delivery the thread is stopped */
  stop: siginfo | null = null;
  /** what the program would see as the result of its last call */
  register = 0;
  /** what handlers will return to, innermost last: the register, and the call that is made again */
  readonly handlers: { readonly ret: number; readonly nr: number }[] = [];
  /** number of the last call */
  nr = -1;
  /** the point of its call at which the task stops once more, others overtake it; -1: none */
  pauseAt = -1;
  readonly sees_ignored: boolean;
  readonly #session: Session;
  #order: Order = 'call';
  #scratch = new Uint8Array(256);

  constructor(session: Session, logPid: number) {
    this.#session = session;
    this.sees_ignored = session.world.isTraced !== false;
    this.logPid = logPid;
  }

  /** Memory of the thread for what a call stores; the next call uses it again. */
  scratch(size: number): Uint8Array {
    if (this.#scratch.length < size) this.#scratch = new Uint8Array(2 * size);
    return this.#scratch;
  }

  /** The tracer's side: a signal is about to be delivered. */
  signal(_task: task_struct, info: siginfo): void {
    this.stop = info;
  }

  /** The program of a new task. */
  *main(): Sleeps<void> {
    this.task = this.#session.k.current;
    this.task.ptrace = this;
    yield* this.#userMode();
  }

  /** The program of a child that a call makes now; the log tells the child's number, and the model takes it. */
  childProgram(call: Call): () => Sleeps<void> {
    const { result } = call;
    const pid = result?.kind === 'value' ? Number(result.value) : 0;
    const child = new Thread(this.#session, pid);
    this.#session.newborn.push(child);
    if (pid > 0) this.#session.k.set_last_pid(pid - 1);
    return () => child.main();
  }

  /** The program after execve. */
  newProgram(): () => Sleeps<void> {
    return () => this.#afterExec();
  }

  *#afterExec(): Sleeps<void> {
    this.handlers.length = 0;
    yield* this.#left(0);
    yield* this.#userMode();
  }

  /** A handler of the program: its calls are in the log, up to rt_sigreturn. */
  *handler(ret: number): Sleeps<void> {
    this.handlers.push({ ret, nr: this.nr });
    yield* this.#userMode();
    this.handlers.pop();
  }

  *#userMode(): Sleeps<void> {
    for (;;) {
      this.where = 'user';
      yield AT_GATE;
      if (this.#order === 'return') return;
      if (this.#order === 'signals') yield* this.#takeSignals();
      else yield* this.#makeCall();
    }
  }

  *#makeCall(): Sleeps<void> {
    const { k } = this.#session;
    const { row, args } = this.plan as Plan;
    this.where = 'call';
    this.nr = row.nr;
    const handler = row.handler as (k: Session['k'], ...args: Plan['args'][number][]) => Might<number>;
    yield* this.#left(yield* traced_syscall(k, row.nr, args, () => handler(k, ...args)));
  }

  /** The call has come back: the log shows its result now, and then its signals. */
  *#left(ret: number): Sleeps<void> {
    this.ret = ret;
    this.where = 'left';
    yield AT_GATE;
    this.register = ret;
    yield* this.#takeSignals();
  }

  *#takeSignals(): Sleeps<void> {
    const { task, register } = this;
    if (!task.sigpending_flag && !task.restore_sigmask && register > -ERESTARTSYS) return;
    this.register = yield* do_signal(this.#session.k, register);
  }

  /** Lets the thread make its call, take its signals, or return from its handler. */
  go(order: Order): Where {
    this.#order = order;
    return this.resume();
  }

  /** The task stands at the point where others overtake it. */
  #isOvertaken(at: Point | string): boolean {
    const { k } = this.#session;
    if (at !== AT_GATE && at !== AT_SIGNAL_STOP && at !== AT_EXIT_STOP && this.pauseAt-- > 0) return false;
    this.pauseAt = -1;
    k.preempt = false;
    return this.where === 'call' && at !== AT_GATE;
  }

  /** A record of a program's own calls shows only signals that a handler of the program takes. */
  #isHandled(): boolean {
    return typeof this.task.sighand.action[this.stop!.si_signo]!.sa_handler === 'function';
  }

  /** Lets the task go on until it waits for the log again or sleeps. */
  resume(): Where {
    const { k } = this.#session;
    k.preempt = this.pauseAt >= 0;
    while (run_next(k, this.task)) {
      const at: Point | string = machine_step(k);
      if (k.preempt && this.#isOvertaken(at)) return this.where;
      if (at === AT_GATE) return this.where;
      if (at === AT_SIGNAL_STOP && (this.sees_ignored || this.#isHandled())) return (this.where = 'signal');
      // a first thread that ends before the others tells nobody: there is nothing to wait for
      if (at === AT_EXIT_STOP && !delay_group_leader(this.task)) return (this.where = 'exiting');
    }
    if (this.task.__state === TASK_DEAD) this.where = 'dead';
    else if (this.where !== 'call') this.where = 'stopped';
    return this.where;
  }
}
