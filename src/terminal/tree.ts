/**
 * The interest tree as a drawing: a node stands in its in-order column and on the line of its depth, so that it keeps its place when others
 * come. A tree that is too wide is drawn lying on its side. `b` is a black node, `r` a red one, `*` one whose item the step changed.
 */

import type { TreeView } from '../inspect/view.js';

/** A node with its place. */
interface Placed {
  readonly text: string;
  readonly left: Placed | null;
  readonly right: Placed | null;
  readonly depth: number;
  /** columns of its text: from, and the one behind */
  readonly from: number;
  readonly to: number;
}

const middle = ({ from, to }: Placed): number => Math.floor((from + to - 1) / 2);

function labelOf(node: TreeView, marked: ReadonlySet<number>): string {
  return `${node.fd}${node.red ? 'r' : 'b'}${marked.has(node.item) ? '*' : ''}`;
}

function place(node: TreeView | null, depth: number, column: { next: number }, marked: ReadonlySet<number>): Placed | null {
  if (node === null) return null;
  const left = place(node.left, depth + 1, column, marked);
  const text = labelOf(node, marked);
  const from = column.next;
  column.next += text.length + 1;
  const right = place(node.right, depth + 1, column, marked);
  return { text, left, right, depth, from, to: from + text.length };
}

function write(rows: string[][], row: number, column: number, text: string): void {
  const cells = (rows[row] ??= []);
  while (cells.length < column) cells.push(' ');
  for (let at = 0; at < text.length; at++) cells[column + at] = text[at]!;
}

/** The line from a node down to its children: `┌──┴─┐`. */
function writeBranches(rows: string[][], node: Placed): void {
  const row = node.depth * 2 + 1;
  const { left, right } = node;
  const at = middle(node);
  const from = left === null ? at : middle(left);
  const to = right === null ? at : middle(right);
  for (let column = from; column <= to; column++) write(rows, row, column, '─');
  if (left !== null) write(rows, row, from, '┌');
  if (right !== null) write(rows, row, to, '┐');
  write(rows, row, at, left === null ? '└' : right === null ? '┘' : '┴');
}

function draw(rows: string[][], node: Placed | null): void {
  if (node === null) return;
  write(rows, node.depth * 2, node.from, node.text);
  if (node.left !== null || node.right !== null) writeBranches(rows, node);
  draw(rows, node.left);
  draw(rows, node.right);
}

/** The tree on its side: the root at the left, the greatest key on top. */
function lying(node: TreeView, before: string, turn: '┌' | '└' | '', marked: ReadonlySet<number>, out: string[]): void {
  const arm = turn === '' ? '' : `${turn}─`;
  const above = before + (turn === '┌' ? '  ' : turn === '└' ? '│ ' : '');
  const below = before + (turn === '┌' ? '│ ' : turn === '└' ? '  ' : '');
  if (node.right !== null) lying(node.right, above, '┌', marked, out);
  out.push(`${before}${arm}${labelOf(node, marked)}`);
  if (node.left !== null) lying(node.left, below, '└', marked, out);
}

/**
 * Draws a tree in at most `width` columns; on its side where it is wider.
 * @param marked ids of items that the step changed
 */
export function treeDrawing(tree: TreeView, width: number, marked: ReadonlySet<number>): string[] {
  const column = { next: 0 };
  const placed = place(tree, 0, column, marked);
  if (column.next - 1 <= width) {
    const rows: string[][] = [];
    draw(rows, placed);
    return rows.map((cells) => cells.join(''));
  }
  const out: string[] = [];
  lying(tree, '', '', marked, out);
  return out;
}
