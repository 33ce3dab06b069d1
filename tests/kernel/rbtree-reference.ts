/**
 * A plain red-black tree that changes its nodes, as textbooks describe it (Cormen, Leiserson, Rivest, Stein: Introduction
 * to Algorithms, chapter "Red-Black Trees"), with the choice that Linux makes where there is one: a node with two children
 * is replaced by its successor, which takes its colour. The model's persistent tree is compared with it.
 */

export interface Node {
  value: number;
  red: boolean;
  left: Node;
  right: Node;
  parent: Node;
}

/** A node as it is compared: null for no node. */
export interface Shape {
  readonly value: number;
  readonly red: boolean;
  readonly left: Shape | null;
  readonly right: Shape | null;
}

type Side = 'left' | 'right';
const other = (side: Side): Side => (side === 'left' ? 'right' : 'left');

export class ReferenceTree {
  /** stands for every missing child and for the root's parent; black */
  private readonly nil: Node;
  private root: Node;

  constructor() {
    const nil = { value: NaN, red: false } as Node;
    nil.left = nil.right = nil.parent = nil;
    this.nil = nil;
    this.root = nil;
  }

  /** Puts `up` where `down` hangs below its parent. */
  private hang(down: Node, up: Node): void {
    if (down.parent === this.nil) this.root = up;
    else down.parent[down.parent.left === down ? 'left' : 'right'] = up;
    up.parent = down.parent;
  }

  /** The child on the other side of `side` comes up, and `node` goes down to `side`. */
  private rotate(node: Node, side: Side): void {
    const up = node[other(side)];
    node[other(side)] = up[side];
    if (up[side] !== this.nil) up[side].parent = node;
    this.hang(node, up);
    up[side] = node;
    node.parent = up;
  }

  insert(value: number): void {
    let parent = this.nil;
    for (let at = this.root; at !== this.nil; at = value < at.value ? at.left : at.right) parent = at;
    const node: Node = { value, red: true, left: this.nil, right: this.nil, parent };
    if (parent === this.nil) this.root = node;
    else parent[value < parent.value ? 'left' : 'right'] = node;
    this.afterInsert(node);
  }

  private afterInsert(inserted: Node): void {
    let node = inserted;
    while (node.parent.red) {
      const side: Side = node.parent.parent.left === node.parent ? 'left' : 'right';
      const uncle = node.parent.parent[other(side)];
      if (uncle.red) {
        node.parent.red = uncle.red = false;
        node = node.parent.parent;
        node.red = true;
        continue;
      }
      if (node === node.parent[other(side)]) {
        node = node.parent;
        this.rotate(node, side);
      }
      node.parent.red = false;
      node.parent.parent.red = true;
      this.rotate(node.parent.parent, other(side));
    }
    this.root.red = false;
  }

  erase(value: number): void {
    let node = this.root;
    while (node !== this.nil && node.value !== value) node = value < node.value ? node.left : node.right;
    if (node === this.nil) return;
    let lostRed = node.red;
    let child: Node;
    if (node.left === this.nil || node.right === this.nil) {
      child = node.left === this.nil ? node.right : node.left;
      this.hang(node, child);
    } else {
      let successor = node.right;
      while (successor.left !== this.nil) successor = successor.left;
      lostRed = successor.red;
      child = successor.right;
      if (successor.parent === node) {
        child.parent = successor; // for nil, too: the repair starts from it
      } else {
        this.hang(successor, child);
        successor.right = node.right;
        successor.right.parent = successor;
      }
      this.hang(node, successor);
      successor.left = node.left;
      successor.left.parent = successor;
      successor.red = node.red;
    }
    if (!lostRed) this.afterErase(child);
  }

  /** One black node is missing on the way to `start`. */
  private afterErase(start: Node): void {
    let node = start;
    while (node !== this.root && !node.red) {
      const side: Side = node.parent.left === node ? 'left' : 'right';
      let sibling = node.parent[other(side)];
      if (sibling.red) {
        sibling.red = false;
        node.parent.red = true;
        this.rotate(node.parent, side);
        sibling = node.parent[other(side)];
      }
      if (!sibling.left.red && !sibling.right.red) {
        sibling.red = true;
        node = node.parent;
        continue;
      }
      if (!sibling[other(side)].red) {
        sibling[side].red = false;
        sibling.red = true;
        this.rotate(sibling, other(side));
        sibling = node.parent[other(side)];
      }
      sibling.red = node.parent.red;
      node.parent.red = false;
      sibling[other(side)].red = false;
      this.rotate(node.parent, side);
      node = this.root;
    }
    node.red = false;
  }

  shape(node: Node = this.root): Shape | null {
    if (node === this.nil) return null;
    return { value: node.value, red: node.red, left: this.shape(node.left), right: this.shape(node.right) };
  }
}
