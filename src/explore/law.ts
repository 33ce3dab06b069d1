/**
 * What a law is: one sentence about every run of a program, watched while a run goes on. A law sees system calls, moves and ends of tasks, and
 * may look at the machine; it changes nothing. The same law serves the explorer, the property tests and the command line.
 */

import { StepBudgetExceeded, type Halt } from '../kernel/sched.js';
import type { CallEvent, Machine, Observer, Outcome, Scenario, ScenarioOptions, Step, Story } from '../scenario/index.js';

/** A law. */
export interface Law {
  /** short, of lower case letters and hyphens: `no-lost-event` */
  readonly name: string;
  /** one sentence that says what must not happen */
  readonly forbids: string;
  /** Begins to watch a machine that has not moved yet. */
  watch(m: Machine): LawWatch;
}

/** A law that watches one run. */
export interface LawWatch extends Observer {
  called?(event: CallEvent): void;
  moved?(step: Step): void;
  /** The run is over. @returns what is broken, which may only show now */
  ended(outcome: Outcome): Violation | null;
  /** What is broken so far; null: nothing. It stays broken. */
  violation(): Violation | null;
  /** What is worth saying about the run though nothing is broken: one line each. */
  report?(): readonly string[];
}

/** A broken law. */
export interface Violation {
  readonly law: string;
  /** who did what, in a sentence */
  readonly message: string;
  /** stepsOf() the machine when it showed */
  readonly step: number;
}

/** A scenario that says which laws its runs are held against. */
export interface LawfulScenario extends Scenario {
  readonly laws: readonly Law[];
}

/** A scenario whose author knows which law a run with these options can break; null: it keeps all. */
export interface Specimen extends LawfulScenario {
  readonly breaks: (options: ScenarioOptions) => string | null;
}

/** The laws that a scenario brings; none for one that brings none. */
export function lawsOf(scenario: Scenario): readonly Law[] {
  return (scenario as Partial<LawfulScenario>).laws ?? [];
}

/** System calls and resumed points since the start, of all hosts of a machine: a place in its run. */
export function stepsOf(m: Machine): number {
  return m.kernel.world.hosts.reduce((sum, { steps }) => sum + steps, 0);
}

/** Several laws that watch one run. */
export class Watching {
  private readonly watches: readonly LawWatch[];

  /** Begins to watch; the machine must not have moved yet. */
  constructor(m: Machine, laws: readonly Law[]) {
    this.watches = laws.map((law) => law.watch(m));
    for (const watch of this.watches) m.observe(watch);
  }

  /** The first law that is broken so far, in the order in which they were given. */
  violation(): Violation | null {
    for (const watch of this.watches) {
      const violation = watch.violation();
      if (violation !== null) return violation;
    }
    return null;
  }

  /** The run is over: the first law that is broken. */
  ended(outcome: Outcome): Violation | null {
    for (const watch of this.watches) {
      const violation = watch.ended(outcome);
      if (violation !== null) return violation;
    }
    return null;
  }

  report(): readonly string[] {
    return this.watches.flatMap((watch) => watch.report?.() ?? []);
  }
}

/** How a run under laws ended. */
export interface Verdict {
  /** as in an outcome; `stopped`: a law was broken before the end, `budget`: the run took more steps than it may */
  readonly halt: Halt | 'time' | 'stopped' | 'budget';
  /** null: the run has no end of its own */
  readonly outcome: Outcome | null;
  readonly violation: Violation | null;
  readonly reports: readonly string[];
}

function stop(m: Machine): void {
  for (const kernel of m.kernel.world.hosts) kernel.stepBudget = kernel.steps;
}

/** Runs a story to its end, or to the move at which a law is broken. A program that throws throws here too. */
export function runUnderLaws(story: Story, laws: readonly Law[]): Verdict {
  const { machine: m } = story;
  const watching = new Watching(m, laws);
  const end = (halt: Verdict['halt'], outcome: Outcome | null, violation: Violation | null): Verdict => ({ halt, outcome, violation, reports: watching.report() });
  // Where tasks lose the CPU only when they sleep, a move can be long: a run that has broken a law gets no more steps.
  if (m.kernel.mode !== 'all') m.observe({ called: () => void (watching.violation() !== null && stop(m)) });
  try {
    for (;;) {
      const step = m.step();
      const violation = watching.violation();
      if (violation !== null) return end('stopped', null, violation);
      if (typeof step !== 'string') continue;
      const outcome = story.conclude(m.outcome(step));
      return end(step, outcome, watching.ended(outcome));
    }
  } catch (error) {
    if (!(error instanceof StepBudgetExceeded)) throw error;
    const violation = watching.violation();
    return end(violation === null ? 'budget' : 'stopped', null, violation);
  }
}
