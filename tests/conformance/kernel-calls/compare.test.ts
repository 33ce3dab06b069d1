/**
 * The comparer itself: a recording agrees with itself on every level, and each kind of damage to a log is found on
 * its own level and on no other.
 */

import { canonical, comparable, compareScenario, type Level, type Profile } from '../../../src/calls/compare.js';
import type { Call } from '../../../src/calls/record.js';
import { recording, scenarios } from './recorded.js';
import { parseLine } from '../../../src/calls/script.js';

const copy = (calls: readonly Call[]): Call[] => structuredClone(calls) as Call[];

test.each(['epoll', 'wake', 'tcp', 'all'] as Profile[])('every recording agrees with itself, profile %s', (profile) => {
  for (const scenario of scenarios) {
    const one = recording(scenario);
    const result = compareScenario(one, copy(one.calls), profile);
    expect({ scenario, differences: result.differences, equal: result.allEqual }).toEqual({ scenario, differences: [], equal: result.compared });
  }
});

/** Damages call number `seq` of a recording and says on which levels that shows. */
function damaged(scenario: string, seq: number, damage: (call: Call) => void): string[] {
  const one = recording(scenario);
  const calls = copy(one.calls);
  damage(calls.find((call) => call.seq === seq)!);
  const { differences } = compareScenario(one, calls, 'tcp');
  return [...new Set(differences.map((difference): Level => difference.level))];
}

type Writable = { -readonly [member in keyof Call['log'][number]]: Call['log'][number][member] };

const entry = (call: Call, name: string): Writable => call.log.find((e) => e.f === name) as Writable;

test('another result is a difference in results', () => {
  expect(damaged('lt-data', 9, (call) => { call.ret = 11; })).toEqual(['results']);
  expect(damaged('blocked-data', 9, (call) => { call.returned_during = 9; })).toEqual(['results']);
});

test('a function that was not entered is a difference in order', () => {
  expect(damaged('pipe-lt', 6, (call) => { call.log = call.log.filter((e) => e.f !== 'ep_poll_callback'); })).toEqual(['order']);
});

test('a function entered from elsewhere is a difference in nesting', () => {
  expect(damaged('pipe-lt', 6, (call) => { entry(call, 'ep_poll_callback').d = 1; })).toEqual(['nesting']);
});

test('another key, head or mask is a difference in values', () => {
  expect(damaged('pipe-lt', 6, (call) => { entry(call, 'ep_poll_callback').in = { ...entry(call, 'ep_poll_callback').in, key: 'EPOLLIN' }; })).toEqual(['values']);
  expect(damaged('pipe-lt', 5, (call) => { entry(call, 'pipe_poll').ret = '0'; })).toEqual(['values']);
});

test('threads that run in another order are a difference in turns', () => {
  expect(damaged('blocked-data', 9, (call) => { for (const e of call.log as Writable[]) e.i += 1000; })).toEqual(['turns']);
});

test('a call that was not made is a difference in results', () => {
  const one = recording('pipe-lt');
  const { differences } = compareScenario(one, copy(one.calls).slice(0, -1));
  expect(differences.map((difference) => difference.what)).toEqual(['epoll_wait: the model did not make this call']);
});

test('small helpers and functions that are there to read by take no part; their children move up', () => {
  const log = [
    { i: 1, d: 0, f: 'tcp_v4_rcv' }, { i: 2, d: 1, f: 'tcp_rcv_established' }, { i: 3, d: 2, f: 'tcp_ack' }, { i: 4, d: 3, f: 'sock_def_readable' },
  ];
  expect(comparable(log, 'tcp').map(({ f, d }) => `${d} ${f}`)).toEqual(['0 tcp_rcv_established', '1 sock_def_readable']);
  expect(comparable(log, 'wake').map(({ f, d }) => `${d} ${f}`)).toEqual(['0 sock_def_readable']);
});

test('masks are sets of names, and nothing, 0, null and false are the same', () => {
  expect(canonical('EPOLLOUT|EPOLLIN')).toBe(canonical('EPOLLIN|EPOLLOUT'));
  expect(new Set([undefined, null, 0, '0', false, '-'].map(canonical)).size).toBe(1);
});

test('a line of a script is read: rounds, thread, names, call', () => {
  expect(parseLine('until_eagain: write(c, 4096)')).toMatchObject({ untilEagain: true, thread: 'main', vars: [], name: 'write', args: ['c', '4096'], text: 'write(c, 4096)' });
  expect(parseLine('@w1 s = accept4(l, SOCK_NONBLOCK)')).toMatchObject({ thread: 'w1', vars: ['s'], name: 'accept4' });
  expect(parseLine('r, w = pipe2(O_NONBLOCK)')).toMatchObject({ vars: ['r', 'w'], args: ['O_NONBLOCK'] });
  expect(() => parseLine('nonsense')).toThrow('script:1: expected [until_eagain:] [@thread] [name[, name] =] call(arguments), found nonsense');
});
