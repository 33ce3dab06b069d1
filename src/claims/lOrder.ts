/**
 * Claims L10 to L16: shutdown and close beside each other, and closing a connection in good order.
 */

import {
  ECONNRESET, ENOTCONN, EPIPE, MSG_DONTWAIT, MSG_NOSIGNAL, SHUT_RD, SHUT_RDWR, SHUT_WR, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { drain, errorOf, fillBuffer, maskOf, stateOf } from './tcpSteps.js';

/** What an end shows after it was shut: its mask, a read, a write. Sleeps never. */
function* shown(sys: Sys, fd: number): Sleeps<number[]> {
  return [yield* maskOf(sys, fd), (yield* sys.recv(fd, 1, MSG_DONTWAIT)).ret, yield* sys.send(fd, 'x', MSG_NOSIGNAL)];
}

const L10: Claim = {
  id: 'L10',
  claim: 'SHUT_RDWR is SHUT_RD, then SHUT_WR.',
  verdict: 'holds',
  says: 'Both ways the same bits are set and one FIN is sent; two calls only wake those who wait twice.',
  programs: () => ({
    *main(sys) {
      const [one, onePeer] = yield* connectedPair(sys, 7000);
      const [two, twoPeer] = yield* connectedPair(sys, 7001);
      yield* sys.shutdown(one, SHUT_RDWR);
      yield* sys.shutdown(two, SHUT_RD);
      yield* sys.shutdown(two, SHUT_WR);
      yield* sys.msleep(100);
      const first = yield* shown(sys, one);
      sys.expect(first.slice(1), [0, -EPIPE], 'no more reading, no more writing');
      asClaimed(sys, yield* shown(sys, two), first, 'mask, read and write answer alike');
      asClaimed(sys, [yield* stateOf(sys, one), yield* stateOf(sys, onePeer)], [yield* stateOf(sys, two), yield* stateOf(sys, twoPeer)], 'and both ends are in the same states');
    },
  }),
};

const L11: Claim = {
  id: 'L11',
  claim: 'By default close drops what is still in the send buffer; shutdown does not.',
  verdict: 'wrong on Linux',
  says: 'Neither drops it: after close the kernel goes on sending and then sends FIN; it is lost only with SO_LINGER and time 0, or when close finds received data unread.',
  programs: () => ({
    *main(sys) {
      for (const how of ['close', 'shutdown']) {
        const [server, client] = yield* connectedPair(sys, 7000);
        const written = yield* fillBuffer(sys, client);
        sys.must(how === 'close' ? yield* sys.close(client) : yield* sys.shutdown(client, SHUT_WR));
        unlikeClaim(sys, yield* drain(sys, server), { bytes: written, end: 0 }, `after ${how} all of it arrives, and then the end`);
        sys.must(yield* sys.close(server));
        yield* sys.msleep(120_000);
      }
    },
  }),
};

const L12: Claim = {
  id: 'L12',
  claim: 'shutdown wakes a thread blocked on the socket; close does not.',
  verdict: 'holds with a condition',
  says: 'SHUT_RD and SHUT_RDWR wake who reads, SHUT_WR does not; after a close by another thread the reader sleeps on, and even gets data that comes later.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const log: string[] = [];
      const reader = function* (other: Sys): Sleeps<void> {
        const { ret, text } = yield* other.read(server, 100);
        log.push(ret === 0 ? 'end' : text);
      };
      yield* sys.thread(reader);
      yield* sys.msleep(10);
      yield* sys.shutdown(server, SHUT_WR);
      yield* sys.msleep(10);
      unlikeClaim(sys, log, [], 'SHUT_WR leaves the reader asleep');
      const second = sys.must(yield* sys.dup(server));
      yield* sys.close(server);
      yield* sys.msleep(10);
      asClaimed(sys, log, [], 'close too');
      yield* sys.write(client, 'later');
      yield* sys.msleep(10);
      sys.expect(log, ['later'], 'it still gets data');
      yield* sys.dup2(second, server);
      yield* sys.thread(reader);
      yield* sys.msleep(10);
      yield* sys.shutdown(second, SHUT_RD);
      yield* sys.msleep(10);
      asClaimed(sys, log, ['later', 'end'], 'SHUT_RD wakes it');
    },
  }),
};

const L13: Claim = {
  id: 'L13',
  claim: 'With several processes, shutdown by one ends the connection for all; close ends it only for the one that calls it.',
  verdict: 'holds',
  says: 'shutdown changes the socket, which they share; close only gives up a reference to it.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.fork(function* closes(other) { yield* other.close(client); });
      yield* sys.waitpid(-1);
      asClaimed(sys, yield* sys.write(client, 'x'), 1, 'another process closed it: it works here');
      yield* sys.fork(function* shuts(other) { yield* other.shutdown(client, SHUT_RDWR); });
      yield* sys.waitpid(-1);
      yield* sys.msleep(1);
      asClaimed(sys, yield* sys.send(client, 'x', MSG_NOSIGNAL), -EPIPE, 'another process shut it down: it is over here too');
      sys.expect(yield* drain(sys, server), { bytes: 1, end: 0 }, 'the peer has seen the end');
    },
  }),
};

const L14: Claim = {
  id: 'L14',
  claim: 'Orderly close, active side: SHUT_WR, read until 0, SHUT_RD, close.',
  verdict: 'holds with a condition',
  says: 'SHUT_RD is of no use: after both FINs the connection is over and the call answers ENOTCONN; SHUT_WR, read until 0, close is enough.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.thread(function* passive(other) {
        sys.expect(yield* drain(other, server), { bytes: 7, end: 0 }, 'the passive side reads to the end');
        yield* other.write(server, 'answer');
        yield* other.close(server);
      });
      yield* sys.write(client, 'request');
      yield* sys.shutdown(client, SHUT_WR);
      asClaimed(sys, yield* drain(sys, client), { bytes: 6, end: 0 }, 'all of the answer, and the end');
      unlikeClaim(sys, yield* sys.shutdown(client, SHUT_RD), -ENOTCONN, 'nothing is left to be shut');
      asClaimed(sys, yield* sys.close(client), 0, 'closed, and nothing was lost');
    },
  }),
};

const L15: Claim = {
  id: 'L15',
  claim: 'Orderly close, passive side: read returns 0, go on sending what is left, SHUT_WR, close.',
  verdict: 'holds',
  says: 'After the peer\'s FIN this side may send as long as it likes, in CLOSE_WAIT; close alone would send the same FIN.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.shutdown(client, SHUT_WR);
      asClaimed(sys, yield* sys.read(server, 100), 0, 'the peer sends no more');
      asClaimed(sys, [yield* stateOf(sys, server), yield* sys.write(server, 'what is left')], ['CLOSE_WAIT', 12], 'this side still can');
      asClaimed(sys, yield* sys.shutdown(server, SHUT_WR), 0, 'its FIN');
      sys.must(yield* sys.close(server));
      asClaimed(sys, yield* drain(sys, client), { bytes: 12, end: 0 }, 'the peer has all, and the end, without an error');
    },
  }),
};

const L16: Claim = {
  id: 'L16',
  claim: 'If the peer never sends its FIN, the side that waits for it stays for ever; a time limit must close it by force. (The notes name the state wrongly: find which state it is on each side.)',
  verdict: 'holds with a condition',
  says: 'The side that waits is in FIN_WAIT_2, the one that does not close in CLOSE_WAIT; for ever only as long as a descriptor is open: a closed socket in FIN_WAIT_2 is dropped after tcp_fin_timeout, 60 s.',
  programs: () => ({
    *main(sys) {
      const [lazy, waits] = yield* connectedPair(sys, 7000);
      yield* sys.shutdown(waits, SHUT_WR);
      yield* sys.msleep(24 * 3600 * 1000);
      asClaimed(sys, [yield* stateOf(sys, waits), yield* stateOf(sys, lazy)], ['FIN_WAIT2', 'CLOSE_WAIT'], 'a day later: one waits, the other has not closed');
      sys.must(yield* sys.close(waits));
      yield* sys.msleep(70_000);
      yield* sys.shutdown(lazy, SHUT_WR);
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* errorOf(sys, lazy), ECONNRESET, 'closed, it was gone after a minute: a FIN that comes now is answered with RST');
      sys.expect(yield* sys.recv(lazy, 1, MSG_DONTWAIT), 0, 'the reader of that side sees only the end');
    },
  }),
};

export const claimsLOrder: readonly Claim[] = [L10, L11, L12, L13, L14, L15, L16];
