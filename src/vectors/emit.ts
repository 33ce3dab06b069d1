/**
 * One step of a vector as a C function, and what it is to store: each system call as a C program makes it, with the constants by name.
 */

import { user_memory } from '../kernel/uaccess.js';
import type { syscall_arg } from '../syscalls/row.js';
import { type Step, type Vector } from './vector.js';

/** A call for which there is no C here. */
export class NoC extends Error {
  override readonly name = 'NoC';
}

const EVENT_SIZE = 12;

/** The bytes of a memory argument; empty for NULL. */
function bytesOf(arg: syscall_arg | undefined): Uint8Array {
  return arg instanceof user_memory ? arg.bytes : new Uint8Array(0);
}

function view(arg: syscall_arg | undefined): DataView {
  const bytes = bytesOf(arg);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const hex = (bytes: Uint8Array): string => Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An argument as strace prints it: constants by name, which C knows too. */
function word(step: Step, index: number): string {
  const printer = step.row.args[index];
  if (printer === undefined) return String(step.args[index] as number);
  return printer(step.args[index]!, { row: step.row, args: step.args, ret: null });
}

/** Bytes as a C literal; zeros come from an array of zeros. */
function literal(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte === 0)) return 'zeros';
  return `"${[...bytes].map((byte) => (byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)).join('')}"`;
}

/** A set of signals as the arguments of set_of(). */
function signalsOf(arg: syscall_arg | undefined): string {
  const signals: number[] = [];
  bytesOf(arg).forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) signals.push(8 * at + bit + 1);
  });
  return [signals.length, ...signals].join(', ');
}

/** What a step does and stores. `lines`: C; `stored`: what the C function stores on the model's kernel. */
export interface Emitted {
  readonly lines: readonly string[];
  readonly stored: string;
}

type Emitter = (step: Step, vector: Vector) => Emitted;

const plain = (name: string, count: number): Emitter => (step) =>
  ({ lines: [`RET(${name}(${Array.from({ length: count }, (_, index) => word(step, index)).join(', ')}));`], stored: '' });

function pairOf(call: (step: Step) => string, at: number): Emitter {
  return (step) => {
    const stored = view(step.stored[at]);
    const pair = step.ret === 0 ? `${stored.getInt32(0, true)} ${stored.getInt32(4, true)}` : '';
    return { lines: ['int pair[2];', '', `RET(${call(step)});`, 'if (me->ret == 0)', '\tstore("%d %d", pair[0], pair[1]);'], stored: pair };
  };
}

const epoll_ctl: Emitter = (step) => {
  if (!(step.args[3] instanceof user_memory)) return { lines: [`RET(epoll_ctl(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, NULL));`], stored: '' };
  const event = view(step.args[3]);
  const events = /events=([^,}]+)/.exec(word(step, 3))![1]!;
  return {
    lines: [
      `struct epoll_event event = { .events = ${events}, .data.u64 = ${event.getBigUint64(4, true)}u };`, '',
      `RET(epoll_ctl(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, &event));`,
    ],
    stored: '',
  };
};

/** The wait's timeout: as it is when it runs out, else with patience. */
function timeoutOf(step: Step): string {
  const ms = step.args[3] as number;
  return ms <= 0 || step.ret === 0 ? String(ms) : `PATIENT(${ms})`;
}

/** A pointer to memory of which a part faults, or to what is good. */
function pointerTo(arg: syscall_arg | undefined, good: string): string {
  if (!(arg instanceof user_memory)) return 'NULL';
  if (arg.kernelSpace) return '(void *)0xffff800000000000';
  return arg.bytes.length === 0 || arg.faultAt < arg.bytes.length ? `faulting_memory(${arg.faultAt})` : good;
}

const epoll_wait: Emitter = (step) => {
  const memory = step.args[1] as user_memory;
  const events = view(step.stored[1]);
  const shown = Array.from({ length: Math.max(0, step.ret ?? 0) }, (_, index) =>
    `${(events.getUint32(EVENT_SIZE * index, true)).toString(16)}:${events.getBigUint64(EVENT_SIZE * index + 4, true)}`);
  const room = memory.absent !== null ? `absent_memory(${memory.absent.from / EVENT_SIZE} * sizeof(struct epoll_event))` : pointerTo(memory, '(void *)buffer');
  const set = step.row.name === 'epoll_pwait' && step.args[4] instanceof user_memory;
  const call = `${step.row.name}(${word(step, 0)}, events, ${word(step, 2)}, ${timeoutOf(step)}${step.row.name === 'epoll_pwait' ? `, ${set ? '&set' : 'NULL'}` : ''})`;
  return {
    lines: [
      `struct epoll_event *events = ${room};`, ...(set ? ['sigset_t set;'] : []), '', ...(set ? [`set_of(&set, ${signalsOf(step.args[4])});`] : []),
      `RET(${call});`, 'store_events(events, me->ret);',
    ],
    stored: shown.join(' '),
  };
};

/** poll(): one mask for each entry. */
const poll: Emitter = (step) => {
  const [asked, found] = [view(step.args[0]), view(step.stored[0])];
  const count = step.args[1] as number;
  const entries = Array.from({ length: count }, (_, index) => `{ ${asked.getInt32(8 * index, true)}, ${asked.getInt16(8 * index + 4, true)}, 0 }`);
  const shown = Array.from({ length: count }, (_, index) => found.getUint16(8 * index + 6, true).toString(16));
  const ms = step.args[2] as number;
  return {
    lines: [`struct pollfd p[] = { ${entries.join(', ')} };`, '', `RET(poll(p, ${count}, ${ms <= 0 || step.ret === 0 ? String(ms) : `PATIENT(${ms})`}));`, `store_poll(p, ${count});`],
    stored: (step.ret ?? -1) < 0 ? Array.from({ length: count }, () => '0').join(' ') : shown.join(' '),
  };
};

/** select(): each set as bytes, before and after. */
const select: Emitter = (step) => {
  const sets = [1, 2, 3].filter((index) => step.args[index] instanceof user_memory);
  const pointer = (index: number): string => (sets.includes(index) ? `(void *)set${index}` : 'NULL');
  const time = view(step.args[4]);
  const us = time.byteLength === 0 ? null : Number(time.getBigInt64(0, true)) * 1_000_000 + Number(time.getBigInt64(8, true));
  const longer = us !== null && us > 0 && step.ret !== 0 ? 5_000_000 : 0;
  return {
    lines: [
      ...sets.map((index) => `unsigned char set${index}[] = { ${bytesOf(step.args[index]).join(', ')} };`),
      ...(us === null ? [] : [`struct timeval time = { ${Math.floor((us + longer) / 1e6)}, ${(us + longer) % 1e6} };`]), '',
      `RET(syscall(SYS_select, ${word(step, 0)}, ${[1, 2, 3].map(pointer).join(', ')}, ${us === null ? 'NULL' : '&time'}));`,
      ...sets.map((index) => `store_bytes((char *)set${index}, sizeof(set${index}));`),
    ],
    stored: sets.map((index) => hex(bytesOf(step.stored[index]))).join(''),
  };
};

const prlimit64: Emitter = (step) => {
  if (!(step.args[2] instanceof user_memory)) throw new NoC('prlimit64() that asks');
  const limit = view(step.args[2]);
  return {
    lines: [`struct rlimit limit = { ${limit.getBigUint64(0, true)}u, ${limit.getBigUint64(8, true)}u };`, '', `RET(prlimit(0, ${word(step, 1)}, &limit, NULL));`],
    stored: '',
  };
};

/** Options that are one number; of TCP_INFO the state, since the rest depends on the machine. */
const getsockopt: Emitter = (step) => {
  const value = view(step.stored[3]);
  if (word(step, 2) === 'TCP_INFO') {
    return {
      lines: ['struct tcp_info info;', 'socklen_t length = sizeof(info);', '', `RET(getsockopt(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, &info, &length));`, 'if (me->ret == 0)', '\tstore("%d", info.tcpi_state);'],
      stored: step.ret === 0 ? String(value.getUint8(0)) : '',
    };
  }
  if (value.byteLength !== 4) throw new NoC('getsockopt() of more than one number');
  return {
    lines: ['int value = 0;', 'socklen_t length = sizeof(value);', '', `RET(getsockopt(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, &value, &length));`, 'if (me->ret == 0)', '\tstore("%d", value);'],
    stored: step.ret === 0 ? String(value.getInt32(0, true)) : '',
  };
};

/** An address that is asked for: ports differ, so it is not compared. */
const named = (name: string): Emitter => (step) =>
  ({ lines: ['struct sockaddr_storage name;', 'socklen_t length = sizeof(name);', '', `RET(${name}(${word(step, 0)}, (struct sockaddr *)&name, &length));`], stored: '' });

/** What read() stored: all bytes, of a signalfd the signal alone. */
function readBy(call: (step: Step) => string): Emitter {
  return (step) => {
    const bytes = bytesOf(step.stored[1]).slice(0, Math.max(0, step.ret ?? 0));
    const shown = bytes.length === 128 ? bytes.slice(0, 4) : bytes;
    return { lines: [`RET(${call(step)});`, `store_bytes(buffer, me->ret${bytes.length === 128 ? ' == 128 ? 4 : 0' : ''});`], stored: hex(shown) };
  };
}

/** A call with an address. @param index of the address among the arguments @param before what stands between the descriptor and it */
function address(step: Step, call: string, index = 1, before = ''): Emitted {
  const at = view(step.args[index]);
  if (at.byteLength < 8 || at.getUint16(0, true) !== 2) throw new NoC(`${call}() with an address that is not IPv4`);
  return {
    lines: ['struct sockaddr_in to;', `int length = address(&to, 0x${at.getUint32(4).toString(16)}, ${at.getUint16(2)});`, '', `RET(${call}(${word(step, 0)}, ${before}(struct sockaddr *)&to, length));`],
    stored: '',
  };
}

const setsockopt: Emitter = (step) => {
  const value = view(step.args[3]);
  const words = Array.from({ length: value.byteLength >> 2 }, (_, index) => value.getInt32(4 * index, true));
  return { lines: [`int value[] = { ${words.join(', ')} };`, '', `RET(setsockopt(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, value, sizeof(value)));`], stored: '' };
};

const timerfd_settime: Emitter = (step) => {
  const at = view(step.args[2]);
  const pair = (from: number): string => `{ ${at.getBigInt64(from, true)}, ${at.getBigInt64(from + 8, true)} }`;
  return { lines: [`struct itimerspec spec = { ${pair(0)}, ${pair(16)} };`, '', `RET(timerfd_settime(${word(step, 0)}, ${word(step, 1)}, &spec, NULL));`], stored: '' };
};

const wait4: Emitter = (step) => ({
  lines: ['int status = 0;', '', `RET(waitpid(${(step.args[0] as number) > 0 && step.about !== null ? `shared->task[${step.about}].pid` : String(step.args[0] as number)}, &status, 0));`, 'if (me->ret > 0)', '\tstore("%x", status);'],
  stored: (step.ret ?? 0) > 0 ? view(step.stored[1]).getUint32(0, true).toString(16) : '',
});

const fork: Emitter = (step, { tasks }) => {
  if (step.about === null) throw new NoC('a fork that failed');
  return { lines: [`RET(${tasks[step.about]!.kind === 'thread' ? 'start_thread' : 'start_process'}(${step.about}));`], stored: '' };
};

const ioctl: Emitter = (step) => {
  if (!(step.stored[2] instanceof user_memory)) throw new NoC('ioctl() with a number');
  return { lines: ['int value = 0;', '', `RET(ioctl(${word(step, 0)}, ${word(step, 1)}, &value));`, 'store("%d", value);'], stored: String(view(step.stored[2]).getInt32(0, true)) };
};

const signals = (call: (step: Step) => string, at: number): Emitter => (step) =>
  ({ lines: ['sigset_t set;', '', `RET(${call(step)}(${word(step, 0)}, set_of(&set, ${signalsOf(step.args[at])})${at === 1 && step.row.name === 'signalfd4' ? `, ${word(step, 3)}` : ', NULL'}));`], stored: '' });

const EMITTERS: Readonly<Record<string, Emitter>> = {
  epoll_create: plain('epoll_create', 1), epoll_create1: plain('epoll_create1', 1), epoll_ctl, epoll_wait, epoll_pwait: epoll_wait,
  eventfd2: plain('eventfd', 2), dup: plain('dup', 1), dup2: plain('dup2', 2), dup3: plain('dup3', 3), close: plain('close', 1), socket: plain('socket', 3),
  listen: plain('listen', 2), shutdown: plain('shutdown', 2), getpid: plain('getpid', 0), timerfd_create: plain('timerfd_create', 2), timerfd_settime,
  fcntl: (step) => plain('fcntl', step.args.length)(step, null as never),
  pipe: pairOf(() => 'pipe(pair)', 0), pipe2: pairOf((step) => `pipe2(pair, ${word(step, 1)})`, 0),
  socketpair: pairOf((step) => `socketpair(${[0, 1, 2].map((index) => word(step, index)).join(', ')}, pair)`, 3),
  read: readBy((step) => `read(${word(step, 0)}, ${pointerTo(step.args[1], 'buffer')}, ${(step.args[2] as number)})`),
  recvfrom: readBy((step) => `recv(${word(step, 0)}, buffer, ${(step.args[2] as number)}, ${word(step, 3)})`),
  write: (step) => ({ lines: [`RET(write(${word(step, 0)}, ${pointerTo(step.args[1], literal(bytesOf(step.args[1])))}, ${(step.args[2] as number)}));`], stored: '' }),
  sendto: (step) => (step.args[4] instanceof user_memory ? address(step, 'sendto', 4, `${literal(bytesOf(step.args[1]))}, ${step.args[2] as number}, ${word(step, 3)}, `) : { lines: [`RET(send(${word(step, 0)}, ${literal(bytesOf(step.args[1]))}, ${(step.args[2] as number)}, ${word(step, 3)}));`], stored: '' }),
  bind: (step) => address(step, 'bind'), connect: (step) => address(step, 'connect'),
  accept: (step) => ({ lines: [`RET(accept(${word(step, 0)}, NULL, NULL));`], stored: '' }),
  accept4: (step) => ({ lines: [`RET(accept4(${word(step, 0)}, NULL, NULL, ${word(step, 3)}));`], stored: '' }),
  poll, select, prlimit64, getsockopt, getsockname: named('getsockname'), getpeername: named('getpeername'),
  open: plain('open', 3),
  setsockopt, ioctl, wait4, fork, clone: fork,
  kill: (step) => ({ lines: [`RET(kill(${step.about === null ? String(step.args[0] as number) : `shared->task[${step.about}].pid`}, ${word(step, 1)}));`], stored: '' }),
  signalfd4: signals(() => 'signalfd', 1),
  rt_sigprocmask: signals(() => 'sigprocmask', 1),
  rt_sigaction: (step) => ({ lines: [`RET(handle(${word(step, 0)}, ${String((step.args[1] as { sa_flags: number }).sa_flags)}));`], stored: '' }),
};

/** The C of one step. */
export function emit(step: Step, vector: Vector): Emitted {
  const emitter = EMITTERS[step.row.name];
  if (emitter === undefined) throw new NoC(`the call ${step.row.name}()`);
  return emitter(step, vector);
}
