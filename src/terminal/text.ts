/**
 * Text that goes on a screen of fixed width: styled pieces, cutting, filling, breaking. Every character that is let through takes one column, so
 * that a length is a width; what a terminal would draw wider, or obey, is shown as `?`.
 */

/** What a piece of text is. Colours are chosen where it is printed; no meaning is in colour alone. */
export type Style = 'plain' | 'title' | 'focus' | 'dim' | 'changed' | 'here' | 'bad' | 'good' | 'bar';

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** One line of the screen. */
export type Line = readonly Span[];

export const span = (text: string, style: Style = 'plain'): Span => ({ text, style });

/** Latin, Greek, Cyrillic, punctuation, arrows and line drawing: one column each. The rest may be wider, combine, or be obeyed. */
const WIDER = /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u2193\u2500-\u257f]/gu;

/** A text from outside as it can be shown: tabs are two blanks, what does not take one column is `?`. */
export function shown(text: string): string {
  return text.replaceAll('\t', '  ').replace(WIDER, '?');
}

/** Cuts a text to a width; what is cut off is shown by `…`. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 0 ? '' : `${text.slice(0, width - 1)}…`;
}

/** A text of exactly this width. */
export function fit(text: string, width: number): string {
  return cut(text, width).padEnd(Math.max(0, width));
}

/** Breaks a text at spaces into lines of at most this width; longer words are cut into pieces. */
export function broken(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length > width) {
      lines.push(line);
      line = '';
    } else if (line !== '') {
      line += ' ';
    }
    while (line.length + rest.length > width) {
      lines.push(line + rest.slice(0, width - line.length));
      rest = rest.slice(width - line.length);
      line = '';
    }
    line += rest;
  }
  lines.push(line);
  return lines;
}

/** The text of a line without its styles. */
export function plainText(line: Line): string {
  return line.map(({ text }) => text).join('');
}

/**
 * A bar of a buffer: `[####....|...]`.
 * @param fill how much of it is full, 0 to 1: more than nothing shows at least one `#`
 * @param mark where a `|` stands, 0 to 1; null: nowhere
 */
export function bar(fill: number, mark: number | null, width: number): string {
  const share = Math.min(1, Math.max(0, fill));
  const full = share > 0 ? Math.max(1, Math.floor(share * width)) : 0;
  const cells: string[] = Array.from({ length: width }, (_, at) => (at < full ? '#' : '.'));
  if (mark !== null) cells[Math.min(width - 1, Math.floor(mark * width))] = '|';
  return `[${cells.join('')}]`;
}
