/** Keys: what each does to the position and to the screen. */

import { actionOf } from '../../src/terminal/keys.js';
import { after, debuggerOf, press, screen } from './support.js';

test('the hang of the edge-triggered server: the first screen names the key, the key names the cause', () => {
  const debug = debuggerOf('et-stops-early');
  expect(after(debug, '')).toContain('W: why does no event come?');
  const answer = after(debug, 'W');
  expect(answer).toContain('fd 3 is edge-triggered, and its edge was told at step');
  expect(answer).toContain('read until EAGAIN');
  expect(answer).toContain('MISSING');
  expect(answer).toContain('hazard');
  const told = /step (\d+) {2}server\(1\) is handed EPOLLIN for fd 3/.exec(answer)![1];
  expect(after(debug, 'j<enter>')).toContain(`step ${told} of`);
  expect(after(debug, "''")).toContain('step 0 of');
});

test('every move forward has one back', () => {
  const debug = debuggerOf('read-once');
  const { session } = debug;
  for (const [there, back] of ['sS', 'nN', '}{', ')('] as const) {
    session.goto(120);
    press(debug, `${there}${there}`);
    const far = session.step;
    expect(far).toBeGreaterThan(120);
    press(debug, back!);
    expect(session.step).toBeLessThan(far);
  }
  press(debug, ':130<enter>');
  expect(session.step).toBe(130);
  press(debug, ':+5<enter>');
  expect(session.step).toBe(135);
  press(debug, ':-6<enter>');
  expect(session.step).toBe(129);
  press(debug, '<right><left><left>');
  expect(session.step).toBe(128);
  press(debug, 'G');
  expect(session.step).toBe(session.count - 1);
  expect(after(debug, 's')).toContain('last step');
  press(debug, 'gS');
  expect(debug.message).toBe('this is the first step');
  expect(after(debug, ':9999999<enter>')).toContain('there is no step 9999999');
  expect(after(debug, ':x<enter>')).toContain('takes the number of a step');
});

test('n is a system call: its entry, then its return', () => {
  const debug = debuggerOf('read-once');
  press(debug, 'n');
  expect(debug.session.sentence()).toMatch(/calls|enters/);
  const { call } = debug.session.state();
  press(debug, 'n');
  expect(debug.session.step).toBe(call!.to);
  press(debug, 'sssu');
  expect(debug.session.step).toBeGreaterThan(call!.to!);
});

test('breakpoints: set by name, run to, run back to, listed, taken away', () => {
  const debug = debuggerOf('read-once');
  const { session } = debug;
  expect(after(debug, 'bep_poll_callback<enter>')).toContain('breakpoint 1: kernel function ep_poll_callback');
  expect(after(debug, 'c')).toContain('breakpoint 1: kernel function ep_poll_callback');
  expect(session.state().entry.name).toBe('ep_poll_callback');
  const first = session.step;
  press(debug, 'breturn read<enter>bEAGAIN<enter>bep#3.rdllist<enter>btask 2<enter>b77<enter>');
  expect([...session.stops.values()].map(({ kind }) => kind)).toEqual(['function', 'call', 'errno', 'change', 'task', 'step']);
  press(debug, 'c');
  expect(session.step).toBeGreaterThan(first);
  press(debug, 'C');
  expect(session.step).toBeLessThanOrEqual(first);
  expect(after(debug, 'bep_poll_calback<enter>')).toContain("nothing in this run is called 'ep_poll_calback'");
  expect(after(debug, 'bpoll_call<enter>')).toContain('did you mean ep_poll_callback');
  expect(after(debug, 'B')).toContain('kernel function ep_poll_callback');
  press(debug, '<enter>');
  expect(session.stops.has(1)).toBe(false);
  expect(after(debug, 'b<enter>')).toContain('a call fails with EAGAIN');
});

test('the last change of a picked row, and the one before it', () => {
  const debug = debuggerOf('read-once');
  const { session } = debug;
  press(debug, 'G');
  expect(after(debug, 'l')).toContain('pick what to follow');
  press(debug, ':200<enter>5jjj');
  expect(debug.row!.watch).toMatch(/^ep#\d+\.rdllist$/);
  press(debug, 'l');
  const last = session.step;
  expect(session.state().changed.map(({ path }) => path).join()).toMatch(/rdllist/);
  expect(screen(debug).join('\n')).toMatch(/>\*rdllist/);
  press(debug, 'l');
  expect(session.step).toBeLessThan(last);
  press(debug, 'L');
  expect(session.step).toBe(last);
});

test('bookmarks and the way back from a jump', () => {
  const debug = debuggerOf('read-once');
  const { session } = debug;
  press(debug, ":50<enter>ma:90<enter>mb'a");
  expect(session.step).toBe(50);
  press(debug, "'b");
  expect(session.step).toBe(90);
  press(debug, "''");
  expect(session.step).toBe(50);
  expect(after(debug, "'z")).toContain('there is no bookmark "z"');
});

test('a fork makes a branch, [ and ] go between them, and the first is kept', () => {
  const debug = debuggerOf('herd', {}, { preempt: 'all' });
  const { session } = debug;
  const before = session.count;
  expect(after(debug, 'f')).toMatch(/> step \d+ +which task runs: alternative \d instead of \d/);
  press(debug, '<enter>');
  expect(session.branches).toHaveLength(2);
  expect(session.branch.id).toBe(1);
  expect(after(debug, '[')).toContain('branch 0 of 2, the first one');
  expect(session.count).toBe(before);
  press(debug, ']');
  expect(session.branch.id).toBe(1);
  expect(after(debuggerOf('herd'), '[')).toContain('there is one branch');
});

test('a search finds the next step that says a word, and says when there is none', () => {
  const debug = debuggerOf('read-once');
  press(debug, '/EP_POLL_CALLBACK<enter>');
  const first = debug.session.step;
  expect(first).toBeGreaterThan(0);
  expect(debug.session.sentence()).toContain('ep_poll_callback');
  press(debug, '/<enter>');
  expect(debug.session.step).toBeGreaterThan(first);
  expect(after(debug, '/nothing like this<enter>')).toContain("'nothing like this' does not come any more");
});

test('focus, picked rows, and Enter on a line of the log', () => {
  const debug = debuggerOf('read-once');
  press(debug, 'G<tab>');
  expect(debug.focus).toBe('calls');
  press(debug, 'kkk');
  const step = debug.row!.step!;
  press(debug, '<enter>');
  expect(debug.session.step).toBe(step);
  press(debug, '<backtab><backtab>');
  expect(debug.focus).toBe('changes');
  expect(after(debug, '<enter>')).toContain('Enter goes to the step of a picked row');
  press(debug, '3');
  expect(debug.focus).toBe('stack');
});

test('questions about several descriptors are asked by picking one, or any by its number', () => {
  const debug = debuggerOf('during-scan');
  press(debug, 'G');
  const list = after(debug, 'w');
  expect(list).toMatch(/fd \d+ +pipe#\d+ in ep#\d+/);
  expect(after(debug, '<enter>')).toMatch(/WHY DID THE LAST EVENT COME FOR FD \d+/);
  expect(after(debug, '<esc>WG<enter>77<enter>')).toContain('WHY DOES NO EVENT COME FOR FD 77?');
  expect(after(debug, '<esc>WG<enter>x<enter>')).toContain("a descriptor is a number, not 'x'");
});

test('help shows every key that has one; unknown keys are named; q and Ctrl-C end it; exports are passed on', () => {
  const debug = debuggerOf('read-once');
  const help = screen(debug, { columns: 100, rows: 70 });
  expect(help.join('\n')).not.toContain('why does NO event come');
  press(debug, '?');
  const text = screen(debug, { columns: 100, rows: 70 }).join('\n');
  for (const key of ['W', 'w', 'H', 'l', 'L', 's', 'n', '}', 'u', 'g', 'G', ':N', '/', 'b', 'c', 'C', 'm', "'", 'f', '[', ']', 'o', 'Tab', 'z', 'q']) expect(text).toContain(`  ${key} `);
  press(debug, '<esc>');
  expect(debug.overlay).toBeNull();
  expect(after(debug, 'Q')).toContain('there is no key Q');
  expect(after(debug, 'osvg=a.svg<enter>')).toContain('wrote svg=a.svg');
  expect(after(debug, ':12<backspace><esc>')).not.toContain(': step');
  expect(actionOf('Q')).toBeNull();
  press(debug, 'q');
  expect(debug.ended).toBe(true);
  const other = debuggerOf('read-once');
  press(other, ':1<ctrl-c>');
  expect(other.ended).toBe(true);
});
