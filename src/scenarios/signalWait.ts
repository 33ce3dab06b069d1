/**
 * A signal during epoll_wait: EINTR whatever SA_RESTART says, and epoll_pwait, which lets a signal in only while it sleeps.
 */

import { EINTR, EPOLL_CTL_ADD, EPOLLIN, SA_RESTART, SFD_NONBLOCK, SIG_BLOCK, SIGUSR1, type Scenario } from '../scenario/index.js';

export const signalWait: Scenario = {
  name: 'signal-wait',
  title: 'A signal comes during the wait: EINTR in spite of SA_RESTART, the race, and two ways around it.',
  about: 'epoll_wait is never restarted after a handler has run: it answers EINTR even with SA_RESTART. A loop that sets a flag in the handler and tests it before '
    + 'epoll_wait has a race, because the signal may come between the test and the call. epoll_pwait closes it: the signal is blocked, and let in only while '
    + 'the call sleeps; if it came before, the call answers EINTR at once. signalfd does without handlers: a blocked signal makes a descriptor readable, '
    + 'and it becomes an event as any other.',
  programs: () => {
    let flag = 0;
    return {
      *main(sys) {
        const me = yield* sys.getpid();
        const ep = sys.must(yield* sys.epoll_create1());
        sys.must(yield* sys.sigaction(SIGUSR1, () => { flag++; }, { flags: SA_RESTART }));
        sys.must(yield* sys.fork(function* sender(sys) {
          yield* sys.msleep(10);
          yield* sys.kill(me, SIGUSR1);
        }));
        sys.expect(yield* sys.epoll_wait(ep, 8, -1), -EINTR, 'interrupted, and not restarted');
        sys.expect(flag, 1, 'the handler has run');
        sys.must(yield* sys.sigprocmask(SIG_BLOCK, [SIGUSR1]));
        yield* sys.kill(me, SIGUSR1);
        sys.expect(flag, 1, 'blocked: the signal waits');
        sys.expect(yield* sys.epoll_pwait(ep, 8, -1, []), -EINTR, 'epoll_pwait lets it in, and does not sleep');
        sys.expect(flag, 2, 'the handler has run inside the call');
        const sfd = sys.must(yield* sys.signalfd(-1, [SIGUSR1], SFD_NONBLOCK));
        sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, sfd, { events: EPOLLIN }));
        yield* sys.kill(me, SIGUSR1);
        sys.expect(yield* sys.epoll_wait(ep, 8, -1), [{ events: EPOLLIN, data: sfd }], 'with a signalfd it is an event');
        sys.expect((yield* sys.signalfdRead(sfd)).signal, SIGUSR1, 'that says which signal it was');
        sys.expect(flag, 2, 'and no handler runs');
      },
    };
  },
};
