/** Every kind of value that a log made the replay adopt has its reason and its set. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADOPTED } from '../../src/replay/adopted.js';
import { root } from '../tidy/source.js';

test('every adopted kind of every log has its reason and its set', () => {
  const listed = (folder: string): Record<string, { adopted: Record<string, number> }> =>
    JSON.parse(readFileSync(join(root, folder, 'expected.json'), 'utf8')) as Record<string, { adopted: Record<string, number> }>;
  const all = [...Object.values(listed('tests/conformance/strace')), ...Object.values(listed('tests/conformance/strace/more'))];
  const kinds = new Set(all.flatMap(({ adopted }) => Object.keys(adopted)));
  expect(kinds.size).toBeGreaterThan(4);
  for (const kind of kinds) expect(Object.keys(ADOPTED)).toContain(kind);
});
