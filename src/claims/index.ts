/**
 * The claims of popular texts about select, poll, epoll and sockets, each with a story that shows what Linux does, and a verdict that the story
 * bears out. docs/claims.md lists them.
 */

import { claimsA } from './a.js';
import { claimsB } from './b.js';
import { claimsC } from './c.js';
import type { Scenario } from '../scenario/index.js';
import type { Claim } from './claim.js';
import { claimsD } from './d.js';
import { claimsE } from './e.js';
import { claimsF } from './f.js';
import { claimsG } from './g.js';
import { claimsH } from './h.js';
import { herdWays } from './herd.js';
import { claimsJ } from './j.js';
import { claimsK } from './k.js';
import { claimsKReady } from './kReady.js';
import { claimsL } from './l.js';
import { claimsLOrder } from './lOrder.js';
import { claimsM } from './m.js';
import { claimsN } from './n.js';
import { claimsP } from './p.js';
import { claimScenario } from './judge.js';

export { chartLines } from './chart.js';
export { asClaimed, type Claim, type Curve, type Evidence, markOf, type Shape, unlikeClaim, type Verdict } from './claim.js';
export { claimScenario, curveOf, judge, type Judgement, shapeOf, verdictOf } from './judge.js';
export { type Situation, situations } from './readiness.js';
export { herdWays, HERD_WAYS, type HerdCounts, type HerdWay, measureHerd } from './herd.js';
export { measured, recorded, RECORDED_ON } from './recorded.js';
export type { Measured, Recorded } from './recording.js';

/** All claims, in the order of their ids. */
export const claims: readonly Claim[] = [
  ...claimsA, ...claimsB, ...claimsC, ...claimsD, ...claimsE, ...claimsF, ...claimsG, ...claimsH, ...claimsJ, ...claimsK, ...claimsKReady, ...claimsL, ...claimsLOrder, ...claimsM,
  ...claimsN, ...claimsP,
];

/** A claim by its id, in any case; null: there is none. */
export function claimNamed(id: string): Claim | null {
  return claims.find((claim) => claim.id === id.toUpperCase()) ?? null;
}

/** The story of a claim as a scenario, by its name: `claim-a1`, and `herd-ways`; null: there is none. */
export function claimScenarioNamed(name: string): Scenario | null {
  if (name === herdWays.name) return herdWays;
  const claim = name.startsWith('claim-') ? claimNamed(name.slice('claim-'.length)) : null;
  return claim === null || claim.programs === null ? null : claimScenario(claim);
}
