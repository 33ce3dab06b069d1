/** The search with reduction reaches what the full search reaches: the same things seen by programs, the same ends, the same failures. */

import { explore } from '../../src/explore/index.js';
import { randomScenario } from './programs.js';

const PROGRAMS = 32;

test('random programs: the same outcomes with fewer runs', () => {
  let full = 0;
  let reduced = 0;
  let compared = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const [all, some] = [new Set<string>(), new Set<string>()];
    const limits = { all: true, maySleep: true };
    const whole = explore(randomScenario(seed, all), { ...limits, reduce: false, schedules: 250 });
    if (!whole.coverage.complete) continue;
    const part = explore(randomScenario(seed, some), limits);
    expect({ seed, complete: part.coverage.complete, outcomes: [...some].sort() }).toEqual({ seed, complete: true, outcomes: [...all].sort() });
    expect(Object.keys(part.violations)).toEqual(Object.keys(whole.violations));
    full += whole.schedules;
    reduced += part.schedules;
    compared++;
  }
  expect(compared).toBeGreaterThan(PROGRAMS / 4);
  expect(reduced).toBeLessThan(full);
});
