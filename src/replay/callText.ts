/**
 * Calls and results as text for reports. Linux's side is printed from the log, the model's from its own answer.
 */

import type { Call, Result } from './call.js';
import { printValue } from './print.js';
import { resultText } from '../syscalls/print.js';

const LONGEST = 240;

export function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

/** `epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 50)`. */
export function callText(call: Call): string {
  return cut(`${call.name}(${call.args.map(printValue).join(', ')})`);
}

/** What stands behind the `=`, in short. */
export function linuxText(result: Result): string {
  if (result.kind === 'value') return `= ${result.value}`;
  if (result.kind === 'none') return '= ?';
  return `= ${result.kind === 'error' ? '-1' : '?'} ${result.errno}`;
}

/** The model's result in the same words. */
export function modelText(ret: number): string {
  return `= ${resultText(ret).replace(/ \(.*/, '')}`;
}
