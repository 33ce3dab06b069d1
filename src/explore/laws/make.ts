/**
 * What all laws have in common: the first thing that breaks a law is its violation, and it stays.
 */

import { stepsOf, type Law, type LawWatch, type Violation } from '../law.js';
import type { Machine } from '../../scenario/index.js';

/** Says that a law is broken; only the first message counts. */
export type Accuse = (message: string) => void;

/** What a law does during one run; `ended` may accuse too. */
export type Watch = Omit<LawWatch, 'ended' | 'violation'> & { ended?(outcome: Parameters<LawWatch['ended']>[0]): void };

/** Makes a law of a function that watches one machine. */
export function law(name: string, forbids: string, watch: (m: Machine, accuse: Accuse) => Watch): Law {
  return {
    name,
    forbids,
    watch(m): LawWatch {
      let broken: Violation | null = null;
      const watching = watch(m, (message) => {
        broken ??= { law: name, message, step: stepsOf(m) };
      });
      return {
        ...watching,
        violation: () => broken,
        ended(outcome): Violation | null {
          watching.ended?.(outcome);
          return broken;
        },
      };
    },
  };
}
