/**
 * The program that is never answered: it sleeps for ever and nobody is left who could wake it. What must end is said by name, since a
 * server that waits for the next client is as it should be.
 */

import type { Law } from '../law.js';
import { law } from './make.js';

/** `client` of `client(2)`, and of `client-7(9)`, one of many. */
function nameIn(task: string): string {
  return task.replace(/(-\d+)?\(\d+\).*$/, '');
}

/**
 * The programs of these names have ended when nobody can go on any more.
 * @param names of programs, processes and threads, `client` for `client-1` too; none: all of them
 */
export function everybodyEnds(...names: readonly string[]): Law {
  const who = names.length === 0 ? 'A program' : `A program ${names.join(' or ')}`;
  return law('everybody-ends', `${who} that sleeps for ever.`, (_m, accuse) => ({
    ended({ left, halt }): void {
      if (halt === 'time') return;
      const stuck = left.filter((task) => names.length === 0 || names.includes(nameIn(task)));
      if (stuck.length > 0) accuse(`${stuck.join(', ')} ${stuck.length === 1 ? 'sleeps' : 'sleep'} for ever: nobody is left who could wake ${stuck.length === 1 ? 'it' : 'them'}`);
    },
  }));
}
