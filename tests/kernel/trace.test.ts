/** The trace: rows of integers in a ring, and functions that are entered and left in pairs. */

import { Kernel } from '../../src/kernel/kernel.js';
import { leave, leave_after, T_ENTER, T_LEAVE, T_SYSCALL_ENTER, T_SYSCALL_EXIT, T_WAKE, Trace, traced } from '../../src/kernel/trace.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { machine, run, sys, task } from '../kit.js';

test('a table of traced functions numbers them from its base, with arguments and kind of return', () => {
  const table = traced(500, { first: 'ep:ep n:int -> mask', second: '' });
  expect(table.id).toEqual({ first: 500, second: 501 });
  expect(table.functions).toEqual([
    { id: 500, name: 'first', args: ['ep:ep', 'n:int'], ret: 'mask' }, { id: 501, name: 'second', args: [], ret: 'none' },
  ]);
});

test('a row holds who, what kind, what and the arguments, and leaving a function names it', () => {
  const k = new Kernel();
  const trace = new Trace(k, 8);
  trace.enter(500, 1, -2, 3, 4, 5, 6);
  trace.emit(T_WAKE, 7);
  trace.leave(-11);
  expect([0, 1, 2].map((step) => trace.row(step))).toEqual([
    [0, T_ENTER, 500, 1, -2, 3, 4, 5, 6], [0, T_WAKE, 7, 0, 0, 0, 0, 0, 0], [0, T_LEAVE, 500, -11, 0, 0, 0, 0, 0],
  ]);
});

test('a ring keeps the newest rows, a growing trace keeps all', () => {
  const k = new Kernel();
  const ring = new Trace(k, 4);
  const all = new Trace(k, 4, true);
  for (let i = 0; i < 10; i++) for (const trace of [ring, all]) trace.emit(T_WAKE, i);
  expect([6, 7, 8, 9].map((step) => ring.row(step)[2])).toEqual([6, 7, 8, 9]);
  expect(ring.capacity).toBe(4);
  expect([0, 3, 9].map((step) => all.row(step)[2])).toEqual([0, 3, 9]);
  expect(all.capacity).toBe(16);
});

test('the capacity of a ring is a power of two', () => {
  expect(() => new Trace(new Kernel(), 6)).toThrow('the capacity is a power of two');
});

test('leaving what was not entered is a bug', () => {
  expect(() => new Trace(new Kernel(), 4).leave(0)).toThrow('a function is left that was not entered');
});

test('leave gives the value back, traced or not', () => {
  const k = new Kernel();
  expect(leave(k, 5)).toBe(5);
  k.trace = new Trace(k, 4);
  k.trace.enter(500);
  expect(leave(k, -9)).toBe(-9);
  expect(k.trace.row(1).slice(1, 4)).toEqual([T_LEAVE, 500, -9]);
});

test('leave_after leaves when the rest has ended', () => {
  const k = new Kernel();
  k.trace = new Trace(k, 8);
  const { trace } = k;
  trace.enter(500);
  const rest = leave_after(k, (function* (): Sleeps<number> {
    yield { fn: 'rest', where: 'inside' };
    return 3;
  })());
  expect(rest.next().done).toBe(false);
  expect(trace.count).toBe(1);
  expect(rest.next()).toEqual({ done: true, value: 3 });
  expect(trace.row(1).slice(1, 4)).toEqual([T_LEAVE, 500, 3]);
});

/** All rows of a small run. */
function rowsOfRun(): number[][] {
  const k = machine();
  k.trace = new Trace(k, 64, true);
  const { trace } = k;
  for (const name of ['a', 'b']) {
    task(k, name, function* (): Sleeps<void> {
      const e = yield* sys(k, 'epoll_create1', 0);
      yield* sys(k, 'epoll_wait', e, null, 1, 1);
    });
  }
  run(k);
  return Array.from({ length: trace.count }, (_, step) => trace.row(step));
}

test('every task enters and leaves its functions in pairs, also when others run in between', () => {
  const open = new Map<number, number[]>();
  for (const [pid, kind, what] of rowsOfRun() as [number, number, number][]) {
    const stack = open.get(pid) ?? [];
    open.set(pid, stack);
    if (kind === T_ENTER) stack.push(what);
    if (kind === T_LEAVE) expect(stack.pop()).toBe(what);
    if (kind === T_SYSCALL_ENTER || kind === T_SYSCALL_EXIT) expect(stack).toEqual([]);
  }
  expect(open.size).toBeGreaterThanOrEqual(2);
});

test('the same run has the same trace', () => {
  expect(rowsOfRun()).toEqual(rowsOfRun());
});
