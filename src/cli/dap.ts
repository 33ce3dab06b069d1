/**
 * `epollsim dap`: the debug adapter on standard input and output, for editors. What a launch configuration names is found here, as the other commands
 * find it; src/dap does the rest. Standard output belongs to the protocol, so what programs print becomes output of the session.
 */

import { resolve } from 'node:path';
import { Adapter, type Launch } from '../dap/index.js';
import { recordingSource, scenarioSource, type Source, type SourceOptions } from '../debug/index.js';
import { lawsOf, Watching } from '../explore/index.js';
import type { Scenario } from '../scenario/index.js';
import { find } from './load.js';
import { fromLog, fromRecording } from './traceSource.js';

function watched(scenario: Scenario): Pick<SourceOptions, 'laws'> {
  const laws = lawsOf(scenario);
  return laws.length === 0 ? {} : { laws: (machine) => new Watching(machine, laws) };
}

/** The run that a launch configuration means. */
export async function openTrace({ kind, trace, options, seed, preempt, cwd }: Launch): Promise<Source> {
  const path = (given: string): string => (cwd === null ? given : resolve(cwd, given));
  if (kind === 'recording') return fromRecording(trace, watched);
  if (kind === 'log') return fromLog(path(trace));
  const { scenario, recording } = await find(/[./\\]/.test(trace) ? path(trace) : trace);
  const asked = Object.keys(options).length > 0 || seed !== null || preempt !== null;
  if (recording !== null && !asked) return recordingSource(recording, scenario, watched(scenario));
  return scenarioSource(scenario, options, { ...watched(scenario), ...(seed === null ? {} : { seed }), ...(preempt === null ? {} : { preempt }) });
}

/** Serves one editor until it disconnects. */
export function dapCommand(): void {
  const adapter = new Adapter(openTrace);
  const print = (...parts: unknown[]): void => adapter.print(parts.map(String).join(' '));
  Object.assign(console, { log: print, info: print, debug: print, warn: print, error: print });
  adapter.start(process.stdin, process.stdout);
}
