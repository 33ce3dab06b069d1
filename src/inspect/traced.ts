/**
 * All traced functions of the model in one table, by id, and how the integers of a trace row are read: each
 * argument of a traced function has a kind, and a kind says how its integer becomes a value with a name.
 * What is packed into one integer (the state bits of an epoll) is unpacked into a member each.
 */

import { errnoName } from '../kernel/errno.js';
import { EVENTFD_FUNCTIONS } from '../kernel/eventfd.js';
import { FILE_FUNCTIONS } from '../kernel/file.js';
import { PIPE_FUNCTIONS } from '../kernel/pipe.js';
import { POLL_FUNCTIONS } from '../kernel/poll.js';
import type { traced_function } from '../kernel/trace.js';
import { WAIT_FUNCTIONS, WAIT_QUEUE_NAMES } from '../kernel/wait.js';
import { EPOLL_FUNCTIONS } from '../epoll/eventpoll.js';
import { SOCK_FUNCTIONS } from '../socket/sock_trace.js';
import { UNIX_FUNCTIONS } from '../socket/unix_sock.js';
import { TCP_FUNCTIONS } from '../tcp/tcp_trace.js';
import { epollMask, segmentText, shutdownText, stateText } from './names.js';

/** A value of a trace entry: a number, a truth, or a name. */
export type TraceValue = number | boolean | string;

/** Members of a trace entry, by name. */
export type TraceArgs = Readonly<Record<string, TraceValue>>;

/** How objects are called in what is read from a trace. */
export interface Labels {
  /** an object by its id; `kind` is what the trace knows about it */
  object(id: number, kind: string): string;
  /** a task by its pid */
  task(pid: number): string;
}

/** Traced functions by id. */
export const TRACED: ReadonlyMap<number, traced_function> = new Map(
  [
    WAIT_FUNCTIONS, FILE_FUNCTIONS, PIPE_FUNCTIONS, EVENTFD_FUNCTIONS, POLL_FUNCTIONS, EPOLL_FUNCTIONS, SOCK_FUNCTIONS, UNIX_FUNCTIONS, TCP_FUNCTIONS,
  ].flatMap((table) => table.functions.map((fn) => [fn.id, fn] as const)),
);

const EPOLL_OPS: readonly string[] = ['0', 'EPOLL_CTL_ADD', 'EPOLL_CTL_DEL', 'EPOLL_CTL_MOD'];
const BITS: Readonly<Record<string, readonly string[]>> = {
  ep_bits: ['ready', 'scanning', 'ovflist_empty', 'sleepers', 'watched'],
  callback_bits: ['linked', 'on_ovflist', 'sync'],
};

/** The queue behind a number of a trace: its owner's id and its name. */
export function queueOf(id: number): { readonly owner: number; readonly name: string } {
  const names = WAIT_QUEUE_NAMES.length;
  return { owner: Math.floor(id / names), name: WAIT_QUEUE_NAMES[id % names]! };
}

/** `ep#4.wq` */
export function queueLabel(id: number, labels: Labels): string {
  const { owner, name } = queueOf(id);
  return owner === 0 ? '-' : `${labels.object(owner, 'owner')}.${name}`;
}

/** An errno (negative, or a positive socket error) by name; 0 is `0`. */
export function errorText(err: number): string {
  return err === 0 ? '0' : errnoName(Math.abs(err));
}

/** `bits(RCV,SEND)`: a bit has the name at its place. */
function named(kind: string, value: number): string {
  const names = kind.slice('bits('.length, -1).split(',');
  return value === 0 ? '-' : names.filter((_, bit) => (value & (1 << bit)) !== 0).join('|');
}

function scalar(kind: string, value: number, labels: Labels): TraceValue {
  if (kind.startsWith('bits(')) return named(kind, value);
  switch (kind) {
    case 'int': return value;
    case 'bool': return value !== 0;
    case 'mask': return epollMask(value);
    case 'wq': return queueLabel(value, labels);
    case 'task': return labels.task(value);
    case 'state': return stateText(value);
    case 'shutdown': return shutdownText(value);
    case 'how': return ({ 1: 'RCV_SHUTDOWN', 2: 'SEND_SHUTDOWN', 3: 'RCV_SHUTDOWN|SEND_SHUTDOWN' } as Record<number, string>)[value] ?? value;
    case 'err': case 'errno': return errorText(value);
    case 'tcp_flags': return segmentText(value);
    case 'ctl_op': return EPOLL_OPS[value] ?? String(value);
    default: return value === 0 ? '-' : labels.object(value, kind);
  }
}

function unpack(into: Record<string, TraceValue>, names: readonly string[], value: number): void {
  names.forEach((name, bit) => {
    // Whether ovflist is empty is a question only while a scan runs.
    if (name === 'ovflist_empty' && (value & 2) === 0) return;
    into[name] = (value & (1 << bit)) !== 0;
  });
}

/** The members of an entry: the arguments of `fn` in the words of its table. */
export function argsOf(fn: traced_function, row: readonly number[], labels: Labels): TraceArgs {
  const args: Record<string, TraceValue> = {};
  fn.args.forEach((arg, index) => {
    const [name = '', kind = 'int'] = arg.split(':');
    const value = row[index]!;
    const packed = BITS[kind];
    if (packed === undefined) args[name] = name === 'err' ? errorText(value) : scalar(kind, value, labels);
    else unpack(args, packed, value);
  });
  return args;
}

/** What `fn` returned; null: nothing. A negative integer is an errno: `-EAGAIN`. */
export function returnOf(fn: traced_function, value: number, labels: Labels): TraceValue | null {
  if (fn.ret === 'none') return null;
  if (fn.ret === 'int' && value < 0 && value >= -4095) return `-${errnoName(-value)}`;
  if (fn.ret === 'sk' && value <= 0) return null;
  return scalar(fn.ret, value, labels);
}
