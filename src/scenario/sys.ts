/**
 * The face that a program sees: all system calls, and beside them what a test needs: expectations, calls that must not fail, special
 * memory, the virtual time. One face serves all programs of a host; a call is always made for the program that has the CPU.
 */

import { page_present } from '../kernel/uaccess.js';
import { memoryOnAbsentPage, type Memory } from './bytes.js';
import { taskName, type CallResult, type FdPair } from './callBase.js';
import { ProgramError, ScenarioError } from './errors.js';
import { holds, show, showActual, type Verdicts } from './expect.js';
import { ProcessCalls, type ProgramHost } from './processCalls.js';
import { callText } from './strace.js';
import type { Sleeps } from '../kernel/point.js';

/** What a program is: a generator function that gets the face of the machine and ends with its exit status (nothing: 0). */
export type Program = (sys: Sys) => Sleeps<number | void>;

/** What a Sys needs of its machine. */
export interface SysHost extends ProgramHost<Sys> {
  readonly verdicts: Verdicts;
  body(program: Program): () => Sleeps<number | void>;
}

function resultOf(answer: number | CallResult | FdPair): number {
  if (typeof answer === 'number') return answer;
  return 'ret' in answer ? answer.ret : answer[0];
}

export class Sys extends ProcessCalls {
  private readonly machine: SysHost;

  constructor(host: SysHost) {
    super(host as unknown as ProgramHost<never>);
    this.machine = host;
  }

  /** Virtual time, nanoseconds since the machine started. Asking takes no system call. */
  get nowNs(): number {
    return this.machine.kernel.clock.nowNs;
  }

  /** The calling thread's id. A program keeps it in memory of the thread, so asking takes no system call. */
  get tid(): number {
    return this.machine.kernel.current.pid;
  }

  /**
   * Notes a failure unless `actual` is what is expected. The run goes on.
   * @param actual an answer of a call, or any value
   * @param expected a number for the result of a call (`-EAGAIN`), text for what was read, a list of `{ events, data }` for the
   *   events of epoll_wait() (without `data`: any), a list of masks for poll(), a function that must answer true, or any value to
   *   be equal to
   * @param what what is expected, in words; it heads the message
   * @returns whether it holds
   */
  expect(actual: unknown, expected: unknown, what = ''): boolean {
    const { kernel, log, verdicts } = this.machine;
    verdicts.expectations++;
    const held = holds(actual, expected);
    const last = log.last.get(kernel.current.pid);
    this.machine.observers?.expected(what, held, last ?? null);
    if (held) return true;
    verdicts.failures.push({
      task: taskName(kernel), what, expected: show(expected), actual: showActual(actual, expected), call: last === undefined ? null : callText(last),
      line: log.count, timeNs: kernel.clock.nowNs, stack: new Error().stack ?? '',
    });
    return false;
  }

  /**
   * Gives an answer back if the call did not fail, else throws a ProgramError with the call as strace prints it:
   * `const ep = sys.must(yield* sys.epoll_create1(0))`.
   * @param allowed errors that are fine: `-EINPROGRESS`
   */
  must<T extends number | CallResult | FdPair>(answer: T, ...allowed: readonly number[]): T {
    const ret = resultOf(answer);
    if (ret >= 0 || allowed.includes(ret)) return answer;
    const { kernel, log } = this.machine;
    const last = log.last.get(kernel.current.pid);
    const call = last === undefined || last.ret !== ret ? show(ret) : callText(last);
    throw new ProgramError(`${taskName(kernel)}: a call failed that must not: ${call}`, taskName(kernel), log.count);
  }

  /**
   * Memory whose bytes from `from` on are on a page that is not there yet. A call that copies to them sleeps in the middle of
   * whatever it is doing until somebody calls `sys.pageIn(memory)`; userfaultfd(2) does this to a real kernel.
   * @param size bytes
   * @param from offset of the first byte that is absent
   */
  absentMemory(size: number, from = 0): Memory {
    return memoryOnAbsentPage(this.machine.kernel.new_id(), size, from);
  }

  /** Brings the page of an absentMemory() in; who waits for it goes on. */
  pageIn(memory: Memory): void {
    if (memory.absent === null) throw new ScenarioError('pageIn() is for memory made with absentMemory()');
    page_present(this.machine.kernel, memory.absent);
  }
}
