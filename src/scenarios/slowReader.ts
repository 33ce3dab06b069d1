/**
 * The reader is slower than the writer: the send buffer fills, and EPOLLOUT tells when there is room again. For a TCP socket
 * that is not the first free byte.
 */

import {
  AF_INET, EAGAIN, edge, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLOUT, F_SETFL, O_NONBLOCK, SO_RCVBUF, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, type Scenario,
} from '../scenario/index.js';
import { listenOn } from './tcp.js';

const TOTAL = 60_000;

export const slowReader: Scenario = {
  name: 'slow-reader',
  title: 'The peer reads slowly: write until EAGAIN, then wait for EPOLLOUT.',
  about: 'A writer has 60,000 bytes for a peer that reads 4,000 of them every 10 ms. The buffers are small, so write() soon answers EAGAIN. Then the '
    + 'writer waits for EPOLLOUT. Level-triggered it must ask for EPOLLOUT only while it has something to write: a socket with room is always '
    + 'ready, and a loop that keeps asking never sleeps. Edge-triggered it asks once and is told when room appears after there was none. TCP calls '
    + 'a socket writable again when a third of its send buffer is free, not at the first free byte, so one event is worth many writes.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => {
    const et = options['trigger'] === 'ET';
    return {
      *writer(sys) {
        // Sizes are set before the connection stands: the window is agreed on in the handshake, and accept() inherits.
        const listener = yield* listenOn(sys, 7000);
        sys.must(yield* sys.setsockopt(listener, SOL_SOCKET, SO_SNDBUF, 8192));
        const peer = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
        sys.must(yield* sys.setsockopt(peer, SOL_SOCKET, SO_RCVBUF, 8192));
        sys.must(yield* sys.connect(peer, { port: 7000 }));
        const fd = sys.must(yield* sys.accept(listener));
        sys.must(yield* sys.close(listener));
        sys.must(yield* sys.fork(function* reader(sys) {
          yield* sys.close(fd);
          let got = 0;
          for (;;) {
            yield* sys.msleep(10);
            const { ret } = yield* sys.read(peer, 4000);
            if (ret <= 0) break;
            got += ret;
          }
          sys.expect(got, TOTAL, 'every byte arrives');
        }));
        sys.must(yield* sys.close(peer));
        sys.must(yield* sys.fcntl(fd, F_SETFL, O_NONBLOCK));
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: et ? EPOLLOUT | edge(options) : 0 }));
        let waits = 0;
        for (let sent = 0; sent < TOTAL; ) {
          const n = yield* sys.write(fd, new Uint8Array(Math.min(TOTAL - sent, 3000)));
          if (n !== -EAGAIN) {
            sent += sys.must(n);
            continue;
          }
          waits++;
          if (!et) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: EPOLLOUT }));
          sys.expect(yield* sys.epoll_wait(ep, 1, -1), [{ events: EPOLLOUT, data: fd }], 'there is room again');
          if (!et) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: 0 }));
        }
        sys.expect(waits, (n: unknown) => Number(n) > 2, 'the writer had to wait more than twice');
        yield* sys.close(fd);
      },
    };
  },
};
