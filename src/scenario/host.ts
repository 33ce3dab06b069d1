/**
 * A host: one computer with a kernel, addresses and processes of its own. Every machine has one that needs no name; a machine of
 * several computers has more, joined by links. Hosts of one machine share its clock, its choices, its log and its order of steps.
 */

import { KernelBug } from '../kernel/bug.js';
import { fd_install, get_unused_fd_flags } from '../kernel/fdtable.js';
import { file, get_file } from '../kernel/file.js';
import { spawn_process } from '../kernel/fork.js';
import type { Kernel } from '../kernel/kernel.js';
import { null_fops } from '../kernel/opaque.js';
import type { Sleeps } from '../kernel/point.js';
import { StepBudgetExceeded } from '../kernel/sched.js';
import type { task_struct } from '../kernel/task.js';
import { O_RDWR } from '../kernel/uapi.js';
import { sock_net, type net_sysctls } from '../socket/net.js';
import { inet4Number } from './address.js';
import { checkNothingPrepared, rowOf, taskName } from './callBase.js';
import { ProgramError, ScenarioError } from './errors.js';
import { show, type Verdicts } from './expect.js';
import type { Observers } from './observe.js';
import { Process } from './process.js';
import { RunningCall, type Strace } from './strace.js';
import { Sys, type Program, type SysHost } from './sys.js';

/** What a host is made with. */
export interface HostOptions {
  /** its IPv4 address on the links, besides 127.0.0.1: `10.0.0.1` */
  readonly address: string;
  /** settings of /proc/sys/net that differ from Linux's defaults: `{ tcp_retries2: 3 }` */
  readonly sysctl?: Partial<net_sysctls>;
}

/** What a host needs of its machine. */
export interface HostMachine extends Verdicts {
  readonly log: Strace;
  /** who is told of calls; null: nobody */
  readonly observers: Observers | null;
  /** tasks whose end has not been noted */
  readonly alive: Set<task_struct>;
  /** processes begin with descriptors 0, 1 and 2 */
  readonly stdio: boolean;
}

/** Standard input, output and error of a new process: one open file that three numbers refer to. */
function openStdio(k: Kernel): void {
  const nothing = new file(k, null_fops, k.fs.entries.get('/dev/null')!, O_RDWR, '/dev/null');
  for (let fd = 0; fd < 3; fd++) fd_install(k, get_unused_fd_flags(k, false), fd === 0 ? nothing : get_file(nothing));
}

function isIpv4(text: unknown): boolean {
  return typeof text === 'string' && /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) < 256);
}

/** One host of a machine. Make it with `m.host(name, { address })`. */
export class Host implements SysHost {
  readonly kernel: Kernel;
  readonly log: Strace;
  readonly verdicts: Verdicts;
  /** its IPv4 address on the links; null: it has none */
  readonly address: string | null;
  prepared: string | null = null;
  private readonly machine: HostMachine;
  private readonly sys: Sys;

  constructor(machine: HostMachine, kernel: Kernel, address: string | null) {
    if (address !== null && !isIpv4(address)) throw new ScenarioError(`the address of the host ${kernel.name} is ${show(address)}; expected an IPv4 address: 10.0.0.1`);
    this.machine = machine;
    this.kernel = kernel;
    this.log = machine.log;
    this.verdicts = machine;
    this.address = address;
    this.sys = new Sys(this);
  }

  /** Sets what the options say. Throws when they are wrong. */
  configure(options: HostOptions): void {
    const { sysctl } = this;
    for (const [name, value] of Object.entries(options.sysctl ?? {})) {
      if (!(name in sysctl)) throw new ScenarioError(`there is no setting ${name}; these are: ${Object.keys(sysctl).join(', ')}`);
      Object.assign(sysctl, { [name]: value });
    }
  }

  /** What it is called; empty for the host that every machine has. */
  get name(): string {
    return this.kernel.name;
  }

  /** The address as a number. Throws when the host has none. */
  get addressNumber(): number {
    if (this.address === null) throw new ScenarioError('a link joins hosts that were made with m.host(name, { address })');
    return inet4Number(this.address);
  }

  /** Who is told of calls; null: nobody. */
  get observers(): Observers | null {
    return this.machine.observers;
  }

  /** The settings of /proc/sys/net: `host.sysctl.tcp_retries2 = 3`. */
  get sysctl(): net_sysctls {
    return sock_net(this.kernel).sysctl;
  }

  /**
   * Adds a process. Processes run in the order in which they were added, until they sleep.
   * @param name the program's name
   * @param program a generator function; what it returns is its exit status
   */
  process(name: string, program: Program): Process {
    if (typeof program !== 'function') throw new ScenarioError(`the program of ${name} is ${show(program)}; expected a generator function: function* (sys) { ... }`);
    const task = spawn_process(this.kernel, name, () => this.main(program, name, this.machine.stdio));
    this.machine.alive.add(task);
    return new Process(task);
  }

  /** The body of a task that runs `program`; the task takes the name of the function. */
  body(program: Program): () => Sleeps<number | void> {
    return () => this.main(program, program.name, false);
  }

  /** Runs a program, and says which one threw when one does. Sleeps as the program does. */
  private *main(program: Program, name: string, stdio: boolean): Sleeps<number | void> {
    const { kernel, log } = this;
    this.machine.alive.add(kernel.current);
    // a child is called as its function is: prctl(PR_SET_NAME)
    if (name !== '') kernel.current.comm = name.slice(0, 15);
    if (stdio) openStdio(kernel);
    try {
      const running = program(this.sys) as Sleeps<number | void> | undefined;
      if (typeof running?.[Symbol.iterator] !== 'function') {
        throw new ScenarioError('the program is not a generator function; write function* (sys) { ... } and yield* before every call');
      }
      const status = yield* running;
      checkNothingPrepared(this);
      const task = kernel.current;
      const last = new RunningCall(task, rowOf(task.group_leader === task ? 'exit_group' : 'exit'), [(status ?? 0) & 0xff]);
      log.enter(last);
      this.observers?.called(last);
      return status;
    } catch (error) {
      if (error instanceof ProgramError || error instanceof KernelBug || error instanceof StepBudgetExceeded) throw error;
      const task = taskName(kernel);
      throw new ProgramError(`${task}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`, task, log.count, error);
    }
  }
}
