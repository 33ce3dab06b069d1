/**
 * epoll: what is registered, and what is reported: every mask, its data, and the order.
 */

import { get_user_u32, put_user_u32, user_memory, type user_ptr } from '../../kernel/uaccess.js';
import { EPOLL_EVENT_SIZE } from '../../epoll/eventpoll.js';
import { EPOLL_EVENT_NAMES } from '../../syscalls/rows_epoll.js';
import { flagText } from '../../syscalls/print.js';
import type { Call } from '../call.js';
import { fdOf, isPointer, isNull, maskOf } from '../decode.js';
import { type EpollEvent, epollEventOf, epollEventsOf } from '../decodePoll.js';
import { arg, numberArg, Plan, type Mismatch, type Planner } from '../plan.js';
import { faulted } from './memory.js';
import { learnPollable, readyForEpoll } from './ready.js';
import { sigsetIn, timespecIn } from './time.js';

const epoll_ctl: Planner = (at, call, row) => {
  const op = arg(call, 1);
  if (maskOf(op) === EPOLL_CTL_ADD) learnPollable(at, fdOf(arg(call, 2)), call.result);
  const event = epollEventOf(arg(call, 3));
  let memory: user_ptr = null;
  if (event !== null) {
    memory = new user_memory(new Uint8Array(EPOLL_EVENT_SIZE));
    put_user_u32(memory, 0, event.events);
    put_user_u32(memory, 4, event.lo | 0);
    put_user_u32(memory, 8, event.hi | 0);
  } else if (isPointer(arg(call, 3))) {
    memory = new user_memory(new Uint8Array(faulted(call) ? 0 : EPOLL_EVENT_SIZE));
  }
  return new Plan(row, [fdOf(arg(call, 0)), maskOf(op), fdOf(arg(call, 2)), memory]);
};

const EPOLL_CTL_ADD = 1;

/** A large array is the same for everybody who only looks at what was stored. */
const MAX_SHOWN = 1 << 16;

function eventText({ events, lo, hi }: EpollEvent): string {
  return `{${flagText(events, EPOLL_EVENT_NAMES)}, ${hi === 0 ? lo : `0x${((BigInt(hi) << 32n) | BigInt(lo)).toString(16)}`}}`;
}

function eventAt(memory: user_memory, index: number): EpollEvent {
  const at = index * EPOLL_EVENT_SIZE;
  return { events: get_user_u32(memory, at)!, lo: get_user_u32(memory, at + 4)! >>> 0, hi: get_user_u32(memory, at + 8)! >>> 0 };
}

/** The events that a wait of the model has stored. */
export function epollEventsIn(plan: Plan, count: number): EpollEvent[] {
  const memory = plan.args[1];
  return memory instanceof user_memory ? Array.from({ length: count }, (_, i) => eventAt(memory, i)) : [];
}

function compareEvents(call: Call, memory: user_memory, ret: number): Mismatch | null {
  const linux = epollEventsOf(arg(call, 1));
  if (linux === null) return null;
  const model: EpollEvent[] = [];
  let same = linux.length === ret || isElided(call);
  for (let i = 0; i < ret; i++) {
    const event = eventAt(memory, i);
    const shown = linux[i];
    if (shown !== undefined) same = same && shown.events === event.events && shown.lo === event.lo && shown.hi === event.hi;
    model.push(event);
  }
  return same ? null : { what: 'events', linux: `[${linux.map(eventText).join(', ')}]`, model: `[${model.map(eventText).join(', ')}]` };
}

function isElided(call: Call): boolean {
  const value = arg(call, 1);
  return value.kind === 'array' && value.elided;
}

/** epoll_wait, epoll_pwait (signal mask), epoll_pwait2 (timespec and signal mask). */
const epoll_wait: Planner = (at, call, row) => {
  const maxevents = numberArg(call, 2, 64);
  const events = arg(call, 1);
  let memory: user_ptr = null;
  if (!isNull(events) || call.args.length < 2) {
    const size = Math.max(0, Math.min(maxevents, MAX_SHOWN)) * EPOLL_EVENT_SIZE;
    memory = new user_memory(at.thread.scratch(size), isPointer(events) && faulted(call) ? 0 : size);
  }
  const timeout = call.name === 'epoll_pwait2' ? timespecIn(arg(call, 3), call) : numberArg(call, 3, -1);
  const args = [fdOf(arg(call, 0)), memory, maxevents, timeout];
  const isMasked = row.args.length > 4;
  const masked = isMasked ? [...args, sigsetIn(arg(call, 4), call), maskOf(arg(call, 5))] : args;
  const plan = new Plan(row, masked, (ret) => (ret > 0 ? compareEvents(call, memory!, ret) : null));
  plan.isMaskUnknown = isMasked && isPointer(arg(call, 4));
  plan.ready = readyForEpoll(at, call, at.thread.task.files.at(fdOf(arg(call, 0))), maxevents);
  return plan;
};

const create: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0))]);

export const EPOLL_PLANS: Readonly<Record<string, Planner>> = {
  epoll_create: create, epoll_create1: create, epoll_ctl, epoll_wait, epoll_pwait: epoll_wait, epoll_pwait2: epoll_wait,
};
