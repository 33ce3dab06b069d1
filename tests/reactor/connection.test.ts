/** Connections of the reactor: acceptor, connector, buffers, back pressure and the ways in which a connection ends. */

import {
  AF_INET, ECONNRESET, EINTR, EMFILE, SHUT_WR, SO_LINGER, SO_RCVBUF, SOCK_STREAM, SOL_SOCKET, type Machine, type Program, type Sleeps, type Sys,
} from '../../src/scenario/index.js';
import { Acceptor, Connector, pollerNamed, TcpConnection, TcpServer, type ConnectionHandlers, type ServerOptions } from '../../src/reactor/index.js';
import { sock_net } from '../../src/socket/net.js';
import { loopProgram, POLLERS, runAll } from './run.js';

/** A client's socket. Sleeps until it is connected. @param rcvbuf SO_RCVBUF in bytes; 0: as it is */
function* dial(sys: Sys, rcvbuf = 0): Sleeps<number> {
  yield* sys.msleep(1);
  const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  if (rcvbuf > 0) sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf));
  sys.must(yield* sys.connect(fd, { port: 7000 }));
  return fd;
}

/** Reads to the end. Sleeps until it comes. */
function* readAll(sys: Sys, fd: number): Sleeps<string> {
  let text = '';
  for (;;) {
    const answer = yield* sys.read(fd, 4096);
    if (answer.ret === -EINTR) continue;
    if (answer.ret <= 0) return text;
    text += answer.text;
  }
}

/** A server that stops when its first connection is closed, and a client. */
function serve(poller: string, handlers: (server: () => TcpServer) => ConnectionHandlers, client: Program, options: Partial<ServerOptions> = {}): Machine {
  return runAll({
    *server(sys) {
      const given = handlers(() => server);
      const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, poller), { port: 7000, ...options }, {
        ...given,
        *onClose(connection, errno) {
          const told = given.onClose?.(connection, errno);
          if (told !== undefined) yield* told;
          yield* server.stop();
        },
      });
      yield* server.run();
    },
    client,
  });
}

describe.each(POLLERS)('%s', (poller) => {
  test('the passive side sends what is left after the peer has ended, and ends too (L15)', () => {
    const big = 'x'.repeat(200_000);
    serve(poller, () => ({
      *onMessage(connection) {
        connection.input.take();
        yield* connection.send(big);
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.write(fd, 'go');
      yield* sys.shutdown(fd, SHUT_WR);
      yield* sys.msleep(10);
      sys.expect((yield* readAll(sys, fd)).length, big.length, 'all of it comes, then the end');
    }, { sndbuf: 8192 });
  });

  test('the active side sends all, ends, and reads until the peer has ended (L14)', () => {
    let input = '';
    serve(poller, () => ({
      *onMessage(connection) {
        input = connection.input.peek().length === 2 ? 'go' : 'more';
        if (input === 'go') {
          yield* connection.send('y'.repeat(100_000));
          yield* connection.shutdown();
        }
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.write(fd, 'go');
      yield* sys.msleep(10);
      sys.expect((yield* readAll(sys, fd)).length, 100_000);
      sys.expect(yield* sys.write(fd, 'after your end'), 14, 'the other direction is still open');
      yield* sys.close(fd);
    }, { sndbuf: 8192 });
    expect(input).toBe('more');
  });

  test('with a handler for it, the end of the peer leaves the other direction open until the program ends it', () => {
    serve(poller, () => ({
      *onPeerEnd(connection) {
        yield* connection.send('I heard');
        connection.loop.runAfter(20, function* () {
          yield* connection.send(', and go on');
          yield* connection.shutdown();
        });
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.shutdown(fd, SHUT_WR);
      sys.expect(yield* readAll(sys, fd), 'I heard, and go on');
    });
  });

  test('an end that the peer never answers is cut after the time limit (L16)', () => {
    let closedAt = 0;
    const m = serve(poller, () => ({
      *onMessage(connection) {
        connection.input.take();
        yield* connection.shutdown();
      },
      onClose(connection) {
        closedAt = connection.loop.sys.nowNs / 1e6;
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.write(fd, 'x');
      yield* sys.msleep(500);
    }, { endWithinMs: 50 });
    expect(closedAt).toBeGreaterThanOrEqual(50);
    expect(closedAt).toBeLessThan(60);
    expect(m.nowNs).toBeGreaterThan(400e6);
  });

  test('a reset is told with its errno', () => {
    let errno = -1;
    serve(poller, () => ({
      onClose(_connection, why) {
        errno = why;
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.msleep(5);
      yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
      yield* sys.close(fd);
    });
    expect(errno).toBe(ECONNRESET);
  });

  test('bytes that came while the program had paused reading are read when it resumes (M-03)', () => {
    let got = '';
    serve(poller, () => ({
      *onMessage(connection) {
        got += new TextDecoder().decode(connection.input.take());
        if (got !== 'one') return;
        yield* connection.pause();
        connection.loop.runAfter(30, () => connection.resume());
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.write(fd, 'one');
      yield* sys.msleep(10);
      yield* sys.write(fd, 'two');
      yield* sys.msleep(50);
      yield* sys.close(fd);
    });
    expect(got).toBe('onetwo');
  });

  test('over the high-water mark the program is told once, and again only after the buffer was below', () => {
    const told: string[] = [];
    serve(poller, () => ({
      *onMessage(connection) {
        connection.input.take();
        for (let i = 0; i < 30; i++) yield* connection.send(new Uint8Array(1000));
      },
      onHighWaterMark(connection) {
        told.push(connection.output.length >= 5000 ? 'high' : 'not high');
      },
      *onWriteComplete(connection) {
        told.push('empty');
        yield* connection.shutdown();
      },
    }), function* client(sys) {
      const fd = yield* dial(sys, 4096);
      yield* sys.write(fd, 'x');
      yield* sys.msleep(10);
      sys.expect((yield* readAll(sys, fd)).length, 30_000);
      yield* sys.close(fd);
    }, { sndbuf: 4608, highWaterMark: 5000 });
    expect(told).toEqual(['high', 'empty']);
  });

  test('another thread may send and end; the loop does it', () => {
    serve(poller, () => ({
      *onMessage(connection) {
        connection.input.take();
        const { sys } = connection.loop;
        sys.must(yield* sys.thread(function* other(sys) {
          yield* sys.msleep(5);
          yield* connection.send('from a thread');
          yield* connection.shutdown();
        }));
      },
    }), function* client(sys) {
      const fd = yield* dial(sys);
      yield* sys.write(fd, 'x');
      sys.expect(yield* readAll(sys, fd), 'from a thread');
      yield* sys.close(fd);
    });
  });

  test('a fast sender does not keep the others from their turn', () => {
    const order: string[] = [];
    runAll({
      *server(sys) {
        let open = 2;
        const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, poller), { port: 7000 }, {
          onMessage(connection) {
            const text = new TextDecoder().decode(connection.input.take(1));
            connection.input.drop(connection.input.length);
            if (order.at(-1) !== text) order.push(text);
          },
          *onClose() {
            if (--open === 0) yield* server.stop();
          },
        });
        yield* server.run();
      },
      *clients(sys) {
        const fast = yield* dial(sys);
        const slow = yield* dial(sys);
        yield* sys.write(fast, 'f'.repeat(200_000));
        yield* sys.write(slow, 's');
        yield* sys.close(fast);
        yield* sys.close(slow);
      },
    });
    expect(order.slice(0, 3)).toEqual(['f', 's', 'f']);
  });

  test('a connector tries again with pauses that double, until somebody listens', () => {
    const attempts: number[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const connector = new Connector(loop, { port: 7000, firstPauseMs: 100, longestPauseMs: 300 }, function* (fd) {
          attempts.push(connector.attempts, Math.floor(sys.nowNs / 1e6));
          yield* sys.close(fd);
          yield* loop.quit();
        });
        yield* connector.start();
      }),
      *late(sys) {
        yield* sys.msleep(650);
        const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
        sys.must(yield* sys.bind(fd, { port: 7000 }));
        sys.must(yield* sys.listen(fd, 1));
        yield* sys.msleep(1000);
      },
    });
    // at 0, 100, 300, 600 and 900 ms
    expect(attempts).toEqual([5, 900]);
  });

  test('a socket that has connected to itself is no connection', () => {
    let attempts = 0;
    runAll({
      main: loopProgram(poller, function* (loop) {
        const connector = new Connector(loop, { port: 40_000, firstPauseMs: 10 }, () => {
          throw new Error('connected to itself');
        });
        yield* connector.start();
        loop.runAfter(100, function* () {
          ({ attempts } = connector);
          yield* connector.stop();
          yield* loop.quit();
        });
      }),
    }, {}, (m) => {
      sock_net(m.kernel).sysctl.ip_local_port_range = [40_000, 40_000];
    });
    expect(attempts).toBeGreaterThan(2);
  });

  test('an error that no attempt can mend is told', () => {
    let why = 0;
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        yield* sys.setNofileLimit(3);
        const connector = new Connector(loop, { port: 7000 }, () => {}, function* (errno) {
          why = errno;
          yield* loop.quit();
        });
        yield* connector.start();
      }),
    });
    expect(why).toBe(EMFILE);
  });

  test('out of descriptors a server refuses one connection at a time and does not spin (M-21)', () => {
    let refused = 0;
    let waits = 0;
    runAll({
      *server(sys) {
        yield* sys.setNofileLimit(9);
        const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, poller), { port: 7000 }, {});
        yield* server.loop.queue(() => void server.loop.runAfter(200, function* () {
          refused = server.acceptors[0]!.refused;
          ({ waits } = server.loop);
          yield* server.stop();
        }));
        yield* server.run();
      },
      *clients(sys) {
        const fds: number[] = [];
        for (let i = 0; i < 6; i++) fds.push(yield* dial(sys));
        yield* sys.msleep(20);
        let ended = 0;
        for (const fd of fds) if ((yield* sys.recv(fd, 10, 0x40)).ret !== -11) ended++;
        sys.expect(ended, (n: unknown) => Number(n) >= 2 && Number(n) <= 5, 'those for whom there was no descriptor were told');
      },
    });
    expect(refused).toBeGreaterThanOrEqual(2);
    expect(waits).toBeLessThan(20);
  });

  test('a listener that has not even its reserve rests, and goes on when there are descriptors', () => {
    let accepted = 0;
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const acceptor = new Acceptor(loop, { port: 7000 }, function* (fd) {
          accepted++;
          yield* sys.close(fd);
          yield* acceptor.close();
          yield* loop.quit();
        });
        yield* acceptor.listen();
        // Everything is taken, the reserve by the acceptor itself; then another thread takes even the number it gives back.
        const taken: number[] = [];
        yield* sys.setNofileLimit(12);
        for (let fd = yield* sys.eventfd(0); fd >= 0; fd = yield* sys.eventfd(0)) taken.push(fd);
        yield* sys.setNofileLimit(taken[0]! - 1);
        loop.runAfter(35, function* () {
          sys.expect(loop.waits, (n: unknown) => Number(n) < 15, 'the loop does not spin meanwhile');
          yield* sys.setNofileLimit(20);
          for (const fd of taken) yield* sys.close(fd);
        });
      }),
      *client(sys) {
        yield* dial(sys);
        yield* sys.msleep(100);
      },
    });
    expect(accepted).toBe(1);
  });

  test.each(['hand-over', 'reuse-port'] as const)('a server with threads stops with everything closed: %s', (sharing) => {
    for (let seed = 1; seed <= 20; seed++) {
      const m = runAll({
        *server(sys) {
          const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, poller), { port: 7000, threads: 2, sharing }, {});
          sys.must(yield* sys.thread(function* stopper(sys) {
            yield* sys.msleep(50);
            yield* server.stop();
          }));
          yield* server.run();
          sys.expect(server.connections.size, 0);
          sys.expect(yield* sys.dup(0), 3, 'no descriptor is left open');
        },
        *clients(sys) {
          for (let i = 0; i < 4; i++) yield* dial(sys);
          yield* sys.msleep(100);
        },
      }, { seed, log: 1000 });
      expect(m.failures).toEqual([]);
    }
  });
});

test('a connection that is closed by force before its loop knew it is simply closed', () => {
  runAll({
    main: loopProgram('epoll-lt', function* (loop, sys) {
      const [a] = yield* sys.socketpair(1, SOCK_STREAM);
      let closed = 0;
      const connection = new TcpConnection(loop, a, null, { onClose: () => void closed++ });
      yield* connection.forceClose();
      yield* connection.establish();
      sys.expect([closed, connection.isOpen], [1, false]);
      yield* loop.quit();
    }),
  });
});
