/**
 * `epollsim step`: the full-screen debugger on the terminal, or, with --format text, one frame of it as text. The debugger is src/terminal's; this file
 * finds the run, the files of programs and the exports for it.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Session } from '../debug/index.js';
import { parseRecording, replayScenario, type Scenario } from '../scenario/index.js';
import { Debugger, frame, plainText, type Size, SMALLEST } from '../terminal/index.js';
import { InputError } from './errors.js';
import { Exporter, targetsOf } from './exports.js';
import { findScenario } from './load.js';
import { coloursFor, print } from './output.js';
import { checkStep, openSession, type TraceOptions } from './traceSource.js';

interface StepOptions extends TraceOptions {
  readonly at?: number;
  readonly format: 'screen' | 'text';
  readonly size: string;
  readonly keys?: string;
}

/** Reads files of programs once each. Addresses that are no files have no lines. */
function fileReader(): (file: string) => readonly string[] | null {
  const known = new Map<string, readonly string[] | null>();
  const read = (file: string): readonly string[] | null => {
    const path = file.startsWith('file:') ? fileURLToPath(file.split('?')[0]!) : file;
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : null;
  };
  return (file) => {
    if (!known.has(file)) known.set(file, read(file));
    return known.get(file)!;
  };
}

/** Makes the run of the branch again, watched, and writes it. */
function exportRun(session: Session, scenario: Scenario | null, words: string): string {
  const { recording } = session.run;
  if (scenario === null || recording === null) return 'this run is a log; only runs of scenarios can be exported';
  try {
    const targets = targetsOf([words]);
    const { machine } = replayScenario(recording, scenario, { log: Infinity, trace: true });
    const exporter = new Exporter(machine, targets);
    const trace = machine.kernel.trace!;
    if (session.run.error === null) while (trace.count < session.count && typeof machine.step() !== 'string');
    return exporter.write().join('; ');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** The scenario that TRACE is a run of; null: it is a log. */
async function scenarioOf(trace: string, session: Session): Promise<Scenario | null> {
  if (session.source.kind === 'log') return null;
  return findScenario(session.source.kind === 'recording' ? parseRecording(trace).scenario : trace);
}

function sizeGiven(text: string): Size {
  const found = /^(\d+)x(\d+)$/.exec(text);
  if (found === null) throw new InputError(`--size is COLUMNSxROWS, not '${text}'`, 'For example: --size 80x24');
  const size = { columns: Number(found[1]), rows: Number(found[2]) };
  if (size.columns < SMALLEST.columns || size.rows < SMALLEST.rows) throw new InputError(`--size ${text} is too small; at least ${SMALLEST.columns}x${SMALLEST.rows}`, 'For example: --size 80x24');
  return size;
}

/** The screen needs a terminal on both sides. */
function checkTerminal(): void {
  if (process.stdin.isTTY === true && process.stdout.isTTY === true) return;
  throw new InputError('epollsim step is a full-screen debugger and needs a terminal', 'Without one: epollsim run and epollsim explain; or epollsim step ... --format text --at N, which prints one frame.');
}

/** Ink and React are loaded here and nowhere else: no other command waits for them. */
async function show(debug: Debugger): Promise<void> {
  // Where CI is set ink draws nothing until the end; but this is a terminal. React's own checks are for those who build with it.
  process.env['CI'] = 'false';
  delete process.env['CONTINUOUS_INTEGRATION'];
  process.env['NODE_ENV'] ??= 'production';
  const { showScreen } = await import('../terminal/screen.js');
  await showScreen(debug, coloursFor(process.stdout));
}

/** Runs the command. Exit code 0, or 2 for bad input. */
export async function stepCommand(trace: string, options: StepOptions): Promise<void> {
  const size = sizeGiven(options.size);
  if (options.format === 'screen') {
    if (options.keys !== undefined) throw new InputError('--keys is for --format text', 'On a terminal the keys are pressed.');
    checkTerminal();
  }
  const session = await openSession(trace, options);
  if (session.count === 0) throw session.run.error ?? new InputError(`${trace}: the run has no step`, 'A scenario needs a program that makes a system call.');
  checkStep(options.at, session.count);
  if (options.at !== undefined) session.goto(options.at);
  const scenario = await scenarioOf(trace, session);
  const debug = new Debugger(session, { read: fileReader(), exportTo: (one, words) => exportRun(one, scenario, words) });
  if (options.format === 'screen') {
    await show(debug);
    return;
  }
  for (const key of options.keys ?? '') debug.key(key === '\n' ? 'enter' : key);
  for (const line of frame(debug, size)) print(plainText(line).trimEnd());
}
