/**
 * Steps that the stories of claims share beside those of src/scenarios/tcp.ts: a watched descriptor, and the bits that a wait reports for it.
 */

import { EPOLL_CTL_ADD, type Sleeps, type Sys } from '../scenario/index.js';

/** An epoll that watches one descriptor. Sleeps never. */
export function* watching(sys: Sys, fd: number, events: number): Sleeps<number> {
  const ep = sys.must(yield* sys.epoll_create1());
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events }));
  return ep;
}

/** What epoll_wait() with timeout 0 reports for the only descriptor; 0: nothing. Sleeps never. */
export function* reported(sys: Sys, ep: number): Sleeps<number> {
  const { events } = yield* sys.epoll_wait(ep, 8, 0);
  return events[0]?.events ?? 0;
}
