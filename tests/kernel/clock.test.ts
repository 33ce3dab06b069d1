/** Virtual time: timers fire at their instants, in the order in which they were armed, or as a decision says. */

import * as fc from 'fast-check';
import { clock_advance_to, hrtimer, hrtimer_active, hrtimer_cancel, hrtimer_start } from '../../src/kernel/clock.js';
import { Recorded } from '../../src/kernel/decisions.js';
import { Kernel } from '../../src/kernel/kernel.js';

/** A timer that notes its name and the time. */
function noter(log: string[], name: string): hrtimer {
  return new hrtimer(name, null, (k) => void log.push(`${name} at ${k.clock.nowNs}`));
}

test('timers fire in the order of their instants, each at its own', () => {
  const k = new Kernel();
  const log: string[] = [];
  hrtimer_start(k, noter(log, 'late'), 30);
  hrtimer_start(k, noter(log, 'early'), 10);
  clock_advance_to(k, 20);
  clock_advance_to(k, 40);
  expect(log).toEqual(['early at 10', 'late at 30']);
  expect(k.clock.nowNs).toBe(40);
});

test('timers of one instant fire in the order in which they were armed', () => {
  const k = new Kernel();
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) hrtimer_start(k, noter(log, name), 10);
  clock_advance_to(k, 10);
  expect(log).toEqual(['a at 10', 'b at 10', 'c at 10']);
});

test('a decision can turn a tie round, where tasks may be preempted', () => {
  const k = new Kernel({ preempt: 'all', decisions: new Recorded([2, 1]) });
  const log: string[] = [];
  for (const name of ['a', 'b', 'c']) hrtimer_start(k, noter(log, name), 10);
  clock_advance_to(k, 10);
  expect(log).toEqual(['c at 10', 'b at 10', 'a at 10']);
});

test('a timer that is armed again moves, and its place among ties is the last', () => {
  const k = new Kernel();
  const log: string[] = [];
  const a = noter(log, 'a');
  hrtimer_start(k, a, 5);
  hrtimer_start(k, noter(log, 'b'), 10);
  hrtimer_start(k, a, 10);
  expect(k.clock.heap).toHaveLength(2);
  clock_advance_to(k, 10);
  expect(log).toEqual(['b at 10', 'a at 10']);
});

test('cancelling says whether the timer was armed', () => {
  const k = new Kernel();
  const log: string[] = [];
  const a = noter(log, 'a');
  hrtimer_start(k, a, 5);
  expect([hrtimer_active(a), hrtimer_cancel(k, a), hrtimer_active(a), hrtimer_cancel(k, a)]).toEqual([true, true, false, false]);
  clock_advance_to(k, 10);
  expect(log).toEqual([]);
});

test('a timer may arm itself again while it fires', () => {
  const k = new Kernel();
  const at: number[] = [];
  const periodic: hrtimer = new hrtimer('periodic', null, () => {
    at.push(k.clock.nowNs);
    hrtimer_start(k, periodic, k.clock.nowNs + 10);
  });
  hrtimer_start(k, periodic, 10);
  clock_advance_to(k, 35);
  expect(at).toEqual([10, 20, 30]);
});

test('the clock never goes back, and a timer in the past fires now', () => {
  const k = new Kernel();
  const log: string[] = [];
  clock_advance_to(k, 100);
  hrtimer_start(k, noter(log, 'past'), 50);
  clock_advance_to(k, 20);
  expect(k.clock.nowNs).toBe(100);
  clock_advance_to(k, 100);
  expect(log).toEqual(['past at 100']);
});

test('any timers, armed, moved and cancelled in any order, fire sorted by instant and arming', () => {
  const move = fc.tuple(fc.constantFrom('arm', 'arm', 'cancel'), fc.nat(7), fc.nat(20));
  fc.assert(fc.property(fc.array(move, { maxLength: 50 }), (moves) => {
    const k = new Kernel();
    const fired: number[] = [];
    const timers = Array.from({ length: 8 }, (_, i) => new hrtimer(String(i), null, () => void fired.push(i)));
    const armed = new Map<number, { expiresNs: number; order: number }>();
    moves.forEach(([what, i, expiresNs], order) => {
      if (what === 'arm') {
        hrtimer_start(k, timers[i]!, expiresNs);
        armed.set(i, { expiresNs, order });
      } else {
        expect(hrtimer_cancel(k, timers[i]!)).toBe(armed.delete(i));
      }
    });
    clock_advance_to(k, 100);
    const sorted = [...armed].sort(([, a], [, b]) => a.expiresNs - b.expiresNs || a.order - b.order).map(([i]) => i);
    expect(fired).toEqual(sorted);
  }));
});
