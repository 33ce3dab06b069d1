/**
 * A process number as an object of its own: it outlives the task, so that a pidfd never comes to mean another
 * process. Linux counterpart: kernel/pid.c. Namespaces are not modelled.
 */

import type { task_struct } from './task.js';
import { wait_queue_head } from './wait.js';

/** include/linux/pid.h:pid */
export class pid_struct {
  readonly nr: number;
  /** the task with this number; null once it is reaped */
  task: task_struct | null = null;
  /** who polls pidfds of this process */
  readonly wait_pidfd: wait_queue_head;

  constructor(nr: number) {
    this.nr = nr;
    this.wait_pidfd = new wait_queue_head(nr, 'wait_pidfd');
  }
}
