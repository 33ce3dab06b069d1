/**
 * Every program under test does what its story says: the broken version breaks the law that it names and first that one, the fixed version keeps
 * all laws under many schedules.
 */

import { runUnderLaws, type Specimen, type Verdict } from '../../src/explore/index.js';
import { programNamed, programs } from '../../src/programs/index.js';
import { optionsOf, startScenario } from '../../src/scenario/index.js';

const SEEDS = 25;
const MOST_SEEDS = 400;

/** Every combination of the options' values. */
function variants(program: Specimen): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(program.options ?? {})) all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  return all;
}

const run = (program: Specimen, options: Record<string, string>, seed?: number): Verdict =>
  runUnderLaws(startScenario(program, options, { log: 0, ...(seed === undefined ? {} : { seed }) }), program.laws);

const table = programs.flatMap((program) => variants(program).map((options) => ({
  program, options, breaks: program.breaks(optionsOf(program, options)), title: `${program.name} ${Object.entries(options).map(([name, value]) => `${name}=${value}`).join(' ')}`,
})));

describe.each(table.filter(({ breaks }) => breaks !== null))('$title', ({ program, options, breaks }) => {
  test(`breaks ${breaks}, and nothing before it`, () => {
    const found = new Set<string>();
    for (let seed = 0; seed <= MOST_SEEDS && found.size === 0; seed++) {
      const { violation } = run(program, options, seed === 0 ? undefined : seed);
      if (violation !== null) found.add(violation.law);
    }
    expect([...found]).toEqual([breaks]);
  });
});

describe.each(table.filter(({ breaks }) => breaks === null))('$title', ({ program, options }) => {
  test(`keeps all its laws, first come first served and under ${SEEDS} schedules`, () => {
    for (let seed = 0; seed <= SEEDS; seed++) {
      const { violation, halt } = run(program, options, seed === 0 ? undefined : seed);
      expect({ seed, violation, halt }).toEqual({ seed, violation: null, halt: expect.stringMatching(/^(asleep|finished)$/) });
    }
  });
});

test.each(programs)('$name says what it shows, whose bug it is, and has a broken and a fixed version', ({ title, about, options, name, breaks }) => {
  expect(title).toMatch(/^[A-Z].{20,130}\.$/);
  expect(about.length).toBeGreaterThan(300);
  if (name === 'echo-loop') return;
  expect(about).toMatch(/#\d+|commit [0-9a-f]{7,}/);
  expect(options).toEqual({ version: ['broken', 'fixed'] });
  expect([breaks({ version: 'broken' }) === null, breaks({ version: 'fixed' })]).toEqual([false, null]);
});

test('the law that a program names is one of its laws', () => {
  for (const { program, breaks } of table) if (breaks !== null) expect(program.laws.map(({ name }) => name)).toContain(breaks);
});

test('a program is found by its name', () => {
  expect(programNamed('emfile-spin')?.title).toContain('accept()');
  expect(programNamed('nothing')).toBeNull();
});
