/**
 * `epollsim explore`: searches the runs of a scenario for one that breaks something, shows how far it is, and tells what it found and what it
 * covered. Exit code 0: nothing found, 1: found.
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Exploration, reportOf, type Searched } from '../explore/explore.js';
import { diffText, type Report, scenarioFile, storyText, targetOf, tell } from '../explore/index.js';
import type { Seen } from '../explore/search.js';
import type { Scenario } from '../scenario/index.js';
import { scenarioNamed } from '../scenarios/index.js';
import { type ExploreArguments, exploreOptions, shardOf } from './exploreOptions.js';
import { explorePool } from './explorePool.js';
import { findScenario } from './load.js';
import { coloursFor, print, widthOf, wrap } from './output.js';

/** Milliseconds between two progress lines. */
const PROGRESS_MS = 250;

/** A number in few characters: `12.3k`. */
export function short(n: number): string {
  if (n < 10_000) return String(Math.round(n));
  return n < 10_000_000 ? `${(n / 1000).toFixed(1)}k` : `${(n / 1e6).toFixed(1)}M`;
}

/** A line on a terminal that says how it goes; at most four a second. */
class ProgressLine {
  private readonly begun = performance.now();
  private shown = this.begun;

  show(seen: Seen, rest: string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.shown < PROGRESS_MS) return;
    this.shown = now;
    const rate = seen.schedules / ((now - this.begun) / 1000);
    process.stderr.write(`\r\u001b[K${short(seen.schedules)} runs (${short(rate)}/s), ${short(seen.pruned)} given up, ${rest}`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}

/** How long a search stays in this thread before all cores are taken. */
const ALONE_MS = 1000;
/** Between two looks at whether Control-C was pressed. */
const SLICE_MS = 100;

/** Searches in this thread, piece by piece, until it is over, stopped or too long for one thread. */
async function alone(exploration: Exploration, stop: AbortSignal, untilMs: number, line: ProgressLine): Promise<void> {
  while (!exploration.over && !stop.aborted && performance.now() < untilMs) {
    exploration.go(performance.now() + SLICE_MS);
    line.show(exploration.seen, exploration.where);
    await new Promise((resume) => { setImmediate(resume); });
  }
}

/** Searches, in this thread as long as that is quick, else on all cores. */
async function searchAll(name: string, scenario: Scenario, given: ExploreArguments, stop: AbortSignal): Promise<Searched> {
  const options = exploreOptions(scenario, given);
  const shard = shardOf(given.shard);
  const workers = given.workers ?? availableParallelism();
  const line = new ProgressLine();
  try {
    if (given.workers === undefined && given.resume === undefined) {
      const exploration = new Exploration(scenario, { ...options, part: shard });
      await alone(exploration, stop, given.mode === 'exhaustive' && workers > 1 && given.schedules === undefined ? performance.now() + ALONE_MS : Infinity, line);
      const { seen, complete, odds } = exploration;
      if (exploration.over || stop.aborted) return { seen, complete, odds };
    }
    return await explorePool(name, given, shard, Math.max(1, workers), stop, ({ seen, partsDone, parts }) => line.show(seen, `${partsDone} of ${parts} parts`));
  } finally {
    line.end();
  }
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
  const begun = performance.now();
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  const { seen, complete, odds } = await searchAll(name, scenario, given, stop.signal);
  process.off('SIGINT', onInterrupt);
  const options = { ...exploreOptions(scenario, given), part: shardOf(given.shard) };
  const target = targetOf(scenario, options);
  const report = reportOf(target, options, seen, complete, odds, (performance.now() - begun) / 1000);
  const { counterexample } = report;
  const told = counterexample === null ? null : tell(target, counterexample);
  const diff = told === null || told.passing === null ? null : diffText(told.passing, told.failing);
  if (counterexample !== null && given.save !== undefined) {
    const from = scenarioNamed(scenario.name) === scenario ? null : pathToFileURL(resolve(name)).href;
    writeFileSync(given.save, scenarioFile(counterexample, scenario.name, from));
  }
  if (given.format === 'json') print(JSON.stringify({ ...report, stopped: stop.signal.aborted, story: told === null ? null : told.moves, diff }));
  else printText(report, counterexample === null ? null : storyText(counterexample, told!), diff);
  if (stop.signal.aborted && given.resume !== undefined && given.format !== 'json') print(`stopped; the same command goes on from ${given.resume}`);
  process.exitCode = counterexample === null ? 0 : 1;
}
