/** Running a story under laws: where it stops, what is said, and what the laws are asked at the end. */

import { type Law, runUnderLaws, type Violation } from '../../src/explore/law.js';
import { type Scenario, startScenario, type Story } from '../../src/scenario/index.js';

const story = (main: Scenario['programs'], options: { stepBudget?: number } = {}): Story =>
  startScenario({ name: 'a', title: 'A.', about: 'A.', programs: main }, {}, options);

/** Forbids the call `name`. */
function never(name: string): Law {
  return {
    name: `never-${name}`, forbids: `A call of ${name}.`,
    watch(m) {
      let broken: Violation | null = null;
      return {
        called({ row, ret }) {
          if (row.name === name && ret === null) broken ??= { law: `never-${name}`, message: `${name} was called`, step: m.kernel.steps };
        },
        ended: () => broken,
        violation: () => broken,
        report: () => [`${name}: ${broken === null ? 'no' : 'yes'}`],
      };
    },
  };
}

const atTheEnd: Law = {
  name: 'at-the-end', forbids: 'An end.',
  watch: (m) => ({ ended: ({ halt }) => ({ law: 'at-the-end', message: `it ended ${halt}`, step: m.kernel.steps }), violation: () => null }),
};

const programs: Scenario['programs'] = () => ({
  *main(sys) {
    yield* sys.getpid();
    yield* sys.msleep(1);
    yield* sys.getppid();
    yield* sys.msleep(1);
  },
});

test('a run that breaks nothing comes to its end, with the reports', () => {
  const { halt, violation, reports, outcome } = runUnderLaws(story(programs), [never('pipe')]);
  expect({ halt, violation, reports, left: outcome?.left }).toEqual({ halt: 'finished', violation: null, reports: ['pipe: no'], left: [] });
});

test('a run stops at the move in which a law is broken', () => {
  const one = story(programs);
  const { halt, violation, outcome } = runUnderLaws(one, [never('pipe'), never('getppid')]);
  expect({ halt, law: violation?.law, outcome }).toEqual({ halt: 'stopped', law: 'never-getppid', outcome: null });
  expect(one.machine.nowNs).toBe(1e6);
});

test('a law may find only at the end what is broken', () => {
  expect(runUnderLaws(story(programs), [atTheEnd]).violation?.message).toBe('it ended finished');
});

test('what holds after a run is looked at before the laws are asked', () => {
  const scenario: Scenario = { name: 'a', title: 'A.', about: 'A.', programs, after: (m) => void m.expect(1, 2, 'one is two') };
  expect(runUnderLaws(startScenario(scenario), []).outcome?.failures).toHaveLength(1);
});

test('an endless run ends with its budget, and the laws are asked what they saw', () => {
  const endless = story(() => ({ *main(sys) { for (;;) yield* sys.getpid(); } }), { stepBudget: 100 });
  expect(runUnderLaws(endless, [never('pipe')])).toMatchObject({ halt: 'budget', violation: null });
});

test('a program that throws is no verdict but an error', () => {
  const bad = story(() => ({ *main(sys) { sys.must(yield* sys.close(99)); } }));
  expect(() => runUnderLaws(bad, [])).toThrow('EBADF');
});
