/**
 * The command as Node runs it: src turned into JavaScript by swc in a folder of its own, so that these tests need no build and see the
 * source as it is. The folder lies under node_modules, where the packages that the command imports are found.
 */

import { transformSync } from '@swc/core';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../tidy/source.js';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Command {
  readonly folder: string;
  /** runs `epollsim ARGS` in a folder with these files */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Ran;
  /** the same with a reader that goes away after one line */
  runIntoHead(args: readonly string[]): Ran;
  /** writes a file into the folder in which the command runs */
  file(name: string, text: string): string;
  remove(): void;
}

/** Makes the command. */
export function buildCommand(): Command {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'epollsim-cli-'));
  const source = join(root, 'src');
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const { code } = transformSync(readFileSync(join(source, name), 'utf8'), { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } });
    const to = join(folder, 'dist', name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, code);
  }
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  const work = join(folder, 'work');
  mkdirSync(work);
  return {
    folder,
    run(args, env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'dist/cli/main.js'), ...args], {
        cwd: work, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: '1', ...env },
      });
      return { code: status, out: stdout, err: stderr };
    },
    runIntoHead(args) {
      const line = `"${process.execPath}" "${join(folder, 'dist/cli/main.js')}" ${args.join(' ')} | head -n 1`;
      const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: work, encoding: 'utf8', timeout: 60_000 });
      return { code: status, out: stdout, err: stderr };
    },
    file(name, text) {
      const path = join(work, name);
      writeFileSync(path, text);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
