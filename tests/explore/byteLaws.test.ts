/** The two laws about bytes: what was written is read, and what a client sends comes back. */

import { everyByteComesBack, noByteLost } from '../../src/explore/index.js';
import { AF_UNIX, type Program, type Programs, SHUT_WR, SOCK_STREAM } from '../../src/scenario/index.js';
import { connectTo, listenOn } from '../../src/scenarios/tcp.js';
import { accused, accusedOfAny } from './support.js';

const main = (program: Program): (() => Programs) => () => ({ main: program });

describe('no-byte-lost', () => {
  const through = (make: 'pipe' | 'socketpair', read: number): Program => function* (sys) {
    const [r, w] = sys.must(make === 'pipe' ? yield* sys.pipe() : yield* sys.socketpair(AF_UNIX, SOCK_STREAM));
    yield* sys.write(w, 'abc');
    yield* sys.writev(w, ['d', 'ef']);
    yield* sys.readv(r, [new Uint8Array(2), new Uint8Array(read - 2)]);
  };

  test.each(['pipe', 'socketpair'] as const)('bytes that stay in a %s', (make) => {
    expect(accused(noByteLost(), main(through(make, 4)))).toMatch(/^stream (pipe|unix) \d+: 6 bytes were written, and main read 4 of them$/);
    expect(accusedOfAny(noByteLost(), main(through(make, 6)))).toBeNull();
  });

  const tcp = (drains: boolean): (() => Programs) => () => ({
    *server(sys) {
      const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 7000)));
      yield* sys.read(fd, 2);
      while (drains && (yield* sys.read(fd, 2)).ret > 0);
      yield* sys.close(fd);
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      yield* sys.write(fd, 'abc');
      yield* sys.close(fd);
    },
  });

  test('a connection that is closed before it is drained', () => {
    expect(accused(noByteLost(), tcp(false))).toMatch(/^stream 127\.0\.0\.1:\d+ > 127\.0\.0\.1:7000: 3 bytes were written, and server read 2 of them$/);
    expect(accusedOfAny(noByteLost(), tcp(true))).toBeNull();
  });

  test('losses of others are not looked at', () => {
    expect(accused(noByteLost('client'), tcp(false))).toBeNull();
    expect(accused(noByteLost('client', 'server'), tcp(false))).toContain('server read 2');
  });

  test('what nobody has read from is always looked at', () => {
    expect(accused(noByteLost('client'), main(function* (sys) {
      const [, w] = sys.must(yield* sys.pipe());
      yield* sys.write(w, 'x');
    }))).toContain('nobody read 0 of them');
  });

  test('two writers of one pipe: the order is not known from outside, the number is', () => {
    expect(accusedOfAny(noByteLost(), main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      yield* sys.thread(function* other(sys) { yield* sys.write(w, 'a'.repeat(6000)); });
      yield* sys.write(w, 'b'.repeat(6000));
      for (let got = 0; got < 12000; ) got += (yield* sys.read(r, 5000)).ret;
    }))).toBeNull();
  });

  test('a write that never ends may have put in any part', () => {
    expect(accusedOfAny(noByteLost(), main(function* (sys) {
      const [r, w] = sys.must(yield* sys.pipe());
      yield* sys.fork(function* child(sys) {
        yield* sys.close(r);
        yield* sys.write(w, new Uint8Array(100_000));
      });
      yield* sys.msleep(1);
      for (let got = 0; got < 65536; ) got += (yield* sys.read(r, 4096)).ret;
      yield* sys.kill(2, 9);
      while ((yield* sys.poll([{ fd: r, events: 1 }], 0)).ret > 0) yield* sys.read(r, 4096);
    }), 5)).toBeNull();
  });
});

describe('every-byte-comes-back', () => {
  const talk = (answer: (text: string) => string, client: 'reads' | 'leaves' = 'reads'): (() => Programs) => () => ({
    *server(sys) {
      const fd = sys.must(yield* sys.accept(yield* listenOn(sys, 7000)));
      const { text } = yield* sys.read(fd, 9);
      if (answer(text) !== '') yield* sys.send(fd, answer(text));
      yield* sys.close(fd);
    },
    *client(sys) {
      yield* sys.msleep(1);
      const fd = yield* connectTo(sys, 7000);
      yield* sys.write(fd, 'abc');
      if (client === 'leaves') return void (yield* sys.close(fd));
      yield* sys.shutdown(fd, SHUT_WR);
      while ((yield* sys.read(fd, 9)).ret > 0);
    },
  });

  test.each([
    ['swapped', 'acb', 'client(2) sent "abc" and got back "acb"'],
    ['doubled', 'abcc', 'client(2) sent "abc" and got back "abcc"'],
    ['missing', 'ab', 'client(2) sent "abc" and got back only "ab": then came the end'],
    ['all missing', '', 'client(2) sent "abc" and got back only "": then came the end'],
  ])('a byte is %s', (_, answer, message) => {
    expect(accused(everyByteComesBack(), talk(() => answer))).toBe(message);
  });

  test('an echo is accused of nothing', () => {
    expect(accusedOfAny(everyByteComesBack(), talk((text) => text))).toBeNull();
  });

  test('a client that leaves is not owed the rest', () => {
    expect(accusedOfAny(everyByteComesBack(), talk(() => 'a', 'leaves'))).toBeNull();
  });

  test('a client that waits for ever is', () => {
    expect(accused(everyByteComesBack(), () => ({
      *server(sys) {
        sys.must(yield* sys.accept(yield* listenOn(sys, 7000)));
        yield* sys.pause();
      },
      *client(sys) {
        yield* sys.msleep(1);
        const fd = yield* connectTo(sys, 7000);
        yield* sys.write(fd, 'abc');
        yield* sys.read(fd, 9);
      },
    }))).toBe('client(2) sent "abc" and got back only "": and no more will come');
  });

  test('other answers than an echo have their own function', () => {
    const twice = everyByteComesBack((sent) => Uint8Array.from([...sent, ...sent]));
    expect(accusedOfAny(twice, talk((text) => text + text))).toBeNull();
    expect(accused(twice, talk((text) => text))).toContain('got back only "abc"');
  });
});
