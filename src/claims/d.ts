/**
 * Claims D1 and D2: the listening descriptor, edge- and level-triggered.
 */

import { EAGAIN, EPOLLET, EPOLLIN, SOCK_NONBLOCK, type Sleeps, type Sys } from '../scenario/index.js';
import { connectTo, listenOn } from '../scenarios/tcp.js';
import { asClaimed, type Claim, unlikeClaim } from './claim.js';
import { reported, watching } from './steps.js';

/** So many connections, one after the other. Sleeps until they stand in the queue. */
function* connections(sys: Sys, count: number): Sleeps<void> {
  for (let i = 0; i < count; i++) yield* connectTo(sys, 7000);
  yield* sys.msleep(1);
}

const D1: Claim = {
  id: 'D1',
  claim: 'Several connections arrive at once at an ET listening descriptor; with one accept per event only one is taken, the others wait until another connection arrives, and may time out by then.',
  verdict: 'holds with a condition',
  says: 'They wait in the queue until somebody accepts, and the kernel drops none of them for that: they are established, and only the patience of the client can run out.',
  programs: () => ({
    *main(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const ep = yield* watching(sys, listener, EPOLLIN | EPOLLET);
      yield* connections(sys, 3);
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'three connections, one event');
      sys.must(yield* sys.accept(listener));
      asClaimed(sys, yield* reported(sys, ep), 0, 'two are left, and nothing is told');
      yield* sys.msleep(600_000);
      yield* connections(sys, 1);
      asClaimed(sys, yield* reported(sys, ep), EPOLLIN, 'until another one arrives');
      for (let i = 0; i < 3; i++) unlikeClaim(sys, (yield* sys.accept(listener)) > 0, true, 'all are there after ten minutes');
    },
  }),
};

const D2: Claim = {
  id: 'D2',
  claim: 'A listening descriptor is best level-triggered, or edge-triggered with accept in a loop until the queue is empty.',
  verdict: 'holds',
  says: 'Both take every connection: level-triggered one accept an event will do, edge-triggered the loop ends at EAGAIN.',
  programs: () => ({
    *main(sys) {
      const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
      const level = yield* watching(sys, listener, EPOLLIN);
      yield* connections(sys, 2);
      for (let i = 0; i < 2; i++) {
        asClaimed(sys, yield* reported(sys, level), EPOLLIN, 'level-triggered: told as long as one waits');
        sys.must(yield* sys.accept(listener));
      }
      asClaimed(sys, yield* reported(sys, level), 0, 'and no longer');
      const edge = yield* watching(sys, listener, EPOLLIN | EPOLLET);
      yield* connections(sys, 2);
      sys.expect(yield* reported(sys, edge), EPOLLIN);
      for (let i = 0; i < 2; i++) sys.must(yield* sys.accept(listener));
      asClaimed(sys, yield* sys.accept(listener), -EAGAIN, 'edge-triggered: EAGAIN ends the loop, and both have been taken');
    },
  }),
};

export const claimsD: readonly Claim[] = [D1, D2];
