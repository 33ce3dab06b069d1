/**
 * The functions of a source file, whichever way they are written (declaration, method, arrow, function expression),
 * with the name a reader would use, the comment above, and the citation of the Linux code they follow.
 */

import { type Node, type Source, commentAbove, endOf, lineAt, startOf, walkAll } from './source.js';

export interface Func {
  /** `ep_insert`, `Clock.arm`, `eventfd_fops.poll`; '' for one without a name */
  name: string;
  exported: boolean;
  /** declared at the top of the file, not inside another function or class */
  top: boolean;
  generator: boolean;
  /** a declaration or method, or an arrow or function expression that gives a variable or field its value */
  named: boolean;
  comment: string;
  line: number;
  lastLine: number;
}

/** `fs/eventpoll.c:ep_start_scan (since 5.11)` taken apart; fn is '' when only the file is cited. */
export interface Citation {
  file: string;
  fn: string;
  versions: string;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassMethod', 'PrivateMethod',
  'Constructor', 'MethodProperty', 'GetterProperty', 'SetterProperty']);
const BINDERS = new Set(['VariableDeclarator', 'KeyValueProperty', 'ClassProperty', 'PrivateProperty', 'AssignmentProperty']);
/** Where the search for the comment above ends: what lies further out has a comment of its own. */
const WALLS = new Set([...FUNCTIONS, 'BlockStatement', 'ClassDeclaration', 'ClassExpression', 'ObjectExpression']);

function keyName(node: Node | null | undefined): string {
  if (node === null || node === undefined) return '';
  if (node.type === 'PrivateName') return `#${String(node['value'] ?? (node['id'] as Node | undefined)?.['value'])}`;
  return typeof node['value'] === 'string' ? node['value'] : '';
}

function nameOf(node: Node, parents: readonly Node[]): string {
  const own = keyName((node['identifier'] ?? node['key']) as Node | null);
  const parent = parents.at(-1);
  const bound = parent !== undefined && BINDERS.has(parent.type) ? keyName((parent['id'] ?? parent['key']) as Node) : '';
  const name = node.type === 'Constructor' ? 'constructor' : own || bound;
  const holder = parents.findLast(p => p.type === 'ClassDeclaration' || p.type === 'ClassExpression'
    || (p.type === 'VariableDeclarator' && (p['init'] as Node | null)?.type === 'ObjectExpression'));
  const inHolder = holder !== undefined && !parents.slice(parents.indexOf(holder) + 1).some(p => FUNCTIONS.has(p.type));
  const prefix = inHolder ? keyName((holder['identifier'] ?? holder['id']) as Node) : '';
  return prefix !== '' && name !== '' ? `${prefix}.${name}` : name;
}

/** The function's name when a statement is a signature without a body, one of several of an overloaded function. */
function signatureName(node: Node): string {
  const decl = (node.type === 'ExportDeclaration' ? node['declaration'] : node) as Node;
  return decl.type === 'FunctionDeclaration' && (decl['body'] ?? null) === null ? keyName(decl['identifier'] as Node) : '';
}

/** The comment above the function, or above the statement or member that it is the value of. */
function commentOf(source: Source, node: Node, parents: readonly Node[], name: string): string {
  const chain = [node];
  for (let i = parents.length - 1; i >= 0 && !WALLS.has(parents[i]!.type); i--) chain.push(parents[i]!);
  for (const place of chain.filter(n => n.span !== undefined || n.type === 'KeyValueProperty')) {
    const comment = commentAbove(source, startOf(place));
    if (comment !== '') return comment;
  }
  let index = source.body.indexOf(chain.at(-1)!);
  while (index > 0 && name !== '' && signatureName(source.body[index - 1]!) === name) index--;
  return index >= 0 ? commentAbove(source, startOf(source.body[index]!)) : '';
}

/** Names that `export { a, b }` lets out of the file. */
function listedExports(source: Source): Set<string> {
  const names = new Set<string>();
  for (const node of source.body) {
    if (node.type !== 'ExportNamedDeclaration' || node['source'] !== null && node['source'] !== undefined) continue;
    for (const item of node['specifiers'] as Node[]) names.add(keyName(item['orig'] as Node));
  }
  return names;
}

export function functionsOf(source: Source): Func[] {
  const out: Func[] = [];
  const listed = listedExports(source);
  walkAll(source, (node, parents) => {
    if (!FUNCTIONS.has(node.type) || (node.type === 'FunctionDeclaration' && signatureName(node) !== '')) return;
    const holder = node['function'] as Node | undefined;
    const name = nameOf(node, parents);
    const top = parents.every(p => p.type === 'ExportDeclaration' || p.type === 'ExportDefaultDeclaration' || p.type === 'VariableDeclaration' || p.type === 'VariableDeclarator');
    out.push({
      name,
      exported: top && (parents.some(p => p.type.startsWith('Export')) || listed.has(name)),
      top,
      generator: (holder ?? node)['generator'] === true,
      named: name !== '' && node.type !== 'Constructor',
      comment: commentOf(source, node, parents, name),
      line: lineAt(source, startOf(node)),
      lastLine: lineAt(source, endOf(node)),
    });
  });
  return out;
}

const TREES = 'arch|block|crypto|drivers|fs|include|init|io_uring|ipc|kernel|lib|mm|net|security|virt';
const CITATION = new RegExp(
  String.raw`\b((?:${TREES})/[\w./-]*\w\.[chS])(?::(\w+)(?:\(\))?)?(?:\s*\(((?:since |up to |until |before )?\d+\.\d+(?:\s*(?:-|to)\s*\d+\.\d+)?)\))?`, 'g');

/** All citations in a comment, in order, line breaks and comment stars taken out. */
export function citationsIn(comment: string): Citation[] {
  const text = plain(comment);
  return [...text.matchAll(CITATION)].map(m => ({ file: m[1]!, fn: m[2] ?? '', versions: m[3] ?? 'any' }));
}

/** The words of a comment on one line, without its stars and slashes. */
export function plain(comment: string): string {
  return comment.replace(/^\s*\/\*+/, '').replace(/\*\/\s*$/, '').split('\n').map(l => l.replace(/^\s*(?:\*(?!\/)|\/\/+)?\s?/, '')).join(' ').replace(/\s+/g, ' ').trim();
}
