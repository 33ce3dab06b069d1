/**
 * Judging a claim: its story is run, the evidence is collected with its place in the run, and the verdict follows from it. All expectations must
 * hold, those that are no evidence too.
 */

import {
  type CallEvent, callText, failureText, Machine, type MachineOptions, type Program, type Scenario, type Story, startScenario,
} from '../scenario/index.js';
import { type Claim, type Curve, type Evidence, markOf, type Shape, type Verdict } from './claim.js';
import { CallWatch, Inside } from './inside.js';

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
    name: `claim-${claim.id.toLowerCase()}`, title: claim.claim, about: `${claim.verdict}: ${claim.says}`, programs: (_options, net) => claim.programs!(net),
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
  const watch = new CallWatch(machine);
  if (claim.inside !== undefined) machine.observe(watch);
  const outcome = story.run();
  const failures = outcome.failures.map(failureText);
  if (claim.inside !== undefined) {
    const run = new Inside(watch);
    claim.inside(run);
    evidence.push(...run.evidence);
    failures.push(...run.failures);
  }
  if (outcome.halt !== 'finished') failures.push(`the machine is ${outcome.halt}: ${outcome.left.join(', ')}`);
  evidence.sort((a, b) => a.step - b.step);
  return { verdict: verdictOf(evidence), evidence, failures, machine };
}

/** The curve of a claim about cost: for each call, its work for each size. */
export function curveOf(curve: Curve): Record<string, number[]> {
  const series: Record<string, number[]> = Object.fromEntries(Object.keys(curve.calls).map((name) => [name, []]));
  curve.sizes.forEach((size, at) => {
    const m = new Machine({ log: 0 });
    const before = new Map<CallEvent, number>();
    m.observe({
      called(event) {
        const polls = before.get(event);
        const values = series[curve.counts?.(event) ?? event.row.name];
        if (polls === undefined) before.set(event, m.kernel.stats.polls);
        else if (values !== undefined) values[at] = curve.counts !== undefined ? (values[at] ?? 0) + 1 : curve.work!(event, m.kernel.stats.polls - polls);
      },
    });
    for (const [name, program] of Object.entries(curve.programs(size))) m.process(name, program as Program);
    m.run();
  });
  return series;
}

/** How a series grows, told from its first and last value; null: in none of the known ways. */
export function shapeOf(sizes: readonly number[], values: readonly number[]): Shape | null {
  const [first, last] = [values[0]!, values.at(-1)!];
  if (values.every((value) => value === 0)) return 'none';
  if (last <= first * 1.3) return 'flat';
  const growth = last / first / (sizes.at(-1)! / sizes[0]!);
  return growth > 0.5 && growth < 2 ? 'linear' : null;
}
