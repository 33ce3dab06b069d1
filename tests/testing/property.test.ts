/**
 * The property of a loop: it holds for loops that are right, and for one with a fault it gives the smallest surroundings that show it, with a string
 * that brings the run back.
 */

import * as fc from 'fast-check';
import { AF_INET, SIGUSR1, type Sys } from '../../src/scenario/index.js';
import { EpollPoller, TcpServer } from '../../src/reactor/index.js';
import {
  connectionStorms, everyByteComesBack, type Loop, LoopBroken, loopLaws, loopProperty, loopScenario, noLostEvent, noSpin, NOBODY, type PropertyOptions, replayLoop,
  type Surroundings,
} from '../../src/testing/index.js';
import { buildCommand } from '../cli/built.js';
import { echoLoop, type Fault } from './loops.js';

const LAWS = [...loopLaws, everyByteComesBack()];
const RUNS = { numRuns: 25, seed: 7 };

/** What fast-check found: the error of the loop, and the surroundings that were left. */
function broken(loop: Loop, options: PropertyOptions = {}, laws = LAWS): { error: LoopBroken; around: Surroundings; shrinks: number } {
  const found = fc.check(loopProperty(loop, laws, options), { seed: 7, numRuns: 150 });
  expect(found.failed).toBe(true);
  return { error: found.errorInstance as LoopBroken, around: found.counterexample![0], shrinks: found.numShrinks };
}

describe('a loop that is right', () => {
  test('keeps its laws whatever its peers do', () => {
    fc.assert(loopProperty(echoLoop('none'), LAWS), RUNS);
  });

  test('keeps them over a faulty link, and when signals come', () => {
    fc.assert(loopProperty(echoLoop('none'), LAWS, { around: { faults: true, signals: [SIGUSR1] } }), { ...RUNS, numRuns: 12 });
  });

  test('keeps them in a storm of connections', () => {
    const storm = connectionStorms({ most: 6 }).map((peers) => ({ ...NOBODY, peers }));
    fc.assert(loopProperty(echoLoop('none'), LAWS, { around: storm }), { ...RUNS, numRuns: 10 });
  });

  test('may be a Reactor', () => {
    const reactor: Loop = (address) => function* (sys: Sys) {
      const server = new TcpServer(sys, (sys) => new EpollPoller(sys, 'ET'), address, {
        *onMessage(connection) { yield* connection.send(connection.input.take()); },
      });
      yield* server.run();
    };
    fc.assert(loopProperty(reactor, LAWS, { around: { farewells: ['close', 'halfClose'] } }), { ...RUNS, numRuns: 15 });
  });
});

describe('a loop with a fault', () => {
  test('the counterexample is as small as it gets, and says all there is to say', () => {
    const { error, around } = broken(echoLoop('short read is the end'), { around: { farewells: ['halfClose'] }, file: 'loop.mjs' });
    expect(around).toMatchObject({ peers: [{ steps: [{ do: 'send', bytes: 1 }], end: 'halfClose' }], signals: [], fdLimit: null, fates: null });
    expect(error).toBeInstanceOf(LoopBroken);
    expect(error.message).toBe([
      'no-lost-event: loop(1) sleeps in epoll_wait for ever, but descriptor 5 has EPOLLIN: its edge has been told, and edge-triggered nobody tells of what was left',
      '  peer 1 connects at 0 ms, sends 1, ends its side and reads to the end',
      '  order: first come, first served',
      `  replay in a test:    replayLoop('${error.recording}', loopScenario(...))`,
      `  replay in a shell:   epollsim run loop.mjs --replay '${error.recording}'`,
    ].join('\n'));
  });

  test('what fast-check prints of it is a sentence', () => {
    const found = fc.check(loopProperty(echoLoop('short read is the end'), LAWS, { around: { farewells: ['halfClose'] } }), { seed: 7 });
    expect(fc.defaultReportMessage(found)).toContain('Counterexample: [peer 1 connects at 0 ms, sends 1, ends its side and reads to the end,first come, first served]');
  });

  test('the string brings the run back in a test', () => {
    const loop = echoLoop('short read is the end');
    const { error } = broken(loop);
    const { verdict, story } = replayLoop(error.recording, loopScenario(loop, LAWS));
    expect(verdict?.violation).toEqual(error.violation);
    expect(story.machine.strace()).toMatch(/accept4\(.*\n/);
  });

  test('and at the command line', () => {
    const command = buildCommand();
    // the loop as its user would have it in a file, with the fault 'accepts once'
    command.file('accept.mjs', `import { AF_INET, EPOLL_CTL_ADD, EPOLLET, EPOLLIN, SOCK_NONBLOCK, SOCK_STREAM } from 'epollsim';
import { loopLaws, loopScenario } from 'epollsim/testing';
const loop = (address) => function* (sys) {
  const listener = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
  yield* sys.bind(listener, address);
  yield* sys.listen(listener, 16);
  const ep = yield* sys.epoll_create1();
  yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, listener, { events: EPOLLIN | EPOLLET });
  for (;;) {
    yield* sys.epoll_wait(ep, 8, -1);
    yield* sys.accept4(listener, SOCK_NONBLOCK);
  }
};
export default loopScenario(loop, loopLaws, { name: 'accepts-once' });
`);
    const once: Loop = (address) => function* (sys) {
      const listener = yield* sys.socket(AF_INET, 0x801);
      yield* sys.bind(listener, address);
      yield* sys.listen(listener, 16);
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, 1, listener, { events: 0x80000001 });
      for (;;) {
        yield* sys.epoll_wait(ep, 8, -1);
        yield* sys.accept4(listener, 0x800);
      }
    };
    try {
      const { error } = broken(once, { name: 'accepts-once', around: { farewells: ['vanish'] } }, [...loopLaws]);
      const { code, out } = command.run(['run', './accept.mjs', '--replay', error.recording, '--quiet']);
      expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining(`BROKEN ${error.violation!.law}: ${error.violation!.message}`) });
    } finally {
      command.remove();
    }
  });

  test('few descriptors: a level-triggered listener that ignores EMFILE spins', () => {
    const { error, around } = broken(echoLoop('ignores EMFILE'), { around: { farewells: ['vanish'], fdLimits: { least: 6, most: 7 } } }, [noSpin()]);
    expect(error.violation?.law).toBe('no-spin');
    expect(around.peers).toHaveLength(around.fdLimit! - 5 + 1);
    expect(error.message).toContain(`descriptors of the loop: ${around.fdLimit}`);
  });

  test('a program that throws: EINTR that was not thought of', () => {
    const { error, around } = broken(echoLoop('EINTR is an error'), { around: { signals: [SIGUSR1] } });
    expect(error.violation).toBeNull();
    expect(error.message).toMatch(/^loop\(1\): a call failed that must not: epoll_wait.*EINTR/);
    expect(around.signals).toHaveLength(1);
  });

  test('a loop that nobody can reach is no loop that is right', () => {
    const { error } = broken(echoLoop('listens elsewhere'));
    expect(error.message).toContain('nobody listens at 127.0.0.1:7000: the loop is to bind to the address that it is given');
  });

  test('the endless loop ends with its budget', () => {
    const { error } = broken(() => function* (sys) { for (;;) yield* sys.getpid(); }, { stepBudget: 500 });
    expect(error.message).toMatch(/^the run took 500 steps: a program neither ends nor sleeps/);
  });

  test.each<[Fault, string]>([['accepts once', 'no-lost-event']])('%s is found by %s', (fault, law) => {
    const { error, around } = broken(echoLoop(fault), { around: { farewells: ['close'] } }, [noLostEvent]);
    expect({ law: error.violation?.law, peers: around.peers.length }).toEqual({ law, peers: 2 });
  });
});
