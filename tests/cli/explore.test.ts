/** The command `epollsim explore`: what it prints, what it writes, how it ends. */

import { buildCommand, type Command } from './built.js';

let command: Command;
beforeAll(() => { command = buildCommand(); });
afterAll(() => command.remove());

const RACE = `import { EPOLLIN, EPOLLET, EPOLL_CTL_ADD } from 'epollsim';
export default {
  name: 'race', title: 'a race', about: 'a writer and a wait that does not wait', shares: false,
  programs: () => ({ *main(sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN | EPOLLET });
    yield* sys.thread(function* writer(sys) { yield* sys.write(w, 'x'); });
    sys.expect(yield* sys.epoll_wait(ep, 8, 0), 0, 'nothing yet');
  } }),
};
`;

test('finds, tells, writes a file that brings the run back, and ends with 1', () => {
  command.file('race.mjs', RACE);
  const { code, out, err } = command.run(['explore', 'race.mjs', '--save', 'again.mjs']);
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out).toContain('FOUND expectation: main(1): nothing yet');
  expect(out).toMatch(/^- main\(1\) epoll_wait\(5, \[\], 8, 0\) = 0$/m);
  const recording = /epollsim run --replay '(epollsim1:[^']+)'/.exec(out)![1]!;
  const replayed = command.run(['run', 'race.mjs', '--replay', recording, '--quiet']);
  expect(replayed).toMatchObject({ code: 1, out: expect.stringContaining('FAILED main(1): nothing yet') });
  expect(command.run(['run', 'again.mjs', '--quiet'])).toEqual(replayed);
});

test('JSON holds the whole report', () => {
  command.file('race.mjs', RACE);
  const { code, out } = command.run(['explore', 'race.mjs', '--format', 'json']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ scenario: 'race', counterexample: { violation: { law: 'expectation' }, departures: 1 }, coverage: { complete: false, reduced: true } });
});

test('says what was covered when nothing is found, and ends with 0', () => {
  const { code, out } = command.run(['explore', 'dup-close', '--trigger', 'et']);
  expect(code).toBe(0);
  expect(out).toMatch(/^dup-close trigger=ET\nnothing found\n1 run in .*\ncovered: every run in which at most 1 softirq/);
});

test.each([
  ['a bound without the exhaustive search', ['explore', 'herd', '--mode', 'pct', '--preemptions', '1'], '--preemptions bounds the exhaustive search only'],
  ['an unknown scenario', ['explore', 'heard'], "there is no scenario 'heard'; did you mean herd?"],
  ['an unknown mode', ['explore', 'herd', '--mode', 'all'], 'Allowed choices are exhaustive, random, pct'],
])('%s is bad input', (_what, args, message) => {
  expect(command.run(args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});

test('shards and workers: parts make the runs of the whole, and a file keeps what is done', () => {
  const runs = (args: readonly string[]): number => (JSON.parse(command.run(['explore', 'race.mjs', '--all', '--preemptions', '3', '--format', 'json', ...args]).out) as { schedules: number }).schedules;
  command.file('race.mjs', RACE);
  const whole = runs([]);
  expect(whole).toBeGreaterThan(10);
  expect(runs(['--shard', '1/2']) + runs(['--shard', '2/2'])).toBe(whole);
  expect(runs(['--workers', '2', '--resume', 'done.json'])).toBe(whole);
  // nothing is left to do: the numbers come from the file
  expect(runs(['--resume', 'done.json'])).toBe(whole);
  expect(command.run(['explore', 'dup-close', '--resume', 'done.json'])).toMatchObject({ code: 2, err: expect.stringContaining('belongs to another search') });
});

test('a law can be named, and a wrong name is bad input', () => {
  expect(command.run(['explore', 'oneshot-forgotten', '--law', 'no-lost-event']).out).toContain('FOUND no-lost-event: ');
  expect(command.run(['explore', 'herd', '--law', 'no-lost-events'])).toMatchObject({ code: 2, err: expect.stringContaining("there is no law 'no-lost-events'; did you mean no-lost-event?") });
  expect(command.run(['explore', 'herd', '--shard', '3/2'])).toMatchObject({ code: 2, err: expect.stringContaining('expected i/n') });
});
