/**
 * What goes wrong outside the kernel: a program that throws, a scenario that is not one, a recording that cannot be
 * read. Each message says what was expected. Wrong calls of a program are no exceptions: they get an errno.
 */

/** A program threw, or a call that must succeed did not. `task` says who, `line` which line of the log came before. */
export class ProgramError extends Error {
  override readonly name: string = 'ProgramError';
  /** `server(1)` */
  readonly task: string;
  /** number of the last line of the log; 0: none */
  readonly line: number;

  constructor(message: string, task: string, line: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.task = task;
    this.line = line;
  }
}

/** The scenario API was used in a way that cannot work, or a scenario does not have the shape of one. */
export class ScenarioError extends Error {
  override readonly name: string = 'ScenarioError';
}

/** A string that is not a recording, or not one of this scenario. */
export class RecordingError extends Error {
  override readonly name: string = 'RecordingError';
}
