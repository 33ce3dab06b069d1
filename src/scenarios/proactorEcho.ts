/**
 * The echo server on a Proactor: the program asks for a read and is told when the bytes are there. Beside reactor-echo it shows who
 * makes the calls: there the program's handler, here the one who waits.
 */

import { AF_INET, SOCK_NONBLOCK, SOCK_STREAM, type Scenario, type Sleeps } from '../scenario/index.js';
import { EventLoop, pollerNamed, POLLERS, Proactor } from '../reactor/index.js';
import { connectTo } from './tcp.js';

export const proactorEcho: Scenario = {
  name: 'proactor-echo',
  title: 'An echo server on a Proactor: ask for a read, be told of the bytes.',
  about: 'With a Reactor the program is told that it may read, and reads. With a Proactor it asks for a read and is told that it is done: the bytes are in its buffer. The system '
    + 'calls are the same and come in the same order; what differs is who makes them. Follow a message: no handler of this program calls read(), the '
    + 'Proactor does, after the poller has said that it would not block. Where the kernel itself carries out operations, as io_uring does, the '
    + 'call in the middle goes away and the program stays the same.',
  options: { poller: POLLERS },
  programs: (options) => ({
    *server(sys) {
      const loop = new EventLoop(sys, pollerNamed(sys, options['poller']!));
      const proactor = new Proactor(loop);
      yield* loop.open();
      const listener = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
      sys.must(yield* sys.bind(listener, { port: 7000 }));
      sys.must(yield* sys.listen(listener, 16));
      const serve = function* (fd: number): Sleeps<void> {
        yield* proactor.read(fd, 64, function* arrived(errno, bytes) {
          sys.expect(errno, 0, 'nothing goes wrong');
          if (bytes.length > 0) return yield* proactor.write(fd, bytes, () => serve(fd));
          yield* proactor.close(fd);
          yield* proactor.close(listener);
          yield* loop.quit();
        });
      };
      yield* proactor.accept(listener, (_errno, fd) => serve(fd));
      yield* loop.run();
      yield* loop.close();
    },
    *client(sys) {
      yield* sys.msleep(5);
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
