/**
 * A TCP server on one loop or on a loop a thread. With threads, connections are spread in one of two ways: one acceptor hands them over to the
 * other loops in turn (muduo, memcached), or each loop has a listening socket of its own on the same port (SO_REUSEPORT, nginx).
 */

import type { AddressResult, Sleeps, Sys } from '../scenario/index.js';
import { Acceptor, type ListenOptions } from './acceptor.js';
import { EventLoop } from './eventLoop.js';
import { callBack } from './handler.js';
import type { Poller } from './poller.js';
import { type ConnectionHandlers, type ConnectionOptions, TcpConnection } from './tcpConnection.js';

/** How a server listens and works. */
export interface ServerOptions extends ListenOptions, ConnectionOptions {
  /** threads beside the one that runs the server; default 0: one loop does everything */
  readonly threads?: number;
  /** how connections reach the loops of the threads; default `hand-over` */
  readonly sharing?: 'hand-over' | 'reuse-port';
}

export class TcpServer {
  readonly loop: EventLoop;
  /** connections that are open now */
  readonly connections = new Set<TcpConnection>();
  /** every acceptor of the server: one, or one a loop */
  readonly acceptors: Acceptor[] = [];
  private readonly sys: Sys;
  private readonly makePoller: (sys: Sys) => Poller;
  private readonly options: ServerOptions;
  private readonly handlers: ConnectionHandlers;
  private readonly workers: EventLoop[] = [];
  /** threads whose loops have not ended */
  private working = 0;
  private nextWorker = 0;

  /** @param makePoller one poller for each loop: `(sys) => new EpollPoller(sys, 'ET')` */
  constructor(sys: Sys, makePoller: (sys: Sys) => Poller, options: ServerOptions, handlers: ConnectionHandlers) {
    this.sys = sys;
    this.makePoller = makePoller;
    this.options = options;
    this.handlers = handlers;
    this.loop = new EventLoop(sys, makePoller(sys));
  }

  /** Runs the server until stop(); then everything it opened is closed. Sleeps while nothing happens. */
  *run(): Sleeps<void> {
    const { loop, options } = this;
    const spread = options.sharing === 'reuse-port';
    yield* loop.open();
    for (let i = 0; i < (options.threads ?? 0); i++) yield* this.startWorker(spread);
    yield* this.listenOn(loop, spread);
    yield* loop.run();
    // Nobody hands over any more, so the other loops may end; this one turns until it has heard of each.
    for (const worker of this.workers) yield* worker.quit();
    while (this.working > 0) yield* loop.turn();
    yield* this.finish(loop);
  }

  /** A thread with a loop of its own. Sleeps never. */
  private *startWorker(listens: boolean): Sleeps<void> {
    const { sys } = this;
    const worker = new EventLoop(sys, this.makePoller(sys));
    this.workers.push(worker);
    this.working++;
    sys.must(yield* sys.thread(() => this.work(worker, listens)));
  }

  /** The body of a thread. Sleeps while nothing happens. */
  private *work(worker: EventLoop, listens: boolean): Sleeps<void> {
    yield* worker.open();
    if (listens) yield* this.listenOn(worker, true);
    yield* worker.run();
    yield* this.finish(worker);
    yield* this.loop.queue(() => {
      this.working--;
    });
  }

  /** Closes what belongs to a loop, in its thread. Sleeps never. */
  private *finish(loop: EventLoop): Sleeps<void> {
    for (const acceptor of this.acceptors) if (acceptor.loop === loop) yield* acceptor.close();
    for (const connection of this.connections) if (connection.loop === loop) yield* connection.forceClose();
    yield* loop.close();
  }

  /** Sleeps never. */
  private *listenOn(loop: EventLoop, reusePort: boolean): Sleeps<void> {
    const acceptor = new Acceptor(loop, { ...this.options, reusePort }, (fd, peer) => this.connected(reusePort ? loop : this.loopInTurn(), fd, peer));
    this.acceptors.push(acceptor);
    yield* acceptor.listen();
  }

  /** The loop of the next connection that is handed over. */
  private loopInTurn(): EventLoop {
    if (this.workers.length === 0) return this.loop;
    return this.workers[this.nextWorker++ % this.workers.length]!;
  }

  /** A new connection goes to its loop. Sleeps never. */
  private *connected(loop: EventLoop, fd: number, peer: AddressResult | null): Sleeps<void> {
    const { connections, handlers } = this;
    const connection = new TcpConnection(loop, fd, peer, {
      ...handlers,
      *onClose(closed, errno) {
        connections.delete(closed);
        yield* callBack(handlers.onClose ?? null, closed, errno);
      },
    }, this.options);
    connections.add(connection);
    yield* loop.runInLoop(() => connection.establish());
  }

  /** Ends the server: no more connections, and those that are open are closed by force. May be called by any thread. Sleeps never. */
  *stop(): Sleeps<void> {
    const [own] = this.acceptors.filter(({ loop }) => loop === this.loop);
    yield* this.loop.runInLoop(() => own?.close());
    yield* this.loop.quit();
  }
}
