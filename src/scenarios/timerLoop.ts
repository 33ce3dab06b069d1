/**
 * An event loop with a clock and a letter box: a timerfd that ticks and an eventfd on which a thread leaves messages.
 */

import { edge, EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLLIN, TFD_NONBLOCK, CLOCK_MONOTONIC, type Scenario } from '../scenario/index.js';

export const timerLoop: Scenario = {
  name: 'timer-loop',
  title: 'One loop for time and messages: a timerfd that ticks every 10 ms and an eventfd that a thread writes to.',
  about: 'A timerfd is readable when it has fired, and read() says how often since the last time; an eventfd is readable while its counter is not zero, and read() '
    + 'takes the counter. So a loop needs no timeouts of its own and no pipe to itself: everything is an event. The loop is busy for 35 ms in the middle; '
    + 'the timer goes on, and the next read tells of all the ticks that were missed. The loop reads what it is told of, so both triggers behave alike; '
    + 'without the reads, level-triggered would spin.',
  options: { trigger: ['LT', 'ET'] },
  shares: false,
  programs: (options) => {
    const seen: string[] = [];
    return {
      *loop(sys) {
        const timer = sys.must(yield* sys.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
        const box = sys.must(yield* sys.eventfd(0, EFD_NONBLOCK));
        const ep = sys.must(yield* sys.epoll_create1());
        for (const fd of [timer, box]) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN | edge(options) }));
        sys.must(yield* sys.timerfd_settime(timer, 10e6, 10e6));
        sys.must(yield* sys.thread(function* poster(sys) {
          yield* sys.msleep(15);
          yield* sys.eventfdWrite(box, 7);
        }));
        while (seen.length < 5) {
          const { events } = yield* sys.epoll_wait(ep, 8, -1);
          for (const { data: fd } of events) {
            if (fd === box) {
              seen.push(`message ${(yield* sys.eventfdRead(box)).value}`);
              continue;
            }
            const { ticks } = yield* sys.timerfdRead(timer);
            seen.push(`${ticks} at ${sys.nowNs / 1e6} ms`);
            if (seen.length === 3) yield* sys.msleep(35);
          }
        }
        sys.expect(seen, ['1 at 10 ms', 'message 7', '1 at 20 ms', '3 at 55 ms', '1 at 60 ms'], 'ticks and messages in order');
      },
    };
  },
};
