/**
 * Logs in files, read in pieces: the only part of replay that needs Node. A log is plain ASCII, so pieces may end anywhere; a byte that is
 * not becomes the character of the same number, which the parser reports.
 */

import { closeSync, openSync, readSync } from 'node:fs';
import type { LogEvent } from './call.js';
import { findLongCalls } from './longCalls.js';
import { type ReaderOptions, readEvents } from './reader.js';

const PIECE_BYTES = 1 << 16;

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

/** The events of a log in a file. The file is read twice, so that every call has its arguments when it is entered. */
export function* readLogFile(path: string, options: ReaderOptions = {}): Generator<LogEvent, void, void> {
  const longCalls = options.longCalls ?? findLongCalls(piecesOfFile(path), options.window);
  yield* readEvents(piecesOfFile(path), { file: path, ...options, longCalls });
}
