/**
 * What the tests of epoll share: scripts whose every line must answer as it says, short names for the calls, programs
 * of several threads, seeded schedules under which a result must not change, and buffers whose copy-out can be stalled.
 */

import { Seeded } from '../../src/kernel/decisions.js';
import { spawn_thread, type Program } from '../../src/kernel/fork.js';
import type { Kernel, KernelOptions } from '../../src/kernel/kernel.js';
import { AT_SCHEDULE, type Sleeps } from '../../src/kernel/point.js';
import { TASK_INTERRUPTIBLE } from '../../src/kernel/task.js';
import { absent_page, get_user_s64, get_user_u32, page_present, put_user_s64, put_user_u16, put_user_u32, type user_memory, type user_ptr } from '../../src/kernel/uaccess.js';
import { machine, mem, run, sys, task } from '../kit.js';
import { runOnModel } from '../conformance/model.js';
import { compare, compile } from '../conformance/script.js';

export { EPOLLERR as ERR, EPOLLHUP as HUP, EPOLLIN as IN, EPOLLOUT as OUT, EPOLLPRI as PRI, EPOLLRDHUP as RDHUP, EPOLLRDNORM as RDNORM } from '../../src/kernel/uapi.js';
export { EPOLLET as ET, EPOLLEXCLUSIVE as EXCLUSIVE, EPOLLONESHOT as ONESHOT, EPOLL_CTL_ADD as ADD, EPOLL_CTL_DEL as DEL, EPOLL_CTL_MOD as MOD } from '../../src/epoll/eventpoll.js';

const O_NONBLOCK = 0o4000;
const EVENT_SIZE = 12;

/** The script (tests/conformance/script.ts) answers on the model as its lines say. The real kernel is asked in live.test.ts. */
export function holds(text: string): void {
  const script = compile(text);
  const { was, must } = compare(script, runOnModel(script));
  expect(was).toEqual(must);
}

/** One event that epoll_wait stored; data is the descriptor unless a test says otherwise. */
export interface Event {
  readonly data: number;
  readonly events: number;
}

export const ev = (data: number, events: number): Event => ({ data, events });

/** Milliseconds of virtual time. */
export const now = (k: Kernel): number => k.clock.nowNs / 1e6;

export const epoll = (k: Kernel): Sleeps<number> => sys(k, 'epoll_create1', 0);
export const efd = (k: Kernel, count = 0, flags = O_NONBLOCK): Sleeps<number> => sys(k, 'eventfd2', count, flags);
export const close = (k: Kernel, fd: number): Sleeps<number> => sys(k, 'close', fd);
export const dup = (k: Kernel, fd: number): Sleeps<number> => sys(k, 'dup', fd);

/** epoll_ctl; the event's data is the descriptor, or `data`. */
export function* ctl(k: Kernel, e: number, op: number, fd: number, events: number, data = fd): Sleeps<number> {
  const event = mem(EVENT_SIZE);
  put_user_u32(event, 0, events);
  put_user_s64(event, 4, data);
  return yield* sys(k, 'epoll_ctl', e, op, fd, event);
}

/** EPOLL_CTL_ADD of a descriptor, which must succeed. */
export function* add(k: Kernel, e: number, fd: number, events: number, data = fd): Sleeps<void> {
  expect(yield* ctl(k, e, 1, fd, events, data)).toBe(0);
}

export function eventsIn(memory: user_memory, count: number): Event[] {
  const events: Event[] = [];
  for (let i = 0; i < count; i++) events.push(ev(get_user_s64(memory, i * EVENT_SIZE + 4)!, get_user_u32(memory, i * EVENT_SIZE)!));
  return events;
}

/** epoll_wait into `memory`; the events, or -errno. */
export function* waitInto(k: Kernel, e: number, memory: user_memory, max: number, timeoutMs: number): Sleeps<Event[] | number> {
  const ret = yield* sys(k, 'epoll_wait', e, memory, max, timeoutMs);
  return ret < 0 ? ret : eventsIn(memory, ret);
}

/** epoll_wait; the events, or -errno. */
export function wait(k: Kernel, e: number, max = 8, timeoutMs = 0): Sleeps<Event[] | number> {
  return waitInto(k, e, mem(max * EVENT_SIZE), max, timeoutMs);
}

/** write() of one number to an eventfd. */
export function* post(k: Kernel, fd: number, value = 1): Sleeps<number> {
  const number = mem(8);
  put_user_s64(number, 0, value);
  return yield* sys(k, 'write', fd, number, 8);
}

/** read() of an eventfd: its value, or -errno. */
export function* take(k: Kernel, fd: number): Sleeps<number> {
  const number = mem(8);
  const ret = yield* sys(k, 'read', fd, number, 8);
  return ret < 0 ? ret : get_user_s64(number, 0)!;
}

export const write = (k: Kernel, fd: number, n = 1): Sleeps<number> => sys(k, 'write', fd, mem(n), n);
export const read = (k: Kernel, fd: number, n = 1): Sleeps<number> => sys(k, 'read', fd, mem(n), n);

function* pair(fds: user_memory, call: Sleeps<number>): Sleeps<[number, number]> {
  expect(yield* call).toBe(0);
  return [get_user_u32(fds, 0)!, get_user_u32(fds, 4)!];
}

/** A pipe: read end, write end. */
export function pipe(k: Kernel, flags = O_NONBLOCK): Sleeps<[number, number]> {
  const fds = mem(8);
  return pair(fds, sys(k, 'pipe2', fds, flags));
}

/** A connected pair of AF_UNIX stream sockets. */
export function sockets(k: Kernel, flags = 0): Sleeps<[number, number]> {
  const fds = mem(8);
  return pair(fds, sys(k, 'socketpair', 1, 1 | flags, 0, fds));
}

/** poll() of one descriptor: revents, 0 at the timeout, or -errno. */
export function* poll(k: Kernel, fd: number, events: number, timeoutMs = 0): Sleeps<number> {
  const entry = mem(8);
  put_user_u32(entry, 0, fd);
  put_user_u16(entry, 4, events);
  const ret = yield* sys(k, 'poll', entry, 1, timeoutMs);
  return ret <= 0 ? ret : (get_user_u32(entry, 4)! >>> 16);
}

/** Lets `ms` pass: everybody else goes on until all sleep. */
export function* sleep(k: Kernel, ms: number): Sleeps<void> {
  expect(yield* sys(k, 'poll', null, 0, ms)).toBe(0);
}

/** A thread that came to its end: what it gave back, and when. */
export interface Ended<T> {
  readonly value: T;
  readonly atMs: number;
  /** how many threads had ended before */
  readonly place: number;
}

/** Starts a thread that shares everything with the main program. */
export type Start = (name: string, program: () => Sleeps<unknown>) => void;

/** What a program of several threads left behind. */
export interface Outcome<T> {
  readonly k: Kernel;
  readonly result: T;
  /** the threads that ended, by name; who still sleeps is missing */
  readonly threads: Readonly<Record<string, Ended<unknown>>>;
  /** what each thread gave back, by name */
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Runs a main program that starts threads, on a machine of its own, until nobody can go on. The main program's end
 * leaves the threads as they are.
 */
export function concurrently<T>(main: (k: Kernel, start: Start) => Sleeps<T>, options: KernelOptions = {}): Outcome<T> {
  const k = machine(options);
  const threads: Record<string, Ended<unknown>> = {};
  const values: Record<string, unknown> = {};
  let result: { value: T } | null = null;
  const leader = task(k, 'main', function* () {
    result = { value: yield* main(k, start) };
    k.current.__state = TASK_INTERRUPTIBLE;
    yield AT_SCHEDULE;
  });
  const start: Start = (name, program) => {
    spawn_thread(k, leader, name, function* () {
      const value = yield* program();
      values[name] = value;
      threads[name] = { value, atMs: now(k), place: Object.keys(threads).length };
    });
  };
  run(k);
  if (result === null) throw new Error('the main program did not end');
  return { k, result: (result as { value: T }).value, threads, values };
}

/** Holds under first come, first served, and under `seeds` random schedules that may switch tasks at every point. */
export function onEverySchedule(seeds: number, check: (options: KernelOptions) => void): void {
  check({});
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      check({ preempt: 'all', decisions: new Seeded(seed) });
    } catch (error) {
      if (error instanceof Error) error.message = `under the schedule of seed ${seed}: ${error.message}`;
      throw error;
    }
  }
}

/** A buffer whose bytes from `from` on are absent: the copy of an event to there stalls until `release`. */
export class Stalled {
  readonly memory: user_memory;
  private readonly page: absent_page;

  constructor(k: Kernel, events: number, fromEvent = 0) {
    this.memory = mem(events * EVENT_SIZE);
    this.page = new absent_page(k.new_id(), fromEvent * EVENT_SIZE);
    this.memory.absent = this.page;
  }

  release(k: Kernel): void {
    page_present(k, this.page);
  }
}

export type { Kernel, Program, Sleeps, user_ptr };
