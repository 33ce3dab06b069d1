/**
 * A script compiled: every line laid out as a system call, all names checked. The runners, of the model and of a real kernel, take this.
 */

import { Context, prepare, type Prepared } from './builders.js';
import { parseScript, type Script } from './script.js';

/** A script ready to be run. */
export interface Program {
  readonly title: string;
  readonly lines: readonly Prepared[];
  /** names of descriptors, in the order in which they are first given */
  readonly names: readonly string[];
  /** tasks in the order in which they appear; `main` is the first */
  readonly tasks: readonly string[];
  /** tasks that are processes of their own, made by fork(name) */
  readonly processes: readonly string[];
}

/** Checks a script and lays out its lines. */
export function compile(script: Script): Program {
  const context = new Context(script.where);
  const lines = script.lines.map((line) => prepare(context, line));
  const processes = lines.filter(({ kind }) => kind === 'fork').map(({ line }) => line.args[0] ?? context.fail(line, 'the name of the new process', 'nothing'));
  return { title: script.title, lines, names: [...context.names], tasks: [...context.tasks], processes };
}

/** Compiles the text of a script. */
export function compileText(text: string, where = 'script'): Program {
  return compile(parseScript(text.split('\n'), where));
}
