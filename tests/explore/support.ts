/** What the tests of laws share: programs on a machine of their own, held against one law. */

import { type Law, runUnderLaws, type Verdict } from '../../src/explore/index.js';
import { type Programs, startScenario } from '../../src/scenario/index.js';

/** One run of fresh programs. @param seed none: first come, first served */
export function judge(law: Law, make: () => Programs, seed?: number): Verdict {
  const story = startScenario({ name: 'a', title: 'A.', about: 'A.', programs: make }, {}, { log: 0, ...(seed === undefined ? {} : { seed }) });
  return runUnderLaws(story, [law]);
}

/** What the law says about the run; null: nothing. */
export function accused(law: Law, make: () => Programs, seed?: number): string | null {
  return judge(law, make, seed).violation?.message ?? null;
}

/** What the law says about the first of many runs of which it says something. */
export function accusedOfAny(law: Law, make: () => Programs, seeds = 30): string | null {
  for (let seed = 0; seed <= seeds; seed++) {
    const text = accused(law, make, seed === 0 ? undefined : seed);
    if (text !== null) return `seed ${seed}: ${text}`;
  }
  return null;
}
