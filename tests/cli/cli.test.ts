/** The command from outside: what it prints, and with which code it ends. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from '../../src/programs/index.js';
import { scenarios } from '../../src/scenarios/index.js';
import { root } from '../tidy/source.js';
import { buildCommand, type Command, type Ran } from './built.js';

let command: Command;
beforeAll(() => { command = buildCommand(); }, 60_000);
afterAll(() => command.remove());
const run = (...args: string[]): Ran => command.run(args);

const scenario = (name: string, body: string, more = ''): string =>
  `import { EAGAIN } from 'epollsim';\nexport default { name: '${name}', title: 'A story.', about: 'About it.', ${more} programs: (options) => ({\n*main(sys) {\n${body}\n} }) };\n`;

describe('help', () => {
  test('--help teaches: what it is, the three uses, examples, exit codes, what to do next', () => {
    const { code, out, err } = run('--help');
    expect([code, err]).toEqual([0, '']);
    for (const part of ['To see:', 'To test:', 'To compare:', 'Examples:', 'Exit codes: 0 all expectations hold', 'New here? epollsim demo']) expect(out).toContain(part);
    for (const name of ['list', 'run', 'explore', 'replay', 'calls', 'explain', 'dap', 'demo']) expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test('without arguments it is the help too', () => {
    expect(run()).toEqual(run('--help'));
  });

  test('each command has its own', () => {
    for (const name of ['list', 'run', 'explore', 'replay', 'calls', 'explain', 'dap', 'demo']) expect(run('help', name)).toMatchObject({ code: 0, err: '', out: expect.stringContaining(`epollsim ${name}`) });
  });

  test('--version', () => {
    expect(run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('list', () => {
  test('one line a scenario', () => {
    const { code, out } = run('list');
    const names = out.trimEnd().split('\n').filter((line) => /^[a-z]/.test(line)).map((line) => line.split(' ')[0]);
    expect([code, names]).toEqual([0, [...scenarios, ...programs].map(({ name }) => name)]);
    expect(out).toContain('trigger=LT|ET');
  });

  test('json has everything', () => {
    expect((JSON.parse(run('list', '--format', 'json').out) as { name: string }[])[0]).toMatchObject({ name: 'read-once', options: { trigger: ['LT', 'ET'] } });
  });
});

describe('run', () => {
  test('shows calls as strace does, and under each what changed inside', () => {
    const { code, out, err } = run('run', 'read-once', '--trigger', 'et');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^read-once trigger=ET\n/);
    expect(out).toMatch(/10\.000 {2}writer\(2\) {2}write\(4, "0123456789", 10\) = 10\n +~ ep#\d+ rbr=\{3\} rdllist=\[3\] txlist=- ovflist=- wq=\[\]\n/);
    expect(out).toMatch(/epoll_wait\(5, {2}<unfinished \.\.\.>\n +~ ep#\d+ rbr=\{3\} rdllist=\[\] txlist=- ovflist=- wq=\[reader\(1\)!\]\n/);
    expect(out).toMatch(/- ep#\d+, 3 of ep#\d+, pipe#\d+ are gone|- ep#\d+, item 3 of ep#\d+, pipe#\d+ are gone/);
    expect(out).toMatch(/\nfinished after 0\.\d+ s, \d+ system calls; 2 expectations, all hold\nrecording: epollsim1:read-once;trigger=ET:listed:1:-:[\w-]{4}\n$/);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('a program under test stops where it breaks a law, with exit code 1', () => {
    const { code, out } = run('run', 'emfile-spin', '--quiet');
    expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/^BROKEN no-spin: server\(1\) made 17 calls of epoll_wait in a row .*\nstopped after 0\.001000 s/m) });
    expect(run('run', 'emfile-spin', '--option', 'version=fixed', '--quiet').code).toBe(0);
  });

  test('during a scan ovflist is seen', () => {
    expect(run('run', 'during-scan').out).toMatch(/rdllist=\[4\] txlist=\[\] ovflist=\[4 8\]/);
  });

  test('every scenario runs from the command line', () => {
    for (const { name } of scenarios) expect([name, run('run', name, '--quiet')]).toEqual([name, { code: 0, err: '', out: expect.stringContaining('all hold') }]);
  }, 60_000);

  test('a seed is another schedule, and its recording is the same run again', () => {
    const [one, two, other] = [run('run', 'herd', '--seed', '3'), run('run', 'herd', '--seed', '3'), run('run', 'herd', '--seed', '4')];
    expect(two).toEqual(one);
    expect(other.out).not.toBe(one.out);
    const recording = /recording: (\S+)/.exec(one.out)![1]!;
    expect(run('run', '--replay', recording)).toEqual(one);
    expect(run('run', 'herd', '--replay', recording)).toEqual(one);
  });

  test('preempt and options', () => {
    expect(run('run', 'herd', '--option', 'exclusive=yes', '--preempt', 'never', '--quiet').out).toMatch(/^herd trigger=LT exclusive=yes\nfinished .*\nrecording: epollsim1:herd;trigger=LT;exclusive=yes:never:1:/);
  });

  test('json is one value a line, with the changes', () => {
    const lines = run('run', 'nested', '--format', 'json').out.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: 'begin', scenario: 'nested', options: { trigger: 'LT' } });
    expect(lines.find((line) => line['call'] === 'epoll_create1')).toMatchObject({ type: 'step', pid: 1, ret: 5, changes: [{ before: null, after: expect.stringContaining('rdllist=[]') }] });
    expect(lines.at(-1)).toMatchObject({ type: 'end', halt: 'finished', failures: [], recording: expect.stringMatching(/^epollsim1:nested/) });
    expect(run('run', 'nested', '--format', 'json', '--quiet').out.trimEnd().split('\n')).toHaveLength(2);
  });

  test('a file of your own, which imports epollsim from anywhere', () => {
    command.file('mine.mjs', scenario('mine', 'const [r] = yield* sys.pipe2(0o4000);\nsys.expect(yield* sys.read(r, 1), -EAGAIN, "nothing there");'));
    expect(run('run', './mine.mjs', '--quiet')).toMatchObject({ code: 0, err: '', out: expect.stringContaining('1 expectations, all hold') });
    const recording = /recording: (\S+)/.exec(run('run', 'mine.mjs', '--seed', '9', '--quiet').out)![1]!;
    expect(run('run', 'mine.mjs', '--replay', recording, '--quiet').out).toContain(recording);
    expect(run('run', '--replay', recording)).toMatchObject({ code: 2, err: expect.stringContaining('this is a recording of the scenario mine, which is not built in\nGive its file too') });
  });

  test('an expectation that fails: exit code 1, the call, the file and the line', () => {
    command.file('fails.mjs', scenario('fails', 'sys.expect(yield* sys.close(9), 0, "closing works");'));
    const { code, out, err } = run('run', 'fails.mjs');
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('FAILED main(1): closing works\n  call      close(9) = -1 EBADF (Bad file descriptor)\n  expected  0\n  but got   -EBADF\n');
    expect(out).toMatch(/in {8}fails\.mjs:4:5\n/);
    expect(out).toContain('1 of 1 expectations failed');
  });

  test('programs that sleep for ever are told of', () => {
    command.file('sleeps.mjs', scenario('sleeps', 'yield* sys.pause();'));
    expect(run('run', 'sleeps.mjs', '--quiet')).toMatchObject({ code: 0, out: expect.stringContaining('main(1) sleeps for ever: nobody is left who could wake it.\nasleep after') });
  });

  test('steps are shown up to a number, and the run goes on', () => {
    const { code, out } = run('run', 'read-once', '--lines', '4');
    expect(code).toBe(0);
    expect(out.match(/^ +\d+\.\d{3} /gm)).toHaveLength(4);
    expect(out).toContain('... 4 steps were shown, and the run goes on without them (--lines 0 shows all)\n');
    expect(out).toContain('all hold');
  });
});

describe('demo', () => {
  test('shows both triggers side by side in 80 columns, five differences, and what to try next', () => {
    const { code, out, err } = run('demo');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^read "4567" +rdllist=\[3\] \|$/m);
    expect(out).toMatch(/^epoll_wait: 3 EPOLLIN +rdllist=\[3\] \| epoll_wait sleeps +rdllist=\[\] \(2\)$/m);
    for (const mark of [1, 2, 3, 4, 5]) expect(out).toMatch(new RegExp(`^\\(${mark}\\) `, 'm'));
    expect(out).toContain('What to try next');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(out).not.toContain('\u001b');
    expect(out).not.toContain('…');
  });
});

describe('bad input: one clear error on standard error, what to do next, exit code 2', () => {
  const cases: [string, string[], string][] = [
    ['an unknown command', ['runn'], "epollsim: unknown command 'runn'; did you mean run?\nepollsim --help shows what there is.\n"],
    ['an unknown option', ['run', 'echo', '--sed', '3'], "epollsim: unknown option '--sed'; did you mean --seed?\nepollsim --help shows what there is.\n"],
    ['too many arguments', ['run', 'echo', 'herd'], "epollsim: too many arguments for 'run'. Expected 1 argument but got 2.\nepollsim --help shows what there is.\n"],
    ['no number', ['run', 'echo', '--seed', 'x'], "epollsim: --seed is a whole number, not 'x'\nepollsim --help shows what there is.\n"],
    ['an unknown format', ['list', '--format', 'xml'], "epollsim: option '--format <format>' argument 'xml' is invalid. Allowed choices are text, json.\nepollsim --help shows what there is.\n"],
    ['no scenario', ['run'], 'epollsim: run needs the name of a scenario or a file\nepollsim list shows the built-in scenarios; epollsim run read-once runs one.\n'],
    ['an unknown scenario', ['run', 'ehco'], "epollsim: there is no scenario 'ehco'; did you mean echo?\nepollsim list shows all of them; a file is given by its path, as ./mine.mjs.\n"],
    ['a scenario that is like none', ['run', 'zzzzzz'], "epollsim: there is no scenario 'zzzzzz'\nepollsim list shows all of them; a file is given by its path, as ./mine.mjs.\n"],
    ['an option that the scenario does not have', ['run', 'signal-wait', '--trigger', 'et'], 'epollsim: signal-wait has no --trigger: it does not depend on it\nepollsim list shows the options of each scenario.\n'],
    ['an option without value', ['run', 'herd', '--option', 'exclusive'], 'epollsim: --option exclusive has no value; expected name=value\nepollsim list shows the options of each scenario.\n'],
    ['a sysctl that does not exist', ['run', 'herd', '--sysctl', 'tcp_rmem=1'], 'epollsim: --sysctl: tcp_rmem takes 3 whole numbers, as tcp_rmem=4096 131072 33554432; this is tcp_rmem=1\nepollsim run echo --sysctl tcp_fin_timeout=5\n'],
    ['a value that the option does not have', ['run', 'herd', '--option', 'exclusive=maybe'], 'epollsim: herd: exclusive can be no or yes, not maybe\ndocs/scenarios.md shows what a scenario looks like; epollsim list shows the built-in ones and their options.\n'],
    ['a recording that is none', ['run', '--replay', 'hello'], 'epollsim: this is not a recording: it does not begin with epollsim1: ; a recording looks like epollsim1:NAME:MODE:SEED:CHOICES:CHECK and is printed at the end of a run\nCopy the whole line that begins with epollsim1: from the end of a run.\n'],
    ['a recording with another seed', ['run', '--seed', '3', '--replay', 'epollsim1:echo:all:1:-:AAAA'], 'epollsim: --seed cannot stand beside --replay: the recording says it already\nLeave it out, or run without --replay.\n'],
    ['a log that is not there', ['replay', 'nowhere.log'], 'epollsim: there is no file nowhere.log\nLogs are made with: strace -f -yy -ttt -T -v -o FILE PROGRAM\n'],
  ];
  test.each(cases)('%s', (_name, args, err) => {
    expect(command.run(args)).toEqual({ code: 2, out: '', err });
  });

  const files: [string, string, string, RegExp][] = [
    ['a file that is not there', 'none.mjs', '', /^epollsim: there is no file none\.mjs\nA scenario file is an ES module: /],
    ['a syntax error', 'syntax.mjs', 'export default {\n  name: "a" "b",\n};\n', /^epollsim: syntax\.mjs:2: SyntaxError: .*\nA scenario file is an ES module: /],
    ['a file that throws', 'load.mjs', '\nthrow new RangeError("no good");\n', /^epollsim: load\.mjs:2:7: RangeError: no good\nThe file was loaded and failed; nothing was run\.\n$/],
    ['an import that leads nowhere', 'imports.mjs', 'import "./nowhere.mjs";\n', /^epollsim: imports\.mjs: Error: Cannot find module/],
    ['no default export', 'nothing.mjs', 'export const a = 1;\n', /^epollsim: nothing\.mjs has no default export\nA scenario file is an ES module: /],
    ['not a scenario', 'number.mjs', 'export default 5;\n', /^epollsim: number\.mjs: a scenario is an object \{ name, title, about, programs \}, but this is 5\n/],
    ['a member is missing', 'shape.mjs', 'export default { name: "x", title: "t", about: "a" };\n', /^epollsim: shape\.mjs: the scenario "x" needs programs, a function that gives .*, but programs is undefined\n/],
    ['TypeScript', 'typed.ts', 'export default 5;\n', /^epollsim: (typed\.ts: this version of Node cannot load files of this kind\nGive a \.mjs or \.js file|typed\.ts: a scenario is an object)/],
    ['a folder', 'folder.d/..', '', /^epollsim: folder\.d\/\.\. is not a file\n|^epollsim: there is no file/],
  ];
  test.each(files)('%s', (_name, name, text, err) => {
    if (text !== '') command.file(name, text);
    const { code, out, err: said } = run('run', name);
    expect([code, out]).toEqual([2, '']);
    expect(said).toMatch(err);
  });

  test('a scenario that throws: what was printed stays, then file, line and message, and the last steps', () => {
    command.file('throws.mjs', scenario('throws', 'yield* sys.getpid();\n  null.x;'));
    const { code, out, err } = run('run', 'throws.mjs');
    expect(code).toBe(2);
    expect(out).toContain('main(1)    getpid() = 1\n');
    expect(err).toMatch(/^epollsim: throws\.mjs:5:8: main\(1\): TypeError: Cannot read properties of null \(reading 'x'\)\nThe last steps:\nmain\(1\) 0\.000000 getpid\(\) += 1\nA program of a scenario must not throw/);
  });

  test('a call that must not fail names the call', () => {
    command.file('must.mjs', scenario('must', 'sys.must(yield* sys.close(9));'));
    expect(run('run', 'must.mjs').err).toMatch(/^epollsim: must\.mjs:4:5: main\(1\): a call failed that must not: close\(9\) = -1 EBADF \(Bad file descriptor\)\n/);
  });

  test('a program that never ends: stopped after the budget, the last steps shown', () => {
    command.file('endless.mjs', scenario('endless', 'for (;;) yield* sys.getpid();'));
    const { code, out, err } = run('run', 'endless.mjs', '--lines', '3', '--steps', '20000');
    expect(code).toBe(2);
    expect(out).toContain('... 3 steps were shown');
    expect(err).toMatch(/^epollsim: the run was stopped after 20000 steps: a program neither ends nor sleeps for good\. The last steps:\n(main\(1\) \d\.\d+ getpid\(\) += 1\n){10}If the scenario needs more, give --steps N/);
  });

  test('the default budget is 10 million steps', () => {
    const { code, err } = run('run', 'endless.mjs', '--quiet');
    expect([code, err.split(':')[1]]).toEqual([2, ' the run was stopped after 10000000 steps']);
  }, 60_000);

  test('a reader who goes away is no error', () => {
    command.file('long.mjs', scenario('long', 'for (let i = 0; i < 20000; i++) yield* sys.getpid();'));
    expect(command.runIntoHead(['run', 'long.mjs', '--lines', '0'])).toMatchObject({ out: 'long\n', err: '' });
  });
});

describe('calls', () => {
  const RECORDING = '../../../../tests/conformance/kernel-calls/data';

  test('a script for people: each call, its answer, and the functions it entered, nested', () => {
    command.file('pipe.script', '# a pipe\nep = epoll_create1(0)\nr, w = pipe2(O_NONBLOCK)\nepoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN)\n@w1 epoll_wait(ep, 8, -1)\nwrite(w, 10)\n');
    const { code, out, err } = run('calls', 'pipe.script');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('4  @w1 epoll_wait(ep, 8, -1) -> 1 [r:EPOLLIN], slept until call 5\n');
    expect(out).toMatch(/\n5 {2}write\(w, 10\) -> 10\n {6}pipe_write\(file=w\) = 10\n {8}__wake_up_sync_key\(head=r\.rd_wait key=IN\|RDNORM\)\n/);
  });

  test('jsonl is the form of the recordings: what is printed can be compared with', () => {
    const { out } = run('calls', '--format', 'jsonl', `${RECORDING}/pipe-lt.jsonl`);
    expect(JSON.parse(out.split('\n')[0]!)).toMatchObject({ scenario: 'pipe-lt', script: expect.arrayContaining(['ep = epoll_create1(0)']) });
    command.file('again.jsonl', out);
    expect(run('calls', '--compare', '--profile', 'all', 'again.jsonl')).toMatchObject({ code: 0, err: '' });
  });

  test('--compare: agreement is 0, a difference is 1 and is shown side by side', () => {
    expect(run('calls', '--compare', `${RECORDING}/pipe-lt.jsonl`)).toMatchObject({ code: 0, out: expect.stringContaining('9 of 9 calls') });
    const { out } = run('calls', '--format', 'jsonl', `${RECORDING}/pipe-lt.jsonl`);
    command.file('other.jsonl', out.replace('"key":"EPOLLIN|EPOLLRDNORM"', '"key":"EPOLLOUT"'));
    const other = run('calls', '--compare', 'other.jsonl');
    expect([other.code, other.err]).toEqual([1, '']);
    expect(other.out).toMatch(/values: \w+ key: recorded EPOLLOUT, model EPOLLIN\|EPOLLRDNORM\n/);
    expect(other.out).toMatch(/key=OUT.* \| .*key=IN/);
    expect(JSON.parse(run('calls', '--compare', '--format', 'json', 'other.jsonl').out)).toMatchObject({ differences: [{ level: 'values' }] });
  });

  test('what cannot be read: file, line, what was expected; exit code 2', () => {
    command.file('torn.script', 'ep = epoll_create1(0)\nepoll_wait(ep, 8\n');
    command.file('unknown.script', 'ep = epoll_crate1(0)\n');
    command.file('torn.jsonl', '{"script":["x = epoll_create1(0)"]}\n{"seq":1,\n');
    expect(run('calls', 'torn.script')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('torn.script:2: expected [until_eagain:]') });
    expect(run('calls', 'unknown.script')).toMatchObject({ code: 2, err: expect.stringContaining('unknown.script:1: expected one of the calls') });
    expect(run('calls', 'torn.jsonl')).toMatchObject({ code: 2, err: expect.stringContaining('torn.jsonl:2: expected a JSON object') });
    expect(run('calls', '--compare', 'unknown.script')).toMatchObject({ code: 2 });
    expect(run('calls', 'none.script')).toMatchObject({ code: 2, err: expect.stringContaining('none.script cannot be read') });
  });
});

describe('explain', () => {
  test('why an event came, of a scenario', () => {
    const { code, out, err } = run('explain', 'read-once', '--trigger', 'et', '--fd', '3');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Why did the last event of fd 3 come\? read-once, at step \d+ of \d+\nreader\(1\) is handed EPOLLIN for fd 3, as event 0, because writer\(2\) wrote to\npipe#\d+ \(fd 4\)\.\n/);
    expect(out).toMatch(/\n {2}step \d+ +writer\(2\) calls write\(4, "ab", 2\)\n/);
    expect(out).toContain('Hazards seen in passing');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('why none comes, of a recording, as JSON: the same steps', () => {
    const text = run('explain', 'read-once', '--trigger', 'et', '--fd', '3', '--not', '--format', 'json');
    const answer = JSON.parse(text.out) as { cause: string; links: { step: number; missing: boolean }[]; recording: string; hazards: { kind: string }[] };
    expect([text.code, answer.cause, answer.links.at(-1)!.missing]).toEqual([0, 'edge-consumed', true]);
    expect(answer.hazards.map(({ kind }) => kind)).toEqual(['edge-left-undrained']);
    const again = JSON.parse(run('explain', answer.recording, '--fd', '3', '--not', '--format', 'json').out) as typeof answer;
    expect(again.links).toEqual(answer.links);
  });

  test('a log of strace: lines of a real program', () => {
    const log = readFileSync(join(root, 'tests/conformance/strace/et-echo.log'), 'latin1');
    const path = command.file('et-echo.log', log);
    const { code, out } = run('explain', path, '--fd', '5');
    expect(code).toBe(0);
    expect(out).toMatch(/because a\nFIN arrived on sock#\d+ \(fd 5\)/);
  });

  test('what it cannot do, it says: no event, no step, no file, an option of scenarios beside a recording', () => {
    expect(run('explain', 'read-once', '--fd', '77')).toMatchObject({ code: 1, out: expect.stringContaining('no event of fd 77 was delivered') });
    expect(run('explain', 'read-once', '--fd', '3', '--at', '99999')).toMatchObject({ code: 2, err: expect.stringContaining('this run has the steps 0 to') });
    expect(run('explain', './none.log', '--fd', '3')).toMatchObject({ code: 2, err: expect.stringContaining('there is no file ./none.log') });
    expect(run('explain', 'epollsim1:read-once;trigger=ET:listed:1:-:none', '--fd', '3').code).toBe(2);
    expect(run('explain', command.file('not.log', 'hello\n'), '--fd', '3').code).toBe(2);
    expect(run('explain', 'read-once').code).toBe(2);
  });
});

describe('run --out', () => {
  test('writes each export that was asked for, and says so', () => {
    const { code, out } = run('run', 'half-close', '--quiet', '--out', 'svg=a.svg', 'strace=a.log', '--out', 'pcapng=a.pcapng');
    expect([code, out.match(/^wrote a\.\w+: /gm)]).toEqual([0, ['wrote a.svg: ', 'wrote a.log: ', 'wrote a.pcapng: ']]);
    expect(run('replay', 'a.log')).toMatchObject({ code: 0, out: expect.stringContaining('22 compared, 22 agree') });
  });

  test.each([
    [['nope=a'], 'there is no export nope; expected one of strace, calls, perfetto, pcapng, mermaid, svg, recording'],
    [['svg'], '--out svg names no file; expected svg=FILE'],
    [['svg=no/such/folder/a.svg'], 'cannot write no/such/folder/a.svg'],
  ])('%s is refused before the run', (values, message) => {
    const { code, out, err } = run('run', 'echo', '--out', ...values);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
