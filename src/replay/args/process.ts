/**
 * Processes: clone and its family, execve, exit, waiting for children, limits, pidfds. The numbers of processes are the log's.
 */

import { get_user_u32, put_user_u32, user_memory } from '../../kernel/uaccess.js';
import type { clone_args } from '../../syscalls/row.js';
import type { Call, Result } from '../call.js';
import { fdOf, isNull, isPointer, maskOf, named, numberOf, pointedOf, waitStatusOf, need, refuse } from '../decode.js';
import { field, type StructValue, type Value } from '../value.js';
import { arg, Outside, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { structOut } from './memory.js';
import { compareSiginfo } from './signals.js';

function made(call: Call): boolean {
  return call.result === null || call.result.kind === 'value' || call.result.kind === 'none';
}

/** The number of a new task is the log's. */
function adoptPid(at: PlanContext): Plan['outputs'] {
  return (_ret, _call, result) => pidMismatch(at, result);
}

/** kernel/pid.c:pid_max on 64-bit machines */
const PID_MAX = 4194304;

function pidMismatch(at: PlanContext, { value }: Result): Mismatch | null {
  at.session.adopt('process id');
  return value <= PID_MAX ? null : { what: 'process id', linux: String(value), model: `1 to ${PID_MAX}` };
}

const fork: Planner = (at, call, row) => (made(call) ? new Plan(row, [at.thread.childProgram(call)], adoptPid(at)) : new Outside('resources of the machine'));

function comparePidfd(value: Value | null, memory: user_memory | null): Mismatch | null {
  const shown = value === null ? null : pointedOf(value);
  if (shown === null || memory === null) return null;
  const linux = fdOf(shown);
  const model = get_user_u32(memory, 0)!;
  return linux === model ? null : { what: 'pidfd', linux: String(linux), model: String(model) };
}

const CLONE_PIDFD = 0x1000;

const clone: Planner = (at, call, row) => {
  if (!made(call)) return new Outside('resources of the machine');
  const flags = maskOf((named(call.args, 'flags') ?? refuse('flags', null)));
  const tid = (flags & CLONE_PIDFD) !== 0 ? new user_memory(new Uint8Array(4)) : null;
  return new Plan(row, [flags, null, tid, null, null, at.thread.childProgram(call)], (_ret, _call, result) => pidMismatch(at, result) ?? comparePidfd(named(call.args, 'parent_tid'), tid));
};

/** The struct of clone3, also `{...} => {pidfd=[4]}`. */
function cloneArgs(value: Value): { given: StructValue | null; stored: StructValue | null } {
  const given = value.kind === 'changed' ? value.before : value;
  const stored = value.kind === 'changed' ? value.after : null;
  return { given: given.kind === 'struct' ? given : null, stored: stored?.kind === 'struct' ? stored : null };
}

const clone3: Planner = (at, call, row) => {
  if (!made(call)) return new Outside('resources of the machine');
  const { given, stored } = cloneArgs(arg(call, 0));
  if (given === null) return new Outside('arguments not printed');
  const flags = maskOf(need(given, 'flags'));
  const signal = field(given, 'exit_signal');
  const pidfd = new user_memory(new Uint8Array(4));
  const args: clone_args = { flags, pidfd, child_tid: new user_memory(new Uint8Array(4)), parent_tid: new user_memory(new Uint8Array(4)), exit_signal: signal === null ? 0 : maskOf(signal) };
  const size = maskOf(arg(call, 1));
  return new Plan(row, [args, size, at.thread.childProgram(call)], (_ret, _call, result) => pidMismatch(at, result) ?? comparePidfd(stored === null ? null : field(stored, 'pidfd'), pidfd));
};

const execve: Planner = (at, call, row) => {
  if (call.result !== null && call.result.kind !== 'value') return new Outside('file system');
  const name = arg(call, 0);
  const path = name.kind === 'string' ? name.text : 'program';
  const memory = new user_memory(Uint8Array.from(`${path}\0`, (c) => c.charCodeAt(0)));
  return new Plan(row, [memory, null, null, at.thread.newProgram()]);
};

const exit: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0))]);

const wait4: Planner = (at, call, row) => {
  const status = structOut(call, arg(call, 1), 4);
  const pid = maskOf(arg(call, 0));
  return new Plan(row, [pid, status, maskOf(arg(call, 2)), null], (ret) => {
    if (!isNull(arg(call, 3)) && !isPointer(arg(call, 3))) at.session.adopt('cpu time');
    const linux = ret > 0 ? waitStatusOf(arg(call, 1)) : null;
    if (linux === null || status === null) return null;
    const model = get_user_u32(status, 0)!;
    return linux === model ? null : { what: 'wait status', linux: `0x${linux.toString(16)}`, model: `0x${model.toString(16)}` };
  });
};

const waitid: Planner = (_at, call, row) => {
  const which = maskOf(arg(call, 0));
  const id = fdOf(arg(call, 1));
  const info = structOut(call, arg(call, 2), 128);
  return new Plan(row, [which, id, info, maskOf(arg(call, 3)), null], (ret) =>
    (ret < 0 ? null : compareSiginfo(arg(call, 2), info)));
};

const RLIMIT_NOFILE = 7;
const INFINITY = (1n << 64n) - 1n;

function limitIn(value: Value | null): user_memory | null {
  if (value === null || value.kind !== 'struct') return null;
  const memory = new user_memory(new Uint8Array(16));
  for (const [at, name] of [[0, 'rlim_cur'], [8, 'rlim_max']] as const) {
    const number = BigInt(numberOf(need(value, name))) & INFINITY;
    put_user_u32(memory, at, Number(number & 0xffffffffn));
    put_user_u32(memory, at + 4, Number(number >> 32n));
  }
  return memory;
}

function compareLimit(at: PlanContext, resource: number, value: Value, memory: user_memory | null): Mismatch | null {
  const linux = limitIn(value);
  if (linux === null || memory === null) return null;
  const same = linux.bytes.every((byte, i) => byte === memory.bytes[i]);
  if (same) return null;
  const [soft, hard] = [get_user_u32(linux, 0)! >>> 0, get_user_u32(linux, 8)! >>> 0];
  if (resource !== RLIMIT_NOFILE || (!at.session.limitsAreSet && soft <= hard)) {
    at.session.adopt('resource limit');
    if (resource === RLIMIT_NOFILE) startLimits(at, soft, hard);
    return null;
  }
  const text = (limits: user_memory): string => `${get_user_u32(limits, 0)! >>> 0}, ${get_user_u32(limits, 8)! >>> 0}`;
  return { what: 'limit', linux: text(linux), model: text(memory) };
}

/** As long as no program of the log has set a limit, all have the one that the first one was started with. */
function startLimits({ k }: PlanContext, soft: number, hard: number): void {
  for (const task of k.tasks.values()) Object.assign(task.signal.rlim_nofile, { cur: soft, max: hard });
}

const prlimit64: Planner = (at, call, row) => {
  const resource = maskOf(arg(call, 1));
  const old = structOut(call, arg(call, 3), 16);
  const pid = maskOf(arg(call, 0));
  noteLimit(at, resource, arg(call, 2));
  return new Plan(row, [pid, resource, limitIn(arg(call, 2)), old], (ret) => (ret < 0 ? null : compareLimit(at, resource, arg(call, 3), old)));
};

function noteLimit({ session }: PlanContext, resource: number, value: Value): void {
  if (resource === RLIMIT_NOFILE && value.kind === 'struct') session.limitsAreSet = true;
}

const setrlimit: Planner = (at, call, row) => {
  noteLimit(at, maskOf(arg(call, 0)), arg(call, 1));
  return new Plan(row, [maskOf(arg(call, 0)), limitIn(arg(call, 1))]);
};

const getrlimit: Planner = (at, call, row) => {
  const resource = maskOf(arg(call, 0));
  const old = structOut(call, arg(call, 1), 16);
  return new Plan(row, [resource, old], (ret) => (ret < 0 ? null : compareLimit(at, resource, arg(call, 1), old)));
};

const pidfd_open: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1))]);
const pidfd_getfd: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0)), maskOf(arg(call, 1)), maskOf(arg(call, 2))]);
const unshare: Planner = (_at, call, row) => new Plan(row, [maskOf(arg(call, 0))]);

/** In a log without thread ids the process itself is told by its first getpid. */
const own: Planner = (at, _call, row) => new Plan(row, [], null, (_model, linux) => {
  if (at.thread.logPid !== 0 || linux <= 0 || linux > PID_MAX) return false;
  at.session.adopt('process id');
  return true;
});

/** Calls that answer with a process, a group or a session. */
const identity: Planner = (_at, call, row) => new Plan(row, call.args.map((value) => maskOf(value)));

/** The parent of a process that the log begins with is not in the log. */
const getppid: Planner = (at, _call, row) => new Plan(row, [], null, (model, linux) => {
  if (model !== 0 || linux < 0 || at.session.threads.has(linux)) return false;
  at.session.adopt('process id');
  return true;
});

export const PROCESS_PLANS: Readonly<Record<string, Planner>> = {
  fork, vfork: fork, clone, clone3, execve, exit, exit_group: exit, wait4, waitid, prlimit64, setrlimit, getrlimit, pidfd_open, pidfd_getfd, unshare,
  getpid: own, getppid, gettid: own, getpgrp: identity, getpgid: identity, getsid: identity, setsid: identity, setpgid: identity,
};
