/**
 * The receive softirq: packets that arrived and wait for the network stack. On loopback it runs at the end of
 * each transmission, inside the sender's system call; a decision can leave it to ksoftirqd, a task of its own,
 * so that arriving segments interleave with processes. Linux counterparts: kernel/softirq.c, net/core/dev.c.
 */

import type { Kernel } from './kernel.js';
import { AT_SCHEDULE, point, type Sleeps } from './point.js';
import { try_to_wake_up } from './sched.js';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, type task_struct } from './task.js';

export const AT_SOFTIRQ = point('net_rx_action', 'between packets');
const AT_WAKE_UP = point('net_rx_action', 'between data queued and wake-up');

/** A wake-up that ksoftirqd has put off, so that others can run before it. */
export interface deferred_wake_up {
  wake(k: Kernel): void;
}

/** The backlog of the one CPU. include/linux/netdevice.h:softnet_data */
export class softnet_data {
  readonly input_pkt_queue: unknown[] = [];
  /** packets of the queue that are served already; the array is emptied when all are */
  served = 0;
  /** hands one packet to its protocol; set by the networking layer */
  receive: (k: Kernel, packet: unknown) => void = () => {};
  /** a softirq is running: what it raises is served by its own loop */
  in_softirq = false;
  /** softirqs are held off: what is raised is served when they are let in again */
  bh_disabled = 0;
  /** the task that serves what was left for later; made with the machine's first process */
  ksoftirqd: task_struct | null = null;
  /** wake-ups of the packet that ksoftirqd is at, in order; null: they are made at once */
  deferred: deferred_wake_up[] | null = null;
}

/** Queues an arrived packet and serves the queue, now or later. net/core/dev.c:netif_rx */
export function netif_rx(k: Kernel, packet: unknown): void {
  const { softnet } = k;
  softnet.input_pkt_queue.push(packet);
  if (softnet.in_softirq || softnet.bh_disabled > 0) return;
  invoke_softirq(k);
}

/** Serves what was raised, here or in ksoftirqd. kernel/softirq.c:invoke_softirq */
function invoke_softirq(k: Kernel): void {
  const { softnet } = k;
  if (k.preempt && softnet.ksoftirqd !== null && k.decisions.choose('softirq', 2) === 1) {
    try_to_wake_up(k, softnet.ksoftirqd, TASK_INTERRUPTIBLE);
    return;
  }
  do_softirq(k);
}

/** Holds softirqs off: arriving packets wait. include/linux/bottom_half.h:local_bh_disable */
export function local_bh_disable(k: Kernel): void {
  k.softnet.bh_disabled++;
}

/** Lets softirqs in again and serves what waited. include/linux/bottom_half.h:local_bh_enable */
export function local_bh_enable(k: Kernel): void {
  const { softnet } = k;
  if (--softnet.bh_disabled === 0 && !softnet.in_softirq && softnet.input_pkt_queue.length > 0) invoke_softirq(k);
}

/** Takes the oldest packet. net/core/dev.c:process_backlog */
function next_packet(softnet: softnet_data): unknown {
  const queue = softnet.input_pkt_queue;
  const packet = queue[softnet.served++];
  if (softnet.served === queue.length) {
    // Taken off one by one the array keeps its room; a length of 0 would drop it.
    while (queue.length > 0) queue.pop();
    softnet.served = 0;
  }
  return packet;
}

/** Serves the backlog until it is empty. kernel/softirq.c:do_softirq */
export function do_softirq(k: Kernel): void {
  const { softnet } = k;
  softnet.in_softirq = true;
  while (softnet.input_pkt_queue.length > 0) softnet.receive(k, next_packet(softnet));
  softnet.in_softirq = false;
}

/**
 * Takes one packet. What it queued can be seen before the wake-ups come: on a machine with more CPUs another task can
 * poll in between. Packets that arrive meanwhile wait. Sleeps only for the CPU. net/core/dev.c:net_rx_action
 */
function* net_rx_action(k: Kernel): Sleeps<void> {
  const { softnet } = k;
  softnet.in_softirq = true;
  const wake_ups: deferred_wake_up[] = [];
  softnet.deferred = wake_ups;
  softnet.receive(k, next_packet(softnet));
  softnet.deferred = null;
  for (const wake_up of wake_ups) {
    yield AT_WAKE_UP;
    wake_up.wake(k);
  }
  softnet.in_softirq = false;
}

/** The body of ksoftirqd: sleeps until packets are left to it, then takes them one by one. kernel/softirq.c:run_ksoftirqd */
export function* run_ksoftirqd(k: Kernel): Sleeps<number> {
  const { softnet } = k;
  const self = k.current;
  for (;;) {
    while (softnet.input_pkt_queue.length > 0) {
      yield* net_rx_action(k);
      yield AT_SOFTIRQ;
    }
    self.__state = TASK_INTERRUPTIBLE;
    yield AT_SCHEDULE;
    self.__state = TASK_RUNNING;
  }
}
