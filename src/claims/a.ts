/**
 * Claims A1 to A8: select, poll and epoll beside each other. What the calls do to their arguments, which descriptors fit, and what a wait costs
 * as more descriptors are watched.
 */

import {
  EPOLL_CTL_ADD, EPOLLIN, POLLIN,
} from '../scenario/index.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';

const A1: Claim = {
  id: 'A1',
  claim: 'select modifies the descriptor sets it is given; poll does not modify the events asked for.',
  verdict: 'holds',
  says: 'select writes its answer over the sets, so they must be built again before each call; poll has a member of its own for the answer.',
  programs: () => ({
    *main(sys) {
      const [quiet] = yield* sys.pipe();
      const [ready, w] = yield* sys.pipe();
      yield* sys.write(w, 'x');
      const { read } = yield* sys.select(ready + 1, { read: [quiet, ready] }, 0);
      asClaimed(sys, read, [ready], 'the bit of the quiet pipe is gone from the set');
      const entries = [{ fd: quiet, events: POLLIN }, { fd: ready, events: POLLIN }];
      asClaimed(sys, yield* sys.poll(entries, 0), [0, POLLIN], 'poll answers in revents');
      asClaimed(sys, yield* sys.poll(entries, 0), [0, POLLIN], 'and the same array asks the same again');
    },
  }),
};

const A2: Claim = {
  id: 'A2',
  claim: 'select keeps its descriptors in an array of FD_SETSIZE bits, 1024 by default, so it cannot watch a descriptor above that without recompiling; poll has no such limit, and epoll neither.',
  verdict: 'holds with a condition',
  says: 'The limit is that of the C library\'s fd_set; the kernel takes as many bits as nfds says, so a program with larger sets of its own can watch descriptor 1024 with select too.',
  programs: () => ({
    *main(sys) {
      yield* sys.setNofileLimit(2000);
      const [r, w] = yield* sys.pipe();
      const high = yield* sys.dup2(r, 1024);
      yield* sys.write(w, 'x');
      asClaimed(sys, yield* sys.poll([{ fd: high, events: POLLIN }], 0), [POLLIN], 'poll takes descriptor 1024');
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, high, EPOLLIN);
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: high }], 'epoll takes it');
      unlikeClaim(sys, (yield* sys.select(high + 1, { read: [high] }, 0)).read, [high], 'with a set of 1025 bits select takes it as well');
    },
  }),
};

const A8: Claim = {
  id: 'A8',
  claim: 'Nearly every system has select, newer ones have poll, only Linux has epoll.',
  verdict: 'text',
  says: 'It is about other systems: select and poll are in POSIX.1-2001, epoll is in Linux since 2.5.44, and illumos has taken it over for Linux programs; BSD has kqueue for the same purpose.',
  programs: null,
  source: 'select(2), poll(2) and epoll(7), sections STANDARDS and HISTORY; illumos epoll(7)',
};

export const claimsA: readonly Claim[] = [A1, A2, A8];
