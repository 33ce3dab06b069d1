/**
 * What the tests of files share: system calls with plain arguments and results, threads of the calling process, and
 * signals. Every helper is one call of a program; a negative number is an error.
 */

import { spawn_thread } from '../../src/kernel/fork.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { send_sig } from '../../src/kernel/signal.js';
import type { task_struct } from '../../src/kernel/task.js';
import { get_user_u32, put_user_s64, put_user_u16, put_user_u32, type user_memory } from '../../src/kernel/uaccess.js';
import { mem, sys } from '../kit.js';

/** A pipe: [reading end, writing end]. */
export function* pipe(k: Kernel, flags = 0): Sleeps<[number, number]> {
  const fds = mem(8);
  const ret = yield* sys(k, 'pipe2', fds, flags);
  if (ret < 0) throw new Error(`pipe2: ${ret}`);
  return [get_user_u32(fds, 0)!, get_user_u32(fds, 4)!];
}

/** Bytes read, as text; a number is an error. */
export function* read(k: Kernel, fd: number, n: number): Sleeps<string | number> {
  const buf = mem(n);
  const ret = yield* sys(k, 'read', fd, buf, n);
  return ret < 0 ? ret : String.fromCharCode(...buf.bytes.subarray(0, Math.min(ret, 64))) + (ret > 64 ? `...${ret}` : '');
}

/** How many bytes a read gets. */
export function* readn(k: Kernel, fd: number, n: number): Sleeps<number> {
  return yield* sys(k, 'read', fd, mem(n), n);
}

export function* write(k: Kernel, fd: number, data: string | number): Sleeps<number> {
  const buf = typeof data === 'number' ? mem(data) : mem(data);
  return yield* sys(k, 'write', fd, buf, buf.bytes.length);
}

export function* close(k: Kernel, fd: number): Sleeps<number> {
  return yield* sys(k, 'close', fd);
}

/** A NUL-terminated path. */
export function path(name: string): user_memory {
  return mem(`${name}\0`);
}

/** An array of struct pollfd. */
export function pollfds(...entries: readonly (readonly [fd: number, events: number])[]): user_memory {
  const memory = mem(8 * entries.length);
  entries.forEach(([fd, events], i) => {
    put_user_u32(memory, 8 * i, fd);
    put_user_u16(memory, 8 * i + 4, events);
  });
  return memory;
}

/** revents of the entry `i`. */
export function revents(memory: user_memory, i = 0): number {
  return get_user_u32(memory, 8 * i + 4)! >>> 16;
}

/** poll of one descriptor: [result, revents]. */
export function* po(k: Kernel, fd: number, events: number, ms = 0): Sleeps<[number, number]> {
  const fds = pollfds([fd, events]);
  const ret = yield* sys(k, 'poll', fds, 1, ms);
  return [ret, revents(fds)];
}

/** The whole mask of a file, whatever is asked. */
export function* mask(k: Kernel, fd: number): Sleeps<number> {
  return (yield* po(k, fd, 0xffff))[1];
}

/** Sleeps. */
export function* msleep(k: Kernel, ms: number): Sleeps<void> {
  yield* sys(k, 'poll', null, 0, ms);
}

/** Milliseconds since the machine started. */
export function now(k: Kernel): number {
  return k.clock.nowNs / 1e6;
}

export function* eventfd(k: Kernel, count = 0, flags = 0o4000): Sleeps<number> {
  return yield* sys(k, 'eventfd2', count, flags);
}

/** Eight bytes. */
export function u64(value: bigint): user_memory {
  const memory = mem(8);
  new DataView(memory.bytes.buffer).setBigUint64(0, value, true);
  return memory;
}

export function* add(k: Kernel, fd: number, value: bigint): Sleeps<number> {
  return yield* sys(k, 'write', fd, u64(value), 8);
}

/** The value of an eventfd or timerfd; a number is an error. */
export function* take(k: Kernel, fd: number): Sleeps<bigint | number> {
  const memory = mem(8);
  const ret = yield* sys(k, 'read', fd, memory, 8);
  return ret < 0 ? ret : new DataView(memory.bytes.buffer).getBigUint64(0, true);
}

/** Pairs of 64-bit words: timespec, timeval, itimerspec. */
export function words(...values: readonly number[]): user_memory {
  const memory = mem(8 * values.length);
  values.forEach((value, i) => put_user_s64(memory, 8 * i, value));
  return memory;
}

/** A thread of the calling process. */
export function thread(k: Kernel, name: string, body: () => Sleeps<unknown>): task_struct {
  return spawn_thread(k, k.current, name, function* () {
    yield* body();
  });
}

/** Notes signals in `log` instead of dying of them. */
export function handle(k: Kernel, sig: number, log: number[], flags = 0): void {
  const action = k.current.sighand.action[sig]!;
  action.sa_handler = (signo) => void log.push(signo);
  action.sa_flags = flags;
}

/** Sends a signal to a task after a while, from another thread. */
export function later(k: Kernel, ms: number, sig: number, to: task_struct): void {
  thread(k, 'sender', function* () {
    yield* msleep(k, ms);
    send_sig(k, sig, to);
  });
}
