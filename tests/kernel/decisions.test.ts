/** Every choice of a run comes from one place: the first, a random one, a recorded one. */

import * as fc from 'fast-check';
import { type ChoiceKind, FirstCome, Recorded, Recorder, Seeded } from '../../src/kernel/decisions.js';
import { Prng } from '../../src/kernel/prng.js';

test('first come is always the first alternative', () => {
  expect(new FirstCome().choose()).toBe(0);
});

test('a seed gives the same choices each time, and another seed gives others', () => {
  const walk = (seed: number): number[] => {
    const decisions = new Seeded(seed);
    return Array.from({ length: 50 }, () => decisions.choose('task', 4));
  };
  expect(walk(7)).toEqual(walk(7));
  expect(walk(7)).not.toEqual(walk(8));
  expect(new Set(walk(7))).toEqual(new Set([0, 1, 2, 3]));
});

test('a seed alone never loses, doubles or swaps packets', () => {
  const decisions = new Seeded(1);
  for (let i = 0; i < 100; i++) expect(decisions.choose('packet', 4)).toBe(0);
});

test('what was recorded is played back', () => {
  const kinds: ChoiceKind[] = ['task', 'softirq', 'timer', 'packet'];
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 2, max: 5 }))), fc.integer(), (asked, seed) => {
    const recorder = new Recorder(new Seeded(seed));
    const choices = asked.map(([kind, n]) => recorder.choose(kind, n));
    const recorded = new Recorded(recorder.choices);
    expect(asked.map(([kind, n]) => recorded.choose(kind, n))).toEqual(choices);
    asked.forEach(([, n], i) => expect(choices[i]! < n && choices[i]! >= 0).toBe(true));
  }));
});

test('a recording that is too short, or asks for what does not exist, goes on with the first alternative', () => {
  const recorded = new Recorded([5, 1]);
  expect([recorded.choose('task', 2), recorded.choose('task', 2), recorded.choose('task', 2)]).toEqual([0, 1, 0]);
});

test('the random numbers are the same in every place and run', () => {
  const prng = new Prng(1);
  const first = [prng.next(), prng.next(), prng.next()];
  const again = new Prng(1);
  expect([again.next(), again.next(), again.next()]).toEqual(first);
  for (const n of first) expect(Number.isInteger(n) && n >= 0 && n < 2 ** 32).toBe(true);
});

test('numbers below n are spread evenly', () => {
  const prng = new Prng(42);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 50_000; i++) counts[prng.below(5)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
