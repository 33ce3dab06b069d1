/**
 * Each law accuses a program that breaks it, in words that help, and says nothing about programs that keep it, whatever the schedule. That it
 * says nothing about whole event loops is tested with the programs under test.
 */

import {
  acceptBalance, everybodyEnds, type Law, loopLaws, noClosedHandle, noDeathBySigpipe, noLeak, noLostEvent, noSleepOnReady, noSpin, noStaleEvent, noStarvation,
} from '../../src/explore/index.js';
import * as laws from '../../src/explore/laws/index.js';
import {
  AF_UNIX, EFD_NONBLOCK, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLET, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP, MSG_NOSIGNAL, O_NONBLOCK, type Program,
  type Programs, SHUT_WR, SIG_IGN, SIGPIPE, type Sleeps, SOCK_NONBLOCK, SOCK_STREAM, type Sys,
} from '../../src/scenario/index.js';
import { connectedPair, connectTo, listenOn } from '../../src/scenarios/tcp.js';
import { accused, accusedOfAny, judge } from './support.js';

const main = (program: Program): (() => Programs) => () => ({ main: program });

/** An epoll that watches one descriptor. */
function* watching(sys: Sys, fd: number, events: number) {
  const ep = sys.must(yield* sys.epoll_create1());
  sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, { events }));
  return ep;
}

test.each(Object.values(laws).flatMap((value) => (typeof value === 'object' && 'forbids' in value ? [value] : [])))('$name says in one sentence what it forbids', (law: Law) => {
  expect(law.name).toMatch(/^[a-z]+(-[a-z]+)+$/);
  expect(law.forbids).toMatch(/^[A-Z][^.]+\.$/);
});

test('the laws of loops have names of their own', () => {
  expect(new Set(loopLaws.map(({ name }) => name)).size).toBe(loopLaws.length);
});

describe('no-lost-event', () => {
  const waitAgain = (events: number, between: (sys: Sys, r: number, ep: number) => Sleeps<unknown> | null): Program => function* (sys) {
    const [r, w] = sys.must(yield* sys.pipe2(O_NONBLOCK));
    const ep = yield* watching(sys, r, events);
    yield* sys.write(w, 'ab');
    yield* sys.epoll_wait(ep, 1, -1);
    const work = between(sys, r, ep);
    if (work !== null) yield* work;
    yield* sys.epoll_wait(ep, 1, -1);
  };

  test('an edge that was told and data that was left', () => {
    expect(accused(noLostEvent, main(waitAgain(EPOLLIN | EPOLLET, (sys, r) => sys.read(r, 1))))).toMatch(/^main\(1\) sleeps in epoll_wait for ever, but descriptor 3 has EPOLLIN: its edge/);
  });

  test('a one-shot that was not armed again', () => {
    expect(accused(noLostEvent, main(waitAgain(EPOLLIN | EPOLLONESHOT, () => null)))).toContain('EPOLLONESHOT item has fired and was not armed again');
  });

  test('nothing is lost when everything was read', () => {
    expect(accusedOfAny(noLostEvent, main(waitAgain(EPOLLIN | EPOLLET, (sys, r) => sys.read(r, 9))))).toBeNull();
  });

  test('an end that was read is no news, and neither is room to write', () => {
    expect(accusedOfAny(noLostEvent, main(function* (sys) {
      const [a, b] = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK));
      const ep = yield* watching(sys, a, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
      yield* sys.shutdown(b, SHUT_WR);
      yield* sys.epoll_wait(ep, 1, -1);
      yield* sys.read(a, 1);
      yield* sys.epoll_wait(ep, 1, -1);
    }))).toBeNull();
  });

  test('a descriptor in an inner epoll counts for who waits on the outer one', () => {
    expect(accused(noLostEvent, main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const inner = yield* watching(sys, r, EPOLLIN | EPOLLET);
      const outer = yield* watching(sys, inner, EPOLLIN | EPOLLET);
      yield* sys.write(w, 'x');
      yield* sys.epoll_wait(outer, 1, -1);
      yield* sys.epoll_wait(outer, 1, -1);
    }))).toContain('descriptor 3 has EPOLLIN');
  });

  test('who sleeps elsewhere has lost nothing', () => {
    expect(accused(noLostEvent, main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      yield* watching(sys, r, EPOLLIN | EPOLLET);
      yield* sys.write(w, 'x');
      yield* sys.pause();
    }))).toBeNull();
  });
});

describe('no-spin', () => {
  const waits = (n: number, work: (sys: Sys, r: number) => Sleeps<unknown> | null): Program => function* (sys) {
    const [r, w] = sys.must(yield* sys.pipe2(O_NONBLOCK));
    const ep = yield* watching(sys, r, EPOLLIN);
    yield* sys.write(w, 'x'.repeat(40));
    for (let i = 0; i < n; i++) {
      yield* sys.epoll_wait(ep, 1, -1);
      const step = work(sys, r);
      if (step !== null) yield* step;
    }
  };

  test('waits that are answered at once and lead to nothing', () => {
    expect(accused(noSpin(16), main(waits(40, () => null)))).toBe('main(1) made 17 calls of epoll_wait in a row without sleeping and without getting anything done');
    expect(accused(noSpin(16), main(waits(16, () => null)))).toBeNull();
    expect(accused(noSpin(3), main(waits(4, () => null)))).toContain('4 calls');
  });

  test('reads that get data are progress', () => {
    expect(accusedOfAny(noSpin(4), main(waits(40, (sys, r) => sys.read(r, 1))))).toBeNull();
  });

  test('reading the same end of file again is none, and neither is EAGAIN', () => {
    expect(accused(noSpin(4), main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.close(w);
      for (let i = 0; i < 9; i++) {
        yield* sys.epoll_wait(ep, 1, -1);
        yield* sys.read(r, 1);
      }
    }))).toContain('without getting anything done');
  });

  test('waits that sleep are no spin, even when nobody gets on', () => {
    expect(accusedOfAny(noSpin(4), main(function* (sys) {
      const [r] = sys.must(yield* sys.pipe());
      const ep = yield* watching(sys, r, EPOLLIN);
      for (let i = 0; i < 9; i++) yield* sys.epoll_wait(ep, 1, 1);
    }))).toBeNull();
  });

  test('poll and select are waits too', () => {
    expect(accused(noSpin(4), main(function* (sys) { for (let i = 0; i < 9; i++) yield* sys.poll([], 0); }))).toContain('calls of poll');
    expect(accused(noSpin(4), main(function* (sys) { for (let i = 0; i < 9; i++) yield* sys.select(0, {}, 0); }))).toContain('calls of select');
  });
});

describe('no-starvation', () => {
  const two = (serve: 'both' | 'first', greedy = 1): Program => function* (sys) {
    const ep = sys.must(yield* sys.epoll_create1());
    const ends = [sys.must(yield* sys.pipe2(O_NONBLOCK)), sys.must(yield* sys.pipe2(O_NONBLOCK))];
    for (const [r, w] of ends) {
      sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN }));
      yield* sys.write(w, 'x'.repeat(60));
    }
    for (let i = 0; i < 20; i++) {
      for (const { data } of (yield* sys.epoll_wait(ep, 8, -1)).events) {
        if (serve === 'first' && data !== ends[0]![0]) continue;
        for (let n = 0; n < greedy; n++) yield* sys.read(data, 1);
      }
    }
  };

  test('a descriptor that has news for many waits and is passed over', () => {
    expect(accused(noStarvation({ waits: 8 }), main(two('first')))).toBe('descriptor 6 has had news for 9 waits of main(1), and nobody served it');
  });

  test('a descriptor that waits while another one is worked on for long', () => {
    expect(accused(noStarvation({ calls: 30 }), main(two('both', 50)))).toMatch(/^descriptor 6 has had news while main\(1\) made 31 calls on others$/);
  });

  test('in turn nobody starves', () => {
    expect(accusedOfAny(noStarvation({ waits: 2, calls: 4 }), main(two('both')))).toBeNull();
  });

  test('a one-shot item that one thread works on does not starve', () => {
    expect(accusedOfAny(noStarvation({ waits: 2 }), main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const ep = yield* watching(sys, r, EPOLLIN | EPOLLONESHOT);
      yield* sys.write(w, 'x');
      for (let i = 0; i < 9; i++) yield* sys.epoll_wait(ep, 1, 1);
      yield* sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, { events: EPOLLIN });
      yield* sys.read(r, 1);
    }))).toBeNull();
  });
});

describe('no-event-for-closed-handle', () => {
  const program = (remove: boolean): Program => function* (sys) {
    const [r, w] = sys.must(yield* sys.pipe());
    const ep = yield* watching(sys, r, EPOLLIN);
    yield* sys.dup(r);
    if (remove) yield* sys.epoll_ctl(ep, EPOLL_CTL_DEL, r);
    yield* sys.close(r);
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 1, 0);
  };

  test('a closed number whose file a duplicate keeps alive', () => {
    expect(accused(noClosedHandle, main(program(false)))).toBe('main(1) was told EPOLLIN of descriptor 3, which it had closed: the open file lives on, and so does its item');
  });

  test('removed before it is closed, it is silent', () => {
    expect(accusedOfAny(noClosedHandle, main(program(true)))).toBeNull();
  });

  test('dup2() over the number closes it too', () => {
    expect(accused(noClosedHandle, main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.dup(r);
      yield* sys.dup2(w, r);
      yield* sys.write(w, 'x');
      yield* sys.epoll_wait(ep, 1, 0);
    }))).toContain('descriptor 3, which it had closed');
  });

  test('a close in the middle of the wait is a race, not this', () => {
    expect(accused(noClosedHandle, main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      yield* sys.dup(r);
      const ep = yield* watching(sys, r, EPOLLIN);
      yield* sys.thread(function* other(sys) {
        yield* sys.msleep(1);
        yield* sys.close(r);
        yield* sys.write(w, 'x');
      });
      yield* sys.epoll_wait(ep, 1, -1);
    }))).toBeNull();
  });
});

describe('no-stale-event', () => {
  const program = (data: 'number' | 'generation', work: (sys: Sys, fd: number) => Sleeps<unknown>): Program => function* (sys) {
    const [r, w] = sys.must(yield* sys.pipe2(O_NONBLOCK));
    const ep = sys.must(yield* sys.epoll_create1());
    sys.must(yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, { events: EPOLLIN, data: data === 'number' ? r : r + 2 ** 32 }));
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 1, -1);
    yield* work(sys, r);
    yield* sys.read(r, 1);
  };
  const reopen = function* (sys: Sys, fd: number) {
    yield* sys.close(fd);
    return yield* sys.eventfd(0, EFD_NONBLOCK);
  };

  test('a read of a number that was closed in between', () => {
    expect(accused(noStaleEvent, main(program('number', (sys, fd) => sys.close(fd))))).toBe('main(1) calls read(3) for an event of a file that the number 3 does not mean any more: it is closed');
  });

  test('a read of a number that is something else by now', () => {
    expect(accused(noStaleEvent, main(program('number', reopen)))).toContain('it is another file now');
  });

  test('whoever carries a generation in the data can tell', () => {
    expect(accusedOfAny(noStaleEvent, main(program('generation', reopen)))).toBeNull();
  });

  test('the same number of the same file is fine', () => {
    expect(accusedOfAny(noStaleEvent, main(program('number', (sys) => sys.msleep(1))))).toBeNull();
  });

  test('after the next wait the number is anybody\'s', () => {
    expect(accused(noStaleEvent, main(program('number', function* (sys, fd) {
      yield* reopen(sys, fd);
      return (yield* sys.epoll_wait(fd + 2, 1, 0)).ret;
    })))).toBeNull();
  });
});

describe('no-sleep-on-ready', () => {
  const reads = (flags: number): Program => function* (sys) {
    const [r, w] = sys.must(yield* sys.pipe2(flags));
    const ep = yield* watching(sys, r, EPOLLIN);
    yield* sys.write(w, 'x');
    yield* sys.epoll_wait(ep, 1, -1);
    yield* sys.read(r, 1);
    yield* sys.read(r, 1);
  };

  test('a second read of a blocking descriptor after one event', () => {
    expect(accused(noSleepOnReady, main(reads(0)))).toBe('main(1) sleeps in read(3), of which epoll_wait had told it EPOLLIN');
  });

  test('a non-blocking one answers EAGAIN', () => {
    expect(accusedOfAny(noSleepOnReady, main(reads(O_NONBLOCK)))).toBeNull();
  });

  test('waiting for the lock of a socket is no sleep on it', () => {
    expect(accusedOfAny(noSleepOnReady, () => ({
      *server(sys) {
        const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
        const ep = yield* watching(sys, listener, EPOLLIN);
        yield* sys.epoll_wait(ep, 1, -1);
        yield* sys.accept(listener);
      },
      *client(sys) {
        yield* sys.msleep(1);
        yield* connectTo(sys, 7000);
      },
    }), 60)).toBeNull();
  });

  test('told that it can be read, and asleep in a write: that was not said', () => {
    expect(accused(noSleepOnReady, main(function* (sys) {
      const [a, b] = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM));
      const ep = yield* watching(sys, a, EPOLLIN);
      yield* sys.write(b, 'x');
      yield* sys.epoll_wait(ep, 1, -1);
      yield* sys.write(a, new Uint8Array(1e6));
    }))).toBeNull();
  });
});

describe('no-death-by-sigpipe', () => {
  const writes = (how: 'plain' | 'ignored' | 'flag'): Program => function* (sys) {
    const [a, b] = sys.must(yield* sys.socketpair(AF_UNIX, SOCK_STREAM));
    if (how === 'ignored') yield* sys.sigaction(SIGPIPE, SIG_IGN);
    yield* sys.close(b);
    yield* sys.send(a, 'x', how === 'flag' ? MSG_NOSIGNAL : 0);
  };

  test('a write to nobody', () => {
    expect(accused(noDeathBySigpipe, main(writes('plain')))).toContain('main(1) was killed by SIGPIPE');
  });

  test.each(['ignored', 'flag'] as const)('%s: nobody dies', (how) => {
    expect(accusedOfAny(noDeathBySigpipe, main(writes(how)))).toBeNull();
  });
});

describe('no-leak', () => {
  const server = (closes: boolean): (() => Programs) => () => ({
    *server(sys) {
      const listener = yield* listenOn(sys, 7000);
      for (;;) {
        const fd = sys.must(yield* sys.accept(listener));
        yield* sys.read(fd, 1);
        if (closes) yield* sys.close(fd);
      }
    },
    *client(sys) {
      yield* sys.msleep(1);
      yield* sys.close(yield* connectTo(sys, 7000));
    },
  });

  test('a connection in CLOSE_WAIT that nobody closes', () => {
    expect(accused(noLeak, server(false))).toBe('server(1) sleeps for ever with open descriptors of connections that are over: 4 (CLOSE_WAIT)');
  });

  test('a connection that is closed', () => {
    expect(accusedOfAny(noLeak, server(true))).toBeNull();
  });

  test('a server that ends with one open', () => {
    expect(accused(noLeak, main(function* (sys) {
      const [server, client] = yield* connectedPair(sys, 7000);
      yield* sys.close(client);
      yield* sys.read(server, 1);
    }))).toContain('main(1) ends with open descriptors');
  });

  test('open connections whose other side is there too are no leak', () => {
    expect(accusedOfAny(noLeak, main(function* (sys) {
      yield* connectedPair(sys, 7000);
      yield* sys.pause();
    }))).toBeNull();
  });
});

describe('everybody-ends', () => {
  const programs = (): Programs => ({
    *server(sys) { yield* sys.pause(); },
    *client(sys) { yield* sys.msleep(1); },
  });

  test('names who sleeps for ever', () => {
    expect(accused(everybodyEnds(), programs)).toBe('server(1) sleeps for ever: nobody is left who could wake it');
  });

  test('looks only at those whom it is told to', () => {
    expect(accusedOfAny(everybodyEnds('client'), programs)).toBeNull();
    expect(accused(everybodyEnds('client', 'server'), programs)).toContain('server(1)');
  });
});

describe('accept-balance', () => {
  test('says who got how many, and accuses nobody', () => {
    const { violation, reports } = judge(acceptBalance, () => ({
      *server(sys) {
        const listener = yield* listenOn(sys, 7000, SOCK_NONBLOCK);
        yield* sys.msleep(2);
        yield* sys.accept(listener);
        yield* sys.accept(listener);
      },
      *client(sys) {
        yield* sys.msleep(1);
        yield* connectTo(sys, 7000);
      },
    }));
    expect({ violation, reports }).toEqual({ violation: null, reports: ['server(1) accepted 1, and 1 times in vain'] });
  });
});
