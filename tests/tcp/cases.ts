/** What the cases of other suites begin with: a connection over loopback made by a program, and what poll says of a descriptor. */

import {
  AF_INET, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, type Machine, machine, O_NONBLOCK, type Program, type Sleeps, SOCK_STREAM, type Sys,
} from '../../src/scenario/index.js';

export const PORT = 7000;
const BITS: readonly (readonly [string, number])[] = [
  ['IN', EPOLLIN], ['PRI', EPOLLPRI], ['OUT', EPOLLOUT], ['ERR', EPOLLERR], ['HUP', EPOLLHUP], ['NVAL', 0x20], ['RDHUP', EPOLLRDHUP],
];

/** A mask in words; RDNORM and WRNORM are not said. */
export function maskWords(mask: number): string {
  return BITS.filter(([, bit]) => (mask & bit) !== 0).map(([word]) => word).join('|') || '0';
}

/** Runs a program on a machine of its own; all its expectations must hold, and it must come to its end. */
export function story(main: Program): Machine {
  const m = machine();
  m.process('main', main);
  const outcome = m.run();
  expect(outcome.failures).toEqual([]);
  expect(outcome.left).toEqual([]);
  return m;
}

/** A listener on PORT. */
export function* listening(sys: Sys, backlog = 16): Sleeps<number> {
  const l = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(l, { port: PORT });
  sys.expect(yield* sys.listen(l, backlog), 0);
  return l;
}

/** Listener, connected client, accepted socket; all blocking. */
export function* connected(sys: Sys): Sleeps<[l: number, c: number, a: number]> {
  const l = yield* listening(sys);
  const c = yield* sys.socket(AF_INET, SOCK_STREAM);
  sys.expect(yield* sys.connect(c, { port: PORT }), 0);
  return [l, c, yield* sys.accept(l)];
}

/** poll() of one descriptor: `0`, or what it reports. */
export function* po(sys: Sys, fd: number, events: number, ms = 0): Sleeps<string> {
  const { ret, revents } = yield* sys.poll([{ fd, events }], ms);
  return ret === 0 ? '0' : maskWords(revents[0]!);
}

/** Makes a descriptor blocking or not. */
export function* nonblock(sys: Sys, fd: number, on = true): Sleeps<void> {
  yield* sys.fcntl(fd, 4, on ? O_NONBLOCK : 0);
}

/** A client whose non-blocking connect to a bound port without listener was refused. */
export function* refusedClient(sys: Sys): Sleeps<[c: number, other: number]> {
  const other = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(other, { port: PORT });
  const c = yield* sys.socket(AF_INET, SOCK_STREAM | O_NONBLOCK);
  sys.expect(yield* sys.connect(c, { port: PORT }), -115);
  return [c, other];
}
