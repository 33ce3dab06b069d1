/**
 * Reading the trace: rows with names, and a system call as the nested list of the kernel functions it entered.
 */

import { callsIn, functionGraph, oldestStep, PLAIN_LABELS, readTrace } from '../../src/inspect/trace.js';
import { argsOf, returnOf } from '../../src/inspect/traced.js';
import { Trace, traced } from '../../src/kernel/trace.js';
import { machine, mem, sys } from '../kit.js';
import { one, stopped, twoEventfds } from './fixture.js';

const run = () => stopped(function* (k) {
  const ep = yield* twoEventfds(k);
  yield* sys(k, 'write', 1, one(), 8);
  yield* sys(k, 'epoll_wait', ep, mem(24), 2, 0);
}, true);

test('every system call is found, with its result', () => {
  const { trace } = run();
  expect(callsIn(trace!).map((call) => [call.name, call.ret])).toEqual([
    ['epoll_create1', 0], ['eventfd2', 1], ['eventfd2', 2], ['epoll_ctl', 0], ['epoll_ctl', 0], ['write', 8], ['epoll_wait', 2],
  ]);
});

test('a call is a nested list of the functions it entered', () => {
  const k = run();
  const call = callsIn(k.trace!).find((c) => c.name === 'write')!;
  const graph = functionGraph(k, call.from, call.to!, call.task);
  expect(graph.map(({ d, f }) => `${'  '.repeat(d)}${f}`)).toEqual([
    'eventfd_write', '  __wake_up_locked_key', '    __wake_up_common', '      ep_poll_callback', '        ep_set_busy_poll_napi_id',
  ]);
  expect(graph[3]).toMatchObject({ in: { key: 'EPOLLIN', linked: false, scanning: false, sleepers: false }, ret: 1 });
  expect(graph[3]!.in).not.toHaveProperty('ovflist_empty');
});

test('the rows of a run have names and depths, and end at depth zero', () => {
  const entries = readTrace(run().trace!);
  expect(entries[0]).toMatchObject({ step: 0, kind: 'switch', task: 1 });
  const enters = entries.filter((entry) => entry.kind === 'enter');
  const leaves = entries.filter((entry) => entry.kind === 'leave');
  expect(leaves.length).toBe(enters.length);
  expect(leaves[leaves.length - 1]!.depth).toBe(0);
  expect(entries.filter((entry) => entry.name.startsWith('function '))).toEqual([]);
  expect(entries.find((entry) => entry.kind === 'event')).toMatchObject({ args: { events: 'EPOLLIN', index: 0 } });
});

test('a ring that is full has forgotten its oldest rows', () => {
  const k = machine();
  const trace = new Trace(k, 4);
  for (let i = 0; i < 10; i++) trace.emit(6, i);
  expect(oldestStep(trace)).toBe(6);
  expect(readTrace(trace).map((entry) => [entry.step, entry.args['task']])).toEqual([[6, 'task 6'], [7, 'task 7'], [8, 'task 8'], [9, 'task 9']]);
});

test('arguments are read by kind: masks, bits, errors, queues, states', () => {
  const [fn] = traced(990, { demo: 'key:mask shutdown:bits(RCV,SEND) err:int head:wq state:state sk:sk -> int' }).functions;
  expect(argsOf(fn!, [5, 3, 104, 4 * 12 + 1, 1, 9], PLAIN_LABELS)).toMatchObject({ key: 'EPOLLIN|EPOLLOUT', shutdown: 'RCV|SEND', err: 'ECONNRESET', state: 'ESTABLISHED', sk: 'sock#9' });
  expect([returnOf(fn!, -11, PLAIN_LABELS), returnOf(fn!, 7, PLAIN_LABELS)]).toEqual(['-EAGAIN', 7]);
});
