/** An observer of a machine is told of calls, moves and ends as they happen, and changes nothing. */

import { at, machine, type Machine, type Observer, type Program, SIGKILL, SIGUSR1 } from '../../src/scenario/index.js';

/** `main: write` when a call begins, `main: write = 1` when it has ended. */
function told(m: Machine): string[] {
  const lines: string[] = [];
  m.observe({
    called: ({ task, row, ret }) => void lines.push(`${task.comm}: ${row.name}${ret === null ? '' : ` = ${ret}`}`),
    exited: (task, signal) => void lines.push(`${task.comm} ended${signal === 0 ? '' : ` by signal ${signal}`}`),
  });
  return lines;
}

function run(program: Program): string[] {
  const m = machine();
  const lines = told(m);
  m.process('main', program);
  m.run();
  return lines;
}

test('a call is told when it begins and when it has ended, and the return of a program begins exit_group', () => {
  expect(run(function* (sys) {
    const [r, w] = yield* sys.pipe();
    yield* sys.write(w, 'x');
    yield* sys.read(r, 1);
  })).toEqual(['main: pipe', 'main: pipe = 0', 'main: write', 'main: write = 1', 'main: read', 'main: read = 1', 'main: exit_group', 'main ended']);
});

test('both events of a call are the same object, and what the kernel stored is in its memory', () => {
  const m = machine();
  const events: unknown[] = [];
  const stored: number[] = [];
  m.observe({
    called(event) {
      if (event.row.name !== 'pipe') return;
      events.push(event);
      stored.push(...(event.args[0] as { bytes: Uint8Array }).bytes.filter((byte) => byte !== 0));
    },
  });
  m.process('main', function* (sys) { yield* sys.pipe(); });
  m.run();
  expect(events[0]).toBe(events[1]);
  expect(stored).toEqual([3, 4]);
});

test('calls of others come between the two events of a call that sleeps; a thread that returns begins exit', () => {
  expect(run(function* (sys) {
    const [r, w] = yield* sys.pipe();
    yield* sys.thread(function* writer(sys) { yield* sys.write(w, 'x'); });
    yield* sys.read(r, 1);
  })).toEqual(['main: pipe', 'main: pipe = 0', 'main: clone', 'main: clone = 2', 'main: read', 'writer: write', 'writer: write = 1', 'writer: exit',
    'writer ended', 'main: read = 1', 'main: exit_group', 'main ended']);
});

test('a call whose task is killed never ends, and the end names the signal', () => {
  expect(run(function* (sys) {
    const pid = yield* sys.fork(function* child(sys) { yield* sys.pause(); });
    yield* sys.msleep(1);
    yield* sys.kill(pid, SIGKILL);
  })).toEqual(expect.arrayContaining(['child: pause', 'child ended by signal 9']));
});

test('the calls of a handler stand inside the call that it interrupts', () => {
  expect(run(function* (sys) {
    yield* sys.sigaction(SIGUSR1, function* () { yield* sys.getpid(); });
    yield* sys.kill(1, SIGUSR1);
  }).slice(2, 6)).toEqual(['main: kill', 'main: getpid', 'main: getpid = 1', 'main: kill = 0']);
});

test('every move is told with where it ended', () => {
  const m = machine();
  const moves: unknown[] = [];
  m.observe({ moved: (step) => void moves.push(typeof step === 'string' ? step : step.where) });
  m.process('main', function* (sys) { yield* sys.msleep(1); });
  m.run();
  expect(moves).toEqual(['schedule', 'schedule', 'finished']);
});

test('two observers are told the same, and an observer without methods is fine', () => {
  const m = machine();
  const nobody: Observer = {};
  const [first, second] = [told(m), told(m)];
  m.observe(nobody);
  m.process('main', function* (sys) { yield* sys.getpid(); });
  m.run();
  expect(first).toHaveLength(4);
  expect(second).toEqual(first);
});

test('a run that is watched is the run that is not: same choices, same log', () => {
  const runOf = (watched: boolean): string => {
    const m = machine({ seed: 5 });
    if (watched) told(m);
    for (const name of ['a', 'b']) m.process(name, function* (sys) {
      const [r, w] = yield* sys.pipe();
      yield* sys.write(w, 'x');
      yield* sys.read(r, 1);
    });
    m.run();
    return m.recording + m.strace();
  };
  expect(runOf(true)).toBe(runOf(false));
});

test('stepTo() tells of its moves too', () => {
  const m = machine();
  let moves = 0;
  m.observe({ moved: () => void moves++ });
  m.process('main', function* (sys) { const [, w] = yield* sys.pipe(); yield* sys.write(w, 'x'); });
  m.stepTo(at('pipe_write'));
  expect(moves).toBe(1);
});
