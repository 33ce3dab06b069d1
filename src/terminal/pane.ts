/**
 * What panes are made of: rows. A row knows which parts of the machine it shows, so that it can be marked when the step changed them and be
 * asked who changed them last.
 */

import type { Session, StepState } from '../debug/index.js';
import { Names } from '../inspect/text.js';
import type { MachineView } from '../inspect/view.js';
import { shown, type Style } from './text.js';

/** One row of a pane. */
export interface Row {
  readonly text: string;
  readonly style: Style;
  /** the part of the machine that it shows: `ep#4.rdllist`; null: none that can be watched */
  readonly watch: string | null;
  /** the step changed it */
  readonly changed: boolean;
  /** the step that Enter goes to; null: none */
  readonly step: number | null;
}

export type PaneId = 'program' | 'calls' | 'stack' | 'tasks' | 'changes' | 'epoll' | 'queues' | 'buffers' | 'segments' | 'timers';

/** The panes in the order of their numbers. */
export const PANES: readonly { readonly id: PaneId; readonly title: string }[] = [
  { id: 'program', title: 'program' },
  { id: 'calls', title: 'system calls' },
  { id: 'stack', title: 'kernel stack' },
  { id: 'tasks', title: 'tasks' },
  { id: 'epoll', title: 'epoll' },
  { id: 'queues', title: 'wait queues' },
  { id: 'buffers', title: 'buffers' },
  { id: 'segments', title: 'segments' },
  { id: 'timers', title: 'timers' },
  { id: 'changes', title: 'changed' },
];

/** Rows of a pane, and the one that is to be seen when nobody scrolls; -1: the first ones. */
export interface Content {
  readonly rows: readonly Row[];
  readonly anchor: number;
  /** there is nothing to show, and the only row says so */
  readonly isEmpty?: boolean;
}

/** What panes are built from: one step. */
export class Scene {
  readonly session: Session;
  readonly state: StepState;
  readonly view: MachineView;
  readonly names: Names;
  private readonly changedPaths: readonly string[];
  private readonly numbers = new Map<string, string[]>();

  constructor(session: Session) {
    this.session = session;
    this.state = session.state();
    this.view = this.state.view;
    this.names = new Names(this.view);
    this.changedPaths = this.state.changed.map(({ path }) => path);
    this.numberObjects();
  }

  /** Which descriptors lead to which object. */
  private numberObjects(): void {
    const { tables, tasks } = this.view;
    for (const table of tables) {
      const comm = tasks.find((task) => task.table === table.id)?.comm ?? '';
      for (const { fd, file } of table.fds) {
        const name = this.names.file(file);
        const text = tables.length > 1 && comm !== '' ? `${comm}:${fd}` : `fd ${fd}`;
        const known = this.numbers.get(name);
        if (known === undefined) this.numbers.set(name, [text]);
        else known.push(text);
      }
    }
  }

  /** The descriptors of an object, by the programs that have them: `server:3`; null: it has none. */
  descriptors(name: string): string | null {
    return this.numbers.get(name)?.join(' ') ?? null;
  }

  /** True when the step changed something at or under a path of the view, or took away what is above it. */
  changed(path: string): boolean {
    return this.changedPaths.some((one) => one === path || one.startsWith(`${path}/`) || path.startsWith(`${one}/`));
  }

  /** A row that shows parts of the machine. @param path where they are in a view */
  part(text: string, watch: string | null, path: string, style: Style = 'plain'): Row {
    return { text: shown(text), style, watch, changed: this.changed(path), step: null };
  }
}

/** A row that shows nothing that changes. */
export function row(text: string, style: Style = 'plain', step: number | null = null): Row {
  return { text: shown(text), style, watch: null, changed: false, step };
}

/** What a pane says that has nothing to show. */
export const nothing = (text: string): Content => ({ rows: [row(text, 'dim')], anchor: -1, isEmpty: true });
