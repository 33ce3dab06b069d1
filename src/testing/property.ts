/**
 * The property that a loop keeps its laws whatever happens around it. When it does not, the error says which law, who did what, and holds one
 * string that brings the run back: in a test, at the command line, in the debugger.
 */

import * as fc from 'fast-check';
import type { Law, Violation } from '../explore/index.js';
import { failureText } from '../scenario/index.js';
import { schedules, surroundings, type AroundOptions, type ScheduleOptions } from './arbitraries.js';
import { loopScenario, tryLoop, type Loop, type LoopOptions, type Tried } from './loop.js';
import type { Schedule } from './schedule.js';
import { surroundingsLines, type Surroundings } from './surroundings.js';

/** A loop did what it must not do. */
export class LoopBroken extends Error {
  override readonly name = 'LoopBroken';
  /** the law; null: it threw, an expectation failed, or it never ended */
  readonly violation: Violation | null;
  /** brings the run back */
  readonly recording: string;

  constructor(what: string, violation: Violation | null, recording: string, file: string | undefined, around: Surroundings, schedule: Schedule) {
    super([
      what,
      ...surroundingsLines(around).map((line) => `  ${line}`),
      `  order: ${schedule.toString()}`,
      `  replay in a test:    replayLoop('${recording}', loopScenario(...))`,
      `  replay in a shell:   epollsim run ${file ?? 'FILE'} --replay '${recording}'`,
    ].join('\n'));
    this.violation = violation;
    this.recording = recording;
  }
}

/** What is wrong with a run; null: nothing. */
export function wrongWith({ story, verdict, error }: Tried): string | null {
  if (verdict === null) return error!.message;
  const { violation, halt } = verdict;
  if (violation !== null) return `${violation.law}: ${violation.message}`;
  if (halt === 'budget') return `the run took ${story.machine.kernel.stepBudget} steps: a program neither ends nor sleeps`;
  const [failure] = story.machine.failures;
  return failure === undefined ? null : failureText(failure);
}

/** What loopProperty() varies, and how. */
export interface PropertyOptions extends LoopOptions {
  /** what may happen around the loop: how its peers behave, or an arbitrary of your own */
  readonly around?: AroundOptions | fc.Arbitrary<Surroundings>;
  /** how much the order may vary, or an arbitrary of your own */
  readonly order?: ScheduleOptions | fc.Arbitrary<Schedule>;
}

function arbitraryOf<T, Options>(given: Options | fc.Arbitrary<T> | undefined, make: (options?: Options) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return given instanceof fc.Arbitrary ? given : make(given);
}

/**
 * Whatever its peers do and in whatever order things happen, the loop keeps the laws: `fc.assert(loopProperty(myLoop, [...loopLaws, everyByteComesBack()]))`.
 * @param loop is told where to listen and gives the program; it is called once for each run
 */
export function loopProperty(loop: Loop, laws: readonly Law[], options: PropertyOptions = {}): fc.IPropertyWithHooks<[Surroundings, Schedule]> {
  const scenario = loopScenario(loop, laws, options);
  const around = arbitraryOf(options.around, surroundings);
  const order = arbitraryOf(options.order, schedules);
  return fc.property(around, order, (where, schedule) => {
    const tried = tryLoop(scenario, where, schedule.decisions(), options.stepBudget);
    const wrong = wrongWith(tried);
    if (wrong !== null) throw new LoopBroken(wrong, tried.verdict?.violation ?? null, tried.story.machine.recording, options.file, where, schedule);
  });
}
