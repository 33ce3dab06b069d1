/**
 * A connection is given to a child and closed here, without EPOLL_CTL_DEL: its events go on, under a number that is closed.
 */

import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from '../scenario/index.js';
import { everyByteComesBack, loopLaws, noClosedHandle, type Specimen } from '../explore/index.js';
import { listenOn } from '../scenarios/tcp.js';
import { echoClient, isBroken, VERSIONS, whenBroken } from './peers.js';

export const dupAlive: Specimen = {
  name: 'dup-alive',
  title: 'A close without EPOLL_CTL_DEL while a child has the descriptor too: events of a closed number.',
  about: 'joyent/libuv#1099 and #1100, and question 6 of the manual page of epoll. The server watches a connection, forks a child that serves it, and closes its own number. The item in '
    + 'the interest set belongs to the open file, which lives as long as the child has it, and eventpoll_release_file is called only when the file dies. So the '
    + 'server is told of a number that it has closed, again and again, and cannot even remove the item: EPOLL_CTL_DEL of a closed number is EBADF. The fixed '
    + 'version removes the descriptor from the set before it closes it.',
  options: VERSIONS,
  shares: false,
  laws: [noClosedHandle, ...loopLaws, everyByteComesBack()],
  breaks: whenBroken('no-event-for-closed-handle'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept(listener));
      const ep = sys.must(yield* sys.epoll_create1());
      for (const one of [listener, fd]) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, one, { events: EPOLLIN }));
      sys.must(yield* sys.fork(function* child(sys) {
        sys.must(yield* sys.close(ep));
        for (;;) {
          const { ret, bytes } = sys.must(yield* sys.read(fd, 64));
          if (ret === 0) return;
          sys.must(yield* sys.write(fd, bytes));
        }
      }));
      if (!isBroken(options)) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, fd));
      sys.must(yield* sys.close(fd));
      yield* sys.epoll_wait(ep, 8, -1); // for the next client
    },
    *client(sys) {
      yield* sys.msleep(1);
      yield* echoClient(sys, 7000, 'ab');
    },
  }),
};
