/** `epollsim dap` as an editor starts it: standard input and output, a scenario file of the user that prints, and an end without a trace. */

import { DebugClient } from '@vscode/debugadapter-testsupport';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { buildCommand, type Command } from '../cli/built.js';
import { Editor } from './editor.js';

jest.setTimeout(60_000);

let command: Command;
beforeAll(() => { command = buildCommand(); });
afterAll(() => command.remove());

test('a scenario file: its lines stop the run, what it prints is output, and its end ends the command', async () => {
  const file = command.file('mine.mjs', `export default { name: 'mine', title: 'T', about: 'A', programs: () => ({
*main(sys) {
  console.log('the program prints');
  const [r, w] = yield* sys.pipe();
  yield* sys.write(w, 'hello');
  sys.expect(yield* sys.read(r, 9), 'hello!', 'all of it');
} }) };\n`);
  const main = join(command.folder, 'dist/cli/main.js');
  chmodSync(main, 0o755);
  const client = new DebugClient(main, 'dap', 'epollsim', { cwd: command.folder });
  await client.start();
  const editor = new Editor(client);
  await editor.launch({ scenario: './mine.mjs', cwd: join(command.folder, 'work') });
  expect(editor.output[0]).toBe('stdout: the program prints');
  const source = { path: file };
  const { body: { breakpoints } } = await client.setBreakpointsRequest({ source, breakpoints: [{ line: 5 }] });
  expect(breakpoints).toMatchObject([{ verified: true, line: 5 }]);
  expect(await editor.run()).toMatchObject({ reason: 'breakpoint', text: 'main(1) calls write(4, "hello", 5)' });
  expect((await editor.frames()).at(-1)).toMatchObject({ name: 'main(1)', line: 5, source: { path: file } });
  await client.setExceptionBreakpointsRequest({ filters: ['expectation'] });
  expect(await editor.run()).toMatchObject({ reason: 'exception' });
  expect((await client.exceptionInfoRequest({ threadId: 1 })).body).toMatchObject({ exceptionId: 'expectation', description: 'an expectation does not hold: all of it' });
  const terminated = editor.event('terminated');
  await client.terminateRequest();
  await terminated;
  await editor.close();
});
