/**
 * The echo server as it should be, level-triggered and edge-triggered: nothing blocks, everything is read, written and accepted until EAGAIN, a
 * connection that has ended is closed. All other programs of this folder differ from it in one thing.
 */

import { EAGAIN, edge, EPOLL_CTL_ADD, EPOLLIN, SOCK_NONBLOCK, type Sleeps, type Sys } from '../scenario/index.js';
import { everybodyEnds, everyByteComesBack, loopLaws, noByteLost, type Specimen } from '../explore/index.js';
import { listenOn } from '../scenarios/tcp.js';
import { echoAll, echoClient } from './peers.js';

/** Takes all connections that wait, and watches them. Never sleeps: the listener does not block. */
function* acceptAll(sys: Sys, ep: number, listener: number, events: number): Sleeps<void> {
  for (;;) {
    const fd = yield* sys.accept4(listener, SOCK_NONBLOCK);
    if (fd === -EAGAIN) return;
    sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, sys.must(fd), { events }));
  }
}

export const echo: Specimen = {
  name: 'echo-loop',
  title: 'An echo server that keeps every law, level-triggered and edge-triggered.',
  about: 'One epoll watches the listening socket and the connections; none of them blocks. The loop accepts until EAGAIN, reads and writes back until EAGAIN, and '
    + 'closes a connection whose other side has ended. Written so, it does not depend on the trigger: no order of segments and tasks makes it lose a byte, an '
    + 'event or a descriptor. It is no story of a bug; the others are told against it.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  laws: [...loopLaws, everyByteComesBack(), noByteLost('server'), everybodyEnds('client')],
  breaks: () => null,
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = sys.must(yield* sys.epoll_create1());
      const events = EPOLLIN | edge(options);
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events }));
      for (;;) {
        for (const { data: fd } of (yield* sys.epoll_wait(ep, 8, -1)).events) {
          if (fd === listener) yield* acceptAll(sys, ep, listener, events);
          else if (yield* echoAll(sys, fd)) sys.must(yield* sys.close(fd));
        }
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      yield* echoClient(sys, 7000, 'ab', 'cd');
    },
  }),
};
