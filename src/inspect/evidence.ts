/**
 * What questions about a run are asked of, and what answers look like: a chain of steps, each a plain sentence, and for what did not happen the
 * first link that is missing.
 */

import { T_SYSCALL_ENTER } from '../kernel/trace.js';
import { ItemLog, type ItemLife } from './itemLog.js';
import { ViewLabels } from './labels.js';
import type { Nesting } from './nesting.js';
import { sentenceAt } from './sentence.js';
import type { MachineView } from './view.js';

/** A run that can be asked about. */
export class Evidence {
  readonly nesting: Nesting;
  /** the machine at a step */
  readonly view: (step: number) => MachineView;
  private log: ItemLog | null = null;

  constructor(nesting: Nesting, view: (step: number) => MachineView) {
    this.nesting = nesting;
    this.view = view;
  }

  /** The lives of all items. */
  get items(): ReadonlyMap<number, ItemLife> {
    this.log ??= new ItemLog(this.nesting);
    return this.log.items;
  }

  /** A step as one plain sentence. */
  sentence(step: number): string {
    return sentenceAt(this.nesting, step, this.view(step));
  }

  link(step: number, missing = false): Link {
    return { step, text: this.sentence(step), missing };
  }

  labels(step: number): ViewLabels {
    return new ViewLabels(this.view(step));
  }
}

/** What is asked. */
export interface Question {
  readonly fd: number;
  /** up to this step */
  readonly step: number;
  /** false: why did the last event come; true: why does none come */
  readonly not: boolean;
  /** id of the epoll instance; left out: any that knows the descriptor */
  readonly ep?: number;
  /** of "why not": only these bits of the mask; an event that was told may have had others */
  readonly bits?: number;
}

/** One link of a chain: a step that happened, or, missing, what should have happened and did not. */
export interface Link {
  readonly step: number;
  readonly text: string;
  readonly missing: boolean;
}

/** Why there is no event. */
export type MissingCause =
  | 'not-open' | 'never-registered' | 'removed' | 'another-file' | 'another-number' | 'oneshot-disarmed' | 'on-ovflist' | 'on-ready-list' | 'in-scan'
  | 'edge-consumed' | 'nospace-never-set' | 'exclusive-taken' | 'key-filtered' | 'below-rcvlowat' | 'no-room' | 'drained-by-another' | 'dropped-not-ready'
  | 'all-told' | 'nothing-arrived' | 'not-seen';

/** What brought an event about; `none`: there was no event. */
export type EventCause = 'data' | 'room' | 'connection' | 'end' | 'error' | 'timer' | 'signal' | 'ready' | 'inner' | 'other' | 'none';

/** An answer. */
export interface Explanation {
  readonly fd: number;
  readonly step: number;
  readonly not: boolean;
  readonly cause: EventCause | MissingCause;
  /** the answer in one or two sentences */
  readonly answer: string;
  /** the chain, oldest step first */
  readonly links: readonly Link[];
}

/** The items that stand, or stood, for a descriptor up to a step; the newest last. */
export function itemsOf(evidence: Evidence, { fd, step, ep }: Question): ItemLife[] {
  return [...evidence.items.values()].filter((item) => item.fd === fd && item.born <= step && (ep === undefined || item.ep === ep));
}

/** System calls that end a task, by their numbers: exit and exit_group. */
const ENDINGS: ReadonlySet<number> = new Set([60, 231]);

/**
 * The step at which to ask about a descriptor when nobody says which: the last one, or, where the end of the program took its items away, the last one
 * before that.
 */
export function stepToAsk(evidence: Evidence, fd: number): number {
  const { nesting } = evidence;
  const last = nesting.count - 1;
  const newest = itemsOf(evidence, { fd, step: last, not: true }).at(-1);
  if (newest === undefined) return lastOpen(evidence);
  if (newest.gone < 0) return last;
  const call = nesting.call(newest.gone);
  return call >= 0 && ENDINGS.has(nesting.trace.what(call)) ? call - 1 : last;
}

/** The last step before the first program ends: descriptors that nobody registered are still open there. */
function lastOpen({ nesting }: Evidence): number {
  const { trace } = nesting;
  for (let step = 0; step < nesting.count; step++) if (trace.kind(step) === T_SYSCALL_ENTER && ENDINGS.has(trace.what(step))) return Math.max(0, step - 1);
  return nesting.count - 1;
}
