/**
 * The echo server once more, written with the Reactor: the program has handlers, the loop has the calls. The same handlers run on select, poll
 * and epoll, level- and edge-triggered, on one loop or on a loop a thread.
 */

import type { Scenario } from '../scenario/index.js';
import { pollerNamed, POLLERS, TcpServer } from '../reactor/index.js';
import { connectTo } from './tcp.js';

/** Threads beside the first one, and how connections reach them. */
const LOOPS: Readonly<Record<string, { threads: number; sharing?: 'hand-over' | 'reuse-port' }>> = {
  'one': { threads: 0 }, 'hand-over': { threads: 2, sharing: 'hand-over' }, 'reuse-port': { threads: 1, sharing: 'reuse-port' },
};

export const reactorEcho: Scenario = {
  name: 'reactor-echo',
  title: 'An echo server on a Reactor: the same handlers on select, poll and epoll.',
  about: 'A Reactor turns waiting inside out: the program registers handlers, and the loop calls them when a read or a write would not block. Here the handler of '
    + 'a message sends back what came. Which call waits is a matter of the poller alone: select and poll carry all descriptors to the kernel at each wait, '
    + 'epoll keeps them there. Look at how many system calls a message takes on each, and at the two ways to share connections between threads: one '
    + 'acceptor that hands them over through an eventfd, or a listening socket for each loop.',
  options: { poller: POLLERS, loops: ['one', 'hand-over', 'reuse-port'] },
  programs: (options) => {
    const clients = 3;
    let left = clients;
    return {
      *server(sys) {
        const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, options['poller']!), { port: 7000, ...LOOPS[options['loops']!]! }, {
          *onMessage(connection) {
            yield* connection.send(connection.input.take());
          },
          *onClose(_connection, errno) {
            sys.expect(errno, 0, 'every connection ends in an orderly way');
            if (--left === 0) yield* server.stop();
          },
        });
        yield* server.run();
      },
      *client(sys) {
        yield* sys.msleep(5);
        for (let i = 0; i < clients; i++) {
          const fd = yield* connectTo(sys, 7000);
          for (const word of ['one', 'twenty-two']) {
            sys.expect(yield* sys.write(fd, word), word.length, 'the word is sent');
            let back = '';
            while (back.length < word.length) back += sys.must(yield* sys.read(fd, 64)).text;
            sys.expect(back, word, 'and comes back');
          }
          yield* sys.close(fd);
        }
      },
    };
  },
};
