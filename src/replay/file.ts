/**
 * Logs in files, read in pieces: the only part of replay that needs Node. A log is plain ASCII, so pieces may end anywhere; a byte that is
 * not becomes the character of the same number, which the parser reports.
 */

import { closeSync, openSync, readSync } from 'node:fs';
import type { LogEvent } from './call.js';
import { detectFormat } from './format.js';
import { findLongCalls } from './longCalls.js';
import { type ReaderOptions, readEvents } from './reader.js';
import { findMainThread } from './tracees.js';

const PIECE_BYTES = 1 << 16;
/** So far a log without a column of threads is searched for the number of its first thread. */
const BEGINNING_BYTES = 1 << 20;

/** A file as pieces of text. */
export function* piecesOfFile(path: string, pieceBytes = PIECE_BYTES): Generator<string, void, void> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) yield buffer.toString('latin1', 0, length);
  } finally {
    closeSync(file);
  }
}

/** The first lines of a file. */
function beginningOf(path: string): string[] {
  for (const piece of piecesOfFile(path, BEGINNING_BYTES)) return piece.split('\n');
  return [];
}

function startsWithThread(path: string): boolean {
  return detectFormat(beginningOf(path)[0] ?? '').threads;
}

/** The events of a log in a file. The file is read twice, so that every call has its arguments when it is entered. */
export function* readLogFile(path: string, options: ReaderOptions = {}): Generator<LogEvent, void, void> {
  const hasColumn = options.format?.threads ?? startsWithThread(path);
  const longCalls = options.longCalls ?? (hasColumn ? findLongCalls(piecesOfFile(path), options.window) : new Map());
  const mainPid = options.mainPid ?? (hasColumn ? 0 : findMainThread(beginningOf(path)));
  yield* readEvents(piecesOfFile(path), { file: path, ...options, longCalls, mainPid });
}
