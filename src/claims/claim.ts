/**
 * A claim: one sentence that popular texts say about I/O multiplexing, with a story that shows whether Linux does so. The story marks its evidence
 * as being like the claim or unlike it, and the verdict is read off the marks: what a run did not show is no verdict.
 */

import type { Inside } from './inside.js';
import type { CallEvent, Network, NetworkDeclaration, Programs, Sys } from '../scenario/index.js';

/** What came of a claim. `text`: it is about history or other systems, so no run can show it. */
export type Verdict = 'holds' | 'holds with a condition' | 'wrong on Linux' | 'text';

/** How work grows with the size. */
export type Shape = 'none' | 'flat' | 'linear';

/** The cost of calls for several sizes: work of the kernel and of the program that is counted in the model, not time. */
export interface Curve {
  /** what the sizes count: `descriptors watched` */
  readonly across: string;
  readonly sizes: readonly number[];
  /** what is counted: `files polled` */
  readonly unit: string;
  /** what is shown beside each other, by the names of calls or by those that `counts` gives, and how it grows */
  readonly calls: Readonly<Record<string, Shape>>;
  /** the work of one call; of several calls of one name the last one counts. @param polls how often the kernel asked a file for its readiness during the call */
  readonly work?: (event: CallEvent, polls: number) => number;
  /** instead of `work`: the name under which a call counts as one */
  readonly counts?: (event: CallEvent) => string;
  /** the story for a size */
  readonly programs: (size: number) => Programs;
}

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

/** A claim. */
export interface Claim {
  /** `A1` ... `P9` */
  readonly id: string;
  /** what is claimed */
  readonly claim: string;
  readonly verdict: Verdict;
  /** the condition, the correction, or what makes it so: one plain sentence */
  readonly says: string;
  /** the story that shows it; null only for `text` */
  readonly programs: ((net: Network) => Programs) | null;
  /** evidence from inside the kernel, looked for when the story has run */
  readonly inside?: (run: Inside) => void;
  readonly network?: () => NetworkDeclaration;
  /** cost, for claims that are about cost */
  readonly curve?: Curve;
  /** where it is written, for `text` */
  readonly source?: string;
}

const LIKE = 'as claimed: ';
const UNLIKE = 'unlike the claim: ';

/** Evidence that Linux does what is claimed. @param what in words: what is seen @returns whether it holds */
export function asClaimed(sys: Sys, actual: unknown, expected: unknown, what: string): boolean {
  return sys.expect(actual, expected, LIKE + what);
}

/** Evidence that Linux does not, or not here. @param what in words: what is seen instead @returns whether it holds */
export function unlikeClaim(sys: Sys, actual: unknown, expected: unknown, what: string): boolean {
  return sys.expect(actual, expected, UNLIKE + what);
}

/** What an expectation says about the claim; null: it belongs to the story only. */
export function markOf(what: string): { readonly like: boolean; readonly text: string } | null {
  if (what.startsWith(LIKE)) return { like: true, text: what.slice(LIKE.length) };
  return what.startsWith(UNLIKE) ? { like: false, text: what.slice(UNLIKE.length) } : null;
}
