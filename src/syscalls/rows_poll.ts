/**
 * System calls of poll, ppoll, select and pselect6: one row a call.
 * Source of numbers and arguments: arch/x86/entry/syscalls/syscall_64.tbl and the man pages, section 2.
 */

import type { Kernel } from '../kernel/kernel.js';
import { sys_poll, sys_ppoll } from '../kernel/poll.js';
import { sys_pselect6, sys_select, user_sigpack } from '../kernel/select.js';
import { get_user_s64, get_user_u32, type user_memory, type user_ptr } from '../kernel/uaccess.js';
import {
  EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLMSG, EPOLLNVAL, EPOLLOUT, EPOLLPRI, EPOLLRDBAND, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM,
} from '../kernel/uapi.js';
import { flagText, int, ptr, sigset, structure, timespec, uint } from './print.js';
import type { arg_printer, syscall_record, syscall_row } from './row.js';

/** Names of poll bits in the order in which strace prints them. */
export const POLL_NAMES: Readonly<Record<string, number>> = {
  POLLIN: EPOLLIN, POLLPRI: EPOLLPRI, POLLOUT: EPOLLOUT, POLLERR: EPOLLERR, POLLHUP: EPOLLHUP, POLLNVAL: EPOLLNVAL, POLLRDNORM: EPOLLRDNORM,
  POLLRDBAND: EPOLLRDBAND, POLLWRNORM: EPOLLWRNORM, POLLWRBAND: EPOLLWRBAND, POLLMSG: EPOLLMSG, POLLRDHUP: EPOLLRDHUP,
};

function pollfds(memory: user_memory, nfds: number): { fd: number; events: number; revents: number }[] {
  const entries = [];
  // A number beyond what is there is an error of the call; what is there is shown.
  const there = Math.min(nfds, Math.ceil(memory.bytes.length / 8));
  for (let i = 0; i < there; i++) {
    const masks = get_user_u32(memory, 8 * i + 4) ?? 0;
    entries.push({ fd: get_user_u32(memory, 8 * i) ?? 0, events: masks & 0xffff, revents: masks >>> 16 });
  }
  return entries;
}

const fds_in = structure((memory, call) => {
  const texts = pollfds(memory, Number(call.args[1])).map(({ fd, events }) => (fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flagText(events, POLL_NAMES)}}`));
  return `[${texts.join(', ')}]`;
});

function leftText(arg: unknown, unit: string): string {
  const memory = arg as user_ptr;
  return memory === null || memory === undefined ? '' : `left {tv_sec=${get_user_s64(memory, 0)}, ${unit}=${get_user_s64(memory, 8)}}`;
}

function poll_result(call: syscall_record): string {
  if (call.ret === 0) return ' (Timeout)';
  const ready = pollfds(call.args[0] as user_memory, Number(call.args[1])).filter((entry) => entry.revents !== 0);
  const text = `[${ready.map(({ fd, revents }) => `{fd=${fd}, revents=${flagText(revents, POLL_NAMES)}}`).join(', ')}]`;
  const left = call.row.name === 'ppoll' ? leftText(call.args[2], 'tv_nsec') : '';
  return ` (${text}${left === '' ? '' : `, ${left}`})`;
}

function setText(memory: user_memory, n: number): string {
  const members: number[] = [];
  for (let fd = 0; fd < Math.min(n, 8 * memory.bytes.length); fd++) if ((memory.bytes[fd >> 3]! & (1 << (fd & 7))) !== 0) members.push(fd);
  return `[${members.join(' ')}]`;
}

const fd_set: arg_printer = structure((memory, call) => setText(memory, Number(call.args[0])));

function select_result(call: syscall_record): string {
  if (call.ret === 0) return ' (Timeout)';
  const parts: string[] = [];
  ['in', 'out', 'except'].forEach((name, index) => {
    const memory = call.args[1 + index] as user_ptr | undefined;
    const text = memory === null || memory === undefined ? '[]' : setText(memory, Number(call.args[0]));
    if (text !== '[]') parts.push(`${name} ${text}`);
  });
  const left = leftText(call.args[4], call.row.name === 'select' ? 'tv_usec' : 'tv_nsec');
  if (left !== '') parts.push(left);
  return ` (${parts.join(', ')})`;
}

const timeval = structure((memory) => `{tv_sec=${get_user_s64(memory, 0)}, tv_usec=${get_user_s64(memory, 8)}}`);
const sigpack: arg_printer = (value, call) =>
  value instanceof user_sigpack ? `{sigmask=${sigset(value.mask, call)}, sigsetsize=${value.size}}` : ptr(value, call);

export const poll_rows: readonly syscall_row[] = [
  { nr: 7, name: 'poll', args: [fds_in, uint, int], result: poll_result, handler: (k: Kernel, fds: user_ptr, n: number, ms: number) => sys_poll(k, fds, n, ms) },
  { nr: 23, name: 'select', args: [int, fd_set, fd_set, fd_set, timeval], result: select_result, handler: sys_select },
  { nr: 270, name: 'pselect6', args: [int, fd_set, fd_set, fd_set, timespec, sigpack], result: select_result, handler: sys_pselect6 },
  { nr: 271, name: 'ppoll', args: [fds_in, uint, timespec, sigset, int], result: poll_result, handler: sys_ppoll },
];
