/**
 * Names for people: masks, flags, states and objects as text. An object is called by its kind and its id, `ep#4`,
 * `sock#7`, and keeps that name for its whole life; a task by its program and pid, `server(2)`.
 * Masks are spelled as strace spells them, in the order of their bits.
 */

import type { task_struct } from '../kernel/task.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLMSG, EPOLLNVAL, EPOLLOUT, EPOLLPRI, EPOLLRDBAND, EPOLLRDHUP, EPOLLRDNORM, EPOLLWRBAND, EPOLLWRNORM, POLLFREE } from '../kernel/uapi.js';
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from '../epoll/eventpoll.js';
import { TCP_STATE_NAMES } from '../tcp/tcp_states.js';
import { flagText } from '../syscalls/print.js';

/** Poll bits without prefix, in the order in which strace prints them. */
export const POLL_BITS: Readonly<Record<string, number>> = {
  IN: EPOLLIN,
  PRI: EPOLLPRI,
  OUT: EPOLLOUT,
  ERR: EPOLLERR,
  HUP: EPOLLHUP,
  NVAL: EPOLLNVAL,
  RDNORM: EPOLLRDNORM,
  RDBAND: EPOLLRDBAND,
  WRNORM: EPOLLWRNORM,
  WRBAND: EPOLLWRBAND,
  MSG: EPOLLMSG,
  RDHUP: EPOLLRDHUP,
  FREE: POLLFREE,
  EXCLUSIVE: EPOLLEXCLUSIVE,
  WAKEUP: EPOLLWAKEUP,
  ONESHOT: EPOLLONESHOT,
  ET: EPOLLET,
};

const SHORT: readonly (readonly [string, number])[] = Object.entries(POLL_BITS);
const LONG: readonly (readonly [string, number])[] = SHORT.map(([name, bit]) => [name === 'FREE' ? 'POLLFREE' : `EPOLL${name}`, bit]);

/** Names of the bits of a mask; masks are shown at every step, so nothing is built that is not needed. */
function bitNames(mask: number, names: readonly (readonly [string, number])[], zero: string): string {
  let text = '';
  let rest = mask;
  for (let i = 0; i < names.length && rest !== 0; i++) {
    const [name, bit] = names[i]!;
    if ((rest & bit) === 0) continue;
    text = text === '' ? name : `${text}|${name}`;
    rest &= ~bit;
  }
  if (rest !== 0) text += `${text === '' ? '' : '|'}0x${(rest >>> 0).toString(16)}`;
  return text === '' ? zero : text;
}

/** `IN|OUT`; 0 is `-`. */
export function shortMask(mask: number): string {
  return bitNames(mask, SHORT, '-');
}

/** `EPOLLIN|EPOLLOUT`; 0 is `0`. */
export function epollMask(mask: number): string {
  return bitNames(mask, LONG, '0');
}

/** A TCP (or Unix socket) state by name. */
export function stateText(state: number): string {
  return TCP_STATE_NAMES[state] ?? `state ${state}`;
}

/** Shutdown bits: `RCV|SEND`; 0 is `-`. */
export function shutdownText(shutdown: number): string {
  return flagText(shutdown, { RCV: 1, SEND: 2 }, '-');
}

/** Flags of a segment, most telling first: `SYN|ACK`; none is `-`. */
export function segmentText(flags: number): string {
  return flagText(flags, { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 }, '-');
}

/** `server(2)`; the idle task is `idle`. */
export function taskName(task: task_struct): string {
  return task.pid === 0 ? 'idle' : `${task.comm}(${task.pid})`;
}

/** Nanoseconds as `12.5ms`, `3s`, `250ns`. */
export function durationText(ns: number): string {
  if (ns === Infinity) return 'never';
  if (ns >= 1e9) return `${ns / 1e9}s`;
  if (ns >= 1e6) return `${ns / 1e6}ms`;
  return ns >= 1e3 ? `${ns / 1e3}us` : `${ns}ns`;
}
