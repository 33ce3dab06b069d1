/**
 * The ways against the thundering herd, measured: workers that wait for connections of one port in eight ways, and how often they get up, accept, and
 * find nothing. Connections come one at a time, when all workers sleep.
 */

import {
  AF_INET, EAGAIN, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, SO_REUSEADDR, SO_REUSEPORT, runScenario, type Scenario, SOCK_NONBLOCK, SOCK_STREAM,
  SOL_SOCKET, type Program, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectTo } from '../scenarios/tcp.js';

/** The ways, and what each of them is. */
export const HERD_WAYS = {
  'own-epoll': 'an epoll for each worker, nothing against the herd',
  'exclusive': 'an epoll for each worker, EPOLLEXCLUSIVE',
  'shared-lt': 'one epoll for all, level-triggered',
  'shared-et': 'one epoll for all, edge-triggered',
  'oneshot': 'one epoll for all, EPOLLONESHOT, armed again after accept',
  'reuse-port': 'a listening socket for each worker, SO_REUSEPORT',
  'mutex': 'an epoll for each worker, and the listening socket in the one that holds the accept mutex, as nginx has it',
  'acceptor': 'one thread accepts, and hands over',
} as const;

/** Name of a way. */
export type HerdWay = keyof typeof HERD_WAYS;

const WORKERS = 4;
const CONNECTIONS = 8;

/** What was counted. */
export interface HerdCounts {
  /** returns of a wait because of a connection */
  wakeups: number;
  accepts: number;
  eagains: number;
}

/** What the programs of one run share. */
interface Shop {
  readonly counts: HerdCounts;
  readonly way: HerdWay;
  /** milliseconds between the wake-up and accept */
  readonly late: number;
  /** the epoll of all, or -1 */
  ep: number;
  /** pipe whose one byte is the accept mutex: [read, write] */
  mutex: readonly [number, number];
  closing: boolean;
}

function* listener(sys: Sys, port: number, sharesPort: boolean): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
  sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, sharesPort ? SO_REUSEPORT : SO_REUSEADDR, 1));
  sys.must(yield* sys.bind(fd, { port }));
  sys.must(yield* sys.listen(fd, 16));
  return fd;
}

const eventsOf = (way: HerdWay): number =>
  EPOLLIN | (way === 'exclusive' ? EPOLLEXCLUSIVE : way === 'shared-et' ? EPOLLET : way === 'oneshot' ? EPOLLONESHOT : 0);

/** After a wake-up: accept what is there, one connection, edge-triggered all. Sleeps as long as the worker is late. */
function* serve(sys: Sys, { counts, way, late }: Shop, fd: number): Sleeps<void> {
  counts.wakeups++;
  if (late > 0) yield* sys.msleep(late);
  for (;;) {
    const got = yield* sys.accept(fd);
    if (got === -EAGAIN) counts.eagains++;
    else counts.accepts++;
    if (got < 0) return;
    yield* sys.close(sys.must(got));
    if (way !== 'shared-et') return;
  }
}

/** A worker that waits on an epoll, its own or that of all, until the shop closes. */
const onEpoll = (shop: Shop, fd: number): Program => function* worker(sys) {
  const ep = shop.ep >= 0 ? shop.ep : sys.must(yield* sys.epoll_create1());
  if (shop.ep < 0) sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: eventsOf(shop.way) }));
  while (!shop.closing) {
    if ((yield* sys.epoll_wait(ep, 1, 1000)).ret !== 1) continue;
    yield* serve(sys, shop, fd);
    if (shop.way === 'oneshot') sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events: eventsOf(shop.way) }));
  }
};

/** A worker that watches the listening socket only while it holds the mutex; the others sleep until it is free. */
const withMutex = (shop: Shop, fd: number): Program => function* worker(sys) {
  const ep = sys.must(yield* sys.epoll_create1());
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN }));
  while (!shop.closing) {
    sys.must(yield* sys.read(shop.mutex[0], 1));
    if (!shop.closing && (yield* sys.epoll_wait(ep, 1, 1000)).ret === 1) yield* serve(sys, shop, fd);
    yield* sys.write(shop.mutex[1], 'm');
    yield* sys.msleep(1); // what it does with the connection; another one takes the mutex
  }
};

/** The workers of a way, by number. Sleeps never. */
function* workersOf(sys: Sys, shop: Shop): Sleeps<readonly Program[]> {
  const { way } = shop;
  const fd = yield* listener(sys, 7000, way === 'reuse-port');
  if (way === 'shared-lt' || way === 'shared-et' || way === 'oneshot') {
    shop.ep = sys.must(yield* sys.epoll_create1());
    sys.must(yield* sys.epoll_ctl(shop.ep, EPOLL_CTL_ADD, fd, { events: eventsOf(way) }));
  }
  if (way === 'acceptor') return [onEpoll(shop, fd)];
  if (way === 'mutex') {
    shop.mutex = sys.must(yield* sys.pipe());
    yield* sys.write(shop.mutex[1], 'm');
  }
  const workers: Program[] = [];
  for (let i = 0; i < WORKERS; i++) {
    const own = way === 'reuse-port' && i > 0 ? yield* listener(sys, 7000, true) : fd;
    workers.push(way === 'mutex' ? withMutex(shop, own) : onEpoll(shop, own));
  }
  return workers;
}

function storyOf(shop: Shop): Program {
  return function* main(sys) {
    for (const worker of yield* workersOf(sys, shop)) sys.must(yield* sys.thread(worker));
    for (let i = 0; i < CONNECTIONS; i++) {
      yield* sys.msleep(20);
      yield* sys.close(yield* connectTo(sys, 7000));
    }
    yield* sys.msleep(20);
    shop.closing = true;
    sys.expect(shop.counts.accepts, CONNECTIONS, 'every connection is accepted');
  };
}

function newShop(way: HerdWay, late: number): Shop {
  return { counts: { wakeups: 0, accepts: 0, eagains: 0 }, way, late, ep: -1, mutex: [-1, -1], closing: false };
}

function storyFor(shop: (way: HerdWay, late: number) => Shop): Scenario {
  return {
    name: 'herd-ways',
    title: 'Four workers wait for connections in one of eight ways: how many get up for each?',
    about: 'Connections come one at a time, when all workers sleep. With an epoll for each, every one of them is woken, and whoever is late finds nothing; the other ways wake one. On one shared '
      + 'epoll, level-triggered, the first one that is woken puts the item back when it reports it, and so wakes the next: as long as nobody has accepted, they all get up one after the other.',
    options: { way: Object.keys(HERD_WAYS), accept: ['at-once', 'late'] },
    programs: (options) => ({ main: storyOf(shop(options['way'] as HerdWay, options['accept'] === 'late' ? 1 : 0)) }),
  };
}

/** The story, for `epollsim run herd-ways --option way=exclusive`. */
export const herdWays: Scenario = storyFor(newShop);

/** Runs it. @returns counts for one connection, on average */
export function measureHerd(way: HerdWay, accept: 'at-once' | 'late'): HerdCounts {
  const shop = newShop(way, accept === 'late' ? 1 : 0);
  const { failures } = runScenario(storyFor(() => shop), { way, accept });
  if (failures.length > 0) throw new Error(`herd-ways way=${way} accept=${accept}: an expectation failed`);
  const { wakeups, accepts, eagains } = shop.counts;
  return { wakeups: wakeups / CONNECTIONS, accepts: accepts / CONNECTIONS, eagains: eagains / CONNECTIONS };
}
