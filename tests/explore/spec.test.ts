/**
 * The model's own law: for every small program of the shapes below, under every schedule, epoll tells what its specification (src/explore/spec.ts)
 * says that it must tell. And the specification has teeth: without ovflist the explorer finds the event that is lost.
 */

import { eventpoll } from '../../src/epoll/eventpoll.js';
import { explore, toldAsSpecified } from '../../src/explore/index.js';
import {
  EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, type Program, type Scenario, type Sleeps, type Sys,
} from '../../src/scenario/index.js';

/** How items are watched. `own`: every waiter has an epoll of its own; `nested`: an outer epoll watches the one with the items. */
const SHAPES: Readonly<Record<string, { readonly events: number; readonly own?: true; readonly nested?: number }>> = {
  LT: { events: EPOLLIN },
  ET: { events: EPOLLIN | EPOLLET },
  'ONESHOT LT': { events: EPOLLIN | EPOLLONESHOT },
  'ONESHOT ET': { events: EPOLLIN | EPOLLET | EPOLLONESHOT },
  'EXCLUSIVE LT': { events: EPOLLIN | EPOLLEXCLUSIVE, own: true },
  'EXCLUSIVE ET': { events: EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, own: true },
  'nested LT in LT': { events: EPOLLIN, nested: EPOLLIN },
  'nested ET in LT': { events: EPOLLIN | EPOLLET, nested: EPOLLIN },
  'nested LT in ET': { events: EPOLLIN, nested: EPOLLIN | EPOLLET },
};

/** Tells of what is ready, takes all of it, and arms again what fired once. */
function* serve(sys: Sys, ep: number, events: number): Sleeps<void> {
  for (const { data: fd } of (yield* sys.epoll_wait(ep, 2, -1)).events) {
    while ((yield* sys.eventfdRead(fd)).ret === 8);
    if ((events & EPOLLONESHOT) !== 0) yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, { events });
  }
}

/** Serves the inner epoll each time the outer one says that something is ready in it. */
function* serveNested(sys: Sys, outer: number, ep: number, events: number): Sleeps<void> {
  yield* sys.epoll_wait(outer, 1, -1);
  for (;;) {
    const { events: told } = yield* sys.epoll_wait(ep, 2, 0);
    if (told.length === 0) return;
    for (const { data: fd } of told) while ((yield* sys.eventfdRead(fd)).ret === 8);
    if ((events & EPOLLET) === 0) continue;
  }
}

/** So many waiters and writers; each writer fires descriptors in this order. */
interface Cast {
  readonly waiters: number;
  readonly writers: readonly (readonly number[])[];
}

const CASTS: readonly Cast[] = [
  { waiters: 1, writers: [[0]] },
  { waiters: 1, writers: [[0, 0]] },
  { waiters: 1, writers: [[0, 1]] },
  { waiters: 1, writers: [[0], [1]] },
  { waiters: 2, writers: [[0]] },
];

function scenarioOf(shape: string, cast: Cast): Scenario {
  const { events, own, nested } = SHAPES[shape]!;
  return {
    name: 'shape', title: '', about: '', shares: false,
    programs: () => ({
      *main(sys) {
        const fds = [yield* sys.eventfd(0, EFD_NONBLOCK), yield* sys.eventfd(0, EFD_NONBLOCK)];
        const eps: number[] = [];
        for (let at = 0; at < (own === true ? cast.waiters : 1); at++) {
          const ep = yield* sys.epoll_create1();
          for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events });
          eps.push(ep);
        }
        const outer = yield* sys.epoll_create1();
        if (nested !== undefined) yield* sys.epoll_ctl(outer, EPOLL_CTL_ADD, eps[0]!, { events: nested });
        const waiter = (at: number): Program => function* waiter(sys) {
          const ep = eps[at % eps.length]!;
          for (;;) yield* nested === undefined ? serve(sys, ep, events) : serveNested(sys, outer, ep, events);
        };
        for (const order of cast.writers) yield* sys.thread(function* writer(sys) { for (const at of order) yield* sys.eventfdWrite(fds[at]!, 1); });
        for (let at = 1; at < cast.waiters; at++) yield* sys.thread(waiter(at));
        yield* waiter(0)(sys);
      },
    }),
  };
}

/** One waiter: every run, one of each kind. Two waiters hand an item to and fro in very many ways: every run with one preemption. */
function look(shape: string, cast: Cast): ReturnType<typeof explore> {
  const how = cast.waiters === 1 ? {} : { preemptions: 1 };
  return explore(scenarioOf(shape, cast), { laws: [toldAsSpecified], maySleep: true, schedules: 20_000, ...how });
}

describe.each(Object.keys(SHAPES))('%s', (shape) => {
  test.each(CASTS)('nobody sleeps on what he is owed: $waiters waiting, writers $writers', (cast) => {
    const { counterexample, coverage } = look(shape, cast);
    expect(counterexample?.violation ?? null).toBeNull();
    expect(coverage.complete).toBe(true);
  });
});

describe('without ovflist', () => {
  beforeEach(() => { jest.spyOn(eventpoll.prototype, 'chain').mockImplementation(() => {}); });
  afterEach(() => { jest.restoreAllMocks(); });

  test.each(['LT', 'ET', 'EXCLUSIVE LT', 'EXCLUSIVE ET'])('%s: an item that fires while another one is being told of is lost', (shape) => {
    const { counterexample } = look(shape, { waiters: 1, writers: [[0, 1]] });
    expect(counterexample?.violation).toMatchObject({ law: 'told-as-specified', message: expect.stringMatching(/sleeps in epoll_wait for ever and is owed EPOLLIN of descriptor \d/) });
  });
});
