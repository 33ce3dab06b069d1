/**
 * Times, signal sets, and the calls that only wait for time: nanosleep, timers of the process, timerfd.
 */

import { get_user_s64, put_user_s64, put_user_u32, user_memory } from '../../kernel/uaccess.js';
import type { Call } from '../call.js';
import { fdOf, intOf, isNull, itimerspecOf, maskOf, secondsOf, sigsetOf, timeNsOf, timespecOf, need, refuse } from '../decode.js';
import { leftMismatch, readingMismatch } from './left.js';
import type { Value } from '../value.js';
import { arg, Outside, Plan, type Planner } from '../plan.js';
import { structOut } from './memory.js';

/**
 * A structure of which strace printed only the address, as it does when some calls fail: memory that faults, a time that is no
 * time, or, when the call failed for another reason, one that does not come soon.
 */
function unread(call: Call, size: number): user_memory {
  const errno = call.result?.errno;
  const memory = new user_memory(new Uint8Array(size), errno === 'EFAULT' ? 0 : size);
  if (errno === 'EINVAL') put_user_s64(memory, size - 8, -1);
  else if (size >= 16 && errno !== 'EFAULT') put_user_s64(memory, size - 16, FAR_SECONDS);
  return memory;
}

const FAR_SECONDS = 1e6;

/** struct timespec. */
export function timespecIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  const time = timespecOf(value);
  if (time === null) return unread(call, 16);
  const memory = new user_memory(new Uint8Array(16));
  put_user_s64(memory, 0, time.sec);
  put_user_s64(memory, 8, time.nsec);
  return memory;
}

/** struct timeval: microseconds. */
export function timevalIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  if (value.kind !== 'struct') return unread(call, 16);
  const memory = new user_memory(new Uint8Array(16));
  put_user_s64(memory, 0, secondsOf(need(value, 'tv_sec')));
  put_user_s64(memory, 8, intOf(need(value, 'tv_usec')));
  return memory;
}

/** sigset_t. */
export function sigsetIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  const set = sigsetOf(value);
  if (set === null) return unread(call, 8);
  const memory = new user_memory(new Uint8Array(8));
  put_user_u32(memory, 0, set.lo | 0);
  put_user_u32(memory, 4, set.hi | 0);
  return memory;
}

function itimerspecIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  const times = itimerspecOf(value);
  if (times === null) return unread(call, 32);
  const memory = new user_memory(new Uint8Array(32));
  put_user_s64(memory, 0, Math.floor(times.intervalNs / 1e9));
  put_user_s64(memory, 8, times.intervalNs % 1e9);
  put_user_s64(memory, 16, Math.floor(times.valueNs / 1e9));
  put_user_s64(memory, 24, times.valueNs % 1e9);
  return memory;
}

function itimervalIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  if (value.kind !== 'struct') return unread(call, 32);
  const memory = new user_memory(new Uint8Array(32));
  memory.bytes.set((timevalIn(need(value, 'it_interval'), call) ?? refuse('a time', value)).bytes, 0);
  memory.bytes.set((timevalIn(need(value, 'it_value'), call) ?? refuse('a time', value)).bytes, 16);
  return memory;
}

const nanosleep: Planner = (at, call, row) => {
  const rest = structOut(call, arg(call, 1), 16);
  return new Plan(row, [timespecIn(arg(call, 0), call), rest], () => leftMismatch(at, call, timeNsOf(arg(call, 0)), leftOf(arg(call, 1))));
};

/** The time in an output that was filled in. */
function leftOf(value: Value): number | null {
  return value.kind === 'struct' ? timeNsOf(value) : null;
}

function leftIsAdopted(session: { adopt(kind: 'time left'): void }, value: Value): void {
  if (value.kind === 'struct') session.adopt('time left');
}

/** With TIMER_ABSTIME the instant is of a clock that the log does not show: the sleep ends where the log says. */
const clock_nanosleep: Planner = (at, call, row) => {
  const flags = maskOf(arg(call, 1));
  const request = timespecIn(arg(call, 2), call);
  const clock = maskOf(arg(call, 0));
  if ((flags & 1) !== 0 && request !== null && clock !== 0) {
    const given = (get_user_s64(request, 0) ?? 0) * 1e9 + (get_user_s64(request, 8) ?? 0);
    const until = at.session.monotonic.toModel(given, call, call.exitNs === null ? null : at.session.clockOf(call.exitNs), at.k.clock.nowNs);
    put_user_s64(request, 0, Math.floor(until / 1e9));
    put_user_s64(request, 8, until % 1e9);
  }
  const rest = structOut(call, arg(call, 3), 16);
  return new Plan(row, [clock, flags, request, rest], () => leftMismatch(at, call, (flags & 1) !== 0 ? null : timeNsOf(arg(call, 2)), leftOf(arg(call, 3))));
};

const alarm: Planner = (at, call, row) => new Plan(row, [maskOf(arg(call, 0))], null, (model, linux) => {
  if (model <= 0 || linux <= 0 || Math.abs(model - linux) > 1) return false;
  at.session.adopt('time left');
  return true;
});

const setitimer: Planner = (at, call, row) => {
  const old = structOut(call, arg(call, 2), 32);
  return new Plan(row, [maskOf(arg(call, 0)), itimervalIn(arg(call, 1), call), old], () => (leftIsAdopted(at.session, arg(call, 2)), null));
};

const timerfd_settime: Planner = (at, call, row) => {
  const old = structOut(call, arg(call, 3), 32);
  return new Plan(row, [fdOf(arg(call, 0)), maskOf(arg(call, 1)), itimerspecIn(arg(call, 2), call), old], () => (leftIsAdopted(at.session, arg(call, 3)), null));
};

const timerfd_gettime: Planner = (at, call, row) => {
  const now = structOut(call, arg(call, 1), 32);
  return new Plan(row, [fdOf(arg(call, 0)), now], () => (leftIsAdopted(at.session, arg(call, 1)), null));
};

/** Clocks whose readings can be compared with each other: those of the machine, not those of a process. */
const MACHINE_CLOCKS = 2;
const CLOCK_BOOTTIME = 7;

const clock_gettime: Planner = (at, call, row) => {
  const clock = maskOf(arg(call, 0));
  if ((clock < 0 || clock >= MACHINE_CLOCKS) && clock !== CLOCK_BOOTTIME) return new Outside('clock of a process');
  return new Plan(row, [clock, structOut(call, arg(call, 1), 16)], (ret) => (ret < 0 ? null : readingMismatch(at, call, clock, timeNsOf(arg(call, 1)))));
};

const gettimeofday: Planner = (at, call, row) => {
  const zone = structOut(call, arg(call, 1), 8);
  return new Plan(row, [structOut(call, arg(call, 0), 16), zone], (ret) => (ret < 0 ? null : readingMismatch(at, call, 0, timeNsOf(arg(call, 0)))));
};

const create: Planner = (_at, call, row) => new Plan(row, call.args.map((value) => maskOf(value)));

export const TIME_PLANS: Readonly<Record<string, Planner>> = {
  nanosleep, clock_nanosleep, alarm, setitimer, timerfd_settime, timerfd_gettime, clock_gettime, gettimeofday, timerfd_create: create, eventfd: create, eventfd2: create,
};
