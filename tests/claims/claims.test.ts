/** Claims: every verdict is what the run of its story shows, under the first schedule and under others. */

import { claims, curveOf, judge, shapeOf, verdictOf } from '../../src/claims/index.js';

const stories = claims.filter(({ programs }) => programs !== null).map((claim) => [claim.id, claim] as const);

test('no id is there twice, and each says something in one sentence', () => {
  expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  for (const { id, says, claim, verdict, programs, source } of claims) {
    expect([id, says]).toEqual([id, expect.stringMatching(/^[^\n]{30,400}\.$/)]);
    expect([id, claim]).toEqual([id, expect.stringMatching(/^[^\n]{10,400}\.\)?$/)]);
    expect([id, programs === null]).toEqual([id, verdict === 'text']);
    expect([id, source === undefined]).toEqual([id, verdict !== 'text']);
  }
});

describe.each(stories)('%s', (_id, claim) => {
  test('the run bears the verdict out', () => {
    const { verdict, failures, machine } = judge(claim);
    expect(failures).toEqual([]);
    expect(verdict).toBe(claim.verdict);
    machine.checkInvariants();
  });

  test('and so it is under other schedules', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { verdict, failures } = judge(claim, { seed });
      expect({ seed, failures, verdict }).toEqual({ seed, failures: [], verdict: claim.verdict });
    }
  });
});

describe.each(claims.filter(({ curve }) => curve !== undefined).map(({ id, curve }) => [id, curve!] as const))('%s', (_id, curve) => {
  test('the work grows as it is said to', () => {
    const series = curveOf(curve);
    expect(Object.fromEntries(Object.entries(series).map(([call, values]) => [call, shapeOf(curve.sizes, values)]))).toEqual(curve.calls);
  });
});

test.each([
  [[0, 0], 'none'], [[7, 7], 'flat'], [[5, 50], 'linear'], [[5, 500], null], [[5, 9], null],
])('%j over a tenfold size is %s', (values, shape) => {
  expect(shapeOf([10, 100], values as number[])).toBe(shape);
});

test.each([
  [[], 'text'], [[true], 'holds'], [[true, true], 'holds'], [[false], 'wrong on Linux'], [[true, false], 'holds with a condition'],
])('evidence %j leads to: %s', (likes, verdict) => {
  expect(verdictOf((likes as boolean[]).map((like) => ({ like })))).toBe(verdict);
});
