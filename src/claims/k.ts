/**
 * Claims K1 to K7: the segments of a connection, its two buffers, and when it is readable because of data or of the peer's FIN.
 */

import {
  EAGAIN, EPOLLIN, FIONREAD, type Link, MSG_DONTWAIT, MSG_PEEK, POLLIN, SHUT_WR, SO_RCVLOWAT, SOL_SOCKET, type Sleeps, type Sys, TIOCOUTQ,
} from '../scenario/index.js';
import { connectedPair, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { reported, watching } from './steps.js';
import { clientEnd, maskOf, serverEnd, twoHosts } from './tcpSteps.js';

/** The flags of the segments that a link carries, as a list that grows: `SYN`, `SYN ACK`, `FIN ACK`. */
function segmentsOf(link: Link): () => string[] {
  const heard = link.tap();
  let told = 0;
  return () => {
    const flags = heard.slice(told).map((packet) => packet.flags.join(' '));
    told = heard.length;
    return flags;
  };
}

/** Bytes that were sent and are not acknowledged. Sleeps never. */
function* unacknowledged(sys: Sys, fd: number): Sleeps<number> {
  return (yield* sys.ioctlGet(fd, TIOCOUTQ)).value;
}

/** Bytes that can be read. Sleeps never. */
function* unread(sys: Sys, fd: number): Sleeps<number> {
  return (yield* sys.ioctlGet(fd, FIONREAD)).value;
}

const K1: Claim = {
  id: 'K1',
  claim: 'A connection opens with three segments (SYN, SYN+ACK, ACK) and closes with four (FIN, ACK, FIN, ACK).',
  verdict: 'holds with a condition',
  says: 'Four it is when the passive side waits before it closes; when it closes at once its FIN carries the acknowledgement, and there are three.',
  network: twoHosts,
  programs: (net) => ({
    server: {
      *main(sys) {
        const listener = yield* listenOn(sys, 7000, 0, '0.0.0.0');
        for (const pause of [1000, 0]) {
          const fd = sys.must(yield* sys.accept(listener));
          yield* sys.read(fd, 100);
          yield* sys.msleep(pause);
          yield* sys.close(fd);
        }
      },
    },
    client: {
      *main(sys) {
        const segments = segmentsOf(net.link('cable'));
        const fd = yield* clientEnd(sys);
        yield* sys.msleep(100);
        asClaimed(sys, segments(), ['SYN', 'SYN ACK', 'ACK'], 'three to open');
        yield* sys.close(fd);
        yield* sys.msleep(2000);
        asClaimed(sys, segments(), ['FIN ACK', 'ACK', 'FIN ACK', 'ACK'], 'four to close, when the server takes a second');
        const second = yield* clientEnd(sys);
        yield* sys.msleep(100);
        segments();
        yield* sys.close(second);
        yield* sys.msleep(2000);
        unlikeClaim(sys, segments(), ['FIN ACK', 'FIN ACK', 'ACK'], 'three, when it closes at once');
      },
    },
  }),
};

const K2: Claim = {
  id: 'K2',
  claim: 'The send buffer grows by what a successful send() returns.',
  verdict: 'holds',
  says: 'In bytes of the stream it does; the memory that SO_SNDBUF limits grows by more, because every segment has some of its own for its administration.',
  network: twoHosts,
  programs: () => ({
    server: { *main(sys) { yield* sys.read(yield* serverEnd(sys), 100); } },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        asClaimed(sys, [yield* sys.write(fd, 'hello'), yield* unacknowledged(sys, fd)], [5, 5], 'five bytes wait to be acknowledged');
        asClaimed(sys, [yield* sys.write(fd, 'you'), yield* unacknowledged(sys, fd)], [3, 8], 'and three more');
      },
    },
  }),
};

const K3: Claim = {
  id: 'K3',
  claim: 'The send buffer shrinks when the peer\'s kernel acknowledges.',
  verdict: 'holds',
  says: 'The acknowledgement says that the bytes are in the peer\'s receive buffer, not that its program has read them.',
  network: twoHosts,
  programs: () => ({
    server: {
      *main(sys) {
        const fd = yield* serverEnd(sys);
        yield* sys.msleep(500);
        sys.expect(yield* sys.read(fd, 100), 'hello', 'the program reads half a second later');
      },
    },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        yield* sys.write(fd, 'hello');
        asClaimed(sys, yield* unacknowledged(sys, fd), 5, 'sent, and on its way');
        yield* sys.msleep(100);
        asClaimed(sys, yield* unacknowledged(sys, fd), 0, 'acknowledged, and nobody has read it');
      },
    },
  }),
};

const K4: Claim = {
  id: 'K4',
  claim: 'The receive buffer grows when data arrives, which is acknowledged.',
  verdict: 'holds',
  says: 'The acknowledgement may come up to 40 ms later than the data, and data behind a gap is kept without being readable.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      for (const [text, total] of [['hello', 5], ['you', 8]] as const) {
        yield* sys.write(client, text);
        yield* sys.msleep(50);
        asClaimed(sys, [yield* unread(sys, server), yield* unacknowledged(sys, client)], [total, 0], `${total} bytes to read, none of them unacknowledged`);
      }
    },
  }),
};

const K5: Claim = {
  id: 'K5',
  claim: 'The receive buffer shrinks by what recv() returns.',
  verdict: 'holds with a condition',
  says: 'Not with MSG_PEEK, which returns bytes and leaves them where they are.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'hello');
      yield* sys.msleep(1);
      asClaimed(sys, [(yield* sys.recv(server, 3)).ret, yield* unread(sys, server)], [3, 2], 'three of five are taken');
      unlikeClaim(sys, [(yield* sys.recv(server, 100, MSG_PEEK)).ret, yield* unread(sys, server)], [2, 2], 'a look takes nothing');
    },
  }),
};

const K6: Claim = {
  id: 'K6',
  claim: 'Readable: the receive buffer holds at least SO_RCVLOWAT bytes; the default is 1.',
  verdict: 'holds',
  says: 'It is readable with fewer bytes only when seven eighths of the buffer\'s memory are taken or its window is nearly closed; and a read takes what is there, ready or not.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      asClaimed(sys, (yield* sys.getsockopt(server, SOL_SOCKET, SO_RCVLOWAT)).value, 1, 'the default');
      sys.must(yield* sys.setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, 20));
      const ep = yield* watching(sys, server, EPOLLIN);
      yield* sys.write(client, new Uint8Array(19));
      yield* sys.msleep(1);
      asClaimed(sys, yield* reported(sys, ep), 0, 'nineteen bytes are too few');
      yield* sys.write(client, new Uint8Array(1));
      yield* sys.msleep(1);
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'twenty are enough');
      sys.expect((yield* sys.recv(server, 10, MSG_DONTWAIT)).ret, 10, 'a read takes ten');
      asClaimed(sys, yield* reported(sys, ep), 0, 'ten are too few again');
      sys.expect((yield* sys.recv(server, 20, MSG_DONTWAIT)).ret, 10, 'though a read takes them as well');
    },
  }),
};

const K7: Claim = {
  id: 'K7',
  claim: 'Readable: the peer sent FIN; read returns 0 without blocking.',
  verdict: 'holds',
  says: 'Whatever SO_RCVLOWAT says; data that is in front of the FIN is read first.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      sys.expect((yield* maskOf(sys, server)) & POLLIN, 0, 'nothing to read');
      sys.expect(yield* sys.recv(server, 100, MSG_DONTWAIT), -EAGAIN, 'a read would sleep');
      yield* sys.shutdown(client, SHUT_WR);
      yield* sys.msleep(1);
      asClaimed(sys, (yield* maskOf(sys, server)) & POLLIN, POLLIN, 'the FIN makes it readable');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'and read answers 0');
    },
  }),
};

export const claimsK: readonly Claim[] = [K1, K2, K3, K4, K5, K6, K7];
