/**
 * A chat room on a Reactor: what one says, all others hear. A member who does not read fills its output buffer up to the high-water
 * mark and is put out, so that one slow member costs the others nothing.
 */

import type { Scenario } from '../scenario/index.js';
import { pollerNamed, POLLERS, TcpServer, type TcpConnection } from '../reactor/index.js';
import { connectTo } from './tcp.js';

const LINE = 500;
const HIGH_WATER = 8000;

export const reactorChat: Scenario = {
  name: 'reactor-chat',
  title: 'A chat room on a Reactor: one slow member must not slow the others.',
  about: 'Everything that a member of the room sends goes to all others. One member never reads. The kernel takes what its buffers hold; the rest stays in the output buffer of the '
    + 'connection, in the memory of the server. A server that waited for this member would serve nobody else, and one that did not look would grow '
    + 'without end. So the buffer has a high-water mark: when it is reached the member is put out, and the others, who read, have missed no byte. '
    + 'The loop never blocks: what cannot be written now waits for the descriptor to become writable.',
  options: { poller: POLLERS },
  programs: (options) => {
    const lines = 60;
    return {
      *server(sys) {
        const members = new Set<TcpConnection>();
        let putOut = 0;
        const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, options['poller']!), { port: 7000, sndbuf: 4608, highWaterMark: HIGH_WATER }, {
          *onMessage(speaker) {
            members.add(speaker);
            const said = speaker.input.take();
            for (const member of server.connections) if (member !== speaker) yield* member.send(said);
          },
          *onHighWaterMark(slow) {
            putOut++;
            yield* slow.forceClose();
          },
          *onClose(gone) {
            members.delete(gone);
            if (server.connections.size === 0) yield* server.stop();
          },
        });
        yield* server.run();
        sys.expect(putOut, 1, 'the member who never reads is put out');
      },
      *slow(sys) {
        yield* sys.msleep(2);
        // A small receive buffer: the server has to keep what this member does not read.
        const fd = yield* connectTo(sys, 7000, 4096);
        yield* sys.msleep(2000);
        yield* sys.close(fd);
      },
      *listener(sys) {
        yield* sys.msleep(2);
        const fd = yield* connectTo(sys, 7000);
        let heard = 0;
        while (heard < lines * LINE) {
          const { ret } = yield* sys.read(fd, 4096);
          if (ret <= 0) break;
          heard += ret;
        }
        sys.expect(heard, lines * LINE, 'who reads hears every byte');
        yield* sys.close(fd);
      },
      *speaker(sys) {
        yield* sys.msleep(5);
        const fd = yield* connectTo(sys, 7000);
        for (let i = 0; i < lines; i++) {
          sys.expect(yield* sys.write(fd, new Uint8Array(LINE).fill(97 + (i % 26))), LINE, 'a line is said');
          yield* sys.msleep(1);
        }
        yield* sys.msleep(100);
        yield* sys.close(fd);
      },
    };
  },
};
