/**
 * What values mean: numbers behind names, masks, descriptors, times, bytes, signals. A value that cannot mean what is asked
 * for is a ValueError; argument() says of which call. Numbers are as the program gave them: bit masks come as 32-bit integers, as the
 * model has them.
 */

import { errnoByName } from '../kernel/errno.js';
import type { Call, Result } from './call.js';
import { NameError, StraceError, ValueError } from './error.js';
import { NUMBERS } from './names.js';
import { printValue } from './print.js';
import { type ArrayValue, type StructValue, type Value, field } from './value.js';

/** Names of numbers that need more than 53 bits. */
const WIDE: ReadonlyMap<string, bigint> = new Map([['RLIM64_INFINITY', (1n << 64n) - 1n], ['RLIM_INFINITY', (1n << 64n) - 1n]]);

/** Throws: `value` is not `expected`. */
export function refuse(expected: string, value: Value | null): never {
  throw new ValueError(expected, value === null ? 'nothing' : `\`${printValue(value)}\``);
}

/** An argument of a call, decoded. Errors name the call and its lines. */
export function argument<T>(call: Call, index: number, decode: (value: Value) => T, file = 'log'): T {
  const value = call.args[index];
  try {
    return value === undefined ? refuse('an argument', null) : decode(value);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new StraceError(file, call.entryLine, 1, `${error.expected} as argument ${index + 1} of ${call.name}`, error.found);
  }
}

/** The argument or item with this name, `flags=CLONE_VM` in clone(child_stack=NULL, flags=CLONE_VM); null when it is not there. */
export function named(items: readonly Value[], name: string): Value | null {
  for (const item of items) if (item.kind === 'field' && item.name === name) return item.value;
  return null;
}

/** What was there before the call: the left side of `a => b`. */
export function before(value: Value): Value {
  return value.kind === 'changed' ? value.before : value;
}

/** What the call left there: the right side of `a => b`. */
export function after(value: Value): Value {
  return value.kind === 'changed' ? value.after : value;
}

export function isNull(value: Value): boolean {
  return value.kind === 'null';
}

/** A pointer that strace did not look through: an output that was not filled in, or an address that cannot be read. */
export function isPointer(value: Value): boolean {
  return value.kind === 'number' && value.base === 16;
}

/** Any number: literal, product, names, descriptor, NULL. */
export function numberOf(value: Value): number | bigint {
  switch (value.kind) {
    case 'number': return value.value;
    case 'null': return 0;
    case 'fd': return value.fd;
    case 'flags': {
      const wide = value.names.length === 1 ? WIDE.get(value.names[0]!) : undefined;
      if (wide !== undefined) return wide;
      let bits = value.rest === null ? 0n : BigInt(value.rest.value);
      for (const name of value.names) bits |= BigInt(numberOfName(name));
      return narrow(bits);
    }
    case 'operation': {
      const left = BigInt(numberOf(value.left));
      const right = BigInt(numberOf(value.right));
      if (value.op === '*') return narrow(left * right);
      if (value.op === '<<') return narrow(left << right);
      if (value.op === '|') return narrow(left | right);
      return refuse('a number', value);
    }
    case 'macro':
      return /^(htons|htonl|ntohs|ntohl)$/.test(value.name) && value.args.length === 1 ? numberOf(value.args[0]!) : refuse('a number', value);
    case 'string': case 'struct': case 'array': case 'changed': case 'field': case 'address': case 'resuming': case 'elided':
      return refuse('a number', value);
  }
}

function narrow(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** The number that a name stands for, among the names of flags and the names of errors. */
export function numberOfName(name: string): number {
  const value = NUMBERS.get(name) ?? errnoByName(name);
  if (value === undefined) throw new NameError(name);
  return value;
}

/** A number that fits a double. */
export function intOf(value: Value): number {
  const number = numberOf(value);
  return typeof number === 'number' ? number : refuse('a number of at most 53 bits', value);
}

/** The low 32 bits, as a signed integer: what an `int` or a mask of the model is. */
export function maskOf(value: Value): number {
  if (value.kind === 'flags' && value.rest === null) {
    let bits = 0;
    for (const name of value.names) bits |= numberOfName(name);
    return bits;
  }
  const number = numberOf(value);
  return typeof number === 'number' ? number | 0 : Number(BigInt.asIntN(32, number));
}

/** The two halves of 64 bits. */
export interface Halves {
  readonly lo: number;
  readonly hi: number;
}

/** A 64-bit number as two unsigned halves. */
export function halvesOf(value: Value): Halves {
  const number = numberOf(value);
  if (typeof number === 'number' && number >= 0) return { lo: number >>> 0, hi: Math.floor(number / 2 ** 32) };
  const bits = BigInt.asUintN(64, BigInt(number));
  return { lo: Number(bits & 0xffffffffn), hi: Number(bits >> 32n) };
}

/** A descriptor: its number, decorated or not. */
export function fdOf(value: Value): number {
  if (value.kind === 'fd') return value.fd;
  return value.kind === 'number' || value.kind === 'flags' ? maskOf(value) : refuse('a descriptor', value);
}

/** The number of an error: EAGAIN is 11. */
export function errnoOf(name: string): number {
  const number = errnoByName(name);
  if (number === undefined) throw new ValueError('the name of an error', `\`${name}\``);
  return number;
}

/** What the kernel returned: a number, -errno (also -512 for ERESTARTSYS), or null when the call never returned. */
export function returned(result: Result): number | bigint | null {
  switch (result.kind) {
    case 'value': return result.value;
    case 'error':
    case 'restart': return -errnoOf(result.errno);
    case 'none': return null;
  }
}

/** What is known of a buffer. */
export interface Bytes {
  readonly bytes: Uint8Array;
  /** there were more bytes than strace has printed */
  readonly elided: boolean;
}

/** Printed bytes; null for NULL and for a pointer. */
export function bytesOf(value: Value): Bytes | null {
  if (value.kind === 'string') return value;
  return isNull(value) || isPointer(value) ? null : refuse('a string', value);
}

export function structOf(value: Value, what = 'a struct'): StructValue {
  return value.kind === 'struct' ? value : refuse(what, value);
}

export function arrayOf(value: Value, what = 'a list'): ArrayValue {
  return value.kind === 'array' ? value : refuse(what, value);
}

/** The field of a struct, which must be there. */
export function need(struct: StructValue, name: string): Value {
  return field(struct, name) ?? refuse(`${name} in`, struct);
}

/** The only item of `[1]`; null for NULL and for a pointer. */
export function pointedOf(value: Value): Value | null {
  if (isNull(value) || isPointer(value)) return null;
  const { items } = arrayOf(value, 'a value in brackets');
  return items.length === 1 ? items[0]! : refuse('one value in brackets', value);
}

/** A time, as it was printed: `nsec` can be out of range when a program tries that. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** Seconds, or any number of 64 bits: what does not fit a double is beyond all clocks, and stays so. */
export function secondsOf(value: Value): number {
  const number = numberOf(value);
  return typeof number === 'number' ? number : number > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
}

/** `{tv_sec=0, tv_nsec=3000000}` and `{tv_sec=0, tv_usec=3000}`; null for NULL and for a pointer. */
export function timespecOf(value: Value): Timespec | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'a time');
  const usec = field(struct, 'tv_usec');
  return { sec: secondsOf(need(struct, 'tv_sec')), nsec: usec === null ? intOf(need(struct, 'tv_nsec')) : intOf(usec) * 1000 };
}

/** A time in nanoseconds; null for NULL and for a pointer. */
export function timeNsOf(value: Value): number | null {
  const time = timespecOf(value);
  return time === null ? null : time.sec * 1e9 + time.nsec;
}

export interface Itimerspec {
  readonly intervalNs: number;
  readonly valueNs: number;
}

/** `{it_interval={...}, it_value={...}}` of timers with nanoseconds and with microseconds. */
export function itimerspecOf(value: Value): Itimerspec | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'an interval and a time');
  return { intervalNs: timeNsOf(need(struct, 'it_interval')) ?? 0, valueNs: timeNsOf(need(struct, 'it_value')) ?? 0 };
}

/** `SIGTERM`, or a number. */
export function signalOf(value: Value): number {
  return intOf(value);
}

/** `[USR1 CHLD]`, `~[RTMIN RT_1]`: 64 bits, signal n is bit n - 1; null for NULL and for a pointer. */
export function sigsetOf(value: Value): Halves | null {
  if (isNull(value) || isPointer(value)) return null;
  const set = arrayOf(value, 'a set of signals');
  let lo = 0;
  let hi = 0;
  for (const item of set.items) {
    const name = item.kind === 'flags' && item.names.length === 1 ? item.names[0]! : null;
    const signal = name === null ? intOf(item) : numberOfName(name.startsWith('SIG') ? name : `SIG${name}`);
    if (signal <= 32) lo |= 1 << (signal - 1);
    else hi |= 1 << (signal - 33);
  }
  return set.complement ? { lo: ~lo >>> 0, hi: ~hi >>> 0 } : { lo: lo >>> 0, hi: hi >>> 0 };
}

/** What a signal line or a siginfo in an argument says; fields that are not printed are 0. */
export interface Siginfo {
  readonly signo: number;
  readonly code: number;
  readonly pid: number;
  readonly uid: number;
  readonly status: number;
  readonly value: number;
}

/** `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=10, ...}`; null for NULL, for a pointer and for `{}`. */
export function siginfoOf(value: Value): Siginfo | null {
  if (isNull(value) || isPointer(value)) return null;
  const struct = structOf(value, 'a siginfo');
  if (struct.names.length === 0) return null;
  const number = (name: string): number => {
    const part = field(struct, name);
    return part === null ? 0 : maskOf(part);
  };
  return {
    signo: number('si_signo'), code: number('si_code'), pid: number('si_pid'), uid: number('si_uid'),
    status: number('si_status'), value: number('si_int'),
  };
}

/** The status word of wait4, `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`, as the kernel makes it; null for NULL and for a pointer. */
export function waitStatusOf(value: Value): number | null {
  if (isNull(value) || isPointer(value)) return null;
  const item = pointedOf(value);
  if (item === null || item.kind !== 'struct') return item === null ? null : maskOf(item);
  const facts = new Map<string, number>();
  const look = (part: Value): void => {
    if (part.kind === 'operation' && part.op === '&&') {
      look(part.left);
      look(part.right);
    } else if (part.kind === 'operation' && part.op === '==' && part.left.kind === 'macro') {
      facts.set(part.left.name, maskOf(part.right));
    } else if (part.kind === 'macro') {
      facts.set(part.name, 1);
    } else {
      refuse('a wait status', value);
    }
  };
  item.values.forEach(look);
  if (facts.has('WIFEXITED')) return (facts.get('WEXITSTATUS') ?? 0) << 8;
  if (facts.has('WIFSIGNALED')) return (facts.get('WTERMSIG') ?? 0) | (facts.has('WCOREDUMP') ? 0x80 : 0);
  if (facts.has('WIFSTOPPED')) return ((facts.get('WSTOPSIG') ?? 0) << 8) | 0x7f;
  return facts.has('WIFCONTINUED') ? 0xffff : refuse('a wait status', value);
}
