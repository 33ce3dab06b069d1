/**
 * A scenario whose programs let others go first after every call. Then a task that was woken goes on before the one that woke it makes its
 * next call, as it does where somebody gives turns; without that the two would race on a real machine.
 */

import type { Sleeps } from '../kernel/point.js';
import { sched_yield } from '../kernel/sched.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Program, Sys } from '../scenario/sys.js';
import type { Machine } from '../scenario/machine.js';

const isCall = (value: unknown): value is Sleeps<unknown> => typeof value === 'object' && value !== null && typeof (value as { next?: unknown }).next === 'function';

/** The rest of a call, then the others' turn. Sleeps as the call does. */
function* thenYield(machine: () => Machine, call: Sleeps<unknown>): Sleeps<unknown> {
  const answer = yield* call;
  const { kernel } = machine();
  if (kernel.runqueue.length > 0) yield* sched_yield(kernel);
  return answer;
}

/** The face of the machine with calls that yield; programs that it is given for children are treated alike. */
function politeSys(machine: () => Machine, sys: Sys): Sys {
  const face: Sys = new Proxy(sys, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const polite = args.map((arg) => (typeof arg === 'function' && name !== 'expect' && name !== 'sigaction' ? politeProgram(machine, arg as Program) : arg));
        const answer: unknown = Reflect.apply(member, target, polite);
        return isCall(answer) ? thenYield(machine, answer) : answer;
      };
    },
  });
  return face;
}

function politeProgram(machine: () => Machine, program: Program): Program {
  const polite: Program = (sys) => program(politeSys(machine, sys));
  Object.defineProperty(polite, 'name', { value: program.name });
  return polite;
}

type Named = Readonly<Record<string, Program>>;

/** The scenario with polite programs. @param machine the one on which it runs, asked when it runs */
export function politeScenario(scenario: Scenario, machine: () => Machine): Scenario {
  const all = (programs: Named): Named => Object.fromEntries(Object.entries(programs).map(([name, program]) => [name, politeProgram(machine, program)]));
  return {
    ...scenario,
    programs: (options, net) => Object.fromEntries(Object.entries(scenario.programs(options, net)).map(([name, what]) =>
      [name, typeof what === 'function' ? politeProgram(machine, what) : all(what)])),
  };
}
