/**
 * Which task made a move: the one that has the CPU afterwards may be another, or nobody.
 */

import type { Footprint } from '../kernel/footprint.js';
import type { task_struct } from '../kernel/task.js';

/** Remembers who moved last, and nothing of what was touched. */
export class Mover implements Footprint {
  last: task_struct | null = null;

  moves(task: task_struct): void {
    this.last = task;
  }

  /** Nobody has moved yet. */
  forget(): void {
    this.last = null;
  }

  idle(): void {}
  ended(): void {}
  exits(): void {}
  starts(): void {}
  signals(): void {}
  looked(): void {}
  call(): void {}
  uses(): void {}
  usesObject(): void {}
  reads(): void {}
  writes(): void {}
  slot(): void {}
  wakes(): void {}
  everything(): void {}
}
