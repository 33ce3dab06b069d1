/**
 * The rules of the house that a program can check: no hidden state and no hidden clock in the model, a header in every
 * file, short files and functions, and comments that say why a generator sleeps and where in Linux a function comes from.
 */

import { type Func, citationsIn, functionsOf, plain } from './functions.js';
import { type Finding, type Node, type Source, lineAt, startOf, walkAll } from './source.js';

export const MAX_FILE_LINES = 500;
export const MAX_FUNCTION_LINES = 70;

/** A finding with the key by which allowed.ts can excuse it: `rule path name`. */
export interface RuleFinding extends Finding {
  key: string;
}

const finding = (rule: string, source: Source, line: number, name: string, text: string): RuleFinding =>
  ({ key: `${rule} ${source.path} ${name}`, path: source.path, line, text });

/** Names of the world outside: clocks, timers, randomness, the console and the process. */
const OUTSIDE = new Set(['Date', 'performance', 'crypto', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame',
  'console', 'process', 'globalThis', 'window', 'require']);

/** True when an identifier is only the name of a member, `x.process` or `{ process: 1 }`, not a use of the variable. */
function isMemberName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === 'MemberExpression' || parent.type === 'OptionalChainingExpression') return parent['property'] === node;
  if (parent.type === 'TsQualifiedName') return parent['right'] === node;
  return parent['key'] === node;
}

/** Every name the file declares or imports, at any depth. */
function declaredNames(source: Source): Set<string> {
  const names = new Set<string>();
  const add = (value: unknown): void => {
    const node = value as Node | null | undefined;
    if (node?.type === 'Identifier') names.add(node['value'] as string);
    if (node?.type === 'ObjectPattern') for (const p of node['properties'] as Node[]) add(p['value'] ?? p['key'] ?? p['argument']);
    if (node?.type === 'ArrayPattern') for (const p of node['elements'] as (Node | null)[]) add(p);
    if (node?.type === 'AssignmentPattern') add(node['left']);
    if (node?.type === 'RestElement') add(node['argument']);
  };
  walkAll(source, node => {
    if (node.type === 'VariableDeclarator') add(node['id']);
    if (node.type === 'Parameter') add(node['pat']);
    if (node.type === 'ArrowFunctionExpression') for (const p of node['params'] as Node[]) add(p);
    if (/^(Function|Class)(Declaration|Expression)$/.test(node.type)) add(node['identifier']);
    if (node.type.startsWith('Import') && node.type.endsWith('Specifier')) add(node['local']);
    if (node.type === 'CatchClause') add(node['param']);
  });
  return names;
}

/** The model asks nobody but its Kernel for time and chance, and prints nothing. */
export function noOutsideWorld(source: Source): RuleFinding[] {
  const out: RuleFinding[] = [];
  const declared = declaredNames(source);
  const found = (node: Node, name: string): void => {
    out.push(finding('outside', source, lineAt(source, startOf(node)), name, `uses ${name}`));
  };
  walkAll(source, (node, parents) => {
    if (node.type !== 'Identifier' || isMemberName(node, parents.at(-1))) return;
    const name = node['value'] as string;
    if (declared.has(name)) return;
    if (OUTSIDE.has(name)) found(node, name);
    if (name !== 'Math') return;
    const member = parents.at(-1);
    const property = member?.type === 'MemberExpression' ? member['property'] as Node : null;
    if (property?.type !== 'Identifier' || property['value'] === 'random') found(node, 'Math.random');
  });
  return out;
}

/** What a variable of the module starts as when it is meant to be filled later: an empty list, map, set or object. */
function isEmptyContainer(value: Node | null): boolean {
  if (value === null) return false;
  if (value.type === 'ArrayExpression') return (value['elements'] as unknown[]).length === 0;
  if (value.type === 'ObjectExpression') return (value['properties'] as unknown[]).length === 0;
  if (value.type === 'TsAsExpression' || value.type === 'TsSatisfiesExpression') return isEmptyContainer(value['expression'] as Node);
  return value.type === 'NewExpression' && /^(Weak)?(Map|Set)$/.test(String((value['callee'] as Node)['value']))
    && ((value['arguments'] as unknown[] | null) ?? []).length === 0;
}

/** True for `readonly T[]`, ReadonlyMap and the like: nobody can fill it. */
function isReadonly(type: Node | null | undefined): boolean {
  if (type?.type === 'TsTypeOperator') return type['op'] === 'readonly';
  return type?.type === 'TsTypeReference' && String((type['typeName'] as Node)['value']).startsWith('Readonly');
}

/** All state belongs to a Kernel object: no module-level let or var, and no container that the module fills. */
export function noGlobalState(source: Source): RuleFinding[] {
  const out: RuleFinding[] = [];
  for (const node of source.body) {
    const decl = (node.type === 'ExportDeclaration' ? node['declaration'] : node) as Node;
    if (decl.type !== 'VariableDeclaration' || decl['declare'] === true) continue;
    const line = lineAt(source, startOf(node));
    for (const item of decl['declarations'] as Node[]) {
      const id = item['id'] as Node;
      const name = String(id['value']);
      const type = (id['typeAnnotation'] as Node | null)?.['typeAnnotation'] as Node | undefined;
      if (decl['kind'] !== 'const') out.push(finding('state', source, line, name, `module-level ${String(decl['kind'])} ${name}`));
      else if (!isReadonly(type) && isEmptyContainer(item['init'] as Node | null)) out.push(finding('state', source, line, name, `module-level ${name} starts empty, so somebody fills it`));
    }
  }
  return out;
}

/** A file begins with two sentences or more: what it models, which Linux file, what it leaves out. */
export function hasHeader(source: Source): RuleFinding[] {
  const head = /^(?:\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*\n?)+)/.exec(source.text.replace(/^#!.*\n/, ''))?.[0] ?? '';
  if (head === '') return [finding('header', source, 1, 'file', 'does not begin with a comment that says what the file models')];
  const sentences = plain(head).match(/[.!?:](?=\s|$)/g)?.length ?? 0;
  return sentences >= 2 ? [] : [finding('header', source, 1, 'file', 'the comment at the top has fewer than two sentences')];
}

export function isShort(source: Source): RuleFinding[] {
  const out: RuleFinding[] = [];
  const lines = source.text.replace(/\n$/, '').split('\n').length;
  if (lines > MAX_FILE_LINES) out.push(finding('length', source, MAX_FILE_LINES + 1, 'file', `the file has ${lines} lines, more than ${MAX_FILE_LINES}`));
  for (const f of functionsOf(source)) {
    const length = f.lastLine - f.line + 1;
    if (length > MAX_FUNCTION_LINES) out.push(finding('length', source, f.line, f.name, `${label(f)} has ${length} lines, more than ${MAX_FUNCTION_LINES}`));
  }
  return out;
}

const label = (f: Func): string => f.name === '' ? 'a function without name' : f.name;

/** function* means might_sleep(): the comment above says which wait or lock makes it so. */
export function saysWhyItSleeps(source: Source): RuleFinding[] {
  return functionsOf(source).filter(f => f.generator && !/sleep/i.test(f.comment))
    .map(f => finding('sleeps', source, f.line, f.name, `${label(f)} is a generator, but the comment above does not say why it may sleep`));
}

/** True for a name that only kernel style can have given: an underscore and no capital letter. */
export const isSnakeCase = (name: string): boolean => /^[a-z0-9_]+$/.test(name) && name.includes('_');

/** The last part of a callee: `mutex_lock`, and `read` of `file.f_op.read`. */
function calleeName(callee: Node): string {
  const node = callee.type === 'MemberExpression' ? callee['property'] as Node : callee;
  return node.type === 'Identifier' ? node['value'] as string : '';
}

/** The names that belong to generators only, in all of these files. */
export function generatorNames(files: readonly Source[]): Set<string> {
  const all = files.flatMap(functionsOf).filter(f => f.name !== '');
  const last = (f: Func): string => f.name.slice(f.name.lastIndexOf('.') + 1);
  const plainNames = new Set(all.filter(f => !f.generator).map(last));
  return new Set(all.filter(f => f.generator).map(last).filter(name => !plainNames.has(name)));
}

/** A generator that is called as a statement does nothing at all: `yield*` was forgotten. The compiler does not say so. */
export function noIdleGenerator(generators: ReadonlySet<string>): (source: Source) => RuleFinding[] {
  return source => {
    const out: RuleFinding[] = [];
    walkAll(source, node => {
      const call = node.type === 'ExpressionStatement' ? node['expression'] as Node : node;
      if (node.type !== 'ExpressionStatement' || call.type !== 'CallExpression') return;
      const name = calleeName(call['callee'] as Node);
      if (generators.has(name)) out.push(finding('idle', source, lineAt(source, startOf(node)), name, `${name}() is called without yield*, so it does nothing`));
    });
    return out;
  };
}

/** An exported function with a kernel-style name says where in Linux it comes from, or `ours:` and why Linux has none. */
export function citesOrigin(source: Source): RuleFinding[] {
  return functionsOf(source)
    .filter(f => f.exported && isSnakeCase(f.name) && citationsIn(f.comment).length === 0 && !/\bours: *\S+ +\S+/.test(plain(f.comment)))
    .map(f => finding('origin', source, f.line, f.name, `${f.name} cites neither a Linux file nor "ours:" with a reason`));
}
