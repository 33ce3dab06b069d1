/**
 * What the primitives of the model cost. Run by `npm run bench` on the built package, so that no transform is measured;
 * a name given on the command line picks the groups that contain it, `--json` prints the numbers for a program.
 */

import { Bench } from 'tinybench';
import { lists } from './lists.js';

const groups: readonly ((bench: Bench) => void)[] = [lists];

const json = process.argv.includes('--json');
const wanted = process.argv.slice(2).filter(word => !word.startsWith('-'));

const bench = new Bench({ time: 200, warmupTime: 50 });
for (const group of groups) group(bench);
for (const task of bench.tasks) if (wanted.length > 0 && !wanted.some(word => task.name.includes(word))) bench.remove(task.name);
await bench.run();

const rows = bench.tasks.map(task => {
  const result = task.result;
  const ns = 'latency' in result ? result.latency.p50 * 1e6 : Number.NaN;
  return { name: task.name, nsMedian: Math.round(ns * 10) / 10 };
});
if (json) console.log(JSON.stringify(rows, null, 2));
else for (const row of rows) console.log(`${row.name.padEnd(40)} ${String(row.nsMedian).padStart(12)} ns`);
