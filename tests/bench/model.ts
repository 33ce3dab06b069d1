/** The rounds of the bench on the model: the same calls as native.c, by system call numbers, as a program makes them. */

import { FirstCome } from '#dist/kernel/decisions.js';
import { spawn_process } from '#dist/kernel/fork.js';
import { Kernel, type PreemptMode } from '#dist/kernel/kernel.js';
import type { Sleeps } from '#dist/kernel/point.js';
import { machine_step } from '#dist/kernel/sched.js';
import { Trace } from '#dist/kernel/trace.js';
import { user_memory } from '#dist/kernel/uaccess.js';
import { do_syscall, enter_syscall } from '#dist/syscalls/entry.js';
import type { syscall_arg, syscall_row } from '#dist/syscalls/row.js';
import { syscall_by_name } from '#dist/syscalls/table.js';

/** How the machine runs: where it can be stopped, and whether it writes down what it does. */
export interface ModelMode {
  readonly preempt: PreemptMode;
  readonly traced: boolean;
}

const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const F_NONBLOCK = 0o4000;

function row(name: string): syscall_row {
  const found = syscall_by_name.get(name);
  if (found === undefined) throw new Error(`no system call ${name}`);
  return found;
}

/** Runs a program of one process to its end and gives back what it returned. */
function run<T>(mode: ModelMode, program: (k: Kernel) => Sleeps<T>): T {
  const k = new Kernel({ preempt: mode.preempt, decisions: new FirstCome(), stepBudget: Infinity });
  if (mode.traced) k.trace = new Trace(k, 1 << 16);
  let result: T | undefined;
  spawn_process(k, 'bench', function* () {
    k.current.signal.rlim_nofile.cur = 2_000_000;
    result = yield* program(k);
  });
  while (typeof machine_step(k) !== 'string');
  if (result === undefined) throw new Error('the program did not end');
  return result;
}

/** A system call that must succeed. */
function* must(k: Kernel, name: string, ...args: syscall_arg[]): Sleeps<number> {
  const ret = yield* do_syscall(k, row(name), args);
  if (ret < 0) throw new Error(`${name}: ${ret}`);
  return ret;
}

function event(fd: number): user_memory {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, EPOLLIN, true);
  view.setUint32(4, fd, true);
  return new user_memory(bytes);
}

/** Nanoseconds of one turn of `body`, over `rounds` turns. */
function* timed(rounds: number, body: () => Sleeps<void>): Sleeps<number> {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) yield* body();
  return Number(process.hrtime.bigint() - begin) / rounds;
}

function* connectPair(k: Kernel): Sleeps<[number, number]> {
  const address = new user_memory(Uint8Array.of(2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  const listener = yield* must(k, 'socket', 2, 1, 0);
  yield* must(k, 'bind', listener, address, 16);
  yield* must(k, 'listen', listener, 8);
  const client = yield* must(k, 'socket', 2, 1, 0);
  yield* must(k, 'connect', client, address, 16);
  const server = yield* must(k, 'accept4', listener, null, null, 0);
  yield* must(k, 'close', listener);
  return [client, server];
}

/** One round: write, epoll_wait(0), read, and the same back, over TCP on loopback. */
export function echo(mode: ModelMode, bytes: number, rounds: number, warmup: number): number {
  return run(mode, function* (k) {
    const pair = yield* connectPair(k);
    const eps: number[] = [];
    for (const fd of pair) {
      const ep = yield* must(k, 'epoll_create1', 0);
      yield* must(k, 'epoll_ctl', ep, EPOLL_CTL_ADD, fd, event(fd));
      eps.push(ep);
    }
    const out = new user_memory(new Uint8Array(bytes));
    const buffer = new user_memory(new Uint8Array(65536));
    const events = new user_memory(new Uint8Array(96));
    const write = row('write');
    const wait = row('epoll_wait');
    const read = row('read');
    const writes = [0, 1].map((side) => [pair[side]!, out, bytes]);
    const waits = [0, 1].map((side) => [eps[1 - side]!, events, 8, 0]);
    const reads = [0, 1].map((side) => [pair[1 - side]!, buffer, 65536]);
    function* turns(n: number): Sleeps<number> {
      const begin = process.hrtime.bigint();
      for (let i = 0; i < n; i++) {
        for (let side = 0; side < 2; side++) {
          // A call that need not sleep answers at once; a generator is for those that do.
          const written = enter_syscall(k, write, writes[side]!);
          if ((typeof written === 'number' ? written : yield* written) !== bytes) throw new Error('write');
          const ready = enter_syscall(k, wait, waits[side]!);
          if ((typeof ready === 'number' ? ready : yield* ready) !== 1) throw new Error('epoll_wait');
          const got = enter_syscall(k, read, reads[side]!);
          if ((typeof got === 'number' ? got : yield* got) !== bytes) throw new Error('read');
        }
      }
      return Number(process.hrtime.bigint() - begin) / n;
    }
    yield* turns(warmup);
    return yield* turns(rounds);
  });
}

function* makeEventfds(k: Kernel, n: number): Sleeps<number[]> {
  const fds: number[] = [];
  for (let i = 0; i <= n; i++) fds.push(yield* must(k, 'eventfd2', 0, F_NONBLOCK));
  yield* must(k, 'write', fds[n >> 1]!, new user_memory(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)), 8);
  return fds;
}

const FAST: ModelMode = { preempt: 'never', traced: false };

/** epoll_wait with 1 ready of n, or ADD and DEL of one more at n registered. */
export function atSize(kind: 'wait' | 'ctl', n: number, rounds: number): number {
  return run(FAST, function* (k) {
    const fds = yield* makeEventfds(k, n);
    const ep = yield* must(k, 'epoll_create1', 0);
    for (let i = 0; i < n; i++) yield* must(k, 'epoll_ctl', ep, EPOLL_CTL_ADD, fds[i]!, event(fds[i]!));
    const events = new user_memory(new Uint8Array(96));
    const added = event(fds[n]!);
    const wait = row('epoll_wait');
    const ctl = row('epoll_ctl');
    function* round(): Sleeps<void> {
      if (kind === 'wait') {
        if ((yield* do_syscall(k, wait, [ep, events, 8, 0])) !== 1) throw new Error('epoll_wait');
      } else {
        if ((yield* do_syscall(k, ctl, [ep, EPOLL_CTL_ADD, fds[n]!, added])) !== 0) throw new Error('ADD');
        if ((yield* do_syscall(k, ctl, [ep, EPOLL_CTL_DEL, fds[n]!, null])) !== 0) throw new Error('DEL');
      }
    }
    yield* timed(rounds, round);
    return yield* timed(rounds, round);
  });
}

/** poll() or select() over n descriptors with 1 ready. */
export function scanning(kind: 'poll' | 'select', n: number, rounds: number): number {
  return run(FAST, function* (k) {
    const fds = (yield* makeEventfds(k, n)).slice(0, n);
    const top = fds[n - 1]! + 1;
    const array = new user_memory(new Uint8Array(8 * n));
    const view = new DataView(array.bytes.buffer);
    const wanted = new Uint8Array(Math.ceil(top / 64) * 8);
    fds.forEach((fd, i) => {
      view.setInt32(8 * i, fd, true);
      view.setInt16(8 * i + 4, EPOLLIN, true);
      wanted[fd >> 3]! |= 1 << (fd & 7);
    });
    const set = new user_memory(new Uint8Array(wanted.length));
    const zero = new user_memory(new Uint8Array(16));
    const poll = row('poll');
    const select = row('select');
    function* round(): Sleeps<void> {
      if (kind === 'poll') {
        if ((yield* do_syscall(k, poll, [array, n, 0])) !== 1) throw new Error('poll');
      } else {
        set.bytes.set(wanted);
        if ((yield* do_syscall(k, select, [top, set, null, null, zero])) !== 1) throw new Error('select');
      }
    }
    yield* timed(rounds, round);
    return yield* timed(rounds, round);
  });
}

/** Registers n eventfds: seconds for the ADDs, and bytes of memory that one watch takes beside its eventfd. */
export function build(n: number): { seconds: number; bytesPerWatch: number } {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  return run(FAST, function* (k) {
    const fds = yield* makeEventfds(k, n);
    const ep = yield* must(k, 'epoll_create1', 0);
    collect();
    const before = process.memoryUsage();
    const begin = process.hrtime.bigint();
    const ctl = row('epoll_ctl');
    const watched = event(0);
    for (let i = 0; i < n; i++) {
      if ((yield* do_syscall(k, ctl, [ep, EPOLL_CTL_ADD, fds[i]!, watched])) !== 0) throw new Error('ADD');
    }
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    collect();
    const after = process.memoryUsage();
    return { seconds, bytesPerWatch: (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / n };
  });
}
