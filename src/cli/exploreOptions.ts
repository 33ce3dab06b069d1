/**
 * What `epollsim explore` is given on the command line, as options of the search. It is plain data until here, so that workers read it too.
 */

import { loopLaws, toldAsSpecified, type ExploreOptions, type Law, type Mode } from '../explore/index.js';
import type { Part } from '../explore/tree.js';
import type { Scenario } from '../scenario/index.js';
import { InputError } from './errors.js';
import { settingsOf } from './settings.js';
import { nearest } from '../debug/suggest.js';

/** What the command line gives: plain data, which goes to workers as it is. */
export interface ExploreArguments {
  readonly trigger?: string;
  readonly option?: readonly string[];
  readonly mode: Mode;
  readonly law?: readonly string[];
  readonly preemptions?: number;
  readonly softirqs?: number;
  readonly reduce: boolean;
  readonly seed?: number;
  readonly depth?: number;
  readonly schedules?: number;
  readonly seconds?: number;
  readonly steps: number;
  readonly maySleep?: boolean;
  readonly all?: boolean;
  readonly shard?: string;
  readonly workers?: number;
  readonly resume?: string;
  readonly save?: string;
  readonly format: string;
}

const LAWS: readonly Law[] = [...loopLaws, toldAsSpecified];

/** The laws with these names; `loop`: all that suit any event loop. */
function lawsNamed(names: readonly string[]): Law[] {
  return names.flatMap((name) => {
    if (name === 'loop') return loopLaws;
    const law = LAWS.find((each) => each.name === name);
    if (law !== undefined) return [law];
    const near = nearest(name, LAWS.map((each) => each.name));
    throw new InputError(`there is no law '${name}'${near === null ? '' : `; did you mean ${near}?`}`, `These can be named: loop (all for event loops), ${LAWS.map((each) => each.name).join(', ')}.`);
  });
}

/** `2/8` as a part. */
export function shardOf(text: string | undefined): Part {
  if (text === undefined) return { index: 1, of: 1 };
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const part = { index: Number(index), of: Number(of) };
  if (index === undefined || part.index < 1 || part.index > part.of) throw new InputError(`--shard ${text}: expected i/n with i from 1 to n`, 'A job that counts from 0 gives its number plus 1.');
  return part;
}

/** The options of the search. */
export function exploreOptions(scenario: Scenario, given: ExploreArguments): ExploreOptions {
  const { mode, law, preemptions, softirqs, seed, depth, schedules, seconds, maySleep, all } = given;
  if (preemptions !== undefined && mode !== 'exhaustive') throw new InputError('--preemptions bounds the exhaustive search only', 'Leave it out, or use --mode exhaustive.');
  return {
    options: settingsOf(scenario, given), mode, stepBudget: given.steps, clockMs: () => performance.now(),
    ...(given.reduce ? {} : { reduce: false }), ...(law === undefined ? {} : { laws: lawsNamed(law) }), ...(softirqs === undefined ? {} : { softirqs }),
    ...(preemptions === undefined ? {} : { preemptions }), ...(seed === undefined ? {} : { seed }), ...(depth === undefined ? {} : { depth }),
    ...(schedules === undefined ? {} : { schedules }), ...(seconds === undefined ? {} : { seconds }),
    ...(maySleep === true ? { maySleep } : {}), ...(all === true ? { all } : {}),
  };
}
