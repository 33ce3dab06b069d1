/**
 * A vector: one run of a scenario as a list of system calls, each with its task, arguments and answer, and the order in which the calls
 * begin and end. Whoever makes the same calls in the same order must get the same answers. Pauses of a program (nanosleep) make others
 * go first, so they are part of the order and no steps.
 */

import { EAGAIN, errnoName } from '../kernel/errno.js';
import type { task_struct } from '../kernel/task.js';
import { user_memory } from '../kernel/uaccess.js';
import { T_WAKE, type Trace } from '../kernel/trace.js';
import { oldestStep } from '../inspect/trace.js';
import { printCall } from '../syscalls/print.js';
import type { syscall_arg, syscall_row } from '../syscalls/row.js';
import type { CallEvent } from '../scenario/observe.js';
import { startScenario, type Scenario, type Story } from '../scenario/scenario.js';
import { politeScenario } from './polite.js';

/** A task of a vector. */
export interface VectorTask {
  readonly name: string;
  readonly pid: number;
  readonly kind: 'process' | 'thread';
  /** index of the task that made it; null: it is there from the start */
  readonly parent: number | null;
}

/** One system call. */
export interface Step {
  readonly number: number;
  /** index of its task */
  readonly task: number;
  readonly row: syscall_row;
  /** the arguments; memory as it was when the call began */
  readonly args: readonly syscall_arg[];
  /** the same with what the kernel stored; the arguments again while the call has not returned */
  stored: readonly syscall_arg[];
  /** null: it never returned */
  ret: number | null;
  /** as strace prints it */
  text: string;
  /** other calls began or ended while it slept */
  slept: boolean;
  /** the program paused before it, milliseconds, at most LONGEST_PAUSE_MS: what goes on by itself, such as a delayed acknowledgement, has that time */
  pauseMs: number;
  /** index of the task that it made, or about which its answer tells; null: none */
  about: number | null;
}

/** What happens: a step begins, or it ends. */
export interface Move {
  readonly step: number;
  readonly what: 'begin' | 'end';
}

/** One run. */
export interface Vector {
  readonly scenario: string;
  readonly options: Readonly<Record<string, string>>;
  readonly title: string;
  readonly about: string;
  readonly tasks: readonly VectorTask[];
  readonly steps: readonly Step[];
  readonly moves: readonly Move[];
  /** the programs run on several hosts: no one kernel can run them */
  readonly hosts: boolean;
  /** answers from this step on depend on real time, and why; null: none do */
  readonly timed: { readonly from: number; readonly why: string } | null;
}

/** Longest pause of a C program, milliseconds: a longer one of the scenario is cut to it. */
export const LONGEST_PAUSE_MS = 300;

/** The time of a nanosleep(), milliseconds. */
function pauseOf(time: syscall_arg | undefined): number {
  if (!(time instanceof user_memory) || time.bytes.length < 16) return 0;
  const at = new DataView(time.bytes.buffer, time.bytes.byteOffset);
  return Math.min(LONGEST_PAUSE_MS, Math.ceil(Number(at.getBigInt64(0, true)) * 1000 + Number(at.getBigInt64(8, true)) / 1e6));
}

/** Memory as it is now. */
function frozen(arg: syscall_arg): syscall_arg {
  if (!(arg instanceof user_memory) || arg.constructor !== user_memory) return arg;
  const copy = new user_memory(arg.bytes.slice(), arg.faultAt, arg.kernelSpace);
  copy.absent = arg.absent;
  return copy;
}

/** A timerfd is set to fire: what is ready afterwards depends on the time. */
function startsTimer({ row, args }: Step): boolean {
  return row.name === 'timerfd_settime' && args[2] instanceof user_memory && args[2].bytes.slice(16).some((byte) => byte !== 0);
}

/** A send buffer is full: how much fitted, and what fits next, depends on when acknowledgements come. */
function isFull({ row, ret, args }: Step): boolean {
  return (row.name === 'write' || row.name === 'sendto') && ret !== null && (ret === -EAGAIN || (ret >= 0 && ret < (args[2] as number)));
}

/** Bytes that a send buffer takes without running out of room, whenever they are acknowledged. */
const LITTLE = 8192;

/** The first wait that finds no room where there was some, after much was written: whether there is any depends on when acknowledgements come. */
function withoutRoom(steps: readonly Step[]): Step | undefined {
  let written = 0;
  let room = false;
  return steps.find(({ row, text, ret }) => {
    if ((row.name === 'write' || row.name === 'sendto') && (ret ?? 0) > 0) written += ret!;
    if (row.name !== 'epoll_wait' && row.name !== 'poll') return false;
    const found = /(events=[A-Z|]*EPOLLOUT|revents=[A-Z|]*POLLOUT)/.test(text);
    if (found) room = true;
    return room && !found && written > LITTLE;
  });
}

/** Two listeners share a port: a hash of random numbers says which of them gets a connection. */
function sharesPort({ row, args }: Step): boolean {
  return row.name === 'setsockopt' && args[1] === 1 && args[2] === 15;
}

/** A row of the trace that says that a task was made runnable. */
function isWake(row: readonly number[], pid: number): boolean {
  return row[1] === T_WAKE && row[2] === pid;
}

/** The step from which on a run depends on real time. */
function timedFrom(steps: readonly Step[], race: number | null): Vector['timed'] {
  const timer = steps.find(startsTimer);
  const overTcp = steps.some(({ text }) => text.startsWith('socket(AF_INET'));
  const full = overTcp ? [steps.find(isFull), withoutRoom(steps)].filter((step) => step !== undefined).sort((a, b) => a.number - b.number)[0] : undefined;
  const sharing = steps.find(sharesPort);
  const shared = sharing === undefined ? undefined : steps.find(({ row, number }) => row.name === 'connect' && number > sharing.number);
  const from = Math.min((timer?.number ?? Infinity) + 1, full?.number ?? Infinity, race ?? Infinity, shared?.number ?? Infinity);
  if (from === Infinity) return null;
  if (from === race) return { from, why: RACE };
  if (from === shared?.number) return { from, why: 'which listener of a shared port (SO_REUSEPORT) gets a connection is random' };
  return { from, why: timer?.number === from - 1 ? 'a timer runs in real time' : 'how much fits into the buffers of TCP depends on when acknowledgements come' };
}

/** Where a task that was woken and one that goes on race: whoever is first, the other finds something else. */
const RACE = 'a task has been woken, and before it goes on another one makes calls: either may be first';

class Recorder {
  /** the step that begins while somebody who was woken has not gone on; null: none */
  race: number | null = null;
  private readonly trace: Trace;
  /** rows of the trace at each move */
  private readonly rows: number[] = [];

  constructor(trace: Trace) {
    this.trace = trace;
  }

  readonly tasks: VectorTask[] = [];
  readonly steps: Step[] = [];
  readonly moves: Move[] = [];
  /** pauses since the last step of a task, milliseconds */
  private readonly pauses = new Map<number, number>();
  private readonly running = new Map<CallEvent, Step>();

  /** The index of a task; the ones that nobody made are there from the start. */
  private taskOf(task: task_struct): number {
    const known = this.tasks.findIndex(({ pid }) => pid === task.pid);
    if (known >= 0) return known;
    const thread = task.group_leader !== task;
    const maker = thread ? task.group_leader : task.real_parent;
    const parent = maker === null ? null : this.tasks.findIndex(({ pid }) => pid === maker.pid);
    return this.tasks.push({ name: task.comm, pid: task.pid, kind: thread ? 'thread' : 'process', parent: parent === -1 ? null : parent }) - 1;
  }

  called(event: CallEvent): void {
    const { task, row, args, ret } = event;
    if (row.name === 'nanosleep') {
      if (ret === null) this.pauses.set(task.pid, Math.min(LONGEST_PAUSE_MS, (this.pauses.get(task.pid) ?? 0) + pauseOf(args[0])));
      return;
    }
    const step = this.running.get(event);
    if (step === undefined) {
      const begun: Step = {
        number: this.steps.length + 1, task: this.taskOf(task), row, args: args.map(frozen), stored: args.map(frozen), ret: null, text: '', slept: false, about: null,
        pauseMs: this.pauses.get(task.pid) ?? 0,
      };
      this.pauses.delete(task.pid);
      begun.text = printCall({ row, args: begun.args, ret: null });
      this.steps.push(begun);
      this.running.set(event, begun);
      this.move(begun.number, 'begin');
      return;
    }
    const { step: before, what } = this.moves[this.moves.length - 1]!;
    step.slept = before !== step.number || what !== 'begin';
    step.stored = args.map(frozen);
    step.ret = ret;
    step.text = printCall({ row, args: step.stored, ret }).replace(/ {2,}= /, ' = ');
    if (step.slept) this.lookForRace(task.pid, step.task);
    this.move(step.number, 'end');
  }

  private move(step: number, what: Move['what']): void {
    this.moves.push({ step, what });
    this.rows.push(this.trace.count);
  }

  /** A step of somebody else that began after the task had been woken. */
  private lookForRace(pid: number, task: number): void {
    let row = this.trace.count - 1;
    while (row >= oldestStep(this.trace) && !isWake(this.trace.row(row), pid)) row--;
    const between = this.moves.find(({ step, what }, index) => what === 'begin' && this.rows[index]! > row && this.steps[step - 1]!.task !== task && !endsTask(this.steps[step - 1]!));
    if (between !== undefined) this.race = Math.min(this.race ?? Infinity, between.step);
  }

  /** Pids in answers and arguments as tasks: a child may run, and be met, only after fork has returned. */
  connect(): void {
    for (const step of this.steps) {
      const pid = step.row.name === 'kill' ? step.args[0] : step.ret;
      if (!['fork', 'vfork', 'clone', 'wait4', 'kill', 'getpid'].includes(step.row.name)) continue;
      const index = this.tasks.findIndex((task) => task.pid === pid);
      if (index >= 0) step.about = index;
    }
  }
}

/** True when the step ends its task. */
export function endsTask({ row }: Step): boolean {
  return row.name === 'exit_group' || row.name === 'exit';
}

/** Runs a scenario on the model and notes its calls. @param given options: `{ trigger: 'ET' }` */
export function vectorOf(scenario: Scenario, given: Readonly<Record<string, string>> = {}): Vector {
  const story: Story = startScenario(politeScenario(scenario, () => story.machine), given, { log: 0, trace: true });
  const recorder = new Recorder(story.machine.kernel.trace!);
  story.machine.observe({ called: (event) => recorder.called(event) });
  story.run();
  recorder.connect();
  return {
    scenario: scenario.name, options: story.options, title: scenario.title, about: scenario.about, tasks: recorder.tasks, steps: recorder.steps, moves: recorder.moves,
    hosts: scenario.network !== undefined,
    timed: timedFrom(recorder.steps, recorder.race),
  };
}

/** Every combination of a scenario's options. */
export function allOptions(scenario: Scenario): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(scenario.options ?? {})) all = all.flatMap((some) => values.map((value) => ({ ...some, [name]: value })));
  return all;
}

/** `read-once-trigger-et`: for file names. */
export function vectorName({ scenario, options }: Vector): string {
  return [scenario, ...Object.entries(options).map(([name, value]) => `${name}-${value.toLowerCase()}`)].join('-');
}

/** `-EAGAIN`, or the number. */
export function resultText(ret: number): string {
  return ret < 0 ? `-${errnoName(-ret)}` : String(ret);
}
