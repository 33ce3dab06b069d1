/**
 * The calls of the script language as system calls: each builder lays out the arguments of one line as a C program would, and says how
 * what the kernel stored is read when the call has returned. Nothing here knows who will run the call.
 */

import { errnoName } from '../kernel/errno.js';
import { CONSTANTS, maskNames, numberIn } from './constants.js';
import { type Arg, Block, Hole, readI32, readU16, readU64 } from './layout.js';
import type { Call } from './record.js';
import { type Line, ScriptError } from './script.js';

/** What a returned call left, for reading. */
export interface Answer {
  readonly ret: number;
  readonly bytes: (block: Block) => Uint8Array;
  readonly fd: (name: string) => number;
}

/** A line ready to be made. */
export interface Prepared {
  readonly line: Line;
  /** a system call, or what only the runner can do: `unfault`, `fork`, `exit` */
  readonly kind: 'call' | 'unfault' | 'fork' | 'exit';
  /** name of the system call */
  readonly name: string;
  readonly args: readonly Arg[];
  /** blocks that the kernel fills */
  readonly out: readonly Block[];
  /** two descriptors are stored here; null: the result is the descriptor */
  readonly pair: Block | null;
  /** the call ends by itself after a time: the next line waits for it */
  readonly timed: boolean;
  readonly decode: (call: Call, answer: Answer) => void;
}

/** What builders share while a script is compiled. */
export class Context {
  /** names that have been given before this line */
  readonly names = new Set<string>();
  readonly tasks = new Set<string>(['main']);
  /** data of epoll items: number -> label */
  readonly labels: string[] = [];
  readonly where: string;

  constructor(where: string) {
    this.where = where;
  }

  fail(line: Line, expected: string, found: string): never {
    throw new ScriptError(this.where, line.number, expected, found);
  }
}

type Built = Partial<Omit<Prepared, 'line'>> & { readonly args?: readonly Arg[] };

/** The arguments of a line, with what they must be. */
class Words {
  private readonly context: Context;
  readonly line: Line;

  constructor(context: Context, line: Line) {
    this.context = context;
    this.line = line;
  }

  word(index: number): string {
    return this.line.args[index] ?? this.context.fail(this.line, `argument ${index + 1} of ${this.line.name}`, `${this.line.args.length} arguments`);
  }

  number(index: number): number {
    const word = this.word(index);
    return numberIn(word) ?? this.context.fail(this.line, 'a number or constants joined by |', word);
  }

  fdOf(word: string): Arg {
    if (this.context.names.has(word)) return new Hole('fd', word);
    return numberIn(word) ?? this.context.fail(this.line, 'the name of a descriptor, or a number', word);
  }

  fd(index: number): Arg {
    return this.fdOf(this.word(index));
  }

  task(index: number): string {
    const word = this.word(index);
    return this.context.tasks.has(word) ? word : this.context.fail(this.line, 'the name of a task that has made a call', word);
  }

  /** Memory of n bytes; a word says where else the pointer leads: `null`, `kernel`, `efault`, `short:N`, `fault`. */
  memory(bytes: Uint8Array | number, index: number): Block | null {
    const how = this.line.args[index];
    const short = /^short:(\d+)$/.exec(how ?? '');
    if (how === undefined) return new Block(bytes);
    if (how === 'null') return null;
    if (how === 'kernel') return new Block(0, 0, true);
    if (how === 'efault') return new Block(bytes, 0);
    if (short !== null) return new Block(bytes, Number(short[1]));
    if (how !== 'fault') this.context.fail(this.line, 'null, kernel, efault, short:N or fault', how);
    const block = new Block(bytes);
    block.absent = true;
    return block;
  }

  label(text: string): number {
    return this.context.labels.push(text) - 1;
  }

  labelOf(index: number): string {
    return this.context.labels[index] ?? String(index);
  }
}

type Builder = (words: Words) => Built;

const blocksOf = (...blocks: (Block | null)[]): Block[] => blocks.filter((block) => block !== null);

/** A call whose arguments are numbers and descriptors only. `fds`: how many arguments from the first are descriptors. */
function plain(count: number, fds = 1, name?: string): Builder {
  return (words) => ({
    ...(name === undefined ? {} : { name }),
    args: Array.from({ length: count }, (_, index) => (index < fds ? words.fd(index) : words.number(index))),
  });
}

/** struct sockaddr_in on the loopback; `unspec` dissolves an association, a number is a port. */
function addressOf(words: Words, index: number): Block {
  const word = words.word(index);
  const block = new Block(16).put(0, 2, word === 'unspec' ? 0 : 2).put(4, 4, 0x0100007f);
  if (word === 'unspec') return block;
  const number = words.fdOf(word);
  return number instanceof Hole ? block.patch('port', 2, word) : block.put(2, 2, ((number as number) >> 8) | (((number as number) & 255) << 8));
}

/** Events of epoll_wait as labels and masks. */
function eventsFrom(words: Words, block: Block | null): Prepared['decode'] {
  return (call, { ret, bytes }) => {
    call.events = [];
    const at = block === null ? new Uint8Array(0) : bytes(block);
    for (let i = 0; i < ret; i++) call.events.push({ data: words.labelOf(readI32(at, 12 * i + 4)), events: maskNames(readI32(at, 12 * i), 'EPOLL') });
  };
}

/** A stored 32-bit number as `value`. */
function valueFrom(block: Block | null, name: (value: number) => string = String): Prepared['decode'] {
  return (call, { ret, bytes }) => {
    if (ret >= 0 && block !== null) call.value = name(readI32(bytes(block), 0));
  };
}

/** Room for the events of a maxevents that may be hostile. */
const roomFor = (max: number): number => 12 * Math.max(0, Math.min(max, 64));

const pairOf = (name: string, count: number): Builder => (words) => {
  const pair = words.memory(8, count);
  const args = Array.from({ length: count }, (_, index) => words.number(index));
  const decode: Prepared['decode'] = (call, { ret, bytes }) => {
    if (ret >= 0) call.fds = [readI32(bytes(pair!), 0), readI32(bytes(pair!), 4)];
  };
  return { name, args: name === 'pipe2' ? [pair, ...args] : [...args, pair], out: blocksOf(pair), pair, decode };
};

const epoll_wait: Builder = (words) => {
  const block = words.memory(roomFor(words.number(1)), 3);
  return { args: [words.fd(0), block, words.number(1), words.number(2)], out: blocksOf(block), timed: words.number(2) > 0, decode: eventsFrom(words, block) };
};

const epoll_ctl: Builder = (words) => {
  const [, , target = '', events, label] = words.line.args;
  let event: Block | null = null;
  if (events !== undefined && events !== 'null') event = new Block(12).put(0, 4, words.number(3) >>> 0).put(4, 4, words.label(label ?? target));
  return { args: [words.fd(0), words.number(1), words.fd(2), event] };
};

function timespecOf(ns: number): Block {
  return new Block(16).put(0, 8, Math.floor(ns / 1e9)).put(8, 8, ns % 1e9);
}

const epoll_pwait2: Builder = (words) => {
  const block = words.memory(roomFor(words.number(1)), 3);
  const ms = words.number(2);
  return {
    args: [words.fd(0), block, words.number(1), ms < 0 ? null : timespecOf(ms * 1e6), null, 8], out: blocksOf(block), timed: ms > 0, decode: eventsFrom(words, block),
  };
};

/** The bytes of write(): n zero bytes, or the eight of `u64:N`. */
const write: Builder = (words) => {
  const u64 = /^u64:(\d+)$/.exec(words.word(1));
  const size = u64 === null ? words.number(1) : 8;
  const block = words.memory(u64 === null ? size : new Block(8).put(0, 8, BigInt(u64[1]!)).bytes, 2);
  return { args: [words.fd(0), block, size] };
};

const read: Builder = (words) => {
  const u64 = words.word(1) === 'u64';
  const size = u64 ? 8 : words.number(1);
  const block = words.memory(size, 2);
  const decode: Prepared['decode'] = (call, { ret, bytes }) => {
    if (u64 && ret === 8) call.u64 = readU64(bytes(block!), 0);
  };
  return { args: [words.fd(0), block, size], out: u64 ? blocksOf(block) : [], decode };
};

/** read() of a signalfd: which signals came. */
const read_signals: Builder = (words) => {
  const block = new Block(128 * words.number(1));
  const decode: Prepared['decode'] = (call, { ret, bytes }) => {
    const signals: number[] = [];
    for (let at = 0; at < ret; at += 128) signals.push(readI32(bytes(block), at));
    call.value = signals.join(' ');
  };
  return { name: 'read', args: [words.fd(0), block, block.bytes.length], out: [block], decode };
};

const send: Builder = (words) => {
  const size = words.number(1);
  return { name: 'sendto', args: [words.fd(0), words.memory(size, 3), size, words.number(2), null, 0] };
};

const sendto: Builder = (words) => {
  const size = words.number(1);
  return { args: [words.fd(0), new Block(size), size, words.number(2), addressOf(words, 3), 16] };
};

const recv: Builder = (words) => {
  const size = words.number(1);
  return { name: 'recvfrom', args: [words.fd(0), words.memory(size, 3), size, words.number(2), null, null] };
};

const setsockopt: Builder = (words) => {
  const values = words.line.args.slice(3).map((_, index) => words.number(index + 3));
  const block = new Block(4 * values.length);
  values.forEach((value, index) => block.put(4 * index, 4, value));
  return { args: [words.fd(0), words.number(1), words.number(2), block, block.bytes.length] };
};

const getsockopt: Builder = (words) => {
  const block = new Block(4);
  const error = words.word(2) === 'SO_ERROR';
  return {
    args: [words.fd(0), words.number(1), words.number(2), block, new Block(4).put(0, 4, 4)],
    out: [block],
    decode: valueFrom(block, (value) => (error && value !== 0 ? errnoName(value) : String(value))),
  };
};

const ioctl: Builder = (words) => {
  const set = words.line.args[2];
  const block = new Block(4).put(0, 4, set === undefined ? 0 : words.number(2));
  return { args: [words.fd(0), words.number(1), block], out: [block], ...(set === undefined ? { decode: valueFrom(block) } : {}) };
};

/** `fd:EVENTS` or `set:fd`, all arguments but the last. */
function questions(words: Words): (readonly [string, string])[] {
  return words.line.args.slice(0, -1).map((word) => {
    const colon = word.indexOf(':');
    return [word.slice(0, colon), word.slice(colon + 1)] as const;
  });
}

const poll: Builder = (words) => {
  const wanted = questions(words);
  const block = new Block(8 * wanted.length);
  wanted.forEach(([name, events], index) => {
    const fd = words.fdOf(name);
    if (fd instanceof Hole) block.patch('fd', 8 * index, name);
    else block.put(8 * index, 4, fd as number);
    block.put(8 * index + 4, 2, numberIn(events) ?? 0);
  });
  const ms = words.number(words.line.args.length - 1);
  const decode: Prepared['decode'] = (call, { ret, bytes }) => {
    if (ret >= 0) call.revents = wanted.map(([fd], index) => ({ fd, revents: maskNames(readU16(bytes(block), 8 * index + 6), 'POLL') }));
  };
  return { args: [block, wanted.length, ms], out: [block], timed: ms > 0, decode };
};

const select: Builder = (words) => {
  const wanted = questions(words);
  const sets: Record<string, Block> = {};
  for (const [set, name] of wanted) (sets[set] ??= new Block(128)).patch('bit', 0, name);
  const ms = words.number(words.line.args.length - 1);
  const timeout = ms < 0 ? null : new Block(16).put(0, 8, Math.floor(ms / 1000)).put(8, 8, (ms % 1000) * 1000);
  const decode: Prepared['decode'] = (call, { ret, bytes, fd }) => {
    if (ret < 0) return;
    call.ready = wanted.filter(([set, name]) => fd(name) >= 0 && (bytes(sets[set]!)[fd(name) >> 3]! & (1 << (fd(name) & 7))) !== 0).map(([set, name]) => `${set}:${name}`);
  };
  const names = [...new Set(wanted.map(([, name]) => name))];
  return {
    args: [new Hole('nfds', ...names), sets['r'] ?? null, sets['w'] ?? null, sets['e'] ?? null, timeout], out: Object.values(sets), timed: ms > 0, decode,
  };
};

const timerfd_settime: Builder = (words) => {
  const block = new Block(32);
  block.bytes.set(timespecOf(words.number(3)).bytes, 0);
  block.bytes.set(timespecOf(words.number(2)).bytes, 16);
  return { args: [words.fd(0), words.number(1), block, null] };
};

const signalfd4: Builder = (words) => {
  let set = 0n;
  for (const name of words.word(1).split('|')) set |= 1n << BigInt((CONSTANTS[name] ?? Number(name)) - 1);
  return { args: [words.fd(0), new Block(8).put(0, 8, set), 8, words.number(2)] };
};

const BUILDERS: Readonly<Record<string, Builder>> = {
  epoll_ctl, epoll_wait, epoll_pwait2, write, read, read_signals, send, recv, sendto, setsockopt, getsockopt, ioctl, poll, select, timerfd_settime, signalfd4,
  epoll_create: plain(1, 0), epoll_create1: plain(1, 0), eventfd2: plain(2, 0), socket: plain(3, 0), listen: plain(2), shutdown: plain(2), close: plain(1),
  dup: plain(1), dup2: plain(2, 2), dup3: plain(3, 2), timerfd_create: plain(2, 0),
  fcntl: (words) => ({ args: [words.fd(0), words.number(1), words.line.args.length > 2 ? words.number(2) : 0] }),
  bind: (words) => ({ args: [words.fd(0), addressOf(words, 1), 16] }),
  connect: (words) => ({ args: [words.fd(0), addressOf(words, 1), 16] }),
  accept4: (words) => ({ args: [words.fd(0), null, null, words.number(1)] }),
  pipe2: pairOf('pipe2', 1), socketpair: pairOf('socketpair', 3),
  kill: (words) => ({ args: [new Hole('pid', words.task(0)), words.number(1)] }),
  tgkill: (words) => ({ args: [new Hole('pid', words.task(0)), new Hole('tid', words.task(0)), words.number(1)] }),
  sleep: (words) => ({ name: 'nanosleep', args: [timespecOf(words.number(0) * 1e6), null], timed: true }),
  unfault: () => ({ kind: 'unfault' }),
  exit: () => ({ kind: 'exit' }),
  fork: () => ({ kind: 'fork' }),
};

/** Names of all calls of the language. */
export const callNames: readonly string[] = Object.keys(BUILDERS).sort();

/** Lays out one line. */
export function prepare(context: Context, line: Line): Prepared {
  const builder = BUILDERS[line.name];
  if (builder === undefined) context.fail(line, `one of the calls ${callNames.join(', ')}`, line.name);
  const built = builder(new Words(context, line));
  for (const name of line.vars) context.names.add(name);
  context.tasks.add(line.name === 'fork' ? line.args[0] ?? '' : line.thread);
  return { line, kind: 'call', name: line.name, args: [], out: [], pair: null, timed: false, decode: () => {}, ...built };
}
