/**
 * The lines of a log that are no calls: a signal is delivered, a thread stops, a thread ends.
 */

import { do_send_sig_info, recalc_sigpending_tsk } from '../kernel/signal.js';
import { CLD_CONTINUED, SIGNAL_GROUP_EXIT } from '../kernel/signal_types.js';
import { has_pending_signals, sig_hi, sig_lo } from '../kernel/sigset.js';
import { run_next } from '../kernel/sched.js';
import type { EndEvent, SignalEvent, StopEvent } from './call.js';
import { numberOfName, refuse, siginfoOf, type Siginfo } from './decode.js';
import type { Engine } from './engine.js';
import { Plan } from './plan.js';
import type { Thread } from './thread.js';

/** Queues a signal that nobody in the log sent. */
function inject(engine: Engine, thread: Thread, info: Siginfo): void {
  const { k } = engine.session;
  run_next(k, null);
  const { signo, code, uid, status, value } = info;
  do_send_sig_info(k, signo, { si_signo: signo, si_code: code, si_pid: info.pid, si_uid: uid, si_status: status, si_value: value }, thread.task, 'thread');
}

/** Somebody in the log can have sent it: then the model has to have it too. */
function isKnownSender(engine: Engine, info: Siginfo): boolean {
  return engine.session.threads.has(info.pid) || engine.session.ended.has(info.pid);
}

/** A child that was stopped and goes on tells its parent at once; its own line about SIGCONT can come later. */
function wakeSender(engine: Engine, info: Siginfo): void {
  const sender = engine.session.threads.get(info.pid);
  if (info.code === CLD_CONTINUED && sender?.where === 'stopped') sender.resume();
}

/** True when the thread has a signal to take. */
function hasSignal({ task, where }: Thread): boolean {
  return where === 'signal' || has_pending_signals(task.pending, task.blocked_lo, task.blocked_hi)
    || has_pending_signals(task.signal.shared_pending, task.blocked_lo, task.blocked_hi);
}

/** A call that failed prints no temporary mask: the signal behind it was not blocked, and all others that were before still are. */
function unblock({ task, where, plan }: Thread, signo: number): void {
  if (where !== 'left' || !(plan instanceof Plan) || !plan.isMaskUnknown || !task.restore_sigmask) return;
  task.blocked_lo = task.saved_lo & ~sig_lo(signo);
  task.blocked_hi = task.saved_hi & ~sig_hi(signo);
}

/** Lets a thread come to its next signal. */
function toSignal(thread: Thread): void {
  for (let tries = 0; tries < 4 && thread.where !== 'signal'; tries++) {
    if (thread.where === 'left' || thread.where === 'stopped' || thread.where === 'call') thread.resume();
    else if (thread.where === 'user' && hasSignal(thread)) thread.go('signals');
    else return;
  }
}

/** `--- SIGCHLD {...} ---`: the thread takes this signal now, and its handler, if it has one, begins. */
export function atSignal(engine: Engine, thread: Thread, event: SignalEvent): void {
  const info = siginfoOf(event.info) ?? refuse('a siginfo', event.info);
  if (!hasSignal(thread)) wakeSender(engine, info);
  if (!hasSignal(thread)) {
    if (isKnownSender(engine, info)) {
      engine.diverge(event.line, thread, null, `${event.signal} from ${info.pid}`, `no signal; the task is ${thread.where}`, 'the signal is not pending in the model');
    } else engine.session.adopt('signal from outside');
    inject(engine, thread, info);
  }
  unblock(thread, info.signo);
  // each stop of a traced thread looks for signals of the process: the one that takes it is the one that stops first
  recalc_sigpending_tsk(thread.task);
  toSignal(thread);
  if (thread.where !== 'signal') engine.diverge(event.line, thread, null, event.signal, `no signal; the task is ${thread.where}`, 'the signal is not delivered in the model');
  if (thread.where !== 'signal') return;
  const { stop } = thread;
  const pid = stop!.si_pid;
  if (stop!.si_signo !== info.signo || stop!.si_code !== info.code || (info.pid !== 0 && info.pid !== pid)) {
    const text = (signo: number, code: number, from: number): string => `signal ${signo}, code ${code}, from ${from}`;
    engine.diverge(event.line, thread, null, text(info.signo, info.code, info.pid), text(stop!.si_signo, stop!.si_code, pid), 'another signal is delivered');
  }
  thread.resume();
}

/** `--- stopped by SIGSTOP ---`. */
export function atStop(engine: Engine, thread: Thread, event: StopEvent): void {
  if (thread.where === 'left' || thread.where === 'call') thread.resume();
  if (thread.where === 'user') thread.go('signals');
  if (thread.where !== 'stopped') engine.diverge(event.line, thread, null, `stopped by ${event.signal}`, thread.where, 'the thread does not stop in the model');
}

/** True when the task has given everything back. */
function hasEnded({ where }: Thread): boolean {
  return where === 'exiting' || where === 'dead';
}

/** Lets a thread that is to end come to its end. */
function toEnd(thread: Thread): void {
  for (let tries = 0; !hasEnded(thread) && tries < 8; tries++) {
    if (thread.where === 'user') thread.go('signals');
    else thread.resume();
  }
}

/** `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`: the parent hears of it now. */
export function atEnd(engine: Engine, thread: Thread, event: EndEvent): void {
  toEnd(thread);
  if (!hasEnded(thread)) {
    if (event.signal === 'SIGKILL') engine.session.adopt('signal from outside');
    else engine.diverge(event.line, thread, null, endText(event.status, event.signal), thread.where, 'the thread does not end in the model');
    inject(engine, thread, { signo: 9, code: 0, pid: 0, uid: 0, status: 0, value: 0 });
    toEnd(thread);
  }
  const { signal: group, exit_code } = thread.task;
  const code = (group.flags & SIGNAL_GROUP_EXIT) !== 0 ? group.group_exit_code : exit_code;
  const signal = event.signal === null ? 0 : numberOfName(event.signal);
  const same = event.signal === null ? code >> 8 === event.status && (code & 0x7f) === 0 : (code & 0x7f) === signal;
  if (!same) engine.diverge(event.line, thread, null, endText(event.status, event.signal), endText(code >> 8, (code & 0x7f) === 0 ? null : String(code & 0x7f)), 'the thread ends otherwise');
  if (thread.where === 'exiting') thread.resume();
}

function endText(status: number | null, signal: string | null): string {
  return signal === null ? `exited with ${status}` : `killed by ${signal}`;
}
