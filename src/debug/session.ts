/**
 * One debug session for all faces: a run that was made once, a position in it, and every way to move. A step is a row of the trace, counted
 * from 0 since the start of the run, and means the same in every face. Moving reads what is kept and runs nothing again, so it takes the same
 * time anywhere in the run; only a fork makes another run. Nothing here needs Node.
 */

import { type Change, changes } from '../inspect/diff.js';
import { type Evidence, explain, type Explanation, type Hazard, hazardsIn, type Question, stepToAsk } from '../inspect/explain.js';
import type { Nesting } from '../inspect/nesting.js';
import { sentenceAt } from '../inspect/sentence.js';
import { readTrace, type TraceEntry } from '../inspect/trace.js';
import { ViewLabels } from '../inspect/labels.js';
import type { MachineView } from '../inspect/view.js';
import { type Breakpoint, type Finder, find } from './breakpoint.js';
import { Branch, differOf, type BranchDifference } from './branch.js';
import { otherwise } from './choices.js';
import { DebugError } from './error.js';
import { backwardFrom, forwardFrom, functionAt, type Grain, type Way } from './move.js';
import { watchedPath } from './part.js';
import { Run, type Dated, type RunLimits } from './run.js';
import type { ChoiceMade, Place, Source, SourceLine } from './source.js';
import type { CallSpan } from './traceIndex.js';

/** A kernel function that was entered and not left. */
export interface Frame {
  readonly fn: string;
  /** the step at which it was entered */
  readonly step: number;
}

/** Everything about one step. */
export interface StepState {
  readonly step: number;
  /** the machine when the row of this step was written */
  readonly view: MachineView;
  /** the row with names */
  readonly entry: TraceEntry;
  /** the row as one plain sentence */
  readonly sentence: string;
  /** pid of the task whose work the step is; 0: nobody's, a timer of the idle machine */
  readonly pid: number;
  /** its name, `server(2)` */
  readonly task: string;
  /** kernel functions that it is in, outermost first */
  readonly frames: readonly Frame[];
  /** the system call that it is in; null: it is in its program */
  readonly call: CallSpan | null;
  /** from where in the program, or in the log, that call was made; null: not known */
  readonly place: Place | null;
  /** what this step changed in the view */
  readonly changed: readonly Change[];
}

/** Where a task stands at a step that is another's work. */
export interface Standing {
  /** the last step of the task up to there */
  readonly step: number;
  readonly frames: readonly Frame[];
  /** the system call that it is in; null: it is in its program */
  readonly call: CallSpan | null;
  readonly place: Place | null;
}

/** A step that was given a name. */
export interface Bookmark {
  readonly name: string;
  readonly branch: number;
  readonly step: number;
}

/** Why a run to a breakpoint stopped: at which of them, or at the end of the run. */
export interface Stop {
  readonly step: number;
  /** numbers of the breakpoints that were reached */
  readonly reached: readonly number[];
}

/** The functions that enclose a row, outermost first, by the steps at which they were entered. */
function framesAt(nesting: Nesting, step: number): number[] {
  const inside = functionAt(nesting, step);
  return inside < 0 ? [] : [inside, ...nesting.around(inside)].reverse();
}

/** What a session begins with. */
export interface SessionOptions extends RunLimits {
  /** the first position; default: the first step */
  readonly at?: number;
}

/** A session. `const s = new Session(scenarioSource(scenario))`. */
export class Session {
  readonly source: Source;
  /** all runs of this session; the first one is the source's own */
  readonly branches: Branch[] = [];
  readonly bookmarks: Bookmark[] = [];
  private readonly limits: RunLimits;
  private readonly breakpoints = new Map<number, Breakpoint>();
  private lastNumber = 0;
  private here: Branch;
  private at = 0;

  /**
   * Makes the run, whole. A program that throws, or a run that is longer than `maxSteps`, ends it early; what there is can be looked at, and
   * `run.error` and `run.end` say why.
   */
  constructor(source: Source, options: SessionOptions = {}) {
    this.source = source;
    this.limits = options;
    this.here = new Branch(0, null, 0, new Run(source, null, options));
    this.branches.push(this.here);
    if (options.at !== undefined) this.goto(options.at);
  }

  /** The run of the branch that is looked at. */
  get run(): Run {
    return this.here.run;
  }

  get branch(): Branch {
    return this.here;
  }

  /** The position: a step of this branch. */
  get step(): number {
    return this.at;
  }

  /** Steps of this branch: positions are 0 .. count - 1. */
  get count(): number {
    return this.run.count;
  }

  /** Goes to a step. Throws a DebugError when there is none with this number. @returns the step */
  goto(step: number): number {
    if (!Number.isInteger(step) || step < 0 || step >= this.count) throw new DebugError(`there is no step ${step}; this run has the steps 0 to ${this.count - 1}`);
    this.at = step;
    return step;
  }

  /** Moves forward. @param grain how far; `way`: over what is called, into it, or out of what encloses. @returns the new step */
  forward(grain: Grain = 'event', way: Way = 'over'): number {
    this.at = forwardFrom(this.here, this.at, grain, way);
    return this.at;
  }

  /** Moves backward: the mirror of forward(); `out` goes to where the enclosing function or call was entered. @returns the new step */
  back(grain: Grain = 'event', way: Way = 'over'): number {
    this.at = backwardFrom(this.here, this.at, grain, way);
    return this.at;
  }

  /** Everything about a step. @param step default: the position */
  state(step = this.at): StepState {
    const { run, nesting } = this.here;
    const view = this.viewAt(step);
    const pid = run.trace.task(step);
    const labels = new ViewLabels(view);
    const call = nesting.call(step);
    return {
      step,
      view,
      entry: readTrace(run.trace, step, step + 1, labels)[0]!,
      sentence: sentenceAt(nesting, step, view),
      pid,
      task: pid === 0 ? 'idle' : labels.task(pid),
      frames: framesAt(nesting, step).map((at) => ({ fn: nesting.name(at), step: at })),
      call: call < 0 ? null : run.found.enteredAt(call),
      place: run.placeOf(pid, step),
      changed: run.history.changesAt(step),
    };
  }

  /** Where a task stands at a step: its kernel functions, its call, its line. Null: it has done nothing yet. @param pid 0: timers of the idle machine */
  standing(pid: number, step = this.at): Standing | null {
    const { run, nesting } = this.here;
    let last = step;
    while (last >= 0 && run.trace.task(last) !== pid) last--;
    if (last < 0) return null;
    const from = nesting.call(last);
    const call = from < 0 ? null : run.found.enteredAt(from);
    return {
      step: last,
      frames: framesAt(nesting, last).map((at) => ({ fn: nesting.name(at), step: at })),
      call: call !== null && call.to !== null && call.to <= last && last < step ? null : call,
      place: run.placeOf(pid, step),
    };
  }

  /** The machine at a step: immutable, plain JSON. */
  viewAt(step = this.at): MachineView {
    if (step < 0 || step >= this.count) throw new DebugError(`there is no step ${step}; this run has the steps 0 to ${this.count - 1}`);
    return this.run.history.view(step);
  }

  /** The row of a step as one plain sentence. */
  sentence(step = this.at): string {
    return sentenceAt(this.here.nesting, step, this.viewAt(step));
  }

  /** The lines of the log of system calls up to a step, the newest last. @param most at most so many; default all */
  lines(step = this.at, most = Infinity): readonly SourceLine[] {
    const { lines } = this.run;
    const end = lines.countAt(step);
    return lines.all.slice(Math.max(0, end - most), end);
  }

  /** The step at which a line of the log is complete; null: the log has no such line. @param number of the line, from 1 */
  stepOfLine(number: number): number | null {
    const { lines } = this.run;
    const at = lines.all.findIndex((line) => line.number === number);
    return at < 0 ? null : lines.steps[at]!;
  }

  /** Sets a breakpoint. @returns its number, for remove() and Stop */
  stopAt(breakpoint: Breakpoint): number {
    find(this.here, breakpoint);
    this.breakpoints.set(++this.lastNumber, breakpoint);
    return this.lastNumber;
  }

  /** Takes a breakpoint away; false: there is none with this number. */
  remove(number: number): boolean {
    return this.breakpoints.delete(number);
  }

  /** The breakpoints by their numbers. */
  get stops(): ReadonlyMap<number, Breakpoint> {
    return this.breakpoints;
  }

  private finders(only: Breakpoint | null): [number, Finder][] {
    if (only !== null) return [[0, find(this.here, only)]];
    return [...this.breakpoints].map(([number, breakpoint]) => [number, find(this.here, breakpoint)]);
  }

  /**
   * Runs forward to the next breakpoint, or to the last step.
   * @param only a breakpoint for this time; default: those that were set
   */
  continue(only: Breakpoint | null = null): Stop {
    const found = this.finders(only).map(([number, finder]) => [number, finder.next(this.at) ?? Infinity] as const);
    const step = Math.min(this.count - 1, ...found.map(([, next]) => next));
    this.at = step;
    return { step, reached: found.filter(([, next]) => next === step).map(([number]) => number) };
  }

  /** Runs backward to the breakpoint before, or to the first step. */
  reverse(only: Breakpoint | null = null): Stop {
    const found = this.finders(only).map(([number, finder]) => [number, finder.previous(this.at) ?? -1] as const);
    const step = Math.max(0, ...found.map(([, previous]) => previous));
    this.at = step;
    return { step, reached: found.filter(([, previous]) => previous === step).map(([number]) => number) };
  }

  /** The step that last changed a part, up to the position or before it when it is that step; goes there. Null: nothing did. @param watch `ep#4.rdllist` */
  lastChange(watch: string): number | null {
    const path = watchedPath(watch);
    const { history } = this.run;
    const last = history.lastChange(path, this.at);
    const step = last === this.at ? history.lastChange(path, this.at - 1) : last;
    if (step !== null) this.at = step;
    return step;
  }

  /** The first step behind the position that changes a part; goes there. Null: none does. */
  nextChange(watch: string): number | null {
    const step = this.run.history.nextChange(watchedPath(watch), this.at);
    if (step !== null) this.at = step;
    return step;
  }

  /** Gives the position a name; the same name again moves it. */
  bookmark(name: string): Bookmark {
    const mark = { name, branch: this.here.id, step: this.at };
    const old = this.bookmarks.findIndex((one) => one.name === name);
    if (old >= 0) this.bookmarks[old] = mark;
    else this.bookmarks.push(mark);
    return mark;
  }

  /** Goes to a bookmark, in its branch. */
  recall(name: string): number {
    const mark = this.bookmarks.find((one) => one.name === name);
    if (mark === undefined) throw new DebugError(`there is no bookmark ${JSON.stringify(name)}; there are: ${this.bookmarks.map((one) => one.name).join(', ') || 'none'}`);
    this.switchTo(mark.branch);
    return this.goto(mark.step);
  }

  /** The decisions of this branch, in the order of asking: `step` is the first row that shows what was decided. */
  decisions(): Dated<ChoiceMade>[] {
    const { choices } = this.run;
    return choices.all.map((what, at) => ({ step: choices.steps[at]!, what }));
  }

  /**
   * Makes a new branch in which one decision is made otherwise, and goes to where it parts. Everything up to there is the same; from there on
   * the first comer goes first. The branch that was looked at stays as it is.
   * @param decision its place in decisions()
   * @param alternative 0 .. n - 1
   */
  fork(decision: number, alternative: number): Branch {
    const { run } = this;
    const choice = run.choices.all[decision];
    if (run.recording === null) throw new DebugError('the log gives the schedule of this run, so that it has no decisions to make otherwise');
    if (choice === undefined) throw new DebugError(`there is no decision ${decision}; this branch has ${run.choices.all.length}`);
    if (choice.index === null) throw new DebugError(`decision ${decision} was made by hand, in the program of the scenario: it cannot be made otherwise`);
    if (!Number.isInteger(alternative) || alternative < 0 || alternative >= choice.n) throw new DebugError(`decision ${decision} has the alternatives 0 to ${choice.n - 1}, not ${alternative}`);
    const step = run.choices.steps[decision]!;
    const other = new Run(this.source, otherwise(run.recording, choice, alternative), this.limits);
    const branch = new Branch(this.branches.length, this.here, step, other, { decision, alternative });
    this.branches.push(branch);
    this.here = branch;
    this.at = Math.min(step, branch.count - 1);
    return branch;
  }

  /** Looks at another branch, at the same step if it has one. */
  switchTo(id: number): Branch {
    const branch = this.branches[id];
    if (branch === undefined) throw new DebugError(`there is no branch ${id}; there are ${this.branches.length}, from 0`);
    this.here = branch;
    this.at = Math.min(this.at, branch.count - 1);
    return branch;
  }

  /** What is different between two steps of this branch. */
  difference(from: number, to: number): Change[] {
    return changes(this.viewAt(from), this.viewAt(to));
  }

  /** Where two branches part, and what is different at their ends. */
  compare(a: number, b: number): BranchDifference {
    const [one, other] = [this.branches[a], this.branches[b]];
    if (one === undefined || other === undefined) throw new DebugError(`there is no branch ${one === undefined ? a : b}; there are ${this.branches.length}, from 0`);
    return differOf(one, other);
  }

  /** The run of this branch as what questions are asked of. */
  get evidence(): Evidence {
    return this.here.evidence;
  }

  /** Why an event came for a descriptor, up to a step: the chain of causes. */
  why(fd: number, step = this.at, question: Partial<Question> = {}): Explanation {
    return explain(this.evidence, { ...question, fd, step, not: false });
  }

  /** Why no event comes for a descriptor at a step: the first link of the chain that is missing. */
  whyNot(fd: number, step = this.at, question: Partial<Question> = {}): Explanation {
    return explain(this.evidence, { ...question, fd, step, not: true });
  }

  /** The step at which to ask about a descriptor when nobody says which: the last one before the end of its program. */
  stepToAsk(fd: number): number {
    return stepToAsk(this.evidence, fd);
  }

  /** What is dangerous in the run up to a step, even if nothing failed. */
  hazards(step = this.count - 1): readonly Hazard[] {
    return hazardsIn(this.evidence, step);
  }
}
