/**
 * `epollsim explore`: searches the runs of a scenario for one that breaks something, shows how far it is, and tells what it found and what it
 * covered. Exit code 0: nothing found, 1: found.
 */

import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { explore, scenarioFile, storyText, tell, diffText, targetOf, type ExploreOptions, type Mode, type Progress, type Report } from '../explore/index.js';
import { scenarioNamed } from '../scenarios/index.js';
import { InputError } from './errors.js';
import { findScenario } from './load.js';
import { coloursFor, print, widthOf, wrap } from './output.js';
import { settingsOf } from './settings.js';

/** What the command line gives. */
export interface ExploreArguments {
  readonly trigger?: string;
  readonly option?: readonly string[];
  readonly mode: Mode;
  readonly preemptions?: number;
  readonly reduce: boolean;
  readonly seed?: number;
  readonly depth?: number;
  readonly schedules?: number;
  readonly seconds?: number;
  readonly steps: number;
  readonly maySleep?: boolean;
  readonly all?: boolean;
  readonly save?: string;
  readonly format: string;
}

/** Milliseconds between two progress lines. */
const PROGRESS_MS = 250;

/** A number in few characters: `12.3k`. */
export function short(n: number): string {
  if (n < 10_000) return String(Math.round(n));
  return n < 10_000_000 ? `${(n / 1000).toFixed(1)}k` : `${(n / 1e6).toFixed(1)}M`;
}

/** Shows how it goes on a terminal. */
function progressLine(): (progress: Progress) => boolean {
  const begun = performance.now();
  let shown = begun;
  return ({ schedules, pruned, depth, frontier }) => {
    const now = performance.now();
    if (process.stderr.isTTY && now - shown > PROGRESS_MS) {
      shown = now;
      const rate = schedules / ((now - begun) / 1000);
      process.stderr.write(`\r\u001b[K${short(schedules)} runs (${short(rate)}/s), ${short(pruned)} given up, depth ${depth}, ${frontier} alternatives known and left`);
    }
    return true;
  };
}

function optionsOf(settings: Record<string, string>, given: ExploreArguments): ExploreOptions {
  const { mode, preemptions, seed, depth, schedules, seconds, maySleep, all } = given;
  return {
    options: settings, mode, stepBudget: given.steps, clockMs: () => performance.now(),
    ...(given.reduce ? {} : { reduce: false }), ...(preemptions === undefined ? {} : { preemptions }), ...(seed === undefined ? {} : { seed }),
    ...(depth === undefined ? {} : { depth }), ...(schedules === undefined ? {} : { schedules }), ...(seconds === undefined ? {} : { seconds }),
    ...(maySleep === true ? { maySleep } : {}), ...(all === true ? { all } : {}), progress: progressLine(),
  };
}

/** What was made and covered, in words. */
export function summaryLines(report: Report): string[] {
  const { schedules, pruned, moves, seconds, coverage, violations } = report;
  const rate = seconds === null || seconds === 0 ? '' : ` in ${seconds.toFixed(2)} s, ${short(schedules / seconds)} runs/s, ${short(moves / seconds)} moves/s`;
  const lines = [`${schedules} ${schedules === 1 ? 'run' : 'runs'}${pruned > 0 ? ` and ${pruned} given up early` : ''}${rate}`];
  lines.push(`covered: ${coverage.sentence}`);
  const broken = Object.entries(violations);
  if (broken.length > 0) lines.push(`broken: ${broken.map(([law, runs]) => `${law} in ${runs} ${runs === 1 ? 'run' : 'runs'}`).join(', ')}`);
  return lines;
}

/** Prints the report for people. */
function printText(report: Report, story: string | null, diff: string | null): void {
  const colours = coloursFor(process.stdout);
  const settings = Object.entries(report.options).map(([name, value]) => `${name}=${value}`).join(' ');
  print(`${colours.bold(report.scenario)}${settings === '' ? '' : ` ${settings}`}`);
  if (story !== null) {
    print(`${colours.red('FOUND')} ${story.trimEnd()}`);
    if (diff !== null) print(`\n${diff.trimEnd()}`);
    print(`\nreplay: epollsim run --replay '${report.counterexample!.recording}'`);
  } else {
    print(colours.green('nothing found'));
  }
  for (const line of summaryLines(report)) for (const part of wrap(line, widthOf(process.stdout), '  ')) print(part);
}

/** Runs the command. */
export async function exploreCommand(name: string, given: ExploreArguments): Promise<void> {
  const scenario = await findScenario(name);
  const settings = settingsOf(scenario, given);
  if (given.preemptions !== undefined && given.mode !== 'exhaustive') throw new InputError('--preemptions bounds the exhaustive search only', 'Leave it out, or use --mode exhaustive.');
  const options = optionsOf(settings, given);
  const report = explore(scenario, options);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const { counterexample } = report;
  const target = targetOf(scenario, options);
  const told = counterexample === null ? null : tell(target, counterexample);
  const diff = told === null || told.passing === null ? null : diffText(told.passing, told.failing);
  if (counterexample !== null && given.save !== undefined) {
    const from = scenarioNamed(scenario.name) === scenario ? null : pathToFileURL(resolve(name)).href;
    writeFileSync(given.save, scenarioFile(counterexample, scenario.name, from));
  }
  if (given.format === 'json') print(JSON.stringify({ ...report, story: told === null ? null : told.moves, diff }));
  else printText(report, counterexample === null ? null : storyText(counterexample, told!), diff);
  process.exitCode = counterexample === null ? 0 : 1;
}
