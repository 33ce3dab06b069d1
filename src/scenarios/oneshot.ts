/**
 * Two threads share one epoll. EPOLLONESHOT gives a connection to one of them and keeps it there until that thread has
 * finished with it.
 */

import { EAGAIN, edge, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLIN, EPOLLONESHOT, F_SETFL, O_NONBLOCK, type Scenario, type Sys } from '../scenario/index.js';

export const oneshot: Scenario = {
  name: 'oneshot',
  title: 'Two threads on one epoll: EPOLLONESHOT keeps a descriptor with the thread that got it.',
  about: 'Two threads wait on the same epoll. Data comes, one of them gets the event and works for 20 ms; meanwhile more data comes. Without EPOLLONESHOT '
    + 'the other thread would be told of it and both would read from one descriptor, each a part. With it the item is disabled when it is reported: '
    + 'it stays in the tree and deaf, whatever happens, until the owner arms it again with EPOLL_CTL_MOD. MOD looks at the file at once, so what came '
    + 'meanwhile is not lost. This holds level-triggered and edge-triggered alike.',
  options: { trigger: ['LT', 'ET'] },
  programs: (options) => {
    const events = EPOLLIN | EPOLLONESHOT | edge(options);
    let working = 0;
    let turns = 0;
    let text = '';
    return {
      *server(sys) {
        const [r, w] = sys.must(yield* sys.pipe());
        sys.must(yield* sys.fcntl(r, F_SETFL, O_NONBLOCK));
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events }));
        const worker = function* (sys: Sys) {
          while ((yield* sys.epoll_wait(ep, 1, 100)).ret > 0) {
            turns++;
            sys.expect(++working, 1, 'nobody else works on it');
            yield* sys.msleep(20);
            for (;;) {
              const part = yield* sys.read(r, 64);
              if (part.ret === -EAGAIN) break;
              text += part.text;
            }
            working--;
            sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events }));
          }
        };
        sys.must(yield* sys.thread(worker));
        sys.must(yield* sys.thread(worker));
        for (const word of ['a', 'b', 'c']) {
          yield* sys.msleep(15);
          yield* sys.write(w, word);
        }
        yield* sys.msleep(300);
        sys.expect(text, 'abc', 'every byte is read once, in order');
        sys.expect(turns, 2, 'two turns: b came during the first and was read with it');
      },
    };
  },
};
