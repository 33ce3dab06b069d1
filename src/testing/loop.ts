/**
 * A loop under test, and the scenario in which it is tested: the loop serves a port, peers come, signals and faults may come, laws watch. A
 * loop is a function that is told where to listen and gives a program, so a Reactor is one as well as thirty lines of epoll_wait.
 */

import { runUnderLaws, type Law, type LawfulScenario, type Verdict } from '../explore/index.js';
import {
  ProgramError, replayScenario, ScenarioError, startScenario, type Decisions, type HostPrograms, type NetworkDeclaration, type Program, type Programs, type Story,
} from '../scenario/index.js';
import { peerProgram, type Where } from './peer.js';
import { NOBODY, parseSurroundings, surroundingsText, type Surroundings } from './surroundings.js';

/** A loop: it listens at the address and serves whoever connects. Its process is called `loop`, its peers `client-1`, `client-2` and so on. */
export type Loop = (address: Where) => Program;

/** How a loop is tested. */
export interface LoopOptions {
  /** name in recordings: lower case letters, digits and hyphens; default `loop` */
  readonly name?: string;
  /** where it listens; default 7000 */
  readonly port?: number;
  /** the file that has loopScenario() as its default export: with it a failure prints the command that shows it */
  readonly file?: string;
  /** bytes that a peer is owed when it has sent so many: a peer that closes waits for them; default: as many */
  readonly answered?: (bytes: number) => number;
  /** system calls and points that one run may take; default 100,000 */
  readonly stepBudget?: number;
}

const SERVER_HOST = '10.0.0.1';
const PEER_HOST = '10.0.0.2';

/** The loop under its limit of descriptors. */
function limited(program: Program, fdLimit: number | null): Program {
  if (fdLimit === null) return program;
  return function* loop(sys) {
    sys.must(yield* sys.setNofileLimit(fdLimit));
    return yield* program(sys);
  };
}

/** The loop is the first process. */
const LOOP_PID = 1;

function alarms(signals: Surroundings['signals']): HostPrograms {
  return Object.fromEntries(signals.map(({ atMs, signal }, index) => [`alarm-${index + 1}`, function* (sys) {
    yield* sys.msleep(atMs + 1);
    yield* sys.kill(LOOP_PID, signal);
  } satisfies Program]));
}

/** The programs of one run. What comes at 0 ms comes 1 ms later: the loop has begun then. */
function programsOf(loop: Loop, { peers, signals, fdLimit, fates }: Surroundings, options: LoopOptions): Programs {
  const { port = 7000, answered = (bytes: number) => bytes } = options;
  const address: Where = { port, host: fates === null ? '127.0.0.1' : SERVER_HOST };
  const near: HostPrograms = { loop: limited(loop(address), fdLimit), ...alarms(signals) };
  const far: HostPrograms = Object.fromEntries(peers.map((peer, index) => [`client-${index + 1}`, peerProgram({ ...peer, atMs: peer.atMs + 1 }, index, address, answered)]));
  return fates === null ? { ...near, ...far } : { server: near, far };
}

/** The hosts of one run: one, or two and a link that does to its packets what the fates say. */
function networkOf({ fates }: Surroundings): NetworkDeclaration {
  if (fates === null) return { hosts: {} };
  let packet = 0;
  return {
    hosts: { server: { address: SERVER_HOST }, far: { address: PEER_HOST } },
    links: { cable: { between: ['server', 'far'], delayMs: 1, faults: () => fates[packet++] ?? 'deliver' } },
  };
}

function readAround(text: string): Surroundings {
  try {
    return parseSurroundings(text);
  } catch (error) {
    throw new ScenarioError((error as Error).message);
  }
}

/**
 * The scenario of a loop under test. As the default export of a file it makes failures of loopProperty() replay at the command line:
 * `export default loopScenario(myLoop, laws)`.
 */
export function loopScenario(loop: Loop, laws: readonly Law[], options: LoopOptions = {}): LawfulScenario {
  return {
    name: options.name ?? 'loop',
    title: 'A loop under test.',
    about: 'The loop serves a port while peers come and go as the option around says.',
    inputs: { around: surroundingsText(NOBODY) },
    laws,
    network: ({ around }) => networkOf(readAround(around!)),
    programs: ({ around }) => programsOf(loop, readAround(around!), options),
  };
}

/** A run of a scenario with its verdict. */
export interface Tried {
  readonly story: Story;
  /** null: a program threw */
  readonly verdict: Verdict | null;
  readonly error: ProgramError | null;
}

function attempt(story: Story, laws: readonly Law[]): Tried {
  try {
    return { story, verdict: runUnderLaws(story, laws), error: null };
  } catch (error) {
    if (error instanceof ProgramError) return { story, verdict: null, error };
    throw error;
  }
}

/** One run of a scenario in some surroundings. */
export function tryLoop(scenario: LawfulScenario, around: Surroundings, decisions: Decisions | null, stepBudget = 100_000): Tried {
  const options = { stepBudget, log: 0, ...(decisions === null ? {} : { decisions }) };
  const story = startScenario(scenario, { around: surroundingsText(around) }, options);
  return attempt(story, scenario.laws);
}

/**
 * The run of a recording again, under the laws of its scenario. With the log, so that the story can be read: `story.machine.strace()`.
 * @param recording the string that a failure printed
 */
export function replayLoop(recording: string, scenario: LawfulScenario): Tried {
  return attempt(replayScenario(recording, scenario), scenario.laws);
}
