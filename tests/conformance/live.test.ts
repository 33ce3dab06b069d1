/**
 * The model against this machine's kernel: kept differences, the scripts that were recorded on another Linux, and some random programs.
 * `npm run conformance` runs more of them.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/calls/program.js';
import { runProgram } from '../../src/calls/runner.js';
import { parseFile, parseScript, type ScriptFile } from '../../src/calls/script.js';
import { recording, scenarios } from './kernel-calls/recorded.js';
import { answerOf, compareWithModel, programOf } from '../live/differ.js';
import { generate } from '../live/generate.js';
import { RealKernel, whyNotLive } from '../live/kernel.js';
import { regressionLines } from '../live/regression.js';
import { search } from '../live/search.js';
import { shrink } from '../live/shrink.js';
import { toWire } from '../live/wire.js';

const KEPT = join(__dirname, 'regressions');
const files = existsSync(KEPT) ? readdirSync(KEPT).filter((name) => name.endsWith('.jsonl')).sort() : [];
const kept = (name: string): ScriptFile => parseFile(readFileSync(join(KEPT, name), 'utf8'), name);
const why = whyNotLive();

test.each(files)('%s: what once differed answers as Linux did', (name) => {
  const { script, recording: stored } = kept(name);
  const { model, same } = compareWithModel(compile(script), { calls: stored!.calls, ms: [] });
  expect(same ? [] : model.map(answerOf)).toEqual(same ? [] : stored!.calls.map(answerOf));
});

describe('the tools', () => {
  test('the same seed is the same program, and every program can be run', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const lines = generate(seed, { tasks: seed % 2 === 0 });
      expect(generate(seed, { tasks: seed % 2 === 0 })).toEqual(lines);
      expect(runProgram(programOf(lines), { log: false }).calls.length).toBeGreaterThan(3);
    }
  });

  test('a program becomes as short as it can be: lines, and what poll asks, that do not matter are left out', () => {
    const lines = generate(7, { tasks: false });
    const long = [...lines, 'q = eventfd2(1, EFD_NONBLOCK)', 'z = epoll_create1(0)', 'poll(z:POLLIN, q:POLLIN, q:POLLOUT, 0)', ...lines.map((line) => line.replace(/^[\w, ]+ = /, ''))];
    const stays = (some: readonly string[]): boolean => some.some((line) => /poll\(.*q:POLLIN/.test(line)) && some.some((line) => line.startsWith('q ='));
    expect(shrink(long, stays)).toEqual(['q = eventfd2(1, EFD_NONBLOCK)', 'poll(q:POLLIN, 0)']);
  });

  test('a program on the wire: tasks, numbers of calls, memory with places for descriptors', () => {
    const wire = toWire(programOf(['e = epoll_create1(0)', '@w epoll_ctl(e, EPOLL_CTL_ADD, e, EPOLLIN)', 'poll(e:POLLIN, 0)']));
    expect(wire).toBe('P 2 0\nL 0 c 291 0 0 0 -1 i0\nL 1 c 233 0 0 -1 -1 s0 i1 s0 b12:12:0:010000000000000000000000:\nL 0 c 7 0 0 -1 -1 b8:8:1:0000000001000000:f0=0 i1 i0\nE\n');
  });

  test('a kept difference reads back as it was written', () => {
    const lines = ['e = epoll_create1(0)', 'epoll_wait(e, 8, 0)'];
    const { calls } = runProgram(programOf(lines), { log: false });
    const back = parseFile(regressionLines('a title', 'Linux', lines, calls).join('\n'), 'x.jsonl');
    expect([back.script.title, back.recording!.calls.map(answerOf)]).toEqual(['a title', calls.map(answerOf)]);
  });
});

if (why !== null) {
  // oxlint-disable-next-line jest/no-disabled-tests -- only the kernel that is modelled can be asked
  test.skip(`nothing is run on the real kernel: ${why}`, () => {});
} else {
  describe('on the real kernel', () => {
    const kernel = new RealKernel(join(__dirname, '../live'));
    afterAll(() => kernel.close());

    test('what was kept: this kernel answers as the one that is written down', () => {
      const programs = files.map((name) => compile(kept(name).script));
      const given = kernel.run(programs);
      files.forEach((name, index) => {
        const stored = kept(name).recording!.calls;
        expect([name, given[index]?.calls.map(answerOf)]).toEqual([name, stored.map(answerOf)]);
      });
    });

    test('scripts recorded on Linux 6.1 answer alike on this kernel and on the model', () => {
      // one that waits for a page needs userfaultfd; how many bytes the two-step write leaves in which buffer is no fact of epoll
      const names = scenarios.filter((name) => !recording(name).script.some((line) => line.includes('fault')) && name !== 'sndbuf-blocked-writer');
      const programs = names.map((name) => compile(parseScript(recording(name).script)));
      const given = kernel.run(programs);
      names.forEach((name, index) => {
        expect([name, runProgram(programs[index]!, { log: false }).calls.map(answerOf)]).toEqual([name, given[index]?.calls.map(answerOf)]);
      });
    });

    test('random programs answer alike', () => {
      const { counts, found } = search(kernel, {
        seed: 618, programs: 400, shape: 'both', differences: 1, until: Date.now() + 30_000, progress: () => {}, found: () => {},
      });
      expect(found.map(({ seed, lines, what }) => `seed ${seed}: ${what}\n${lines.join('\n')}`)).toEqual([]);
      expect(counts.calls).toBeGreaterThan(1000);
    }, 120_000);
  });
}
