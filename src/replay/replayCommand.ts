/**
 * The command `epollsim replay LOG...`: replays each log, prints what was found, and answers with the exit code.
 * Where to write and what time it is comes from the caller.
 */

import { replayLog, sysctlsOf, worldBeside } from './replayLog.js';
import { reportJson, reportText } from './report.js';
import type { World } from './session.js';

export interface ReplayCommandOptions {
  /** `text` for people, `json`: one object a line and log */
  readonly format?: 'text' | 'json';
  /** only the exit code and unreadable logs */
  readonly quiet?: boolean;
  /** how many divergences of a log are shown in full; default 5 */
  readonly show?: number;
  /** `name=value` of /proc/sys/net, as `tcp_rmem=4096 131072 6291456` */
  readonly sysctl?: readonly string[];
  /** soft and hard limit of descriptors of first processes, `1024:16384` */
  readonly nofile?: string;
}

/** What the command needs of its surroundings. */
export interface CommandHost {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** a line that the next one overwrites, on a terminal; null: nobody watches */
  readonly status: ((text: string) => void) | null;
  readonly nowMs: () => number;
}

export const EXIT_AGREE = 0;
export const EXIT_DIFFER = 1;
export const EXIT_UNREADABLE = 2;

/** Progress is told of what takes longer than this. */
const PATIENCE_MS = 1000;

function worldOf(path: string, options: ReplayCommandOptions): World {
  const beside = worldBeside(path);
  const [soft, hard] = (options.nofile ?? '').split(':').map(Number);
  return {
    ...beside,
    sysctl: { ...beside.sysctl, ...sysctlsOf(options.sysctl ?? []) },
    ...(options.nofile === undefined ? {} : { nofile: { soft: soft!, hard: hard ?? soft! } }),
  };
}

/** Runs the command; returns its exit code: 0 all agree, 1 some differ, 2 some cannot be read. */
export function replayCommand(logs: readonly string[], options: ReplayCommandOptions, host: CommandHost): number {
  let code = EXIT_AGREE;
  for (const log of logs) {
    const began = host.nowMs();
    let shown = false;
    const progress = host.status === null ? undefined : (lines: number): void => {
      if (host.nowMs() - began < PATIENCE_MS) return;
      shown = true;
      host.status!(`${log}: line ${lines}`);
    };
    let result;
    try {
      result = replayLog(log, { world: worldOf(log, options), ...(progress === undefined ? {} : { progress }) });
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
      host.err(`${log}: ${error.message}\n`);
      code = EXIT_UNREADABLE;
      continue;
    }
    if (shown) host.status!('');
    const { report, error } = result;
    if (options.quiet !== true) host.out(options.format === 'json' ? `${reportJson(report)}\n` : reportText(report, options.show));
    if (error !== null) host.err(`${error.message}\n`);
    if (error !== null) code = EXIT_UNREADABLE;
    else if (report.divergences.length > 0 && code === EXIT_AGREE) code = EXIT_DIFFER;
  }
  return code;
}
