/**
 * `epollsim explain`: why did an event of a descriptor come, or, with --not, why does none come. The answer is a sentence, the chain of steps behind
 * it, and the hazards of the run. The work is src/inspect's; this file asks and prints.
 */

import type { Session } from '../debug/index.js';
import type { Explanation, Hazard } from '../inspect/explain.js';
import { coloursFor, print, widthOf, wrap } from './output.js';
import { checkStep, openSession, type TraceOptions } from './traceSource.js';

interface ExplainOptions extends TraceOptions {
  readonly fd: number;
  readonly at?: number;
  readonly not?: boolean;
  readonly ep?: number;
  readonly format: string;
}

const COLUMN = 11;

function printText(session: Session, trace: string, answer: Explanation, hazards: readonly Hazard[]): void {
  const colours = coloursFor(process.stdout);
  const width = widthOf(process.stdout);
  const say = (head: string, text: string): void => {
    wrap(text, width - COLUMN - 2).forEach((part, index) => print(`  ${index === 0 ? head : ' '.repeat(COLUMN - 1)} ${part.trimStart()}`));
  };
  print(colours.bold(`${answer.not ? `Why does no event come for fd ${answer.fd}?` : `Why did the last event of fd ${answer.fd} come?`}`) + colours.dim(` ${trace}, at step ${answer.step} of ${session.count - 1}`));
  for (const line of wrap(`${answer.answer}.`, width)) print(line);
  if (answer.links.length > 0) print();
  for (const { step, text, missing } of answer.links) say(missing ? colours.red('missing'.padEnd(COLUMN - 1)) : colours.dim(`step ${step}`.padEnd(COLUMN - 1)), text);
  if (hazards.length > 0) print(`\nHazards seen in passing, up to that step:`);
  for (const { step, text, times } of hazards) say(colours.yellow(`step ${step}`.padEnd(COLUMN - 1)), times > 1 ? `${text} (${times} times)` : text);
  for (const failure of session.run.end.failures.slice(0, 3)) print(`\nThe run is not as it should be: ${failure}`);
}

/** Runs the command. Exit code 0: there is an answer, 1: no event of the descriptor came, 2: bad input. */
export async function explainCommand(trace: string, options: ExplainOptions): Promise<void> {
  const session = await openSession(trace, options);
  const { fd, at, ep } = options;
  checkStep(at, session.count);
  const step = at ?? session.stepToAsk(fd);
  const more = ep === undefined ? {} : { ep };
  const answer = options.not === true ? session.whyNot(fd, step, more) : session.why(fd, step, more);
  const hazards = session.hazards(step);
  if (options.format === 'json') {
    print(JSON.stringify({ trace, kind: session.source.kind, steps: session.count, ...answer, hazards, recording: session.run.recording, failures: session.run.end.failures }));
  } else {
    printText(session, trace.startsWith('epollsim1:') ? session.source.name : trace, answer, hazards);
  }
  const { error } = session.run;
  if (error !== null) throw error;
  if (answer.cause === 'none') process.exitCode = 1;
}
