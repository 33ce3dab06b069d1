/**
 * An epoll that watches an epoll: the outer one is told when the inner one has something, and looking does not take it away.
 */

import { edge, EPOLL_CTL_ADD, EPOLLIN, type Scenario } from '../scenario/index.js';

export const nested: Scenario = {
  name: 'nested',
  title: 'An epoll inside an epoll: the outer one reports the inner one while that has events.',
  about: 'An epoll descriptor is readable while one of its items is ready, so it can be watched by another epoll: groups of descriptors, with priorities. Data for '
    + 'the pipe wakes the inner epoll, whose own wait queue (poll_wait) wakes the outer one. The outer epoll_wait asks the inner epoll, which looks at its '
    + 'ready list and takes nothing away. Level-triggered, the outer epoll tells of the inner one until somebody collects the inner event and drains the '
    + 'pipe; edge-triggered once for each wake-up of the inner one.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *main(sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const inner = sys.must(yield* sys.epoll_create1());
      const outer = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(inner, EPOLL_CTL_ADD, r, { events: EPOLLIN }));
      sys.must(yield* sys.epoll_ctl(outer, EPOLL_CTL_ADD, inner, { events: EPOLLIN | edge(options) }));
      sys.expect(yield* sys.epoll_wait(outer, 8, 0), 0, 'nothing is ready');
      yield* sys.write(w, 'x');
      const tells = [{ events: EPOLLIN, data: inner }];
      const again = options['trigger'] === 'LT' ? tells : [];
      sys.expect(yield* sys.epoll_wait(outer, 8, 0), tells, 'the inner epoll has something');
      sys.expect(yield* sys.epoll_wait(outer, 8, 0), again, 'and still has it: looking took nothing away');
      sys.expect(yield* sys.epoll_wait(inner, 8, 0), [{ events: EPOLLIN, data: r }], 'the inner event is the pipe');
      sys.expect(yield* sys.read(r, 10), 'x', 'which is drained');
      sys.expect(yield* sys.epoll_wait(outer, 8, 0), 0, 'now there is nothing to tell');
    },
  }),
};
