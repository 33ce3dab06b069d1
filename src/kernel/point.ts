/**
 * Points: the places where a task may lose the CPU, and the type of everything that may sleep.
 * "What may sleep is function*; what runs in atomic context is a plain function": a generator of the model
 * yields a point when somebody else may run there, and AT_SCHEDULE when it gives up the CPU itself.
 */

/** A named place inside a kernel function where another task may run. Compared by identity. */
export interface Point {
  readonly fn: string;
  readonly where: string;
}

/** What a kernel function that may sleep is: a generator that yields points and ends with `T`. */
export type Sleeps<T> = Generator<Point, T, void>;

/** The answer of an operation that only some files need to sleep for: the value at once, or a generator to run. */
export type Might<T> = T | Sleeps<T>;

/** Declares a point. ours: Linux is preempted anywhere, the model only at places that have a name. */
export function point(fn: string, where: string): Point {
  return Object.freeze({ fn, where });
}

/** The task gives up the CPU: it sleeps if its state says so, else it only yields. kernel/sched/core.c:schedule */
export const AT_SCHEDULE: Point = point('schedule', 'schedule');
