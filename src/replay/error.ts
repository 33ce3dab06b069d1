/**
 * What is thrown when a log cannot be read: where, what was expected there, and what stands there instead.
 * A cut last line is no error; the reader reports it as an event of its own.
 */

/** A line of a log that does not follow strace's format. `line` and `column` count from 1. */
export class StraceError extends Error {
  override readonly name = 'StraceError';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(file: string, line: number, column: number, expected: string, found: string) {
    super(`${file}:${line}:${column}: expected ${expected}, found ${found}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.found = found;
  }
}

/** A value that was read well but does not mean what a call needs: a pointer where a list of events should be. */
export class ValueError extends Error {
  override readonly name: string = 'ValueError';
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

/** A name for which no number is known: of a flag, an option, a command. */
export class NameError extends ValueError {
  override readonly name = 'NameError';

  constructor(found: string) {
    super('a name with a known number', `\`${found}\``);
  }
}
