/**
 * Claims J1 to J12: what read and write answer, and the flags of recv and send.
 */

import {
  AF_INET, EAGAIN, EBADF, ECONNRESET, EINTR, ENETUNREACH, EPIPE, MSG_DONTROUTE, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, SA_RESTART, SHUT_WR, SIGUSR1, SO_RCVTIMEO, SO_SNDBUF,
  SOCK_DGRAM, SOL_SOCKET, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { counting, fillBuffer, resetBy } from './tcpSteps.js';

const J1: Claim = {
  id: 'J1',
  claim: 'read returns the number of bytes read, if there are any.',
  verdict: 'holds',
  says: 'It returns what is there, up to the size asked for, and does not wait for more; the rest is for the next read.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'hello');
      asClaimed(sys, (yield* sys.read(server, 3)).ret, 3, 'three of five bytes, when three are asked for');
      asClaimed(sys, (yield* sys.read(server, 100)).ret, 2, 'the two that are left, when a hundred are');
    },
  }),
};

const J2: Claim = {
  id: 'J2',
  claim: 'read returns 0 after the peer\'s FIN; a blocking read with no data blocks instead.',
  verdict: 'holds',
  says: 'Data that came before the FIN is read first; then every read answers 0 at once.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.thread(function* peer(other) {
        yield* other.msleep(20);
        yield* other.write(client, 'x');
        yield* other.msleep(20);
        yield* other.shutdown(client, SHUT_WR);
      });
      sys.expect(yield* sys.read(server, 100), 'x', 'the byte of the peer');
      asClaimed(sys, sys.nowNs, (ns: number) => ns >= 20e6, 'without data read slept until some came');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'after the FIN it answers 0');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'and again');
    },
  }),
};

/** A child that sends SIGUSR1 to its parent after 10 ms, and does something else 10 ms later. */
function* signalled(sys: Sys, then: (other: Sys) => Sleeps<unknown>): Sleeps<void> {
  const me = yield* sys.getpid();
  sys.must(yield* sys.fork(function* sender(other) {
    yield* other.msleep(10);
    yield* other.kill(me, SIGUSR1);
    yield* other.msleep(10);
    yield* then(other);
  }));
}

const J3: Claim = {
  id: 'J3',
  claim: 'read fails with EINTR when a signal interrupted it.',
  verdict: 'holds with a condition',
  says: 'Only if the handler was installed without SA_RESTART and nothing was read yet; with SA_RESTART the kernel makes the call again, unless the socket has a time limit.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const signals = yield* counting(sys, SIGUSR1);
      yield* signalled(sys, (other) => other.write(client, 'later'));
      asClaimed(sys, yield* sys.read(server, 100), -EINTR, 'a handler without SA_RESTART has run');
      sys.expect(yield* sys.read(server, 100), 'later', 'the data comes afterwards');
      sys.must(yield* sys.sigaction(SIGUSR1, () => { signals.count++; }, { flags: SA_RESTART }));
      yield* signalled(sys, (other) => other.write(client, 'more'));
      unlikeClaim(sys, yield* sys.read(server, 100), 'more', 'with SA_RESTART the program does not notice');
      sys.expect(signals.count, 2, 'though the handler has run');
    },
  }),
};

const J4: Claim = {
  id: 'J4',
  claim: 'read fails with EAGAIN: on a blocking socket when its time limit is over, on a non-blocking one when there is no data.',
  verdict: 'holds',
  says: 'The time limit is SO_RCVTIMEO; the error has the same number in both cases, so the program must know which of them it asked for.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      asClaimed(sys, yield* sys.recv(server, 100, MSG_DONTWAIT), -EAGAIN, 'non-blocking: at once');
      sys.must(yield* sys.setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, { us: 50_000 }));
      const before = sys.nowNs;
      asClaimed(sys, yield* sys.read(server, 100), -EAGAIN, 'blocking, with a limit of 50 ms');
      sys.expect(sys.nowNs - before, (ns: number) => ns >= 50e6, 'it has waited so long');
    },
  }),
};

const J5: Claim = {
  id: 'J5',
  claim: 'read fails with EBADF after this side closed the descriptor.',
  verdict: 'holds with a condition',
  says: 'Only until the number is given out again, which the next open, socket or accept of the process does; then read takes the data of somebody else.',
  programs: () => ({
    *main(sys) {
      const [server] = yield* connectedPair(sys, 7000);
      const [r, w] = sys.must(yield* sys.pipe());
      yield* sys.write(w, 'not yours');
      sys.must(yield* sys.close(server));
      asClaimed(sys, yield* sys.read(server, 100), -EBADF, 'the number means nothing now');
      sys.expect(yield* sys.dup(r), server, 'a new descriptor gets the lowest free number');
      unlikeClaim(sys, yield* sys.read(server, 100), 'not yours', 'the same number reads from the pipe that has it now');
    },
  }),
};

const J6: Claim = {
  id: 'J6',
  claim: 'read fails with ECONNRESET after the peer sent RST.',
  verdict: 'holds with a condition',
  says: 'Data that came before is read first, the error is told once and then read answers 0; and if the peer\'s FIN came before its RST, read answers 0 from the start.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'abc');
      yield* resetBy(sys, client);
      unlikeClaim(sys, yield* sys.read(server, 100), 'abc', 'what came before the RST is still there');
      asClaimed(sys, yield* sys.read(server, 100), -ECONNRESET, 'then the error');
      unlikeClaim(sys, yield* sys.read(server, 100), 0, 'once: after it, the end');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* sys.shutdown(peer, SHUT_WR);
      yield* resetBy(sys, peer);
      unlikeClaim(sys, yield* sys.read(other, 100), 0, 'after a FIN the RST is not seen by a reader');
    },
  }),
};

const J7: Claim = {
  id: 'J7',
  claim: 'write returns how much was copied to the kernel\'s send buffer, which may be less than asked.',
  verdict: 'holds',
  says: 'A non-blocking write takes what fits; a blocking one sleeps until all of it is copied, and returns less only when a signal, an error or a time limit stops it in the middle.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      sys.must(yield* sys.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 16384));
      const asked = 400_000;
      const taken = yield* sys.send(client, new Uint8Array(asked), MSG_DONTWAIT);
      asClaimed(sys, taken, (n: number) => n > 0 && n < asked, 'only a part goes in; nobody has read a byte of it');
      yield* sys.fork(function* reader(other) {
        while ((yield* other.read(server, 65536)).ret > 0);
      });
      sys.must(yield* sys.close(server));
      asClaimed(sys, yield* sys.write(client, new Uint8Array(asked)), asked, 'the blocking write comes back when all is copied');
      sys.must(yield* sys.shutdown(client, SHUT_WR));
    },
  }),
};

const J8: Claim = {
  id: 'J8',
  claim: 'write fails with EINTR, with EBADF after this side closed, with EPIPE after the peer sent RST.',
  verdict: 'holds with a condition',
  says: 'The first write after an RST fails with ECONNRESET and raises no signal, and only the next one with EPIPE; EINTR comes only if nothing was copied yet and the handler has no SA_RESTART.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* counting(sys, SIGUSR1);
      const pipes = yield* counting(sys);
      yield* fillBuffer(sys, client);
      yield* signalled(sys, (other) => other.msleep(1));
      asClaimed(sys, yield* sys.write(client, 'x'), -EINTR, 'it slept for room, and a handler ran');
      yield* resetBy(sys, server);
      unlikeClaim(sys, yield* sys.write(client, 'x'), -ECONNRESET, 'the first write after the RST tells that');
      sys.expect(pipes.count, 0, 'without SIGPIPE');
      asClaimed(sys, yield* sys.write(client, 'x'), -EPIPE, 'the second one');
      sys.expect(pipes.count, 1, 'with SIGPIPE');
      sys.must(yield* sys.close(client));
      asClaimed(sys, yield* sys.write(client, 'x'), -EBADF, 'and after close');
    },
  }),
};

const J9: Claim = {
  id: 'J9',
  claim: 'MSG_DONTROUTE: do not look up the routing table.',
  verdict: 'wrong on Linux',
  says: 'The table is looked up, and only routes through a gateway are left out; a datagram to where no route leads fails with ENETUNREACH, and TCP ignores the flag.',
  programs: () => ({
    *main(sys) {
      const udp = sys.must(yield* sys.socket(AF_INET, SOCK_DGRAM));
      unlikeClaim(sys, yield* sys.sendto(udp, 'x', MSG_DONTROUTE, { port: 9, host: '10.99.1.2' }), -ENETUNREACH, 'the routing table was asked, and knows no way');
      const [server, client] = yield* connectedPair(sys, 7000);
      unlikeClaim(sys, yield* sys.send(client, 'abc', MSG_DONTROUTE), 3, 'TCP sends it as it always does');
      yield* sys.msleep(1);
      sys.expect(yield* sys.read(server, 100), 'abc', 'it arrived');
    },
  }),
};

const J10: Claim = {
  id: 'J10',
  claim: 'MSG_OOB: send or receive out-of-band data.',
  verdict: 'holds with a condition',
  says: 'TCP has one urgent byte, the last one of the call, and it travels in the stream at its place; the other bytes of the call are ordinary data, and a later urgent byte replaces it.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.send(client, 'abX', MSG_OOB);
      yield* sys.msleep(1);
      asClaimed(sys, yield* sys.recv(server, 100, MSG_OOB), 'X', 'the last byte');
      unlikeClaim(sys, yield* sys.read(server, 100), 'ab', 'those before it are ordinary data');
    },
  }),
};

const J11: Claim = {
  id: 'J11',
  claim: 'MSG_PEEK: look at data without taking it from the buffer.',
  verdict: 'holds',
  says: 'The same bytes are there at the next call, and the descriptor stays readable.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'hello');
      asClaimed(sys, yield* sys.recv(server, 100, MSG_PEEK), 'hello', 'a look');
      asClaimed(sys, yield* sys.read(server, 100), 'hello', 'and it is still there to be read');
      asClaimed(sys, yield* sys.recv(server, 100, MSG_DONTWAIT), -EAGAIN, 'which takes it');
    },
  }),
};

const J12: Claim = {
  id: 'J12',
  claim: 'MSG_WAITALL: wait until all that was asked for has arrived.',
  verdict: 'holds with a condition',
  says: 'Only as far as it can: the end of the stream, an error, a signal or a time limit ends the wait with less, and a non-blocking socket does not wait.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.thread(function* peer(other) {
        for (const part of ['ab', 'cde', 'fg']) {
          yield* other.msleep(10);
          yield* other.write(client, part);
        }
        yield* other.shutdown(client, SHUT_WR);
      });
      asClaimed(sys, yield* sys.recv(server, 5, MSG_WAITALL), 'abcde', 'five bytes that came in two pieces');
      unlikeClaim(sys, yield* sys.recv(server, 5, MSG_WAITALL), 'fg', 'the stream ends: two of five');
    },
  }),
};

export const claimsJ: readonly Claim[] = [J1, J2, J3, J4, J5, J6, J7, J8, J9, J10, J11, J12];
