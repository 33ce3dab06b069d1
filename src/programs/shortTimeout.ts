/**
 * A timer is due in half a millisecond, and epoll_wait counts in whole ones. Half a millisecond is rounded down to "do not wait".
 */

import { EPOLL_CTL_ADD, EPOLLIN } from '../scenario/index.js';
import { everybodyEnds, loopLaws, type Specimen } from '../explore/index.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const shortTimeout: Specimen = {
  name: 'short-timeout',
  title: 'A timeout of less than a millisecond is rounded down to 0, and the loop spins until it is due.',
  about: 'redis/redis#8764, and tokio-rs/mio, commit a07049d6. The loop keeps its timers in microseconds and tells epoll_wait how long to sleep, in milliseconds. In the last '
    + 'millisecond before a timer the division gives 0, and 0 means "do not sleep": epoll_wait looks at the ready list and returns. The loop finds that the timer is not due, divides '
    + 'again, and goes around some thousand times until it is. Every timer costs up to a millisecond of a CPU. The fixed version rounds up.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everybodyEnds()],
  breaks: whenBroken('no-spin'),
  programs: (options) => ({
    *server(sys) {
      const [r] = sys.must(yield* sys.pipe());
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN }));
      const dueNs = sys.nowNs + 2.5e6;
      while (sys.nowNs < dueNs) {
        const ms = (dueNs - sys.nowNs) / 1e6;
        yield* sys.epoll_wait(ep, 8, isBroken(options) ? Math.floor(ms) : Math.ceil(ms));
      }
    },
  }),
};
