/**
 * Level-triggered, and EPOLLOUT is never taken back: a socket with room in its send buffer is always ready, so the loop never sleeps again.
 */

import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLIN, EPOLLOUT, SOCK_NONBLOCK } from '../scenario/index.js';
import { everybodyEnds, everyByteComesBack, loopLaws, type Specimen } from '../explore/index.js';
import { listenOn } from '../scenarios/tcp.js';
import { echoClient, isBroken, VERSIONS, whenBroken } from './peers.js';

export const epolloutStays: Specimen = {
  name: 'epollout-stays',
  title: 'Level-triggered EPOLLOUT that is armed for one answer and never taken back: the loop spins.',
  about: 'libevent, commit cf249e7d: its list of changes folded "add, delete, delete" into nothing, so EPOLLOUT stayed armed in the kernel while the library believed it '
    + 'gone. EPOLLOUT says that the send buffer has room, and that is true nearly always. Level-triggered, ep_send_events puts the item back on the ready list each time it '
    + 'reports it; the next epoll_wait asks tcp_poll, which says EPOLLOUT again, and returns at once, with nothing to write. The process burns a CPU and its answers are all '
    + 'right. The fixed version asks for EPOLLOUT only while it has something to write.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everyByteComesBack(), everybodyEnds('client')],
  breaks: whenBroken('no-spin'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept4(listener, SOCK_NONBLOCK));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN }));
      let answer: Uint8Array | null = null;
      for (;;) {
        const mask = (yield* sys.epoll_wait(ep, 1, -1)).events[0]!.events;
        if ((mask & EPOLLIN) !== 0) {
          const { ret, bytes } = yield* sys.read(fd, 64);
          if (ret <= 0) break;
          answer = bytes;
          sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: EPOLLIN | EPOLLOUT }));
        } else if (answer !== null) {
          sys.must(yield* sys.write(fd, answer));
          answer = null;
          if (!isBroken(options)) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: EPOLLIN }));
        }
      }
      sys.must(yield* sys.close(fd));
    },
    *client(sys) {
      yield* sys.msleep(1);
      yield* echoClient(sys, 7000, 'ab');
    },
  }),
};
