/**
 * Steps that stories about TCP share: a listening socket, a client, a connected pair. All of it is on the loopback of the machine,
 * where a handshake ends inside connect(), before anybody accepts.
 */

import { AF_INET, SO_RCVBUF, SOCK_STREAM, SOL_SOCKET, type Sleeps, type Sys } from '../scenario/index.js';

/** A listening socket. Sleeps never. @param flags SOCK_NONBLOCK or 0 @param host the address to listen on */
export function* listenOn(sys: Sys, port: number, flags = 0, host = '127.0.0.1'): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | flags));
  sys.must(yield* sys.bind(fd, { port, host }));
  sys.must(yield* sys.listen(fd, 16));
  return fd;
}

/** A socket that is connected to a port. Sleeps until it is. @param rcvbuf SO_RCVBUF in bytes; 0: as it is */
export function* connectTo(sys: Sys, port: number, rcvbuf = 0): Sleeps<number> {
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  if (rcvbuf > 0) sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf));
  sys.must(yield* sys.connect(fd, { port }));
  return fd;
}

/** Both ends of a connection in one process: [the accepted end, the connecting end]. Sleeps until it stands. */
export function* connectedPair(sys: Sys, port: number): Sleeps<readonly [number, number]> {
  const listener = yield* listenOn(sys, port);
  const client = yield* connectTo(sys, port);
  const server = sys.must(yield* sys.accept(listener));
  sys.must(yield* sys.close(listener));
  return [server, client];
}
