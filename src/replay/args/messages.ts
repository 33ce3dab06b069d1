/**
 * sendmsg and recvmsg, and sendmmsg and recvmmsg, which take several: vectors of buffers, addresses, and descriptors that travel.
 */

import { user_memory } from '../../kernel/uaccess.js';
import { type cmsghdr, user_msghdr } from '../../socket/msghdr.js';
import { fdOf, maskOf, need, structOf, timeNsOf } from '../decode.js';
import { messageOf, type Message } from '../decodeNet.js';
import { pollResultOf } from '../decodePoll.js';
import { field, type Value } from '../value.js';
import { arg, numberArg, opaqueKind, Outside, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { addressIn } from './address.js';
import { compareVector, vectorOf } from './files.js';
import { leftMismatch } from './left.js';
import { timespecIn } from './time.js';

/** Bytes of a control message's header, and how descriptors fill what follows, on x86-64. */
const CMSG_HEADER = 16;

function controlIn(message: Message): cmsghdr[] | null {
  if (message.control.length === 0) return null;
  return message.control.map(({ level, type, fds }) => ({ cmsg_level: level, cmsg_type: type, fds: [...(fds ?? [])], bytes: new Uint8Array(0) }));
}

/** What a program gave to send; null: NULL, or a pointer to nowhere. */
function headerIn(at: PlanContext, value: Value): user_msghdr | null {
  const message = messageOf(value);
  if (message === null || value.kind !== 'struct') return null;
  const segments = vectorOf(at, field(value, 'msg_iov') ?? { kind: 'null', comment: '' }, true) ?? [];
  const name = field(value, 'msg_name');
  return new user_msghdr(segments, name === null ? null : addressIn(at, name, message.nameLength), message.nameLength, controlIn(message));
}

const sendmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  return kind === null ? new Plan(row, [fd, headerIn(at, arg(call, 1)), maskOf(arg(call, 2))]) : new Outside(kind);
};

function compareMessage(at: PlanContext, header: user_msghdr, message: Message, ret: number, value: ReturnType<typeof arg>): Mismatch | null {
  const iov = value.kind === 'struct' ? field(value, 'msg_iov') : null;
  const bytes = iov === null ? null : compareVector(at, iov, header.iov, ret);
  if (bytes !== null) return bytes;
  const linux = message.control.flatMap(({ fds }) => fds ?? []);
  const model = (header.control ?? []).flatMap(({ fds }) => fds);
  if (linux.join() !== model.join()) return { what: 'descriptors received', linux: `[${linux.join(', ')}]`, model: `[${model.join(', ')}]` };
  return message.flags === header.flags ? null : { what: 'msg_flags', linux: String(message.flags), model: String(header.flags) };
}

/** Memory for what the log does not show. */
const UNSHOWN = 4096;

/** Where a message is received: as large as the log shows it, or of some size when it shows nothing. */
function headerOut(at: PlanContext, value: Value, message: Message | null): user_msghdr {
  const iov = value.kind === 'struct' ? field(value, 'msg_iov') : null;
  const segments = (iov === null ? null : vectorOf(at, iov, false)) ?? [{ base: new user_memory(new Uint8Array(UNSHOWN)), len: UNSHOWN }];
  const room = message === null ? 0 : roomForFds(message);
  return new user_msghdr(segments, (message?.name ?? null) === null ? null : new user_memory(new Uint8Array(128)), message?.nameLength ?? 0, null, room);
}

const recvmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const value = arg(call, 1);
  const message = messageOf(value);
  const header = headerOut(at, value, message);
  return new Plan(row, [fd, header, maskOf(arg(call, 2))], (ret) => (ret < 0 || message === null ? null : compareMessage(at, header, message, ret, value)));
};

/** The entries of an array of mmsghdr, as far as the log shows them. */
function entriesOf(value: Value): Value[] {
  return value.kind === 'array' ? value.items.map((item) => need(structOf(item, 'a mmsghdr'), 'msg_hdr')) : [];
}

const sendmmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const headers = entriesOf(arg(call, 1)).flatMap((entry) => headerIn(at, entry) ?? []);
  return new Plan(row, [fd, headers, maskOf(arg(call, 2)), maskOf(arg(call, 3))], (ret) => compareLengths(arg(call, 1), headers, ret));
};

/** How long each message was. */
function compareLengths(value: Value, headers: readonly user_msghdr[], count: number): Mismatch | null {
  if (value.kind !== 'array') return null;
  const shown = value.items.slice(0, count).map((item) => field(structOf(item, 'a mmsghdr'), 'msg_len'));
  const at = shown.findIndex((length, i) => length !== null && maskOf(length) !== headers[i]!.msgLen);
  return at < 0 ? null : { what: `length of message ${at}`, linux: String(maskOf(shown[at]!)), model: String(headers[at]!.msgLen) };
}

/** The longest array that the kernel looks at. */
const UIO_MAXIOV = 1024;

const recvmmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const shown = entriesOf(arg(call, 1));
  const messages = shown.map(messageOf);
  const n = Math.min(numberArg(call, 2, shown.length), UIO_MAXIOV);
  const headers = Array.from({ length: n }, (_, i) => headerOut(at, shown[i] ?? { kind: 'null', comment: '' }, messages[i] ?? null));
  const timeout = arg(call, 4);
  return new Plan(row, [fd, headers, n, maskOf(arg(call, 3)), timespecIn(timeout, call)], (ret, _call, result) => {
    if (ret < 0) return null;
    for (let i = 0; i < ret; i++) {
      const message = messages[i] ?? null;
      const mismatch = message === null ? null : compareMessage(at, headers[i]!, message, headers[i]!.msgLen, shown[i]!);
      if (mismatch !== null) return { ...mismatch, what: `${mismatch.what} of message ${i}` };
    }
    return compareLengths(arg(call, 1), headers, ret) ?? leftMismatch(at, call, timeNsOf(timeout), pollResultOf(result).leftNs);
  });
};

/** The log shows what was filled of the control buffer, not its size: at least the descriptors that arrived fit. */
function roomForFds(message: Message): number {
  const arrived = message.control.reduce((n, { fds }) => n + (fds?.length ?? 0), 0);
  return Math.max(arrived, Math.floor(Math.max(0, message.controlLength - CMSG_HEADER) / 4));
}

export const MESSAGE_PLANS: Readonly<Record<string, Planner>> = { sendmsg, recvmsg, sendmmsg, recvmmsg };
