/**
 * A machine to program against: processes are added as generator functions, and the machine is run to its end, to an instant, one move
 * at a time, or to a named point inside a system call. Everything that a run depends on is in its options and in the list of choices,
 * so a run can be had again from one short string.
 */

import { clock_advance_to, hrtimer, hrtimer_start } from '../kernel/clock.js';
import type { Decisions } from '../kernel/decisions.js';
import { Kernel, type PreemptMode } from '../kernel/kernel.js';
import { lockdep } from '../kernel/lock.js';
import { AT_SCHEDULE, type Point } from '../kernel/point.js';
import { AT_RESCHED, machine_step, type Halt } from '../kernel/sched.js';
import type { task_struct } from '../kernel/task.js';
import { Trace } from '../kernel/trace.js';
import { World } from '../kernel/world.js';
import { type net_sysctls, read_sysctl, sock_net } from '../socket/net.js';
import { Inspector } from '../inspect/inspector.js';
import { checkInvariants, checkNoLeaks } from '../inspect/invariants.js';
import type { MachineView } from '../inspect/view.js';
import { taskText } from './callBase.js';
import { Director, sourceOf } from './director.js';
import { ScenarioError } from './errors.js';
import { holds, show, showActual, type Failure } from './expect.js';
import { Host, type HostMachine, type HostOptions } from './host.js';
import { Link, type LinkOptions } from './link.js';
import { Observers, type Observer, type Step } from './observe.js';
import type { Process } from './process.js';
import { parseRecording, recordingText, type Intervention } from './recording.js';
import { logText, Strace, type LogLine, type LogStyle } from './strace.js';
import type { Program } from './sys.js';

/** A place inside the kernel: a function, and where in it; `where` left out: any place of the function. */
export interface Place {
  readonly fn: string;
  readonly where: string | null;
}

/** A named point: `at('ep_send_events_proc', 'copy_to_user')`. */
export function at(fn: string, where: string | null = null): Place {
  return { fn, where };
}

/** What a machine is made with. */
export interface MachineOptions {
  /** seed of the choices and of the kernel's own random numbers; default: no choice is random, the first comer goes first */
  readonly seed?: number;
  /**
   * Where a task may lose the CPU: `never` (only where it sleeps), `listed` (at `points`, and where stepTo() stops), `all` (at every
   * point). Default: `all` with a seed or with decisions, else `listed`.
   */
  readonly preempt?: PreemptMode;
  /** the points of mode `listed` */
  readonly points?: readonly Place[];
  /** a source of choices of your own */
  readonly decisions?: Decisions;
  /** the same run again: seed, mode, points and choices are those of the recording */
  readonly recording?: string;
  /** keeps what every kernel function did, for inspect and for comparisons; default false */
  readonly trace?: boolean;
  /** system calls and resumed points that a run may take; default 10 million */
  readonly stepBudget?: number;
  /** checks the order in which locks are taken; default true */
  readonly lockdep?: boolean;
  /** processes begin with descriptors 0, 1 and 2 on /dev/null, so that the first one of their own is 3; default true */
  readonly stdio?: boolean;
  /** sysctls of the network by name, `{ tcp_fin_timeout: 5, tcp_rmem: [4096, 131072, 6291456] }`; the others have Linux's defaults */
  readonly sysctl?: Readonly<Partial<net_sysctls>>;
  /** newest lines of the log that are kept; 0: none is made, which is faster; default 100,000 */
  readonly log?: number;
  /** is told of each line of the log as it is made */
  readonly onLine?: (line: LogLine) => void;
  /** what a recording of this machine says it is a run of */
  readonly scenario?: { readonly name: string; readonly options: Readonly<Record<string, string>> };
}

/** How a machine stands after a run. */
export interface Outcome {
  /** `finished`: all programs ended; `asleep`: those that are left sleep for ever; `time`: runUntil() came to its instant */
  readonly halt: Halt | 'time';
  readonly failures: readonly Failure[];
  /** expectations that were looked at */
  readonly expectations: number;
  /** virtual time, nanoseconds since the machine started */
  readonly timeNs: number;
  /** tasks that have not ended: `server(1)` */
  readonly left: readonly string[];
  /** what programs asked for that the model takes and does not do, each once: `SO_MARK is stored and given back, and has no effect` */
  readonly notes: readonly string[];
}

/** How the options of a recording name a sysctl. */
export const SYSCTL = 'sysctl.';

function key(place: Place): string {
  return place.where === null ? place.fn : `${place.fn}:${place.where}`;
}

function placeText(place: Place): string {
  return place.where === null ? place.fn : `${place.fn}: ${place.where}`;
}

function isAt(point: Point, place: Place): boolean {
  return point.fn === place.fn && (place.where === null || point.where === place.where);
}

/** One machine. Make it with machine(). */
export class Machine implements HostMachine {
  /** the kernel of the host that needs no name */
  readonly kernel: Kernel;
  readonly log: Strace;
  /** expectations that did not hold, so far */
  readonly failures: Failure[] = [];
  /** expectations that were looked at, so far */
  expectations = 0;
  /** who is told of calls, moves and ends; null: nobody */
  observers: Observers | null = null;
  /** tasks whose end is not on the log yet */
  readonly alive = new Set<task_struct>();
  private readonly world = new World();
  private readonly local: Host;
  private readonly named: Host[] = [];
  private readonly director: Director;
  private readonly inspector: Inspector;
  private readonly options: MachineOptions;
  private readonly seed: number;
  private readonly points: readonly string[];
  /** sysctls that are not the defaults, as a recording writes them */
  private readonly sysctl: Readonly<Record<string, string>>;
  private readonly interventions: Intervention[] = [];
  /** interventions of a recording that are still to come */
  private readonly toCome: Intervention[];
  /** the machine stands where only stepTo() stopped it: going on asks nobody */
  private quiet = false;
  private broken = false;
  private readonly mode: PreemptMode;
  private readonly lockdep: lockdep | null;

  constructor(options: MachineOptions) {
    const recorded = options.recording === undefined ? null : parseRecording(options.recording);
    if (recorded !== null && (options.seed !== undefined || options.decisions !== undefined || options.preempt !== undefined || options.points !== undefined)) {
      throw new ScenarioError('a recording brings its own seed, mode, points and choices: leave them out');
    }
    this.options = options;
    this.seed = recorded?.seed ?? options.seed ?? 1;
    this.points = recorded?.points ?? (options.points ?? []).map(key);
    this.toCome = [...(recorded?.interventions ?? [])];
    this.director = new Director(sourceOf(options.decisions, options.seed, recorded?.choices));
    const random = options.seed !== undefined || options.decisions !== undefined;
    this.mode = recorded?.preempt ?? options.preempt ?? (random ? 'all' : 'listed');
    this.lockdep = options.lockdep === false ? null : new lockdep();
    this.kernel = this.newKernel('', this.seed);
    this.sysctl = this.readSysctls(recorded?.options ?? {});
    for (const point of this.points) this.world.listed.add(point);
    if (options.trace === true) this.kernel.trace = new Trace(this.kernel, 4096, true);
    this.log = new Strace(this.world, options.log ?? 100_000, options.onLine ?? null);
    this.inspector = new Inspector(this.kernel);
    this.local = new Host(this, this.kernel, null);
  }

  private newKernel(name: string, seed: number): Kernel {
    const { stepBudget } = this.options;
    const k = new Kernel({ decisions: this.director, seed, preempt: this.mode, name, world: this.world, ...(stepBudget === undefined ? {} : { stepBudget }) });
    k.lockdep = this.lockdep;
    return k;
  }

  /** Processes begin with descriptors 0, 1 and 2. */
  get stdio(): boolean {
    return this.options.stdio !== false;
  }

  /** The kernel whose task has the CPU, or had it last. */
  private get cpu(): Kernel {
    return this.world.active!;
  }

  /**
   * Adds a host: a computer with a kernel of its own, which shares nothing with the others but the time.
   * @param name lower case letters, digits and hyphens
   */
  host(name: string, options: HostOptions): Host {
    if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) throw new ScenarioError(`a host needs a name of lower case letters, digits and hyphens, not ${show(name)}`);
    if (this.named.some((other) => other.name === name)) throw new ScenarioError(`there is a host ${name} already`);
    if (this.named.some((other) => other.address === options.address)) throw new ScenarioError(`${options.address} is the address of another host`);
    const kernel = this.newKernel(name, this.seed + 7919 * (this.named.length + 1));
    kernel.trace = this.kernel.trace;
    const host = new Host(this, kernel, options.address);
    host.configure(options);
    this.named.push(host);
    return host;
  }

  /** The hosts that were made with host(), in their order. */
  get hosts(): readonly Host[] {
    return this.named;
  }

  /** Joins two hosts. */
  link(a: Host, b: Host, options: LinkOptions = {}): Link {
    if (a === b) throw new ScenarioError('a link joins two different hosts');
    return new Link(a, b, options);
  }

  /** Does something at an instant: `m.at(500, () => cable.cut())`. @param ms milliseconds since the machine started */
  at(ms: number, what: () => void): void {
    hrtimer_start(this.kernel, new hrtimer('scenario', null, what), ms * 1e6);
  }

  /** Sets the sysctls of the options, or those of a recording. @returns them as a recording writes them */
  private readSysctls(recorded: Readonly<Record<string, string>>): Record<string, string> {
    const wanted: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.options.sysctl ?? {})) wanted[`${SYSCTL}${name}`] = Array.isArray(value) ? value.join(' ') : String(value);
    for (const [name, value] of Object.entries(recorded)) if (name.startsWith(SYSCTL)) wanted[name] = value;
    for (const [name, value] of Object.entries(wanted)) {
      const read = read_sysctl(`${name.slice(SYSCTL.length)}=${value}`);
      if (typeof read === 'string') throw new ScenarioError(read);
      Object.assign(sock_net(this.kernel).sysctl, { [read.field]: read.value });
    }
    return wanted;
  }

  /**
   * Adds a process. Processes run in the order in which they were added, until they sleep.
   * @param name the program's name
   * @param program a generator function; what it returns is its exit status
   */
  process(name: string, program: Program): Process {
    return this.local.process(name, program);
  }

  /** From now on `observer` is told of every system call, every move and every end of a task. */
  observe(observer: Observer): void {
    this.observers ??= new Observers();
    this.observers.add(observer);
  }

  /** Virtual time, nanoseconds since the machine started. */
  get nowNs(): number {
    return this.kernel.clock.nowNs;
  }

  /** One move: the task that has the CPU, or the next one, runs until it sleeps or comes to a point. */
  step(): Step {
    const step = this.move();
    this.observers?.moved(step);
    return step;
  }

  private move(): Step {
    if (this.broken) throw new ScenarioError('the machine stopped at an error and cannot go on');
    // Programs are what runs; timers of a kernel that nobody uses any more (TIME_WAIT) are not waited for.
    if (this.resting && this.allEnded) return 'finished';
    if (this.quiet) this.cpu.stopped_at = null;
    this.quiet = false;
    this.world.stop_at_resume = this.toCome[0]?.resume ?? -1;
    let step: Step;
    try {
      step = machine_step(this.kernel);
    } catch (error) {
      this.broken = true;
      throw error;
    }
    if (this.world.stats.resumes === this.toCome[0]?.resume) this.intervene(this.toCome.shift()!);
    this.log.pause();
    if (this.cpu.current === this.cpu.idle) this.noteEnds();
    return step;
  }

  /** All programs of all hosts have ended. */
  private get allEnded(): boolean {
    return this.world.hosts.every(({ tasks }) => tasks.size === 0);
  }

  /** Nobody has the CPU, and nobody wants it. */
  private get resting(): boolean {
    return this.cpu.current === this.cpu.idle && this.world.runqueue.length === 0;
  }

  private intervene(intervention: Intervention): void {
    this.interventions.push(intervention);
    this.director.force(intervention.choice, false);
  }

  private noteEnds(): void {
    for (const task of this.alive) {
      if (!task.exited) continue;
      this.alive.delete(task);
      this.log.end(task);
      this.observers?.exited(task, task.exit_code & 0x7f);
    }
  }

  /** Runs to the end: until all programs have ended, or nobody will ever run again. */
  run(): Outcome {
    for (;;) {
      const step = this.step();
      if (typeof step === 'string') return this.outcome(step);
    }
  }

  /** Runs everything that happens up to an instant. @param ms milliseconds since the machine started */
  runUntil(ms: number): Outcome {
    const { clock } = this.world;
    for (;;) {
      const next = clock.heap[0]?.expiresNs ?? Infinity;
      if (clock.nowNs > ms * 1e6 || (this.resting && next !== Infinity && next > ms * 1e6)) {
        clock_advance_to(this.cpu, ms * 1e6);
        return this.outcome('time');
      }
      if (this.resting && next !== Infinity && !this.allEnded) {
        clock_advance_to(this.cpu, next);
        continue;
      }
      const step = this.step();
      if (typeof step === 'string') return this.outcome(step);
    }
  }

  /**
   * Runs until a task stands at a point, in the middle of what it is doing: `m.stepTo(at('ep_send_events_proc', 'copy_to_user'))`. Not
   * in mode `never`, which has no points.
   * @param who name of the program that is to come there; default: any
   * @returns the point
   */
  stepTo(place: Place, who: string | null = null): Point {
    const { kernel } = this;
    if (kernel.mode === 'never') throw new ScenarioError(`stepTo(${placeText(place)}): this machine was made with preempt 'never', so it does not stop at points; use 'listed' or 'all'`);
    const added = kernel.mode === 'listed' && !kernel.listed.has(key(place));
    if (added) kernel.listed.add(key(place));
    try {
      for (;;) {
        const step = this.step();
        if (typeof step === 'string') throw new ScenarioError(`the machine is ${step} and ${who ?? 'nobody'} came to ${placeText(place)}`);
        if (added && this.isQuiet(step)) this.quiet = true;
        if (isAt(step, place) && (who === null || this.cpu.current.comm === who)) return step;
      }
    } finally {
      if (added) kernel.listed.delete(key(place));
    }
  }

  /** True for a point at which the machine would not have stopped by itself. */
  private isQuiet(point: Point): boolean {
    return point !== AT_SCHEDULE && point !== AT_RESCHED && !this.points.includes(point.fn) && !this.points.includes(`${point.fn}:${point.where}`);
  }

  /**
   * At the next move this program has the CPU; the one that stands at a point waits meanwhile, as a task does that the scheduler
   * interrupts. It must be able to run.
   * @param who name or pid
   */
  next(who: string | number): void {
    const kernel = this.cpu;
    const is = (task: task_struct): boolean => task.comm === who || task.pid === who;
    const queued = kernel.runqueue.findIndex(is);
    const idle = kernel.current === kernel.idle;
    if (!idle && is(kernel.current)) return;
    if (queued < 0) {
      const runnable = [...(idle ? [] : [kernel.current]), ...kernel.runqueue].map((task) => task.comm);
      throw new ScenarioError(`${who} cannot run now; ${runnable.length === 0 ? 'nobody can' : `these can: ${runnable.join(', ')}`}`);
    }
    if (!kernel.preempt) throw new ScenarioError("this machine was made with preempt 'never', so nobody is asked who goes on; use 'listed' or 'all'");
    if (!idle && this.quiet) {
      this.quiet = false;
      this.interventions.push({ resume: kernel.stats.resumes, choice: queued + 1 });
      this.director.force(queued + 1, false);
    } else {
      this.director.force(idle || kernel.stopped_at === AT_RESCHED ? queued : queued + 1, true);
    }
  }

  /**
   * Notes a failure unless `actual` is what is expected, as `sys.expect` does for a program.
   * @returns whether it holds
   */
  expect(actual: unknown, expected: unknown, what = ''): boolean {
    this.expectations++;
    if (holds(actual, expected)) return true;
    this.failures.push({
      task: 'machine', what, expected: show(expected), actual: showActual(actual, expected), call: null, line: this.log.count, timeNs: this.nowNs,
      stack: new Error().stack ?? '',
    });
    return false;
  }

  /** Everything inside, as plain JSON that shares what did not change with the view before. */
  view(): MachineView {
    return this.inspector.view();
  }

  /** The log so far, as strace -f writes it. */
  strace(style: LogStyle = {}): string {
    return logText(this.log.lines, style);
  }

  /** Throws a KernelBug with its name when something inside does not hold that must hold. */
  checkInvariants(): void {
    for (const k of this.world.hosts) checkInvariants(k);
  }

  /** Throws a KernelBug that says what leaked when all programs have ended and something of theirs is left. */
  checkNoLeaks(): void {
    for (const k of this.world.hosts) checkNoLeaks(k);
  }

  /**
   * When all programs have ended, the kernels still have work: FINs to send again, TIME_WAIT to wait out. Runs until they have none,
   * or up to an instant.
   * @param ms milliseconds since the machine started; default: however long it takes
   */
  settle(ms = Infinity): void {
    const { clock } = this.world;
    for (;;) {
      const next = clock.heap[0]?.expiresNs ?? Infinity;
      if (!this.resting) this.step();
      else if (next === Infinity || next > ms * 1e6) return;
      else clock_advance_to(this.cpu, next);
    }
  }

  /** The run so far as one string; a machine made with it as `recording`, and the same programs, has the same run. */
  get recording(): string {
    const { scenario } = this.options;
    return recordingText({
      scenario: scenario?.name ?? '', options: { ...scenario?.options, ...this.sysctl }, preempt: this.mode, points: this.points, seed: this.seed,
      choices: this.director.choices, interventions: this.interventions,
    });
  }

  /** How the machine stands, for one who moved it by hand. @param halt what the last move answered */
  outcome(halt: Halt | 'time'): Outcome {
    const { hosts } = this.world;
    const left = hosts.flatMap((k) => [...k.tasks.values()].filter((task) => !task.exited).map((task) => taskText(k, task)));
    const notes = [...new Set(hosts.flatMap((k) => [...k.notes]))];
    return { halt, failures: this.failures, expectations: this.expectations, timeNs: this.nowNs, left, notes };
  }
}

/** Makes a machine: `const m = machine({ seed: 7 }); m.process('server', function* (sys) { ... }); m.run()`. */
export function machine(options: MachineOptions = {}): Machine {
  return new Machine(options);
}
