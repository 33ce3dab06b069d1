/**
 * What the word TRACE means on the command line, for the commands that look into a run: a scenario by name or file, a recording, or a log of strace.
 * The run that it means is made whole, as a debug session.
 */

import { existsSync, readFileSync } from 'node:fs';
import { DebugError, logSource, recordingSource, scenarioSource, Session, type Source, type SourceOptions } from '../debug/index.js';
import { StraceError } from '../replay/error.js';
import { worldBeside } from '../replay/replayLog.js';
import { parseRecording, type Scenario } from '../scenario/index.js';
import { InputError } from './errors.js';
import { findScenario } from './load.js';
import { settingsOf } from './settings.js';

/** How a scenario is to be run. */
export interface TraceOptions {
  readonly trigger?: string;
  readonly option?: readonly string[];
  readonly seed?: number;
  readonly preempt?: 'never' | 'all';
}

/** Steps that a run may have to be looked at. */
const MAX_STEPS = 4_000_000;
/** A run that takes longer than this shows its progress on a terminal, milliseconds. */
const PATIENCE = 1000;

const ONLY_SCENARIOS = ['trigger', 'option', 'seed', 'preempt'] as const;

function refuse(options: TraceOptions, what: string): void {
  for (const name of ONLY_SCENARIOS) {
    if (options[name] !== undefined) throw new InputError(`--${name} is for scenarios; ${what} says it already`, 'Leave it out.');
  }
}

/** A log of strace as a source. */
export function fromLog(path: string): Source {
  if (!existsSync(path)) throw new InputError(`there is no file ${path}`, 'Logs are made with: strace -f -yy -ttt -T -v -o FILE PROGRAM');
  try {
    return logSource(path, readFileSync(path, 'latin1'), worldBeside(path));
  } catch (error) {
    if (error instanceof StraceError || error instanceof DebugError) throw new InputError(error.message, 'A trace is a scenario, a recording that a run printed, or a log of strace -f -yy -ttt -T -v.');
    throw error;
  }
}

/** A recording as a source. @param more what its scenario is to be run with besides */
export async function fromRecording(recording: string, more: (scenario: Scenario) => Pick<SourceOptions, 'laws'> = () => ({})): Promise<Source> {
  const { scenario: name } = parseRecording(recording);
  if (name === '') throw new InputError('this is a recording of a machine without scenario, which only its own program can repeat', 'machine({ recording }) takes it.');
  const scenario = await findScenario(name);
  return recordingSource(recording, scenario, more(scenario));
}

/** The source of a session that TRACE means. */
export async function traceSource(trace: string, options: TraceOptions): Promise<Source> {
  if (trace.startsWith('epollsim1:')) {
    refuse(options, 'a recording');
    return fromRecording(trace);
  }
  if (existsSync(trace) && !/\.[cm]?js$/.test(trace)) {
    refuse(options, 'a log');
    return fromLog(trace);
  }
  const scenario = await findScenario(trace);
  const { seed, preempt } = options;
  return scenarioSource(scenario, settingsOf(scenario, options as never), { ...(seed === undefined ? {} : { seed }), ...(preempt === undefined ? {} : { preempt }) });
}

/** Makes the run that TRACE means and holds it whole; a long one shows its progress on a terminal. */
export async function openSession(trace: string, options: TraceOptions): Promise<Session> {
  const source = await traceSource(trace, options);
  const { stderr } = process;
  if (stderr.isTTY !== true) return new Session(source, { maxSteps: MAX_STEPS });
  const began = Date.now();
  const progress = (steps: number): void => {
    if (Date.now() - began > PATIENCE) stderr.write(`\r${steps} steps\u001b[K`);
  };
  const session = new Session(source, { maxSteps: MAX_STEPS, progress });
  stderr.write('\r\u001b[K');
  return session;
}

/** Throws for a step that a run does not have. */
export function checkStep(at: number | undefined, count: number): void {
  if (at !== undefined && at >= count) throw new InputError(`there is no step ${at}; this run has the steps 0 to ${count - 1}`, 'Step numbers are those of epollsim explain, of the debugger and of exports.');
}
