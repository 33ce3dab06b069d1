/**
 * Expectations: what a program found is compared with what it should have found, and a difference is told with the
 * system call that it came from. A failed expectation does not stop the run; the run collects them.
 */

import { flagText } from '../syscalls/print.js';
import { EPOLL_EVENT_NAMES } from '../syscalls/rows_epoll.js';
import { textOf } from './bytes.js';
import { BytesResult } from './fileCalls.js';
import { retText, secondsText } from './strace.js';

/** An expectation that did not hold. */
export interface Failure {
  /** who expected: `server(1)`, or `machine` for what is expected from outside */
  readonly task: string;
  /** what the expectation says, in the words of the program */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  /** the last call of the task, as strace prints it; null when it made none */
  readonly call: string | null;
  /** number of the last line of the log at that moment */
  readonly line: number;
  readonly timeNs: number;
  /** the JavaScript stack of the expectation, for the file and the line */
  readonly stack: string;
}

/** Where expectations are noted. */
export interface Verdicts {
  /** expectations that did not hold, so far */
  readonly failures: Failure[];
  /** expectations that were looked at, so far */
  expectations: number;
}

/** An event as it is expected: with `data` left out, any data will do. */
export interface ExpectedEvent {
  readonly events: number;
  readonly data?: number;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isEvent(value: unknown): value is ExpectedEvent {
  return isObject(value) && typeof value['events'] === 'number' && Object.keys(value).every((key) => key === 'events' || key === 'data');
}

/** What of an answer is compared, by the kind of what is expected. */
function aspect(actual: unknown, expected: unknown): unknown {
  if (!isObject(actual)) return actual;
  if (typeof expected === 'string' && actual instanceof BytesResult) return actual.ret < 0 ? actual.ret : actual.text;
  if (typeof expected === 'string' && actual instanceof Uint8Array) return textOf(actual);
  if (typeof expected === 'number' && typeof actual['ret'] === 'number') return actual['ret'];
  if (Array.isArray(expected) && Array.isArray(actual['events'])) return (actual['ret'] as number) < 0 ? actual['ret'] : actual['events'];
  if (Array.isArray(expected) && Array.isArray(actual['revents'])) return (actual['ret'] as number) < 0 ? actual['ret'] : actual['revents'];
  return actual;
}

function sameEvent(actual: ExpectedEvent, expected: ExpectedEvent): boolean {
  return actual.events >>> 0 === expected.events >>> 0 && (expected.data === undefined || actual.data === expected.data);
}

function equal(actual: unknown, expected: unknown): boolean {
  if (Object.is(actual, expected)) return true;
  if (!isObject(actual) || !isObject(expected)) return false;
  if (isEvent(expected) && isEvent(actual)) return sameEvent(actual, expected);
  if (Array.isArray(actual) !== Array.isArray(expected)) return false;
  const keys = Object.keys(expected);
  if (Object.keys(actual).length !== keys.length) return false;
  return keys.every((key) => key in actual && equal(actual[key], expected[key]));
}

/** True when an answer is what is expected. */
export function holds(actual: unknown, expected: unknown): boolean {
  if (typeof expected === 'function') return (expected as (actual: unknown) => unknown)(actual) === true;
  return equal(aspect(actual, expected), expected);
}

/** A value as it stands in the text of a failure. */
export function show(value: unknown): string {
  if (typeof value === 'number') return retText(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `something for which ${String(value)}`;
  if (value instanceof Uint8Array) return JSON.stringify(textOf(value));
  if (value instanceof BytesResult) return value.ret < 0 ? retText(value.ret) : JSON.stringify(value.text);
  if (isEvent(value)) return `{${flagText(value.events | 0, EPOLL_EVENT_NAMES)}${value.data === undefined ? '' : ` data=${value.data}`}}`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([key, member]) => `${key}: ${show(member)}`).join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** What was found, in the terms of what was expected. */
export function showActual(actual: unknown, expected: unknown): string {
  return show(typeof expected === 'function' ? actual : aspect(actual, expected));
}

/** A failure in a few lines. */
export function failureText(failure: Failure): string {
  const { task, what, expected, actual, call, line, timeNs } = failure;
  const lines = [`${task}: ${what === '' ? 'an expectation does not hold' : what}`];
  if (call !== null) lines.push(`  call      ${call}`);
  lines.push(`  expected  ${expected}`, `  but got   ${actual}`, `  at        line ${line} of the log, ${secondsText(timeNs)} s`);
  return lines.join('\n');
}
