/**
 * The code in our documents is code that runs. A `ts` block is executed; what it prints is compared with its
 * `// => ...` comments or with a `text` block that follows. A `console` block shows epollsim commands that exist, and
 * output that they really print. A `json` block parses.
 */

import { transformSync } from '@swc/core';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { type Node, type Source, endOf, parseSource, root, startOf, textOf } from '../tidy/source.js';

export interface Block {
  path: string;
  line: number;
  lang: string;
  code: string;
  /** the text between this block and the one before */
  before: string;
}

/** README.md and every page under docs/. */
export function listPages(): string[] {
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md')).map(name => `docs/${name}`) : [];
  return ['README.md', ...docs.sort()].filter(path => existsSync(join(root, path)));
}

export function readBlocks(path: string): Block[] {
  return blocksIn(path, readFileSync(join(root, path), 'utf8'));
}

export function blocksIn(path: string, text: string): Block[] {
  const out: Block[] = [];
  let fence: { mark: string; lang: string; line: number; code: string[] } | null = null;
  let before: string[] = [];
  text.split('\n').forEach((line, index) => {
    const mark = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (fence === null && mark !== null) fence = { mark: mark[1]!, lang: mark[2]!, line: index + 1, code: [] };
    else if (fence !== null && line.trim() === fence.mark) {
      out.push({ path, line: fence.line, lang: fence.lang, code: fence.code.join('\n'), before: before.join('\n') });
      fence = null;
      before = [];
    } else if (fence !== null) fence.code.push(line);
    else before.push(line);
  });
  return out;
}

/** The `text` block that shows what a block prints: the next one, with nothing but one short line between. */
export function expectedOutput(blocks: readonly Block[], index: number): string | null {
  const next = blocks[index + 1];
  if (next === undefined || next.lang !== 'text' || next.path !== blocks[index]!.path) return null;
  const between = next.before.trim();
  return between === '' || (!between.includes('\n') && between.endsWith(':')) ? next.code : null;
}

const MARK = /\/\/ => ?(.*)$/;

/** An expression to print where a statement carries `// => value` and prints nothing itself. */
function shownBy(source: Source, node: Node): string | null {
  if (node.type === 'ExpressionStatement') {
    const text = textOf(source, node['expression'] as Node);
    return text.startsWith('console.log(') ? null : text;
  }
  const decls = node.type === 'VariableDeclaration' ? node['declarations'] as Node[] : [];
  const id = decls.length === 1 ? decls[0]!['id'] as Node : null;
  return id?.type === 'Identifier' ? id['value'] as string : null;
}

/** Turns `f(1); // => 2` into a print, so that all expectations are about what is printed. */
function withPrints(code: string): string {
  const source = parseSource('block.ts', code);
  let out = source.bytes;
  for (const node of source.body.toReversed()) {
    const end = endOf(node);
    const rest = source.bytes.toString('utf8', end).split('\n', 1)[0]!;
    const shown = MARK.test(rest) ? shownBy(source, node) : null;
    if (shown === null) continue;
    const print = Buffer.from(node.type === 'ExpressionStatement' ? `console.log(${shown});` : `${textOf(source, node)} console.log(${shown});`);
    out = Buffer.concat([out.subarray(0, startOf(node)), print, out.subarray(end)]);
  }
  return out.toString('utf8');
}

/** What the `// => ...` comments of a block say it prints; null when there are none. */
function expectedByMarks(code: string): string | null {
  const marks = code.split('\n').flatMap(line => MARK.exec(line)?.[1] ?? []);
  return marks.length === 0 ? null : marks.join('\n');
}

/** Runs a block with `load` for its imports, and gives back what it printed. Calls of test() and it() run at once. */
export async function runBlock(code: string, load: (name: string) => unknown): Promise<string> {
  const printed: string[] = [];
  const print = (...args: unknown[]): void => void printed.push(format(...args));
  const waiting: unknown[] = [];
  const test = (_name: string, body: () => unknown): void => void waiting.push(body());
  const { code: js } = transformSync(withPrints(code), {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs', ignoreDynamic: false }, isModule: true,
  });
  // oxlint-disable-next-line typescript/no-implied-eval -- running the code of our own pages is the purpose
  const run = new Function('require', 'exports', 'console', 'test', 'it', 'expect', `return (async () => {${js}\n})();`) as (...args: unknown[]) => Promise<void>;
  await run(load, {}, { log: print, error: print }, test, test, expect);
  await Promise.all(waiting);
  return printed.join('\n');
}

const tidyEnds = (text: string): string => text.split('\n').map(l => l.trimEnd()).join('\n').trim();

/** Runs a block; '' when it prints what it says it prints, else what is wrong. */
export async function checkBlock(code: string, following: string | null, load: (name: string) => unknown): Promise<string> {
  const marks = expectedByMarks(code);
  let printed: string;
  try {
    printed = await runBlock(code, load);
  } catch (error) {
    return error instanceof Error ? error.stack ?? error.message : String(error);
  }
  const expected = marks ?? following;
  if (expected === null || tidyEnds(expected) === tidyEnds(printed)) return '';
  return `printed:\n${printed}\nbut says:\n${expected}`;
}

/** The relative links of a page that lead to no file. */
export function deadLinks(path: string, text: string): string[] {
  const prose = text.replace(/^\s*(`{3,})[\s\S]*?^\s*\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(m => m[1]!)
    .filter(to => !/^(?:[a-z]+:|#)/.test(to) && !existsSync(join(root, path, '..', to.split('#')[0]!)));
}

export interface Command {
  words: string[];
  /** what the block shows below the command */
  output: string;
}

/** A word of a shell without its quotes. */
const unquoted = (word: string): string => word.replace(/^'(.*)'$/, '$1');

/** The commands of a console block with the output shown for each. A line that ends in \ goes on. */
export function commandsIn(code: string): Command[] {
  const out: Command[] = [];
  for (const line of code.replace(/\\\n\s*/g, ' ').split('\n')) {
    if (line.startsWith('$ ')) out.push({ words: line.slice(2).replace(/\s+#\s.*$/, '').trim().split(/\s+/).map(unquoted), output: '' });
    else if (out.length > 0) out.at(-1)!.output += `${line}\n`;
  }
  return out;
}

/** True when a printed text is the shown one; a line `...` stands for any lines. */
export function looksLike(shown: string, printed: string): boolean {
  const parts = `\n${tidyEnds(shown)}\n`.split(/\n\s*\.\.\.\s*(?=\n)/).map(p => p.replace(/^\n+/, ''));
  const text = `${tidyEnds(printed)}\n`;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const found = text.indexOf(part, at);
    if (found < 0 || (index === 0 && found !== 0)) return false;
    at = found + part.length;
  }
  return at === text.length || parts.at(-1) === '';
}
