/** The command on a pseudo terminal, from the first screen to the exit code; and without a terminal. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stepCommand } from '../../src/cli/step.js';
import { buildCommand, type Command } from '../cli/built.js';
import { root } from '../tidy/source.js';

type Step = { readonly wait: string } | { readonly press: string } | { readonly size: readonly [number, number] };

interface Session {
  readonly exit: number;
  readonly raw: string;
  readonly missed: string | null;
}

let command: Command;
beforeAll(() => {
  command = buildCommand();
}, 60_000);
afterAll(() => command.remove());

function drive(args: readonly string[], steps: readonly Step[], env: Readonly<Record<string, string>> = {}): Session {
  const asked = { command: [process.execPath, join(command.folder, 'dist/cli/main.js'), ...args], rows: 24, columns: 80, steps };
  const { NO_COLOR: _, ...rest } = process.env;
  const { stdout, stderr } = spawnSync('python3', [join(root, 'tests/terminal/drive.py')], {
    input: JSON.stringify(asked), encoding: 'utf8', timeout: 170_000, maxBuffer: 1 << 26, env: { ...rest, TERM: 'xterm-256color', FORCE_COLOR: '', ...env },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Session;
}

const python = process.platform === 'win32' ? null : spawnSync('python3', ['-c', 'import pty, termios'], { encoding: 'utf8' });
if (python?.status !== 0) {
  // oxlint-disable-next-line jest/no-disabled-tests
  test.skip('the screen is not driven: there is no python3 with its module pty', () => {});
} else {
  test('a stranger finds why the edge-triggered server hangs: the first screen says W, W says why', () => {
    const { exit, raw, missed } = drive(['step', 'et-stops-early'], [
      { wait: 'W: why does no event come?' }, { wait: '? keys' },
      { press: 'sss' }, { wait: 'step 3 of' },
      { press: 'W' }, { wait: 'fd 3 is edge-triggered, and its edge was told at step' }, { wait: 'read until EAGAIN' },
      { press: 'j\r' }, { wait: 'server(1) is handed EPOLLIN for fd 3' },
      { press: "''" }, { wait: 'step 3 of' },
      { size: [40, 120] }, { press: '?' }, { wait: 'why does NO event come for a descriptor?' }, { wait: 'the next system call' },
      { press: '\u001b' }, { wait: 'wait queues' }, { press: 'q' },
    ], { CI: 'true' });
    expect({ exit, missed }).toEqual({ exit: 0, missed: null });
    expect(raw).toContain('\u001b[?1049h');
    // what stood on the terminal before comes back, the cursor too
    expect(raw.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(raw.lastIndexOf('\u001b[?1049h'));
    expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?25l'));
    expect(raw).toContain('\u001b[36m');
  }, 180_000);

  test('NO_COLOR: no colour, the same marks; a step to begin at; Ctrl-C ends it', () => {
    const { exit, raw, missed } = drive(['step', 'read-once', '--trigger', 'et', '--at', '24'], [{ wait: 'step 24 of' }, { wait: '=> ' }, { press: 'G' }, { wait: 'last step' }, { press: '\u0003' }], { NO_COLOR: '1' });
    expect({ exit, missed }).toEqual({ exit: 0, missed: null });
    // oxlint-disable-next-line no-control-regex
    expect(raw).not.toMatch(/\u001b\[[\d;]*m/);
  }, 180_000);
}

test('without a terminal it says what to use instead; one frame can be had as text', () => {
  const refused = command.run(['step', 'read-once']);
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(/needs a terminal\nWithout one: epollsim run and epollsim explain; .*--format text/);
  const text = command.run(['step', 'et-stops-early', '--format', 'text', '--at', '124', '--size', '110x30', '--keys', 'osvg=run.svg\n']);
  expect(text).toMatchObject({ code: 0, err: '' });
  const lines = text.out.trimEnd().split('\n');
  expect(lines).toHaveLength(30);
  expect(lines[1]).toBe(' server(1) is handed EPOLLIN for fd 3, as event 0');
  expect(text.out).toMatch(/=> \d+ +yield\* sys\.epoll_wait/);
  expect(lines[28]).toMatch(/^ wrote run\.svg: a sequence diagram as a picture/);
}, 60_000);

test.each([
  [{ format: 'text', at: 99_999, size: '80x24' }, 'there is no step 99999'],
  [{ format: 'text', size: '10x2' }, '--size 10x2 is too small'],
  [{ format: 'text', size: 'big' }, '--size is COLUMNSxROWS'],
  [{ format: 'screen', size: '80x24', keys: 'W' }, '--keys is for --format text'],
] as const)('%j is refused', async (options, message) => {
  await expect(stepCommand('read-once', options)).rejects.toThrow(message);
});
