/**
 * Claims C1 to C7: level against edge. When each of the two tells, what blocking sockets do to them, and how many calls each of them takes for
 * replies that are larger than the send buffer.
 */

import {
  EAGAIN, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLOUT, MSG_DONTWAIT, SHUT_WR, type Program, type Programs, type Sleeps, type Sys,
} from '../scenario/index.js';
import { connectedPair } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { deliver, drain, reported, smallPair, watching, writeUntilFull } from './steps.js';

const C1: Claim = {
  id: 'C1',
  claim: 'LT: EPOLLIN is reported as long as the receive buffer is not empty. ET: only when the data waiting increases (from empty to not empty, or new data arrives).',
  verdict: 'holds with a condition',
  says: 'What an edge-triggered watcher waits for is a wake-up of the file, and new data is the usual one; the end of the peer\'s direction is one too, and reports EPOLLIN with no byte more.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const level = yield* watching(sys, server, EPOLLIN);
      const edge = yield* watching(sys, server, EPOLLIN | EPOLLET);
      yield* deliver(sys, client, 'x');
      for (let i = 0; i < 2; i++) asClaimed(sys, yield* reported(sys, level), EPOLLIN, 'level-triggered: there is a byte, so it is told');
      asClaimed(sys, yield* reported(sys, edge), EPOLLIN, 'edge-triggered: from empty to not empty');
      asClaimed(sys, yield* reported(sys, edge), 0, 'once');
      yield* deliver(sys, client, 'y');
      asClaimed(sys, yield* reported(sys, edge), EPOLLIN, 'edge-triggered: new data, although the buffer was not empty');
      yield* sys.shutdown(client, SHUT_WR);
      yield* sys.msleep(1);
      unlikeClaim(sys, yield* reported(sys, edge), EPOLLIN, 'the FIN of the peer is reported as EPOLLIN too');
      sys.expect(yield* sys.read(server, 10), 'xy', 'and there was no more data than before');
    },
  }),
};

const C2: Claim = {
  id: 'C2',
  claim: 'LT: EPOLLOUT is reported as long as the send buffer is not full. ET: only when the data in the send buffer decreases (from full to not full, or some of it was sent).',
  verdict: 'holds with a condition',
  says: 'TCP calls itself writable with a third of the send buffer free, and it makes an edge only for a writer that has found it full: bytes that are sent and acknowledged before that make none.',
  programs: () => ({
    *main(sys) {
      const [writer, reader] = yield* smallPair(sys);
      const level = yield* watching(sys, writer, EPOLLOUT);
      const edge = yield* watching(sys, writer, EPOLLOUT | EPOLLET);
      asClaimed(sys, yield* reported(sys, level), EPOLLOUT, 'level-triggered: there is room');
      sys.expect(yield* reported(sys, edge), EPOLLOUT, 'edge-triggered: what holds at EPOLL_CTL_ADD is told');
      sys.expect(yield* sys.write(writer, 'some of it'), 10);
      yield* drain(sys, reader);
      unlikeClaim(sys, yield* reported(sys, edge), 0, 'edge-triggered: ten bytes were sent and acknowledged, and nothing is told');
      yield* writeUntilFull(sys, writer);
      asClaimed(sys, yield* reported(sys, level), 0, 'level-triggered: full, so nothing is told');
      yield* drain(sys, reader);
      asClaimed(sys, (yield* sys.epoll_wait(edge, 8, 1000)).events[0]?.events, EPOLLOUT, 'edge-triggered: from full to not full');
    },
  }),
};

/** Sends after a while, when the other thread stands in a read. */
const lateWriter = (fd: number, text: string): Program => function* late(sys) {
  yield* sys.msleep(20);
  yield* sys.write(fd, text);
};

/** Whether a read waited, and what it brought. Sleeps until there is something to read. */
function* timedRead(sys: Sys, fd: number): Sleeps<string> {
  const before = sys.nowNs;
  const { text } = yield* sys.read(fd, 100);
  return `${text}${sys.nowNs - before >= 5e6 ? ' after a wait' : ' at once'}`;
}

const C3: Claim = {
  id: 'C3',
  claim: 'LT works with blocking sockets too, with one read() per event at most.',
  verdict: 'holds',
  says: 'After EPOLLIN one read does not wait, and what it leaves is told of again; a second read may find nothing and wait.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN);
      yield* deliver(sys, client, 'abcdef');
      sys.expect(yield* reported(sys, ep), EPOLLIN);
      asClaimed(sys, yield* sys.read(server, 3), 'abc', 'one read of a blocking socket');
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'what it left is told of');
      asClaimed(sys, yield* timedRead(sys, server), 'def at once', 'and the next read does not wait either');
      yield* sys.thread(lateWriter(client, 'g'));
      asClaimed(sys, yield* timedRead(sys, server), 'g after a wait', 'a read more than there were events waits');
    },
  }),
};

const C4: Claim = {
  id: 'C4',
  claim: 'ET needs non-blocking sockets: the last read of the loop would block the thread.',
  verdict: 'holds with a condition',
  says: 'The loop needs reads that do not block, and MSG_DONTWAIT makes one on a blocking socket too; a plain read at the end of the loop does block.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const ep = yield* watching(sys, server, EPOLLIN | EPOLLET);
      yield* deliver(sys, client, 'abc');
      sys.expect(yield* reported(sys, ep), EPOLLIN);
      sys.expect(yield* sys.read(server, 100), 'abc');
      yield* sys.thread(lateWriter(client, 'late'));
      asClaimed(sys, yield* timedRead(sys, server), 'late after a wait', 'the last read of the loop blocks');
      yield* deliver(sys, client, 'more');
      sys.expect(yield* reported(sys, ep), EPOLLIN);
      sys.expect((yield* sys.recv(server, 100, MSG_DONTWAIT)).ret, 4);
      unlikeClaim(sys, (yield* sys.recv(server, 100, MSG_DONTWAIT)).ret, -EAGAIN, 'with MSG_DONTWAIT the loop ends, and the socket is a blocking one');
    },
  }),
};

const C5: Claim = {
  id: 'C5',
  claim: 'LT need not read or write until EAGAIN; with ET, what was left unread or unwritten stays so until the buffer changes.',
  verdict: 'holds',
  says: 'Level-triggered, the next wait tells of what is left; edge-triggered, it takes news to be told, and then the old bytes are read with the new ones.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const level = yield* watching(sys, server, EPOLLIN);
      const edge = yield* watching(sys, server, EPOLLIN | EPOLLET);
      yield* deliver(sys, client, 'abcd');
      sys.expect([yield* reported(sys, level), yield* reported(sys, edge)], [EPOLLIN, EPOLLIN]);
      sys.expect(yield* sys.read(server, 2), 'ab');
      asClaimed(sys, yield* reported(sys, level), EPOLLIN, 'level-triggered: two bytes are left, and told of');
      asClaimed(sys, yield* reported(sys, edge), 0, 'edge-triggered: they stay where they are');
      yield* deliver(sys, client, 'ef');
      asClaimed(sys, yield* reported(sys, edge), EPOLLIN, 'until more comes');
      asClaimed(sys, yield* sys.read(server, 100), 'cdef', 'and then all of it is read');
    },
  }),
};

const C6: Claim = {
  id: 'C6',
  claim: 'An ET watcher can be made to report again by registering the same EPOLLIN and EPOLLOUT events once more (EPOLL_CTL_MOD).',
  verdict: 'holds',
  says: 'EPOLL_CTL_MOD asks the file for its readiness and queues the item if there is any, whatever was reported before.',
  programs: () => ({
    *main(sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      const events = EPOLLIN | EPOLLOUT | EPOLLET;
      const ep = yield* watching(sys, server, events);
      yield* deliver(sys, client, 'x');
      sys.expect(yield* reported(sys, ep), EPOLLIN | EPOLLOUT);
      asClaimed(sys, yield* reported(sys, ep), 0, 'nothing new, nothing told');
      yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, server, events);
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN | EPOLLOUT, 'after EPOLL_CTL_MOD with the same events both are told again');
      asClaimed(sys, yield* reported(sys, ep), 0, 'once');
    },
  }),
};

/** Bytes of a reply: some times the send buffer of smallPair(). */
const REPLY = 40000;

/** Writes replies as a level-triggered loop does: EPOLLOUT is registered while something is left, and then not. Sleeps while the buffer is full. */
function* levelWriter(sys: Sys, fd: number, ep: number, replies: number): Sleeps<void> {
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, 0));
  for (let i = 0; i < replies; i++) {
    let left = REPLY - Math.max(0, yield* sys.write(fd, new Uint8Array(REPLY)));
    if (left === 0) continue;
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, EPOLLOUT);
    while (left > 0) {
      yield* sys.epoll_wait(ep, 1, -1);
      left -= Math.max(0, yield* sys.write(fd, new Uint8Array(left)));
    }
    yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, fd, 0);
  }
}

/** The same edge-triggered: one registration, and a wait after each EAGAIN. Sleeps while the buffer is full. */
function* edgeWriter(sys: Sys, fd: number, ep: number, replies: number): Sleeps<void> {
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET));
  for (let i = 0; i < replies; i++) {
    for (let left = REPLY; left > 0;) {
      const ret = yield* sys.write(fd, new Uint8Array(left));
      if (ret === -EAGAIN) yield* sys.epoll_wait(ep, 1, -1);
      else left -= sys.must(ret);
    }
  }
}

/** A writer of replies, and a thread that reads them all; then the same with the other kind of writer. */
const bothWriters = (replies: number): Programs => {
  const run = (port: number, writing: typeof levelWriter): Program => function* writer(sys) {
    const [out, back] = yield* smallPair(sys, port);
    yield* sys.thread(function* reader(sys) {
      for (let left = replies * REPLY; left > 0;) left -= sys.must(yield* sys.read(back, 65536)).ret;
    });
    yield* writing(sys, out, sys.must(yield* sys.epoll_create1()), replies);
  };
  return { level: run(7001, levelWriter), edge: run(7002, edgeWriter) };
};

const C7: Claim = {
  id: 'C7',
  claim: 'ET is in theory more efficient, mainly where LT would switch EPOLLOUT on and off often.',
  verdict: 'holds with a condition',
  says: 'For replies larger than the send buffer LT takes two epoll_ctl more for each, and ET none; for replies that fit ET pays at the start of each connection and saves nothing.',
  programs: () => ({
    *main(sys) {
      const [writer, reader] = yield* smallPair(sys);
      const level = yield* watching(sys, writer, 0);
      yield* writeUntilFull(sys, writer);
      asClaimed(sys, yield* sys.epoll_ctl(level, EPOLL_CTL_MOD, writer, EPOLLOUT), 0, 'level-triggered: one call to switch EPOLLOUT on');
      yield* drain(sys, reader);
      sys.expect((yield* sys.epoll_wait(level, 8, 1000)).events[0]?.events, EPOLLOUT);
      asClaimed(sys, yield* sys.epoll_ctl(level, EPOLL_CTL_MOD, writer, 0), 0, 'and one to switch it off; the curve counts them');
      const edge = yield* watching(sys, writer, EPOLLOUT | EPOLLET);
      sys.expect(yield* sys.write(writer, 'a reply that fits'), 17);
      unlikeClaim(sys, (yield* sys.epoll_wait(edge, 8, 0)).ret, 1, 'edge-triggered, a reply that fits: there is an event of room that nobody waits for');
    },
  }),
  curve: {
    across: 'replies larger than the send buffer', sizes: [2, 8, 32], unit: 'calls',
    calls: { 'LT: epoll_ctl': 'linear', 'LT: epoll_wait': 'linear', 'ET: epoll_ctl': 'flat', 'ET: epoll_wait': 'linear' },
    counts: ({ task, row }) => `${task.comm === 'level' ? 'LT' : 'ET'}: ${row.name}`,
    programs: bothWriters,
  },
};

export const claimsC: readonly Claim[] = [C1, C2, C3, C4, C5, C6, C7];
