/**
 * Steps of the stories about connections: what state an end is in, filling and draining, a reset, signals counted, two hosts and a cable.
 */

import {
  AF_INET, MSG_DONTWAIT, MSG_NOSIGNAL, type NetworkDeclaration, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, SIGPIPE, SO_ERROR, SO_LINGER, SOCK_STREAM, SOL_SOCKET, SOL_TCP, type Sleeps,
  type Sys, TCP_INFO,
} from '../scenario/index.js';
import { listenOn } from '../scenarios/tcp.js';

/** Names of the states that TCP_INFO tells. include/net/tcp_states.h */
const STATES: Readonly<Record<number, string>> = { 1: 'ESTABLISHED', 2: 'SYN_SENT', 4: 'FIN_WAIT1', 5: 'FIN_WAIT2', 7: 'CLOSE', 8: 'CLOSE_WAIT', 9: 'LAST_ACK', 10: 'LISTEN', 11: 'CLOSING' };

/** The state of a TCP socket, as TCP_INFO tells it. Sleeps never. */
export function* stateOf(sys: Sys, fd: number): Sleeps<string> {
  const { bytes } = sys.must(yield* sys.getsockopt(fd, SOL_TCP, TCP_INFO, 104));
  return STATES[bytes[0]!] ?? String(bytes[0]);
}

/** What poll() says of a descriptor when it is asked for everything. Sleeps never. */
export function* maskOf(sys: Sys, fd: number): Sleeps<number> {
  const { revents } = yield* sys.poll([{ fd, events: POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLERR | POLLHUP }], 0);
  return revents[0]!;
}

/** The pending error, which is taken: 0 or an errno. Sleeps never. */
export function* errorOf(sys: Sys, fd: number): Sleeps<number> {
  return sys.must(yield* sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)).value;
}

/** Writes until nothing more goes in, waits for acknowledgements, and tries again, until all is full. Sleeps for them. @returns bytes */
export function* fillBuffer(sys: Sys, fd: number): Sleeps<number> {
  const piece = new Uint8Array(65536);
  for (let total = 0; ; yield* sys.msleep(300)) {
    let more = 0;
    for (let n = 1; n > 0; more += Math.max(0, n)) n = yield* sys.send(fd, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (more === 0) return total;
    total += more;
  }
}

/** What came until the end. */
export interface Drained {
  readonly bytes: number;
  /** 0 for the end of the stream, or -errno */
  readonly end: number;
}

/** Reads to the end or to an error. Sleeps for data. */
export function* drain(sys: Sys, fd: number): Sleeps<Drained> {
  for (let bytes = 0; ;) {
    const { ret } = yield* sys.read(fd, 65536);
    if (ret <= 0) return { bytes, end: ret };
    bytes += ret;
  }
}

/** Closes with SO_LINGER and no time, which sends RST, and gives the RST a moment to arrive. Sleeps so long. */
export function* resetBy(sys: Sys, fd: number): Sleeps<void> {
  sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 }));
  sys.must(yield* sys.close(fd));
  yield* sys.msleep(1);
}

/** How often a signal came. */
export interface Counted {
  count: number;
}

/** Counts a signal instead of dying of it. Sleeps never. */
export function* counting(sys: Sys, signal = SIGPIPE): Sleeps<Counted> {
  const counted = { count: 0 };
  sys.must(yield* sys.sigaction(signal, () => { counted.count++; }));
  return counted;
}

/** A server at 10.0.0.1 and a client at 10.0.0.2, with a cable between them on which a packet takes 5 ms. */
export const twoHosts = (): NetworkDeclaration => ({
  hosts: { server: { address: '10.0.0.1' }, client: { address: '10.0.0.2' } },
  links: { cable: { between: ['server', 'client'], delayMs: 5 } },
});

/** The server's end of the connection of two hosts. Sleeps until a client comes. */
export function* serverEnd(sys: Sys): Sleeps<number> {
  const listener = yield* listenOn(sys, 7000, 0, '0.0.0.0');
  const fd = sys.must(yield* sys.accept(listener));
  sys.must(yield* sys.close(listener));
  return fd;
}

/** The client's end of it. Sleeps until it is connected. */
export function* clientEnd(sys: Sys): Sleeps<number> {
  yield* sys.msleep(1);
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  sys.must(yield* sys.connect(fd, { port: 7000, host: '10.0.0.1' }));
  return fd;
}
