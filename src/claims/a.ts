/**
 * Claims A1 to A8: select, poll and epoll beside each other. What the calls do to their arguments, which descriptors fit, and what a wait costs
 * as more descriptors are watched.
 */

import {
  AF_UNIX, EPOLL_CTL_ADD, EPOLLIN, POLLHUP, POLLIN, POLLRDHUP, SHUT_WR, SOCK_STREAM, type Programs, type Sleeps, type Sys,
} from '../scenario/index.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { watching } from './steps.js';

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

const A3: Claim = {
  id: 'A3',
  claim: 'poll offers more event types than select, and its descriptor array is better to reuse.',
  verdict: 'holds',
  says: 'select knows readable, writable and exceptional; poll tells hang-up, error and the end of the peer apart, and leaves what was asked for as it is.',
  programs: () => ({
    *main(sys) {
      const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      yield* sys.shutdown(b, SHUT_WR);
      asClaimed(sys, yield* sys.poll([{ fd: a, events: POLLIN | POLLRDHUP }], 0), [POLLIN | POLLRDHUP], 'poll says that the peer has ended its direction');
      sys.expect((yield* sys.select(a + 1, { read: [a], except: [a] }, 0)).read, [a], 'select says that a read would not block, and no more');
      yield* sys.close(b);
      const entry = [{ fd: a, events: POLLIN | POLLRDHUP }];
      asClaimed(sys, yield* sys.poll(entry, 0), [POLLIN | POLLRDHUP | POLLHUP], 'with the whole peer gone, hang-up comes in the same array');
    },
  }),
};

const A4: Claim = {
  id: 'A4',
  claim: 'If one thread is in select or poll on a descriptor that another thread closes, the outcome is unspecified; with epoll, a close in another thread while epoll_wait runs causes no such uncertainty.',
  verdict: 'holds with a condition',
  says: 'On Linux poll keeps the file alive and sleeps on, and epoll drops the item silently: neither wakes; but with epoll a duplicate of the descriptor keeps the item alive, and events come under a number that is closed.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const [r2, w2] = yield* sys.pipe();
      const copy = yield* sys.dup(r2);
      const ep = yield* watching(sys, r2, EPOLLIN);
      let polled = -1;
      yield* sys.thread(function* poller(sys) {
        polled = (yield* sys.poll([{ fd: r, events: POLLIN }], 30)).ret;
      });
      yield* sys.msleep(10);
      yield* sys.close(r);
      yield* sys.close(r2);
      yield* sys.write(w, 'x');
      yield* sys.msleep(30);
      sys.expect(polled, 1, 'the file that poll looks at is still there, and what comes is told');
      yield* sys.write(w2, 'x');
      unlikeClaim(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r2 }], 'epoll tells of a number that is closed, because a duplicate lives');
      yield* sys.close(copy);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 0)).ret, 0, 'with the last reference closed, the item is gone without a word');
    },
  }),
};

/** So many pipes, of which the last one has something to read. Sleeps never. */
function* oneReady(sys: Sys, size: number): Sleeps<number[]> {
  yield* sys.setNofileLimit(2 * size + 20);
  const fds: number[] = [];
  let last = -1;
  for (let i = 0; i < size; i++) {
    const [r, w] = yield* sys.pipe();
    fds.push(r);
    last = w;
  }
  yield* sys.write(last, 'x');
  return fds;
}

/** One wait of each kind on so many descriptors. */
const waitOnAll = (size: number): Programs => ({
  *main(sys) {
    const fds = yield* oneReady(sys, size);
    const ep = yield* sys.epoll_create1();
    for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
    yield* sys.epoll_wait(ep, 8, 0);
    yield* sys.poll(fds.map((fd) => ({ fd, events: POLLIN })), 0);
    yield* sys.select(fds.at(-1)! + 1, { read: fds }, 0);
  },
});

const SIZES = [10, 100, 400];

const A5: Claim = {
  id: 'A5',
  claim: 'select and poll are slow, epoll is much faster.',
  verdict: 'holds with a condition',
  says: 'With one ready descriptor of N, select and poll ask all N files and epoll_wait one; with few descriptors, or with all of them ready, there is no difference that matters.',
  programs: () => ({
    *main(sys) {
      const fds = yield* oneReady(sys, 30);
      const ep = yield* sys.epoll_create1();
      for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 64, 0)).ret, 1, 'one of thirty is ready, and epoll_wait looks at that one: the curve counts it');
      yield* sys.poll(fds.map((fd) => ({ fd, events: POLLIN })), 0);
      const few = fds.slice(-1);
      unlikeClaim(sys, (yield* sys.poll(few.map((fd) => ({ fd, events: POLLIN })), 0)).ret, few.length, 'poll on one descriptor looks at one file too');
    },
  }),
  curve: { across: 'descriptors watched, one of them ready', sizes: SIZES, unit: 'files asked for their readiness', calls: { select: 'linear', poll: 'linear', epoll_wait: 'flat' }, work: (_event, polls) => polls, programs: waitOnAll },
};

const A6: Claim = {
  id: 'A6',
  claim: 'select and poll copy every descriptor from user to kernel at each call; epoll copies a descriptor once.',
  verdict: 'holds',
  says: 'poll hands over eight bytes a descriptor at each call and select a bit, up to the highest number; epoll_wait hands over nothing, since epoll_ctl did it once.',
  programs: () => ({
    *main(sys) {
      const [r, w] = yield* sys.pipe();
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.write(w, 'x');
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'one epoll_ctl, and every epoll_wait knows the descriptor');
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'also the next one');
      sys.expect((yield* sys.poll([], 0)).ret, 0, 'poll knows only what this call hands over');
    },
  }),
  curve: {
    across: 'descriptors watched', sizes: SIZES, unit: 'bytes handed to the kernel', calls: { select: 'linear', poll: 'linear', epoll_wait: 'none' },
    work: ({ row, args }) => (row.name === 'poll' ? 8 * (args[1] as number) : row.name === 'select' ? Math.ceil((args[0] as number) / 8) : 0),
    programs: waitOnAll,
  },
};

const A7: Claim = {
  id: 'A7',
  claim: 'select and poll do not say which descriptors are ready, so the program scans them all; epoll returns only the ready ones.',
  verdict: 'holds',
  says: 'The answers of select and poll are as long as the questions; the array of epoll_wait holds the ready ones and nothing else.',
  programs: () => ({
    *main(sys) {
      const fds = yield* oneReady(sys, 5);
      const ep = yield* sys.epoll_create1();
      for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
      asClaimed(sys, yield* sys.poll(fds.map((fd) => ({ fd, events: POLLIN })), 0), [0, 0, 0, 0, POLLIN], 'poll answers for all five');
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: fds[4]! }], 'epoll_wait answers with one');
    },
  }),
  curve: {
    across: 'descriptors watched, one of them ready', sizes: SIZES, unit: 'entries the program looks through', calls: { select: 'linear', poll: 'linear', epoll_wait: 'flat' },
    work: ({ row, args, ret }) => (row.name === 'epoll_wait' ? ret! : row.name === 'poll' ? args[1] as number : args[0] as number),
    programs: waitOnAll,
  },
};

const A8: Claim = {
  id: 'A8',
  claim: 'Nearly every system has select, newer ones have poll, only Linux has epoll.',
  verdict: 'text',
  says: 'It is about other systems: select and poll are in POSIX.1-2001, epoll is in Linux since 2.5.44, and illumos has taken it over for Linux programs; BSD has kqueue for the same purpose.',
  programs: null,
  source: 'select(2), poll(2) and epoll(7), sections STANDARDS and HISTORY; illumos epoll(7)',
};

export const claimsA: readonly Claim[] = [A1, A2, A3, A4, A5, A6, A7, A8];
