/**
 * The peer resets a connection that is watched: all the bits at once, then an error that is told of once.
 */

import { ECONNRESET, edge, EPOLL_CTL_ADD, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLRDHUP, SO_LINGER, SOL_SOCKET, type Scenario } from '../scenario/index.js';
import { connectedPair } from './tcp.js';

export const reset: Scenario = {
  name: 'reset',
  title: 'The peer resets the connection: EPOLLERR and EPOLLHUP come unasked, and read() tells the error once.',
  about: 'With SO_LINGER and a time of zero, close() sends RST instead of FIN. At the other end the socket is finished at once: EPOLLERR and EPOLLHUP are reported '
    + 'although nobody asked for them, with EPOLLIN and EPOLLRDHUP, because read() will not block. The first read() takes the error away and answers '
    + 'ECONNRESET; after that the stream is simply over, read() answers 0 and EPOLLERR is gone, while EPOLLHUP stays.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *server(sys) {
      const [fd, peer] = yield* connectedPair(sys, 7000);
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLRDHUP | edge(options) }));
      sys.must(yield* sys.setsockopt(peer, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 }));
      sys.must(yield* sys.close(peer));
      yield* sys.msleep(1);
      const all = EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP;
      sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: all, data: fd }], 'everything at once');
      sys.expect(yield* sys.read(fd, 100), -ECONNRESET, 'the first read tells the error');
      sys.expect(yield* sys.read(fd, 100), '', 'the second one only says that it is over');
      const again = options['trigger'] === 'LT' ? [{ events: all & ~EPOLLERR, data: fd }] : [];
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), again, 'the error is gone; the hang-up stays, and edge-triggered it is no news');
    },
  }),
};
