/**
 * The map between our functions and Linux's, read from the citations in the comments. A function is on the map when
 * the comment above it cites `path.c:function`; a remark such as `(since 5.11)` behind the citation tells the versions.
 */

import { type Citation, citationsIn, functionsOf } from '../tidy/functions.js';
import { type Source, readFolder } from '../tidy/source.js';

export const MAPPED = ['kernel', 'socket', 'tcp', 'epoll', 'syscalls'];

export interface Row {
  fn: string;
  path: string;
  origin: Citation;
}

/** One row for each citation of each function of a file, in the order of the source. */
export function rowsOf(source: Source): Row[] {
  return functionsOf(source).filter(f => f.named).flatMap(f =>
    citationsIn(f.comment).filter(c => c.fn !== '').map(origin => ({ fn: f.name, path: source.path, origin })));
}

export function allRows(): Row[] {
  return MAPPED.flatMap(name => readFolder(`src/${name}`)).flatMap(rowsOf);
}

const line = (row: Row): string => `| \`${row.fn}\` | ${row.path} | ${row.origin.file}:${row.origin.fn} | ${row.origin.versions} |`;

/** docs/kernel-map.md, with the section about claimed functions at its end. */
export function mapPage(rows: readonly Row[], claimed: readonly string[] = []): string {
  const lines = [
    '# Our functions and the kernel\'s', '',
    'Written by `npm run docs` from the comments in the source; do not edit. The reference is Linux 6.18. The last column says in which',
    'versions a function of that name exists, where that is not all of them: for one that Linux has renamed or split, ours keeps',
    'the old name, or both. A function without a counterpart in Linux says so in its comment ("ours:") and is not listed.',
  ];
  for (const folder of MAPPED) {
    const mine = rows.filter(r => r.path.startsWith(`src/${folder}/`));
    if (mine.length === 0) continue;
    lines.push('', `## ${folder}`, '', '| our function | our file | Linux | versions |', '|---|---|---|---|', ...mine.map(line));
  }
  lines.push(...claimed);
  return `${lines.join('\n')}\n`;
}

/** The rows of a page as written, for comparison. */
export function readMap(text: string): Row[] {
  const out: Row[] = [];
  for (const [, fn, path, file, origin, versions] of text.matchAll(/^\| `([^`]+)` \| (\S+) \| (\S+):(\w+) \| (.+) \|$/gm)) {
    out.push({ fn: fn!, path: path!, origin: { file: file!, fn: origin!, versions: versions! } });
  }
  return out;
}

/** What is wrong with a map: functions that are missing, that do not exist, or whose origin is another one in the source. */
export function checkMap(map: readonly Row[], rows: readonly Row[], files: ReadonlySet<string>): string[] {
  const where = (r: Row): string => `${r.path} ${r.fn}`;
  const origins = (list: readonly Row[], key: string): string => list.filter(r => where(r) === key).map(r => `${r.origin.file}:${r.origin.fn} (${r.origin.versions})`).join(', ');
  const inMap = new Set(map.map(where));
  const inCode = new Set(rows.map(where));
  const out: string[] = [];
  for (const key of inCode) if (!inMap.has(key)) out.push(`${key} is not on the map (${origins(rows, key)})`);
  for (const key of inMap) {
    const path = key.split(' ')[0]!;
    if (!files.has(path)) out.push(`${key} is on the map, but the file does not exist`);
    else if (!inCode.has(key)) out.push(`${key} is on the map, but no such function cites Linux`);
    else if (origins(map, key) !== origins(rows, key)) out.push(`${key} is ${origins(map, key)} on the map, but ${origins(rows, key)} in the source`);
  }
  return out;
}
