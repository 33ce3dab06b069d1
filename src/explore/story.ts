/**
 * A counterexample told: who did what, what changed inside, and where a run that passes and the one that fails part. As text for people, as
 * two logs whose difference a test can print, and as a scenario file that brings the run back.
 */

import { follow_footprints } from '../kernel/footprint.js';
import { sentences } from '../inspect/index.js';
import { logText, type LogLine } from '../scenario/index.js';
import type { Counterexample } from './counterexample.js';
import { Mover } from './mover.js';
import { type Run, runOnce, startTarget, type Target } from './run.js';
import { Listed } from './walks.js';

/** One move of the failing run. */
export interface ToldMove {
  readonly number: number;
  /** `reader(2)`; empty: nobody could run */
  readonly task: string;
  /** where the task stands now: `ep_send_events_proc: copy_to_user` */
  readonly at: string;
  /** another task could have gone on as well, and this one was not the first in line */
  readonly departs: boolean;
  /** what the log says of it, as strace prints it */
  readonly calls: readonly string[];
  /** what changed inside, one sentence each */
  readonly changes: readonly string[];
}

/** A counterexample and what there is to say about it. */
export interface Told {
  readonly moves: readonly ToldMove[];
  /** logs of system calls of the failing run, and of the nearest run that passes; null: none passes */
  readonly failing: readonly string[];
  readonly passing: readonly string[] | null;
  /** number of the move at which the two part; 0: there is no passing run */
  readonly partAt: number;
}

const LOG_LINES = 100_000;

function logOf(run: Run): string[] {
  return logText(run.story.machine.log.lines, { names: true }).split('\n').filter((line) => line !== '').map((line) => line.replace(/ {2,}= /, ' = '));
}

/** The nearest run that passes: the last choices of the failing one are left to "first come, first served" until it does. */
function passingRun(target: Target, counterexample: Counterexample): { run: Run; kept: number } | null {
  const { choices } = counterexample;
  for (let kept = choices.length - 1; kept >= 0; kept--) {
    if (choices[kept] === 0) continue;
    const run = runOnce(target, new Listed(choices.slice(0, kept)), LOG_LINES);
    if (run.violation === null) return { run, kept };
  }
  return null;
}

function callText(line: LogLine): string {
  return line.text.replace(/ {2,}= /, ' = ');
}

/** Tells the failing run move by move. @param parting number of the choice at which a passing run goes another way; -1: none */
function movesOf(target: Target, counterexample: Counterexample, parting: number): { moves: ToldMove[]; partAt: number } {
  const walk = new Listed(counterexample.choices);
  const story = startTarget(target, walk, LOG_LINES);
  walk.begin(story);
  const { machine: m } = story;
  const mover = new Mover();
  follow_footprints(m.kernel.world, mover);
  const moves: ToldMove[] = [];
  let partAt = 0;
  let before = m.view();
  let lines = 0;
  for (let number = 1; number <= counterexample.moves; number++) {
    const asked = walk.made.length;
    let at: string;
    mover.forget();
    try {
      const step = m.step();
      at = typeof step === 'string' ? step : `${step.fn}: ${step.where}`;
    } catch (error) {
      at = error instanceof Error ? error.message : String(error);
    }
    const after = m.view();
    const own = m.log.lines.slice(lines);
    lines = m.log.lines.length;
    if (parting >= asked && parting < walk.made.length) partAt = number;
    const who = mover.last === null ? '' : `${mover.last.comm}(${mover.last.pid})`;
    moves.push({
      number, task: who, at, departs: walk.made.slice(asked).some((choice) => choice !== 0), calls: own.map(callText), changes: sentences(before, after),
    });
    before = after;
  }
  return { moves, partAt };
}

/** Tells a counterexample. */
export function tell(target: Target, counterexample: Counterexample): Told {
  const passing = passingRun(target, counterexample);
  const failing = runOnce(target, new Listed(counterexample.choices), LOG_LINES);
  const { moves, partAt } = movesOf(target, counterexample, passing === null ? -1 : passing.kept);
  return { moves, failing: logOf(failing), passing: passing === null ? null : logOf(passing.run), partAt };
}

/** What two lists have in common, longest first: for each pair of tails the length of their common part. */
function common(a: readonly string[], b: readonly string[]): number[][] {
  const table = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) table[i]![j] = a[i] === b[j] ? table[i + 1]![j + 1]! + 1 : Math.max(table[i + 1]![j]!, table[i]![j + 1]!);
  }
  return table;
}

/** The difference of two logs, as jest prints one: `-` the run that passes, `+` the one that fails. */
export function diffText(passing: readonly string[], failing: readonly string[]): string {
  const table = common(passing, failing);
  const out = ['- a run that passes', '+ the run that fails', ''];
  let i = 0;
  let j = 0;
  while (i < passing.length || j < failing.length) {
    if (i < passing.length && j < failing.length && passing[i] === failing[j]) {
      out.push(`  ${passing[i]!}`);
      i++;
      j++;
    } else if (j >= failing.length || (i < passing.length && table[i + 1]![j]! >= table[i]![j + 1]!)) {
      out.push(`- ${passing[i++]!}`);
    } else {
      out.push(`+ ${failing[j++]!}`);
    }
  }
  return `${out.join('\n')}\n`;
}

function moveLines(move: ToldMove, parts: boolean): string[] {
  const lines: string[] = [];
  if (parts) lines.push('      --- up to here a run that passes does the same; there the first in line goes on ---');
  const head = `${String(move.number).padStart(4)}  ${move.task.padEnd(12)}`;
  lines.push(`${head} ${move.calls.length > 0 ? move.calls[0]! : `... to ${move.at}`}${move.departs ? '   <- chosen' : ''}`);
  for (const call of move.calls.slice(1)) lines.push(`${' '.repeat(19)}${call}`);
  for (const change of move.changes) lines.push(`${' '.repeat(21)}${change}`);
  return lines;
}

/** Changes that every move has, and that the line of the move says already. */
function isNoise(change: string): boolean {
  return / (runs|gave way|called [a-z_0-9]+|returned from [a-z_0-9]+)$/.test(change) || / appeared$| is gone$/.test(change);
}

/** The story as text. Moves that neither called nor changed anything are left out. */
export function storyText(counterexample: Counterexample, told: Told): string {
  const { violation, departures, moves, fewest } = counterexample;
  const out = [`${violation.law}: ${violation.message}`, ''];
  for (const move of told.moves) {
    const changes = move.changes.filter((change) => !isNoise(change));
    const parts = move.number === told.partAt;
    if (move.calls.length === 0 && changes.length === 0 && !move.departs && !parts) continue;
    out.push(...moveLines({ ...move, changes }, parts));
  }
  const how = departures === 0 ? 'no task loses the CPU against its will' : `${departures} ${departures === 1 ? 'departure' : 'departures'} from first come, first served`;
  out.push('', `${moves} moves, ${how}${departures > 0 && fewest ? '; with fewer it does not happen' : ''}`);
  return `${out.join('\n')}\n`;
}

/**
 * A scenario file that brings the run back: `epollsim run FILE`.
 * @param from where the scenario comes from: a path of a module, or null for a built-in one
 */
export function scenarioFile(counterexample: Counterexample, scenario: string, from: string | null): string {
  const { violation, recording } = counterexample;
  const lines = [`// ${violation.law}: ${violation.message.split('\n')[0]!}`, '// Run it with: epollsim run THIS_FILE'];
  if (from === null) lines.push("import { scenarioNamed } from 'epollsim';", '', `export default scenarioNamed(${JSON.stringify(scenario)});`);
  else lines.push(`import scenario from ${JSON.stringify(from)};`, '', 'export default scenario;');
  lines.push(`export const recording = ${JSON.stringify(recording)};`);
  return `${lines.join('\n')}\n`;
}
