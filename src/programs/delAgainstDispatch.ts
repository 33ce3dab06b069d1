/**
 * One thread has been told of a connection and is about to serve it. Another one finds it idle for too long, and closes it in that moment.
 */

import { AF_UNIX, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN, MSG_NOSIGNAL, SOCK_NONBLOCK, SOCK_STREAM } from '../scenario/index.js';
import { loopLaws, type Specimen } from '../explore/index.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const delAgainstDispatch: Specimen = {
  name: 'del-against-dispatch',
  title: 'A connection is removed and closed while its event is on its way to the handler.',
  about: 'hpcc-systems/HPCC-Platform#11728, and the reason why EPOLL_CTL_DISABLE was proposed. epoll_wait copies events to the program; from then on the kernel knows nothing '
    + 'of them. A second thread calls EPOLL_CTL_DEL and close: both succeed, and neither can take back the event that the first thread holds. It then works on a '
    + 'closed number, or on another connection that has got the number by now (in C also on freed memory: data.ptr). The fixed version leaves closing to the '
    + 'thread that dispatches: the reaper only marks the connection and rings an eventfd, and it is closed when the batch is over.',
  options: VERSIONS,
  laws: loopLaws,
  breaks: whenBroken('no-stale-event'),
  programs: (options) => ({
    *server(sys) {
      const [fd, peer] = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK));
      const bell = sys.must(yield* sys.eventfd(0));
      const ep = sys.must(yield* sys.epoll_create1());
      for (const one of [fd, bell]) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, one, { events: EPOLLIN }));
      let condemned = false;
      sys.must(yield* sys.thread(function* reaper(sys) {
        yield* sys.msleep(1);
        if (isBroken(options)) {
          sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, fd));
          sys.must(yield* sys.close(fd));
        }
        condemned = true;
        sys.must(yield* sys.eventfdWrite(bell, 1));
      }));
      sys.must(yield* sys.thread(function* client(sys) {
        yield* sys.msleep(1);
        yield* sys.send(peer, 'x', MSG_NOSIGNAL);
      }));
      for (let open = true; open; ) {
        for (const { data } of (yield* sys.epoll_wait(ep, 8, -1)).events) {
          if (data === bell) yield* sys.eventfdRead(bell);
          else yield* sys.read(fd, 64);
        }
        open = !condemned;
      }
      if (!isBroken(options)) sys.must(yield* sys.close(fd));
    },
  }),
};
