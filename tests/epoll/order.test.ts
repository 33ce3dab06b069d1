/** In which order events come, and that nobody starves. Facts F37 to F48. */

import { mem, simulate, sys } from '../kit.js';
import { add, close, concurrently, ctl, dup, efd, epoll, ET, ev, eventsIn, type Event, holds, IN, type Kernel, MOD, ONESHOT, post, type Sleeps, sleep, Stalled, wait, waitInto } from './fixture.js';

test('F37: edge-triggered items come in the order in which they fired first', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    b = eventfd2
    c = eventfd2
    d = eventfd2
    ctl e ADD a IN|ET
    ctl e ADD b IN|ET
    ctl e ADD c IN|ET
    ctl e ADD d IN|ET
    add c
    add a
    add d
    add b
    add c
    wait e -> c:IN a:IN d:IN b:IN
    wait e -> 0
  `);
});

test('F38: with little room, ready level-triggered items take turns', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    c = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN
    ctl e ADD c IN
    times 3
      wait e 1 -> a:IN
      wait e 1 -> b:IN
      wait e 1 -> c:IN
    end

    f = epoll_create1
    times 1
      d = eventfd2 1
      g = eventfd2 1
    end
    ctl f ADD a IN
    ctl f ADD b IN
    ctl f ADD c IN
    ctl f ADD d IN
    ctl f ADD g IN
    wait f 2 -> a:IN b:IN
    wait f 2 -> c:IN d:IN
    wait f 2 -> g:IN a:IN
    wait f 2 -> b:IN c:IN
  `);
});

test('F39: a new event does not overtake a level-triggered item that is queued again', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2
    ctl e ADD a IN
    ctl e ADD b IN
    wait e -> a:IN
    add b
    wait e -> a:IN b:IN
  `);
});

test('F40: what was not delivered comes before what is delivered again', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    c = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN|ET
    ctl e ADD c IN
    wait e 1 -> a:IN
    add b
    wait e -> b:IN c:IN a:IN
    wait e -> c:IN a:IN
  `);
});

test('F41: EPOLL_CTL_MOD leaves a queued item where it is, and removing and adding it puts it last', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN
    ctl e MOD a IN
    wait e -> a:IN b:IN

    f = epoll_create1
    ctl f ADD a IN|ET
    wait f -> a:IN
    ctl f ADD b IN|ET
    ctl f MOD a IN|ET
    wait f -> b:IN a:IN

    g = epoll_create1
    ctl g ADD a IN
    ctl g ADD b IN
    ctl g DEL a
    ctl g ADD a IN
    wait g -> b:IN a:IN
  `);
});

test('F42: items that are not ready any more take no room', () => {
  holds(`
    e = epoll_create1
    a = eventfd2 1
    b = eventfd2 1
    c = eventfd2 1
    ctl e ADD a IN
    ctl e ADD b IN
    ctl e ADD c IN
    take a
    take b
    wait e 1 -> c:IN
    wait e 1 -> c:IN
  `);
});

test('F43: three hundred ready files come in the order in which they were added', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const fds: number[] = [];
    for (let i = 0; i < 300; i++) fds.push(yield* efd(k, 1));
    for (const fd of fds) yield* add(k, e, fd, IN);
    expect(yield* wait(k, e, 300)).toEqual(fds.map((fd) => ev(fd, IN)));
  });
});

test('F44: two items of one file fire newest first', () => {
  holds(`
    e = epoll_create1
    x = eventfd2
    y = dup x
    ctl e ADD x IN
    ctl e ADD y IN
    add x
    wait e -> y:IN x:IN
  `);
});

test('F45: ordinary items of one file fire newest first, exclusive ones after them and oldest first', () => {
  holds(`
    e = epoll_create1
    a = eventfd2
    b = dup a
    c = dup a
    d = dup a
    ctl e ADD a IN|EXCLUSIVE
    ctl e ADD b IN
    ctl e ADD c IN|EXCLUSIVE
    ctl e ADD d IN
    add a
    wait e -> d:IN b:IN a:IN c:IN
  `);
});

/** n eventfds in one epoll: level-triggered and ready where `ready` says so, else edge-triggered and idle. */
function* six(k: Kernel, e: number): Sleeps<number[]> {
  const fds: number[] = [];
  for (let i = 0; i < 6; i++) fds.push(yield* efd(k, i < 3 ? 1 : 0));
  for (const [i, fd] of fds.entries()) yield* add(k, e, fd, i < 3 ? IN : IN | ET);
  return fds;
}

test('F46: what fires during a delivery stands between what was not delivered and what is delivered again', () => {
  const { values, result: fds } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const all = yield* six(k, e);
    const buffer = new Stalled(k, 2);
    start('scan', () => waitInto(k, e, buffer.memory, 2, 0));
    yield* sleep(k, 1);
    for (const i of [3, 4, 5, 1]) yield* post(k, all[i]!);
    buffer.release(k);
    yield* sleep(k, 1);
    start('next', () => wait(k, e));
    yield* sleep(k, 1);
    return all;
  });
  const of = (order: number[]): Event[] => order.map((i) => ev(fds[i]!, IN));
  expect(values['scan']).toEqual(of([0, 1]));
  expect(values['next']).toEqual(of([2, 3, 4, 5, 0, 1]));
});

/** One item that fires while its own event is being copied out: that delivery, and the two after it. */
function firesDuringItsCopy(events: number): unknown[] {
  return concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    const other = yield* efd(k, 1);
    yield* add(k, e, a, events);
    yield* add(k, e, other, IN);
    const buffer = new Stalled(k, 1);
    let first: unknown;
    start('scan', function* () {
      first = yield* waitInto(k, e, buffer.memory, 1, 0);
    });
    yield* sleep(k, 1);
    yield* post(k, a);
    buffer.release(k);
    yield* sleep(k, 1);
    const name = (got: Event[] | number): string => (got as Event[]).map(({ data }) => (data === a ? 'a' : 'other')).join(' ');
    return [name(first as Event[]), name(yield* wait(k, e)), name(yield* wait(k, e))];
  }).result;
}

test('F47: an edge during its own copy-out is a new event for an edge-triggered item, and for no other', () => {
  expect(firesDuringItsCopy(IN | ET)).toEqual(['a', 'other a', 'other']);
  expect(firesDuringItsCopy(IN)).toEqual(['a', 'other a', 'other a']);
  expect(firesDuringItsCopy(IN | ONESHOT)).toEqual(['a', 'other', 'other']);
  expect(firesDuringItsCopy(IN | ET | ONESHOT)).toEqual(['a', 'other', 'other']);
});

test('F47: a one-shot item that fired during its copy-out is told again after EPOLL_CTL_MOD only', () => {
  concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const a = yield* efd(k, 1);
    yield* add(k, e, a, IN | ONESHOT);
    const buffer = new Stalled(k, 1);
    start('scan', () => waitInto(k, e, buffer.memory, 1, 0));
    yield* sleep(k, 1);
    yield* post(k, a);
    buffer.release(k);
    yield* sleep(k, 1);
    expect(yield* wait(k, e)).toEqual([]);
    expect(yield* ctl(k, e, MOD, a, IN | ONESHOT)).toBe(0);
    expect(yield* wait(k, e)).toEqual([ev(a, IN)]);
  });
});

test('F48: a waiter with room for one gets the newest of three items, and the others come newest first', () => {
  const { values, result: [x, y, z] } = concurrently(function* (k, start) {
    const e = yield* epoll(k);
    const first = yield* efd(k);
    const second = yield* dup(k, first);
    const third = yield* dup(k, first);
    for (const fd of [first, second, third]) yield* add(k, e, fd, IN | ET);
    start('waiter', () => wait(k, e, 1, -1));
    yield* sleep(k, 1);
    yield* post(k, first);
    yield* sleep(k, 1);
    start('rest', () => wait(k, e));
    yield* sleep(k, 1);
    return [first, second, third] as const;
  });
  expect(values).toEqual({ waiter: [ev(z, IN)], rest: [ev(y, IN), ev(x, IN)] });
});

test('F46: a buffer that is there from the start is filled without a stop', () => {
  simulate(function* (k) {
    const e = yield* epoll(k);
    const fds = yield* six(k, e);
    const memory = mem(36);
    expect(yield* sys(k, 'epoll_wait', e, memory, 3, 0)).toBe(3);
    expect(eventsIn(memory, 3)).toEqual(fds.slice(0, 3).map((fd) => ev(fd, IN)));
    expect(yield* close(k, e)).toBe(0);
  });
});
