/**
 * What must hold of sockets: queues are chains with the right length, memory that is charged is there, a lock is
 * held by somebody who lives, and a backlog has an owner of the lock to serve it.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { sk_buff_head } from '../socket/skbuff.js';
import type { Check, Invariant } from './invariant.js';
import { buffersOf, type Reached } from './collect.js';
import { acceptQueueOf, otherQueues } from './socks.js';
import { tcp_sock } from '../tcp/tcp_sock.js';

function checkQueue(list: sk_buff_head, what: string, check: Check): void {
  const buffers = buffersOf(list);
  check(buffers.length === list.qlen, `${what}: ${buffers.length} buffers, and it says ${list.qlen}`);
  check((buffers[buffers.length - 1] ?? null) === list.last, `${what}: the last buffer is another one`);
  buffers.forEach((skb, at) => check(skb.prev === (buffers[at - 1] ?? null), `${what}: a buffer points back to another one`));
}

function queues(_k: Kernel, found: Reached, check: Check): void {
  for (const sk of found.socks) {
    checkQueue(sk.sk_receive_queue, `sock#${sk.id} receive queue`, check);
    checkQueue(sk.sk_backlog, `sock#${sk.id} backlog`, check);
    checkQueue(sk.sk_error_queue, `sock#${sk.id} error queue`, check);
    for (const [name, list] of otherQueues(sk)) checkQueue(list, `sock#${sk.id} ${name}`, check);
  }
}

function locks(k: Kernel, found: Reached, check: Check): void {
  for (const sk of found.socks) {
    const owner = sk.sk_lock_owner;
    // ksoftirqd, which is none of the machine's processes, holds it while data is queued and nobody is woken yet
    const alive = owner === null || owner === k.softnet.ksoftirqd || k.tasks.get(owner.pid) === owner;
    check(alive, `sock#${sk.id} is locked by a task that is gone`);
    check(owner !== null || sk.sk_backlog.qlen === 0, `sock#${sk.id} has a backlog that nobody will serve`);
  }
}

function memory(_k: Kernel, found: Reached, check: Check): void {
  for (const sk of found.socks) {
    check(sk.sk_rmem_alloc >= 0 && sk.sk_wmem_queued >= 0 && sk.sk_wmem_alloc >= 0, `sock#${sk.id}: negative memory`);
    check(sk.sk_socket === null || sk.sk_socket.sk === sk, `sock#${sk.id}: its API side belongs to another sock`);
  }
}

function acceptQueues(_k: Kernel, found: Reached, check: Check): void {
  for (const sk of found.socks) {
    const children = acceptQueueOf(sk);
    const counted = !(sk instanceof tcp_sock) || children.length === sk.sk_ack_backlog;
    check(counted, `sock#${sk.id}: ${children.length} connections wait, and it says ${sk.sk_ack_backlog}`);
    for (const child of children) check(child.sk_socket === null, `sock#${child.id} waits for accept and has an API side`);
  }
}

/** Invariants of sockets. */
export const netInvariants: readonly Invariant[] = [
  { name: 'queues of buffers are chains', check: queues },
  { name: 'the owner of a socket lock is alive', check: locks },
  { name: 'socket memory is charged once', check: memory },
  { name: 'an accept queue holds what its listener counts', check: acceptQueues },
];
