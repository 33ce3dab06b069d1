/**
 * Panes side by side on a screen of fixed size. Where there is no room for all, the less important ones give way; the one that has the focus
 * is always there.
 */

import type { Content, PaneId, Row } from './pane.js';
import { cut, fit, span, type Line } from './text.js';

/** A pane on its way to the screen. */
export interface Pane {
  readonly id: PaneId;
  readonly number: number;
  readonly title: string;
  readonly content: Content;
  readonly focused: boolean;
  /** the row that the keys have picked; -1: none */
  readonly cursor: number;
  /** rows that it should have at least, if it has them */
  readonly least: number;
}

/** Columns before the text of a row: `>` the picked row, `*` changed by the step. */
const GUTTER = 2;

/** The row that has to be seen: the picked one, the one that the step changed, the current one. */
function target({ content: { rows, anchor }, cursor }: Pane): number {
  if (cursor >= 0) return cursor;
  return anchor >= 0 ? anchor : rows.findIndex((row) => row.changed);
}

/** A pane with nothing to show says so in its title, unless the keys are on it. */
const isTitle = ({ content, focused }: Pane): boolean => content.isEmpty === true && !focused;

function titleLine(pane: Pane, first: number, shown: number, width: number): Line {
  const { content: { rows }, focused, number, title } = pane;
  const part = isTitle(pane) ? `: ${rows[0]!.text}` : shown < rows.length ? ` ${first + 1}-${first + shown} of ${rows.length}` : '';
  const text = ` ${number % 10} ${focused ? title.toUpperCase() : title}${rows.some((row) => row.changed) ? ' *' : ''}${part} `;
  const rule = focused ? '═' : '─';
  return [span(cut(`${rule}${text}`, width).padEnd(width, rule), focused ? 'focus' : 'title')];
}

function rowLine(row: Row, picked: boolean, width: number): Line {
  const text = fit(row.text, width - GUTTER);
  const style = row.changed && row.style === 'plain' ? 'changed' : row.style;
  return [span(picked ? '>' : ' ', 'focus'), span(row.changed ? '*' : ' ', 'changed'), span(text, style)];
}

/** A pane of so many lines, its title among them. */
export function paneLines(pane: Pane, height: number, width: number): Line[] {
  const { content: { rows, anchor }, cursor } = pane;
  const room = Math.max(0, height - 1);
  const shown = isTitle(pane) ? 0 : Math.min(room, rows.length);
  const seen = target(pane);
  // what the step changed is no reason to scroll as long as it is on the first page
  const centred = cursor >= 0 || anchor >= 0 || seen >= room ? seen - Math.floor(room / 2) : 0;
  const first = Math.max(0, Math.min(centred, rows.length - shown));
  const lines: Line[] = [titleLine(pane, first, shown, width)];
  for (let at = first; at < first + shown; at++) lines.push(rowLine(rows[at]!, pane.focused && at === pane.cursor, width));
  while (lines.length < height) lines.push([span(' '.repeat(width))]);
  return lines;
}

const rowsWanted = (pane: Pane): number => (isTitle(pane) ? 0 : pane.content.rows.length);
const leastHeight = (pane: Pane): number => 1 + Math.min(pane.least, rowsWanted(pane));

/** How many lines each pane of a column gets; panes that give way are not among them. @param panes the most important first */
function heightsOf(panes: readonly Pane[], height: number): Map<Pane, number> {
  const given = new Map<Pane, number>();
  let left = height;
  const byNeed = [...panes].sort((a, b) => Number(b.focused) - Number(a.focused));
  for (const pane of byNeed) {
    const least = Math.min(leastHeight(pane), given.size === 0 ? height : Infinity);
    if (least > left) continue;
    given.set(pane, least);
    left -= least;
  }
  for (let grew = true; left > 0 && grew;) {
    grew = false;
    for (const [pane, lines] of given) {
      if (left === 0 || lines - 1 >= rowsWanted(pane)) continue;
      given.set(pane, lines + 1);
      left--;
      grew = true;
    }
  }
  const first = byNeed[0];
  if (first !== undefined) given.set(first, (given.get(first) ?? 0) + left);
  return given;
}

/** A column of panes. @param panes from the top; `importance` lists them, the most important first */
function columnLines(panes: readonly Pane[], importance: readonly PaneId[], height: number, width: number): { lines: Line[]; hidden: Pane[] } {
  const ranked = importance.map((id) => panes.find((pane) => pane.id === id)).filter((pane): pane is Pane => pane !== undefined);
  const heights = heightsOf(ranked, height);
  return {
    lines: panes.flatMap((pane) => (heights.has(pane) ? paneLines(pane, heights.get(pane)!, width) : [])),
    hidden: panes.filter((pane) => !heights.has(pane)),
  };
}

/** Which panes stand in which column, from the top; and by importance. */
const LEFT: readonly PaneId[] = ['program', 'calls', 'stack', 'tasks', 'changes'];
const RIGHT: readonly PaneId[] = ['epoll', 'queues', 'buffers', 'segments', 'timers'];
const IMPORTANCE: readonly PaneId[] = ['program', 'epoll', 'calls', 'stack', 'buffers', 'queues', 'tasks', 'changes', 'segments', 'timers'];
/** Narrower screens have one column. */
const TWO_COLUMNS = 70;

/** All panes on so many lines. `hidden`: those that gave way. */
export function panesLines(panes: readonly Pane[], height: number, width: number): { lines: Line[]; hidden: Pane[] } {
  const pick = (ids: readonly PaneId[]): Pane[] => ids.map((id) => panes.find((pane) => pane.id === id)!);
  if (width < TWO_COLUMNS) return columnLines(pick([...LEFT, ...RIGHT]), IMPORTANCE, height, width);
  const leftWidth = Math.floor((width - 1) / 2);
  const left = columnLines(pick(LEFT), IMPORTANCE, height, leftWidth);
  const right = columnLines(pick(RIGHT), IMPORTANCE, height, width - 1 - leftWidth);
  const lines = left.lines.map((line, at): Line => [...line, span('│', 'dim'), ...right.lines[at]!]);
  return { lines, hidden: [...left.hidden, ...right.hidden] };
}

/** Columns that a pane will have on a screen of this width. */
export function paneWidth(width: number): number {
  return (width < TWO_COLUMNS ? width : Math.floor((width - 1) / 2)) - GUTTER;
}
