/**
 * Edge-triggered, one receive an event: two datagrams that come together make one event, and the second one stays.
 */

import { AF_INET, EAGAIN, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, SOCK_DGRAM, SOCK_NONBLOCK } from '../scenario/index.js';
import { everybodyEnds, loopLaws, type Specimen } from '../explore/index.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

export const etStopsEarly: Specimen = {
  name: 'et-stops-early',
  title: 'Edge-triggered UDP with one receive an event: the second of two datagrams is never read.',
  about: 'tokio-rs/mio#1076, "udp poll with edge hangs". The server answers one datagram for each event. While the first one is on the ready list a second one arrives; '
    + 'the item is linked already, so ep_poll_callback changes nothing, and the two arrivals are one event. ep_send_events reports the item, and because of EPOLLET '
    + 'does not put it back. The second datagram lies in the socket until a third one comes. Whether it happens depends on who is faster, which is why such a '
    + 'loop passes its tests. The fixed version receives until EAGAIN.',
  options: VERSIONS,
  shares: false,
  laws: [...loopLaws, everybodyEnds('client')],
  breaks: whenBroken('no-lost-event'),
  programs: (options) => ({
    *server(sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK));
      sys.must(yield* sys.bind(fd, { port: 7000 }));
      const ep = sys.must(yield* sys.epoll_create1());
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | EPOLLET }));
      for (;;) {
        yield* sys.epoll_wait(ep, 1, -1);
        for (;;) {
          const { ret, bytes } = yield* sys.recv(fd, 64);
          if (ret === -EAGAIN) break;
          sys.must(yield* sys.sendto(fd, bytes, 0, { port: 7001 }));
          if (isBroken(options)) break; // "one event, one datagram"
        }
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
      sys.must(yield* sys.bind(fd, { port: 7001 }));
      for (const word of ['one', 'two']) sys.must(yield* sys.sendto(fd, word, 0, { port: 7000 }));
      for (let answers = 0; answers < 2; answers++) sys.must(yield* sys.recv(fd, 64));
    },
  }),
};
