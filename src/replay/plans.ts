/**
 * Finds the plan for a call of the log, by its name. What has no plan, or no row in the table of system calls, is outside the model.
 */

import { syscall_by_name } from '../syscalls/table.js';
import { EPOLL_PLANS } from './args/epoll.js';
import { FILE_PLANS } from './args/files.js';
import { MESSAGE_PLANS } from './args/messages.js';
import { POLL_PLANS } from './args/poll.js';
import { PROCESS_PLANS } from './args/process.js';
import { SIGNAL_PLANS } from './args/signals.js';
import { SOCKET_PLANS } from './args/sockets.js';
import { TIME_PLANS } from './args/time.js';
import type { Call } from './call.js';
import { StraceError, ValueError } from './error.js';
import { Outside, type Plan, type PlanContext, type Planner } from './plan.js';

const PLANS: ReadonlyMap<string, Planner> = new Map(Object.entries({
  ...FILE_PLANS, ...EPOLL_PLANS, ...POLL_PLANS, ...SOCKET_PLANS, ...MESSAGE_PLANS, ...PROCESS_PLANS, ...SIGNAL_PLANS, ...TIME_PLANS,
}));

/** What the model does for a call; throws StraceError when its arguments do not mean what the call needs. */
export function planOf(at: PlanContext, call: Call, file: string): Plan | Outside {
  const row = syscall_by_name.get(call.name);
  const planner = PLANS.get(call.name);
  if (row === undefined || planner === undefined) return new Outside('call not modelled', call.name);
  try {
    return planner(at, call, row);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new StraceError(file, call.entryLine, 1, `${error.expected} in ${call.name}`, error.found);
  }
}
