// The loop of testing.md: an edge-triggered echo that takes a short read for the last one.
import { AF_INET, EAGAIN, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, MSG_NOSIGNAL, SOCK_NONBLOCK, SOCK_STREAM } from 'epollsim';
import { everyByteComesBack, loopLaws, loopScenario } from 'epollsim/testing';

export const echo = (address) => function* (sys) {
  const listener = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
  yield* sys.bind(listener, address);
  yield* sys.listen(listener, 16);
  const ep = yield* sys.epoll_create1();
  yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN });
  for (;;) {
    const { events } = yield* sys.epoll_wait(ep, 8, -1);
    for (const { data: fd } of events) {
      if (fd === listener) {
        const conn = yield* sys.accept4(listener, SOCK_NONBLOCK);
        if (conn >= 0) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, conn, { events: EPOLLIN | EPOLLET });
        continue;
      }
      for (;;) {
        const { ret, bytes } = yield* sys.read(fd, 64);
        if (ret === -EAGAIN) break;
        if (ret <= 0) {
          yield* sys.close(fd);
          break;
        }
        yield* sys.send(fd, bytes, MSG_NOSIGNAL);
        if (ret < 64) break; // there was less than we asked for, so that was all
      }
    }
  }
};

export default loopScenario(echo, [...loopLaws, everyByteComesBack()], { name: 'echo-tour' });
