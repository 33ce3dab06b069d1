/**
 * The reader that takes a part of what is there after each event: level-triggered it gets the rest with the next event,
 * edge-triggered it waits for news while bytes lie in the pipe.
 */

import { edge, EPOLL_CTL_ADD, EPOLLIN, FIONREAD, type Scenario } from '../scenario/index.js';

export const readOnce: Scenario = {
  name: 'read-once',
  title: 'A reader takes 4 of 10 bytes after each event: level-triggered it is told again, edge-triggered it starves.',
  about: 'Ten bytes arrive in a pipe. The reader reads four of them whenever epoll_wait reports the pipe. Level-triggered, epoll_wait puts the item '
    + 'back on the ready list after reporting it, and the next call looks again: there are still bytes, so it reports again, until the pipe is empty. '
    + 'Edge-triggered, the item leaves the list when it is reported, and only a new arrival puts it back. When two more bytes come, the reader '
    + 'gets one more event and reads four old bytes; the rest stays in the pipe, and no event will ever tell of it. Read until EAGAIN.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *reader(sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | edge(options) }));
      sys.must(yield* sys.fork(function* writer(sys) {
        yield* sys.msleep(10);
        yield* sys.write(w, '0123456789');
        yield* sys.msleep(10);
        yield* sys.write(w, 'ab');
      }));
      const reads: string[] = [];
      for (;;) {
        const { ret } = yield* sys.epoll_wait(ep, 8, 30);
        if (ret <= 0) break;
        reads.push((yield* sys.read(r, 4)).text);
      }
      const { value: left } = yield* sys.ioctlGet(r, FIONREAD);
      if (options['trigger'] === 'LT') {
        sys.expect(reads, ['0123', '4567', '89', 'ab'], 'one event for each part, until nothing is left');
        sys.expect(left, 0, 'the pipe is empty');
      } else {
        sys.expect(reads, ['0123', '4567'], 'one event for each arrival');
        sys.expect(left, 4, 'bytes that nobody will be told of');
      }
    },
  }),
};
