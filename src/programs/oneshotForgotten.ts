/**
 * EPOLLONESHOT fires while nobody wants to read. The loop goes on believing that the descriptor is armed.
 */

import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLIN, EPOLLONESHOT, SOCK_NONBLOCK } from '../scenario/index.js';
import { everybodyEnds, everyByteComesBack, loopLaws, type Specimen } from '../explore/index.js';
import { listenOn } from '../scenarios/tcp.js';
import { echoClient, isBroken, VERSIONS, whenBroken } from './peers.js';

export const oneshotForgotten: Specimen = {
  name: 'oneshot-forgotten',
  title: 'A one-shot event comes while nobody reads, is dropped, and the descriptor is never armed again.',
  about: 'kaappi#1462. The loop remembers which bits it has armed, to spare calls of epoll_ctl. An event comes at a time when no reader is there, and the loop drops it. But '
    + 'with EPOLLONESHOT the kernel has cleared all event bits of the item when it reported it (events &= EP_PRIVATE_BITS); the item is deaf now, '
    + 'ep_poll_callback returns before it does anything. When the reader comes, the loop finds EPOLLIN among the bits that it believes armed, makes no call, and sleeps '
    + 'beside data that lies there. The fixed version forgets what was armed whenever a one-shot event has fired.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everyByteComesBack(), everybodyEnds('client')],
  breaks: whenBroken('no-lost-event'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLONESHOT }));
      let armed = EPOLLIN;
      // the application is busy for 5 ms; the loop turns meanwhile
      if ((yield* sys.epoll_wait(ep, 1, 5)).ret === 1 && !isBroken(options)) armed = 0;
      // now it wants to read
      if ((armed & EPOLLIN) === 0) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: EPOLLIN | EPOLLONESHOT }));
      yield* sys.epoll_wait(ep, 1, -1);
      sys.must(yield* sys.write(fd, sys.must(yield* sys.read(fd, 64)).bytes));
      sys.must(yield* sys.close(fd));
    },
    *client(sys) {
      yield* sys.msleep(1);
      yield* echoClient(sys, 7000, 'ab');
    },
  }),
};
