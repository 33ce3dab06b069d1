/**
 * `epollsim run`: one scenario on one machine, step by step on standard output, and at the end what held and the string that brings the
 * same run back. What was printed before an error stays printed.
 */

import { lawsOf, runUnderLaws, type Verdict } from '../explore/index.js';
import { StepBudgetExceeded } from '../kernel/sched.js';
import {
  failureText, type LogLine, logText, parseRecording, ProgramError, replayScenario, type Scenario, secondsText, startScenario, whoText, type Story,
} from '../scenario/index.js';
import { read_sysctl } from '../socket/net.js';
import { InputError, placeIn } from './errors.js';
import { Exporter, targetsOf } from './exports.js';
import { find, findScenario } from './load.js';
import { coloursFor, print, widthOf, wrap } from './output.js';
import { PictureBook, type PictureChange } from './pictures.js';
import { settingsOf } from './settings.js';

interface RunOptions {
  readonly trigger?: string;
  readonly option?: readonly string[];
  readonly seed?: number;
  readonly preempt?: 'never' | 'all';
  readonly sysctl?: readonly string[];
  readonly replay?: string;
  readonly format: string;
  readonly quiet?: boolean;
  readonly out?: readonly string[];
  readonly lines: number;
  readonly steps: number;
}

/** How many of the last steps are shown of a run that never ends. */
const LAST_STEPS = 10;

/** Prints steps as they happen. */
interface Reporter {
  begin(story: Story): void;
  line(line: LogLine, changes: readonly PictureChange[]): void;
  /** so many steps were printed and no more will be */
  enough(shown: number): void;
  end(story: Story, verdict: Verdict): void;
}

/** Words of a picture that were not in the one before are bright. */
function pictureLines(change: PictureChange, width: number): string[] {
  const colours = coloursFor(process.stdout);
  const old = new Set(change.before?.split(' ') ?? []);
  return wrap(change.after!, width - 14, '  ').map((line, index) => {
    const words = line.split(' ').map((word) => (word === '' || old.has(word) ? colours.dim(word) : colours.cyan(word)));
    return `            ${index > 0 ? ' ' : change.before === null ? '+' : '~'} ${words.join(' ')}`;
  });
}

/** What a step changed: a picture of each object that is new or different, and the names of those that are gone. */
function changeLines(changes: readonly PictureChange[], width: number): string[] {
  const gone = changes.filter(({ after }) => after === null).map(({ object }) => object);
  const lines = changes.filter(({ after }) => after !== null).flatMap((change) => pictureLines(change, width));
  const last = gone.length === 0 ? [] : wrap(`- ${gone.join(', ')} ${gone.length === 1 ? 'is' : 'are'} gone`, width - 12, '  ');
  return [...lines, ...last.map((line) => `            ${line}`)];
}

function textReporter(quiet: boolean): Reporter {
  const colours = coloursFor(process.stdout);
  const width = widthOf(process.stdout);
  return {
    begin({ scenario, options }): void {
      const settings = Object.entries(options).map(([name, value]) => `${name}=${value}`).join(' ');
      print(`${colours.bold(scenario.name)}${settings === '' ? '' : ` ${settings}`}`);
      if (quiet) return;
      for (const line of wrap(scenario.title, width)) print(line);
      print();
    },
    line(line, changes): void {
      const head = `${(line.timeNs / 1e6).toFixed(3).padStart(9)}  ${whoText(line).padEnd(10)} `;
      const text = line.text.replace(/ {2,}= /, ' = ');
      wrap(text, width - head.length, '    ').forEach((part, index) => print(index === 0 ? `${colours.dim(head)}${part}` : ' '.repeat(head.length) + part));
      for (const part of changeLines(changes, width)) print(part);
    },
    enough(shown): void {
      print(`... ${shown} steps were shown, and the run goes on without them (--lines 0 shows all)`);
    },
    end(story, verdict): void {
      if (!quiet) print();
      endText(story, verdict);
    },
  };
}

function endText(story: Story, { outcome, halt, violation, reports }: Verdict): void {
  const colours = coloursFor(process.stdout);
  const { failures, expectations, left, notes, timeNs } = outcome ?? story.machine.outcome('time');
  for (const failure of failures) {
    const place = placeIn(failure.stack);
    print(`${colours.red('FAILED')} ${failureText(failure)}${place === null ? '' : `\n  in        ${place}`}\n`);
  }
  if (halt === 'asleep') print(`${left.join(', ')} ${left.length === 1 ? 'sleeps' : 'sleep'} for ever: nobody is left who could wake ${left.length === 1 ? 'it' : 'them'}.`);
  for (const line of reports) print(line);
  if (violation !== null) print(`${colours.red('BROKEN')} ${violation.law}: ${violation.message}`);
  const held = failures.length === 0 ? colours.green(`${expectations} expectations, all hold`) : colours.red(`${failures.length} of ${expectations} expectations failed`);
  for (const note of notes) for (const line of wrap(`note: ${note}`, widthOf(process.stdout))) print(line);
  print(`${halt} after ${secondsText(timeNs)} s, ${story.machine.kernel.stats.syscalls} system calls; ${held}`);
  print(`recording: ${story.machine.recording}`);
}

function jsonReporter(): Reporter {
  return {
    begin({ scenario, options }): void {
      print(JSON.stringify({ type: 'begin', scenario: scenario.name, title: scenario.title, options }));
    },
    line(line, changes): void {
      print(JSON.stringify({ type: 'step', ...line, changes }));
    },
    enough(shown): void {
      print(JSON.stringify({ type: 'enough', shown }));
    },
    end(story, { outcome, halt, violation, reports }): void {
      const { failures: found, ...rest } = outcome ?? story.machine.outcome('time');
      const failures = found.map(({ stack, ...failure }) => ({ ...failure, place: placeIn(stack) }));
      const { recording, kernel } = story.machine;
      print(JSON.stringify({ type: 'end', ...rest, halt, failures, violation, reports, syscalls: kernel.stats.syscalls, recording }));
    },
  };
}

/** The sysctls of the command line; null when there are none. */
function sysctlsGiven(settings: readonly string[]): Record<string, unknown> | null {
  const sysctl: Record<string, unknown> = {};
  for (const setting of settings) {
    const read = read_sysctl(setting);
    if (typeof read === 'string') throw new InputError(`--sysctl: ${read}`, 'epollsim run echo --sysctl tcp_fin_timeout=5');
    sysctl[read.field] = read.value;
  }
  return settings.length === 0 ? null : sysctl;
}

async function storyOf(given: string | undefined, options: RunOptions, onLine: (line: LogLine) => void): Promise<Story> {
  const sysctl = sysctlsGiven(options.sysctl ?? []);
  // An export needs the whole run: the log, and what every kernel function did.
  const kept = options.out === undefined ? { log: 1000 } : { log: Infinity, trace: true };
  const machineOptions = { stepBudget: options.steps, onLine, ...kept, ...(sysctl === null ? {} : { sysctl }) };
  if (options.replay === undefined) {
    if (given === undefined) throw new InputError('run needs the name of a scenario or a file', 'epollsim list shows the built-in scenarios; epollsim run read-once runs one.');
    const { scenario, recording } = await find(given);
    const { seed, preempt, trigger, option } = options;
    const asked = seed ?? preempt ?? trigger ?? option ?? options.sysctl;
    if (recording !== null && asked === undefined) return replayScenario(recording, scenario, machineOptions);
    return startScenario(scenario, settingsOf(scenario, options), { ...machineOptions, ...(seed === undefined ? {} : { seed }), ...(preempt === undefined ? {} : { preempt }) });
  }
  for (const name of ['seed', 'preempt', 'trigger', 'option', 'sysctl'] as const) {
    if (options[name] !== undefined) throw new InputError(`--${name} cannot stand beside --replay: the recording says it already`, 'Leave it out, or run without --replay.');
  }
  const recorded = parseRecording(options.replay);
  if (recorded.scenario === '' && given === undefined) throw new InputError('this is a recording of a machine without scenario, which only its own program can repeat', 'machine({ recording }) takes it.');
  let scenario: Scenario;
  try {
    scenario = await findScenario(given ?? recorded.scenario);
  } catch (error) {
    if (given !== undefined) throw error;
    throw new InputError(`this is a recording of the scenario ${recorded.scenario}, which is not built in`, 'Give its file too: epollsim run FILE --replay RECORDING');
  }
  return replayScenario(options.replay, scenario, machineOptions);
}

/** An error in the middle of a run as one for people: where in the program, what, and the steps before it. */
function runError(error: unknown, story: Story): unknown {
  const { log } = story.machine;
  const last = logText(log.lines.slice(-LAST_STEPS), { names: true, times: true });
  if (error instanceof StepBudgetExceeded) {
    return new InputError(
      `the run was stopped after ${error.budget} steps: a program neither ends nor sleeps for good. The last steps:\n${last.trimEnd()}`,
      'If the scenario needs more, give --steps N; if not, look for a loop around a call that answers at once.',
    );
  }
  if (!(error instanceof ProgramError)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const place = placeIn(cause.stack ?? '');
  return new InputError(`${place === null ? '' : `${place}: `}${error.message}\nThe last steps:\n${last.trimEnd()}`, 'A program of a scenario must not throw: sys.expect() notes what does not hold and goes on.');
}

/** Runs the command. Exit code 0: all expectations and laws hold, 1: one does not. */
export async function runCommand(given: string | undefined, options: RunOptions): Promise<void> {
  const quiet = options.quiet === true;
  const reporter = options.format === 'json' ? jsonReporter() : textReporter(quiet);
  const most = options.lines === 0 ? Infinity : options.lines;
  let book: PictureBook | null = null;
  let shown = 0;
  const targets = targetsOf(options.out ?? []);
  const story = await storyOf(given, options, (line) => {
    if (quiet || shown > most) return;
    if (shown++ === most) reporter.enough(most);
    else reporter.line(line, book!.changes());
  });
  book = new PictureBook(story.machine);
  const exporter = targets.length === 0 ? null : new Exporter(story.machine, targets);
  reporter.begin(story);
  let verdict: Verdict;
  try {
    verdict = runUnderLaws(story, lawsOf(story.scenario));
  } catch (error) {
    // What happened until then is what somebody wants to look at.
    exporter?.write();
    throw runError(error, story);
  }
  const written = exporter?.write() ?? [];
  if (verdict.halt === 'budget') throw runError(new StepBudgetExceeded(options.steps), story);
  reporter.end(story, verdict);
  if (options.format !== 'json') for (const line of written) print(line);
  process.exitCode = verdict.violation !== null || story.machine.failures.length > 0 ? 1 : 0;
}
