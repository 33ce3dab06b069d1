/**
 * Claims L1 to L9: what close, SO_LINGER and shutdown do to a connection.
 */

import {
  EAGAIN, EBADF, ECONNRESET, EPIPE, F_GETFD, MSG_DONTWAIT, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_LINGER, SOL_SOCKET, TIOCOUTQ,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { clientEnd, counting, drain, errorOf, fillBuffer, serverEnd, stateOf, twoHosts } from './tcpSteps.js';

const L1: Claim = {
  id: 'L1',
  claim: 'close lowers the reference count of the socket; only at the last one is it destroyed and the connection closed.',
  verdict: 'holds',
  says: 'dup, fork, a message with SCM_RIGHTS and a call that is running each hold a reference.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const second = sys.must(yield* sys.dup(client));
      sys.must(yield* sys.close(client));
      yield* sys.msleep(1);
      asClaimed(sys, yield* sys.recv(server, 1, MSG_DONTWAIT), -EAGAIN, 'one of two is closed, and the peer hears nothing');
      asClaimed(sys, yield* sys.write(second, 'x'), 1, 'the connection works');
      sys.must(yield* sys.close(second));
      yield* sys.msleep(1);
      asClaimed(sys, yield* drain(sys, server), { bytes: 1, end: 0 }, 'the last one sends FIN');
    },
  }),
};

const L2: Claim = {
  id: 'L2',
  claim: 'A program that closes its descriptor while another reference lives on leaves the connection open, without noticing; connections pile up in CLOSE_WAIT.',
  verdict: 'holds',
  says: 'A child that inherited the descriptor is enough: close answers 0, no FIN is sent, and after the peer\'s FIN the socket stays in CLOSE_WAIT; SOCK_CLOEXEC, or shutdown before close, prevents it.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.fork(function* child(other) {
        yield* other.close(client);
        yield* other.msleep(60_000);
        asClaimed(other, yield* stateOf(other, server), 'CLOSE_WAIT', 'a minute later the child still has it, in CLOSE_WAIT');
      });
      asClaimed(sys, yield* sys.close(server), 0, 'the parent closes it, and nothing tells it that this was not the last one');
      yield* sys.msleep(10);
      yield* sys.shutdown(client, SHUT_WR);
      yield* sys.msleep(100);
      asClaimed(sys, [yield* stateOf(sys, client), yield* sys.recv(client, 1, MSG_DONTWAIT)].map((got) => (typeof got === 'string' ? got : got.ret)), ['FIN_WAIT2', -EAGAIN],
        'the peer closed its side, and waits for a FIN that does not come');
    },
  }),
};

const L3: Claim = {
  id: 'L3',
  claim: 'SO_LINGER on with time 0: close sends RST and drops what is unsent and unread.',
  verdict: 'holds',
  says: 'What had already reached the peer can still be read there, and then comes ECONNRESET.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const written = yield* fillBuffer(sys, client);
      sys.must(yield* sys.setsockopt(client, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 }));
      sys.must(yield* sys.close(client));
      yield* sys.msleep(1);
      const { bytes, end } = yield* drain(sys, server);
      asClaimed(sys, end, -ECONNRESET, 'the peer is reset');
      asClaimed(sys, bytes, (n: number) => n < written, 'and what was in the send buffer never comes');
    },
  }),
};

const L4: Claim = {
  id: 'L4',
  claim: 'Otherwise close sends FIN, and the socket goes to FIN_WAIT_2 when that is acknowledged.',
  verdict: 'holds with a condition',
  says: 'If data is unread it sends RST instead; and the side whose peer closed first goes to LAST_ACK, never to FIN_WAIT_2.',
  network: twoHosts,
  programs: (net) => ({
    server: {
      *main(sys) {
        const first = yield* serverEnd(sys);
        asClaimed(sys, yield* sys.read(first, 100), 0, 'close of the client sent FIN');
        yield* sys.msleep(100);
        yield* sys.shutdown(first, SHUT_WR);
        unlikeClaim(sys, yield* stateOf(sys, first), 'LAST_ACK', 'the side that closes second is in LAST_ACK');
        yield* sys.msleep(100);
        asClaimed(sys, yield* errorOf(sys, first), 0, 'its FIN was acknowledged: the client\'s socket was waiting for it, in FIN_WAIT_2');
      },
    },
    client: {
      *main(sys) {
        const heard = net.link('cable').tap();
        const fd = yield* clientEnd(sys);
        sys.must(yield* sys.close(fd));
        yield* sys.msleep(500);
        sys.expect(heard.some(({ flags }) => flags.includes('RST')), false, 'no RST was sent');
        const [server, client] = yield* connectedPair(sys, 7000);
        yield* sys.write(client, 'unread');
        yield* sys.shutdown(server, SHUT_WR);
        yield* sys.msleep(100);
        asClaimed(sys, yield* stateOf(sys, server), 'FIN_WAIT2', 'shutdown sends the same FIN and leaves a descriptor to look with: acknowledged, it is FIN_WAIT_2');
        sys.must(yield* sys.close(server));
        yield* sys.msleep(1);
        unlikeClaim(sys, yield* stateOf(sys, client), 'CLOSE', 'with unread data close sends RST, which ends the peer\'s socket');
      },
    },
  }),
};

const L5: Claim = {
  id: 'L5',
  claim: 'SO_LINGER on with a time: if the closing does not finish within it, RST is sent.',
  verdict: 'wrong on Linux',
  says: 'close only waits so long, also on a non-blocking socket, and answers 0; the kernel goes on sending what is left, and then FIN.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const written = yield* fillBuffer(sys, client);
      sys.must(yield* sys.setsockopt(client, SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 2 }));
      const before = sys.nowNs;
      sys.expect(yield* sys.close(client), 0, 'it answers 0');
      unlikeClaim(sys, Math.floor((sys.nowNs - before) / 1e9), 2, 'close came back after two seconds');
      yield* sys.msleep(3000);
      unlikeClaim(sys, yield* drain(sys, server), { bytes: written, end: 0 }, 'later the peer reads every byte, and then the end: no RST');
    },
  }),
};

const L6: Claim = {
  id: 'L6',
  claim: 'shutdown closes the connection in an orderly way but does not release the socket: close is still needed.',
  verdict: 'holds',
  says: 'The descriptor stays in use, even when the connection is over in both directions.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.shutdown(server, SHUT_RDWR);
      yield* sys.shutdown(client, SHUT_RDWR);
      yield* sys.msleep(100);
      sys.expect(yield* stateOf(sys, server), 'CLOSE', 'both FINs are through');
      asClaimed(sys, yield* sys.fcntl(server, F_GETFD), 0, 'the descriptor is still there');
      asClaimed(sys, yield* sys.close(server), 0, 'until it is closed');
      asClaimed(sys, yield* sys.fcntl(server, F_GETFD), -EBADF, 'then it is gone');
    },
  }),
};

const L7: Claim = {
  id: 'L7',
  claim: 'SHUT_RD: no more data can be received, read returns end of file; what the peer still sends is acknowledged and dropped silently.',
  verdict: 'holds with a condition',
  says: 'read answers 0 only while nothing is queued; what the peer still sends is acknowledged, kept, and can be read: nothing is dropped.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.shutdown(server, SHUT_RD);
      asClaimed(sys, yield* sys.read(server, 100), 0, 'end of file');
      yield* sys.write(client, 'late');
      yield* sys.msleep(50);
      asClaimed(sys, (yield* sys.ioctlGet(client, TIOCOUTQ)).value, 0, 'what the peer sends is acknowledged');
      unlikeClaim(sys, yield* sys.read(server, 100), 'late', 'and it can be read');
      asClaimed(sys, yield* sys.read(server, 100), 0, 'then end of file again');
    },
  }),
};

const L8: Claim = {
  id: 'L8',
  claim: 'SHUT_RD: if unread data is in the receive buffer, or more arrives later, TCP sends RST to the peer.',
  verdict: 'wrong on Linux',
  says: 'Nothing is sent; an RST comes when data arrives and the write side is shut as well, or when close finds data unread.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.write(client, 'unread');
      yield* sys.shutdown(server, SHUT_RD);
      yield* sys.msleep(50);
      unlikeClaim(sys, yield* stateOf(sys, client), 'ESTABLISHED', 'with unread data the peer notices nothing');
      sys.expect(yield* sys.write(client, 'more'), 4, 'it writes');
      yield* sys.msleep(50);
      unlikeClaim(sys, [yield* stateOf(sys, client), yield* errorOf(sys, client)], ['ESTABLISHED', 0], 'more data changes nothing');
      unlikeClaim(sys, yield* sys.read(server, 100), 'unreadmore', 'and all of it can be read');
    },
  }),
};

const L9: Claim = {
  id: 'L9',
  claim: 'SHUT_WR: what is in the send buffer is sent and acknowledged, then FIN is sent; a later write raises SIGPIPE.',
  verdict: 'holds',
  says: 'The FIN stands behind all data that was written; the call itself does not wait for any of it.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const pipes = yield* counting(sys);
      const written = yield* fillBuffer(sys, client);
      yield* sys.shutdown(client, SHUT_WR);
      asClaimed(sys, [yield* sys.write(client, 'x'), pipes.count], [-EPIPE, 1], 'a later write: EPIPE, and SIGPIPE');
      asClaimed(sys, yield* drain(sys, server), { bytes: written, end: 0 }, 'the peer reads all that was in the buffer, then the end');
    },
  }),
};

export const claimsL: readonly Claim[] = [L1, L2, L3, L4, L5, L6, L7, L8, L9];
