/** What the tests of the scenario API share: one program on a machine of its own, run to its end. */

import { type Machine, machine, type MachineOptions, type Program } from '../../src/scenario/index.js';

/** Runs one program; the machine must end, with all that must hold. */
export function runProgram(program: Program, options: MachineOptions = {}): Machine {
  const m = machine(options);
  m.process('main', program);
  const { halt } = m.run();
  if (halt !== 'finished') throw new Error(`the machine is ${halt}\n${m.strace()}`);
  m.checkInvariants();
  return m;
}
