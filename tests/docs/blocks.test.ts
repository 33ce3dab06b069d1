/** Every code block of README.md and docs/ does what it says. Commands are checked when the package is built (npm run build). */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksIn, checkBlock, commandsIn, deadLinks, expectedOutput, listPages, looksLike, readBlocks } from './blocks.js';
import { root } from '../tidy/source.js';

const blocks = listPages().flatMap(readBlocks);
const cli = join(root, 'dist/cli/main.js');
const load = (name: string): unknown => require(name);
const LANGUAGES = ['ts', 'js', 'text', 'json', 'console', 'sh', 'c', 'html', 'mermaid', 'diff', ''];

test('every block names a language we know', () => {
  expect(blocks.filter(b => !LANGUAGES.includes(b.lang)).map(b => `${b.path}:${b.line}: ${b.lang}`)).toEqual([]);
});

test('every link to a file leads to one', () => {
  expect(listPages().flatMap(path => deadLinks(path, readFileSync(join(root, path), 'utf8')).map(to => `${path}: ${to}`))).toEqual([]);
});

test('every npm script a page names is in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const named = blocks.filter(b => b.lang === 'console').flatMap(b => commandsIn(b.code)).map(c => c.words).filter(w => w[0] === 'npm')
    .map(w => w[1] === 'run' ? w[2]! : w[1]!).filter(name => !['ci', 'install', 'link'].includes(name));
  expect(named.filter(name => scripts[name] === undefined)).toEqual([]);
});

describe('ts and json blocks', () => {
  blocks.forEach((block, index) => {
    const name = `${block.path}:${block.line}`;
    if (block.lang === 'ts') {
      test(`${name} runs`, async () => {
        expect(await checkBlock(block.code, expectedOutput(blocks, index), load)).toBe('');
      });
    }
    if (block.lang === 'json') test(`${name} parses`, () => { JSON.parse(block.code); });
  });
});

describe('console blocks', () => {
  const run = (words: readonly string[], cwd: string): { status: number | null; text: string } => {
    const done = spawnSync(process.execPath, [cli, ...words], { cwd, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, timeout: 30_000 });
    return { status: done.status, text: done.stdout + done.stderr };
  };
  const inBuild = existsSync(cli) ? test : test.skip;

  for (const block of blocks.filter(b => b.lang === 'console')) {
    for (const { words, output } of commandsIn(block.code)) {
      if (words[0] !== 'epollsim') continue;
      inBuild(`${block.path}:${block.line}: ${words.join(' ')}`, () => {
        const cwd = mkdtempSync(join(tmpdir(), 'epollsim-docs-'));
        try {
          const command = words[1]?.startsWith('-') ? [] : words.slice(1, 2);
          const help = run(command.length === 0 ? ['--help'] : ['help', ...command], cwd);
          expect({ command, status: help.status }).toEqual({ command, status: 0 });
          for (const word of words.slice(1).filter(w => /^--?[a-z]/.test(w))) expect(help.text).toContain(word.split('=')[0]);
          if (output.trim() === '') return;
          const shown = run(words.slice(1), root).text;
          if (!looksLike(output, shown)) expect(shown).toBe(output);
        } finally {
          rmSync(cwd, { recursive: true, force: true });
        }
      });
    }
  }
});

describe('the checks themselves', () => {
  const check = (code: string, following: string | null = null): Promise<string> => checkBlock(code, following, load);

  test('blocks are found with their line and language', () => {
    const text = 'a\n```ts\nx();\n```\nprints:\n```text\n1\n```\n\n````json\n```\n````\n';
    const found = blocksIn('p.md', text);
    expect(found.map(b => [b.line, b.lang, b.code])).toEqual([[2, 'ts', 'x();'], [6, 'text', '1'], [10, 'json', '```']]);
    expect([0, 1, 2].map(i => expectedOutput(found, i))).toEqual(['1', null, null]);
  });

  test.each([
    ['console.log(1 + 1); // => 2'], ['1 + 1; // => 2'], ['const a: number = 3; // => 3'], ["['é'].length // => 1"],
    ["const a = 'é';\nfor (const x of [1, 2]) console.log(a, x);\n// => é 1\n// => é 2"], ['await Promise.resolve(7); // => 7'],
    ["import { strictEqual } from 'node:assert';\nstrictEqual(1, 1);"], ["test('a', () => { expect(1).toBe(1); });"],
  ])('accepts %j', async code => {
    expect(await check(code)).toBe('');
  });

  test.each([
    ['1 + 1; // => 3', 'printed:\n2'], ['console.log(1); console.log(2); // => 1', 'but says:\n1'], ['nothing();', 'nothing is not defined'],
    ['const a = ;', 'yntax'], ["import { x } from 'epollsim/nowhere';\nx();", 'epollsim/nowhere'], ["test('a', () => { expect(1).toBe(2); });", 'toBe'],
    ["test('a', async () => { await null; throw new Error('late'); });", 'late'],
  ])('refuses %j', async (code, reason) => {
    expect(await check(code)).toContain(reason);
  });

  test('the text block that follows is what is printed', async () => {
    expect(await check('console.log(1);\nconsole.log(2);', '1\n2\n')).toBe('');
    expect(await check('console.log(1);', '2')).toContain('printed:\n1');
  });

  test('a dead link is found, a link in code is not one', () => {
    expect(deadLinks('docs/x.md', '[a](nowhere.md) [b](../README.md#x) [c](https://example.org) `[d](no.md)`\n```\n[e](no.md)\n```\n[f](#here)')).toEqual(['nowhere.md']);
  });

  test('commands and shown output are read', () => {
    expect(commandsIn("$ a 'b;c' d'e")).toEqual([{ words: ['a', 'b;c', "d'e"], output: '' }]);
    expect(commandsIn('$ epollsim run a.ts \\\n    --seed 1   # why\none\ntwo\n$ npm test')).toEqual([
      { words: ['epollsim', 'run', 'a.ts', '--seed', '1'], output: 'one\ntwo\n' }, { words: ['npm', 'test'], output: '' }]);
    expect(looksLike('a\nb', 'a\nb\n')).toBe(true);
    expect(looksLike('a\n...\nd', 'a\nb\nc\nd\n')).toBe(true);
    expect(looksLike('a\n...', 'a\nb\nc\n')).toBe(true);
    expect(looksLike('...\nc', 'a\nb\nc\n')).toBe(true);
    for (const [shown, printed] of [['a', 'a\nb'], ['b', 'a\nb'], ['a\n...\nc', 'a\nb'], ['b\n...', 'a\nb']]) expect(looksLike(shown!, printed!)).toBe(false);
  });
});
