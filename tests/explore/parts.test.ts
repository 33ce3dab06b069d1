/** Parts of a search, for several workers or the jobs of a matrix: together they make exactly the runs that one search makes. */

import { explore, type ExploreOptions } from '../../src/explore/index.js';
import { randomScenario } from './programs.js';

/** Searches larger than this are left to others. */
const LARGEST = 200;

interface Compared {
  readonly seed: number;
  readonly schedules: number;
  readonly outcomes: readonly string[];
}

/** Parts and whole of the search of one random program; null: it is too large. */
function compare(seed: number, of: number, options: ExploreOptions): { whole: Compared; parts: Compared } | null {
  const [all, some] = [new Set<string>(), new Set<string>()];
  const limits = { all: true, maySleep: true, ...options };
  const whole = explore(randomScenario(seed, all), { schedules: LARGEST, ...limits });
  if (whole.schedules === LARGEST) return null;
  let schedules = 0;
  for (let index = 1; index <= of; index++) schedules += explore(randomScenario(seed, some), { ...limits, part: { index, of } }).schedules;
  return { whole: { seed, schedules: whole.schedules, outcomes: [...all].sort() }, parts: { seed, schedules, outcomes: [...some].sort() } };
}

const SEEDS = Array.from({ length: 16 }, (_, index) => index + 1);

test.each([2, 7])('%i parts make the runs of the whole, each of them once', (of) => {
  const compared = SEEDS.flatMap((seed) => compare(seed, of, {}) ?? []);
  expect(compared.length).toBeGreaterThan(4);
  for (const { whole, parts } of compared) expect(parts).toEqual(whole);
});

test('without reduction too, and with a bound', () => {
  const compared = SEEDS.flatMap((seed) => compare(seed, 3, { preemptions: 1 }) ?? []);
  expect(compared.length).toBeGreaterThan(4);
  for (const { whole, parts } of compared) expect(parts).toEqual(whole);
});

test('random walks are dealt out by their seeds', () => {
  const seen = new Set<string>();
  const [odd, even] = [1, 2].map((index) => explore(randomScenario(3, seen), { mode: 'random', schedules: 5, maySleep: true, all: true, part: { index, of: 2 } }));
  expect([odd!.schedules, even!.schedules, odd!.coverage.complete]).toEqual([5, 5, false]);
});
