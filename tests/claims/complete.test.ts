/** Claims: all of them are there, in order, and the command line and the page show them. */

import { claims } from '../../src/claims/index.js';
import { IDS } from './ids.js';

test('every id of the list is there, in its order', () => {
  expect(IDS).toHaveLength(122);
  expect(claims.map(({ id }) => id)).toEqual(IDS);
});
