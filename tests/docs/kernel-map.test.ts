/** docs/kernel-map.md says which function of Linux each of ours follows, and agrees with the comments in the source. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimedLines, floorFindings } from './claimed.js';
import { staleLines } from './generated.js';
import { MAPPED, allRows, checkMap, mapPage, readMap, rowsOf } from './kernel-map.js';
import { listFiles, parseSource, root } from '../tidy/source.js';

const rows = allRows();
const files = new Set(MAPPED.flatMap(name => listFiles(`src/${name}`)));
const path = join(root, 'docs/kernel-map.md');

test('docs/kernel-map.md is up to date (npm run docs writes it)', () => {
  expect(staleLines('docs/kernel-map.md', mapPage(rows, claimedLines()))).toBe('');
});

test('every function with a counterpart in Linux is on the map, and the map names nothing else', () => {
  const map = existsSync(path) ? readMap(readFileSync(path, 'utf8')) : [];
  expect(checkMap(map, rows, files).join('\n')).toBe('');
});

test('every function that the recordings know is claimed, or below the floor for a reason', () => {
  expect(floorFindings()).toEqual([]);
});

test('one function of a file has one name', () => {
  const seen = new Map<string, number>();
  for (const r of rows) seen.set(`${r.path} ${r.fn} ${r.origin.file}:${r.origin.fn}`, (seen.get(`${r.path} ${r.fn} ${r.origin.file}:${r.origin.fn}`) ?? 0) + 1);
  expect([...seen].filter(([, count]) => count > 1)).toEqual([]);
});

describe('the check itself', () => {
  const source = parseSource('src/epoll/x.ts', [
    '/** Old. fs/eventpoll.c:ep_scan_ready_list (up to 5.10) */', 'function* ep_scan_ready_list() {}',
    '/** New. fs/eventpoll.c:ep_start_scan (since 5.11) */', 'export function ep_start_scan() {}',
    '/** Only a file: fs/eventpoll.c. */', 'export function ep_other() {}',
    'const ops = {', '  /** fs/eventpoll.c:ep_eventpoll_poll */', '  poll() {},', '};',
  ].join('\n'));
  const found = rowsOf(source);

  test('rows come from the citations, with their versions', () => {
    expect(found.map(r => [r.fn, r.origin.fn, r.origin.versions])).toEqual([
      ['ep_scan_ready_list', 'ep_scan_ready_list', 'up to 5.10'], ['ep_start_scan', 'ep_start_scan', 'since 5.11'], ['ops.poll', 'ep_eventpoll_poll', 'any'],
    ]);
  });

  test('a page reads back as it was written', () => {
    expect(readMap(mapPage(found))).toEqual(found);
  });

  test('it catches a missing function, a foreign one, a missing file and another origin', () => {
    const moved = { ...found[1]!, origin: { ...found[1]!.origin, file: 'fs/select.c' } };
    const foreign = { ...found[0]!, fn: 'ep_nothing' };
    const gone = { ...found[0]!, path: 'src/epoll/gone.ts' };
    expect(checkMap([moved, found[2]!, foreign, gone], found, new Set(['src/epoll/x.ts']))).toEqual([
      'src/epoll/x.ts ep_scan_ready_list is not on the map (fs/eventpoll.c:ep_scan_ready_list (up to 5.10))',
      'src/epoll/x.ts ep_start_scan is fs/select.c:ep_start_scan (since 5.11) on the map, but fs/eventpoll.c:ep_start_scan (since 5.11) in the source',
      'src/epoll/x.ts ep_nothing is on the map, but no such function cites Linux',
      'src/epoll/gone.ts ep_scan_ready_list is on the map, but the file does not exist',
    ]);
  });
});
