/**
 * Printing: colours on a terminal only, lines broken at the width of the terminal, and a reader who goes away (`| head`) is no error.
 */

import pc from 'picocolors';

/** Colours for a stream: none unless it is a terminal and NO_COLOR is not set. */
export function coloursFor(stream: { readonly isTTY?: boolean }): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && !('NO_COLOR' in process.env) && process.env['TERM'] !== 'dumb');
}

/** Columns to write in: those of the terminal, or 80. */
export function widthOf(stream: { readonly columns?: number }): number {
  return Math.max(40, stream.columns ?? 80);
}

/** Writes a line to standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Standard output that nobody reads any more ends the command without noise. */
export function stopQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
}

/** Breaks a text at spaces; every line but the first begins with `indent`. Words longer than a line stay whole. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' && lines.length === 0 ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** Cuts a text to a width; what is cut off is shown by `…`. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
