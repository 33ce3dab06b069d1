/**
 * Lines with their styles as text for a terminal. Colours only add to what the text says already; without them nothing is lost.
 */

import type pc from 'picocolors';
import type { Line, Style } from './text.js';

export type Colours = ReturnType<typeof pc.createColors>;

/** A line as text with the codes of its colours, if there are any. */
export function paint(line: Line, colours: Colours): string {
  const by: Readonly<Record<Style, (text: string) => string>> = {
    plain: (text) => text,
    title: colours.cyan,
    focus: (text) => colours.bold(colours.cyan(text)),
    dim: colours.dim,
    changed: colours.yellow,
    here: colours.bold,
    bad: (text) => colours.bold(colours.red(text)),
    good: colours.green,
    bar: colours.inverse,
  };
  return line.map(({ text, style }) => (text === '' ? '' : by[style](text))).join('');
}
