/**
 * Four workers, each with an epoll of its own, wait for the same eventfd. One job comes: how many of them get up?
 */

import { EAGAIN, edge, EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLLEXCLUSIVE, EPOLLIN, type Scenario } from '../scenario/index.js';

const WORKERS = 4;

export const herd: Scenario = {
  name: 'herd',
  title: 'One job for four workers: without EPOLLEXCLUSIVE all of them get up for it.',
  about: 'Each worker has its own epoll, and all of them watch one eventfd. A wake-up walks the wait queue of the eventfd and calls ep_poll_callback for '
    + 'every item on it: four epolls become ready, four workers return from epoll_wait, one gets the job and three get EAGAIN. That is the thundering '
    + 'herd. An item with EPOLLEXCLUSIVE stands on the queue as an exclusive waiter, and the walk ends at the first one whose callback woke '
    + 'somebody: one worker gets up. (Four workers on one epoll have no herd: they wait on the epoll, and always exclusively.)',
  options: { trigger: ['LT', 'ET'], exclusive: ['no', 'yes'] },
  shares: false,
  programs: (options) => {
    const exclusive = options['exclusive'] === 'yes';
    let awake = 0;
    let jobs = 0;
    let inVain = 0;
    return {
      *main(sys) {
        const fd = sys.must(yield* sys.eventfd(0, EFD_NONBLOCK));
        for (let i = 0; i < WORKERS; i++) {
          sys.must(yield* sys.fork(function* worker(sys) {
            const ep = sys.must(yield* sys.epoll_create1());
            sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) | (exclusive ? EPOLLEXCLUSIVE : 0) }));
            if ((yield* sys.epoll_wait(ep, 1, 100)).ret === 0) return;
            awake++;
            yield* sys.msleep(1); // whoever is up is up now; then they all go for the job
            const job = yield* sys.eventfdRead(fd);
            if (job.ret === -EAGAIN) inVain++;
            else jobs++;
          }));
        }
        yield* sys.msleep(10);
        yield* sys.eventfdWrite(fd, 1);
        for (let i = 0; i < WORKERS; i++) sys.must(yield* sys.waitpid(-1));
        sys.expect(awake, exclusive ? 1 : WORKERS, 'workers that got up');
        sys.expect(jobs, 1, 'workers that got the job');
        sys.expect(inVain, exclusive ? 0 : WORKERS - 1, 'workers that got up in vain');
      },
    };
  },
};
