/**
 * A batch has two events. The handler of the first closes the descriptor of the second, and a new connection gets the number.
 */

import { AF_UNIX, EPOLL_CTL_ADD, EPOLLIN, SOCK_NONBLOCK, SOCK_STREAM } from '../scenario/index.js';
import { loopLaws, type Specimen } from '../explore/index.js';
import { isBroken, VERSIONS, whenBroken } from './peers.js';

/** Above the number in the data of an event: which connection it was that had the number. */
const GENERATION = 2 ** 20;

export const numberReuse: Specimen = {
  name: 'number-reuse',
  title: 'A descriptor number is closed and given away inside one batch of events.',
  about: 'moonbitlang/async#571. Two connections are ready and come in one batch. The handler of the first decides to close the second and opens something new, which '
    + 'gets the lowest free number: the one that was closed a moment ago. The second event of the batch is still to come. It says "number 6 is readable" and means a connection that is gone; the '
    + 'loop, which knows connections by their number, reads from the new one. With an end of file or an error in the old event it would close it. The fixed version '
    + 'puts a generation beside the number into the data of the event, and drops events of an older one.',
  options: VERSIONS,
  shares: false,
  laws: loopLaws,
  breaks: whenBroken('no-stale-event'),
  programs: (options) => ({
    *server(sys) {
      const ep = sys.must(yield* sys.epoll_create1());
      const generations = new Map<number, number>();
      const watch = function* (fd: number) {
        const generation = (generations.get(fd) ?? 0) + 1;
        generations.set(fd, generation);
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN, data: isBroken(options) ? fd : generation * GENERATION + fd }));
      };
      const connect = function* () {
        const pair = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK));
        yield* watch(pair[0]);
        return pair;
      };
      const [a, toA] = yield* connect();
      const [b, toB] = yield* connect();
      sys.must(yield* sys.write(toA, 'close the other one'));
      sys.must(yield* sys.write(toB, 'hello'));
      for (const { data } of (yield* sys.epoll_wait(ep, 8, -1)).events) {
        const fd = data % GENERATION;
        if (!isBroken(options) && generations.get(fd) !== Math.floor(data / GENERATION)) continue;
        yield* sys.read(fd, 64);
        if (fd !== a) continue;
        sys.must(yield* sys.close(b));
        yield* connect();
      }
    },
  }),
};
