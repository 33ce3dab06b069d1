/** What can be launched, and what is said of a launch that cannot be: one clear message. A log of strace is a program with lines. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAUNCH_ATTRIBUTES, readLaunch } from '../../src/dap/index.js';
import { scenarioNamed } from 'epollsim';
import { scenarioSource, Session } from '../../src/debug/index.js';
import { root } from '../tidy/source.js';
import { Editor } from './editor.js';

jest.setTimeout(30_000);

const LOG = join(root, 'tests/conformance/strace/lt-echo.log');

test('the log of a real program: its lines are the program, with breakpoints, and the kernel inside', async () => {
  const editor = await Editor.launched({ log: 'tests/conformance/strace/lt-echo.log', cwd: root });
  try {
    await editor.client.setExceptionBreakpointsRequest({ filters: ['law', 'expectation'] });
    const lines = readFileSync(LOG, 'latin1').split('\n');
    const wanted = lines.findIndex((line) => line.includes('epoll_wait(')) + 1;
    const source = { path: LOG };
    const { body } = await editor.client.setBreakpointsRequest({ source, breakpoints: [{ line: wanted }] });
    expect(body.breakpoints).toMatchObject([{ verified: true, line: wanted }]);
    expect(await editor.run()).toMatchObject({ reason: 'breakpoint', text: expect.stringContaining('calls epoll_wait(') });
    const [call, ...others] = await editor.frames();
    expect(call).toMatchObject({ name: expect.stringMatching(/^epoll_wait\(/), line: wanted, source: { path: LOG } });
    expect(others).toEqual([]);
    await editor.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'ep_send_events' }] });
    expect(await editor.run()).toMatchObject({ reason: 'function breakpoint' });
    expect((await editor.frames()).map(({ name }) => name.replace(/\(.*/, ''))).toEqual(expect.arrayContaining(['ep_send_events', 'epoll_wait']));
    const { body: { targets } } = await editor.client.gotoTargetsRequest({ source, line: wanted });
    expect(targets).toHaveLength(1);
    const [ep] = await editor.variables((await editor.scopes())['Epoll instances']!);
    expect(ep!.value).toMatch(/rbr=\{\d/);
  } finally {
    await editor.close();
  }
});

test('a recording, from a step on', async () => {
  const { run: { recording } } = new Session(scenarioSource(scenarioNamed('oneshot')!));
  const editor = await Editor.connect();
  expect(await editor.launch({ recording, at: 40 })).toMatchObject({ reason: 'entry', description: 'entry at step 40' });
  await editor.close();
});

test('without a stop at the entry it runs to the first breakpoint, or to the end', async () => {
  const editor = await Editor.connect();
  expect(await editor.launch({ scenario: 'read-once', stopOnEntry: false })).toMatchObject({ reason: 'pause' });
  await editor.close();
});

test.each([
  [{}, 'the launch configuration has nothing to run; expected exactly one of scenario, recording and log'],
  [{ scenario: 'herd', log: 'x' }, 'the launch configuration has scenario and log; expected exactly one'],
  [{ scenario: 7 }, 'the attribute scenario of the launch configuration is 7; expected a string'],
  [{ scenario: 'herd', seed: -1 }, 'the attribute seed of the launch configuration is -1; expected a whole number'],
  [{ scenario: 'herd', preempt: 'some' }, 'the attribute preempt of the launch configuration is "some"; expected "never" or "all"'],
  [{ log: LOG, seed: 3 }, 'the attribute seed is for scenarios; a log says it already'],
  [{ scenario: 'herd', options: { trigger: 1 } }, 'the option trigger of the scenario is 1; expected a text'],
  [{ scenario: 'read-ones' }, "there is no scenario 'read-ones'; did you mean read-once? epollsim list shows all of them"],
  [{ scenario: 'read-once', options: { trigger: 'XX' } }, 'read-once: trigger can be LT or ET, not XX'],
  [{ scenario: 'read-once', at: 1e6 }, 'there is no step 1000000; this run has the steps 0 to'],
  [{ scenario: './gone.mjs', cwd: '/nowhere' }, 'there is no file /nowhere/gone.mjs'],
  [{ log: 'gone.log' }, 'there is no file gone.log'],
  [{ log: 'package.json', cwd: root }, 'package.json'],
  [{ recording: 'epollsim1:torn' }, 'recording'],
])('%j is refused', async (configuration, message) => {
  const editor = await Editor.connect();
  try {
    const refused = editor.launch(configuration);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('a bug of epollsim');
    // a question to a session that is not there is answered too
    await expect(editor.say('why 3')).rejects.toThrow('nothing is launched yet');
  } finally {
    await editor.close();
  }
});

test('every attribute is read', () => {
  const all = { scenario: 'x', options: { a: 'b' }, seed: 1, preempt: 'all', cwd: '/', stopOnEntry: false, at: 2, maxSteps: 3 };
  expect(readLaunch(all)).toEqual({ kind: 'scenario', trace: 'x', options: { a: 'b' }, seed: 1, preempt: 'all', cwd: '/', stopOnEntry: false, at: 2, maxSteps: 3 });
  expect(Object.keys(LAUNCH_ATTRIBUTES).sort()).toEqual([...Object.keys(all), 'log', 'recording'].sort());
});
