/** The small parts: trees as drawings, bars, text of one column a character, keys out of bursts. */

import fc from 'fast-check';
import type { TreeView } from '../../src/inspect/view.js';
import { keysOf, type InkKey } from '../../src/terminal/input.js';
import { bar, broken, cut, fit, shown } from '../../src/terminal/text.js';
import { treeDrawing } from '../../src/terminal/tree.js';

const node = (fd: number, red: boolean, left: TreeView | null = null, right: TreeView | null = null): TreeView => ({ item: fd, fd, red, left, right });

test('a tree is drawn with its root on top, each node in its in-order column', () => {
  const tree = node(5, false, node(3, true), node(9, true, node(7, false)));
  expect(treeDrawing(tree, 40, new Set([7]))).toEqual([
    '   5b',
    '┌──┴──────┐',
    '3r        9r',
    '       ┌──┘',
    '      7b*',
  ]);
});

const trees = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 40 }).chain((numbers) => {
  const build = (sorted: readonly number[]): TreeView | null => {
    if (sorted.length === 0) return null;
    const at = Math.floor(sorted.length / 3);
    return node(sorted[at]!, at % 2 === 0, build(sorted.slice(0, at)), build(sorted.slice(at + 1)));
  };
  return fc.constant({ numbers: [...numbers].sort((a, b) => a - b), tree: build([...numbers].sort((a, b) => a - b))! });
});

test('whatever the tree: every node is there once, standing from left to right or lying from bottom to top', () => {
  fc.assert(fc.property(trees, fc.integer({ min: 10, max: 200 }), ({ numbers, tree }, width) => {
    const lines = treeDrawing(tree, width, new Set());
    const found = lines.flatMap((line, row) => [...line.matchAll(/\d+(?=[br])/g)].map(({ 0: text, index }) => ({ fd: Number(text), row, column: index })));
    expect(found.map(({ fd }) => fd).sort((a, b) => a - b)).toEqual(numbers);
    const standing = lines.length === 1 || lines.some((line) => /[┴┘]/.test(line) || /└─*┐/.test(line));
    if (standing) {
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      expect([...found].sort((a, b) => a.column - b.column).map(({ fd }) => fd)).toEqual(numbers);
    } else {
      expect([...found].sort((a, b) => b.row - a.row).map(({ fd }) => fd)).toEqual(numbers);
    }
  }), { numRuns: 60 });
});

test('bars show that something is there, and where the line is', () => {
  expect([bar(0, null, 4), bar(1e-6, null, 4), bar(0.5, 0.75, 4), bar(2, null, 4), bar(0, 1, 4)]).toEqual(['[....]', '[#...]', '[##.|]', '[####]', '[...|]']);
});

test('text from outside takes one column a character', () => {
  expect(shown('a\tb\u001b[2J 日本 é ✓ \u0301 → ─')).toBe('a  b?[2J ?? é ? ? → ─');
  expect(shown('😀')).toBe('?');
  expect([cut('abcd', 3), fit('ab', 4), cut('abc', 0)]).toEqual(['ab…', 'ab  ', '']);
});

test('lines are broken at spaces, long words anywhere; nothing is lost, nothing is wider', () => {
  expect(broken('one two three', 7)).toEqual(['one two', 'three']);
  expect(broken('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 30 }), { maxLength: 20 }), fc.integer({ min: 1, max: 40 }), (words, width) => {
    const text = words.join(' ');
    const lines = broken(text, width);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    expect(lines.every((line) => line.length <= width)).toBe(true);
  }));
});

test('a burst of keys is taken apart; special keys have names', () => {
  const none: InkKey = {
    upArrow: false, downArrow: false, leftArrow: false, rightArrow: false, pageDown: false, pageUp: false, home: false, end: false, return: false, escape: false, ctrl: false, shift: false,
    tab: false, backspace: false, delete: false,
  };
  expect(keysOf('nnn', none)).toEqual(['n', 'n', 'n']);
  expect(keysOf(':12\r', none)).toEqual([':', '1', '2', 'enter']);
  expect(keysOf('a\u007f\u0001', none)).toEqual(['a', 'backspace']);
  expect(keysOf('', { ...none, downArrow: true })).toEqual(['down']);
  expect(keysOf('', { ...none, delete: true })).toEqual(['backspace']);
  expect(keysOf('', { ...none, tab: true, shift: true })).toEqual(['backtab']);
  expect([keysOf('c', { ...none, ctrl: true }), keysOf('x', { ...none, ctrl: true })]).toEqual([['ctrl-c'], []]);
});
