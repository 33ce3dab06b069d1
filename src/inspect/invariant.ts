/**
 * What an invariant is, and when the machine is at rest: while a task is in the middle of a call it may hold a
 * reference that nothing shows, so some counts can only be compared when nobody is.
 */

import type { Kernel } from '../kernel/kernel.js';
import { PF_EXITING, TASK_UNINTERRUPTIBLE, type task_struct } from '../kernel/task.js';
import type { Reached } from './collect.js';

/** Says that an invariant is broken unless `holds`. */
export type Check = (holds: boolean, what: string) => void;

/** One thing that must hold. */
export interface Invariant {
  readonly name: string;
  readonly check: (k: Kernel, found: Reached, check: Check) => void;
}

/** A task makes a system call, or ends (a program that returns ends without a call): it may hold what nothing else refers to. */
export function inCall(task: task_struct): boolean {
  return task.syscall_nr >= 0 || (task.flags & PF_EXITING) !== 0;
}

/** Nobody is in the middle of a call, except asleep in the places where a call holds nothing for a moment only. */
export function atRest(k: Kernel): boolean {
  if (k.current !== k.idle && inCall(k.current)) return false;
  for (const task of k.tasks.values()) {
    if (inCall(task) && (task.on_rq || (task.__state & TASK_UNINTERRUPTIBLE) !== 0)) return false;
  }
  return true;
}
