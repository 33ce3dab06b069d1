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
import type { syscall_row } from '../syscalls/row.js';
import { INHERITING, takeInherited } from './inherited.js';
import { fdOf } from './decode.js';
import { NameError, StraceError, ValueError } from './error.js';
import { Outside, outsideAt, type Plan, type PlanContext, type Planner } from './plan.js';
import { field, type Value } from './value.js';

const PLANS: ReadonlyMap<string, Planner> = new Map(Object.entries({
  ...FILE_PLANS, ...EPOLL_PLANS, ...POLL_PLANS, ...SOCKET_PLANS, ...MESSAGE_PLANS, ...PROCESS_PLANS, ...SIGNAL_PLANS, ...TIME_PLANS,
}));

/** Calls whose results are never taken from the log. */
const NEVER_OUTSIDE: ReadonlySet<string> = new Set([
  'epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'epoll_ctl', 'poll', 'ppoll', 'select', 'pselect6', 'accept', 'accept4', 'read', 'write', 'close',
]);

/** What the call tells about files of the outside world: decorations of descriptors, and the mode that fstat finds. */
function learnFrom(at: PlanContext, call: Call, hasLists: boolean): void {
  for (const value of call.args) {
    if (value.kind === 'fd') outsideAt(at, value.fd)?.learn(value.decoration);
    else if (hasLists && value.kind === 'array') for (const item of value.items) learnItem(at, item);
  }
  if (call.name !== 'fstat' && call.name !== 'newfstatat') return;
  const about = call.args.find(({ kind }) => kind === 'struct');
  const fd = call.args[0];
  const mode = about?.kind === 'struct' ? field(about, 'st_mode') : null;
  const path = call.args[1];
  if (fd === undefined || mode?.kind !== 'flags' || (call.name === 'newfstatat' && (path?.kind !== 'string' || path.length > 0))) return;
  outsideAt(at, fdOf(fd))?.learnMode(mode.names);
}

/** `{fd=5<TCP:[...]>, events=POLLIN}` of poll, a member of a set of select. */
function learnItem(at: PlanContext, item: Value): void {
  const value = item.kind === 'struct' ? field(item, 'fd') : item;
  if (value?.kind === 'fd') outsideAt(at, value.fd)?.learn(value.decoration);
}

/** What is known of a call by its name. */
interface Known {
  readonly row: syscall_row | null;
  readonly planner: Planner | null;
  /** descriptors that nobody made may show in it */
  readonly mayInherit: boolean;
  /** its arguments have lists of descriptors */
  readonly hasLists: boolean;
}

const LISTS: ReadonlySet<string> = new Set(['poll', 'ppoll', 'select', 'pselect6']);
const STRANGER: Known = { row: null, planner: null, mayInherit: false, hasLists: false };
const KNOWN: ReadonlyMap<string, Known> = new Map([...PLANS.keys(), ...syscall_by_name.keys(), ...INHERITING].map((name) => [name, {
  row: syscall_by_name.get(name) ?? null, planner: PLANS.get(name) ?? null, mayInherit: INHERITING.has(name), hasLists: LISTS.has(name),
}]));

/** What the model does for a call; throws StraceError when its arguments do not mean what the call needs. */
export function planOf(at: PlanContext, call: Call, file: string): Plan | Outside {
  const { row, planner, mayInherit, hasLists } = KNOWN.get(call.name) ?? STRANGER;
  try {
    if (mayInherit) takeInherited(at.session, at.thread, call);
    learnFrom(at, call, hasLists);
    if (row === null || planner === null) return new Outside('call not modelled', call.name);
    return planner(at, call, row);
  } catch (error) {
    if (error instanceof NameError && !NEVER_OUTSIDE.has(call.name)) return new Outside('name without a number');
    if (!(error instanceof ValueError)) throw error;
    throw new StraceError(file, call.entryLine, 1, `${error.expected} in ${call.name}`, error.found);
  }
}
