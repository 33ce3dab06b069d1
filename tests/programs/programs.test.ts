/**
 * Every program under test does what its story says: the explorer finds the law that the broken version is said to break, and breaks no other first; the
 * fixed version keeps all laws.
 */

import { explore, runUnderLaws, type Specimen } from '../../src/explore/index.js';
import { programNamed, programs } from '../../src/programs/index.js';
import { optionsOf, replayScenario } from '../../src/scenario/index.js';

/** A correct program is covered to this bound: every run with so many departures from "first come, first served". */
const BOUND = 1;

/** A broken one is found within so many runs, of at most so many departures. */
const FOUND_WITHIN = 200;

/** Random runs of a correct one besides. */
const RANDOM = 8;

/** Every combination of the options' values. */
function variants(program: Specimen): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(program.options ?? {})) all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  return all;
}

const table = programs.flatMap((program) => variants(program).map((options) => ({
  program, options, breaks: program.breaks(optionsOf(program, options)), title: `${program.name} ${Object.entries(options).map(([name, value]) => `${name}=${value}`).join(' ')}`,
})));

describe.each(table.filter(({ breaks }) => breaks !== null))('$title', ({ program, options, breaks }) => {
  test(`is caught by ${breaks}, with a counterexample that has the fewest departures and replays`, () => {
    const { counterexample, schedules } = explore(program, { options, preemptions: BOUND, schedules: FOUND_WITHIN });
    expect({ law: counterexample?.violation.law, fewest: counterexample?.fewest }).toEqual({ law: breaks, fewest: true });
    expect(counterexample!.departures).toBeLessThanOrEqual(BOUND);
    expect(schedules).toBeLessThanOrEqual(FOUND_WITHIN);
    expect(runUnderLaws(replayScenario(counterexample!.recording, program), program.laws).violation).toMatchObject({ law: breaks, message: counterexample!.violation.message });
  });
});

describe.each(table.filter(({ breaks }) => breaks === null))('$title', ({ program, options }) => {
  test(`keeps all its laws in every run with at most ${BOUND} departure, and in random ones`, () => {
    const { counterexample, coverage } = explore(program, { options, preemptions: BOUND });
    expect({ counterexample, complete: coverage.complete }).toEqual({ counterexample: null, complete: true });
    expect(explore(program, { options, mode: 'random', schedules: RANDOM }).counterexample).toBeNull();
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
