/**
 * One line as a record, for those who look at lines one by one. A reader of whole logs uses reader.ts, which knows which halves belong together.
 */

import { type At, Call, type EndEvent, type Result, type SignalEvent, type StopEvent, type SupersededEvent } from './call.js';
import { type LineFormat, detectFormat } from './format.js';
import { type LineKind, LineParser } from './parseLine.js';
import type { Value } from './value.js';

/** A call from its name to its result. */
export interface WholeRecord extends At {
  readonly type: 'whole';
  readonly call: Call;
}

/** A call as far as it had come when another thread was printed. */
export interface UnfinishedRecord extends At {
  readonly type: 'unfinished';
  readonly call: Call;
}

/** The other half: the arguments that had not been printed, and the result. */
export interface ResumedRecord extends At {
  readonly type: 'resumed';
  readonly name: string;
  readonly args: readonly Value[];
  readonly result: Result;
  readonly durationNs: number | null;
}

export type LineRecord = WholeRecord | UnfinishedRecord | ResumedRecord | SignalEvent | StopEvent | EndEvent | SupersededEvent;

/** Reads one line, without its line feed. Without a format, the line itself has to tell it. */
export function parseLine(text: string, line: number, format: LineFormat = detectFormat(text), file = 'log'): LineRecord {
  const parser = new LineParser();
  parser.file = file;
  parser.format = format;
  const kind = parser.parse(text, 0, text.length, line);
  switch (kind) {
    case 'whole':
    case 'unfinished': return { type: kind, line, pid: parser.pid, timeNs: parser.timeNs, call: callOf(parser, kind, line) };
    case 'resumed':
      return {
        type: kind, line, pid: parser.pid, timeNs: parser.timeNs,
        name: parser.name, args: parser.args, result: parser.result!, durationNs: parser.durationNs,
      };
    case 'signal':
    case 'stop':
    case 'end':
    case 'superseded': return otherEvent(parser, kind, line);
  }
}

/** The call of the line that was read last. */
export function callOf(parser: LineParser, kind: 'whole' | 'unfinished', line: number): Call {
  const call = new Call(parser.pid, parser.name, line, parser.timeNs, parser.args, parser.argsComplete);
  if (kind === 'whole') finishCall(call, parser, line);
  return call;
}

/** Enters into a call what its last line says. */
export function finishCall(call: Call, parser: LineParser, line: number): void {
  call.exitLine = line;
  call.result = parser.result;
  call.durationNs = parser.durationNs;
  call.args = parser.args;
  call.argsComplete = parser.argsComplete;
  call.settled = true;
  if (line !== call.entryLine) call.exitNs = parser.timeNs;
  else if (call.entryNs !== null && call.durationNs !== null) call.exitNs = call.entryNs + call.durationNs;
}

/** The event of a line that is not about a call. */
export function otherEvent(parser: LineParser, kind: Exclude<LineKind, 'whole' | 'unfinished' | 'resumed'>, line: number):
  SignalEvent | StopEvent | EndEvent | SupersededEvent {
  const { pid, timeNs, name } = parser;
  switch (kind) {
    case 'signal': return { type: kind, line, pid, timeNs, signal: name, info: parser.info! };
    case 'stop': return { type: kind, line, pid, timeNs, signal: name };
    case 'end': return { type: kind, line, pid, timeNs, status: parser.status, signal: name === '' ? null : name, coreDumped: parser.coreDumped };
    case 'superseded': return { type: kind, line, pid, timeNs, by: parser.status! };
  }
}
