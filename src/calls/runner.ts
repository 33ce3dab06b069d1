/**
 * Runs a script on the model: each call is made by the task that the line names, and the next line begins when the call has returned or
 * sleeps. What comes out has the form of the recordings, so that the two can be compared.
 */

import { TASK_INTERRUPTIBLE, type task_struct } from '../kernel/task.js';
import { clock_advance_to } from '../kernel/clock.js';
import type { Decisions } from '../kernel/decisions.js';
import { errnoName } from '../kernel/errno.js';
import { install_new_file } from '../kernel/fdtable.js';
import { file } from '../kernel/file.js';
import { kernel_clone, spawn_process, spawn_thread } from '../kernel/fork.js';
import { Kernel } from '../kernel/kernel.js';
import { lockdep } from '../kernel/lock.js';
import { null_fops, O_LARGEFILE } from '../kernel/opaque.js';
import { AT_SCHEDULE, type Sleeps } from '../kernel/point.js';
import { machine_step, try_to_wake_up } from '../kernel/sched.js';
import { SIG_IGN } from '../kernel/signal_types.js';
import { Trace } from '../kernel/trace.js';
import { absent_page, page_present, type user_memory } from '../kernel/uaccess.js';
import { O_RDWR, SIGPIPE } from '../kernel/uapi.js';
import { do_syscall } from '../syscalls/entry.js';
import type { syscall_arg } from '../syscalls/row.js';
import { syscall_by_name } from '../syscalls/table.js';
import { callsIn, functionGraph, type GraphEntry } from '../inspect/trace.js';
import { CONSTANTS } from './constants.js';
import { functionClasses } from './functions.js';
import { ScriptLabels } from './labels.js';
import { Block, Hole, memoryOf, type Arg, type Names } from './layout.js';
import type { Prepared } from './builders.js';
import type { Program } from './program.js';
import type { Call } from './record.js';

/** How a script is run. */
export interface RunOptions {
  /** keeps the kernel functions of every call; default true */
  readonly log?: boolean;
  /** chooses among tasks that can run; default: in the order in which they were woken */
  readonly decisions?: Decisions;
  /** milliseconds of virtual time at which each call (by its number) has returned or sleeps, at the earliest; default: calls take no time */
  readonly ms?: readonly number[];
}

/** What a run on the model leaves: the calls in the form of the recordings, and the machine. */
export interface ScriptRun {
  readonly calls: Call[];
  readonly k: Kernel;
}

/** Rounds of `until_eagain`, at most: a write to an eventfd with nothing to add goes on for ever. */
const MAX_ROUNDS = 1000;
/** SA_RESTART of sigaction(2). */
const SA_RESTART = 0x10000000;
/** A timed call that takes longer than this sleeps for good. */
const PATIENCE_NS = 60e9;

/** A call under way: what is to be run, and where its result goes. */
interface Job {
  readonly prepared: Prepared;
  readonly record: Call;
  readonly pid: number;
  /** row of the trace at which it began */
  readonly from: number;
  readonly memory: Map<Block, user_memory>;
  /** names of descriptor numbers when it returned */
  numbers: ReadonlyMap<number, string>;
  done: boolean;
}

/** A task that makes the calls of one thread of the script. */
interface Worker {
  readonly task: task_struct;
  job: Job | null;
}

class Runner implements Names {
  readonly k: Kernel;
  readonly calls: Call[] = [];
  private readonly program: Program;
  private readonly ms: readonly number[];
  private readonly labels = new ScriptLabels();
  private readonly jobs: Job[] = [];
  private readonly workers = new Map<string, Worker>();
  /** descriptors by name, in the order in which they were given */
  private readonly fds = new Map<string, number>();
  private readonly ports = new Map<string, number>();
  private page: absent_page | null = null;
  private seq = 0;

  constructor(program: Program, { log = true, decisions, ms = [] }: RunOptions) {
    this.program = program;
    this.ms = ms;
    this.k = new Kernel(decisions === undefined ? {} : { decisions, preempt: 'listed' });
    this.k.lockdep = new lockdep();
    if (log) this.k.trace = new Trace(this.k, 1 << 14, true);
  }

  fd(name: string): number {
    return this.fds.get(name) ?? -1;
  }

  port(name: string): number {
    return this.ports.get(name) ?? 0;
  }

  /** Runs one line, with its rounds; the line of a task that sleeps is passed over. */
  line(prepared: Prepared): void {
    const { line, timed } = prepared;
    const worker = this.worker(line.thread);
    if (worker === null || worker.job !== null) return;
    for (let rounds = 1; ; rounds++) {
      const job = this.start(worker, prepared);
      this.settle(job, timed);
      this.letTimePass(this.ms[this.seq]);
      if (!job.done) job.record.blocked = true;
      if (!line.untilEagain || (job.record.ret ?? -1) <= 0 || rounds === MAX_ROUNDS) return;
    }
  }

  /** Joins the functions of every call to its record; labels are known only now. */
  finish(): Call[] {
    const { trace } = this.k;
    if (trace === null) return this.calls;
    const calls = callsIn(trace);
    for (const { prepared, record, pid, from, numbers } of this.jobs) {
      const call = prepared.kind !== 'call' ? undefined : calls.find((c) => c.task === pid && c.from >= from);
      if (call === undefined) continue;
      record.log = inClasses(functionGraph(this.k, call.from, call.to ?? trace.count, pid, this.labels)).map((entry) => withItem(entry, numbers));
    }
    this.calls.push(...this.onNoAccount(trace));
    return this.calls;
  }

  /** What timers did while nobody ran. */
  private onNoAccount(trace: Trace): Call[] {
    const out: Call[] = [];
    for (const entry of inClasses(functionGraph(this.k, 0, trace.count, 0, this.labels))) {
      const after = this.jobs.filter(({ from }) => from <= entry.i).length;
      if (entry.d === 0) out.push({ seq: null, after, task: '-', call: '-', log: [] });
      out[out.length - 1]?.log.push(entry);
    }
    return out;
  }

  private start(worker: Worker, prepared: Prepared): Job {
    const { line } = prepared;
    const record: Call = { seq: ++this.seq, task: line.thread, call: line.text, ...(line.vars.length === 0 ? {} : { var: line.vars.join(', ') }), log: [] };
    const job: Job = { prepared, record, pid: worker.task.pid, from: this.k.trace?.count ?? 0, memory: new Map(), numbers: new Map(), done: false };
    this.calls.push(record);
    this.jobs.push(job);
    worker.job = job;
    try_to_wake_up(this.k, worker.task, TASK_INTERRUPTIBLE);
    return job;
  }

  /** The task of a line: a thread begins with its first line, a process with fork(); null: there is none. */
  private worker(name: string): Worker | null {
    const known = this.workers.get(name);
    if (known !== undefined) return known.task.exited ? null : known;
    if (this.program.processes.includes(name)) return null;
    const main = this.workers.get('main');
    const body = (): Sleeps<void> => this.loop(name);
    const task = main === undefined ? spawn_process(this.k, name, body) : spawn_thread(this.k, main.task, name, body);
    if (main === undefined) this.prepareProcess(task);
    else task.blocked_lo = main.task.blocked_lo;
    return this.begin(name, task);
  }

  private begin(name: string, task: task_struct): Worker {
    const worker = { task, job: null };
    this.workers.set(name, worker);
    this.labels.tasks.set(task.pid, name);
    this.run();
    return worker;
  }

  /** SIGPIPE is ignored, two signals are for signalfd, two interrupt a call: one of them for good, the other so that the call goes on. */
  private prepareProcess(task: task_struct): void {
    const { action } = task.sighand;
    action[SIGPIPE]!.sa_handler = SIG_IGN;
    for (const name of ['SIGALRM', 'SIGVTALRM']) action[CONSTANTS[name]!]!.sa_handler = () => {};
    action[CONSTANTS['SIGVTALRM']!]!.sa_flags = SA_RESTART;
    for (const name of ['SIGUSR1', 'SIGUSR2']) task.blocked_lo |= 1 << (CONSTANTS[name]! - 1);
  }

  /** What every task of a script does: sleeps until it has a call to make, makes it. */
  private *loop(name: string): Sleeps<void> {
    const { k } = this;
    if (name === 'main') for (let fd = 0; fd < 3; fd++) install_new_file(k, () => new file(k, null_fops, null, O_RDWR | O_LARGEFILE, '/dev/null'), false);
    for (;;) {
      const job = this.workers.get(name)?.job ?? null;
      if (job === null) {
        if (k.current.sigpending_flag) yield* this.call('getpid', []);
        k.current.__state = TASK_INTERRUPTIBLE;
        yield AT_SCHEDULE;
        continue;
      }
      const ret = yield* this.perform(job);
      this.workers.get(name)!.job = null;
      this.returned(job, ret);
      if (job.prepared.kind === 'exit') return;
    }
  }

  private *perform(job: Job): Sleeps<number> {
    const { kind, name, args } = job.prepared;
    if (kind === 'call') return yield* this.call(name, args.map((arg) => this.value(job, arg)));
    if (kind === 'fork') return yield* this.fork(job.prepared.line.args[0]!);
    if (kind === 'unfault' && this.page !== null) page_present(this.k, this.page);
    return 0;
  }

  private call(name: string, args: readonly syscall_arg[]): Sleeps<number> {
    return do_syscall(this.k, syscall_by_name.get(name)!, args);
  }

  /** A process with a copy of everything. Its pid is nobody's business: the call answers 0. */
  private *fork(name: string): Sleeps<number> {
    const program = (): Sleeps<void> => this.loop(name);
    const pid = yield* kernel_clone(this.k, { flags: 0, exit_signal: CONSTANTS['SIGCHLD']!, pidfd: null, parent_tid: null, child_tid: null, program });
    if (pid < 0) return pid;
    const task = this.k.tasks.get(pid)!;
    this.workers.set(name, { task, job: null });
    this.labels.tasks.set(pid, name);
    return 0;
  }

  private value(job: Job, arg: Arg): syscall_arg {
    if (arg instanceof Block) {
      if (arg.absent) this.page = new absent_page(this.k.new_id(), 0);
      const memory = memoryOf(arg, this, this.page);
      job.memory.set(arg, memory);
      return memory;
    }
    if (!(arg instanceof Hole)) return arg;
    const [name = ''] = arg.names;
    switch (arg.kind) {
      case 'fd': return this.fd(name);
      case 'nfds': return 1 + Math.max(-1, ...arg.names.map((each) => this.fd(each)));
      case 'pid': return this.workers.get(name)?.task.tgid ?? 0;
      case 'tid': return this.workers.get(name)?.task.pid ?? 0;
    }
  }

  private returned(job: Job, ret: number): void {
    const { record, prepared } = job;
    job.done = true;
    record.ret = ret < 0 ? -1 : ret;
    if (ret < 0) record.errno = errnoName(-ret);
    if (this.seq !== record.seq) record.returned_during = this.seq;
    const bytes = (block: Block): Uint8Array => job.memory.get(block)!.bytes;
    prepared.decode(record, { ret, bytes, fd: (name) => this.fd(name) });
    if (ret >= 0) {
      const numbers = prepared.pair === null ? [ret] : record.fds!;
      prepared.line.vars.forEach((name, index) => this.keep(name, numbers[index]!));
    }
    this.learnPorts();
    job.numbers = new Map([...this.fds].map(([name, fd]) => [fd, name]));
    this.labels.learn(this.k.current, this.fds);
  }

  /** A name for a descriptor, later than all names before it. */
  private keep(name: string, fd: number): void {
    this.fds.delete(name);
    this.fds.set(name, fd);
  }

  /** The ports of all sockets that have one. */
  private learnPorts(): void {
    for (const [name, fd] of this.fds) {
      const socket = this.k.current.files.at(fd)?.private_data as { sk?: { inet_sport?: number } } | null | undefined;
      const port = socket?.sk?.inet_sport ?? 0;
      if (port !== 0) this.ports.set(name, port);
    }
  }

  /** Timers fire until the clock shows so many milliseconds. */
  private letTimePass(ms = 0): void {
    const { clock } = this.k;
    const until = ms * 1e6;
    while (clock.heap[0] !== undefined && clock.heap[0].expiresNs <= until) {
      clock_advance_to(this.k, Math.max(clock.heap[0].expiresNs, clock.nowNs));
      this.run();
    }
    if (clock.nowNs < until) clock_advance_to(this.k, until);
  }

  /** Until nobody can run. */
  private run(): void {
    while (this.k.runqueue.length > 0 || this.k.current !== this.k.idle) machine_step(this.k);
  }

  /** Until the call has returned or sleeps; one that ends by itself is waited for. */
  private settle(job: Job, timed: boolean): void {
    this.run();
    const until = this.k.clock.nowNs + PATIENCE_NS;
    while (timed && !job.done && this.k.clock.nowNs < until) {
      if (typeof machine_step(this.k) === 'string') return;
      this.run();
    }
  }
}

/** Only functions that have a class, with depths that count only those. */
function inClasses(graph: readonly GraphEntry[]): GraphEntry[] {
  const out: GraphEntry[] = [];
  const counted: boolean[] = [];
  for (const entry of graph) {
    counted.length = entry.d;
    const counts = functionClasses.has(entry.f);
    if (counts) out.push({ ...entry, d: counted.filter(Boolean).length });
    counted.push(counts);
  }
  return out;
}

/** Where a function has a descriptor number and no item yet, the recordings name the item by the number's name. */
function withItem(entry: GraphEntry, numbers: ReadonlyMap<number, string>): GraphEntry {
  const { fd } = entry.in;
  return typeof fd === 'number' && !('item' in entry.in) ? { ...entry, in: { ...entry.in, item: numbers.get(fd) ?? `fd ${fd}` } } : entry;
}

/** Runs a script on a fresh machine. */
export function runProgram(program: Program, options: RunOptions = {}): ScriptRun {
  const runner = new Runner(program, options);
  for (const prepared of program.lines) runner.line(prepared);
  return { calls: runner.finish(), k: runner.k };
}
