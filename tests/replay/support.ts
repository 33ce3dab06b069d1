/** What the tests of the strace reader share: single values, single lines, whole texts. */

import { type LogEvent, StraceError, type Value, parseLine, readEvents } from '../../src/replay/index.js';
import type { Call, ReaderOptions, Result } from '../../src/replay/index.js';

/** The call of a line without thread id and time. */
export function callOf(text: string): Call {
  const record = parseLine(text, 1);
  if (record.type !== 'whole') throw new Error(`a ${record.type} line`);
  return record.call;
}

/** The arguments of a call. */
export function valuesOf(args: string): Value[] {
  return callOf(`call(${args}) = 0`).args;
}

/** The only argument of a call. */
export function valueOf(text: string): Value {
  const values = valuesOf(text);
  if (values.length !== 1) throw new Error(`${values.length} values`);
  return values[0]!;
}

export function resultOf(text: string): Result {
  return callOf(`call() = ${text}`).result!;
}

/** All events of a text. */
export function eventsOf(text: string, options: ReaderOptions = {}): LogEvent[] {
  return [...readEvents([text], options)];
}

/** The error that `run` throws. */
export function errorOf(run: () => unknown): StraceError {
  try {
    run();
  } catch (error) {
    if (error instanceof StraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Events as short words: `enter read@1`, `exit read@3`. */
export function short(events: Iterable<LogEvent>): string[] {
  const out: string[] = [];
  for (const event of events) {
    if (event.type === 'enter' || event.type === 'exit') out.push(`${event.type} ${event.call.name}@${event.line}`);
    else out.push(`${event.type}@${event.line}`);
  }
  return out;
}
