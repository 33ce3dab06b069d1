/**
 * The rules of docs/architecture.md that the source is held to. Each rule is also run on a snippet that breaks it:
 * a check that cannot fail is worth nothing.
 */

import { allowed } from './allowed.js';
import { citationsIn, functionsOf } from './functions.js';
import {
  MAX_FILE_LINES, MAX_FUNCTION_LINES, type RuleFinding, citesOrigin, generatorNames, hasHeader, isShort, noGlobalState, noIdleGenerator,
  noOutsideWorld, saysWhyItSleeps,
} from './rules.js';
import { type Source, parseSource, readFolder } from './source.js';

/** The folders with kernel names. */
const KERNEL_STYLE = ['kernel', 'socket', 'tcp', 'epoll', 'syscalls'];
/** Everything that runs inside a simulation. */
const MODEL = [...KERNEL_STYLE, 'inspect', 'scenario', 'scenarios', 'explore', 'reactor', 'museum', 'claims'];

const sources = new Map<string, Source[]>();
const read = (folder: string): Source[] => {
  const known = sources.get(folder) ?? readFolder(folder);
  sources.set(folder, known);
  return known;
};
const inFolders = (names: readonly string[]): Source[] => names.flatMap(name => read(`src/${name}`));

const used = new Set<string>();

/** What a rule finds, less what is allowed, as a list to read. */
function check(rule: (source: Source) => RuleFinding[], files: readonly Source[]): string {
  const left = files.flatMap(rule).filter(f => {
    if (!(f.key in allowed)) return true;
    used.add(f.key);
    return false;
  });
  return left.map(f => `${f.path}:${f.line}: ${f.text}   [${f.key}]`).join('\n');
}

test('the model uses no clock, no chance, no console and no process of its own', () => {
  expect(check(noOutsideWorld, inFolders(MODEL))).toBe('');
});

test('no module of the model holds state', () => {
  expect(check(noGlobalState, inFolders(MODEL))).toBe('');
});

test('every file begins by saying what it models', () => {
  expect(check(hasHeader, read('src'))).toBe('');
});

test(`files have at most ${MAX_FILE_LINES} lines and functions at most ${MAX_FUNCTION_LINES}`, () => {
  expect(check(isShort, read('src'))).toBe('');
});

test('every generator of the kernel folders says why it may sleep', () => {
  expect(check(saysWhyItSleeps, inFolders(KERNEL_STYLE))).toBe('');
});

test('no generator is called without yield*', () => {
  const files = inFolders(MODEL);
  expect(check(noIdleGenerator(generatorNames(files)), files)).toBe('');
});

test('every exported function with a kernel name cites its origin', () => {
  expect(check(citesOrigin, inFolders(KERNEL_STYLE))).toBe('');
});

test('every entry of allowed.ts excuses something and gives a reason', () => {
  expect(Object.keys(allowed).filter(key => !used.has(key))).toEqual([]);
  expect(Object.entries(allowed).filter(([, reason]) => reason.length < 20)).toEqual([]);
});

describe('the rules catch what they are for', () => {
  const texts = (rule: (source: Source) => RuleFinding[], code: string): string[] =>
    rule(parseSource('src/kernel/x.ts', code)).map(f => `${f.line}: ${f.text}`);

  test.each([
    ['Date', 'const f = () => Date.now();'], ['Date', 'let f: Date;'], ['Math.random', 'const f = () => Math.random();'],
    ['Math.random', "const f = () => Math['random']();"], ['Math.random', 'const { random } = Math;'], ['setTimeout', 'setTimeout(f, 1);'],
    ['setInterval', 'setInterval(f, 1);'], ['setImmediate', 'setImmediate(f);'], ['console', 'function f() { console.log(1); }'],
    ['process', 'const f = () => process.hrtime();'], ['globalThis', 'globalThis.x = 1;'], ['performance', 'performance.now();'],
  ])('%s: %s', (name, code) => {
    expect(texts(noOutsideWorld, `// é\n${code}`)).toEqual([`2: uses ${name}`]);
  });

  test('members, parameters and words in strings or comments are not uses', () => {
    const code = "// Date, process.exit\nfunction f(process, o) { o.console = process.pid; o.Date(); return { setTimeout: 1, s: 'Date' }; }\nMath.max(1, 2);";
    expect(texts(noOutsideWorld, code)).toEqual([]);
  });

  test('module-level let, var and empty containers', () => {
    const code = 'let a = 1;\nexport var b = 2;\nconst c = new Map();\nconst d: number[] = [];\nexport const e = {} as T;\nconst f = [1];\nconst g = new Map([[1, 2]]);\nconst r: readonly number[] = [];\nconst q: ReadonlyMap<number, number> = new Map();\nfunction h() { let i = 1; const j = []; return [i, j]; }';
    expect(texts(noGlobalState, code)).toEqual([
      '1: module-level let a', '2: module-level var b', '3: module-level c starts empty, so somebody fills it',
      '4: module-level d starts empty, so somebody fills it', '5: module-level e starts empty, so somebody fills it',
    ]);
  });

  test('a missing or short header', () => {
    expect(texts(hasHeader, 'const a = 1;')).toHaveLength(1);
    expect(texts(hasHeader, '/** One sentence on fs/eventpoll.c only. */\nconst a = 1;')).toHaveLength(1);
    expect(texts(hasHeader, '/**\n * One sentence. And\n * a second.\n */\nconst a = 1;')).toEqual([]);
    expect(texts(hasHeader, '#!/usr/bin/env node\n/** One sentence. And a second. */\nconst a = 1;')).toEqual([]);
    expect(texts(hasHeader, '// One sentence.\n// A second.\nconst a = 1;')).toEqual([]);
  });

  test('long files and functions', () => {
    expect(texts(isShort, '// x\n'.repeat(MAX_FILE_LINES))).toEqual([]);
    expect(texts(isShort, '// x\n'.repeat(MAX_FILE_LINES + 1))).toEqual(['501: the file has 501 lines, more than 500']);
    const body = (lines: number): string => 'g();\n'.repeat(lines - 2);
    expect(texts(isShort, `/* a */\nfunction f() {\n${body(70)}}`)).toEqual([]);
    expect(texts(isShort, `/* a */\nfunction f() {\n${body(71)}}`)).toEqual(['2: f has 71 lines, more than 70']);
    expect(texts(isShort, `class C {\n  *m() {\n${body(71)}}\n  constructor() {\n${body(71)}}\n}`)).toEqual(['2: C.m has 71 lines, more than 70', '73: C.constructor has 71 lines, more than 70']);
    expect(texts(isShort, `const o = { f: () => {\n${body(71)}} };`)).toEqual(['1: o.f has 71 lines, more than 70']);
  });

  test('generators that do not say why they sleep', () => {
    const code = [
      '/** Takes the lock; sleeps while it is held. */', 'export function* good() {}',
      '/** Takes the lock. */', 'export function* bad_a() {}',
      'class C {', '  /** Sleeps for data. */', '  *good() {}', '  *bad_b() {}', '}',
      '/** Sleeps. */', 'const o = {', '  *bad_c() {},', '  // may sleep', '  good: function* () {},', '};',
      '// sleeps', 'const good2 = function* () {};', 'const bad_d = function* () {};',
    ].join('\n');
    expect(texts(saysWhyItSleeps, code).map(t => t.split(' ')[1])).toEqual(['bad_a', 'C.bad_b', 'o.bad_c', 'bad_d']);
  });

  test('generators called without yield*', () => {
    const code = [
      'function* lock(k) {}', 'const ops = { *read() {} };', 'class C { *both() {} }', 'function both() {}', 'function plain() {}',
      'function* f(k) {', '  lock(k);', '  o.read(k);', '  yield* lock(k);', '  const g = lock(k);', '  c.both();', '  plain();', '  return lock(k);', '}',
    ].join('\n');
    const generators = generatorNames([parseSource('src/kernel/x.ts', code)]);
    expect(texts(noIdleGenerator(generators), code)).toEqual([
      '7: lock() is called without yield*, so it does nothing', '8: read() is called without yield*, so it does nothing']);
  });

  test('exported kernel names without an origin', () => {
    const code = [
      '/** Adds. fs/eventpoll.c:ep_insert */', 'export function ep_insert() {}',
      '/** A table. net/ipv4/tcp.c */', 'export const tcp_x = () => 1;',
      '/** Prints. ours: Linux has no such thing */', 'export function show_it() {}',
      '/** Prints. ours: */', 'export function bad_a() {}',
      '/** Something from C:foo. */', 'export function bad_b() {}',
      'function bad_c() {}', 'function not_exported() {}', 'export { bad_c };',
      'export function camelCase() {}', 'export function hex() {}',
      '/** From include/linux/list.h:list_add */', 'export function over(a: number): number;', 'export function over(a: string): string;', 'export function over(a: unknown): unknown { return a; }',
    ].join('\n');
    expect(texts(citesOrigin, code).map(t => t.split(' ')[1])).toEqual(['bad_a', 'bad_b', 'bad_c']);
  });

  test('citations are taken apart, over line breaks too', () => {
    expect(citationsIn('/** Scans. fs/eventpoll.c:ep_start_scan (since 5.11), before that\n * fs/eventpoll.c:ep_scan_ready_list\n * (up to 5.10); see include/linux/wait.h and wait(2). */')).toEqual([
      { file: 'fs/eventpoll.c', fn: 'ep_start_scan', versions: 'since 5.11' },
      { file: 'fs/eventpoll.c', fn: 'ep_scan_ready_list', versions: 'up to 5.10' },
      { file: 'include/linux/wait.h', fn: '', versions: 'any' },
    ]);
  });

  test('functions are found with name, line and comment whatever their form', () => {
    const source = parseSource('src/kernel/x.ts', '/** a */\nexport function f() {\n  return () => 1;\n}\nclass C {\n  /** m */\n  m() {}\n}\n// g\nconst g = () => 2;\n');
    expect(functionsOf(source).map(f => [f.name, f.line, f.lastLine, f.comment])).toEqual([
      ['f', 2, 4, '/** a */'], ['', 3, 3, ''], ['C.m', 7, 7, '/** m */'], ['g', 10, 10, '// g'],
    ]);
  });
});
