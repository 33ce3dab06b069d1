/**
 * From what a page asks for to a debug session: a built-in scenario with options, a recording, or a log of strace that was pasted. Programs of
 * strangers are never run: a link holds names, values and choices, a log is text that is replayed on the model. All of it is limited in size.
 */

import { DebugError } from '../debug/error.js';
import { Session } from '../debug/session.js';
import { recordingSource, scenarioSource } from '../debug/source.js';
import { optionsOf, parseRecording, type Scenario } from '../scenario/index.js';
import { scenarioNamed, scenarios } from '../scenarios/index.js';
import type { Linked } from './fragment.js';

/** Rows of the trace that a page holds: a longer run is cut, and said to be. */
export const MOST_STEPS = 200_000;
/** Characters of a log that are read. */
export const LONGEST_LOG = 2_000_000;

function named(name: string): Scenario {
  const found = scenarioNamed(name);
  if (found === null) throw new DebugError(`there is no scenario ${JSON.stringify(name.slice(0, 60))}; expected one of ${scenarios.map((one) => one.name).join(', ')}`);
  return found;
}

/** A run, and the scenario that it is of. */
export interface Opened {
  readonly session: Session;
  /** null: a log */
  readonly scenario: Scenario | null;
  /** values of its options */
  readonly options: Readonly<Record<string, string>>;
}

/** Makes the run that a link or attributes name. Throws an error with one clear sentence for what is not there. */
export function openRun(wanted: Linked): Opened {
  if (wanted.recording !== null) {
    const { scenario: name, options } = parseRecording(wanted.recording);
    const scenario = named(name);
    return { scenario, options: optionsOf(scenario, options), session: new Session(recordingSource(wanted.recording, scenario), { maxSteps: MOST_STEPS }) };
  }
  const scenario = named(wanted.scenario ?? '');
  const options = optionsOf(scenario, wanted.options);
  const source = scenarioSource(scenario, options, wanted.preempt ? { preempt: 'all' } : {});
  return { scenario, options, session: new Session(source, { maxSteps: MOST_STEPS }) };
}

/** Makes the run of a log of strace. The reader of logs is loaded when it is first needed. */
export async function openLog(text: string): Promise<Opened> {
  if (text.trim() === '') throw new DebugError('there is no text: paste what strace -f -yy -ttt -T -v wrote');
  if (text.length > LONGEST_LOG) throw new DebugError(`the log has ${text.length} characters; a page reads at most ${LONGEST_LOG}: epollsim replay reads longer ones`);
  const { logSource } = await import('../debug/logSource.js');
  return { scenario: null, options: {}, session: new Session(logSource('pasted log', text), { maxSteps: MOST_STEPS }) };
}
