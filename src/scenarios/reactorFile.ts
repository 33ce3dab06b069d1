/**
 * A file sender on a Reactor: the next piece is produced when the last one has left the output buffer, so a large file needs the memory of one
 * piece. At its end the connection ends in the orderly way: send all, end, wait for the peer's end.
 */

import type { Scenario } from '../scenario/index.js';
import { pollerNamed, POLLERS, TcpServer, type TcpConnection } from '../reactor/index.js';
import { connectTo } from './tcp.js';

const PIECE = 4096;
const PIECES = 12;

/** The content of the file at a place. */
const byteAt = (at: number): number => (at * 7 + (at >> 8)) & 255;

export const reactorFile: Scenario = {
  name: 'reactor-file',
  title: 'A file sender on a Reactor: piece by piece, as fast as the reader reads.',
  about: 'The server sends a file to whoever connects. It does not read the whole file into its output buffer: it sends one piece, and the next one when the handler '
    + 'of "write complete" says that the buffer is empty again. So the reader sets the pace: while it sleeps, its receive window and then the send '
    + 'buffer fill, write() answers EAGAIN, and the loop waits for EPOLLOUT. After the last piece the server shuts its direction down and '
    + 'keeps the descriptor until the reader has ended too; closing at once would be right only if nothing could be left to read.',
  options: { poller: POLLERS },
  programs: (options) => ({
    *server(sys) {
      const next = function* (connection: TcpConnection) {
        let piece = (connection.context ?? 0) as number;
        // A piece may leave at once; the next one follows as long as the socket takes them.
        while (piece < PIECES && connection.output.length === 0) {
          const start = piece * PIECE;
          connection.context = ++piece;
          yield* connection.send(Uint8Array.from({ length: PIECE }, (_, i) => byteAt(start + i)));
        }
        if (piece === PIECES) yield* connection.shutdown();
      };
      let most = 0;
      const server: TcpServer = new TcpServer(sys, (face) => pollerNamed(face, options['poller']!), { port: 7000 }, {
        *onMessage(connection) {
          connection.input.drop(connection.input.length);
          yield* next(connection);
        },
        *onWriteComplete(connection) {
          yield* next(connection);
        },
        *onClose(connection, errno) {
          most = Math.max(most, connection.output.length);
          sys.expect(errno, 0, 'the connection ends in an orderly way');
          yield* server.stop();
        },
      });
      yield* server.run();
      sys.expect(most, 0, 'all is sent');
    },
    *reader(sys) {
      yield* sys.msleep(5);
      const fd = yield* connectTo(sys, 7000, 4096);
      yield* sys.write(fd, 'the file, please');
      let at = 0;
      let wrong = 0;
      for (;;) {
        const { ret, bytes } = yield* sys.read(fd, 3000);
        if (ret <= 0) break;
        for (const byte of bytes) if (byte !== byteAt(at++)) wrong++;
        yield* sys.msleep(1);
      }
      sys.expect([at, wrong], [PIECE * PIECES, 0], 'the whole file, byte for byte');
      yield* sys.close(fd);
    },
  }),
};
