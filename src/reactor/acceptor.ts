/**
 * The acceptor (a concrete event handler, H4 of the notes): owns a listening socket and accepts until EAGAIN, so that neither trigger leaves a
 * connection in the queue. Out of descriptors it gives one back that it kept in reserve, accepts the connection and closes
 * it: the client is told, and the loop does not spin on a queue that stays full (libev and muduo do the same).
 */

import {
  AF_INET, EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, O_CLOEXEC, O_RDONLY, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM,
  SOL_SOCKET, type AddressResult, type Sleeps,
} from '../scenario/index.js';
import { Channel, READABLE } from './channel.js';
import type { EventLoop } from './eventLoop.js';
import { callBack, type Handler } from './handler.js';

/** Milliseconds for which a listener rests when there is not even a reserved descriptor. */
const REST_MS = 10;

/** Where and how to listen. */
export interface ListenOptions {
  readonly port: number;
  /** default: 127.0.0.1 */
  readonly host?: string;
  /** connections that may wait for accept(); default 128 */
  readonly backlog?: number;
  /** SO_REUSEPORT: several sockets listen on one port, and the kernel spreads connections over them */
  readonly reusePort?: boolean;
  /** SO_SNDBUF of every connection, bytes; default: the kernel's, which grows */
  readonly sndbuf?: number;
}

export class Acceptor {
  /** connections accepted */
  accepted = 0;
  /** connections that were closed at once for want of a descriptor */
  refused = 0;
  /** accept() calls that found an empty queue */
  empty = 0;
  readonly loop: EventLoop;
  private readonly options: ListenOptions;
  private readonly onConnection: Handler<[fd: number, peer: AddressResult | null]>;
  private channel: Channel | null = null;
  /** a descriptor on nothing, to be given back when there is no other */
  private reserve = -1;

  /** @param onConnection takes over a new, non-blocking descriptor */
  constructor(loop: EventLoop, options: ListenOptions, onConnection: Handler<[fd: number, peer: AddressResult | null]>) {
    this.loop = loop;
    this.options = options;
    this.onConnection = onConnection;
  }

  /** The listening descriptor; -1 when there is none. */
  get fd(): number {
    return this.channel?.fd ?? -1;
  }

  /** Listens, and accepts from now on. Sleeps never. */
  *listen(): Sleeps<void> {
    const { sys } = this.loop;
    const { port, host, backlog = 128, reusePort = false, sndbuf } = this.options;
    const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC));
    sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    if (reusePort) sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    // An accepted socket inherits it.
    if (sndbuf !== undefined) sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, sndbuf));
    sys.must(yield* sys.bind(fd, host === undefined ? { port } : { port, host }));
    sys.must(yield* sys.listen(fd, backlog));
    yield* this.openReserve();
    this.channel = new Channel(fd, () => this.acceptAll(fd));
    yield* this.loop.watch(this.channel, READABLE);
  }

  /** Sleeps never. */
  private *openReserve(): Sleeps<void> {
    this.reserve = yield* this.loop.sys.open('/dev/null', O_RDONLY | O_CLOEXEC);
  }

  /** Sleeps never: the socket does not block. */
  private *acceptAll(fd: number): Sleeps<void> {
    const { sys } = this.loop;
    for (;;) {
      const { ret, address } = yield* sys.acceptFrom(fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (ret >= this.loop.poller.limit) {
        this.refused++;
        yield* sys.close(ret);
      } else if (ret >= 0) {
        this.accepted++;
        yield* callBack(this.onConnection, ret, address);
      } else if (ret === -EMFILE || ret === -ENFILE) {
        if (!(yield* this.refuseOne(fd))) return;
      } else if (ret !== -EINTR && ret !== -ECONNABORTED) {
        if (ret !== -EAGAIN) sys.must(ret);
        this.empty++;
        return;
      }
      if (this.channel === null) return; // a handler closed the acceptor
    }
  }

  /**
   * Accepts one connection on the reserved number and closes it. Sleeps never.
   * @returns whether another one may wait: accept() takes the number before it looks at the queue, so EMFILE does not say that there was one
   */
  private *refuseOne(fd: number): Sleeps<boolean> {
    const { sys } = this.loop;
    let victim = -EMFILE;
    if (this.reserve >= 0) {
      yield* sys.close(this.reserve);
      victim = yield* sys.accept(fd);
      if (victim >= 0) {
        this.refused++;
        yield* sys.close(victim);
      }
    }
    yield* this.openReserve();
    if (victim === -EAGAIN) return false;
    if (this.reserve >= 0) return true;
    // Another thread took the number in between. A listener that stays ready would make the loop spin.
    const channel = this.channel!;
    yield* this.loop.unwatch(channel);
    this.loop.runAfter(REST_MS, () => (this.channel === channel ? this.loop.watch(channel, READABLE) : undefined));
    return false;
  }

  /** Stops listening; connections that wait in the queue are reset. Sleeps never. */
  *close(): Sleeps<void> {
    const { channel } = this;
    if (channel === null) return;
    this.channel = null;
    yield* this.loop.unwatch(channel);
    yield* this.loop.sys.close(channel.fd);
    if (this.reserve >= 0) yield* this.loop.sys.close(this.reserve);
    this.reserve = -1;
  }
}
