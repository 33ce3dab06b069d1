/**
 * What lies over the panes: an answer, a list to pick from, the keys. And the line at the bottom that asks for a word.
 */

import { broken, cut, fit, span, shown, type Line, type Style } from './text.js';

/** A row of an overlay. Enter goes where it leads. */
export interface Choice {
  /** what stands before the text: `step 99` */
  readonly head: string;
  readonly text: string;
  readonly style?: Style;
  /** what Enter does; left out: nothing */
  readonly pick?: () => void;
}

/** Something over the panes. */
export interface Overlay {
  readonly title: string;
  /** paragraphs before the rows */
  readonly text: readonly string[];
  readonly rows: readonly Choice[];
  /** what the keys do here */
  readonly keys: string;
  readonly cursor: number;
}

/** A question at the bottom. */
export interface Prompt {
  readonly label: string;
  readonly text: string;
  /** one letter answers it */
  readonly letter: boolean;
  readonly done: (text: string) => void;
}

/** Columns of the heads. */
function headWidth(rows: readonly Choice[]): number {
  return rows.reduce((most, { head }) => Math.max(most, head.length), 0);
}

function choiceLines(choice: Choice, picked: boolean, head: number, width: number): Line[] {
  return broken(shown(choice.text), width - head - 4).map((text, at): Line => [
    span(picked && at === 0 ? '> ' : '  ', 'focus'),
    span(fit(at === 0 ? choice.head : '', head + 2), choice.style ?? 'title'),
    span(fit(text, width - head - 4), picked ? 'here' : choice.style ?? 'plain'),
  ]);
}

/** The lines of an overlay: the picked row is among them. */
export function overlayLines(overlay: Overlay, height: number, width: number): Line[] {
  const lines: Line[] = [[span(cut(`═ ${overlay.title.toUpperCase()} `, width).padEnd(width, '═'), 'focus')]];
  for (const paragraph of overlay.text) for (const text of broken(shown(paragraph), width - 2)) lines.push([span(fit(` ${text}`, width))]);
  if (overlay.text.length > 0 && overlay.rows.length > 0) lines.push([span(' '.repeat(width))]);
  const head = Math.min(headWidth(overlay.rows), Math.floor(width / 3));
  const blocks = overlay.rows.map((choice, at) => choiceLines(choice, at === overlay.cursor, head, width));
  const room = Math.max(1, height - lines.length - 1);
  const before = blocks.slice(0, overlay.cursor).reduce((n, block) => n + block.length, 0);
  const all = blocks.flat();
  const first = Math.max(0, Math.min(before - Math.floor(room / 2), all.length - room));
  const body = [...lines, ...all.slice(first, first + room)].slice(0, height - 1);
  while (body.length < height - 1) body.push([span(' '.repeat(width))]);
  const more = all.length > room ? ` (${first + 1}-${Math.min(all.length, first + room)} of ${all.length} lines)` : '';
  return [...body, [span(fit(` ${overlay.keys}${more}`, width), 'dim')]];
}
