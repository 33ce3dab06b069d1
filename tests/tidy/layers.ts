/**
 * Who may import whom. The table is the import diagram of docs/architecture.md: a folder may import from itself and
 * from the folders named in its row. The tsconfig.json files carry the same table as project references, so the
 * compiler refuses a forbidden import; this scan says the same with a file and a line, without compiling.
 */

import { dirname, posix } from 'node:path';
import { type Finding, type Node, type Source, lineAt, startOf, walkAll } from './source.js';

const MODEL = ['kernel', 'socket', 'tcp', 'epoll', 'syscalls'];
const STORIES = [...MODEL, 'inspect', 'scenario', 'scenarios', 'reactor', 'museum', 'claims', 'programs'];
const MIDDLE = [...MODEL, 'inspect', 'scenario'];

/** Folder -> folders it may import from, besides itself. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  socket: ['kernel'],
  tcp: ['kernel', 'socket'],
  epoll: ['kernel'],
  syscalls: ['kernel', 'socket', 'tcp', 'epoll'],
  inspect: ['kernel', 'socket', 'tcp', 'epoll', 'syscalls'],
  scenario: [...MODEL, 'inspect'],
  reactor: ['scenario'],
  scenarios: ['scenario', 'reactor'],
  museum: ['scenario', 'reactor'],
  claims: ['inspect', 'scenario', 'scenarios', 'reactor', 'museum'],
  explore: MIDDLE,
  programs: ['scenario', 'scenarios', 'explore'],
  replay: MIDDLE,
  calls: [...MODEL, 'inspect'],
  vectors: MIDDLE,
  export: MIDDLE,
  debug: [...MIDDLE, 'replay'],
  terminal: [...MIDDLE, 'debug'],
  testing: [...MIDDLE, 'scenarios', 'explore'],
  dap: [...MIDDLE, 'replay', 'debug'],
  cli: [...STORIES, 'explore', 'replay', 'calls', 'vectors', 'export', 'debug', 'testing', 'terminal', 'dap'],
  web: [...STORIES, 'explore', 'replay', 'export', 'debug'],
};

/** The packages a folder, or one file, may import; nothing else from outside src. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  'src/kernel/rbtree.ts': ['functional-red-black-tree'],
  'src/replay/': ['node:'],
  'src/testing/': ['fast-check'],
  'src/cli/': ['node:', 'commander', 'picocolors', 'tinypool'],
  'src/terminal/': ['node:', 'ink', 'picocolors', 'react'],
  // the protocol of editors, as its authors keep it: framing, events and types; one package that depends on its types alone
  'src/dap/': ['node:', '@vscode/debugadapter', '@vscode/debugprotocol'],
  'src/web/': ['lit', 'lit/'],
};

export function layerOf(path: string): string {
  return path.split('/')[1]!;
}

interface Import {
  from: string;
  node: Node;
}

function stringValue(value: unknown): string | null {
  const node = value as Node | null;
  return node !== null && node?.type === 'StringLiteral' ? (node['value'] as string) : null;
}

/** Every module a file names: import, export from, import(), require() and import types. */
export function importsOf(source: Source): Import[] {
  const out: Import[] = [];
  const add = (node: Node, value: unknown): void => {
    const from = stringValue(value);
    if (from !== null) out.push({ from, node });
  };
  walkAll(source, node => {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration' || node.type === 'ExportNamedDeclaration') {
      add(node, node['source']);
    } else if (node.type === 'TsImportType') {
      add(node, node['argument']);
    } else if (node.type === 'TsExternalModuleReference') {
      add(node, node['expression']);
    } else if (node.type === 'CallExpression') {
      const callee = node['callee'] as Node;
      const first = (node['arguments'] as { expression: Node }[])[0];
      if (callee.type === 'Import' || (callee.type === 'Identifier' && callee['value'] === 'require')) add(node, first?.expression ?? null);
    }
  });
  return out;
}

function checkImport(path: string, from: string): string | null {
  if (!from.startsWith('.')) {
    for (const [where, names] of Object.entries(packages)) {
      if (path.startsWith(where) && names.some(name => from === name || (/[:/]$/.test(name) && from.startsWith(name)))) return null;
    }
    return `imports the package '${from}', which this folder may not use`;
  }
  if (!from.endsWith('.js')) return `'${from}' must end with .js`;
  const target = posix.normalize(posix.join(dirname(path), from));
  if (!target.startsWith('src/')) return `'${from}' leads out of src`;
  const mine = layerOf(path);
  const theirs = layerOf(target);
  if (theirs === mine || layers[mine]?.includes(theirs)) return null;
  return `${mine} may not import ${theirs} ('${from}')`;
}

/** All imports of one file that the table does not allow. `src/index.ts`, the front door, may import everything. */
export function checkLayers(source: Source): Finding[] {
  const front = !source.path.slice(4).includes('/');
  if (!front && layers[layerOf(source.path)] === undefined) {
    return [{ path: source.path, line: 1, text: `the folder ${layerOf(source.path)} is not in the table of layers` }];
  }
  const out: Finding[] = [];
  for (const { from, node } of importsOf(source)) {
    if (front && from.startsWith('./')) continue;
    const text = checkImport(source.path, from);
    if (text !== null) out.push({ path: source.path, line: lineAt(source, startOf(node)), text });
  }
  return out;
}
