/**
 * Every fact of tests/facts.json is held by a test that names it, or tests/not-tested.json says why it is not;
 * docs/facts.md shows which test holds which fact.
 */

import facts from './facts.json' with { type: 'json' };
import untested from './not-tested.json' with { type: 'json' };
import { checkFacts, factsPage, idsHeldBy, idsIn } from './docs/facts.js';
import { staleLines } from './docs/generated.js';
import { parseSource, readFolder } from './tidy/source.js';

const held = new Map<string, string[]>();
for (const source of readFolder('tests')) {
  if (!source.path.endsWith('.test.ts') || source.path === 'tests/facts.test.ts') continue;
  for (const id of idsHeldBy(source)) held.set(id, [...held.get(id) ?? [], source.path]);
}

test('every fact has a test or a reason, and no reason is left over', () => {
  expect(checkFacts(facts, held, untested).join('\n')).toBe('');
});

test('docs/facts.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/facts.md', factsPage(facts, held, untested))).toBe('');
});

test('the list of facts is complete and has no number twice', () => {
  const count = (family: RegExp): number => facts.filter(f => family.test(f.id)).length;
  expect(new Set(facts.map(f => f.id)).size).toBe(facts.length);
  expect([/^F/, /^A-/, /^BP-/, /^EP-/, /^PO-/, /^SE-/, /^EV-/, /^PI-/, /^PY-/].map(count)).toEqual([118, 31, 5, 21, 25, 9, 9, 16, 10]);
  expect([/^T\d/, /^TS-/, /^ST-/, /^(CL|SH|DE|BL|NG|SP|UT|IQ)-\d/, /^SH-[A-Z]/].map(count)).toEqual([122, 46, 9, 24, 19]);
});

describe('reading the names of tests', () => {
  test.each([
    ['F25: reported again', ['F25']],
    ['F25 F26: twice', ['F25', 'F26']],
    ['F90b, F91: a list', ['F90b', 'F91']],
    ['PO-5..PO-7 PO-9: a range', ['PO-5', 'PO-6', 'PO-7', 'PO-9']],
    ['an item F25: not at the start', []],
    ['FIN_WAIT1: FIN -> CLOSING', []],
    ['F25 without a colon', []],
    ['SH-E3: a letter before the number', ['SH-E3']],
    ['SH-C1..SH-C3: and a range of those', ['SH-C1', 'SH-C2', 'SH-C3']],
  ])('%s', (name, ids) => {
    expect(idsIn(name)).toEqual(ids);
  });

  test('a test counts, a skipped, failing or empty one does not, and a describe speaks for its tests', () => {
    const code = [
      "test('F1: a', () => {});", "it(`F2: ${x}`, () => {});", "test.skip('F3: a', () => {});", "test.todo('F4: a');", "test.failing('F5: a', () => {});",
      "describe('F6..F7: d', () => { test('a', () => {}); });", "describe('F8: d', () => {});", "describe.skip('F9: d', () => { test('F10: a', () => {}); });",
      "test.each([['F11', 1], ['F12 F13', 2]])('%s: a', () => {});", "test.each(['F14'])('%s: a', () => {});",
      "const cases = [{ id: 'F15' }, { id: 'F16' }];", "for (const c of cases) test(`${c.id}: a`, () => {});", "log('F17: a', 1);",
    ].join('\n');
    expect([...idsHeldBy(parseSource('x.test.ts', code))]).toEqual(['F1', 'F2', 'F6', 'F7', 'F11', 'F12', 'F13', 'F14', 'F15', 'F16']);
  });

  test('what is missing, left over or unknown is said', () => {
    const some = ['F1', 'F2', 'F3'].map(id => ({ id, group: 'g', text: 't' }));
    const reason = 'a reason of more than twenty letters';
    expect(checkFacts(some, new Map([['F1', ['a']], ['F9', ['b']], ['T1', ['c']]]), { F1: reason, F3: 'no', F8: reason })).toEqual([
      'F1 is in not-tested.json but has a test in a', 'F2 has no test: t', 'F3 is in not-tested.json without a reason',
      'F8 is in not-tested.json but is no fact', 'F9 is named by a test in b but is no fact',
    ]);
  });
});
