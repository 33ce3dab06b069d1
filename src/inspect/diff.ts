/**
 * What changed between two views of one machine: as data (where, before, after) and as plain sentences. Parts that
 * the two views share are skipped by `===`, so the cost follows what changed and not how big the machine is.
 */

import { Names, queueText, treeText } from './text.js';
import type { EventpollView, ItemView, MachineView, QueueView, SocketView, TaskView } from './view.js';

/** One change. `path` leads to it: `eventpolls/4/rdllist`; an object's own id stands for its place in a list. */
export interface Change {
  readonly path: string;
  /** undefined: it was not there */
  readonly before: unknown;
  /** undefined: it is gone */
  readonly after: unknown;
}

interface HasId {
  readonly id: number;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasIds(list: readonly unknown[]): list is readonly HasId[] {
  return isObject(list[0]) && typeof list[0]['id'] === 'number';
}

function diffList(before: readonly unknown[], after: readonly unknown[], path: string, out: Change[]): void {
  if (!hasIds(before.length > 0 ? before : after)) {
    out.push({ path, before, after });
    return;
  }
  const old = new Map((before as readonly HasId[]).map((thing) => [thing.id, thing]));
  for (const thing of after as readonly HasId[]) {
    diff(old.get(thing.id), thing, `${path}/${thing.id}`, out);
    old.delete(thing.id);
  }
  for (const [id, thing] of old) out.push({ path: `${path}/${id}`, before: thing, after: undefined });
}

function diff(before: unknown, after: unknown, path: string, out: Change[]): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) diffList(before, after, path, out);
  else if (isObject(before) && isObject(after) && !('red' in after)) {
    for (const name of Object.keys(after)) if (path !== '' || name !== 'hosts') diff(before[name], after[name], path === '' ? name : `${path}/${name}`, out);
  } else out.push({ path, before, after });
}

/** All changes from one view to a later one, in the order of the view. What is inside the hosts is told once, from the lists of all. */
export function changes(before: MachineView, after: MachineView): Change[] {
  const out: Change[] = [];
  diff(before, after, '', out);
  return out;
}

/** What a sentence is made from. */
interface Telling {
  readonly change: Change;
  readonly names: Names;
  readonly after: MachineView;
  readonly before: MachineView;
}

type Teller = (telling: Telling) => string | null;

function find<T extends HasId>(list: readonly T[], path: string): T | undefined {
  const id = Number(path.split('/')[1]);
  return list.find((thing) => thing.id === id);
}

const itemMoved: Teller = ({ change, after, before }) => {
  const name = (find<ItemView>(after.items, change.path) ?? find<ItemView>(before.items, change.path))!.name;
  if (change.before === null) return `${name} was linked on ${valueText(change.after)}`;
  return change.after === null ? `${name} left ${valueText(change.before)}` : `${name} moved from ${valueText(change.before)} to ${valueText(change.after)}`;
};

const itemChained: Teller = ({ change, after }) => {
  const { name } = find<ItemView>(after.items, change.path)!;
  return change.after === true ? `${name} fired during a scan and was chained on ovflist` : `${name} left ovflist`;
};

const itemDisabled: Teller = ({ change, after }) => {
  const { name } = find<ItemView>(after.items, change.path)!;
  return change.after === true ? `${name} was one-shot and is disabled now` : `${name} is armed again`;
};

const taskState: Teller = ({ change, after }) => {
  const task = find<TaskView>(after.tasks, change.path)!;
  const where = task.call === null ? '' : ` in ${task.call}`;
  if (change.after === 'sleeping' || change.after === 'uninterruptible') return `${task.name} fell asleep${where}`;
  if (change.after === 'runnable') return change.before === 'running' ? `${task.name} gave way` : `${task.name} was woken`;
  return change.after === 'running' ? `${task.name} runs` : `${task.name} is ${valueText(change.after)}`;
};

const taskCall: Teller = ({ change, after }) => {
  const { name } = find<TaskView>(after.tasks, change.path)!;
  if (change.after === null) return `${name} returned from ${valueText(change.before)}`;
  return change.before === null ? `${name} called ${valueText(change.after)}` : null;
};

const socketState: Teller = ({ change, after }) =>
  `${find<SocketView>(after.sockets, change.path)!.name} went from ${valueText(change.before)} to ${valueText(change.after)}`;

const tree: Teller = ({ change, after }) =>
  `the tree of ${find<EventpollView>(after.eventpolls, change.path)!.name} is ${treeText(change.after as never)}`;

/** Lists of items: who came and who went is told by the items; only a new order is news here. */
const order: Teller = ({ change, after, names }) => {
  const [a, b] = [change.before as readonly number[] | null, change.after as readonly number[] | null];
  const { name } = find<EventpollView>(after.eventpolls, change.path)!;
  if (change.path.endsWith('txlist') && a === null) return `a scan of ${name} began`;
  if (change.path.endsWith('txlist') && b === null) return `the scan of ${name} ended`;
  if (a === null || b === null || a.length !== b.length || !a.every((id) => b.includes(id))) return null;
  return `${change.path.split('/')[2]} of ${name} is in another order: ${b.map((id) => names.fd(id)).join(' ')}`;
};

const silent: Teller = () => null;

/** Sentences by the pattern of a path; `*` stands for an id. */
const TELLERS: Readonly<Record<string, Teller>> = {
  'items/*/on': itemMoved,
  'items/*/onOvflist': itemChained,
  'items/*/disabled': itemDisabled,
  'tasks/*/state': taskState,
  'tasks/*/call': taskCall,
  'tasks/*/stack': silent,
  'sockets/*/state': socketState,
  'eventpolls/*/rbr': tree,
  'eventpolls/*/items': silent,
  'eventpolls/*/rdllist': order,
  'eventpolls/*/txlist': order,
  'eventpolls/*/ovflist': order,
  'eventpolls/*/mtxWaiters': silent,
  steps: silent,
  traceStep: silent,
  current: silent,
  stoppedAt: silent,
  runqueue: silent,
  nowNs: ({ before, after }) => `${(after.nowNs - before.nowNs) / 1e6} ms passed`,
};

function nameOf(path: string, telling: Telling): string {
  const [list = '', id = ''] = path.split('/');
  const pick = (view: MachineView): string | undefined =>
    (view[list as keyof MachineView] as readonly (HasId & { name?: string })[]).find?.((thing) => String(thing.id) === id)?.name;
  return (id === '' ? undefined : pick(telling.after) ?? pick(telling.before)) ?? (id === '' ? list : `${list} ${id}`);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(' ')}]`;
  if (isObject(value)) return JSON.stringify(value);
  return value === null ? '-' : String(value as string | number | boolean);
}

/** Entries of a wait queue: who came, who went. */
function queueSentences(telling: Telling): string[] {
  const { change, after, before } = telling;
  const queue = change.path.replace(/\/entries$/, '').split('/').reduce<unknown>(
    (at, part) => (Array.isArray(at) ? at.find((thing: HasId) => String(thing.id) === part) : (at as Record<string, unknown> | undefined)?.[part]), after,
  ) as QueueView | undefined;
  const name = queue?.name ?? change.path;
  const list = (view: MachineView, entries: unknown): string[] => {
    const one = new Names(view);
    return ((entries ?? []) as QueueView['entries']).map((entry) => queueText({ name, entries: [entry] }, one).slice(1, -1));
  };
  const [a, b] = [list(before, change.before), list(after, change.after)];
  return [
    ...b.filter((who) => !a.includes(who)).map((who) => `${who} waits on ${name}`),
    ...a.filter((who) => !b.includes(who)).map((who) => `${who} left ${name}`),
  ];
}

function sentencesOf(telling: Telling): string[] {
  const { change } = telling;
  const parts = change.path.split('/');
  if (parts[parts.length - 1] === 'entries') return queueSentences(telling);
  const teller = TELLERS[parts.map((part, index) => (index === 1 && /^\d+$/.test(part) ? '*' : part)).join('/')];
  if (teller !== undefined) return [teller(telling)].filter((text): text is string => text !== null);
  const name = nameOf(change.path, telling);
  if (parts.length === 2 && change.before === undefined) return [`${name} appeared`];
  if (parts.length === 2 && change.after === undefined) return [`${name} is gone`];
  return [`${name}: ${parts.slice(2).join('.') || parts[0]} ${valueText(change.before)} -> ${valueText(change.after)}`];
}

/** The changes from one view to a later one in words, one sentence each. */
export function sentences(before: MachineView, after: MachineView): string[] {
  const names = new Names(after);
  return changes(before, after).flatMap((change) => sentencesOf({ change, names, before, after }));
}
