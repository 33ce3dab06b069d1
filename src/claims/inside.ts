/**
 * Looking inside the kernel: the calls of a story with the functions that the kernel ran in them and what stood in its lists afterwards. Claims about
 * the inside have their evidence here, each at a row of the trace.
 */

import { type MachineView, readTrace, type TraceEntry, type TraceKind } from '../inspect/index.js';
import { type CallEvent, callText, type Machine, type Observer } from '../scenario/index.js';
import type { Evidence } from './claim.js';

/** A call of the story, from the row of its beginning to the row after its end. */
export class CallSeen {
  readonly event: CallEvent;
  readonly from: number;
  readonly machine: Machine;
  to = 0;
  /** lines of the log when it ended */
  line = 0;
  /** everything inside, at its end */
  view: MachineView | null = null;

  constructor(event: CallEvent, machine: Machine, from = machine.kernel.trace!.count) {
    this.event = event;
    this.machine = machine;
    this.from = from;
  }

  /** The same call, with all that happened after it. */
  untilEnd(): CallSeen {
    const longer = new CallSeen(this.event, this.machine, this.from);
    longer.to = this.machine.kernel.trace!.count;
    longer.line = this.line;
    return longer;
  }

  /** What the kernel did during the call, for its task or others. */
  get entries(): readonly TraceEntry[] {
    return readTrace(this.machine.kernel.trace!, this.from, this.to);
  }

  /** The row at which the last of these functions is entered, if all are entered in this order, others in between; null: they are not. */
  enters(...functions: readonly string[]): number | null {
    let at = 0;
    let step: number | null = null;
    for (const entry of this.entries) {
      if (at === functions.length || entry.kind !== 'enter' || entry.name !== functions[at]) continue;
      ({ step } = entry);
      at++;
    }
    return at === functions.length ? step : null;
  }

  /** The row of a list move, a queue's, a switch; null: there is none. @param name `add`, `del` ... @param after only from this row on */
  does(kind: TraceKind, name: string, after = 0): number | null {
    return this.entries.find((entry) => entry.kind === kind && entry.name === name && entry.step >= after)?.step ?? null;
  }

  /** The row at which the call ended, if what was inside then is as asked; null: it is not. */
  shows(is: (view: MachineView) => boolean): number | null {
    return this.view !== null && is(this.view) ? this.to - 1 : null;
  }
}

/** Watches the calls of a machine that keeps a trace. */
export class CallWatch implements Observer {
  readonly calls: CallSeen[] = [];
  private readonly machine: Machine;
  private readonly open = new Map<CallEvent, CallSeen>();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  called(event: CallEvent): void {
    const seen = this.open.get(event);
    if (seen === undefined) {
      const begun = new CallSeen(event, this.machine);
      this.calls.push(begun);
      this.open.set(event, begun);
      return;
    }
    seen.to = this.machine.kernel.trace!.count;
    seen.line = this.machine.log.count;
    seen.view = this.machine.view();
  }
}

/** What a claim about the inside is given after its story has run: the calls, and the marks for evidence. */
export class Inside {
  readonly evidence: Evidence[] = [];
  readonly failures: string[] = [];
  private readonly watch: CallWatch;

  constructor(watch: CallWatch) {
    this.watch = watch;
  }

  /** The calls of a name, in the order in which they began. */
  calls(name: string): readonly CallSeen[] {
    return this.watch.calls.filter(({ event }) => event.row.name === name);
  }

  /** What happened from the first call of a name on, until the end: work that goes on after the call has returned is in it. */
  since(name: string): CallSeen | undefined {
    const first = this.calls(name)[0];
    return first === undefined ? undefined : first.untilEnd();
  }

  /** Evidence that Linux does what is claimed. @param step what a look at `call` found: a row of the trace, or null @param text in words: what is seen */
  asClaimed(call: CallSeen | undefined, step: number | null | undefined, text: string): void {
    this.mark(true, call, step, text);
  }

  /** Evidence that Linux does not, or not here. */
  unlikeClaim(call: CallSeen | undefined, step: number | null | undefined, text: string): void {
    this.mark(false, call, step, text);
  }

  private mark(like: boolean, call: CallSeen | undefined, step: number | null | undefined, text: string): void {
    if (call === undefined || step === null || step === undefined) this.failures.push(`inside the kernel, this was not seen: ${text}`);
    else this.evidence.push({ like, text, call: callText(call.event), line: call.line, step });
  }
}
