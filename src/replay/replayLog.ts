/**
 * Replays a log from a file: what `epollsim replay` does for each of its arguments.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type net_sysctls, read_sysctl } from '../socket/net.js';
import type { LogEvent } from './call.js';
import { StraceError } from './error.js';
import { readLogFile } from './file.js';
import type { LogReport } from './report.js';
import { searchReplay, type SearchOptions } from './search.js';
import type { World } from './session.js';

export type ReplayOptions = SearchOptions;

/** A log and what became of it. `error` tells where reading stopped; the report is then about the lines before. */
export interface ReplayResult {
  readonly report: LogReport;
  readonly error: StraceError | null;
}

/** The events of a log up to where it can be read; what stops the reading is told once. */
function* eventsOf(path: string, stop: (error: StraceError) => void): Generator<LogEvent, void, void> {
  try {
    for (const event of readLogFile(path)) {
      if (event.type === 'torn') {
        stop(new StraceError(path, event.line, event.column, event.expected, 'the end of the log'));
        return;
      }
      yield event;
    }
  } catch (thrown) {
    if (!(thrown instanceof StraceError)) throw thrown;
    stop(thrown);
  }
}

/** Executes a log on the model and compares every result. */
export function replayLog(path: string, options: ReplayOptions = {}): ReplayResult {
  let error: StraceError | null = null;
  const stop = (stopped: StraceError): void => {
    error = stopped;
  };
  const report = searchReplay(path, eventsOf(path, stop), { stop, ...options, world: options.world ?? worldBeside(path) });
  return { report, error };
}

interface Manifest {
  readonly network?: { readonly sysctl?: readonly string[] };
  readonly start?: { readonly nofile?: string; readonly descriptors?: string };
  readonly logs?: readonly { readonly file: string; readonly bytes?: number; readonly loopback_mtu?: number }[];
}

/** A file manifest.json beside the log can say in what world it was made. */
export function worldBeside(path: string): World {
  const beside = join(dirname(path), 'manifest.json');
  if (!existsSync(beside)) return {};
  const manifest = JSON.parse(readFileSync(beside, 'utf8')) as Manifest;
  const entry = manifest.logs?.find(({ file, bytes }) => file === basename(path) && (bytes === undefined || bytes === statSync(path).size));
  if (entry === undefined) return {};
  const limits = /soft (\d+), hard (\d+)/.exec(manifest.start?.nofile ?? '');
  return {
    ...(limits === null ? {} : { nofile: { soft: Number(limits[1]), hard: Number(limits[2]) } }),
    ...(entry.loopback_mtu === undefined ? {} : { loopbackMtu: entry.loopback_mtu }),
    ...(/\/dev\/null/.test(manifest.start?.descriptors ?? '') ? { streams: 'null' as const } : {}),
    sysctl: sysctlsOf(manifest.network?.sysctl ?? []),
  };
}

/** `net.ipv4.tcp_rmem=4096 131072 6291456` as a field of the namespace; names that the model does not have are left out. */
export function sysctlsOf(settings: readonly string[]): Partial<net_sysctls> {
  const result: Record<string, unknown> = {};
  for (const setting of settings) {
    const read = read_sysctl(setting);
    if (typeof read !== 'string') result[read.field] = read.value;
  }
  return result as Partial<net_sysctls>;
}
