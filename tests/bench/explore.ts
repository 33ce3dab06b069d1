/**
 * What a search costs: runs and moves a second on two small shapes, with reduction and without, and how many of the built-in scenarios are
 * exhausted in two seconds. Processor time is counted, so that other work on the machine disturbs little.
 */

import { explore, type ExploreOptions, type Report } from '#dist/explore/index.js';
import { EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLLIN, type Program, type Scenario } from '#dist/scenario/index.js';
import { scenarios } from '#dist/scenarios/index.js';

/** Milliseconds of processor time of this process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const stranger: Program = function* stranger(sys) {
  const fd = yield* sys.eventfd(1, EFD_NONBLOCK);
  for (let call = 0; call < 19; call++) yield* sys.eventfdRead(fd);
};

/** Two threads of 20 moves each that touch nothing in common. */
export const strangers: Scenario = {
  name: 'strangers', title: '', about: '', shares: false,
  programs: () => Object.fromEntries(['a', 'b'].map((name) => [name, stranger])),
};

/** Two wakers and a waiter on one ready list. */
export const wakers: Scenario = {
  name: 'wakers', title: '', about: '', shares: false,
  programs: () => ({
    *main(sys) {
      const ep = yield* sys.epoll_create1();
      const fds = [yield* sys.eventfd(0, EFD_NONBLOCK), yield* sys.eventfd(0, EFD_NONBLOCK)];
      for (const fd of fds) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events: EPOLLIN });
      for (const fd of fds) yield* sys.thread(function* waker(sys) { yield* sys.eventfdWrite(fd, 1); });
      for (let told = 0; told < 2; ) {
        for (const { data } of (yield* sys.epoll_wait(ep, 8, -1)).events) if ((yield* sys.eventfdRead(data)).ret === 8) told++;
      }
    },
  }),
};

export interface Rate {
  readonly runs: number;
  readonly runsPerSecond: number;
  readonly movesPerSecond: number;
  readonly complete: boolean;
}

function rateOf(report: Report, ms: number): Rate {
  const made = report.schedules + report.pruned;
  return { runs: report.schedules, runsPerSecond: made / ms * 1000, movesPerSecond: report.moves / ms * 1000, complete: report.coverage.complete };
}

/** Explores after a warm-up of the same kind. */
export function rate(scenario: Scenario, options: ExploreOptions): Rate {
  explore(scenario, { ...options, schedules: 2000 });
  const begun = cpuMs();
  const report = explore(scenario, options);
  return rateOf(report, cpuMs() - begun);
}

/** Every built-in scenario with its first options: how many are exhausted in so much processor time. */
export function exhausted(seconds: number): { readonly all: number; readonly done: number; readonly left: readonly string[] } {
  const left = scenarios.filter((scenario) => !explore(scenario, { seconds, clockMs: cpuMs, maySleep: true }).coverage.complete).map(({ name }) => name);
  return { all: scenarios.length, done: scenarios.length - left.length, left };
}
