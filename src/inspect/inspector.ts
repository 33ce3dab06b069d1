/**
 * The reader of the model for everything outside it: a view of the whole machine as plain JSON. An Inspector keeps
 * its last view and builds the next one out of the same parts wherever nothing changed, so that a whole run can be
 * kept and two steps compared by `===`.
 */

import type { file } from '../kernel/file.js';
import type { Kernel } from '../kernel/kernel.js';
import { pipe_file } from '../kernel/pipe.js';
import type { wait_queue_head } from '../kernel/wait.js';
import { socket } from '../socket/socket.js';
import { unix_sock } from '../socket/unix_sock.js';
import { collect, type Reached } from './collect.js';
import { eventpollView, itemView, scannedItems, type TreeCache } from './build_epoll.js';
import { eventfdView, fileView, objectName, pipeView, queueView, signalfdViews, tableView, taskView, timerfdView, timerViews } from './build_kernel.js';
import { linkView, segmentView, socketView, timewaitView, waited } from './build_net.js';
import { addressesOfHost, linksOf, timewaitsOf } from './socks.js';
import { taskName } from './names.js';
import { share } from './share.js';
import type { Stamp } from './stamp.js';
import type { HostView, KernelView, MachineView, QueueView } from './view.js';

function byId<T extends { readonly id: number }>(things: Iterable<T>): T[] {
  return [...things].sort((a, b) => a.id - b.id);
}

/** Names of the objects that own wait queues. */
function ownerNames(found: Reached): Map<number, string> {
  const names = new Map<number, string>();
  for (const ep of found.eventpolls) names.set(ep.id, `ep#${ep.id}`);
  for (const pipe of found.pipes) names.set(pipe.id, `pipe#${pipe.id}`);
  for (const ctx of found.eventfds) names.set(ctx.id, `eventfd#${ctx.id}`);
  for (const ctx of found.timerfds) names.set(ctx.id, `timerfd#${ctx.id}`);
  for (const sk of found.socks) names.set(sk.id, `sock#${sk.id}`);
  for (const file of found.files.keys()) {
    const id = (file.private_data as { id?: unknown } | null)?.id;
    if (typeof id === 'number' && !names.has(id)) names.set(id, objectName(file.private_data) ?? `${file.f_op.name}#${id}`);
  }
  return names;
}

/** Queues of processes: children, signals, pidfds. Those that nobody waits on are left out. */
function processQueues(k: Kernel): QueueView[] {
  const seen = new Set<wait_queue_head>();
  const views: QueueView[] = [];
  for (const task of k.tasks.values()) {
    for (const queue of [task.signal.wait_chldexit, task.sighand.signalfd_wqh, task.thread_pid.wait_pidfd]) {
      if (seen.has(queue) || !waited(queue)) continue;
      seen.add(queue);
      views.push(queueView(taskName(task), queue));
    }
  }
  return views;
}

/** Things of which a view is made. */
type Keep = <V>(thing: object, also: object | null, build: () => V) => V;

const anew: Keep = (_thing, _also, build) => build();

/** What else decides the poll mask of a file: the object behind it. Null where that is not all of it, or where it cannot be asked for now. */
function behind(file: file): object | null {
  const { private_data: data } = file;
  if (data instanceof pipe_file) return data.pipe;
  if (data instanceof socket) return data.sk instanceof unix_sock ? null : data.sk;
  return typeof data === 'object' ? data : null;
}

function kernelView(k: Kernel, trees: TreeCache, keep: Keep): KernelView {
  const found = collect(k);
  const names = ownerNames(found);
  const scanned = scannedItems(found.eventpolls);
  const alone = k.world.hosts.length === 1;
  return {
    current: k.current === k.idle ? null : taskName(k.current),
    stoppedAt: k.stopped_at === null ? null : `${k.stopped_at.fn}: ${k.stopped_at.where}`,
    runqueue: (alone ? k.runqueue : k.runqueue.filter((task) => task.kernel === k)).map(taskName),
    tasks: byId([...k.tasks.values()].map((task) => keep(task, null, () => taskView(k, task)))),
    tables: byId(found.tables).map((table) => keep(table, null, () => tableView(table))),
    files: byId(found.files.keys()).map((one) => (behind(one) === null || k.spinlocks_held > 0 ? fileView(k, one) : keep(one, behind(one), () => fileView(k, one)))),
    eventpolls: byId(found.eventpolls).map((ep) => keep(ep, null, () => eventpollView(ep, trees))),
    items: byId(found.items).map((epi) => keep(epi, epi.ep, () => itemView(epi, names, scanned))),
    pipes: byId(found.pipes).map((pipe) => keep(pipe, null, () => pipeView(pipe))),
    eventfds: byId(found.eventfds).map((ctx) => keep(ctx, null, () => eventfdView(ctx))),
    timerfds: byId(found.timerfds).map((ctx) => keep(ctx, null, () => timerfdView(ctx))),
    signalfds: signalfdViews(found.files.keys()),
    sockets: byId(found.socks).map((sk) => keep(sk, null, () => socketView(sk))),
    timewaits: byId(timewaitsOf(k).map(timewaitView)),
    inFlight: k.softnet.input_pkt_queue.map(segmentView),
    timers: timerViews(alone ? k.clock.heap : k.clock.heap.filter((timer) => timer.k === k)),
    otherQueues: processQueues(k),
    watches: Object.fromEntries([...k.users.values()].map((user) => [String(user.uid), user.epoll_watches])),
  };
}

function watchesOfAll(hosts: readonly HostView[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { watches } of hosts) for (const [uid, n] of Object.entries(watches)) sums[uid] = (sums[uid] ?? 0) + n;
  return sums;
}

/** What is inside all hosts, in one. */
function together(k: Kernel, hosts: readonly HostView[]): KernelView {
  const all = <K extends ListOfView>(list: K): KernelView[K] => hosts.flatMap((host) => host[list] as readonly unknown[]) as unknown as KernelView[K];
  const sorted = <K extends ListOfThings>(list: K): KernelView[K] => byId(all(list) as readonly { readonly id: number }[]) as unknown as KernelView[K];
  return {
    current: hosts.find(({ current }) => current !== null)?.current ?? null,
    stoppedAt: hosts.find(({ stoppedAt }) => stoppedAt !== null)?.stoppedAt ?? null,
    runqueue: k.runqueue.map(taskName),
    tasks: sorted('tasks'), tables: sorted('tables'), files: sorted('files'), eventpolls: sorted('eventpolls'), items: sorted('items'), pipes: sorted('pipes'),
    eventfds: sorted('eventfds'), timerfds: sorted('timerfds'), signalfds: sorted('signalfds'), sockets: sorted('sockets'), timewaits: sorted('timewaits'),
    inFlight: all('inFlight'), timers: timerViews(k.clock.heap), otherQueues: all('otherQueues'),
    watches: watchesOfAll(hosts),
  };
}

/** Lists of things that have a number of their own. */
type ListOfThings = Exclude<ListOfView, 'runqueue' | 'inFlight' | 'timers' | 'otherQueues'>;
type ListOfView = Exclude<keyof KernelView, 'current' | 'stoppedAt' | 'watches'>;

/** A machine of named hosts has a nameless one too, which is not worth a word while nothing is in it. */
function inUse(k: Kernel): boolean {
  return k.name !== '' || k.tasks.size > 0 || k.nr_files > 0;
}

function build(k: Kernel, trees: TreeCache, keep: Keep): MachineView {
  const kernels = k.world.hosts;
  const rest = { nowNs: k.clock.nowNs, steps: kernels.reduce((sum, host) => sum + host.steps, 0), traceStep: k.trace?.count ?? 0 };
  if (kernels.length === 1) return { ...rest, ...kernelView(k, trees, keep), hosts: [], links: [] };
  const hosts = kernels.filter(inUse).map((host) => ({ id: kernels.indexOf(host), name: host.name, addresses: addressesOfHost(host), ...kernelView(host, trees, anew) }));
  return { ...rest, ...together(k, hosts), hosts, links: linksOf(kernels).map(linkView) };
}

/** Makes views of one machine, each sharing with the one before. */
export class Inspector {
  private readonly k: Kernel;
  private readonly trees: TreeCache = new WeakMap();
  private last: MachineView | null = null;

  private readonly stamp: Stamp | null;

  /**
   * @param k any host of the machine
   * @param stamp what has changed since the last view, asked before each one; null: everything is looked at
   */
  constructor(k: Kernel, stamp: Stamp | null = null) {
    this.k = k;
    this.stamp = stamp;
  }

  /**
   * The machine as it is now: immutable, and `===` to the last view when nothing changed.
   * @param whole looks at everything, the functions that tasks are in too: a stamp does not tell of them
   */
  view(whole = false): MachineView {
    const { stamp } = this;
    if (stamp === null || whole) {
      this.last = share(this.last, build(this.k, this.trees, anew));
    } else {
      this.last = share(this.last, build(this.k, this.trees, (thing, also, make) => stamp.view(thing, also, make)));
      stamp.settle();
    }
    return this.last;
  }
}

/** The machine as it is now, on its own. For a sequence of views make an Inspector. */
export function inspect(k: Kernel): MachineView {
  return new Inspector(k).view();
}
