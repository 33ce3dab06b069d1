/**
 * An echo server over TCP with one epoll: the loop that every other story varies. Edge-triggered it must read and accept until
 * EAGAIN; written that way, the same loop is right for both triggers.
 */

import { EAGAIN, edge, EPOLL_CTL_ADD, EPOLLIN, SOCK_NONBLOCK, type Scenario, type Sleeps, type Sys } from '../scenario/index.js';
import { connectTo, listenOn } from './tcp.js';

/** Sends back what is there; true when the other side has ended. Sleeps never: the socket does not block. */
function* echo(sys: Sys, fd: number): Sleeps<boolean> {
  for (;;) {
    const { ret, bytes } = yield* sys.read(fd, 64);
    if (ret === -EAGAIN) return false;
    if (ret <= 0) return true;
    sys.must(yield* sys.write(fd, bytes));
  }
}

export const echoServer: Scenario = {
  name: 'echo',
  title: 'An echo server: accept, read and write in one epoll loop, both ways over TCP.',
  about: 'The server watches its listening socket and every connection with one epoll. A client connects and sends three words; each comes back. '
    + 'Every read, write and accept goes on until EAGAIN, so the loop does not depend on the trigger: level-triggered, one more epoll_wait would '
    + 'have told of what was left; edge-triggered nobody would. Watch how a segment that arrives calls ep_poll_callback, which puts the item on '
    + 'rdllist and wakes the server, all inside the write() of the client.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | edge(options) }));
      for (let open = true; open; ) {
        const { events } = yield* sys.epoll_wait(ep, 8, -1);
        for (const { data: fd } of events) {
          if (fd !== listener) {
            if (yield* echo(sys, fd)) open = false;
            continue;
          }
          for (;;) {
            const conn = yield* sys.accept4(listener, SOCK_NONBLOCK);
            if (conn === -EAGAIN) break;
            sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, sys.must(conn), { events: EPOLLIN | edge(options) }));
          }
        }
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      for (const word of ['one', 'two', 'twenty-two']) {
        sys.expect(yield* sys.write(fd, word), word.length, 'the word is sent');
        let back = '';
        while (back.length < word.length) back += sys.must(yield* sys.read(fd, 64)).text;
        sys.expect(back, word, 'and comes back');
      }
      yield* sys.close(fd);
    },
  }),
};
