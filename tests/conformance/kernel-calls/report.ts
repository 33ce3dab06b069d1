/**
 * Sums up a comparison: calls that agree of calls compared, for each profile, and the differences grouped by cause,
 * each with the scenarios that show it.
 */

import { compareScenario, type Difference, type Profile, type ScenarioResult } from '../../../src/calls/compare.js';
import { recording, scenarios } from './recorded.js';
import { compile } from '../../../src/calls/program.js';
import { runProgram, type ScriptRun } from '../../../src/calls/runner.js';
import { parseScript } from '../../../src/calls/script.js';

/** A scenario as run on the model; `failed` when the model could not run it. */
export interface ModelRun {
  scenario: string;
  run: ScriptRun | null;
  failed: string | null;
}

/** Runs a scenario and keeps what went wrong, if the model cannot run it at all. */
export function runScenario(scenario: string): ModelRun {
  try {
    return { scenario, run: runProgram(compile(parseScript(recording(scenario).script))), failed: null };
  } catch (error) {
    return { scenario, run: null, failed: String(error).split('\n')[0]! };
  }
}

/** Compares what was run; a scenario that could not be run agrees in no call. */
export function compareRun({ scenario, run, failed }: ModelRun, profile: Profile, minor = false): ScenarioResult {
  const result = compareScenario(recording(scenario), run?.calls ?? [], profile, minor);
  if (failed === null) return result;
  return { ...result, differences: [{ level: 'results', scenario, seq: 0, call: '', what: `the model cannot run it: ${failed}` }] };
}

/** The text by which a difference is known in any scenario. */
export function cause({ level, what }: Difference): string {
  return `${level}: ${what}`;
}

/** Differences of one cause. */
export interface Cause {
  cause: string;
  count: number;
  /** scenario -> how often */
  in: Record<string, number>;
  example: Difference;
}

/** Groups differences by cause, the most frequent first. */
export function causes(results: readonly ScenarioResult[]): Cause[] {
  const groups = new Map<string, Cause>();
  for (const difference of results.flatMap((result) => result.differences)) {
    const name = cause(difference);
    const group = groups.get(name) ?? { cause: name, count: 0, in: {}, example: difference };
    group.count++;
    group.in[difference.scenario] = (group.in[difference.scenario] ?? 0) + 1;
    groups.set(name, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** `tcp: 700 of 730 calls all equal` for each profile. */
export function totals(runs: readonly ModelRun[]): string[] {
  const profiles: [Profile, boolean][] = [['epoll', false], ['wake', false], ['tcp', false], ['all', true]];
  return profiles.map(([profile, minor]) => {
    const results = runs.map((run) => compareRun(run, profile, minor));
    const add = (pick: (result: ScenarioResult) => number): number => results.reduce((sum, result) => sum + pick(result), 0);
    const [equal, compared] = [add((r) => r.allEqual), add((r) => r.compared)];
    return `${profile}: ${equal} of ${compared} calls all equal, ${add((r) => r.foundEntries)} of ${add((r) => r.recordedEntries)} entries in order`;
  });
}

/** The whole comparison as text. */
export function reportText(profile: Profile = 'tcp', minor = false): string {
  const runs = scenarios.map(runScenario);
  const results = runs.map((run) => compareRun(run, profile, minor));
  const lines = ['# The model against recorded kernel calls', '', ...totals(runs).map((line) => `- ${line}`), '', `## Differences by cause (profile ${profile})`, ''];
  for (const { cause: name, count, in: where, example } of causes(results)) {
    lines.push(`- ${count} x ${name}`, `  ${Object.keys(where).join(' ')}; first: ${example.scenario} ${example.seq} \`${example.call}\``);
  }
  return `${lines.join('\n')}\n`;
}
