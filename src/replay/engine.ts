/**
 * Executes a log on the model. The log is the schedule: where a thread enters a call, its task makes it, until it is done or asleep;
 * where the log shows the result, the task must have one, and both are compared. A task that somebody else woke goes on at the line
 * of its own result. The clock follows the times of the lines.
 */

import { alloc_fd, fd_install } from '../kernel/fdtable.js';
import { file } from '../kernel/file.js';
import { spawn_process } from '../kernel/fork.js';
import { recalc_sigpending } from '../kernel/signal.js';
import { null_fops, O_LARGEFILE } from '../kernel/opaque.js';
import { run_next, try_to_wake_up } from '../kernel/sched.js';
import { TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { O_CLOEXEC, O_PATH, O_RDONLY, O_RDWR } from '../kernel/uapi.js';
import type { Call, EndEvent, EnterEvent, ExitEvent, LogEvent, Result, SignalEvent, StopEvent, SupersededEvent, TornEvent } from './call.js';
import { callText, cut, linuxText, modelText } from './callText.js';
import { maskOf, returned } from './decode.js';
import { type Choice, Choices } from './choices.js';
import { type Doubt, doubtOf } from './doubt.js';
import { Outside, Plan } from './plan.js';
import { planOf } from './plans.js';
import { StraceError, ValueError } from './error.js';
import { emptyReport, type LogReport } from './report.js';
import { madeBy } from './inherited.js';
import { newOutsideFile } from './outside.js';
import { restartPlan, sigreturn } from './returning.js';
import { candidates, type Crossroads, type OpenCall } from './crossroads.js';
import { Session, type World } from './session.js';
import { atEnd, atSignal, atStop } from './signalLines.js';
import { statesOf } from './states.js';
import { Thread } from './thread.js';
import { advanceTo, endsOtherwise, forward, isNearTick, lateFrom } from './timing.js';

/** States are told for so many divergences; each costs a look at the whole machine. */
const TOLD = 50;

export class Engine {
  readonly session: Session;
  readonly report: LogReport;
  readonly #file: string;

  /** the first divergence whose line is not given up, and the calls that were under way there; null: none */
  crossroads: Crossroads | null = null;
  /** is told what a divergence makes one ask about the model; null: nobody asks */
  asks: ((thread: Thread, doubt: Doubt) => void) | null = null;
  readonly #choices: Choices;
  readonly #givenUp: ReadonlySet<number>;
  /** calls of two lines that came back a short while ago */
  readonly #left: OpenCall[] = [];
  /** lines of the last events */
  readonly #recent: number[] = Array.from({ length: RECENT }, () => 0);
  #newest = 0;
  #hasTimes = false;

  constructor(log: string, world: World = {}, choices: Choices = new Choices(), givenUp: ReadonlySet<number> = new Set()) {
    this.#file = log;
    this.#choices = choices;
    this.#givenUp = givenUp;
    this.session = new Session(world, choices.phaseNs);
    this.report = emptyReport(log);
  }

  /** Takes the next event of the log. */
  take(event: LogEvent): void {
    if (event.type === 'torn') return;
    if (event.timeNs !== null) this.#hasTimes = true;
    if (this.#choices.list.length > 0) this.#hold(event);
    advanceTo(this.session, event.line, event.timeNs);
    if (this.#choices.list.length > 0) for (const choice of this.#choices.at(event.line)) this.#follow(choice);
    this.#dispatch(event);
    if (this.#recent[this.#newest] === event.line) return;
    this.#newest = (this.#newest + 1) % RECENT;
    this.#recent[this.#newest] = event.line;
  }

  /** Timers of the network are put off from the line that a choice says to the end of the call that it says. */
  #hold(event: Exclude<LogEvent, TornEvent>): void {
    const { session } = this;
    const late = this.#choices.lateFrom(event.line);
    if (late !== 0) session.late = late;
    if (event.type === 'exit' && event.call.entryLine === session.late) session.late = 0;
  }

  /** A value that was read well and means nothing stops the replay in its line. */
  #dispatch(event: Exclude<LogEvent, TornEvent>): void {
    try {
      this.#take(event);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const where = event.type === 'enter' || event.type === 'exit' ? ` in ${event.call.name}` : '';
      throw new StraceError(this.#file, event.line, 1, `${error.expected}${where}`, error.found);
    }
  }

  #take(event: Exclude<LogEvent, TornEvent>): void {
    switch (event.type) {
      case 'enter': return this.#enter(event);
      case 'exit': return this.#exit(event);
      case 'signal': return this.#signal(event);
      case 'stop': return this.#stop(event);
      case 'end': return this.#end(event);
      case 'superseded': return this.#superseded(event);
    }
  }

  /** The report; call it when the log is over. */
  finish(): LogReport {
    this.report.adopted = Object.fromEntries(this.session.adopted);
    return this.report;
  }

  /** The thread of a line; one that nobody made is a process that the log begins with. */
  #threadOf(pid: number): Thread {
    const known = this.session.threads.get(pid);
    if (known !== undefined) return known;
    const thread = this.session.unnamed.shift() ?? this.#firstThread(pid);
    thread.logPid = pid;
    this.session.threads.set(pid, thread);
    return thread;
  }

  #firstThread(pid: number): Thread {
    const { k, world } = this.session;
    const thread = new Thread(this.session, pid);
    k.set_last_pid(pid - 1);
    const task = spawn_process(k, `strace-${pid}`, () => thread.main());
    thread.task = task;
    const { soft, hard } = world.nofile ?? { soft: 1024, hard: 16384 };
    task.signal.rlim_nofile.cur = soft;
    task.signal.rlim_nofile.max = hard;
    run_next(k, task);
    for (const [fd, how] of [[0, O_RDONLY], [1, O_RDWR], [2, O_RDWR]] as const) {
      alloc_fd(task, fd, false);
      fd_install(k, fd, this.#streamAtStart(how | O_LARGEFILE));
    }
    thread.resume();
    return thread;
  }

  #streamAtStart(flags: number): file {
    const { k, world } = this.session;
    if (world.streams === 'null') return new file(k, null_fops, k.fs.entries.get('/dev/null')!, flags, '/dev/null');
    return newOutsideFile(k, 'standard stream', flags);
  }

  /** Children of the call that was just made take their first step, to their gate. */
  #bear(thread: Thread): void {
    const { newborn, threads, unnamed } = this.session;
    for (const child of newborn.splice(0)) {
      const task = this.session.k.runqueue.find((t) => t !== thread.task && t.ptrace === thread);
      if (task === undefined) continue;
      child.task = task;
      child.resume();
      if (child.logPid === 0) unnamed.push(child);
      else threads.set(child.logPid, child);
    }
  }

  #enter(event: EnterEvent): void {
    const { call } = event;
    const thread = this.#threadOf(event.pid);
    thread.call = call;
    thread.ret = null;
    thread.isBegun = false;
    if (call.name === 'rt_sigreturn') return sigreturn(this, thread, call);
    this.settle(thread, event.line);
    if (thread.where !== 'user') {
      thread.plan = null;
      return;
    }
    const at = { k: this.session.k, session: this.session, thread };
    thread.plan = call.name === 'restart_syscall' ? restartPlan(thread) : planOf(at, call, this.#file);
    if (thread.plan instanceof Outside) return;
    if (!this.#choices.isDelayed(event.line)) this.#begin(thread);
  }

  #begin(thread: Thread): void {
    thread.isBegun = true;
    const { call, plan } = thread;
    if (plan instanceof Plan && plan.ready !== null && call?.result !== null) plan.ready(call!.result, call!.exitLine === call!.entryLine);
    thread.pauseAt = this.#choices.pauseOf(call!.entryLine);
    thread.go('call');
    this.#bear(thread);
  }

  /** Does what a choice says: a call acts now that was held back, or goes on that was overtaken, or a woken task looks before the line of its result. */
  #follow({ kind, entry }: Choice): void {
    for (const thread of this.session.threads.values()) {
      if (thread.call?.entryLine !== entry || !(thread.plan instanceof Plan) || thread.ret !== null) continue;
      if (kind !== 'start' && thread.where === 'call') thread.resume();
      if (kind === 'start' && !thread.isBegun) this.#begin(thread);
    }
  }

  /** The calls under way when a divergence is found. */
  #note(line: number, diverging: Thread, answer: string): void {
    if (this.crossroads !== null || this.#givenUp.has(line)) return;
    const open: OpenCall[] = [];
    for (const thread of [diverging, ...[...this.session.threads.values()].filter((other) => other !== diverging)]) {
      const { call } = thread;
      if (call !== null && thread.plan instanceof Plan) open.push({ entry: call.entryLine, exit: call.exitLine, asleep: thread.where === 'call', lateFrom: thread === diverging ? lateFrom(this.session, call) : 0 });
    }
    open.push(...this.#left);
    const here = { line, answer, open, before: this.#recent.filter((at) => at > 0).sort((a, b) => a - b), phaseNs: this.#hasTimes && isNearTick(this.session) ? this.#choices.phaseNs : null };
    const { likely, others } = candidates(here);
    if (likely.length + others.length > 0) this.crossroads = here;
  }

  /** A thread whose call has come back goes on to user mode; a signal that stops it on the way is not in the log. */
  settle(thread: Thread, line: number): void {
    if (thread.where === 'left' || thread.where === 'stopped') thread.resume();
    for (let tries = 0; thread.where === 'signal' && tries < 64; tries++) {
      this.diverge(line, thread, null, 'no signal', `signal ${thread.stop!.si_signo} is delivered`, 'the model delivers a signal that the log does not show');
      thread.resume();
    }
  }

  #exit(event: ExitEvent): void {
    const { call, result } = event;
    const thread = this.#threadOf(event.pid);
    const { plan } = thread;
    if (call.name === 'rt_sigreturn') return;
    if (plan instanceof Outside) {
      this.report.calls++;
      this.report.outside[plan.reason] = (this.report.outside[plan.reason] ?? 0) + 1;
      this.#install(thread, plan, call, result, event.line);
      thread.call = null;
      return;
    }
    if (result.kind === 'none') return this.#neverReturned(thread, call);
    if (plan !== null && thread.ret === null) {
      if (!thread.isBegun && thread.where === 'user') this.#begin(thread);
      if (thread.ret === null && plan.ready !== null) plan.ready(result, true);
      if (thread.ret === null) forward(this.session, thread, isEndKnown(call) || endsOtherwise(call) ? event.timeNs : null);
    }
    this.#bear(thread);
    this.report.calls++;
    this.report.compared++;
    if (this.#compare(event, thread, plan)) this.report.agreed++;
    thread.call = null;
    if (event.line !== call.entryLine) this.#left.push({ entry: call.entryLine, exit: event.line, asleep: false, lateFrom: 0 });
    if (this.#left.length > REMEMBERED) this.#left.shift();
  }

  /** A call that ends with its thread: nothing to compare, unless the model thinks otherwise at the end of the thread. */
  #neverReturned(thread: Thread, call: Call): void {
    this.report.calls++;
    this.report.compared++;
    this.report.agreed++;
    if (thread.where === 'call' && call.name !== 'exit' && call.name !== 'exit_group') thread.resume();
  }

  #compare(event: ExitEvent, thread: Thread, plan: Plan | null): boolean {
    const { call, result, line } = event;
    if (plan === null) return this.diverge(line, thread, call, linuxText(result), `the task is ${thread.where}`, 'the model cannot make this call');
    if (thread.ret === null && INTERRUPTED.has(result.errno)) this.#interrupt(thread);
    if (thread.ret === null) {
      const told = this.diverge(line, thread, call, linuxText(result), 'asleep', 'the call still sleeps in the model');
      this.#interrupt(thread);
      return told;
    }
    const { ret } = thread;
    const linux = Number(returned(result));
    const same = plan.same !== null && plan.same(ret, linux);
    if (ret !== linux && !same) return this.diverge(line, thread, call, linuxText(result), modelText(ret), 'the results differ');
    const mismatch = plan.outputs === null ? null : plan.outputs(ret, call, result);
    return mismatch === null || this.diverge(line, thread, call, mismatch.linux, mismatch.model, `${mismatch.what}: the results are equal, what the call stored is not`);
  }

  /** Notes a divergence; false, for the convenience of callers. */
  diverge(line: number, thread: Thread, call: Call | null, linux: string, model: string, why: string): false {
    const { divergences } = this.report;
    this.#note(line, thread, model);
    if (this.asks !== null && call !== null) {
      const doubt = doubtOf(thread, call, call.result);
      if (doubt !== null) this.asks(thread, doubt);
    }
    const states = divergences.length < TOLD ? statesOf(this.session, thread, call) : [];
    divergences.push({ line, pid: thread.logPid, call: call === null ? '' : callText(call), linux: cut(linux), model: cut(model), why, states });
    return false;
  }

  /** Takes a task out of a call that Linux has left and the model has not, as if a signal had come: the log shows it behind the result. */
  #interrupt(thread: Thread): void {
    const { k } = this.session;
    thread.task.sigpending_flag = true;
    if (try_to_wake_up(k, thread.task, TASK_INTERRUPTIBLE) === 0) return;
    thread.resume();
    run_next(k, thread.task);
    recalc_sigpending(k);
  }

  /** Descriptors that a call outside the model made. */
  #install(thread: Thread, plan: Outside, call: Call, result: Result, line: number): void {
    if (plan.makes === null || result.kind !== 'value') return;
    const numbers = madeBy(call) ?? (result.fd === null ? [] : [result.fd.fd]);
    const cloexec = call.args.some((value) => value.kind === 'flags' && value.names.some((name) => name.endsWith('_CLOEXEC')));
    for (const linux of numbers) {
      const model = this.#installOne(thread, plan, call, cloexec);
      if (model !== linux) this.diverge(line, thread, call, `= ${linux}`, modelText(model), 'the new descriptor has another number');
    }
  }

  #installOne(thread: Thread, plan: Outside, call: Call, cloexec: boolean): number {
    const { k } = this.session;
    run_next(k, thread.task);
    const fd = alloc_fd(thread.task, 0, cloexec);
    if (fd < 0) return fd;
    const how = call.name.startsWith('open') ? maskOf(call.args[call.name === 'open' ? 1 : 2]!) & ~O_CLOEXEC : O_RDWR;
    const kept = call.name.startsWith('open') && (how & O_PATH) === 0 ? (how & ~0o1700) | O_LARGEFILE : how;
    fd_install(k, fd, newOutsideFile(k, kindOfMade(plan, call), kept, plan.makes!));
    return fd;
  }

  #signal(event: SignalEvent): void {
    atSignal(this, this.#threadOf(event.pid), event);
  }

  #stop(event: StopEvent): void {
    atStop(this, this.#threadOf(event.pid), event);
  }

  #end(event: EndEvent): void {
    const thread = this.#threadOf(event.pid);
    atEnd(this, thread, event);
    this.session.threads.delete(event.pid);
    this.session.ended.add(event.pid);
  }

  /** Thread `by` goes on under the leader's number. */
  #superseded(event: SupersededEvent): void {
    const { threads } = this.session;
    const leader = this.#threadOf(event.pid);
    const by = this.#threadOf(event.by);
    if (leader.where === 'call' || leader.where === 'left' || leader.where === 'user') leader.go('signals');
    if (leader.where === 'exiting') leader.resume();
    by.logPid = event.pid;
    threads.delete(event.by);
    threads.set(event.pid, by);
    forward(this.session, by, event.timeNs);
  }
}

/** A line that tells of a whole call has the time of its beginning; without a duration its end can be any time later. */
function isEndKnown({ entryLine, exitLine, durationNs }: Call): boolean {
  return exitLine !== entryLine || durationNs !== null;
}

/** What a descriptor stands for that a call outside the model has made. */
function kindOfMade({ reason, makes }: Outside, call: Call): string {
  if (reason === 'call not modelled') return makes!;
  if (reason !== 'file system') return reason;
  if (call.result?.fd?.decoration.kind === 'device') return 'device';
  const how = call.args[call.name === 'open' ? 1 : 2];
  return how?.kind === 'flags' && how.names.includes('O_DIRECTORY') ? 'directory' : 'regular file';
}

/** Events that are remembered as places where a call may have acted. */
const RECENT = 12;
/** Calls of two lines that are remembered after their end. */
const REMEMBERED = 64;

/** Results of calls that a signal has ended. */
const INTERRUPTED: ReadonlySet<string> = new Set(['EINTR', 'ERESTARTSYS', 'ERESTARTNOHAND', 'ERESTARTNOINTR', 'ERESTART_RESTARTBLOCK']);
