/**
 * Prints system calls the way strace does: `epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1) = 1`.
 * Each row of the table names one printer an argument. ours: strace does this from outside.
 */

import { errnoName, errnoText } from '../kernel/errno.js';
import { get_user_s64, get_user_u32, user_memory } from '../kernel/uaccess.js';
import type { arg_printer, syscall_arg, syscall_record } from './row.js';

/** How many bytes of a string are shown; strace's default. */
export const STRING_LIMIT = 32;

/** A signed decimal number. */
export const int: arg_printer = (value) => String(Number(value) | 0);

/** An unsigned decimal number. */
export const uint: arg_printer = (value) => String(Number(value));

/** A hexadecimal number; 0 is `0`. */
export const hex: arg_printer = (value) => (Number(value) === 0 ? '0' : `0x${(Number(value) >>> 0).toString(16)}`);

/** A descriptor. */
export const fd: arg_printer = int;

/** A pointer that is not looked through. */
export const ptr: arg_printer = (value) => (value === null ? 'NULL' : '0x7ffc0000');

/** Flags by name, joined by `|`; bits without a name stay a number. `zero` is what 0 prints as. */
export function flags(names: Readonly<Record<string, number>>, zero = '0'): arg_printer {
  return (value) => flagText(Number(value), names, zero);
}

/** The text of a flag word: names joined by `|`, the rest in hexadecimal. */
export function flagText(value: number, names: Readonly<Record<string, number>>, zero = '0'): string {
  if (value === 0) return zero;
  const parts: string[] = [];
  let rest = value >>> 0;
  for (const [name, bits] of Object.entries(names)) {
    const b = bits >>> 0;
    if (b !== 0 && (rest & b) >>> 0 === b) {
      parts.push(name);
      rest = (rest & ~b) >>> 0;
    }
  }
  if (rest !== 0) parts.push(`0x${rest.toString(16)}`);
  return parts.join('|');
}

/** One of several values by name; others are numbers. */
export function oneOf(names: Readonly<Record<string, number>>): arg_printer {
  return (value) => Object.keys(names).find((name) => names[name] === Number(value)) ?? String(Number(value));
}

/** A C string literal of bytes, cut after STRING_LIMIT. */
export function bytesText(bytes: Uint8Array, limit = STRING_LIMIT): string {
  let text = '"';
  const shown = Math.min(bytes.length, limit);
  for (let i = 0; i < shown; i++) {
    const byte = bytes[i]!;
    const nextIsDigit = i + 1 < shown && bytes[i + 1]! >= 0x30 && bytes[i + 1]! <= 0x37;
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte === 0x0a) text += '\\n';
    else if (byte === 0x0d) text += '\\r';
    else if (byte === 0x09) text += '\\t';
    else if (byte === 0x0b) text += '\\v';
    else if (byte === 0x0c) text += '\\f';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(nextIsDigit ? 3 : 1, '0')}`;
  }
  return `${text}"${bytes.length > shown ? '...' : ''}`;
}

function memoryText(value: syscall_arg, length: number): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return hex(value, undefined as never);
  if (!(value instanceof user_memory) || value.kernelSpace || value.faultAt === 0) return '0x7ffc0000';
  return bytesText(value.bytes.subarray(0, Math.min(length, value.faultAt)));
}

/** A buffer that the call reads: `length` is the index of the argument with its size. */
export function bytesIn(length: number): arg_printer {
  return (value, call) => memoryText(value, Number(call.args[length]));
}

/** A buffer that the call fills: shown as far as the result says; a pointer when the call failed or still runs. */
export const bytesOut: arg_printer = storedByKernel((value, call) =>
  call.ret === null || call.ret < 0 ? ptr(value, call) : memoryText(value, call.ret),
);

/** Marks a printer as one for what the kernel stores. */
export function storedByKernel(print: arg_printer): arg_printer {
  return Object.assign(print, { out: true });
}

/** A printer for memory with a structure: `text` is called when the call left something there to show. */
export function structure(text: (memory: user_memory, call: syscall_record) => string, when: 'in' | 'out' = 'in'): arg_printer {
  const print: arg_printer = (value, call) => {
    if (value === null || typeof value === 'number') return value === null ? 'NULL' : hex(value, call);
    if (!(value instanceof user_memory) || value.kernelSpace || value.faultAt === 0) return '0x7ffc0000';
    if (when === 'out' && (call.ret === null || call.ret < 0)) return ptr(value, call);
    return text(value, call);
  };
  return when === 'out' ? storedByKernel(print) : print;
}

function argTexts(call: syscall_record): string[] {
  return call.row.args.map((print, index) => {
    const value = call.args[index];
    return print(value === undefined ? 0 : value, call);
  });
}

/** How many arguments strace shows before the call returns: all in front of the first that the kernel stores. */
function shownAtEntry(call: syscall_record): number {
  const first = call.row.args.findIndex((print) => print.out === true);
  return first < 0 ? call.row.args.length : first;
}

function withResult(head: string, call: syscall_record): string {
  const ret = call.ret!;
  return `${head.padEnd(39)} = ${resultText(ret)}${ret >= 0 && call.row.result !== undefined ? call.row.result(call) : ''}`;
}

/** Arguments that strace does not show print as nothing. */
function listed(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(', ');
}

/** A whole call as one line of strace. */
export function printCall(call: syscall_record): string {
  if (call.ret === null) return printUnfinished(call);
  return withResult(`${call.row.name}(${listed(argTexts(call))})`, call);
}

/** The first half of a call that others interrupt: `read(3,  <unfinished ...>`. */
export function printUnfinished(call: syscall_record): string {
  const shown = shownAtEntry(call);
  const more = shown > 0 && shown < call.row.args.length ? ', ' : '';
  return `${call.row.name}(${listed(argTexts({ ...call, ret: null }).slice(0, shown))}${more} <unfinished ...>`;
}

/** The second half: `<... read resumed>"abc", 10) = 3`. */
export function printResumed(call: syscall_record): string {
  return withResult(`<... ${call.row.name} resumed>${listed(argTexts(call).slice(shownAtEntry(call)))})`, call);
}

/** `3`, or `-1 EAGAIN (Resource temporarily unavailable)`. */
export function resultText(ret: number): string {
  if (ret >= 0 || ret < -4095) return String(ret);
  const text = `${errnoName(-ret)} (${errnoText(-ret)})`;
  return ret <= -512 ? `? ${text}` : `-1 ${text}`;
}

/** Signal names as strace prints them in sets, by number. */
export const SIGNAL_NAMES: readonly string[] = [
  '?', 'HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM', 'TERM', 'STKFLT',
  'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS',
];

/** `[USR1 CHLD]`, or the complement `~[KILL]` when most signals are in. */
export function sigsetText(lo: number, hi: number): string {
  const members: string[] = [];
  const others: string[] = [];
  for (let sig = 1; sig <= 64; sig++) {
    const name = SIGNAL_NAMES[sig] ?? (sig === 32 ? 'RTMIN' : `RT_${sig - 32}`);
    const isIn = ((sig <= 32 ? lo >>> (sig - 1) : hi >>> (sig - 33)) & 1) === 1;
    (isIn ? members : others).push(name);
  }
  return others.length < 32 ? `~[${others.join(' ')}]` : `[${members.join(' ')}]`;
}

/** A signal set in memory. */
export const sigset: arg_printer = structure((memory) => sigsetText(get_user_u32(memory, 0) ?? 0, get_user_u32(memory, 4) ?? 0));

/** A struct timespec in memory. */
export const timespec: arg_printer = structure((memory) => `{tv_sec=${get_user_s64(memory, 0)}, tv_nsec=${get_user_s64(memory, 8)}}`);
