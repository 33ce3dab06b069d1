/**
 * Two threads, one edge-triggered descriptor: a second segment is a second event, and the other thread works on it beside the first.
 */

import { EAGAIN, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLONESHOT, SOCK_NONBLOCK, type Sys } from '../scenario/index.js';
import { everyByteComesBack, noLostEvent, noSpin, type Specimen } from '../explore/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { isBroken, readBack, VERSIONS, whenBroken } from './peers.js';

export const twoThreads: Specimen = {
  name: 'two-threads-one-et',
  title: 'Two threads wait for one edge-triggered connection: each reads a part, and the answers are swapped.',
  about: 'mozy/mordor#24. EPOLLET promises one event an edge, not one thread at a time. Thread one is told of the first segment and reads it. Before it has written its '
    + 'answer the second segment arrives: ep_poll_callback puts the item on the ready list again, epoll_wait wakes thread two, and both work on one connection. If '
    + 'thread two writes first, the client gets the answers in the wrong order. The fixed version adds EPOLLONESHOT: the item is deaf from its event to the '
    + 'EPOLL_CTL_MOD of the thread that got it, and MOD looks at the socket, so nothing that came meanwhile is lost.',
  options: VERSIONS,
  shares: false,
  laws: [everyByteComesBack(), noLostEvent, noSpin()],
  breaks: whenBroken('every-byte-comes-back'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
      const ep = sys.must(yield* sys.epoll_create1());
      const events = EPOLLIN | EPOLLET | (isBroken(options) ? 0 : EPOLLONESHOT);
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events }));
      const worker = function* worker(sys: Sys) {
        for (;;) {
          yield* sys.epoll_wait(ep, 1, -1);
          for (;;) {
            const { ret, bytes } = yield* sys.read(fd, 64);
            if (ret === 0) return;
            if (ret === -EAGAIN) break;
            yield* sys.msleep(1); // works out the answer
            sys.must(yield* sys.write(fd, bytes));
          }
          if (!isBroken(options)) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events }));
        }
      };
      sys.must(yield* sys.thread(worker));
      yield* worker(sys);
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      yield* sys.msleep(1);
      for (const word of ['a', 'b']) sys.must(yield* sys.write(fd, word));
      yield* readBack(sys, fd, 2);
      sys.must(yield* sys.close(fd));
    },
  }),
};
