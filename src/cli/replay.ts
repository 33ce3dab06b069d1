/**
 * `epollsim replay`: makes the calls of strace logs on the model and says whether every result agrees. The work is src/replay's; this
 * file prints and chooses the exit code.
 */

import { existsSync } from 'node:fs';
import { reportJson, reportText } from '../replay/report.js';
import { replayLog, type ReplayResult } from '../replay/replayLog.js';
import { InputError, reportError } from './errors.js';
import { print } from './output.js';

const HOW = 'Logs are made with: strace -f -yy -ttt -T -o FILE PROGRAM';

function replayOne(path: string): ReplayResult {
  if (!existsSync(path)) throw new InputError(`there is no file ${path}`, HOW);
  try {
    return replayLog(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('E') === true) throw new InputError(`${path} cannot be read: ${(error as Error).message}`, HOW);
    throw error;
  }
}

/** Runs the command: exit code 0 all agree, 1 one differs, 2 one cannot be read. */
export function replayCommand(logs: readonly string[], options: { format: string; quiet?: boolean }): void {
  let code = 0;
  for (const path of logs) {
    try {
      const { report, error } = replayOne(path);
      if (options.format === 'json') print(reportJson(report));
      else process.stdout.write(reportText(report, options.quiet === true ? 0 : 5));
      if (report.divergences.length > 0) code = Math.max(code, 1);
      if (error !== null) throw new InputError(error.message, HOW);
    } catch (error) {
      code = Math.max(code, reportError(error));
    }
  }
  process.exitCode = code;
}
