/** docs/readiness.md is what the model reports. */

import { readinessPage, shortMask } from './readiness.js';
import { staleLines } from './generated.js';

test('docs/readiness.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/readiness.md', readinessPage())).toBe('');
});

test('a bit is left out only where it goes with another one', () => {
  expect(shortMask('TCP', 'IN OUT RDNORM WRNORM')).toBe('IN OUT');
  expect(() => shortMask('TCP', 'IN OUT WRNORM')).toThrow('RDNORM and IN do not go together');
  expect(() => shortMask('eventfd', 'IN RDNORM')).not.toThrow();
});
