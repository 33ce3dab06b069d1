/**
 * Steps that the stories of claims share beside those of src/scenarios/tcp.ts: a watched descriptor and what a wait reports for it, and a
 * connection whose buffers are small, so that they can be filled.
 */

import {
  AF_INET, EAGAIN, EPOLL_CTL_ADD, F_SETFL, MSG_DONTWAIT, O_NONBLOCK, SO_RCVBUF, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, type Sleeps, type Sys,
} from '../scenario/index.js';
import { listenOn } from '../scenarios/tcp.js';

/** An epoll that watches one descriptor. Sleeps never. */
export function* watching(sys: Sys, fd: number, events: number): Sleeps<number> {
  const ep = sys.must(yield* sys.epoll_create1());
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events }));
  return ep;
}

/** What epoll_wait() reports for the only descriptor; 0: nothing, also not a moment later. Sleeps up to ten milliseconds: a segment may be on its way. */
export function* reported(sys: Sys, ep: number): Sleeps<number> {
  const { events } = yield* sys.epoll_wait(ep, 8, 10);
  return events[0]?.events ?? 0;
}

/** Writes, and waits a moment: then the segment has arrived, and all that it wakes has been woken. */
export function* deliver(sys: Sys, fd: number, text: string): Sleeps<void> {
  sys.must(yield* sys.write(fd, text));
  yield* sys.msleep(1);
}

/** A connection with small buffers: [the end that writes, non-blocking; the end that reads]. Sleeps until it stands. */
export function* smallPair(sys: Sys, port = 7000): Sleeps<readonly [number, number]> {
  const listener = yield* listenOn(sys, port);
  sys.must(yield* sys.setsockopt(listener, SOL_SOCKET, SO_SNDBUF, 16384));
  const reader = sys.must(yield* sys.socket(AF_INET, SOCK_STREAM));
  sys.must(yield* sys.setsockopt(reader, SOL_SOCKET, SO_RCVBUF, 4096));
  sys.must(yield* sys.connect(reader, { port }));
  const writer = sys.must(yield* sys.accept(listener));
  sys.must(yield* sys.close(listener));
  sys.must(yield* sys.fcntl(writer, F_SETFL, O_NONBLOCK));
  return [writer, reader];
}

/** Writes until EAGAIN. Sleeps never. @returns bytes that were taken */
export function* writeUntilFull(sys: Sys, fd: number): Sleeps<number> {
  for (let taken = 0; ; ) {
    const ret = yield* sys.write(fd, new Uint8Array(4096));
    if (ret === -EAGAIN) return taken;
    taken += sys.must(ret);
  }
}

/** Reads what is there and what comes of it. Sleeps in between, until acknowledgements have come and gone. @returns how many bytes */
export function* drain(sys: Sys, fd: number): Sleeps<number> {
  let bytes = 0;
  for (let quiet = 0; quiet < 3; ) {
    const { ret } = yield* sys.recv(fd, 65536, MSG_DONTWAIT);
    quiet = ret > 0 ? 0 : quiet + 1;
    bytes += Math.max(0, ret);
    yield* sys.msleep(50);
  }
  return bytes;
}

/** A thread writes after ten milliseconds. Sleeps never. */
export function* lateWrite(sys: Sys, fd: number, text: string): Sleeps<void> {
  yield* sys.thread(function* late(sys) {
    yield* sys.msleep(10);
    yield* sys.write(fd, text);
  });
}

/**
 * epoll_wait stands in its scan, since the page for its first event is not there; then a second pipe is written to, and the page comes in.
 * Sleeps until then. @returns how many events that wait and the next one return; the bytes are left unread
 */
export function* duringScan(sys: Sys, mask: number): Sleeps<{ readonly first: number; readonly next: number }> {
  const [r, w] = yield* sys.pipe();
  const [r2, w2] = yield* sys.pipe();
  const ep = yield* watching(sys, r, mask);
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r2, { events: mask }));
  yield* sys.write(w, 'x');
  const buffer = sys.absentMemory(2 * 12);
  yield* sys.thread(function* late(sys) {
    yield* sys.msleep(10);
    yield* sys.write(w2, 'y');
    sys.pageIn(buffer);
  });
  const first = (yield* sys.epoll_wait(ep, 2, -1, buffer)).ret;
  return { first, next: (yield* sys.epoll_wait(ep, 2, 0)).ret };
}
