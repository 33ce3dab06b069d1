/** The event loop: dispatch, timers, work from other threads, and the cases in which a handler changes what the loop is looking at. */

import { EPOLLIN, POLLIN, SOCK_NONBLOCK, SOCK_STREAM, type Sleeps } from '../../src/scenario/index.js';
import { Channel, EventLoop, FD_SETSIZE, pollerNamed, READABLE, ReactorError, SelectPoller, WRITABLE } from '../../src/reactor/index.js';
import { loopProgram, POLLERS, runAll } from './run.js';

const AF_UNIX = 1;

describe.each(POLLERS)('%s', (poller) => {
  test('a handler is called while its descriptor is readable, and not after its channel was taken off', () => {
    const calls: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const [r, w] = yield* sys.pipe();
        const channel = new Channel(r, function* () {
          const { text } = yield* sys.read(r, 1);
          calls.push(text);
          if (text === 'a') yield* sys.write(w, 'b');
          if (text !== 'b') return;
          yield* loop.unwatch(channel);
          yield* sys.write(w, 'c');
          loop.runAfter(1, () => loop.quit());
        });
        yield* loop.watch(channel, READABLE);
        yield* sys.write(w, 'a');
      }),
    });
    expect(calls).toEqual(['a', 'b']);
  });

  test('a channel that a handler takes off in the same turn is not dispatched any more', () => {
    const calls: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const pipes = [yield* sys.pipe(), yield* sys.pipe()];
        const channels: Channel[] = pipes.map(([r], at) => new Channel(r, function* () {
          calls.push(`pipe ${at}`);
          yield* loop.unwatch(channels[0]!);
          yield* loop.unwatch(channels[1]!);
          yield* loop.quit();
        }));
        for (const channel of channels) yield* loop.watch(channel, READABLE);
        for (const [, w] of pipes) yield* sys.write(w, 'x');
      }),
    });
    expect(calls).toHaveLength(1);
  });

  test('a number that is closed and used again within a turn does not get the events of the old descriptor', () => {
    const calls: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const [first, second] = [yield* sys.pipe(), yield* sys.pipe()];
        const old = new Channel(second[0], () => void calls.push('old'));
        const closer = new Channel(first[0], function* () {
          yield* sys.read(first[0], 1);
          yield* loop.unwatch(old);
          yield* sys.close(second[0]);
          const reused = yield* sys.eventfd(0);
          sys.expect(reused, second[0], 'the lowest number is used again');
          yield* loop.watch(new Channel(reused, () => void calls.push('new')), READABLE);
          loop.runAfter(5, () => loop.quit());
        });
        yield* loop.watch(closer, READABLE);
        yield* loop.watch(old, READABLE);
        yield* sys.write(first[1], 'x');
        yield* sys.write(second[1], 'x');
      }),
    });
    // Level-triggered pollers may have told of the old one first; the new one is never ready.
    expect(calls).not.toContain('new');
  });

  test('a handler that must not be told any more is not: interest is per direction', () => {
    const calls: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
        const channel = new Channel(a, function* () {
          calls.push('readable');
          yield* sys.read(a, 100);
          yield* loop.watch(channel, WRITABLE);
        }, function* () {
          calls.push('writable');
          yield* loop.unwatch(channel);
          yield* loop.quit();
        });
        yield* loop.watch(channel, READABLE);
        yield* sys.write(b, 'x');
      }),
    });
    expect(calls).toEqual(['readable', 'writable']);
  });

  test('a hang-up is told to whoever wants to read', () => {
    let end = -1;
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const [r, w] = yield* sys.pipe();
        const channel = new Channel(r, function* () {
          end = (yield* sys.read(r, 1)).ret;
          yield* loop.unwatch(channel);
          yield* loop.quit();
        });
        yield* loop.watch(channel, READABLE);
        yield* sys.close(w);
      }),
    });
    expect(end).toBe(0);
  });

  test('timers fire in order of time, those of one instant in the order of making; a cancelled one never does', () => {
    const fired: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const note = (what: string) => () => void fired.push(`${what}@${sys.nowNs / 1e6}`);
        loop.runAfter(30, note('c'));
        loop.runAfter(10, note('a'));
        loop.runAfter(10, note('b'));
        const never = loop.runAfter(20, note('never'));
        loop.runAfter(10, () => loop.cancel(never));
        const every = loop.runEvery(7, note('tick'));
        loop.runAfter(22, () => loop.cancel(every));
        loop.runAfter(40, () => loop.quit());
      }),
    });
    expect(fired).toEqual(['tick@7', 'a@10', 'b@10', 'tick@14', 'tick@21', 'c@30']);
  });

  test('a wait is rounded up to whole milliseconds, so the loop does not spin through the last one (M-22)', () => {
    let waits = 0;
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        yield* sys.nanosleep(300_000);
        loop.runAfter(2.4, () => {
          waits = loop.waits;
          return loop.quit();
        });
      }),
    });
    expect(waits).toBe(1);
  });

  test('work queued by another thread is done in the thread of the loop, which is woken for it', () => {
    const seen: number[] = [];
    let loopTid = 0;
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        loopTid = sys.tid;
        sys.must(yield* sys.thread(function* other(sys) {
          yield* sys.msleep(5);
          yield* loop.runInLoop(() => void seen.push(sys.tid));
          yield* loop.quit();
        }));
      }),
    });
    expect(seen).toEqual([loopTid]);
  });

  test('no work is lost under any of 100 schedules: the queue and the wait do not miss each other', () => {
    for (let seed = 1; seed <= 100; seed++) {
      let done = 0;
      runAll({
        main: loopProgram(poller, function* (loop, sys) {
          for (let i = 0; i < 3; i++) {
            sys.must(yield* sys.thread(function* other() {
              yield* loop.queue(function* () {
                if (++done === 3) yield* loop.quit();
              });
            }));
          }
        }),
      }, { seed, log: 0 });
      expect({ seed, done }).toEqual({ seed, done: 3 });
    }
  });

  test('work that queues work lets the descriptors have their turn in between', () => {
    const order: string[] = [];
    runAll({
      main: loopProgram(poller, function* (loop, sys) {
        const [r, w] = yield* sys.pipe();
        const channel = new Channel(r, function* () {
          order.push('readable');
          yield* sys.read(r, 1);
        });
        yield* loop.watch(channel, READABLE);
        const again = function* (n: number): Sleeps<void> {
          order.push(`work ${n}`);
          if (n === 1) yield* sys.write(w, 'x');
          yield* n === 3 ? loop.quit() : loop.queue(() => again(n + 1));
        };
        yield* loop.queue(() => again(1));
      }),
    });
    expect(order).toEqual(['work 1', 'readable', 'work 2', 'work 3']);
  });
});

test('a descriptor from FD_SETSIZE on cannot be watched by select, and that is said (A2)', () => {
  runAll({
    *main(sys) {
      const loop = new EventLoop(sys, new SelectPoller(sys));
      yield* sys.setNofileLimit(2000);
      yield* loop.open();
      const [r] = yield* sys.pipe();
      yield* sys.dup2(r, FD_SETSIZE);
      let message = '';
      try {
        yield* loop.watch(new Channel(FD_SETSIZE, null), READABLE);
      } catch (error) {
        expect(error).toBeInstanceOf(ReactorError);
        message = (error as Error).message;
      }
      sys.expect(message, 'descriptor 1024 does not fit into an fd_set of 1024 bits; use the poll or the epoll poller');
      sys.expect((yield* sys.poll([{ fd: FD_SETSIZE, events: POLLIN }], 0)).ret, 0, 'poll takes it');
    },
  });
});

test('the epoll poller makes room when a wait fills it, and tells of all', () => {
  runAll({
    *main(sys) {
      const loop = new EventLoop(sys, pollerNamed(sys, 'epoll-et'));
      yield* loop.open();
      let told = 0;
      for (let i = 0; i < 50; i++) {
        const fd = yield* sys.eventfd(1);
        yield* loop.watch(new Channel(fd, () => void told++), READABLE);
      }
      while (told < 50) yield* loop.turn();
      sys.expect(loop.waits, (n: unknown) => Number(n) <= 3, 'the room doubles: 16, 32, 64');
      sys.expect(EPOLLIN, 1);
      yield* loop.close();
    },
  });
});
