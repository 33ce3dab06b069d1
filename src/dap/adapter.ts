/**
 * The adapter itself: requests of the protocol become questions to the debug session, and each stop becomes events. The session holds the whole run, so
 * every request is answered at once and every thread is always stopped.
 */

import {
  ContinuedEvent, DebugSession, Handles, InitializedEvent, InvalidatedEvent, OutputEvent, ProgressEndEvent, ProgressStartEvent, ProgressUpdateEvent, StoppedEvent, TerminatedEvent,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugError, Session, type Stop, type Way } from '../debug/index.js';
import { CAPABILITIES } from './capabilities.js';
import { answer, completions } from './console.js';
import { type FrameOf, framesOf, pidOf, threadOf, threadsOf } from './frames.js';
import { type OpenTrace, readLaunch } from './launch.js';
import { type Node, scopesOf } from './nodes.js';
import { LOG_REFERENCE, Sources, type Spot } from './sources.js';
import { stepBackward, stepForward } from './stepping.js';
import { Stops } from './stops.js';

/** Lines of the log that one move prints; the rest is counted. */
const LINES = 50;
/** Targets that are offered for one line. */
const TARGETS = 200;

/** A number for errors, which the protocol asks for; the text says what is wrong. */
const BAD_REQUEST = 2;

const STEP_IN_TARGETS: readonly DebugProtocol.StepInTarget[] = [
  { id: 1, label: 'the next event' }, { id: 2, label: 'the next kernel function' }, { id: 3, label: 'the next system call' }, { id: 4, label: 'the next task switch' },
];
const GRAINS = { 1: 'event', 2: 'function', 3: 'call', 4: 'task' } as const;

/** One session of an editor. */
export class Adapter extends DebugSession {
  private readonly open: OpenTrace;
  private session: Session | null = null;
  private sources: Sources | null = null;
  private stops: Stops | null = null;
  private readonly frames = new Handles<FrameOf>();
  private readonly nodes = new Handles<() => Node[]>();
  private runAtOnce = false;
  private canInvalidate = false;
  private canShowProgress = false;
  /** why the session stands where it stands */
  private reason = 'entry';

  /** @param open finds the run that a launch configuration means */
  constructor(open: OpenTrace) {
    super();
    this.open = open;
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
  }

  /** Tells the user something, from outside the session: what a program prints. */
  print(text: string): void {
    this.sendEvent(new OutputEvent(`${text}\n`, 'stdout'));
  }

  private get here(): Session {
    if (this.session === null) throw new DebugError('nothing is launched yet');
    return this.session;
  }

  /** Answers a request with a body, or with one clear message. */
  private reply(response: DebugProtocol.Response, body: () => object | undefined): void {
    try {
      const made = body();
      if (made !== undefined) response.body = made;
      this.sendResponse(response);
    } catch (error) {
      this.refuse(response, error);
    }
  }

  private refuse(response: DebugProtocol.Response, error: unknown): void {
    const { message, next } = error as Error & { readonly next?: string };
    const known = error instanceof DebugError || ['InputError', 'RecordingError', 'ScenarioError', 'StraceError'].includes((error as Error).name);
    const text = known ? `${message}${next === undefined ? '' : `${/[.?]$/.test(message) ? '' : '.'} ${next}`}` : `a bug of epollsim itself: ${(error as Error).stack ?? message}`;
    // a name with an underscore: the protocol's helper puts only those into the message
    this.sendErrorResponse(response, { id: BAD_REQUEST, format: '{_text}', variables: { _text: text }, showUser: true });
  }

  // ---- beginning and end

  protected override initializeRequest(response: DebugProtocol.InitializeResponse, args: DebugProtocol.InitializeRequestArguments): void {
    this.canInvalidate = args.supportsInvalidatedEvent === true;
    this.canShowProgress = args.supportsProgressReporting === true;
    response.body = { ...CAPABILITIES };
    this.sendResponse(response);
  }

  protected override launchRequest(response: DebugProtocol.LaunchResponse, args: DebugProtocol.LaunchRequestArguments): void {
    this.launch(args).then(() => {
      this.sendResponse(response);
      // Breakpoints are checked against the run, so the editor is asked for them when there is one.
      this.sendEvent(new InitializedEvent());
    }, (error: unknown) => this.refuse(response, error));
  }

  private async launch(args: unknown): Promise<void> {
    const launch = readLaunch(args);
    const source = await this.open(launch);
    if (this.canShowProgress) this.sendEvent(new ProgressStartEvent('run', 'epollsim: making the run'));
    const progress = (steps: number): void => { if (this.canShowProgress) this.sendEvent(new ProgressUpdateEvent('run', `${steps} steps`)); };
    const session = new Session(source, { progress, ...(launch.maxSteps === null ? {} : { maxSteps: launch.maxSteps }) });
    if (this.canShowProgress) this.sendEvent(new ProgressEndEvent('run'));
    if (launch.at !== null) session.goto(launch.at);
    this.session = session;
    this.sources = new Sources(session);
    this.stops = new Stops(session, this.sources);
    this.runAtOnce = !launch.stopOnEntry && launch.at === null;
    const { run, count } = session;
    this.say(`${source.name}: ${count} steps, ${run.end.halt}. Step and continue in both directions; help in this console lists what can be asked.`);
    if (run.error !== null) this.say(`The run ended early: ${run.error.message}`, 'stderr');
    for (const failure of run.end.failures.slice(0, 5)) this.say(`The run is not as it should be: ${failure}`, 'stderr');
  }

  protected override configurationDoneRequest(response: DebugProtocol.ConfigurationDoneResponse): void {
    this.reply(response, () => undefined);
    if (this.session === null) return;
    if (this.runAtOnce) this.run('forward');
    else this.stopped('entry', null);
  }

  protected override restartRequest(response: DebugProtocol.RestartResponse): void {
    this.moving(response, () => {
      this.here.goto(0);
      return 'entry';
    });
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    this.sendResponse(response);
    this.sendEvent(new TerminatedEvent());
  }

  // ---- stops

  private say(text: string, category = 'console', spot: Spot | null = null): void {
    const event: DebugProtocol.OutputEvent = new OutputEvent(`${text}\n`, category);
    if (spot !== null) Object.assign(event.body, { source: spot.source, line: spot.line });
    this.sendEvent(event);
  }

  /** Tells of a stop: the lines of the log that were passed, the step in words, the event itself. */
  private stopped(reason: string, from: number | null, ids: readonly number[] = []): void {
    const { here, sources } = this;
    this.reason = reason;
    this.frames.reset();
    this.nodes.reset();
    const { step, sentence, place, pid } = here.state();
    const passed = from === null || from >= step ? [] : here.lines(step).slice(here.lines(from).length);
    if (passed.length > LINES) this.say(`... ${passed.length - LINES} lines`, 'stdout');
    for (const { comm, pid: who, text } of passed.slice(-LINES)) this.say(comm === '' ? text : `${comm}(${who}) ${text}`, 'stdout');
    this.say(`step ${step}: ${sentence}`, 'console', place === null ? null : sources!.spot(place));
    const event: DebugProtocol.StoppedEvent = new StoppedEvent(reason, threadOf(pid));
    Object.assign(event.body, { allThreadsStopped: true, text: sentence, description: `${reason} at step ${step}`, ...(ids.length === 0 ? {} : { hitBreakpointIds: ids }) });
    this.sendEvent(event);
    if (this.canInvalidate && from !== null) this.sendEvent(new InvalidatedEvent(['threads', 'stacks', 'variables']));
  }

  /** Moves, and tells of the stop. @param move returns why it stops when no breakpoint did */
  private moving(response: DebugProtocol.Response, move: () => string | Stop | null): void {
    const from = this.session?.step ?? 0;
    try {
      const moved = move();
      this.sendResponse(response);
      const found = typeof moved === 'string' || moved === null ? null : this.stops!.reasonOf(moved);
      this.stopped(found?.reason ?? (typeof moved === 'string' ? moved : 'step'), from, found?.ids);
    } catch (error) {
      this.refuse(response, error);
    }
  }

  /** Runs to the next breakpoint in a direction; at the end of the run, it stays there. */
  private run(direction: 'forward' | 'backward'): void {
    const { here } = this;
    const from = here.step;
    const stop = direction === 'forward' ? here.continue() : here.reverse();
    const found = this.stops!.reasonOf(stop);
    if (found === null) this.say(direction === 'forward' ? `The run is over: ${here.run.end.halt}.` : 'This is the first step of the run.');
    this.stopped(found?.reason ?? 'pause', from, found?.ids);
  }

  protected override continueRequest(response: DebugProtocol.ContinueResponse): void {
    this.reply(response, () => ({ allThreadsContinued: true }));
    if (this.session === null) return;
    if (this.here.step === this.here.count - 1) this.sendEvent(new TerminatedEvent());
    else this.run('forward');
  }

  protected override reverseContinueRequest(response: DebugProtocol.ReverseContinueResponse): void {
    this.reply(response, () => undefined);
    // A client does not expect to go on by itself when it goes back.
    this.sendEvent(new ContinuedEvent(threadOf(this.here.state().pid), true));
    this.run('backward');
  }

  private step(response: DebugProtocol.Response, { threadId, granularity }: { threadId: number; granularity?: string }, way: Way): void {
    this.moving(response, () => stepForward(this.here, pidOf(threadId), way, granularity).stop);
  }

  protected override nextRequest(response: DebugProtocol.NextResponse, args: DebugProtocol.NextArguments): void {
    this.step(response, args, 'over');
  }

  protected override stepInRequest(response: DebugProtocol.StepInResponse, args: DebugProtocol.StepInArguments): void {
    const grain = GRAINS[args.targetId as keyof typeof GRAINS] as (typeof GRAINS)[keyof typeof GRAINS] | undefined;
    if (grain === undefined) return this.step(response, args, 'into');
    this.moving(response, () => {
      this.here.forward(grain, 'into');
      return 'step';
    });
  }

  protected override stepOutRequest(response: DebugProtocol.StepOutResponse, args: DebugProtocol.StepOutArguments): void {
    this.step(response, args, 'out');
  }

  protected override stepBackRequest(response: DebugProtocol.StepBackResponse, { threadId, granularity }: DebugProtocol.StepBackArguments): void {
    this.moving(response, () => stepBackward(this.here, pidOf(threadId), 'over', granularity).stop);
  }

  protected override pauseRequest(response: DebugProtocol.PauseResponse): void {
    this.moving(response, () => 'pause');
  }

  protected override stepInTargetsRequest(response: DebugProtocol.StepInTargetsResponse): void {
    this.reply(response, () => ({ targets: STEP_IN_TARGETS }));
  }

  protected override gotoTargetsRequest(response: DebugProtocol.GotoTargetsResponse, { source, line }: DebugProtocol.GotoTargetsArguments): void {
    this.reply(response, () => ({
      targets: this.sources!.stepsOfLine(source, line).slice(0, TARGETS).map((step) => ({ id: step, label: `step ${step}: ${this.here.sentence(step)}`, line })),
    }));
  }

  protected override gotoRequest(response: DebugProtocol.GotoResponse, { targetId }: DebugProtocol.GotoArguments): void {
    this.moving(response, () => {
      this.here.goto(targetId);
      return 'goto';
    });
  }

  // ---- breakpoints

  protected override setBreakPointsRequest(response: DebugProtocol.SetBreakpointsResponse, { source, breakpoints }: DebugProtocol.SetBreakpointsArguments): void {
    this.reply(response, () => ({ breakpoints: this.stops?.lines(source, breakpoints ?? []) ?? [] }));
  }

  protected override breakpointLocationsRequest(response: DebugProtocol.BreakpointLocationsResponse, { source, line, endLine }: DebugProtocol.BreakpointLocationsArguments): void {
    this.reply(response, () => ({ breakpoints: (this.sources?.linesOf(source) ?? []).filter((one) => one >= line && one <= (endLine ?? line)).map((one) => ({ line: one })) }));
  }

  protected override setFunctionBreakPointsRequest(response: DebugProtocol.SetFunctionBreakpointsResponse, { breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments): void {
    this.reply(response, () => ({ breakpoints: this.stops?.functions(breakpoints) ?? [] }));
  }

  protected override setExceptionBreakPointsRequest(response: DebugProtocol.SetExceptionBreakpointsResponse, args: DebugProtocol.SetExceptionBreakpointsArguments): void {
    this.reply(response, () => ({ breakpoints: this.stops?.exceptions(args) ?? [] }));
  }

  protected override setDataBreakpointsRequest(response: DebugProtocol.SetDataBreakpointsResponse, { breakpoints }: DebugProtocol.SetDataBreakpointsArguments): void {
    this.reply(response, () => ({ breakpoints: this.stops?.data(breakpoints) ?? [] }));
  }

  protected override dataBreakpointInfoRequest(response: DebugProtocol.DataBreakpointInfoResponse, { variablesReference, name }: DebugProtocol.DataBreakpointInfoArguments): void {
    this.reply(response, () => {
      const node = variablesReference === undefined ? null : this.nodes.get(variablesReference)?.().find((one) => one.name === name) ?? null;
      const path = node === null ? answer(this.here, name).node?.path ?? null : node.path;
      if (path === null || !this.stops!.watchable(path)) return { dataId: null, description: `${name} is told by the debugger; it is no part of the machine that changes` };
      return { dataId: path, description: path, accessTypes: ['write'], canPersist: false };
    });
  }

  protected override exceptionInfoRequest(response: DebugProtocol.ExceptionInfoResponse): void {
    this.reply(response, () => {
      const { step, entry, sentence } = this.here.state();
      const { faults } = this.here.run;
      const fault = faults.all.find((_, at) => faults.steps[at] === step);
      if (fault !== undefined) return { exceptionId: fault.kind, description: fault.text, breakMode: 'always' };
      const errno = / fails with (\w+)/.exec(sentence)?.[1];
      return { exceptionId: errno ?? (entry.kind === 'signal' ? 'SIGPIPE' : this.reason), description: sentence, breakMode: 'always' };
    });
  }

  // ---- what is to be seen

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    this.reply(response, () => ({ threads: this.session === null ? [] : threadsOf(this.session) }));
  }

  protected override stackTraceRequest(response: DebugProtocol.StackTraceResponse, { threadId, startFrame = 0, levels }: DebugProtocol.StackTraceArguments): void {
    this.reply(response, () => {
      const frames = framesOf(this.here, this.sources!, pidOf(threadId));
      const end = levels === undefined || levels === 0 ? frames.length : startFrame + levels;
      const stackFrames = frames.slice(startFrame, end).map((frame) => ({
        id: this.frames.create(frame),
        name: frame.name,
        line: frame.spot?.line ?? 0,
        column: frame.spot?.column ?? 0,
        ...(frame.spot === null ? { presentationHint: 'subtle' } : { source: frame.spot.source }),
      }));
      return { stackFrames, totalFrames: frames.length };
    });
  }

  protected override scopesRequest(response: DebugProtocol.ScopesResponse, { frameId }: DebugProtocol.ScopesArguments): void {
    this.reply(response, () => {
      const frame = this.frames.get(frameId) as FrameOf | undefined;
      if (frame === undefined) throw new DebugError('this frame is of another step');
      return { scopes: scopesOf(this.here, frame).map(({ name, nodes, hint }) => ({ name, variablesReference: this.nodes.create(nodes), expensive: false, ...(hint === undefined ? {} : { presentationHint: hint }) })) };
    });
  }

  private variable(node: Node): DebugProtocol.Variable {
    const { name, value, path, children } = node;
    return { name, value, variablesReference: children === null ? 0 : this.nodes.create(children), ...(path === null ? {} : { evaluateName: path }), presentationHint: { attributes: ['readOnly'] } };
  }

  protected override variablesRequest(response: DebugProtocol.VariablesResponse, { variablesReference }: DebugProtocol.VariablesArguments): void {
    this.reply(response, () => {
      const nodes = this.nodes.get(variablesReference) as (() => Node[]) | undefined;
      if (nodes === undefined) throw new DebugError('these variables are of another step');
      return { variables: nodes().map((node) => this.variable(node)) };
    });
  }

  protected override sourceRequest(response: DebugProtocol.SourceResponse, { source, sourceReference }: DebugProtocol.SourceArguments): void {
    this.reply(response, () => {
      if ((source?.sourceReference ?? sourceReference) !== LOG_REFERENCE) throw new DebugError('there is no such text; the log of system calls is the only one that is no file');
      return { content: this.sources!.logText(), mimeType: 'text/plain' };
    });
  }

  protected override evaluateRequest(response: DebugProtocol.EvaluateResponse, { expression, context }: DebugProtocol.EvaluateArguments): void {
    const from = this.session?.step ?? 0;
    let moved = false;
    this.reply(response, () => {
      // What is only looked at must not move the session.
      if (context !== undefined && context !== 'repl' && /^\s*(step|last|next|fork|branch)\b/.test(expression)) throw new DebugError(`${expression.trim()} moves the session; say it in the console`);
      const { text, node, moved: there } = answer(this.here, expression);
      moved = there;
      return { result: text, variablesReference: node === null || node.children === null ? 0 : this.nodes.create(node.children) };
    });
    if (moved) this.stopped('goto', from);
  }

  protected override completionsRequest(response: DebugProtocol.CompletionsResponse, { text, column }: DebugProtocol.CompletionsArguments): void {
    this.reply(response, () => {
      const typed = text.slice(0, column - 1);
      return { targets: completions(this.here, typed).map(({ word, start }) => ({ label: word, start, length: typed.length - start })) };
    });
  }
}
