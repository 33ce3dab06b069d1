/**
 * The recordings: scenarios of system calls as they ran on a real Linux 6.1, and for each call its result and the
 * kernel functions that were entered while it ran. Every file in data/ is one scenario: a first line about the
 * recording, then one line a call.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recording } from '../../../src/calls/record.js';
import { parseRecording } from '../../../src/calls/script.js';

export const DATA = join(__dirname, 'data');

/** Names of all recorded scenarios. */
export const scenarios: readonly string[] = readdirSync(DATA).filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6)).sort();

/** One recording by name. */
export function recording(scenario: string): Recording {
  return parseRecording(readFileSync(join(DATA, `${scenario}.jsonl`), 'utf8'), `${scenario}.jsonl`);
}
