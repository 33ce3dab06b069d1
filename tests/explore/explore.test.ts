/** The search: it makes every run, finds what breaks, makes it small, and says what it covered. */

import { explore, tell, storyText, diffText, scenarioFile, targetOf, type Law } from '../../src/explore/index.js';
import { EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, replayScenario, type Scenario } from '../../src/scenario/index.js';

const scenario = (name: string, programs: Scenario['programs'], shares = false): Scenario => ({ name, title: '', about: '', shares, programs });

/** Tasks that each read an eventfd of their own. */
const strangers = (tasks: number, calls: number): Scenario => scenario('strangers', () => Object.fromEntries(Array.from({ length: tasks }, (_, i) => [`task${i}`, function* task(sys) {
  const fd = yield* sys.eventfd(1, EFD_NONBLOCK);
  for (let call = 0; call < calls; call++) yield* sys.eventfdRead(fd);
}])));

/** A writer thread against a wait that does not wait: the event may be there already. */
const race = scenario('race', () => ({
  *main(sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLET });
    yield* sys.thread(function* writer(sys) { yield* sys.write(w, 'x'); });
    sys.expect(yield* sys.epoll_wait(ep, 8, 0), 0, 'nothing yet');
  },
}));

describe('exhaustive', () => {
  test('two tasks of three moves each have 20 orders, and all are made', () => {
    const report = explore(strangers(2, 2), { reduce: false });
    expect(report).toMatchObject({ schedules: 20, coverage: { complete: true, reduced: false }, counterexample: null });
    expect(report.coverage.sentence).toBe('every run in which at most 1 softirq is left to ksoftirqd was made');
  });

  test('of tasks that touch nothing in common one order is made', () => {
    expect(explore(strangers(3, 5))).toMatchObject({ schedules: 1, coverage: { complete: true, reduced: true } });
  });

  test('a bound of preemptions is kept: with none, tasks change only where they sleep or end', () => {
    expect(explore(strangers(2, 2), { preemptions: 0 }).schedules).toBe(2);
    expect(explore(strangers(2, 2), { preemptions: 1 }).schedules).toBeLessThan(20);
    expect(explore(strangers(2, 2), { preemptions: 99 }).schedules).toBe(20);
  });

  test('a limit of runs is kept, and the report does not claim more', () => {
    const report = explore(strangers(2, 4), { reduce: false, schedules: 10 });
    expect(report).toMatchObject({ schedules: 10, coverage: { complete: false } });
    expect(report.coverage.sentence).toContain('a part of the runs');
  });
});

describe('what is found', () => {
  test('an expectation that fails under one order: fewest preemptions, and the string brings it back', () => {
    const { counterexample } = explore(race);
    expect(counterexample).toMatchObject({ violation: { law: 'expectation' }, departures: 1, fewest: true });
    const again = replayScenario(counterexample!.recording, race).run();
    expect(again.failures.map(({ what }) => what)).toEqual(['nothing yet']);
  });

  test('tasks that sleep for ever, unless they may', () => {
    const stuck = scenario('stuck', () => ({ *main(sys) { yield* sys.read((yield* sys.pipe())[0], 1); } }));
    expect(explore(stuck).counterexample?.violation).toMatchObject({ law: 'deadlock', message: 'main(1) sleeps for ever' });
    expect(explore(stuck, { maySleep: true }).counterexample).toBeNull();
  });

  test('a program that never ends', () => {
    const endless = scenario('endless', () => ({ *main(sys) { for (;;) yield* sys.getpid(); } }));
    expect(explore(endless, { stepBudget: 500 }).counterexample?.violation).toMatchObject({ law: 'step-budget', message: 'the run did not end within 500 steps' });
  });

  test('a program that throws, and a law that is broken', () => {
    const throws = scenario('throws', () => ({ *main(sys) { sys.must(yield* sys.close(77)); } }));
    expect(explore(throws).counterexample?.violation.law).toBe('throws');
    const never: Law = { name: 'no-getpid', forbids: 'getpid', watch: () => {
      let seen = false;
      const violation = () => (seen ? { law: 'no-getpid', message: 'it asked', step: 1 } : null);
      return { called: ({ row }) => { seen ||= row.name === 'getpid'; }, violation, ended: violation };
    } };
    const asks = scenario('asks', () => ({ *main(sys) { yield* sys.getpid(); yield* sys.sched_yield(); } }));
    expect(explore(asks, { laws: [never] }).counterexample?.violation.law).toBe('no-getpid');
    expect(explore(asks).counterexample).toBeNull();
  });

  test('all goes on and counts', () => {
    const report = explore(race, { all: true, reduce: false });
    expect(report.coverage.complete).toBe(true);
    expect(report.violations['expectation']).toBeGreaterThan(1);
  });
});

describe('at random', () => {
  test.each(['random', 'pct'] as const)('%s finds the race, the same one for the same seed', (mode) => {
    const found = explore(race, { mode, seed: 3, schedules: 500 });
    expect(found.counterexample?.departures).toBe(1);
    expect(explore(race, { mode, seed: 3, schedules: 500 }).schedules).toBe(found.schedules);
  });

  test('pct states its odds', () => {
    const { sentence } = explore(strangers(2, 2), { mode: 'pct', depth: 2, schedules: 5 }).coverage;
    expect(sentence).toMatch(/^5 runs at random; other runs exist; a bug that needs 2 orderings is found in one run with a probability of at least 1 \/ \(n k\^\(d-1\)\) = 1 \/ \d+ \(n = 2 tasks/);
  });
});

describe('the story', () => {
  const report = explore(race);
  const told = tell(targetOf(race, {}), report.counterexample!);

  test('says who did what, what moved, and where a run that passes goes another way', () => {
    const text = storyText(report.counterexample!, told);
    expect(text).toContain('item 3 was linked on rdllist');
    expect(text).toMatch(/--- up to here a run that passes does the same.*---\n +\d+ {2}writer\(2\)/);
    expect(text).toContain('1 departure from first come, first served; with fewer it does not happen');
  });

  test('has a difference of two logs that a test can print', () => {
    const diff = diffText(told.passing!, told.failing);
    expect(diff).toContain('\n- main(1) epoll_wait(5, [], 8, 0) = 0\n');
    expect(diff).toMatch(/\n\+ .*writer\(2\) write\(4, "x", 1\) = 1\n/);
    expect(diff).toContain('\n  main(1) pipe([3, 4]) = 0\n');
  });

  test('has a file that brings it back', () => {
    expect(scenarioFile(report.counterexample!, 'herd', null)).toContain(`export const recording = "${report.counterexample!.recording}"`);
  });
});
