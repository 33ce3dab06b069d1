/**
 * Runs a recorded scenario on the model: the script is read line by line, each call is made by the task that the
 * line names, and the next line begins when the call has returned or sleeps. What comes out has the form of the
 * recordings, so that the two can be compared.
 */

import type { Kernel } from '../../../src/kernel/kernel.js';
import { errnoName } from '../../../src/kernel/errno.js';
import { spawn_process, task_main } from '../../../src/kernel/fork.js';
import { AT_SCHEDULE, type Sleeps } from '../../../src/kernel/point.js';
import { machine_step, try_to_wake_up, wake_up_new_task } from '../../../src/kernel/sched.js';
import { SIG_IGN, sigpending } from '../../../src/kernel/signal_types.js';
import { TASK_INTERRUPTIBLE, task_struct } from '../../../src/kernel/task.js';
import { Trace } from '../../../src/kernel/trace.js';
import { O_RDWR, SIGPIPE } from '../../../src/kernel/uapi.js';
import { install_new_file } from '../../../src/kernel/fdtable.js';
import { file } from '../../../src/kernel/file.js';
import { null_fops } from '../../../src/kernel/opaque.js';
import { callsIn, functionGraph, type GraphEntry } from '../../../src/inspect/trace.js';
import { machine, sys } from '../../kit.js';
import { type Finish, prepare, type Session } from './calls.js';
import { ScriptLabels } from './labels.js';
import type { Call } from './recorded.js';

/** One line of a script, read. */
export interface Line {
  untilEagain: boolean;
  thread: string;
  vars: string[];
  name: string;
  args: string[];
  /** the call as the recordings write it */
  text: string;
}

/** Reads one line: `[until_eagain:] [@thread] [name[, name] =] call(arguments)`. */
export function parseLine(line: string): Line {
  const match = /^(until_eagain:\s*)?(?:@(\w+)\s+)?(?:(\w+(?:,\s*\w+)*)\s*=\s*)?(\w+)\((.*)\)\s*$/.exec(line.trim());
  if (match === null) throw new Error(`not a line of a script: ${line}`);
  const [, until, thread, vars, name, args] = match;
  return {
    untilEagain: until !== undefined,
    thread: thread ?? 'main',
    vars: vars === undefined ? [] : vars.split(',').map((v) => v.trim()),
    name: name!,
    args: args!.trim() === '' ? [] : args!.split(',').map((a) => a.trim()),
    text: `${name}(${args})`,
  };
}

/** A call under way: what is to be run, and where its result goes. */
interface Job {
  record: Call;
  body: () => Sleeps<number>;
  finish: Finish;
  pid: number;
  /** row of the trace at which it began */
  from: number;
  /** names of descriptor numbers when it returned */
  numbers: ReadonlyMap<number, string>;
  done: boolean;
}

/** A task that makes the calls of one thread of the script. */
interface Worker {
  task: task_struct;
  job: Job | null;
}

/** A line that is no system call. */
function* noCall(): Sleeps<number> {
  return 0;
}

class Runner {
  readonly k: Kernel;
  readonly session: Session = { fds: new Map(), ports: new Map(), labels: [], page: null, nextPort: 20000 };
  readonly labels = new ScriptLabels();
  readonly calls: Call[] = [];
  private readonly jobs: Job[] = [];
  private readonly workers = new Map<string, Worker>();
  private seq = 0;

  constructor() {
    this.k = machine();
    this.k.trace = new Trace(this.k, 1 << 14, true);
  }

  /** Runs one line, with its rounds. */
  line(line: Line): void {
    for (;;) {
      const job = this.start(line);
      this.settle(job, line.thread === 'main');
      if (!job.done) job.record.blocked = true;
      if (!line.untilEagain || (job.record.ret ?? -1) <= 0) return;
    }
  }

  /** Joins the functions of every call to its record; labels are known only now. */
  finish(): Call[] {
    const { trace } = this.k;
    const calls = callsIn(trace!);
    for (const job of this.jobs) {
      const call = calls.find((c) => c.task === job.pid && c.from >= job.from);
      if (call === undefined || job.record.call.startsWith('unfault')) continue;
      const graph = functionGraph(this.k, call.from, call.to ?? trace!.count, job.pid, this.labels);
      job.record.log = graph.map((entry) => withItem(entry, job.numbers));
    }
    return this.calls;
  }

  private start(line: Line): Job {
    const worker = this.worker(line.thread);
    const seq = ++this.seq;
    const record: Call = { seq, task: line.thread, call: line.text, log: [] };
    const { name, args, finish } = prepare(this.k, this.session, line);
    const body = name === null ? noCall : () => sys(this.k, name, ...args);
    const job: Job = { record, body, finish, pid: worker.task.pid, from: this.k.trace!.count, numbers: new Map(), done: false };
    this.calls.push(record);
    this.jobs.push(job);
    worker.job = job;
    try_to_wake_up(this.k, worker.task, TASK_INTERRUPTIBLE);
    return job;
  }

  private worker(name: string): Worker {
    let worker = this.workers.get(name);
    if (worker !== undefined) return worker;
    const body = (): Sleeps<number> => this.loop(worker!);
    const main = this.workers.get('main');
    const task = main === undefined ? spawn_process(this.k, name, body) : thread(this.k, main.task, name, body);
    worker = { task, job: null };
    // A write to a broken connection answers EPIPE: the recorded programs ignored the signal.
    if (main === undefined) task.sighand.action[SIGPIPE]!.sa_handler = SIG_IGN;
    this.workers.set(name, worker);
    this.labels.tasks.set(task.pid, name);
    this.run();
    return worker;
  }

  /** What every thread of a script does: sleeps until it has a call to make, makes it. */
  private *loop(worker: Worker): Sleeps<number> {
    if (this.k.current.group_leader === this.k.current) for (let fd = 0; fd < 3; fd++) install_new_file(this.k, () => new file(this.k, null_fops, null, O_RDWR, '/dev/null'), false);
    for (;;) {
      const { job } = worker;
      if (job === null) {
        this.k.current.__state = TASK_INTERRUPTIBLE;
        yield AT_SCHEDULE;
        continue;
      }
      const ret = yield* job.body();
      worker.job = null;
      this.returned(job, ret);
    }
  }

  private returned(job: Job, ret: number): void {
    const { record } = job;
    job.done = true;
    record.ret = ret < 0 ? -1 : ret;
    if (ret < 0) record.errno = errnoName(-ret);
    if (this.seq !== record.seq) record.returned_during = this.seq;
    job.finish(this.k, record, ret);
    job.numbers = new Map([...this.session.fds].map(([name, fd]) => [fd, name]));
    this.labels.learn(this.k.current, this.session);
  }

  /** Until nobody can run. */
  private run(): void {
    while (this.k.runqueue.length > 0 || this.k.current !== this.k.idle) machine_step(this.k);
  }

  /** Until the call has returned or sleeps; a call of the main thread sleeps through its timeout. */
  private settle(job: Job, wait: boolean): void {
    this.run();
    while (wait && !job.done) {
      if (typeof machine_step(this.k) === 'string') throw new Error(`${job.record.call}: the main thread sleeps for ever`);
      this.run();
    }
  }
}

/** Where a function has a descriptor number and no item yet, the recordings name the item by the number's name. */
function withItem(entry: GraphEntry, numbers: ReadonlyMap<number, string>): GraphEntry {
  const { fd } = entry.in;
  return typeof fd === 'number' && !('item' in entry.in) ? { ...entry, in: { ...entry.in, item: numbers.get(fd) ?? `fd ${fd}` } } : entry;
}

/** A second thread of a process. */
function thread(k: Kernel, leader: task_struct, comm: string, program: () => Sleeps<number>): task_struct {
  const { tgid, user, signal, sighand, files } = leader;
  const task = new task_struct({ pid: k.new_pid(), tgid, comm, user, signal, sighand, files, pending: new sigpending(), leader });
  files.count++;
  sighand.count++;
  signal.threads.push(task);
  task.body = task_main(k, program);
  k.tasks.set(task.pid, task);
  wake_up_new_task(k, task);
  return task;
}

/** What a run on the model leaves: the calls in the form of the recordings, and the machine. */
export interface ScriptRun {
  calls: Call[];
  k: Kernel;
}

/** Runs a script (its title first) on a fresh machine. */
export function runScript(script: readonly string[]): ScriptRun {
  const runner = new Runner();
  for (const line of script) if (!line.startsWith('#')) runner.line(parseLine(line));
  return { calls: runner.finish(), k: runner.k };
}
