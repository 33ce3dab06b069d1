/**
 * Claims N1 to N6: what is left of a connection whose other end was killed, cut off or closed.
 */

import {
  EAGAIN, ECONNRESET, EPIPE, ETIMEDOUT, SIGKILL, SO_RCVTIMEO, SOL_SOCKET,
} from '../scenario/index.js';
import { connectedPair, connectTo, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { clientEnd, counting, drain, serverEnd, stateOf, twoHosts } from './tcpSteps.js';

const N1: Claim = {
  id: 'N1',
  claim: 'Server: the client\'s process ended without closing, or was killed in the middle of sending: ECONNRESET.',
  verdict: 'holds with a condition',
  says: 'The kernel closes the sockets of a process that ends: the server reads all that was sent and then 0; ECONNRESET comes only if the client had unread data, or if the server sends it more.',
  programs: () => ({
    *main(sys) {
      const listener = yield* listenOn(sys, 7000);
      for (const greeting of ['', 'welcome']) {
        const pid = yield* sys.fork(function* client(other) {
          yield* other.close(listener);
          const fd = yield* connectTo(other, 7000);
          yield* other.write(fd, 'half a requ');
          yield* other.msleep(60_000);
        });
        const fd = sys.must(yield* sys.accept(listener));
        yield* sys.write(fd, greeting);
        yield* sys.msleep(10);
        yield* sys.kill(pid, SIGKILL);
        yield* sys.waitpid(pid);
        yield* sys.msleep(10);
        if (greeting === '') unlikeClaim(sys, yield* drain(sys, fd), { bytes: 11, end: 0 }, 'killed while sending: what it sent, and an orderly end');
        else asClaimed(sys, yield* drain(sys, fd), { bytes: 11, end: -ECONNRESET }, 'killed with unread data: the reset');
      }
    },
  }),
};

const N2: Claim = {
  id: 'N2',
  claim: 'Server or client: the cable is cut: ETIMEDOUT after a long time.',
  verdict: 'holds with a condition',
  says: 'Only who has something to send finds out, after a quarter of an hour; who only reads waits for ever unless SO_KEEPALIVE is set; and when the neighbour\'s address cannot be found the error is EHOSTUNREACH.',
  network: twoHosts,
  programs: (net) => ({
    server: {
      *main(sys) {
        const fd = yield* serverEnd(sys);
        sys.must(yield* sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, { us: 24 * 3600 * 1e6 }));
        unlikeClaim(sys, yield* sys.read(fd, 100), -EAGAIN, 'the server only reads: a day later it knows nothing');
      },
    },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        yield* sys.msleep(100);
        net.link('cable').cut('silent');
        sys.expect(yield* sys.write(fd, 'anybody there?'), 14, 'a write into the cut succeeds');
        asClaimed(sys, yield* sys.read(fd, 100), -ETIMEDOUT, 'the client is told');
        asClaimed(sys, sys.nowNs / 60e9, (minutes: number) => minutes > 15 && minutes < 19, 'after a quarter of an hour');
      },
    },
  }),
};

const N3: Claim = {
  id: 'N3',
  claim: 'Server: the client closed, the server did not notice and sends: EPIPE.',
  verdict: 'holds with a condition',
  says: 'The first send succeeds, and the RST that it brings back makes the next one fail with EPIPE; if the client closed with unread data, the first send fails already, with ECONNRESET.',
  programs: () => ({
    *main(sys) {
      const pipes = yield* counting(sys);
      const [server, client] = yield* connectedPair(sys, 7000);
      sys.must(yield* sys.close(client));
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* sys.write(server, 'x'), 1, 'the first send succeeds');
      yield* sys.msleep(1);
      asClaimed(sys, [yield* sys.write(server, 'x'), pipes.count], [-EPIPE, 1], 'the second one fails, with SIGPIPE');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* sys.write(other, 'unread');
      yield* sys.msleep(1);
      sys.must(yield* sys.close(peer));
      yield* sys.msleep(1);
      unlikeClaim(sys, [yield* sys.write(other, 'x'), pipes.count], [-ECONNRESET, 1], 'the client had unread data: another error, and no signal');
    },
  }),
};

const N4: Claim = {
  id: 'N4',
  claim: 'Client: the server closed with unread data in its receive buffer: the client gets ECONNRESET, and gets it before the normal data.',
  verdict: 'holds with a condition',
  says: 'It gets ECONNRESET, but after the data that had arrived; what the server had not yet sent is lost.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'unread');
      yield* sys.write(server, 'answer');
      yield* sys.msleep(1);
      sys.must(yield* sys.close(server));
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* sys.read(client, 100), 'answer', 'the normal data comes first');
      asClaimed(sys, yield* sys.read(client, 100), -ECONNRESET, 'then the error');
    },
  }),
};

const N5: Claim = {
  id: 'N5',
  claim: 'Client: the server closed in an orderly way and the client sends: the first send succeeds, the server answers RST.',
  verdict: 'holds',
  says: 'send only fills the send buffer; over a long way several sends may succeed before the RST comes back.',
  network: twoHosts,
  programs: (net) => ({
    server: { *main(sys) { sys.must(yield* sys.close(yield* serverEnd(sys))); } },
    client: {
      *main(sys) {
        const fd = yield* clientEnd(sys);
        yield* sys.msleep(100);
        sys.expect(yield* sys.read(fd, 1), 0, 'the server closed in an orderly way');
        const heard = net.link('cable').tap();
        asClaimed(sys, yield* sys.write(fd, 'x'), 1, 'the first send succeeds');
        yield* sys.msleep(100);
        asClaimed(sys, heard.map(({ from, flags }) => `${from}${flags.includes('RST') ? ': RST' : ''}`), ['client', 'server: RST'], 'and the server answers RST');
        sys.expect(yield* stateOf(sys, fd), 'CLOSE', 'which ends the socket');
      },
    },
  }),
};

const N6: Claim = {
  id: 'N6',
  claim: 'Client: it sends again after that RST: EPIPE, and SIGPIPE.',
  verdict: 'holds',
  says: 'The error is EPIPE because the FIN had come before the RST; without a FIN the first send after an RST fails with ECONNRESET.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const pipes = yield* counting(sys);
      sys.must(yield* sys.close(server));
      yield* sys.msleep(1);
      sys.expect(yield* sys.write(client, 'x'), 1, 'the first send brings the RST');
      yield* sys.msleep(1);
      asClaimed(sys, [yield* sys.write(client, 'x'), pipes.count], [-EPIPE, 1], 'the next one fails');
      asClaimed(sys, [yield* sys.write(client, 'x'), pipes.count], [-EPIPE, 2], 'and so does every other');
    },
  }),
};

export const claimsN: readonly Claim[] = [N1, N2, N3, N4, N5, N6];
