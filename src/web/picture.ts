/**
 * What is to be seen of a machine, before it is drawn: panes with boxes, boxes with parts. The drawing and the list view are two ways to show the
 * same picture, so that neither holds more than the other. Every part knows where it is in the view, and thereby whether this step changed it.
 */

import type { Change } from '../inspect/diff.js';
import { durationText } from '../inspect/names.js';
import { namesOf, segmentLine, timerText, treeText, type Names } from '../inspect/text.js';
import type { BufferView, EventpollView, MachineView, PipeView, QueueView, SocketView, TaskView } from '../inspect/view.js';
import { placeNodes, type PlacedNode } from './treeLayout.js';

/** One member of a list. */
export interface Cell {
  readonly text: string;
  /** told where there is room: what a queue entry calls */
  readonly note: string;
}

/** A part of a box. `path` is its place in the view, as changes name it. */
export type Part =
  | { readonly kind: 'tree'; readonly name: string; readonly path: string; readonly nodes: readonly PlacedNode[]; readonly text: string }
  /** a linked list or a wait queue, head first; cells null: there is none now */
  | { readonly kind: 'chain'; readonly name: string; readonly path: string; readonly cells: readonly Cell[] | null }
  | { readonly kind: 'gauge'; readonly name: string; readonly path: string; readonly used: number; readonly limit: number; readonly text: string; readonly lines: readonly GaugeLine[] }
  | { readonly kind: 'fact'; readonly name: string; readonly path: string; readonly text: string };

/** A line across a gauge. */
export interface GaugeLine {
  readonly at: number;
  readonly text: string;
}

/** One object. */
export interface Box {
  readonly name: string;
  /** its place in the view: `sockets/9` */
  readonly path: string;
  readonly about: string;
  /** a descriptor that leads to it and is watched, for questions of why; null: none */
  readonly fd: number | null;
  readonly parts: readonly Part[];
}

export type PaneId = 'epoll' | 'objects' | 'files' | 'tasks' | 'wire';

/** A part of the drawing that can be left out. */
export interface Pane {
  readonly id: PaneId;
  readonly title: string;
  readonly boxes: readonly Box[];
}

const fact = (name: string, path: string, text: string): Part => ({ kind: 'fact', name, path, text });

function queuePart(name: string, path: string, queue: QueueView, names: Names): Part {
  const cells = queue.entries.map(({ task, item, calls, exclusive }) => ({
    text: `${task ?? (item === null ? 'somebody' : `fd ${names.fd(item)} of ${names.ep(item)}`)}${exclusive ? ' (exclusive)' : ''}`, note: `calls ${calls}`,
  }));
  return { kind: 'chain', name, path, cells };
}

function itemsPart(name: string, path: string, items: readonly number[] | null, view: MachineView, names: Names): Part {
  const cells = items?.map((id) => ({ text: `fd ${names.fd(id)}`, note: view.items.find((item) => item.id === id)?.events ?? '' })) ?? null;
  return { kind: 'chain', name, path, cells };
}

function epollBox(ep: EventpollView, view: MachineView, names: Names): Box {
  const path = `eventpolls/${ep.id}`;
  const parts: Part[] = [
    { kind: 'tree', name: 'rbr', path: `${path}/rbr`, nodes: placeNodes(ep.rbr), text: treeText(ep.rbr) },
    itemsPart('rdllist', `${path}/rdllist`, ep.rdllist, view, names),
    itemsPart('txlist', `${path}/txlist`, ep.txlist, view, names),
    itemsPart('ovflist', `${path}/ovflist`, ep.ovflist, view, names),
    queuePart('wq', `${path}/wq`, ep.wq, names),
    queuePart('poll_wait', `${path}/pollWait`, ep.pollWait, names),
    fact('mtx', `${path}/mtx`, ep.mtx === null ? 'free' : `held by ${ep.mtx}${ep.mtxWaiters.length > 0 ? `, wanted by ${ep.mtxWaiters.join(', ')}` : ''}`),
  ];
  return { name: ep.name, path, about: `${ep.items} watched`, fd: null, parts };
}

function itemBoxes(view: MachineView): Box[] {
  return view.items.map((item) => {
    const path = `items/${item.id}`;
    const lists = [item.on, item.onOvflist ? 'ovflist' : null].filter((one) => one !== null);
    return {
      name: item.name, path, about: `fd ${item.fd} in ep#${item.ep}`, fd: item.fd,
      parts: [
        fact('events', `${path}/events`, item.disabled ? `${item.events}, disabled until it is armed again` : item.events),
        fact('linked on', `${path}/on`, lists.length === 0 ? 'no list' : lists.join(' and ')),
        fact('waits on', `${path}/queues`, item.queues.join(', ') || 'no queue'),
      ],
    };
  });
}

/** A send buffer of TCP is writable while a third of it is free. include/net/sock.h:__sk_stream_is_writeable: free >= used / 2 */
function sendLines(sock: SocketView): GaugeLine[] {
  return sock.seq === null ? [] : [{ at: (2 * sock.snd.limit) / 3, text: 'one third is free' }];
}

function bufferPart(name: string, path: string, buffer: BufferView, lines: readonly GaugeLine[]): Part {
  const { used, limit, bytes, lowat } = buffer;
  const low = lowat > 0 ? [{ at: lowat, text: `low-water mark ${lowat}` }] : [];
  const text = `${bytes} bytes of data, ${used} of ${limit} charged${lowat > 0 ? `, low-water mark ${lowat}` : ''}${lines.map((line) => `, ${line.text} at ${Math.floor(line.at)}`).join('')}`;
  return { kind: 'gauge', name, path, used, limit, text, lines: [...low, ...lines] };
}

/** The descriptor by which an object is watched. */
function watchedFd(view: MachineView, file: number | null): number | null {
  return file === null ? null : view.items.find((item) => item.file === file)?.fd ?? null;
}

function socketBox(sock: SocketView, view: MachineView, names: Names): Box {
  const path = `sockets/${sock.id}`;
  const parts: Part[] = [
    fact('state', `${path}/state`, sock.state),
    bufferPart('receive buffer', `${path}/rcv`, sock.rcv, []),
    bufferPart('send buffer', `${path}/snd`, sock.snd, sendLines(sock)),
    queuePart('wq', `${path}/wq`, sock.wq, names),
  ];
  if (sock.state === 'LISTEN') parts.push(fact('accept queue', `${path}/accept`, `${sock.accept.map((id) => `sock#${id}`).join(' ') || 'empty'}, at most ${sock.acceptLimit}; ${sock.halfOpen} half-open`));
  if (sock.seq !== null) {
    const { sndUna, sndNxt, sndWnd, rcvNxt, rcvWnd, cwnd } = sock.seq;
    parts.push(fact('sequence', `${path}/seq`, `snd_una ${sndUna} snd_nxt ${sndNxt} snd_wnd ${sndWnd} rcv_nxt ${rcvNxt} rcv_wnd ${rcvWnd} cwnd ${cwnd}`));
  }
  if (sock.shutdown !== '-') parts.push(fact('shut down', `${path}/shutdown`, sock.shutdown));
  if (sock.error !== null) parts.push(fact('error', `${path}/error`, sock.error));
  if (sock.nospace) parts.push(fact('nospace', `${path}/nospace`, 'a send met a full buffer'));
  if (sock.lock !== null) parts.push(fact('lock', `${path}/lock`, `held by ${sock.lock}, backlog ${sock.backlog}`));
  const mask = names.mask(sock.file);
  if (mask !== null) parts.push(fact('poll says', `files/${sock.file}/mask`, mask));
  return { name: sock.name, path, about: sock.local === '-' && sock.peer === '-' ? sock.kind : `${sock.kind} ${sock.local} to ${sock.peer}`, fd: watchedFd(view, sock.file), parts };
}

/** The end of a pipe that is watched; of both, the one that reads. */
function pipeFd(view: MachineView, pipe: PipeView): number | null {
  const files = view.files.filter((file) => file.object === pipe.name);
  return files.map((file) => watchedFd(view, file.id)).find((fd) => fd !== null) ?? null;
}

function pipeBox(pipe: PipeView, view: MachineView, names: Names): Box {
  const path = `pipes/${pipe.id}`;
  return {
    name: pipe.name, path, about: `${pipe.readers} reading, ${pipe.writers} writing`, fd: pipeFd(view, pipe),
    parts: [
      fact('data', `${path}/bytes`, `${pipe.bytes} bytes`),
      { kind: 'gauge', name: 'slots', path: `${path}/slots`, used: pipe.slots, limit: pipe.maxSlots, text: `${pipe.slots} of ${pipe.maxSlots} slots`, lines: [] },
      queuePart('rd_wait', `${path}/rdWait`, pipe.rdWait, names),
      queuePart('wr_wait', `${path}/wrWait`, pipe.wrWait, names),
    ],
  };
}

function fdOfObject(view: MachineView, name: string): number | null {
  return watchedFd(view, view.files.find((file) => file.object === name)?.id ?? null);
}

/** What is behind files besides epolls. */
function objectBoxes(view: MachineView, names: Names): Box[] {
  return [
    ...view.sockets.map((sock) => socketBox(sock, view, names)),
    ...view.pipes.map((pipe) => pipeBox(pipe, view, names)),
    ...view.eventfds.map((ctx): Box => ({
      name: ctx.name, path: `eventfds/${ctx.id}`, about: ctx.semaphore ? 'eventfd, a semaphore' : 'eventfd', fd: fdOfObject(view, ctx.name),
      parts: [fact('counter', `eventfds/${ctx.id}/count`, ctx.count), queuePart('wqh', `eventfds/${ctx.id}/wqh`, ctx.wqh, names)],
    })),
    ...view.timerfds.map((ctx): Box => ({
      name: ctx.name, path: `timerfds/${ctx.id}`, about: ctx.intervalNs > 0 ? `timerfd, every ${durationText(ctx.intervalNs)}` : 'timerfd', fd: fdOfObject(view, ctx.name),
      parts: [
        fact('ticks', `timerfds/${ctx.id}/ticks`, String(ctx.ticks)),
        fact('fires', `timerfds/${ctx.id}/expiresNs`, ctx.expiresNs === null ? 'not armed' : `at ${durationText(ctx.expiresNs)}`),
        queuePart('wqh', `timerfds/${ctx.id}/wqh`, ctx.wqh, names),
      ],
    })),
    ...view.signalfds.map((ctx): Box => ({
      name: ctx.name, path: `signalfds/${ctx.id}`, about: 'signalfd', fd: fdOfObject(view, ctx.name), parts: [fact('signals', `signalfds/${ctx.id}/signals`, ctx.signals)],
    })),
    ...view.timewaits.map((tw): Box => ({
      name: tw.name, path: `timewaits/${tw.id}`, about: `${tw.local} to ${tw.peer}`, fd: null, parts: [fact('state', `timewaits/${tw.id}/state`, tw.state)],
    })),
  ];
}

function fileBoxes(view: MachineView, names: Names): Box[] {
  const tasksOf = (table: number): string => view.tasks.filter((task) => task.table === table).map((task) => task.name).join(', ');
  return view.tables.map((table) => ({
    name: `descriptors of ${tasksOf(table.id) || `table ${table.id}`}`, path: `tables/${table.id}`, about: '', fd: null,
    parts: table.fds.map(({ fd, file, cloexec }): Part => {
      const found = view.files.find((one) => one.id === file);
      const mask = names.mask(file);
      const watched = (found?.watchedBy ?? []).map((item) => names.ep(item)).join(', ');
      const text = `file#${file} (${found?.refs ?? 0} reference${found?.refs === 1 ? '' : 's'}) → ${names.file(file)}${cloexec ? ', cloexec' : ''}`
        + `${mask === null ? '' : `, poll says ${mask}`}${watched === '' ? '' : `, watched by ${watched}`}`;
      return fact(`fd ${fd}`, `tables/${table.id}/fds`, text);
    }),
  }));
}

function taskBox(task: TaskView): Box {
  const path = `tasks/${task.id}`;
  const signals = [task.pending, task.sharedPending].filter((set) => set !== '[]').join(' ');
  return {
    name: task.name, path, about: '', fd: null,
    parts: [
      fact('state', `${path}/state`, task.state),
      fact('in', `${path}/call`, task.call ?? 'its program'),
      { kind: 'chain', name: 'kernel stack', path: `${path}/stack`, cells: task.stack.map((text) => ({ text, note: '' })) },
      ...(signals === '' ? [] : [fact('pending signals', `${path}/pending`, signals)]),
    ],
  };
}

function wireBoxes(view: MachineView): Box[] {
  const boxes: Box[] = view.links.map((link, at) => ({
    name: link.name, path: `links/${at}`, about: `${link.state}, ${durationText(link.delayNs)} each way, ${link.lost} lost`, fd: null,
    parts: [{ kind: 'chain', name: 'on its way', path: 'links', cells: link.packets.map((one) => ({ text: segmentLine(one), note: `arrives at ${durationText(one.arrivesNs)}` })) }],
  }));
  if (view.inFlight.length > 0) {
    boxes.push({
      name: 'loopback', path: 'inFlight', about: 'arrived and not processed', fd: null,
      parts: [{ kind: 'chain', name: 'segments', path: 'inFlight', cells: view.inFlight.map((one) => ({ text: segmentLine(one), note: '' })) }],
    });
  }
  if (view.timers.length > 0) {
    boxes.push({ name: 'timers', path: 'timers', about: '', fd: null, parts: [{ kind: 'chain', name: 'armed', path: 'timers', cells: view.timers.map((one) => ({ text: timerText(one), note: '' })) }] });
  }
  return boxes;
}

/** All panes in the order in which they are shown. */
export function pictureOf(view: MachineView): readonly Pane[] {
  const names = namesOf(view);
  return [
    { id: 'epoll', title: 'epoll', boxes: [...view.eventpolls.map((ep) => epollBox(ep, view, names)), ...itemBoxes(view)] },
    { id: 'objects', title: 'Sockets, pipes and others', boxes: objectBoxes(view, names) },
    { id: 'files', title: 'Descriptors, files, objects', boxes: fileBoxes(view, names) },
    { id: 'tasks', title: 'Tasks', boxes: view.tasks.map(taskBox) },
    { id: 'wire', title: 'Packets and timers', boxes: wireBoxes(view) },
  ];
}

/** Names of panes that an attribute may choose. `calls` and `segments` are lists beside the picture. */
export const PANES = ['epoll', 'objects', 'files', 'tasks', 'wire', 'calls', 'segments'] as const;

/** True when a step changed this place or something in it. */
export function isChanged(path: string, changed: readonly Change[]): boolean {
  return changed.some((one) => one.path === path || one.path.startsWith(`${path}/`) || path.startsWith(`${one.path}/`));
}

/** A part in words: the list view, and what a screen reader says of a drawing. */
export function partText(part: Part): string {
  switch (part.kind) {
    case 'tree': return part.nodes.length === 0 ? 'rbr: empty' : `rbr: ${part.text} (b black, r red)`;
    case 'chain': return `${part.name}: ${part.cells === null ? 'none' : part.cells.length === 0 ? 'empty' : part.cells.map(({ text, note }) => (note === '' ? text : `${text}, ${note}`)).join(' → ')}`;
    case 'gauge': return `${part.name}: ${part.text}`;
    case 'fact': return `${part.name}: ${part.text}`;
  }
}
