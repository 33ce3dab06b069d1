/** The bench of the debug session: a run of a million steps is loaded, and steps all over it are asked for. */

import { scenarioSource, Session } from '#dist/debug/index.js';
import { AF_INET, EPOLL_CTL_ADD, EPOLLIN, type Scenario, SOCK_NONBLOCK, SOCK_STREAM } from '#dist/scenario/index.js';

const echoForEver: Scenario = {
  name: 'echo-for-ever',
  title: 'A connection that never ends.',
  about: 'One process writes to itself over TCP, waits, and reads.',
  programs: () => ({
    *main(sys) {
      const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.bind(listener, { port: 80 });
      yield* sys.listen(listener, 8);
      const client = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(client, { port: 80 });
      const server = yield* sys.accept4(listener, SOCK_NONBLOCK);
      const ep = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, server, { events: EPOLLIN });
      for (;;) {
        yield* sys.write(client, 'hello');
        yield* sys.epoll_wait(ep, 8, -1);
        yield* sys.read(server, 64);
      }
    },
  }),
};

/** What asking costs. */
export interface DebugCost {
  /** ms of the slowest of the steps that were asked for, each once */
  readonly slowestMs: number;
  readonly medianMs: number;
  /** ms of the slowest move, search and jump to a change */
  readonly slowestMoveMs: number;
  /** microseconds a step, to load the run */
  readonly loadUs: number;
  /** bytes a step, held by the session */
  readonly bytes: number;
}

/** Milliseconds of processor time: what others do on the machine does not count. */
function timed(what: () => void): number {
  const begin = process.cpuUsage();
  what();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

function heldBytes(): number {
  global.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Loads a run of `steps` steps and asks for some, all over it. */
export function debugCost(steps: number, asked: number): DebugCost {
  const before = heldBytes();
  const sessions: Session[] = [];
  const loadMs = timed(() => sessions.push(new Session(scenarioSource(echoForEver), { maxSteps: steps })));
  const session = sessions[0]!;
  const loadUs = (loadMs * 1000) / session.count;
  const bytes = (heldBytes() - before) / session.count;
  session.state(session.count - 1);
  const times: number[] = [];
  const moves: number[] = [];
  for (let n = 0, at = 1; n < asked; n++) {
    at = (at * 1103515245 + 12345) % 2147483648;
    const step = at % session.count;
    times.push(timed(() => session.state(step)));
    session.goto(step);
    moves.push(
      timed(() => session.forward('function', 'over')), timed(() => session.back('call', 'out')), timed(() => session.lastChange('runqueue')),
      timed(() => session.reverse({ kind: 'function', name: 'tcp_sendmsg' })),
    );
  }
  times.sort((a, b) => a - b);
  return { slowestMs: times.at(-1)!, medianMs: times[times.length >> 1]!, slowestMoveMs: Math.max(...moves.slice(8)), loadUs, bytes };
}
