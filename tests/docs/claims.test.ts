/** docs/claims.md and docs/herd.md say what the runs show. */

import { measureHerd } from '../../src/claims/index.js';
import { claimsPage, herdPage } from './claims.js';
import { staleLines } from './generated.js';

test('docs/claims.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/claims.md', claimsPage())).toBe('');
});

test('docs/herd.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/herd.md', herdPage())).toBe('');
});

test('an epoll for each worker has a herd, and EPOLLEXCLUSIVE has none', () => {
  expect(measureHerd('own-epoll', 'late')).toEqual({ wakeups: 4, accepts: 1, eagains: 3 });
  expect(measureHerd('exclusive', 'late')).toEqual({ wakeups: 1, accepts: 1, eagains: 0 });
});

test('one shared epoll, level-triggered, wakes all of them when accept is late', () => {
  expect(measureHerd('shared-lt', 'late').wakeups).toBe(4);
  expect(measureHerd('shared-et', 'late').wakeups).toBe(1);
});
