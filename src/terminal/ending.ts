/**
 * How a run ended, for people: who sleeps for ever, what failed, what broke off. The first thing that somebody with a hung server wants to know.
 */

import type { Session } from '../debug/index.js';

/** Tasks whose call never returned although the run is over. */
export function sleepers(session: Session): readonly string[] {
  const { run } = session;
  if (run.end.halt !== 'asleep') return [];
  const { tasks } = session.viewAt(session.count - 1);
  return run.found.calls.filter(({ to }) => to === null).flatMap(({ task, name }) => {
    const who = tasks.find(({ pid }) => pid === task);
    return who === undefined ? [] : [`${who.name} asleep in ${name}`];
  }).sort((a, b) => Number(b.includes('poll')) - Number(a.includes('poll')));
}

/** How the run ends, in a few words. */
export function endText(session: Session): string {
  const { run } = session;
  if (run.error !== null) return `it broke off: ${run.error.message.split('\n')[0]}`;
  const asleep = sleepers(session);
  if (asleep.length > 0) return `it ends with ${asleep[0]}${asleep.length > 1 ? ` (+${asleep.length - 1})` : ''}`;
  const [failure] = run.end.failures;
  return failure === undefined ? `it ends: ${run.end.halt}` : `it failed: ${failure}`;
}
