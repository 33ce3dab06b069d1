/** Expectations: what counts as equal, and how a failure reads. */

import { EAGAIN, EPOLL_CTL_ADD, EPOLLHUP, EPOLLIN, EPOLLOUT, failureText, machine, O_NONBLOCK } from '../../src/scenario/index.js';
import { holds, show } from '../../src/scenario/expect.js';
import { runProgram } from './run.js';

test('a failure shows the call, what was expected, and where in the log and in time it was', () => {
  const m = runProgram(function* (sys) {
    const [r, w] = yield* sys.pipe();
    const ep = yield* sys.epoll_create1();
    yield* sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN);
    yield* sys.msleep(2);
    yield* sys.write(w, 'x');
    yield* sys.close(w);
    expect(sys.expect(yield* sys.epoll_wait(ep, 8, 0), [{ events: EPOLLIN, data: r }], 'only data')).toBe(false);
    expect(sys.expect(1, 1)).toBe(true);
  });
  expect(m.expectations).toBe(2);
  expect(m.failures.map(failureText)).toEqual([[
    'main(1): only data',
    '  call      epoll_wait(5, [{events=EPOLLIN|EPOLLHUP, data={u32=3, u64=3}}], 8, 0) = 1',
    '  expected  [{EPOLLIN data=3}]',
    '  but got   [{EPOLLIN|EPOLLHUP data=3}]',
    '  at        line 8 of the log, 0.002000 s',
  ].join('\n')]);
  expect(m.failures[0]!.stack).toContain('expect.test.ts');
});

test('a run collects failures and goes on', () => {
  const m = machine();
  m.process('a', function* (sys) {
    sys.expect(1, 2, 'first');
    sys.expect((yield* sys.read(9, 1)).ret, 0, 'second');
  });
  const { failures, expectations } = m.run();
  m.expect('x', 'y', 'from outside');
  expect(failures.map(({ what, expected, actual, call }) => [what, expected, actual, call])).toEqual([
    ['first', '2', '1', null],
    ['second', '0', '-EBADF', 'read(9, 0x7ffc0000, 1) = -1 EBADF (Bad file descriptor)'],
    ['from outside', '"y"', '"x"', null],
  ]);
  expect(expectations).toBe(2);
});

test('what is expected chooses what is compared', () => {
  runProgram(function* (sys) {
    const [r, w] = yield* sys.pipe2(O_NONBLOCK);
    const nothing = yield* sys.read(r, 4);
    yield* sys.write(w, 'abcd');
    const got = yield* sys.read(r, 4);
    for (const [actual, expected] of [[nothing, -EAGAIN], [got, 4], [got, 'abcd'], [got, (x: unknown) => x === got], [got.bytes, 'abcd'], [[r, w], [3, 4]], [{ a: [1] }, { a: [1] }]]) {
      expect([expected, holds(actual, expected)]).toEqual([expected, true]);
    }
    for (const [actual, expected] of [[nothing, ''], [got, 'abc'], [{ a: 1 }, { a: 1, b: 2 }], [[1], [1, 2]], [null, {}], ['4', 4]]) {
      expect([expected, holds(actual, expected)]).toEqual([expected, false]);
    }
  });
});

test('events are compared by mask and data, and without data by mask', () => {
  const answer = { ret: 2, events: [{ events: EPOLLIN, data: 3 }, { events: EPOLLOUT, data: 4 }] };
  expect(holds(answer, [{ events: EPOLLIN, data: 3 }, { events: EPOLLOUT }])).toBe(true);
  expect(holds(answer, [{ events: EPOLLIN, data: 4 }, { events: EPOLLOUT }])).toBe(false);
  expect(holds(answer, [{ events: EPOLLOUT, data: 4 }, { events: EPOLLIN, data: 3 }])).toBe(false);
  expect(holds({ ret: -4, events: [] }, [])).toBe(false);
});

test('values read well', () => {
  expect([-11, 5, 7n, 'a"b', null, undefined, [{ events: EPOLLIN | EPOLLHUP, data: 1 }], { a: -4 }, new Uint8Array([104, 105])].map(show))
    .toEqual(['-EAGAIN', '5', '7n', '"a\\"b"', 'null', 'undefined', '[{EPOLLIN|EPOLLHUP data=1}]', '{a: -EINTR}', '"hi"']);
});
