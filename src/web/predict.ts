/**
 * Prediction: before a wait on epoll hands out its first event, a learner is asked which descriptors it will report, with which masks. The answer is
 * checked against the rows of the run.
 */

import type { Session } from '../debug/session.js';
import { epollMask } from '../inspect/names.js';
import { T_EVENT } from '../kernel/trace.js';

/** One question. */
export interface Gate {
  /** the first step that shows the answer */
  readonly step: number;
  readonly task: number;
  readonly call: string;
  /** what the call reports: item id -> descriptor and bits */
  readonly events: ReadonlyMap<number, { readonly fd: number; readonly bits: readonly string[] }>;
}

const WAITS: ReadonlySet<string> = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2']);

/** The questions of a run in their order. */
export function gatesOf(session: Session): readonly Gate[] {
  const { trace, found } = session.run;
  const gates: Gate[] = [];
  for (const { name, task, from, to } of found.calls) {
    if (to === null || !WAITS.has(name)) continue;
    const events = new Map<number, { fd: number; bits: readonly string[] }>();
    let first = to;
    for (let step = from; step < to; step++) {
      if (trace.kind(step) !== T_EVENT || trace.task(step) !== task) continue;
      first = Math.min(first, step);
      const item = trace.what(step);
      events.set(item, { fd: session.viewAt(step).items.find(({ id }) => id === item)?.fd ?? -1, bits: epollMask(trace.arg(step, 0)).split('|') });
    }
    gates.push({ step: first, task, call: name, events });
  }
  return gates.sort((a, b) => a.step - b.step);
}

/** The first question that a move from one step to another would give away; null: none. */
export function gateBetween(gates: readonly Gate[], from: number, to: number, answered: ReadonlySet<Gate>): Gate | null {
  return gates.find((gate) => gate.step > from && gate.step <= to && !answered.has(gate)) ?? null;
}

/** What is right, in words. */
export function answerText({ events, call }: Gate): string {
  if (events.size === 0) return `${call} reports nothing`;
  return `${call} reports ${[...events.values()].map(({ fd, bits }) => `fd ${fd} with ${bits.join('|')}`).join(', ')}`;
}

/**
 * Compares a prediction with what happened. @param guess item id -> bits that were ticked; @param asked bits that could be ticked
 * @returns whether all of it is right
 */
export function isRight({ events }: Gate, guess: ReadonlyMap<number, ReadonlySet<string>>, asked: readonly string[]): boolean {
  const items = new Set([...events.keys(), ...[...guess].filter(([, bits]) => bits.size > 0).map(([item]) => item)]);
  return [...items].every((item) => {
    const bits = events.get(item)?.bits ?? [];
    return asked.every((bit) => bits.includes(bit) === (guess.get(item)?.has(bit) ?? false));
  });
}
