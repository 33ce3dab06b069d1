/**
 * Reading our own source for the tidy tests: the files of src, their syntax trees with line numbers, and the comment
 * that stands directly above a piece of code. swc gives the tree; it drops comments, so those are found in the text.
 */

import { parseSync } from '@swc/core';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const root = resolve(__dirname, '../..');

/** A node of swc's syntax tree, seen only as far as the checks need it. */
export interface Node {
  type: string;
  span: { start: number; end: number };
  [key: string]: unknown;
}

/** One parsed file. `path` is relative to the root, with forward slashes. */
export interface Source {
  path: string;
  text: string;
  bytes: Buffer;
  body: Node[];
}

/** A broken rule, printed as `file:line: text`. */
export interface Finding {
  path: string;
  line: number;
  text: string;
}

export function show(findings: readonly Finding[]): string {
  return findings.map(f => `${f.path}:${f.line}: ${f.text}`).join('\n');
}

export function parseSource(path: string, text: string): Source {
  const module = parseSync(text, { syntax: 'typescript', target: 'es2022' });
  return { path, text, bytes: Buffer.from(text), body: module.body as unknown as Node[] };
}

/** All `.ts` files under a folder of the project, sorted by path; none when the folder does not exist. */
export function listFiles(folder: string): string[] {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  const out: string[] = [];
  for (const entry of readdirSync(top, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.d.ts')) continue;
    out.push(relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'));
  }
  return out.sort();
}

export function readSource(path: string): Source {
  return parseSource(path, readFileSync(join(root, path), 'utf8'));
}

export function readFolder(folder: string): Source[] {
  return listFiles(folder).map(readSource);
}

/** Where a node begins in the bytes of its file; swc counts bytes from 1, and gives `key: value` no span of its own. */
export function startOf(node: Node): number {
  return (node.span ?? (node['key'] as Node).span).start - 1;
}

export function endOf(node: Node): number {
  return (node.span ?? (node['value'] as Node).span).end - 1;
}

export function lineAt(source: Source, byte: number): number {
  let line = 1;
  for (let i = source.bytes.indexOf(10); i >= 0 && i < byte; i = source.bytes.indexOf(10, i + 1)) line++;
  return line;
}

/** The source text of a node. */
export function textOf(source: Source, node: Node): string {
  return source.bytes.toString('utf8', startOf(node), endOf(node));
}

/** The comment, or run of line comments, with only white space between it and `byte`; '' when there is none. */
export function commentAbove(source: Source, byte: number): string {
  const before = source.bytes.toString('utf8', 0, byte).trimEnd();
  if (before.endsWith('*/')) return before.slice(before.lastIndexOf('/*'));
  const lines = before.split('\n');
  let first = lines.length;
  while (first > 0 && lines[first - 1]!.trimStart().startsWith('//')) first--;
  return lines.slice(first).join('\n');
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** The nodes directly below a node, in the order of the source. */
export function childrenOf(node: Node): Node[] {
  const out: Node[] = [];
  const add = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(add);
    else if (isNode(value)) out.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(add);
  };
  for (const [key, value] of Object.entries(node)) if (key !== 'span') add(value);
  return out;
}

/** Visits a node and everything below it; `parents` holds the way down to it, outermost first. */
export function walk(node: Node, visit: (node: Node, parents: readonly Node[]) => void, parents: Node[] = []): void {
  visit(node, parents);
  parents.push(node);
  for (const child of childrenOf(node)) walk(child, visit, parents);
  parents.pop();
}

export function walkAll(source: Source, visit: (node: Node, parents: readonly Node[]) => void): void {
  for (const node of source.body) walk(node, visit);
}
