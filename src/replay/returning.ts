/**
 * Coming back from handlers, and calls that go on after a signal without one: rt_sigreturn and restart_syscall.
 */

import { ERESTARTNOINTR } from '../kernel/errno.js';
import type { Might } from '../kernel/point.js';
import { sigsetText } from '../syscalls/print.js';
import { syscall_by_name } from '../syscalls/table.js';
import type { syscall_row } from '../syscalls/row.js';
import type { Call } from './call.js';
import { linuxText, modelText } from './callText.js';
import { returned, sigsetOf } from './decode.js';
import type { Engine } from './engine.js';
import { Plan } from './plan.js';
import type { Thread } from './thread.js';
import { field } from './value.js';

/** The call that is made when a stopped call goes on: what the interrupted call left to be done. */
export function restartPlan(thread: Thread): Plan {
  const row = syscall_by_name.get('restart_syscall')!;
  const { restart } = thread.task;
  const handler = (): Might<number> => (restart === null ? -4 : restart());
  return new Plan({ ...row, handler } as syscall_row, []);
}

/** The handler of a thread returns; its result is what the interrupted code finds. */
export function sigreturn(engine: Engine, thread: Thread, call: Call): void {
  const { report, session } = engine;
  engine.settle(thread, call.entryLine);
  report.calls++;
  report.compared++;
  const frame = thread.handlers.at(-1);
  if (frame === undefined || thread.where !== 'user') {
    engine.diverge(call.entryLine, thread, call, 'returns from a handler', `the task is ${thread.where}`, 'no handler runs in the model');
    return;
  }
  thread.plan = null;
  thread.go('return');
  const { result } = call;
  const linux = result === null || result.kind === 'none' ? null : Number(returned(result));
  const model = frame.ret === -ERESTARTNOINTR ? frame.nr : frame.ret;
  const mask = maskMismatch(thread, call);
  if (mask !== null) engine.diverge(call.entryLine, thread, call, mask.linux, mask.model, 'the mask after the handler differs');
  else if (linux !== null && linux !== model && frame.ret < 0) {
    engine.diverge(call.entryLine, thread, call, linuxText(result!), modelText(model), 'the interrupted call comes to another result');
  } else {
    if (linux !== null && linux !== model) session.adopt('register after a handler');
    report.agreed++;
  }
}

/** `rt_sigreturn({mask=[CHLD]})`: the mask that is in force again. */
function maskMismatch({ task, where }: Thread, call: Call): { linux: string; model: string } | null {
  const frame = call.args[0];
  const shown = frame?.kind === 'struct' ? field(frame, 'mask') : null;
  const set = shown === null ? null : sigsetOf(shown);
  if (set === null || where !== 'user') return null;
  if (task.blocked_lo === (set.lo | 0) && task.blocked_hi === (set.hi | 0)) return null;
  return { linux: sigsetText(set.lo, set.hi), model: sigsetText(task.blocked_lo, task.blocked_hi) };
}
