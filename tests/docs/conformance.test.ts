/** docs/conformance.md says what was compared. */

import { conformancePage } from './conformance.js';
import { staleLines } from './generated.js';

test('docs/conformance.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/conformance.md', conformancePage())).toBe('');
});
