/**
 * The log of system calls of a run, in the lines of strace: one for a call that nothing interrupts, two for one that sleeps or
 * loses the CPU, with signals and ends of tasks in between. Lines are made when they happen, because a program may change
 * its memory right after a call.
 */

import { errnoName, ERESTARTNOINTR } from '../kernel/errno.js';
import type { sigframe, siginfo } from '../kernel/signal_types.js';
import { TASK_RUNNING, type task_struct } from '../kernel/task.js';
import type { World } from '../kernel/world.js';
import { printCall, printResumed, printUnfinished, resultText, SIGNAL_NAMES, sigsetText } from '../syscalls/print.js';
import type { syscall_arg, syscall_record, syscall_row } from '../syscalls/row.js';

/** What a line tells of: a whole call, the first or the second half of one, a signal, or the end of a task. */
export type LineKind = 'call' | 'unfinished' | 'resumed' | 'signal' | 'exit';

/** One line of the log. */
export interface LogLine {
  /** 1, 2, 3 ... in the order of the run */
  readonly number: number;
  /** virtual time, nanoseconds since the machine started */
  readonly timeNs: number;
  /** name of the host it happened on; empty for the host that needs no name */
  readonly host: string;
  readonly pid: number;
  readonly comm: string;
  readonly kind: LineKind;
  /** the system call; null for signals and ends */
  readonly call: string | null;
  /** its result; null while it runs */
  readonly ret: number | null;
  /** as strace prints it, without pid and time */
  readonly text: string;
}

/** A call on its way. */
export class RunningCall {
  readonly task: task_struct;
  readonly row: syscall_row;
  readonly args: readonly syscall_arg[];
  ret: number | null = null;
  /** the first half is on the log */
  split = false;
  /** its end is on the log already: a signal that came with it follows */
  told = false;

  constructor(task: task_struct, row: syscall_row, args: readonly syscall_arg[]) {
    this.task = task;
    this.row = row;
    this.args = args;
  }
}

/** `SIGUSR1`. */
export function signalName(signal: number): string {
  const name = SIGNAL_NAMES[signal];
  return name === undefined ? (signal === 32 ? 'SIGRTMIN' : `SIGRT_${signal - 32}`) : `SIG${name}`;
}

/** When the lines of a log are shown: `12.500000`, seconds since the machine started. */
export function secondsText(ns: number): string {
  return (ns / 1e9).toFixed(6);
}

/** The log of one machine. */
export class Strace {
  readonly lines: LogLine[] = [];
  /** lines made so far, dropped ones included */
  count = 0;
  /** the last finished call of each task, by pid: for messages */
  readonly last = new Map<number, RunningCall>();
  private readonly world: World;
  private readonly keep: number;
  private readonly watcher: ((line: LogLine) => void) | null;
  /** the call whose line is begun and not ended */
  private open: RunningCall | null = null;
  /** calls on their way by pid, those of handlers behind the ones they interrupt */
  private readonly running = new Map<number, RunningCall[]>();

  /** @param keep how many of the newest lines are kept; 0: no line is made */
  constructor(world: World, keep: number, watcher: ((line: LogLine) => void) | null) {
    this.world = world;
    this.keep = keep;
    this.watcher = watcher;
  }

  /** A call begins. */
  enter(call: RunningCall): void {
    if (this.keep === 0) return;
    this.interrupt();
    this.open = call;
    const calls = this.running.get(call.task.pid);
    if (calls === undefined) this.running.set(call.task.pid, [call]);
    else calls.push(call);
  }

  /** A call returns to its program. */
  exit(call: RunningCall, ret: number): void {
    call.ret = ret;
    this.last.set(call.task.pid, call);
    if (this.keep === 0) return;
    this.running.get(call.task.pid)?.pop();
    if (!call.told) this.tell(call, ret);
  }

  private tell(call: RunningCall, ret: number): void {
    call.ret = ret;
    if (this.open === call) this.open = null;
    else this.interrupt();
    this.add(call.task, call.split ? 'resumed' : 'call', call.row.name, ret, call.split ? printResumed(call) : printCall(call));
  }

  /** Who had the CPU has lost it: if it sleeps in a call, the first half of the call is a line now. */
  pause(): void {
    if (this.open !== null && this.open.task.__state !== TASK_RUNNING) this.interrupt();
  }

  /** A handler is about to run. @param ret what the call that it interrupts has returned; -ERESTARTNOINTR: it will be made again */
  signal(task: task_struct, info: siginfo, ret: number): void {
    if (this.keep === 0) return;
    const call = this.running.get(task.pid)?.at(-1);
    if (call !== undefined && !call.told) {
      this.tell(call, task.ax);
      // A call that is made again is printed again, as a whole.
      call.told = ret !== -ERESTARTNOINTR;
      call.split = false;
    }
    this.interrupt();
    const code = SI_CODES[info.si_code] ?? String(info.si_code);
    const fields = [`si_signo=${signalName(info.si_signo)}`, `si_code=${code}`, `si_pid=${info.si_pid}`, `si_uid=${info.si_uid}`];
    this.add(task, 'signal', null, null, `--- ${signalName(info.si_signo)} {${fields.join(', ')}} ---`);
  }

  /** A handler returns. @param ret what the code finds that it interrupted; -ERESTARTNOINTR: the number of the call that is made again */
  sigreturn(task: task_struct, ret: number, frame: sigframe): void {
    if (this.keep === 0) return;
    this.interrupt();
    const call = this.running.get(task.pid)?.at(-1);
    const shown = ret === -ERESTARTNOINTR && call !== undefined ? call.row.nr : ret;
    this.add(task, 'call', 'rt_sigreturn', shown, `${`rt_sigreturn({mask=${sigsetText(frame.uc_sigmask_lo, frame.uc_sigmask_hi)}})`.padEnd(39)} = ${resultText(shown)}`);
  }

  /** A task has ended. */
  end(task: task_struct): void {
    if (this.keep === 0) return;
    this.interrupt();
    const by = task.exit_code & 0x7f;
    this.add(task, 'exit', null, null, by === 0 ? `+++ exited with ${task.exit_code >> 8} +++` : `+++ killed by ${signalName(by)} +++`);
  }

  private interrupt(): void {
    const call = this.open;
    if (call === null) return;
    this.open = null;
    if (call.row.name === 'exit' || call.row.name === 'exit_group') {
      this.add(call.task, 'call', call.row.name, null, `${`${call.row.name}(${Number(call.args[0])})`.padEnd(39)} = ?`);
      return;
    }
    call.split = true;
    this.add(call.task, 'unfinished', call.row.name, null, printUnfinished(call));
  }

  private add(task: task_struct, kind: LineKind, call: string | null, ret: number | null, text: string): void {
    const host = task.kernel?.name ?? '';
    const line: LogLine = { number: ++this.count, timeNs: this.world.clock.nowNs, host, pid: task.pid, comm: task.comm, kind, call, ret, text };
    this.lines.push(line);
    if (this.lines.length >= 2 * this.keep) this.lines.splice(0, this.lines.length - this.keep);
    if (this.watcher !== null) this.watcher(line);
  }
}

const SI_CODES: Readonly<Record<number, string>> = { 0: 'SI_USER', 128: 'SI_KERNEL', [-1]: 'SI_QUEUE', [-2]: 'SI_TIMER', [-6]: 'SI_TKILL' };

/** How a log is shown. */
export interface LogStyle {
  /** seconds of virtual time in front of each line */
  readonly times?: boolean;
  /** `server(1)` instead of the number alone */
  readonly names?: boolean;
}

/** Who a line is of: `main(2)`, and with the host where it has a name, `server/main(2)`. */
export function whoText(line: LogLine): string {
  return `${line.host === '' ? '' : `${line.host}/`}${line.comm}(${line.pid})`;
}

/** Lines as `strace -f -o FILE` writes them: pid, and with `times` the virtual time. On a machine of several hosts the host comes first. */
export function logText(lines: readonly LogLine[], style: LogStyle = {}): string {
  const width = lines.reduce((most, { host }) => Math.max(most, host.length), 0);
  return lines.map((line) => {
    const who = style.names === true ? `${line.comm}(${line.pid})` : String(line.pid);
    const host = width === 0 ? '' : `${line.host.padEnd(width)} `;
    return `${host}${who.padEnd(5)} ${style.times === true ? `${secondsText(line.timeNs)} ` : ''}${line.text}\n`;
  }).join('');
}

/** A call for messages: as strace prints it, or its name while it runs. */
export function callText(call: syscall_record): string {
  return printCall(call).replace(/ {2,}= /, ' = ');
}

/** `-EAGAIN`, or the number itself. */
export function retText(ret: number): string {
  return ret < 0 && ret >= -4095 ? `-${errnoName(-ret)}` : String(ret);
}
