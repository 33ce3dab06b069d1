/**
 * Matchers for expect() of jest and vitest: what a program keeps under many schedules. They take a scenario, or a function that makes the programs of one run,
 * and use no test framework themselves: `expect.extend(matchers)`, or `import 'epollsim/testing/jest'`.
 */

import { everybodyEnds, everyByteComesBack, noByteLost, noLeak, noLostEvent, noSpin, runUnderLaws, type Law } from '../explore/index.js';
import { logText, ProgramError, startScenario, type Programs, type Scenario, type Story } from '../scenario/index.js';
import { wrongWith } from './property.js';

/** What a matcher is about: a scenario, or programs by name. */
export type Subject = Scenario | (() => Programs);

/** Which runs a matcher looks at. */
export interface Runs {
  /** seeded schedules beside "first come, first served"; default 50 */
  readonly schedules?: number;
  /** options of the scenario: `{ trigger: 'ET' }` */
  readonly options?: Readonly<Record<string, string>>;
  /** calls and points that one run may take; default 100,000 */
  readonly stepBudget?: number;
}

interface Judgement {
  readonly pass: boolean;
  message(): string;
}

/** Lines of the log that a failure shows. */
const LAST_LINES = 12;

function scenarioOf(subject: unknown): Scenario {
  if (typeof subject === 'function') return { name: 'programs', title: 'Programs.', about: 'Programs of a test.', programs: subject as () => Programs };
  return subject as Scenario;
}

function start(scenario: Scenario, runs: Runs, seed: number): Story {
  return startScenario(scenario, runs.options ?? {}, { log: 200, stepBudget: runs.stepBudget ?? 100_000, ...(seed === 0 ? {} : { seed }) });
}

/** What is wrong with one run, and its story; null: nothing. */
function fault(story: Story, laws: readonly Law[]): string | null {
  try {
    return wrongWith({ story, verdict: runUnderLaws(story, laws), error: null });
  } catch (error) {
    if (error instanceof ProgramError) return error.message;
    throw error;
  }
}

function judge(subject: unknown, laws: readonly Law[], what: string, runs: Runs = {}): Judgement {
  const scenario = scenarioOf(subject);
  const last = runs.schedules ?? 50;
  for (let seed = 0; seed <= last; seed++) {
    const story = start(scenario, runs, seed);
    const wrong = fault(story, laws);
    if (wrong === null) continue;
    const { machine: m } = story;
    return {
      pass: false,
      message: () => [
        `expected the programs ${what}, but ${seed === 0 ? 'first come, first served' : `with seed ${seed}`}:`, `  ${wrong}`, 'The last steps:',
        logText(m.log.lines.slice(-LAST_LINES), { names: true, times: true }).trimEnd(), `replay: ${m.recording}`,
      ].join('\n'),
    };
  }
  return { pass: true, message: () => `the programs were expected to fail, but all ${last + 1} runs did as they should: ${what}` };
}

/** The matchers by name. */
export const matchers = {
  /** Every law holds in every run. */
  toKeep: (subject: unknown, laws: Law | readonly Law[], runs?: Runs) => {
    const list = Array.isArray(laws) ? laws as readonly Law[] : [laws as Law];
    return judge(subject, list, `to keep ${list.map(({ name }) => name).join(', ')}`, runs);
  },
  /** Whoever connects gets back what it sent: the law of an echo. */
  toDeliver: (subject: unknown, runs?: Runs) => judge(subject, [everyByteComesBack()], 'to give every client back what it sent', runs),
  /** What is written to a stream is read from it, in order. */
  toLoseNoByte: (subject: unknown, runs?: Runs) => judge(subject, [noByteLost()], 'to lose no byte', runs),
  /** Nobody sleeps for ever in epoll_wait beside a descriptor that has something to tell. */
  toLoseNoEvent: (subject: unknown, runs?: Runs) => judge(subject, [noLostEvent], 'to lose no event', runs),
  /** These programs end (none named: all). */
  toTerminate: (subject: unknown, names: readonly string[] = [], runs?: Runs) => judge(subject, [everybodyEnds(...names)], 'to end', runs),
  /** No task waits again and again without sleeping and without getting anything done. */
  toHaveNoSpin: (subject: unknown, runs?: Runs) => judge(subject, [noSpin()], 'not to spin', runs),
  /** No descriptor of a connection that is over stays open. */
  toLeakNothing: (subject: unknown, runs?: Runs) => judge(subject, [noLeak], 'to leak no descriptor', runs),
};
