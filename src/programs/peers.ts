/**
 * What the programs of this folder share: clients that behave, the loop that reads and writes until EAGAIN, and the two versions in which
 * every broken program comes. A server runs in a process called `server`, whoever talks to it in one called `client`.
 */

import { EAGAIN, type Scenario, type ScenarioOptions, type Sleeps, type Sys } from '../scenario/index.js';
import { connectTo } from '../scenarios/tcp.js';

/** The options of a program that has a fault, and of the same program without it. */
export const VERSIONS: NonNullable<Scenario['options']> = { version: ['broken', 'fixed'] };

/** True for the version with the fault. */
export function isBroken(options: ScenarioOptions): boolean {
  return options['version'] === 'broken';
}

/** For `breaks`: the broken version breaks this law, the fixed one none. */
export function whenBroken(law: string): (options: ScenarioOptions) => string | null {
  return (options) => (isBroken(options) ? law : null);
}

/** Sends back all that is there; true when the other side has ended. Never sleeps: the socket does not block. */
export function* echoAll(sys: Sys, fd: number): Sleeps<boolean> {
  for (;;) {
    const { ret, bytes } = yield* sys.read(fd, 64);
    if (ret === -EAGAIN) return false;
    if (ret <= 0) return true;
    sys.must(yield* sys.write(fd, bytes));
  }
}

/** Reads until so many bytes are there or the other side has ended. Sleeps until then. */
export function* readBack(sys: Sys, fd: number, bytes: number): Sleeps<void> {
  for (let got = 0; got < bytes; ) {
    const { ret } = yield* sys.read(fd, 64);
    if (ret <= 0) return;
    got += ret;
  }
}

/** Connects, sends each word by itself, reads as much back, closes. Sleeps until the answer is there. */
export function* echoClient(sys: Sys, port: number, ...words: readonly string[]): Sleeps<void> {
  const fd = yield* connectTo(sys, port);
  for (const word of words) sys.must(yield* sys.write(fd, word));
  yield* readBack(sys, fd, words.join('').length);
  sys.must(yield* sys.close(fd));
}
