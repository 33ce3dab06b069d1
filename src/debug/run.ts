/**
 * A run that was made once and is held whole: its trace, the history of its views, and what a trace does not hold (lines of the log, places
 * in the program, choices, points), each with the step at which it came. Step numbers are rows of the trace.
 */

import type { Point } from '../kernel/point.js';
import { T_SYSCALL_ENTER, type Trace } from '../kernel/trace.js';
import { after, History } from '../inspect/history.js';
import { TraceIndex } from './traceIndex.js';
import type { ChoiceMade, Fault, LiveRun, Place, RunEnd, RunWatcher, Source, SourceLine } from './source.js';

/** How much of a run is held. */
export interface RunLimits {
  /** rows of the trace; the run is stopped there. Default a million: about 32 bytes a row, and what changed */
  readonly maxSteps?: number;
  /** is told now and then how many steps there are */
  readonly progress?: (steps: number) => void;
}

/** Something with the step at which it came. */
export interface Dated<T> {
  readonly step: number;
  readonly what: T;
}

/** Things in the order in which they came, found by step. */
export class Timeline<T> {
  readonly all: T[] = [];
  readonly steps: number[] = [];

  add(step: number, what: T): void {
    this.all.push(what);
    this.steps.push(step);
  }

  /** How many came up to a step, it included. */
  countAt(step: number): number {
    return after(this.steps, step);
  }

  /** The last one up to a step; null: none. */
  lastAt(step: number): T | null {
    return this.all[this.countAt(step) - 1] ?? null;
  }
}

/** Where a task stood at a point when the machine stopped there. */
export interface PointReached {
  readonly step: number;
  readonly point: Point;
}

const DEFAULT_STEPS = 1_000_000;
const PROGRESS_MOVES = 1024;

/** The run is longer than what is to be held of it. */
class Enough extends Error {}

/** A run, held whole. */
export class Run {
  readonly source: Source;
  readonly trace: Trace;
  readonly history: History;
  readonly lines = new Timeline<SourceLine>();
  readonly choices = new Timeline<ChoiceMade>();
  readonly points = new Timeline<Point>();
  /** what went wrong, at the steps at which it showed */
  readonly faults = new Timeline<Fault>();
  readonly end: RunEnd;
  /** what stopped the run, if it did not end by itself: an error of a program, a limit */
  readonly error: Error | null;
  /** the recording of the run; null: there is none */
  readonly recording: string | null;
  /** places in the program from which calls were made, by pid */
  private readonly places = new Map<number, Timeline<Place>>();
  private index: TraceIndex | null = null;

  /**
   * Makes the run.
   * @param recording other choices for the same programs; null: the source's own
   */
  constructor(source: Source, recording: string | null, limits: RunLimits) {
    this.source = source;
    const live = source.start(this.watcher(), recording);
    this.trace = live.kernel.trace!;
    this.history = new History(live.kernel, limits.maxSteps ?? DEFAULT_STEPS);
    let end: RunEnd = { halt: 'stopped', failures: [] };
    let error: Error | null = null;
    try {
      end = this.moves(live, limits);
    } catch (thrown) {
      error = thrown instanceof Enough ? null : (thrown as Error);
      if (thrown instanceof Enough) end = { halt: `stopped after ${this.trace.count} steps: that is as much as this session holds`, failures: [] };
    }
    this.history.stop();
    this.end = end;
    this.error = error;
    this.recording = live.recording;
  }

  private watcher(): RunWatcher {
    // the row that is about to be written is the first that can show what is told of
    const next = (): number => this.trace?.count ?? 0;
    return {
      line: (line): void => this.lines.add(Math.max(0, next() - 1), line),
      choice: (choice): void => this.choices.add(next(), choice),
      fault: (fault): void => this.faults.add(Math.max(0, next() - 1), fault),
      place: (pid, place): void => {
        let places = this.places.get(pid);
        if (places === undefined) this.places.set(pid, (places = new Timeline()));
        places.add(next(), place);
      },
    };
  }

  private moves(live: LiveRun, limits: RunLimits): RunEnd {
    const most = limits.maxSteps ?? DEFAULT_STEPS;
    for (let moves = 1; ; moves++) {
      const moved = live.move();
      if (moved !== null && 'halt' in moved) return moved;
      if (moved !== null) this.points.add(this.trace.count - 1, moved);
      if (this.trace.count >= most) throw new Enough();
      if (moves % PROGRESS_MOVES === 0) limits.progress?.(this.trace.count);
    }
  }

  /** Steps of the run: 0 .. count - 1. */
  get count(): number {
    return this.history.count;
  }

  /** From where in the program the task made its last call up to a step; null: not known. */
  placeOf(pid: number, step: number): Place | null {
    return this.places.get(pid)?.lastAt(step) ?? null;
  }

  /** All places from which calls were made, each once. */
  allPlaces(): Place[] {
    const found = new Map<string, Place>();
    for (const { all } of this.places.values()) for (const place of all) found.set(`${place.file}:${place.line}:${place.column}`, place);
    return [...found.values()];
  }

  /** The steps at which calls were entered from any of these places, in order; a column of 0 is any column. */
  stepsAt(places: readonly Place[]): number[] {
    const fits = (one: Place): boolean => places.some(({ file, line, column }) => file === one.file && line === one.line && (column === 0 || column === one.column));
    const steps = [...this.places].flatMap(([pid, told]) => told.steps.flatMap((step, at) => (fits(told.all[at]!) ? [this.entryFrom(pid, step, told.steps[at + 1] ?? this.count)] : [])));
    return steps.sort((a, b) => a - b);
  }

  /** The step at which a task enters a call from `step` on: it may have to get the CPU first. A call that the model does not have is where it was told of. */
  private entryFrom(pid: number, step: number, end: number): number {
    for (let at = step; at < Math.min(end, this.count); at++) if (this.trace.kind(at) === T_SYSCALL_ENTER && this.trace.task(at) === pid) return at;
    return Math.min(step, this.count - 1);
  }

  /** Calls, functions and switches by their steps, made when they are first asked for. */
  get found(): TraceIndex {
    this.index ??= new TraceIndex(this.trace, this.count);
    return this.index;
  }
}
