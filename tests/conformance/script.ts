/**
 * A script is a list of system calls with what each must answer, one call a line. The same script runs on the model
 * (model.ts) and, turned into numbers, on the real kernel (live.ts, epoll-facts.c).
 *
 *     e = epoll_create1 0
 *     a = eventfd2 0 NONBLOCK
 *     ctl e ADD a IN|ET            # the event's data is the name `a`; `as x` gives it another
 *     add a 1                      # writes 8 bytes; `take a` reads them
 *     wait e -> a:IN               # epoll_wait(e, buffer, 8, 0)
 *     wait e -> 0
 *
 * `-> text` is what the call must answer; without it, the call must not fail. `times 3` ... `end` repeats lines.
 */

import * as errno from '../../src/kernel/errno.js';

/** What an argument is: a number, or the result of an earlier call. */
export type Arg = { readonly value: bigint } | { readonly slot: number };

/** One call of a compiled script. */
export interface Call {
  readonly op: string;
  readonly args: readonly Arg[];
  /** where the result goes; a pair takes this slot and the next; -1: nowhere */
  readonly slot: number;
  /** what the call must answer, null: anything but an error */
  readonly expected: string | null;
  /** the line, for messages */
  readonly text: string;
}

/** A script in the form in which it is run. */
export interface Script {
  readonly calls: readonly Call[];
  /** the variables, by slot */
  readonly names: readonly string[];
}

export const EVENT_BITS: Readonly<Record<string, number>> = {
  IN: 0x1, PRI: 0x2, OUT: 0x4, ERR: 0x8, HUP: 0x10, NVAL: 0x20, RDNORM: 0x40, RDBAND: 0x80, WRNORM: 0x100, WRBAND: 0x200, MSG: 0x400,
  RDHUP: 0x2000, EXCLUSIVE: 2 ** 28, WAKEUP: 2 ** 29, ONESHOT: 2 ** 30, ET: 2 ** 31,
};

const CONSTANTS: Readonly<Record<string, number>> = {
  ...EVENT_BITS,
  ADD: 1, DEL: 2, MOD: 3,
  NONBLOCK: 0o4000, CLOEXEC: 0o2000000, SEMAPHORE: 1, PATH: 0o10000000, CREAT: 0o100, RDWR: 2,
  STREAM: 1, DGRAM: 2,
  SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2,
  GETFD: 1, GETFL: 3, SETFL: 4, SETPIPE_SZ: 1031,
  FIONREAD: 0x541b, EPIOCSPARAMS: 0x40088a01, EPIOCGPARAMS: 0x80088a02,
  directory: 0, null: 1, regular: 2,
};

/** Calls whose missing arguments have a usual value. */
const DEFAULTS: Readonly<Record<string, readonly number[]>> = {
  epoll_create1: [0], wait: [NaN, 8, 0, -1], pwait2: [NaN, 8, 0, 0], eventfd2: [0, 0o4000], pipe2: [0o4000], socketpair: [1 | 0o4000],
  poll: [NaN, 1, 0], fcntl: [NaN, NaN, 0], lseek: [NaN, 0, 0], add: [NaN, 1], write: [NaN, 1], read: [NaN, 1], open: [NaN, 0],
};

/** Where a wait's events go, apart from ordinary memory. */
const PLACES: Readonly<Record<string, number>> = { nowhere: -2, kernel: -3 };

class Compiler {
  readonly calls: Call[] = [];
  readonly names: string[] = [];

  slotOf(name: string): number {
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }

  arg(word: string): Arg {
    if (!/^-?\d/.test(word) && this.names.includes(word)) return { slot: this.names.indexOf(word) };
    let value = 0n;
    for (const part of word.split('|')) {
      const constant = CONSTANTS[part] ?? PLACES[part];
      if (constant === undefined && !/^-?(0x[0-9a-f]+|\d+)$/i.test(part)) throw new Error(`script: what is ${part}?`);
      const number = constant !== undefined ? BigInt(constant) : part.startsWith('-') ? -BigInt(part.slice(1)) : BigInt(part);
      value = number < 0n ? number : value | number;
    }
    return { value };
  }

  line(text: string): void {
    const [left = '', expected] = text.split('->').map((part) => part.trim());
    const [targets, call] = left.includes('=') ? left.split('=') as [string, string] : ['', left];
    const as = / as (\S+)$/.exec(call);
    const words = call.replace(/ as \S+$/, '').trim().split(/\s+/);
    const op = words[0]!;
    const args = words.slice(1).map((word) => this.arg(word));
    const defaults = DEFAULTS[op] ?? [];
    while (args.length < defaults.length) args.push({ value: BigInt(defaults[args.length]!) });
    if (op === 'ctl') {
      if (args.length < 4) args.push({ value: 0n });
      // the data of an event: a number that stands for a name
      args.push({ value: BigInt(this.slotOf(as === null ? words[3]! : as[1]!)) });
    }
    const slots = targets.trim() === '' ? [-1] : targets.split(',').map((name) => this.slotOf(name.trim()));
    if (slots.length === 2 && slots[1] !== slots[0]! + 1) throw new Error('script: the two names of a pair must be new');
    this.calls.push({ op, args, slot: slots[0]!, expected: expected ?? null, text });
  }
}

/** Reads a script. */
export function compile(text: string): Script {
  const compiler = new Compiler();
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  const run = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      const times = /^times (\d+)$/.exec(lines[at]!);
      if (times === null) {
        compiler.line(lines[at]!);
        continue;
      }
      const end = lines.indexOf('end', at);
      if (end < 0) throw new Error('script: times without end');
      for (let n = 0; n < Number(times[1]); n++) run(at + 1, end);
      at = end;
    }
  };
  run(0, lines.length);
  return { calls: compiler.calls, names: compiler.names };
}

/** A script as epoll-facts.c reads it. */
export function forLive(script: Script): string {
  const lines = script.calls.map(({ op, args, slot }) => {
    const words = args.map((arg) => ('slot' in arg ? `$${arg.slot}` : String(arg.value)));
    return [slot, op, ...words].join(' ');
  });
  return `${lines.join('\n')}\n--\n`;
}

/** A mask as names, in ascending order of the bits. */
export function maskText(mask: number): string {
  const names = Object.entries(EVENT_BITS).filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name);
  const unknown = (mask & ~Object.values(EVENT_BITS).reduce((all, bit) => all | bit, 0)) >>> 0;
  if (unknown !== 0 || mask === 0) names.push(`0x${unknown.toString(16)}`);
  return names.join('|');
}

const ERRNO_NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(errno)) {
  if (/^E[A-Z0-9]+$/.test(name) && typeof value === 'number' && !['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP'].includes(name)) ERRNO_NAMES.set(value, name);
}

/** `EINVAL` for -22. */
export function errorText(ret: number): string {
  return ERRNO_NAMES.get(-ret) ?? String(ret);
}

/** The numbers that a call gave, as text: the return value first, then what was stored. `numberOf` finds the name of a descriptor. */
export function answerText(script: Script, call: Call, numbers: readonly bigint[], nameOfFd: (fd: number) => string): string {
  const ret = Number(numbers[0]);
  if (ret < 0) return errorText(ret);
  const stored = numbers.slice(1).map(Number);
  const name = (data: number): string => script.names[data] ?? String(data);
  switch (call.op) {
    case 'wait':
    case 'pwait2': {
      const events: string[] = [];
      for (let i = 0; i < stored.length; i += 2) events.push(`${name(stored[i]!)}:${maskText(stored[i + 1]!)}`);
      return events.length === 0 ? '0' : events.join(' ');
    }
    case 'poll': return ret === 0 ? '0' : maskText(stored[0]!);
    case 'take': return String(numbers[1]);
    case 'getparams': return stored.join(' ');
    case 'fdinfo': {
      // The order of the lines is that of addresses, which nobody can foresee: shown sorted.
      const items: string[] = [];
      for (let i = 0; i < stored.length; i += 3) items.push(`${nameOfFd(stored[i]!)}/${name(stored[i + 2]!)}:${stored[i + 1]!.toString(16)}`);
      return items.length === 0 ? 'none' : items.sort().join(' ');
    }
    default: return String(ret);
  }
}

/** What a run of a script answered: for each call the line and the answer. */
export interface Answer {
  readonly call: Call;
  readonly numbers: readonly bigint[];
  readonly text: string;
}

/** Turns the numbers of all calls into answers, with descriptors named after the variables that hold them. */
export function answers(script: Script, results: readonly (readonly bigint[])[]): Answer[] {
  const holders = new Map<number, string>();
  return results.map((numbers, index) => {
    const call = script.calls[index]!;
    if (call.slot >= 0 && numbers[0]! >= 0n) {
      const fds = call.op === 'pipe2' || call.op === 'socketpair' ? numbers.slice(1) : numbers.slice(0, 1);
      fds.forEach((fd, at) => holders.set(Number(fd), script.names[call.slot + at]!));
    }
    return { call, numbers, text: answerText(script, call, numbers, (fd) => holders.get(fd) ?? String(fd)) };
  });
}

/** `line -> answer` for every line, as it was and as it must be: equal when the script holds. */
export function compare(script: Script, given: readonly Answer[]): { was: string[]; must: string[] } {
  const was: string[] = [];
  const must: string[] = [];
  script.calls.forEach((call, index) => {
    const answer = given[index];
    const line = call.text.split('->')[0]!.trim();
    const text = answer === undefined ? 'nothing: the run had ended' : answer.text;
    const failed = answer === undefined || answer.numbers[0]! < 0n;
    was.push(`${line} -> ${text}`);
    must.push(`${line} -> ${call.expected !== null ? sortMasks(call.expected) : failed ? 'no error' : text}`);
  });
  return { was, must };
}

/** Masks in an expectation may be written in any order. */
function sortMasks(text: string): string {
  return text.split(/\s+/).map((word) => {
    const [before, mask] = word.includes(':') ? word.split(':') as [string, string] : ['', word];
    const parts = mask.split('|');
    if (!parts.every((part) => part in EVENT_BITS)) return word;
    const sorted = maskText(parts.reduce((all, part) => all | EVENT_BITS[part]!, 0));
    return before === '' ? sorted : `${before}:${sorted}`;
  }).join(' ');
}
