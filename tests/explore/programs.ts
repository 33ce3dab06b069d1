/**
 * Random small programs for the explorer: a few tasks that make a few calls each on descriptors they share. A seed gives a program, and
 * what a run of it did is one string.
 */

import { Prng } from '../../src/kernel/prng.js';
import { eventpollText, Names } from '../../src/inspect/index.js';
import {
  EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLONESHOT, EPOLLOUT, O_NONBLOCK, SOCK_NONBLOCK, SOCK_STREAM, AF_UNIX,
  type Machine, type Program, type Scenario, type Sleeps, type Sys,
} from '../../src/scenario/index.js';

/** The descriptors of a program, made before its tasks begin. */
interface Fds {
  readonly ep: number;
  readonly outer: number;
  readonly r: number;
  readonly w: number;
  readonly ev: number;
  readonly a: number;
  readonly b: number;
}

type Act = (sys: Sys, fds: Fds) => Sleeps<unknown>;

const watch = (op: number, fd: keyof Fds, events: number): Act => function* act(sys, fds) {
  return yield* sys.epoll_ctl(fds.ep, op, fds[fd], op === EPOLL_CTL_DEL ? undefined : { events });
};

/** What a task may do. All but a few never sleep for good. */
const ACTS: readonly Act[] = [
  function* act(sys, { w }) { return yield* sys.write(w, 'x'); },
  function* act(sys, { r }) { return (yield* sys.read(r, 1)).ret; },
  function* act(sys, { ev }) { return yield* sys.eventfdWrite(ev, 1); },
  function* act(sys, { ev }) { return (yield* sys.eventfdRead(ev)).ret; },
  function* act(sys, { ep }) { return (yield* sys.epoll_wait(ep, 1, 0)).events.map(({ events, data }) => [events, data]); },
  function* act(sys, { ep }) { return (yield* sys.epoll_wait(ep, 8, 0)).events.map(({ events, data }) => [events, data]); },
  function* act(sys, { ep }) { return (yield* sys.epoll_wait(ep, 8, 5)).events.map(({ events, data }) => [events, data]); },
  function* act(sys, { outer }) { return (yield* sys.epoll_wait(outer, 8, 0)).events.map(({ events, data }) => [events, data]); },
  watch(EPOLL_CTL_ADD, 'r', EPOLLIN), watch(EPOLL_CTL_ADD, 'r', EPOLLIN | EPOLLET), watch(EPOLL_CTL_ADD, 'ev', EPOLLIN | EPOLLONESHOT),
  watch(EPOLL_CTL_ADD, 'ev', EPOLLIN | EPOLLOUT | EPOLLET), watch(EPOLL_CTL_ADD, 'w', EPOLLOUT), watch(EPOLL_CTL_ADD, 'a', EPOLLIN | EPOLLEXCLUSIVE),
  watch(EPOLL_CTL_MOD, 'r', EPOLLIN), watch(EPOLL_CTL_MOD, 'ev', EPOLLIN | EPOLLONESHOT), watch(EPOLL_CTL_DEL, 'r', 0),
  function* act(sys, { r }) { return yield* sys.close(r); },
  function* act(sys, { b }) { return yield* sys.close(b); },
  function* act(sys, { ep }) { return yield* sys.close(ep); },
  function* act(sys, { r }) { return yield* sys.dup(r); },
  function* act(sys, { b }) { return yield* sys.write(b, 'y'); },
  function* act(sys, { a }) { return (yield* sys.read(a, 4)).ret; },
  function* act(sys, { r, ev }) { return (yield* sys.poll([{ fd: r, events: 1 }, { fd: ev, events: 1 }], 0)).revents; },
  function* act(sys) { return yield* sys.sched_yield(); },
  function* act(sys) { return yield* sys.pipe(); },
];

/** A program, and what its runs did: one string a run, put into `seen` when the run has ended. */
export function randomScenario(seed: number, seen: Set<string>): Scenario {
  const prng = new Prng(seed);
  const tasks = 2 + prng.below(2);
  const acts = Array.from({ length: tasks }, () => Array.from({ length: tasks === 2 ? 1 + prng.below(3) : 1 + prng.below(2) }, () => ACTS[prng.below(ACTS.length)]!));
  const nested = prng.below(3) === 0;
  const forks = prng.below(4) === 0;
  let results: unknown[][] = [];
  return {
    name: `random-${seed}`, title: '', about: '', shares: false,
    programs: () => {
      results = acts.map(() => []);
      return { main: mainOf(acts, results, nested, forks) };
    },
    after: (m, _options, outcome) => { seen.add(JSON.stringify([results, outcome.halt, outcome.left, pictures(m)])); },
  };
}

function mainOf(acts: readonly (readonly Act[])[], results: readonly unknown[][], nested: boolean, forks: boolean): Program {
  return function* main(sys) {
    const [r, w] = sys.must(yield* sys.pipe2(O_NONBLOCK));
    const [a, b] = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    const ev = sys.must(yield* sys.eventfd(0, EFD_NONBLOCK));
    const fds: Fds = { ep: sys.must(yield* sys.epoll_create1()), outer: sys.must(yield* sys.epoll_create1()), r, w, ev, a, b };
    if (nested) yield* sys.epoll_ctl(fds.outer, EPOLL_CTL_ADD, fds.ep, { events: EPOLLIN | EPOLLET });
    const body = (index: number): Program => function* task(sys) {
      for (const act of acts[index]!) results[index]!.push(yield* act(sys, fds));
    };
    for (let index = 1; index < acts.length; index++) {
      if (forks) yield* sys.fork(body(index));
      else yield* sys.thread(body(index));
    }
    yield* body(0)(sys);
    // the others end before the process does
    yield* sys.msleep(50);
  };
}

/** How the epolls stand, in words without numbers that depend on the order of making. */
function pictures(m: Machine): string[] {
  const view = m.view();
  return view.eventpolls.map((ep) => eventpollText(ep, new Names(view)).replaceAll(/#\d+/g, ''));
}
