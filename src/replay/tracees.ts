/**
 * The threads of a log that strace -f wrote without -o: it names the thread of a line, `[pid 27593]`, only while there are several. A line
 * without a name is of the one thread that is there. The first thread is not named before it has a child.
 */

import type { LineKind } from './parseLine.js';

/** What strace says in between, to the end of its line. */
export const MESSAGE = /strace: .*$/;
const ATTACHED = /^strace: Process (\d+) attached/;
const DETACHED = /^strace: Process (\d+) detached/;
const NAMED = /^\[pid +(\d+)\]/;
const MADE = /\b(?:clone|clone3|fork|vfork)(?:\(| resumed>).* = (\d+)$/;

/** Which threads there are. */
export class Tracees {
  readonly #live: Set<number>;
  readonly #attached = new Set<number>();
  /** the first thread, as the events name it */
  readonly #main: number;
  /** the number under which the log names the first thread; 0 as long as it has not */
  #mainName: number;

  constructor(main: number) {
    this.#main = main;
    this.#mainName = main;
    this.#live = new Set([main]);
  }

  /** The thread of a line that names none. */
  get only(): number {
    if (this.#live.size !== 1) return this.#main;
    for (const pid of this.#live) return pid;
    return this.#main;
  }

  /** A message of strace. */
  message(text: string): void {
    const attached = ATTACHED.exec(text)?.[1];
    if (attached !== undefined) {
      this.#attached.add(Number(attached));
      this.#live.add(Number(attached));
    }
    const detached = DETACHED.exec(text)?.[1];
    if (detached !== undefined) this.#live.delete(Number(detached));
  }

  /** A line of thread `pid`. @returns the thread as the events name it */
  seen(pid: number, kind: LineKind): number {
    let name = pid;
    if (pid !== this.#main && this.#mainName === 0 && !this.#attached.has(pid)) this.#mainName = pid;
    if (pid === this.#mainName) name = this.#main;
    if (kind === 'end') this.#live.delete(name);
    else if (!this.#live.has(name)) this.#live.add(name);
    return name;
  }
}

/** The number of the first thread of such a log: the first that is named and that no other thread has made. 0: never named, or a log of another form. */
export function findMainThread(lines: Iterable<string>): number {
  const made = new Set<number>();
  let isForked = false;
  for (const line of lines) {
    const message = MESSAGE.exec(line)?.[0];
    const attached = message === undefined ? undefined : ATTACHED.exec(message)?.[1];
    if (attached !== undefined) made.add(Number(attached));
    const child = MADE.exec(line)?.[1];
    if (child !== undefined) made.add(Number(child));
    const name = NAMED.exec(line)?.[1];
    isForked ||= made.size > 0;
    if (name !== undefined && isForked && !made.has(Number(name))) return Number(name);
  }
  return 0;
}
