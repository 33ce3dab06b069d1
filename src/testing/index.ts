/**
 * The kit for testing event loops with fast-check 4: arbitraries, the property that a loop keeps its laws, replay of what it found, matchers. docs/tour/testing.md
 * is its guide. Imported as `epollsim/testing`.
 */

export {
  chunks, closePlans, connectionStorms, fdLimits, packetFates, peers, schedules, segmentSizes, signals, surroundings, type AroundOptions, type PeerOptions,
  type ScheduleOptions, type SegmentOptions,
} from './arbitraries.js';
export { callProgram, systemCalls, type RandomCall } from './calls.js';
export { loopScenario, replayLoop, tryLoop, type Loop, type LoopOptions, type Tried } from './loop.js';
export { matchers, type Runs, type Subject } from './matchers.js';
export { type Farewell, type Peer, peerSentence, type PeerStep, type Where } from './peer.js';
export { LoopBroken, loopProperty, type PropertyOptions } from './property.js';
export { type Deviation, Schedule } from './schedule.js';
export { NOBODY, parseSurroundings, surroundingsLines, surroundingsText, type Alarm, type Surroundings } from './surroundings.js';
export * from '../explore/laws/index.js';
export { type Law, type LawfulScenario, lawsOf, runUnderLaws, type Verdict, type Violation } from '../explore/law.js';
