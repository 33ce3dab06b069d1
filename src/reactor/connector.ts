/**
 * The connector (a concrete event handler, H4 of the notes): a non-blocking connect, collected by SO_ERROR when the socket turns writable,
 * and tried again after a pause that doubles when the other side is not there. A socket that has connected to itself, which TCP allows
 * when its free port is the one it asks for, counts as a failure.
 */

import {
  AF_INET, EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EINPROGRESS, ENETUNREACH, ETIMEDOUT, SO_ERROR, SOCK_CLOEXEC,
  SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, type AddressResult, type Sleeps,
} from '../scenario/index.js';
import { Channel, WRITABLE } from './channel.js';
import type { EventLoop } from './eventLoop.js';
import { callBack, type Handler } from './handler.js';
import type { Timer } from './timerQueue.js';

/** Whom to connect to, and how patiently. */
export interface ConnectOptions {
  readonly port: number;
  /** default: 127.0.0.1 */
  readonly host?: string;
  /** pause before the second attempt, ms; it doubles each time; default 500 */
  readonly firstPauseMs?: number;
  /** longest pause, ms; default 30,000 */
  readonly longestPauseMs?: number;
}

/** Errors after which another attempt may go better. */
const WORTH_ANOTHER = new Set([EAGAIN, EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, ECONNRESET, ECONNABORTED]);

export class Connector {
  /** attempts so far */
  attempts = 0;
  private readonly loop: EventLoop;
  private readonly options: ConnectOptions;
  private readonly onConnection: Handler<[fd: number, peer: AddressResult | null]>;
  private readonly onGivenUp: Handler<[errno: number]> | null;
  private channel: Channel | null = null;
  private timer: Timer | null = null;
  private pauseMs: number;
  private stopped = false;

  /**
   * @param onConnection takes over a connected, non-blocking descriptor
   * @param onGivenUp told of an error that no other attempt can mend (a wrong address, no descriptors)
   */
  constructor(loop: EventLoop, options: ConnectOptions, onConnection: Handler<[fd: number, peer: AddressResult | null]>, onGivenUp: Handler<[errno: number]> | null = null) {
    this.loop = loop;
    this.options = options;
    this.onConnection = onConnection;
    this.onGivenUp = onGivenUp;
    this.pauseMs = options.firstPauseMs ?? 500;
  }

  /** Tries to connect. Sleeps never. */
  *start(): Sleeps<void> {
    const { sys } = this.loop;
    const { port, host } = this.options;
    this.timer = null;
    this.attempts++;
    const fd = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return yield* callBack(this.onGivenUp, -fd);
    const ret = yield* sys.connect(fd, host === undefined ? { port } : { port, host });
    if (ret < 0 && ret !== -EINPROGRESS) return yield* this.failed(fd, -ret);
    this.channel = new Channel(fd, null, () => this.collect(fd));
    yield* this.loop.watch(this.channel, WRITABLE);
  }

  /** The socket is writable: the attempt has ended, and SO_ERROR says how. Sleeps never. */
  private *collect(fd: number): Sleeps<void> {
    const { sys } = this.loop;
    yield* this.loop.unwatch(this.channel!);
    this.channel = null;
    const { value: errno } = yield* sys.getsockopt(fd, SOL_SOCKET, SO_ERROR);
    if (errno !== 0) return yield* this.failed(fd, errno);
    const { address: own } = yield* sys.getsockname(fd);
    const { address: peer } = yield* sys.getpeername(fd);
    if (isSame(own, peer)) return yield* this.failed(fd, ECONNREFUSED);
    yield* callBack(this.onConnection, fd, peer);
  }

  /** Sleeps never. */
  private *failed(fd: number, errno: number): Sleeps<void> {
    yield* this.loop.sys.close(fd);
    if (this.stopped) return;
    if (!WORTH_ANOTHER.has(errno)) return yield* callBack(this.onGivenUp, errno);
    this.timer = this.loop.runAfter(this.pauseMs, () => this.start());
    this.pauseMs = Math.min(this.pauseMs * 2, this.options.longestPauseMs ?? 30_000);
  }

  /** No more attempts; one on its way is dropped. Sleeps never. */
  *stop(): Sleeps<void> {
    this.stopped = true;
    if (this.timer !== null) this.loop.cancel(this.timer);
    const { channel } = this;
    this.channel = null;
    if (channel === null) return;
    yield* this.loop.unwatch(channel);
    yield* this.loop.sys.close(channel.fd);
  }
}

function isSame(a: AddressResult | null, b: AddressResult | null): boolean {
  return a !== null && b !== null && 'port' in a && 'port' in b && a.port === b.port && a.host === b.host;
}
