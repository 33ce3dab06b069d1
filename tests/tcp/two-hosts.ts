/**
 * What the tests of several hosts share: two hosts with a link between them, and the first calls of a server and a client.
 * Programs are those of the scenario API.
 */

import { AF_INET, failureText, machine, type MachineOptions, SOCK_STREAM } from '../../src/index.js';
import type { Host, Link, LinkOptions, Machine, Sleeps, Sys } from '../../src/scenario/index.js';

export const SERVER = '10.0.0.1';
export const CLIENT = '10.0.0.2';

/** A machine of two hosts and a link. */
export function pair(link: LinkOptions = { delayMs: 5 }, options: MachineOptions = {}): { m: Machine; server: Host; client: Host; cable: Link } {
  const m = machine(options);
  const server = m.host('server', { address: SERVER });
  const client = m.host('client', { address: CLIENT });
  const cable = m.link(server, client, link);
  return { m, server, client, cable };
}

/** Listens on a port of every address. */
export function* listenOn(sys: Sys, port: number): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  sys.must(yield* sys.bind(fd, { port, host: '0.0.0.0' }));
  sys.must(yield* sys.listen(fd, 8));
  return fd;
}

/** Connects to the server. */
export function* connectTo(sys: Sys, port: number, flags = 0): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | flags));
  sys.must(yield* sys.connect(fd, { port, host: SERVER }), flags === 0 ? 0 : -115);
  return fd;
}

/** Runs a machine to its end: how it ended, and what did not hold. */
export function ended(m: Machine): string[] {
  const { halt, failures } = m.run();
  return [halt, ...failures.map(failureText)];
}
