/** Frames: every built-in scenario fits every size and says nothing broken; what stands in the panes is what the session says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pc from 'picocolors';
import { logSource, Session, scenarioSource } from '../../src/debug/index.js';
import { programs } from '../../src/programs/index.js';
import { scenarios } from '../../src/scenarios/index.js';
import { Debugger, frame, paint, plainText, SMALLEST } from '../../src/terminal/index.js';
import { root } from '../tidy/source.js';
import { after, debuggerOf, LARGE, PROGRAM, screen, SMALL } from './support.js';

const NARROW = { columns: 60, rows: 20 };
/** Their broken versions never end. */
const ENDLESS: ReadonlySet<string> = new Set(['epollout-stays', 'emfile-spin', 'hup-ignored', 'short-timeout']);

test.each([...scenarios, ...programs].map((scenario) => [scenario.name, scenario] as const))('%s fits every size, and nothing in it is broken', (name, scenario) => {
  const session = new Session(scenarioSource(scenario, ENDLESS.has(name) ? { version: 'fixed' } : {}), { maxSteps: 400 });
  const debug = new Debugger(session, { read: () => PROGRAM, exportTo: () => '' });
  for (const part of [0, 0.3, 0.6, 0.9, 1]) {
    const step = session.goto(Math.round((session.count - 1) * part));
    for (const size of [SMALL, LARGE, NARROW]) {
      const lines = screen(debug, size);
      expect(lines).toHaveLength(size.rows);
      expect(lines.filter((line) => line.length !== size.columns)).toEqual([]);
      expect(lines.filter((line) => /undefined|NaN|\[object|=null/.test(line))).toEqual([]);
      expect(lines[0]).toContain(`step ${step} of ${session.count - 1}`);
      expect(`${lines[1]}${lines[2]}`.replace(/\s+/g, ' ')).toContain(session.sentence().slice(0, size.columns - 20));
    }
  }
});

test('a step in the middle of a write: the stack, the mark of what changed, the queues with what they call, the buffers', () => {
  const debug = debuggerOf('during-scan');
  const { session } = debug;
  session.continue({ kind: 'change', path: `${session.viewAt(200).eventpolls[0]!.name}.ovflist` });
  while (!session.sentence().includes('chained')) session.continue({ kind: 'change', path: `${session.viewAt(200).eventpolls[0]!.name}.ovflist` });
  const text = after(debug, '', LARGE);
  expect(text).toMatch(/#0 {2}ep_poll_callback {2}\(step \d+\)/);
  expect(text).toMatch(/#\d {2}write\(\) {2}\(step \d+\)/);
  expect(text).toMatch(/│ \*ovflist {2}\d/);
  expect(text).toMatch(/│ {2}txlist {3}(empty|\d)/);
  expect(text).toMatch(/\*fd \d+ IN\S*, .*on ovflist/);
  expect(text).toMatch(/\d ep_poll_callback -> fd \d+ of ep#\d+/);
  expect(text).toMatch(/pipe#\d+ \(.*\) \[#\.+\] \d+B 1\/16 slots 1r 1w/);
  expect(text).toContain('fired during a scan and was chained on ovflist');
  expect(text).toMatch(/=> +\d+ line \d+/);
});

test('what gives way at 80x24 is named, and comes when it gets the focus', () => {
  const debug = debuggerOf('echo');
  const at = debug.session.continue({ kind: 'function', name: 'ep_send_events' }).step;
  debug.session.goto(at);
  debug.message = '';
  const less = { columns: 80, rows: 21 };
  const small = after(debug, '', less);
  const hidden = /not enough room for: (\d) (\w+)/.exec(small);
  expect(hidden).not.toBeNull();
  expect(small).not.toMatch(new RegExp(`─ ${hidden![1]} ${hidden![2]}`));
  expect(after(debug, hidden![1]!, less)).toMatch(new RegExp(`═ ${hidden![1]} ${hidden![2]!.toUpperCase()}`));
  expect(after(debug, '<esc>1', LARGE)).toMatch(new RegExp(`─ ${hidden![1]} ${hidden![2]}`));
  const zoomed = after(debug, '5z');
  expect(zoomed).not.toContain('│─');
  expect(zoomed).toMatch(/rbr +\d+[br]/);
});

test('TCP buffers have a mark at the third that makes them writable, and the low-water mark', () => {
  const debug = debuggerOf('slow-reader');
  debug.session.continue({ kind: 'errno', name: 'EAGAIN' });
  const text = after(debug, '7z', LARGE);
  expect(text).toMatch(/sock#\d+ .* ESTABLISHED .*NOSPACE/);
  expect(text).toMatch(/snd \[[#.]{16}\|\.{7}\] \d+\/\d+ \|: 1\/3 free/);
  expect(text).toMatch(/rcv \[.*\] \d+\/\d+ \d+B lowat 1/);
});

test('a log of a real program has its own lines as its program', () => {
  const text = readFileSync(join(root, 'tests/conformance/strace/lt-echo.log'), 'latin1').split('\n').slice(0, 60).join('\n');
  const session = new Session(logSource('lt-echo.log', text));
  const debug = new Debugger(session, { read: (file) => (file === 'lt-echo.log' ? text.split('\n') : null), exportTo: () => '' });
  session.continue({ kind: 'call', name: 'epoll_wait' });
  expect(after(debug, '', LARGE)).toMatch(/=> +\d+ .*epoll_wait\(/);
  expect(after(debug, 'f')).toContain('the log gives the schedule');
});

test('colours only add: without them the text is the same, and every mark is text', () => {
  const debug = debuggerOf('read-once');
  debug.session.continue({ kind: 'function', name: 'ep_poll_callback' });
  const lines = frame(debug, SMALL);
  const plain = lines.map((line) => paint(line, pc.createColors(false)));
  const coloured = lines.map((line) => paint(line, pc.createColors(true)));
  expect(plain).toEqual(lines.map(plainText));
  expect(coloured.join('')).toContain('\u001b[');
  // oxlint-disable-next-line no-control-regex
  expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain);
});

test('a terminal that is too small says so in its width', () => {
  const lines = screen(debuggerOf('read-once'), { columns: 20, rows: 8 });
  expect(lines).toEqual(['at least 40x12, plea…'.slice(0, 19) + '…']);
  expect(screen(debuggerOf('read-once'), SMALLEST)).toHaveLength(SMALLEST.rows);
});

test('the picture in docs/debugging.md is a frame', () => {
  const doc = readFileSync(join(root, 'docs/debugging.md'), 'utf8');
  const picture = /```text\n( during-scan {2}step (\d+) of [^]*?)\n```/.exec(doc)!;
  const debug = debuggerOf('during-scan');
  debug.session.goto(Number(picture[2]));
  const lines = screen(debug, { columns: 100, rows: 28 }).map((line) => line.trimEnd());
  // the lines of the program are those of the built package
  const isProgram = (line: string): boolean => /^(═ 1 PROGRAM|..(=> |   ) *\d+ )/.test(line);
  const kept = (all: readonly string[]): string[] => all.map((line) => (isProgram(line) ? line.slice(line.indexOf('│')) : line));
  expect(kept(picture[1]!.split('\n'))).toEqual(kept(lines));
});
