/** The command `epollsim claims`: the table, one claim with its evidence, JSON, what is wrong input; and claims' stories for the other commands. */

import { buildCommand, type Command } from './built.js';

let command: Command;
beforeAll(() => { command = buildCommand(); });
afterAll(() => command.remove());

test('without an id: a line for each, with the verdict, and how many there are', () => {
  const { code, out, err } = command.run(['claims']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^F17 +holds +EPOLLET is looked at in one place/m);
  expect(out).toMatch(/^122 claims: \d+ hold, \d+ with a condition, \d+ are wrong on Linux, \d+ about other systems$/m);
});

test('with an id: the story, the evidence under its call with the step, the real kernel, the curve', () => {
  const { code, out } = command.run(['claims', 'c5', 'A5']);
  expect(code).toBe(0);
  expect(out).toContain('C5: LT need not read or write until EAGAIN');
  expect(out).toMatch(/epoll_wait resumed>\[\], 8, 10\) += 0\n +as claimed: edge-triggered: they stay where they are \(step \d+\)/);
  expect(out).toContain('Linux 6.18 was asked the same: 21 of 21 calls');
  expect(out).toMatch(/poll +10 +100 +400 +▁▂█/);
  expect(out).toContain('(nanoseconds of one call)');
});

test('JSON has the evidence and the recording', () => {
  const { code, out } = command.run(['claims', 'F15', '--format', 'json']);
  expect(code).toBe(0);
  const [row] = JSON.parse(out) as { verdict: string; shown: string; evidence: unknown[]; real: { compared: number } }[];
  expect(row).toMatchObject({ id: 'F15', verdict: 'holds', shown: 'holds', failures: [], real: { compared: 11 } });
  expect(row!.evidence).toHaveLength(3);
});

test('an id that is not there is bad input', () => {
  const { code, err } = command.run(['claims', 'A99']);
  expect(code).toBe(2);
  expect(err).toContain('there is no claim A99; expected an id such as A1 or A8');
});

test('the story of a claim runs as a scenario, and so does the herd', () => {
  expect(command.run(['run', 'claim-a1', '--quiet'])).toMatchObject({ code: 0, out: expect.stringContaining('3 expectations, all hold') });
  expect(command.run(['run', 'herd-ways', '--option', 'way=exclusive', '--quiet']).code).toBe(0);
});
