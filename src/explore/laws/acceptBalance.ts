/**
 * How the connections were shared among those who waited for them. The kernel promises no fairness here (several waiters on one epoll are served last come
 * first), so an unequal share breaks nothing; it is said.
 */

import { taskName } from '../../inspect/names.js';
import type { Law } from '../law.js';
import { useOf } from './look.js';
import { law } from './make.js';

/** Says for each task that tried to accept how many connections it got, and how often in vain. It never accuses. */
export const acceptBalance: Law = law('accept-balance', 'Nothing: it reports how many connections each waiter accepted.', () => {
  const got = new Map<string, { taken: number; inVain: number }>();
  return {
    called(event): void {
      if (useOf(event) !== 'accept' || event.ret === null) return;
      const name = taskName(event.task);
      const share = got.get(name) ?? { taken: 0, inVain: 0 };
      got.set(name, share);
      if (event.ret >= 0) share.taken++;
      else share.inVain++;
    },
    report: () => [...got].map(([name, { taken, inVain }]) => `${name} accepted ${taken}${inVain === 0 ? '' : `, and ${inVain} times in vain`}`),
  };
});
