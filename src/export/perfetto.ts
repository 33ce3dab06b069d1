/**
 * A run as Chrome trace JSON, which Perfetto and chrome://tracing open: a track for each task with its system calls and the kernel functions inside them, a
 * track for the CPU, and an arrow from each wake-up to the moment at which the task runs. One microsecond there is one step here.
 */

import { readTrace, type TraceEntry } from '../inspect/index.js';
import type { Capture } from './capture.js';

/** One event of the format. "Trace Event Format", Google. */
interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M' | 's' | 'f' | 'i';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly s?: 't';
  readonly bp?: 'e';
  readonly args?: object;
}

/** The process of the format that holds the tracks of tasks, and the one that holds the CPU. */
const TASKS = 1;
const CPU = 2;

function meta(name: 'process_name' | 'thread_name', pid: number, tid: number, value: string): TraceEvent {
  return { name, ph: 'M', pid, tid, args: { name: value } };
}

/** Pairs beginnings and ends of functions and calls, task by task. */
class Tracks {
  readonly events: TraceEvent[] = [];
  private readonly open = new Map<number, TraceEntry[]>();

  private stack(task: number): TraceEntry[] {
    let stack = this.open.get(task);
    if (stack === undefined) this.open.set(task, stack = []);
    return stack;
  }

  begin(entry: TraceEntry): void {
    this.stack(entry.task).push(entry);
  }

  end(entry: TraceEntry): void {
    const begun = this.stack(entry.task).pop();
    if (begun !== undefined) this.slice(begun, entry.step, entry.ret === null ? {} : { ret: entry.ret });
  }

  /** What had not returned when the run ended lasts until then. */
  finish(step: number): void {
    for (const stack of this.open.values()) while (stack.length > 0) this.slice(stack.pop()!, step, { unfinished: true });
  }

  private slice(begun: TraceEntry, to: number, result: object): void {
    const call = begun.kind === 'syscall';
    this.events.push({
      name: begun.name, cat: call ? 'syscall' : 'kernel', ph: 'X', pid: TASKS, tid: begun.task, ts: begun.step, dur: to - begun.step,
      args: { ...begun.args, ...result },
    });
  }
}

/** Who runs when, and the arrows from wake-ups. */
function schedule(entries: readonly TraceEntry[], names: ReadonlyMap<number, string>, end: number): TraceEvent[] {
  const events: TraceEvent[] = [];
  const woken = new Map<number, number>();
  let running = 0;
  let since = 0;
  let arrows = 0;
  const run = (to: number): void => {
    if (running !== 0 && to > since) events.push({ name: names.get(running) ?? `task ${running}`, cat: 'sched', ph: 'X', pid: CPU, tid: 0, ts: since, dur: to - since });
  };
  for (const entry of entries) {
    if (entry.kind === 'wake') {
      const pid = Number(/\d+/.exec(String(entry.args['task']))?.[0] ?? 0);
      woken.set(pid, ++arrows);
      events.push({ name: 'wake', cat: 'wake', ph: 's', id: arrows, pid: TASKS, tid: entry.task, ts: entry.step });
    }
    if (entry.kind !== 'switch') continue;
    run(entry.step);
    running = Number(/\d+/.exec(String(entry.args['to']))?.[0] ?? 0);
    since = entry.step;
    const arrow = woken.get(running);
    if (arrow === undefined) continue;
    woken.delete(running);
    events.push({ name: 'wake', cat: 'wake', ph: 'f', bp: 'e', id: arrow, pid: TASKS, tid: running, ts: entry.step });
  }
  run(end);
  return events;
}

/** Rows that are moments: list moves, state changes, segments. */
const MOMENTS: ReadonlySet<string> = new Set(['rdllist', 'ovflist', 'txlist', 'rbr', 'queue', 'event', 'state', 'segment', 'signal', 'timer']);

/** The run as the text of a Chrome trace. */
export function perfetto(capture: Capture): string {
  const entries = readTrace(capture.machine.kernel.trace!);
  const tracks = new Tracks();
  const moments: TraceEvent[] = [];
  for (const entry of entries) {
    if (entry.kind === 'enter' || entry.kind === 'syscall') tracks.begin(entry);
    else if (entry.kind === 'leave' || entry.kind === 'sysret') tracks.end(entry);
    else if (MOMENTS.has(entry.kind)) {
      moments.push({ name: entry.kind === entry.name ? entry.name : `${entry.kind} ${entry.name}`, cat: 'list', ph: 'i', s: 't', pid: TASKS, tid: entry.task, ts: entry.step, args: entry.args });
    }
  }
  tracks.finish(capture.step);
  const names = [meta('process_name', TASKS, 0, 'tasks'), meta('process_name', CPU, 0, 'CPU'), meta('thread_name', TASKS, 0, 'interrupts of the idle machine')];
  for (const [pid, name] of capture.tasks) names.push(meta('thread_name', TASKS, pid, name));
  const events = [...tracks.events, ...moments, ...schedule(entries, capture.tasks, capture.step)].sort((a, b) => a.ts! - b.ts!);
  return `${JSON.stringify({ displayTimeUnit: 'ns', otherData: { clock: 'one microsecond is one step' }, traceEvents: [...names, ...events] })}\n`;
}
