/** Exports as text: function graph, Chrome trace, Mermaid, SVG, strace, recording. Steps mean the same in all of them. */

import { exportFormats, type Capture } from '../../src/export/index.js';
import { machine, replayScenario, ScenarioError } from '../../src/scenario/index.js';
import { scenarioNamed, scenarios } from '../../src/scenarios/index.js';
import { functionGraph, readTrace } from '../../src/inspect/index.js';
import { Capture as CaptureClass } from '../../src/export/index.js';
import { captured } from './support.js';

const text = (capture: Capture, kind: string): string => exportFormats[kind]!.write(capture) as string;
const captures = scenarios.map(({ name }) => [name, captured(name)] as const);

interface Slice { name: string; ph: string; pid: number; tid: number; ts: number; dur: number; id: number; cat: string }

const eventsOf = (capture: Capture): Slice[] => (JSON.parse(text(capture, 'perfetto')) as { traceEvents: Slice[] }).traceEvents;

test('a capture needs a trace', () => {
  expect(() => new CaptureClass(machine())).toThrow(ScenarioError);
});

describe.each(captures)('%s', (_name, capture) => {
  test('calls: every function that was entered is a line, and braces are closed except those of calls that never returned', () => {
    const graph = text(capture, 'calls');
    const entered = readTrace(capture.machine.kernel.trace!).filter(({ kind }) => kind === 'enter' || kind === 'syscall');
    const lines = graph.split('\n').filter((line) => /\|\s+\w+\(.*\) \{$|\|\s+\w+\(.*\);/.test(line));
    expect(lines).toHaveLength(entered.length);
    expect(lines.map((line) => Number(line.slice(0, 6)))).toEqual(entered.map(({ step }) => step));
    const open = (graph.match(/ \{$/gm) ?? []).length - (graph.match(/\|\s+\}/g) ?? []).length;
    const tasks = new Set(entered.map(({ task }) => task));
    const left = [...tasks].flatMap((task) => functionGraph(capture.machine.kernel, 0, Infinity, task)).filter(({ ret }) => ret === undefined).length;
    expect(left).toBe(0);
    // exit never returns, nor does what it was called from
    expect(open).toBeGreaterThanOrEqual(0);
    expect(open).toBeLessThanOrEqual(3 * tasks.size);
  });

  test('perfetto: slices of a track are nested, each call is one of them, and every arrow ends once', () => {
    const events = eventsOf(capture);
    const slices = events.filter(({ ph }) => ph === 'X');
    for (const track of new Set(slices.map(({ pid, tid }) => `${pid} ${tid}`))) {
      const ends: number[] = [];
      for (const { ts, dur } of slices.filter(({ pid, tid }) => `${pid} ${tid}` === track).sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
        while (ends.length > 0 && ends.at(-1)! <= ts) ends.pop();
        if (ends.length > 0) expect(ts + dur).toBeLessThanOrEqual(ends.at(-1)!);
        ends.push(ts + dur);
      }
    }
    // rt_sigreturn is made by the C library behind a handler, not by the program
    const calls = slices.filter(({ cat, name }) => cat === 'syscall' && name !== 'rt_sigreturn').map(({ name, tid }) => `${tid} ${name}`).sort();
    expect(calls).toEqual(capture.calls.map(({ pid, name }) => `${pid} ${name}`).sort());
    const starts = events.filter(({ ph }) => ph === 's').map(({ id }) => id);
    for (const { id } of events.filter(({ ph }) => ph === 'f')) expect(starts).toContain(id);
  });

  test('mermaid: every lane is declared, and every line is one of the language', () => {
    const lines = text(capture, 'mermaid').trimEnd().split('\n');
    expect(lines.shift()).toBe('sequenceDiagram');
    const lanes = new Set<string>();
    for (const line of lines) {
      const declared = /^ {2}participant (p\d+) as [^;]+$/.exec(line.replace(/#\d+;/g, '?'));
      if (declared !== null) lanes.add(declared[1]!);
      const used = /^ {2}(?:(p\d+)(?:->>|-x)(p\d+)|Note over (p\d+)): [^;{}]*$/.exec(line.replace(/#\d+;/g, '?'));
      expect([line, declared !== null || used !== null]).toEqual([line, true]);
      for (const lane of used?.slice(1).filter((one) => one !== undefined) ?? []) expect(lanes).toContain(lane);
    }
  });

  test('svg: well-formed, with a line of life for each program and an arrow for each packet', () => {
    const picture = text(capture, 'svg');
    const stack: string[] = [];
    for (const [, close, name, self] of picture.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
      if (close === '/') expect(stack.pop()).toBe(name);
      else if (self !== '/') stack.push(name!);
    }
    expect(stack).toEqual([]);
    expect(picture.match(/class="life"/g)!.length).toBeGreaterThanOrEqual(capture.tasks.size);
    expect((picture.match(/class="(packet|lost)"/g) ?? []).length).toBe(capture.packets.length);
    expect(picture).not.toContain('undefined');
    expect(picture).not.toContain('NaN');
  });
});

test('the recording brings the same run back, with the same steps', () => {
  const capture = captured('herd', {}, { seed: 5 });
  const story = replayScenario(text(capture, 'recording').trim(), scenarioNamed('herd')!, { trace: true, log: Infinity });
  const again = new CaptureClass(story.machine);
  story.run();
  for (const kind of ['strace', 'calls', 'perfetto', 'mermaid', 'svg']) expect(text(again, kind)).toBe(text(capture, kind));
});

test('a step is the same step in each export', () => {
  const capture = captured('echo');
  const syn = capture.packets[0]!;
  expect(text(capture, 'svg')).toContain(`<text class="step" x="48" y="`);
  expect(text(capture, 'svg')).toContain(`>${syn.step}</text>`);
  expect(text(capture, 'calls')).toMatch(new RegExp(`^ +${syn.step} .*segment SYN`, 'm'));
  expect(eventsOf(capture).some(({ name, ts }) => name === 'segment SYN' && ts === syn.step)).toBe(true);
});
