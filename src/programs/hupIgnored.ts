/**
 * "A mask of 0 is not watched": the connection is paused that way, its client breaks it off, and EPOLLHUP and EPOLLERR come in any case.
 */

import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN, MSG_NOSIGNAL, SO_LINGER, SOCK_NONBLOCK, SOL_SOCKET } from '../scenario/index.js';
import { loopLaws, type Specimen } from '../explore/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const hupIgnored: Specimen = {
  name: 'hup-ignored',
  title: 'A paused connection is broken off, and its EPOLLHUP makes the loop spin.',
  about: 'h2o/h2o#603. The server has read a request and will not read on before the answer is ready; so it sets the mask of the connection to 0. But ep_insert and '
    + 'ep_modify add EPOLLERR | EPOLLHUP to every mask. The client breaks the connection off: tcp_poll says EPOLLERR | EPOLLHUP, level-triggered again at each wait, and the '
    + 'handler, which looks for EPOLLIN, does nothing about it. Until the answer is ready the loop burns a CPU. The fixed version takes a connection that it does not want to '
    + 'hear of out of the interest set.',
  options: VERSIONS,
  shares: false,
  laws: loopLaws,
  breaks: whenBroken('no-spin'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN }));
      yield* sys.epoll_wait(ep, 1, -1);
      yield* sys.read(fd, 64);
      if (isBroken(options)) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: 0 }));
      else sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, fd));
      const ready = sys.nowNs + 20e6; // then the answer is there; until then the loop serves others
      while (sys.nowNs < ready) {
        const { events } = yield* sys.epoll_wait(ep, 8, Math.ceil((ready - sys.nowNs) / 1e6));
        for (const event of events) if ((event.events & EPOLLIN) !== 0) yield* sys.read(event.data, 64);
      }
      yield* sys.send(fd, 'the answer', MSG_NOSIGNAL);
      sys.must(yield* sys.close(fd));
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      sys.must(yield* sys.write(fd, 'a question'));
      yield* sys.msleep(5);
      sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 })); // close() resets
      sys.must(yield* sys.close(fd));
    },
  }),
};
