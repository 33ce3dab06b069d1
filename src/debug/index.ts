/**
 * Debug sessions: a run that is held whole, every step of it at hand, forward and backward. docs/debugging.md is the guide. Everything here
 * works in a browser: scenarios are passed as objects, logs as text.
 */

export { Branch, type BranchDifference, type Fork } from './branch.js';
export type { Breakpoint } from './breakpoint.js';
export { watchedPath } from './part.js';
export { predicate, type Predicate, PREDICATE_NAMES } from './predicate.js';
export { nearest } from './suggest.js';
export { DebugError } from './error.js';
export type { Grain, Way } from './move.js';
export { type Dated, Run, type RunLimits } from './run.js';
export { type Bookmark, type Frame, Session, type SessionOptions, type Standing, type StepState, type Stop } from './session.js';
export {
  type ChoiceMade, type Fault, type LawBroken, type LawWatcher, type LiveRun, type Place, recordingSource, type RunEnd, type RunWatcher, scenarioSource, type Source, type SourceLine, type SourceOptions,
} from './source.js';
export type { CallSpan } from './traceIndex.js';
export { valueAt } from '../inspect/history.js';
export { logSource } from './logSource.js';
export type { EventCause, Explanation, Hazard, HazardKind, Link, MissingCause } from '../inspect/explain.js';
