/**
 * One run of a scenario under a source of choices, judged: by the laws, by the program's own expectations, and by what no program may do
 * (sleep for ever with work left, never end, throw, break the machine). Runs are made again and again, so nothing is kept that the
 * judgement does not need.
 */

import { KernelBug } from '../kernel/bug.js';
import type { Decisions } from '../kernel/decisions.js';
import { StepBudgetExceeded, type Halt } from '../kernel/sched.js';
import { failureText, ProgramError, startScenario, type Outcome, type Scenario, type Story } from '../scenario/index.js';
import { Watching, type Law, type Violation } from './law.js';

/** What is run, and what it is held to. */
export interface Target {
  readonly scenario: Scenario;
  /** options of the scenario: `{ trigger: 'ET' }` */
  readonly settings: Readonly<Record<string, string>>;
  readonly laws: readonly Law[];
  /** system calls and resumed points after which a run counts as endless */
  readonly stepBudget: number;
  /** a run may end with tasks asleep that nobody will wake */
  readonly maySleep: boolean;
}

/** Thrown by a source of choices that wants no more of a run: nothing new would come. */
export const PRUNED: unique symbol = Symbol('pruned');

/** How a judged run ended. */
export interface Run {
  /** as in an outcome; `violated`: stopped at a violation; `pruned`: given up, it is like a run that was made already */
  readonly end: Halt | 'violated' | 'pruned';
  readonly violation: Violation | null;
  readonly moves: number;
  readonly story: Story;
  /** null when the run was not made to its end */
  readonly outcome: Outcome | null;
}

/** Names of what every run is held to beside the laws, each with what it forbids. */
export const OWN_LAWS: Readonly<Record<string, string>> = {
  expectation: 'no expectation of the program may fail',
  deadlock: 'no task may sleep for ever while it has work left',
  'step-budget': 'no run may take more steps than its budget: a program that never ends is stopped there',
  throws: 'no program may throw',
  invariant: 'nothing inside the machine may break that must always hold',
};

/** A source of choices that follows the moves of a run. */
export interface Chooser extends Decisions {
  /** a run begins: this machine asks */
  begin(story: Story): void;
  /** the machine has moved; false: the run is not to go on */
  moved?(): boolean;
}

function violationOf(story: Story, law: string, message: string): Violation {
  return { law, message, step: story.machine.kernel.steps };
}

/** What a thrown value breaks; null: it is none of the run's own errors. */
function thrown(story: Story, error: unknown): Violation | null {
  if (error instanceof StepBudgetExceeded) return violationOf(story, 'step-budget', `the run did not end within ${error.budget} steps`);
  if (error instanceof KernelBug) return violationOf(story, 'invariant', error.message);
  if (error instanceof ProgramError) return violationOf(story, 'throws', error.message);
  return null;
}

/** What an ended run breaks. */
function endViolation(story: Story, watching: Watching | null, outcome: Outcome, maySleep: boolean): Violation | null {
  const [failure] = outcome.failures;
  if (failure !== undefined) return violationOf(story, 'expectation', failureText(failure));
  const broken = watching?.ended(outcome) ?? null;
  if (broken !== null) return broken;
  if (outcome.halt === 'asleep' && outcome.left.length > 0 && !maySleep) {
    return violationOf(story, 'deadlock', `${outcome.left.join(', ')} ${outcome.left.length === 1 ? 'sleeps' : 'sleep'} for ever`);
  }
  try {
    story.machine.checkInvariants();
  } catch (error) {
    return thrown(story, error) ?? (() => { throw error; })();
  }
  return null;
}

/** Puts the target on a machine that asks `chooser`. @param log lines of the log that are kept */
export function startTarget(target: Target, chooser: Decisions, log = 0): Story {
  return startScenario(target.scenario, target.settings, { decisions: chooser, log, lockdep: false, stepBudget: target.stepBudget });
}

/** Makes one run and judges it. Errors that are not the run's own are thrown. @param log lines of the log of system calls that are kept */
export function runOnce(target: Target, chooser: Chooser, log = 0): Run {
  const story = startTarget(target, chooser, log);
  const { machine: m } = story;
  const watching = target.laws.length === 0 ? null : new Watching(m, target.laws);
  const ended = (end: Run['end'], violation: Violation | null, outcome: Outcome | null): Run => ({ end, violation, moves, story, outcome });
  let moves = 0;
  try {
    chooser.begin(story);
    for (;;) {
      const step = m.step();
      moves++;
      if (chooser.moved !== undefined && !chooser.moved()) return ended('pruned', null, null);
      if (watching !== null) {
        const violation = watching.violation();
        if (violation !== null) return ended('violated', violation, null);
      }
      if (typeof step !== 'string') continue;
      const outcome = story.conclude(m.outcome(step));
      const violation = endViolation(story, watching, outcome, target.maySleep);
      return ended(violation === null ? step : 'violated', violation, outcome);
    }
  } catch (error) {
    if (error === PRUNED) return ended('pruned', null, null);
    const violation = thrown(story, error);
    if (violation === null) throw error;
    return ended('violated', violation, null);
  }
}
