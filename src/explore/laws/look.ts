/**
 * What laws look at: the bytes and events that a call carried, the file behind a number, whether a watched descriptor has news. Everything
 * here only reads.
 */

import type { file } from '../../kernel/file.js';
import type { Kernel } from '../../kernel/kernel.js';
import type { task_struct } from '../../kernel/task.js';
import { user_iovec, user_memory } from '../../kernel/uaccess.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, EPOLLWRBAND, EPOLLWRNORM } from '../../kernel/uapi.js';
import { EP_PRIVATE_BITS, type epitem } from '../../epoll/eventpoll.js';
import { peekMask } from '../../inspect/peek.js';
import type { CallEvent } from '../../scenario/index.js';
import type { user_msghdr } from '../../socket/msghdr.js';

/** What a call does to the descriptor that is its first argument; null: nothing that laws ask about. */
export type Use = 'read' | 'write' | 'accept' | 'wait' | 'close' | null;

const USES: Readonly<Record<string, Use>> = {
  read: 'read', readv: 'read', recvfrom: 'read', recvmsg: 'read',
  write: 'write', writev: 'write', sendto: 'write', sendmsg: 'write',
  accept: 'accept', accept4: 'accept',
  epoll_wait: 'wait', epoll_pwait: 'wait', epoll_pwait2: 'wait', poll: 'wait', ppoll: 'wait', select: 'wait', pselect6: 'wait',
  close: 'close',
};

export function useOf({ row }: CallEvent): Use {
  return USES[row.name] ?? null;
}

/** True for the waits of epoll, whose first argument is an epoll. */
export function isEpollWait(event: CallEvent): boolean {
  return useOf(event) === 'wait' && event.row.name.startsWith('epoll_');
}

/** The first argument as a descriptor. */
export function fdOf({ args }: CallEvent): number {
  return args[0] as number;
}

/** The file behind a number of a task; null: none. */
export function fileOf(task: task_struct, fd: number): file | null {
  return task.files.at(fd);
}

/** The memory that a read filled or a write drained, piece by piece. */
function pieces({ row, args }: CallEvent): readonly user_memory[] {
  const given = args[1];
  const holder = row.name === 'recvmsg' || row.name === 'sendmsg' ? (given as user_msghdr).iov : given;
  if (Array.isArray(holder)) return holder.flatMap(({ base }: { base: user_memory | null }) => (base === null ? [] : [base]));
  if (holder instanceof user_iovec) return holder.segments.flatMap(({ base }) => (base === null ? [] : [base]));
  return holder instanceof user_memory ? [holder] : [];
}

/** The first `n` bytes that a read stored or that a write was given. */
export function bytesOf(event: CallEvent, n: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, n));
  let at = 0;
  for (const { bytes: piece } of pieces(event)) {
    const part = piece.subarray(0, bytes.length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.subarray(0, at);
}

/** All bytes that a write was given. */
export function givenTo(event: CallEvent): Uint8Array {
  const { row, args } = event;
  const whole = pieces(event).reduce((sum, { bytes }) => sum + bytes.length, 0);
  return bytesOf(event, row.name === 'write' || row.name === 'sendto' ? Math.min(whole, args[2] as number) : whole);
}

const SPACE = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
const NEWS = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLERR | EPOLLHUP;

/** A one-shot item that has fired and was not armed again. */
export function isDisabled(epi: epitem): boolean {
  return (epi.event.events & ~EP_PRIVATE_BITS) === 0;
}

/** The bits by which a watched descriptor has something to tell: data, connections, an end, an error. Room to write is no news. */
export function newsOf(k: Kernel, epi: epitem): number {
  const mask = peekMask(k, epi.ffd.file) ?? 0;
  const asked = isDisabled(epi) ? NEWS : epi.event.events | EPOLLERR | EPOLLHUP;
  return mask & asked & NEWS & ~SPACE;
}
