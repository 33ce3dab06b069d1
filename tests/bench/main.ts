/**
 * What the model costs, as ratios taken in one run: a loopback echo against the real kernel's, and the cost of epoll, poll
 * and select as the number of descriptors grows. `--json` prints the numbers for a program, `--write` puts the table
 * into docs/performance.md. Run by `npm run bench` on the built package, so that no transform is measured.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { debugCost } from './debug.js';
import { atSize, build, echo, scanning, type ModelMode } from './model.js';
import { exhausted, rate, strangers, wakers } from './explore.js';
import { replayRows } from './replay.js';
import { compileNative, type Native } from './native.js';

/** One line of the table. `target` is a test on the ratio, or null when there is none. */
interface Row {
  readonly what: string;
  readonly ratio: number;
  readonly unit: string;
  readonly target: string;
  readonly met: boolean | null;
}

const REPEATS = 5;
const SIZES = [10, 100, 1_000, 10_000, 100_000];

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

const MODES: readonly (readonly [string, ModelMode])[] = [
  ['points off', { preempt: 'never', traced: false }],
  ['points off, traced', { preempt: 'never', traced: true }],
  ['all points', { preempt: 'all', traced: false }],
  ['all points, traced', { preempt: 'all', traced: true }],
];

/** Echo rounds: each repeat times every mode and the real kernel one after the other, so that a noisy machine disturbs all alike. */
function echoRows(native: Native | null): Row[] {
  const times = MODES.map((): number[] => []);
  const real: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    progress(`echo ${repeat + 1} of ${REPEATS}`);
    if (native !== null) real.push(native('echo', 1, 30_000)!);
    MODES.forEach(([, mode], i) => times[i]!.push(echo(mode, 1, 30_000, repeat === 0 ? 30_000 : 5_000)));
  }
  const against = (numerator: readonly number[], denominator: readonly number[]): number =>
    median(numerator.map((value, i) => value / denominator[i]!));
  const rows: Row[] = [];
  if (native !== null) {
    MODES.forEach(([name], i) => {
      const ratio = against(real, times[i]!);
      const target = [5, null, 1, null][i] ?? null;
      rows.push({ what: `echo, ${name}`, ratio, unit: 'x real Linux', target: target === null ? '' : `at least ${target}`, met: target === null ? null : ratio >= target });
    });
  }
  for (const [on, off] of [[1, 0], [3, 2]] as const) {
    const ratio = against(times[on]!, times[off]!);
    rows.push({ what: `tracing, ${MODES[off]![0]}`, ratio, unit: 'x untraced time', target: 'at most 2', met: ratio <= 2 });
  }
  return rows;
}

function roundsFor(n: number): number {
  return Math.max(20, Math.floor(2_000_000 / n));
}

/** How a cost grows from the smallest size to the largest, with the real kernel's growth beside it where it can be had. */
function growthRows(native: Native | null): Row[] {
  const rows: Row[] = [];
  for (const kind of ['wait', 'ctl', 'poll', 'select'] as const) {
    const linear = kind === 'poll' || kind === 'select';
    const sizes = linear ? SIZES.filter((n) => n <= 10_000) : SIZES;
    const costs = sizes.map((n) => {
      progress(`${kind} at ${n}`);
      const rounds = linear ? roundsFor(n) : 50_000;
      const times = Array.from({ length: 3 }, () => (linear ? scanning(kind, n, rounds) : atSize(kind, n, rounds)));
      return median(times);
    });
    const real = native === null ? [] : sizes.map((n) => native(kind, n, linear ? roundsFor(n) : 50_000));
    sizes.forEach((n, i) => {
      if (i === 0) return;
      // Where the cost is linear, the fixed part of a call hides the growth of the first sizes: the step before counts.
      const from = linear ? i - 1 : 0;
      const growth = costs[i]! / costs[from]!;
      const [least, here] = [real[from] ?? null, real[i] ?? null];
      const realGrowth = least !== null && here !== null ? `, real Linux ${(here / least).toFixed(2)}` : '';
      const target = targetOf(kind, n);
      rows.push({
        what: `${{ wait: 'epoll_wait, 1 ready', ctl: 'epoll_ctl ADD + DEL', poll: 'poll, 1 ready', select: 'select, 1 ready' }[kind]}, N = ${n}`,
        ratio: growth,
        unit: `x N = ${sizes[from]}${realGrowth}`,
        target: target === null ? '' : target.text,
        met: target === null ? null : target.met(growth),
      });
    });
  }
  return rows;
}

/** What the growth at the largest size must be for the cost to be flat, logarithmic or linear. */
function targetOf(kind: string, n: number): { text: string; met: (growth: number) => boolean } | null {
  if (kind === 'wait' && n === 100_000) return { text: 'under 1.3 (flat)', met: (growth) => growth < 1.3 };
  if (kind === 'ctl' && n === 100_000) return { text: 'under 10 (logarithmic)', met: (growth) => growth < 10 };
  if ((kind === 'poll' || kind === 'select') && n === 10_000) return { text: '5 to 20 (linear)', met: (growth) => growth > 5 && growth < 20 };
  return null;
}

function buildRows(): Row[] {
  progress('a million watches');
  const { seconds, bytesPerWatch } = build(1_000_000);
  return [
    { what: 'registering 1,000,000 descriptors', ratio: seconds / 15, unit: 'of 15 s', target: 'under 1', met: seconds < 15 },
    { what: 'memory of one watch', ratio: bytesPerWatch / 1024, unit: 'of 1 KiB', target: 'under 1', met: bytesPerWatch < 1024 },
  ];
}

/** A frame of a screen at 60 Hz, ms. */
const FRAME_MS = 16;

function debugRows(): Row[] {
  progress('a debug session of a million steps');
  const cost = debugCost(1_000_000, 500);
  const row = (what: string, ms: number): Row => ({ what: `debugger, a million steps: ${what}`, ratio: ms / FRAME_MS, unit: 'of 16 ms', target: 'under 1', met: ms < FRAME_MS });
  return [
    row('the state at any of 500 steps, the slowest', cost.slowestMs),
    row('the same, the median', cost.medianMs),
    row('moves and searches from there, the slowest', cost.slowestMoveMs),
    { what: 'debugger: making the run, a step', ratio: cost.loadUs, unit: 'us', target: '', met: null },
    { what: 'debugger: memory, a step', ratio: cost.bytes / 1024, unit: 'KiB', target: 'under 1', met: cost.bytes < 1024 },
  ];
}

/** Searches: runs and moves a second of one core, and what is exhausted. */
function exploreRows(): Row[] {
  progress('exploring');
  const [one, list, some] = [rate(strangers, { reduce: false, schedules: 20_000 }), rate(wakers, { reduce: false, schedules: 20_000 }), rate(wakers, {})];
  const plain = (what: string, ratio: number, unit: string): Row => ({ what, ratio, unit, target: '', met: null });
  const reach = exhausted(2);
  return [
    { what: 'exploring 2 threads x 20 moves, one core', ratio: one.runsPerSecond / 100_000, unit: 'of 100,000 runs/s', target: 'at least 1', met: one.runsPerSecond >= 100_000 },
    plain('the same', one.movesPerSecond / 1e6, 'million moves/s'),
    plain('exploring 2 wakers and 1 waiter, one core', list.runsPerSecond / 1000, 'thousand runs/s'),
    plain('the same with reduction', some.runsPerSecond / 1000, 'thousand runs/s'),
    plain('runs that the reduction leaves of it, all made', some.runs, 'runs'),
    { what: 'built-in scenarios exhausted in 2 s', ratio: reach.done / reach.all, unit: `of ${reach.all}; not: ${reach.left.join(', ')}`, target: '1', met: reach.left.length === 0 },
  ];
}

function table(rows: readonly Row[]): string {
  const lines = ['| what | ratio | unit | target | met |', '|---|---|---|---|---|'];
  for (const row of rows) {
    lines.push(`| ${row.what} | ${row.ratio.toFixed(2)} | ${row.unit} | ${row.target} | ${row.met === null ? '' : row.met ? 'yes' : 'NO'} |`);
  }
  return lines.join('\n');
}

const compiled = compileNative();
const native = typeof compiled === 'string' ? null : compiled;
const rows = [...echoRows(native), ...growthRows(native), ...buildRows(), ...debugRows(), ...exploreRows(), ...replayRows()];
progress('');
if (typeof compiled === 'string') console.error(compiled);
const text = table(rows);
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else console.log(text);
if (process.argv.includes('--write')) {
  const page = new URL('../docs/performance.md', import.meta.url);
  const machine = `Measured on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} x ${cpus()[0]!.model.trim()}, Linux ${release()}, Node ${process.version}.`;
  const marked = readFileSync(page, 'utf8').replace(/(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/, `$1${machine}\n\n${text}\n$2`);
  writeFileSync(page, marked);
}
