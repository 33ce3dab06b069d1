/**
 * Where a debug session gets its run from: a scenario, a recording, a log of strace. A source starts the same run as often as it is asked
 * to, and tells what a trace does not hold: lines of the log, places in the program, choices, points. Nothing here needs Node.
 */

import type { Kernel } from '../kernel/kernel.js';
import type { Point } from '../kernel/point.js';
import {
  type CallEvent, type LogLine, type Machine, type MachineOptions, type Outcome, parseRecording, replayScenario, type Scenario, startScenario, type Story,
} from '../scenario/index.js';
import { Watched } from './choices.js';

/** One line of the log of system calls. */
export interface SourceLine {
  /** its number in the log, from 1 */
  readonly number: number;
  /** nanoseconds since the start of the run */
  readonly timeNs: number;
  readonly pid: number;
  /** name of the host; empty for the one that needs no name */
  readonly host: string;
  /** name of the task's program; empty where the log does not say */
  readonly comm: string;
  readonly text: string;
}

/** A place in the text of a program, or in a log. */
export interface Place {
  /** as the runtime names it: a path, a file: or blob: address, the name of a log */
  readonly file: string;
  /** counted from 1 */
  readonly line: number;
  /** counted from 1; 0: the whole line */
  readonly column: number;
}

/** A decision that a run asked for. */
export interface ChoiceMade {
  /** `task`, `softirq`, `packet`, `timer` */
  readonly kind: string;
  /** how many alternatives there were, and which one was taken */
  readonly n: number;
  readonly taken: number;
  /** its place among the choices of the recording; null: made by hand, it cannot be made otherwise */
  readonly index: number | null;
  /** resumes of tasks up to here */
  readonly resumes: number;
}

/** Something that went wrong in a run. */
export interface Fault {
  /** an expectation of the scenario does not hold; a law is broken; the model answers otherwise than the log says */
  readonly kind: 'expectation' | 'law' | 'divergence';
  /** one sentence */
  readonly text: string;
}

/** Who is told what happens while a run goes on. */
export interface RunWatcher {
  line(line: SourceLine): void;
  /** a task is about to make a call, from here */
  place(pid: number, place: Place): void;
  choice(choice: ChoiceMade): void;
  fault(fault: Fault): void;
}

/** How a run ended. */
export interface RunEnd {
  /** `finished`, `asleep`; for a log `end of the log` */
  readonly halt: string;
  /** expectations and comparisons that failed, one line each */
  readonly failures: readonly string[];
}

/** A run on its way. */
export interface LiveRun {
  readonly kernel: Kernel;
  /** the recording of the run so far; null: it has none */
  readonly recording: string | null;
  /** One move. @returns the point where a task stands now, null: no point, or the end */
  move(): Point | null | RunEnd;
}

/** A run that can be had again and again. */
export interface Source {
  readonly name: string;
  readonly kind: 'scenario' | 'recording' | 'log';
  /**
   * Begins the run. The kernel has a growing trace and has not moved.
   * @param recording a run of the same programs with other choices; null: the run itself
   */
  start(watcher: RunWatcher, recording: string | null): LiveRun;
}

/** Frames of a stack that are looked at for the program. */
const FRAMES = 40;
/** The frame of a captured stack that is the first one of the scenario API: above it are stackHere() and the observer. */
const API_FRAME = 2;

/** `file:///a/b.js:3:14`, at the end of a stack line of any browser or of Node. */
function placeOf(frame: string): Place | null {
  const found = /\(?([^()\s]+):(\d+):(\d+)\)?$/.exec(frame.trim());
  return found === null ? null : { file: found[1]!.replace(/^[^@/]*@/, ''), line: Number(found[2]), column: Number(found[3]) };
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}

/**
 * The line of the program that makes the call under way: the generators that wait for one another are on the stack while the innermost one
 * runs, so it is the first frame behind those of the scenario API. Null where all of it is one file: in a bundle that holds the program too.
 */
export function placeOfCall(stack: string): Place | null {
  const places = stack.split('\n').map(placeOf).filter((place): place is Place => place !== null);
  const api = places[API_FRAME];
  if (api === undefined) return null;
  // In a bundle the API is one file, else it is a folder.
  const isBundle = api.file === places[0]!.file;
  const isApi = ({ file }: Place): boolean => (isBundle ? file === api.file : folderOf(file) === folderOf(api.file));
  return places.slice(API_FRAME).find((place) => !isApi(place)) ?? null;
}

/** The stack here, as text, deep enough. */
function stackHere(): string {
  const errors = Error as { stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  errors.stackTraceLimit = FRAMES;
  const { stack = '' } = new Error();
  if (limit !== undefined) errors.stackTraceLimit = limit;
  return stack;
}

/** Laws that watch a machine; what src/explore makes of them fits. */
export interface LawWatcher {
  /** the first law that is broken so far */
  violation(): LawBroken | null;
  /** the run is over */
  ended(outcome: Outcome): LawBroken | null;
}

/** A broken law: its name, and who did what. */
export interface LawBroken {
  readonly law: string;
  readonly message: string;
}

class StoryRun implements LiveRun {
  readonly kernel: Kernel;
  private readonly story: Story;
  private readonly watcher: RunWatcher;
  private readonly laws: LawWatcher | null;
  private broken = false;

  constructor(story: Story, watcher: RunWatcher, laws: LawWatcher | null) {
    this.story = story;
    this.watcher = watcher;
    this.laws = laws;
    const { machine } = story;
    this.kernel = machine.kernel;
    const watched = new Watched(this.kernel, (choice) => watcher.choice(choice));
    for (const host of this.kernel.world.hosts) host.decisions = watched;
    machine.observe({
      called: (event: CallEvent): void => {
        const place = event.ret === null ? placeOfCall(stackHere()) : null;
        if (place !== null) watcher.place(event.task.pid, place);
        this.judge(laws?.violation() ?? null);
      },
      expected: (what, held): void => {
        if (!held) watcher.fault({ kind: 'expectation', text: what === '' ? 'an expectation does not hold' : `an expectation does not hold: ${what}` });
      },
    });
  }

  /** The first broken law is told when it shows; a broken law stays broken. */
  private judge(broken: LawBroken | null): void {
    if (broken === null || this.broken) return;
    this.broken = true;
    this.watcher.fault({ kind: 'law', text: `the law ${broken.law} is broken: ${broken.message}` });
  }

  get recording(): string {
    return this.story.machine.recording;
  }

  move(): Point | null | RunEnd {
    const step = this.story.machine.step();
    this.judge(this.laws?.violation() ?? null);
    if (typeof step !== 'string') return step;
    const outcome = this.story.conclude(this.story.machine.outcome(step));
    this.judge(this.laws?.ended(outcome) ?? null);
    const { failures } = outcome;
    return { halt: step, failures: failures.map(({ task, what, expected, actual }) => `${task}: ${what === '' ? '' : `${what}: `}expected ${expected}, but got ${actual}`) };
  }
}

/** Machine options that a session may be given; the trace and the log are its own. */
export interface SourceOptions extends Omit<MachineOptions, 'trace' | 'log' | 'onLine' | 'recording' | 'scenario'> {
  /** makes the laws that are to watch the run; what they find is a fault */
  readonly laws?: (machine: Machine) => LawWatcher;
}

type Begin = (options: Pick<MachineOptions, 'trace' | 'log' | 'onLine'>, recording: string | null) => Story;

function storySource(name: string, kind: Source['kind'], laws: SourceOptions['laws'], begin: Begin): Source {
  return {
    name,
    kind,
    start: (watcher, recording): LiveRun => {
      const onLine = ({ number, timeNs, host, pid, comm, text }: LogLine): void => watcher.line({ number, timeNs, host, pid, comm, text });
      const story = begin({ trace: true, log: 1, onLine }, recording);
      return new StoryRun(story, watcher, laws?.(story.machine) ?? null);
    },
  };
}

/**
 * A scenario as the source of a session.
 * @param options values of the scenario's own options: `{ trigger: 'ET' }`
 * @param machineOptions seed, preempt and the like; with `preempt: 'all'` every point is a decision, at which a session can fork
 */
export function scenarioSource(scenario: Scenario, options: Readonly<Record<string, string>> = {}, machineOptions: SourceOptions = {}): Source {
  const { laws, ...own } = machineOptions;
  const { seed: _seed, preempt: _preempt, points: _points, decisions: _decisions, ...rest } = own;
  return storySource(scenario.name, 'scenario', laws, (more, recording) =>
    (recording === null ? startScenario(scenario, options, { ...own, ...more }) : replayScenario(recording, scenario, { ...rest, ...more })));
}

/**
 * A recorded run as the source of a session.
 * @param recording a string that a run printed
 * @param scenario the one it is a recording of
 */
export function recordingSource(recording: string, scenario: Scenario, machineOptions: Pick<SourceOptions, 'stepBudget' | 'lockdep' | 'laws'> = {}): Source {
  parseRecording(recording);
  const { laws, ...own } = machineOptions;
  return storySource(scenario.name, 'recording', laws, (more, other) => replayScenario(other ?? recording, scenario, { ...own, ...more }));
}
