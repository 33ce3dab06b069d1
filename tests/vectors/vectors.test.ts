/** Test vectors: what is in the JSON, and the C programs on this machine's kernel. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EPOLL_CTL_ADD, EPOLLIN, type Scenario } from '../../src/scenario/index.js';
import { scenarioNamed, scenarios } from '../../src/scenarios/index.js';
import { NoC } from '../../src/vectors/emit.js';
import { vectorC, vectorJson } from '../../src/vectors/program.js';
import { allOptions, vectorName, vectorOf } from '../../src/vectors/vector.js';
import { whyNotLive } from '../live/kernel.js';

interface Json { tasks: { name: string; kind: string; parent: number | null }[]; steps: { text: string; ret: unknown; sleeps?: boolean; stored?: string }[]; moves: string[]; notDetermined: string[] }

const jsonOf = (name: string, options: Record<string, string> = {}): Json => vectorJson(vectorOf(scenarioNamed(name)!, options)) as Json;

test('a vector has every call, who makes it, what it answers and stores, and where it sleeps', () => {
  const { tasks, steps, moves } = jsonOf('read-once', { trigger: 'ET' });
  expect(tasks).toEqual([{ task: 0, name: 'reader', kind: 'process', parent: null }, { task: 1, name: 'writer', kind: 'process', parent: 0 }]);
  expect(steps[0]).toMatchObject({ text: 'pipe([3, 4]) = 0', ret: '0', stored: '3 4' });
  expect(steps.find(({ text }) => text.startsWith('fork'))).toMatchObject({ ret: { pidOf: 1 } });
  const wait = steps.findIndex(({ text }) => text.startsWith('epoll_wait'));
  expect(steps[wait]).toMatchObject({ ret: '1', stored: '1:3', sleeps: true });
  // it begins, the writer writes, it ends
  const at = moves.indexOf(`begin ${wait + 1}`);
  expect(moves.slice(at, at + 4)).toEqual([`begin ${wait + 1}`, `begin ${wait + 2}`, `end ${wait + 2}`, `end ${wait + 1}`]);
});

test('pauses of programs are no steps, and what is not determined is said', () => {
  expect(jsonOf('timer-loop').steps.some(({ text }) => text.includes('nanosleep'))).toBe(false);
  expect(jsonOf('timer-loop').notDetermined.join()).toContain('a timer runs in real time');
  expect(jsonOf('slow-reader').notDetermined.join()).toContain('how much fits');
  expect(jsonOf('herd', { trigger: 'LT', exclusive: 'no' }).notDetermined.join()).toContain('which child');
});

test('every scenario with every combination of options has a vector; most have C', () => {
  let withC = 0;
  for (const scenario of scenarios) {
    const [first, ...others] = allOptions(scenario);
    const names = new Set([first, ...others].map((options) => vectorName({ scenario: scenario.name, options } as never)));
    expect(names.size).toBe(others.length + 1);
    const vector = vectorOf(scenario, first);
    expect((vectorJson(vector) as Json).steps.length).toBe(vector.steps.length);
    try {
      vectorC(vector);
      withC++;
    } catch (error) {
      expect(error).toBeInstanceOf(NoC);
    }
  }
  expect(withC).toBeGreaterThanOrEqual(13);
});

test('a call that cannot be written as C is named', () => {
  const odd: Scenario = { name: 'odd', title: '', about: '', programs: () => ({ *main(sys) { yield* sys.alarm(0); } }) };
  expect(() => vectorC(vectorOf(odd))).toThrow('alarm()');
});

const why = whyNotLive();
if (why !== null) {
  // oxlint-disable-next-line jest/no-disabled-tests -- only the kernel that is modelled can be asked
  test.skip(`the C programs are not run on the real kernel: ${why}`, () => {});
} else {
  describe('on the real kernel', () => {
    const folder = mkdtempSync(join(tmpdir(), 'epollsim-vectors-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const run = (scenario: Scenario, options: Record<string, string>): string => {
      const program = join(folder, 'vector');
      writeFileSync(`${program}.c`, vectorC(vectorOf(scenario, options)));
      execFileSync('gcc', ['-Wall', '-Wextra', '-Werror', '-pthread', '-o', program, `${program}.c`]);
      return spawnSync(program, { encoding: 'utf8', timeout: 60_000 }).stdout;
    };

    test.each(['read-once', 'echo', 'accept-once', 'oneshot', 'herd', 'during-scan', 'dup-close', 'half-close', 'reset', 'nested', 'signal-wait', 'slow-reader', 'timer-loop'])('%s: the C program answers as the model', (name) => {
      const scenario = scenarioNamed(name)!;
      const tap = run(scenario, allOptions(scenario).at(-1)!);
      expect(tap).not.toMatch(/^not ok/m);
      expect(tap).toMatch(/^ok 7 [^]*\n1\.\.\d+\n$/m);
    }, 120_000);

    test('a wrong answer is seen', () => {
      const wrong: Scenario = {
        name: 'wrong', title: '', about: '',
        programs: () => ({
          *main(sys) {
            const [r] = sys.must(yield* sys.pipe());
            const ep = sys.must(yield* sys.epoll_create1());
            sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN }));
            yield* sys.epoll_wait(ep, 8, 0);
          },
        }),
      };
      const vector = vectorOf(wrong);
      vector.steps.find(({ row }) => row.name === 'epoll_wait')!.ret = 1;
      const program = join(folder, 'wrong');
      writeFileSync(`${program}.c`, vectorC(vector));
      execFileSync('gcc', ['-pthread', '-o', program, `${program}.c`]);
      const { status, stdout } = spawnSync(program, { encoding: 'utf8', timeout: 60_000 });
      expect([status, /^not ok 4/m.test(stdout)]).toEqual([1, true]);
    }, 60_000);
  });
}
