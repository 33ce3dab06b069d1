/**
 * One side says that it will send no more, and goes on reading: EPOLLRDHUP, the end of the stream, and an answer that still arrives.
 */

import { edge, EPOLL_CTL_ADD, EPOLLIN, EPOLLRDHUP, SHUT_WR, type Scenario } from '../scenario/index.js';
import { connectTo, listenOn } from './tcp.js';

export const halfClose: Scenario = {
  name: 'half-close',
  title: 'The peer shuts down its sending side: EPOLLRDHUP, a read of 0 bytes, and the way back still works.',
  about: 'The client sends a question and shuts down its sending side; its FIN makes the server\'s socket readable with EPOLLRDHUP. That is not a hang-up: the '
    + 'question is still to be read, then read() answers 0, and the answer can be written. A loop that closes at EPOLLRDHUP loses the question. EPOLLRDHUP '
    + 'stays true from now on, so level-triggered the socket is reported until it is closed, and edge-triggered not again without news.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      const fd = sys.must(yield* sys.accept(listener));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLRDHUP | edge(options) }));
      yield* sys.msleep(10);
      sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: EPOLLIN | EPOLLRDHUP, data: fd }], 'data and the end, told of together');
      sys.expect(yield* sys.read(fd, 100), 'how many?', 'the data is still there');
      sys.expect(yield* sys.read(fd, 100), '', 'then the end');
      sys.expect(yield* sys.epoll_wait(ep, 8, 0), options['trigger'] === 'LT' ? 1 : 0, 'the end stays: level-triggered it is told again');
      sys.expect(yield* sys.write(fd, '42'), 2, 'the answer can be sent');
      yield* sys.close(fd);
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      yield* sys.write(fd, 'how many?');
      yield* sys.shutdown(fd, SHUT_WR);
      sys.expect(yield* sys.read(fd, 100), '42', 'and arrives');
      sys.expect(yield* sys.read(fd, 100), '', 'then the server ends too');
    },
  }),
};
