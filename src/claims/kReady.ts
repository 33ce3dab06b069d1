/**
 * Claims K8 to K14: when a socket is readable or writable besides its buffers: connections that wait, errors, ends, and what readiness is worth.
 */

import {
  AF_INET, EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, ENOPROTOOPT, EPIPE, MSG_DONTWAIT, POLLERR, POLLHUP, POLLIN, POLLOUT, SHUT_WR, SIGPIPE, SO_SNDBUF, SO_SNDLOWAT, SOCK_NONBLOCK,
  SOCK_STREAM, SOL_SOCKET, TIOCOUTQ,
} from '../scenario/index.js';
import { connectedPair, connectTo, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { counting, errorOf, fillBuffer, maskOf, resetBy, serverEnd, twoHosts } from './tcpSteps.js';

const K8: Claim = {
  id: 'K8',
  claim: 'Readable: a listening socket has a new connection.',
  verdict: 'holds',
  says: 'It is readable while its accept queue is not empty, and nothing else is ever reported for it while it listens.',
  programs: () => ({
    *main(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      sys.expect(yield* maskOf(sys, listener), 0, 'nobody waits');
      yield* connectTo(sys, 7000);
      yield* sys.msleep(1);
      asClaimed(sys, (yield* maskOf(sys, listener)) & (POLLIN | POLLOUT), POLLIN, 'somebody does');
      asClaimed(sys, yield* sys.accept(listener), (fd: number) => fd > 0, 'and accept does not sleep');
      sys.expect(yield* maskOf(sys, listener), 0, 'nobody waits any more');
    },
  }),
};

const K9: Claim = {
  id: 'K9',
  claim: 'Readable: an error is pending; read returns an error without blocking.',
  verdict: 'holds with a condition',
  says: 'It is readable, but read answers 0 instead of the error when the peer\'s FIN had come before, and data that is there comes first; the error then shows in EPOLLERR, in SO_ERROR and in a write.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* resetBy(sys, client);
      asClaimed(sys, (yield* maskOf(sys, server)) & (POLLIN | POLLERR), POLLIN | POLLERR, 'an RST: readable, with an error');
      asClaimed(sys, yield* sys.read(server, 100), -ECONNRESET, 'which read returns');
      const [other, peer] = yield* connectedPair(sys, 7001);
      yield* sys.shutdown(peer, SHUT_WR);
      yield* resetBy(sys, peer);
      sys.expect((yield* maskOf(sys, other)) & (POLLIN | POLLERR), POLLIN | POLLERR, 'the same after FIN and RST');
      unlikeClaim(sys, yield* sys.read(other, 100), 0, 'but here read answers 0');
      sys.expect(yield* errorOf(sys, other), EPIPE, 'the error is still pending');
    },
  }),
};

const K10: Claim = {
  id: 'K10',
  claim: 'Writable: the send buffer has at least SO_SNDLOWAT bytes free; the default is 2048.',
  verdict: 'wrong on Linux',
  says: 'SO_SNDLOWAT is always 1 and cannot be set; a socket is writable while a third of its send memory is free, and write takes data beyond that.',
  programs: () => ({
    *main(sys) {
      const [, client] = yield* connectedPair(sys, 7000);
      unlikeClaim(sys, (yield* sys.getsockopt(client, SOL_SOCKET, SO_SNDLOWAT)).value, 1, 'SO_SNDLOWAT is 1');
      unlikeClaim(sys, yield* sys.setsockopt(client, SOL_SOCKET, SO_SNDLOWAT, 2048), -ENOPROTOOPT, 'and nobody can change it');
      sys.must(yield* sys.setsockopt(client, SOL_SOCKET, SO_SNDBUF, 32768));
      const room = (yield* sys.getsockopt(client, SOL_SOCKET, SO_SNDBUF)).value;
      while (((yield* maskOf(sys, client)) & POLLOUT) !== 0) yield* sys.send(client, new Uint8Array(1000), MSG_DONTWAIT);
      const { value: held } = yield* sys.ioctlGet(client, TIOCOUTQ);
      sys.expect(room - held, (free: number) => free > 2048, 'more than 2048 bytes are free');
      unlikeClaim(sys, yield* sys.send(client, new Uint8Array(1000), MSG_DONTWAIT), 1000, 'not writable, and a write takes 1000 bytes all the same');
    },
  }),
};

const K11: Claim = {
  id: 'K11',
  claim: 'Writable: the write side was closed; a write raises SIGPIPE, which ends the process by default.',
  verdict: 'holds',
  says: 'Even when the send buffer is full; MSG_NOSIGNAL, or ignoring SIGPIPE, leaves the error EPIPE alone.',
  programs: () => ({
    *main(sys) {
      const [, client] = yield* connectedPair(sys, 7000);
      yield* fillBuffer(sys, client);
      sys.expect((yield* maskOf(sys, client)) & POLLOUT, 0, 'the buffer is full');
      yield* sys.shutdown(client, SHUT_WR);
      asClaimed(sys, (yield* maskOf(sys, client)) & POLLOUT, POLLOUT, 'closed for writing, it is writable');
      yield* sys.fork(function* writer(other) { yield* other.write(client, 'x'); });
      asClaimed(sys, (yield* sys.waitpid(-1)).signal, SIGPIPE, 'the process that wrote was ended by SIGPIPE');
      const pipes = yield* counting(sys);
      asClaimed(sys, [yield* sys.write(client, 'x'), pipes.count], [-EPIPE, 1], 'who catches the signal sees EPIPE');
    },
  }),
};

const K12: Claim = {
  id: 'K12',
  claim: 'Writable: a non-blocking connect succeeded or failed.',
  verdict: 'holds',
  says: 'While it is in progress nothing at all is reported; SO_ERROR tells which of the two it was.',
  network: twoHosts,
  programs: () => ({
    server: { *main(sys) { yield* sys.read(yield* serverEnd(sys), 1); } },
    client: {
      *main(sys) {
        yield* sys.msleep(1);
        for (const [port, error] of [[7000, 0], [7001, ECONNREFUSED]] as const) {
          const fd = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
          sys.expect(yield* sys.connect(fd, { port, host: '10.0.0.1' }), -EINPROGRESS, 'it has begun');
          sys.expect(yield* maskOf(sys, fd), 0, 'in progress: nothing');
          asClaimed(sys, yield* sys.poll([{ fd, events: POLLOUT }], 1000), [error === 0 ? POLLOUT : POLLOUT | POLLERR | POLLHUP], error === 0 ? 'it succeeded: writable' : 'it failed: writable too');
          sys.expect(yield* errorOf(sys, fd), error, 'SO_ERROR tells');
        }
      },
    },
  }),
};

const K13: Claim = {
  id: 'K13',
  claim: 'Writable: an error is pending; write returns an error without blocking.',
  verdict: 'holds',
  says: 'The first write returns the pending error without a signal, the next one EPIPE with SIGPIPE.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* fillBuffer(sys, client);
      sys.expect((yield* maskOf(sys, client)) & POLLOUT, 0, 'the buffer is full, so a write would sleep');
      yield* resetBy(sys, server);
      asClaimed(sys, (yield* maskOf(sys, client)) & (POLLOUT | POLLERR), POLLOUT | POLLERR, 'the RST makes it writable');
      asClaimed(sys, yield* sys.write(client, 'x'), -ECONNRESET, 'and write returns the error');
    },
  }),
};

const K14: Claim = {
  id: 'K14',
  claim: 'A descriptor reported readable need not be readable at the read: another thread may have read it, or the kernel may have dropped the data after its check.',
  verdict: 'holds',
  says: 'Readiness is what was so when the kernel looked; a datagram with a wrong checksum is such a case as well, so only a non-blocking descriptor is safe.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'x');
      yield* sys.thread(function* other(sys2) {
        yield* sys2.msleep(10);
        sys2.expect(yield* sys2.read(server, 100), 'x', 'the other thread is faster');
      });
      asClaimed(sys, yield* sys.poll([{ fd: server, events: POLLIN }], -1), [POLLIN], 'reported readable');
      yield* sys.msleep(20);
      asClaimed(sys, yield* sys.recv(server, 100, MSG_DONTWAIT), -EAGAIN, 'and there is nothing to read; a blocking read would sleep here');
    },
  }),
};

export const claimsKReady: readonly Claim[] = [K8, K9, K10, K11, K12, K13, K14];
