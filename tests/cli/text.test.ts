/** The small texts of the command: suggestions, broken lines, places in stacks. */

import { cut, wrap } from '../../src/cli/output.js';
import { distance, nearest } from '../../src/debug/suggest.js';

test('the nearest name is found, a far one is not', () => {
  const names = ['echo', 'herd', 'read-once', 'slow-reader', 'reset'];
  expect(['ehco', 'heard', 'readonce', 'slow', 'rest', 'ECHO', 'banana', 'x'].map((word) => nearest(word, names)))
    .toEqual(['echo', 'herd', 'read-once', 'slow-reader', 'reset', 'echo', null, null]);
  expect([distance('', 'abc'), distance('abc', 'abc'), distance('abc', 'acb'), distance('kitten', 'sitting')]).toEqual([3, 0, 1, 3]);
});

test('lines are broken at spaces', () => {
  expect(wrap('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four']);
  expect(wrap('a-very-long-word b', 5)).toEqual(['a-very-long-word', 'b']);
  expect(wrap('', 5)).toEqual(['']);
  expect([cut('abc', 3), cut('abcd', 3)]).toEqual(['abc', 'ab…']);
});
