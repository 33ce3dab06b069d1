/**
 * Invariants: each one is shown to fail when the model is damaged in the way it guards against, with its own name.
 */

import type { Kernel } from '../../src/kernel/kernel.js';
import { KernelBug } from '../../src/kernel/bug.js';
import type { eventfd_ctx } from '../../src/kernel/eventfd.js';
import { list_add, list_del_init } from '../../src/kernel/list.js';
import type { epitem, eventpoll } from '../../src/epoll/eventpoll.js';
import { checkInvariants, checkNoLeaks, INVARIANTS } from '../../src/inspect/invariants.js';
import { inspect } from '../../src/inspect/inspector.js';
import { machine, sys, task } from '../kit.js';
import { settle, stopped, twoEventfds } from './fixture.js';

interface Parts {
  k: Kernel;
  ep: eventpoll;
  /** its items: the first is not ready, the second is */
  items: epitem[];
  ctx: eventfd_ctx;
}

function parts(): Parts {
  const k = stopped(twoEventfds as never);
  const files = [...k.tasks.values()][0]!.files;
  const ep = files.at(0)!.private_data as eventpoll;
  return { k, ep, items: ep.rbr.values(), ctx: files.at(1)!.private_data as eventfd_ctx };
}

const DAMAGE: readonly [string, (parts: Parts) => void][] = [
  ['no spinlock is held while the machine stands', ({ k }) => { k.spinlocks_held = 1; }],
  ['the run queue holds the tasks that can run', ({ k }) => { [...k.tasks.values()][0]!.on_rq = true; }],
  ['descriptor tables are filled from below', ({ k }) => { [...k.tasks.values()][0]!.files.close_on_exec.add(9); }],
  ['a file counts the references to it', ({ k }) => { [...k.tasks.values()][0]!.files.at(1)!.f_count++; }],
  ['wait queue wqh', ({ ctx }) => { ctx.wqh.head.next.prev = ctx.wqh.head.next; }],
  ['the owner of a mutex is alive', ({ k, ep }) => { ep.mtx.owner = k.idle; }],
  ['rbr is a red-black tree in the order of ep_cmp_ffd', ({ ep }) => { (ep.rbr as unknown as { tree: { root: { _color: number } } }).tree.root._color = 0; }],
  ['an item is on at most one of rdllist and txlist', ({ items }) => { list_add(items[0]!.rdllink, items[1]!.fllink); }],
  ['ovflist is the chain of items that fired during a scan', ({ items }) => { items[0]!.next = null; }],
  ['items, files and queue entries point at each other', ({ items }) => { list_del_init(items[0]!.fllink); }],
  ['an eventpoll and its user count the items', ({ ep }) => { ep.refcount++; }],
  ['an eventpoll and its user count the items', ({ ep }) => { ep.user.epoll_watches++; }],
];

test('a machine that nobody damaged keeps all invariants', () => {
  expect(() => checkInvariants(parts().k)).not.toThrow();
});

test.each(DAMAGE)('broken on purpose: %s', (name, damage) => {
  const damaged = parts();
  damage(damaged);
  expect(() => checkInvariants(damaged.k)).toThrow(KernelBug);
  expect(() => checkInvariants(damaged.k)).toThrow(name);
});

test('invariants have different names', () => {
  expect(new Set(INVARIANTS.map((invariant) => invariant.name)).size).toBe(INVARIANTS.length);
});

test('a file that is open when all programs have ended is a leak', () => {
  const k = machine();
  task(k, 'main', function* () {
    const fd = yield* sys(k, 'eventfd2', 0, 0);
    k.current.files.fd[fd] = null;
  });
  settle(k);
  expect(() => checkNoLeaks(k)).toThrow('leak: 1 files are open and all tasks have ended');
});

test('checking and looking change nothing', () => {
  const { k } = parts();
  const before = JSON.stringify(inspect(k));
  checkInvariants(k);
  expect(JSON.stringify(inspect(k))).toBe(before);
});
