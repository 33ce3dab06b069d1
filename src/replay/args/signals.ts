/**
 * Signals: actions, masks, sending and waiting; signalfd. Handlers are the log's own lines: what a handler does is what follows its signal.
 */

import { get_user_u32, user_memory } from '../../kernel/uaccess.js';
import { SIG_DFL, SIG_IGN, type k_sigaction } from '../../kernel/signal_types.js';
import { sigsetText } from '../../syscalls/print.js';
import type { Call } from '../call.js';
import { fdOf, isNull, isPointer, maskOf, need, sigsetOf, siginfoOf } from '../decode.js';
import { field, type Value } from '../value.js';
import { arg, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { structOut } from './memory.js';
import { sigsetIn, timespecIn } from './time.js';

function actionIn(at: PlanContext, value: Value): k_sigaction | null {
  if (value.kind !== 'struct') return null;
  const handler = field(value, 'sa_handler') ?? need(value, 'sa_sigaction');
  const mask = sigsetOf(need(value, 'sa_mask'))!;
  const isDefault = handler.kind === 'flags' && handler.names[0] === 'SIG_DFL';
  const isIgnore = handler.kind === 'flags' && handler.names[0] === 'SIG_IGN';
  return {
    sa_handler: isDefault ? SIG_DFL : isIgnore ? SIG_IGN : at.session.handler,
    sa_flags: maskOf(need(value, 'sa_flags')), sa_mask_lo: mask.lo | 0, sa_mask_hi: mask.hi | 0,
  };
}

function actionText(action: k_sigaction): string {
  const how = action.sa_handler === SIG_DFL ? 'SIG_DFL' : action.sa_handler === SIG_IGN ? 'SIG_IGN' : 'handler';
  return `${how} ${sigsetText(action.sa_mask_lo, action.sa_mask_hi)} flags=0x${(action.sa_flags >>> 0).toString(16)}`;
}

const rt_sigaction: Planner = (at, call, row) => {
  const old: k_sigaction | null = isNull(arg(call, 2)) ? null : { sa_handler: SIG_DFL, sa_flags: 0, sa_mask_lo: 0, sa_mask_hi: 0 };
  return new Plan(row, [maskOf(arg(call, 0)), actionIn(at, arg(call, 1)), old, maskOf(arg(call, 3))], (ret) => {
    const linux = actionIn(at, arg(call, 2));
    if (ret < 0 || old === null || linux === null) return null;
    return actionText(linux) === actionText(old) ? null : { what: 'old action', linux: actionText(linux), model: actionText(old) };
  });
};

/** A set of signals that the call stored. */
function compareSigset(value: Value, memory: user_memory | null): Mismatch | null {
  const linux = sigsetOf(value);
  if (linux === null || memory === null) return null;
  const lo = get_user_u32(memory, 0)!;
  const hi = get_user_u32(memory, 4)!;
  return lo === (linux.lo | 0) && hi === (linux.hi | 0) ? null : { what: 'signals', linux: sigsetText(linux.lo, linux.hi), model: sigsetText(lo, hi) };
}

const rt_sigprocmask: Planner = (_at, call, row) => {
  const old = structOut(call, arg(call, 2), 8);
  return new Plan(row, [maskOf(arg(call, 0)), sigsetIn(arg(call, 1), call), old, maskOf(arg(call, 3))], (ret) => (ret < 0 ? null : compareSigset(arg(call, 2), old)));
};

const rt_sigpending: Planner = (_at, call, row) => {
  const set = structOut(call, arg(call, 0), 8);
  return new Plan(row, [set, maskOf(arg(call, 1))], (ret) => (ret < 0 ? null : compareSigset(arg(call, 0), set)));
};

const rt_sigsuspend: Planner = (_at, call, row) => new Plan(row, [sigsetIn(arg(call, 0), call), maskOf(arg(call, 1))]);

/** The fields of a siginfo that the model knows; times of a child are the log's own. */
export function compareSiginfo(value: Value, memory: user_memory | null): Mismatch | null {
  const linux = siginfoOf(value);
  if (linux === null || memory === null || isPointer(value)) return null;
  const read = (offset: number): number => get_user_u32(memory, offset)!;
  const model = { signo: read(0), code: read(8), pid: read(16), status: read(24) };
  const same = linux.signo === model.signo && linux.code === model.code && (linux.pid === 0 || linux.pid === model.pid)
    && (linux.signo !== 17 || linux.code <= 0 || linux.status === model.status);
  if (same) return null;
  const text = (info: { signo: number; code: number; pid: number; status: number }): string => `{signo=${info.signo}, code=${info.code}, pid=${info.pid}, status=${info.status}}`;
  return { what: 'siginfo', linux: text(linux), model: text(model) };
}

const rt_sigtimedwait: Planner = (_at, call, row) => {
  const info = structOut(call, arg(call, 1), 128);
  return new Plan(row, [sigsetIn(arg(call, 0), call), info, timespecIn(arg(call, 2), call), maskOf(arg(call, 3))], (ret) =>
    (ret < 0 ? null : compareSiginfo(arg(call, 1), info)));
};

const kill: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1))]);

const tgkill: Planner = (_at, call, row) =>
  new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1)), maskOf(arg(call, 2))]);

const rt_sigqueueinfo: Planner = (_at, call, row) => {
  const memory = new user_memory(new Uint8Array(128));
  const info = siginfoOf(arg(call, 2));
  if (info !== null) {
    const view = new DataView(memory.bytes.buffer);
    view.setInt32(0, info.signo, true);
    view.setInt32(8, info.code, true);
    view.setInt32(24, info.value, true);
  }
  return new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1)), memory]);
};

const signalfd: Planner = (_at, call, row) =>
  new Plan(row, [fdOf(arg(call, 0)), sigsetIn(arg(call, 1), call), maskOf(arg(call, 2)), ...(call.name === 'signalfd4' ? [maskOf(arg(call, 3))] : [])]);

const pidfd_send_signal: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1)), null, maskOf(arg(call, 3))]);

const pause: Planner = (_at: PlanContext, _call: Call, row) => new Plan(row, []);

export const SIGNAL_PLANS: Readonly<Record<string, Planner>> = {
  rt_sigaction, rt_sigprocmask, rt_sigpending, rt_sigsuspend, rt_sigtimedwait, kill, tkill: kill, tgkill, rt_sigqueueinfo, signalfd, signalfd4: signalfd,
  pidfd_send_signal, pause,
};
