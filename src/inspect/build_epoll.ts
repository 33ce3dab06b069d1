/**
 * Builds the parts of a view that epoll supplies: instances with their tree and lists, and items. A tree is built
 * anew only when the persistent tree behind it is another one.
 */

import { list_empty, list_to_array } from '../kernel/list.js';
import type { rb_node_view } from '../kernel/rbtree.js';
import { EP_PRIVATE_BITS, EP_UNACTIVE_PTR, type epitem, type eventpoll } from '../epoll/eventpoll.js';
import { queueView } from './build_kernel.js';
import { epollMask, taskName } from './names.js';
import { queueOf } from './traced.js';
import type { EventpollView, ItemView, TreeView } from './view.js';

/** Trees already built, by the version of the tree they show. */
export type TreeCache = WeakMap<object, TreeView>;

function treeView(node: rb_node_view<epitem> | null): TreeView | null {
  if (node === null) return null;
  const { value, red, left, right } = node;
  return Object.freeze({ item: value.id, fd: value.ffd.fd, red, left: treeView(left), right: treeView(right) });
}

function cachedTree(ep: eventpoll, cache: TreeCache): TreeView | null {
  if (ep.rbr.size === 0) return null;
  const version = ep.rbr.version() as object;
  let tree = cache.get(version);
  if (tree === undefined) {
    tree = treeView(ep.rbr.root())!;
    cache.set(version, tree);
  }
  return tree;
}

const ids = (items: readonly epitem[]): number[] => items.map((epi) => epi.id);

/** The chain of items that fired during a scan, newest first; null when no scan runs. */
export function ovflistOf(ep: eventpoll): epitem[] | null {
  if (ep.ovflist === EP_UNACTIVE_PTR) return null;
  const chain: epitem[] = [];
  for (let epi = firstChained(ep); epi !== null; epi = epi.next) chain.push(epi);
  return chain;
}

/** The newest item of the chain. At the end of a scan items leave it one by one while ovflist still points at the first that left. */
function firstChained(ep: eventpoll): epitem | null {
  const first = ep.ovflist;
  if (first === null || first.next !== EP_UNACTIVE_PTR) return first;
  const chained = ep.rbr.values().filter((epi) => epi.next !== EP_UNACTIVE_PTR);
  return chained.find((epi) => chained.every((other) => other.next !== epi)) ?? null;
}

export function eventpollView(ep: eventpoll, cache: TreeCache): EventpollView {
  const name = `ep#${ep.id}`;
  const ovflist = ovflistOf(ep);
  return {
    id: ep.id,
    name,
    file: ep.file?.id ?? null,
    items: ep.rbr.size,
    rbr: cachedTree(ep, cache),
    rdllist: ids(list_to_array(ep.rdllist)),
    txlist: ep.txlist === null ? null : ids(list_to_array(ep.txlist)),
    ovflist: ovflist === null ? null : ids(ovflist),
    wq: queueView(name, ep.wq),
    pollWait: queueView(name, ep.poll_wait),
    watchedBy: ids(list_to_array(ep.refs.epitems)),
    refcount: ep.refcount,
    mtx: ep.mtx.owner === null ? null : taskName(ep.mtx.owner),
    mtxWaiters: ep.mtx.waiters.map(taskName),
    uid: ep.user.uid,
  };
}

/** Items on the private list of a scan. */
export function scannedItems(eventpolls: Iterable<eventpoll>): Set<epitem> {
  const scanned = new Set<epitem>();
  for (const { txlist } of eventpolls) if (txlist !== null) for (const epi of list_to_array(txlist)) scanned.add(epi);
  return scanned;
}

/** @param named names of the objects that own wait queues, by id; `scanned`: the items of running scans */
export function itemView(epi: epitem, named: ReadonlyMap<number, string>, scanned: ReadonlySet<epitem>): ItemView {
  const queues: string[] = [];
  for (let pwq = epi.pwqlist; pwq !== null; pwq = pwq.next) {
    if (pwq.whead === null) continue;
    const { owner, name } = queueOf(pwq.whead.id);
    queues.push(`${named.get(owner) ?? `#${owner}`}.${name}`);
  }
  return {
    id: epi.id,
    name: `item ${epi.ffd.fd}`,
    ep: epi.ep.id,
    fd: epi.ffd.fd,
    file: epi.ffd.file.id,
    events: epollMask(epi.event.events),
    data: [epi.event.data_lo, epi.event.data_hi],
    on: list_empty(epi.rdllink) ? null : scanned.has(epi) ? 'txlist' : 'rdllist',
    onOvflist: epi.next !== EP_UNACTIVE_PTR,
    disabled: (epi.event.events & ~EP_PRIVATE_BITS) === 0,
    queues: queues.reverse(),
  };
}
