/**
 * The first of two readings of a log: finds the calls whose halves are further apart than a reader looks ahead, such as the
 * wait4 of a shell that lasts from the first line to the last. Looks only at how lines begin and end, so it costs little,
 * and remembers one entry for each such call and one for each thread.
 */

import { copyOf } from './cache.js';
import type { Half } from './parseLine.js';
import { DEFAULT_WINDOW } from './reader.js';

const PREFIX_END = 0x3a;
const UNFINISHED = '<unfinished ...>';
const SUPERSEDED = '+++ superseded by execve in pid ';

/** The calls of a log whose second half is more than `window` events away, by the line of their entry. */
export function findLongCalls(chunks: Iterable<string>, window = DEFAULT_WINDOW): Map<number, Half | null> {
  const found = new Map<number, Half | null>();
  const open = new Map<string, number>();
  let line = 0;
  for (const [text, start, end] of linesOf(chunks)) {
    line++;
    const body = bodyAt(text, start);
    const isResumed = text.charCodeAt(body) === 0x3c;
    const isUnfinished = !isResumed && text.startsWith(UNFINISHED, end - UNFINISHED.length);
    const isSuperseded = !isResumed && text.startsWith(SUPERSEDED, body);
    if (!isResumed && !isUnfinished && !isSuperseded) continue;
    const pid = /^\d* /.exec(text.slice(start, start + 20))?.[0] ?? '';
    if (isUnfinished) open.set(pid, line);
    else if (isSuperseded) {
      const by = `${text.slice(body + SUPERSEDED.length, end).split(' ', 1)[0]!} `;
      const entry = open.get(by);
      if (entry !== undefined) open.set(pid, entry);
      open.delete(by);
    } else {
      const entry = open.get(pid);
      open.delete(pid);
      const rest = text.indexOf(' resumed>', body) + 9;
      if (entry !== undefined && 2 * (line - entry) > window && rest <= end) {
        found.set(entry, { text: copyOf(text, rest, end), line, column: rest - start + 1 });
      }
    }
  }
  for (const entry of open.values()) if (2 * (line - entry) > window) found.set(entry, null);
  return found;
}

/** Where the body of a line begins: behind the thread id and the time. */
function bodyAt(text: string, start: number): number {
  let at = start;
  for (let c = text.charCodeAt(at); c <= PREFIX_END && c !== 0x2b && c !== 0x2d && c !== 0x0a; c = text.charCodeAt(++at));
  return at;
}

/** Every line of a text in pieces, as a text and where in it the line begins and ends. */
function* linesOf(chunks: Iterable<string>): Generator<readonly [string, number, number]> {
  let rest = '';
  for (const chunk of chunks) {
    const text = rest + chunk;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield [text, start, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end];
      start = end + 1;
    }
    rest = text.slice(start);
  }
}
