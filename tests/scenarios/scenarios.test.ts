/** Every built-in scenario does what it says: with each value of its options, first come first served and under many seeds. */

import { failureText, runScenario, type Scenario, startScenario } from '../../src/scenario/index.js';
import { scenarios } from '../../src/scenarios/index.js';

/** Schedules for a scenario; one with many variants has at least fifteen for each. */
const SEEDS = 60;

/** Every combination of the options' values. */
function variants(scenario: Scenario): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(scenario.options ?? {})) all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  return all;
}

const text = (options: object): string => Object.entries(options).map(([name, value]) => `${name}=${value}`).join(' ');

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
  const all = variants(scenario);
  const seeds = Math.max(15, Math.ceil(SEEDS / all.length));
  for (const options of all) {
    test(`${text(options)} holds, and leaves nothing behind`, () => {
      const story = startScenario(scenario, options);
      const outcome = story.run();
      expect(outcome.failures.map(failureText)).toEqual([]);
      expect({ halt: outcome.halt, left: outcome.left }).toEqual({ halt: 'finished', left: [] });
      story.machine.checkInvariants();
    });

    test(`${text(options)} holds under ${seeds} schedules`, () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const outcome = runScenario(scenario, options, { seed, log: 1000 });
        expect({ seed, failures: outcome.failures.map(failureText), halt: outcome.halt }).toEqual({ seed, failures: [], halt: 'finished' });
      }
    });
  }

  test('says what it shows', () => {
    expect(scenario.title).toMatch(/^[A-Z].{20,130}\.$/);
    expect(scenario.about.length).toBeGreaterThan(300);
  });
});
