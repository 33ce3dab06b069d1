/**
 * Three clients connect while the server is busy. A server that accepts one connection an event serves all of them
 * level-triggered, and one of them edge-triggered.
 */

import { edge, EPOLL_CTL_ADD, EPOLLIN, SOCK_NONBLOCK, type Scenario } from '../scenario/index.js';
import { connectTo, listenOn } from './tcp.js';

export const acceptOnce: Scenario = {
  name: 'accept-once',
  title: 'Three connections wait and the server accepts one an event: edge-triggered, two of them wait for ever.',
  about: 'While the server works at something else, three clients connect; the kernel finishes their handshakes and queues them. Each arrival calls '
    + 'ep_poll_callback, but an item is on the ready list only once. The server wakes up and accepts one connection for the event. Level-triggered, '
    + 'the listener is reported again while its queue is not empty. Edge-triggered it is not: two clients are connected, may even have written, and '
    + 'nobody answers until a fourth one comes. An edge-triggered listener is to be accepted from until EAGAIN, and so it must not block.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | edge(options) }));
      yield* sys.msleep(50);
      let accepted = 0;
      while ((yield* sys.epoll_wait(ep, 8, 20)).ret > 0) {
        sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
        accepted++;
      }
      sys.expect(accepted, options['trigger'] === 'LT' ? 3 : 1, 'accepted connections');
    },
    *clients(sys) {
      yield* sys.msleep(10);
      for (let i = 0; i < 3; i++) yield* connectTo(sys, 7000);
      yield* sys.msleep(200);
    },
  }),
};
