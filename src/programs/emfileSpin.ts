/**
 * No descriptor is free: accept fails with EMFILE, the connection stays in the queue, and the level-triggered listener is ready, and ready, and ready.
 */

import { EAGAIN, EMFILE, EPOLL_CTL_ADD, EPOLLIN, O_RDONLY, SOCK_NONBLOCK } from '../scenario/index.js';
import { everybodyEnds, loopLaws, type Specimen } from '../explore/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const emfileSpin: Specimen = {
  name: 'emfile-spin',
  title: 'No descriptor is left, accept() answers EMFILE, and the level-triggered loop runs around it at full speed.',
  about: 'joyent/libuv#690, and oven-sh/bun#32705: 98,000 times EMFILE in ten seconds. The process has used up its descriptors. accept() needs a number before it takes a connection from '
    + 'the queue, so the queue stays as it is, and inet_csk_listen_poll says EPOLLIN as long as it is not empty. epoll_wait returns at once, for ever, and each turn '
    + 'achieves nothing. The fixed version keeps one descriptor in reserve: it is closed, the connection is accepted and closed at once, so that the '
    + 'client knows, and the reserve is opened again.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everybodyEnds('client')],
  breaks: whenBroken('no-spin'),
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN }));
      let reserve = sys.must(yield* sys.open('/dev/null', O_RDONLY));
      sys.must(yield* sys.setNofileLimit(reserve + 1));
      for (;;) {
        yield* sys.epoll_wait(ep, 8, -1);
        const fd = yield* sys.accept4(listener, SOCK_NONBLOCK);
        if (fd === -EAGAIN) continue;
        if (fd !== -EMFILE) sys.must(fd);
        if (isBroken(options)) continue; // "it failed; perhaps next time"
        sys.must(yield* sys.close(reserve));
        sys.must(yield* sys.close(sys.must(yield* sys.accept(listener))));
        reserve = sys.must(yield* sys.open('/dev/null', O_RDONLY));
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      yield* sys.read(fd, 1); // the end
      sys.must(yield* sys.close(fd));
    },
  }),
};
