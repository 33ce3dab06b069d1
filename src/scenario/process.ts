/**
 * A process as somebody outside sees it: its number, its name, and how it ended. What happens inside it is in the
 * log and in the view of its machine.
 */

import type { task_struct } from '../kernel/task.js';

/** A process of a machine. */
export class Process {
  readonly pid: number;
  readonly name: string;
  private readonly task: task_struct;

  constructor(task: task_struct) {
    this.pid = task.pid;
    this.name = task.comm;
    this.task = task;
  }

  /** True when its first thread has ended. */
  get ended(): boolean {
    return this.task.exited;
  }

  /** The exit status, 0 .. 255; null: it runs, or a signal killed it. */
  get status(): number | null {
    return this.task.exited && (this.task.exit_code & 0x7f) === 0 ? (this.task.exit_code >> 8) & 0xff : null;
  }

  /** The signal that killed it; null: none. */
  get signal(): number | null {
    return this.task.exited && (this.task.exit_code & 0x7f) !== 0 ? this.task.exit_code & 0x7f : null;
  }
}
