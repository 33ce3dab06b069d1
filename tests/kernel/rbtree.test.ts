/** The tree of items: Linux's, node for node and colour for colour, after any history. */

import * as fc from 'fast-check';
import { rb_root, type rb_node_view } from '../../src/kernel/rbtree.js';
import { ReferenceTree } from './rbtree-reference.js';

const ascending = (a: number, b: number): number => a - b;

/** Numbers to put in when they are not in, and to take out when they are. */
const history = fc.array(fc.nat(40), { maxLength: 200, size: 'max' });

interface Trees {
  readonly tree: rb_root<number>;
  readonly reference: ReferenceTree;
  readonly values: Set<number>;
}

function* play(moves: readonly number[]): Generator<Trees> {
  const trees: Trees = { tree: new rb_root<number>(ascending), reference: new ReferenceTree(), values: new Set() };
  for (const value of moves) {
    if (trees.values.has(value)) {
      trees.tree.erase(value);
      trees.reference.erase(value);
      trees.values.delete(value);
    } else {
      trees.tree.insert(value);
      trees.reference.insert(value);
      trees.values.add(value);
    }
    yield trees;
  }
}

/** The number of black nodes on every way down, or why the rules are broken. */
function blackHeight(node: rb_node_view<number> | null): number {
  if (node === null) return 1;
  if (node.red && (node.left?.red === true || node.right?.red === true)) throw new Error(`${node.value} is red and has a red child`);
  const left = blackHeight(node.left);
  if (left !== blackHeight(node.right)) throw new Error(`the ways below ${node.value} have different numbers of black nodes`);
  return left + (node.red ? 0 : 1);
}

test('shape and colours are those of a tree that deletes by successor, after every step of any history', () => {
  fc.assert(fc.property(history, (moves) => {
    for (const { tree, reference } of play(moves)) {
      // as text: a hundred times faster than a deep comparison, and the fields come in the same order
      expect(JSON.stringify(tree.root())).toBe(JSON.stringify(reference.shape()));
    }
  }), { numRuns: 200 });
});

test('the rules of red-black trees hold after every step of any history', () => {
  fc.assert(fc.property(history, (moves) => {
    for (const { tree } of play(moves)) {
      expect(tree.root()?.red ?? false).toBe(false);
      blackHeight(tree.root());
    }
  }), { numRuns: 100 });
});

test('values come in order, each is found, and none that is not in', () => {
  fc.assert(fc.property(history, (moves) => {
    const { tree, values } = [...play(moves)].at(-1) ?? { tree: new rb_root<number>(ascending), values: new Set<number>() };
    expect(tree.values()).toEqual([...values].sort(ascending));
    expect(tree.size).toBe(values.size);
    for (let value = 0; value <= 40; value++) expect(tree.find(value)).toBe(values.has(value) ? value : null);
  }));
});

test('a look at the values stays as it was, and the version tells of changes', () => {
  const tree = new rb_root<number>(ascending);
  for (const value of [3, 1, 2]) tree.insert(value);
  const values = tree.values();
  const version = tree.version();
  expect(tree.version()).toBe(version);
  tree.erase(2);
  expect(values).toEqual([1, 2, 3]);
  expect(tree.version()).not.toBe(version);
  tree.erase(7);
  expect(tree.values()).toEqual([1, 3]);
});

test('the reference itself: a node with two children gives way to its successor, which takes its colour', () => {
  const tree = new ReferenceTree();
  for (const value of [50, 30, 70, 60]) tree.insert(value);
  tree.erase(50);
  expect(tree.shape()).toEqual({
    value: 60, red: false, left: { value: 30, red: false, left: null, right: null }, right: { value: 70, red: false, left: null, right: null },
  });
});
