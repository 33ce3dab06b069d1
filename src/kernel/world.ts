/**
 * What the hosts of one machine share: the clock, the run queue, the numbers of processes and objects, the counts of work. Each
 * host has a Kernel of its own; a Kernel that is made alone has a world of its own. Linux has no counterpart: this is the room in
 * which several computers stand, seen by somebody who lets one of them move at a time.
 */

import { Clock } from './clock.js';
import type { Footprint } from './footprint.js';
import type { Kernel } from './kernel.js';
import type { task_struct } from './task.js';

/** Counts of work done, for cost curves; plain numbers that only grow. */
export class kernel_stats {
  syscalls = 0;
  resumes = 0;
  switches = 0;
  wakeups = 0;
  ep_callbacks = 0;
  polls = 0;
  segments = 0;
}

/** The room that the hosts of a machine share. */
export class World {
  readonly clock = new Clock();
  /** runnable tasks of all hosts other than the current one, oldest first: one task moves at a time */
  readonly runqueue: task_struct[] = [];
  /** the points that stop a task in mode `listed` */
  readonly listed = new Set<string>();
  readonly stats = new kernel_stats();
  /** every host, in the order in which they were made */
  readonly hosts: Kernel[] = [];
  /** the host whose task has the CPU, or had it last; null before there is a host */
  active: Kernel | null = null;
  /** in mode `listed`, stops at this number of resumes too, whatever the point; -1 none. For recordings */
  stop_at_resume = -1;
  /** is told what moves of all hosts touch; null: nobody searches. Set by follow_footprints() */
  footprint: Footprint | null = null;
  last_id = 0;
  last_pid = 0;
}
