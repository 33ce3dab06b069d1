/**
 * Branches of a session: runs of the same programs that part at a decision. They form a tree, and none is lost when another is made.
 */

import { type Change, changes } from '../inspect/diff.js';
import { Evidence } from '../inspect/evidence.js';
import { Nesting } from '../inspect/nesting.js';
import type { Run } from './run.js';
import type { TraceIndex } from './traceIndex.js';

/** Which decision was made otherwise. */
export interface Fork {
  readonly decision: number;
  readonly alternative: number;
}

/** One run of a session. */
export class Branch {
  readonly id: number;
  /** the branch that it was made from; null: the first one */
  readonly parent: Branch | null;
  /** the step at which it parts from its parent */
  readonly step: number;
  /** null: the first branch */
  readonly fork: Fork | null;
  readonly run: Run;
  private nested: Nesting | null = null;
  private asked: Evidence | null = null;

  constructor(id: number, parent: Branch | null, step: number, run: Run, fork: Fork | null = null) {
    this.id = id;
    this.parent = parent;
    this.step = step;
    this.run = run;
    this.fork = fork;
  }

  get count(): number {
    return this.run.count;
  }

  get found(): TraceIndex {
    return this.run.found;
  }

  /** How the rows of the run nest, made when it is first asked for. */
  get nesting(): Nesting {
    this.nested ??= new Nesting(this.run.trace, this.run.count);
    return this.nested;
  }

  /** What questions of why are asked of. */
  get evidence(): Evidence {
    this.asked ??= new Evidence(this.nesting, (step) => this.run.history.view(step));
    return this.asked;
  }
}

/** What is different between two branches. */
export interface BranchDifference {
  /** the first step at which their rows differ; the length of the shorter one when it is a beginning of the other */
  readonly parts: number;
  /** from the end of the first one to the end of the second */
  readonly ends: readonly Change[];
  /** lines of the two logs from the first that differs, without process ids that moved */
  readonly lines: readonly [readonly string[], readonly string[]];
}

function sameRow(a: Run, b: Run, step: number): boolean {
  const [x, y] = [a.trace.row(step), b.trace.row(step)];
  return x.every((value, at) => value === y[at]);
}

/** Lines of both logs that are told when branches are compared. */
const LINES = 20;

/** Compares two branches. */
export function differOf(one: Branch, other: Branch): BranchDifference {
  const shorter = Math.min(one.count, other.count);
  let parts = 0;
  while (parts < shorter && sameRow(one.run, other.run, parts)) parts++;
  const [a, b] = [one.run.lines.all, other.run.lines.all];
  let line = 0;
  while (line < a.length && line < b.length && a[line]!.text === b[line]!.text && a[line]!.pid === b[line]!.pid) line++;
  const rest = (lines: typeof a): string[] => lines.slice(line, line + LINES).map(({ comm, pid, text }) => `${comm}(${pid}) ${text.replace(/ {2,}= /, ' = ')}`);
  return { parts, ends: changes(one.run.history.view(one.count - 1), other.run.history.view(other.count - 1)), lines: [rest(a), rest(b)] };
}
