/** What the tests of the reactor share: every poller, a loop in a program, and a machine that must end with nothing left behind. */

import { failureText, machine, type Machine, type MachineOptions, type Program, type Sleeps, type Sys } from '../../src/scenario/index.js';
import { EventLoop, pollerNamed, POLLERS } from '../../src/reactor/index.js';

export { POLLERS };

/** Runs programs to their end; expectations must hold and nothing may be left behind. */
export function runAll(programs: Readonly<Record<string, Program>>, options: MachineOptions = {}, before: (m: Machine) => void = () => {}): Machine {
  // A loop that spins is stopped early.
  const m = machine({ stepBudget: 200_000, ...options });
  before(m);
  for (const [name, program] of Object.entries(programs)) m.process(name, program);
  const { halt, failures } = m.run();
  expect(failures.map(failureText)).toEqual([]);
  expect(halt).toBe('finished');
  m.checkInvariants();
  return m;
}

/** A program that is one event loop: `start` sets it up, and it ends with loop.quit(). Sleeps while nothing is ready. */
export function loopProgram(poller: string, start: (loop: EventLoop, sys: Sys) => Sleeps<void>): Program {
  return function* main(sys) {
    const loop = new EventLoop(sys, pollerNamed(sys, poller));
    yield* loop.open();
    yield* start(loop, sys);
    yield* loop.run();
    yield* loop.close();
  };
}
