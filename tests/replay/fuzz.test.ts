/** Damaged logs: whatever is written into a log, replaying it ends with a report or with the one error that tells line and column. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { StraceError } from '../../src/replay/error.js';
import { readEvents } from '../../src/replay/reader.js';
import { searchReplay } from '../../src/replay/search.js';

const logs = ['ghost', 'pidfd', 'pollsel', 'fdops', 'refused'].map((name) => readFileSync(join(process.cwd(), `tests/conformance/strace/${name}.log`), 'latin1'));

/** One kind of damage, somewhere. */
const damages: readonly ((text: string, at: number, other: number) => string)[] = [
  (text, at, other) => text.slice(0, at) + String.fromCharCode(0x20 + (other % 0x5f)) + text.slice(at + 1),
  (text, at) => text.slice(0, at) + text.slice(at + 1),
  (text, at, other) => {
    const lines = text.split('\n');
    lines.splice(at % lines.length, 1, ...(other % 2 === 0 ? [] : [lines[at % lines.length]!, lines[other % lines.length]!]));
    return lines.join('\n');
  },
  (text, at, other) => text.slice(0, at) + text.slice(at).replace(/\d+/, String(other % 100)),
  (text, at) => text.slice(0, at) + text.slice(at).replace(/[A-Z_]{4,}/, 'NULL'),
  (text, at) => text.slice(0, at) + text.slice(at).replace(/[a-z_]{4,}=/, 'x='),
];

test('a damaged log is replayed, or refused with line and column', () => {
  const damage = fc.tuple(fc.nat({ max: damages.length - 1 }), fc.nat(), fc.nat());
  fc.assert(fc.property(fc.constantFrom(...logs), fc.array(damage, { minLength: 1, maxLength: 3 }), (log, list) => {
    const text = list.reduce((t, [kind, at, other]) => damages[kind]!(t, at % (t.length + 1), other), log);
    let error: unknown = null;
    try {
      const report = searchReplay('damaged.log', readEvents([text], { file: 'damaged.log' }), { budget: 0 });
      expect(report.calls).toBe(report.compared + Object.values(report.outside).reduce((sum, n) => sum + n, 0));
    } catch (thrown) {
      error = thrown;
    }
    if (error === null) return;
    if (!(error instanceof StraceError)) throw error;
    expect(error.message).toMatch(/^damaged\.log:\d+:\d+: expected .+, found .+/);
  }), { numRuns: 60 });
});
