/**
 * Errors of the command line: one clear message that says what was expected and what to do next, and the exit code that belongs to it.
 */

import { CommanderError } from 'commander';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coloursFor } from './output.js';

/** Bad input: exit code 2. `next` says what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly next: string;

  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}

const OWN_FOLDERS: readonly string[] = ['scenario', 'syscalls', 'kernel', 'epoll', 'socket', 'tcp', 'calls', 'cli'];

/** `mine.mjs:12:5`: the innermost place of a JavaScript stack that is not epollsim's own machinery; null: none. */
export function placeIn(stack: string): string | null {
  for (const line of stack.split('\n')) {
    if (line.includes('node:')) continue;
    const found = /\(?((?:file:\/\/|\/)[^()]+):(\d+):(\d+)\)?$/.exec(line.trim());
    if (found === null) continue;
    const path = found[1]!.startsWith('file:') ? fileURLToPath(found[1]!.split('?')[0]!) : found[1]!;
    if (OWN_FOLDERS.some((folder) => path.startsWith(fileURLToPath(new URL(`../${folder}/`, import.meta.url))))) continue;
    const near = relative(process.cwd(), path);
    return `${near.startsWith('..') ? path : near}:${found[2]}:${found[3]}`;
  }
  return null;
}

/** The text of an error and its exit code. */
function describe(error: unknown): { message: string; next: string; code: number } {
  if (error instanceof InputError) return { message: error.message, next: error.next, code: 2 };
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace(/\n\(Did (.*)\)$/, '; did $1');
    return { message, next: 'epollsim --help shows what there is.', code: 2 };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  if (name === 'RecordingError') return { message, next: 'Copy the whole line that begins with epollsim1: from the end of a run.', code: 2 };
  if (name === 'ScenarioError') return { message, next: 'docs/scenarios.md shows what a scenario looks like; epollsim list shows the built-in ones and their options.', code: 2 };
  return { message: `a bug of epollsim itself: ${stack ?? message}`, next: 'Please report it with the command line and, if there is one, the recording.', code: 70 };
}

/** Prints an error on standard error and gives its exit code. */
export function reportError(error: unknown): number {
  const colours = coloursFor(process.stderr);
  const { message, next, code } = describe(error);
  process.stderr.write(`${colours.red('epollsim:')} ${message}\n${next === '' ? '' : `${next}\n`}`);
  return code;
}
