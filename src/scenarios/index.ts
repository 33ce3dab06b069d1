/**
 * The stories that come with the package, and how to find one. Each is a file of its own and can be read as an example of the API.
 */

import { type MachineOptions, parseRecording, replayScenario, type Scenario, ScenarioError, type Story } from '../scenario/index.js';
import { acceptOnce } from './acceptOnce.js';
import { duringScan } from './duringScan.js';
import { dupClose } from './dupClose.js';
import { echoServer } from './echo.js';
import { halfClose } from './halfClose.js';
import { herd } from './herd.js';
import { lossyLink } from './lossyLink.js';
import { nested } from './nested.js';
import { oneshot } from './oneshot.js';
import { proactorEcho } from './proactorEcho.js';
import { reactorChat } from './reactorChat.js';
import { reactorEcho } from './reactorEcho.js';
import { reactorFile } from './reactorFile.js';
import { pulledCable } from './pulledCable.js';
import { readOnce } from './readOnce.js';
import { reset } from './reset.js';
import { signalWait } from './signalWait.js';
import { slowReader } from './slowReader.js';
import { timerLoop } from './timerLoop.js';

/** All built-in scenarios, in the order in which they are best read. */
export const scenarios: readonly Scenario[] = [
  readOnce, echoServer, slowReader, acceptOnce, oneshot, herd, duringScan, dupClose, halfClose, reset, nested, signalWait, timerLoop, lossyLink, pulledCable,
  reactorEcho, reactorChat, reactorFile, proactorEcho,
];

/** A built-in scenario by its name; null: there is none. */
export function scenarioNamed(name: string): Scenario | null {
  return scenarios.find((scenario) => scenario.name === name) ?? null;
}

/**
 * The run of a recording again, byte for byte, ready to be run or stepped through.
 * @param recording a string that a run printed
 * @param scenario needed when it is not one of the built-in ones
 */
export function replay(recording: string, scenario?: Scenario, options: Omit<MachineOptions, 'scenario' | 'recording'> = {}): Story {
  const { scenario: name } = parseRecording(recording);
  const found = scenario ?? scenarioNamed(name);
  if (found === null) throw new ScenarioError(`this is a recording of ${name === '' ? 'a machine without scenario' : name}, which is not built in: give the scenario too`);
  return replayScenario(recording, found, options);
}
