/**
 * An edge-triggered listener from which one connection is accepted for each event: of two clients that connect together one waits for ever.
 */

import { EAGAIN, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, SOCK_NONBLOCK } from '../scenario/index.js';
import { everybodyEnds, everyByteComesBack, loopLaws, type Specimen } from '../explore/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { echoAll, isBroken, readBack, VERSIONS, whenBroken } from './peers.js';

export const etAcceptsOnce: Specimen = {
  name: 'et-accepts-once',
  title: 'An edge-triggered listener and one accept an event: a client is connected, and nobody serves it.',
  about: 'vibe-d/eventcore#20 and memcached/memcached#476. Two handshakes are finished before the server waits again; the listener\'s item is on the ready list once, so '
    + 'there is one event for the two. The server accepts one connection and goes back to epoll_wait. The other one stays in the accept queue: its client is connected, has '
    + 'sent its request and sleeps, until some third client makes the next edge. The fixed version accepts until EAGAIN.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everyByteComesBack(), everybodyEnds('client')],
  breaks: whenBroken('no-lost-event'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | EPOLLET }));
      for (;;) {
        for (const { data: fd } of (yield* sys.epoll_wait(ep, 8, -1)).events) {
          if (fd !== listener) {
            if (yield* echoAll(sys, fd)) sys.must(yield* sys.close(fd));
            continue;
          }
          for (;;) {
            const conn = yield* sys.accept4(listener, SOCK_NONBLOCK);
            if (conn === -EAGAIN) break;
            sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, sys.must(conn), { events: EPOLLIN | EPOLLET }));
            if (isBroken(options)) break; // "one event, one connection"
          }
        }
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      const first = yield* connectTo(sys, 7000);
      const second = yield* connectTo(sys, 7000);
      for (const fd of [first, second]) {
        sys.must(yield* sys.write(fd, 'a'));
        yield* readBack(sys, fd, 1);
        sys.must(yield* sys.close(fd));
      }
    },
  }),
};
