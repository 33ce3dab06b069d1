/**
 * Events that fire while epoll_wait is copying: they wait on ovflist, and go to the ready list when the scan is over.
 */

import { edge, EPOLL_CTL_ADD, EPOLLIN, type Memory, type Scenario } from '../scenario/index.js';

export const duringScan: Scenario = {
  name: 'during-scan',
  title: 'Descriptors become ready while epoll_wait copies its events: they wait on ovflist and are not lost.',
  about: 'Pipes a and b are ready. epoll_wait takes the ready list over and copies; the page for the second event is not there yet, so it sleeps in the '
    + 'middle of the scan. Meanwhile c becomes ready, and a gets more data. The ready list belongs to the scan now, so their items are chained on ovflist. '
    + 'At the end of the scan what was chained goes to the front of rdllist, in the order of firing, unless it stands on it already. '
    + 'Level-triggered, a and b were put back when they were reported, so the next wait tells of c, a, b. Edge-triggered it tells of c and of a, '
    + 'which has news, and not of b.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *main(sys) {
      const ep = sys.must(yield* sys.epoll_create1());
      const [a, wa] = sys.must(yield* sys.pipe());
      const [b, wb] = sys.must(yield* sys.pipe());
      const [c, wc] = sys.must(yield* sys.pipe());
      for (const fd of [a, b, c]) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) }));
      yield* sys.write(wa, '1');
      yield* sys.write(wb, '2');
      const buffer: Memory = sys.absentMemory(3 * 12, 12);
      sys.must(yield* sys.thread(function* writer(sys) {
        yield* sys.msleep(10);
        yield* sys.write(wc, '3');
        yield* sys.write(wa, '4');
        yield* sys.msleep(10);
        sys.pageIn(buffer);
      }));
      const inThe = (...fds: number[]): { events: number; data: number }[] => fds.map((data) => ({ events: EPOLLIN, data }));
      sys.expect(yield* sys.epoll_wait(ep, 3, -1, buffer), inThe(a, b), 'the scan reports what was ready when it began');
      const news = options['trigger'] === 'LT' ? inThe(c, a, b) : inThe(c, a);
      sys.expect(yield* sys.epoll_wait(ep, 3, 0), news, 'the next one tells of what came during the scan');
    },
  }),
};
