/**
 * Programs that once showed a difference, kept with the answers of the real kernel. They have the form of the recordings of kernel calls,
 * without the functions entered.
 */

import type { Call } from '#dist/calls/record.js';

/** The lines of a regression file. */
export function regressionLines(title: string, kernel: string, script: readonly string[], calls: readonly Call[]): string[] {
  const rows = calls.map((call) => ({ ...call, log: undefined }));
  return [{ scenario: title, kernel, script: [`# ${title}`, ...script] }, ...rows].map((row) => JSON.stringify(row));
}
