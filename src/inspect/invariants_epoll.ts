/**
 * What must hold of epoll: every item is in one tree and on at most one ready list, the chain of a scan is a chain,
 * targets and items point at each other, and the counts are right.
 */

import type { Kernel } from '../kernel/kernel.js';
import { list_check, list_empty, list_to_array } from '../kernel/list.js';
import type { rb_node_view } from '../kernel/rbtree.js';
import { ep_cmp_ffd, type epitem, type epitems_head, EP_UNACTIVE_PTR, eventpoll } from '../epoll/eventpoll.js';
import { ovflistOf } from './build_epoll.js';
import type { Reached } from './collect.js';
import { atRest, type Check, type Invariant } from './invariant.js';

/** Black nodes on every way down; throws by `check` when the ways differ or red follows red. */
function blackHeight(node: rb_node_view<epitem> | null, parentRed: boolean, check: Check): number {
  if (node === null) return 0;
  check(!(parentRed && node.red), `a red node below a red one, at ${node.value.ffd.fd}`);
  const left = blackHeight(node.left, node.red, check);
  check(left === blackHeight(node.right, node.red, check), `black heights differ at ${node.value.ffd.fd}`);
  return left + (node.red ? 0 : 1);
}

function trees(_k: Kernel, found: Reached, check: Check): void {
  for (const ep of found.eventpolls) {
    const root = ep.rbr.root();
    check(root === null || !root.red, `ep#${ep.id}: the root is red`);
    blackHeight(root, false, check);
    const items = ep.rbr.values();
    check(items.length === ep.rbr.size, `ep#${ep.id}: ${items.length} items, and a size of ${ep.rbr.size}`);
    items.forEach((epi, at) => {
      check(epi.ep === ep, `ep#${ep.id}: holds an item of another epoll`);
      check(at === 0 || ep_cmp_ffd(items[at - 1]!, epi) < 0, `ep#${ep.id}: out of order at ${epi.ffd.fd}`);
    });
  }
}

function readyLists(_k: Kernel, found: Reached, check: Check): void {
  const listed = new Map<epitem, number>();
  for (const ep of found.eventpolls) {
    list_check(ep.rdllist, 'rdllist');
    if (ep.txlist !== null) list_check(ep.txlist, 'txlist');
    for (const epi of [...list_to_array(ep.rdllist), ...(ep.txlist === null ? [] : list_to_array(ep.txlist))]) {
      check(epi.ep === ep, `ep#${ep.id}: an item of another epoll is on a list`);
      listed.set(epi, (listed.get(epi) ?? 0) + 1);
    }
  }
  for (const epi of found.items) {
    const times = listed.get(epi) ?? 0;
    check(times === (list_empty(epi.rdllink) ? 0 : 1), `item ${epi.ffd.fd} is on ${times} lists`);
  }
  for (const epi of listed.keys()) check(found.items.has(epi), `item ${epi.ffd.fd} is ready and not registered`);
}

function scans(k: Kernel, found: Reached, check: Check): void {
  for (const ep of found.eventpolls) {
    const chain = ovflistOf(ep);
    check((chain === null) === (ep.txlist === null), `ep#${ep.id}: a scan has both lists or none`);
    check(chain === null || (ep.mtx.owner !== null && k.tasks.get(ep.mtx.owner.pid) === ep.mtx.owner), `ep#${ep.id}: a scan without its mutex`);
    check(new Set(chain).size === (chain?.length ?? 0), `ep#${ep.id}: an item is on ovflist twice`);
    for (const epi of ep.rbr.values()) {
      const chained = chain?.includes(epi) ?? false;
      check(chained === (epi.next !== EP_UNACTIVE_PTR), `ep#${ep.id}: item ${epi.ffd.fd} ${chained ? 'is' : 'is not'} on ovflist, and says otherwise`);
    }
  }
}

function backLinks(_k: Kernel, found: Reached, check: Check): void {
  for (const epi of found.items) {
    const head = epi.ffd.file.f_ep as epitems_head | null;
    check(head !== null && list_to_array(head.epitems).includes(epi), `item ${epi.ffd.fd} is not known to the file it watches`);
    for (let pwq = epi.pwqlist; pwq !== null; pwq = pwq.next) {
      check(pwq.base === epi, `item ${epi.ffd.fd}: an entry of another item`);
      if (pwq.whead !== null) check(list_to_array(pwq.whead.head).includes(pwq.wait), `item ${epi.ffd.fd}: an entry is not on its queue`);
    }
  }
  for (const file of found.files.keys()) {
    const head = file.f_ep as epitems_head | null;
    if (head === null) continue;
    list_check(head.epitems, 'f_ep');
    const watchers = list_to_array(head.epitems);
    check(watchers.length === head.size && head.size > 0, `${file.name}: ${watchers.length} items watch it, and it says ${head.size}`);
    for (const epi of watchers) check(epi.ffd.file === file && found.items.has(epi), `${file.name}: watched by an item that is gone`);
    if (file.private_data instanceof eventpoll) check(head === file.private_data.refs, `${file.name}: f_ep of an epoll is its own refs`);
  }
}

function counts(k: Kernel, found: Reached, check: Check): void {
  const rest = atRest(k);
  const watches = new Map<unknown, number>();
  for (const ep of found.eventpolls) {
    watches.set(ep.user, (watches.get(ep.user) ?? 0) + ep.rbr.size);
    const open = ep.file !== null && !ep.file.released ? 1 : 0;
    check(!rest || ep.refcount === open + ep.rbr.size, `ep#${ep.id} counts ${ep.refcount}: ${open} file and ${ep.rbr.size} items`);
  }
  for (const user of k.users.values()) {
    const items = watches.get(user) ?? 0;
    check(user.epoll_watches >= items && (!rest || user.epoll_watches === items), `user ${user.uid} has ${items} items and pays for ${user.epoll_watches}`);
  }
}

/** Invariants of epoll. */
export const epollInvariants: readonly Invariant[] = [
  { name: 'rbr is a red-black tree in the order of ep_cmp_ffd', check: trees },
  { name: 'an item is on at most one of rdllist and txlist', check: readyLists },
  { name: 'ovflist is the chain of items that fired during a scan', check: scans },
  { name: 'items, files and queue entries point at each other', check: backLinks },
  { name: 'an eventpoll and its user count the items', check: counts },
];
