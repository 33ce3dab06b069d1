/**
 * The public API of epollsim: machines and programs (the scenario API), the numbers of the system call interface, views of what is inside,
 * and the built-in scenarios. docs/scenarios.md is the guide. What is not exported here may change without notice.
 */

export * from './scenario/index.js';
export { replay, scenarioNamed, scenarios } from './scenarios/index.js';
export {
  changes, type Change, checkInvariants, durationText, epollMask, eventpollText, inspect, Inspector, itemText, machineText, Names, pipeText, readTrace,
  sentences, socketText, taskText, type TraceEntry, type TraceKind,
} from './inspect/index.js';
export type {
  EventfdView, EventpollView, FileView, HostView, ItemView, KernelView, LinkView, MachineView, PacketView, PipeView, QueueEntryView, QueueView, SocketView, TaskView, TimerfdView, TimerView, TreeView,
} from './inspect/index.js';
