/**
 * Threads and stacks: each simulated task is a thread, and so is softirq work: timers of the idle machine, and ksoftirqd of each host. A stack is the
 * line of the program, the system call, and the kernel functions, innermost first.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Session, Standing } from '../debug/index.js';
import type { Sources, Spot } from './sources.js';

/** Editors take threads to have numbers above 0; the contexts of the kernel come after all tasks. */
const CONTEXTS = 1_000_000_000;

/** The thread of a task; of pid 0, the timers, and of negative ones, ksoftirqd. */
export function threadOf(pid: number): number {
  return pid > 0 ? pid : CONTEXTS - pid;
}

/** The pid behind a thread. */
export function pidOf(thread: number): number {
  return thread >= CONTEXTS ? CONTEXTS - thread : thread;
}

function contextName(pid: number, session: Session): string {
  if (pid === 0) return 'timers (softirq)';
  const hosts = session.viewAt(session.count - 1).hosts;
  const host = hosts[-1 - pid]?.name ?? '';
  return `ksoftirqd/0 (softirq)${host === '' ? '' : ` of ${host}`}`;
}

/** The threads at the position: tasks that are not gone, and the contexts that do something in this run. */
export function threadsOf(session: Session): DebugProtocol.Thread[] {
  const { view, pid } = session.state();
  const tasks = view.tasks.filter((task) => task.state !== 'dead' || task.pid === pid).map((task) => ({ id: threadOf(task.pid), name: `${task.name} ${task.state}` }));
  const contexts = [...session.run.found.pids].filter((one) => one <= 0).sort((a, b) => b - a);
  const missing = pid > 0 && !tasks.some(({ id }) => id === pid) ? [{ id: pid, name: session.state().task }] : [];
  return [...tasks, ...missing, ...contexts.map((one) => ({ id: threadOf(one), name: contextName(one, session) }))];
}

/** What is behind a frame. */
export interface FrameOf {
  readonly pid: number;
  readonly kind: 'function' | 'call' | 'program' | 'none';
  readonly name: string;
  /** the step at which it was entered; of a program, the last step of its task */
  readonly step: number;
  readonly spot: Spot | null;
}

/** The text of a call under way: as strace prints it, else its name. */
function callText(session: Session, { call }: Standing): string {
  const text = session.viewAt().tasks.find(({ pid }) => pid === call!.task)?.call;
  return text?.startsWith(`${call!.name}(`) === true ? text : `${call!.name}()`;
}

/** The frames of a task at the position, innermost first. */
export function framesOf(session: Session, sources: Sources, pid: number): FrameOf[] {
  const standing = session.standing(pid);
  const name = session.viewAt().tasks.find((task) => task.pid === pid)?.name ?? null;
  if (standing === null) return [{ pid, kind: 'none', name: 'has not run yet', step: session.step, spot: null }];
  const frames: FrameOf[] = [...standing.frames].reverse().map(({ fn, step }) => ({ pid, kind: 'function', name: fn, step, spot: sources.functionSpot(fn) }));
  const { call, place, step } = standing;
  if (call !== null) frames.push({ pid, kind: 'call', name: callText(session, standing), step: call.from, spot: sources.logSpot(call, place) });
  if (pid > 0 && !(sources.isLog && call !== null)) frames.push({ pid, kind: 'program', name: name ?? `task ${pid}`, step, spot: place === null ? null : sources.spot(place) });
  if (frames.length === 0) frames.push({ pid, kind: 'none', name: 'nothing under way', step, spot: null });
  return frames;
}
