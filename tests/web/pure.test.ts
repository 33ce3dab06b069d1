/** What the page is made from, without a browser: where tree nodes stand, what a picture holds, links, predictions, comparisons. */

import { Session } from '../../src/debug/session.js';
import { scenarioSource } from '../../src/debug/source.js';
import type { TreeView } from '../../src/inspect/view.js';
import { scenarioNamed } from '../../src/scenarios/index.js';
import { partingOf } from '../../src/web/compareRuns.js';
import { exportRun, packetsOf } from '../../src/web/exportRun.js';
import { fragmentOf, LONGEST_FRAGMENT, readFragment, readOptions } from '../../src/web/fragment.js';
import { LONGEST_LOG, openLog, openRun } from '../../src/web/openRun.js';
import { isChanged, partText, pictureOf } from '../../src/web/picture.js';
import { answerText, gateBetween, gatesOf, isRight } from '../../src/web/predict.js';
import { placeNodes } from '../../src/web/treeLayout.js';

const leaf = (fd: number, red: boolean, left: TreeView | null = null, right: TreeView | null = null): TreeView => ({ item: fd + 100, fd, red, left, right });
const session = (name: string, options: Record<string, string> = {}, preempt = false): Session =>
  new Session(scenarioSource(scenarioNamed(name)!, options, preempt ? { preempt: 'all' } : {}));

test('a tree node stands at its rank in order, as deep as it is in the tree', () => {
  const placed = placeNodes(leaf(7, false, leaf(5, true), leaf(9, true, null, leaf(12, true))));
  expect(placed.map(({ fd, rank, depth, parent }) => [fd, rank, depth, parent?.rank ?? null])).toEqual([[5, 0, 1, 1], [7, 1, 0, null], [9, 2, 1, 1], [12, 3, 2, 2]]);
  expect(placeNodes(null)).toEqual([]);
});

test('a rotation moves no node sideways', () => {
  const before = placeNodes(leaf(5, false, null, leaf(7, true, null, leaf(9, true))));
  const after = placeNodes(leaf(7, false, leaf(5, true), leaf(9, true)));
  expect(after.map(({ fd, rank }) => [fd, rank])).toEqual(before.map(({ fd, rank }) => [fd, rank]));
  expect(after.map(({ depth }) => depth)).not.toEqual(before.map(({ depth }) => depth));
});

test('a link brings scenario, options and position back; a recording names all of it', () => {
  const link = { scenario: 'read-once', options: { trigger: 'ET' }, recording: null, preempt: true, step: 42 };
  expect(fragmentOf(link)).toBe('scenario=read-once&trigger=ET&preempt=all&t=42');
  expect(readFragment(`#${fragmentOf(link)}`)).toEqual(link);
  const recorded = { scenario: null, options: {}, recording: 'epollsim1:herd:all:1:AwQ:x;y=é', preempt: false, step: null };
  expect(readFragment(fragmentOf(recorded))).toEqual(recorded);
  expect(readFragment('#')).toBeNull();
});

test.each([
  ['#t=5', 'names neither a scenario nor a run'],
  ['#scenario=herd&t=-1', 't=-1'],
  ['#scenario=herd&t=1e9', 't=1e9'],
  ['#scenario=herd&preempt=some', 'preempt=some'],
  ['#scenario=herd&%3Cb%3E=1', 'it is torn'],
  [`#scenario=${'a'.repeat(LONGEST_FRAGMENT)}`, `at most ${LONGEST_FRAGMENT}`],
])('torn link %# says what is wrong', (text, message) => {
  expect(() => readFragment(text)).toThrow(message);
});

test('what is not there is refused with what there is', async () => {
  const wanted = { scenario: 'read-once', options: {}, recording: null, preempt: false, step: null };
  expect(() => openRun({ ...wanted, scenario: '<img src=x>' })).toThrow('expected one of read-once');
  expect(() => openRun({ ...wanted, options: { trigger: 'XX' } })).toThrow('trigger');
  expect(() => openRun({ ...wanted, recording: 'epollsim1:read-once:all' })).toThrow('a recording looks like');
  expect(() => readOptions('trigger')).toThrow('expected name=value');
  await expect(openLog(' \n')).rejects.toThrow('paste what strace');
  await expect(openLog('x'.repeat(LONGEST_LOG + 1))).rejects.toThrow('at most');
  await expect(openLog('this is no log\nat all\n')).rejects.toThrow('pasted log');
});

test('the picture of a scan has the item on txlist and the one that fired meanwhile on ovflist', () => {
  const s = session('during-scan');
  s.continue({ kind: 'when', holds: (step) => (s.viewAt(step).eventpolls[0]?.ovflist?.length ?? 0) > 0 });
  const { view, changed } = s.state();
  const [epoll] = pictureOf(view);
  const texts = epoll!.boxes[0]!.parts.map(partText);
  expect(texts.find((text) => text.startsWith('ovflist'))).toMatch(/^ovflist: fd \d+, EPOLL/);
  expect(texts.find((text) => text.startsWith('txlist'))).not.toBe('txlist: none');
  expect(isChanged(`eventpolls/${view.eventpolls[0]!.id}/ovflist`, changed)).toBe(true);
  expect(isChanged(`eventpolls/${view.eventpolls[0]!.id}/rbr`, changed)).toBe(false);
});

test('a socket has both buffers with their marks, its queue with what an entry calls, and its TCP state', () => {
  const s = session('slow-reader');
  s.continue({ kind: 'when', holds: (step) => s.viewAt(step).sockets.some((sock) => sock.nospace) });
  const { view } = s.state();
  const box = pictureOf(view).find(({ id }) => id === 'objects')!.boxes.find(({ parts }) => parts.some(({ name }) => name === 'nospace'))!;
  const text = box.parts.map(partText).join('\n');
  expect(text).toMatch(/state: ESTABLISHED/);
  expect(text).toMatch(/send buffer: .* one third is free at \d+/);
  expect(text).toMatch(/receive buffer: .* low-water mark 1/);
  expect(text).toMatch(/wq: .*calls (ep_poll_callback|pollwake|woken_wake_function|autoremove_wake_function)|wq: empty/);
});

test('a prediction is asked before the first event is handed out, and checked bit by bit', () => {
  const s = session('read-once', { trigger: 'ET' });
  const gates = gatesOf(s);
  expect(gates.map(answerText)).toEqual(['epoll_wait reports fd 3 with EPOLLIN', 'epoll_wait reports fd 3 with EPOLLIN', 'epoll_wait reports nothing']);
  const [first, , last] = gates;
  const [item] = [...first!.events.keys()];
  const asked = ['EPOLLIN', 'EPOLLHUP'];
  expect(gateBetween(gates, 0, s.count - 1, new Set())).toBe(first);
  expect(gateBetween(gates, 0, first!.step - 1, new Set())).toBeNull();
  expect(gateBetween(gates, 0, s.count - 1, new Set([first!]))).toBe(gates[1]);
  expect(isRight(first!, new Map([[item!, new Set(['EPOLLIN'])]]), asked)).toBe(true);
  expect(isRight(first!, new Map([[item!, new Set(['EPOLLIN', 'EPOLLHUP'])]]), asked)).toBe(false);
  expect(isRight(first!, new Map(), asked)).toBe(false);
  expect(isRight(last!, new Map(), asked)).toBe(true);
});

test('two runs part at the first call that differs; a run is like itself', () => {
  const [lt, et] = [session('read-once', { trigger: 'LT' }), session('read-once', { trigger: 'ET' })];
  const { line, step } = partingOf(lt, et);
  expect(line!.texts[0]).toContain('EPOLLIN,');
  expect(line!.texts[1]).toContain('EPOLLIN|EPOLLET');
  expect(step).toBeLessThanOrEqual(line!.steps[0]);
  expect(partingOf(lt, lt)).toEqual({ step: null, line: null });
});

test('exports are of the run that is looked at, and packets have its steps', () => {
  const s = session('echo');
  const scenario = scenarioNamed('echo')!;
  expect(exportRun(s, scenario, 'svg')).toMatch(/^<svg [\s\S]*SYN[\s\S]*<\/svg>\n$/);
  expect(exportRun(s, scenario, 'mermaid')).toMatch(/^sequenceDiagram\n/);
  const recording = exportRun(s, scenario, 'recording').trim();
  expect(openRun({ scenario: null, options: {}, recording, preempt: false, step: null }).session.count).toBe(s.count);
  const packets = packetsOf(s, scenario);
  expect(packets[0]!.text).toContain('SYN');
  expect(packets.every(({ step }) => step >= 0 && step < s.count)).toBe(true);
});
