/**
 * Logs of strace: reading them, and what their values mean. readLogFile gives the events of a file, readEvents those of a text in pieces, parseLine
 * reads a single line.
 */

export * from './call.js';
export * from './decode.js';
export * from './decodeNet.js';
export * from './decodePoll.js';
export * from './decoration.js';
export * from './error.js';
export * from './file.js';
export * from './format.js';
export * from './longCalls.js';
export * from './print.js';
export * from './reader.js';
export { type LineRecord, type ResumedRecord, type UnfinishedRecord, type WholeRecord, parseLine } from './record.js';
export * from './value.js';
