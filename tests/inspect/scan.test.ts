/**
 * Looking into the middle of a call: the machine stops at points inside a scan, and views taken there show where
 * every item is. Two views and the sentences between them tell the story of the scan.
 */

import { machine_step } from '../../src/kernel/sched.js';
import { checkInvariants } from '../../src/inspect/invariants.js';
import { Inspector } from '../../src/inspect/inspector.js';
import { sentences } from '../../src/inspect/diff.js';
import type { MachineView } from '../../src/inspect/view.js';
import { machine, mem, sys, task } from '../kit.js';
import { one, pause, twoEventfds } from './fixture.js';

/** Views of one epoll_wait, one at each point inside its scan; `between` runs when the machine stands at the first one. */
function scan(): { views: MachineView[]; told: string[] } {
  const k = machine({ preempt: 'listed' });
  k.listed.add('ep_send_events_proc');
  k.listed.add('ep_done_scan');
  task(k, 'server', function* () {
    const ep = yield* twoEventfds(k);
    yield* sys(k, 'epoll_wait', ep, mem(24), 2, 0);
    yield* sys(k, 'write', 1, one(), 8);
    yield* pause(k);
  });
  const inspector = new Inspector(k);
  const views: MachineView[] = [];
  for (let moves = 0; moves < 50; moves++) {
    const at = machine_step(k);
    if (typeof at === 'string') break;
    checkInvariants(k);
    views.push(inspector.view());
    if (k.stopped_at === null && k.runqueue.length === 0 && k.current === k.idle) break;
  }
  return { views, told: views.slice(1).flatMap((view, index) => sentences(views[index]!, view)) };
}

test('a scan takes the ready list over: rdllist is empty, and the item is off its list while it is asked', () => {
  const { views } = scan();
  const first = views.find((view) => (view.eventpolls[0]?.txlist ?? null) !== null)!;
  const [ep] = first.eventpolls;
  expect({ rdllist: ep!.rdllist, txlist: ep!.txlist, ovflist: ep!.ovflist, mtx: ep!.mtx }).toEqual({ rdllist: [], txlist: [], ovflist: [], mtx: 'server(1)' });
  expect(first.stoppedAt).toBe('ep_send_events_proc: ep_item_poll');
  expect(first.tasks.find((t) => t.name === 'server(1)')).toMatchObject({ call: expect.stringContaining('epoll_wait(0,') });
});

test('after the scan a level-triggered item is back on rdllist, and nothing is held', () => {
  const { views } = scan();
  const last = views[views.length - 1]!;
  expect(last.eventpolls[0]).toMatchObject({ txlist: null, ovflist: null, mtx: null });
  expect(last.items.map((item) => item.on)).toEqual(['rdllist', 'rdllist']);
});

test('the sentences between the views tell what happened', () => {
  const { told } = scan();
  expect(told).toEqual(expect.arrayContaining(['item 2 was linked on rdllist', 'the scan of ep#7 ended', 'item 1 was linked on rdllist']));
});
