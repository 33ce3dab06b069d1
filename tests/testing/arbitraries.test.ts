/** The arbitraries of the kit: what they make, how it shrinks, and that its short text says all of it. */

import * as fc from 'fast-check';
import { FirstCome, machine } from '../../src/scenario/index.js';
import { lists } from '../../src/testing/list.js';
import { parsePeer, peerText } from '../../src/testing/peer.js';
import {
  callProgram, chunks, closePlans, connectionStorms, fdLimits, packetFates, parseSurroundings, peers, Schedule, schedules, segmentSizes, signals, surroundings, surroundingsText,
  systemCalls,
} from '../../src/testing/index.js';

/** The smallest value for which `fails` is true. */
function smallest<T>(arbitrary: fc.Arbitrary<T>, fails: (value: T) => boolean): T {
  const { counterexample } = fc.check(fc.property(arbitrary, (value) => !fails(value)), { seed: 3, numRuns: 1000 });
  return counterexample![0];
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);

describe('lists', () => {
  const numbers = lists(fc.nat({ max: 50 }), { least: 1, most: 8, merge: (a, b) => a + b });

  test('have the lengths that they may have, and the shortest and the longest occur', () => {
    const lengths = new Set(fc.sample(numbers, { seed: 1, numRuns: 300 }).map((list) => list.length));
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([1, 8]);
  });

  test('any member is left out, from both ends', () => {
    expect(smallest(numbers, (list) => list.includes(33))).toEqual([33]);
    expect(smallest(numbers, (list) => list.indexOf(7) >= 0 && list.lastIndexOf(9) > list.indexOf(7))).toEqual([7, 9]);
  });

  test('neighbours become one, and that one goes on shrinking', () => {
    expect(smallest(numbers, (list) => sum(list) > 60)).toEqual([61]);
  });

  test('no list is shorter than it may be', () => {
    expect(smallest(numbers, () => true)).toEqual([0]);
  });
});

describe('streams', () => {
  test('segments shrink to one, and to the fewest bytes', () => {
    expect(smallest(segmentSizes({ bytes: 10 }), (sizes) => sum(sizes) >= 25)).toEqual([25]);
    expect(smallest(segmentSizes(), (sizes) => sizes.length > 2)).toEqual([1, 1, 1]);
  });

  test('chunks are bytes in such pieces', () => {
    fc.assert(fc.property(chunks({ pieces: 4, bytes: 9 }), (pieces) => pieces.length <= 4 && pieces.every(({ length }) => length >= 1 && length <= 9)), { numRuns: 50 });
  });
});

describe('what surrounds a loop', () => {
  test('a peer is its text', () => {
    fc.assert(fc.property(peers(), (peer) => { expect(parsePeer(peerText(peer))).toEqual(peer); }), { numRuns: 200 });
    expect(peerText({ atMs: 1, steps: [{ do: 'send', bytes: 2 }, { do: 'pause', ms: 5 }, { do: 'read', bytes: 3 }], end: 'halfClose' })).toBe('1s2p5r3h');
    expect(['', '1', 'c', '1q2c', '1s2'].map(parsePeer)).toEqual([null, null, null, null, null]);
  });

  test('surroundings are their text', () => {
    const all = surroundings({ faults: true, signals: [10, 12], fdLimits: { least: 6, most: 9 } });
    fc.assert(fc.property(all, (around) => { expect({ ...parseSurroundings(surroundingsText(around)) }).toEqual({ ...around }); }), { numRuns: 200 });
  });

  test.each(['', '0s2c', '0s2c~~~~', '0s2c~x~~', '0s2c~~y~', '0s2c~~~q', 'zz~~~'])('%j is none, and the error says what is', (text) => {
    expect(() => parseSurroundings(text)).toThrow(/these are no surroundings of a loop.*expected peers~signals~limit~fates/);
  });

  test('what is not needed for a failure is gone: peers, pieces, pauses, faults', () => {
    const left = smallest(surroundings({ faults: true, signals: [10] }), ({ peers: all }) => all.some(({ steps, end }) => end === 'reset' && steps.some((step) => step.do === 'send' && step.bytes > 30)));
    expect(surroundingsText(left)).toBe('0s31x~~~w');
  });

  test('a storm comes at once', () => {
    for (const storm of fc.sample(connectionStorms(), { seed: 2, numRuns: 20 })) {
      expect(storm.length).toBeGreaterThanOrEqual(2);
      expect(storm.every(({ atMs }) => atMs === 0)).toBe(true);
    }
  });

  test('fates, signals, limits and plans are of the kind that was asked for', () => {
    expect(new Set(fc.sample(packetFates(), { seed: 1, numRuns: 100 }).flat())).toEqual(new Set(['deliver', 'lose', 'twice', 'late']));
    expect(new Set(fc.sample(signals({ numbers: [10, 12] }), { seed: 1, numRuns: 50 }).flat().map(({ signal }) => signal))).toEqual(new Set([10, 12]));
    expect(fc.sample(fdLimits({ least: 5, most: 6 }), { seed: 1, numRuns: 30 }).every((limit) => limit === 5 || limit === 6)).toBe(true);
    const [plan] = fc.sample(closePlans().filter(({ plan: list }) => list.length > 1), { seed: 1, numRuns: 1 });
    expect(plan!.plan.map(() => plan!.next())).toEqual(plan!.plan);
    expect(plan!.next()).toBe(false);
  });
});

describe('schedules', () => {
  test('a deviation says after how many choices which alternative is taken', () => {
    const decisions = new Schedule([{ after: 2, take: 1 }, { after: 0, take: 5 }]).decisions();
    expect([0, 1, 2, 3, 4].map(() => decisions.choose('task', 3))).toEqual([0, 0, 1, 2, 0]);
  });

  test('packets are none of its business', () => {
    expect(new Schedule([{ after: 0, take: 1 }]).decisions().choose('packet', 4)).toBe(0);
  });

  test('each run begins anew', () => {
    const schedule = new Schedule([{ after: 0, take: 1 }]);
    expect([schedule.decisions().choose('task', 2), schedule.decisions().choose('task', 2)]).toEqual([1, 1]);
  });

  test('shrink to "first come, first served"', () => {
    expect(smallest(schedules(), () => true).toString()).toBe('first come, first served');
    expect(smallest(schedules(), ({ deviations }) => deviations.some(({ take }) => take === 2)).toString()).toBe('choice 1: alternative 2');
  });
});

describe('random system calls', () => {
  test('whatever a program calls, nothing inside breaks, and the run ends', () => {
    const errors = new Set<string>();
    fc.assert(fc.property(systemCalls(), systemCalls({ length: 10 }), schedules(), (one, other, schedule) => {
      const m = machine({ decisions: schedule.decisions(), stepBudget: 20_000 });
      m.process('one', callProgram(one));
      m.process('other', callProgram(other));
      expect(m.run().halt).toBe('finished');
      m.checkInvariants();
      for (const [, name] of m.strace().matchAll(/ = -1 (E\w+)/g)) errors.add(name!);
    }), { seed: 5, numRuns: 60 });
    // the programs reach into the corners: wrong descriptors, wrong arguments, ended connections
    expect([...errors]).toEqual(expect.arrayContaining(['EBADF', 'EINVAL', 'ENOENT', 'EAGAIN', 'EPIPE']));
  });

  test('shrink to the calls that matter', () => {
    const left = smallest(systemCalls(), (list) => {
      const m = machine({ decisions: new FirstCome() });
      m.process('one', callProgram(list));
      m.run();
      return m.strace().includes('EEXIST');
    });
    expect(left.map(({ call }) => call).sort()).toEqual(['epoll_create1', 'epoll_ctl', 'epoll_ctl', expect.any(String)]);
  });
});
