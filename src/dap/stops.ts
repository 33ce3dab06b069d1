/**
 * The breakpoints of an editor as those of the session: lines of programs and logs, kernel functions and system calls by name, watched parts, and
 * exceptions. What cannot stop is said at once, with what was expected.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { type Breakpoint, DebugError, nearest, valueAt, type Session, type Stop } from '../debug/index.js';
import { TRACED } from '../inspect/index.js';
import { sys_call_table } from '../syscalls/table.js';
import type { Sources } from './sources.js';

const SIGPIPE = 13;

/** The exceptions that an editor offers. */
export const EXCEPTION_FILTERS: readonly DebugProtocol.ExceptionBreakpointsFilter[] = [
  { filter: 'errno', label: 'A system call fails', description: 'Stops where a system call returns an error.', supportsCondition: true, conditionDescription: 'EAGAIN, or errno == EAGAIN && pid == 2' },
  { filter: 'sigpipe', label: 'SIGPIPE', description: 'Stops where a task is sent SIGPIPE.' },
  { filter: 'law', label: 'A law is broken', description: 'Stops where a law that the scenario brings is broken.', default: true },
  { filter: 'expectation', label: 'An expectation does not hold', description: 'Stops where an expectation of a program does not hold, or where the model does not agree with the log.', default: true },
];

const FILTERS: Readonly<Record<string, readonly Breakpoint[]>> = {
  errno: [{ kind: 'errno' }],
  sigpipe: [{ kind: 'signal', signo: SIGPIPE }],
  law: [{ kind: 'fault', of: 'law' }],
  expectation: [{ kind: 'fault', of: 'expectation' }, { kind: 'fault', of: 'divergence' }],
};

type Reason = 'breakpoint' | 'function breakpoint' | 'data breakpoint' | 'exception';

interface Known {
  readonly id: number;
  readonly reason: Reason;
}

/** Why the session stopped, in the words of the protocol. */
export interface StopReason {
  readonly reason: Reason;
  readonly ids: readonly number[];
}

const KERNEL_FUNCTIONS: readonly string[] = [...TRACED.values()].map(({ name }) => name);
const CALLS: readonly string[] = sys_call_table.map(({ name }) => name);

function withCondition(breakpoint: Breakpoint, condition: string | undefined): Breakpoint {
  return condition === undefined || condition.trim() === '' ? breakpoint : { ...breakpoint, condition };
}

/** The breakpoints of one session. */
export class Stops {
  private readonly session: Session;
  private readonly sources: Sources;
  /** what was set, by the request that sets it as a whole */
  private readonly groups = new Map<string, number[]>();
  private readonly known = new Map<number, Known>();
  private lastId = 0;

  constructor(session: Session, sources: Sources) {
    this.session = session;
    this.sources = sources;
  }

  private clear(group: string): void {
    for (const number of this.groups.get(group) ?? []) {
      this.session.remove(number);
      this.known.delete(number);
    }
    this.groups.set(group, []);
  }

  /** Sets one; what cannot be understood is an unverified breakpoint that says so. */
  private set(group: string, reason: Reason, make: () => readonly Breakpoint[], more: Partial<DebugProtocol.Breakpoint> = {}): DebugProtocol.Breakpoint {
    const id = ++this.lastId;
    try {
      for (const breakpoint of make()) {
        const number = this.session.stopAt(breakpoint);
        this.groups.get(group)!.push(number);
        this.known.set(number, { id, reason });
      }
      return { ...more, id, verified: true };
    } catch (error) {
      if (!(error instanceof DebugError)) throw error;
      return { ...more, id, verified: false, message: error.message };
    }
  }

  /** Lines of a program or of a log; one without a call moves to the next that has one. */
  lines(source: DebugProtocol.Source, wanted: readonly DebugProtocol.SourceBreakpoint[]): DebugProtocol.Breakpoint[] {
    const group = `line ${source.path ?? source.name ?? ''}`;
    this.clear(group);
    const lines = this.sources.linesOf(source);
    return wanted.map(({ line, condition }) => {
      const there = lines.find((one) => one >= line) ?? null;
      return this.set(group, 'breakpoint', () => {
        if (there === null) throw new DebugError(`no system call of this run is made from line ${line} or after it`);
        return [withCondition(this.lineBreakpoint(source, there), condition)];
      }, { line: there ?? line, source });
    });
  }

  private lineBreakpoint(source: DebugProtocol.Source, line: number): Breakpoint {
    const { sources, session } = this;
    if (!sources.isLogSource(source)) return { kind: 'line', places: sources.placesIn(source.path ?? '').filter((one) => one.line === line).map(({ place }) => place) };
    if (sources.isLog) return { kind: 'line', places: [{ file: session.source.name, line, column: 0 }] };
    return { kind: 'step', step: sources.stepsOfLine(source, line)[0]! };
  }

  /** Kernel functions, `function:point`, system calls, or a condition by itself. */
  functions(wanted: readonly DebugProtocol.FunctionBreakpoint[]): DebugProtocol.Breakpoint[] {
    this.clear('function');
    return wanted.map(({ name, condition }) => this.set('function', 'function breakpoint', () => [withCondition(this.functionBreakpoint(name.trim()), condition)]));
  }

  private functionBreakpoint(name: string): Breakpoint {
    const { found, points } = this.session.run;
    if (/[=<>]/.test(name)) return { kind: 'when', holds: () => true, condition: name };
    const point = /^(\w+):(.+)$/.exec(name);
    if (point !== null) {
      const [, fn = '', where = ''] = point;
      if (points.all.some((one) => one.fn === fn && one.where === where)) return { kind: 'point', fn, where };
      throw new DebugError(`no task stands at ${name} in this run; a point is FUNCTION:PLACE, and tasks stop at points with "preempt": "all"`);
    }
    if (found.entriesOf(name).length > 0) return { kind: 'function', name };
    if (found.calls.some((call) => call.name === name)) return { kind: 'call', name };
    if (KERNEL_FUNCTIONS.includes(name)) throw new DebugError(`${name} is never entered in this run`);
    if (CALLS.includes(name)) throw new DebugError(`${name} is never called in this run`);
    const near = nearest(name, [...KERNEL_FUNCTIONS, ...CALLS]);
    throw new DebugError(`there is no kernel function or system call '${name}'${near === null ? '; expected one as ep_poll_callback or epoll_wait' : `; did you mean ${near}?`}`);
  }

  /** Parts of the machine by their paths. */
  data(wanted: readonly DebugProtocol.DataBreakpoint[]): DebugProtocol.Breakpoint[] {
    this.clear('data');
    return wanted.map(({ dataId, condition }) => this.set('data', 'data breakpoint', () => [withCondition({ kind: 'change', path: dataId }, condition)]));
  }

  /** Filters by their names, with conditions. */
  exceptions({ filters, filterOptions }: DebugProtocol.SetExceptionBreakpointsArguments): DebugProtocol.Breakpoint[] {
    this.clear('exception');
    const wanted = [...filters.map((filterId) => ({ filterId, condition: undefined })), ...(filterOptions ?? [])];
    return wanted.map(({ filterId, condition }) => this.set('exception', 'exception', () => {
      const breakpoints = FILTERS[filterId];
      if (breakpoints === undefined) throw new DebugError(`there is no exception filter '${filterId}'; expected ${Object.keys(FILTERS).join(', ')}`);
      const bare = /^\s*(E[A-Z0-9]+)\s*$/.exec(condition ?? '');
      return breakpoints.map((one) => withCondition(one, bare === null ? condition : `errno == ${bare[1]!}`));
    }));
  }

  /** Why the session stopped there; null: at no breakpoint. */
  reasonOf({ reached }: Stop): StopReason | null {
    const known = reached.map((number) => this.known.get(number)).filter((one): one is Known => one !== undefined);
    const exception = known.find(({ reason }) => reason === 'exception') ?? known[0];
    return exception === undefined ? null : { reason: exception.reason, ids: [...new Set(known.map(({ id }) => id))] };
  }

  /** True when a part can be watched: it is there, or has been. */
  watchable(path: string): boolean {
    return valueAt(this.session.viewAt(), path) !== undefined;
  }
}
