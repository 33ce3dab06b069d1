/**
 * Linux's red-black tree, node for node, on top of the persistent functional-red-black-tree; no other file imports
 * that package. It deletes by predecessor where Linux deletes by successor, so it is kept in descending order and
 * read mirrored: then shape and colours are Linux's after any history. A kept `tree` is a snapshot that costs nothing.
 * Linux counterpart: lib/rbtree.c.
 */

import createTree from 'functional-red-black-tree';

/** What the package's nodes really hold; its types leave out colours and empty children. */
interface Node<V> {
  readonly key: V;
  readonly _color: 0 | 1;
  readonly left: Node<V> | null;
  readonly right: Node<V> | null;
}

/** A node as views show it, already mirrored: `left` holds what sorts before. */
export interface rb_node_view<V> {
  readonly value: V;
  readonly red: boolean;
  readonly left: rb_node_view<V> | null;
  readonly right: rb_node_view<V> | null;
}

/** A tree of values ordered by `compare` (negative: a sorts before b). No two values may compare equal. include/linux/rbtree.h:rb_root_cached */
export class rb_root<V> {
  private tree: createTree.Tree<V, V>;

  constructor(compare: (a: V, b: V) => number) {
    this.tree = createTree<V, V>((a, b) => compare(b, a));
  }

  get size(): number {
    return this.tree.length;
  }

  /** The value that compares equal to `like`, or null. include/linux/rbtree.h:rb_find */
  find(like: V): V | null {
    return this.tree.get(like) ?? null;
  }

  /** Inserts a value that is not in the tree. lib/rbtree.c:rb_insert_color */
  insert(value: V): void {
    this.tree = this.tree.insert(value, value);
  }

  /** Takes a value out; nothing happens when it is not in. lib/rbtree.c:rb_erase */
  erase(value: V): void {
    this.tree = this.tree.remove(value);
  }

  /** The values in ascending order, as they are now: later changes do not show. lib/rbtree.c:rb_first, rb_next */
  values(): V[] {
    return this.tree.keys.reverse();
  }

  /** An identity that changes with every change of the tree, for views that share structure. ours: persistence. */
  version(): unknown {
    return this.tree;
  }

  /** The shape, mirrored into Linux's order; null for the empty tree. ours: for views and checks. */
  root(): rb_node_view<V> | null {
    return mirrored((this.tree.root as unknown as Node<V> | null | undefined) ?? null);
  }
}

function mirrored<V>(node: Node<V> | null): rb_node_view<V> | null {
  if (node === null) return null;
  return { value: node.key, red: node._color === 0, left: mirrored(node.right), right: mirrored(node.left) };
}
