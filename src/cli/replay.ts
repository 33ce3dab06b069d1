/**
 * `epollsim replay`: makes the calls of strace logs on the model and says whether every result agrees. The work is src/replay's; this
 * file prints, tells of progress, and chooses the exit code.
 */

import { existsSync } from 'node:fs';
import { reportJson, reportText } from '../replay/report.js';
import { replayLog, type ReplayResult, sysctlsOf, worldBeside } from '../replay/replayLog.js';
import type { World } from '../replay/session.js';
import { InputError, reportError } from './errors.js';
import { print } from './output.js';

const HOW = 'Logs are made with: strace -f -yy -ttt -T -v -o FILE PROGRAM';

/** What takes longer than this shows its progress on a terminal. */
const PATIENCE_MS = 1000;

export interface ReplayOptions {
  readonly format: string;
  readonly quiet?: boolean;
  /** divergences of a log that are shown in full */
  readonly show: string;
  readonly sysctl?: readonly string[];
  readonly nofile?: string;
  readonly untraced?: boolean;
  readonly mtu?: string;
}

function numberOption(text: string, what: string): number {
  if (!/^\d+$/.test(text)) throw new InputError(`${what} is a number, not \`${text}\``, HOW);
  return Number(text);
}

/** The world of a log: what stands in a manifest beside it, and what the options say. */
function worldOf(path: string, { sysctl, nofile, mtu, untraced }: ReplayOptions): World {
  const beside = worldBeside(path);
  const [soft, hard] = (nofile ?? '').split(':');
  return {
    ...beside,
    ...(untraced === true ? { isTraced: false } : {}),
    sysctl: { ...beside.sysctl, ...sysctlsOf(sysctl ?? []) },
    ...(nofile === undefined ? {} : { nofile: { soft: numberOption(soft!, '--nofile'), hard: numberOption(hard ?? soft!, '--nofile') } }),
    ...(mtu === undefined ? {} : { loopbackMtu: numberOption(mtu, '--mtu') }),
  };
}

/** A line on the terminal that is taken away again; null where nobody watches. */
function progressOf(path: string): ((line: number) => void) | null {
  const { stderr } = process;
  if (stderr.isTTY !== true) return null;
  const began = Date.now();
  return (line) => {
    if (Date.now() - began > PATIENCE_MS) stderr.write(`\r${path}: line ${line}\u001b[K`);
  };
}

function replayOne(path: string, options: ReplayOptions): ReplayResult {
  if (!existsSync(path)) throw new InputError(`there is no file ${path}`, HOW);
  const progress = progressOf(path);
  try {
    return replayLog(path, { world: worldOf(path, options), ...(progress === null ? {} : { progress }) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('E') === true) throw new InputError(`${path} cannot be read: ${(error as Error).message}`, HOW);
    throw error;
  } finally {
    if (progress !== null) process.stderr.write('\r\u001b[K');
  }
}

/** Runs the command: exit code 0 all agree, 1 one differs, 2 one cannot be read. */
export function replayCommand(logs: readonly string[], options: ReplayOptions): void {
  let code = 0;
  for (const path of logs) {
    try {
      const { report, error } = replayOne(path, options);
      if (options.format === 'json') print(reportJson(report));
      else process.stdout.write(reportText(report, options.quiet === true ? 0 : numberOption(options.show, '--show')));
      if (report.divergences.length > 0) code = Math.max(code, 1);
      if (error !== null) throw new InputError(error.message, HOW);
    } catch (error) {
      code = Math.max(code, reportError(error));
    }
  }
  process.exitCode = code;
}
