/**
 * Judging a claim: its story is run, the evidence is collected with its place in the run, and the verdict follows from it. All expectations must
 * hold, those that are no evidence too.
 */

import { failureText, type Machine, type MachineOptions, type Scenario, type Story, startScenario } from '../scenario/index.js';
import { callText } from '../scenario/strace.js';
import { type Claim, markOf, type Verdict } from './claim.js';

/** One piece of evidence. */
export interface Evidence {
  /** like the claim, or unlike it */
  readonly like: boolean;
  readonly text: string;
  /** the call that shows it, as strace prints it; null: it was not one call */
  readonly call: string | null;
  /** lines of the log so far */
  readonly line: number;
  /** the row of the trace: the number of the step in views, in the debugger and in exports */
  readonly step: number;
}

/** What a run showed. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  /** expectations that did not hold, as text */
  readonly failures: readonly string[];
  readonly machine: Machine;
}

/** The story of a claim as a scenario: `epollsim run claim-a1`. */
export function claimScenario(claim: Claim): Scenario {
  return {
    name: `claim-${claim.id.toLowerCase()}`, title: claim.claim, about: `${claim.verdict}: ${claim.says}`, programs: () => claim.programs!(),
    ...(claim.network === undefined ? {} : { network: () => claim.network!() }),
  };
}

/** The verdict that evidence leads to. */
export function verdictOf(evidence: readonly { readonly like: boolean }[]): Verdict {
  const like = evidence.some((one) => one.like);
  const unlike = evidence.some((one) => !one.like);
  if (like && unlike) return 'holds with a condition';
  if (!like && !unlike) return 'text';
  return like ? 'holds' : 'wrong on Linux';
}

/** Runs the story of a claim, which must have one. */
export function judge(claim: Claim, options: Omit<MachineOptions, 'scenario'> = {}): Judgement {
  const story: Story = startScenario(claimScenario(claim), {}, { trace: true, ...options });
  const { machine } = story;
  const evidence: Evidence[] = [];
  machine.observe({
    expected(what, held, call) {
      const mark = markOf(what);
      if (mark === null || !held) return;
      evidence.push({ ...mark, call: call === null ? null : callText(call), line: machine.log.count, step: machine.kernel.trace!.count - 1 });
    },
  });
  const outcome = story.run();
  const failures = outcome.failures.map(failureText);
  if (outcome.halt !== 'finished') failures.push(`the machine is ${outcome.halt}: ${outcome.left.join(', ')}`);
  return { verdict: verdictOf(evidence), evidence, failures, machine };
}
