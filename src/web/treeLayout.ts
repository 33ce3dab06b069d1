/**
 * Where the nodes of the interest tree are drawn: across by their rank in order, down by their depth. A node keeps its place among its neighbours
 * whatever is rotated, so that a learner's eye can follow it.
 */

import type { TreeView } from '../inspect/view.js';

/** A node and its place, both counted from 0. */
export interface PlacedNode {
  readonly item: number;
  readonly fd: number;
  readonly red: boolean;
  readonly rank: number;
  readonly depth: number;
  /** the node above it; null for the root */
  readonly parent: { readonly rank: number; readonly depth: number } | null;
}

/** All nodes of a tree, in the order of their descriptors. */
export function placeNodes(tree: TreeView | null): readonly PlacedNode[] {
  const found: { node: TreeView; depth: number; above: TreeView | null }[] = [];
  const walk = (node: TreeView | null, depth: number, above: TreeView | null): void => {
    if (node === null) return;
    walk(node.left, depth + 1, node);
    found.push({ node, depth, above });
    walk(node.right, depth + 1, node);
  };
  walk(tree, 0, null);
  const rankOf = new Map(found.map(({ node }, rank) => [node, rank]));
  return found.map(({ node, depth, above }, rank) => ({
    item: node.item, fd: node.fd, red: node.red, rank, depth, parent: above === null ? null : { rank: rankOf.get(above)!, depth: depth - 1 },
  }));
}
