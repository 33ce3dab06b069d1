/** Epolls that watch epolls: what they report, and what wakes whom. Facts F77 to F82, F86 and F87. */

import { add, close, concurrently, efd, epoll, ev, holds, IN, poll, post, RDNORM, sleep, wait } from './fixture.js';

test('F77: an epoll is readable when one of its items is ready, and looking takes nothing away', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    a = eventfd2 1
    ctl inner ADD a IN|ET
    ctl outer ADD inner IN|OUT|PRI|RDNORM|WRNORM|RDHUP
    poll inner IN|OUT|PRI|RDNORM|RDBAND|WRNORM|RDHUP -> IN|RDNORM
    wait outer -> inner:IN|RDNORM
    wait outer -> inner:IN|RDNORM
    ctl outer MOD inner OUT
    wait outer -> 0
    wait inner -> a:IN
    wait inner -> 0
    poll inner IN -> 0
  `);
});

test('F78: an inner epoll without ready items, or with stale ones only, is not reported', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    ctl outer ADD inner IN
    wait outer -> 0
    a = eventfd2
    ctl inner ADD a IN
    wait outer -> 0
    add a
    take a
    wait outer -> 0
    add a
    wait outer -> inner:IN
    take a
    wait outer -> 0
  `);
});

test('F79: polling an epoll drops the stale items in front of the first ready one, and keeps the order of the rest', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    c = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN
    ctl e ADD c IN
    take a
    take c
    poll e IN -> IN
    add a
    add c
    wait e -> b:IN c:IN a:IN
  `);
});

test('F80: an outer level-triggered item is reported until the inner event was taken', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    a = eventfd2
    ctl inner ADD a IN|ET
    ctl outer ADD inner IN
    add a
    wait outer -> inner:IN
    wait outer -> inner:IN
    wait inner -> a:IN
    wait outer -> 0
  `);
});

test('F81: an outer edge comes with each event of a leaf, and from no delivery inside', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    a = eventfd2
    ctl inner ADD a IN
    ctl outer ADD inner IN|ET
    wait outer -> 0
    add a
    wait outer -> inner:IN
    wait outer -> 0
    add a
    wait outer -> inner:IN
    wait outer -> 0
    wait inner -> a:IN
    wait outer -> 0
    ctl inner MOD a IN
    wait outer -> 0
    ctl inner MOD a IN|ET
    wait inner -> a:IN
    wait outer -> 0
    ctl inner MOD a IN|ET
    wait outer -> inner:IN
    wait outer -> 0
    b = eventfd2 1
    ctl inner ADD b IN
    wait outer -> inner:IN
    wait outer -> 0
  `);
});

test('F82: an outer item that asks for EPOLLRDNORM only gets no edges, for inner epolls tell EPOLLIN', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    a = eventfd2
    ctl inner ADD a IN
    ctl outer ADD inner RDNORM
    add a
    wait outer -> 0
    ctl outer MOD inner RDNORM
    wait outer -> inner:RDNORM
  `);
});

test('F82: a poll of an epoll for POLLRDNORM finds the event only when its time is up', () => {
  for (const [events, atMs] of [[RDNORM, 300], [IN, 50]] as const) {
    const { threads } = concurrently(function* (k, start) {
      const e = yield* epoll(k);
      const a = yield* efd(k);
      yield* add(k, e, a, IN);
      start('poll', () => poll(k, e, events, 300));
      yield* sleep(k, 50);
      yield* post(k, a);
      yield* sleep(k, 1000);
    });
    expect(threads['poll']).toMatchObject({ value: events, atMs });
  }
});

test('F86: closing a ready inner epoll takes its item and its event away', () => {
  holds(`
    outer = epoll_create1
    inner = epoll_create1
    a = eventfd2 1
    ctl inner ADD a IN
    ctl outer ADD inner IN
    fdinfo outer -> inner/inner:19
    close inner
    wait outer -> 0
    fdinfo outer -> none
    close a
  `);
});

test('F87: closing an epoll that is being polled does not wake the poll, which then finds no file', () => {
  const { threads } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    start('poll', () => poll(k, e, IN, 200));
    yield* sleep(k, 50);
    expect(yield* close(k, e)).toBe(0);
    yield* sleep(k, 1000);
  });
  expect(threads['poll']).toMatchObject({ value: 0x20, atMs: 200 });
});

test('F81: both an inner and an outer waiter are woken by one event of a leaf', () => {
  const { values, result } = concurrently(function* (k, start) {
    const outer = yield* epoll(k);
    const inner = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, inner, a, IN);
    yield* add(k, outer, inner, IN);
    start('inner', () => wait(k, inner, 8, -1));
    start('outer', () => wait(k, outer, 8, -1));
    yield* sleep(k, 1);
    yield* post(k, a);
    yield* sleep(k, 1);
    return { inner, a };
  });
  expect(values).toEqual({ inner: [ev(result.a, IN)], outer: [ev(result.inner, IN)] });
});
