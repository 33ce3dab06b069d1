/**
 * What the word TRACE means on the command line, for the commands that look into a run: a scenario by name or file, a recording, or a log of strace.
 */

import { existsSync, readFileSync } from 'node:fs';
import { DebugError, logSource, recordingSource, scenarioSource, type Source } from '../debug/index.js';
import { StraceError } from '../replay/error.js';
import { worldBeside } from '../replay/replayLog.js';
import { parseRecording } from '../scenario/index.js';
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

const ONLY_SCENARIOS = ['trigger', 'option', 'seed', 'preempt'] as const;

function refuse(options: TraceOptions, what: string): void {
  for (const name of ONLY_SCENARIOS) {
    if (options[name] !== undefined) throw new InputError(`--${name} is for scenarios; ${what} says it already`, 'Leave it out.');
  }
}

function fromLog(path: string): Source {
  try {
    return logSource(path, readFileSync(path, 'latin1'), worldBeside(path));
  } catch (error) {
    if (error instanceof StraceError || error instanceof DebugError) throw new InputError(error.message, 'A trace is a scenario, a recording that a run printed, or a log of strace -f -yy -ttt -T -v.');
    throw error;
  }
}

/** The source of a session that TRACE means. */
export async function traceSource(trace: string, options: TraceOptions): Promise<Source> {
  if (trace.startsWith('epollsim1:')) {
    refuse(options, 'a recording');
    const { scenario } = parseRecording(trace);
    if (scenario === '') throw new InputError('this is a recording of a machine without scenario, which only its own program can repeat', 'machine({ recording }) takes it.');
    return recordingSource(trace, await findScenario(scenario));
  }
  if (existsSync(trace) && !/\.[cm]?js$/.test(trace)) {
    refuse(options, 'a log');
    return fromLog(trace);
  }
  const scenario = await findScenario(trace);
  const { seed, preempt } = options;
  return scenarioSource(scenario, settingsOf(scenario, options as never), { ...(seed === undefined ? {} : { seed }), ...(preempt === undefined ? {} : { preempt }) });
}
