/**
 * Every recorded log of system calls, executed on the model: those of this folder, and those of more/, which came later. Each folder's expected.json says how well each agrees; it is an honest list: a log that
 * gets worse fails, and so does one that gets better until the list says so too. UPDATE_STRACE=1 writes the list anew.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { replayLog } from '../../../src/replay/replayLog.js';
import type { LogReport } from '../../../src/replay/report.js';

/** Divergences of a log that the list shows one by one. */
const SHOWN = 5;

interface Expected {
  calls: number;
  compared: number;
  agreed: number;
  choices: number;
  adopted: Record<string, number>;
  outside: Record<string, number>;
  /** how many, and the first of them */
  divergences: number;
  first: string[];
}

function summary({ calls, compared, agreed, choices, adopted, outside, divergences }: LogReport): Expected {
  const first = divergences.slice(0, SHOWN).map(({ line, call, linux, model, why }) => `${line}: ${call.replace(/\(.*/s, '')}: ${why.replace(/;.*/s, '')}: Linux ${linux}, model ${model}`);
  return { calls, compared, agreed, choices, adopted, outside, divergences: divergences.length, first };
}

describe.each([['tests/conformance/strace', __dirname], ['tests/conformance/strace/more', join(__dirname, 'more')]])('%s', (_name, folder) => {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log')).sort();
  const list = join(folder, 'expected.json');
  const results = new Map<string, Expected>();
  const expected = JSON.parse(readFileSync(list, 'utf8')) as Record<string, Expected>;

  afterAll(() => {
    if (process.env['UPDATE_STRACE'] !== undefined) writeFileSync(list, `${JSON.stringify(Object.fromEntries(results), null, 1)}\n`);
  });

  test.each(logs)('%s: as many calls agree with the model as the list says', (name) => {
    const { report, error } = replayLog(join(folder, name));
    expect(error).toBeNull();
    const found = summary(report);
    results.set(name, found);
    if (process.env['UPDATE_STRACE'] === undefined) expect(found).toEqual(expected[name]);
  });

  test('the list has no logs that are gone', () => {
    expect(Object.keys(expected).sort()).toEqual(logs);
  });
});

test('a log is replayed the same way twice, to the letter', () => {
  const name = join(__dirname, 'nested.log');
  expect(JSON.stringify(replayLog(name).report)).toBe(JSON.stringify(replayLog(name).report));
});
