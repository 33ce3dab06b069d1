/**
 * What must hold whenever the machine stands still: lists are sound, trees are red-black and in order, links point
 * both ways, counts agree with what is there, and nothing is held by somebody who is gone. A broken one throws a
 * KernelBug with its name. Linux has such checks behind CONFIG_DEBUG_LIST, CONFIG_DEBUG_RT_MUTEXES and kmemleak.
 */

import type { Kernel } from '../kernel/kernel.js';
import { KernelBug } from '../kernel/bug.js';
import type { file } from '../kernel/file.js';
import { list_check, list_to_array } from '../kernel/list.js';
import type { mutex } from '../kernel/lock.js';
import { poll_table_entry } from '../kernel/poll.js';
import { TASK_RUNNING, type task_struct } from '../kernel/task.js';
import { ep_poll_callback } from '../epoll/ep_callback.js';
import { eppoll_entry, epoll_of } from '../epoll/eventpoll.js';
import { unix_sock } from '../socket/unix_sock.js';
import { sleeperOf } from './build_kernel.js';
import { collect, type Reached } from './collect.js';
import { atRest, type Check, inCall, type Invariant } from './invariant.js';
import { epollInvariants } from './invariants_epoll.js';
import { netInvariants } from './invariants_net.js';

function spinlocks(k: Kernel, _found: Reached, check: Check): void {
  check(k.spinlocks_held === 0, `${k.spinlocks_held} are held`);
}

function runQueue(k: Kernel, _found: Reached, check: Check): void {
  check(new Set(k.runqueue).size === k.runqueue.length, 'a task is on it twice');
  for (const task of k.runqueue) check(task.on_rq && task !== task.kernel?.current, `${task.comm} is on it and should not be`);
  for (const task of k.tasks.values()) {
    const runs = task === k.current || k.runqueue.includes(task);
    check(!task.on_rq || runs, `${task.comm} says it is on the run queue`);
    check(task.on_rq || task.__state !== TASK_RUNNING || task.body === null, `${task.comm} can run and nobody lets it`);
  }
}

function timers(k: Kernel, _found: Reached, check: Check): void {
  const { heap } = k.clock;
  heap.forEach((timer, at) => {
    const parent = heap[(at - 1) >> 1];
    check(timer.position === at, `${timer.name} is not where it says it is`);
    if (at === 0) return;
    const inOrder = parent!.expiresNs < timer.expiresNs || (parent!.expiresNs === timer.expiresNs && parent!.armedAs < timer.armedAs);
    check(inOrder, `${timer.name} fires before its parent in the heap`);
  });
}

function descriptorTables(k: Kernel, found: Reached, check: Check): void {
  for (const table of found.tables) {
    const users = [...k.tasks.values()].filter((task) => task.files === table);
    check(table.count >= users.length, `table ${table.id} is used by more tasks than it counts`);
    const busy = users.some(inCall);
    for (let fd = 0; fd < table.fd.length; fd++) {
      const slot = table.fd[fd];
      check(slot !== null || fd >= table.next_fd || busy, `table ${table.id}: ${fd} is free below next_fd`);
      check(slot === null || table.at(fd) !== null || busy, `table ${table.id}: ${fd} is reserved and nobody will fill it`);
    }
    for (const fd of table.close_on_exec) check(fd < table.fd.length && table.fd[fd] !== null, `table ${table.id}: ${fd} is close-on-exec and not open`);
  }
}

/** References that wait queue entries of poll and select hold. */
function pollReferences(found: Reached): Map<file, number> {
  const held = new Map<file, number>();
  for (const queue of found.queues) {
    for (const { private: who } of list_to_array(queue.head)) {
      if (who instanceof poll_table_entry) held.set(who.filp, (held.get(who.filp) ?? 0) + 1);
    }
  }
  return held;
}

function fileReferences(k: Kernel, found: Reached, check: Check): void {
  const rest = atRest(k);
  const polled = pollReferences(found);
  for (const [file, found_refs] of found.files) {
    const refs = found_refs + (polled.get(file) ?? 0);
    check(file.f_count >= refs, `${file.name} counts ${file.f_count} and ${refs} were found`);
    check(!rest || file.f_count === refs, `${file.name} counts ${file.f_count} and ${refs} were found`);
    check(!file.released || file.f_count === 0, `${file.name} is released and referred to`);
  }
}

function waitQueues(k: Kernel, found: Reached, check: Check): void {
  for (const queue of found.queues) {
    list_check(queue.head, `wait queue ${queue.name}`);
    for (const entry of list_to_array(queue.head)) {
      const task = sleeperOf(entry);
      if (task !== null) check(k.tasks.get(task.pid) === task && inCall(task), `${queue.name}: ${task.comm} is not in a call`);
      else if (entry.private instanceof eppoll_entry) {
        const { base, whead, wait } = entry.private;
        check(entry.func === ep_poll_callback && wait === entry && whead === queue, `${queue.name}: an epoll entry is on another queue`);
        check(base.ep.rbr.find(base) === base, `${queue.name}: the entry of an item that is not registered`);
      }
    }
  }
}

function mutexes(k: Kernel, found: Reached, check: Check): void {
  const locks: mutex[] = [epoll_of(k).epnested_mutex];
  for (const ep of found.eventpolls) locks.push(ep.mtx);
  for (const pipe of found.pipes) locks.push(pipe.mutex);
  for (const sk of found.socks) if (sk instanceof unix_sock) locks.push(sk.iolock);
  for (const { cls, owner, waiters } of locks) {
    check(owner === null || (k.tasks.get(owner.pid) === owner), `${cls} is held by a task that is gone`);
    check(owner !== null || waiters.length === 0 || waiters.some((task) => task.on_rq || task === k.current), `${cls} is free and its waiters sleep`);
    check(new Set(waiters).size === waiters.length, `${cls}: a task waits twice`);
  }
}

function pipes(_k: Kernel, found: Reached, check: Check): void {
  for (const pipe of found.pipes) {
    const used = pipe.head - pipe.tail;
    check(used >= 0 && used <= pipe.bufs.length, `pipe ${pipe.id}: ${used} slots in use`);
    for (let at = pipe.tail; at < pipe.head; at++) check(pipe.slot(at).page !== null, `pipe ${pipe.id}: slot ${at} has no page`);
  }
}

/** Everything that must hold, in the order of checking. */
export const INVARIANTS: readonly Invariant[] = [
  { name: 'no spinlock is held while the machine stands', check: spinlocks },
  { name: 'the run queue holds the tasks that can run', check: runQueue },
  { name: 'the timers are a heap', check: timers },
  { name: 'descriptor tables are filled from below', check: descriptorTables },
  { name: 'a file counts the references to it', check: fileReferences },
  { name: 'whoever waits on a queue is alive', check: waitQueues },
  { name: 'the owner of a mutex is alive', check: mutexes },
  { name: 'the slots of a pipe are a ring', check: pipes },
  ...epollInvariants,
  ...netInvariants,
];

/**
 * Checks all invariants of a machine that stands at a point or is idle.
 * @throws KernelBug with the name of the first one that is broken
 */
export function checkInvariants(k: Kernel): void {
  const found = collect(k);
  for (const { name, check } of INVARIANTS) {
    check(k, found, (holds, what) => {
      if (!holds) throw new KernelBug(`${name}: ${what}`);
    });
  }
}

/** Kernel threads live as long as the machine. */
function programs(k: Kernel): task_struct[] {
  return [...k.tasks.values()].filter((task) => task !== k.softnet.ksoftirqd);
}

/**
 * Checks that nothing is left when all programs have ended: no open file, no registered item, no timer but those of
 * connections that are still being finished.
 * @throws KernelBug saying what leaked
 */
export function checkNoLeaks(k: Kernel): void {
  if (programs(k).length > 0) return;
  const leak = (what: string): never => {
    throw new KernelBug(`leak: ${what}`);
  };
  if (k.nr_files !== 0) leak(`${k.nr_files} files are open and all tasks have ended`);
  for (const user of k.users.values()) if (user.epoll_watches !== 0) leak(`user ${user.uid} still has ${user.epoll_watches} epoll items`);
  for (const timer of k.clock.heap) if (timer.k === k && !mayOutlive(timer.owner)) leak(`the timer ${timer.name} is armed`);
  if (k.softnet.ksoftirqd === null && k.softnet.input_pkt_queue.length > 0) leak('packets wait and nobody serves them');
}

/** TIME_WAIT and orphans finish on their own: their timers, and those of links, are no leak, nor are those that a scenario set itself. */
function mayOutlive(owner: unknown): boolean {
  return owner === null || (typeof owner === 'object' && ('sk_state' in owner || 'packets' in owner || 'arp_queue' in owner));
}
