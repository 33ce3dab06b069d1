/** EPOLLEXCLUSIVE: one of several epolls is woken. Facts F63 to F72 and F116. */

import { ep_poll_callback } from '../../src/epoll/ep_callback.js';
import { eppoll_entry, type epitem, type eventpoll } from '../../src/epoll/eventpoll.js';
import { wait_queue_entry, wait_queue_head } from '../../src/kernel/wait.js';
import {
  add, close, concurrently, ctl, dup, efd, epoll, EXCLUSIVE, ev, HUP, IN, type Kernel, onEverySchedule, OUT, pipe, poll, post, read, sleep, type Sleeps,
  type Start, take, wait, write, DEL,
} from './fixture.js';

const XIN = IN | EXCLUSIVE;

/** n epolls, one waiter in each of those named, all watching `fd` with the masks given. */
function* watchers(k: Kernel, start: Start, fd: number, masks: readonly number[], waiting: readonly number[], timeoutMs = -1): Sleeps<number[]> {
  const es: number[] = [];
  for (const mask of masks) {
    const e = yield* epoll(k);
    yield* add(k, e, fd, mask);
    es.push(e);
  }
  for (const i of waiting) {
    start(`e${i + 1}`, () => wait(k, es[i]!, 8, timeoutMs));
    yield* sleep(k, 1);
  }
  return es;
}

test('F63: of two exclusive epolls the one added first is woken, every time, and the other learns nothing', () => {
  const { result: a, values } = concurrently(function* (k, start) {
    const fd = yield* efd(k);
    const [e1, e2] = (yield* watchers(k, start, fd, [XIN, XIN], [0, 1])) as [number, number];
    yield* post(k, fd);
    yield* sleep(k, 1);
    start('e1 again', () => wait(k, e1, 8, -1));
    yield* take(k, fd);
    yield* sleep(k, 1);
    yield* post(k, fd);
    yield* sleep(k, 1);
    expect(yield* wait(k, e2)).toEqual([]);
    expect(yield* poll(k, e2, IN)).toBe(0);
    expect(yield* take(k, fd)).toBe(1);
    return fd;
  });
  expect(values).toEqual({ e1: [ev(a, IN)], 'e1 again': [ev(a, IN)] });
});

test('F64: without a waiter anywhere, the item is queued in every exclusive epoll', () => {
  concurrently(function* (k, start) {
    const a = yield* efd(k);
    const es = yield* watchers(k, start, a, [XIN, XIN, XIN], []);
    yield* post(k, a);
    for (const e of es) expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
  });
});

test('F65: the walk goes on past epolls without a waiter, queueing in each, and ends at the first with one', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const fd = yield* efd(k);
    const [e1, , e3] = (yield* watchers(k, start, fd, [XIN, XIN, XIN], [1])) as [number, number, number];
    yield* post(k, fd);
    yield* sleep(k, 1);
    expect(yield* wait(k, e1)).toEqual([ev(fd, IN)]);
    expect(yield* wait(k, e3)).toEqual([]);
    return fd;
  });
  expect(values).toEqual({ e2: [ev(a, IN)] });
});

test('F66: ordinary items are always told, and one of the exclusive ones', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const fd = yield* efd(k);
    yield* watchers(k, start, fd, [XIN, IN, XIN], [0, 1, 2]);
    yield* post(k, fd);
    yield* sleep(k, 1);
    return fd;
  });
  expect(values).toEqual({ e1: [ev(a, IN)], e2: [ev(a, IN)] });
});

test('F67: of two exclusive items in one epoll with a waiter only the first is ever reported', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const fd = yield* efd(k);
    const copy = yield* dup(k, fd);
    yield* add(k, e, fd, XIN);
    yield* add(k, e, copy, XIN);
    for (const round of ['first', 'second']) {
      start(round, () => wait(k, e, 8, -1));
      yield* sleep(k, 1);
      yield* post(k, fd);
      yield* sleep(k, 1);
      yield* take(k, fd);
      expect(yield* wait(k, e)).toEqual([]);
    }
    return fd;
  });
  expect(values).toEqual({ first: [ev(a, IN)], second: [ev(a, IN)] });
});

test('F68: a file that is ready when it is added exclusively is reported by each epoll', () => {
  concurrently(function* (k, start) {
    const a = yield* efd(k, 1);
    for (const e of yield* watchers(k, start, a, [XIN, XIN], [])) expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
  });
});

test('F69: the close of the last writer is told to all exclusive epolls', () => {
  const { values, result: r } = concurrently(function* (k, start) {
    const [rd, wr] = yield* pipe(k);
    yield* watchers(k, start, rd, [XIN, XIN], [0, 1]);
    expect(yield* close(k, wr)).toBe(0);
    yield* sleep(k, 1);
    return rd;
  });
  expect(values).toEqual({ e1: [ev(r, HUP)], e2: [ev(r, HUP)] });
});

test('F70: an outer epoll that watches the exclusive ones is no waiter of theirs, so all are told', () => {
  const { values } = concurrently(function* (k, start) {
    const a = yield* efd(k);
    const [i1, i2] = (yield* watchers(k, start, a, [XIN, XIN], [])) as [number, number];
    const outer = yield* epoll(k);
    yield* add(k, outer, i1, IN, 1);
    yield* add(k, outer, i2, IN, 2);
    start('outer', () => wait(k, outer, 8, -1));
    start('i2', () => wait(k, i2, 8, -1));
    yield* sleep(k, 1);
    yield* post(k, a);
    yield* sleep(k, 1);
    return a;
  });
  expect(Object.keys(values).sort()).toEqual(['i2', 'outer']);
});

test('F71: a poll() of the file is told besides the exclusive epoll', () => {
  const { values, result: a } = concurrently(function* (k, start) {
    const fd = yield* efd(k);
    yield* watchers(k, start, fd, [XIN], [0]);
    start('poll', () => poll(k, fd, IN, -1));
    yield* sleep(k, 1);
    yield* post(k, fd);
    yield* sleep(k, 1);
    return fd;
  });
  expect(values).toEqual({ e1: [ev(a, IN)], poll: IN });
});

test('F72: an exclusive item and a blocked reader stand in one line, first come, first served', () => {
  const first = concurrently(function* (k, start) {
    const [r, w] = yield* pipe(k, 0);
    yield* watchers(k, start, r, [XIN], [0]);
    start('reader', () => read(k, r, 1));
    yield* sleep(k, 1);
    yield* write(k, w, 1);
    yield* sleep(k, 1);
    return r;
  });
  expect(first.values).toEqual({ e1: [ev(first.result, IN)] });

  const then = concurrently(function* (k, start) {
    const [r, w] = yield* pipe(k, 0);
    const [e1] = (yield* watchers(k, start, r, [XIN], [0])) as [number];
    start('reader', () => read(k, r, 1));
    yield* sleep(k, 1);
    yield* write(k, w, 1);
    yield* sleep(k, 1);
    expect(yield* ctl(k, e1, DEL, r, 0)).toBe(0);
    yield* write(k, w, 1);
    yield* sleep(k, 1);
  });
  expect(then.values['reader']).toBe(1);

  const other = concurrently(function* (k, start) {
    const [r, w] = yield* pipe(k, 0);
    start('reader', () => read(k, r, 1));
    yield* sleep(k, 1);
    yield* watchers(k, start, r, [XIN], [0]);
    yield* write(k, w, 1);
    yield* sleep(k, 1);
  });
  expect(other.values).toEqual({ reader: 1 });
});

test('F116: an exclusive item takes a wake-up for input or for output, not one for both at once', () => {
  const took: Record<string, number> = {};
  concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k);
    yield* add(k, e, a, XIN | OUT);
    expect(yield* wait(k, e)).toEqual([ev(a, OUT)]);
    yield* ctl(k, e, DEL, a, 0);
    yield* add(k, e, a, XIN);
    for (const [name, key] of [['in', IN], ['out', OUT], ['both', IN | OUT], ['hang-up', HUP], ['unknown', 0]] as const) {
      start(name, () => wait(k, e, 8, 5));
      yield* sleep(k, 1);
      // no waker of the model gives such a key, so the item's function is called as a waker would call it
      const ep = k.current.files.at(e)!.private_data as eventpoll;
      const [epi] = ep.rbr.values() as [epitem];
      const entry = new eppoll_entry(epi, new wait_queue_entry(null, ep_poll_callback), new wait_queue_head(0, 'other'));
      took[name] = ep_poll_callback(k, entry.wait, 3, 0, key);
      yield* sleep(k, 10);
    }
  });
  expect(took).toEqual({ in: 1, out: 0, both: 0, 'hang-up': 1, unknown: 1 });
});

test('F63 F66: on every schedule at least one exclusive waiter is told, and never more than there are events for', () => {
  onEverySchedule(200, (options) => {
    const { values } = concurrently(function* (k, start) {
      const a = yield* efd(k);
      const es: number[] = [];
      for (let i = 0; i < 3; i++) {
        es.push(yield* epoll(k));
        yield* add(k, es[i]!, a, XIN);
      }
      for (let i = 0; i < 3; i++) start(`e${i + 1}`, () => wait(k, es[i]!, 8, -1));
      yield* sleep(k, 1); // all sleep
      yield* post(k, a);
      yield* sleep(k, 1);
    }, options);
    expect(values).toEqual({ e1: [expect.objectContaining({ events: IN })] });
  });
});
