/**
 * sendmsg and recvmsg: vectors of buffers, addresses, and descriptors that travel.
 */

import { user_memory } from '../../kernel/uaccess.js';
import { type cmsghdr, user_msghdr } from '../../socket/msghdr.js';
import { fdOf, maskOf } from '../decode.js';
import { messageOf, type Message } from '../decodeNet.js';
import { field } from '../value.js';
import { arg, opaqueKind, Outside, Plan, type Mismatch, type PlanContext, type Planner } from '../plan.js';
import { addressIn } from './address.js';
import { compareVector, vectorOf } from './files.js';

/** Bytes of a control message's header, and how descriptors fill what follows, on x86-64. */
const CMSG_HEADER = 16;

function controlIn(message: Message): cmsghdr[] | null {
  if (message.control.length === 0) return null;
  return message.control.map(({ level, type, fds }) => ({ cmsg_level: level, cmsg_type: type, fds: [...(fds ?? [])], bytes: new Uint8Array(0) }));
}

const sendmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const value = arg(call, 1);
  const message = messageOf(value);
  if (message === null || value.kind !== 'struct') return new Plan(row, [fd, null, maskOf(arg(call, 2))]);
  const segments = vectorOf(at, field(value, 'msg_iov') ?? { kind: 'null', comment: '' }, true) ?? [];
  const name = field(value, 'msg_name');
  const header = new user_msghdr(segments, name === null ? null : addressIn(at, name, message.nameLength), message.nameLength, controlIn(message));
  return new Plan(row, [fd, header, maskOf(arg(call, 2))]);
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

const recvmsg: Planner = (at, call, row) => {
  const fd = fdOf(arg(call, 0));
  const kind = opaqueKind(at, fd);
  if (kind !== null) return new Outside(kind);
  const value = arg(call, 1);
  const message = messageOf(value);
  const iov = value.kind === 'struct' ? field(value, 'msg_iov') : null;
  const segments = (iov === null ? null : vectorOf(at, iov, false)) ?? [{ base: new user_memory(new Uint8Array(4096)), len: 4096 }];
  const room = message === null ? 0 : roomForFds(message);
  const header = new user_msghdr(segments, (message?.name ?? null) === null ? null : new user_memory(new Uint8Array(128)), message?.nameLength ?? 0, null, room);
  return new Plan(row, [fd, header, maskOf(arg(call, 2))], (ret) => (ret < 0 || message === null ? null : compareMessage(at, header, message, ret, value)));
};

/** The log shows what was filled of the control buffer, not its size: at least the descriptors that arrived fit. */
function roomForFds(message: Message): number {
  const arrived = message.control.reduce((n, { fds }) => n + (fds?.length ?? 0), 0);
  return Math.max(arrived, Math.floor(Math.max(0, message.controlLength - CMSG_HEADER) / 4));
}

export const MESSAGE_PLANS: Readonly<Record<string, Planner>> = { sendmsg, recvmsg };
