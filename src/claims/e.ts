/**
 * Claims E1 to E4: why sockets are non-blocking, and the thundering herd. docs/herd.md measures the ways against it.
 */

import {
  AF_INET, EAGAIN, EPOLL_CTL_ADD, EPOLLEXCLUSIVE, EPOLLIN, F_SETFL, SO_REUSEPORT, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, type Program, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectedPair, connectTo, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { reported, watching } from './steps.js';

const E1: Claim = {
  id: 'E1',
  claim: 'Readiness says that there is data, not how much: a blocking program can read once only, a second read may block the thread.',
  verdict: 'holds',
  says: 'One byte and a thousand make the same EPOLLIN; FIONREAD would tell how much, at the price of a call more than a read that may fail with EAGAIN.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN);
      yield* sys.write(client, 'x');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'one byte');
      yield* sys.write(client, new Uint8Array(1000));
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'a thousand and one: the same');
      sys.expect((yield* sys.read(server, 2000)).ret, 1001, 'the one read');
      yield* sys.thread(function* late(sys) {
        yield* sys.msleep(20);
        yield* sys.write(client, 'y');
      });
      const before = sys.nowNs;
      sys.expect(yield* sys.read(server, 2000), 'y');
      asClaimed(sys, sys.nowNs - before > 5e6, true, 'a second one blocks, until the peer sends again');
    },
  }),
};

const WORKERS = 3;

/** What the workers of a story have counted. */
interface Counts {
  awake: number;
  got: number;
  inVain: number;
}

/** A worker that waits once on an epoll of its own, and then goes for the connection. */
const waitsOnce = (listener: number, flags: number, counts: Counts): Program => function* worker(sys) {
  const ep = yield* watching(sys, listener, EPOLLIN | flags);
  if ((yield* sys.epoll_wait(ep, 1, 100)).ret === 0) return;
  counts.awake++;
  yield* sys.msleep(1); // whoever is up is up now; then they all go for the connection
  if ((yield* sys.accept(listener)) === -EAGAIN) counts.inVain++;
  else counts.got++;
};

/** Starts workers, lets one connection come, and waits for the end of them all. Sleeps until then. */
function* oneConnectionFor(sys: Sys, port: number, workers: readonly Program[]): Sleeps<void> {
  for (const worker of workers) sys.must(yield* sys.fork(worker));
  yield* sys.msleep(10);
  const fd = yield* connectTo(sys, port);
  for (const _ of workers) sys.must(yield* sys.waitpid(-1));
  yield* sys.close(fd);
}

const E2: Claim = {
  id: 'E2',
  claim: 'Several processes or threads wait (select or epoll) on one listening socket: each new connection wakes them all, and one gets it (the thundering herd).',
  verdict: 'holds with a condition',
  says: 'It is so for select, poll, and an epoll for each of them; of those that sleep in accept itself, or in epoll_wait on one epoll that they share, one is woken.',
  programs: () => {
    const counts: Counts = { awake: 0, got: 0, inVain: 0 };
    let accepted = 0;
    return {
      *main(sys) {
        const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
        yield* oneConnectionFor(sys, 7000, Array.from({ length: WORKERS }, () => waitsOnce(listener, 0, counts)));
        asClaimed(sys, counts, { awake: WORKERS, got: 1, inVain: WORKERS - 1 }, 'an epoll for each: all get up, one gets the connection');
        yield* sys.fcntl(listener, F_SETFL, 0);
        for (let i = 0; i < 2; i++) {
          yield* sys.thread(function* sleeper(sys) {
            sys.must(yield* sys.accept(listener));
            accepted++;
          });
        }
        yield* sys.msleep(10);
        yield* connectTo(sys, 7000);
        yield* sys.msleep(10);
        unlikeClaim(sys, accepted, 1, 'two that sleep in accept: one is woken, and gets it');
        yield* connectTo(sys, 7000);
        yield* sys.msleep(10);
      },
    };
  },
};

const E3: Claim = {
  id: 'E3',
  claim: 'With blocking sockets, the losers of the herd block in accept.',
  verdict: 'holds',
  says: 'The wait has told both of one connection; the second accept finds none, and sleeps until the next one comes.',
  programs: () => {
    let waited = 0;
    let up = 0;
    return {
      *main(sys) {
        const listener = yield* listenOn(sys, 7000);
        const worker: Program = function* worker(sys) {
          sys.must(yield* sys.select(listener + 1, { read: [listener] }, null));
          up++;
          yield* sys.msleep(1);
          const before = sys.nowNs;
          sys.must(yield* sys.accept(listener));
          if (sys.nowNs - before > 5e6) waited++;
        };
        for (let i = 0; i < 2; i++) sys.must(yield* sys.fork(worker));
        yield* sys.msleep(10);
        yield* connectTo(sys, 7000);
        yield* sys.msleep(20);
        asClaimed(sys, up, 2, 'both were told that there is a connection');
        yield* connectTo(sys, 7000);
        for (let i = 0; i < 2; i++) sys.must(yield* sys.waitpid(-1));
        asClaimed(sys, waited, 1, 'one of them slept in accept until there was another one');
      },
    };
  },
};

/** Waits for a connection only while it holds the mutex, here a byte in a pipe. */
const waitsWithMutex = (listener: number, mutex: readonly [number, number], counts: Counts): Program => function* worker(sys) {
  sys.must(yield* sys.read(mutex[0], 1));
  const ep = sys.must(yield* sys.epoll_create1());
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, EPOLLIN));
  if ((yield* sys.epoll_wait(ep, 1, 50)).ret === 1) {
    counts.awake++;
    if ((yield* sys.accept(listener)) === -EAGAIN) counts.inVain++;
    else counts.got++;
  }
  yield* sys.write(mutex[1], 'm');
};

/** A listening socket that shares its port. Sleeps never. */
function* sharingListener(sys: Sys, port: number): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
  sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
  sys.must(yield* sys.bind(fd, { port }));
  sys.must(yield* sys.listen(fd, 16));
  return fd;
}

const E4: Claim = {
  id: 'E4',
  claim: 'An accept mutex, or SO_REUSEPORT, avoids the herd.',
  verdict: 'holds',
  says: 'With the mutex one worker waits for connections at a time, with SO_REUSEPORT each has a queue of its own; EPOLLEXCLUSIVE does it without either, and EPOLLONESHOT on one shared epoll too.',
  programs: () => ({
    *main(sys) {
      const one: Counts = { awake: 1, got: 1, inVain: 0 };
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const exclusive: Counts = { awake: 0, got: 0, inVain: 0 };
      yield* oneConnectionFor(sys, 7000, Array.from({ length: WORKERS }, () => waitsOnce(listener, EPOLLEXCLUSIVE, exclusive)));
      asClaimed(sys, exclusive, one, 'EPOLLEXCLUSIVE: one gets up');
      const locked: Counts = { awake: 0, got: 0, inVain: 0 };
      const mutex = yield* sys.pipe();
      yield* sys.write(mutex[1], 'm');
      yield* oneConnectionFor(sys, 7000, Array.from({ length: WORKERS }, () => waitsWithMutex(listener, mutex, locked)));
      asClaimed(sys, locked, one, 'accept mutex: one gets up');
      const shared: Counts = { awake: 0, got: 0, inVain: 0 };
      const own: Program[] = [];
      for (let i = 0; i < WORKERS; i++) own.push(waitsOnce(yield* sharingListener(sys, 7001), 0, shared));
      yield* oneConnectionFor(sys, 7001, own);
      asClaimed(sys, shared, one, 'SO_REUSEPORT: one gets up');
    },
  }),
};

export const claimsE: readonly Claim[] = [E1, E2, E3, E4];
