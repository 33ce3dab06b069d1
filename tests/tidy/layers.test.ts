/**
 * The walls between the folders: each import of src against the table, the tsconfig files against the table, and the
 * compiler's word that a forbidden import does not compile while every allowed one does.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkLayers, layers } from './layers.js';
import { parseSource, readFolder, root, show } from './source.js';

interface TsConfig {
  extends?: string;
  compilerOptions?: { rootDir?: string; outDir?: string; lib?: string[]; types?: string[] };
  references?: { path: string }[];
}

const readConfig = (path: string): TsConfig => JSON.parse(readFileSync(join(root, path), 'utf8')) as TsConfig;
const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter(e => e.isDirectory()).map(e => e.name).sort();
const built = folders.filter(name => existsSync(join(root, 'src', name, 'tsconfig.json')));
const pairs = built.flatMap(from => built.filter(to => to !== from).map(to => ({ from, to })));

/** The compiler follows references of references, so it refuses only what is not below at any depth; the scan is exact. */
const below = (from: string): string[] => layers[from]!.flatMap(to => [to, ...below(to)]);
const isBelow = (p: { from: string; to: string }): boolean => below(p.from).includes(p.to);

test('no file imports from a folder above it or beside it', () => {
  const findings = readFolder('src').flatMap(checkLayers);
  expect(show(findings)).toBe('');
});

test('the table of layers has no cycle: a row names only folders of earlier rows', () => {
  const names = Object.keys(layers);
  names.forEach((name, row) => expect(names.slice(0, row)).toEqual(expect.arrayContaining([...layers[name]!])));
});

test('every folder of src has a row in the table and a tsconfig.json whose references are that row', () => {
  const top = readConfig('tsconfig.json').references!.map(r => r.path);
  for (const name of folders) {
    expect(Object.keys(layers)).toContain(name);
    const config = readConfig(`src/${name}/tsconfig.json`);
    expect({ name, references: config.references!.map(r => r.path.slice(3)).sort() })
      .toEqual({ name, references: layers[name]!.filter(l => built.includes(l)).sort() });
    expect(config.extends).toBe('../../tsconfig.base.json');
    expect(config.compilerOptions).toMatchObject({ rootDir: '.', outDir: `../../dist/${name}` });
    expect(top).toContain(`src/${name}`);
  }
});

test('the model is compiled without the types of a browser or of Node', () => {
  expect(readConfig('tsconfig.base.json').compilerOptions).toMatchObject({ lib: ['ES2022'], types: [] });
  for (const name of ['kernel', 'socket', 'tcp', 'epoll', 'syscalls', 'inspect', 'scenario', 'scenarios', 'explore', 'reactor']) {
    if (!built.includes(name)) continue;
    expect(readConfig(`src/${name}/tsconfig.json`).compilerOptions).not.toHaveProperty('lib');
    expect(readConfig(`src/${name}/tsconfig.json`).compilerOptions).not.toHaveProperty('types');
  }
});

describe('the compiler', () => {
  let dir = '';

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'epollsim-layers-'));
    for (const name of ['tsconfig.base.json', 'package.json']) copyFileSync(join(root, name), join(dir, name));
    for (const name of built) {
      mkdirSync(join(dir, 'src', name), { recursive: true });
      const config = readConfig(`src/${name}/tsconfig.json`);
      if (config.compilerOptions !== undefined) delete config.compilerOptions.types;
      writeFileSync(join(dir, 'src', name, 'tsconfig.json'), JSON.stringify(config));
      writeFileSync(join(dir, 'src', name, 'room.ts'), `export const ${name}Room = '${name}';\n`);
    }
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ files: [], references: built.map(name => ({ path: `src/${name}` })) }));
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const build = (): { status: number | null; output: string } => {
    const run = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', '--pretty', 'false'], { cwd: dir, encoding: 'utf8' });
    return { status: run.status, output: run.stdout + run.stderr };
  };
  const link = (from: string, to: string): void => {
    writeFileSync(join(dir, 'src', from, `to_${to}.ts`), `import { ${to}Room } from '../${to}/room.js';\nexport const seen_${to} = ${to}Room;\n`);
  };

  test('accepts every import of a lower folder and refuses every upward or sideways one', () => {
    for (const pair of pairs.filter(isBelow)) link(pair.from, pair.to);
    expect(build()).toEqual({ status: 0, output: '' });

    const forbidden = pairs.filter(p => !isBelow(p));
    for (const pair of forbidden) link(pair.from, pair.to);
    const { status, output } = build();
    expect(status).not.toBe(0);
    const wrong = pairs.filter(p => output.includes(`src/${p.from}/to_${p.to}.ts(`) === isBelow(p));
    expect(wrong).toEqual([]);
    expect(forbidden).toContainEqual({ from: 'epoll', to: 'socket' });
  });

  test('knows no timers, no console and no process in the model', () => {
    for (const name of built) for (const to of built) rmSync(join(dir, 'src', name, `to_${to}.ts`), { force: true });
    writeFileSync(join(dir, 'src/kernel/host.ts'), 'setTimeout(() => {}, 1);\nconsole.log(1);\nexport const p = process.pid;\n');
    const { output } = build();
    for (const name of ['setTimeout', 'console', 'process']) expect(output).toContain(`Cannot find name '${name}'`);
  });
});

describe('the scan itself', () => {
  const scan = (path: string, text: string): string => show(checkLayers(parseSource(path, text)));

  test.each([
    ['an upward import', "// a\nimport { x } from '../tcp/input.js';", 'src/kernel/list.ts:2: kernel may not import tcp'],
    ['a type import', "import type { x } from '../syscalls/table.js';", 'src/kernel/list.ts:1: kernel may not import syscalls'],
    ['a re-export', "export * from '../epoll/eventpoll.js';", 'kernel may not import epoll'],
    ['an inline import type', "export type T = import('../tcp/input.js').tcp_sock;", 'kernel may not import tcp'],
    ['a dynamic import', "export const m = () => import('../tcp/input.js');", 'kernel may not import tcp'],
    ['require', "export const m = require('../tcp/input.js');", 'kernel may not import tcp'],
    ['a package', "import { readFileSync } from 'node:fs';", "imports the package 'node:fs'"],
    ['a path out of src', "import { x } from '../../dist/tcp/input.js';", 'leads out of src'],
    ['a missing extension', "import { x } from './bug';", 'must end with .js'],
  ])('catches %s', (_, text, expected) => {
    expect(scan('src/kernel/list.ts', text)).toContain(expected);
  });

  test('catches an import between siblings and a folder without a row', () => {
    expect(scan('src/epoll/eventpoll.ts', "import { x } from '../socket/sock.js';")).toContain('epoll may not import socket');
    expect(scan('src/extras/a.ts', '')).toContain('not in the table');
  });

  test('lets the tree package into rbtree.ts only', () => {
    const text = "import createRBTree from 'functional-red-black-tree';";
    expect(scan('src/kernel/rbtree.ts', text)).toBe('');
    expect(scan('src/kernel/list.ts', text)).toContain('functional-red-black-tree');
  });

  test('allows what the table allows', () => {
    expect(scan('src/tcp/input.ts', "import { x } from '../kernel/list.js';\nimport { y } from '../socket/sock.js';\nimport './state.js';")).toBe('');
    expect(scan('src/index.ts', "export * from './scenario/index.js';")).toBe('');
  });
});
