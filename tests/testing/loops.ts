/** Loops that the tests of the kit share: an echo that is right, and variants with one fault. */

import { EAGAIN, EINTR, EMFILE, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, AF_INET, MSG_NOSIGNAL, SIGUSR1, SOCK_NONBLOCK, SOCK_STREAM, type Sleeps, type Sys } from '../../src/scenario/index.js';
import type { Loop } from '../../src/testing/index.js';

/** The one thing that is wrong with a loop. */
export type Fault = 'none' | 'short read is the end' | 'accepts once' | 'ignores EMFILE' | 'EINTR is an error' | 'listens elsewhere';

const SIZE = 16;

/** Sends back what is there. Never sleeps. @returns true when the connection is over */
function* serve(sys: Sys, fd: number, fault: Fault): Sleeps<boolean> {
  for (;;) {
    const { ret, bytes } = yield* sys.read(fd, SIZE);
    if (ret === -EAGAIN) return false;
    if (ret <= 0) return true;
    yield* sys.send(fd, bytes, MSG_NOSIGNAL);
    if (fault === 'short read is the end' && ret < SIZE) return false;
  }
}

/** Takes what waits. Never sleeps. */
function* acceptAll(sys: Sys, ep: number, listener: number, fault: Fault): Sleeps<void> {
  for (;;) {
    const fd = yield* sys.accept4(listener, SOCK_NONBLOCK);
    if (fd === -EAGAIN || fd === -EMFILE) return;
    sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, sys.must(fd), { events: EPOLLIN | EPOLLET }));
    if (fault === 'accepts once') return;
  }
}

/** An edge-triggered echo. */
export function echoLoop(fault: Fault): Loop {
  return (address) => function* (sys) {
    const listener = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
    sys.must(yield* sys.bind(listener, fault === 'listens elsewhere' ? { port: 1 } : address));
    sys.must(yield* sys.listen(listener, 16));
    const ep = sys.must(yield* sys.epoll_create1());
    sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | (fault === 'ignores EMFILE' ? 0 : EPOLLET) }));
    yield* sys.sigaction(SIGUSR1, () => {});
    for (;;) {
      const { ret, events } = yield* sys.epoll_wait(ep, 8, -1);
      if (ret === -EINTR && fault !== 'EINTR is an error') continue;
      sys.must(ret);
      for (const { data: fd } of events) {
        if (fd === listener) yield* acceptAll(sys, ep, listener, fault);
        else if (yield* serve(sys, fd, fault)) sys.must(yield* sys.close(fd));
      }
    }
  };
}
