/**
 * One connection of an event loop: input and output buffers, back pressure, and the two orderly ways to end it. The side that ends first stops
 * sending and reads until the other has ended too (L14 of the notes); the other side, having read the end, sends what is left and ends (L15).
 * One text serves both triggers: edge-triggered it reads until EAGAIN, level-triggered once an event.
 */

import {
  EAGAIN, EINTR, MSG_NOSIGNAL, SHUT_WR, type AddressResult, type Sleeps, utf8,
} from '../scenario/index.js';
import { ByteQueue } from './byteQueue.js';
import { Channel, READABLE, WRITABLE } from './channel.js';
import type { EventLoop } from './eventLoop.js';
import { callBack, type Handler } from './handler.js';
import type { Timer } from './timerQueue.js';

/** Bytes of one read. */
const READ_BYTES = 4096;
/** Reads in a row for one connection; then the others have their turn. */
const READS_A_TURN = 16;

/** What a program is told of a connection. */
export interface ConnectionHandlers {
  /** bytes have come; they are in `connection.input` until they are taken */
  readonly onMessage?: Handler<[connection: TcpConnection]>;
  /** the output buffer is empty again after it was not */
  readonly onWriteComplete?: Handler<[connection: TcpConnection]>;
  /** the output buffer has grown over the high-water mark: time to stop producing */
  readonly onHighWaterMark?: Handler<[connection: TcpConnection]>;
  /**
   * The peer has ended its direction. With a handler the program may go on sending and ends the connection itself with shutdown(); without one, what is left
   * is sent and the connection ends.
   */
  readonly onPeerEnd?: Handler<[connection: TcpConnection]>;
  /** the descriptor is closed; errno is 0 after an orderly end */
  readonly onClose?: Handler<[connection: TcpConnection, errno: number]>;
}

/** Limits of a connection. */
export interface ConnectionOptions {
  /** bytes in the output buffer from which onHighWaterMark is called; default 65,536 */
  readonly highWaterMark?: number;
  /** milliseconds that the peer may take to end after shutdown(); then the connection is closed by force (L16); default: no limit */
  readonly endWithinMs?: number;
}

export class TcpConnection {
  readonly loop: EventLoop;
  readonly fd: number;
  readonly peer: AddressResult | null;
  readonly input = new ByteQueue();
  readonly output = new ByteQueue();
  /** whatever the program wants to keep with the connection */
  context: unknown = null;
  private readonly handlers: ConnectionHandlers;
  private readonly options: ConnectionOptions;
  private readonly channel: Channel;
  private timer: Timer | null = null;
  private reading = true;
  /** the peer's end was read */
  private peerEnded = false;
  /** shutdown() was asked for; done when the output is empty */
  private ending = false;
  /** our end is sent */
  private ended = false;
  private closed = false;

  /** @param fd a connected, non-blocking socket, which the connection owns from now on */
  constructor(loop: EventLoop, fd: number, peer: AddressResult | null, handlers: ConnectionHandlers, options: ConnectionOptions = {}) {
    this.loop = loop;
    this.fd = fd;
    this.peer = peer;
    this.handlers = handlers;
    this.options = options;
    this.channel = new Channel(fd, () => this.readable(), () => this.flush());
  }

  /** True until the descriptor is closed. */
  get isOpen(): boolean {
    return !this.closed;
  }

  /** Begins to watch the socket; in the loop's thread. Sleeps never. */
  *establish(): Sleeps<void> {
    yield* this.watch();
  }

  /**
   * What is wanted now. Edge-triggered, room is watched for all along, since it is told of only when it appears (B4). Level-triggered it is asked for only
   * while something waits to be sent, or it would be told of for ever (B3). Sleeps never.
   */
  private *watch(): Sleeps<void> {
    if (this.closed) return;
    const read = this.reading && !this.peerEnded ? READABLE : 0;
    const write = this.loop.poller.edge ? (this.ended ? 0 : WRITABLE) : (this.output.length > 0 ? WRITABLE : 0);
    if (this.channel.interest !== (read | write)) yield* this.loop.watch(this.channel, read | write);
  }

  /** Reads what is there. Sleeps never: the socket does not block. */
  private *readable(): Sleeps<void> {
    const { sys, poller } = this.loop;
    for (let reads = 0; this.reading && !this.peerEnded && !this.closed; reads++) {
      if (reads === READS_A_TURN) {
        // The edge is spent, so the loop itself must come back to what is left: a fast sender must not starve the others.
        yield* this.loop.queue(() => this.readable());
        return;
      }
      const { ret, bytes } = yield* sys.read(this.fd, READ_BYTES);
      if (ret === -EAGAIN) return;
      if (ret === -EINTR) continue;
      if (ret < 0) return yield* this.close(-ret);
      if (ret === 0) return yield* this.endOfInput();
      this.input.push(bytes);
      yield* callBack(this.handlers.onMessage ?? null, this);
      if (!poller.edge) return;
    }
  }

  /** The peer sends no more. Sleeps never. */
  private *endOfInput(): Sleeps<void> {
    this.peerEnded = true;
    if (this.ended) return yield* this.close(0);
    yield* this.watch();
    if (this.handlers.onPeerEnd !== undefined) yield* callBack(this.handlers.onPeerEnd, this);
    else yield* this.shutdown();
  }

  /** Sends bytes or text, at once as far as there is room, the rest when there is. May be called by any thread. Sleeps never. */
  *send(data: Uint8Array | string): Sleeps<void> {
    const bytes = typeof data === 'string' ? utf8(data) : data;
    yield* this.loop.runInLoop(() => this.sendInLoop(bytes));
  }

  /** Sleeps never. */
  private *sendInLoop(bytes: Uint8Array): Sleeps<void> {
    if (this.closed || this.ending || bytes.length === 0) return;
    const before = this.output.length;
    this.output.push(bytes);
    if (before === 0) yield* this.write();
    const mark = this.options.highWaterMark ?? 65_536;
    if (this.output.length >= mark && before < mark) yield* this.loop.queue(() => callBack(this.handlers.onHighWaterMark ?? null, this));
  }

  /** There is room: goes on with what waits. Sleeps never. */
  private *flush(): Sleeps<void> {
    if (this.output.length === 0 || this.closed) return;
    yield* this.write();
    if (this.output.length === 0 && !this.closed) yield* callBack(this.handlers.onWriteComplete ?? null, this);
  }

  /** Writes until the output is empty or the socket is full. Sleeps never. */
  private *write(): Sleeps<void> {
    const { sys } = this.loop;
    while (this.output.length > 0) {
      const ret = yield* sys.send(this.fd, this.output.first(), MSG_NOSIGNAL);
      if (ret === -EAGAIN) break;
      if (ret === -EINTR) continue;
      if (ret < 0) return yield* this.close(-ret);
      this.output.drop(ret);
    }
    if (this.output.length === 0 && this.ending) yield* this.end();
    yield* this.watch();
  }

  /** Stops reading: what comes stays in the kernel, whose window closes, and the peer slows down. Sleeps never. */
  *pause(): Sleeps<void> {
    this.reading = false;
    yield* this.watch();
  }

  /** Reads again. Edge-triggered, what came meanwhile will not be told of again, so it is read without being told. Sleeps never. */
  *resume(): Sleeps<void> {
    if (this.reading) return;
    this.reading = true;
    yield* this.watch();
    if (this.loop.poller.edge) yield* this.loop.queue(() => this.readable());
  }

  /** Ends this direction when all is sent, and the connection when the peer has ended too. May be called by any thread. Sleeps never. */
  *shutdown(): Sleeps<void> {
    yield* this.loop.runInLoop(() => this.shutdownInLoop());
  }

  /** Sleeps never. */
  private *shutdownInLoop(): Sleeps<void> {
    if (this.ending || this.closed) return;
    this.ending = true;
    if (this.output.length === 0) yield* this.end();
  }

  /** All is sent: now the end. Sleeps never. */
  private *end(): Sleeps<void> {
    this.ended = true;
    if (this.peerEnded) return yield* this.close(0);
    yield* this.loop.sys.shutdown(this.fd, SHUT_WR);
    const { endWithinMs } = this.options;
    if (endWithinMs !== undefined) this.timer = this.loop.runAfter(endWithinMs, () => this.close(0));
    // The end must be read, whoever paused the reading before.
    yield* this.resume();
    yield* this.watch();
  }

  /** Closes without waiting for anything. May be called by any thread. Sleeps never. */
  *forceClose(): Sleeps<void> {
    yield* this.loop.runInLoop(() => this.close(0));
  }

  /** Takes the channel off, closes, and tells. Sleeps never: the socket does not linger. */
  private *close(errno: number): Sleeps<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== null) this.loop.cancel(this.timer);
    if (this.channel.interest !== 0) yield* this.loop.unwatch(this.channel);
    yield* this.loop.sys.close(this.fd);
    yield* callBack(this.handlers.onClose ?? null, this, errno);
  }
}
