/** Blocking reads, writes and polls under many schedules: all data arrives, in order, and nobody sleeps for ever. */

import { Seeded } from '../../src/kernel/decisions.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import type { Sleeps } from '../../src/kernel/point.js';
import { Trace } from '../../src/kernel/trace.js';
import { get_user_u32 } from '../../src/kernel/uaccess.js';
import { EPOLLIN as IN, EPOLLOUT as OUT } from '../../src/kernel/uapi.js';
import { mem, simulate, sys } from '../kit.js';
import { add, close, eventfd, pipe, po, readn, take, thread, write } from './calls.js';

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed + 1);

function* sockets(k: Kernel): Sleeps<[number, number]> {
  const fds = mem(8);
  yield* sys(k, 'socketpair', 1, 1, 0, fds);
  return [get_user_u32(fds, 1 * 4)!, get_user_u32(fds, 0)!];
}

/** Runs `program` on 60 schedules that stop at every point, with a trace whose entries and leaves must match. */
function everySchedule<T>(program: (k: Kernel) => Sleeps<T>, expected: T): void {
  for (const seed of SEEDS) {
    const got = simulate(function* (k) {
      k.trace = new Trace(k, 1024);
      return yield* program(k);
    }, { preempt: 'all', decisions: new Seeded(seed) });
    expect({ seed, got }).toEqual({ seed, got: expected });
  }
}

describe.each([['a pipe', pipe], ['a Unix stream', sockets]] as const)('%s', (_name, make) => {
  test('two writers and two readers: every byte arrives once, and the readers see the end', () => {
    everySchedule(function* (k) {
      const [r, w] = yield* make(k);
      let sent = 0;
      let got = 0;
      let done = 0;
      for (const name of ['w1', 'w2']) {
        thread(k, name, function* () {
          for (let i = 0; i < 4; i++) {
            const n = yield* write(k, w, 150000);
            sent += n;
          }
          if (++done === 2) yield* close(k, w);
        });
      }
      const reader = function* (): Sleeps<void> {
        for (;;) {
          const n = yield* readn(k, r, 40000);
          if (n <= 0) return;
          got += n;
        }
      };
      let other = false;
      thread(k, 'r2', function* () {
        yield* reader();
        other = true;
      });
      yield* reader();
      while (!other) yield* sys(k, 'poll', null, 0, 1);
      return [sent, got];
    }, [1200000, 1200000]);
  });

  test('poll never misses what a writer does, nor the room that a reader makes', () => {
    everySchedule(function* (k) {
      const [r, w] = yield* make(k);
      let got = 0;
      thread(k, 'writer', function* () {
        for (let i = 0; i < 40; i++) {
          if ((yield* po(k, w, OUT, -1))[1] !== OUT) return;
          yield* write(k, w, 4096);
        }
        yield* close(k, w);
      });
      for (;;) {
        yield* po(k, r, IN, -1);
        const n = yield* readn(k, r, 65536);
        if (n === 0) return got;
        got += n;
      }
    }, 40 * 4096);
  });
});

test('an eventfd passes a sum, whoever runs when', () => {
  everySchedule(function* (k) {
    const fd = yield* eventfd(k, 0, 0);
    for (const name of ['a', 'b', 'c']) {
      thread(k, name, function* () {
        for (let i = 0; i < 5; i++) yield* add(k, fd, 1n);
      });
    }
    let sum = 0n;
    while (sum < 15n) sum += BigInt(yield* take(k, fd));
    return sum;
  }, 15n);
});
