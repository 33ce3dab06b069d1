/**
 * The panes that show the machine: epoll instances with their trees and lists, wait queues in the order of a waker, buffers as bars, segments
 * on their way, timers.
 */

import { watchedPath } from '../debug/index.js';
import { durationText } from '../inspect/names.js';
import { eventfdText, linkText, segmentLine, timerfdText } from '../inspect/text.js';
import type { BufferView, EventpollView, ItemView, PipeView, QueueEntryView, QueueView, SocketView } from '../inspect/view.js';
import { nothing, type Content, type Row, type Scene } from './pane.js';
import { bar } from './text.js';
import { treeDrawing } from './tree.js';

const LABEL = 'rbr      ';
const NO_LABEL = '         ';

const short = (events: string): string => events.replaceAll('EPOLL', '');

function listText(ids: readonly number[] | null, names: Scene['names'], none: string): string {
  if (ids === null) return none;
  return ids.length === 0 ? 'empty' : ids.map((id) => names.fd(id)).join(' -> ');
}

function itemRow(scene: Scene, item: ItemView): Row {
  const where = [item.on === null ? '' : `on ${item.on}`, item.onOvflist ? 'on ovflist' : '', item.disabled ? 'fired, deaf (ONESHOT)' : ''].filter((text) => text !== '');
  return scene.part(`fd ${item.fd} ${short(item.events)}${where.length > 0 ? `, ${where.join(', ')}` : ''}`, `item#${item.id}`, `items/${item.id}`);
}

function eventpollRows(scene: Scene, ep: EventpollView, width: number): Row[] {
  const { names, view } = scene;
  const path = `eventpolls/${ep.id}`;
  const items = view.items.filter((item) => item.ep === ep.id);
  const marked = new Set(items.filter((item) => scene.changed(`items/${item.id}`)).map((item) => item.id));
  const held = ep.mtx === null ? '' : `, mtx held by ${ep.mtx}${ep.mtxWaiters.length > 0 ? `, ${ep.mtxWaiters.join(' ')} wait` : ''}`;
  const list = (name: 'rdllist' | 'txlist' | 'ovflist', none: string): Row => scene.part(`${name.padEnd(8)} ${listText(ep[name], names, none)}`, `${ep.name}.${name}`, `${path}/${name}`);
  return [
    scene.part(`${ep.name} (${scene.descriptors(ep.name) ?? 'no descriptor'}) ${ep.items} watched${held}`, ep.name, `${path}/mtx`, 'good'),
    ...(ep.rbr === null ? ['empty'] : treeDrawing(ep.rbr, width - LABEL.length, marked)).map((text, at) => scene.part(`${at === 0 ? LABEL : NO_LABEL}${text}`, `${ep.name}.rbr`, `${path}/rbr`)),
    list('rdllist', 'empty'), list('txlist', '-  (no scan runs)'), list('ovflist', '-  (no scan runs)'),
    ...items.map((item) => itemRow(scene, item)),
  ];
}

/** Every epoll instance: its tree, its lists, its items. */
export function epollContent(scene: Scene, width: number): Content {
  const rows = scene.view.eventpolls.flatMap((ep) => eventpollRows(scene, ep, width));
  return rows.length === 0 ? nothing('there is no epoll instance yet') : { rows, anchor: -1 };
}

/** What the waker of this entry calls, and whom that concerns. */
function entryText({ calls, exclusive, task, item }: QueueEntryView, names: Scene['names']): string {
  const whom = item !== null ? ` -> fd ${names.fd(item)} of ${names.ep(item)}` : task === null ? '' : ` -> ${task}`;
  return `${calls}${whom}${exclusive ? '  exclusive' : ''}`;
}

/** The word by which a queue can be watched; null: it cannot. */
function queueWatch(name: string): string | null {
  try {
    watchedPath(name);
    return name;
  } catch {
    return null;
  }
}

function queueRows(scene: Scene, queue: QueueView, path: string): Row[] {
  const changed = scene.changed(`${path}/entries`);
  if (queue.entries.length === 0 && !changed) return [];
  const watch = queueWatch(queue.name);
  const part = (text: string): Row => scene.part(text, watch, `${path}/entries`);
  const of = scene.descriptors(queue.name.slice(0, queue.name.lastIndexOf('.')));
  return [part(`${queue.name}${of === null ? '' : ` (${of})`}${queue.entries.length === 0 ? ' empty' : ''}`), ...queue.entries.map((entry, at) => part(`  ${at + 1} ${entryText(entry, scene.names)}`))];
}

/** The wait queues on which somebody waits, each in the order in which a waker walks it. */
export function queuesContent(scene: Scene): Content {
  const { eventpolls, sockets, pipes, eventfds, timerfds, otherQueues } = scene.view;
  const rows = [
    ...sockets.flatMap((sock) => queueRows(scene, sock.wq, `sockets/${sock.id}/wq`)),
    ...pipes.flatMap((pipe) => [...queueRows(scene, pipe.rdWait, `pipes/${pipe.id}/rdWait`), ...queueRows(scene, pipe.wrWait, `pipes/${pipe.id}/wrWait`)]),
    ...eventfds.flatMap((ctx) => queueRows(scene, ctx.wqh, `eventfds/${ctx.id}/wqh`)),
    ...timerfds.flatMap((ctx) => queueRows(scene, ctx.wqh, `timerfds/${ctx.id}/wqh`)),
    ...eventpolls.flatMap((ep) => [...queueRows(scene, ep.wq, `eventpolls/${ep.id}/wq`), ...queueRows(scene, ep.pollWait, `eventpolls/${ep.id}/pollWait`)]),
    ...otherQueues.flatMap((queue) => queueRows(scene, queue, 'otherQueues')),
  ];
  return rows.length === 0 ? nothing('nobody waits') : { rows, anchor: -1 };
}

/** Columns of a bar in a pane of some width. */
const barWidth = (width: number): number => Math.max(8, Math.min(24, width - 42));

/** Up to which share of its send buffer a socket is writable. */
function writableShare(kind: string): number {
  // sk_stream_is_writeable: a third is free; unix_writable: a quarter is used; sock_writeable: half is used
  if (kind.startsWith('unix')) return 1 / 4;
  return kind.endsWith('stream') ? 2 / 3 : 1 / 2;
}

const WRITABLE_TEXT: ReadonlyMap<number, string> = new Map([[1 / 4, '1/4 used'], [2 / 3, '1/3 free'], [1 / 2, '1/2 used']]);

function bufferText(label: string, { used, limit }: BufferView, mark: number | null, width: number): string {
  return ` ${label} ${bar(limit === 0 ? 0 : used / limit, mark, barWidth(width))} ${used}/${limit}`;
}

function socketTitle(scene: Scene, sock: SocketView): string {
  const isDatagram = !sock.kind.endsWith('stream');
  const address = sock.local === '-' && sock.peer === '-' ? '' : ` ${sock.local}${sock.peer === '-' ? '' : `->${sock.peer}`}`.replaceAll('127.0.0.1:', ':');
  const mask = scene.names.mask(sock.file);
  return [
    `${sock.name} (${scene.descriptors(sock.name) ?? 'no descriptor'})`, isDatagram ? sock.kind : sock.state, address.trim(), mask === null || mask === '' ? '' : `ready: ${mask}`, sock.shutdown === '-' ? '' : `shut ${sock.shutdown}`,
    sock.error ?? '', sock.nospace ? 'NOSPACE' : '', sock.lock === null ? '' : `locked by ${sock.lock}`, sock.backlog > 0 ? `backlog ${sock.backlog}` : '',
  ].filter((text) => text !== '').join(' ');
}

function socketRows(scene: Scene, sock: SocketView, width: number): Row[] {
  const path = `sockets/${sock.id}`;
  const own = ['state', 'peer', 'error', 'shutdown', 'nospace', 'lock', 'backlog', 'file'].some((field) => scene.changed(`${path}/${field}`)) || (sock.file !== null && scene.changed(`files/${sock.file}/mask`));
  const title: Row = { ...scene.part(socketTitle(scene, sock), sock.name, path, 'good'), changed: own };
  if (sock.state === 'LISTEN') {
    const accept = `  accept queue ${sock.accept.length}/${sock.acceptLimit}${sock.accept.length > 0 ? `: ${sock.accept.map((id) => `sock#${id}`).join(' ')}` : ''}${sock.halfOpen > 0 ? `, ${sock.halfOpen} half open` : ''}`;
    return [title, scene.part(accept, `${sock.name}.accept`, `${path}/accept`)];
  }
  const { rcv, snd } = sock;
  const lowat = rcv.lowat > 1 && rcv.limit > 0 ? rcv.lowat / rcv.limit : null;
  const share = writableShare(sock.kind);
  return [
    title,
    scene.part(`${bufferText('rcv', rcv, lowat, width)} ${rcv.bytes}B lowat ${rcv.lowat}`, `${sock.name}.rcv`, `${path}/rcv`),
    scene.part(`${bufferText('snd', snd, share, width)} |: ${WRITABLE_TEXT.get(share)}`, `${sock.name}.snd`, `${path}/snd`),
  ];
}

function pipeRow(scene: Scene, pipe: PipeView, width: number): Row {
  const text = `${pipe.name} (${scene.descriptors(pipe.name) ?? 'no descriptor'}) ${bar(pipe.slots / Math.max(1, pipe.maxSlots), null, barWidth(width))} ${pipe.bytes}B ${pipe.slots}/${pipe.maxSlots} slots ${pipe.readers}r ${pipe.writers}w`;
  return { ...scene.part(text, pipe.name, `pipes/${pipe.id}`), changed: ['bytes', 'slots', 'readers', 'writers'].some((field) => scene.changed(`pipes/${pipe.id}/${field}`)) };
}

/** Sockets, pipes and counters with what is in them. */
export function buffersContent(scene: Scene, width: number): Content {
  const { sockets, pipes, eventfds, timerfds, signalfds, timewaits } = scene.view;
  const bare = <T extends { wqh: QueueView }>(ctx: T): T => ({ ...ctx, wqh: { ...ctx.wqh, entries: [] } });
  const rows = [
    ...sockets.flatMap((sock) => socketRows(scene, sock, width)),
    ...pipes.map((pipe) => pipeRow(scene, pipe, width)),
    ...eventfds.map((ctx) => scene.part(eventfdText(bare(ctx), scene.names), `${ctx.name}.count`, `eventfds/${ctx.id}/count`)),
    ...timerfds.map((ctx) => scene.part(timerfdText(bare(ctx), scene.names), `${ctx.name}.ticks`, `timerfds/${ctx.id}/ticks`)),
    ...signalfds.map((ctx) => scene.part(`${ctx.name} reads ${ctx.signals}`, null, `signalfds/${ctx.id}`)),
    ...timewaits.map((tw) => scene.part(`${tw.name} ${tw.state} ${tw.local}->${tw.peer}`, null, `timewaits/${tw.id}`)),
  ];
  return rows.length === 0 ? nothing('there is no socket or pipe yet') : { rows, anchor: -1 };
}

/** Packets that have arrived and wait for the softirq, and those between hosts. */
export function segmentsContent(scene: Scene): Content {
  const { inFlight, links } = scene.view;
  const rows = [
    ...inFlight.map((segment) => scene.part(segmentLine(segment).replaceAll('127.0.0.1:', ':'), 'inFlight', 'inFlight')),
    ...links.flatMap((link) => [
      scene.part(linkText({ ...link, packets: [] }), null, 'links'),
      ...link.packets.map((packet) => scene.part(`  in ${durationText(packet.arrivesNs - scene.view.nowNs)} ${segmentLine(packet)}`, null, 'links')),
    ]),
  ];
  return rows.length === 0 ? nothing('nothing is on its way') : { rows, anchor: -1 };
}

/** Armed timers, the next one first. */
export function timersContent(scene: Scene): Content {
  const rows = scene.view.timers.map((timer) => scene.part(`in ${durationText(Math.max(0, timer.expiresNs - scene.view.nowNs))}: ${timer.name}${timer.owner === null ? '' : ` of ${timer.owner}`}`, null, 'timers'));
  return rows.length === 0 ? nothing('no timer is armed') : { rows, anchor: -1 };
}
