/**
 * Reading, writing and descriptors: read, write, readv, writev, close, dup, fcntl, ioctl, open, pipe, memfd.
 */

import { get_user_s64, get_user_u32, user_iovec, user_memory, type iov_segment } from '../../kernel/uaccess.js';
import type { timerfd_ctx } from '../../kernel/timerfd.js';
import type { syscall_row } from '../../syscalls/row.js';
import type { Call } from '../call.js';
import { after, arrayOf, fdOf, intOf, isNull, isPointer, maskOf, pointedOf } from '../decode.js';
import { iovecsOf } from '../decodeNet.js';
import { arg, numberArg, opaqueKind, Outside, outsideAt, UNKNOWN_SIZE, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import type { AdoptedKind } from '../adopted.js';
import type { Value } from '../value.js';
import { bufferOut, bytesIn, compareBytes, faulted, structOut } from './memory.js';

/** A call of numbers only. */
export const numbers: Planner = (_at, call, row) => new Plan(row, call.args.map((value) => maskOf(value)));

const read: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const size = numberArg(call, 2, UNKNOWN_SIZE);
  const buffer = bufferOut(at, call, arg(call, 1), size);
  return new Plan(row, [fd, buffer, size], (ret) => {
    if (ret <= 0 || buffer === null) return null;
    return adoptRecords(at, fd, arg(call, 1), buffer.bytes, ret) ?? compareBytes(at, 'bytes', arg(call, 1), buffer.bytes, ret);
  });
};

/** Where struct signalfd_siginfo has the CPU times of a child. include/uapi/linux/signalfd.h */
const SSI_UTIME = 56;
const SSI_TIMES = 16;
const SSI_SIZE = 128;

/** What a read tells of time is the log's: how often a timer has expired, how long a child has run. */
function adoptRecords(at: PlanContext, fd: number, value: Value, bytes: Uint8Array, length: number): Mismatch | null {
  const file = at.thread.task.files.at(fd);
  const kind = file?.f_op.name;
  if (value.kind !== 'string' || (kind !== '[timerfd]' && kind !== '[signalfd]')) return null;
  const known = value.bytes;
  if (kind === '[timerfd]') {
    const isOnce = (file!.private_data as timerfd_ctx).tintv === 0;
    const ticks = known.length < 8 ? 1 : Number(new DataView(known.buffer, known.byteOffset).getBigUint64(0, true));
    if (ticks < 1 || (isOnce && ticks > 1)) return { what: 'expirations', linux: String(ticks), model: isOnce ? '1' : 'at least 1' };
    adoptRange(at, 'expirations', known, bytes, 0, Math.min(length, 8));
  } else for (let from = 0; from + SSI_SIZE <= length; from += SSI_SIZE) adoptRange(at, 'cpu time', known, bytes, from + SSI_UTIME, SSI_TIMES);
  return null;
}

function adoptRange(at: PlanContext, kind: AdoptedKind, known: Uint8Array, bytes: Uint8Array, from: number, length: number): void {
  if (from + length > known.length) return;
  let same = true;
  for (let i = from; i < from + length; i++) {
    same = same && known[i] === bytes[i];
    bytes[i] = known[i]!;
  }
  if (!same) at.session.adopt(kind);
}

const write: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const size = intOf(arg(call, 2));
  return new Plan(row, [fd, bytesIn(at, arg(call, 1), size), size]);
};

/** The buffers of a vector: filled with what is known for a write, empty for a read. */
export function vectorOf(at: PlanContext, value: Value, filled: boolean): iov_segment[] | null {
  const vectors = iovecsOf(value);
  if (vectors === null) return null;
  return vectors.map(({ base, length }) => {
    const bytes = new Uint8Array(length);
    if (filled && base !== null) {
      bytes.set(base.bytes.subarray(0, length));
      if (base.bytes.length < length) at.session.hasUnknownBytes = true;
    }
    return { base: base === null && length > 0 && filled ? null : new user_memory(bytes), len: length };
  });
}

/** What arrived in each buffer of a vector. */
export function compareVector(at: PlanContext, value: Value, segments: readonly iov_segment[], total: number): Mismatch | null {
  if (value.kind !== 'array') return null;
  let left = total;
  for (let i = 0; i < segments.length; i++) {
    const { base, len } = segments[i]!;
    const item = value.items[i];
    const shown = item?.kind === 'struct' ? item.values[item.names.indexOf('iov_base')] : undefined;
    const part = Math.min(left, len);
    if (shown !== undefined && base !== null && part > 0) {
      const mismatch = compareBytes(at, `bytes of buffer ${i}`, shown, base.bytes, part);
      if (mismatch !== null) return mismatch;
    }
    left -= part;
  }
  return null;
}

const readv: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const segments = vectorOf(at, arg(call, 1), false) ?? unknownVector(numberArg(call, 2, 1));
  const vector = faulted(call) ? new user_memory(new Uint8Array(0)) : new user_iovec(segments);
  return new Plan(row, [fd, vector, numberArg(call, 2, 1)], (ret) => compareVector(at, arg(call, 1), segments, ret));
};

/** A failed call prints no vector: buffers of some size stand for it. */
function unknownVector(count: number): iov_segment[] {
  return Array.from({ length: Math.max(0, Math.min(count, 1024)) }, () => ({ base: new user_memory(new Uint8Array(4096)), len: 4096 }));
}

const writev: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const segments = vectorOf(at, arg(call, 1), true);
  return new Plan(row, [fd, segments === null ? new user_memory(new Uint8Array(0)) : new user_iovec(segments), intOf(arg(call, 2))]);
};

const MODELLED_DEVICES: ReadonlySet<string> = new Set(['/dev/null', '/dev/zero', '/dev/full']);

const open: Planner = (_at, call, row) => {
  const first = call.name === 'open' ? 0 : 1;
  const name = arg(call, first);
  const path = name.kind === 'string' ? name.text : '';
  if (!MODELLED_DEVICES.has(path)) return new Outside('file system', path);
  const how = maskOf(arg(call, first + 1));
  const memory = new user_memory(Uint8Array.from(`${path}\0`, (c) => c.charCodeAt(0)));
  return new Plan(row, first === 0 ? [memory, how, 0] : [-100, memory, how, 0]);
};

const RECORD_LOCKS: ReadonlySet<string> = new Set(['F_GETLK', 'F_SETLK', 'F_SETLKW', 'F_OFD_GETLK', 'F_OFD_SETLK', 'F_OFD_SETLKW', 'F_SETLEASE', 'F_GETLEASE', 'F_NOTIFY']);

const O_ACCMODE = 3;

/** With which flags an outside file was opened the log tells at the first F_GETFL; they must have one of the three ways of access. */
function adoptFlags(at: PlanContext, fd: number, model: number, linux: number): boolean {
  const file = at.thread.task.files.at(fd);
  if (file === null || model < 0 || linux < 0 || (linux & O_ACCMODE) === O_ACCMODE) return false;
  file.f_flags = linux;
  at.session.adopt('flags of an outside file');
  return true;
}

const fcntl: Planner = (at, call, row) => {
  const command = arg(call, 1);
  if (command.kind === 'flags' && RECORD_LOCKS.has(command.names[0]!)) return new Outside('file locks');
  const fd = fdOf(arg(call, 0));
  const outside = command.kind === 'flags' && command.names[0] === 'F_GETFL' ? outsideAt(at, fd) : null;
  return new Plan(row, [fd, maskOf(command), call.args.length > 2 ? maskOf(arg(call, 2)) : 0], null, outside === null ? null : (model, linux) => adoptFlags(at, fd, model, linux));
};

/** ioctls that tell a number. */
const TELLS: ReadonlySet<string> = new Set(['FIONREAD', 'TIOCINQ', 'SIOCINQ', 'TIOCOUTQ', 'SIOCOUTQ', 'SIOCOUTQNSD', 'SIOCATMARK']);

const ioctl: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  const command = arg(call, 1);
  const name = command.kind === 'flags' ? command.names.join('|') : '';
  const value = arg(call, 2);
  if (name === 'FIONBIO' || name === 'FIOCLEX' || name === 'FIONCLEX' || name === 'FIOASYNC') {
    const memory = new user_memory(new Uint8Array(4));
    const given = pointedOf(value);
    memory.bytes[0] = given === null ? 0 : intOf(given);
    return new Plan(row, [fd, maskOf(command), isPointer(value) && faulted(call) ? new user_memory(new Uint8Array(0)) : memory]);
  }
  if (kind !== null) return new Outside(kind);
  const memory = structOut(call, value, 256);
  return new Plan(row, [fd, maskOf(command), memory], () => (TELLS.has(name) ? compareNumber(name, value, memory) : null));
};

/** The number in `[5]` against what is in memory. */
export function compareNumber(what: string, value: Value, memory: user_memory | null): Mismatch | null {
  const shown = pointedOf(after(value));
  if (shown === null || memory === null) return null;
  const linux = intOf(after(shown));
  const model = get_user_u32(memory, 0)!;
  return linux === model ? null : { what, linux: String(linux), model: String(model) };
}

/** The two descriptors of pipe() and socketpair(). */
export function comparePair(value: Value, memory: user_memory | null): Mismatch | null {
  if (isNull(value) || isPointer(value) || memory === null) return null;
  const linux = arrayOf(value).items.map(fdOf);
  const model = [get_user_u32(memory, 0), get_user_u32(memory, 4)];
  return linux[0] === model[0] && linux[1] === model[1] ? null : { what: 'descriptors', linux: `[${linux.join(', ')}]`, model: `[${model.join(', ')}]` };
}

const pipe: Planner = (_at, call, row) => {
  const memory = structOut(call, arg(call, 0), 8);
  return new Plan(row, [memory, call.args.length > 1 ? maskOf(arg(call, 1)) : 0], (ret) => (ret === 0 ? comparePair(arg(call, 0), memory) : null));
};

const memfd_create: Planner = (_at, call, row) => {
  const name = arg(call, 0);
  const bytes = name.kind === 'string' ? name.bytes : new Uint8Array(0);
  return new Plan(row, [new user_memory(Uint8Array.from([...bytes, 0])), maskOf(arg(call, 1))]);
};

/** An offset that the call reads and moves on, `[0] => [60000]`; NULL: the file's own position. */
function offsetOf(value: Value): user_memory | null {
  const given = value.kind === 'changed' ? value.before : value;
  const number = pointedOf(given);
  if (number === null) return null;
  const memory = new user_memory(new Uint8Array(8));
  new DataView(memory.bytes.buffer).setBigInt64(0, BigInt(intOf(number.kind === 'changed' ? number.before : number)), true);
  return memory;
}

function compareOffset(value: Value, memory: user_memory | null): Mismatch | null {
  const shown = value.kind === 'changed' ? pointedOf(value.after) : null;
  if (shown === null || memory === null) return null;
  const model = get_user_s64(memory, 0)!;
  return intOf(shown) === model ? null : { what: 'offset', linux: String(intOf(shown)), model: String(model) };
}

/**
 * What an outside file gives or takes in a transfer with a file of the model: as many bytes as the log says were moved, or all that were
 * asked for when it does not say. The model has to find room for them, or to have them.
 * @returns the kind of an outside file when both are outside, or when the file cannot be read at a position; null: the model makes the call
 */
function supplyOutside(at: PlanContext, call: Call, from: number, to: number, count: number): string | null {
  const source = outsideAt(at, from);
  const sink = outsideAt(at, to);
  if (source === null && sink === null) return null;
  if (source !== null && (sink !== null || (call.name === 'sendfile' && source.llseek !== 'content'))) return source.kind;
  const moved = call.result?.kind === 'value' ? Number(call.result.value) : count;
  (source ?? sink)!.supply = Math.min(moved, count);
  if (source === null) return null;
  at.session.hasUnknownBytes = true;
  if (moved < count) at.session.adopt('short count');
  return null;
}

const sendfile: Planner = (at, call, row) => {
  const from = fdOf(arg(call, 1));
  const to = fdOf(arg(call, 0));
  const kind = supplyOutside(at, call, from, to, intOf(arg(call, 3)));
  if (kind !== null) return new Outside(kind);
  const offset = offsetOf(arg(call, 2));
  return new Plan(row, [to, from, offset, intOf(arg(call, 3))], () => compareOffset(arg(call, 2), offset));
};

const splice: Planner = (at, call, row) => {
  const kind = supplyOutside(at, call, fdOf(arg(call, 0)), fdOf(arg(call, 2)), intOf(arg(call, 4)));
  if (kind !== null) return new Outside(kind);
  return new Plan(row, [fdOf(arg(call, 0)), offsetOf(arg(call, 1)), fdOf(arg(call, 2)), offsetOf(arg(call, 3)), intOf(arg(call, 4)), maskOf(arg(call, 5))]);
};

const tee: Planner = (_at, call, row: syscall_row) => new Plan(row, call.args.map((value: Value) => (value.kind === 'fd' ? value.fd : maskOf(value))));

/** A range of descriptors: the last one is unsigned. */
const close_range: Planner = (_at, call: Call, row) => new Plan(row, call.args.map((value) => maskOf(value)));

export const FILE_PLANS: Readonly<Record<string, Planner>> = {
  read, write, readv, writev, open, openat: open, fcntl, ioctl, pipe, pipe2: pipe, memfd_create, sendfile, splice, tee, close_range,
  close: numbers, dup: numbers, dup2: numbers, dup3: numbers,
};
