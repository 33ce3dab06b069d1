/**
 * Claims M1 to M10: FIN and RST: who sends them, what the other side is told, and when.
 */

import {
  AF_INET, ECONNREFUSED, ECONNRESET, EINPROGRESS, EPIPE, EPOLLERR, EPOLLHUP, EPOLLIN, F_SETFL, O_NONBLOCK, SHUT_RD, SHUT_WR, SIGURG, SO_LINGER, SOCK_NONBLOCK,
  SOCK_STREAM, SOL_SOCKET, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectedPair, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { reported, watching } from './steps.js';
import { clientEnd, counting, errorOf, resetBy, serverEnd, stateOf, twoHosts } from './tcpSteps.js';

/** In which of the sets a select() without waiting finds a descriptor. Sleeps never. */
function* selected(sys: Sys, fd: number): Sleeps<string> {
  const { read, write } = yield* sys.select(fd + 1, { read: [fd], write: [fd] }, 0);
  return [...(read.length > 0 ? ['readable'] : []), ...(write.length > 0 ? ['writable'] : [])].join(' ');
}

const M1: Claim = {
  id: 'M1',
  claim: 'A FIN that is not acknowledged is sent twice more, then RST is sent and the socket released.',
  verdict: 'wrong on Linux',
  says: 'A closed socket sends it nine times more within a minute, each time after about twice the time, and vanishes without an RST; one that is still open goes on for tcp_retries2 and then has the error ETIMEDOUT.',
  network: twoHosts,
  programs: (net) => ({
    server: { *main(sys) { yield* serverEnd(sys); yield* sys.msleep(400_000); } },
    client: {
      *main(sys) {
        const closed = yield* clientEnd(sys);
        yield* sys.msleep(100);
        const heard = net.link('cable').tap();
        net.link('cable').cut('silent');
        sys.must(yield* sys.close(closed));
        yield* sys.msleep(300_000);
        const sent = (flag: string): number => heard.filter(({ from, flags }) => from === 'client' && flags.includes(flag)).length;
        unlikeClaim(sys, sent('FIN'), 10, 'in five minutes the FIN is sent ten times');
        unlikeClaim(sys, sent('RST'), 0, 'and no RST at all');
      },
    },
  }),
};

const M2: Claim = {
  id: 'M2',
  claim: 'close with unread data in the receive buffer sends RST at once and does not wait for an answer.',
  verdict: 'holds',
  says: 'Not even SO_LINGER makes it wait; what was still unsent is lost, and the socket is released at once.',
  network: twoHosts,
  programs: (net) => ({
    server: {
      *main(sys) {
        const fd = yield* serverEnd(sys);
        yield* sys.msleep(100);
        sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 10 }));
        const heard = net.link('cable').tap();
        const before = sys.nowNs;
        sys.must(yield* sys.close(fd));
        asClaimed(sys, sys.nowNs - before, 0, 'close came back at once');
        asClaimed(sys, heard.map(({ flags }) => flags.includes('RST')), [true], 'and has sent one segment, an RST');
      },
    },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        yield* sys.write(fd, 'unread');
        asClaimed(sys, yield* sys.read(fd, 1), -ECONNRESET, 'which is what the peer sees');
      },
    },
  }),
};

const M3: Claim = {
  id: 'M3',
  claim: 'The side that gets RST answers nothing.',
  verdict: 'holds',
  says: 'It ends its socket and stays silent; only an RST whose sequence number is not the expected one is answered, by an ACK that asks the sender to prove itself.',
  network: twoHosts,
  programs: (net) => ({
    server: {
      *main(sys) {
        const fd = yield* serverEnd(sys);
        yield* sys.msleep(100);
        const heard = net.link('cable').tap();
        yield* resetBy(sys, fd);
        yield* sys.msleep(1000);
        asClaimed(sys, heard.map(({ from, flags }) => `${from}: ${flags.join(' ')}`), ['server: RST ACK'], 'one segment goes out, and none comes back');
      },
    },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        sys.expect(yield* sys.read(fd, 1), -ECONNRESET, 'it has arrived');
      },
    },
  }),
};

const M4: Claim = {
  id: 'M4',
  claim: 'Blocking model: the program learns of the RST only from its next read or write.',
  verdict: 'holds with a condition',
  says: 'A read or write that sleeps at that moment is woken with the error; and SO_ERROR or poll tell of it too, SO_ERROR so that the next read only says 0.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const signals = yield* counting(sys, SIGURG);
      yield* resetBy(sys, client);
      yield* sys.msleep(1000);
      sys.expect(signals.count, 0, 'no signal, nothing');
      asClaimed(sys, yield* sys.read(server, 1), -ECONNRESET, 'a second later the read tells it');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* resetBy(sys, peer);
      unlikeClaim(sys, yield* errorOf(sys, other), ECONNRESET, 'SO_ERROR tells it before any read');
      unlikeClaim(sys, yield* sys.read(other, 1), 0, 'and the read after that does not');
    },
  }),
};

const M5: Claim = {
  id: 'M5',
  claim: 'Non-blocking model: select and epoll report the descriptor readable, and read returns the error.',
  verdict: 'holds with a condition',
  says: 'epoll adds EPOLLERR and EPOLLHUP; read returns the error only when no data is left, and never when the peer\'s FIN had come before.',
  programs: () => ({
    *main(sys) {
      for (const unread of ['', 'abc']) {
        const [server, client] = yield* connectedPair(sys, 7000);
        sys.must(yield* sys.fcntl(server, F_SETFL, O_NONBLOCK));
        const ep = yield* watching(sys, server, EPOLLIN);
        yield* sys.write(client, unread);
        yield* resetBy(sys, client);
        asClaimed(sys, yield* selected(sys, server), 'readable writable', 'select');
        asClaimed(sys, yield* reported(sys, ep), EPOLLIN | EPOLLERR | EPOLLHUP, 'epoll');
        if (unread !== '') unlikeClaim(sys, yield* sys.read(server, 100), unread, 'what came before is read first');
        asClaimed(sys, yield* sys.read(server, 100), -ECONNRESET, 'the error');
        sys.must(yield* sys.close(server));
      }
    },
  }),
};

const M6: Claim = {
  id: 'M6',
  claim: 'After RST the first read fails with ECONNRESET; a write after that fails with EPIPE and raises SIGPIPE.',
  verdict: 'holds with a condition',
  says: 'Whichever call comes first is told ECONNRESET: a write that comes before any read gets it, without a signal; and data that is there is read before the error.',
  programs: () => ({
    *main(sys) {
      const pipes = yield* counting(sys);
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* resetBy(sys, client);
      asClaimed(sys, (yield* sys.read(server, 1)).ret, -ECONNRESET, 'the first read');
      asClaimed(sys, [yield* sys.write(server, 'x'), pipes.count], [-EPIPE, 1], 'the write after it');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* resetBy(sys, peer);
      unlikeClaim(sys, [yield* sys.write(other, 'x'), pipes.count], [-ECONNRESET, 1], 'a write that comes first has the error, and no signal');
      unlikeClaim(sys, yield* sys.read(other, 1), 0, 'then a read answers 0');
    },
  }),
};

const M7: Claim = {
  id: 'M7',
  claim: 'After FIN, read returns 0.',
  verdict: 'holds',
  says: 'After all data that was sent before it, and at every later read; even an RST that follows does not change that.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'abc');
      yield* sys.close(client);
      yield* sys.msleep(1);
      sys.expect(yield* sys.read(server, 100), 'abc', 'the data');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'the end');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'again');
    },
  }),
};

const M8: Claim = {
  id: 'M8',
  claim: 'Writing to a peer in FIN_WAIT_2 is allowed; if the peer\'s socket is gone, its kernel drops the data and answers RST.',
  verdict: 'holds',
  says: 'From this side both look alike, a FIN that came: only the answer to the write tells whether the peer has shut one direction or closed.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const pipes = yield* counting(sys);
      yield* sys.shutdown(client, SHUT_WR);
      yield* sys.msleep(100);
      sys.expect(yield* stateOf(sys, client), 'FIN_WAIT2', 'the peer sends no more');
      asClaimed(sys, yield* sys.write(server, 'news'), 4, 'this side may write');
      yield* sys.msleep(1);
      asClaimed(sys, yield* sys.read(client, 100), 'news', 'and the peer reads it');
      yield* sys.close(client);
      asClaimed(sys, yield* sys.write(server, 'lost'), 4, 'now its socket is closed; the write succeeds as before');
      yield* sys.msleep(1);
      asClaimed(sys, [yield* stateOf(sys, server), yield* sys.write(server, 'x'), pipes.count], ['CLOSE', -EPIPE, 1], 'but RST came back');
    },
  }),
};

const M9: Claim = {
  id: 'M9',
  claim: 'select says readable and read returns 0: the peer closed in an orderly way, and that is the only case.',
  verdict: 'wrong on Linux',
  says: 'The same is seen after this side\'s own SHUT_RD, at the second read after a reset or a refused connect, when SO_ERROR has taken the error, and when an RST follows a FIN.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.shutdown(server, SHUT_RD);
      unlikeClaim(sys, [yield* selected(sys, server), (yield* sys.read(server, 1)).ret], ['readable writable', 0], 'this side shut its reading, the peer did nothing');
      const [second, peer] = yield* connectedPair(sys, 7001);
      yield* resetBy(sys, peer);
      sys.expect(yield* sys.read(second, 1), -ECONNRESET, 'a reset is told of once');
      unlikeClaim(sys, [yield* selected(sys, second), (yield* sys.read(second, 1)).ret], ['readable writable', 0], 'after that it looks like an orderly end');
      sys.must(yield* sys.close(client));
    },
  }),
};

const M10: Claim = {
  id: 'M10',
  claim: 'Non-blocking connect: wait with select, then look whether it is readable and writable, and rule out an error (SO_ERROR).',
  verdict: 'holds',
  says: 'SO_ERROR is what decides: a failed connect is readable and writable, and so is a good one whose peer has already sent something.',
  programs: () => ({
    *main(sys) {
      const connecting = function* (port: number): Sleeps<number> {
        const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
        sys.expect(yield* sys.connect(fd, { port }), -EINPROGRESS, 'it has begun');
        yield* sys.msleep(10);
        return fd;
      };
      const listener = yield* listenOn(sys, 7000);
      const good = yield* connecting(7000);
      asClaimed(sys, [yield* selected(sys, good), yield* errorOf(sys, good)], ['writable', 0], 'connected: writable, no error');
      const refused = yield* connecting(7001);
      asClaimed(sys, [yield* selected(sys, refused), yield* errorOf(sys, refused)], ['readable writable', ECONNREFUSED], 'refused: both, and an error');
      sys.must(yield* sys.write(sys.must(yield* sys.accept(listener)), 'welcome'));
      yield* sys.msleep(1);
      asClaimed(sys, [yield* selected(sys, good), yield* errorOf(sys, good)], ['readable writable', 0], 'connected, with data: both, and no error');
    },
  }),
};

export const claimsM: readonly Claim[] = [M1, M2, M3, M4, M5, M6, M7, M8, M9, M10];
