/**
 * Finding a scenario: a built-in one by name, or one from a file of the user. A file is an ES module with a scenario as its default
 * export; `epollsim` may be imported in it wherever it lies, and is then the running one.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { claimScenarioNamed } from '../claims/index.js';
import { asScenario, type Scenario } from '../scenario/index.js';
import { programNamed, programs } from '../programs/index.js';
import { scenarioNamed, scenarios } from '../scenarios/index.js';
import { InputError, placeIn } from './errors.js';
import { nearest } from '../debug/suggest.js';

const SHAPE = 'A scenario file is an ES module: export default { name, title, about, programs: () => ({ *main(sys) { ... } }) }; see docs/scenarios.md.';

/** A scenario, and the run of it that the file stands for: its export `recording`. */
export interface Found {
  readonly scenario: Scenario;
  readonly recording: string | null;
}

/** Lets a file import `epollsim`, and its parts as `epollsim/testing`, from anywhere: the names lead to the package that is running. */
function letFilesImportUs(): void {
  const root = JSON.stringify(new URL('../', import.meta.url).href);
  const hook = `export const resolve = (name, context, next) => {
    const part = /^epollsim(?:\\/([a-z]+))?$/.exec(name);
    return part === null ? next(name, context) : { url: ${root} + (part[1] === undefined ? '' : part[1] + '/') + 'index.js', shortCircuit: true };
  };`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

/** `mine.mjs:3`. The error itself does not know its line; node --check prints it. */
function placeOfSyntaxError(path: string): string {
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', timeout: 10_000 });
  const line = /:(\d+)\r?\n/.exec(stderr)?.[1];
  return line === undefined ? path : `${path}:${line}`;
}

/** What an import that failed has to say: file, line, message. */
function importError(path: string, error: unknown): InputError {
  const { name, message, stack = '', code } = error as Error & { code?: string };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return new InputError(`${path}: this version of Node cannot load files of this kind`, 'Give a .mjs or .js file; TypeScript is to be compiled first.');
  }
  const place = name === 'SyntaxError' ? placeOfSyntaxError(path) : placeIn(stack) ?? path;
  return new InputError(`${place}: ${name}: ${message}`, name === 'SyntaxError' ? SHAPE : 'The file was loaded and failed; nothing was run.');
}

async function fromFile(given: string): Promise<Found> {
  const path = resolve(given);
  if (!existsSync(path)) throw new InputError(`there is no file ${given}`, `${SHAPE} epollsim list shows the built-in scenarios.`);
  if (!statSync(path).isFile()) throw new InputError(`${given} is not a file`, SHAPE);
  letFilesImportUs();
  let module: { default?: unknown; recording?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown; recording?: unknown };
  } catch (error) {
    throw importError(given, error);
  }
  if (module.default === undefined) throw new InputError(`${given} has no default export`, SHAPE);
  try {
    return { scenario: asScenario(module.default), recording: typeof module.recording === 'string' ? module.recording : null };
  } catch (error) {
    throw new InputError(`${given}: ${(error as Error).message}`, SHAPE);
  }
}

/** What a name or a path of the command line means. */
export async function find(given: string): Promise<Found> {
  const known = scenarioNamed(given) ?? programNamed(given) ?? claimScenarioNamed(given);
  if (known !== null) return { scenario: known, recording: null };
  if (/[./\\]/.test(given) || existsSync(given)) return fromFile(given);
  const near = nearest(given, [...scenarios, ...programs].map(({ name }) => name));
  throw new InputError(`there is no scenario '${given}'${near === null ? '' : `; did you mean ${near}?`}`, 'epollsim list shows all of them; a file is given by its path, as ./mine.mjs.');
}

/** The scenario of it. */
export async function findScenario(given: string): Promise<Scenario> {
  return (await find(given)).scenario;
}
