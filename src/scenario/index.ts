/**
 * The scenario API: machines, the calls that programs make, expectations, recordings, scenarios. docs/scenarios.md is its guide.
 */

export { type Address, type AddressResult } from './address.js';
export { badPointer, type BufferArg, faultingAt, kernelPointer, type Memory, memory, textOf, utf8 } from './bytes.js';
export { type Call, type CallResult, type FdPair } from './callBase.js';
export { type EpollResult, type FdSets, type PollResult, type SelectResult } from './epollCalls.js';
export { ProgramError, RecordingError, ScenarioError } from './errors.js';
export { type ExpectedEvent, type Failure, failureText } from './expect.js';
export { BytesResult } from './fileCalls.js';
export { type TimerResult } from './ipcCalls.js';
export { type EpollEvent, type EventArg, type Nanoseconds, type PollArg } from './layouts.js';
export { Host, type HostOptions } from './host.js';
export { type Fate, type Faults, Link, type LinkOptions, type Packet } from './link.js';
export { at, Machine, machine, type MachineOptions, type Outcome, type Place } from './machine.js';
export { type LinkDeclaration, Network, type NetworkDeclaration } from './network.js';
export { Process } from './process.js';
export type { CallEvent, Observer, Step } from './observe.js';
export { type ActionOptions, type Handler, type WaitResult } from './processCalls.js';
export { type Intervention, parseRecording, type Recording } from './recording.js';
export {
  asScenario, edge, type HostPrograms, optionsOf, type Programs, replayScenario, runScenario, type Scenario, type ScenarioOptions, startScenario, Story,
} from './scenario.js';
export { type AddressArg, type NameResult, type OptionArg, type OptionResult, ReceivedResult } from './socketCalls.js';
export { type LineKind, type LogLine, callText, logText, type LogStyle, secondsText, whoText } from './strace.js';
export { type Program, Sys } from './sys.js';
export { Recorded, Recorder, Seeded, FirstCome, type ChoiceKind, type Decisions } from '../kernel/decisions.js';
export type { PreemptMode } from '../kernel/kernel.js';
export type { Point, Sleeps } from '../kernel/point.js';
export { type Halt, StepBudgetExceeded } from '../kernel/sched.js';
export { SIG_DFL, SIG_IGN } from '../kernel/signal_types.js';
export * from './constants.js';
