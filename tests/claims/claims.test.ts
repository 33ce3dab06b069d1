/** Claims: every verdict is what the run of its story shows, under the first schedule and under others. */

import { claims, judge, verdictOf } from '../../src/claims/index.js';

const stories = claims.filter(({ programs }) => programs !== null).map((claim) => [claim.id, claim] as const);

test('no id is there twice, and each says something in one sentence', () => {
  expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  for (const { id, says, claim, verdict, programs, source } of claims) {
    expect([id, says]).toEqual([id, expect.stringMatching(/^[^\n]{30,400}\.$/)]);
    expect([id, claim]).toEqual([id, expect.stringMatching(/^[^\n]{10,400}\.$/)]);
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

test.each([
  [[], 'text'], [[true], 'holds'], [[true, true], 'holds'], [[false], 'wrong on Linux'], [[true, false], 'holds with a condition'],
])('evidence %j leads to: %s', (likes, verdict) => {
  expect(verdictOf((likes as boolean[]).map((like) => ({ like })))).toBe(verdict);
});
