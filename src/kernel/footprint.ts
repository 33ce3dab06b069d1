/**
 * Which objects a move of the machine reads and writes: what a search needs to know that two moves of different tasks
 * can be swapped. Kernel functions tell it through `k.footprint`, which is null unless somebody searches. What has no
 * rule of its own counts as touching everything, so that a missing rule costs time and never a schedule.
 * ours: docs/decisions/0009-footprints.md.
 */

import type { file } from './file.js';
import type { files_struct } from './fdtable.js';
import type { task_struct } from './task.js';
import type { World } from './world.js';

/** All files of kinds without a rule of their own are taken for one object. */
export const OBJECT_OTHER = -1;
/** All unix sockets, and all sockets of the internet family with what is on the wire. */
export const OBJECT_UNIX = -2;
export const OBJECT_INET = -3;

/** Is told what a move touches, while it moves. */
export interface Footprint {
  /** nobody can run: the clock jumps to the next timer. What came before cannot change places with what comes after */
  idle(): void;
  /** the move is made by this task */
  moves(task: task_struct): void;
  /** and this is where it ends. @param sleeps it gave up the CPU; @param yields others go first, if there are any */
  ended(task: task_struct, sleeps: boolean, yields: boolean): void;
  /** a system call begins. @param nr its number */
  call(nr: number): void;
  /** the task that moves ends */
  exits(task: task_struct): void;
  /** the task that moves has made another one */
  starts(child: task_struct, from: task_struct): void;
  /** a signal is sent to a task or to its process */
  signals(task: task_struct): void;
  /** the call that runs has only looked up its descriptors so far, and stops at a point now */
  looked(): void;
  /** the call that runs works on this file until it ends */
  uses(file: file): void;
  /** the call that runs works on this object until it ends */
  usesObject(id: number): void;
  /** looks at what is behind a file */
  reads(file: file): void;
  /** changes an object */
  writes(id: number): void;
  /** looks at or changes a slot of a table; fd -1: which numbers are free */
  slot(files: files_struct, fd: number, changes: boolean): void;
  /** tries to wake a task, or sends it a signal. @param changed it was asleep */
  wakes(task: task_struct, changed: boolean): void;
  /** touches whatever there is */
  everything(): void;
}

/** The object that all files on the same thing have in common. ours: see the head of the file */
export function object_of(file: file): number {
  return file.f_op.object === undefined ? OBJECT_OTHER : file.f_op.object(file);
}

/** From now on `footprint` is told what the moves of all hosts touch. ours: see the head of the file */
export function follow_footprints(world: World, footprint: Footprint): void {
  world.footprint = footprint;
  for (const k of world.hosts) k.footprint = footprint;
}
