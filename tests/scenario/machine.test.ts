/** Machines: running, stepping, stopping at points, choosing who goes on; the same run again; what goes wrong and how it is told. */

import {
  AF_INET, SOCK_STREAM,
  at, EPOLL_CTL_ADD, EPOLLIN, machine, type Machine, type MachineOptions, parseRecording, ProgramError, ScenarioError, SIGTERM, StepBudgetExceeded,
} from '../../src/scenario/index.js';
import { runProgram } from './run.js';

const COPY = at('ep_send_events_proc', 'copy_to_user');

/** Two writers, a reader with an epoll, a signal: enough for every kind of choice. */
function busy(options: MachineOptions): Machine {
  const m = machine({ trace: true, ...options });
  m.process('reader', function* (sys) {
    const ep = yield* sys.epoll_create1();
    const pipes = [yield* sys.pipe(), yield* sys.pipe()];
    for (const [r] of pipes) yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN);
    for (const [index, [, w]] of pipes.entries()) {
      yield* sys.fork(function* writer(sys) {
        for (let i = 0; i < 5; i++) {
          yield* sys.write(w, `${index}${i}`);
          yield* sys.sched_yield();
        }
        yield* sys.msleep(3);
        yield* sys.write(w, 'end');
      });
    }
    for (let ends = 0; ends < 2; ) {
      const { events } = yield* sys.epoll_wait(ep, 1, -1);
      for (const { data } of events) if ((yield* sys.read(data, 3)).text.endsWith('d')) ends++;
    }
  });
  return m;
}

function traceOf(m: Machine): string {
  const trace = m.kernel.trace!;
  return Array.from({ length: trace.count }, (_, step) => trace.row(step).join(' ')).join('\n');
}

describe('the same run again', () => {
  test.each([[{}], [{ seed: 1 }], [{ seed: 2 }], [{ preempt: 'never' }], [{ preempt: 'all' }], [{ points: [COPY] }]] as [MachineOptions][])('%j: two runs have equal traces, byte for byte', (options) => {
    const [one, two] = [busy(options), busy(options)];
    one.run();
    two.run();
    expect(traceOf(one).length).toBeGreaterThan(1000);
    expect(traceOf(two)).toBe(traceOf(one));
    expect(two.strace({ times: true })).toBe(one.strace({ times: true }));
  });

  test('another seed is another run', () => {
    const logs = [1, 2, 3, 4].map((seed) => {
      const m = busy({ seed });
      m.run();
      return m.strace();
    });
    expect(new Set(logs).size).toBe(4);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i: the recording gives the same trace', (seed) => {
    const m = busy({ seed });
    m.run();
    const again = busy({ recording: m.recording });
    again.run();
    expect(traceOf(again)).toBe(traceOf(m));
    expect(again.recording).toBe(m.recording);
  });

  test('a recording with hands in it gives the same trace: stepTo and next are part of it', () => {
    const m = busy({});
    for (let i = 0; i < 3; i++) {
      m.stepTo(COPY, 'reader');
      if (m.kernel.runqueue.length > 0) m.next(m.kernel.runqueue.at(-1)!.pid);
    }
    m.run();
    expect(parseRecording(m.recording).interventions.length).toBeGreaterThan(0);
    const plain = busy({});
    plain.run();
    expect(traceOf(plain)).not.toBe(traceOf(m));
    const again = busy({ recording: m.recording });
    again.run();
    expect(traceOf(again)).toBe(traceOf(m));
    expect(again.recording).toBe(m.recording);
  });

  test('stepTo alone changes nothing', () => {
    const m = busy({});
    m.stepTo(COPY);
    m.stepTo(COPY);
    m.run();
    const plain = busy({});
    plain.run();
    expect(traceOf(m)).toBe(traceOf(plain));
  });

  test('two machines that move in turn do not disturb each other', () => {
    const alone = busy({ seed: 5 });
    alone.run();
    const [one, two] = [busy({ seed: 5 }), busy({ seed: 6 })];
    let moving = 2;
    while (moving > 0) moving = [one, two].filter((m) => typeof m.step() !== 'string').length;
    expect(traceOf(one)).toBe(traceOf(alone));
  });

  test('decisions of your own', () => {
    const asked = new Set<string>();
    const m = busy({ decisions: { choose: (kind, n) => { asked.add(kind); return n - 1; } } });
    expect(m.run().halt).toBe('finished');
    expect([...asked]).toContain('task');
    const again = busy({ recording: m.recording });
    again.run();
    expect(traceOf(again)).toBe(traceOf(m));
  });
});

describe('running', () => {
  test('runUntil stops the clock at an instant, and run goes on from there', () => {
    const m = machine();
    const times: number[] = [];
    m.process('ticker', function* (sys) {
      for (let i = 0; i < 4; i++) {
        yield* sys.msleep(10);
        times.push(sys.nowNs / 1e6);
      }
    });
    expect(m.runUntil(25)).toMatchObject({ halt: 'time', timeNs: 25e6, left: ['ticker(1)'] });
    expect(times).toEqual([10, 20]);
    expect(m.runUntil(30).halt).toBe('time');
    expect(times).toEqual([10, 20, 30]);
    expect(m.run()).toMatchObject({ halt: 'finished', timeNs: 40e6, left: [] });
  });

  test('a machine whose programs sleep for ever is asleep, and says who', () => {
    const m = machine();
    m.process('sleeper', function* (sys) { yield* sys.pause(); });
    expect(m.run()).toMatchObject({ halt: 'asleep', left: ['sleeper(1)'] });
    expect(m.strace()).toBe('1     pause( <unfinished ...>\n');
  });

  test('step makes one move; a move ends where a task sleeps', () => {
    const m = machine();
    m.process('a', function* (sys) { yield* sys.msleep(1); });
    expect(m.step()).toMatchObject({ fn: 'schedule' });
    expect(m.log.lines.at(-1)!.kind).toBe('unfinished');
    m.step();
    expect(m.step()).toBe('finished');
  });

  test('a process tells how it ended', () => {
    const m = machine();
    const ok = m.process('ok', function* () { return 4; });
    const killed = m.process('killed', function* (sys) { yield* sys.kill(2, SIGTERM); });
    expect(ok.ended).toBe(false);
    m.run();
    expect([ok.status, ok.signal, killed.status, killed.signal]).toEqual([4, null, null, SIGTERM]);
    expect(m.strace()).toContain('+++ killed by SIGTERM +++');
  });

  test('a view is plain and shows the point at which the machine stands', () => {
    const m = busy({});
    const point = m.stepTo(COPY);
    expect(point).toEqual({ fn: 'ep_send_events_proc', where: 'copy_to_user' });
    const view = m.view();
    expect(view.stoppedAt).toBe('ep_send_events_proc: copy_to_user');
    expect(view.eventpolls[0]!.txlist).not.toBeNull();
    expect(JSON.parse(JSON.stringify(view))).toBeTruthy();
    m.checkInvariants();
  });

  test('next puts a task in front in the middle of a scan: what fires then goes to ovflist', () => {
    const m = machine();
    const [r, w] = [4, 5];
    m.process('reader', function* (sys) {
      const ep = yield* sys.epoll_create1();
      yield* sys.pipe();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN);
      yield* sys.write(w, 'x');
      yield* sys.fork(function* writer(sys) { yield* sys.write(w, 'y'); });
      yield* sys.epoll_wait(ep, 8, -1);
    });
    m.stepTo(COPY);
    m.next('reader');
    m.next(2);
    m.step();
    expect(m.view().eventpolls[0]!.ovflist).toHaveLength(1);
    m.run();
    m.checkInvariants();
  });
});

describe('what goes wrong', () => {
  const failing = (body: Parameters<Machine['process']>[1], options: MachineOptions = {}): unknown => {
    try {
      runProgram(body, options);
    } catch (error) {
      return error;
    }
    return null;
  };

  test('a program that throws stops the run, and says who it was', () => {
    const error = failing(function* (sys) {
      yield* sys.getpid();
      throw new TypeError('x is not a thing');
    }) as ProgramError;
    expect(error).toBeInstanceOf(ProgramError);
    expect([error.message, error.task, error.line]).toEqual(['main(1): TypeError: x is not a thing', 'main(1)', 1]);
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test('must throws with the call as strace prints it', () => {
    expect(String(failing(function* (sys) { sys.must(yield* sys.epoll_create1(77)); })))
      .toBe('ProgramError: main(1): a call failed that must not: epoll_create1(0x4d) = -1 EINVAL (Invalid argument)');
    runProgram(function* (sys) {
      expect(sys.must(yield* sys.close(55), -9)).toBe(-9);
      expect(sys.must(yield* sys.pipe())).toEqual([3, 4]);
    });
  });

  test('a forgotten yield* is found', () => {
    expect(String(failing(function* (sys) {
      // oxlint-disable-next-line no-unused-expressions
      sys.close(3);
      yield* sys.getpid();
    }))).toContain('main(1): close() was called without yield*, so it did nothing; write: yield* sys.close(...)');
    expect(String(failing(function* (sys) { sys.getpid(); }))).toContain('getpid() was called without yield*');
  });

  test('a program that never ends is stopped', () => {
    const error = failing(function* (sys) { for (;;) yield* sys.getpid(); }, { stepBudget: 5000, log: 100 });
    expect(error).toBeInstanceOf(StepBudgetExceeded);
  });

  test('a machine that stopped at an error does not go on', () => {
    const m = machine();
    m.process('a', function* () { throw new Error('x'); });
    expect(() => m.run()).toThrow(ProgramError);
    expect(() => m.step()).toThrow('the machine stopped at an error and cannot go on');
  });

  test('what is no program is refused', () => {
    expect(() => machine().process('a', 5 as never)).toThrow('the program of a is 5; expected a generator function');
    const m = machine();
    m.process('a', (() => undefined) as never);
    expect(() => m.run()).toThrow('the program is not a generator function');
  });

  test('stepTo: no points, or nobody comes', () => {
    expect(() => busy({ preempt: 'never' }).stepTo(COPY)).toThrow("was made with preempt 'never'");
    expect(() => busy({}).stepTo(at('no_such_function'))).toThrow('the machine is finished and nobody came to no_such_function');
    expect(() => busy({}).stepTo(COPY, 'nobody')).toThrow('the machine is finished and nobody came to ep_send_events_proc: copy_to_user');
  });

  test('next: who cannot run cannot be next', () => {
    const m = machine();
    m.process('a', function* (sys) { yield* sys.pause(); });
    m.process('b', function* (sys) { yield* sys.getpid(); });
    m.step();
    expect(() => m.next('a')).toThrow('a cannot run now; these can: b');
    const never = machine({ preempt: 'never' });
    never.process('a', function* () {});
    never.process('b', function* () {});
    expect(() => never.next('b')).toThrow("was made with preempt 'never'");
  });

  test('a recording allows no other source of choices', () => {
    const m = busy({ seed: 3 });
    m.run();
    expect(() => machine({ recording: m.recording, seed: 4 })).toThrow(ScenarioError);
  });
});

describe('sysctls', () => {
  const lived = (options: MachineOptions): { ms: number; m: Machine } => {
    const m = machine(options);
    let ms = 0;
    m.process('main', function* (sys) {
      const l = yield* sys.socket(AF_INET, SOCK_STREAM);
      sys.expect(yield* sys.bind(l, { port: 7000 }), 0);
      yield* sys.listen(l, 1);
      const c = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(c, { port: 7000 });
      const s = yield* sys.accept(l);
      const start = sys.nowNs;
      yield* sys.close(c);
      // the FIN is acknowledged within some ms; then the orphan waits in small form for the peer's
      do yield* sys.msleep(250); while (m.view().timewaits.length > 0);
      ms = Math.round((sys.nowNs - start) / 1e6);
      yield* sys.close(s);
    });
    m.run();
    return { ms, m };
  };

  test('tcp_fin_timeout is how long an orphan waits in FIN_WAIT2, by default 60 s', () => {
    expect(Math.round(lived({ sysctl: { tcp_fin_timeout: 5 } }).ms / 1000)).toBe(5);
    expect(Math.round(lived({}).ms / 10_000)).toBe(6);
  });

  test('a recording brings them back', () => {
    const { m, ms } = lived({ sysctl: { tcp_fin_timeout: 5, tcp_rmem: [4096, 131072, 6291456] } });
    expect(lived({ recording: m.recording }).ms).toBe(ms);
    expect(parseRecording(m.recording).options).toEqual({ 'sysctl.tcp_fin_timeout': '5', 'sysctl.tcp_rmem': '4096 131072 6291456' });
  });

  test('an unknown one, and a wrong value, are said', () => {
    expect(() => machine({ sysctl: { nonsense: 1 } as never })).toThrow(/^there is no sysctl nonsense; known are somaxconn, /);
    expect(() => machine({ sysctl: { tcp_rmem: 5 } as never })).toThrow('tcp_rmem takes 3 whole numbers, as tcp_rmem=4096 131072 33554432; this is tcp_rmem=5');
  });
});
