/** The package: exact versions, a lock file that npm ci accepts on every platform and that names no server, and nothing that downloads on install. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source.js';

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  resolved?: string;
}

const read = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
const manifest = read<Manifest>('package.json');
const lock = read<{ packages: Record<string, Manifest> }>('package-lock.json').packages;

test('every dependency is pinned to one version', () => {
  const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

// tinypool: the worker threads of `epollsim explore`; no dependencies of its own, with types, for Node 20
// ink and react: the terminal of `epollsim step`, loaded by that command only; docs/decisions/0011-terminal.md says why
// @vscode/debugadapter: the protocol that editors speak with `epollsim dap`; it brings its own types and nothing else
test('at run time there are seven packages', () => {
  expect(Object.keys(manifest.dependencies ?? {}).sort()).toEqual(['@vscode/debugadapter', 'commander', 'functional-red-black-tree', 'ink', 'picocolors', 'react', 'tinypool']);
});

test('the lock file names no server', () => {
  expect(Object.entries(lock).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
});

test('the lock file lists the builds of all platforms, which npm ci asks for', () => {
  const missing = Object.entries(lock).flatMap(([path, entry]) => Object.keys(entry.optionalDependencies ?? {})
    .filter(name => lock[`node_modules/${name}`] === undefined && lock[`${path}/node_modules/${name}`] === undefined));
  expect(missing).toEqual([]);
});

test('installing runs no script of any package', () => {
  expect(readFileSync(join(root, '.npmrc'), 'utf8')).toContain('ignore-scripts=true');
});
