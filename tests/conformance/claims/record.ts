/**
 * Asks a real Linux 6.18 about the claims: the calls of each story as a C program (src/vectors), built and run; and cost.c for the claims about
 * cost. What it answers is kept in src/claims/recorded.ts. `UPDATE_CLAIMS=1 npx jest tests/claims/recorded` asks
 * about what has changed since, UPDATE_CLAIMS=all about all of it.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Claim, claims, claimScenario, judge, recorded } from '../../../src/claims/index.js';
import type { Measured, Recorded } from '../../../src/claims/recording.js';
import { NoC } from '../../../src/vectors/emit.js';
import { vectorC, vectorJson } from '../../../src/vectors/program.js';
import { LONGEST_PAUSE_MS, type Vector, vectorOf } from '../../../src/vectors/vector.js';

/** What the model says of a claim's calls, as it is to be compared. */
export interface Asked {
  readonly vector: Vector;
  /** the C program; null: there is none, and why */
  readonly program: string | null;
  readonly why: string;
  readonly told: Omit<Recorded, 'why'>;
}

const squeezed = (text: string): string => text.replace(/ {2,}= /, ' = ');

/** FNV-1a, 32 bits. */
function digestOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The vector up to the first long pause: what comes after a minute is not there after a moment. */
function withoutLongPauses(vector: Vector): Vector {
  const long = vector.steps.find(({ pauseMs }) => pauseMs >= LONGEST_PAUSE_MS);
  if (long === undefined || (vector.timed !== null && vector.timed.from <= long.number)) return vector;
  return { ...vector, timed: { from: long.number, why: 'the story pauses for longer than a recording does' } };
}

/** The calls of a claim's story on the model. @param upTo compare only so many */
export function ask(claim: Claim, upTo = Infinity): Asked {
  const vector = withoutLongPauses(vectorOf(claimScenario(claim)));
  let program: string | null = null;
  let why = '';
  try {
    program = vectorC(vector);
  } catch (error) {
    if (!(error instanceof NoC)) throw error;
    why = `no C program can be written for it: ${error.message}`;
  }
  const steps = program === null ? [] : vector.steps.filter(({ number }) => vector.timed === null || number < vector.timed.from).slice(0, upTo);
  const shown = new Set(judge(claim).evidence.map(({ call }) => squeezed(call ?? '')));
  const answers = [...new Set(steps.map(({ text }) => text).filter((text) => shown.has(text)))];
  const { notDetermined } = vectorJson(vector) as { notDetermined: string[] };
  if (program !== null && upTo < Infinity) notDetermined.push(`answers from step ${upTo + 1} on: on the real kernel they differ from run to run`);
  return { vector, program, why, told: { of: vector.steps.length, compared: steps.length, digest: digestOf(steps.map(({ text }) => text).join('\n')), answers, undetermined: notDetermined } };
}

/** What came of running a claim's C program. */
export interface RealRun {
  /** steps that the real kernel answered as the model did, in each of the runs that were needed */
  readonly same: number;
  /** how it answered otherwise, the same way each time; '': it did not */
  readonly otherwise: string;
}

/** The first line that says `not ok`, with what follows; null: all is well. */
function firstDifference(output: string): { step: number; text: string } | null {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.startsWith('not ok'));
  return at < 0 ? null : { step: Number(/\d+/.exec(lines[at]!)![0]), text: lines.slice(at, at + 3).join('\n') };
}

/**
 * Runs the C program of a claim on the real kernel, once if it answers as the model, else up to four times: real time decides what differs from run
 * to run, and only what comes before it was compared.
 */
export function runReal(program: string, folder: string): RealRun {
  const path = join(folder, 'claim');
  writeFileSync(`${path}.c`, program);
  execFileSync('gcc', ['-pthread', '-o', path, `${path}.c`]);
  const texts = new Set<string>();
  let same = Infinity;
  for (let attempt = 0; attempt < 4; attempt++) {
    const run = spawnSync(path, [], { encoding: 'utf8', timeout: 20_000 });
    if (run.status === 0) return { same: Infinity, otherwise: '' };
    const found = firstDifference(run.stdout) ?? { step: 1, text: `exit ${run.status} ${run.signal ?? ''} ${run.stdout.split('\n').length}` };
    texts.add(found.text);
    same = Math.min(same, found.step - 1);
  }
  return texts.size === 1 ? { same, otherwise: [...texts][0]! } : { same, otherwise: '' };
}

/** Runs cost.c. */
function measure(folder: string): Record<string, Measured> {
  const path = join(folder, 'cost');
  execFileSync('gcc', ['-O2', '-pthread', '-o', path, join(__dirname, 'cost.c')]);
  const sizes = (id: string): string[] => claims.find((claim) => claim.id === id)!.curve!.sizes.map(String);
  const lines = execFileSync(path, [...sizes('A5'), '-', ...sizes('C7')], { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(' '));
  const of = (id: string, unit: string): Measured => {
    const series: Record<string, number[]> = {};
    for (const [claim, name = '', , value] of lines) if (claim === id) (series[name.replace(':_', ': ')] ??= []).push(Number(value));
    return { unit, sizes: sizes(id).map(Number), series };
  };
  const waits = of('A5', 'nanoseconds of one call');
  return { A5: waits, A6: waits, A7: waits, C7: of('C7', 'calls') };
}

/** Asks about all claims, or those whose calls or answers on the model have changed, and writes the file. Throws when the real kernel answers otherwise than the model. */
export function recordAll(folder: string, path: string): void {
  const wrong: string[] = [];
  const rows = claims.filter(({ programs }) => programs !== null).map((claim) => {
    const { program, told: now } = ask(claim);
    const before = recorded[claim.id];
    if (before !== undefined && before.compared > 0 && before.digest === now.digest && before.of === now.of && process.env['UPDATE_CLAIMS'] !== 'all') return `  ${claim.id}: ${JSON.stringify(before)},`;
    const { same, otherwise } = program === null ? { same: Infinity, otherwise: '' } : runReal(program, folder);
    if (otherwise !== '') {
      wrong.push(`${claim.id}: the real kernel answers otherwise\n${otherwise}`);
      return '';
    }
    const { told, why } = ask(claim, same);
    const row: Recorded = why === '' ? told : { ...told, why };
    return `  ${claim.id}: ${JSON.stringify(row)},`;
  });
  const costs = Object.entries(measure(folder)).map(([id, measured]) => `  ${id}: ${JSON.stringify(measured)},`);
  writeFileSync(path, [
    '/**', ' * What a real Linux answered to the calls of the claims\' stories, and what the claims about cost cost there. Written by', ' * `UPDATE_CLAIMS=1 npx jest tests/claims/recorded`.', ' */', '',
    'import type { Measured, Recorded } from \'./recording.js\';', '', '/** The kernel that was asked. */', `export const RECORDED_ON = 'Linux ${/^\d+\.\d+/.exec(release())![0]}';`, '',
    '/** By id of the claim. */', 'export const recorded: Readonly<Record<string, Recorded>> = {', ...rows.filter((row) => row !== ''), '};', '',
    '/** Costs, by id of the claim. */', 'export const measured: Readonly<Record<string, Measured>> = {', ...costs, '};', '',
  ].join('\n'));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}
