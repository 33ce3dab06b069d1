/**
 * The machine as a tree of variables: objects with their one-line texts, their fields, and what they refer to. A node knows its path in the view, so
 * that a watch can be put on it.
 */

import { Names, eventfdText, eventpollText, itemText, pipeText, queueText, socketText, tableText, taskText, timerfdText, timerText, treeText, segmentLine } from '../inspect/index.js';
import type { EventpollView, ItemView, MachineView, QueueView, SocketView, TaskView, TreeView } from '../inspect/index.js';
import type { Session } from '../debug/index.js';
import type { FrameOf } from './frames.js';

/** A variable. */
export interface Node {
  readonly name: string;
  readonly value: string;
  /** its place in the view: `eventpolls/4/rdllist`; null: it has none of its own */
  readonly path: string | null;
  /** what is in it; null: nothing */
  readonly children: (() => Node[]) | null;
}

type Plain = Readonly<Record<string, unknown>>;

/** Lists of ids of items. */
const ITEM_LISTS: ReadonlySet<string> = new Set(['rdllist', 'txlist', 'ovflist', 'watchedBy']);

/** How the objects of each list of a view are told in one line. */
const TEXTS: Readonly<Record<string, (value: never, names: Names) => string>> = {
  tasks: (task: TaskView) => taskText(task),
  tables: tableText,
  eventpolls: (ep: EventpollView, names) => eventpollText(ep, names).slice(ep.name.length + 1),
  items: (item: ItemView) => itemText(item),
  sockets: (sock: SocketView, names) => socketText(sock, names).slice(sock.name.length + 1),
  pipes: pipeText, eventfds: eventfdText, timerfds: timerfdText, timers: timerText, inFlight: segmentLine,
};

/** Makes nodes of one view. */
export class Tree {
  private readonly view: MachineView;
  private readonly names: Names;

  constructor(view: MachineView) {
    this.view = view;
    this.names = new Names(view);
  }

  /** Any part of the view. @param path where it is */
  node(name: string, value: unknown, path: string): Node {
    if (Array.isArray(value)) return this.list(name, value, path);
    if (typeof value !== 'object' || value === null) return { name, value: value === null ? '-' : String(value as string | number | boolean | undefined), path, children: null };
    const plain = value as Plain;
    if ('red' in plain) return this.branch(name, value as TreeView, path);
    const fields = (): Node[] => Object.entries(plain).filter(([key]) => key !== 'id' && key !== 'name').map(([key, part]) => this.node(key, part, `${path}/${key}`));
    if ('entries' in plain) return { name, value: queueText(value as QueueView, this.names), path, children: fields };
    return { name, value: this.text(plain, path), path, children: fields };
  }

  private text(value: Plain, path: string): string {
    const tell = TEXTS[path.split('/').at(-2) ?? ''];
    if (tell !== undefined) return tell(value as never, this.names);
    return Object.entries(value).filter(([, part]) => typeof part !== 'object' && part !== '').map(([key, part]) => `${key}=${String(part)}`).join(' ');
  }

  private list(name: string, values: readonly unknown[], path: string): Node {
    const kind = path.split('/').at(-1) ?? '';
    if (ITEM_LISTS.has(kind)) {
      const items = values.map((id) => this.view.items.find((item) => item.id === id));
      const text = `[${items.map((item, at) => (item === undefined ? `item#${String(values[at])}` : `fd ${item.fd}`)).join(', ')}]`;
      return { name, value: text, path, children: values.length === 0 ? null : () => items.flatMap((item, at) => (item === undefined ? [] : [this.node(`[${at}]`, item, `items/${item.id}`)])) };
    }
    const short = values.every((value) => typeof value !== 'object') ? `[${values.map(String).join(', ')}]` : `${values.length}`;
    const children = (): Node[] => values.map((value, at) => {
      const { id, name: called } = (typeof value === 'object' && value !== null ? value : {}) as { readonly id?: number; readonly name?: string };
      return this.node(called === undefined || called === '' ? `[${at}]` : called, value, `${path}/${id ?? at}`);
    });
    return { name, value: short, path, children: values.length === 0 ? null : children };
  }

  /** A node of rbr with its two sides. */
  private branch(name: string, tree: TreeView, path: string): Node {
    const item = this.view.items.find(({ id }) => id === tree.item);
    const sides = (['left', 'right'] as const).filter((side) => tree[side] !== null);
    return {
      name,
      value: treeText(tree),
      path,
      children: () => [
        { name: 'colour', value: tree.red ? 'red' : 'black', path: null, children: null },
        ...(item === undefined ? [] : [this.node('item', item, `items/${item.id}`)]),
        ...sides.map((side) => this.branch(side, tree[side]!, `${path}/${side}`)),
      ],
    };
  }

  /** A list of the view, its objects as nodes. */
  all(list: keyof MachineView): Node[] {
    return this.node(list, this.view[list], list).children?.() ?? [];
  }

  /** The descriptors of a task. */
  descriptors(pid: number): Node[] {
    const task = this.view.tasks.find((one) => one.pid === pid);
    const table = this.view.tables.find(({ id }) => id === task?.table);
    return (table?.fds ?? []).map(({ fd, file, cloexec }) => {
      const there = this.view.files.find(({ id }) => id === file);
      const mask = there?.mask ?? null;
      return {
        name: String(fd),
        value: `${this.names.file(file)}${mask === null ? '' : ` ${mask}`}${cloexec ? ' cloexec' : ''}`,
        path: `files/${file}`,
        children: there === undefined ? null : () => [...(this.node('file', there, `files/${file}`).children?.() ?? []), ...this.behind(there.object)],
      };
    });
  }

  /** The object behind a file: `ep#4`. */
  private behind(name: string | null): Node[] {
    for (const list of ['eventpolls', 'sockets', 'pipes', 'eventfds', 'timerfds'] as const) {
      const found = this.view[list].find((one) => one.name === name);
      if (found !== undefined) return [this.node(found.name, found, `${list}/${found.id}`)];
    }
    return [];
  }
}

/** A group of variables. */
export interface ScopeOf {
  readonly name: string;
  readonly nodes: () => Node[];
  /** what the editor takes it for */
  readonly hint?: string;
}

function plain(name: string, value: string): Node {
  return { name, value, path: null, children: null };
}

/** What the step is: its sentence, its time, what it changed. */
function stepNodes(session: Session): Node[] {
  const { step, sentence, task, changed, view } = session.state();
  const text = (value: unknown): string => (value === undefined ? 'not there' : typeof value === 'string' ? value : JSON.stringify(value));
  const changes = changed.map(({ path, before, after }) => ({ name: path, value: `${text(before)} -> ${text(after)}`, path, children: null }));
  return [
    plain('step', `${step} of ${session.count - 1}`), plain('sentence', sentence), plain('who', task), plain('time', `${view.nowNs / 1e6} ms`),
    { name: 'changed', value: `${changes.length}`, path: null, children: changes.length === 0 ? null : () => changes },
  ];
}

/** The groups of variables of a frame. */
export function scopesOf(session: Session, { pid, kind, step }: FrameOf): ScopeOf[] {
  const view = session.viewAt();
  const tree = new Tree(view);
  const task = view.tasks.find((one) => one.pid === pid);
  const own: ScopeOf[] = [];
  if (kind === 'function') own.push({ name: 'Arguments', hint: 'arguments', nodes: () => Object.entries(session.state(step).entry.args).map(([name, value]) => plain(name, String(value))) });
  if (task !== undefined) {
    own.push({ name: 'Task', hint: 'locals', nodes: () => tree.node(task.name, task, `tasks/${task.id}`).children?.() ?? [] });
    own.push({ name: 'Descriptors', nodes: () => tree.descriptors(pid) });
  }
  return [
    { name: 'Step', nodes: () => stepNodes(session) },
    ...own,
    { name: 'Epoll instances', nodes: () => tree.all('eventpolls') },
    { name: 'Sockets', nodes: () => tree.all('sockets') },
    { name: 'Machine', nodes: () => (['tasks', 'runqueue', 'items', 'pipes', 'eventfds', 'timerfds', 'timers', 'inFlight', 'timewaits', 'links'] as const).map((list) => tree.node(list, view[list], list)) },
  ];
}
