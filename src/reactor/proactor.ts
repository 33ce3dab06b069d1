/**
 * The Proactor, beside the Reactor and built on it: a program asks for an operation and is told when it is done, with the bytes. With a Reactor
 * the program calls read() itself once it may; here it never does (H6 of the notes). On Linux readiness is what the kernel offers for
 * sockets, so the operations are carried out by the loop that waits for it; io_uring moves the same line into the kernel.
 */

import { EAGAIN, EINTR, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_NONBLOCK, type Sleeps } from '../scenario/index.js';
import { Channel, READABLE, WRITABLE } from './channel.js';
import type { EventLoop } from './eventLoop.js';
import { callBack, type Handler } from './handler.js';

/** One attempt at an operation. @returns false when the descriptor is not ready, and it is to be tried again */
type Attempt = () => Sleeps<boolean>;

/** Operations on one descriptor, in the order in which they were asked for, one line for each direction. */
class Operations {
  readonly channel: Channel;
  readonly reads: Attempt[] = [];
  readonly writes: Attempt[] = [];

  constructor(proactor: Proactor, fd: number) {
    this.channel = new Channel(fd, () => proactor.advance(this, this.reads), () => proactor.advance(this, this.writes));
  }
}

export class Proactor {
  private readonly loop: EventLoop;
  private readonly operations = new Map<number, Operations>();

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  /**
   * Asks for up to `size` bytes of a non-blocking descriptor.
   * @param done told of the bytes (none at the end of the stream), or of the error: `errno` is 0 otherwise
   */
  *read(fd: number, size: number, done: Handler<[errno: number, bytes: Uint8Array]>): Sleeps<void> {
    const { sys } = this.loop;
    yield* this.ask(fd, 'reads', function* attempt() {
      const { ret, bytes } = yield* sys.read(fd, size);
      if (ret === -EAGAIN || ret === -EINTR) return false;
      yield* callBack(done, ret < 0 ? -ret : 0, bytes);
      return true;
    });
  }

  /** Asks for all of `bytes` to be written. @param done told when the last one is in the kernel's buffer, or of the error. Sleeps never. */
  *write(fd: number, bytes: Uint8Array, done: Handler<[errno: number]>): Sleeps<void> {
    const { sys } = this.loop;
    let left = bytes.slice();
    yield* this.ask(fd, 'writes', function* attempt() {
      while (left.length > 0) {
        const ret = yield* sys.send(fd, left, MSG_NOSIGNAL);
        if (ret === -EAGAIN) return false;
        if (ret < 0 && ret !== -EINTR) {
          yield* callBack(done, -ret);
          return true;
        }
        left = left.subarray(Math.max(0, ret));
      }
      yield* callBack(done, 0);
      return true;
    });
  }

  /** Asks for a connection. @param done told of the new, non-blocking descriptor, or of the error. Sleeps never. */
  *accept(fd: number, done: Handler<[errno: number, fd: number]>): Sleeps<void> {
    const { sys } = this.loop;
    yield* this.ask(fd, 'reads', function* attempt() {
      const ret = yield* sys.accept4(fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (ret === -EAGAIN || ret === -EINTR) return false;
      yield* callBack(done, ret < 0 ? -ret : 0, ret);
      return true;
    });
  }

  /** Drops the operations that are left, untold, and closes. Sleeps never. */
  *close(fd: number): Sleeps<void> {
    const operations = this.operations.get(fd);
    this.operations.delete(fd);
    if (operations !== undefined) {
      operations.reads.length = 0;
      operations.writes.length = 0;
      if (operations.channel.interest !== 0) yield* this.loop.unwatch(operations.channel);
    }
    yield* this.loop.sys.close(fd);
  }

  /** An operation stands in its line; the first in line is tried at the loop's next turn, never inside the call that asked. Sleeps never. */
  private *ask(fd: number, line: 'reads' | 'writes', attempt: Attempt): Sleeps<void> {
    let operations = this.operations.get(fd);
    if (operations === undefined) this.operations.set(fd, operations = new Operations(this, fd));
    const waiting = operations[line];
    waiting.push(attempt);
    if (waiting.length === 1) yield* this.loop.queue(() => this.advance(operations, waiting));
  }

  /** Carries operations out while the descriptor is ready, and waits for it when it is not. Sleeps never. */
  *advance(operations: Operations, line: Attempt[]): Sleeps<void> {
    while (line.length > 0) {
      const [attempt] = line;
      if (!(yield* attempt!())) break;
      if (line[0] === attempt) line.shift();
    }
    // A completion may have closed the descriptor.
    if (this.operations.get(operations.channel.fd) !== operations) return;
    const interest = (operations.reads.length > 0 ? READABLE : 0) | (operations.writes.length > 0 ? WRITABLE : 0);
    if (operations.channel.interest !== interest) yield* this.loop.watch(operations.channel, interest);
  }
}
