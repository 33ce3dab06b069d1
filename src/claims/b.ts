/**
 * Claims B1 to B6: how a program works with level-triggered epoll, and how with edge-triggered. Each story is the loop that the claim describes, on one
 * connection over TCP.
 */

import {
  EAGAIN, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLOUT, F_SETFL, O_NONBLOCK,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { drain, reported, smallPair, watching, writeUntilFull } from './steps.js';

const B1: Claim = {
  id: 'B1',
  claim: 'LT: accept a connection, watch EPOLLIN; on EPOLLIN read and handle.',
  verdict: 'holds',
  says: 'A level-triggered watcher of EPOLLIN is told as long as there is something to read, so a loop that reads once an event misses nothing.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN);
      asClaimed(sys, yield* reported(sys, ep), 0, 'nothing is told before there is something to read');
      yield* sys.write(client, 'hello');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'then EPOLLIN is told');
      asClaimed(sys, yield* sys.read(server, 100), 'hello', 'and a read does not wait');
    },
  }),
};

const B2: Claim = {
  id: 'B2',
  claim: 'LT: when a write cannot take all data (buffer full), register EPOLLOUT; on EPOLLOUT go on writing.',
  verdict: 'holds',
  says: 'EPOLLOUT comes when there is room again, which for TCP is not the first free byte but a third of the send buffer.',
  programs: () => ({
    *main(sys) {
      const [writer, reader] = yield* smallPair(sys);
      const ep = yield* watching(sys, writer, 0);
      yield* writeUntilFull(sys, writer);
      yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, writer, EPOLLOUT);
      asClaimed(sys, yield* reported(sys, ep), 0, 'while the buffer is full EPOLLOUT is not told');
      yield* drain(sys, reader);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 1000)).events[0]?.events, EPOLLOUT, 'when the peer has read, it is');
      asClaimed(sys, yield* sys.write(writer, 'more'), 4, 'and writing goes on');
    },
  }),
};

const B3: Claim = {
  id: 'B3',
  claim: 'LT: when all data is written, EPOLLOUT must be unregistered, or it is reported again and again as long as the buffer is not full.',
  verdict: 'holds with a condition',
  says: 'It is reported at every wait while at least a third of the send buffer is free; between there and full it is not, although a write still takes bytes.',
  programs: () => ({
    *main(sys) {
      const [writer] = yield* smallPair(sys);
      const ep = yield* watching(sys, writer, EPOLLOUT);
      for (let i = 0; i < 3; i++) asClaimed(sys, yield* reported(sys, ep), EPOLLOUT, 'nothing is to be written, and every wait returns at once');
      let told: number = EPOLLOUT;
      let taken = 0;
      while (told !== 0) {
        sys.must(yield* sys.write(writer, new Uint8Array(1000)));
        taken += 1000;
        told = yield* reported(sys, ep);
      }
      sys.expect(taken > 0, true, 'the buffer is filled step by step');
      unlikeClaim(sys, yield* sys.write(writer, new Uint8Array(10)), 10, 'EPOLLOUT is not reported any more, and yet the buffer is not full: a write succeeds');
    },
  }),
};

const B4: Claim = {
  id: 'B4',
  claim: 'ET: accept a connection, watch EPOLLIN and EPOLLOUT at once.',
  verdict: 'holds',
  says: 'Edge-triggered, both can stay registered for the life of the connection: what is ready is told once, at EPOLL_CTL_ADD, and then when it changes.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN | EPOLLOUT | EPOLLET);
      asClaimed(sys, yield* reported(sys, ep), EPOLLOUT, 'room to write is told once');
      asClaimed(sys, yield* reported(sys, ep), 0, 'and not again');
      yield* sys.write(client, 'x');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN | EPOLLOUT, 'when data comes, all that is ready is told');
      asClaimed(sys, yield* reported(sys, ep), 0, 'once');
    },
  }),
};

const B5: Claim = {
  id: 'B5',
  claim: 'ET: on EPOLLIN read until EAGAIN.',
  verdict: 'holds',
  says: 'What a loop leaves unread is not told of again until something new arrives, so EAGAIN is the only sign that it may wait.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.fcntl(server, F_SETFL, O_NONBLOCK);
      const ep = yield* watching(sys, server, EPOLLIN | EPOLLET);
      yield* sys.write(client, 'abcdef');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'six bytes are told of');
      sys.expect(yield* sys.read(server, 4), 'abcd');
      asClaimed(sys, yield* reported(sys, ep), 0, 'two are left, and nobody is told');
      sys.expect(yield* sys.read(server, 4), 'ef');
      asClaimed(sys, (yield* sys.read(server, 4)).ret, -EAGAIN, 'EAGAIN says that the next byte will be told of');
      yield* sys.write(client, 'g');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'as it is');
    },
  }),
};

const B6: Claim = {
  id: 'B6',
  claim: 'ET: write until all is written or EAGAIN; on EPOLLOUT go on in the same way.',
  verdict: 'holds',
  says: 'Only a write that did not get all its room asks the kernel to tell of room, so a loop that stops earlier waits for ever.',
  programs: () => ({
    *main(sys) {
      const [writer, reader] = yield* smallPair(sys);
      const ep = yield* watching(sys, writer, EPOLLOUT | EPOLLET);
      sys.expect(yield* reported(sys, ep), EPOLLOUT, 'the first edge');
      sys.expect(yield* sys.write(writer, 'all of it'), 9);
      yield* drain(sys, reader);
      asClaimed(sys, yield* reported(sys, ep), 0, 'all was written and acknowledged, and nothing is told: there was always room');
      yield* writeUntilFull(sys, writer);
      yield* drain(sys, reader);
      asClaimed(sys, (yield* sys.epoll_wait(ep, 8, 1000)).events[0]?.events, EPOLLOUT, 'after EAGAIN room is told of, and the loop goes on');
    },
  }),
};

export const claimsB: readonly Claim[] = [B1, B2, B3, B4, B5, B6];
