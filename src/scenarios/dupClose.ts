/**
 * A descriptor is closed and its events go on: epoll watches the open file, and a duplicate keeps that alive.
 */

import { EBADF, edge, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN, type Scenario } from '../scenario/index.js';

export const dupClose: Scenario = {
  name: 'dup-close',
  title: 'A closed descriptor still has events while a duplicate is open: epoll watches files, not numbers.',
  about: 'An item of the interest set is found by a pair: open file and descriptor number. It is removed when the open file is released, and that is when the '
    + 'last number that refers to it is closed. Here a duplicate (a forked child would do as well) keeps the file open, so the item stays. Its events '
    + 'carry a number that is closed, or that is another file by now, and EPOLL_CTL_DEL cannot remove it any more, because the number leads nowhere. '
    + 'Remove a descriptor from the set before you close it.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *main(sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const copy = sys.must(yield* sys.dup(r));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | edge(options) }));
      yield* sys.close(r);
      yield* sys.write(w, 'x');
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'an event for a closed number');
      sys.expect(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r), -EBADF, 'and no way to remove the item');
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), options['trigger'] === 'LT' ? 1 : 0, 'level-triggered it is told again and again');
      yield* sys.write(w, 'y');
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'new data is told of in any case');
      yield* sys.close(copy);
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), 0, 'the last number is closed, the file is released, the item is gone');
    },
  }),
};
