/**
 * The public face of inspect: views of a machine, their text and differences, the trace reader and the invariants.
 * What is not named here may change without notice.
 */

export type * from './view.js';
export { inspect, Inspector } from './inspector.js';
export { changes, sentences, type Change } from './diff.js';
export {
  eventfdText, eventpollText, itemText, linkText, machineText, Names, pipeText, queueText, segmentLine, socketText, tableText, taskText, timerfdText, timerText, treeText,
} from './text.js';
export { epollMask, shortMask, stateText, shutdownText, segmentText, taskName, durationText } from './names.js';
export { callsIn, functionGraph, oldestStep, PLAIN_LABELS, readTrace, type GraphEntry, type TracedCall, type TraceEntry, type TraceKind } from './trace.js';
export { queueLabel, queueOf, TRACED, type Labels, type TraceArgs, type TraceValue } from './traced.js';
export { checkInvariants, checkNoLeaks, INVARIANTS } from './invariants.js';
export type { Invariant } from './invariant.js';
