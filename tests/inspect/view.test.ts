/**
 * Views: plain JSON that shows everything, cannot be changed, and shares what did not change with the view before.
 */

import { inspect, Inspector } from '../../src/inspect/inspector.js';
import { changes, sentences } from '../../src/inspect/diff.js';
import { machineText, treeText } from '../../src/inspect/text.js';
import { mem, simulate, sys, task } from '../kit.js';
import { event, EPOLLIN, EPOLLONESHOT, one, pause, settle, stopped, twoEventfds } from './fixture.js';

test('a view is JSON: reading it back from text gives the same', () => {
  const view = inspect(stopped(twoEventfds as never));
  expect(JSON.parse(JSON.stringify(view))).toEqual(view);
});

test('nothing in a view can be changed', () => {
  const frozen = (value: unknown): boolean => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  expect(frozen(inspect(stopped(twoEventfds as never)))).toBe(true);
});

test('an epoll is shown with its tree, its ready list and the queues of its items', () => {
  const view = inspect(stopped(twoEventfds as never));
  const [ep] = view.eventpolls;
  const [quiet, ready] = view.items;
  expect(treeText(ep!.rbr)).toBe('1b(- 2r)');
  expect(ep!.rdllist).toEqual([ready!.id]);
  expect({ ovflist: ep!.ovflist, txlist: ep!.txlist, refcount: ep!.refcount }).toEqual({ ovflist: null, txlist: null, refcount: 3 });
  expect([quiet!.events, quiet!.on, ready!.on]).toEqual(['EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET', null, 'rdllist']);
  expect(view.eventfds.map((ctx) => [ctx.count, ctx.wqh.entries])).toEqual([
    ['0', [{ calls: 'ep_poll_callback', exclusive: false, task: null, item: quiet!.id }]],
    ['3', [{ calls: 'ep_poll_callback', exclusive: false, task: null, item: ready!.id }]],
  ]);
  expect(quiet!.queues).toEqual([`${view.eventfds[0]!.name}.wqh`]);
  expect(view.watches).toEqual({ 0: 2 });
});

test('a sleeper is shown with its call, its kernel stack and the queue it waits on', () => {
  const k = stopped(function* (kernel) {
    const ep = yield* sys(kernel, 'epoll_create1', 0);
    yield* sys(kernel, 'epoll_wait', ep, mem(12), 1, -1);
  }, true);
  const view = inspect(k);
  expect(view.tasks[0]).toMatchObject({ name: 'server(1)', state: 'sleeping', call: expect.stringMatching(/^epoll_wait\(0, 0x[0-9a-f]+, 1, -1\)$/) });
  expect(view.tasks[0]!.stack.slice(0, 2)).toEqual(['do_epoll_wait', 'ep_poll']);
  expect(view.eventpolls[0]!.wq.entries).toEqual([{ calls: 'ep_autoremove_wake_function', exclusive: true, task: 'server(1)', item: null }]);
});

test('two views of a machine that did not move are the same object', () => {
  const inspector = new Inspector(stopped(twoEventfds as never));
  expect(inspector.view()).toBe(inspector.view());
});

test('a write changes the eventfd and the item it queues; everything else is shared', () => {
  const k = stopped(twoEventfds as never);
  const inspector = new Inspector(k);
  const before = inspector.view();
  task(k, 'writer', function* () {
    k.current.files = [...k.tasks.values()][0]!.files;
    k.current.files.count++;
    yield* sys(k, 'write', 1, one(), 8);
    yield* pause(k);
  });
  settle(k);
  const after = inspector.view();
  expect(after.eventpolls[0]!.rbr).toBe(before.eventpolls[0]!.rbr);
  expect(after.items[1]).toBe(before.items[1]);
  expect(after.eventfds[1]).toBe(before.eventfds[1]);
  expect(after.items[0]).toMatchObject({ on: 'rdllist' });
  expect(changes(before, after).map((change) => change.path)).toEqual(expect.arrayContaining(['eventpolls/4/rdllist', `items/${after.items[0]!.id}/on`]));
  expect(sentences(before, after)).toEqual(expect.arrayContaining(['item 1 was linked on rdllist', `${after.eventfds[0]!.name}: count 0 -> 1`, 'writer(2) appeared']));
});

test('a one-shot item that fired is shown as disabled', () => {
  const k = stopped(function* (kernel) {
    const ep = yield* sys(kernel, 'epoll_create1', 0);
    const fd = yield* sys(kernel, 'eventfd2', 1, 0);
    yield* sys(kernel, 'epoll_ctl', ep, 1, fd, event(EPOLLIN | EPOLLONESHOT));
    yield* sys(kernel, 'epoll_wait', ep, mem(12), 1, 0);
  });
  expect(inspect(k).items[0]).toMatchObject({ disabled: true, events: 'EPOLLONESHOT', on: null });
});

test('looking leaves no trace: a pipe that was only looked at has not been polled', () => {
  const k = stopped(function* (kernel) {
    yield* sys(kernel, 'pipe2', mem(8), 0);
  });
  const view = inspect(k);
  expect(view.files.map((file) => file.mask)).toEqual(['-', 'OUT|WRNORM']);
  expect(view.pipes[0]).toMatchObject({ polled: false, readers: 1, writers: 1, slots: 0, maxSlots: 16 });
  expect(inspect(k).pipes[0]).toMatchObject({ polled: false });
});

test('the machine as text names every object in one line', () => {
  const text = machineText(inspect(stopped(twoEventfds as never)));
  expect(text).toContain('fds of server(1): 0=ep#4 1=eventfd#');
  expect(text).toContain('ep#4 rbr={1,2} rdllist=[2] txlist=- ovflist=- wq=[]');
  expect(text).toContain('item 1 of ep#4 EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET, waits on eventfd#');
  expect(text).toContain('count=3 wqh=[ep#4:2]');
});

test('a machine whose programs have ended is empty', () => {
  const k = simulate(function* (kernel) {
    yield* twoEventfds(kernel);
    return kernel;
  });
  const { tasks, files, eventpolls, items, eventfds, timers } = inspect(k);
  expect({ tasks, files, eventpolls, items, eventfds, timers }).toEqual({ tasks: [], files: [], eventpolls: [], items: [], eventfds: [], timers: [] });
});
