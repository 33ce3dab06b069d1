/**
 * One program on both kernels: are the records of its calls the same? Where Linux may run any of several tasks first, the model's other
 * schedules are tried; where Linux itself does not answer alike when asked again, nothing can be compared.
 */

import type { ChoiceKind, Decisions } from '#dist/kernel/decisions.js';
import { Prng } from '#dist/kernel/prng.js';
import { compile, type Program } from '#dist/calls/program.js';
import type { Call } from '#dist/calls/record.js';
import { runProgram } from '#dist/calls/runner.js';
import { parseScript } from '#dist/calls/script.js';
import type { RealRun } from './wire.js';

/** Chooses among tasks at random, everything else as an idle machine does. */
class TaskOrder implements Decisions {
  private readonly random: Prng;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  choose(kind: ChoiceKind, n: number): number {
    return kind === 'task' ? this.random.below(n) : 0;
  }
}

/** Other orders of woken tasks that are tried. */
const ORDERS = 12;

const listText = (list: readonly object[] | undefined): string => (list === undefined ? '' : JSON.stringify(list));

/** The answer of a call as one text: everything but the functions entered. */
export function answerOf(call: Call | undefined): string {
  if (call === undefined) return 'no such call';
  const { seq, task, call: text, ret, errno, blocked, returned_during: during, events, revents, ready, fds, value, u64 } = call;
  const result = ret === undefined ? 'never returned' : `${ret} ${errno ?? ''}`;
  const sleep = blocked === true ? `slept ${during ?? ''}` : '';
  const lists = `${listText(events)}${listText(revents)}${ready?.join() ?? ''}${fds?.join() ?? ''}`;
  return `${seq} @${task} ${text} = ${result} ${sleep} ${lists} ${value ?? ''} ${u64 ?? ''}`.trimEnd();
}

/** The first call in which two runs differ; -1: none. */
export function firstDifference(a: readonly Call[], b: readonly Call[]): number {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) if (answerOf(a[index]) !== answerOf(b[index])) return index;
  return -1;
}

/** The program of some lines. */
export function programOf(lines: readonly string[]): Program {
  return compile(parseScript(lines));
}

/** What became of a comparison. */
export interface Verdict {
  readonly same: boolean;
  /** the model agrees when tasks run in another order than that of waking */
  readonly otherOrder: boolean;
  /** the model agrees when as much time passes between its calls as on the real kernel: a timer of TCP came in between */
  readonly realTime: boolean;
  /** first differing call; -1 */
  readonly at: number;
  readonly model: readonly Call[];
}

/** Holds the answers of a real kernel against the model. */
export function compareWithModel(program: Program, { calls, ms }: RealRun): Verdict {
  const model = runProgram(program, { log: false }).calls;
  const at = firstDifference(model, calls);
  const verdict = { same: true, otherOrder: false, realTime: false, at: -1, model };
  if (at < 0) return verdict;
  if (ms.length > 0 && firstDifference(runProgram(program, { log: false, ms }).calls, calls) < 0) return { ...verdict, realTime: true };
  for (let seed = 1; seed <= ORDERS && program.tasks.length > 2; seed++) {
    const decisions = new TaskOrder(seed);
    if (firstDifference(runProgram(program, { log: false, decisions }).calls, calls) < 0) return { ...verdict, otherOrder: true };
    if (ms.length > 0 && firstDifference(runProgram(program, { log: false, decisions: new TaskOrder(seed), ms }).calls, calls) < 0) return { ...verdict, otherOrder: true, realTime: true };
  }
  return { ...verdict, same: false, at };
}
