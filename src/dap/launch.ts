/**
 * What an editor asks to be launched: exactly one of a scenario, a recording and a log of strace, and how. Attributes that are not ours are the
 * editor's own and are left alone.
 */

import { DebugError, type Source } from '../debug/index.js';

/** What is to be run. */
export interface Launch {
  readonly kind: 'scenario' | 'recording' | 'log';
  /** name or file of a scenario, a recording, file of a log */
  readonly trace: string;
  /** options of the scenario: { trigger: 'ET' } */
  readonly options: Readonly<Record<string, string>>;
  readonly seed: number | null;
  readonly preempt: 'never' | 'all' | null;
  /** folder that files are looked up in; null: the current one */
  readonly cwd: string | null;
  /** stop at the first step; else run to the first breakpoint */
  readonly stopOnEntry: boolean;
  /** the first position; null: step 0 */
  readonly at: number | null;
  /** rows of the trace that are held; null: as many as a session holds by default */
  readonly maxSteps: number | null;
}

/** Finds the run that is meant. */
export type OpenTrace = (launch: Launch) => Promise<Source>;

/** The attributes of a launch configuration with their JSON types; the manifest of the extension has the same. */
export const LAUNCH_ATTRIBUTES: Readonly<Record<string, 'string' | 'object' | 'number' | 'boolean'>> = {
  scenario: 'string', recording: 'string', log: 'string', options: 'object', seed: 'number', preempt: 'string', cwd: 'string', stopOnEntry: 'boolean', at: 'number', maxSteps: 'number',
};

const KINDS = ['scenario', 'recording', 'log'] as const;

function checkTypes(args: Readonly<Record<string, unknown>>): void {
  for (const [name, type] of Object.entries(LAUNCH_ATTRIBUTES)) {
    const value = args[name];
    if (value === undefined) continue;
    if (typeof value !== type || value === null) throw new DebugError(`the attribute ${name} of the launch configuration is ${JSON.stringify(value)}; expected a ${type}`);
    if (type === 'number' && (!Number.isInteger(value) || (value as number) < 0)) throw new DebugError(`the attribute ${name} of the launch configuration is ${JSON.stringify(value)}; expected a whole number`);
  }
  const { preempt } = args;
  if (preempt !== undefined && preempt !== 'never' && preempt !== 'all') throw new DebugError(`the attribute preempt of the launch configuration is ${JSON.stringify(preempt)}; expected "never" or "all"`);
}

function optionsOf(options: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries((options ?? {}) as Record<string, unknown>)) {
    if (typeof value !== 'string') throw new DebugError(`the option ${name} of the scenario is ${JSON.stringify(value)}; expected a text`);
    found[name] = value;
  }
  return found;
}

/** Reads the arguments of a launch request. Throws a DebugError that says what was expected. */
export function readLaunch(request: unknown): Launch {
  const args = (request ?? {}) as Readonly<Record<string, unknown>>;
  checkTypes(args);
  const given = KINDS.filter((kind) => args[kind] !== undefined);
  const [kind] = given;
  if (given.length !== 1 || kind === undefined) throw new DebugError(`the launch configuration has ${given.length === 0 ? 'nothing to run' : given.join(' and ')}; expected exactly one of scenario, recording and log`);
  for (const name of ['options', 'seed', 'preempt'] as const) {
    if (kind !== 'scenario' && args[name] !== undefined) throw new DebugError(`the attribute ${name} is for scenarios; a ${kind} says it already`);
  }
  return {
    kind,
    trace: args[kind] as string,
    options: optionsOf(args['options']),
    seed: (args['seed'] as number | undefined) ?? null,
    preempt: (args['preempt'] as 'never' | 'all' | undefined) ?? null,
    cwd: (args['cwd'] as string | undefined) ?? null,
    stopOnEntry: args['stopOnEntry'] !== false,
    at: (args['at'] as number | undefined) ?? null,
    maxSteps: (args['maxSteps'] as number | undefined) ?? null,
  };
}
