/**
 * Two workers are told of one connection. One of them accepts it, and the other one sleeps in accept, because the listener blocks.
 */

import { EAGAIN, EPOLL_CTL_ADD, EPOLLIN, SOCK_NONBLOCK, type Sys } from '../scenario/index.js';
import { acceptBalance, loopLaws, type Specimen } from '../explore/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const acceptHerd: Specimen = {
  name: 'accept-herd',
  title: 'Two workers wait for a blocking listener: both get up for one client, and one of them is stuck in accept.',
  about: 'The thundering herd as in puma/puma#3934, with what makes it worse than wasted work. Each worker has an epoll of its own that watches the shared listener. A '
    + 'handshake ends, the wake-up walks the wait queue of the listener and calls ep_poll_callback for both items: both epoll_wait return EPOLLIN. One worker accepts the connection. The '
    + 'other one calls accept on an empty queue and sleeps there, while all its other connections wait. That a descriptor is ready is a report of the past. The fixed '
    + 'version makes the listener non-blocking, and takes EAGAIN as an answer.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, acceptBalance],
  breaks: whenBroken('no-sleep-on-ready'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, isBroken(options) ? 0 : SOCK_NONBLOCK);
      const work = function* worker(sys: Sys) {
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN }));
        for (;;) {
          yield* sys.epoll_wait(ep, 1, -1);
          const fd = yield* sys.accept(listener);
          if (fd !== -EAGAIN) sys.must(yield* sys.close(sys.must(fd)));
        }
      };
      sys.must(yield* sys.fork(work));
      yield* work(sys);
    },
    *client(sys) {
      yield* sys.msleep(1);
      sys.must(yield* sys.close(yield* connectTo(sys, 7000)));
    },
  }),
};
