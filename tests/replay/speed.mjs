// How fast logs are read: `npm run build && node tests/replay/speed.mjs [log...]`. Each recording is repeated to some 400,000 lines and read
// whole, arguments and results taken apart; the best of three runs counts. `scan` is the first of the two readings of a file.
import { readFileSync, readdirSync } from 'node:fs';
import { findLongCalls } from '../../dist/replay/longCalls.js';
import { readEvents } from '../../dist/replay/reader.js';

const folder = new URL('../conformance/strace/', import.meta.url);
const all = readdirSync(folder).filter(name => name.endsWith('.log')).map(name => name.slice(0, -4));
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const PIECE = 65536;
const LINES = 400_000;

/** Milliseconds of the best of three runs. */
function best(run) {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

for (const name of names) {
  const log = readFileSync(new URL(`${name}.log`, folder), 'latin1');
  const lines = log.split('\n').length - 1;
  const times = Math.ceil(LINES / lines);
  const bytes = Buffer.from(log.repeat(times), 'latin1');
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) => bytes.toString('latin1', i * PIECE, (i + 1) * PIECE));
  const read = best(() => {
    let count = 0;
    for (const event of readEvents(pieces)) count += event.line;
    return count;
  });
  const scan = best(() => findLongCalls(pieces));
  const perSecond = ms => Math.round(lines * times / ms);
  console.log(`${name.padEnd(16)} ${String(perSecond(read)).padStart(6)} thousand lines/s  ${String(Math.round(bytes.length / read / 1000)).padStart(4)} MB/s   scan ${perSecond(scan)}`);
}
