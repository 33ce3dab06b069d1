/**
 * A strace log as the source of a session: its lines are the lines, its calls are at their steps, and what the model did inside is at hand.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DebugError, logSource, Session } from '../../src/debug/index.js';
import { root } from '../tidy/source.js';

const text = readFileSync(join(root, 'tests/conformance/strace/lt-echo.log'), 'latin1');

test('a log is stepped through like a scenario: lines, places, functions, reasons', () => {
  const s = new Session(logSource('lt-echo.log', text));
  expect(s.run.end).toEqual({ halt: 'end of the log', failures: [] });
  expect(s.lines(s.count - 1).map((line) => line.text)).toEqual(text.split('\n').filter((line) => line !== ''));
  const { step } = s.continue({ kind: 'call', name: 'epoll_wait' });
  const { place, call } = s.state(step);
  expect(call!.name).toBe('epoll_wait');
  expect(place!.file).toBe('lt-echo.log');
  expect(text.split('\n')[place!.line - 1]).toContain('epoll_wait(');
  s.goto(s.count - 1);
  const event = s.reverse({ kind: 'function', name: 'ep_send_events' });
  expect(event.reached).toEqual([0]);
  const fd = [...s.evidence.items.values()].find(({ events }) => events.length > 0)!.fd;
  const why = s.why(fd, s.count - 1);
  expect(why.links.length).toBeGreaterThan(2);
  expect(why.links.map((link) => link.text).join('\n')).toMatch(/ep_poll_callback put fd|is ready/);
});

test('the schedule of a log cannot be forked, and a text that is no log is refused', () => {
  const lines = text.split('\n').slice(0, 40).join('\n');
  const s = new Session(logSource('beginning', lines));
  expect(() => s.fork(0, 1)).toThrow(DebugError);
  expect(() => logSource('empty', '')).toThrow('empty has no line that can be replayed');
});
