/**
 * `epollsim calls`: runs a script of system calls on the model and shows the kernel functions that each call entered, or holds the run
 * against a recording of a real kernel. The work is src/calls'; this file reads files, prints, and chooses the exit code.
 */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { compareScenario, type Profile } from '../calls/compare.js';
import { firstDifference, graphText, linesOf, numbered } from '../calls/print.js';
import { compile } from '../calls/program.js';
import { runProgram } from '../calls/runner.js';
import { parseFile, ScriptError, type ScriptFile } from '../calls/script.js';
import { InputError } from './errors.js';
import { coloursFor, print } from './output.js';

const HOW = 'docs/oracle.md shows the language of scripts and what a recording holds.';

/** Width of what is printed side by side where there is no terminal. */
const FILE_COLUMNS = 160;

export interface CallsOptions {
  readonly format: string;
  readonly compare?: boolean;
  readonly profile: string;
}

function readScript(path: string): ScriptFile {
  let text: string;
  try {
    text = path === '-' ? readFileSync(0, 'utf8') : readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`, HOW);
  }
  return parseFile(text, path);
}

/** Runs the command on one file; true: it agrees, or was not compared. */
function oneFile(path: string, { format, compare = false, profile }: CallsOptions): boolean {
  const { script, recording } = readScript(path);
  if (compare && recording === null) throw new InputError(`${path} is a plain script: there is nothing recorded to compare with`, HOW);
  const { calls } = runProgram(compile(script));
  const name = recording?.scenario ?? basename(path);
  const text = recording?.script ?? [`# ${script.title}`, ...script.lines.map(({ text: line }) => line)];
  if (!compare || recording === null) {
    if (format === 'text') process.stdout.write(graphText(calls, coloursFor(process.stdout)));
    else if (format === 'jsonl') linesOf(name, text, calls).forEach(print);
    else print(JSON.stringify({ scenario: name, script: text, calls: numbered(calls) }));
    return true;
  }
  const result = compareScenario(recording, calls, profile as Profile);
  const same = result.differences.length === 0;
  if (format !== 'text') {
    print(JSON.stringify({ file: path, scenario: name, profile, compared: result.compared, agreed: result.allEqual, differences: result.differences }));
    return same;
  }
  print(`${path}: ${result.allEqual} of ${result.compared} calls with compared functions agree in every way (profile ${profile})`);
  if (!same) process.stdout.write(firstDifference(recording, calls, profile as Profile, process.stdout.columns ?? FILE_COLUMNS, coloursFor(process.stdout)) ?? 'the threads ran in another order\n');
  return same;
}

/** Runs the command: exit code 0 all agree, 1 one differs, 2 one cannot be read. */
export function callsCommand(files: readonly string[], options: CallsOptions): void {
  let code = 0;
  for (const path of files) {
    try {
      if (!oneFile(path, options)) code = 1;
    } catch (error) {
      if (error instanceof ScriptError) throw new InputError(error.message, HOW);
      throw error;
    }
  }
  process.exitCode = code;
}
