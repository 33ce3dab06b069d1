/**
 * Claims P1 to P9: errno values by number. The numbers are those of Linux on x86-64; two of the notes' are BSD's.
 */

import {
  AF_INET, badPointer, F_SETFL, MSG_DONTWAIT, O_NONBLOCK, SHUT_WR, SIGUSR1, SO_ERROR, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { clientEnd, counting, resetBy, serverEnd, twoHosts } from './tcpSteps.js';

const P1: Claim = {
  id: 'P1',
  claim: '4 EINTR: a blocking call was interrupted.',
  verdict: 'holds',
  says: 'A signal handler has run; with SA_RESTART read and accept are made again instead, epoll_wait, poll and select never are.',
  programs: () => ({
    *main(sys) {
      yield* counting(sys, SIGUSR1);
      const me = yield* sys.getpid();
      yield* sys.fork(function* sender(other) {
        yield* other.msleep(10);
        yield* other.kill(me, SIGUSR1);
      });
      const ep = sys.must(yield* sys.epoll_create1());
      asClaimed(sys, yield* sys.epoll_wait(ep, 8, -1), -4, 'a signal during epoll_wait');
    },
  }),
};

const P2: Claim = {
  id: 'P2',
  claim: '9 EBADF: the descriptor is no longer valid.',
  verdict: 'holds',
  says: 'Or never was one, or is not open for what is asked: reading from the writing end of a pipe says EBADF as well.',
  programs: () => ({
    *main(sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      sys.must(yield* sys.close(r));
      asClaimed(sys, yield* sys.read(r, 1), -9, 'a closed descriptor');
      asClaimed(sys, yield* sys.read(w, 1), -9, 'the wrong end of a pipe');
    },
  }),
};

const P3: Claim = {
  id: 'P3',
  claim: '11 EAGAIN: a non-blocking call has nothing to do.',
  verdict: 'holds',
  says: 'Nothing to read, no room to write, nobody to accept; a blocking socket whose time limit is over says so too.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      asClaimed(sys, yield* sys.recv(server, 1, MSG_DONTWAIT), -11, 'nothing to read');
    },
  }),
};

const P4: Claim = {
  id: 'P4',
  claim: '14 EFAULT: a bad address.',
  verdict: 'holds',
  says: 'A pointer of the program\'s that leads nowhere; when some bytes could be copied before it the call answers their number instead.',
  programs: () => ({
    *main(sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      yield* sys.write(w, 'x');
      asClaimed(sys, yield* sys.read(r, badPointer(), 1), -14, 'read to an address that is not there');
    },
  }),
};

const P5: Claim = {
  id: 'P5',
  claim: '32 EPIPE: read or write on a closed socket.',
  verdict: 'holds with a condition',
  says: 'Only a write fails so, with SIGPIPE; a read answers 0 there, and a descriptor that this side closed is EBADF for both.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      yield* counting(sys);
      yield* sys.shutdown(server, SHUT_WR);
      asClaimed(sys, yield* sys.write(server, 'x'), -32, 'a write');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* sys.close(peer);
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* sys.read(other, 1), 0, 'a read from a closed peer answers 0');
      yield* sys.close(other);
      unlikeClaim(sys, yield* sys.read(other, 1), -9, 'and EBADF when this side closed');
    },
  }),
};

const P6: Claim = {
  id: 'P6',
  claim: '35 EWOULDBLOCK: a non-blocking call that cannot finish at once.',
  verdict: 'wrong on Linux',
  says: '35 is BSD\'s number: on Linux EWOULDBLOCK is another name of EAGAIN, 11, and 35 is EDEADLK; a connect that cannot finish at once says EINPROGRESS, 115.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      sys.must(yield* sys.fcntl(server, F_SETFL, O_NONBLOCK));
      unlikeClaim(sys, yield* sys.read(server, 1), -11, 'a read that would block: 11');
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
      unlikeClaim(sys, yield* sys.connect(fd, { port: 7001 }), -115, 'a connect that would: 115');
    },
  }),
};

const P7: Claim = {
  id: 'P7',
  claim: '61 ECONNREFUSED: the connection was refused.',
  verdict: 'wrong on Linux',
  says: '61 is BSD\'s number: on Linux ECONNREFUSED is 111, and 61 is ENODATA.',
  programs: () => ({
    *main(sys) {
      const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
      unlikeClaim(sys, yield* sys.connect(fd, { port: 7001 }), -111, 'nobody listens there: 111');
    },
  }),
};

const P8: Claim = {
  id: 'P8',
  claim: '104 ECONNRESET: the peer closed the connection.',
  verdict: 'holds with a condition',
  says: 'The peer reset it, by SO_LINGER with time 0, by closing with unread data, or because it no longer knows the connection; an orderly close is a read of 0.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* resetBy(sys, client);
      asClaimed(sys, yield* sys.read(server, 1), -104, 'closed with an RST');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* sys.close(peer);
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* sys.read(other, 1), 0, 'closed in an orderly way');
    },
  }),
};

const P9: Claim = {
  id: 'P9',
  claim: '110 ETIMEDOUT: the network was too busy or gone.',
  verdict: 'holds',
  says: 'A connect that nobody answers gives up after about two minutes, data that nobody acknowledges after a quarter of an hour; which of the two reasons it was cannot be told.',
  network: twoHosts,
  programs: (net) => ({
    server: { *main(sys) { yield* serverEnd(sys); yield* sys.msleep(200_000); } },
    client: {
      *main(sys) {
        const open = yield* clientEnd(sys);
        yield* sys.msleep(100);
        net.link('cable').cut('silent');
        const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
        asClaimed(sys, yield* sys.connect(fd, { port: 7000, host: '10.0.0.1' }), -110, 'the network is gone');
        sys.expect(sys.nowNs / 1e9, (s: number) => s > 120 && s < 140, 'after two minutes');
        net.link('cable').mend();
        sys.expect((yield* sys.getsockopt(open, SOL_SOCKET, SO_ERROR)).value, 0, 'an idle connection has not noticed anything');
      },
    },
  }),
};

export const claimsP: readonly Claim[] = [P1, P2, P3, P4, P5, P6, P7, P8, P9];
