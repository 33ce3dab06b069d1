/**
 * Pages that are written by a program. `npm run docs` writes them (it sets UPDATE_DOCS); every other run only compares,
 * so that a page can never fall behind the source it is made from.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tidy/source.js';

/** Writes the page when it is asked for; then the lines in which the file differs from `text`, '' when there are none. */
export function staleLines(path: string, text: string): string {
  const full = join(root, path);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(full, text);
  const now = existsSync(full) ? readFileSync(full, 'utf8') : '';
  if (now === text) return '';
  const has = now.split('\n');
  const wants = text.split('\n');
  const lines = [...has.filter(l => !wants.includes(l)).map(l => `- ${l}`), ...wants.filter(l => !has.includes(l)).map(l => `+ ${l}`)];
  return `${path} is not what \`npm run docs\` writes; ${lines.length} lines differ:\n${lines.slice(0, 20).join('\n')}`;
}
