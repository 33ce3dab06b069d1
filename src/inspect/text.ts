/**
 * The machine as text: every object in one line, and the whole machine in one picture. Items are called by their
 * descriptor number, as a program knows them; lists are shown in kernel order.
 */

import { durationText } from './names.js';
import type {
  EventfdView, EventpollView, FileView, ItemView, KernelView, LinkView, MachineView, PipeView, QueueView, SegmentView, SocketView, TableView, TaskView, TimerfdView, TimerView, TreeView,
} from './view.js';

/** Looks up what one view holds. */
export class Names {
  private readonly items: ReadonlyMap<number, ItemView>;
  private readonly files: ReadonlyMap<number, FileView>;

  constructor(view: MachineView) {
    this.items = new Map(view.items.map((item) => [item.id, item]));
    this.files = new Map(view.files.map((file) => [file.id, file]));
  }

  /** The descriptor number of an item. */
  fd(item: number): string {
    return String(this.items.get(item)?.fd ?? `?${item}`);
  }

  /** What is behind a file: `ep#4`, or its path. */
  file(id: number): string {
    const file = this.files.get(id);
    return file?.object ?? file?.path ?? `file#${id}`;
  }

  /** The poll mask of a file, or null. */
  mask(id: number | null): string | null {
    return id === null ? null : this.files.get(id)?.mask ?? null;
  }

  /** Which epoll an item belongs to. */
  ep(item: number): string {
    return `ep#${this.items.get(item)?.ep ?? '?'}`;
  }
}

/** Descriptor numbers in ascending order of the tree. */
function inOrder(tree: TreeView | null, out: number[] = []): number[] {
  if (tree === null) return out;
  inOrder(tree.left, out);
  out.push(tree.fd);
  inOrder(tree.right, out);
  return out;
}

/** A tree with its shape: `7b(5r 9r)`, b for black, r for red, `-` for an empty side. */
export function treeText(tree: TreeView | null): string {
  if (tree === null) return '-';
  const node = `${tree.fd}${tree.red ? 'r' : 'b'}`;
  return tree.left === null && tree.right === null ? node : `${node}(${treeText(tree.left)} ${treeText(tree.right)})`;
}

/** Who waits on a queue, head to tail: tasks by name, items with their epoll, `!` for exclusive ones. */
export function queueText(queue: QueueView, names: Names): string {
  const who = queue.entries.map((entry) => {
    const mark = entry.exclusive ? '!' : '';
    if (entry.task !== null) return entry.task + mark;
    return entry.item === null ? entry.calls + mark : `${names.ep(entry.item)}:${names.fd(entry.item)}${mark}`;
  });
  return `[${who.join(' ')}]`;
}

function listText(items: readonly number[] | null, names: Names): string {
  return items === null ? '-' : `[${items.map((id) => names.fd(id)).join(' ')}]`;
}

/** `ep#4 rbr={5,7} rdllist=[7] txlist=- ovflist=- wq=[server(2)!]` */
export function eventpollText(ep: EventpollView, names: Names): string {
  const parts = [
    ep.name, `rbr={${inOrder(ep.rbr).join(',')}}`, `rdllist=${listText(ep.rdllist, names)}`, `txlist=${listText(ep.txlist, names)}`,
    `ovflist=${listText(ep.ovflist, names)}`, `wq=${queueText(ep.wq, names)}`,
  ];
  if (ep.pollWait.entries.length > 0) parts.push(`poll_wait=${queueText(ep.pollWait, names)}`);
  if (ep.mtx !== null) parts.push(`mtx=${ep.mtx}`);
  return parts.join(' ');
}

/** `item 7 of ep#4 EPOLLIN|EPOLLET on rdllist, waits on sock#9.wq` */
export function itemText(item: ItemView): string {
  const parts = [`${item.name} of ep#${item.ep} ${item.events}`];
  if (item.on !== null) parts.push(`on ${item.on}`);
  if (item.onOvflist) parts.push('on ovflist');
  if (item.disabled) parts.push('disabled');
  return `${parts.join(' ')}${item.queues.length > 0 ? `, waits on ${item.queues.join(' and ')}` : ''}`;
}

/** `sock#9 ESTABLISHED rcv=10/131072 snd=0/2626560 mask=IN|OUT nospace` */
export function socketText(sock: SocketView, names: Names): string {
  const parts = [sock.name, sock.state];
  if (sock.local !== '-' || sock.peer !== '-') parts.push(`${sock.local}->${sock.peer}`);
  parts.push(`rcv=${sock.rcv.bytes}/${sock.rcv.limit}`, `snd=${sock.snd.bytes}/${sock.snd.limit}`);
  const mask = names.mask(sock.file);
  if (mask !== null) parts.push(`mask=${mask}`);
  if (sock.state === 'LISTEN') parts.push(`accept=[${sock.accept.map((id) => `sock#${id}`).join(' ')}]/${sock.acceptLimit}${sock.halfOpen > 0 ? ` half-open=${sock.halfOpen}` : ''}`);
  if (sock.shutdown !== '-') parts.push(`shut=${sock.shutdown}`);
  if (sock.error !== null) parts.push(`err=${sock.error}`);
  if (sock.nospace) parts.push('nospace');
  if (sock.lock !== null) parts.push(`lock=${sock.lock}`);
  if (sock.backlog > 0) parts.push(`backlog=${sock.backlog}`);
  if (sock.dead) parts.push('no-file');
  if (sock.wq.entries.length > 0) parts.push(`wq=${queueText(sock.wq, names)}`);
  return parts.join(' ');
}

/** `pipe#3 10 bytes slots=1/16 readers=1 writers=1` */
export function pipeText(pipe: PipeView, names: Names): string {
  const parts = [`${pipe.name} ${pipe.bytes} bytes slots=${pipe.slots}/${pipe.maxSlots} readers=${pipe.readers} writers=${pipe.writers}`];
  if (pipe.rdWait.entries.length > 0) parts.push(`rd_wait=${queueText(pipe.rdWait, names)}`);
  if (pipe.wrWait.entries.length > 0) parts.push(`wr_wait=${queueText(pipe.wrWait, names)}`);
  return parts.join(' ');
}

/** `eventfd#6 count=3 wqh=[ep#4:7]` */
export function eventfdText(ctx: EventfdView, names: Names): string {
  return `${ctx.name} count=${ctx.count}${ctx.semaphore ? ' semaphore' : ''}${ctx.wqh.entries.length > 0 ? ` wqh=${queueText(ctx.wqh, names)}` : ''}`;
}

/** `timerfd#6 ticks=1 next=2.5s every 1s` */
export function timerfdText(ctx: TimerfdView, names: Names): string {
  const parts = [`${ctx.name} ticks=${ctx.ticks} next=${ctx.expiresNs === null ? '-' : durationText(ctx.expiresNs)}`];
  if (ctx.intervalNs > 0) parts.push(`every ${durationText(ctx.intervalNs)}`);
  if (ctx.wqh.entries.length > 0) parts.push(`wqh=${queueText(ctx.wqh, names)}`);
  return parts.join(' ');
}

/** `server(2) sleeping in epoll_wait(4, ...)` */
export function taskText(task: TaskView): string {
  const where = task.call === null ? '' : ` in ${task.call}`;
  const stack = task.stack.length > 0 ? ` at ${task.stack.join(' > ')}` : '';
  const signals = [task.pending, task.sharedPending].filter((set) => set !== '[]');
  return `${task.name} ${task.state}${where}${stack}${signals.length > 0 ? ` pending ${signals.join(' ')}` : ''}`;
}

/** `0=/dev/null 3=ep#4 4=sock#9` */
export function tableText(table: TableView, names: Names): string {
  return table.fds.map(({ fd, file }) => `${fd}=${names.file(file)}`).join(' ');
}

/** `SYN|ACK :80 -> :32768 seq=1 ack=1 len=0` */
export function segmentLine(segment: SegmentView): string {
  const { flags, from, to, seq, ack, length, window } = segment;
  return `${flags} ${from} -> ${to} seq=${seq} ack=${ack} len=${length} win=${window}`;
}

/** `timerfd of #6 at 2.5s` */
export function timerText(timer: TimerView): string {
  return `${timer.name}${timer.owner === null ? '' : ` of ${timer.owner}`} at ${durationText(timer.expiresNs)}`;
}

/** A view with the names for it. */
export function namesOf(view: MachineView): Names {
  return new Names(view);
}

/** `server-client whole, 1 packet: SYN 10.0.0.2:32768 -> 10.0.0.1:80 ... arrives at 5ms` */
export function linkText(link: LinkView): string {
  const packets = link.packets.map((packet) => `${packet.protocol === 'tcp' ? '' : `${packet.protocol} `}${segmentLine(packet)} arrives at ${durationText(packet.arrivesNs)}`);
  return `link ${link.name} ${link.state}${link.lost > 0 ? ` lost=${link.lost}` : ''}${packets.length > 0 ? `: ${packets.join('; ')}` : ''}`;
}

/** What is inside a kernel, one object a line. */
function kernelLines(view: KernelView, names: Names): string[] {
  const tasksOf = (table: number): string => view.tasks.filter((task) => task.table === table).map((task) => task.name).join(', ');
  return [
    ...view.tasks.map(taskText),
    ...view.tables.map((table) => `fds of ${tasksOf(table.id)}: ${tableText(table, names)}`),
    ...view.eventpolls.map((ep) => eventpollText(ep, names)),
    ...view.items.map(itemText),
    ...view.sockets.map((sock) => socketText(sock, names)),
    ...view.timewaits.map((tw) => `${tw.name} ${tw.state} ${tw.local}->${tw.peer}`),
    ...view.signalfds.map((ctx) => `${ctx.name} reads ${ctx.signals}`),
    ...view.pipes.map((pipe) => pipeText(pipe, names)),
    ...view.eventfds.map((ctx) => eventfdText(ctx, names)),
    ...view.timerfds.map((ctx) => timerfdText(ctx, names)),
    ...view.inFlight.map((segment) => `in flight: ${segmentLine(segment)}`),
    ...view.timers.map((timer) => `timer: ${timerText(timer)}`),
  ];
}

/** The whole machine, one object a line; several hosts one after the other. */
export function machineText(view: MachineView): string {
  const names = new Names(view);
  const lines = [`time ${durationText(view.nowNs)}${view.current === null ? '' : `, ${view.current} runs`}${view.stoppedAt === null ? '' : `, at ${view.stoppedAt}`}`];
  if (view.hosts.length === 0) lines.push(...kernelLines(view, names).map((line) => `  ${line}`));
  for (const host of view.hosts) {
    lines.push(`  ${host.name === '' ? 'the host without name' : `host ${host.name}`}${host.addresses.map((address) => ` ${address}`).join('')}`);
    lines.push(...kernelLines(host, names).map((line) => `    ${line}`));
  }
  for (const link of view.links) lines.push(`  ${linkText(link)}`);
  return `${lines.join('\n')}\n`;
}
