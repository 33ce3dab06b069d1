/**
 * `npm run conformance`: random programs of system calls on this machine's kernel and on the model, every result, errno, mask and order
 * compared. Run on the built package, so that no transform is in the way. Exit code 0: all agree or there is nothing to compare with,
 * 1: a difference was found, 2: wrong options.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answerOf, compareWithModel, programOf } from './differ.js';
import { RealKernel, whyNotLive } from './kernel.js';
import { regressionLines } from './regression.js';
import { type Counts, type Found, search, type SearchOptions } from './search.js';

const HELP = `npm run conformance -- [options]

Runs random programs of system calls on this machine's kernel and on the model and compares every answer.
A program that shows a difference is made as short as it can be, printed as a script, and kept.

  --programs N    how many (default 3000)
  --seed S        of the first one; the next has the next (default: from the clock, and printed)
  --seconds T     stop after so many seconds (default 120)
  --tasks         several threads and processes in every program (default: in every fourth one)
  --single        one task in every program
  --differences N stop after so many differences (default 5)
  --keep FOLDER   where differences are kept (default tests/conformance/regressions)
  --format json   one object: counts, and the differences found

Needs Linux 6.18 on x86-64 and gcc. Exit code 0: all agree, 1: a difference, 2: wrong options.
`;

/** The folder of the sources; this file runs from dist-live. */
const SOURCES = join(import.meta.dirname, '../tests/live');
const KEEP = join(import.meta.dirname, '../tests/conformance/regressions');

class UsageError extends Error {}

function wholeNumber(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} is a whole number, not '${text}'`);
  return Number(text);
}

function readOptions(): { values: Record<string, string | boolean | undefined> } {
  try {
    return parseArgs({
      options: {
        programs: { type: 'string' }, seed: { type: 'string' }, seconds: { type: 'string' }, differences: { type: 'string' }, keep: { type: 'string' },
        format: { type: 'string' }, tasks: { type: 'boolean' }, single: { type: 'boolean' }, help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The difference as people read it: the script, and what both kernels said. */
function storyOf(kernel: RealKernel, { seed, tasks, lines, what }: Found): string {
  const program = programOf(lines);
  const real = kernel.run([program])[0] ?? { calls: [], ms: [] };
  const shown = [`seed ${seed}${tasks ? ', several tasks' : ''}:`, ...lines.map((line) => `  ${line}`)];
  try {
    const { at, model } = compareWithModel(program, real);
    shown.push(`  Linux: ${answerOf(real.calls[at])}`, `  model: ${answerOf(model[at])}`);
  } catch {
    shown.push(`  the model fails: ${what}`);
  }
  return `${shown.join('\n')}\n`;
}

function keep(kernel: RealKernel, folder: string, one: Found): string | null {
  const real = kernel.run([programOf(one.lines)])[0];
  if (real === null || real === undefined) return null;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${one.seed}${one.tasks ? '-tasks' : ''}.jsonl`);
  writeFileSync(path, `${regressionLines(`found by seed ${one.seed}`, `Linux ${release()}`, one.lines, real.calls).join('\n')}\n`);
  return path;
}

function progressTo(stream: NodeJS.WriteStream): (counts: Counts) => void {
  if (stream.isTTY !== true) return () => {};
  return ({ programs, different }) => stream.write(`\r${programs} programs, ${different} differences\u001b[K`);
}

function run(): number {
  const { values } = readOptions();
  if (values['help'] === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const json = text('format') === 'json';
  if (text('format') !== undefined && !json && text('format') !== 'text') throw new UsageError('--format is text or json');
  const why = whyNotLive();
  if (why !== null) {
    process.stdout.write(json ? `${JSON.stringify({ skipped: why })}\n` : `skipped: ${why}; the real kernel cannot be asked here\n`);
    return 0;
  }
  const seed = wholeNumber(text('seed'), 'seed', Math.floor(Date.now() / 1000) % 1_000_000);
  const options: Omit<SearchOptions, 'found'> = {
    seed,
    programs: wholeNumber(text('programs'), 'programs', 3000),
    shape: values['tasks'] === true ? 'tasks' : values['single'] === true ? 'single' : 'both',
    differences: wholeNumber(text('differences'), 'differences', 5),
    until: Date.now() + 1000 * wholeNumber(text('seconds'), 'seconds', 120),
    progress: progressTo(process.stderr),
  };
  if (!json) process.stdout.write(`Linux ${release()}, seed ${seed}\n`);
  const kernel = new RealKernel(SOURCES);
  const kept: (string | null)[] = [];
  const onFound = (one: Found): void => {
    kept.push(keep(kernel, text('keep') ?? KEEP, one));
    if (!json) process.stdout.write(`\n${storyOf(kernel, one)}  kept: ${kept[kept.length - 1]}\n`);
  };
  try {
    const { counts, found } = search(kernel, { ...options, found: onFound });
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    if (json) process.stdout.write(`${JSON.stringify({ kernel: release(), seed, ...counts, found: found.map((one, index) => ({ ...one, kept: kept[index] })) })}\n`);
    else {
      process.stdout.write(`${counts.programs} programs, ${counts.calls} calls compared; ${counts.different} programs differ; in ${counts.otherOrder} tasks ran in another order that Linux may take, in ${counts.realTime} a timer of TCP came in between; `
        + `${counts.unstable} answered differently when asked again and ${counts.slow} took too long: not compared\n`);
    }
    return found.length > 0 ? 1 : 0;
  } finally {
    kernel.close();
  }
}

try {
  process.exitCode = run();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`conformance: ${error.message}\n${HELP}`);
  process.exitCode = 2;
}
