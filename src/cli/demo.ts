/**
 * `epollsim demo`: the scenario read-once on two machines, level-triggered on the left and edge-triggered on the right, with the ready list
 * after each step. A sentence for each place where they part is printed when that place is really found in the two runs.
 */

import type { EventpollView } from '../inspect/view.js';
import { startScenario, type LogLine, type Machine } from '../scenario/index.js';
import { readOnce } from '../scenarios/readOnce.js';
import { coloursFor, cut, print, widthOf, wrap } from './output.js';

/** One step of one run, short enough for half a line. */
interface Row {
  readonly timeMs: number;
  readonly kind: 'write' | 'event' | 'nothing' | 'sleep' | 'read';
  readonly text: string;
  /** descriptors on rdllist after the step */
  readonly ready: readonly number[];
}

function readyList(m: Machine): number[] {
  const view = m.view();
  const ep: EventpollView | undefined = view.eventpolls[0];
  return (ep?.rdllist ?? []).map((id) => view.items.find((item) => item.id === id)!.fd);
}

/** The kind and the text of a line that the demo shows; null: it shows others. */
function shortOf(line: LogLine): Pick<Row, 'kind' | 'text'> | null {
  const { call, kind, ret, text } = line;
  if (call === 'epoll_wait') {
    if (kind === 'unfinished') return { kind: 'sleep', text: 'epoll_wait sleeps' };
    return ret === 0 ? { kind: 'nothing', text: 'epoll_wait: time over' } : { kind: 'event', text: `epoll_wait: ${/u32=(\d+)/.exec(text)![1]} EPOLLIN` };
  }
  const bytes = /"[^"]*"/.exec(text)?.[0] ?? '';
  if (call === 'read') return { kind: 'read', text: `read ${bytes}` };
  return call === 'write' ? { kind: 'write', text: `write ${bytes}` } : null;
}

/** All steps of one run. */
function rowsOf(trigger: 'LT' | 'ET'): Row[] {
  const rows: Row[] = [];
  const story = startScenario(readOnce, { trigger }, {
    onLine: (line) => {
      const short = shortOf(line);
      if (short !== null) rows.push({ ...short, timeMs: line.timeNs / 1e6, ready: readyList(story.machine) });
    },
  });
  story.run();
  return rows;
}

/** A pair of rows side by side; one may be missing. */
interface Pair {
  readonly timeMs: number;
  readonly lt: Row | null;
  readonly et: Row | null;
}

/** Rows of the same instant side by side. */
function pairsOf(lt: readonly Row[], et: readonly Row[]): Pair[] {
  const times = [...new Set([...lt, ...et].map(({ timeMs }) => timeMs))].sort((a, b) => a - b);
  return times.flatMap((timeMs) => {
    const left = lt.filter((row) => row.timeMs === timeMs);
    const right = et.filter((row) => row.timeMs === timeMs);
    return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => ({ timeMs, lt: left[i] ?? null, et: right[i] ?? null }));
  });
}

/** A difference: where in the pairs it is, and what there is to say. */
interface Note {
  readonly at: (pair: Pair, before: Pair | undefined) => boolean;
  readonly text: string;
}

const NOTES: readonly Note[] = [
  {
    at: ({ lt, et }) => lt?.kind === 'event' && et?.kind === 'event' && lt.ready.length > 0 && et.ready.length === 0,
    text: 'Both are told. epoll_wait takes an item off rdllist to report it; level-triggered it puts it back at once, edge-triggered it does not.',
  },
  {
    at: ({ lt, et }) => lt?.kind === 'event' && et?.kind === 'sleep',
    text: 'Six bytes are left in the pipe. Level-triggered, epoll_wait finds the item on rdllist, asks the pipe, and tells again. Edge-triggered, rdllist is '
      + 'empty and nobody asks the pipe: the call sleeps.',
  },
  {
    at: ({ lt, timeMs }) => timeMs > 0 && lt?.kind === 'sleep' && lt.ready.length === 0,
    text: 'Level-triggered, epoll_wait asked once more, the pipe was empty, and only then the item left rdllist.',
  },
  {
    at: ({ lt, et }) => lt?.kind === 'read' && et?.kind === 'read' && lt.text !== et.text,
    text: 'Two new bytes put the item on rdllist again, on both sides. Edge-triggered the reader gets old bytes: it is behind, and stays behind.',
  },
  {
    at: ({ et }, before) => et?.kind === 'nothing' && before?.lt?.kind !== 'nothing',
    text: 'Edge-triggered, four bytes lie in the pipe and no event will ever tell of them. With EPOLLET, read until EAGAIN.',
  },
];

function half(row: Row | null, width: number): string {
  if (row === null) return ' '.repeat(width);
  const list = `rdllist=[${row.ready.join(' ')}]`;
  return `${cut(row.text, width - list.length - 1).padEnd(width - list.length)}${list}`;
}

/** Runs the command. */
export function demoCommand(): void {
  const colours = coloursFor(process.stdout);
  const width = Math.min(widthOf(process.stdout), 110);
  const column = Math.floor((width - 9) / 2);
  const pairs = pairsOf(rowsOf('LT'), rowsOf('ET'));
  print(colours.bold('The same ten bytes, level-triggered and edge-triggered'));
  print();
  for (const line of wrap('A writer puts ten bytes into a pipe, and later two more. A reader watches the pipe (descriptor 3) with epoll and reads four bytes for each '
    + 'event. rdllist is the list of items that epoll_wait will look at. Left and right differ in one bit, EPOLLET.', width)) print(line);
  print();
  print(colours.bold(`${'level-triggered (LT)'.padEnd(column)} | ${'edge-triggered (ET)'.padEnd(column)}`).trimEnd());
  const notes: string[] = [];
  let time = -1;
  pairs.forEach((pair, index) => {
    if (pair.timeMs !== time) {
      const title = `-- ${pair.timeMs} ms `;
      print(colours.dim(`${title}${'-'.repeat(column - title.length)}-+-${'-'.repeat(column)}`));
    }
    time = pair.timeMs;
    const found = NOTES.filter(({ at, text }) => !notes.includes(text) && at(pair, pairs[index - 1]));
    for (const { text } of found) notes.push(text);
    const mark = found.map(({ text }) => `(${notes.indexOf(text) + 1})`).join('');
    const same = pair.lt?.text === pair.et?.text && pair.lt?.ready.join() === pair.et?.ready.join();
    const right = half(pair.et, column);
    print(`${half(pair.lt, column)} | ${same ? right : colours.cyan(right)} ${colours.yellow(mark)}`.trimEnd());
  });
  print();
  notes.forEach((text, index) => wrap(`(${index + 1}) ${text}`, width, '    ').forEach((line) => print(line)));
  print();
  print(colours.bold('What to try next'));
  for (const [command, what] of NEXT) print(`  ${command.padEnd(46)}${what}`);
}

const NEXT: readonly (readonly [string, string])[] = [
  ['npx epollsim run read-once --trigger et', 'the right side in full'],
  ['npx epollsim run during-scan', 'events during epoll_wait'],
  ['npx epollsim run herd --option exclusive=yes', 'one job for four workers'],
  ['npx epollsim list', 'all the stories'],
  ['npx epollsim --help', 'what else there is'],
];
