/**
 * poll, ppoll, select, pselect6: arrays of descriptors and sets of them, and which of them the call left behind.
 */

import { get_user_u32, put_user_u16, put_user_u32, user_memory, type user_ptr } from '../../kernel/uaccess.js';
import { user_sigpack } from '../../kernel/select.js';
import { flagText } from '../../syscalls/print.js';
import { POLL_NAMES } from '../../syscalls/rows_poll.js';
import type { Call, Result } from '../call.js';
import { before, intOf, isNull, isPointer, maskOf, timeNsOf, need } from '../decode.js';
import { leftMismatch } from './left.js';
import { fdSetOf, pollFdsOf, pollResultOf, selectResultOf } from '../decodePoll.js';
import { field, type Value } from '../value.js';
import { readyForPoll, readyForSelect } from './ready.js';
import { arg, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { sigsetIn, timespecIn, timevalIn } from './time.js';

function pollTexts(entries: readonly { fd: number; revents: number }[]): string {
  return `[${entries.map(({ fd, revents }) => `{${fd}, ${flagText(revents, POLL_NAMES)}}`).join(', ')}]`;
}

function readyIn(memory: user_memory, nfds: number): { fd: number; revents: number }[] {
  const ready: { fd: number; revents: number }[] = [];
  for (let i = 0; i < nfds; i++) {
    const revents = (get_user_u32(memory, 8 * i + 4) ?? 0) >>> 16;
    if (revents !== 0) ready.push({ fd: get_user_u32(memory, 8 * i)!, revents });
  }
  return ready;
}

/** What a poll of the model has stored. */
export function reventsIn({ args: [memory, nfds] }: Plan): { fd: number; revents: number }[] {
  return memory instanceof user_memory ? readyIn(memory, Number(nfds)) : [];
}

function compareRevents(at: PlanContext, call: Call, result: Result, memory: user_ptr, nfds: number): Mismatch | null {
  const { ready, leftNs } = pollResultOf(result);
  const left = leftMismatch(at, call, call.name === 'ppoll' ? timeNsOf(arg(call, 2)) : null, leftNs);
  if (left !== null) return left;
  const model = memory === null ? [] : readyIn(memory, nfds);
  const same = ready.length === model.length && ready.every((entry, i) => entry.fd === model[i]!.fd && entry.revents === model[i]!.revents);
  return same ? null : { what: 'revents', linux: pollTexts(ready), model: pollTexts(model) };
}

function withReady(plan: Plan, ready: Plan['ready']): Plan {
  plan.ready = ready;
  return plan;
}

const poll: Planner = (at, call, row) => {
  const fds = pollFdsOf(arg(call, 0));
  const nfds = intOf(arg(call, 1));
  let memory: user_ptr = null;
  if (fds !== null) {
    memory = new user_memory(new Uint8Array(8 * fds.length));
    fds.forEach(({ fd, events }, i) => {
      put_user_u32(memory, 8 * i, fd);
      put_user_u16(memory, 8 * i + 4, events);
    });
  } else if (isPointer(arg(call, 0))) memory = new user_memory(new Uint8Array(0));
  const outputs: Plan['outputs'] = (ret, _call, result) => (ret > 0 ? compareRevents(at, call, result, memory, nfds) : null);
  const ready = readyForPoll(at, fds);
  if (call.name === 'poll') return withReady(new Plan(row, [memory, nfds, intOf(arg(call, 2))], outputs), ready);
  const plan = new Plan(row, [memory, nfds, timespecIn(arg(call, 2), call), sigsetIn(arg(call, 3), call), maskOf(arg(call, 4))], outputs);
  plan.isMaskUnknown = isPointer(arg(call, 3));
  return withReady(plan, ready);
};

/** A set, in memory for 1024 descriptors or more. */
function setIn(value: Value, n: number, call: Call): user_memory | null {
  if (isNull(value)) return null;
  const fds = fdSetOf(value);
  const size = Math.max(128, 8 * Math.ceil(n / 64));
  const memory = new user_memory(new Uint8Array(size), fds === null && call.result?.errno === 'EFAULT' ? 0 : size);
  for (const fd of fds ?? []) memory.bytes[fd >> 3]! |= 1 << (fd & 7);
  return memory;
}

function membersOf(memory: user_memory | null, n: number): number[] {
  const members: number[] = [];
  for (let fd = 0; memory !== null && fd < Math.min(n, 8 * memory.bytes.length); fd++) if ((memory.bytes[fd >> 3]! & (1 << (fd & 7))) !== 0) members.push(fd);
  return members;
}

function compareSets(at: PlanContext, call: Call, result: Result, sets: readonly (user_memory | null)[], n: number): Mismatch | null {
  const linux = selectResultOf(result);
  const left = leftMismatch(at, call, timeNsOf(before(arg(call, 4))), linux.leftNs);
  if (left !== null) return left;
  const model = sets.map((set) => membersOf(set, n).join(' '));
  const shown = [linux.in, linux.out, linux.except].map((set) => set.join(' '));
  const text = (texts: readonly string[]): string => `in [${texts[0]}], out [${texts[1]}], except [${texts[2]}]`;
  return shown.every((set, i) => set === model[i]) ? null : { what: 'sets', linux: text(shown), model: text(model) };
}

/** The last argument of pselect6: `{sigmask=[CHLD], sigsetsize=8}`. */
function sigpackIn(value: Value, call: Call): user_memory | null {
  if (isNull(value)) return null;
  if (value.kind !== 'struct') return new user_memory(new Uint8Array(0));
  const mask = field(value, 'sigmask');
  return new user_sigpack(mask === null ? null : sigsetIn(mask, call), intOf(need(value, 'sigsetsize')));
}

const select: Planner = (at, call, row) => {
  const n = maskOf(arg(call, 0));
  const sets = [1, 2, 3].map((index) => setIn(arg(call, index), n, call));
  const [readers, writers, others] = sets as [user_memory | null, user_memory | null, user_memory | null];
  const outputs: Plan['outputs'] = (ret, _call, result) => (ret > 0 ? compareSets(at, call, result, sets, n) : null);
  const ready = readyForSelect(at, [1, 2, 3].map((index) => fdSetOf(arg(call, index)) ?? []));
  if (call.name === 'select') return withReady(new Plan(row, [n, readers, writers, others, timevalIn(arg(call, 4), call)], outputs), ready);
  return withReady(new Plan(row, [n, readers, writers, others, timespecIn(arg(call, 4), call), sigpackIn(arg(call, 5), call)], outputs), ready);
};

export const POLL_PLANS: Readonly<Record<string, Planner>> = { poll, ppoll: poll, select, pselect6: select };
